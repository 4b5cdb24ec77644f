/* wiping: an allocator for libcurl that overwrites what it takes back. What curl gives back held
 * requests with their tokens, and answers with keys. Any thread. Known to src/http only.
 */
#ifndef SLUICE_HTTP_WIPING_H
#define SLUICE_HTTP_WIPING_H

#include <stddef.h>

/* As free() and realloc(), of what malloc() gave. */
void wiping_free(void *ptr);
void *wiping_resize(void *ptr, size_t size);

#endif
