#include "resources_parts.h"

static void put_statement(struct draft *p, const struct draft_statement *s, size_t from, size_t to)
{
	static const struct draft_style style = {
		.sid = "Sid", .effect = "Effect", .actions = "Action", .resources = "Resource", .condition = "Condition",
		.own_account = "{\"StringEquals\":{\"aws:ResourceAccount\":\"ACCOUNT_ID\"}}", .arn = draft_arn,
	};

	draft_statement(p, s, from, to, &style);
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
