/* Every number in the guide's prose is one of the code's constants, or an example that is listed here.
 *
 * Phrases are looked for in the text with its white space collapsed. What stands in blocks of code
 * (templates, documents) is looked at for phrases, but not for numbers that nobody has classified.
 */
#include "support/test.h"

#include "sluice/app/settings.h"
#include "sluice/core/mem.h"
#include "sluice/handlers/kinds.h"
#include "sluice/item/number.h"
#include "sluice/item/value.h"
#include "sluice/model/cost.h"
#include "sluice/model/expression.h"
#include "sluice/model/limits.h"
#include "sluice/model/prompts.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- the guide, on one line ----------------------------------------------------- */

struct guide {
	struct buf text;
	bool *prose, *covered;   /* of each byte */
};

static size_t fence(struct str line)
{
	size_t n = 0;

	while (n < line.len && line.ptr[n] == '`')
		n++;
	return n >= 3 ? n : 0;
}

/* Bytes of a heading's or list's own number at the line's begin: "## 6. ", "2. ". */
static size_t ordinal(struct str line)
{
	size_t begin = str_starts(line, STR("## ")) ? 3 : 0, at = begin;

	while (at < line.len && line.ptr[at] >= '0' && line.ptr[at] <= '9')
		at++;
	return at > begin && str_starts(str_from(line, at), STR(". ")) ? at : 0;
}

static void put_line(struct guide *g, struct str line, bool prose)
{
	size_t own = prose ? ordinal(line) : 0;

	for (size_t i = 0; i < line.len; i++) {
		if (line.ptr[i] == ' ' && (g->text.len == 0 || g->text.ptr[g->text.len - 1] == ' '))
			continue;
		g->prose[g->text.len] = prose;
		g->covered[g->text.len] = i < own;
		buf_putc(&g->text, line.ptr[i]);
	}
	if (g->text.len && g->text.ptr[g->text.len - 1] != ' ')
		buf_putc(&g->text, ' ');
}

static int read_guide(void **state)
{
	struct str rest = prompt_text(&prompts[0]);
	struct guide *g = mem_alloc(sizeof(*g));
	size_t open = 0;

	buf_init(&g->text, PROMPT_MAX_BYTES);
	g->prose = mem_array(rest.len + 1, sizeof(*g->prose));
	g->covered = mem_array(rest.len + 1, sizeof(*g->covered));
	while (rest.len) {
		struct str line = str_split(&rest, '\n');
		size_t marks = fence(line);
		bool inside = open != 0;

		if (marks && (open == 0 || marks >= open))
			open = open ? 0 : marks;
		put_line(g, line, !inside && !open);
	}
	*state = g;
	return 0;
}

static int release_guide(void **state)
{
	struct guide *g = *state;

	buf_release(&g->text);
	mem_free(g->prose);
	mem_free(g->covered);
	mem_free(g);
	return 0;
}

/* Marks all places of the phrase; how many there are. */
static size_t cover(struct guide *g, struct str phrase)
{
	size_t found = 0;

	for (size_t at = 0;; at += phrase.len, found++) {
		size_t next = str_find(str_from(buf_str(&g->text), at), phrase);

		if (next == SIZE_MAX)
			return found;
		at += next;
		memset(g->covered + at, true, phrase.len);
	}
}

/* --- phrases --------------------------------------------------------------------- */

/* "86,400", "0.5"; decimals < 0: as few as say it, at least `least`. */
static void put_number(struct buf *out, double n, int decimals, int least)
{
	char digits[64];
	size_t whole;

	if (decimals < 0) {
		snprintf(digits, sizeof(digits), "%.6f", n);
		for (size_t len = strlen(digits); digits[len - 1] == '0' && strchr(digits, '.') + least < digits + len - 1; len--)
			digits[len - 1] = '\0';
		if (digits[strlen(digits) - 1] == '.')
			digits[strlen(digits) - 1] = '\0';
	} else {
		snprintf(digits, sizeof(digits), "%.*f", decimals, n);
	}
	whole = strcspn(digits, ".");
	for (size_t i = 0; digits[i]; i++) {
		if (i && i < whole && (whole - i) % 3 == 0)
			buf_putc(out, ',');
		buf_putc(out, digits[i]);
	}
}

