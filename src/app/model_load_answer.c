#include "model_load_parts.h"

#include "sluice/core/json.h"
#include "sluice/core/scan.h"

#include <stdio.h>

enum { CAPACITY_MAX = 1 << 20 };

/* --- what it means ----------------------------------------------------------- */

static bool has(struct str text, const char *word)
{
	return str_find(text, str_c(word)) != SIZE_MAX;
}

/* Reasons stand in the error's body, an action each; the text of the error is its beginning. */
static enum load_outcome judge_cancelled(struct str answer, const char **name)
{
	if (has(answer, "ThrottlingError") || has(answer, "ProvisionedThroughputExceeded"))
		return LOAD_THROTTLED;
	if (has(answer, "TransactionConflict"))
		*name = "TransactionConflict";
	else if (has(answer, "ConditionalCheckFailed"))
		return LOAD_REFUSED;
	return LOAD_FAILED;
}

static bool is_left_over(struct str answer, const char *name)
{
	struct str left;

	return scan_member(answer, str_c(name), &left) && left.len > 2 && left.ptr[0] == '{' && has(left, "\"");
}

enum load_outcome load_judge(const struct model_pattern *p, const struct err *err, struct str answer, const char **name)
{
	if (!err) {
		bool left = scan_check(answer, NULL) &&
			    (is_left_over(answer, "UnprocessedItems") || is_left_over(answer, "UnprocessedKeys"));

		return left ? LOAD_THROTTLED : LOAD_DONE;
	}
	*name = err->code;
	if (err_is(err, "ConditionalCheckFailedException") ||
	    (p->expect.error.len && str_eq(p->expect.error, str_c(err->code))))
		return LOAD_REFUSED;
	if (err_is(err, "TransactionCanceledException"))
		return judge_cancelled(answer, name);
	return err->class == ERR_THROTTLE ? LOAD_THROTTLED : LOAD_FAILED;
}

void load_count_error(struct load_figures *f, const char *name)
{
	size_t i = 0;

	while (i < f->n_errors && strcmp(f->errors[i].code, name) != 0)
		i++;
	if (i == f->n_errors && f->n_errors < LOAD_ERRORS_MAX)
		snprintf(f->errors[f->n_errors++].code, sizeof(f->errors[0].code), "%s", name);
	if (i == LOAD_ERRORS_MAX) {
		i--;
		snprintf(f->errors[i].code, sizeof(f->errors[0].code), "other");
	}
	f->errors[i].count++;
}

/* --- what it consumed -------------------------------------------------------- */

static bool add_units(const struct json *capacity, double *units)
{
	double n;

	if (!json_get_real(json_get(capacity, "CapacityUnits"), &n))
		return false;
	*units += n;
	return true;
}

bool load_consumed(struct str answer, double *units)
{
	struct json *capacity;
	bool told = false;
	struct str text;

	*units = 0;
	if (!scan_check(answer, NULL) || !scan_member(answer, STR("ConsumedCapacity"), &text))
		return false;
	capacity = json_parse(text, CAPACITY_MAX, NULL);
	if (json_type(capacity) == JSON_OBJECT)
		told = add_units(capacity, units);
	else if (json_type(capacity) == JSON_ARRAY)
		for (const struct json *c = json_first(capacity); c; c = json_next(c))
			told |= add_units(c, units);
	json_free(capacity);
	return told;
}
