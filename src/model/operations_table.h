/* Made by tests/tools/operations.py from the service model; not to be changed by hand. */
enum { TABLE_ARN, ATTRIBUTE_NAME, STRING_ATTRIBUTE_VALUE, BINARY_ATTRIBUTE_VALUE, STRING_SET_ATTRIBUTE_VALUE,
	BINARY_SET_ATTRIBUTE_VALUE, MAP_ATTRIBUTE_VALUE, LIST_ATTRIBUTE_VALUE, NULL_ATTRIBUTE_VALUE,
	ATTRIBUTE_VALUE, ATTRIBUTE_NAME_LIST, RETURN_CONSUMED_CAPACITY, EXPRESSION_ATTRIBUTE_NAME_MAP,
	GET_ITEM_INPUT, COMPARISON_OPERATOR, EXPECTED_ATTRIBUTE_VALUE, EXPECTED_ATTRIBUTE_MAP, RETURN_VALUE,
	RETURN_ITEM_COLLECTION_METRICS, CONDITIONAL_OPERATOR, EXPRESSION_ATTRIBUTE_VALUE_MAP,
	RETURN_VALUES_ON_CONDITION_CHECK_FAILURE, PUT_ITEM_INPUT, ATTRIBUTE_ACTION, ATTRIBUTE_VALUE_UPDATE,
	ATTRIBUTE_UPDATES, UPDATE_ITEM_INPUT, DELETE_ITEM_INPUT, INDEX_NAME, SELECT, POSITIVE_INTEGER_OBJECT,
	CONDITION, KEY_CONDITIONS, QUERY_INPUT, SCAN_TOTAL_SEGMENTS, SCAN_SEGMENT, SCAN_INPUT, KEY_LIST,
	KEYS_AND_ATTRIBUTES, BATCH_GET_REQUEST_MAP, BATCH_GET_ITEM_INPUT, PUT_REQUEST, DELETE_REQUEST,
	WRITE_REQUEST, WRITE_REQUESTS, BATCH_WRITE_ITEM_REQUEST_MAP, BATCH_WRITE_ITEM_INPUT, GET, TRANSACT_GET_ITEM,
	TRANSACT_GET_ITEM_LIST, TRANSACT_GET_ITEMS_INPUT, CONDITION_CHECK, PUT, DELETE, UPDATE, TRANSACT_WRITE_ITEM,
	TRANSACT_WRITE_ITEM_LIST, CLIENT_REQUEST_TOKEN, TRANSACT_WRITE_ITEMS_INPUT, PARTI_QL_STATEMENT,
	PREPARED_STATEMENT_PARAMETERS, PARTI_QL_NEXT_TOKEN, EXECUTE_STATEMENT_INPUT, BATCH_STATEMENT_REQUEST,
	PARTI_QL_BATCH_REQUEST, BATCH_EXECUTE_STATEMENT_INPUT, PARAMETERIZED_STATEMENT, PARAMETERIZED_STATEMENTS,
	EXECUTE_TRANSACTION_INPUT, KEY_SCHEMA_ATTRIBUTE_NAME, SCALAR_ATTRIBUTE_TYPE, ATTRIBUTE_DEFINITION,
	ATTRIBUTE_DEFINITIONS, KEY_TYPE, KEY_SCHEMA_ELEMENT, KEY_SCHEMA, PROJECTION_TYPE,
	NON_KEY_ATTRIBUTE_NAME_LIST, PROJECTION, LOCAL_SECONDARY_INDEX, LOCAL_SECONDARY_INDEX_LIST,
	POSITIVE_LONG_OBJECT, PROVISIONED_THROUGHPUT, LONG_OBJECT, ON_DEMAND_THROUGHPUT, WARM_THROUGHPUT,
	GLOBAL_SECONDARY_INDEX, GLOBAL_SECONDARY_INDEX_LIST, BILLING_MODE, STREAM_VIEW_TYPE, STREAM_SPECIFICATION,
	SSE_TYPE, SSE_SPECIFICATION, TAG_KEY_STRING, TAG_VALUE_STRING, TAG, TAG_LIST, TABLE_CLASS,
	GLOBAL_TABLE_SETTINGS_REPLICATION_MODE, VECTOR_ATTRIBUTE_DEFINITION, SEARCH_SCHEMA_ELEMENT_TYPE,
	SEARCH_SCHEMA_ELEMENT, SEARCH_SCHEMA, VECTOR_DISTANCE_FUNCTION, VECTOR_INDEX, VECTOR_INDEX_LIST,
	CREATE_TABLE_INPUT, UPDATE_GLOBAL_SECONDARY_INDEX_ACTION, CREATE_GLOBAL_SECONDARY_INDEX_ACTION,
	DELETE_GLOBAL_SECONDARY_INDEX_ACTION, GLOBAL_SECONDARY_INDEX_UPDATE, GLOBAL_SECONDARY_INDEX_UPDATE_LIST,
	PROVISIONED_THROUGHPUT_OVERRIDE, ON_DEMAND_THROUGHPUT_OVERRIDE, REPLICA_GLOBAL_SECONDARY_INDEX,
	REPLICA_GLOBAL_SECONDARY_INDEX_LIST, CREATE_REPLICATION_GROUP_MEMBER_ACTION,
	UPDATE_REPLICATION_GROUP_MEMBER_ACTION, DELETE_REPLICATION_GROUP_MEMBER_ACTION, DISASSOCIATION_MODE,
	DISASSOCIATE_REPLICATION_GROUP_MEMBER_ACTION, REPLICATION_GROUP_UPDATE, REPLICATION_GROUP_UPDATE_LIST,
	MULTI_REGION_CONSISTENCY, CREATE_GLOBAL_TABLE_WITNESS_GROUP_MEMBER_ACTION,
	DELETE_GLOBAL_TABLE_WITNESS_GROUP_MEMBER_ACTION, GLOBAL_TABLE_WITNESS_GROUP_UPDATE,
	GLOBAL_TABLE_WITNESS_GROUP_UPDATE_LIST, CREATE_VECTOR_INDEX_ACTION, DELETE_VECTOR_INDEX_ACTION,
	VECTOR_INDEX_UPDATE, VECTOR_INDEX_UPDATE_LIST, UPDATE_TABLE_INPUT, DESCRIBE_TABLE_INPUT, DELETE_TABLE_INPUT,
	TIME_TO_LIVE_SPECIFICATION, UPDATE_TIME_TO_LIVE_INPUT, DESCRIBE_TIME_TO_LIVE_INPUT, LIST_TABLES_INPUT_LIMIT,
	LIST_TABLES_INPUT, SHAPES
};

static const struct shape shapes[SHAPES];

static const char *const return_consumed_capacity_values[] = { "INDEXES", "TOTAL", "NONE", NULL };
static const char *const comparison_operator_values[] = { "EQ", "NE", "IN", "LE", "LT", "GE", "GT", "BETWEEN",
	"NOT_NULL", "NULL", "CONTAINS", "NOT_CONTAINS", "BEGINS_WITH", NULL };