static void put_word(struct buf *out, double n)
{
	static const char *const words[] = { "none", "one", "two", "three", "four", "five" };

	assert_true(n >= 0 && n < (double)COUNT_OF(words));
	buf_puts(out, words[(size_t)n]);
}

/* {} a number, {$} with two decimals at least, {2} with exactly two, {w} as a word. */
static void fill(struct buf *out, const char *phrase, const double *values)
{
	for (const char *p = phrase; *p; p++) {
		if (*p != '{') {
			buf_putc(out, *p);
			continue;
		}
		if (p[1] == 'w')
			put_word(out, *values++);
		else if (p[1] >= '0' && p[1] <= '9')
			put_number(out, *values++, p[1] - '0', 0);
		else
			put_number(out, *values++, -1, p[1] == '$' ? 2 : 0);
		p = strchr(p, '}');
	}
}

struct phrase {
	const char *text;
	double values[8];
};

static void find_all(struct guide *g, const struct phrase *phrases, size_t count)
{
	struct buf text;

	buf_init(&text, 1000);
	for (size_t i = 0; i < count; i++) {
		buf_clear(&text);
		fill(&text, phrases[i].text, phrases[i].values);
		if (!cover(g, buf_str(&text)))
			fail_msg("the guide does not say \"%.*s\"; does it agree with the code?", STR_ARG(buf_str(&text)));
	}
	buf_release(&text);
}

#define FIND(g, phrases) find_all(g, phrases, COUNT_OF(phrases))

/* --- the service's quotas ----------------------------------------------------------- */

