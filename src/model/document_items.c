#include "document_parts.h"
#include "attribute_check.h"

/* The item, or the key of a delete; NULL with a finding where there is neither. */
static const struct node *content(struct reading *r, const struct node *n, bool *put)
{
	static const char *const known[] = { "PutRequest", "DeleteRequest", NULL };
	const struct node *request;

	if (!is_kind(r, n, TAKES_OBJECT))
		return NULL;
	*put = node_get(n, STR("PutRequest")) != NULL;
	if (!*put && !node_get(n, STR("DeleteRequest"))) {
		finding_add(r->findings, FINDING_ERROR, "missing-member", n, "As in BatchWriteItem: {\"PutRequest\": {\"Item\": {…}}}.",
			    "expected a \"PutRequest\" or a \"DeleteRequest\"");
		return NULL;
	}
	refuse_unknown(r, n, known);
	request = take(r, n, *put ? "PutRequest" : "DeleteRequest", TAKES_OBJECT);
	return request ? need(r, request, *put ? "Item" : "Key", TAKES_OBJECT) : NULL;
}

static void read_item(struct reading *r, const struct node *n, const struct model_table *t)
{
	struct model *m = r->model;
	bool put;
	const struct node *item = content(r, n, &put);

	if (!item || !attribute_check_item(r->findings, item))
		return;
	m->items[m->n_items++] = (struct model_item){
		.table = t, .item = value_image(item->text), .put = put, .at = item,
	};
}

void model_read_items(struct reading *r, const struct node *items)
{
	size_t count = 0;

	for (const struct node *n = items ? items->first : NULL; n; n = n->next)
		count += n->kind == NODE_ARRAY ? n->count : 0;
	r->model->items = make_array(r, count, sizeof(*r->model->items));
	for (const struct node *n = items && r->model->items ? items->first : NULL; n; n = n->next) {
		const struct model_table *t = model_table(r->model, n->name);

		if (!t)
			finding_add(r->findings, FINDING_ERROR, "item-table", n, NULL, "there is no table of this name");
		else if (is_kind(r, n, TAKES_ARRAY))
			for (const struct node *it = n->first; it; it = it->next)
				read_item(r, it, t);
	}
}
