#include "resources_parts.h"

static void put_statement(struct draft *p, const struct draft_statement *s, size_t from, size_t to)
{
	struct buf text;

	buf_init(&text, 4096);
	json_begin_object(&p->w);
	json_member_str(&p->w, STR("Sid"), str_c(draft_sid(s)));
	json_member_str(&p->w, STR("Effect"), STR("Allow"));
	json_key(&p->w, STR("Action"));
	json_begin_array(&p->w);
	draft_actions(p, s);
	json_end_array(&p->w);
	json_key(&p->w, STR("Resource"));
	json_begin_array(&p->w);
	for (size_t i = from; i < to; i++) {
		buf_clear(&text);
		draft_arn_text(p, &s->arns[i], &text);
		json_str(&p->w, buf_str(&text));
	}
	json_end_array(&p->w);
	if (s->sink && s->sink->own_account)
		json_member_raw(&p->w, STR("Condition"), STR("{\"StringEquals\":{\"aws:ResourceAccount\":\"ACCOUNT_ID\"}}"));
	json_end_object(&p->w);
	buf_release(&text);
}

/* One document: how it is attached decides how long it may be. */
void resources_iam(struct draft *p)
{
	struct draft_cut first = { 0 }, all = { .end_statement = p->n_statements };

	json_begin_object(&p->w);
	json_member_str(&p->w, STR("Version"), STR("2012-10-17"));
	json_key(&p->w, STR("Statement"));
	json_begin_array(&p->w);
	draft_each_statement(p, &all, put_statement);
	json_end_array(&p->w);
	json_end_object(&p->w);
	draft_note(p, "Replace REGION and ACCOUNT_ID (and aws, in another partition).");
	for (size_t i = 0; i < p->n_unknowns; i++)
		draft_note(p, "Replace the ARN that ends in REPLACE_%.*s by %.*s.", STR_ARG(p->unknowns[i].id),
			  STR_ARG(p->unknowns[i].what));
	if (draft_next_policy(p, &first) && first.end_statement < p->n_statements)
		draft_note(p, "A managed policy takes 6,144 characters, which this may pass: cut it into several, or let "
			     "cloudformation or terraform do so.");
}
