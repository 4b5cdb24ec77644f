/* The tests of scan once more, over the code for machines without SSE2: this
 * program compiles its own copy of the scanner, so that the library's is not linked. */
#define SCAN_PORTABLE
#include "../../../src/core/scan.c"

#include "scan_test.c"
