#include "sim/streams.h"

#include "sluice/core/json.h"
#include "sluice/core/json_write.h"
#include "sluice/core/mem.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
	ANSWER_BYTES = 64 << 20,
	RECORD_BYTES = 8 << 20,
	ITERATOR_LIFE_MS = 15 * 60 * 1000,
	PAGE_BYTES = 1 << 20,      /* of item data */
	MOST_LIMIT = 1000,
	READER_MS = 1000,          /* a node that has read within this is a reader */
};

/* ---- the model ---- */

static bool transport_send_sim(struct transport *t, const struct http_request *request, struct http_response *response,
			       struct err *err);

struct sim_streams *sim_streams_new(struct loop *loop, const char *table, struct transport *next)
{
	struct sim_streams *s = mem_alloc(sizeof(*s));

	s->transport.send = transport_send_sim;
	s->next = next;
	s->loop = loop;
	s->env = loop_env(loop);
	snprintf(s->table, sizeof(s->table), "%s", table);
	s->view_type = "NEW_AND_OLD_IMAGES";
	sim_streams_enable(s, "2026-01-01T00:00:00.000");
	s->page_records = 1000;
	s->list_shards = 100;
	s->counter = UINT64_C(100000000000000000);
	return s;
}

static void free_records(struct sim_shard *shard)
{
	for (size_t i = 0; i < shard->n_records; i++)
		mem_free(shard->records[i].json);
	mem_free(shard->records);
}

void sim_streams_free(struct sim_streams *s)
{
	for (struct sim_shard *shard = s->shards, *next; shard; shard = next) {
		next = shard->next;
		free_records(shard);
		mem_free(shard);
	}
	mem_free(s);
}

static bool chance(struct sim_streams *s, double p)
{
	return p > 0 && rng_unit(&s->env->rng) < p;
}

/* Where a new shard goes: the order of the list is the order of the listing. */
static struct sim_shard **place_in_list(struct sim_streams *s)
{
	struct sim_shard **at = &s->shards;
	size_t n = 0, steps;

	for (; *at; at = &(*at)->next)
		n++;
	if (!s->lies.shuffle)
		return at;
	at = &s->shards;
	for (steps = (size_t)rng_below(&s->env->rng, n + 1); steps > 0; steps--)
		at = &(*at)->next;
	return at;
}

struct sim_shard *sim_shard_add(struct sim_streams *s, const char *id, const char *parent)
{
	struct sim_shard *shard = mem_alloc(sizeof(*shard)), **at = place_in_list(s);

	snprintf(shard->id, sizeof(shard->id), "%s", id);
	snprintf(shard->parent, sizeof(shard->parent), "%s", parent ? parent : "");
	memcpy(shard->label, s->label, sizeof(shard->label));
	if (parent && s->lies.late_ms > 0)
		shard->listed_ms = env_mono_ms(s->env) + (int64_t)rng_below(&s->env->rng, (uint64_t)s->lies.late_ms + 1);
	shard->next = *at;
	*at = shard;
	return shard;
}

static struct sim_record *add_record(struct sim_shard *shard)
{
	if (shard->n_records == shard->cap_records) {
		shard->cap_records = shard->cap_records ? 2 * shard->cap_records : 16;
		shard->records = mem_resize(shard->records, shard->cap_records * sizeof(*shard->records));
	}
	return &shard->records[shard->n_records++];
}

static size_t text_bytes(const char *text)
{
	return text ? strlen(text) : 0;
}

static void write_record(struct sim_streams *s, const struct sim_append *a, const struct sim_record *r, struct buf *json)
{
	buf_putf(json,
		 "{\"eventID\":\"%016" PRIx64 "\",\"eventName\":\"%s\",\"eventVersion\":\"1.1\",\"eventSource\":\"aws:dynamodb\","
		 "\"awsRegion\":\"us-east-1\",\"dynamodb\":{\"ApproximateCreationDateTime\":%" PRId64 ",\"Keys\":%s",
		 s->counter, a->event, env_wall_ms(s->env) / 1000, a->keys);
	if (a->new_image)
		buf_putf(json, ",\"NewImage\":%s", a->new_image);
	if (a->old_image)
		buf_putf(json, ",\"OldImage\":%s", a->old_image);
	buf_putf(json, ",\"SequenceNumber\":\"%.*s\",\"SizeBytes\":%zu,\"StreamViewType\":\"%s\"}",
		 STR_ARG(sequence_wire(&r->sequence)), r->item_bytes, s->view_type);
	if (a->ttl)
		buf_puts(json, ",\"userIdentity\":{\"Type\":\"Service\",\"PrincipalId\":\"dynamodb.amazonaws.com\"}");
	buf_puts(json, "}");
	assert(buf_ok(json));
}

