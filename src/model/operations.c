#include "sluice/model/operations.h"

#define NEED(name, type) { STR_INIT(#name), &shapes[type], true }
#define MAY(name, type) { STR_INIT(#name), &shapes[type], false }
#define STRUCTURE(list) { .kind = SHAPE_STRUCTURE, .members = (list), .count = sizeof(list) / sizeof(*(list)) }

#include "operations_table.h"

enum { OPERATIONS = sizeof(table) / sizeof(*table) };

const struct operation *operations(size_t *count)
{
	*count = OPERATIONS;
	return table;
}

const struct operation *operation_by_name(struct str name)
{
	for (size_t i = 0; i < OPERATIONS; i++)
		if (str_eq(table[i].name, name))
			return &table[i];
	return NULL;
}

const struct operation *operation_by_command(struct str command)
{
	for (size_t i = 0; i < OPERATIONS; i++)
		if (str_eq(table[i].command, command))
			return &table[i];
	return NULL;
}

const struct shape_member *shape_find(const struct shape *structure, struct str name)
{
	for (size_t i = 0; i < structure->count; i++)
		if (str_eq(structure->members[i].name, name))
			return &structure->members[i];
	return NULL;
}

bool shape_is_attribute_value(const struct shape *shape)
{
	return shape == &shapes[ATTRIBUTE_VALUE];
}

static bool is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

/* A word begins at a capital letter that follows a small one, or is followed by one. */
struct str option_name(struct str parameter, char out[OPTION_NAME_BYTES])
{
	size_t n = 0;

	for (size_t i = 0; i < parameter.len && n + 2 < OPTION_NAME_BYTES; i++) {
		char c = parameter.ptr[i];
		bool begins = i > 0 && is_upper(c) && (!is_upper(parameter.ptr[i - 1]) ||
						       (i + 1 < parameter.len && !is_upper(parameter.ptr[i + 1])));

		if (begins)
			out[n++] = '-';
		out[n++] = is_upper(c) ? (char)(c - 'A' + 'a') : c;
	}
	out[n] = '\0';
	return str_of(out, n);
}

const char *shape_kind_name(enum shape_kind kind)
{
	static const char *const names[] = {
		[SHAPE_STRING] = "a string", [SHAPE_INTEGER] = "a whole number", [SHAPE_BOOLEAN] = "true or false",
		[SHAPE_BLOB] = "a string of base64", [SHAPE_LIST] = "a list [ ]", [SHAPE_MAP] = "a map { }",
		[SHAPE_STRUCTURE] = "an object { }",
	};

	return names[kind];
}