static const char *const return_value_values[] = { "NONE", "ALL_OLD", "UPDATED_OLD", "ALL_NEW", "UPDATED_NEW", NULL };
static const char *const return_item_collection_metrics_values[] = { "SIZE", "NONE", NULL };
static const char *const conditional_operator_values[] = { "AND", "OR", NULL };
static const char *const return_values_on_condition_check_failure_values[] = { "ALL_OLD", "NONE", NULL };
static const char *const attribute_action_values[] = { "ADD", "PUT", "DELETE", NULL };
static const char *const select_values[] = { "ALL_ATTRIBUTES", "ALL_PROJECTED_ATTRIBUTES", "SPECIFIC_ATTRIBUTES",
	"COUNT", NULL };
static const char *const scalar_attribute_type_values[] = { "S", "N", "B", NULL };
static const char *const key_type_values[] = { "HASH", "RANGE", NULL };
static const char *const projection_type_values[] = { "ALL", "KEYS_ONLY", "INCLUDE", NULL };
static const char *const billing_mode_values[] = { "PROVISIONED", "PAY_PER_REQUEST", NULL };
static const char *const stream_view_type_values[] = { "NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES", "KEYS_ONLY",
	NULL };
static const char *const sse_type_values[] = { "AES256", "KMS", NULL };
static const char *const table_class_values[] = { "STANDARD", "STANDARD_INFREQUENT_ACCESS", NULL };
static const char *const global_table_settings_replication_mode_values[] = { "ENABLED", "DISABLED",
	"ENABLED_WITH_OVERRIDES", NULL };
static const char *const search_schema_element_type_values[] = { "HASH", "INLINE_FILTER", NULL };
static const char *const vector_distance_function_values[] = { "COSINE", "DOT_PRODUCT", "EUCLIDEAN", NULL };
static const char *const disassociation_mode_values[] = { "WAIT_FOR_REPLICATION", NULL };
static const char *const multi_region_consistency_values[] = { "EVENTUAL", "STRONG", NULL };

