/* error_codes: the names of AWS's errors, and what each means for a caller. */
#ifndef SLUICE_AWS_ERROR_CODES_H
#define SLUICE_AWS_ERROR_CODES_H

#include "sluice/core/err.h"

enum {
	CODE_REPEAT = 1,      /* the same request may succeed in a moment */
	CODE_SLOWER = 2,      /* repeated like a throttle, whatever its class */
	CODE_ABOUT_TIME = 4,
	CODE_ABOUT_KEYS = 8,
	CODE_ABOUT_REGION = 16,
};

struct error_code {
	const char *name;
	enum err_class class;
	unsigned flags;
};

/* NULL: nobody here knows it. */
const struct error_code *error_code_find(const char *name);

#endif