static void find_limits(struct guide *g)
{
	const double item_kb = LIMIT_ITEM_BYTES / 1024, read_kb = LIMIT_READ_UNIT_BYTES / 1024,
		     write_kb = LIMIT_WRITE_UNIT_BYTES / 1024;
	const struct phrase phrases[] = {
		{ "| item | {} KB ({} bytes), attribute names counted; depth {}; numbers to {} digits |",
		  { item_kb, LIMIT_ITEM_BYTES, VALUE_MAX_DEPTH, NUMBER_MAX_DIGITS } },
		{ "growth will meet the {} KB limit", { item_kb } },
		{ "| 1 to {} bytes, 1 to {} bytes; string", { EXPRESSION_MAX_HASH_BYTES, EXPRESSION_MAX_RANGE_BYTES } },
		{ "| {} read units and {} write units a second |", { LIMIT_PARTITION_READS, LIMIT_PARTITION_WRITES } },
		{ "stay below {} write and {} read units on it", { LIMIT_PARTITION_WRITES, LIMIT_PARTITION_READS } },
		{ "the writes of one key stay far below {}/s", { LIMIT_PARTITION_WRITES } },
		{ "Only when one key exceeds {} writes/s at peak", { LIMIT_PARTITION_WRITES } },
		{ "⌈peak writes of the key ÷ {}⌉", { LIMIT_PARTITION_WRITES } },
		{ "When following one celebrity may exceed {} writes/s", { LIMIT_PARTITION_WRITES } },
		{ "| page of Query or Scan | {} MB, counted before the filter |", { LIMIT_PAGE_BYTES >> 20 } },
		{ "| BatchGetItem, BatchWriteItem | {} and {} items;", { LIMIT_BATCH_GET, LIMIT_BATCH_WRITE } },
		{ "| TransactGetItems, TransactWriteItems | {} actions, {} MB, double cost; one action an item; a write token holds "
		  "for {} minutes |", { LIMIT_TRANSACT, LIMIT_TRANSACT_BYTES >> 20, LIMIT_TRANSACT_TOKEN_S / 60 } },
		{ "a client token for transactions ({} minutes only)", { LIMIT_TRANSACT_TOKEN_S / 60 } },
		{ "| expressions | {} KB each |", { EXPRESSION_MAX_BYTES >> 10 } },
		{ "| secondary indexes | {} global (a quota, can be raised), {} local (fixed", { LIMIT_GLOBAL_INDEXES, LIMIT_LOCAL_INDEXES } },
		{ "unlimited; {} GB where the table has a local index", { LIMIT_COLLECTION_GB } },
		{ "limits each collection to {} GB", { LIMIT_COLLECTION_GB } },
		{ "A GSI's partition key has 1 to {} attributes and its sort key 0 to {}.",
		  { LIMIT_INDEX_HASH_ATTRIBUTES, MODEL_KEYS_OF_EACH } },
		{ "| stream | kept for {} hours; at most {w} readers a shard;", { LIMIT_STREAM_HOURS, LIMIT_STREAM_READERS } },
		{ "an ordered log of its changes, kept for {} hours", { LIMIT_STREAM_HOURS } },
		{ "What is older than {} hours is trimmed from the stream", { LIMIT_STREAM_HOURS } },
		{ "a handler can be set back within the {} hours", { LIMIT_STREAM_HOURS } },
		{ "| new on-demand table | {} writes and {} reads a second at once; grows to twice its former peak within {} minutes |",
		  { LIMIT_ON_DEMAND_WRITES, LIMIT_ON_DEMAND_READS, LIMIT_ON_DEMAND_GROWTH_MINUTES } },
		{ "{} writes and {} reads a second when new on demand", { LIMIT_ON_DEMAND_WRITES, LIMIT_ON_DEMAND_READS } },
		{ "It grows to twice the former peak within {} minutes", { LIMIT_ON_DEMAND_GROWTH_MINUTES } },
		{ "reads {} KB ({} bytes) strongly consistent", { read_kb, LIMIT_READ_UNIT_BYTES } },
		{ "One write unit writes {} KB ({} bytes)", { write_kb, LIMIT_WRITE_UNIT_BYTES } },
		{ "rounded up to {} KB", { write_kb } },
		{ "usually around {} ms behind", { USUAL_INDEX_DELAY_MS } },
		{ "usually comes within about {w} days of the expiry", { USUAL_TTL_DAYS } },
	};

	assert_int_equal(LIMIT_ON_DEMAND_GROWTH, 2); /* "twice" */
	FIND(g, phrases);
}

/* --- rules of thumb ----------------------------------------------------------------- */

static void find_rules(struct guide *g)
{
	const double filter_units = RULE_INDEX_OVER_FILTER_KB * 1024.0 / LIMIT_READ_UNIT_BYTES;
	const struct phrase phrases[] = {
		{ "your questions: at most {w}", { RULE_QUESTIONS } },
		{ "have at least {} distinct partition keys", { RULE_DISTINCT_KEYS } },
		{ "without it use {} ÷ (distinct keys)", { 1 } },
		{ "| {} % or more | **one item**", { RULE_TOGETHER_ITEM_PERCENT } },
		{ "| {} to {} % | **one item collection**", { RULE_TOGETHER_COLLECTION_PERCENT, RULE_TOGETHER_ITEM_PERCENT } },
		{ "| less than {} % | **apart**", { RULE_TOGETHER_COLLECTION_PERCENT } },
		{ "combined size below {} KB: one item is safe. Above {} KB: a collection is forced",
		  { RULE_ITEM_SAFE_KB, RULE_ITEM_SPLIT_KB } },
		{ "Around {} KB an item is at risk", { RULE_ITEM_RISKY_KB } },
		{ "Item sizes below {} KB, or the reason", { RULE_ITEM_SPLIT_KB } },
		{ "While the average collection is below {} KB ({} read units strong, {} eventual)",
		  { RULE_INDEX_OVER_FILTER_KB, filter_units, filter_units * LIMIT_EVENTUAL_FACTOR } },
		{ "an average above {} KB justifies the index", { RULE_INDEX_OVER_FILTER_KB } },
		{ "When a main workflow needs {w} or more queries", { RULE_QUERIES } },
		{ "when {} % or more would be filtered out", { RULE_SPARSE_PERCENT } },
		{ "It costs {} to {} times the plain write", { RULE_UNIQUE_COST_LEAST, RULE_UNIQUE_COST_MOST } },
		{ "`hash(user_id) % {}` for a viral item, `hash(order_id) % {}` for a date", { RULE_SHARDS_ITEM, RULE_SHARDS_DATE } },
		{ "with `hash(user_id) % {}`; the handler's `shards = {}`", { RULE_SHARDS_AUDIENCE, RULE_SHARDS_AUDIENCE } },
		{ "one write reaches more than about {} recipients", { RULE_FANOUT_RECIPIENTS } },
		{ "(target about {} %)", { RULE_TARGET_PERCENT } },
	};

	FIND(g, phrases);
}

