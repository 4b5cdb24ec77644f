#include "sluice/core/json.h"

#include "sluice/core/json_write.h"
#include "sluice/core/scan.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* From 2^53 on, several whole numbers share one double. */
#define EXACT_MAX 9007199254740991.0

/* cJSON cuts longer ones. */
enum { NUMBER_MAX_CHARACTERS = 63 };

/* struct json is cJSON's node under another name: nothing outside sees inside. */
static cJSON *node(const struct json *j)
{
	return (cJSON *)(uintptr_t)j;
}

static struct json *wrap(const cJSON *c)
{
	return (struct json *)(uintptr_t)c;
}

/* cJSON ends a string at \u0000. */
static bool holds_nul(const struct scan_token *t)
{
	struct str rest = t->text;

	while (t->escaped && rest.len) {
		size_t slash = str_find_char(rest, '\\');

		rest = str_from(rest, slash);
		if (str_starts(rest, STR("\\u0000")))
			return true;
		rest = str_from(rest, 2); /* a backslash may stand behind a backslash */
	}
	return false;
}

/* cJSON reads 1e999 as infinity, which it then prints as null. */
static bool fits_double(struct str number)
{
	char copy[NUMBER_MAX_CHARACTERS + 1];

	if (number.len > NUMBER_MAX_CHARACTERS)
		return false;
	memcpy(copy, number.ptr, number.len);
	copy[number.len] = '\0';
	return isfinite(strtod(copy, NULL));
}

/* All that cJSON would take and should not, or cannot keep. */
static bool check(struct str text, struct err *err)
{
	struct scan_token token;
	struct scan s;

	scan_init(&s, text);
	for (;;) {
		switch (scan_next(&s, &token)) {
		case SCAN_END:
			return true;
		case SCAN_ERROR:
			return scan_fail(&s, err);
		case SCAN_KEY:
		case SCAN_STRING:
			if (holds_nul(&token))
				return err_set(err, ERR_DATA, "json.nul", "JSON text holds \\u0000 in the string at byte %zu, "
					       "which is not supported", (size_t)(token.text.ptr - text.ptr));
			break;
		case SCAN_NUMBER:
			if (!fits_double(token.text))
				return err_set(err, ERR_DATA, "json.number", "JSON text holds a number at byte %zu that is beyond "
					       "1.8E308 or longer than %d characters", (size_t)(token.text.ptr - text.ptr),
					       NUMBER_MAX_CHARACTERS);
			break;
		default:
			break;
		}
	}
}

struct json *json_parse(struct str text, size_t max_bytes, struct err *err)
{
	const char *end = NULL;
	cJSON *root;

	if (text.len > max_bytes) {
		err_set(err, ERR_DATA, "json.size", "JSON text has %zu bytes; at most %zu are allowed", text.len, max_bytes);
		return NULL;
	}
	if (!check(text, err))
		return NULL;
	root = cJSON_ParseWithLengthOpts(text.ptr, text.len, &end, false);
	if (!root)
		err_set(err, ERR_DATA, "json.syntax", "JSON text is malformed at byte %zu of %zu",
			end ? (size_t)(end - text.ptr) : 0, text.len);
	return wrap(root);
}

void json_free(struct json *root)
{
	cJSON_Delete(node(root));
}

enum json_type json_type(const struct json *j)
{
	switch (j ? node(j)->type & 0xFF : cJSON_NULL) {
	case cJSON_False:
	case cJSON_True:
		return JSON_BOOL;
	case cJSON_Number:
		return JSON_NUMBER;
	case cJSON_String:
		return JSON_STRING;
	case cJSON_Array:
		return JSON_ARRAY;
	case cJSON_Object:
		return JSON_OBJECT;
	default:
		return JSON_NULL;
	}
}

const char *json_type_name(enum json_type type)
{
	static const char *const names[] = {
		[JSON_NULL] = "null", [JSON_BOOL] = "true or false", [JSON_NUMBER] = "a number",
		[JSON_STRING] = "a string", [JSON_ARRAY] = "an array", [JSON_OBJECT] = "an object",
	};

	return names[type];
}

