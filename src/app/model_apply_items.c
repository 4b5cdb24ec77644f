#include "model_apply_parts.h"

#include "sluice/aws/dynamodb.h"
#include "sluice/core/json_write.h"

enum { PUT_BODY_MAX = 2 << 20 };

/* What is there stays as it is, whoever wrote it. */
static void write_put(const struct model_item *item, struct buf *out)
{
	struct json_writer w;

	json_write_init(&w, out);
	json_begin_object(&w);
	json_member_str(&w, STR("TableName"), item->table->name);
	json_member_raw(&w, STR("Item"), item->item.raw);
	json_member_str(&w, STR("ConditionExpression"), STR("attribute_not_exists(#key)"));
	json_key(&w, STR("ExpressionAttributeNames"));
	json_begin_object(&w);
	json_member_str(&w, STR("#key"), item->table->key.hash[0]->name);
	json_end_object(&w);
	json_end_object(&w);
}

static void put_item(struct model_apply *a, struct model_site *site, const struct model_item *item, struct buf *body,
		     struct buf *answer)
{
	struct err err;

	buf_clear(body);
	buf_clear(answer);
	write_put(item, body);
	if (!buf_ok(body))
		err_set(&err, ERR_DATA, "apply.item", "the item is larger than %d bytes", PUT_BODY_MAX);
	else if (dynamodb_call(site->dynamodb, "PutItem", buf_str(body), answer, &err)) {
		a->put.put++;
		return;
	}
	if (err_is(&err, "ConditionalCheckFailedException")) {
		a->put.there++;
	} else if (a->put.failed++ == 0) {
		err_prefix(&err, "%.*s", STR_ARG(str_sub(item->table->name, 0, 255)));
		a->put.note = arena_dup(&a->arena, str_c(err.text));
	}
}

void apply_put_items(struct model_apply *a, struct model_site *site)
{
	struct buf body, answer;
	struct err err;

	buf_init(&body, PUT_BODY_MAX);
	buf_init(&answer, APPLY_ANSWER_MAX);
	for (size_t i = 0; i < a->model->n_items && !apply_stopped(site, &err); i++) {
		const struct model_item *item = &a->model->items[i];

		if (!item->put || !item->table || item->table->key.n_hash == 0)
			continue;
		if (apply_barred(a, item->table->name))
			a->put.barred++;
		else
			put_item(a, site, item, &body, &answer);
	}
	buf_release(&body);
	buf_release(&answer);
}