struct sequence sim_shard_append(struct sim_streams *s, struct sim_shard *shard, const struct sim_append *a)
{
	struct sim_record r = { .item_bytes = text_bytes(a->keys) + text_bytes(a->new_image) + text_bytes(a->old_image) };
	char number[32];
	struct buf json;

	snprintf(number, sizeof(number), "%021" PRIu64, ++s->counter);
	if (a->sequence)
		r.sequence = *a->sequence;
	else
		sequence_parse(str_c(number), &r.sequence, NULL);
	assert(!shard->n_records || sequence_compare(&shard->records[shard->n_records - 1].sequence, &r.sequence) < 0);
	buf_init(&json, RECORD_BYTES);
	write_record(s, a, &r, &json);
	r.json = mem_dup(json.ptr, json.len);
	buf_release(&json);
	*add_record(shard) = r;
	return r.sequence;
}

struct sequence sim_shard_put(struct sim_streams *s, struct sim_shard *shard, const char *event, const char *keys,
			      const char *new_image, const char *old_image)
{
	const struct sim_append a = { .event = event, .keys = keys, .new_image = new_image, .old_image = old_image };

	return sim_shard_append(s, shard, &a);
}

void sim_shard_close(struct sim_shard *shard)
{
	shard->closed = true;
}

void sim_streams_disable(struct sim_streams *s)
{
	s->status = "DISABLED";
	for (struct sim_shard *shard = s->shards; shard; shard = shard->next)
		shard->closed = true;
}

void sim_streams_enable(struct sim_streams *s, const char *label)
{
	s->status = "ENABLED";
	snprintf(s->label, sizeof(s->label), "%s", label);
	snprintf(s->arn, sizeof(s->arn), "arn:aws:dynamodb:us-east-1:000000000000:table/%s/stream/%s", s->table, label);
}

const char *sim_shard_id(struct sim_streams *s, int64_t age_ms, char *out)
{
	snprintf(out, 40, "shardId-%020" PRId64 "-%08" PRIx64, env_wall_ms(s->env) - age_ms, rng_next(&s->env->rng) >> 32);
	return out;
}

void sim_shard_trim(struct sim_shard *shard, const struct sequence *up_to)
{
	shard->trimmed = *up_to;
	for (; shard->n_trimmed < shard->n_records; shard->n_trimmed++) {
		struct sim_record *r = &shard->records[shard->n_trimmed];

		if (sequence_compare(&r->sequence, up_to) > 0)
			break;
		mem_free(r->json);
		r->json = NULL;
	}
}

/* ---- answers ---- */

struct exchange {
	struct sim_streams *s;
	const struct http_request *request;
	const struct json *body;   /* NULL: not for us */
	struct buf answer;
	int status;
};

static bool fail(struct exchange *x, int status, const char *code)
{
	buf_clear(&x->answer);
	x->status = status;
	buf_putf(&x->answer, "{\"__type\":\"com.amazonaws.dynamodb.v20120810#%s\",\"message\":\"simulated\"}", code);
	return false;
}

static struct str text_of(const struct exchange *x, const char *name)
{
	struct str text = { 0 };

	json_get_str(json_get(x->body, name), &text);
	return text;
}

/* False, and the answer is the refusal, when the request is signed too long ago. */
static bool is_in_time(struct exchange *x)
{
	struct err err;

	if (sim_date_ok(&x->s->dates, x->request, env_wall_ms(x->s->env), &err))
		return true;
	x->status = 400;
	buf_putf(&x->answer, "{\"__type\":\"com.amazon.coral.service#%s\",\"message\":\"%s\"}", err.code, err.text);
	return false;
}

static int64_t number_of(const struct exchange *x, const char *name, int64_t otherwise)
{
	int64_t n;

	return json_get_int(json_get(x->body, name), &n) ? n : otherwise;
}

