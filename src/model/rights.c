#include "sluice/model/rights.h"

/* --- tables ---------------------------------------------------------------- */

const struct table_rights rights_of_state = { "State", { "DescribeTable", "GetItem", "Query", "PutItem", "DeleteItem" }, { 0 } };
const struct table_rights rights_of_stream = { "Streams", { "DescribeStream", "GetShardIterator", "GetRecords" }, { 0 } };
const struct table_rights rights_of_query = { "Audiences", { "Query" }, { 0 } };
const struct table_rights rights_of_scan = { "WholeAudiences", { "Scan" }, { 0 } };
const struct table_rights rights_of_tables = { "Tables", { "DescribeTable" }, { 0 } };

static const struct {
	const char *kind;
	struct table_rights rights;
} handlers[] = {
	{ "counter", { "CounterRows", { "UpdateItem" }, { 0 } } },
	{ "view", { "ViewRows", { "PutItem", "DeleteItem" }, { 0 } } },     /* transactions ask for the same */
	{ "fanout", { "InboxRows", { "PutItem" }, { "BatchWriteItem" } } },
};

const struct table_rights *rights_of_handler(struct str kind)
{
	for (size_t i = 0; i < sizeof(handlers) / sizeof(*handlers); i++)
		if (str_eq(kind, str_c(handlers[i].kind)))
			return &handlers[i].rights;
	return NULL;
}

/* --- addresses ------------------------------------------------------------- */

static bool is_alphanumeric(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* Of nothing but letters, digits and these. Wildcards and `${` mean something in a policy, so they
 * are in no list. */
static bool is_plain(struct str s, const char *others)
{
	for (size_t i = 0; i < s.len; i++)
		if (!is_alphanumeric(s.ptr[i]) && (!s.ptr[i] || !strchr(others, s.ptr[i])))
			return false;
	return s.len > 0;
}

static bool is_account(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.ptr[i] < '0' || s.ptr[i] > '9')
			return false;
	return s.len == 12;
}

/* "arn:aws:SERVICE:REGION:ACCOUNT:TYPE…NAME" */
static bool read_arn(struct str address, const char *service, const char *type, struct rights_arn *out)
{
	struct str rest = address, partition, named;

	str_split(&rest, ':');
	partition = str_split(&rest, ':');
	named = str_split(&rest, ':');
	out->region = str_split(&rest, ':');
	out->account = str_split(&rest, ':');
	out->type = type;
	if (!str_starts(partition, STR("aws")) || !str_eq(named, str_c(service)) || !str_starts(rest, str_c(type)))
		return false;
	out->name = str_from(rest, strlen(type));
	return is_plain(out->region, "-") && is_account(out->account) && is_plain(out->name, "_-.:/");
}

/* A bare name, or an ARN. */
static bool read_name(struct str address, const char *service, const char *type, struct rights_arn *out)
{
	if (str_starts(address, STR("arn:")))
		return read_arn(address, service, type, out);
	out->type = type;
	out->name = address;
	return is_plain(address, "_-.");
}

/* "https://sqs.eu-central-1.amazonaws.com/123456789012/orders.fifo" */
static bool read_sqs(struct str address, struct str under, struct rights_arn *out)
{
	struct str rest = address, host;

	(void)under;
	str_split(&rest, '/');
	str_split(&rest, '/');
	host = str_split(&rest, '/');
	out->account = str_split(&rest, '/');
	out->name = rest;
	if (str_starts(host, STR("sqs.")) && str_find(host, STR(".amazonaws.com")) != SIZE_MAX)
		out->region = str_sub(host, 4, str_find(host, STR(".amazonaws.com")) - 4);
	return str_starts(address, STR("http")) && is_account(out->account) && is_plain(out->name, "_-.") &&
	       (out->region.len == 0 || is_plain(out->region, "-"));
}

static bool read_sns(struct str address, struct str under, struct rights_arn *out)
{
	(void)under;
	return read_arn(address, "sns", "", out);
}

static bool read_kinesis(struct str address, struct str under, struct rights_arn *out)
{
	(void)under;
	return read_name(address, "kinesis", "stream/", out);
}

static bool read_firehose(struct str address, struct str under, struct rights_arn *out)
{
	(void)under;
	return read_name(address, "firehose", "deliverystream/", out);
}

static bool read_bus(struct str address, struct str under, struct rights_arn *out)
{
	(void)under;
	return read_name(address, "events", "event-bus/", out);
}

/* "name", "name:alias", "123456789012:function:name", or an ARN. */
static bool read_function(struct str address, struct str under, struct rights_arn *out)
{
	struct str rest = address, first = str_split(&rest, ':');

	(void)under;
	if (str_starts(address, STR("arn:")))
		return read_arn(address, "lambda", "function:", out);
	out->type = "function:";
	out->name = address;
	if (is_account(first) && str_starts(rest, STR("function:"))) {
		out->account = first;
		out->name = str_from(rest, sizeof("function:") - 1);
	}
	return is_plain(out->name, "_-:");
}

