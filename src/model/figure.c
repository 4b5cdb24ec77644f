#include "figure.h"

#include <math.h>
#include <stdio.h>

enum { DIGITS_BYTES = 64, DECIMALS_MAX = 6 };

#define LEAST 1e-6               /* smaller ones are "<0.000001" */
#define LARGEST 1e15             /* larger ones are "2e+28" */

/* Fixed digits, zeros behind `least` decimals cut off, thousands apart. */
static struct str digits(struct arena *a, const char *before, double value, int decimals, int least)
{
	char plain[DIGITS_BYTES], out[2 * DIGITS_BYTES];
	int n = snprintf(plain, sizeof(plain), "%.*f", decimals, value);
	int whole = decimals ? n - decimals - 1 : n;
	size_t len = 0;

	while (decimals > least && plain[n - 1] == '0') {
		n--;
		decimals--;
	}
	if (decimals == 0)
		n = whole;
	for (int i = 0; i < n; i++) {
		if (i > 0 && i < whole && (whole - i) % 3 == 0)
			out[len++] = ',';
		out[len++] = plain[i];
	}
	return arena_putf(a, "%s%.*s", before, (int)len, out);
}

/* So many decimals that two digits say something. */
static int decimals_of(double value)
{
	int n = 2;

	while (n < DECIMALS_MAX && value < 10 / pow(10, n))
		n++;
	return n;
}

struct str figure_number(struct arena *a, double value)
{
	if (value >= LARGEST)
		return arena_putf(a, "%.3g", value);
	if (value > 0 && value < LEAST)
		return arena_dup(a, STR("<0.000001"));
	return digits(a, "", value, value >= 1000 ? 0 : value >= 10 ? 1 : value > 0 ? decimals_of(value) : 0, 0);
}

struct str figure_usd(struct arena *a, double usd)
{
	if (usd >= LARGEST)
		return arena_putf(a, "$%.3g", usd);
	if (usd > 0 && usd < LEAST)
		return arena_dup(a, STR("<$0.000001"));
	return digits(a, "$", usd, usd > 0 ? decimals_of(usd) : 2, 2);
}

struct str figure_bytes(struct arena *a, double bytes)
{
	static const char *const units[] = { "B", "KB", "MB", "GB", "TB", "PB" };
	size_t n = 0;

	for (; n + 1 < sizeof(units) / sizeof(*units) && bytes >= 1024; n++)
		bytes /= 1024;
	return arena_putf(a, "%.*s %s", STR_ARG(figure_number(a, bytes)), units[n]);
}

struct str figure_percent(struct arena *a, double share)
{
	double percent = 100 * share;

	return arena_putf(a, "%.*s %%", STR_ARG(figure_number(a, percent >= 1 ? round(percent) : percent)));
}

struct str figure_factor(struct arena *a, double factor)
{
	return arena_putf(a, "\xc3\x97%.*s", STR_ARG(figure_number(a, factor)));
}
