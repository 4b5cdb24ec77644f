#include "sluice/item/number.h"

#include <limits.h>

/* DynamoDB Developer Guide, "Supported data types": Number. */
enum { LARGEST_POWER = 125, SMALLEST_POWER = -130 };

/* Wide enough for every sum of stored numbers, and far from int's limits. */
enum { POWER_LIMIT = 99999 };

/* Where number_write() changes to an exponent. */
enum { PLAIN_DIGITS = NUMBER_MAX_DIGITS, PLAIN_ZEROS = 6 };

static bool is_digit(char c)
{
	return (unsigned char)(c - '0') <= 9;
}

/* The power of ten of the first digit. */
static int top_power(const struct number *n)
{
	return n->exponent + (int)n->count - 1;
}

static bool malformed(struct str text, struct err *err)
{
	return err_set(err, ERR_DATA, "number.malformed", "\"%.*s\" is no number: expected digits such as -12.5 or 1E-7",
		       (int)(text.len < 64 ? text.len : 64), text.ptr ? text.ptr : "");
}

static bool out_of_range(struct err *err)
{
	return err_set(err, ERR_DATA, "number.range", "a number needs more than %d digits or a power of ten beyond %d",
		       NUMBER_WORK_DIGITS, POWER_LIMIT);
}

/* Behind the exponent at p (NULL: malformed); the value is clamped. */
static const char *read_exponent(const char *p, const char *end, int64_t *out)
{
	bool negative = p < end && *p == '-';
	const char *from;
	int64_t n = 0;

	if (p < end && (*p == '-' || *p == '+'))
		p++;
	for (from = p; p < end && is_digit(*p); p++)
		if (n < INT_MAX)
			n = n * 10 + (*p - '0');
	*out = negative ? -n : n;
	return p == from ? NULL : p;
}

/* What read_digits() counts beside the digits it stores. */
struct digits {
	size_t seen;          /* digits in the text */
	size_t zeros;         /* at the end, not stored */
	size_t behind_point;  /* of those seen */
};

/* Stores the digits from *p on, without zeros at both ends. False: more than fit. */
static bool read_digits(const char **p, const char *end, struct number *out, struct digits *d)
{
	bool point = false;

	for (; *p < end; (*p)++) {
		if (**p == '.' && !point) {
			point = true;
			continue;
		}
		if (!is_digit(**p))
			break;
		d->seen++;
		d->behind_point += point;
		if (**p == '0') {
			d->zeros += out->count > 0;
			continue;
		}
		if (d->zeros >= NUMBER_WORK_DIGITS - out->count)
			return false;
		memset(out->digits + out->count, 0, d->zeros);
		out->count += (unsigned)d->zeros;
		d->zeros = 0;
		out->digits[out->count++] = (unsigned char)(**p - '0');
	}
	return true;
}

bool number_parse(struct str text, struct number *out, struct err *err)
{
	const char *p = text.len ? text.ptr : "", *end = p + text.len;
	struct digits d = { 0 };
	int64_t exponent = 0;

	out->negative = p < end && *p == '-';
	out->count = 0;
	out->exponent = 0;
	if (p < end && (*p == '-' || *p == '+'))
		p++;
	if (!read_digits(&p, end, out, &d))
		return out_of_range(err);
	if (d.seen == 0)
		return malformed(text, err);
	if (p < end && (*p == 'e' || *p == 'E')) {
		p = read_exponent(p + 1, end, &exponent);
		if (!p)
			return malformed(text, err);
	}
	if (p != end)
		return malformed(text, err);
	if (out->count == 0) {
		out->negative = false;
		return true;
	}
	exponent += (int64_t)d.zeros - (int64_t)d.behind_point;
	if (exponent < -POWER_LIMIT || exponent + out->count - 1 > POWER_LIMIT)
		return out_of_range(err);
	out->exponent = (int)exponent;
	return true;
}

static void put_digits(const struct number *n, unsigned from, unsigned to, struct buf *out)
{
	char text[NUMBER_WORK_DIGITS];

	for (unsigned i = from; i < to; i++)
		text[i] = (char)('0' + n->digits[i]);
	buf_put(out, str_of(text + from, to - from));
}

static void put_zeros(int n, struct buf *out)
{
	while (n-- > 0)
		buf_putc(out, '0');
}

