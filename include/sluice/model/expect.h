/* expect: what a command's answer, or what a handler has sent, is compared with: `expect` of
 * patterns and of the steps of expect_after.
 *
 *   count     so many items (messages) were there
 *   items     each has all of these attributes, equal: numbers by value (1 = 1.0), sets and maps
 *             regardless of order, nested maps and lists as wholes. In this order (others may stand
 *             between them); a batch and a Scan answer in any order
 *   keys      of the answer's items, all of them, in its order
 *   error     the exception's name; without it the command must succeed
 *   messages  for each some message holds it: objects by the members that it names, deep down; all else
 *             equal, numbers by value
 *
 * What differs is said so that somebody can act: 'items[1].status: expected {"S":"open"}, found
 * {"S":"closed"}'. Answers may be hostile; documents are what model_parse() gives.
 */
#ifndef SLUICE_MODEL_EXPECT_H
#define SLUICE_MODEL_EXPECT_H

#include "sluice/model/document.h"

enum {
	EXPECT_DIFFERENCES_MAX = 20,     /* so many are kept; the others are only counted */
	EXPECT_ITEMS_MAX = 20000,        /* of one answer */
	EXPECT_SHOWN_BYTES = 240,        /* of a value in a message */
};

struct expect_difference {
	struct str text;                 /* UTF-8 without control characters */
	const struct expect_difference *next;
};

struct expect_differences {
	struct arena *arena;             /* borrowed */
	struct expect_difference *first, *last;
	size_t count;                    /* of all, also of those not kept */
};

void expect_differences_init(struct expect_differences *d, struct arena *arena);
void expect_differ(struct expect_differences *d, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* What a command came to. The items are what GetItem, Query, Scan, batches and transactions have read, or
 * the Attributes that a write returned; they point into the bodies. */
struct expect_answer {
	struct str error, message;       /* the exception's name, its words; error empty: it succeeded */
	struct value *items;
	size_t n_items, cap;
	int64_t count;                   /* of all; where Select is COUNT there are no items for it */
	bool ordered;
};

/* `operation`: "Query". */
void expect_answer_init(struct expect_answer *a, struct str operation);

/* Adds one body, a page of a Query for instance, which must live as long as the answer; lists are in the arena.
 * False with DATA "expect.answer": it is not as the API says; "expect.size": more than EXPECT_ITEMS_MAX; at the arena's
 * cap FATAL "expect.memory". */
bool expect_answer_add(struct expect_answer *a, struct str body, struct arena *arena, struct err *err);

/* At most so many items are kept, as --max-items has it. */
void expect_answer_limit(struct expect_answer *a, size_t most);

/* An `expect` object as it stands in a step; a NULL node expects nothing but success. */
void expect_read(const struct node *expect, struct model_expectation *out);

/* Adds what differs; nothing is added where all is as expected. */
void expect_compare(const struct model_expectation *e, const struct expect_answer *a, struct expect_differences *d);

/* The same for what a sink was given since the step before: bodies, in order. One that is no JSON counts as a string. */
void expect_compare_messages(const struct node *expect, const struct str *bodies, size_t n, struct expect_differences *d);

#endif
