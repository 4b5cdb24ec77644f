#include "command_impl.h"

#include "sluice/core/json_write.h"
#include "sluice/core/problem.h"
#include "sluice/item/base64.h"
#include "sluice/item/number.h"

#include <stdio.h>
#include <stdlib.h>

/* The way to a value, for messages: links lie in the callers' frames. */
struct link {
	const struct link *outer;
	struct str name;         /* in a map */
	size_t index;            /* in a list */
};

/* One parameter's writing. */
struct writing {
	struct parsing *p;
	struct json_writer *out;
	struct str option;
};

enum { PLACE_BYTES = 160, NAMES_BYTES = 200 };

static void write_arg(struct writing *w, const struct arg *arg, const struct shape *shape, const struct link *link,
		      bool loose);

/* "--key: id.M.a": the inner links that have room. */
static const char *place(const struct writing *w, const struct link *link, char out[PLACE_BYTES])
{
	const struct link *kept[8];
	size_t n = 0, len;

	for (; link && n < 8; link = link->outer)
		kept[n++] = link;
	len = (size_t)snprintf(out, PLACE_BYTES, "%.*s%s", STR_ARG(str_sub(w->option, 0, 60)), n ? ": " : "");
	if (link)
		len += (size_t)snprintf(out + len, PLACE_BYTES - len, "…");
	while (n-- && len < PLACE_BYTES - 24) {
		struct str name = str_sub(kept[n]->name, 0, PLACE_BYTES - 4 - len);

		while (name.len < kept[n]->name.len && name.len &&
		       ((unsigned char)kept[n]->name.ptr[name.len] & 0xc0) == 0x80)
			name.len--;
		if (kept[n]->name.ptr)
			len += (size_t)snprintf(out + len, PLACE_BYTES - len, "%s%.*s", out[len - 1] == ' ' ? "" : ".",
						STR_ARG(name));
		else
			len += (size_t)snprintf(out + len, PLACE_BYTES - len, "[%zu]", kept[n]->index);
	}
	return out;
}

/* ---- what was found instead ---- */

static const char *kind_name(enum arg_kind kind)
{
	static const char *const names[] = {
		[ARG_STRING] = "a string", [ARG_NUMBER] = "a number", [ARG_TRUE] = "true", [ARG_FALSE] = "false",
		[ARG_NULL] = "null", [ARG_LIST] = "a list [ ]", [ARG_MAP] = "an object { }",
	};

	return names[kind];
}

static void wrong_type(struct writing *w, const struct arg *arg, const struct shape *shape, const struct link *link,
		       const char *advice)
{
	char at[PLACE_BYTES];

	command_find(w->p, arg->at, "command.type", "%s must be %s, not %s%s", place(w, link, at),
		     shape_kind_name(shape->kind), kind_name(arg->kind), advice);
}

static bool in_range(const struct shape *shape, int64_t n)
{
	return n >= shape->min && (!shape->max || n <= shape->max);
}

static void out_of_range(struct writing *w, const struct arg *arg, const struct shape *shape, const struct link *link,
			 int64_t n, const char *what)
{
	char at[PLACE_BYTES];

	if (shape->max)
		command_find(w->p, arg->at, "command.range", "%s has %lld %s; DynamoDB takes %lld to %lld",
			     place(w, link, at), (long long)n, what, (long long)shape->min, (long long)shape->max);
	else
		command_find(w->p, arg->at, "command.range", "%s has %lld %s; DynamoDB takes %lld at least",
			     place(w, link, at), (long long)n, what, (long long)shape->min);
}

/* ---- scalars ---- */

static int64_t characters(struct str s)
{
	int64_t n = 0;

	for (size_t i = 0; i < s.len; i++)
		n += ((unsigned char)s.ptr[i] & 0xc0) != 0x80;
	return n;
}

static bool is_allowed(const struct shape *shape, struct str text)
{
	for (size_t i = 0; shape->values && shape->values[i]; i++)
		if (str_eq(text, str_c(shape->values[i])))
			return true;
	return !shape->values;
}

