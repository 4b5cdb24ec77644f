#include "sluice/core/mem.h"
#include "sluice/handlers/base.h"

#include <stdlib.h>

enum { SCALAR_MAX = 1 << 16 };

static int by_node_name(const void *a, const void *b)
{
	return str_cmp((*(const struct node *const *)a)->name, (*(const struct node *const *)b)->name);
}

static int by_name(const void *a, const void *b)
{
	return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

static void write_scalar(struct json_writer *w, const struct node *n)
{
	struct buf text;

	if (n->kind == NODE_STRING) {
		json_str(w, n->text);
		return;
	}
	buf_init(&text, SCALAR_MAX);
	node_print_json(n, &text);
	json_raw(w, buf_str(&text));
	buf_release(&text);
}

static void write_node(struct json_writer *w, const struct node *n);

static void write_object(struct json_writer *w, const struct node *n)
{
	const struct node **members = mem_array(n->count, sizeof(const struct node *));
	size_t count = 0;

	for (const struct node *m = n->first; m && count < n->count; m = m->next)
		members[count++] = m;
	qsort(members, count, sizeof(const struct node *), by_node_name);
	json_begin_object(w);
	for (size_t i = 0; i < count; i++) {
		json_key(w, members[i]->name);
		write_node(w, members[i]);
	}
	json_end_object(w);
	mem_free(members);
}

static void write_node(struct json_writer *w, const struct node *n)
{
	if (n->kind == NODE_OBJECT) {
		write_object(w, n);
	} else if (n->kind == NODE_ARRAY) {
		json_begin_array(w);
		for (const struct node *m = n->first; m; m = m->next)
			write_node(w, m);
		json_end_array(w);
	} else {
		write_scalar(w, n);
	}
}

void definition_begin(struct json_writer *w, struct buf *out)
{
	json_write_init(w, out);
	json_begin_object(w);
}

void definition_str(struct json_writer *w, const char *name, struct str text)
{
	if (text.len)
		json_member_str(w, str_c(name), text);
}

void definition_tree(struct json_writer *w, const char *name, const struct node *tree)
{
	if (!tree)
		return;
	json_key(w, str_c(name));
	write_node(w, tree);
}

void definition_names(struct json_writer *w, const char *name, const struct option_names *names)
{
	struct str *sorted;

	if (names->count == 0)
		return;
	sorted = mem_array(names->count, sizeof(*sorted));
	memcpy(sorted, names->items, names->count * sizeof(*sorted));
	qsort(sorted, names->count, sizeof(*sorted), by_name);
	json_key(w, str_c(name));
	json_begin_array(w);
	for (size_t i = 0; i < names->count; i++)
		json_str(w, sorted[i]);
	json_end_array(w);
	mem_free(sorted);
}

bool definition_end(struct json_writer *w)
{
	json_end_object(w);
	return buf_ok(w->out);
}
