/* The s3 sink: changes as gzip files of JSON lines, each there as a whole or not at
 * all, and the same however often it is made (s3_layout.h). What is gathered is held
 * (pipeline/effect.h): the position stands at an object's begin until it is written.
 *
 * An object is written only when the position stands saved at its begin. So also
 * where one was cut differently the time before (other settings, a tip that was none)
 * what is read again after a kill replaces it, and never lies beside it.
 */
#include "gzip.h"
#include "s3_layout.h"
#include "s3_put.h"
#include "sluice/aws/endpoint.h"
#include "sluice/core/mem.h"
#include "sluice/core/scan.h"
#include "sluice/sinks/kinds.h"

enum {
	LINE_BYTES = 64 << 20,     /* more than a handler makes of a record */
	KEY_BYTES = 4 << 10,
	LETTER_ID_BYTES = 64 << 10,
	HOUR_S = 3600,
};

struct s3_settings {
	struct str region, endpoint_url;
	int addressing, partition;
	int64_t interval_s, object_bytes, memory_bytes, timeout_ms;
};

/* One that is being gathered. */
struct s3_object {
	struct s3_object *next;
	struct effect_holder *holder;
	struct s3_extent extent;
	struct buf address, key;
	struct gzip_stream text;
	bool sealed;               /* nothing more comes into it */
	size_t memory_bytes;       /* as counted in the sink's */
};

struct s3_sink {
	struct sink base;
	struct aws_client *client;
	const struct s3_settings *settings;
	struct s3_rule rule;
	struct s3_object *objects, **last; /* the one that was begun first stands first */
	size_t memory_bytes;
	struct buf line;
};

static const char *const addressing_names[] = { "auto", "path", "virtual", NULL };
static const char *const partition_names[] = { "hour", "day", "none", NULL };

#define AT(field) offsetof(struct s3_settings, field)
static const struct option options[] = {
	{ .name = "region", .type = OPTION_STR, .offset = AT(region),
	  .help = "Region of the buckets. Default: that of `aws`." },
	{ .name = "endpoint_url", .type = OPTION_STR, .offset = AT(endpoint_url),
	  .help = "Address of another service that speaks S3. Default: AWS's for the region." },
	{ .name = "addressing", .type = OPTION_ENUM, .offset = AT(addressing), .default_text = "auto",
	  .names = addressing_names,
	  .help = "Where a bucket's name stands: in the path, or before the host's name (virtual). auto: virtual on AWS "
		  "where the name allows it (no dots, no capitals), else in the path." },
	{ .name = "partition", .type = OPTION_ENUM, .offset = AT(partition), .default_text = "hour",
	  .names = partition_names,
	  .help = "Folders that the objects lie in, by the time at which their interval begins (UTC): "
		  "`dt=2026-01-31/hour=07/`, `dt=2026-01-31/`, or none." },
	{ .name = "interval_s", .type = OPTION_INT, .offset = AT(interval_s), .default_text = "300", .min = 10,
	  .max = HOUR_S, .unit = "s",
	  .help = "Creation time of changes that an object spans; it must divide an hour. So an object is there this "
		  "long and two to three minutes after its first change at the latest." },
	{ .name = "object_bytes", .type = OPTION_INT, .offset = AT(object_bytes), .default_text = "67108864", .min = 1024,
	  .max = 256LL << 20, .unit = "bytes",
	  .help = "Largest object, before it is compressed; the next change begins another one." },
	{ .name = "memory_bytes", .type = OPTION_INT, .offset = AT(memory_bytes), .default_text = "268435456",
	  .min = 1 << 20, .max = 64LL << 30, .unit = "bytes",
	  .help = "What a worker may hold, compressed, of objects that are not written yet, at least twice "
		  "`object_bytes`. Where shards need more they wait for others, and are read again later." },
	{ .name = "timeout_ms", .type = OPTION_INT, .offset = AT(timeout_ms), .default_text = "60000", .min = 100,
	  .max = 600000, .unit = "ms", .help = "How long one request may take." },
	{ 0 },
};