static const struct shape_member attribute_value_members[] = {
	MAY(S, STRING_ATTRIBUTE_VALUE), MAY(N, STRING_ATTRIBUTE_VALUE), MAY(B, BINARY_ATTRIBUTE_VALUE),
	MAY(SS, STRING_SET_ATTRIBUTE_VALUE), MAY(NS, STRING_SET_ATTRIBUTE_VALUE),
	MAY(BS, BINARY_SET_ATTRIBUTE_VALUE), MAY(M, MAP_ATTRIBUTE_VALUE), MAY(L, LIST_ATTRIBUTE_VALUE),
	MAY(NULL, NULL_ATTRIBUTE_VALUE), MAY(BOOL, NULL_ATTRIBUTE_VALUE),
};
static const struct shape_member get_item_input_members[] = {
	NEED(TableName, TABLE_ARN), NEED(Key, MAP_ATTRIBUTE_VALUE), MAY(AttributesToGet, ATTRIBUTE_NAME_LIST),
	MAY(ConsistentRead, NULL_ATTRIBUTE_VALUE), MAY(ReturnConsumedCapacity, RETURN_CONSUMED_CAPACITY),
	MAY(ProjectionExpression, STRING_ATTRIBUTE_VALUE),
	MAY(ExpressionAttributeNames, EXPRESSION_ATTRIBUTE_NAME_MAP),
};
static const struct shape_member expected_attribute_value_members[] = {
	MAY(Value, ATTRIBUTE_VALUE), MAY(Exists, NULL_ATTRIBUTE_VALUE), MAY(ComparisonOperator, COMPARISON_OPERATOR),
	MAY(AttributeValueList, LIST_ATTRIBUTE_VALUE),
};
static const struct shape_member put_item_input_members[] = {
	NEED(TableName, TABLE_ARN), NEED(Item, MAP_ATTRIBUTE_VALUE), MAY(Expected, EXPECTED_ATTRIBUTE_MAP),
	MAY(ReturnValues, RETURN_VALUE), MAY(ReturnConsumedCapacity, RETURN_CONSUMED_CAPACITY),
	MAY(ReturnItemCollectionMetrics, RETURN_ITEM_COLLECTION_METRICS),
	MAY(ConditionalOperator, CONDITIONAL_OPERATOR), MAY(ConditionExpression, STRING_ATTRIBUTE_VALUE),
	MAY(ExpressionAttributeNames, EXPRESSION_ATTRIBUTE_NAME_MAP),
	MAY(ExpressionAttributeValues, EXPRESSION_ATTRIBUTE_VALUE_MAP),
	MAY(ReturnValuesOnConditionCheckFailure, RETURN_VALUES_ON_CONDITION_CHECK_FAILURE),
};
static const struct shape_member attribute_value_update_members[] = {
	MAY(Value, ATTRIBUTE_VALUE), MAY(Action, ATTRIBUTE_ACTION),
};
static const struct shape_member update_item_input_members[] = {
	NEED(TableName, TABLE_ARN), NEED(Key, MAP_ATTRIBUTE_VALUE), MAY(AttributeUpdates, ATTRIBUTE_UPDATES),
	MAY(Expected, EXPECTED_ATTRIBUTE_MAP), MAY(ConditionalOperator, CONDITIONAL_OPERATOR),
	MAY(ReturnValues, RETURN_VALUE), MAY(ReturnConsumedCapacity, RETURN_CONSUMED_CAPACITY),
	MAY(ReturnItemCollectionMetrics, RETURN_ITEM_COLLECTION_METRICS),
	MAY(UpdateExpression, STRING_ATTRIBUTE_VALUE), MAY(ConditionExpression, STRING_ATTRIBUTE_VALUE),
	MAY(ExpressionAttributeNames, EXPRESSION_ATTRIBUTE_NAME_MAP),
	MAY(ExpressionAttributeValues, EXPRESSION_ATTRIBUTE_VALUE_MAP),
	MAY(ReturnValuesOnConditionCheckFailure, RETURN_VALUES_ON_CONDITION_CHECK_FAILURE),
};
static const struct shape_member delete_item_input_members[] = {
	NEED(TableName, TABLE_ARN), NEED(Key, MAP_ATTRIBUTE_VALUE), MAY(Expected, EXPECTED_ATTRIBUTE_MAP),
	MAY(ConditionalOperator, CONDITIONAL_OPERATOR), MAY(ReturnValues, RETURN_VALUE),
	MAY(ReturnConsumedCapacity, RETURN_CONSUMED_CAPACITY),
	MAY(ReturnItemCollectionMetrics, RETURN_ITEM_COLLECTION_METRICS),
	MAY(ConditionExpression, STRING_ATTRIBUTE_VALUE),
	MAY(ExpressionAttributeNames, EXPRESSION_ATTRIBUTE_NAME_MAP),
	MAY(ExpressionAttributeValues, EXPRESSION_ATTRIBUTE_VALUE_MAP),
	MAY(ReturnValuesOnConditionCheckFailure, RETURN_VALUES_ON_CONDITION_CHECK_FAILURE),
};
static const struct shape_member condition_members[] = {
	MAY(AttributeValueList, LIST_ATTRIBUTE_VALUE), NEED(ComparisonOperator, COMPARISON_OPERATOR),
};
static const struct shape_member query_input_members[] = {
	NEED(TableName, TABLE_ARN), MAY(IndexName, INDEX_NAME), MAY(Select, SELECT),
	MAY(AttributesToGet, ATTRIBUTE_NAME_LIST), MAY(Limit, POSITIVE_INTEGER_OBJECT),
	MAY(ConsistentRead, NULL_ATTRIBUTE_VALUE), MAY(KeyConditions, KEY_CONDITIONS),
	MAY(QueryFilter, KEY_CONDITIONS), MAY(ConditionalOperator, CONDITIONAL_OPERATOR),
	MAY(ScanIndexForward, NULL_ATTRIBUTE_VALUE), MAY(ExclusiveStartKey, MAP_ATTRIBUTE_VALUE),
	MAY(ReturnConsumedCapacity, RETURN_CONSUMED_CAPACITY), MAY(ProjectionExpression, STRING_ATTRIBUTE_VALUE),
	MAY(FilterExpression, STRING_ATTRIBUTE_VALUE), MAY(KeyConditionExpression, STRING_ATTRIBUTE_VALUE),
	MAY(ExpressionAttributeNames, EXPRESSION_ATTRIBUTE_NAME_MAP),
	MAY(ExpressionAttributeValues, EXPRESSION_ATTRIBUTE_VALUE_MAP),
};
static const struct shape_member scan_input_members[] = {
	NEED(TableName, TABLE_ARN), MAY(IndexName, INDEX_NAME), MAY(AttributesToGet, ATTRIBUTE_NAME_LIST),
	MAY(Limit, POSITIVE_INTEGER_OBJECT), MAY(Select, SELECT), MAY(ScanFilter, KEY_CONDITIONS),
	MAY(ConditionalOperator, CONDITIONAL_OPERATOR), MAY(ExclusiveStartKey, MAP_ATTRIBUTE_VALUE),
	MAY(ReturnConsumedCapacity, RETURN_CONSUMED_CAPACITY), MAY(TotalSegments, SCAN_TOTAL_SEGMENTS),
	MAY(Segment, SCAN_SEGMENT), MAY(ProjectionExpression, STRING_ATTRIBUTE_VALUE),
	MAY(FilterExpression, STRING_ATTRIBUTE_VALUE), MAY(ExpressionAttributeNames, EXPRESSION_ATTRIBUTE_NAME_MAP),
	MAY(ExpressionAttributeValues, EXPRESSION_ATTRIBUTE_VALUE_MAP), MAY(ConsistentRead, NULL_ATTRIBUTE_VALUE),
};
static const struct shape_member keys_and_attributes_members[] = {
	NEED(Keys, KEY_LIST), MAY(AttributesToGet, ATTRIBUTE_NAME_LIST), MAY(ConsistentRead, NULL_ATTRIBUTE_VALUE),
	MAY(ProjectionExpression, STRING_ATTRIBUTE_VALUE),
	MAY(ExpressionAttributeNames, EXPRESSION_ATTRIBUTE_NAME_MAP),
};
static const struct shape_member batch_get_item_input_members[] = {
	NEED(RequestItems, BATCH_GET_REQUEST_MAP), MAY(ReturnConsumedCapacity, RETURN_CONSUMED_CAPACITY),
};
static const struct shape_member put_request_members[] = {
	NEED(Item, MAP_ATTRIBUTE_VALUE),
};
static const struct shape_member delete_request_members[] = {
	NEED(Key, MAP_ATTRIBUTE_VALUE),
};
static const struct shape_member write_request_members[] = {
	MAY(PutRequest, PUT_REQUEST), MAY(DeleteRequest, DELETE_REQUEST),
};
static const struct shape_member batch_write_item_input_members[] = {
	NEED(RequestItems, BATCH_WRITE_ITEM_REQUEST_MAP), MAY(ReturnConsumedCapacity, RETURN_CONSUMED_CAPACITY),
	MAY(ReturnItemCollectionMetrics, RETURN_ITEM_COLLECTION_METRICS),
};
static const struct shape_member get_members[] = {
	NEED(Key, MAP_ATTRIBUTE_VALUE), NEED(TableName, TABLE_ARN),
	MAY(ProjectionExpression, STRING_ATTRIBUTE_VALUE),
	MAY(ExpressionAttributeNames, EXPRESSION_ATTRIBUTE_NAME_MAP),
};
static const struct shape_member transact_get_item_members[] = {
	NEED(Get, GET),
};
static const struct shape_member transact_get_items_input_members[] = {
	NEED(TransactItems, TRANSACT_GET_ITEM_LIST), MAY(ReturnConsumedCapacity, RETURN_CONSUMED_CAPACITY),
};
static const struct shape_member condition_check_members[] = {
	NEED(Key, MAP_ATTRIBUTE_VALUE), NEED(TableName, TABLE_ARN),
	NEED(ConditionExpression, STRING_ATTRIBUTE_VALUE),
	MAY(ExpressionAttributeNames, EXPRESSION_ATTRIBUTE_NAME_MAP),
	MAY(ExpressionAttributeValues, EXPRESSION_ATTRIBUTE_VALUE_MAP),
	MAY(ReturnValuesOnConditionCheckFailure, RETURN_VALUES_ON_CONDITION_CHECK_FAILURE),
};
static const struct shape_member put_members[] = {
	NEED(Item, MAP_ATTRIBUTE_VALUE), NEED(TableName, TABLE_ARN),
	MAY(ConditionExpression, STRING_ATTRIBUTE_VALUE),
	MAY(ExpressionAttributeNames, EXPRESSION_ATTRIBUTE_NAME_MAP),
	MAY(ExpressionAttributeValues, EXPRESSION_ATTRIBUTE_VALUE_MAP),
	MAY(ReturnValuesOnConditionCheckFailure, RETURN_VALUES_ON_CONDITION_CHECK_FAILURE),
};
static const struct shape_member delete_members[] = {
	NEED(Key, MAP_ATTRIBUTE_VALUE), NEED(TableName, TABLE_ARN), MAY(ConditionExpression, STRING_ATTRIBUTE_VALUE),
	MAY(ExpressionAttributeNames, EXPRESSION_ATTRIBUTE_NAME_MAP),
	MAY(ExpressionAttributeValues, EXPRESSION_ATTRIBUTE_VALUE_MAP),
	MAY(ReturnValuesOnConditionCheckFailure, RETURN_VALUES_ON_CONDITION_CHECK_FAILURE),
};
static const struct shape_member update_members[] = {
	NEED(Key, MAP_ATTRIBUTE_VALUE), NEED(UpdateExpression, STRING_ATTRIBUTE_VALUE), NEED(TableName, TABLE_ARN),
	MAY(ConditionExpression, STRING_ATTRIBUTE_VALUE),
	MAY(ExpressionAttributeNames, EXPRESSION_ATTRIBUTE_NAME_MAP),
	MAY(ExpressionAttributeValues, EXPRESSION_ATTRIBUTE_VALUE_MAP),
	MAY(ReturnValuesOnConditionCheckFailure, RETURN_VALUES_ON_CONDITION_CHECK_FAILURE),
};
static const struct shape_member transact_write_item_members[] = {
	MAY(ConditionCheck, CONDITION_CHECK), MAY(Put, PUT), MAY(Delete, DELETE), MAY(Update, UPDATE),
};
static const struct shape_member transact_write_items_input_members[] = {
	NEED(TransactItems, TRANSACT_WRITE_ITEM_LIST), MAY(ReturnConsumedCapacity, RETURN_CONSUMED_CAPACITY),
	MAY(ReturnItemCollectionMetrics, RETURN_ITEM_COLLECTION_METRICS),
	MAY(ClientRequestToken, CLIENT_REQUEST_TOKEN),
};
static const struct shape_member execute_statement_input_members[] = {
	NEED(Statement, PARTI_QL_STATEMENT), MAY(Parameters, PREPARED_STATEMENT_PARAMETERS),
	MAY(ConsistentRead, NULL_ATTRIBUTE_VALUE), MAY(NextToken, PARTI_QL_NEXT_TOKEN),
	MAY(ReturnConsumedCapacity, RETURN_CONSUMED_CAPACITY), MAY(Limit, POSITIVE_INTEGER_OBJECT),
	MAY(ReturnValuesOnConditionCheckFailure, RETURN_VALUES_ON_CONDITION_CHECK_FAILURE),
};
static const struct shape_member batch_statement_request_members[] = {
	NEED(Statement, PARTI_QL_STATEMENT), MAY(Parameters, PREPARED_STATEMENT_PARAMETERS),
	MAY(ConsistentRead, NULL_ATTRIBUTE_VALUE),
	MAY(ReturnValuesOnConditionCheckFailure, RETURN_VALUES_ON_CONDITION_CHECK_FAILURE),
};
static const struct shape_member batch_execute_statement_input_members[] = {
	NEED(Statements, PARTI_QL_BATCH_REQUEST), MAY(ReturnConsumedCapacity, RETURN_CONSUMED_CAPACITY),
};
static const struct shape_member parameterized_statement_members[] = {
	NEED(Statement, PARTI_QL_STATEMENT), MAY(Parameters, PREPARED_STATEMENT_PARAMETERS),
	MAY(ReturnValuesOnConditionCheckFailure, RETURN_VALUES_ON_CONDITION_CHECK_FAILURE),
};
static const struct shape_member execute_transaction_input_members[] = {
	NEED(TransactStatements, PARAMETERIZED_STATEMENTS), MAY(ClientRequestToken, CLIENT_REQUEST_TOKEN),
	MAY(ReturnConsumedCapacity, RETURN_CONSUMED_CAPACITY),
};
static const struct shape_member attribute_definition_members[] = {
	NEED(AttributeName, KEY_SCHEMA_ATTRIBUTE_NAME), NEED(AttributeType, SCALAR_ATTRIBUTE_TYPE),
};
static const struct shape_member key_schema_element_members[] = {
	NEED(AttributeName, KEY_SCHEMA_ATTRIBUTE_NAME), NEED(KeyType, KEY_TYPE),
};
static const struct shape_member projection_members[] = {
	MAY(ProjectionType, PROJECTION_TYPE), MAY(NonKeyAttributes, NON_KEY_ATTRIBUTE_NAME_LIST),
};
static const struct shape_member local_secondary_index_members[] = {
	NEED(IndexName, INDEX_NAME), NEED(KeySchema, KEY_SCHEMA), NEED(Projection, PROJECTION),
};
static const struct shape_member provisioned_throughput_members[] = {
	NEED(ReadCapacityUnits, POSITIVE_LONG_OBJECT), NEED(WriteCapacityUnits, POSITIVE_LONG_OBJECT),
};
static const struct shape_member on_demand_throughput_members[] = {
	MAY(MaxReadRequestUnits, LONG_OBJECT), MAY(MaxWriteRequestUnits, LONG_OBJECT),
};
static const struct shape_member warm_throughput_members[] = {
	MAY(ReadUnitsPerSecond, LONG_OBJECT), MAY(WriteUnitsPerSecond, LONG_OBJECT),
};
static const struct shape_member global_secondary_index_members[] = {
	NEED(IndexName, INDEX_NAME), NEED(KeySchema, KEY_SCHEMA), NEED(Projection, PROJECTION),
	MAY(ProvisionedThroughput, PROVISIONED_THROUGHPUT), MAY(OnDemandThroughput, ON_DEMAND_THROUGHPUT),
	MAY(WarmThroughput, WARM_THROUGHPUT),
};
static const struct shape_member stream_specification_members[] = {
	NEED(StreamEnabled, NULL_ATTRIBUTE_VALUE), MAY(StreamViewType, STREAM_VIEW_TYPE),
};
static const struct shape_member sse_specification_members[] = {
	MAY(Enabled, NULL_ATTRIBUTE_VALUE), MAY(SSEType, SSE_TYPE), MAY(KMSMasterKeyId, STRING_ATTRIBUTE_VALUE),
};
static const struct shape_member tag_members[] = {
	NEED(Key, TAG_KEY_STRING), NEED(Value, TAG_VALUE_STRING),
};
static const struct shape_member vector_attribute_definition_members[] = {
	NEED(AttributeName, KEY_SCHEMA_ATTRIBUTE_NAME),
};
static const struct shape_member search_schema_element_members[] = {
	NEED(AttributeName, ATTRIBUTE_NAME), NEED(SearchSchemaElementType, SEARCH_SCHEMA_ELEMENT_TYPE),
};
static const struct shape_member vector_index_members[] = {
	NEED(IndexName, INDEX_NAME), NEED(VectorAttribute, VECTOR_ATTRIBUTE_DEFINITION),
	MAY(SearchSchema, SEARCH_SCHEMA), NEED(Projection, PROJECTION), NEED(Dimensions, POSITIVE_LONG_OBJECT),
	NEED(DistanceFunction, VECTOR_DISTANCE_FUNCTION),
};
static const struct shape_member create_table_input_members[] = {
	MAY(AttributeDefinitions, ATTRIBUTE_DEFINITIONS), NEED(TableName, TABLE_ARN), MAY(KeySchema, KEY_SCHEMA),
	MAY(LocalSecondaryIndexes, LOCAL_SECONDARY_INDEX_LIST),
	MAY(GlobalSecondaryIndexes, GLOBAL_SECONDARY_INDEX_LIST), MAY(BillingMode, BILLING_MODE),
	MAY(ProvisionedThroughput, PROVISIONED_THROUGHPUT), MAY(StreamSpecification, STREAM_SPECIFICATION),
	MAY(SSESpecification, SSE_SPECIFICATION), MAY(Tags, TAG_LIST), MAY(TableClass, TABLE_CLASS),
	MAY(DeletionProtectionEnabled, NULL_ATTRIBUTE_VALUE), MAY(WarmThroughput, WARM_THROUGHPUT),
	MAY(ResourcePolicy, STRING_ATTRIBUTE_VALUE), MAY(OnDemandThroughput, ON_DEMAND_THROUGHPUT),
	MAY(GlobalTableSourceArn, TABLE_ARN),
	MAY(GlobalTableSettingsReplicationMode, GLOBAL_TABLE_SETTINGS_REPLICATION_MODE),
	MAY(VectorIndexes, VECTOR_INDEX_LIST),
};
static const struct shape_member update_global_secondary_index_action_members[] = {
	NEED(IndexName, INDEX_NAME), MAY(ProvisionedThroughput, PROVISIONED_THROUGHPUT),
	MAY(OnDemandThroughput, ON_DEMAND_THROUGHPUT), MAY(WarmThroughput, WARM_THROUGHPUT),
};
static const struct shape_member create_global_secondary_index_action_members[] = {
	NEED(IndexName, INDEX_NAME), NEED(KeySchema, KEY_SCHEMA), NEED(Projection, PROJECTION),
	MAY(ProvisionedThroughput, PROVISIONED_THROUGHPUT), MAY(OnDemandThroughput, ON_DEMAND_THROUGHPUT),
	MAY(WarmThroughput, WARM_THROUGHPUT),
};
static const struct shape_member delete_global_secondary_index_action_members[] = {
	NEED(IndexName, INDEX_NAME),
};
static const struct shape_member global_secondary_index_update_members[] = {
	MAY(Update, UPDATE_GLOBAL_SECONDARY_INDEX_ACTION), MAY(Create, CREATE_GLOBAL_SECONDARY_INDEX_ACTION),
	MAY(Delete, DELETE_GLOBAL_SECONDARY_INDEX_ACTION),
};
static const struct shape_member provisioned_throughput_override_members[] = {
	MAY(ReadCapacityUnits, POSITIVE_LONG_OBJECT),
};
static const struct shape_member on_demand_throughput_override_members[] = {
	MAY(MaxReadRequestUnits, LONG_OBJECT),
};
static const struct shape_member replica_global_secondary_index_members[] = {
	NEED(IndexName, INDEX_NAME), MAY(ProvisionedThroughputOverride, PROVISIONED_THROUGHPUT_OVERRIDE),
	MAY(OnDemandThroughputOverride, ON_DEMAND_THROUGHPUT_OVERRIDE),
};
static const struct shape_member create_replication_group_member_action_members[] = {
	NEED(RegionName, STRING_ATTRIBUTE_VALUE), MAY(KMSMasterKeyId, STRING_ATTRIBUTE_VALUE),
	MAY(ProvisionedThroughputOverride, PROVISIONED_THROUGHPUT_OVERRIDE),
	MAY(OnDemandThroughputOverride, ON_DEMAND_THROUGHPUT_OVERRIDE),
	MAY(GlobalSecondaryIndexes, REPLICA_GLOBAL_SECONDARY_INDEX_LIST), MAY(TableClassOverride, TABLE_CLASS),
};
static const struct shape_member update_replication_group_member_action_members[] = {
	NEED(RegionName, STRING_ATTRIBUTE_VALUE), MAY(KMSMasterKeyId, STRING_ATTRIBUTE_VALUE),
	MAY(ProvisionedThroughputOverride, PROVISIONED_THROUGHPUT_OVERRIDE),
	MAY(OnDemandThroughputOverride, ON_DEMAND_THROUGHPUT_OVERRIDE),
	MAY(GlobalSecondaryIndexes, REPLICA_GLOBAL_SECONDARY_INDEX_LIST), MAY(TableClassOverride, TABLE_CLASS),
};
static const struct shape_member delete_replication_group_member_action_members[] = {
	NEED(RegionName, STRING_ATTRIBUTE_VALUE),
};
static const struct shape_member disassociate_replication_group_member_action_members[] = {
	NEED(RegionName, STRING_ATTRIBUTE_VALUE), NEED(DisassociationMode, DISASSOCIATION_MODE),
};
static const struct shape_member replication_group_update_members[] = {
	MAY(Create, CREATE_REPLICATION_GROUP_MEMBER_ACTION), MAY(Update, UPDATE_REPLICATION_GROUP_MEMBER_ACTION),
	MAY(Delete, DELETE_REPLICATION_GROUP_MEMBER_ACTION),
	MAY(Disassociate, DISASSOCIATE_REPLICATION_GROUP_MEMBER_ACTION),
};
static const struct shape_member create_global_table_witness_group_member_action_members[] = {
	NEED(RegionName, STRING_ATTRIBUTE_VALUE),
};
static const struct shape_member delete_global_table_witness_group_member_action_members[] = {
	NEED(RegionName, STRING_ATTRIBUTE_VALUE),
};
static const struct shape_member global_table_witness_group_update_members[] = {
	MAY(Create, CREATE_GLOBAL_TABLE_WITNESS_GROUP_MEMBER_ACTION),
	MAY(Delete, DELETE_GLOBAL_TABLE_WITNESS_GROUP_MEMBER_ACTION),
};
static const struct shape_member create_vector_index_action_members[] = {
	NEED(IndexName, INDEX_NAME), NEED(VectorAttribute, VECTOR_ATTRIBUTE_DEFINITION),
	MAY(SearchSchema, SEARCH_SCHEMA), NEED(Projection, PROJECTION), NEED(Dimensions, POSITIVE_LONG_OBJECT),
	NEED(DistanceFunction, VECTOR_DISTANCE_FUNCTION),
};
static const struct shape_member delete_vector_index_action_members[] = {
	NEED(IndexName, INDEX_NAME),
};
static const struct shape_member vector_index_update_members[] = {
	MAY(Create, CREATE_VECTOR_INDEX_ACTION), MAY(Delete, DELETE_VECTOR_INDEX_ACTION),
};
static const struct shape_member update_table_input_members[] = {
	MAY(AttributeDefinitions, ATTRIBUTE_DEFINITIONS), NEED(TableName, TABLE_ARN), MAY(BillingMode, BILLING_MODE),
	MAY(ProvisionedThroughput, PROVISIONED_THROUGHPUT),
	MAY(GlobalSecondaryIndexUpdates, GLOBAL_SECONDARY_INDEX_UPDATE_LIST),
	MAY(StreamSpecification, STREAM_SPECIFICATION), MAY(SSESpecification, SSE_SPECIFICATION),
	MAY(ReplicaUpdates, REPLICATION_GROUP_UPDATE_LIST), MAY(TableClass, TABLE_CLASS),
	MAY(DeletionProtectionEnabled, NULL_ATTRIBUTE_VALUE), MAY(MultiRegionConsistency, MULTI_REGION_CONSISTENCY),
	MAY(GlobalTableWitnessUpdates, GLOBAL_TABLE_WITNESS_GROUP_UPDATE_LIST),
	MAY(OnDemandThroughput, ON_DEMAND_THROUGHPUT), MAY(WarmThroughput, WARM_THROUGHPUT),
	MAY(GlobalTableSettingsReplicationMode, GLOBAL_TABLE_SETTINGS_REPLICATION_MODE),
	MAY(DisassociationProtectionEnabled, NULL_ATTRIBUTE_VALUE),
	MAY(VectorIndexUpdates, VECTOR_INDEX_UPDATE_LIST),
};
static const struct shape_member describe_table_input_members[] = {
	NEED(TableName, TABLE_ARN),
};
static const struct shape_member delete_table_input_members[] = {
	NEED(TableName, TABLE_ARN),
};
static const struct shape_member time_to_live_specification_members[] = {
	NEED(Enabled, NULL_ATTRIBUTE_VALUE), NEED(AttributeName, KEY_SCHEMA_ATTRIBUTE_NAME),
};
static const struct shape_member update_time_to_live_input_members[] = {
	NEED(TableName, TABLE_ARN), NEED(TimeToLiveSpecification, TIME_TO_LIVE_SPECIFICATION),
};
static const struct shape_member describe_time_to_live_input_members[] = {
	NEED(TableName, TABLE_ARN),
};
static const struct shape_member list_tables_input_members[] = {
	MAY(ExclusiveStartTableName, INDEX_NAME), MAY(Limit, LIST_TABLES_INPUT_LIMIT),
};

