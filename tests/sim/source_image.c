#include "sim/source_image.h"

#include <inttypes.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { HUGE_BYTES = 64 << 10, NESTED = 30, WRONG_FORMS = 4 };

static const char *const statuses[] = { "draft", "active", "reserved", "sold", "expired" };
static const char *const brands[] = { "Acme", "Globex", "Initech", "Umbrella", "Hooli", "Stark", "Wayne", "Soylent" };
static const char *const categories[] = { "electronics", "home", "toys", "fashion", "sports", "grocery", "books", "cars" };
static const char *const tags[] = { "new", "sale", "last", "gift", "local", "used" };

static unsigned below(struct rng *rng, uint64_t n)
{
	return (unsigned)rng_below(rng, n);
}

static bool chance(struct rng *rng, double p)
{
	return p > 0 && rng_unit(rng) < p;
}

static void draw_odd(struct sim_deal *d, struct rng *rng, const struct sim_image_knobs *k)
{
	d->wrong = chance(rng, k->wrong) ? 1 + below(rng, WRONG_FORMS) : 0;
	d->hostile = chance(rng, k->hostile) ? rng_next(rng) | 1 : 0;
	d->huge_bytes = k->huge_bytes ? k->huge_bytes : HUGE_BYTES;
}

void sim_deal_draw(struct sim_deal *d, struct rng *rng, const struct sim_image_knobs *k)
{
	d->status = below(rng, COUNT(statuses));
	d->brand = below(rng, COUNT(brands));
	d->category = below(rng, COUNT(categories));
	d->tags = 1 + below(rng, (1 << COUNT(tags)) - 1);
	d->stock = below(rng, 1000);
	d->price_cents = rng_below(rng, 100000);
	d->active = below(rng, 2);
	draw_odd(d, rng, k);
}

void sim_deal_change(struct sim_deal *d, struct rng *rng, const struct sim_image_knobs *k)
{
	switch (below(rng, 5)) {
	case 0:
		d->status = below(rng, COUNT(statuses));
		break;
	case 1:
		d->price_cents = rng_below(rng, 100000);
		break;
	case 2:
		d->brand = below(rng, COUNT(brands));
		d->category = below(rng, COUNT(categories));
		break;
	case 3:
		d->stock = below(rng, 1000);
		d->active = d->stock > 0;
		break;
	default:
		d->tags = 1 + below(rng, (1 << COUNT(tags)) - 1);
	}
	draw_odd(d, rng, k);
}

/* ---- what an honest item may hold all the same ---- */

static void huge(struct rng *rng, size_t most, struct buf *out)
{
	size_t n = 1 + (size_t)rng_below(rng, most);

	buf_puts(out, ",\"odd\":{\"S\":\"");
	for (size_t i = 0; i < n; i++)
		buf_putc(out, (char)('a' + (i * 7 + n) % 26));
	buf_puts(out, "\"}");
}

static void unicode(struct rng *rng, struct buf *out)
{
	static const char *const texts[] = {
		"\\u0000", "\\\"\\\\\\/\\b\\f\\n\\r\\t", "\\ud83d\\ude00", "\xf0\x9f\x98\x80", "e\xcc\x81", "\xe2\x80\xae right to left",
		"\xe2\x80\xa8", "\xef\xbf\xbd", "\\u2028", "\x7f", "${new.id}", "</script>",
	};

	buf_puts(out, ",\"odd\":{\"S\":\"");
	for (unsigned n = 1 + below(rng, 8); n > 0; n--)
		buf_puts(out, texts[below(rng, COUNT(texts))]);
	buf_puts(out, "\"},\"\xc3\xb6\xe2\x82\xac \\\"a.b[0]#:$\":{\"S\":\"\"}");
}

static void base64(struct rng *rng, struct buf *out)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (unsigned n = 4 * (1 + below(rng, 20)); n > 0; n--)
		buf_putc(out, digits[below(rng, 64)]);
}

