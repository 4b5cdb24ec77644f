/* expect_impl: what the files of expect.h share. */
#ifndef SLUICE_MODEL_EXPECT_IMPL_H
#define SLUICE_MODEL_EXPECT_IMPL_H

#include "sluice/model/expect.h"

/* For messages: its begin, cut between characters, and what stands for the rest. */
struct expect_shown {
	char text[EXPECT_SHOWN_BYTES + 8];
};
struct expect_shown expect_show(struct str json);
struct expect_shown expect_show_value(struct value v);

/* Which wanted thing has which found one, each found one at most once: all of them as far as that is possible, whatever
 * the order. fits(ctx, w, f) is asked often. to[w] becomes the found one's index or SIZE_MAX. False at the arena's cap. */
bool expect_match(size_t n_wanted, size_t n_found, bool (*fits)(void *ctx, size_t w, size_t f), void *ctx, size_t *to,
		  struct arena *scratch);

#endif
