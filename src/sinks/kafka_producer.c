/* librdkafka's producer. Delivery reports, errors and logs come as events of its
 * main queue; an eventfd tells the loop when that queue stops being empty.
 */
#include "sluice/core/mem.h"
#include "sluice/sinks/producer.h"

#include <librdkafka/rdkafka.h>

#include <errno.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { EVENTS_A_TURN = 64, LONGEST_TOPIC = 249 };

struct kafka_producer {
	struct producer base;
	struct loop *loop;
	struct producer_listener listener;
	rd_kafka_t *rk;
	rd_kafka_queue_t *events;
	int fd;
	struct watch watch;
	bool fatal;
	char complaint[256];
};

/* ---- properties ---- */

/* What would take a guarantee away, or has a setting of its own. */
static const struct {
	struct str name;
	const char *instead;
} refused[] = {
	{ STR_INIT("bootstrap.servers"), "use the setting `brokers`" },
	{ STR_INIT("metadata.broker.list"), "use the setting `brokers`" },
	{ STR_INIT("client.id"), "use the setting `client_id`" },
	{ STR_INIT("transactional.id"), "sluice names transactions itself" },
	{ STR_INIT("delivery.report.only.error"), "sluice acknowledges by delivery reports" },
	{ STR_INIT("queuing.strategy"), "the order of messages must be kept" },
	{ STR_INIT("queue.buffering.max.messages"), "use the setting `queue_messages`" },
	{ STR_INIT("queue.buffering.max.kbytes"), "use the setting `queue_bytes`" },
	{ STR_INIT("message.timeout.ms"), "it follows leases.failover_s" },
	{ STR_INIT("delivery.timeout.ms"), "it follows leases.failover_s" },
	{ STR_INIT("log.queue"), "sluice reads the client's log itself" },
};

static bool is_acks(struct str name)
{
	return str_eq(name, STR("acks")) || str_eq(name, STR("request.required.acks"));
}

static bool property_allowed(struct str name, struct str value, struct err *err)
{
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		if (str_eq(name, refused[i].name))
			return err_set(err, ERR_FATAL, "kafka.property", "property %.*s may not be set here: %s",
				       STR_ARG(name), refused[i].instead);
	if (is_acks(name) && !str_eq(value, STR("all")) && !str_eq(value, STR("-1")))
		return err_set(err, ERR_FATAL, "kafka.property",
			       "property %.*s must stay \"all\": a message counts as delivered when all in-sync "
			       "replicas have it",
			       STR_ARG(name));
	return true;
}

/* Values may be passwords: none is ever repeated. */
static bool set_property(rd_kafka_conf_t *conf, struct str name, struct str value, struct err *err)
{
	char *n = mem_dup(name.ptr, name.len), *v = mem_dup(value.ptr, value.len);
	char ignored[256];
	rd_kafka_conf_res_t result = rd_kafka_conf_set(conf, n, v, ignored, sizeof(ignored));

	mem_wipe(ignored, sizeof(ignored));
	mem_wipe(v, value.len);
	mem_free(v);
	mem_free(n);
	if (result == RD_KAFKA_CONF_OK)
		return true;
	return err_set(err, ERR_FATAL, "kafka.property",
		       result == RD_KAFKA_CONF_UNKNOWN ? "librdkafka has no property %.*s"
						       : "librdkafka does not take the value given for property %.*s",
		       STR_ARG(name));
}

static bool split_property(struct str property, struct str *name, struct str *value, struct err *err)
{
	size_t at = str_find_char(property, '=');

	if (at == SIZE_MAX || at == 0)
		return err_set(err, ERR_FATAL, "kafka.property",
			       "a property has the form \"name=value\", such as \"compression.type=lz4\"");
	*name = str_trim(str_sub(property, 0, at));
	*value = str_trim(str_from(property, at + 1));
	return true;
}

