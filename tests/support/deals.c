#include "support/deals.h"

#include "sluice/core/rng.h"

#include <inttypes.h>

static const char *const categories[] = {
	"electronics", "home-garden", "toys", "fashion", "sports", "grocery", "books", "automotive",
};
static const char *const brands[] = { "Acme", "Globex", "Initech", "Umbrella", "Hooli", "Stark", "Wayne", "Soylent" };

static int below(struct rng *rng, uint64_t n)
{
	return (int)rng_below(rng, n);
}

static void write_image(struct buf *out, uint64_t id, struct rng *rng)
{
	const char *brand = brands[below(rng, 8)], *category = categories[below(rng, 8)];

	buf_putf(out, "\"NewImage\":{\"deal_id\":{\"S\":\"deal-%09" PRIu64 "\"},", id);
	buf_putf(out, "\"title\":{\"S\":\"%s %s %" PRIu64 ", limited time offer \xe2\x80\x94 save now\"},", brand, category, id);
	buf_putf(out, "\"brand\":{\"S\":\"%s\"},\"category\":{\"S\":\"%s\"},", brand, category);
	buf_putf(out, "\"price\":{\"N\":\"%d.%02d\"},", 1 + below(rng, 899), below(rng, 100));
	buf_putf(out, "\"list_price\":{\"N\":\"%d.99\"},\"stock\":{\"N\":\"%d\"},", 900 + below(rng, 600), below(rng, 1000));
	buf_putf(out, "\"active\":{\"BOOL\":true},\"url\":{\"S\":\"https://deals.example/%09" PRIu64 "?ref=%06x\"},", id,
		 (unsigned)below(rng, 1 << 24));
	buf_putf(out, "\"tags\":{\"L\":[{\"S\":\"%s\"},{\"S\":\"%s\"}]},", categories[below(rng, 8)], brands[below(rng, 8)]);
	buf_putf(out, "\"created_at\":{\"S\":\"2026-01-%02dT%02d:%02d:%02dZ\"}}", 1 + below(rng, 28), below(rng, 24), below(rng, 60),
		 below(rng, 60));
}

static void write_record(struct buf *out, uint64_t id, struct rng *rng)
{
	buf_putf(out, "{\"eventID\":\"%016" PRIx64 "%016" PRIx64 "\",\"eventName\":\"INSERT\",\"eventVersion\":\"1.1\",", rng_next(rng), id);
	buf_puts(out, "\"eventSource\":\"aws:dynamodb\",\"awsRegion\":\"eu-central-1\",\"dynamodb\":{");
	buf_putf(out, "\"ApproximateCreationDateTime\":%d,", 1767225600 + (int)(id / 100));
	buf_putf(out, "\"Keys\":{\"deal_id\":{\"S\":\"deal-%09" PRIu64 "\"}},", id);
	write_image(out, id, rng);
	buf_putf(out, ",\"SequenceNumber\":\"%021" PRIu64 "\",\"SizeBytes\":%d,", id, 270 + below(rng, 20));
	buf_puts(out, "\"StreamViewType\":\"NEW_AND_OLD_IMAGES\"}}");
}

void deals_write_page(struct buf *out, uint64_t first, size_t count, uint64_t seed)
{
	struct rng rng;

	rng_seed(&rng, seed);
	buf_puts(out, "{\"Records\":[");
	for (size_t i = 0; i < count; i++) {
		if (i)
			buf_putc(out, ',');
		write_record(out, first + i, &rng);
	}
	buf_puts(out, "],\"NextShardIterator\":\"arn:aws:dynamodb:eu-central-1:000000000000:table/deals/stream/"
		      "2026-01-01T00:00:00.000|1|AAAAAAAAAAGRmN7vXuwl\"}");
}
