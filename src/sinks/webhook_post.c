/* One request to a webhook. */
#include "sluice/core/digest.h"
#include "sluice/core/mask.h"
#include "sluice/core/scan.h"
#include "sluice/core/sha256.h"
#include "sluice/sinks/web_address.h"
#include "web_header.h"
#include "webhook_sink.h"

#include <inttypes.h>
#include <stdio.h>

enum {
	ANSWER_BYTES = 64 << 10,
	LONGEST_RETRY_AFTER_MS = 15 * 60 * 1000,
	EXCERPT = 200,
	LIST_BYTES = 16 << 10,
	OWN_HEADERS = 6,
};

struct post {
	struct webhook *w;
	struct webhook_message *const *messages;
	size_t n;
	struct str url;
	struct breaker *host;
	struct buf body;               /* "<t>." and the body behind it: what is signed */
	size_t body_at;
	struct buf signature, v, event_ids, notification_ids, idempotency_key;
	struct http_header headers[OWN_HEADERS + 2 * WEBHOOK_MOST_HEADERS + 1];
	size_t n_headers;
	struct http_response response;
};

static const struct effect_message *message_of(const struct post *p, size_t i)
{
	return &p->messages[i]->effect->message;
}

static struct str header_of(const struct effect_message *m, struct str name)
{
	for (size_t i = 0; i < m->n_headers; i++)
		if (str_eq_nocase(m->headers[i].name, name))
			return m->headers[i].value;
	return (struct str){ 0 };
}

bool webhook_header_is_ours(struct str name)
{
	return str_eq_nocase(name, STR("sluice-v")) || str_eq_nocase(name, STR("sluice-notification-id"));
}

/* ---- what is said ---- */

static struct str event_id(const struct effect *e)
{
	const struct effect_batch *b = e->batch;

	return b->records && e->record < b->n_records ? b->records[e->record]->event_id : (struct str){ 0 };
}

static void put_listed(struct buf *list, struct str value)
{
	if (list->len)
		buf_puts(list, ", ");
	buf_put(list, value);
}

/* A dead letter's; of one event there may be several (a fan-out's members). */
static struct str letter_id(const struct effect *e)
{
	struct str id = { 0 };

	if (!header_of(&e->message, STR("sluice-v")).len)
		scan_member(e->message.body, STR("id"), &id);
	return id;
}

/* What a receiver that has seen it may answer without doing it again: an event is
 * one message for each handler; a notification and a dead letter have ids of their own. */
static void put_key(const struct effect *e, struct buf *out)
{
	const struct effect_source *s = &e->batch->source;
	struct str notification = header_of(&e->message, STR("sluice-notification-id")), letter;
	struct digest d;

	if (notification.len) {
		buf_put(out, notification);
		return;
	}
	letter = letter_id(e);
	if (event_id(e).len)
		buf_putf(out, "%.*s/%.*s/%.*s", STR_ARG(s->pipeline), STR_ARG(s->handler), STR_ARG(event_id(e)));
	if (letter.len) {
		digest_fields(&letter, 1, &d);
		buf_putf(out, "%s%s", out->len ? "/" : "", d.hex);
	}
}

static void put_ids(struct post *p)
{
	for (size_t i = 0; i < p->n; i++) {
		const struct effect *e = p->messages[i]->effect;
		struct str v = header_of(&e->message, STR("sluice-v"));
		struct str notification = header_of(&e->message, STR("sluice-notification-id"));

		if (v.len)
			put_listed(&p->v, v);
		if (event_id(e).len)
			put_listed(&p->event_ids, event_id(e));
		if (notification.len)
			put_listed(&p->notification_ids, notification);
		if (i > 0)
			buf_putc(&p->idempotency_key, '\n');
		put_key(e, &p->idempotency_key);
	}
	/* Several messages: the same ones in the same order have the same key. */
	if (p->n > 1) {
		struct str all = buf_str(&p->idempotency_key);
		struct digest d;

		digest_fields(&all, 1, &d);
		buf_clear(&p->idempotency_key);
		buf_puts(&p->idempotency_key, d.hex);
	}
}