static const struct node *setting_at(const struct node *group, const char *name)
{
	const struct node *member = group ? node_get(group, str_c(name)) : NULL;

	return member ? member : group;
}

static void check(const void *settings, const struct node *at, struct problems *problems)
{
	const struct s3_settings *s = settings;
	struct aws_endpoint endpoint;
	struct err err;

	if (s->interval_s > 0 && HOUR_S % s->interval_s != 0)
		problems_add(problems, setting_at(at, "interval_s"),
			     "an hour is no whole number of intervals of %lld s; expected one such as 60, 300, 900",
			     (long long)s->interval_s);
	if (s->memory_bytes < 2 * s->object_bytes)
		problems_add(problems, setting_at(at, "memory_bytes"),
			     "expected at least twice object_bytes, %lld: the oldest object must have room to be finished",
			     (long long)(2 * s->object_bytes));
	aws_endpoint_init(&endpoint);
	if (s->endpoint_url.len && !aws_endpoint_parse(&endpoint, s->endpoint_url, &err))
		problems_add(problems, setting_at(at, "endpoint_url"), "%s", err.text);
	aws_endpoint_release(&endpoint);
}

static struct sink *s3_open(const void *settings, const struct sink_site *site, struct err *err)
{
	const struct s3_settings *set = settings;
	struct s3_sink *s = mem_alloc(sizeof(*s));
	struct aws_settings aws = *site->aws;

	s->base = (struct sink){ .ops = &s3_sink, .site = *site };
	s->settings = set;
	s->rule = (struct s3_rule){ set->interval_s, (size_t)set->object_bytes };
	s->last = &s->objects;
	buf_init(&s->line, LINE_BYTES);
	aws.endpoint_url = set->endpoint_url;
	if (set->region.len)
		aws.region = set->region;
	aws.timeout_ms = set->timeout_ms;
	s->client = aws_client_new(AWS_S3, &aws, err);
	if (s->client)
		return &s->base;
	mem_free(s);
	return NULL;
}

/* ---- what is held ---- */

static void count_memory(struct s3_sink *s, struct s3_object *o)
{
	s->memory_bytes -= o->memory_bytes;
	o->memory_bytes = sizeof(*o) + o->address.cap + o->key.cap + gzip_stream_memory(&o->text);
	s->memory_bytes += o->memory_bytes;
}

static struct s3_object *begin(struct s3_sink *s, const struct effect *e)
{
	const struct record *r = e->batch->records[e->record];
	struct s3_object *o = mem_alloc(sizeof(*o));

	buf_init(&o->address, e->message.address.len);
	buf_init(&o->key, KEY_BYTES);
	buf_put(&o->address, e->message.address);
	gzip_stream_init(&o->text, s->rule.object_bytes + 2 * LINE_BYTES);
	s3_extent_begin(&o->extent, &s->rule, buf_str(&o->address), r->created_s);
	s3_put_key(&o->key, &o->extent, s->settings->partition, e->batch->source.shard_id, &r->sequence);
	o->holder = e->batch->holder;
	o->holder->object = o;
	o->holder->ends_s = o->extent.ends_s;
	*s->last = o;
	s->last = &o->next;
	count_memory(s, o);
	return o;
}

static void drop(struct s3_sink *s, struct s3_object *o)
{
	struct s3_object **at = &s->objects;

	while (*at != o)
		at = &(*at)->next;
	*at = o->next;
	if (s->last == &o->next)
		s->last = at;
	o->holder->object = NULL;
	s->memory_bytes -= o->memory_bytes;
	gzip_stream_release(&o->text);
	buf_release(&o->address);
	buf_release(&o->key);
	mem_free(o);
}

/* The object that was begun first may always grow to its full size, the others share
 * what that leaves: so one can be finished at any time. Who waits here is parked
 * (worker/parking.h) and gives up what it holds. */
