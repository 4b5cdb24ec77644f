#include "sluice/item/record.h"

#include "sluice/core/json_write.h"

const char *record_event_name(enum record_event event)
{
	static const char *const names[] = {
		[RECORD_INSERT] = "INSERT", [RECORD_MODIFY] = "MODIFY", [RECORD_REMOVE] = "REMOVE",
	};

	return names[event];
}

bool record_is_ttl_delete(const struct record *r)
{
	return r->event == RECORD_REMOVE && scan_content_eq(r->user_type, STR("Service")) &&
	       scan_content_eq(r->user_principal, STR("dynamodb.amazonaws.com"));
}

/* Names and content here hold nothing that needs an escape, or are escaped. */
static void write_content(struct json_writer *w, struct str name, struct str content)
{
	json_key_escaped(w, name);
	json_str_escaped(w, content);
}

static void write_image(struct json_writer *w, struct str name, struct value image)
{
	if (image.type == VALUE_NONE)
		return;
	json_key_escaped(w, name);
	json_raw(w, image.raw);
}

static void write_dynamodb(struct json_writer *w, const struct record *r)
{
	json_key_escaped(w, STR("dynamodb"));
	json_begin_object(w);
	json_key_escaped(w, STR("ApproximateCreationDateTime"));
	json_int(w, r->created_s);
	write_image(w, STR("Keys"), r->keys);
	write_image(w, STR("NewImage"), r->new_image);
	write_image(w, STR("OldImage"), r->old_image);
	write_content(w, STR("SequenceNumber"), sequence_wire(&r->sequence));
	json_key_escaped(w, STR("SizeBytes"));
	json_uint(w, r->size_bytes);
	if (r->view_type.len)
		write_content(w, STR("StreamViewType"), r->view_type);
	json_end_object(w);
}

static void write_user(struct json_writer *w, const struct record *r)
{
	if (!r->user_type.len && !r->user_principal.len)
		return;
	json_key_escaped(w, STR("userIdentity"));
	json_begin_object(w);
	write_content(w, STR("type"), r->user_type);
	write_content(w, STR("principalId"), r->user_principal);
	json_end_object(w);
}

bool record_write_lambda(const struct record *r, struct str stream_arn, struct buf *out)
{
	struct json_writer w;

	json_write_init(&w, out);
	json_begin_object(&w);
	write_content(&w, STR("eventID"), r->event_id);
	write_content(&w, STR("eventName"), str_c(record_event_name(r->event)));
	write_content(&w, STR("eventVersion"), STR("1.1"));
	write_content(&w, STR("eventSource"), STR("aws:dynamodb"));
	if (r->aws_region.len)
		write_content(&w, STR("awsRegion"), r->aws_region);
	write_dynamodb(&w, r);
	write_user(&w, r);
	json_member_str(&w, STR("eventSourceARN"), stream_arn);
	json_end_object(&w);
	return buf_ok(out);
}
