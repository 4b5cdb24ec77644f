#include "derive_parts.h"

enum { COMMENT_COLUMNS = 110, COMMENT_BYTES = 4000, SHOWN_BYTES = 60 };

/* --- comments --------------------------------------------------------------- */

static void put_wrapped(struct buf *out, unsigned indent, struct str text)
{
	size_t column = 0;

	while (text.len) {
		struct str word = str_split(&text, ' ');

		if (column && column + 1 + word.len > COMMENT_COLUMNS) {
			buf_putc(out, '\n');
			column = 0;
		}
		if (column == 0) {
			derive_indent(out, indent);
			buf_putc(out, '#');
			column = indent + 1;
		}
		buf_putf(out, " %.*s", STR_ARG(word));
		column += 1 + word.len;
	}
	buf_putc(out, '\n');
}

static void say(struct derivation *d, unsigned indent, struct buf *text)
{
	if (text->len)
		put_wrapped(d->out, indent, buf_str(text));
	buf_clear(text);
}

void derive_say(struct derivation *d, unsigned indent, const char *fmt, ...)
{
	struct buf text;
	va_list ap;

	if (d->options->plain)
		return;
	buf_init(&text, COMMENT_BYTES);
	va_start(ap, fmt);
	buf_vputf(&text, fmt, ap);
	va_end(ap);
	say(d, indent, &text);
	buf_release(&text);
}

/* A character that was cut in its middle is left out. */
static size_t whole_characters(struct str s, size_t len)
{
	while (len && len < s.len && ((unsigned char)s.ptr[len] & 0xc0) == 0x80)
		len--;
	return len;
}

const char *derive_shown(struct derivation *d, struct str name)
{
	size_t kept = name.len > SHOWN_BYTES ? whole_characters(name, SHOWN_BYTES) : name.len;
	struct str head = str_sub(name, 0, kept), made;
	struct buf out;

	buf_init(&out, SHOWN_BYTES + 8);
	while (head.len) {
		size_t unseen = derive_unseen(head);
		unsigned char c = (unsigned char)head.ptr[0];

		buf_putc(&out, unseen || c < 0x20 || c == 0x7f ? '?' : head.ptr[0]);
		head = str_from(head, unseen ? unseen : 1);
	}
	if (kept < name.len)
		buf_puts(&out, "…");
	made = arena_dup(d->arena, buf_str(&out));
	buf_release(&out);
	return made.ptr ? made.ptr : "";
}

/* --- sinks ------------------------------------------------------------------ */

struct sink_words {
	const char *kind;
	const char *about;     /* what must be known of it */
	const char *order;     /* of messages sent to it */
};

static const struct sink_words sink_words[] = {
	{ "kafka", "Messages are produced idempotently and acknowledged by all replicas before a position moves on.",
	  "in order per key" },
	{ "opensearch", "Documents carry external versions: an older one never replaces a newer one.", "by version" },
	{ "dynamodb", "Inbox rows of fan-outs; counters and views write their tables without a sink.", "a row each" },
	{ "file", "One JSON object a line, on the disk before a position moves on. One worker a file.", "in order" },
	{ "webhook", "Posted until the receiver answers 2xx.", "in order per key" },
	{ "sqs", "A standard queue keeps no order; one whose name ends in .fifo keeps it per key and drops repeats within "
		 "five minutes.", "in order per key with a FIFO queue only" },
	{ "sns", "A standard topic keeps no order; one whose name ends in .fifo does, per key.",
	  "in order per key with a FIFO topic only" },
	{ "kinesis", "Order is kept per key.", "in order per key" },
	{ "firehose", "Order is not kept: consumers compare v.", "in no order" },
	{ "eventbridge", "Order is not kept: consumers compare v.", "in no order" },
	{ "lambda", "The function gets batches as an event source mapping of the stream sends them.", "each shard in order" },
	{ "s3", "Objects of many changes, complete before a position moves on.", "in order within a shard's objects" },
};

static const struct sink_words *words_of(struct str kind)
{
	for (size_t i = 0; i < sizeof(sink_words) / sizeof(*sink_words); i++)
		if (str_eq(kind, str_c(sink_words[i].kind)))
			return &sink_words[i];
	return NULL;
}

void derive_explain_sink(struct derivation *d, const struct node *sink, unsigned indent)
{
	const struct sink_words *words = words_of(derive_text_at(sink, "kind"));

	if (words)
		derive_say(d, indent, "%s", words->about);
}

static const struct node *sink_named(const struct derivation *d, struct str name)
{
	for (const struct node *n = d->model->sinks ? d->model->sinks->first : NULL; n; n = n->next)
		if (str_eq(derive_text_at(n, "name"), name))
			return n;
	return NULL;
}

static struct str sink_kind(const struct derivation *d, const struct model_handler *h)
{
	return derive_text_at(sink_named(d, derive_text_at(h->at, "sink")), "kind");
}