struct sim_shard *sim_shard_named(struct sim_streams *s, struct str id)
{
	for (struct sim_shard *shard = s->shards; shard; shard = shard->next)
		if (str_eq(str_c(shard->id), id))
			return shard;
	return NULL;
}

static bool is_listed(struct sim_streams *s, const struct sim_shard *shard)
{
	return !shard->hidden && shard->listed_ms <= env_mono_ms(s->env) && !chance(s, s->lies.leave_out);
}

static struct str end_of(const struct sim_shard *shard)
{
	if (!sequence_is_none(&shard->end))
		return sequence_wire(&shard->end);
	return shard->n_records ? sequence_wire(&shard->records[shard->n_records - 1].sequence) : STR("000000000000000000002");
}

static void describe_shard(struct json_writer *w, struct sim_streams *s, const struct sim_shard *shard)
{
	bool looks_closed = shard->closed && !s->list_open && !chance(s, s->lies.open_parent);

	json_begin_object(w);
	json_member_str(w, STR("ShardId"), str_c(shard->id));
	if (shard->parent[0])
		json_member_str(w, STR("ParentShardId"), str_c(shard->parent));
	json_key(w, STR("SequenceNumberRange"));
	json_begin_object(w);
	json_member_str(w, STR("StartingSequenceNumber"),
			sequence_is_none(&shard->start) ? STR("000000000000000000001") : sequence_wire(&shard->start));
	if (looks_closed)
		json_member_str(w, STR("EndingSequenceNumber"), end_of(shard));
	json_end_object(w);
	json_end_object(w);
}

/* One call more: how many were there in the second that ends with it? */
static void count_describe(struct sim_streams *s, bool filtered)
{
	enum { KEPT = sizeof(s->describes_at_ms) / sizeof(*s->describes_at_ms) };
	int64_t now_ms = env_mono_ms(s->env);
	unsigned n = 0;

	s->describes_at_ms[s->describes++ % KEPT] = now_ms;
	s->child_describes += filtered;
	for (size_t i = 0; i < KEPT && i < s->describes; i++)
		n += now_ms - s->describes_at_ms[i] < 1000;
	if (n > s->most_describes_per_s)
		s->most_describes_per_s = n;
}

/* Which stream is meant: the label of its ARN, NULL when there is no such stream. */
static const char *label_meant(const struct exchange *x)
{
	struct str arn = text_of(x, "StreamArn");

	if (str_eq(arn, str_c(x->s->arn)))
		return x->s->label;
	for (const struct sim_shard *shard = x->s->shards; shard; shard = shard->next)
		if (str_ends(arn, str_c(shard->label)) && !(x->s->forgotten && strcmp(shard->label, x->s->forgotten) == 0))
			return shard->label;
	return NULL;
}

static bool is_child_of(const struct sim_shard *shard, struct str parent)
{
	return parent.len == 0 || str_eq(str_c(shard->parent), parent);
}

/* A page of the shards, or of the children of one. */
static void list_shards(struct exchange *x, struct json_writer *w, const char *label, struct str parent)
{
	struct str after = text_of(x, "ExclusiveStartShardId");
	const struct sim_shard *shard = x->s->shards, *last = NULL;
	bool lies = parent.len && x->s->filter_lies;
	size_t n = 0;

	while (after.len && shard && !str_eq(str_c(shard->id), after))
		shard = shard->next;
	if (after.len && shard && !(parent.len && x->s->filter_repeats))
		shard = shard->next;
	json_key(w, STR("Shards"));
	json_begin_array(w);
	for (; shard && n < x->s->list_shards && !lies; shard = shard->next) {
		if (strcmp(shard->label, label) != 0 || !is_child_of(shard, parent))
			continue;
		last = shard;
		if (!is_listed(x->s, shard))
			continue;
		describe_shard(w, x->s, shard);
		n++;
	}
	json_end_array(w);
	if (x->s->list_loops && after.len && parent.len == 0)
		json_member_str(w, STR("LastEvaluatedShardId"), after);
	else if (last && (shard || (parent.len && x->s->filter_repeats)))
		json_member_str(w, STR("LastEvaluatedShardId"), str_c(last->id));
}

