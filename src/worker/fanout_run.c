#include "sluice/worker/fanout_run.h"

#include "sluice/aws/dynamodb.h"
#include "sluice/core/json_write.h"
#include "sluice/core/mem.h"

enum {
	BATCH_ARENA_BYTES = 32 << 20,
	BATCH_LOOKED_AT = 10 * FANOUT_BATCH,  /* members, wanted or not */
	EVENT_BYTES = 8 << 20,
	SCHEMA_BYTES = 1 << 20,
	PAGE_LEAST_BYTES = 16 << 10,
	PAGE_MOST_BYTES = 256 << 10,
};

static struct env *env_of(const struct fanout_job *job)
{
	return job->worker->env;
}

static const struct fanout_settings *settings_of(const struct fanout_job *job)
{
	return job->handler->fanout->settings;
}

/* ---- what the task is about ---- */

static void put_image(struct json_writer *w, const char *name, struct value image)
{
	if (image.type == VALUE_M)
		json_member_raw(w, str_c(name), image.raw);
}

/* The record as far as the task has kept it. */
static void write_event(struct fanout_job *job)
{
	const struct template_context *c = &job->task.context;
	struct json_writer w;

	json_write_init(&w, &job->event);
	json_begin_object(&w);
	json_key(&w, STR("eventID"));
	json_str_escaped(&w, c->event_id);
	json_member_str(&w, STR("eventName"), c->event_name);
	json_member_str(&w, STR("eventSource"), STR("aws:dynamodb"));
	json_key(&w, STR("dynamodb"));
	json_begin_object(&w);
	json_member_int(&w, STR("ApproximateCreationDateTime"), c->event_time_s);
	put_image(&w, "Keys", c->keys);
	put_image(&w, "NewImage", c->new_image);
	put_image(&w, "OldImage", c->old_image);
	json_member_str(&w, STR("SequenceNumber"), c->event_sequence);
	json_end_object(&w);
	json_end_object(&w);
	job->record = (struct record){
		.raw = buf_str(&job->event), .event_id = c->event_id, .created_s = c->event_time_s, .keys = c->keys,
		.new_image = c->new_image, .old_image = c->old_image, .v = c->event_v,
	};
	if (!sequence_parse(c->event_sequence, &job->record.sequence, NULL))
		job->record.sequence = (struct sequence){ 0 };
}

static bool read_task(struct fanout_job *job, struct err *err)
{
	const struct fanout_settings *s = settings_of(job);
	int64_t latest;

	if (!fanout_task_read(job->lease.id, job->lease.row, &job->lease.arena, &job->task, err))
		return false;
	write_event(job);
	job->expires_at_s = job->task.expires_at_s;
	latest = s->max_age_s ? job->task.created_s + s->max_age_s : 0;
	if (latest && (!job->expires_at_s || latest < job->expires_at_s))
		job->expires_at_s = latest;
	return true;
}

static bool is_expired(struct fanout_job *job)
{
	int64_t now_s = aws_service_time_ms(job->worker->dynamodb) / 1000;

	if (job->expires_at_s && now_s >= job->expires_at_s)
		job->expired = true;
	return job->expired;
}

/* ---- the audience against the tables as they are ---- */

static bool describe(struct fanout_job *job, const struct fanout_source *s, struct table_description *out,
		     struct err *err)
{
	struct aws_client *c = job->worker->dynamodb;
	bool global;

	if (s->index.len == 0)
		return dynamodb_describe_table(c, s->table, &job->lease.arena, out, err);
	if (!dynamodb_describe_index(c, s->table, s->index, &job->lease.arena, out, &global, err))
		return false;
	if (global && s->consistent)
		return err_set(err, ERR_DATA, "fanout.audience", "index %.*s of table %.*s is global and cannot be read consistently",
			       STR_ARG(s->index), STR_ARG(s->table));
	return true;
}

static bool check_source(const struct fanout_job *job, const struct fanout_source *s, const struct table_description *t,
			 struct err *err)
{
	struct str member = settings_of(job)->member;