/* --- pipelines -------------------------------------------------------------- */

static void say_start(struct derivation *d, struct buf *text, const struct derive_pipeline *p)
{
	struct str start = derive_text_at(p->at, "start");

	buf_putf(text, "The stream of %s. The first start begins with ", derive_shown(d, p->table));
	if (start.len == 0 || str_eq(start, STR("trim_horizon")))
		buf_puts(text, "the oldest change that the stream still has (24 h), so that none is left out. ");
	else if (str_eq(start, STR("latest")))
		buf_puts(text, "what is written from then on: nothing older has a part in what is derived. ");
	else
		buf_puts(text, "the changes from that time on. ");
}

static void say_trim(struct buf *text, const struct derive_pipeline *p)
{
	if (str_eq(derive_text_at(p->at, "on_trim"), STR("skip")))
		buf_puts(text, "Changes that the stream dropped before they were read are counted as lost, and it goes on. ");
	else
		buf_puts(text, "Changes that the stream dropped before they were read stop it (on_trim = \"halt\"): what is "
			       "derived would be wrong without a word. ");
}

/* seconds: -1, not given: the daemon's default. */
static void say_patience(struct buf *text, int64_t seconds)
{
	if (seconds == 0) {
		buf_puts(text, "A sink that is down is waited for without end. ");
		return;
	}
	buf_puts(text, "A sink that is down is waited for until a change is ");
	if (seconds < 0)
		buf_puts(text, "too old (on_failure.max_age_s, below the stream's 24 h by default)");
	else if (seconds % 3600 == 0)
		buf_putf(text, "%lld h old%s", (long long)seconds / 3600, seconds < 86400 ? ", below the stream's 24 h" : "");
	else
		buf_putf(text, "%lld s old", (long long)seconds);
	buf_puts(text, "; counters wait without end. ");
}

static void say_failure(struct derivation *d, struct buf *text, const struct node *failure)
{
	const struct node *age = node_get(failure, STR("max_age_s")), *letter = node_get(failure, STR("dead_letter"));
	struct str to = letter && letter->kind == NODE_OBJECT ? derive_text_at(letter, "sink") : letter ? letter->text : STR("");

	say_patience(text, age && age->kind == NODE_INT ? age->i : -1);
	if (to.len)
		buf_putf(text, "What can never succeed goes to \"%s\", alone, after a few tries, and the rest flows on.",
			 derive_shown(d, to));
	else
		buf_puts(text, "Without a dead_letter a change that can never succeed stops its handler, which keeps its place.");
}

void derive_explain_pipeline(struct derivation *d, const struct derive_pipeline *p, unsigned indent)
{
	struct buf text;

	if (d->options->plain)
		return;
	buf_init(&text, COMMENT_BYTES);
	say_start(d, &text, p);
	say_trim(&text, p);
	say_failure(d, &text, node_get(p->at, STR("on_failure")));
	say(d, indent, &text);
	buf_release(&text);
}

/* --- handlers --------------------------------------------------------------- */

typedef void explain_fn(struct derivation *d, struct buf *text, const struct model_handler *h);

/* "Every change of Deals", or those that filter and changed leave. */
static void say_which(struct derivation *d, struct buf *text, const struct model_handler *h)
{
	bool filter = node_get(h->at, STR("filter")), changed = node_get(h->at, STR("changed"));

	buf_putf(text, "%s change of %s", filter || changed ? "Each" : "Every", derive_shown(d, h->source));
	if (filter)
		buf_puts(text, " that the filter lets through");
	if (changed)
		buf_puts(text, filter ? " and in which an attribute of `changed` differs" :
					" in which an attribute of `changed` differs");
}

static void explain_forward(struct derivation *d, struct buf *text, const struct model_handler *h)
{
	struct str kind = sink_kind(d, h), place = STR("");
	const struct sink_words *words = words_of(kind);
	static const char *const places[] = { "topic", "queue_url", "topic_arn", "stream", "bus", "function", "bucket", "url", NULL };

	for (size_t i = 0; places[i] && !place.len; i++)
		place = derive_text_at(h->at, places[i]);
	say_which(d, text, h);
	buf_puts(text, " becomes a message");
	if (place.len)
		buf_putf(text, " to %s", derive_shown(d, place));
	buf_putf(text, ". At least once, %s: after a crash some come again; their v, which grows with every change of an item, "
		       "tells.", words ? words->order : "in order per item");
}