static const struct shape shapes[SHAPES] = {
	[TABLE_ARN] = { .kind = SHAPE_STRING, .min = 1, .max = 1024 },
	[ATTRIBUTE_NAME] = { .kind = SHAPE_STRING, .max = 65535 },
	[STRING_ATTRIBUTE_VALUE] = { .kind = SHAPE_STRING },
	[BINARY_ATTRIBUTE_VALUE] = { .kind = SHAPE_BLOB },
	[STRING_SET_ATTRIBUTE_VALUE] = { .kind = SHAPE_LIST, .of = &shapes[STRING_ATTRIBUTE_VALUE] },
	[BINARY_SET_ATTRIBUTE_VALUE] = { .kind = SHAPE_LIST, .of = &shapes[BINARY_ATTRIBUTE_VALUE] },
	[MAP_ATTRIBUTE_VALUE] = { .kind = SHAPE_MAP, .of = &shapes[ATTRIBUTE_VALUE], .key = &shapes[ATTRIBUTE_NAME] },
	[LIST_ATTRIBUTE_VALUE] = { .kind = SHAPE_LIST, .of = &shapes[ATTRIBUTE_VALUE] },
	[NULL_ATTRIBUTE_VALUE] = { .kind = SHAPE_BOOLEAN },
	[ATTRIBUTE_VALUE] = STRUCTURE(attribute_value_members),
	[ATTRIBUTE_NAME_LIST] = { .kind = SHAPE_LIST, .min = 1, .of = &shapes[ATTRIBUTE_NAME] },
	[RETURN_CONSUMED_CAPACITY] = { .kind = SHAPE_STRING, .values = return_consumed_capacity_values },
	[EXPRESSION_ATTRIBUTE_NAME_MAP] = { .kind = SHAPE_MAP, .of = &shapes[ATTRIBUTE_NAME],
		.key = &shapes[STRING_ATTRIBUTE_VALUE] },
	[GET_ITEM_INPUT] = STRUCTURE(get_item_input_members),
	[COMPARISON_OPERATOR] = { .kind = SHAPE_STRING, .values = comparison_operator_values },
	[EXPECTED_ATTRIBUTE_VALUE] = STRUCTURE(expected_attribute_value_members),
	[EXPECTED_ATTRIBUTE_MAP] = { .kind = SHAPE_MAP, .of = &shapes[EXPECTED_ATTRIBUTE_VALUE],
		.key = &shapes[ATTRIBUTE_NAME] },
	[RETURN_VALUE] = { .kind = SHAPE_STRING, .values = return_value_values },
	[RETURN_ITEM_COLLECTION_METRICS] = { .kind = SHAPE_STRING, .values = return_item_collection_metrics_values },
	[CONDITIONAL_OPERATOR] = { .kind = SHAPE_STRING, .values = conditional_operator_values },
	[EXPRESSION_ATTRIBUTE_VALUE_MAP] = { .kind = SHAPE_MAP, .of = &shapes[ATTRIBUTE_VALUE],
		.key = &shapes[STRING_ATTRIBUTE_VALUE] },
	[RETURN_VALUES_ON_CONDITION_CHECK_FAILURE] = { .kind = SHAPE_STRING,
		.values = return_values_on_condition_check_failure_values },
	[PUT_ITEM_INPUT] = STRUCTURE(put_item_input_members),
	[ATTRIBUTE_ACTION] = { .kind = SHAPE_STRING, .values = attribute_action_values },
	[ATTRIBUTE_VALUE_UPDATE] = STRUCTURE(attribute_value_update_members),
	[ATTRIBUTE_UPDATES] = { .kind = SHAPE_MAP, .of = &shapes[ATTRIBUTE_VALUE_UPDATE],
		.key = &shapes[ATTRIBUTE_NAME] },
	[UPDATE_ITEM_INPUT] = STRUCTURE(update_item_input_members),
	[DELETE_ITEM_INPUT] = STRUCTURE(delete_item_input_members),
	[INDEX_NAME] = { .kind = SHAPE_STRING, .min = 3, .max = 255 },
	[SELECT] = { .kind = SHAPE_STRING, .values = select_values },
	[POSITIVE_INTEGER_OBJECT] = { .kind = SHAPE_INTEGER, .min = 1 },
	[CONDITION] = STRUCTURE(condition_members),
	[KEY_CONDITIONS] = { .kind = SHAPE_MAP, .of = &shapes[CONDITION], .key = &shapes[ATTRIBUTE_NAME] },
	[QUERY_INPUT] = STRUCTURE(query_input_members),
	[SCAN_TOTAL_SEGMENTS] = { .kind = SHAPE_INTEGER, .min = 1, .max = 1000000 },
	[SCAN_SEGMENT] = { .kind = SHAPE_INTEGER, .max = 999999 },
	[SCAN_INPUT] = STRUCTURE(scan_input_members),
	[KEY_LIST] = { .kind = SHAPE_LIST, .min = 1, .max = 100, .of = &shapes[MAP_ATTRIBUTE_VALUE] },
	[KEYS_AND_ATTRIBUTES] = STRUCTURE(keys_and_attributes_members),
	[BATCH_GET_REQUEST_MAP] = { .kind = SHAPE_MAP, .min = 1, .max = 100, .of = &shapes[KEYS_AND_ATTRIBUTES],
		.key = &shapes[TABLE_ARN] },
	[BATCH_GET_ITEM_INPUT] = STRUCTURE(batch_get_item_input_members),
	[PUT_REQUEST] = STRUCTURE(put_request_members),
	[DELETE_REQUEST] = STRUCTURE(delete_request_members),
	[WRITE_REQUEST] = STRUCTURE(write_request_members),
	[WRITE_REQUESTS] = { .kind = SHAPE_LIST, .min = 1, .max = 25, .of = &shapes[WRITE_REQUEST] },
	[BATCH_WRITE_ITEM_REQUEST_MAP] = { .kind = SHAPE_MAP, .min = 1, .max = 25, .of = &shapes[WRITE_REQUESTS],
		.key = &shapes[TABLE_ARN] },
	[BATCH_WRITE_ITEM_INPUT] = STRUCTURE(batch_write_item_input_members),
	[GET] = STRUCTURE(get_members),
	[TRANSACT_GET_ITEM] = STRUCTURE(transact_get_item_members),
	[TRANSACT_GET_ITEM_LIST] = { .kind = SHAPE_LIST, .min = 1, .max = 100, .of = &shapes[TRANSACT_GET_ITEM] },
	[TRANSACT_GET_ITEMS_INPUT] = STRUCTURE(transact_get_items_input_members),
	[CONDITION_CHECK] = STRUCTURE(condition_check_members),
	[PUT] = STRUCTURE(put_members),
	[DELETE] = STRUCTURE(delete_members),
	[UPDATE] = STRUCTURE(update_members),
	[TRANSACT_WRITE_ITEM] = STRUCTURE(transact_write_item_members),
	[TRANSACT_WRITE_ITEM_LIST] = { .kind = SHAPE_LIST, .min = 1, .max = 100, .of = &shapes[TRANSACT_WRITE_ITEM] },
	[CLIENT_REQUEST_TOKEN] = { .kind = SHAPE_STRING, .min = 1, .max = 36 },
	[TRANSACT_WRITE_ITEMS_INPUT] = STRUCTURE(transact_write_items_input_members),
	[PARTI_QL_STATEMENT] = { .kind = SHAPE_STRING, .min = 1, .max = 8192 },
	[PREPARED_STATEMENT_PARAMETERS] = { .kind = SHAPE_LIST, .min = 1, .of = &shapes[ATTRIBUTE_VALUE] },
	[PARTI_QL_NEXT_TOKEN] = { .kind = SHAPE_STRING, .min = 1, .max = 32768 },
	[EXECUTE_STATEMENT_INPUT] = STRUCTURE(execute_statement_input_members),
	[BATCH_STATEMENT_REQUEST] = STRUCTURE(batch_statement_request_members),
	[PARTI_QL_BATCH_REQUEST] = { .kind = SHAPE_LIST, .min = 1, .max = 25, .of = &shapes[BATCH_STATEMENT_REQUEST] },
	[BATCH_EXECUTE_STATEMENT_INPUT] = STRUCTURE(batch_execute_statement_input_members),
	[PARAMETERIZED_STATEMENT] = STRUCTURE(parameterized_statement_members),
	[PARAMETERIZED_STATEMENTS] = { .kind = SHAPE_LIST, .min = 1, .max = 100,
		.of = &shapes[PARAMETERIZED_STATEMENT] },
	[EXECUTE_TRANSACTION_INPUT] = STRUCTURE(execute_transaction_input_members),
	[KEY_SCHEMA_ATTRIBUTE_NAME] = { .kind = SHAPE_STRING, .min = 1, .max = 255 },
	[SCALAR_ATTRIBUTE_TYPE] = { .kind = SHAPE_STRING, .values = scalar_attribute_type_values },
	[ATTRIBUTE_DEFINITION] = STRUCTURE(attribute_definition_members),
	[ATTRIBUTE_DEFINITIONS] = { .kind = SHAPE_LIST, .of = &shapes[ATTRIBUTE_DEFINITION] },
	[KEY_TYPE] = { .kind = SHAPE_STRING, .values = key_type_values },
	[KEY_SCHEMA_ELEMENT] = STRUCTURE(key_schema_element_members),
	[KEY_SCHEMA] = { .kind = SHAPE_LIST, .min = 1, .of = &shapes[KEY_SCHEMA_ELEMENT] },
	[PROJECTION_TYPE] = { .kind = SHAPE_STRING, .values = projection_type_values },
	[NON_KEY_ATTRIBUTE_NAME_LIST] = { .kind = SHAPE_LIST, .min = 1, .max = 20,
		.of = &shapes[KEY_SCHEMA_ATTRIBUTE_NAME] },
	[PROJECTION] = STRUCTURE(projection_members),
	[LOCAL_SECONDARY_INDEX] = STRUCTURE(local_secondary_index_members),
	[LOCAL_SECONDARY_INDEX_LIST] = { .kind = SHAPE_LIST, .of = &shapes[LOCAL_SECONDARY_INDEX] },
	[POSITIVE_LONG_OBJECT] = { .kind = SHAPE_INTEGER, .min = 1 },
	[PROVISIONED_THROUGHPUT] = STRUCTURE(provisioned_throughput_members),
	[LONG_OBJECT] = { .kind = SHAPE_INTEGER },
	[ON_DEMAND_THROUGHPUT] = STRUCTURE(on_demand_throughput_members),
	[WARM_THROUGHPUT] = STRUCTURE(warm_throughput_members),
	[GLOBAL_SECONDARY_INDEX] = STRUCTURE(global_secondary_index_members),
	[GLOBAL_SECONDARY_INDEX_LIST] = { .kind = SHAPE_LIST, .of = &shapes[GLOBAL_SECONDARY_INDEX] },
	[BILLING_MODE] = { .kind = SHAPE_STRING, .values = billing_mode_values },
	[STREAM_VIEW_TYPE] = { .kind = SHAPE_STRING, .values = stream_view_type_values },
	[STREAM_SPECIFICATION] = STRUCTURE(stream_specification_members),
	[SSE_TYPE] = { .kind = SHAPE_STRING, .values = sse_type_values },
	[SSE_SPECIFICATION] = STRUCTURE(sse_specification_members),
	[TAG_KEY_STRING] = { .kind = SHAPE_STRING, .min = 1, .max = 128 },
	[TAG_VALUE_STRING] = { .kind = SHAPE_STRING, .max = 256 },
	[TAG] = STRUCTURE(tag_members),
	[TAG_LIST] = { .kind = SHAPE_LIST, .of = &shapes[TAG] },
	[TABLE_CLASS] = { .kind = SHAPE_STRING, .values = table_class_values },
	[GLOBAL_TABLE_SETTINGS_REPLICATION_MODE] = { .kind = SHAPE_STRING,
		.values = global_table_settings_replication_mode_values },
	[VECTOR_ATTRIBUTE_DEFINITION] = STRUCTURE(vector_attribute_definition_members),
	[SEARCH_SCHEMA_ELEMENT_TYPE] = { .kind = SHAPE_STRING, .values = search_schema_element_type_values },
	[SEARCH_SCHEMA_ELEMENT] = STRUCTURE(search_schema_element_members),
	[SEARCH_SCHEMA] = { .kind = SHAPE_LIST, .min = 1, .of = &shapes[SEARCH_SCHEMA_ELEMENT] },
	[VECTOR_DISTANCE_FUNCTION] = { .kind = SHAPE_STRING, .values = vector_distance_function_values },
	[VECTOR_INDEX] = STRUCTURE(vector_index_members),
	[VECTOR_INDEX_LIST] = { .kind = SHAPE_LIST, .of = &shapes[VECTOR_INDEX] },
	[CREATE_TABLE_INPUT] = STRUCTURE(create_table_input_members),
	[UPDATE_GLOBAL_SECONDARY_INDEX_ACTION] = STRUCTURE(update_global_secondary_index_action_members),
	[CREATE_GLOBAL_SECONDARY_INDEX_ACTION] = STRUCTURE(create_global_secondary_index_action_members),
	[DELETE_GLOBAL_SECONDARY_INDEX_ACTION] = STRUCTURE(delete_global_secondary_index_action_members),
	[GLOBAL_SECONDARY_INDEX_UPDATE] = STRUCTURE(global_secondary_index_update_members),
	[GLOBAL_SECONDARY_INDEX_UPDATE_LIST] = { .kind = SHAPE_LIST, .of = &shapes[GLOBAL_SECONDARY_INDEX_UPDATE] },
	[PROVISIONED_THROUGHPUT_OVERRIDE] = STRUCTURE(provisioned_throughput_override_members),
	[ON_DEMAND_THROUGHPUT_OVERRIDE] = STRUCTURE(on_demand_throughput_override_members),
	[REPLICA_GLOBAL_SECONDARY_INDEX] = STRUCTURE(replica_global_secondary_index_members),
	[REPLICA_GLOBAL_SECONDARY_INDEX_LIST] = { .kind = SHAPE_LIST, .min = 1,
		.of = &shapes[REPLICA_GLOBAL_SECONDARY_INDEX] },
	[CREATE_REPLICATION_GROUP_MEMBER_ACTION] = STRUCTURE(create_replication_group_member_action_members),
	[UPDATE_REPLICATION_GROUP_MEMBER_ACTION] = STRUCTURE(update_replication_group_member_action_members),
	[DELETE_REPLICATION_GROUP_MEMBER_ACTION] = STRUCTURE(delete_replication_group_member_action_members),
	[DISASSOCIATION_MODE] = { .kind = SHAPE_STRING, .values = disassociation_mode_values },
	[DISASSOCIATE_REPLICATION_GROUP_MEMBER_ACTION] =
		STRUCTURE(disassociate_replication_group_member_action_members),
	[REPLICATION_GROUP_UPDATE] = STRUCTURE(replication_group_update_members),
	[REPLICATION_GROUP_UPDATE_LIST] = { .kind = SHAPE_LIST, .min = 1, .of = &shapes[REPLICATION_GROUP_UPDATE] },
	[MULTI_REGION_CONSISTENCY] = { .kind = SHAPE_STRING, .values = multi_region_consistency_values },
	[CREATE_GLOBAL_TABLE_WITNESS_GROUP_MEMBER_ACTION] =
		STRUCTURE(create_global_table_witness_group_member_action_members),
	[DELETE_GLOBAL_TABLE_WITNESS_GROUP_MEMBER_ACTION] =
		STRUCTURE(delete_global_table_witness_group_member_action_members),
	[GLOBAL_TABLE_WITNESS_GROUP_UPDATE] = STRUCTURE(global_table_witness_group_update_members),
	[GLOBAL_TABLE_WITNESS_GROUP_UPDATE_LIST] = { .kind = SHAPE_LIST, .min = 1, .max = 1,
		.of = &shapes[GLOBAL_TABLE_WITNESS_GROUP_UPDATE] },
	[CREATE_VECTOR_INDEX_ACTION] = STRUCTURE(create_vector_index_action_members),
	[DELETE_VECTOR_INDEX_ACTION] = STRUCTURE(delete_vector_index_action_members),
	[VECTOR_INDEX_UPDATE] = STRUCTURE(vector_index_update_members),
	[VECTOR_INDEX_UPDATE_LIST] = { .kind = SHAPE_LIST, .of = &shapes[VECTOR_INDEX_UPDATE] },
	[UPDATE_TABLE_INPUT] = STRUCTURE(update_table_input_members),
	[DESCRIBE_TABLE_INPUT] = STRUCTURE(describe_table_input_members),
	[DELETE_TABLE_INPUT] = STRUCTURE(delete_table_input_members),
	[TIME_TO_LIVE_SPECIFICATION] = STRUCTURE(time_to_live_specification_members),
	[UPDATE_TIME_TO_LIVE_INPUT] = STRUCTURE(update_time_to_live_input_members),
	[DESCRIBE_TIME_TO_LIVE_INPUT] = STRUCTURE(describe_time_to_live_input_members),
	[LIST_TABLES_INPUT_LIMIT] = { .kind = SHAPE_INTEGER, .min = 1, .max = 100 },
	[LIST_TABLES_INPUT] = STRUCTURE(list_tables_input_members),
};