	if (s->kind == FANOUT_SCAN) {
		if (str_eq(t->key_names[0], member) && t->key_names[1].len == 0)
			return true;
		return err_set(err, ERR_DATA, "fanout.audience", "the member %.*s must be the only key of table %.*s, which is scanned; its keys are %.*s %.*s",
			       STR_ARG(member), STR_ARG(s->table), STR_ARG(t->key_names[0]), STR_ARG(t->key_names[1]));
	}
	if (!str_eq(t->key_names[1], member))
		return err_set(err, ERR_DATA, "fanout.audience", "the member %.*s must be the sort key of table %.*s%s%.*s, which has %s%.*s",
			       STR_ARG(member), STR_ARG(s->table), s->index.len ? " index " : "", STR_ARG(s->index),
			       t->key_names[1].len ? "" : "none", STR_ARG(t->key_names[1]));
	if (s->sort_prefix.len && t->key_types[1] != 'S')
		return err_set(err, ERR_DATA, "fanout.audience", "sort_prefix needs a sort key of type S; that of table %.*s is %c",
			       STR_ARG(s->table), t->key_types[1]);
	if (s->key_attribute.len && !str_eq(s->key_attribute, t->key_names[0]))
		return err_set(err, ERR_DATA, "fanout.audience", "key_attribute is %.*s, but the partition key of table %.*s is %.*s",
			       STR_ARG(s->key_attribute), STR_ARG(s->table), STR_ARG(t->key_names[0]));
	if (value_type_name(s->key.type)[0] != t->key_types[0])
		return err_set(err, ERR_DATA, "fanout.audience", "key is of type %s, but the partition key %.*s of table %.*s is %c",
			       value_type_name(s->key.type), STR_ARG(t->key_names[0]), STR_ARG(s->table), t->key_types[0]);
	return true;
}

static enum value_type member_type(const struct fanout_source *s, const struct table_description *t)
{
	struct value_iter it;
	struct value v;

	if (s->kind == FANOUT_QUERY)
		return value_type_of(str_of(&t->key_types[1], 1));
	if (s->kind == FANOUT_SCAN)
		return value_type_of(str_of(&t->key_types[0], 1));
	value_iter_init(&it, s->members);
	return value_iter_next(&it, NULL, &v, NULL) ? v.type : VALUE_NONE;
}

static bool same_table(const struct fanout_source *a, const struct fanout_source *b)
{
	return a->kind == b->kind && str_eq(a->table, b->table) && str_eq(a->index, b->index) &&
	       a->consistent == b->consistent;
}

/* Waits out what can mend: a table that is not there yet, a permission. */
static bool describe_patiently(struct fanout_job *job, const struct fanout_source *s, struct table_description *out,
			       struct err *err)
{
	for (int64_t round = 1; !describe(job, s, out, err); round++) {
		if (!err_can_wait(err))
			return false;
		log_warn(env_of(job)->log, "fanout.audience_waiting", LOG_STR("task", job->lease.id), LOG_STR("table", s->table),
			 LOG_INT("rounds", round), LOG_ERR(err));
		if (is_expired(job) || !delivery_pause(job->worker, failure_delay_ms(err, round, &env_of(job)->rng)))
			return err_set(err, ERR_CANCELLED, "fanout.stopped", "stopped while waiting for table %.*s", STR_ARG(s->table));
	}
	return true;
}

/* Checks all sources and makes their streams. */
static bool open_streams(struct fanout_job *job, struct err *err)
{
	enum value_type type = VALUE_NONE, first = VALUE_NONE;
	struct table_description table = { 0 };
	size_t n = job->task.n_sources;

	job->streams = mem_array(n, sizeof(*job->streams));
	for (size_t i = 0; i < n; i++) {
		const struct fanout_source *s = &job->task.sources[i];
		bool known = i > 0 && same_table(s, &job->task.sources[i - 1]);

		fanout_stream_init(&job->streams[i], &job->reading, s, STR(""));
		if (s->kind != FANOUT_MEMBERS && !known && !describe_patiently(job, s, &table, err))
			return false;
		if (s->kind != FANOUT_MEMBERS && !check_source(job, s, &table, err))
			return false;
		job->streams[i].partition_key = table.key_names[0];
		type = member_type(s, &table);
		if (type != VALUE_NONE && first != VALUE_NONE && type != first)
			return err_set(err, ERR_DATA, "fanout.audience", "members of type %s (table %.*s) cannot be merged with members of type %s",
				       value_type_name(type), STR_ARG(s->table), value_type_name(first));
		first = first == VALUE_NONE ? type : first;
	}
	return true;
}

