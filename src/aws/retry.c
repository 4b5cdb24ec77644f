#include "sluice/aws/retry.h"

enum {
	LONGEST_DELAY_MS = 20000,
	THROTTLE_BASE_MS = 1000,
	RETRY_AFTER_SLACK_MS = 5000,
	TRANSIENT_COST = 14,
	THROTTLE_COST = 5,
	SUCCESS_GAIN = 1,
};

bool retry_take(struct retry_quota *quota, struct retry_call *call, bool throttled)
{
	unsigned cost = throttled ? THROTTLE_COST : TRANSIENT_COST;

	if (cost > RETRY_QUOTA - quota->spent)
		return false;
	quota->spent += cost;
	call->last_cost = cost;
	return true;
}

void retry_succeeded(struct retry_quota *quota, const struct retry_call *call)
{
	unsigned gain = call->last_cost ? call->last_cost : SUCCESS_GAIN;

	quota->spent -= gain < quota->spent ? gain : quota->spent;
}

unsigned retry_most_attempts(unsigned request, unsigned settings, unsigned config, unsigned service)
{
	return request ? request : settings ? settings : config ? config : service;
}

int64_t retry_delay_ms(int64_t base_ms, bool throttled, unsigned attempts, double chance, uint32_t asked_ms)
{
	int64_t most = throttled ? THROTTLE_BASE_MS : base_ms, t;

	for (unsigned i = 1; i < attempts && most < LONGEST_DELAY_MS; i++)
		most *= 2;
	if (most > LONGEST_DELAY_MS)
		most = LONGEST_DELAY_MS;
	t = (int64_t)(chance * (double)most);
	if (asked_ms <= t)
		return t;
	return asked_ms < t + RETRY_AFTER_SLACK_MS ? asked_ms : t + RETRY_AFTER_SLACK_MS;
}
