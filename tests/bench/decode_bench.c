/* decode_bench: what reading a page costs, beside a tree of the same text.
 * One page of 1 MB of deals; medians of ROUNDS rounds, all parts in turn in each. */
#include "support/deals.h"

#include "sluice/item/key.h"
#include "sluice/item/page.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { RECORDS = 1400, ROUNDS = 41, MAX_BYTES = 64 << 20 };

static uint64_t cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* A page takes its bytes away: the copy is made before the clock starts. */
static struct page *decode(struct str text, uint64_t *took)
{
	struct buf body;
	struct page *page;
	struct err err = { 0 };
	uint64_t from;

	buf_init(&body, MAX_BYTES);
	buf_put(&body, text);
	from = cpu_ns();
	page = page_decode(&body, RECORDS, &err);
	*took += cpu_ns() - from;
	if (!page) {
		fprintf(stderr, "%s\n", err.text);
		exit(1);
	}
	return page;
}

static uint64_t run_scan(struct str text)
{
	uint64_t from = cpu_ns();

	if (!scan_check(text, NULL))
		abort();
	return cpu_ns() - from;
}

static uint64_t run_tokens(struct str text)
{
	uint64_t from = cpu_ns();
	struct scan_token token;
	struct scan s;

	scan_init(&s, text);
	while (scan_next(&s, &token) != SCAN_END)
		if (token.type == SCAN_ERROR)
			abort();
	return cpu_ns() - from;
}

static uint64_t run_page(struct str text)
{
	uint64_t took = 0;
	struct page *page = decode(text, &took);
	uint64_t from = cpu_ns();

	page_unref(page);
	return took + (cpu_ns() - from);
}

static uint64_t run_plain(struct str text)
{
	uint64_t took = 0, from;
	struct page *page = decode(text, &took);
	struct buf out;

	buf_init(&out, MAX_BYTES);
	from = cpu_ns();
	for (size_t i = 0; i < page->count; i++) {
		buf_clear(&out);
		if (!value_write_plain(page->records[i].new_image, &out, NULL))
			abort();
	}
	page_unref(page);
	took += cpu_ns() - from;
	buf_release(&out);
	return took;
}

static uint64_t run_lambda(struct str text)
{
	uint64_t took = 0, from;
	struct page *page = decode(text, &took);
	struct buf out;

	buf_init(&out, MAX_BYTES);
	from = cpu_ns();
	for (size_t i = 0; i < page->count; i++) {
		buf_clear(&out);
		record_write_lambda(&page->records[i], STR("arn:aws:dynamodb:eu-central-1:000000000000:table/deals"), &out);
	}
	took = cpu_ns() - from;
	page_unref(page);
	buf_release(&out);
	return took;
}

static uint64_t run_keys(struct str text)
{
	uint64_t took = 0, from;
	struct page *page = decode(text, &took);
	struct buf out;

	buf_init(&out, MAX_BYTES);
	from = cpu_ns();
	for (size_t i = 0; i < page->count; i++) {
		buf_clear(&out);
		if (!key_write(page->records[i].keys, &out, NULL))
			abort();
	}
	took = cpu_ns() - from;
	page_unref(page);
	buf_release(&out);
	return took;
}

static uint64_t run_cjson(struct str text)
{
	uint64_t from = cpu_ns();
	cJSON *tree = cJSON_ParseWithLength(text.ptr, text.len);

	if (!tree)
		abort();
	cJSON_Delete(tree);
	return cpu_ns() - from;
}

static const struct part {
	const char *name;
	uint64_t (*run)(struct str text);
} parts[] = {
	{ "scan_check", run_scan },
	{ "scan_next to the end", run_tokens },
	{ "page_decode", run_page },
	{ "page + plain NEW images", run_plain },
	{ "record_write_lambda alone", run_lambda },
	{ "key_write alone", run_keys },
	{ "cJSON parse + delete", run_cjson },
};

enum { PARTS = sizeof(parts) / sizeof(*parts) };

static int by_size(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* A large request makes malloc tidy up after a tree's many small pieces now, not
 * on the next part's time. */
static void tidy_heap(void)
{
	void *volatile block = malloc(100000);

	free(block);
}

/* decode_bench [PART]: all parts, or those with that in their name (for profiles). */
int main(int argc, char **argv)
{
	static uint64_t took[PARTS][ROUNDS];
	uint64_t median[PARTS];
	struct buf text;

	buf_init(&text, MAX_BYTES);
	deals_write_page(&text, 1, RECORDS, 1);
	for (int round = 0; round < ROUNDS; round++)
		for (size_t i = 0; i < PARTS; i++) {
			if (argc > 1 && !strstr(parts[i].name, argv[1]))
				continue;
			tidy_heap();
			took[i][round] = parts[i].run(buf_str(&text));
		}
	printf("%d records, %zu bytes (%zu a record); medians of %d rounds, CPU time\n", RECORDS, text.len, text.len / RECORDS,
	       ROUNDS);
	for (size_t i = 0; i < PARTS; i++) {
		qsort(took[i], ROUNDS, sizeof(**took), by_size);
		median[i] = took[i][ROUNDS / 2];
	}
	for (size_t i = 0; i < PARTS; i++)
		if (median[i])
			printf("%-32s %8.3f ms %7.0f ns/record %6.2f GB/s  cJSON / this = %.1f\n", parts[i].name,
			       (double)median[i] / 1e6, (double)median[i] / RECORDS, (double)text.len / (double)median[i],
			       (double)median[PARTS - 1] / (double)median[i]);
	buf_release(&text);
	return 0;
}