/* ---- the rate ---- */

static size_t batch_members(const struct fanout_job *job)
{
	int64_t rate = settings_of(job)->rate_per_s;

	if (rate == 0 || rate >= 4 * FANOUT_BATCH)
		return FANOUT_BATCH;
	return rate < 4 ? 1 : (size_t)rate / 4;
}

/* Yields until n more may be sent; each worker that runs tasks of the handler has
 * its share of the rate. */
static bool keep_rate(struct fanout_job *job, size_t n)
{
	struct fanout_handler *h = job->handler;
	int64_t rate = settings_of(job)->rate_per_s, now_us = env_mono_ms(env_of(job)) * 1000, begin_us;
	int64_t workers = h->workers ? (int64_t)h->workers : 1;

	if (rate == 0)
		return true;
	begin_us = h->free_us > now_us ? h->free_us : now_us;
	h->free_us = begin_us + (int64_t)n * 1000000 * workers / rate;
	return begin_us == now_us || delivery_pause(job->worker, (begin_us - now_us + 999) / 1000);
}

/* ---- one batch ---- */

struct batch {
	struct fanout_job *job;
	struct effect_batch effects;
	struct delivery_loss *losses;
	size_t n_losses;
	struct value last;               /* looked at; NONE: none */
	size_t looked_at;
	bool end;
};

static struct str member_json(struct arena *a, struct value member)
{
	struct str json = STR("null");
	struct buf text;

	buf_init(&text, 64 << 10);
	if (value_write_plain(member, &text, NULL))
		json = arena_dup(a, buf_str(&text));
	buf_release(&text);
	return json.ptr ? json : STR("null");
}

static struct str member_of(void *owner, const struct effect *e)
{
	struct fanout_job *job = owner;

	for (size_t i = 0; i < job->batch->count; i++)
		if (job->batch->effects[i] == e)
			return member_json(&job->batch->arena, job->members[i]);
	return STR("null");
}

static void lost(void *owner, const struct delivery_loss *loss)
{
	(void)owner;
	(void)loss;
}

static bool fill(struct batch *b, const struct fanout_stream *s, struct value member, struct err *err)
{
	struct fanout_job *job = b->job;
	struct fanout *f = job->handler->fanout;
	struct arena *a = &b->effects.arena;
	struct template_context context;
	char id[FANOUT_NOTIFICATION_LEN + 1];
	struct effect_message message;
	struct effect *e;
	bool wanted;

	if (!fanout_notification_id(job->lease.id, member, a, id, err) ||
	    !fanout_member_context(f, &job->task, s->row, member, str_c(id), a, &context, err) ||
	    !fanout_wants(f, &context, &wanted, err))
		return false;
	if (!wanted)
		return true;
	if (!fanout_fill(f, &context, member, a, &message, err))
		return false;
	e = effect_new(&b->effects, EFFECT_MESSAGE, 0, err);
	if (!e)
		return false;
	message.conditional = f->item && job->conditional_left > 0;
	if (message.conditional)
		job->conditional_left--;
	e->message = message;
	job->members[b->effects.count - 1] = member;
	return true;
}

