#include "support/test.h"

#include "sim/env.h"
#include "sim/opensearch.h"
#include "support/tasks.h"

#include <stdio.h>
#include <string.h>

enum { DOCUMENTS = 4000, BULK = 500 };

struct fixture {
	struct sim_opensearch *sim;
	struct http_response response;
};

static int send_to(struct fixture *f, const char *method, const char *url, struct str body, struct err *err)
{
	const struct http_request r = { .method = method, .url = str_c(url), .body = body };

	*err = (struct err){ 0 };
	return transport_send(&f->sim->transport, &r, &f->response, err) ? f->response.status : 0;
}

static void begin(struct fixture *f, struct loop *loop)
{
	struct err err;

	f->sim = sim_opensearch_new(loop, "http://search.test", NULL);
	http_response_init(&f->response);
	CHECK_EQ(send_to(f, "PUT", "http://search.test/deals", STR("{}"), &err), 200);
	CHECK_EQ(send_to(f, "PUT", "http://search.test/other", STR("{}"), &err), 200);
}

static void end(struct fixture *f)
{
	http_response_release(&f->response);
	sim_opensearch_free(f->sim);
}

/* Documents from .. from+BULK with that version; every third is deleted. */
static void bulk(struct fixture *f, size_t from, int version)
{
	struct buf body;
	struct err err;

	buf_init(&body, 1 << 20);
	for (size_t i = from; i < from + BULK; i++) {
		buf_putf(&body, "{\"%s\":{\"_index\":\"deals\",\"_id\":\"k%zu\",\"version\":%d}}\n",
			 i % 3 ? "index" : "delete", i, version);
		if (i % 3)
			buf_putf(&body, "{\"n\":%zu,\"version\":%d}\n", i, version);
	}
	CHECK_EQ(send_to(f, "POST", "http://search.test/_bulk", buf_str(&body), &err), 200);
	buf_release(&body);
}

static void documents(struct loop *loop, void *arg)
{
	struct fixture f;
	struct sim_index *index;
	char text[64];
	struct err err;

	(void)arg;
	begin(&f, loop);
	for (size_t i = 0; i < DOCUMENTS; i += BULK)
		bulk(&f, i, 2);
	bulk(&f, 0, 1); /* late: refused */
	CHECK(str_find(buf_str(&f.response.body), STR("\"status\":409")) != SIZE_MAX);
	bulk(&f, BULK, 3);
	index = sim_index_named(f.sim, STR("deals"));
	CHECK_EQ(index->n_documents, DOCUMENTS);
	for (size_t i = 0; i < DOCUMENTS; i++) {
		const struct sim_document *d;
		int version = i >= BULK && i < 2 * BULK ? 3 : 2;

		snprintf(text, sizeof(text), "k%zu", i);
		d = sim_index_get(index, text);
		CHECK(d && strcmp(d->id, text) == 0);
		CHECK_EQ(d->version, version);
		snprintf(text, sizeof(text), "{\"n\":%zu,\"version\":%d}", i, version);
		CHECK(i % 3 ? d->body && strcmp(d->body, text) == 0 : !d->body);
	}
	CHECK(sim_index_get(index, "k9999") == NULL);
	CHECK(sim_index_get(sim_index_named(f.sim, STR("other")), "k1") == NULL);
	f.response.body.max = 10;
	CHECK_EQ(send_to(&f, "GET", "http://search.test/", STR(""), &err), 0);
	CHECK(err_is(&err, "http.too_large"));
	end(&f);
}

static void test_thousands_of_documents_are_found_by_id(void **state)
{
	(void)state;
	run_simulated(1, documents, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_thousands_of_documents_are_found_by_id),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