static bool put_user_property(rd_kafka_conf_t *conf, struct str property, struct err *err)
{
	struct str name, value;

	return split_property(property, &name, &value, err) && property_allowed(name, value, err) &&
	       set_property(conf, name, value, err);
}

bool kafka_property_check(struct str property, struct err *err)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	bool ok = put_user_property(conf, property, err);

	rd_kafka_conf_destroy(conf);
	return ok;
}

static bool put_number(rd_kafka_conf_t *conf, const char *name, int64_t n, struct err *err)
{
	char text[24];

	snprintf(text, sizeof(text), "%lld", (long long)n);
	return set_property(conf, str_c(name), str_c(text), err);
}

static bool is_off(const rd_kafka_conf_t *conf, const char *name)
{
	char value[16];
	size_t size = sizeof(value);

	return rd_kafka_conf_get(conf, name, value, &size) == RD_KAFKA_CONF_OK && strcmp(value, "false") == 0;
}

static bool configure(rd_kafka_conf_t *conf, const struct producer_settings *s, struct err *err)
{
	static const struct {
		struct str name, value;
	} defaults[] = {
		{ STR_INIT("enable.idempotence"), STR_INIT("true") },
		{ STR_INIT("acks"), STR_INIT("all") },
		{ STR_INIT("linger.ms"), STR_INIT("5") },
		{ STR_INIT("partitioner"), STR_INIT("murmur2_random") },
		{ STR_INIT("log_level"), STR_INIT("4") },
		{ STR_INIT("log.queue"), STR_INIT("true") },
		{ STR_INIT("socket.keepalive.enable"), STR_INIT("true") },
	};

	for (size_t i = 0; i < sizeof(defaults) / sizeof(defaults[0]); i++)
		if (!set_property(conf, defaults[i].name, defaults[i].value, err))
			return false;
	if (!set_property(conf, STR("bootstrap.servers"), s->brokers, err) ||
	    !set_property(conf, STR("client.id"), s->client_id, err) ||
	    !put_number(conf, "queue.buffering.max.messages", s->queue_messages, err) ||
	    !put_number(conf, "queue.buffering.max.kbytes", s->queue_bytes / 1024, err))
		return false;
	for (size_t i = 0; i < s->properties->count; i++)
		if (!put_user_property(conf, s->properties->items[i], err))
			return false;
	/* Without idempotence only one request at a time keeps the order over retries. */
	if (is_off(conf, "enable.idempotence") && !put_number(conf, "max.in.flight.requests.per.connection", 1, err))
		return false;
	return put_number(conf, "message.timeout.ms", s->message_timeout_ms, err);
}

/* ---- events ---- */

struct verdict {
	rd_kafka_resp_err_t error;
	enum err_class class;
	bool breaks;
	const char *code, *hint;
};

/* What is not here leaves the message's fate open. */
static const struct verdict verdicts[] = {
	{ RD_KAFKA_RESP_ERR_NO_ERROR, ERR_NONE, false, "", "" },
	{ RD_KAFKA_RESP_ERR__MSG_TIMED_OUT, ERR_RETRY, true, "kafka.timeout",
	  "; is the cluster reachable and does the topic have a leader?" },
	{ RD_KAFKA_RESP_ERR__PURGE_QUEUE, ERR_RETRY, true, "kafka.purged", "" },
	{ RD_KAFKA_RESP_ERR__PURGE_INFLIGHT, ERR_RETRY, true, "kafka.purged", "" },
	{ RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, ERR_DATA, false, "kafka.message",
	  "; raise message.max.bytes here and at the broker, or send less" },
	{ RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE, ERR_DATA, false, "kafka.message", "" },
	{ RD_KAFKA_RESP_ERR_INVALID_RECORD, ERR_DATA, false, "kafka.message", "" },
	{ RD_KAFKA_RESP_ERR_POLICY_VIOLATION, ERR_AUTH, false, "kafka.policy", "" },
	{ RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, ERR_RETRY, false, "kafka.no_topic",
	  "; create the topic, the messages are waiting" },
	{ RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, ERR_RETRY, false, "kafka.no_topic",
	  "; create the topic, the messages are waiting" },
	{ RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION, ERR_RETRY, false, "kafka.no_topic", "" },
	{ RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION, ERR_FATAL, false, "kafka.topic", "; no topic may have that name" },
	{ RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, ERR_AUTH, false, "kafka.auth",
	  "; allow this client WRITE and DESCRIBE on the topic" },
	{ RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED, ERR_AUTH, true, "kafka.auth",
	  "; allow this client IDEMPOTENT_WRITE on the cluster" },
	{ RD_KAFKA_RESP_ERR__AUTHENTICATION, ERR_AUTH, true, "kafka.auth", "; check the sasl. properties" },
	{ RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED, ERR_AUTH, true, "kafka.auth", "; check the sasl. properties" },
	{ RD_KAFKA_RESP_ERR__QUEUE_FULL, ERR_THROTTLE, false, "kafka.queue_full", "" },
};