static bool describe_stream(struct exchange *x)
{
	const char *label = label_meant(x), *status = x->s->status;
	struct str parent = { 0 };
	struct json_writer w;
	bool filtered = json_get(x->body, "ShardFilter") != NULL;

	json_get_str(json_get(json_get(x->body, "ShardFilter"), "ShardId"), &parent);
	count_describe(x->s, filtered);
	if (!label)
		return fail(x, 400, "ResourceNotFoundException");
	if (filtered && x->s->no_filter)
		return fail(x, 400, "ValidationException");
	if (strcmp(label, x->s->label) != 0)
		status = "DISABLED";
	json_write_init(&w, &x->answer);
	json_begin_object(&w);
	json_key(&w, STR("StreamDescription"));
	json_begin_object(&w);
	json_member_str(&w, STR("StreamArn"), text_of(x, "StreamArn"));
	json_member_str(&w, STR("StreamStatus"), str_c(status));
	json_member_str(&w, STR("StreamViewType"), str_c(x->s->view_type));
	json_member_str(&w, STR("StreamLabel"), str_c(label));
	json_member_str(&w, STR("TableName"), str_c(x->s->table));
	json_member_int(&w, STR("CreationRequestDateTime"), 1767225600);
	json_member_raw(&w, STR("KeySchema"), STR("[{\"AttributeName\":\"id\",\"KeyType\":\"HASH\"}]"));
	list_shards(x, &w, label, parent);
	json_end_object(&w);
	json_end_object(&w);
	return true;
}