/* A member that cannot be told goes to the dead letter, the rest goes on. */
static bool take_member(struct batch *b, const struct fanout_stream *s, struct err *err)
{
	struct arena *a = &b->effects.arena;
	struct value member = { s->member.type, arena_dup(a, s->member.raw) };
	struct err *why;

	b->looked_at++;
	if (!member.raw.ptr)
		return effect_no_memory(&b->effects, err);
	if (!fill(b, s, member, err)) {
		why = err->class == ERR_DATA ? ARENA_NEW(a, struct err) : NULL;
		if (!why)
			return err->class != ERR_DATA ? false : effect_no_memory(&b->effects, err);
		*why = *err;
		b->losses[b->n_losses++] = (struct delivery_loss){ .member = member_json(a, member), .why = why, .attempts = 1 };
	}
	b->last = member;
	return true;
}

static bool is_full(const struct batch *b)
{
	return b->effects.count + b->n_losses >= batch_members(b->job) || b->effects.arena.used >= FANOUT_BATCH_BYTES ||
	       b->looked_at >= BATCH_LOOKED_AT;
}

static bool gather(struct batch *b, struct err *err)
{
	const struct fanout_stream *s;

	while (!is_full(b)) {
		if (!fanout_merge_next(&b->job->merge, &s, err))
			return false;
		b->end = s == NULL;
		if (b->end)
			return true;
		if (!take_member(b, s, err))
			return false;
	}
	return true;
}

static bool save_in_time(struct fanout_job *job, size_t n)
{
	struct err err;

	job->unsaved += n;
	if (!job->handler->fanout->item || job->unsaved <= FANOUT_UNSAVED_MAX)
		return true;
	for (int64_t round = 1; !fanout_lease_save(&job->lease, &err); round++) {
		if (!job->lease.held || !delivery_pause(job->worker, failure_delay_ms(&err, round, &env_of(job)->rng)))
			return false;
	}
	job->unsaved = n;
	return true;
}

/* Sends what was gathered. False: the task goes no further here. */
static bool deliver(struct batch *b)
{
	struct fanout_job *job = b->job;
	size_t n = b->effects.count;
	struct effect **effects = mem_array(n, sizeof(struct effect *)); /* the batch's own stay in order */
	uint64_t sent = 0;
	bool ok;

	if (n)
		memcpy(effects, b->effects.effects, n * sizeof(struct effect *));
	ok = save_in_time(job, n) && keep_rate(job, n) && delivery_run(&job->site, effects, n) &&
	     delivery_dead_letter(&job->site, b->losses, b->n_losses);
	for (size_t i = 0; i < n; i++)
		sent += effects[i] && b->effects.effects[i]->state == EFFECT_DONE;
	job->handler->h->stats.notified += sent;
	if (ok && b->last.type != VALUE_NONE)
		fanout_lease_advance(&job->lease, b->last, sent);
	mem_free(effects);
	return ok;
}

static bool run_batch(struct fanout_job *job)
{
	struct batch b = { .job = job };
	struct err err = { 0 };
	bool ok;

	effect_batch_init(&b.effects, &job->site.source, BATCH_ARENA_BYTES);
	b.effects.records = job->records;
	b.effects.n_records = 1;
	b.losses = mem_array(batch_members(job), sizeof(*b.losses));
	job->batch = &b.effects;
	job->gathering = true;
	ok = gather(&b, &err);
	job->gathering = false;
	if (!ok && err.class != ERR_CANCELLED)
		job->failure = err;
	ok = ok && deliver(&b);
	job->sent_all = ok && b.end;
	job->batch = NULL;
	mem_free(b.losses);
	effect_batch_release(&b.effects);
	return ok;
}

/* ---- one task ---- */

static bool may_go_on(struct fanout_job *job)
{
	return job->go && !job->worker->drain.set && !job->handler->h->place->stopped && !is_expired(job) &&
	       !task_cancelled(job->worker->loop);
}

static void send_task(void *arg)
{
	struct fanout_job *job = arg;

	while (may_go_on(job) && run_batch(job) && !job->sent_all)
		;
}