static void binary(struct rng *rng, struct buf *out)
{
	buf_puts(out, ",\"odd\":{\"B\":\"");
	base64(rng, out);
	buf_puts(out, "\"},\"odd_set\":{\"BS\":[\"AA==\",\"");
	base64(rng, out);
	buf_puts(out, "\"]}");
}

static void deep(struct rng *rng, struct buf *out)
{
	unsigned depth = 1 + below(rng, NESTED), kinds = below(rng, 1u << 16);

	buf_puts(out, ",\"odd\":");
	for (unsigned i = 0; i < depth; i++)
		buf_puts(out, kinds >> i % 16 & 1 ? "{\"M\":{\"a\":" : "{\"L\":[");
	buf_puts(out, "{\"NULL\":true}");
	for (unsigned i = depth; i-- > 0;)
		buf_puts(out, kinds >> i % 16 & 1 ? "}}" : "]}");
	buf_puts(out, ",\"none\":{\"M\":{}},\"nothing\":{\"L\":[]}");
}

static void numbers(struct rng *rng, struct buf *out)
{
	static const char *const extremes[] = {
		"12345678901234567890123456789012345678", "-99999999999999999999999999999999999999",
		"9.9999999999999999999999999999999999999E+125", "-1E-130", "0", "-0.00000000000000000000000000000000000001",
		"9007199254740993", "1.0000000000000000000000000000000000001",
	};

	buf_putf(out, ",\"odd\":{\"N\":\"%s\"},\"odd_set\":{\"NS\":[\"1\",\"%s\"]}", extremes[below(rng, COUNT(extremes))],
		 extremes[below(rng, 2)]);
}

static void write_hostile(const struct sim_deal *d, struct buf *out)
{
	struct rng rng;

	rng_seed(&rng, d->hostile);
	switch (below(&rng, 5)) {
	case 0:
		huge(&rng, d->huge_bytes, out);
		break;
	case 1:
		unicode(&rng, out);
		break;
	case 2:
		binary(&rng, out);
		break;
	case 3:
		deep(&rng, out);
		break;
	default:
		numbers(&rng, out);
	}
}

/* ---- the item ---- */

static void write_price(const struct sim_deal *d, struct buf *out)
{
	static const char *const wrong[WRONG_FORMS] = {
		"", ",\"price\":{\"S\":\"12.50\"}", ",\"price\":{\"NULL\":true}", ",\"price\":{\"L\":[{\"N\":\"1\"}]}",
	};

	if (d->wrong)
		buf_puts(out, wrong[d->wrong - 1]);
	else
		buf_putf(out, ",\"price\":{\"N\":\"%" PRIu64 ".%02u\"}", d->price_cents / 100, (unsigned)(d->price_cents % 100));
}

void sim_deal_write(const struct sim_deal *d, const char *id, uint64_t n, struct buf *out)
{
	const char *comma = "";

	buf_putf(out, "{\"id\":{\"S\":\"%s\"},\"n\":{\"N\":\"%" PRIu64 "\"},\"status\":{\"S\":\"%s\"}", id, n, statuses[d->status]);
	write_price(d, out);
	buf_putf(out, ",\"brand\":{\"S\":\"%s\"},\"category\":{\"S\":\"%s\"},\"stock\":{\"N\":\"%u\"},\"active\":{\"BOOL\":%s}",
		 brands[d->brand], categories[d->category], d->stock, d->active ? "true" : "false");
	buf_puts(out, ",\"tags\":{\"SS\":[");
	for (size_t i = 0; i < COUNT(tags); i++) {
		if (!(d->tags >> i & 1))
			continue;
		buf_putf(out, "%s\"%s\"", comma, tags[i]);
		comma = ",";
	}
	buf_puts(out, "]}");
	if (d->hostile)
		write_hostile(d, out);
	buf_puts(out, "}");
}