static bool is_container(const struct json *j)
{
	return j && (cJSON_IsObject(node(j)) || cJSON_IsArray(node(j)));
}

const struct json *json_get(const struct json *object, const char *name)
{
	if (!object || !cJSON_IsObject(node(object)))
		return NULL;
	for (const cJSON *c = node(object)->child; c; c = c->next)
		if (strcmp(c->string, name) == 0)
			return wrap(c);
	return NULL;
}

const struct json *json_at(const struct json *array, size_t index)
{
	const cJSON *c = array && cJSON_IsArray(node(array)) ? node(array)->child : NULL;

	while (c && index-- > 0)
		c = c->next;
	return wrap(c);
}

size_t json_count(const struct json *container)
{
	size_t n = 0;

	for (const struct json *j = json_first(container); j; j = json_next(j))
		n++;
	return n;
}

const struct json *json_first(const struct json *container)
{
	return is_container(container) ? wrap(node(container)->child) : NULL;
}

const struct json *json_next(const struct json *child)
{
	return child ? wrap(node(child)->next) : NULL;
}

struct str json_name(const struct json *member)
{
	return member ? str_c(node(member)->string) : str_of(NULL, 0);
}

bool json_get_str(const struct json *j, struct str *out)
{
	if (!j || !cJSON_IsString(node(j)))
		return false;
	*out = str_c(node(j)->valuestring);
	return true;
}

bool json_get_int(const struct json *j, int64_t *out)
{
	double d;

	if (!json_get_real(j, &d) || d != trunc(d) || fabs(d) > EXACT_MAX)
		return false;
	*out = (int64_t)d;
	return true;
}

bool json_get_real(const struct json *j, double *out)
{
	if (!j || !cJSON_IsNumber(node(j)))
		return false;
	*out = node(j)->valuedouble;
	return true;
}

bool json_get_bool(const struct json *j, bool *out)
{
	if (!j || !cJSON_IsBool(node(j)))
		return false;
	*out = cJSON_IsTrue(node(j));
	return true;
}

/* ---- Printing ---- */

/* Whole numbers as such, others with as few digits as read back the same. */
static void print_number(struct json_writer *w, double d)
{
	char text[40];
	int precision = 15;

	if (d == trunc(d) && fabs(d) <= EXACT_MAX) {
		json_int(w, (int64_t)d);
		return;
	}
	do {
		snprintf(text, sizeof(text), "%.*g", precision, d);
	} while (strtod(text, NULL) != d && precision++ < 17);
	json_raw(w, str_c(text));
}

static void print_open(struct json_writer *w, const cJSON *c)
{
	switch (json_type(wrap(c))) {
	case JSON_NULL:
		json_null(w);
		break;
	case JSON_BOOL:
		json_bool(w, cJSON_IsTrue(c));
		break;
	case JSON_NUMBER:
		print_number(w, c->valuedouble);
		break;
	case JSON_STRING:
		json_str(w, str_c(c->valuestring));
		break;
	case JSON_ARRAY:
		json_begin_array(w);
		break;
	case JSON_OBJECT:
		json_begin_object(w);
		break;
	}
}

static void print_close(struct json_writer *w, const cJSON *container)
{
	if (cJSON_IsObject(container))
		json_end_object(w);
	else
		json_end_array(w);
}

bool json_print(const struct json *j, struct buf *out)
{
	const cJSON *parents[SCAN_MAX_DEPTH + 1], *c = node(j);
	struct json_writer w;
	size_t depth = 0;

	json_write_init(&w, out);
	for (;;) {
		if (depth && cJSON_IsObject(parents[depth - 1]))
			json_key(&w, str_c(c->string));
		print_open(&w, c);
		if (is_container(wrap(c))) {
			parents[depth++] = c;
			if (c->child) {
				c = c->child;
				continue;
			}
			print_close(&w, parents[--depth]);
		}
		while (depth && !c->next) {
			c = parents[--depth];
			print_close(&w, c);
		}
		if (!depth)
			return buf_ok(out);
		c = c->next;
	}
}
