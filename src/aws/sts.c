#include "sluice/aws/sts.h"

#include "sluice/core/xml.h"

enum { ANSWER_BYTES = 64 * 1024 };

static bool read_identity(struct str text, struct arena *arena, struct sts_identity *out, struct err *err)
{
	const struct xml *root = xml_parse(text, arena, err);
	const struct xml *result = xml_child(root, "GetCallerIdentityResult");

	*out = (struct sts_identity){
		.account = xml_text(result, "Account"), .arn = xml_text(result, "Arn"), .user_id = xml_text(result, "UserId"),
	};
	return out->arn.len != 0;
}

bool sts_caller_identity(struct aws_client *c, struct arena *arena, struct sts_identity *out, struct err *err)
{
	const struct aws_request request = { .operation = "GetCallerIdentity", .max_answer_bytes = ANSWER_BYTES };
	struct buf answer;
	bool ok;

	buf_init(&answer, ANSWER_BYTES);
	ok = aws_call(c, &request, &answer, err);
	if (ok && !read_identity(buf_str(&answer), arena, out, NULL))
		ok = err_set(err, ERR_RETRY, "aws.answer", "GetCallerIdentity at %.*s: the answer names no Arn",
			     STR_ARG(aws_client_endpoint(c)));
	buf_release(&answer);
	return ok;
}