/* --- the daemon's defaults ----------------------------------------------------------- */

static const char conf[] = "sinks = ( { name = \"s\"; kind = \"file\"; path = \"x\"; } );\n"
	"pipelines = ( { table = \"Orders\"; handlers = ( { kind = \"forward\"; name = \"f\"; sink = \"s\"; } ); } );\n";

static bool load(void *ctx, const char *path, struct buf *out, struct err *err)
{
	(void)ctx, (void)path, (void)err;
	return buf_puts(out, conf);
}

static double default_of(const struct option *table, const char *name)
{
	for (; table->name; table++)
		if (strcmp(table->name, name) == 0)
			return atof(table->default_text);
	fail_msg("there is no setting %s", name);
	return 0;
}

static void find_defaults(struct guide *g)
{
	const struct conf_source source = { .load = load };
	const struct settings_pipeline *p;
	struct problems problems;
	struct arena arena;

	arena_init(&arena, SETTINGS_BYTES_MAX);
	problems_init(&problems, &arena);
	p = settings_load(&settings_all_kinds, &source, "x.conf", &problems)->pipelines;
	{
		const struct phrase phrases[] = {
			{ "polled every {} ms, up to every {} ms when idle; a batch waits up to {} ms for more, a counter gathers {} ms",
			  { (double)p->poll_min_ms, (double)p->poll_max_ms, (double)p->handlers[0].batch.window_ms,
			    default_of(counter_ops.options, "window_ms") } },
			{ "older than `max_age_s` ({} hours unless set)", { (double)p->handlers[0].failure.max_age_s / 3600 } },
		};

		FIND(g, phrases);
	}
	arena_release(&arena);
}

/* --- units, prices and what is computed from them -------------------------------------- */

static void find_units(struct guide *g)
{
	const double read = COST_READ_UNIT_BYTES, write = COST_WRITE_UNIT_BYTES;
	const struct phrase phrases[] = {
		{ "c = {} for strongly consistent and {} for eventual reads",
		  { cost_units(COST_GET_ITEM, 1, 1, true), cost_units(COST_GET_ITEM, 1, 1, false) } },
		{ "| GetItem | ⌈s ÷ {}⌉ · c |", { read } },
		{ "| Query, Scan | ⌈s · n ÷ {}⌉ · c", { read } },
		{ "| BatchGetItem | ⌈s ÷ {}⌉ · n · c |", { read } },
		{ "| TransactGetItems | {} · ⌈s ÷ {}⌉ · n |", { cost_units(COST_TRANSACT_GET, 1, 1, true), read } },
		{ "| PutItem, UpdateItem, DeleteItem | ⌈s ÷ {}⌉ |", { write } },
		{ "| BatchWriteItem | ⌈s ÷ {}⌉ · n |", { write } },
		{ "| TransactWriteItems | {} · ⌈s ÷ {}⌉ · n |", { cost_units(COST_TRANSACT_WRITE, 1, 1, false), write } },
		{ "| + ⌈index item ÷ {}⌉ (· n in batches and transactions); · {} when an index key changes |",
		  { write, cost_index_units(COST_PUT_ITEM, 1, 1, true) } },
		{ "**Month** = {} seconds", { COST_MONTH_S } },
		{ "actions a user a day ÷ {} gives the average", { COST_DAY_S } },
		{ "with (s + {} bytes) · n ÷ 1024³ GB", { COST_ITEM_OVERHEAD_BYTES } },
	};

	FIND(g, phrases);
}