static const struct operation table[] = {
	{ STR_INIT("GetItem"), STR_INIT("get-item"), &shapes[GET_ITEM_INPUT], NULL },
	{ STR_INIT("PutItem"), STR_INIT("put-item"), &shapes[PUT_ITEM_INPUT], NULL },
	{ STR_INIT("UpdateItem"), STR_INIT("update-item"), &shapes[UPDATE_ITEM_INPUT], NULL },
	{ STR_INIT("DeleteItem"), STR_INIT("delete-item"), &shapes[DELETE_ITEM_INPUT], NULL },
	{ STR_INIT("Query"), STR_INIT("query"), &shapes[QUERY_INPUT], "ExclusiveStartKey" },
	{ STR_INIT("Scan"), STR_INIT("scan"), &shapes[SCAN_INPUT], "ExclusiveStartKey" },
	{ STR_INIT("BatchGetItem"), STR_INIT("batch-get-item"), &shapes[BATCH_GET_ITEM_INPUT], NULL },
	{ STR_INIT("BatchWriteItem"), STR_INIT("batch-write-item"), &shapes[BATCH_WRITE_ITEM_INPUT], NULL },
	{ STR_INIT("TransactGetItems"), STR_INIT("transact-get-items"), &shapes[TRANSACT_GET_ITEMS_INPUT], NULL },
	{ STR_INIT("TransactWriteItems"), STR_INIT("transact-write-items"), &shapes[TRANSACT_WRITE_ITEMS_INPUT], NULL },
	{ STR_INIT("ExecuteStatement"), STR_INIT("execute-statement"), &shapes[EXECUTE_STATEMENT_INPUT], NULL },
	{ STR_INIT("BatchExecuteStatement"), STR_INIT("batch-execute-statement"),
		&shapes[BATCH_EXECUTE_STATEMENT_INPUT], NULL },
	{ STR_INIT("ExecuteTransaction"), STR_INIT("execute-transaction"), &shapes[EXECUTE_TRANSACTION_INPUT], NULL },
	{ STR_INIT("CreateTable"), STR_INIT("create-table"), &shapes[CREATE_TABLE_INPUT], NULL },
	{ STR_INIT("UpdateTable"), STR_INIT("update-table"), &shapes[UPDATE_TABLE_INPUT], NULL },
	{ STR_INIT("DescribeTable"), STR_INIT("describe-table"), &shapes[DESCRIBE_TABLE_INPUT], NULL },
	{ STR_INIT("DeleteTable"), STR_INIT("delete-table"), &shapes[DELETE_TABLE_INPUT], NULL },
	{ STR_INIT("UpdateTimeToLive"), STR_INIT("update-time-to-live"), &shapes[UPDATE_TIME_TO_LIVE_INPUT], NULL },
	{ STR_INIT("DescribeTimeToLive"), STR_INIT("describe-time-to-live"), &shapes[DESCRIBE_TIME_TO_LIVE_INPUT],
		NULL },
	{ STR_INIT("ListTables"), STR_INIT("list-tables"), &shapes[LIST_TABLES_INPUT], "ExclusiveStartTableName" },
};
