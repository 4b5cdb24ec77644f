/* GetRecords answers of any bytes: what is accepted must be valid JSON with rising
 * sequence numbers, and whatever is read out of it must be valid again. */
#include "sluice/item/key.h"
#include "sluice/item/page.h"

#include <stdlib.h>

static void expect(bool condition)
{
	if (!condition)
		abort();
}

static void read_image(struct value image, struct buf *out)
{
	struct err err = { 0 };

	buf_clear(out);
	if (value_write_plain(image, out, &err))
		expect(scan_check(buf_str(out), NULL));
	else
		expect(err.class == ERR_DATA && out->len == 0);
	expect(value_eq(image, image));
}

static void read_record(const struct record *r, struct buf *out)
{
	struct err err = { 0 };

	expect(scan_check(r->raw, NULL) && r->event_id.len);
	read_image(r->keys, out);
	if (r->new_image.type != VALUE_NONE)
		read_image(r->new_image, out);
	if (r->old_image.type != VALUE_NONE)
		read_image(r->old_image, out);
	expect(value_eq(r->new_image, r->old_image) == value_eq(r->old_image, r->new_image));
	buf_clear(out);
	if (key_write(r->keys, out, &err))
		expect(scan_check(buf_str(out), NULL));
	else
		expect(err.class == ERR_DATA);
	buf_clear(out);
	expect(record_write_lambda(r, STR("arn"), out) && scan_check(buf_str(out), NULL));
	record_is_ttl_delete(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = str_of((const char *)data, size);
	struct page *page;
	struct err err = { 0 };
	struct buf body, out;

	buf_init(&body, size);
	buf_init(&out, 64 * size + 4096);
	buf_put(&body, text);
	page = page_decode(&body, 100, &err);
	expect(page ? scan_check(text, NULL) : err.class == ERR_RETRY);
	for (size_t i = 0; page && i < page->count; i++) {
		read_record(&page->records[i], &out);
		expect(i == 0 || sequence_compare(&page->records[i - 1].sequence, &page->records[i].sequence) < 0);
	}
	page_unref(page);
	buf_release(&out);
	return 0;
}
