#include "lint_parts.h"
const struct model_lint lint_design[] = {
	{ 0 },
};