static void put_body(struct post *p)
{
	bool array = p->w->set->batch_records > 1;

	buf_putf(&p->body, "%" PRId64 ".", env_wall_ms(loop_env(p->w->base.site.loop)) / 1000);
	p->body_at = p->body.len;
	if (array)
		buf_putc(&p->body, '[');
	for (size_t i = 0; i < p->n; i++) {
		if (i > 0)
			buf_putc(&p->body, ',');
		buf_put(&p->body, message_of(p, i)->body);
	}
	if (array)
		buf_putc(&p->body, ']');
}

static bool sign(struct post *p, struct err *err)
{
	const struct option_names *secrets = &p->w->set->secrets;

	buf_putf(&p->signature, "t=%.*s", STR_ARG(str_sub(buf_str(&p->body), 0, p->body_at - 1)));
	for (size_t i = 0; i < secrets->count; i++) {
		char hex[SHA256_HEX + 1];
		struct sha256 mac;

		if (!sha256_hmac(secrets->items[i], buf_str(&p->body), &mac, err))
			return false;
		sha256_hex(&mac, hex);
		buf_putf(&p->signature, ",v1=%s", hex);
	}
	return true;
}

static bool has_header(const struct post *p, struct str name)
{
	for (size_t i = 0; i < p->n_headers; i++)
		if (str_eq_nocase(p->headers[i].name, name))
			return true;
	return false;
}

static bool add_header(struct post *p, struct str name, struct str value, struct err *err)
{
	if (!web_header_name_ok(name) || !web_header_value_ok(value))
		return err_set(err, ERR_DATA, "webhook.header",
			       "header \"%.*s\" of a message cannot be sent: its name must be a word, and its value "
			       "free of line ends and control characters",
			       STR_ARG(str_sub(name, 0, 60)));
	p->headers[p->n_headers++] = (struct http_header){ name, value };
	return true;
}

static bool add_own(struct post *p, struct str name, const struct buf *value, struct err *err)
{
	return value->len == 0 || add_header(p, name, buf_str(value), err);
}

static bool add_headers(struct post *p, struct err *err)
{
	const struct effect_message *m = message_of(p, 0);
	size_t most = p->n_headers + WEBHOOK_MOST_HEADERS;

	for (size_t i = 0; i < p->w->n_headers; i++)
		p->headers[p->n_headers++] = p->w->headers[i];
	most += p->w->n_headers;
	for (size_t i = 0; i < m->n_headers; i++) {
		struct str name = m->headers[i].name;

		if (webhook_header_is_ours(name) || has_header(p, name))
			continue;
		if (web_header_reserved(name) || p->n_headers >= most)
			return err_set(err, ERR_DATA, "webhook.header",
				       "header \"%.*s\" of a message is the connection's own, or one too many (more than %d)",
				       STR_ARG(str_sub(name, 0, 60)), WEBHOOK_MOST_HEADERS);
		if (!add_header(p, name, m->headers[i].value, err))
			return false;
	}
	return has_header(p, STR("Content-Type")) ||
	       add_header(p, STR("Content-Type"), STR("application/json"), err);
}

static bool prepare(struct post *p, struct err *err)
{
	put_body(p);
	put_ids(p);
	if (!buf_ok(&p->body))
		return err_set(err, ERR_DATA, "webhook.size", "a message is larger than %d bytes", WEBHOOK_BODY_BYTES);
	if (!buf_ok(&p->v) || !buf_ok(&p->event_ids) || !buf_ok(&p->notification_ids) || !buf_ok(&p->idempotency_key))
		return err_set(err, ERR_DATA, "webhook.header", "the ids of a message are longer than %d bytes", LIST_BYTES);
	if (p->w->set->secrets.count > 0 && !sign(p, err))
		return false;
	return add_own(p, STR("sluice-signature"), &p->signature, err) && add_own(p, STR("sluice-v"), &p->v, err) &&
	       add_own(p, STR("sluice-event-id"), &p->event_ids, err) &&
	       add_own(p, STR("sluice-notification-id"), &p->notification_ids, err) &&
	       add_own(p, STR("idempotency-key"), &p->idempotency_key, err) && add_headers(p, err);
}

