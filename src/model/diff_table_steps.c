#include "diff_parts.h"

enum { TABLE_NAME_MAX = 255 };

#define NO_REBUILD "This version of sluice has no backfill or rebuild of its own"

/* --- tables ---------------------------------------------------------------- */

void diff_create_table(struct diffing *d, const struct model_table *t)
{
	diff_step(d, TURN_FIRST, &(struct diff_step){
		.phase = DIFF_ADD, .code = "create-table", .table = t->name, .makes = true, .of = t,
		.what = diff_text(d, "Create the table %.*s%s.", NAME_ARG(t->name), t->stream ? ", with its stream" : ""),
		.why = STR("It is new. Nothing that runs knows it."),
		.operation = "CreateTable", .request = diff_request_table(d, t, STR("")),
		.after = STR("Once it is ACTIVE, handlers, then readers and writers of it may be deployed."),
	});
	if (t->ttl_attribute.len)
		diff_step(d, TURN_FIRST, &(struct diff_step){
			.phase = DIFF_ADD, .code = "enable-ttl", .table = t->name, .makes = true, .of = t,
			.what = diff_text(d, "Let items of %.*s expire by %.*s.", NAME_ARG(t->name), NAME_ARG(t->ttl_attribute)),
			.why = STR("CreateTable takes no TTL; it may need up to an hour to take effect."),
			.operation = "UpdateTimeToLive", .request = diff_request_ttl(d, t->name, t->ttl_attribute, true),
		});
}

void diff_delete_table(struct diffing *d, const struct model_table *t)
{
	diff_step(d, TURN_LAST, &(struct diff_step){
		.phase = DIFF_REMOVE, .code = "delete-table", .table = t->name,
		.what = diff_text(d, "Delete the table %.*s.", NAME_ARG(t->name)),
		.why = STR("The new model has no use for it. Its items are gone with it."),
		.operation = "DeleteTable", .request = diff_request_delete_table(d, t->name),
		.before = STR("No reader, writer or handler that runs names it any more (look at its ConsumedReadCapacityUnits and "
			      "ConsumedWriteCapacityUnits: none for days); take a backup; deletion protection is off."),
	});
}

/* A name that neither model has. */
struct str diff_other_name(struct diffing *d, struct str name)
{
	struct str short_name = str_sub(name, 0, TABLE_NAME_MAX - 4), other = { 0 };

	for (unsigned n = 2; n < 100; n++) {
		other = diff_text(d, "%.*s-v%u", NAME_ARG(short_name), n);
		if (!model_table(d->was, other) && !model_table(d->is, other))
			break;
	}
	return other;
}

/* Copies run while the old table is written to: what the copy meets that a handler has put there is newer. */
static void fill_table(struct diffing *d, const struct model_table *was, struct str other)
{
	diff_step(d, TURN_FIRST, &(struct diff_step){
		.phase = DIFF_FILL, .code = "follow-table", .table = was->name, .name = other,
		.what = diff_text(d, "Have a view handler copy every change of %.*s into %.*s, with deletes = \"tombstone\".",
				  NAME_ARG(was->name), NAME_ARG(other)),
		.why = STR("From its start on the new table follows the old one, also while readers and writers are moved."),
		.before = was->stream ? STR("The stream has NEW_AND_OLD_IMAGES, which a view needs.") :
			STR("The old table needs a stream with NEW_AND_OLD_IMAGES (UpdateTable enables one)."),
		.after = STR("It must run before the copy below begins, else changes in between are missing."),
	});
	diff_step(d, TURN_FIRST, &(struct diff_step){
		.phase = DIFF_FILL, .code = "copy-table", .table = was->name, .name = other,
		.what = diff_text(d, "Copy what is in %.*s: Scan it (or export it to S3), and put each item into %.*s in its new form "
				  "with ConditionExpression attribute_not_exists of its key.", NAME_ARG(was->name), NAME_ARG(other)),
		.why = STR(NO_REBUILD ", so this is a program of your own. The condition leaves alone what the handler has "
			   "written already, which is newer; tombstones keep what was deleted meanwhile from coming back."),
		.before = STR("The handler above runs. Handlers that count or notify from the new table do not run yet: they would "
			      "take each copied item for a new one."),
		.after = STR("Compare counts and samples of both tables before a reader is moved."),
	});
}