static void not_allowed(struct writing *w, const struct arg *arg, const struct shape *shape, const struct link *link)
{
	struct nearest nearest = nearest_to(arg->text);
	char at[PLACE_BYTES], names[NAMES_BYTES], hint[96];
	size_t len = 0;

	for (size_t i = 0; shape->values[i]; i++) {
		nearest_offer(&nearest, str_c(shape->values[i]));
		if (len < sizeof(names))
			len += (size_t)snprintf(names + len, sizeof(names) - len, "%s%s", i ? ", " : "",
				shape->values[i]);
	}
	command_find(w->p, arg->at, "command.enum", "%s cannot be '%.*s'; it is one of %s%s", place(w, link, at),
		     STR_ARG(command_shown(arg->text)), names, nearest_text(&nearest, hint, sizeof(hint)));
}

static void write_string(struct writing *w, const struct arg *arg, const struct shape *shape, const struct link *link)
{
	if (arg->kind != ARG_STRING) {
		wrong_type(w, arg, shape, link, arg->kind == ARG_NUMBER ? "; numbers are written as text, \"5\"" : "");
		return;
	}
	if (!is_allowed(shape, arg->text))
		not_allowed(w, arg, shape, link);
	else if (!in_range(shape, characters(arg->text)))
		out_of_range(w, arg, shape, link, characters(arg->text), "characters");
	json_str(w->out, arg->text);
}

/* Digits with a sign, or without. */
static bool read_integer(struct str text, int64_t *out)
{
	if (text.len > 1 && text.ptr[0] == '+' && text.ptr[1] != '-')
		text = str_from(text, 1);
	return str_to_i64(text, out);
}

static void write_integer(struct writing *w, const struct arg *arg, const struct shape *shape, const struct link *link,
			  bool loose)
{
	bool is_text = loose && arg->kind == ARG_STRING;
	int64_t n = 0;

	if (!is_text && arg->kind != ARG_NUMBER)
		wrong_type(w, arg, shape, link, arg->kind == ARG_STRING ? "; in JSON it stands without quotes" : "");
	else if (!read_integer(is_text ? str_trim(arg->text) : arg->text, &n))
		command_find(w->p, arg->at, "command.type", "%s must be a whole number of 64 bits, not '%.*s'",
			     place(w, link, (char[PLACE_BYTES]){ 0 }), STR_ARG(command_shown(arg->text)));
	else if (!in_range(shape, n) && (shape->min || shape->max))
		out_of_range(w, arg, shape, link, n, "as its value");
	json_int(w->out, n);
}

static void write_boolean(struct writing *w, const struct arg *arg, const struct shape *shape, const struct link *link,
			  bool loose)
{
	bool is_text = loose && arg->kind == ARG_STRING;
	bool yes = arg->kind == ARG_TRUE || (is_text && str_eq_nocase(arg->text, STR("true")));

	if (!yes && arg->kind != ARG_FALSE && !(is_text && str_eq_nocase(arg->text, STR("false"))))
		wrong_type(w, arg, shape, link, arg->kind == ARG_STRING && !loose ?
			   "; in JSON it stands without quotes" : "");
	json_bool(w->out, yes);
}

static void write_blob(struct writing *w, const struct arg *arg, const struct shape *shape, const struct link *link)
{
	char at[PLACE_BYTES];
	struct buf encoded;

	if (arg->kind != ARG_STRING) {
		wrong_type(w, arg, shape, link, "");
		return;
	}
	if (!w->p->raw_blobs) {
		if (!base64_valid(arg->text))
			command_find(w->p, arg->at, "command.value", "%s is no base64, which is how binary values are "
				     "written; encode it, or say --cli-binary-format raw-in-base64-out",
				     place(w, link, at));
		json_str(w->out, arg->text);
		return;
	}
	buf_init(&encoded, 2 * arg->text.len + 8);
	base64_encode(arg->text, &encoded);
	json_str(w->out, buf_str(&encoded));
	buf_release(&encoded);
}

/* ---- lists, maps, structures ---- */

static int compare_names(const void *a, const void *b)
{
	const struct arg *x = *(const struct arg *const *)a, *y = *(const struct arg *const *)b;
	int order = str_cmp(x->name, y->name);

	return order ? order : x->name_at < y->name_at ? -1 : 1;
}