static bool has_room(const struct s3_sink *s, const struct s3_object *o, size_t more, struct err *err)
{
	size_t others = s->memory_bytes - s->objects->memory_bytes;

	if (o == s->objects || others + more <= (size_t)s->settings->memory_bytes - s->rule.object_bytes)
		return true;
	return err_set(err, ERR_RETRY, "s3.memory",
		       "sink %.*s holds %zu bytes of objects that are not written yet, and memory_bytes is %lld: this one waits "
		       "for others; make memory_bytes larger, or object_bytes or interval_s smaller",
		       STR_ARG(s->base.site.name), s->memory_bytes, (long long)s->settings->memory_bytes);
}

/* The body as a line. A raw newline can only stand between JSON tokens; there a space
 * says the same. */
static struct str line_of(struct s3_sink *s, struct str body)
{
	buf_clear(&s->line);
	buf_put(&s->line, body);
	for (size_t i = 0; i < s->line.len; i++)
		if (s->line.ptr[i] == '\n' || s->line.ptr[i] == '\r')
			s->line.ptr[i] = ' ';
	buf_putc(&s->line, '\n');
	return buf_str(&s->line);
}

static bool too_large(const struct s3_sink *s, struct err *err)
{
	return err_set(err, ERR_DATA, "s3.line_size", "sink %.*s: a line is larger than %d bytes",
		       STR_ARG(s->base.site.name), LINE_BYTES);
}

/* ---- writing ---- */

static bool address_ok(const struct s3_sink *s, struct str address, struct err *err)
{
	struct str bucket = s3_bucket_of(address);

	return s3_bucket_ok(bucket) ||
	       err_set(err, ERR_FATAL, "s3.bucket", "sink %.*s: \"%.*s\" is no name of a bucket; check the handler's `bucket`",
		       STR_ARG(s->base.site.name), STR_ARG(str_sub(bucket, 0, 100)));
}

static bool put(struct s3_sink *s, struct str address, struct str key, const char *type, struct str body, struct err *err)
{
	const struct s3_put p = {
		.client = s->client, .addressing = s->settings->addressing, .timeout_ms = s->settings->timeout_ms,
		.bucket = s3_bucket_of(address), .key = key, .content_type = type, .body = body,
	};

	return s3_put(&p, err) || err_prefix(err, "sink %.*s", STR_ARG(s->base.site.name));
}

static bool s3_examine(struct sink *base, struct str address, struct sink_examination *out, struct err *err)
{
	struct s3_sink *s = (struct s3_sink *)base;
	const struct s3_put p = {
		.client = s->client, .addressing = s->settings->addressing, .timeout_ms = s->settings->timeout_ms,
		.bucket = s3_bucket_of(address),
	};

	*out = (struct sink_examination){ "s3:ListBucket", "s3:PutObject", false };
	return address_ok(s, address, err) && s3_look(&p, err);
}

static bool seal(struct s3_sink *s, struct s3_object *o, struct err *err)
{
	if (!o->sealed && !gzip_stream_end(&o->text))
		return err_set(err, ERR_FATAL, "s3.size", "sink %.*s: an object cannot be compressed within %zu bytes",
			       STR_ARG(s->base.site.name), o->text.out.max);
	o->sealed = true;
	count_memory(s, o);
	return true;
}

/* Yields. */
static bool finish(struct s3_sink *s, struct s3_object *o, struct err *err)
{
	struct effect_holder *h = o->holder;
	bool ok;

	if (!seal(s, o, err) || !h->save(h, err))
		return false;
	/* No Content-Encoding: what is unpacked on the way no longer fits its name. */
	h->silent(h, s->settings->timeout_ms);
	ok = put(s, buf_str(&o->address), buf_str(&o->key), "application/gzip", buf_str(&o->text.out), err);
	h->silent(h, 0);
	if (!ok)
		return false;
	log_debug(loop_env(s->base.site.loop)->log, "s3.object", LOG_STR("sink", s->base.site.name),
		  LOG_STR("key", buf_str(&o->key)), LOG_INT("records", o->extent.records),
		  LOG_INT("bytes", o->text.out.len));
	drop(s, o);
	h->acknowledged(h);
	return true;
}