bool number_write(const struct number *n, struct buf *out)
{
	int power = top_power(n);

	if (n->count == 0)
		return buf_putc(out, '0');
	if (n->negative)
		buf_putc(out, '-');
	if (n->exponent >= 0 && power < PLAIN_DIGITS) {
		put_digits(n, 0, n->count, out);
		put_zeros(n->exponent, out);
	} else if (n->exponent < 0 && power >= 0) {
		put_digits(n, 0, (unsigned)power + 1, out);
		buf_putc(out, '.');
		put_digits(n, (unsigned)power + 1, n->count, out);
	} else if (n->exponent < 0 && power >= -PLAIN_ZEROS) {
		buf_put(out, STR("0."));
		put_zeros(-power - 1, out);
		put_digits(n, 0, n->count, out);
	} else {
		put_digits(n, 0, 1, out);
		if (n->count > 1)
			buf_putc(out, '.');
		put_digits(n, 1, n->count, out);
		buf_putf(out, "E%+d", power);
	}
	return buf_ok(out);
}

/* Order of the amounts, whatever their signs. */
static int compare_amounts(const struct number *a, const struct number *b)
{
	unsigned shared = a->count < b->count ? a->count : b->count;
	int order;

	if (a->count == 0 || b->count == 0)
		return (a->count > 0) - (b->count > 0);
	if (top_power(a) != top_power(b))
		return top_power(a) < top_power(b) ? -1 : 1;
	order = memcmp(a->digits, b->digits, shared);
	if (order)
		return order < 0 ? -1 : 1;
	return (a->count > b->count) - (a->count < b->count);
}

int number_compare(const struct number *a, const struct number *b)
{
	if (a->negative != b->negative)
		return a->negative ? -1 : 1;
	return a->negative ? compare_amounts(b, a) : compare_amounts(a, b);
}

void number_negate(struct number *n)
{
	if (n->count)
		n->negative = !n->negative;
}

/* The digits of n as a whole number of `width` digits with `exponent`. */
static void align(const struct number *n, int exponent, unsigned width, unsigned char *out)
{
	unsigned behind = (unsigned)(n->exponent - exponent);

	memset(out, 0, width);
	memcpy(out + (width - behind - n->count), n->digits, n->count);
}

/* x += y, or x -= y where x >= y; both `width` digits. */
static void add_digits(unsigned char *x, const unsigned char *y, unsigned width, int sign)
{
	int carry = 0;

	for (unsigned i = width; i-- > 0;) {
		int digit = x[i] + sign * y[i] + carry;

		carry = digit > 9 ? 1 : digit < 0 ? -1 : 0;
		x[i] = (unsigned char)(digit - 10 * carry);
	}
}

/* Takes zeros off both ends of `width` digits. */
static bool from_digits(const unsigned char *x, unsigned width, int exponent, struct number *out)
{
	unsigned first = 0;

	while (first < width && x[first] == 0)
		first++;
	while (width > first && x[width - 1] == 0) {
		width--;
		exponent++;
	}
	if (width - first > NUMBER_WORK_DIGITS)
		return false;
	out->count = width - first;
	out->exponent = out->count ? exponent : 0;
	out->negative = out->count && out->negative;
	memcpy(out->digits, x + first, out->count);
	return true;
}

bool number_add(struct number *a, const struct number *b, struct err *err)
{
	unsigned char x[NUMBER_WORK_DIGITS + 2], y[NUMBER_WORK_DIGITS + 2];
	int low, high;
	unsigned width;
	bool less;

	if (b->count == 0)
		return true;
	if (a->count == 0) {
		*a = *b;
		return true;
	}
	low = a->exponent < b->exponent ? a->exponent : b->exponent;
	high = top_power(a) > top_power(b) ? top_power(a) : top_power(b);
	if (high - low > NUMBER_WORK_DIGITS || high >= POWER_LIMIT)
		return out_of_range(err);
	width = (unsigned)(high - low + 2); /* one for the carry */
	less = compare_amounts(a, b) < 0;
	align(less ? b : a, low, width, x);
	align(less ? a : b, low, width, y);
	add_digits(x, y, width, a->negative == b->negative ? 1 : -1);

	struct number sum = { .negative = less ? b->negative : a->negative };

	if (!from_digits(x, width, low, &sum))
		return out_of_range(err);
	*a = sum;
	return true;
}

bool number_is_zero(const struct number *n)
{
	return n->count == 0;
}

bool number_fits(const struct number *n)
{
	if (n->count == 0)
		return true;
	return n->count <= NUMBER_MAX_DIGITS && top_power(n) <= LARGEST_POWER && top_power(n) >= SMALLEST_POWER;
}