/* No name may stand there twice. */
static bool check_names(struct writing *w, const struct arg *map, const struct link *link, bool loose)
{
	const struct arg **sorted = arena_array(w->p->arena, map->count + 1, sizeof(*sorted));
	size_t n = 0, before = w->p->findings->count;
	char at[PLACE_BYTES];

	if (!sorted)
		return command_no_memory(w->p);
	for (const struct arg *each = map->first; each; each = each->next)
		sorted[n++] = each;
	qsort(sorted, n, sizeof(*sorted), compare_names);
	for (size_t i = 1; i < n; i++)
		if (str_eq(sorted[i - 1]->name, sorted[i]->name))
			command_find(w->p, sorted[i]->name_at, "command.duplicate", "%s has the name '%.*s' twice; "
				     "take one of them away%s", place(w, link, at),
				     STR_ARG(command_shown(sorted[i]->name)), loose ? ", or, if another entry was "
				     "meant, put a blank in front of it instead of a comma" : "");
	return w->p->findings->count == before;
}

static void write_list(struct writing *w, const struct arg *arg, const struct shape *shape, const struct link *link,
		       bool loose)
{
	struct link inner = { .outer = link };

	if (arg->kind != ARG_LIST && !(loose && (arg->kind == ARG_STRING || arg->kind == ARG_MAP))) {
		wrong_type(w, arg, shape, link, "");
		return;
	}
	json_begin_array(w->out);
	if (arg->kind != ARG_LIST) {
		write_arg(w, arg, shape->of, &inner, false);
	} else {
		if (!in_range(shape, (int64_t)arg->count))
			out_of_range(w, arg, shape, link, (int64_t)arg->count, "elements");
		for (const struct arg *each = arg->first; each; each = each->next, inner.index++)
			write_arg(w, each, shape->of, &inner, loose);
	}
	json_end_array(w->out);
}

static void write_map(struct writing *w, const struct arg *arg, const struct shape *shape, const struct link *link,
		      bool loose)
{
	if (arg->kind != ARG_MAP) {
		wrong_type(w, arg, shape, link, "");
		return;
	}
	check_names(w, arg, link, loose);
	if (!in_range(shape, (int64_t)arg->count))
		out_of_range(w, arg, shape, link, (int64_t)arg->count, "entries");
	json_begin_object(w->out);
	for (const struct arg *each = arg->first; each; each = each->next) {
		struct link inner = { .outer = link, .name = each->name };

		if (!in_range(shape->key, characters(each->name)))
			out_of_range(w, each, shape->key, &inner, characters(each->name), "characters in its name");
		json_key(w->out, each->name);
		write_arg(w, each, shape->of, &inner, loose);
	}
	json_end_object(w->out);
}

static const struct arg *find_member(const struct arg *arg, struct str name)
{
	const struct arg *each = arg->first;

	while (each && !str_eq(each->name, name))
		each = each->next;
	return each;
}

static void check_unknown(struct writing *w, const struct arg *arg, const struct shape *shape, const struct link *link)
{
	for (const struct arg *each = arg->first; each; each = each->next) {
		struct nearest nearest = nearest_to(each->name);
		char at[PLACE_BYTES], hint[96];

		if (shape_find(shape, each->name))
			continue;
		if (w->p->findings->count >= COMMAND_FINDINGS_MAX) {
			w->p->findings->count++;  /* it would not be kept, and looking for what was meant takes time */
			continue;
		}
		for (size_t i = 0; i < shape->count; i++)
			nearest_offer(&nearest, shape->members[i].name);
		if (shape_is_attribute_value(shape))
			command_find(w->p, each->name_at, "command.member", "%s: '%.*s' stands where an attribute's "
				     "type is expected (S N B BOOL NULL M L SS NS BS), as in {\"S\": \"text\"}",
				     place(w, link, at), STR_ARG(command_shown(each->name)));
		else
			command_find(w->p, each->name_at, "command.member", "%s has no member '%.*s'%s", place(w, link, at),
				     STR_ARG(command_shown(each->name)), nearest_text(&nearest, hint, sizeof(hint)));
	}
}