static void switch_table(struct diffing *d, const struct model_table *was, struct str other)
{
	diff_step(d, TURN_FIRST, &(struct diff_step){
		.phase = DIFF_READERS, .code = "switch-readers", .table = was->name, .name = other,
		.what = diff_text(d, "Deploy readers that use %.*s in place of %.*s.", NAME_ARG(other), NAME_ARG(was->name)),
		.why = STR("The handler keeps it as new as the stream is (a second or so behind)."),
		.before = STR("The copy is complete. Readers pass over items with sluice_deleted."),
		.after = STR("To go back is still safe: writers write the old table."),
	});
	diff_step(d, TURN_FIRST, &(struct diff_step){
		.phase = DIFF_WRITERS, .code = "switch-writers", .table = was->name, .name = other,
		.what = diff_text(d, "Stop writers of %.*s for a moment, wait until the handler has nothing left to read, start writers "
				  "that use %.*s.", NAME_ARG(was->name), NAME_ARG(other)),
		.why = STR("A late copy by the handler could else overwrite what a moved writer has written."),
		.before = STR("No reader reads the old table."),
		.after = STR("From here there is no way back without copying again."),
	});
}

void diff_replace_table(struct diffing *d, const struct model_table *was, const struct model_table *is, struct str why)
{
	struct str other = diff_other_name(d, is->name);

	diff_step(d, TURN_FIRST, &(struct diff_step){
		.phase = DIFF_ADD, .code = "create-replacement", .table = is->name, .name = other,
		.what = diff_text(d, "Create a new table beside %.*s, here called %.*s, as the new model has it.",
				  NAME_ARG(is->name), NAME_ARG(other)),
		.why = diff_text(d, "%.*s Two tables cannot have one name: write the new name into the model, and into the "
				 "commands of its patterns.", STR_ARG(why)),
		.operation = "CreateTable", .request = diff_request_table(d, is, other),
		.after = STR("Its stream and the handlers that read it are new ones, too; start them behind the copy below."),
	});
	fill_table(d, was, other);
	switch_table(d, was, other);
	diff_step(d, TURN_FIRST, &(struct diff_step){
		.phase = DIFF_REMOVE, .code = "remove-copier", .table = was->name, .name = other,
		.what = diff_text(d, "Remove the view handler that fills %.*s.", NAME_ARG(other)),
		.why = STR("Nothing is written to the old table any more."),
		.before = STR("Writers have been moved, and the handler has read the stream to its end."),
	});
	diff_delete_table(d, was);
}

/* --- indexes --------------------------------------------------------------- */

void diff_create_index(struct diffing *d, const struct model_table *t, const struct model_index *i)
{
	diff_step(d, TURN_SECOND, &(struct diff_step){
		.phase = DIFF_ADD, .code = "create-index", .table = t->name, .name = i->name, .makes = true, .of = t, .index = i,
		.what = diff_text(d, "Add the index %.*s to %.*s and wait until it is ACTIVE.", NAME_ARG(i->name), NAME_ARG(t->name)),
		.why = STR("DynamoDB fills it from the items that are there (minutes to hours, with capacity of its own); the table "
			   "and its stream go on meanwhile, handlers notice nothing. One index of a table at a time."),
		.operation = "UpdateTable", .request = diff_request_index(d, t, i, i->name),
		.before = STR("Items whose key attributes have another type are left out of it, and writes of such items are refused "
			      "from now on: writers must write the right types."),
		.after = STR("Readers of it may be deployed when IndexStatus is ACTIVE; while it is CREATING, a Query of it is "
			     "refused."),
	});
}

void diff_delete_index(struct diffing *d, const struct model_table *t, const struct model_index *i)
{
	diff_step(d, TURN_SECOND, &(struct diff_step){
		.phase = DIFF_REMOVE, .code = "delete-index", .table = t->name, .name = i->name,
		.what = diff_text(d, "Delete the index %.*s of %.*s.", NAME_ARG(i->name), NAME_ARG(t->name)),
		.why = STR("Nothing in the new model reads it; until then it costs a write for each change of what it holds."),
		.operation = "UpdateTable", .request = diff_request_delete_index(d, t->name, i->name),
		.before = STR("No reader that runs names it (its ConsumedReadCapacityUnits show it). One index of a table at a time."),
	});
}

struct str diff_other_index_name(struct diffing *d, const struct model_table *t, struct str name)
{
	struct str short_name = str_sub(name, 0, TABLE_NAME_MAX - 4), other = { 0 };
	const struct model_table *was = model_table(d->was, t->name);