/* ---- what comes back ---- */

/* Statuses that mean something else than their hundred does. 404 and 405 are the
 * address's fault, which is fixed text, and not the message's: a receiver that is
 * being deployed answers so. 409 and 425 ask for the same again. 410 says: never
 * again. */
static const struct {
	int status;
	enum err_class class;
	const char *hint;
} statuses[] = {
	{ 401, ERR_AUTH, "check the sink's secrets and headers" },
	{ 403, ERR_AUTH, "check the sink's secrets and headers" },
	{ 404, ERR_RETRY, "nobody listens at this url (yet?)" },
	{ 405, ERR_FATAL, "the url takes no POST; correct the handler's url" },
	{ 407, ERR_AUTH, "the proxy on the way wants a user; see http_proxy, https_proxy" },
	{ 408, ERR_RETRY, NULL },
	{ 409, ERR_RETRY, NULL },
	{ 410, ERR_FATAL, "the receiver wants no more of these; remove the handler, or correct its url" },
	{ 421, ERR_RETRY, NULL },
	{ 425, ERR_RETRY, NULL },
	{ 429, ERR_THROTTLE, NULL },
};

static enum err_class class_of(int status, const char **hint)
{
	*hint = NULL;
	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
		if (statuses[i].status == status) {
			*hint = statuses[i].hint;
			return statuses[i].class;
		}
	}
	if (status / 100 == 3) {
		*hint = "redirects are not followed; put the final address into the handler's url";
		return ERR_FATAL;
	}
	return status / 100 == 4 ? ERR_DATA : ERR_RETRY;
}

/* One printable line, without the secrets that it may repeat. */
static void put_excerpt(const struct post *p, char *text, size_t len, struct buf *out)
{
	const struct option_names *secrets = &p->w->set->secrets;

	for (size_t i = 0; i < secrets->count; i++)
		mask_secret(text, len, secrets->items[i]);
	for (size_t i = 0; i < p->w->n_headers; i++) {
		struct str value = p->w->headers[i].value;
		size_t space = str_find_char(value, ' ');

		mask_secret(text, len, value);
		if (space != SIZE_MAX) /* "Bearer …" */
			mask_secret(text, len, str_from(value, space + 1));
	}
	for (size_t i = 0; i < len && i < EXCERPT; i++)
		buf_putc(out, (unsigned char)text[i] < ' ' || text[i] == 0x7f ? ' ' : text[i]);
	while (out->len && !str_utf8_valid(buf_str(out)))
		buf_truncate(out, out->len - 1);
}

/* What the server says of it: where it redirects to, or the beginning of its answer. */
static void put_reason(struct post *p, struct buf *out)
{
	struct str location = http_response_header(&p->response, "Location");
	struct buf text;

	buf_init(&text, ANSWER_BYTES);
	buf_put(&text, p->response.status / 100 == 3 && location.len ? location : buf_str(&p->response.body));
	if (text.len)
		put_excerpt(p, text.ptr, text.len, out);
	buf_release(&text);
}