static bool is_number(struct str text)
{
	struct number n;

	return number_parse(text, &n, NULL) && number_fits(&n);
}

static void check_number(struct writing *w, const struct arg *arg, const struct link *link)
{
	char at[PLACE_BYTES];

	if (arg->kind == ARG_STRING && !is_number(arg->text))
		command_find(w->p, arg->at, "command.value", "%s: '%.*s' is no number that DynamoDB keeps (38 digits, "
			     "from 1E-130 to 9.9E+125)", place(w, link, at), STR_ARG(command_shown(arg->text)));
}

/* What the shapes do not say of {"S": "text"}. */
static void check_attribute_value(struct writing *w, const struct arg *arg, const struct link *link)
{
	const struct arg *one = arg->first;
	bool is_set = one && one->name.len == 2 && one->name.ptr[1] == 'S';
	char at[PLACE_BYTES];

	if (arg->count != 1)
		command_find(w->p, arg->at, "command.value", "%s must have exactly one type, as in {\"S\": \"text\"}, "
			     "not %zu", place(w, link, at), arg->count);
	if (!one)
		return;
	if (str_eq(one->name, STR("N")))
		check_number(w, one, link);
	if (str_eq(one->name, STR("NS")))
		for (const struct arg *each = one->first; each; each = each->next)
			check_number(w, each, link);
	if (is_set && one->kind == ARG_LIST && !one->count)
		command_find(w->p, one->at, "command.value", "%s: a set cannot be empty; leave the attribute away",
			     place(w, link, at));
	if (str_eq(one->name, STR("NULL")) && one->kind == ARG_FALSE)
		command_find(w->p, one->at, "command.value", "%s: NULL can only be true", place(w, link, at));
}

static void write_structure(struct writing *w, const struct arg *arg, const struct shape *shape,
			    const struct link *link, bool loose)
{
	char at[PLACE_BYTES];

	if (arg->kind != ARG_MAP) {
		wrong_type(w, arg, shape, link, shape_is_attribute_value(shape) ? "; an attribute's value goes with "
			   "its type, as in {\"S\": \"text\"}" : "");
		return;
	}
	check_unknown(w, arg, shape, link);
	if (check_names(w, arg, link, loose) && shape_is_attribute_value(shape))
		check_attribute_value(w, arg, link);
	json_begin_object(w->out);
	for (size_t i = 0; i < shape->count; i++) {
		const struct shape_member *m = &shape->members[i];
		const struct arg *value = find_member(arg, m->name);

		if (value) {
			json_key(w->out, m->name);
			write_arg(w, value, m->shape, &(struct link){ .outer = link, .name = m->name }, loose);
		} else if (m->required) {
			command_find(w->p, arg->at, "command.required", "%s lacks '%.*s', which must stand there",
				     place(w, link, at), STR_ARG(m->name));
		}
	}
	json_end_object(w->out);
}

static void write_arg(struct writing *w, const struct arg *arg, const struct shape *shape, const struct link *link,
		      bool loose)
{
	size_t before = w->p->findings->count;

	switch (shape->kind) {
	case SHAPE_STRING:
		write_string(w, arg, shape, link);
		break;
	case SHAPE_INTEGER:
		write_integer(w, arg, shape, link, loose);
		break;
	case SHAPE_BOOLEAN:
		write_boolean(w, arg, shape, link, loose);
		break;
	case SHAPE_BLOB:
		write_blob(w, arg, shape, link);
		break;
	case SHAPE_LIST:
		write_list(w, arg, shape, link, loose);
		break;
	case SHAPE_MAP:
		write_map(w, arg, shape, link, loose);
		break;
	case SHAPE_STRUCTURE:
		write_structure(w, arg, shape, link, loose);
		break;
	}
	/* What was refused may have written nothing, and the writer wants a value. */
	if (w->p->findings->count > before && w->out->keyed)
		json_null(w->out);
}

void command_write_value(struct parsing *p, struct json_writer *out, const struct arg *arg, const struct shape *shape,
			 struct str option, bool loose)
{
	struct writing w = { .p = p, .out = out, .option = option };

	write_arg(&w, arg, shape, NULL, loose);
}