/* The index of the first record behind that sequence number. */
static size_t first_behind(const struct sim_shard *shard, const struct sequence *after)
{
	size_t low = 0, high = shard->n_records;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (sequence_compare(&shard->records[middle].sequence, after) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Behind which to read so that the record of that number comes, too. */
static struct sequence sequence_before(const struct sim_shard *shard, const struct sequence *at)
{
	size_t i = first_behind(shard, at);

	if (i > 0 && sequence_compare(&shard->records[i - 1].sequence, at) == 0)
		i--;
	else
		return *at;
	return i > 0 ? shard->records[i - 1].sequence : (struct sequence){ "" };
}

/* An iterator is "<shard>|<sequence behind which to read>|<made at ms>". */
static bool get_iterator(struct exchange *x)
{
	struct str type = text_of(x, "ShardIteratorType"), number = text_of(x, "SequenceNumber");
	struct sim_shard *shard = sim_shard_named(x->s, text_of(x, "ShardId"));
	struct sequence after;
	struct json_writer w;
	char text[160];

	if (!shard || shard->gone || !label_meant(x) || strcmp(label_meant(x), shard->label) != 0)
		return fail(x, 400, "ResourceNotFoundException");
	after = shard->trimmed;
	if (str_eq(type, STR("LATEST"))) {
		if (shard->n_records)
			after = shard->records[shard->n_records - 1].sequence;
	} else if (str_ends(type, STR("_SEQUENCE_NUMBER"))) {
		if (!sequence_parse(number, &after, NULL))
			return fail(x, 400, "ValidationException");
		if (str_starts(type, STR("AT_")))
			after = sequence_before(shard, &after);
		if (sequence_compare(&after, &shard->trimmed) < 0)
			return fail(x, 400, "TrimmedDataAccessException");
	} else if (!str_eq(type, STR("TRIM_HORIZON"))) {
		return fail(x, 400, "ValidationException");
	}
	snprintf(text, sizeof(text), "%s|%s|%" PRId64, shard->id, sequence_is_none(&after) ? "0" : after.digits,
		 env_mono_ms(x->s->env));
	json_write_init(&w, &x->answer);
	json_begin_object(&w);
	json_member_str(&w, STR("ShardIterator"), str_c(text));
	json_end_object(&w);
	return true;
}

/* How many records a page may hold now. */
static size_t page_limit(struct exchange *x)
{
	struct sim_streams *s = x->s;
	size_t limit = (size_t)number_of(x, "Limit", MOST_LIMIT);

	if (limit > s->page_records)
		limit = s->page_records;
	return chance(s, s->lies.short_page) ? 1 + (size_t)rng_below(&s->env->rng, limit) : limit;
}

/* Writes a page; returns behind which record the next one begins. */
static struct sequence write_page(struct exchange *x, struct sim_shard *shard, struct sequence after, bool *at_end)
{
	size_t at = first_behind(shard, &after), n = 0, bytes = 0, limit = page_limit(x);
	bool lie = chance(x->s, x->s->lies.empty_page);

	buf_puts(&x->answer, "{\"Records\":[");
	for (; at < shard->n_records && n < limit && !lie; at++, n++) {
		const struct sim_record *r = &shard->records[at];

		if (n > 0 && bytes + r->item_bytes > PAGE_BYTES)
			break;
		bytes += r->item_bytes;
		buf_puts(&x->answer, n ? "," : "");
		buf_puts(&x->answer, r->json);
		after = r->sequence;
	}
	buf_puts(&x->answer, "]");
	*at_end = at == shard->n_records && shard->closed && !lie && !(shard->empty_end && n);
	return after;
}

/* False when two others (max_readers) read the shard already. A refused call does
 * not make a reader. */
static bool may_read(struct exchange *x, struct sim_shard *shard)
{
	struct str node = sim_request_header(x->request, "x-sim-node");
	int64_t now_ms = env_mono_ms(x->s->env);
	struct sim_reader *mine = NULL;
	size_t others = 0;

	for (size_t i = 0; i < SIM_MOST_READERS; i++) {
		struct sim_reader *r = &shard->readers[i];
		bool reads = r->last_ms && now_ms - r->last_ms <= READER_MS;

		if (r->last_ms && str_eq(str_c(r->node), node))
			mine = r;
		else if (reads)
			others++;
		else if (!mine)
			mine = r;
	}
	if (x->s->max_readers && others >= x->s->max_readers)
		return false;
	if (mine) {
		snprintf(mine->node, sizeof(mine->node), "%.*s", STR_ARG(node));
		mine->last_ms = now_ms > 0 ? now_ms : 1;
	}
	return true;
}

static bool get_records(struct exchange *x, enum sim_fault fault)
{
	struct str iterator = text_of(x, "ShardIterator"), id = str_split(&iterator, '|');
	struct str number = str_split(&iterator, '|');
	struct sim_shard *shard = sim_shard_named(x->s, id);
	struct sequence after;
	int64_t made_ms, limit = number_of(x, "Limit", MOST_LIMIT);
	bool at_end;

	if (!shard || !sequence_parse(number, &after, NULL) || !str_to_i64(iterator, &made_ms) || limit < 1 ||
	    limit > MOST_LIMIT)
		return fail(x, 400, "ValidationException");
	if (shard->gone)
		return fail(x, 400, "ResourceNotFoundException");
	if (!may_read(x, shard)) {
		x->s->limited++;
		return fail(x, 400, "LimitExceededException");
	}
	shard->gets++;
	if (fault == SIM_EXPIRE || env_mono_ms(x->s->env) - made_ms > ITERATOR_LIFE_MS)
		return fail(x, 400, "ExpiredIteratorException");
	if (sequence_compare(&after, &shard->trimmed) < 0)
		return fail(x, 400, "TrimmedDataAccessException");
	after = write_page(x, shard, after, &at_end);
	if (!at_end)
		buf_putf(&x->answer, ",\"NextShardIterator\":\"%s|%s|%" PRId64 "\"", shard->id, after.digits,
			 env_mono_ms(x->s->env));
	buf_puts(&x->answer, "}");
	return true;
}

static bool describe_table(struct exchange *x)
{
	struct json_writer w;

	if (!str_eq(text_of(x, "TableName"), str_c(x->s->table)))
		return false;
	if (!is_in_time(x))
		return true;
	json_write_init(&w, &x->answer);
	json_begin_object(&w);
	json_key(&w, STR("Table"));
	json_begin_object(&w);
	json_member_str(&w, STR("TableName"), str_c(x->s->table));
	json_member_str(&w, STR("TableStatus"), STR("ACTIVE"));
	json_member_raw(&w, STR("KeySchema"), STR("[{\"AttributeName\":\"id\",\"KeyType\":\"HASH\"}]"));
	json_member_raw(&w, STR("AttributeDefinitions"), STR("[{\"AttributeName\":\"id\",\"AttributeType\":\"S\"}]"));
	json_member_str(&w, STR("LatestStreamArn"), str_c(x->s->arn));
	if (strcmp(x->s->status, "ENABLED") == 0)
		json_member_raw(&w, STR("StreamSpecification"),
				STR("{\"StreamEnabled\":true,\"StreamViewType\":\"NEW_AND_OLD_IMAGES\"}"));
	json_end_object(&w);
	json_end_object(&w);
	return true;
}

/* ---- the transport ---- */

/* False: not one of ours. */
static bool answer(struct exchange *x, struct str target, enum sim_fault fault)
{
	x->status = 200;
	if (str_starts(target, STR("DynamoDBStreams_")) && !is_in_time(x))
		return true;
	if (str_ends(target, STR(".DescribeStream")))
		describe_stream(x);
	else if (str_ends(target, STR(".GetShardIterator")))
		get_iterator(x);
	else if (str_ends(target, STR(".GetRecords")))
		get_records(x, fault);
	else
		return str_ends(target, STR(".DescribeTable")) && describe_table(x);
	return true;
}

static struct sim_shard *shard_meant(struct exchange *x)
{
	struct str id = text_of(x, "ShardId"), iterator = text_of(x, "ShardIterator");

	return sim_shard_named(x->s, id.len ? id : str_split(&iterator, '|'));
}

static bool deliver(struct exchange *x, enum sim_fault fault, struct http_response *response, struct err *err)
{
	struct str text;

	if (fault == SIM_500)
		fail(x, 500, "InternalServerError");
	else if (fault == SIM_THROTTLE)
		fail(x, 400, "ThrottlingException");
	text = buf_str(&x->answer);
	if (fault == SIM_TRUNCATE)
		text = str_sub(text, 0, rng_below(&x->s->env->rng, text.len));
	else if (fault == SIM_GARBAGE)
		text = STR("<html>not what you asked for</html>");
	return sim_answer_put(response, x->request, x->s->env, x->status, text, err);
}

static bool lost(enum sim_fault fault, const struct http_request *request, struct sim_streams *s, struct err *err)
{
	if (fault == SIM_HANG && !task_sleep_ms(s->loop, request->timeout_ms ? request->timeout_ms : 30000, err))
		return false;
	return err_set(err, ERR_RETRY, fault == SIM_HANG ? "http.timeout" : "http.broken", "simulated: the answer is lost");
}

static bool transport_send_sim(struct transport *t, const struct http_request *request, struct http_response *response,
			       struct err *err)
{
	struct sim_streams *s = (struct sim_streams *)t;
	struct str target = sim_request_header(request, "x-amz-target");
	struct exchange x = { .s = s, .request = request };
	enum sim_fault fault = SIM_NO_FAULT;
	struct json *body = NULL;
	bool ours, ok = false;
	char operation[64];

	if (s->latency_ms && !task_sleep_ms(s->loop, 1 + (int64_t)rng_below(&s->env->rng, (uint64_t)s->latency_ms), err))
		return false;
	if (str_starts(target, STR("DynamoDBStreams_")) || str_ends(target, STR(".DescribeTable"))) {
		body = json_parse(request->body, 1 << 20, err);
		if (!body)
			return false;
	}
	x.body = body;
	buf_init(&x.answer, ANSWER_BYTES);
	snprintf(operation, sizeof(operation), "%.*s", STR_ARG(str_from(target, str_find_char(target, '.') + 1)));
	if (s->fault)
		fault = s->fault(s->fault_ctx, operation, shard_meant(&x));
	s->requests++;
	s->faults += fault != SIM_NO_FAULT;
	if (fault == SIM_DROP_BEFORE || fault == SIM_HANG) {
		lost(fault, request, s, err);
		goto out;
	}
	response->sent_ms = response->received_ms = env_mono_ms(s->env);
	ours = answer(&x, target, fault);
	if (!ours) {
		if (!s->next) {
			ok = err_set(err, ERR_RETRY, "http.connect", "simulated: nobody answers %s", operation);
			goto out;
		}
		ok = transport_send(s->next, request, response, err);
		if (ok && fault == SIM_DROP_AFTER)
			ok = lost(fault, request, s, err);
		goto out;
	}
	if (fault == SIM_DROP_AFTER) {
		lost(fault, request, s, err);
		goto out;
	}
	ok = deliver(&x, fault, response, err);
out:
	json_free(body);
	buf_release(&x.answer);
	return ok;
}