	for (unsigned n = 2; n < 100; n++) {
		other = diff_text(d, "%.*s-v%u", NAME_ARG(short_name), n);
		if (!model_index(t, other) && !(was && model_index(was, other)))
			break;
	}
	return other;
}

void diff_replace_index(struct diffing *d, const struct model_table *t, const struct model_index *was,
			const struct model_index *is)
{
	struct str other = diff_other_index_name(d, t, is->name);

	diff_step(d, TURN_SECOND, &(struct diff_step){
		.phase = DIFF_ADD, .code = "create-index-beside", .table = t->name, .name = is->name,
		.what = diff_text(d, "Add the index as it shall be to %.*s beside %.*s, here called %.*s, and wait until it is ACTIVE.",
				  NAME_ARG(t->name), NAME_ARG(was->name), NAME_ARG(other)),
		.why = STR("Key and projection of an index are fixed when it is made. DynamoDB fills the new one; handlers may go on."),
		.operation = "UpdateTable", .request = diff_request_index(d, t, is, other),
		.after = STR("Write the new name into the model and the commands of its patterns."),
	});
	diff_step(d, TURN_FIRST, &(struct diff_step){
		.phase = DIFF_READERS, .code = "switch-index", .table = t->name, .name = is->name,
		.what = diff_text(d, "Deploy readers that use %.*s in place of %.*s.", NAME_ARG(other), NAME_ARG(was->name)),
		.why = STR("Both indexes are kept until the last reader has moved."),
		.before = STR("The new index is ACTIVE."),
	});
	diff_delete_index(d, t, was);
}

/* --- streams --------------------------------------------------------------- */

static bool read_by_handlers(const struct diffing *d, struct str table)
{
	for (size_t i = 0; i < d->was->n_handlers; i++)
		if (str_eq(d->was->handlers[i].source, table))
			return true;
	return false;
}

static void enable_stream(struct diffing *d, const struct model_table *t, bool again)
{
	diff_step(d, TURN_SECOND, &(struct diff_step){
		.phase = DIFF_ADD, .code = again ? "enable-stream-again" : "enable-stream", .table = t->name, .makes = !again, .of = t,
		.what = diff_text(d, "Enable the stream of %.*s with %.*s.", NAME_ARG(t->name), NAME_ARG(t->stream_view_type)),
		.why = again ? STR("It is a new stream with a new ARN, and begins empty.") :
			STR("It shows what is written from now on; what is in the table already never comes through it."),
		.operation = "UpdateTable", .request = diff_request_stream(d, t->name, t->stream_view_type),
		.before = again ? STR("The table is ACTIVE again.") : STR(""),
		.after = again ? STR("Handlers of the kinds counter, view and index stop there: give them a new name and an empty "
				     "target, or accept what is missing. forward and fanout go on with on_new_stream = \"continue\" and "
				     "count a loss.") :
			STR("Handlers of it may be started."),
	});
}

static void disable_stream(struct diffing *d, const struct model_table *t, enum diff_phase phase, bool again)
{
	diff_step(d, again ? TURN_SECOND : TURN_LAST, &(struct diff_step){
		.phase = phase, .code = "disable-stream", .table = t->name,
		.what = diff_text(d, "Disable the stream of %.*s.", NAME_ARG(t->name)),
		.why = again ? STR("The view type of a stream cannot be changed: it is switched off and on again, which makes a new one.") :
			STR("The new model has no use for it. What it holds can be read for 24 hours more."),
		.operation = "UpdateTable", .request = diff_request_stream(d, t->name, STR("")),
		.before = !read_by_handlers(d, t->name) ? STR("Whoever else reads it knows of it.") :
			again ? STR("Stop the table's writers until the stream is on again, or accept that no handler sees what they write "
				    "in between. The handlers read the rest of the old stream in any case.") :
			STR("Its handlers have been removed, and had read it to its end."),
	});
}

void diff_stream_steps(struct diffing *d, const struct model_table *was, const struct model_table *is)
{
	if (was->stream)
		disable_stream(d, is, is->stream ? DIFF_ADD : DIFF_REMOVE, is->stream);
	if (is->stream)
		enable_stream(d, is, was->stream);
}

/* --- TTL ------------------------------------------------------------------- */

