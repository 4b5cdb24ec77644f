#include "sluice/aws/service.h"

#define FORM "application/x-www-form-urlencoded; charset=utf-8"
#define JSON_1_0 "application/x-amz-json-1.0"
#define JSON_1_1 "application/x-amz-json-1.1"

static const struct aws_service_info services[] = {
	[AWS_DYNAMODB] = { "DynamoDB", "dynamodb", AWS_JSON, JSON_1_0, "DynamoDB_20120810", "dynamodb", "dynamodb", 4, 25 },
	[AWS_DYNAMODB_STREAMS] = { "DynamoDB Streams", "dynamodb_streams", AWS_JSON, JSON_1_0, "DynamoDBStreams_20120810",
				   "streams.dynamodb", "dynamodb", 4, 25 },
	[AWS_STS] = { "STS", "sts", AWS_QUERY, FORM, "2011-06-15", "sts", "sts", 3, 50 },
	[AWS_SSO] = { "IAM Identity Center", "sso", AWS_REST, "application/json", "", "portal.sso", "awsssoportal", 3, 50 },
	[AWS_SSO_OIDC] = { "IAM Identity Center OIDC", "sso_oidc", AWS_REST, "application/json", "", "oidc", "sso-oauth", 3, 50 },
	[AWS_SQS] = { "SQS", "sqs", AWS_JSON, JSON_1_0, "AmazonSQS", "sqs", "sqs", 3, 50 },
	[AWS_SNS] = { "SNS", "sns", AWS_QUERY, FORM, "2010-03-31", "sns", "sns", 3, 50 },
	[AWS_KINESIS] = { "Kinesis", "kinesis", AWS_JSON, JSON_1_1, "Kinesis_20131202", "kinesis", "kinesis", 3, 50 },
	[AWS_FIREHOSE] = { "Firehose", "firehose", AWS_JSON, JSON_1_1, "Firehose_20150804", "firehose", "firehose", 3, 50 },
	[AWS_EVENTBRIDGE] = { "EventBridge", "eventbridge", AWS_JSON, JSON_1_1, "AWSEvents", "events", "events", 3, 50 },
	[AWS_LAMBDA] = { "Lambda", "lambda", AWS_REST, "application/json", "", "lambda", "lambda", 3, 50 },
	[AWS_S3] = { "S3", "s3", AWS_REST, "application/octet-stream", "", "s3", "s3", 3, 50 },
};

const struct aws_service_info *aws_service_info(enum aws_service service)
{
	return &services[service];
}
