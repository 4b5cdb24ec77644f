/* Documents of any bytes: what a tree is made of is valid, and printed and read
 * again it prints the same. */
#include "sluice/core/buf.h"
#include "sluice/core/json.h"
#include "sluice/core/scan.h"

#include <stdlib.h>

static void expect(bool condition)
{
	if (!condition)
		abort();
}

static void look_up(const struct json *root)
{
	size_t i = 0;

	for (const struct json *j = json_first(root); j; j = json_next(j), i++) {
		struct str text;
		int64_t n;
		double d;

		if (json_type(root) == JSON_ARRAY)
			expect(i > 20 || json_at(root, i) == j);
		else
			expect(json_get(root, json_name(j).ptr) != NULL);
		expect(json_get_str(j, &text) == (json_type(j) == JSON_STRING));
		expect(!json_get_int(j, &n) || json_get_real(j, &d));
	}
	expect(json_count(root) == i);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = str_of((const char *)data, size);
	struct json *root, *again;
	struct buf once, twice;
	struct err err = { 0 };

	root = json_parse(text, size, &err);
	if (!root) {
		expect(err.class == ERR_DATA);
		return 0;
	}
	expect(scan_check(text, NULL));
	look_up(root);
	buf_init(&once, 64 * size + 4096);
	buf_init(&twice, 64 * size + 4096);
	expect(json_print(root, &once));
	again = json_parse(buf_str(&once), once.len, &err);
	expect(again && json_print(again, &twice) && str_eq(buf_str(&once), buf_str(&twice)));
	json_free(root);
	json_free(again);
	buf_release(&once);
	buf_release(&twice);
	return 0;
}