/* Saves while the task goes on; stops it when it is lost or has expired. */
static void ticker_task(void *arg)
{
	struct fanout_job *job = arg;
	struct err err;

	while (job->go && delivery_pause(job->worker, job->worker->plan->checkpoint_ms)) {
		if (is_expired(job))
			break;
		if (!fanout_lease_save(&job->lease, &err) && err.class != ERR_CANCELLED)
			log_warn(env_of(job)->log, job->lease.held ? "fanout.save_failed" : "fanout.lost",
				 LOG_STR("task", job->lease.id), LOG_ERR(&err));
		if (!job->lease.held)
			scope_cancel(&job->senders);
		if (!job->lease.held || job->handler->h->place->stopped)
			break;
	}
	if (job->expired || !job->lease.held)
		job->go = false;
	if (job->gathering) /* nothing is on its way to the sink; the audience may take long */
		scope_cancel(&job->senders);
}

static void set_site(struct fanout_job *job, struct failure_policy *policy)
{
	struct fanout_handler *h = job->handler;

	*policy = h->h->policy;
	policy->max_age_s = 0; /* outages are waited out; expires and max_age_s of the fan-out end it */
	job->site = (struct delivery_site){
		.pipeline = h->pipeline, .h = h->h, .sink = h->h->notifications, .policy = policy,
		.source = { .app = h->pipeline->app, .pipeline = h->pipeline->name, .handler = h->h->place->name,
			    .table = h->pipeline->table, .shard_id = STR("fanout") },
		.records = job->records, .n_records = 1, .held = &job->go, .place_name = "task", .place = job->lease.id,
		.owner = job, .member_of = member_of, .lost = lost,
	};
}

static void set_reading(struct fanout_job *job)
{
	struct worker *w = job->worker;
	size_t pages = job->memory_bytes > 2 * FANOUT_BATCH_BYTES ? job->memory_bytes - FANOUT_BATCH_BYTES : FANOUT_BATCH_BYTES;
	size_t page = pages / (2 * (job->task.n_sources ? job->task.n_sources : 1));

	page = page < PAGE_LEAST_BYTES ? PAGE_LEAST_BYTES : page > PAGE_MOST_BYTES ? PAGE_MOST_BYTES : page;
	job->reading = (struct fanout_reading){
		.loop = w->loop, .dynamodb = w->dynamodb, .budget = &w->budget, .fanout = job->handler->fanout,
		.task = job->lease.id, .page_bytes = page, .fetchers = &job->fetchers,
	};
	if (job->lease.resume.len)
		value_read(arena_dup(&job->lease.arena, buf_str(&job->lease.resume)), &job->reading.resume, NULL);
}

/* With memory for a batch, for why each of it failed, and for two pages of each
 * source. A task keeps it through an outage of its sink: all tasks together have a
 * quarter of the worker's memory, out of the pages' part. */
static void send_all(struct fanout_job *job)
{
	struct worker *w = job->worker;
	size_t reserved = FANOUT_BATCH_BYTES + batch_members(job) * sizeof(struct err) +
			  2 * job->task.n_sources * job->reading.page_bytes;

	if (!budget_take(&w->budget, reserved, NULL))
		return;
	job->members = mem_array(batch_members(job), sizeof(*job->members));
	fanout_merge_init(&job->merge, job->streams, job->task.n_sources);
	job->conditional_left = job->lease.resumed ? 2 * FANOUT_UNSAVED_MAX : 0;
	scope_init(&job->fetchers, w->loop);
	scope_init(&job->senders, w->loop);
	scope_init(&job->ticker, w->loop);
	scope_spawn(&job->senders, "fanout.send", send_task, job);
	scope_spawn(&job->ticker, "fanout.save", ticker_task, job);
	scope_wait(&job->senders);
	scope_cancel(&job->ticker);
	scope_wait(&job->ticker);
	scope_cancel(&job->fetchers);
	scope_wait(&job->fetchers);
	fanout_merge_release(&job->merge);
	mem_free(job->members);
	budget_return(&w->budget, reserved);
}

static void run_task(struct fanout_job *job)
{
	struct failure_policy policy;

	set_site(job, &policy);
	job->go = true;
	if (!read_task(job, &job->failure))
		return;
	if (is_expired(job))
		return;
	set_reading(job);
	if (open_streams(job, &job->failure))
		send_all(job);
	for (size_t i = 0; i < job->task.n_sources; i++)
		if (job->streams[i].reading)
			fanout_stream_release(&job->streams[i]);
	mem_free(job->streams);
}