static struct str without_slashes(struct str s)
{
	while (str_starts(s, STR("/")))
		s = str_from(s, 1);
	while (str_ends(s, STR("/")))
		s = str_sub(s, 0, s.len - 1);
	return s;
}

static bool read_bucket(struct str address, struct str under, struct rights_arn *out)
{
	out->global = true;
	out->type = "";
	out->name = address;
	out->under = without_slashes(under);
	out->behind = "/*";
	return is_plain(address, "-._") && (out->under.len == 0 || is_plain(out->under, "!_-.=/"));
}

/* The host of "https://HOST:443/…". */
static struct str host_of(struct str url)
{
	struct str rest = url, host;

	str_split(&rest, '/');
	str_split(&rest, '/');
	host = str_split(&rest, '/');
	return str_split(&host, ':');
}

/* "search-deals-x7kq….eu-west-1.es.amazonaws.com": 26 letters and digits behind the domain's name. */
static bool read_domain(struct str address, struct str under, struct rights_arn *out)
{
	enum { BEHIND = 27 };
	struct str rest = host_of(address), label = str_split(&rest, '.');

	(void)under;
	out->region = str_split(&rest, '.');
	out->type = "domain/";
	out->behind = "/*";
	if (str_starts(label, STR("search-")))
		label = str_from(label, sizeof("search-") - 1);
	else if (str_starts(label, STR("vpc-")))
		label = str_from(label, sizeof("vpc-") - 1);
	else
		return false;
	if (label.len <= BEHIND || label.ptr[label.len - BEHIND] != '-' || !str_starts(rest, STR("es.amazonaws.com")))
		return false;
	out->name = str_sub(label, 0, label.len - BEHIND);
	return is_plain(out->name, "-") && is_plain(out->region, "-");
}

/* "x7kq….eu-west-1.aoss.amazonaws.com" */
static bool read_collection(struct str address, struct str under, struct rights_arn *out)
{
	struct str rest = host_of(address);

	(void)under;
	out->name = str_split(&rest, '.');
	out->region = str_split(&rest, '.');
	out->type = "collection/";
	return str_starts(rest, STR("aoss.amazonaws.com")) && is_plain(out->name, "") && is_plain(out->region, "-");
}

/* --- sinks ----------------------------------------------------------------- */

const struct sink_rights sink_rights[] = {
	{ .kind = "sqs", .sid = "SendToSqs", .service = "sqs", .actions = { "sqs:SendMessage" }, .address = "queue_url",
	  .read = read_sqs },
	{ .kind = "sns", .sid = "SendToSns", .service = "sns", .actions = { "sns:Publish" }, .address = "topic_arn",
	  .read = read_sns },
	{ .kind = "kinesis", .sid = "SendToKinesis", .service = "kinesis", .actions = { "kinesis:PutRecords" },
	  .address = "stream", .read = read_kinesis },
	{ .kind = "firehose", .sid = "SendToFirehose", .service = "firehose", .actions = { "firehose:PutRecordBatch" },
	  .address = "stream", .read = read_firehose },
	{ .kind = "eventbridge", .sid = "SendToEventBridge", .service = "events", .actions = { "events:PutEvents" },
	  .address = "bus", .read = read_bus },
	{ .kind = "lambda", .sid = "InvokeFunctions", .service = "lambda", .actions = { "lambda:InvokeFunction" },
	  .address = "function", .read = read_function },
	{ .kind = "s3", .sid = "WriteObjects", .service = "s3", .actions = { "s3:PutObject" }, .address = "bucket",
	  .under = "prefix", .own_account = true, .read = read_bucket },
	{ .kind = "opensearch", .sid = "IndexDocuments", .service = "es",
	  .actions = { "es:ESHttpGet", "es:ESHttpPost", "es:ESHttpPut" }, .auth = "es", .read = read_domain },
	{ .kind = "opensearch", .sid = "UseCollections", .service = "aoss", .actions = { "aoss:APIAccessAll" },
	  .auth = "aoss", .read = read_collection },
	{ 0 },
};

static struct str text_at(const struct node *group, const char *name)
{
	const struct node *n = group ? node_get(group, str_c(name)) : NULL;

	return n && n->kind == NODE_STRING ? n->text : STR("");
}

static bool signs_for(const struct node *sink, const char *service)
{
	const struct node *auth = node_get(sink, STR("auth"));
	struct str given = text_at(auth, "service");

	return str_eq(text_at(auth, "kind"), STR("sigv4")) && str_eq(given.len ? given : STR("es"), str_c(service));
}

const struct sink_rights *rights_of_sink(const struct node *sink)
{
	for (const struct sink_rights *r = sink_rights; r->kind; r++)
		if (str_eq(text_at(sink, "kind"), str_c(r->kind)) && (!r->auth || signs_for(sink, r->auth)))
			return r;
	return NULL;
}
