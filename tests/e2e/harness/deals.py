"""The deals app in small: what a deal looks like and what must be derived from a table of them."""

from decimal import Decimal

BRANDS = [f"brand-{number}" for number in range(5)]
CATEGORIES = [f"category-{number}" for number in range(4)]


def deal(rng):
    return {
        "title": f"Deal {rng.randrange(10**6)} für {rng.choice('abc')}",
        "brand_id": rng.choice(BRANDS),
        "category_id": rng.choice(CATEGORIES),
        "price": Decimal(rng.randrange(1, 10**6)).scaleb(-2),
        "status": rng.choice(["live", "live", "draft", "ended"]),
    }


def live(items):
    return [item for item in items if item.get("status") == "live"]


def brand_stats(items):
    """{brand: (live deals, sum of their prices)}, brands without one left out."""
    stats = {}
    for item in live(items):
        count, total = stats.get(item["brand_id"], (0, Decimal(0)))
        stats[item["brand_id"]] = (count + 1, total + item["price"])
    return stats


def own(row):
    """A derived row without the attributes that sluice keeps for itself."""
    return {name: value for name, value in row.items() if not name.startswith("sluice_")}
