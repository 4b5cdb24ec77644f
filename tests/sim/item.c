#include "sim/item.h"

#include "sluice/core/json_write.h"
#include "sluice/core/mem.h"

enum { ITEM_BYTES = 4 << 20, NAME_BYTES = 64 << 10 };

void sim_item_release(struct sim_item *item)
{
	for (size_t i = 0; i < item->n; i++) {
		mem_free(item->list[i].name);
		mem_free(item->list[i].value);
	}
	mem_free(item->list);
	*item = (struct sim_item){ 0 };
}

static size_t find(const struct sim_item *item, struct str name)
{
	size_t i = 0;

	while (i < item->n && !str_eq(str_c(item->list[i].name), name))
		i++;
	return i;
}

void sim_item_set(struct sim_item *item, struct str name, struct str value_json)
{
	char *value = mem_dup(value_json.ptr, value_json.len);
	size_t i = find(item, name);

	if (i < item->n) {
		mem_free(item->list[i].value);
	} else {
		item->list = mem_resize(item->list, (item->n + 1) * sizeof(*item->list));
		item->list[item->n++].name = mem_dup(name.ptr, name.len);
	}
	item->list[i].value = value;
}

void sim_item_remove(struct sim_item *item, struct str name)
{
	size_t i = find(item, name);

	if (i == item->n)
		return;
	mem_free(item->list[i].name);
	mem_free(item->list[i].value);
	item->n--;
	memmove(&item->list[i], &item->list[i + 1], (item->n - i) * sizeof(*item->list));
}

struct value sim_item_get(const struct sim_item *item, struct str name)
{
	struct value v = { VALUE_NONE, { NULL, 0 } };
	size_t i = item ? find(item, name) : 0;

	if (item && i < item->n)
		value_read(str_c(item->list[i].value), &v, NULL);
	return v;
}

bool sim_item_read(struct str json, struct sim_item *out, struct err *err)
{
	struct value image, v;
	struct value_iter it;
	struct str name;
	struct buf plain, text;

	*out = (struct sim_item){ 0 };
	if (!value_parse_image(json, &image, err))
		return false;
	buf_init(&plain, NAME_BYTES);
	buf_init(&text, ITEM_BYTES);
	value_iter_init(&it, image);
	while (value_iter_next(&it, &name, &v, NULL)) {
		buf_clear(&plain);
		buf_clear(&text);
		scan_unescape(name, &plain, NULL);
		value_write(v, &text);
		sim_item_set(out, buf_str(&plain), buf_str(&text));
	}
	buf_release(&text);
	buf_release(&plain);
	return true;
}

void sim_item_copy(const struct sim_item *from, struct sim_item *out)
{
	*out = (struct sim_item){ 0 };
	for (size_t i = 0; i < from->n; i++)
		sim_item_set(out, str_c(from->list[i].name), str_c(from->list[i].value));
}

void sim_item_write(const struct sim_item *item, struct buf *out)
{
	struct json_writer w;

	json_write_init(&w, out);
	json_begin_object(&w);
	for (size_t i = 0; i < item->n; i++)
		json_member_raw(&w, str_c(item->list[i].name), str_c(item->list[i].value));
	json_end_object(&w);
}

size_t sim_item_bytes(const struct sim_item *item)
{
	size_t n = 0;

	for (size_t i = 0; i < item->n; i++)
		n += strlen(item->list[i].name) + strlen(item->list[i].value);
	return n;
}