static bool s3_flush(struct sink *sink, struct effect_holder *h, struct err *err)
{
	return !h->object || finish((struct s3_sink *)sink, h->object, err);
}

static void s3_forget(struct sink *sink, struct effect_holder *h)
{
	if (h->object)
		drop((struct s3_sink *)sink, h->object);
}

/* Yields where the record begins another object. */
static bool hold(struct s3_sink *s, struct effect *e, struct err *err)
{
	const struct record *r = e->batch->records[e->record];
	struct s3_object *o = e->batch->holder->object;
	size_t bytes = e->message.body.len + 1;

	if (bytes > LINE_BYTES)
		return too_large(s, err);
	if (!address_ok(s, e->message.address, err))
		return false;
	if (o && (o->sealed || !s3_extent_takes(&o->extent, &s->rule, e->message.address, r->created_s, bytes))) {
		if (!finish(s, o, err))
			return false;
		o = NULL;
	}
	if (!o)
		o = begin(s, e);
	if (!has_room(s, o, bytes, err)) {
		if (o->extent.records == 0)
			drop(s, o);
		return false;
	}
	if (!gzip_stream_add(&o->text, line_of(s, e->message.body)))
		return err_set(err, ERR_FATAL, "s3.size", "sink %.*s: an object cannot be compressed within %zu bytes",
			       STR_ARG(s->base.site.name), o->text.out.max);
	s3_extent_add(&o->extent, bytes);
	count_memory(s, o);
	effect_hold(e);
	return true;
}

/* A dead letter: what cannot wait for others is an object of its own. */
static bool put_letter(struct s3_sink *s, struct effect *e, struct err *err)
{
	struct str content;
	struct buf id, key;
	bool ok;

	if (!address_ok(s, e->message.address, err))
		return false;
	buf_init(&id, LETTER_ID_BYTES);
	buf_init(&key, KEY_BYTES);
	ok = (scan_member(e->message.body, STR("id"), &content) && content.len > 2 && content.ptr[0] == '"' &&
	      scan_unescape(str_sub(content, 1, content.len - 2), &id, NULL)) ||
	     err_set(err, ERR_DATA, "s3.id", "sink %.*s: a message without an \"id\" has no name here",
		     STR_ARG(s->base.site.name));
	if (ok) {
		s3_put_letter_key(&key, e->message.address, buf_str(&id));
		ok = put(s, e->message.address, buf_str(&key), "application/json", e->message.body, err);
	}
	buf_release(&id);
	buf_release(&key);
	if (ok)
		effect_done(e);
	return ok;
}

static void s3_send(struct sink *sink, struct effect *const *effects, size_t n)
{
	struct s3_sink *s = (struct s3_sink *)sink;
	bool stopped = false;

	for (size_t i = 0; i < n; i++) {
		struct effect *e = effects[i];
		struct err err = { 0 };

		if (!sink_takes(sink, e))
			continue;
		if (stopped) {
			sink_fail_behind(sink, e);
			continue;
		}
		if (e->batch->holder ? hold(s, e, &err) : put_letter(s, e, &err))
			continue;
		if (err.class == ERR_CANCELLED)
			return;
		effect_fail(e, &err);
		stopped = err.class != ERR_DATA;
	}
}

static void s3_close(struct sink *sink)
{
	struct s3_sink *s = (struct s3_sink *)sink;

	while (s->objects)
		drop(s, s->objects);
	aws_client_free(s->client);
	buf_release(&s->line);
	mem_free(s);
}

const struct sink_ops s3_sink = {
	.kind = "s3",
	.summary = "Writes changes as gzip files of JSON lines into S3, each of them once, for Athena, Redshift and the like.",
	.options = options,
	.settings_size = sizeof(struct s3_settings),
	.accepts = 1u << EFFECT_MESSAGE,
	.address = "bucket",
	.address_under = "prefix",
	.check = check,
	.open = s3_open,
	.examine = s3_examine,
	.send = s3_send,
	.flush = s3_flush,
	.forget = s3_forget,
	.close = s3_close,
};