static void say_audience(struct derivation *d, struct buf *text, const struct node *audience)
{
	size_t n = 0;

	for (const struct node *a = audience ? audience->first : NULL; a; a = a->next) {
		struct str table = derive_text_at(a, "table"), scan = derive_text_at(a, "scan"), index = derive_text_at(a, "index");
		const struct node *shards = node_get(a, STR("shards"));

		buf_puts(text, n++ ? "; " : " (");
		if (table.len && index.len)
			buf_putf(text, "index %s of ", derive_shown(d, index));
		if (table.len || scan.len)
			buf_puts(text, derive_shown(d, table.len ? table : scan));
		else
			buf_puts(text, "the members listed");
		if (shards && shards->kind == NODE_INT && shards->i > 1)
			buf_putf(text, ", %lld partitions read side by side", (long long)shards->i);
	}
	if (n)
		buf_putc(text, ')');
}

static void explain_fanout(struct derivation *d, struct buf *text, const struct model_handler *h)
{
	bool inbox = str_eq(sink_kind(d, h), STR("dynamodb"));
	const struct node *age = node_get(h->at, STR("max_age_s"));

	say_which(d, text, h);
	buf_puts(text, " notifies each member of its audience");
	say_audience(d, text, node_get(h->at, STR("audience")));
	buf_puts(text, ", a member of several once. The list is walked by a task that is saved as it goes, so a crash goes on "
		       "in it. ");
	if (inbox)
		buf_puts(text, "At least once, under an id that never changes, into rows whose key makes them the same row: exactly "
			       "once in effect.");
	else
		buf_puts(text, "At least once, under an id that never changes (sluice-notification-id), by which receivers drop "
			       "repeats.");
	if (node_get(h->at, STR("once")))
		buf_puts(text, " Changes with the same `once` within 48 h notify once.");
	if (age && age->kind == NODE_INT && age->i)
		buf_putf(text, " A change older than %lld s is no news: it is dropped and counted.", (long long)age->i);
	if (node_get(h->at, STR("expires")))
		buf_puts(text, " Behind `expires` nobody is notified any more.");
}

/* As the daemon has it. */
static struct str default_of(const char *kind, const char *setting)
{
	const struct option *o = handler_kind(str_c(kind))->options;

	while (o->name && strcmp(o->name, setting) != 0)
		o++;
	return str_c(o->name ? o->default_text : "");
}

static void explain_counter(struct derivation *d, struct buf *text, const struct model_handler *h)
{
	const struct node *window = node_get(h->at, STR("window_ms")), *shards = node_get(h->at, STR("shards"));

	buf_putf(text, "Keeps true in %s, for each key: the sums over the items of %s%s. Exactly once in effect: each row "
		       "remembers per shard what it holds already, so a replay adds nothing. A group's changes within %.*s ms are one "
		       "write.", derive_shown(d, derive_text_at(h->at, "table")), derive_shown(d, h->source),
		 node_get(h->at, STR("where")) ? " that match `where`" : "",
		 STR_ARG(window && window->kind == NODE_INT ? window->text : default_of("counter", "window_ms")));
	if (shards && shards->kind == NODE_INT && shards->i > 1)
		buf_putf(text, " A group is spread over %lld rows; readers add them up.", (long long)shards->i);
	buf_puts(text, " The rows are written by this handler alone.");
}

static void explain_view(struct derivation *d, struct buf *text, const struct model_handler *h)
{
	bool tombstone = str_eq(derive_text_at(h->at, "deletes"), STR("tombstone"));

	buf_putf(text, "Keeps true in %s: one row for each %s of %s%s. Exactly once in effect: the newest version wins, "
		       "whatever comes again or late; an item that is gone%s takes its row with it%s.",
		 derive_shown(d, derive_text_at(h->at, "table")),
		 node_get(h->at, STR("explode")) ? "element of an item" : "item", derive_shown(d, h->source),
		 node_get(h->at, STR("where")) ? " that matches `where`" : "",
		 node_get(h->at, STR("where")) ? ", or stops matching," : "",
		 tombstone ? ", marked sluice_deleted for two days" :
			     " (a write that was very late may bring it back; deletes = \"tombstone\" rules that out)");
}

static void explain_index(struct derivation *d, struct buf *text, const struct model_handler *h)
{
	buf_putf(text, "Keeps the OpenSearch index %s equal to the items of %s%s. Exactly once in effect: documents carry "
		       "external versions, so what comes again or late changes nothing. Searches see a change a second or so later.",
		 derive_shown(d, derive_text_at(h->at, "index")), derive_shown(d, h->source),
		 node_get(h->at, STR("where")) ? " that match `where`" : "");
}

static const struct { const char *kind; explain_fn *explain; } kinds[] = {
	{ "forward", explain_forward }, { "fanout", explain_fanout }, { "counter", explain_counter },
	{ "view", explain_view },       { "index", explain_index },
};

void derive_explain_handler(struct derivation *d, const struct model_handler *h, unsigned indent)
{
	struct buf text;

	if (d->options->plain)
		return;
	buf_init(&text, COMMENT_BYTES);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (str_eq(h->kind, str_c(kinds[i].kind)))
			kinds[i].explain(d, &text, h);
	say(d, indent, &text);
	buf_release(&text);
}