static const struct verdict *verdict_of(rd_kafka_resp_err_t error)
{
	static const struct verdict open = { .class = ERR_RETRY, .breaks = true, .code = "kafka.failed", .hint = "" };

	for (size_t i = 0; i < sizeof(verdicts) / sizeof(verdicts[0]); i++)
		if (verdicts[i].error == error)
			return &verdicts[i];
	return &open;
}

static void report(struct kafka_producer *p, const rd_kafka_message_t *m)
{
	const struct verdict *v = verdict_of(m->err);
	char text[256];
	struct producer_report r = {
		.opaque = m->_private, .class = v->class, .breaks = v->breaks, .code = v->code, .text = text
	};

	if (v->class == ERR_NONE)
		p->complaint[0] = '\0';
	snprintf(text, sizeof(text), "%s%s", v->class == ERR_NONE ? "" : rd_kafka_err2str(m->err), v->hint);
	p->listener.reported(p->listener.ctx, &r);
}

static void note_fatal(struct kafka_producer *p)
{
	char text[300] = "";
	struct err why = { 0 };
	rd_kafka_resp_err_t error = rd_kafka_fatal_error(p->rk, text, sizeof(text));

	if (p->fatal || error == RD_KAFKA_RESP_ERR_NO_ERROR)
		return;
	p->fatal = true;
	err_set(&why, ERR_RETRY, "kafka.fatal", "the producer gave up: %s: %s", rd_kafka_err2str(error), text);
	p->listener.broke(p->listener.ctx, &why);
}

static void log_line(struct kafka_producer *p, rd_kafka_event_t *e)
{
	const char *facility, *text;
	int level;

	if (rd_kafka_event_log(e, &facility, &text, &level) == 0)
		log_warn(loop_env(p->loop)->log, "kafka.client", LOG_TEXT("facility", facility),
			 LOG_TEXT("text", text));
}

static void take_event(struct kafka_producer *p, rd_kafka_event_t *e)
{
	const rd_kafka_message_t *m;

	switch (rd_kafka_event_type(e)) {
	case RD_KAFKA_EVENT_DR:
		while ((m = rd_kafka_event_message_next(e)))
			report(p, m);
		break;
	case RD_KAFKA_EVENT_ERROR:
		snprintf(p->complaint, sizeof(p->complaint), "%s", rd_kafka_event_error_string(e));
		if (rd_kafka_event_error(e) == RD_KAFKA_RESP_ERR__FATAL)
			note_fatal(p);
		break;
	case RD_KAFKA_EVENT_LOG:
		log_line(p, e);
		break;
	default:
		break;
	}
}

/* The descriptor speaks only when the queue stops being empty: what a turn leaves
 * must be asked for anew. */