/* ---- its end ---- */

static bool has_failed(const struct fanout_job *job)
{
	return job->failure.class == ERR_DATA || job->failure.class == ERR_FATAL;
}

static void say_end(struct fanout_job *job, enum fanout_status status)
{
	const struct fanout_handler *h = job->handler;

	log_at(env_of(job)->log, status == FANOUT_DONE ? LOG_INFO : LOG_WARN, "fanout.end",
	       LOG_STR("pipeline", h->pipeline->name), LOG_STR("handler", h->h->place->name), LOG_STR("task", job->lease.id),
	       LOG_TEXT("status", fanout_status_name(status)), LOG_INT("sent", job->lease.sent),
	       LOG_INT("skipped", job->reading.skipped), LOG_TEXT("reason", has_failed(job) ? job->failure.text : ""));
}

/* A task that can never be done is reported as its record would have been. */
static bool report_failure(struct fanout_job *job)
{
	struct failure_policy policy;
	struct delivery_loss loss = { .why = &job->failure, .attempts = 1 };

	if (!job->handler->h->dead_letter)
		return true; /* the row says it, and the log */
	set_site(job, &policy);
	job->go = true;
	return delivery_dead_letter(&job->site, &loss, 1);
}

/* False: it is left to the next who takes it. */
static bool end_task(struct fanout_job *job, enum fanout_status status)
{
	struct str reason = status == FANOUT_FAILED ? str_c(job->failure.text) : STR("");
	struct err err;

	if (status == FANOUT_FAILED && !report_failure(job))
		return false;
	for (int64_t round = 1; !fanout_lease_end(&job->lease, status, reason, &err); round++) {
		if (!job->lease.held)
			return true;
		log_warn(env_of(job)->log, "fanout.save_failed", LOG_STR("task", job->lease.id), LOG_ERR(&err));
		if (!delivery_pause(job->worker, failure_delay_ms(&err, round, &env_of(job)->rng)))
			return false;
	}
	job->handler->h->stats.expired += status == FANOUT_EXPIRED;
	say_end(job, status);
	return true;
}

static void give_up(struct fanout_job *job)
{
	struct err err;

	job->lease.status = FANOUT_OPEN;
	job->lease.reason = STR("");
	if (heartbeat_lapsed(&job->worker->heartbeat)) /* it may be another's: the next listing shows whose */
		return;
	task_shield_begin(job->worker->loop);
	if (!fanout_lease_give_up(&job->lease, &err) && err.class != ERR_CANCELLED)
		log_warn(env_of(job)->log, "fanout.give_up_failed", LOG_STR("task", job->lease.id), LOG_ERR(&err));
	task_shield_end(job->worker->loop);
}

static void finish(struct fanout_job *job)
{
	bool ended = false;

	if (has_failed(job))
		ended = end_task(job, FANOUT_FAILED);
	else if (job->sent_all)
		ended = end_task(job, FANOUT_DONE);
	else if (job->expired)
		ended = end_task(job, FANOUT_EXPIRED);
	if (!ended && job->lease.held)
		give_up(job);
}

void fanout_job_run(struct fanout_job *job)
{
	const struct fanout_handler *h = job->handler;
	bool taken = false;
	struct err err;

	buf_init(&job->event, EVENT_BYTES);
	job->records[0] = &job->record;
	job->record.raw = STR("{}");
	if (!fanout_lease_take(&job->lease, job->owner_hash, &taken, &err) && err.class != ERR_CANCELLED)
		log_warn(env_of(job)->log, "fanout.take_failed", LOG_STR("task", job->lease.id), LOG_ERR(&err));
	if (taken) {
		log_info(env_of(job)->log, "fanout.begin", LOG_STR("pipeline", h->pipeline->name),
			 LOG_STR("handler", h->h->place->name), LOG_STR("task", job->lease.id), LOG_INT("sent", job->lease.sent));
		run_task(job);
		finish(job);
	}
	buf_release(&job->event);
}