static void disable_ttl(struct diffing *d, const struct model_table *t, struct str attribute, bool again)
{
	diff_step(d, TURN_FIRST, &(struct diff_step){
		.phase = DIFF_REMOVE, .code = "disable-ttl", .table = t->name, .name = attribute,
		.what = diff_text(d, "Let items of %.*s no longer expire by %.*s.", NAME_ARG(t->name), NAME_ARG(attribute)),
		.why = again ? STR("A table has one TTL attribute: it is switched off before another is switched on.") :
			STR("The new model keeps them."),
		.operation = "UpdateTimeToLive", .request = diff_request_ttl(d, t->name, attribute, false),
		.after = again ? STR("Wait until DescribeTimeToLive says DISABLED and an hour has passed: a table's TTL can be changed "
				     "once an hour. Nothing expires meanwhile.") :
			STR("Takes up to an hour; what had expired before may still go."),
	});
}

static void enable_ttl(struct diffing *d, const struct model_table *t)
{
	diff_step(d, TURN_SECOND, &(struct diff_step){
		.phase = DIFF_ADD, .code = "enable-ttl", .table = t->name, .name = t->ttl_attribute, .makes = true, .of = t,
		.what = diff_text(d, "Let items of %.*s expire by %.*s.", NAME_ARG(t->name), NAME_ARG(t->ttl_attribute)),
		.why = STR("Takes up to an hour to take effect; within that hour TTL cannot be changed again."),
		.operation = "UpdateTimeToLive", .request = diff_request_ttl(d, t->name, t->ttl_attribute, true),
		.before = STR("Items that have the attribute already, in seconds and in the past, are deleted; their deletions come "
			      "through the stream. Look for them with a Scan first."),
		.after = STR("Readers filter expired items: they are deleted within about two days, not at once."),
	});
}

/* What must not happen is that items lack the attribute that TTL looks at. */
static void rename_ttl(struct diffing *d, const struct model_table *was, const struct model_table *is)
{
	diff_step(d, TURN_SECOND, &(struct diff_step){
		.phase = DIFF_WRITERS, .code = "fill-ttl", .table = is->name, .name = is->ttl_attribute,
		.what = diff_text(d, "Deploy writers of %.*s that set %.*s beside %.*s; then set it in the items that lack it.",
				  NAME_ARG(is->name), NAME_ARG(is->ttl_attribute), NAME_ARG(was->ttl_attribute)),
		.why = STR("Items without the attribute never expire. " NO_REBUILD ": Scan with attribute_not_exists, and UpdateItem."),
	});
	disable_ttl(d, is, was->ttl_attribute, true);
	diff_step(d, TURN_FIRST, &(struct diff_step){
		.phase = DIFF_REMOVE, .code = "enable-ttl-again", .table = is->name, .name = is->ttl_attribute,
		.what = diff_text(d, "Let items of %.*s expire by %.*s.", NAME_ARG(is->name), NAME_ARG(is->ttl_attribute)),
		.why = STR("The attribute's name was changed."),
		.operation = "UpdateTimeToLive", .request = diff_request_ttl(d, is->name, is->ttl_attribute, true),
		.before = STR("TTL is DISABLED, and was changed more than an hour ago."),
	});
}

void diff_ttl_steps(struct diffing *d, const struct model_table *was, const struct model_table *is)
{
	if (was->ttl_attribute.len && is->ttl_attribute.len)
		rename_ttl(d, was, is);
	else if (is->ttl_attribute.len)
		enable_ttl(d, is);
	else
		disable_ttl(d, is, was->ttl_attribute, false);
}

/* --- billing --------------------------------------------------------------- */

/* Provisioned, every index needs capacity; on demand, none may have it. So indexes are added and deleted while the
 * table is on demand. */
void diff_billing_step(struct diffing *d, const struct model_table *is)
{
	bool on_demand = diff_on_demand(is);

	diff_step(d, on_demand ? TURN_FIRST : TURN_LAST, &(struct diff_step){
		.phase = on_demand ? DIFF_ADD : DIFF_REMOVE, .code = "change-billing", .table = is->name,
		.what = diff_text(d, "Switch %.*s to %s.", NAME_ARG(is->name), on_demand ? "on demand" : "provisioned capacity"),
		.why = STR("UpdateTable does it while the table is in use; it takes some minutes."),
		.operation = "UpdateTable", .request = diff_request_billing(d, is),
		.before = on_demand ? STR("A table can be switched to on demand a few times in 24 hours only. Auto scaling, where it is "
					  "set up, goes first.") :
			STR("The table and each global index need ProvisionedThroughput for their peak, or auto scaling: what is above "
			    "it is throttled."),
	});
}