static void find_prices(struct guide *g)
{
	const struct price_class *p = &prices_default.standard;
	const double even = p->write_capacity_hour_usd / (3600 * p->write_request_million_usd / 1e6);
	const double free_calls = prices_default.stream_reads_free / 1e6, call_usd = prices_default.stream_read_million_usd;
	const double month = COST_MONTH_S / 1e6, shards = LIMIT_STREAM_SHARDS;
	const struct phrase phrases[] = {
		{ "${$} a million read units, ${$} a million write units, ${$} a GB-month",
		  { p->read_request_million_usd, p->write_request_million_usd, p->storage_gb_month_usd } },
		{ "(${$} a WCU-hour and ${$} an RCU-hour against {} requests",
		  { p->write_capacity_hour_usd, p->read_capacity_hour_usd, 3600 } },
		{ "Break-even is at about {0} % utilisation", { even * 100 } },
		{ "{} million a month are free, then ${$} a million. An on-demand table has at least {} shards;",
		  { free_calls, call_usd, shards } },
		{ "shards = max({}, ⌈writes/s ÷ {}⌉, ⌈reads/s ÷ {}⌉, ⌈GB ÷ {}⌉)",
		  { shards, LIMIT_PARTITION_WRITES, LIMIT_PARTITION_READS, LIMIT_PARTITION_GB } },
		{ "bytes of changes ÷ {} MB)", { LIMIT_PAGE_BYTES >> 20 } },
		{ "{} × {} = {1} M calls − {} M free = {1} M × ${$} = ${2} a month",
		  { shards, COST_MONTH_S, shards * month, free_calls, shards * month - free_calls, call_usd,
		    (shards * month - free_calls) * call_usd } },
		{ "never idle, four calls a second: ${2}.", { (shards * 4 * month - free_calls) * call_usd } },
	};

	assert_true(fabs(even - p->read_capacity_hour_usd / (3600 * p->read_request_million_usd / 1e6)) < 0.005);
	FIND(g, phrases);
}

/* Worked examples: their results are computed here. */
static void find_arithmetic(struct guide *g)
{
	const struct price_class *p = &prices_default.standard;
	const double month = COST_MONTH_S / 1e6, read = p->read_request_million_usd, write = p->write_request_million_usd;
	const double audience = ceil(60000.0 * 120 / COST_READ_UNIT_BYTES), eventual = LIMIT_EVENTUAL_FACTOR;
	const double wide = cost_units(COST_PUT_ITEM, 1536, 1, false), narrow = cost_index_units(COST_PUT_ITEM, 200, 1, false);
	const struct phrase phrases[] = {
		{ "300 writes/s × 2 KB = {} WCU, 5 % of them on one key = {} WCU: far below {}.",
		  { 300 * cost_units(COST_PUT_ITEM, 2048, 1, false), 300 * 2 * 0.05, LIMIT_PARTITION_WRITES } },
		{ "200 updates/s of a counter in a 10 KB item cost {} WCU; in an item of 200 bytes, {}.",
		  { 200 * cost_units(COST_UPDATE_ITEM, 10240, 1, false), 200 * cost_units(COST_UPDATE_ITEM, 200, 1, false) } },
		{ "at most 60 lines × 120 bytes = {0} KB", { 60 * 120 / 1024.0 } },
		{ "200 reads/s saved × {} RRU × {} M s = {0} M RRU = ${0} a month",
		  { eventual, month, 200 * eventual * month, 200 * eventual * month * read } },
		{ "0.5/s × 50 photos × 2 writes (table and index) = {} WRU/s = ${0} a month", { 0.5 * 50 * 2, 0.5 * 50 * 2 * month * write } },
		{ "60,000 × 120 = {1} MB = {} × {} = {} RRU = ${4}",
		  { 60000 * 120 / 1e6, audience, eventual, audience * eventual, audience * eventual * read / 1e6 } },
		{ "{} WRU = ${4} a deal, ${2} a day. At 2,000 a second (`rate_per_s`) it takes {} s",
		  { 60000 * cost_units(COST_PUT_ITEM, 250, 1, false), 60000 * write / 1e6, 20 * 60000 * write / 1e6, 60000 / 2000 } },
		{ "100 writes/s of 1.5 KB with one index entry of 200 bytes = 100 × ({} + {}) × {} = {0} M WRU = ${0} a month",
		  { wide, narrow, COST_MONTH_S, 100 * (wide + narrow) * month, 100 * (wide + narrow) * month * write } },
	};

	FIND(g, phrases);
}