static void drain(void *arg, uint32_t ready)
{
	struct kafka_producer *p = arg;
	uint64_t n = 1;
	int taken = 0;
	rd_kafka_event_t *e;

	(void)ready;
	if (read(p->fd, &n, sizeof(n)) < 0 && errno != EAGAIN)
		log_warn(loop_env(p->loop)->log, "kafka.eventfd", LOG_TEXT("error", strerror(errno)));
	while (taken < EVENTS_A_TURN && (e = rd_kafka_queue_poll(p->events, 0))) {
		take_event(p, e);
		rd_kafka_event_destroy(e);
		taken++;
	}
	n = 1;
	if (taken == EVENTS_A_TURN && write(p->fd, &n, sizeof(n)) < 0)
		log_warn(loop_env(p->loop)->log, "kafka.eventfd", LOG_TEXT("error", strerror(errno)));
	p->listener.progressed(p->listener.ctx);
}

/* ---- the producer ---- */

static bool refuse(const struct effect_message *m, rd_kafka_resp_err_t error, const char *text, struct err *err)
{
	const struct verdict *v = verdict_of(error);

	return err_set(err, v->class, v->code, "%s (%zu bytes)%s", text, m->body.len, v->hint);
}

static rd_kafka_headers_t *make_headers(const struct effect_message *m)
{
	rd_kafka_headers_t *headers = m->n_headers ? rd_kafka_headers_new(m->n_headers) : NULL;

	for (size_t i = 0; i < m->n_headers; i++)
		rd_kafka_header_add(headers, m->headers[i].name.ptr, (ssize_t)m->headers[i].name.len,
				    m->headers[i].value.ptr, (ssize_t)m->headers[i].value.len);
	return headers;
}

static bool produce(struct producer *base, const struct effect_message *m, void *opaque, struct err *err)
{
	struct kafka_producer *p = (struct kafka_producer *)base;
	rd_kafka_headers_t *headers;
	rd_kafka_error_t *error;
	char topic[LONGEST_TOPIC + 1];

	if (m->address.len == 0 || m->address.len > LONGEST_TOPIC || memchr(m->address.ptr, '\0', m->address.len))
		return err_set(err, ERR_FATAL, "kafka.topic", "\"%.*s\" cannot name a topic",
			       STR_ARG(str_sub(m->address, 0, 60)));
	memcpy(topic, m->address.ptr, m->address.len);
	topic[m->address.len] = '\0';
	headers = make_headers(m);

	/* No key, rather than an empty one, spreads over the partitions. */
	const rd_kafka_vu_t parts[] = {
		{ .vtype = RD_KAFKA_VTYPE_TOPIC, .u.cstr = topic },
		{ .vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u.i = RD_KAFKA_MSG_F_COPY },
		{ .vtype = RD_KAFKA_VTYPE_VALUE, .u.mem = { (void *)m->body.ptr, m->body.len } },
		{ .vtype = RD_KAFKA_VTYPE_KEY, .u.mem = { m->key.len ? (void *)m->key.ptr : NULL, m->key.len } },
		{ .vtype = RD_KAFKA_VTYPE_OPAQUE, .u.ptr = opaque },
		{ .vtype = RD_KAFKA_VTYPE_HEADERS, .u.headers = headers },
	};

	error = rd_kafka_produceva(p->rk, parts, sizeof(parts) / sizeof(parts[0]) - (headers ? 0 : 1));
	if (!error)
		return true;
	if (headers)
		rd_kafka_headers_destroy(headers);
	refuse(m, rd_kafka_error_code(error), rd_kafka_error_string(error), err);
	if (rd_kafka_error_code(error) == RD_KAFKA_RESP_ERR__FATAL)
		note_fatal(p);
	rd_kafka_error_destroy(error);
	return false;
}

static void purge(struct producer *base)
{
	struct kafka_producer *p = (struct kafka_producer *)base;

	rd_kafka_purge(p->rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT | RD_KAFKA_PURGE_F_NON_BLOCKING);
}

