/* The readers of the batch services' answers, and of what a Lambda function returns,
 * on any bytes; the first byte says whose. Whatever comes, no outcome is spoken of
 * out of bounds, and its texts are printable.
 */
#include "sluice/core/mem.h"

#include <stdlib.h>

#include "../../src/sinks/aws_batch.h"
#include "../../src/sinks/lambda.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ENTRIES = 10 };

static void require(bool held)
{
	if (!held)
		abort();
}

static void require_readable(struct str text)
{
	require(str_utf8_valid(text));
	for (size_t i = 0; i < text.len; i++)
		require((unsigned char)text.ptr[i] >= ' ' && text.ptr[i] != 0x7f);
}

static void read_batch(const struct aws_batch_service *s, struct str answer)
{
	struct aws_batch_outcome outcomes[ENTRIES + 1] = { 0 };
	struct arena arena;
	struct err err = { 0 };
	bool ok;

	arena_init(&arena, AWS_BATCH_ANSWER_BYTES);
	ok = s->read(s, answer, &arena, outcomes, ENTRIES, &err);
	require(ok || (err.class == ERR_RETRY && err_is(&err, "aws.answer")));
	require(outcomes[ENTRIES].named == 0);
	for (size_t i = 0; i < ENTRIES; i++) {
		require(!outcomes[i].failed || outcomes[i].named > 0);
		require_readable(outcomes[i].code);
		require_readable(outcomes[i].message);
	}
	arena_release(&arena);
}

static void read_function(struct str answer)
{
	static const struct effect_header change[] = { { STR_INIT("sluice-v"), STR_INIT("1") } };
	struct record records[3] = { 0 };
	const struct record *pointers[3];
	struct effect effects[3] = { 0 }, *list[3];
	struct effect_batch batch = { .records = pointers, .n_records = 3 };
	struct err err = { 0 };
	size_t done = 99;

	for (uint32_t i = 0; i < 3; i++) {
		const char number[] = { '1', (char)('0' + i) };

		require(sequence_parse(str_of(number, sizeof(number)), &records[i].sequence, NULL));
		pointers[i] = &records[i];
		effects[i] = (struct effect){ .kind = EFFECT_MESSAGE, .record = i, .batch = &batch };
		effects[i].message.headers = change;
		effects[i].message.n_headers = 1;
		list[i] = &effects[i];
	}
	if (lambda_read(answer, list, 3, &done, &err))
		require(done <= 3);
	else
		require(err_is(&err, "lambda.answer") || err_is(&err, "lambda.item_failures"));
	require(!lambda_function_error(STR("Unhandled"), answer, &err) && err.class == ERR_DATA);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct aws_batch_service *const services[] = { &aws_batch_sqs, &aws_batch_sns, &aws_batch_kinesis,
								    &aws_batch_firehose, &aws_batch_eventbridge };
	const size_t n = sizeof(services) / sizeof(*services);
	struct str answer = str_of((const char *)data + 1, size - 1);
	size_t which;

	if (size == 0)
		return 0;
	which = data[0] % (n + 1);
	if (which < n)
		read_batch(services[which], answer);
	else
		read_function(answer);
	return 0;
}