/* --- examples: numbers of which the code knows nothing ------------------------------------ */

static const struct phrase examples[] = {
	{ "A pattern at 0.01 RPS does not", { 0 } },
	{ "in 97 % of 40 reads/s", { 0 } },
	{ "**1:1**", { 0 } },
	{ "**1:N**", { 0 } },
	{ "`2026-11-01T08:00:00Z`", { 0 } },
	{ "`device_id#2026-11-01`", { 0 } },
	{ "may touch 5,000 photos", { 0 } },
	{ "reads 20 photos and needs 20 author pictures: without the copy one more BatchGetItem of 1 author", { 0 } },
	{ "hash of the id % 10)", { 0 } },
	{ "N+1 requests", { 0 } },
	{ "\"A brand has 60,000 followers; 20 deals a day.\" Audience rows of 120 bytes:", { 0 } },
	{ "Inbox rows of 250 bytes:", { 0 } },
	{ "`| split(\"#\", 1)`, `| slice(0, 10)`", { 0 } },
	{ "$(KAFKA_BROKERS:-127.0.0.1:9092)", { 0 } },
	{ "÷ 1024³ GB", { 0 } },
	{ "us-east-1", { 0 } },
	{ "The tool shows 1 ×, 3 × and 10 × of the average", { 0 } },
	{ "such as `1b`", { 0 } },
	{ "the flash sale's 8,000 reads/s", { 0 } },
	{ "is the audience: 16 shards", { 0 } },
	{ "Why 16 and not 1? Not for the 200 follow writes/s, but so that 60,000 followers", { 0 } },
	{ "TTL after 30 days", { 0 } },
	{ "at 300 RPS more than separate operation", { 0 } },
};

/* --- the converse -------------------------------------------------------------------------- */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Of the guide's own counting: "section 8", "pattern 7". */
static bool is_reference(struct str before)
{
	return str_ends(before, STR("section ")) || str_ends(before, STR("attern "));
}

static bool begins_number(const struct guide *g, size_t at)
{
	char before = at ? g->text.ptr[at - 1] : ' ';

	if (!is_digit(g->text.ptr[at]) || !g->prose[at])
		return false;
	return !is_digit(before) && !strchr(".,#_", before) && !(before >= 'a' && before <= 'z') && !(before >= 'A' && before <= 'Z');
}

static void show_all_that_nobody_knows(const struct guide *g)
{
	struct str all = buf_str(&g->text);
	size_t unknown = 0;

	for (size_t at = 0; at < all.len; at++) {
		size_t from = at > 40 ? at - 40 : 0;

		if (!begins_number(g, at) || g->covered[at] || is_reference(str_sub(all, 0, at)))
			continue;
		print_message("nobody knows this number: …%.*s…\n", STR_ARG(str_sub(all, from, 80)));
		unknown++;
	}
	if (unknown)
		fail_msg("%zu numbers: put each into a table of constants, or of examples", unknown);
}

static void test_each_number_in_the_guide_is_the_codes_or_an_example(void **state)
{
	struct guide *g = *state;

	find_limits(g);
	find_rules(g);
	find_defaults(g);
	find_units(g);
	find_prices(g);
	find_arithmetic(g);
	FIND(g, examples);
	show_all_that_nobody_knows(g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_each_number_in_the_guide_is_the_codes_or_an_example, read_guide, release_guide),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