static struct str complaint(struct producer *base)
{
	return str_c(((struct kafka_producer *)base)->complaint);
}

struct metadata_job {
	rd_kafka_t *rk;
	int timeout_ms;
	rd_kafka_resp_err_t error;
};

static void ask_metadata(void *arg)
{
	struct metadata_job *job = arg;
	const struct rd_kafka_metadata *found = NULL;

	job->error = rd_kafka_metadata(job->rk, 0, NULL, &found, job->timeout_ms);
	if (found)
		rd_kafka_metadata_destroy(found);
}

static bool probe(struct producer *base, int64_t timeout_ms, struct err *err)
{
	struct kafka_producer *p = (struct kafka_producer *)base;
	struct metadata_job job = { .rk = p->rk, .timeout_ms = (int)timeout_ms };

	task_offload(p->loop, ask_metadata, &job);
	if (job.error == RD_KAFKA_RESP_ERR_NO_ERROR)
		return true;
	return err_set(err, ERR_RETRY, "kafka.unreachable", "no metadata within %d ms: %s%s%s", job.timeout_ms,
		       rd_kafka_err2str(job.error), p->complaint[0] ? "; " : "", p->complaint);
}

static void destroy(void *arg)
{
	rd_kafka_destroy(arg);
}

static void close_producer(struct producer *base)
{
	struct kafka_producer *p = (struct kafka_producer *)base;

	rd_kafka_queue_io_event_enable(p->events, -1, NULL, 0);
	loop_unwatch(&p->watch);
	rd_kafka_queue_destroy(p->events);
	task_offload(p->loop, destroy, p->rk);
	close(p->fd);
	mem_free(p);
}

static const struct producer_ops ops = {
	.produce = produce,
	.purge = purge,
	.complaint = complaint,
	.probe = probe,
	.close = close_producer,
};

static rd_kafka_t *make_client(const struct producer_settings *s, struct err *err)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	char text[256] = "";
	rd_kafka_t *rk;

	if (!configure(conf, s, err)) {
		rd_kafka_conf_destroy(conf);
		return NULL;
	}
	rd_kafka_conf_set_events(conf, RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_LOG);
	rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof(text));
	if (!rk) {
		rd_kafka_conf_destroy(conf);
		err_set(err, ERR_FATAL, "kafka.settings", "librdkafka refuses these settings: %s", text);
	}
	return rk;
}

static struct producer *open_producer(const struct producer_factory *f, struct loop *loop,
				      const struct producer_settings *s, struct err *err)
{
	struct kafka_producer *p = mem_alloc(sizeof(*p));
	static const uint64_t one = 1;

	(void)f;
	*p = (struct kafka_producer){ .base.ops = &ops, .loop = loop, .listener = s->listener };
	p->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (p->fd < 0) {
		err_set(err, ERR_FATAL, "kafka.eventfd", "cannot make an eventfd: %s", strerror(errno));
		goto no_fd;
	}
	p->watch = (struct watch){ .fd = p->fd, .events = EPOLLIN, .fn = drain, .arg = p };
	if (!loop_watch(loop, &p->watch, err))
		goto no_watch;
	p->rk = make_client(s, err);
	if (!p->rk)
		goto no_client;
	p->events = rd_kafka_queue_get_main(p->rk);
	rd_kafka_queue_io_event_enable(p->events, p->fd, &one, sizeof(one));
	rd_kafka_set_log_queue(p->rk, NULL);
	if (write(p->fd, &one, sizeof(one)) < 0) /* what came before the descriptor was known */
		log_warn(loop_env(loop)->log, "kafka.eventfd", LOG_TEXT("error", strerror(errno)));
	return &p->base;
no_client:
	loop_unwatch(&p->watch);
no_watch:
	close(p->fd);
no_fd:
	mem_free(p);
	return NULL;
}

const struct producer_factory *kafka_producers(void)
{
	static const struct producer_factory factory = { .open = open_producer };

	return &factory;
}
