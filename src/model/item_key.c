#include "item_key.h"

#include "attribute_check.h"

#include "sluice/item/number.h"

#include <stdio.h>

enum { NAME_SHOWN = 100 };

enum key_fault key_fault_of(const struct model_attribute *a, enum value_type type, size_t bytes, size_t max)
{
	if (a->type && type != value_type_of(str_of(&a->type, 1)))
		return KEY_OTHER_TYPE;
	if (type != VALUE_N && bytes == 0)
		return KEY_EMPTY;
	return bytes > max ? KEY_TOO_LONG : KEY_FINE;
}

enum key_fault key_fault_text(const struct model_attribute *a, const struct node *value, const char *whose, size_t max,
			      char text[KEY_TEXT_BYTES])
{
	enum value_type type = attribute_type(value);
	size_t bytes = type == VALUE_NONE ? 0 : attribute_bytes(value);
	enum key_fault fault = key_fault_of(a, type, bytes, max);
	struct str name = str_sub(a->name, 0, NAME_SHOWN);

	text[0] = '\0';
	if (fault == KEY_OTHER_TYPE)
		snprintf(text, KEY_TEXT_BYTES, "the %s attribute \"%.*s\" is of type %s; AttributeDefinitions say %c", whose,
			 STR_ARG(name), type == VALUE_NONE ? "nothing" : value_type_name(type), a->type);
	else if (fault == KEY_EMPTY)
		snprintf(text, KEY_TEXT_BYTES, "the %s attribute \"%.*s\" is empty", whose, STR_ARG(name));
	else if (fault == KEY_TOO_LONG)
		snprintf(text, KEY_TEXT_BYTES, "the %s attribute \"%.*s\" has %zu bytes; %zu are allowed", whose, STR_ARG(name),
			 bytes, max);
	return fault;
}

const char *key_fault_fix(enum key_fault fault)
{
	return fault == KEY_EMPTY ? "Leave the attribute out where it has no value; keys of the table always have one." : NULL;
}

static bool put_part(const struct model_attribute *a, const struct node *item, struct buf *out)
{
	const struct node *value = node_get(item, a->name);
	struct number number;

	if (!value || attribute_type(value) == VALUE_NONE)
		return false;
	/* 1 and 1.0 are one key. */
	if (attribute_type(value) == VALUE_N && number_parse(value->first->text, &number, NULL))
		number_write(&number, out);
	else
		buf_putf(out, "%zu:%.*s", value->first->text.len, STR_ARG(value->first->text));
	return buf_putc(out, ';');
}

bool item_key_write(const struct model_key *key, const struct node *item, struct buf *out)
{
	bool ok = key->n_hash > 0;

	for (size_t i = 0; i < key->n_hash; i++)
		ok &= put_part(key->hash[i], item, out);
	for (size_t i = 0; i < key->n_range; i++)
		ok &= put_part(key->range[i], item, out);
	return ok;
}
