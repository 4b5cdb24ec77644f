/* number: DynamoDB's decimal numbers as text: exact, up to 38 significant
 * digits, magnitude 1E-130 to 9.9…E+125 (Developer Guide, "Number").
 */
#ifndef SLUICE_ITEM_NUMBER_H
#define SLUICE_ITEM_NUMBER_H

#include "sluice/core/buf.h"
#include "sluice/core/err.h"

/* A decimal: sign, digits without leading or trailing zeros, and the power of
 * ten of the last digit. Zero has no digits. */
enum { NUMBER_MAX_DIGITS = 38, NUMBER_WORK_DIGITS = 320 };

struct number {
	bool negative;
	int exponent;                        /* value = digits x 10^exponent */
	unsigned count;
	unsigned char digits[NUMBER_WORK_DIGITS];  /* 0..9, most significant first */
};

/* Any form that DynamoDB or JSON writes: -1.50, +3, 1E5, .5, 5., 1e-7. DATA
 * "number.malformed"; "number.range" beyond NUMBER_WORK_DIGITS significant digits
 * or a power of ten of 99,999 (number_fits() tells what DynamoDB would keep). On
 * failure *out is undefined. */
bool number_parse(struct str text, struct number *out, struct err *err);

/* Canonical text: whole numbers below 10^38 and amounts from 1E-6 on as plain
 * digits, else d.dddE+x; never -0. It is valid JSON, and equal numbers have equal
 * text. */
bool number_write(const struct number *n, struct buf *out);

/* -1, 0 or 1. */
int number_compare(const struct number *a, const struct number *b);
void number_negate(struct number *n);

/* a += b, exactly. DATA "number.range" when the exact sum needs more than
 * NUMBER_WORK_DIGITS digits (a is unchanged then). */
bool number_add(struct number *a, const struct number *b, struct err *err);

bool number_is_zero(const struct number *n);

/* True when DynamoDB would store it without rounding. */
bool number_fits(const struct number *n);

#endif
