/* filter_impl: what a compiled filter is made of; shared by filter_*.c. */
#ifndef SLUICE_PIPELINE_FILTER_IMPL_H
#define SLUICE_PIPELINE_FILTER_IMPL_H

#include "sluice/core/problem.h"
#include "sluice/item/number.h"
#include "sluice/pipeline/filter.h"
#include "template_impl.h"

enum {
	FILTER_MAX_FIELDS = 64,     /* in one group: a bit each while it is matched */
	FILTER_MAX_NODES = 4096,    /* fields and tests of a whole filter */
	FILTER_MAX_DEPTH = 72,      /* 32 nested maps in attribute-value form, and the record around them */
};

/* ---- Tests on one leaf ---- */

enum test_op {
	TEST_STRING, TEST_NUMBER, TEST_BOOL, TEST_NULL, TEST_OPERAND,
	TEST_PREFIX, TEST_SUFFIX, TEST_EQUAL_NOCASE, TEST_PREFIX_NOCASE, TEST_SUFFIX_NOCASE,
	TEST_WILDCARD, TEST_CIDR, TEST_NUMERIC, TEST_EXISTS, TEST_ABSENT, TEST_NONE_OF,
};

enum bound_op { BOUND_EQ, BOUND_LT, BOUND_LE, BOUND_GT, BOUND_GE };

struct bound {
	enum bound_op op;
	const struct number *number;      /* or */
	const struct template *operand;
};

/* Literal pieces between the stars. */
struct wildcard {
	struct str *pieces;
	size_t count;            /* stars + 1 */
};

struct cidr {
	unsigned char network[16];
	unsigned bits;
	int family;
};

struct tests {
	struct test *items;
	size_t count;
};

struct test {
	enum test_op op;
	union {
		bool truth;                       /* BOOL */
		struct str text;                  /* STRING … SUFFIX_NOCASE; NOCASE: folded */
		const struct number *number;
		const struct template *operand;
		struct wildcard wildcard;
		struct cidr cidr;
		struct tests none_of;
		struct {
			struct bound bounds[2];
			size_t n_bounds;
		};
	};
};

/* ---- The tree ---- */

enum level {
	LEVEL_LEAF,        /* a list of tests */
	LEVEL_RECORD,      /* eventName … */
	LEVEL_IDENTITY,    /* userIdentity */
	LEVEL_DYNAMODB,    /* dynamodb */
	LEVEL_ATTRIBUTES,  /* names of attributes, in attribute-value form */
	LEVEL_TYPE,        /* S, N, … of an attribute value */
	LEVEL_PLAIN,       /* names of a plain item */
};

/* Places at the upper levels of a record. */
enum place {
	PLACE_EVENT_ID, PLACE_EVENT_NAME, PLACE_EVENT_VERSION, PLACE_EVENT_SOURCE, PLACE_AWS_REGION,
	PLACE_EVENT_SOURCE_ARN, PLACE_IDENTITY, PLACE_DYNAMODB,
	PLACE_TYPE, PLACE_PRINCIPAL,
	PLACE_CREATED, PLACE_KEYS, PLACE_NEW_IMAGE, PLACE_OLD_IMAGE, PLACE_SEQUENCE, PLACE_SIZE, PLACE_VIEW_TYPE,
};

struct pattern;

struct field {
	struct str name;
	enum place place;            /* levels RECORD, IDENTITY, DYNAMODB */
	enum value_type type;        /* level TYPE */
	struct tests tests;          /* a leaf's, any of them; or */
	struct pattern *child;
	bool absent_ok;              /* matches where nothing is there */
};

struct alternatives {
	struct pattern **items;
	size_t count;
};

/* A group { }: all its fields and all its $or lists. */
struct pattern {
	enum level level;
	struct field *fields;
	size_t count;
	struct alternatives *ors;
	size_t n_ors;
	bool absent_ok;
};

struct filter {
	enum filter_subject subject;
	struct alternatives any;     /* one pattern; several in a FilterCriteria */
	unsigned roots;
	struct operand_list {
		const struct template *template;
		struct operand_list *next;
	} *operands;
};

/* ---- Compiling ---- */

struct filter_compiler {
	enum filter_subject subject;
	unsigned allowed;            /* roots that operands may refer to */
	struct filter *filter;
	struct arena *arena;
	struct problems *problems;
	size_t nodes;
};

/* Notes that the arena is full; false, to return it. */
bool filter_no_memory(struct filter_compiler *c, const struct node *at);

/* Counts one more; notes when the filter is too large. */
bool filter_count_node(struct filter_compiler *c, const struct node *at);

/* A list of alternatives: values and { operator: operand }. */
bool filter_compile_tests(struct filter_compiler *c, const struct node *list, struct tests *out);

/* ---- Matching ---- */

enum leaf_kind { LEAF_STRING, LEAF_NUMBER, LEAF_BOOL, LEAF_NULL };

struct leaf {
	enum leaf_kind kind;
	struct str raw;          /* STRING: escaped content; NUMBER: its text */
	bool number_text;        /* a STRING that holds a number: N in attribute-value form */
	bool truth;
};

struct filter_match {
	const struct template_context *context;
	struct err *err;         /* never NULL */
	struct err own;          /* where the caller wants none */
	bool failed;             /* err is filled, nothing matches any more */
	bool record;             /* attribute-value form */
	struct buf text;         /* the leaf's plain text, where it had escapes */
	struct buf operand;
	/* What is known of the leaf at hand. */
	struct str plain;        /* ptr NULL: not yet made */
	enum { NUMBER_UNKNOWN, NUMBER_GOOD, NUMBER_BAD } number_state;
	struct number number;
};

/* True when one of the tests is passed by the leaf. */
bool filter_test_leaf(struct filter_match *m, const struct tests *tests, const struct leaf *leaf);

#endif
