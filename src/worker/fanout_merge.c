#include "sluice/worker/fanout_merge.h"

#include "sluice/core/mem.h"

enum { MEMBER_BYTES = 64 << 10 };  /* a sort key is 1 KiB at most, escaped six times that */

void fanout_merge_init(struct fanout_merge *m, struct fanout_stream *streams, size_t n)
{
	*m = (struct fanout_merge){ .streams = streams, .n_streams = n };
	m->heap = mem_array(n, sizeof(*m->heap));
	buf_init(&m->last, MEMBER_BYTES);
}

void fanout_merge_release(struct fanout_merge *m)
{
	mem_free(m->heap);
	buf_release(&m->last);
}

static bool goes_before(struct fanout_merge *m, size_t a, size_t b)
{
	int order = 0;

	if (!value_compare(m->streams[a].member, m->streams[b].member, &order))
		m->mixed = true;
	return order ? order < 0 : a < b;
}

static void swap(struct fanout_merge *m, size_t i, size_t j)
{
	size_t moved = m->heap[i];

	m->heap[i] = m->heap[j];
	m->heap[j] = moved;
}

static void sift_down(struct fanout_merge *m, size_t i)
{
	for (;;) {
		size_t least = i;

		for (size_t child = 2 * i + 1; child <= 2 * i + 2 && child < m->n_heap; child++)
			if (goes_before(m, m->heap[child], m->heap[least]))
				least = child;
		if (least == i)
			return;
		swap(m, i, least);
		i = least;
	}
}

static bool begin(struct fanout_merge *m, struct err *err)
{
	m->begun = true;
	for (size_t i = 0; i < m->n_streams; i++)
		fanout_stream_begin(&m->streams[i]);
	for (size_t i = 0; i < m->n_streams; i++) {
		if (!fanout_stream_next(&m->streams[i], err))
			return false;
		if (!m->streams[i].ended)
			m->heap[m->n_heap++] = i;
	}
	for (size_t i = m->n_heap / 2; i-- > 0;)
		sift_down(m, i);
	return true;
}

/* The lowest stream moves on. */
static bool advance(struct fanout_merge *m, struct err *err)
{
	struct fanout_stream *s = &m->streams[m->heap[0]];

	if (!fanout_stream_next(s, err))
		return false;
	if (s->ended)
		m->heap[0] = m->heap[--m->n_heap];
	sift_down(m, 0);
	return true;
}

static bool is_last(const struct fanout_merge *m, struct value member)
{
	struct value last;

	return m->last.len && value_read(buf_str(&m->last), &last, NULL) && value_eq(last, member);
}

static bool refuse_mixed(struct err *err)
{
	return err_set(err, ERR_DATA, "fanout.order",
		       "the audience has members of different types, which have no common order; all must be S, all N or all B");
}

bool fanout_merge_next(struct fanout_merge *m, const struct fanout_stream **out, struct err *err)
{
	*out = NULL;
	if (!m->begun && !begin(m, err))
		return false;
	do {
		if (m->given && !advance(m, err))
			return false;
		m->given = true;
		if (m->mixed)
			return refuse_mixed(err);
		if (m->n_heap == 0)
			return true;
	} while (is_last(m, m->streams[m->heap[0]].member));
	*out = &m->streams[m->heap[0]];
	buf_clear(&m->last);
	value_write((*out)->member, &m->last);
	return true;
}