static bool refuse(struct post *p, struct err *err)
{
	struct env *env = loop_env(p->w->base.site.loop);
	int status = p->response.status;
	const char *hint;
	enum err_class class = class_of(status, &hint);
	struct buf reason;
	char code[24];

	buf_init(&reason, ANSWER_BYTES);
	put_reason(p, &reason);
	snprintf(code, sizeof(code), "webhook.%d", status);
	err_set(err, class, code, "POST %s was answered with %d%s%.*s%s%s", p->host->host, status,
		reason.len ? ": " : "", STR_ARG(buf_str(&reason)), hint ? "; " : "", hint ? hint : "");
	buf_release(&reason);
	if (class == ERR_RETRY || class == ERR_THROTTLE) {
		int64_t wait_ms = web_header_retry_after_ms(&p->response, env_wall_ms(env), LONGEST_RETRY_AFTER_MS);

		err->retry_after_ms = (uint32_t)wait_ms;
		if (wait_ms > 0)
			breaker_hold(p->host, wait_ms);
	}
	breaker_settle(p->host, status >= 500 || status == 408 ? BREAKER_FAILED : BREAKER_ANSWERED, err);
	return false;
}

static bool no_answer(struct post *p, struct err *err)
{
	/* http.busy: our own connections were too few, nobody was asked. */
	bool failed = err->class == ERR_RETRY && str_starts(str_c(err->code), STR("http.")) && !err_is(err, "http.busy");

	breaker_settle(p->host, failed ? BREAKER_FAILED : BREAKER_UNKNOWN, err);
	if (err_is(err, "http.too_large"))
		return err_set(err, ERR_RETRY, "http.too_large",
			       "POST %s was answered with more than %d bytes; a webhook's answer is read for its status, "
			       "let it send less",
			       p->host->host, ANSWER_BYTES);
	return false;
}

static bool exchange(struct post *p, struct err *err)
{
	struct http_request r = {
		.method = "POST", .url = p->url, .headers = p->headers, .n_headers = p->n_headers,
		.body = str_from(buf_str(&p->body), p->body_at), .timeout_ms = p->w->set->timeout_ms,
		.max_response_bytes = ANSWER_BYTES, .tls = tls_files_of(&p->w->tls),
	};

	if (!breaker_admit(p->host, err))
		return false;
	effect_batch_silent(p->messages[0]->effect->batch, p->w->set->timeout_ms);
	if (!transport_send(p->w->base.site.transport, &r, &p->response, err))
		return no_answer(p, err);
	if (p->response.status / 100 != 2)
		return refuse(p, err);
	breaker_settle(p->host, BREAKER_ANSWERED, NULL);
	return true;
}

/* ---- the way there ---- */

static struct breaker *host_of(struct webhook *w, struct str origin)
{
	struct breaker *b = w->hosts;

	while (b && !str_eq_nocase(str_c(b->host), origin))
		b = b->next;
	if (b)
		return b;
	b = breaker_new(loop_env(w->base.site.loop), origin, (unsigned)w->set->breaker_failures);
	b->next = w->hosts;
	w->hosts = b;
	return b;
}

/* `check` has said the same of the settings; an address that got here otherwise is
 * no more trusted. */
static bool find_host(struct post *p, struct err *err)
{
	struct web_address address;
	const char *why = "";

	if (!web_address_parse(p->url, &address, &why))
		return err_set(err, ERR_FATAL, "webhook.url", "the handler's url cannot be used: %s", why);
	if (!address.tls && !address.loopback && !p->w->set->insecure)
		return err_set(err, ERR_FATAL, "webhook.url",
			       "%.*s would get the messages in the clear; use https, or set insecure = true in the sink",
			       STR_ARG(str_sub(address.origin, 0, 200)));
	p->host = host_of(p->w, address.origin);
	return true;
}

bool webhook_post(struct webhook *w, struct webhook_message *const *messages, size_t n, struct err *err)
{
	struct post p = { .w = w, .messages = messages, .n = n, .url = messages[0]->effect->message.address };
	struct buf *lists[] = { &p.signature, &p.v, &p.event_ids, &p.notification_ids, &p.idempotency_key };
	bool ok;

	buf_init(&p.body, WEBHOOK_BODY_BYTES);
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		buf_init(lists[i], LIST_BYTES);
	http_response_init(&p.response);
	ok = find_host(&p, err) && prepare(&p, err) && exchange(&p, err);
	http_response_release(&p.response);
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		buf_release(lists[i]);
	buf_release(&p.body);
	return ok;
}
