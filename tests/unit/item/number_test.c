#include "support/test.h"

#include "sluice/core/rng.h"
#include "sluice/item/number.h"

#include <stdio.h>

static struct number parse(const char *text)
{
	struct number n;
	struct err err = { 0 };

	if (!number_parse(str_c(text), &n, &err))
		fail_msg("%s: %s", text, err.text);
	return n;
}

static void assert_number_text(const struct number *n, const char *expected)
{
	struct buf out;

	buf_init(&out, 1000);
	assert_true(number_write(n, &out));
	assert_str_equal(buf_str(&out), expected);
	buf_release(&out);
}

static void test_every_form_has_one_canonical_text(void **state)
{
	static const struct { const char *text, *canonical; } cases[] = {
		{ "0", "0" }, { "-0", "0" }, { "+0", "0" }, { "0.000", "0" }, { "0E99", "0" }, { ".0", "0" }, { "00", "0" },
		{ "-0.0E-5", "0" }, { "0e999999999999999999999", "0" },
		{ "1", "1" }, { "+3", "3" }, { "-1.50", "-1.5" }, { "007", "7" }, { "1.", "1" }, { ".5", "0.5" }, { "-.5", "-0.5" },
		{ "1E5", "100000" }, { "1e+5", "100000" }, { "1.5E1", "15" }, { "100", "100" }, { "120e-1", "12" },
		{ "1e-7", "1E-7" }, { "0.000001", "0.000001" }, { "0.0000001", "1E-7" }, { "0.00000123", "0.00000123" },
		{ "0.000000123", "1.23E-7" }, { "12.3E-7", "0.00000123" },
		{ "99999999999999999999999999999999999999", "99999999999999999999999999999999999999" },
		{ "1E37", "10000000000000000000000000000000000000" }, { "1E38", "1E+38" },
		{ "-123E40", "-1.23E+42" }, { "9.9999999999999999999999999999999999999E+125", "9.9999999999999999999999999999999999999E+125" },
		{ "1E-130", "1E-130" }, { "-1E-130", "-1E-130" },
		{ "1234567890.0987654321", "1234567890.0987654321" },
		{ "10000000000000000000000000000000000000.5", "10000000000000000000000000000000000000.5" },
		{ "1e00000000000000000005", "100000" }, { "000000000000000000000000000000000000000000000000001", "1" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct number n = parse(cases[i].text), again = parse(cases[i].canonical);

		assert_number_text(&n, cases[i].canonical);
		assert_int_equal(number_compare(&n, &again), 0);
	}
}

static void test_what_is_no_number_is_refused(void **state)
{
	static const struct { const char *text, *code; } cases[] = {
		{ "", "number.malformed" }, { "-", "number.malformed" }, { "+", "number.malformed" }, { ".", "number.malformed" },
		{ "-.", "number.malformed" }, { "1.2.3", "number.malformed" }, { "1e", "number.malformed" },
		{ "1e+", "number.malformed" }, { "e5", "number.malformed" }, { "1e5.0", "number.malformed" },
		{ " 1", "number.malformed" }, { "1 ", "number.malformed" }, { "0x10", "number.malformed" },
		{ "NaN", "number.malformed" }, { "Infinity", "number.malformed" }, { "--1", "number.malformed" },
		{ "1,5", "number.malformed" }, { "1\\u0030", "number.malformed" },
		{ "1e100000", "number.range" }, { "1e-100000", "number.range" }, { "1e99999999999999999999999", "number.range" },
		{ "-1e-99999999999999999999999", "number.range" },
	};
	struct number n;
	struct err err;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		assert_false(number_parse(str_c(cases[i].text), &n, &err));
		assert_int_equal(err.class, ERR_DATA);
		assert_string_equal(err.code, cases[i].code);
	}
}

static void test_digits_are_counted_without_zeros_at_the_ends(void **state)
{
	char text[3 * NUMBER_WORK_DIGITS];
	struct number n;

	(void)state;
	memset(text, '0', sizeof(text));
	memset(text + NUMBER_WORK_DIGITS, '7', NUMBER_WORK_DIGITS);
	assert_true(number_parse(str_of(text, sizeof(text)), &n, NULL));
	assert_int_equal(n.count, NUMBER_WORK_DIGITS);
	assert_int_equal(n.exponent, NUMBER_WORK_DIGITS);
	text[NUMBER_WORK_DIGITS - 1] = '1';
	assert_false(number_parse(str_of(text, sizeof(text)), &n, NULL));
	memset(text, '0', sizeof(text));
	text[0] = '1';
	text[NUMBER_WORK_DIGITS] = '1';
	assert_false(number_parse(str_of(text, sizeof(text)), &n, NULL));
}

static void test_order_is_by_value(void **state)
{
	static const char *const rising[] = {
		"-9.9E+125", "-100", "-99.9", "-2", "-1.5", "-1.49999999999999999999999999999999999", "-1", "-0.5", "-1E-130", "0",
		"1E-130", "0.1", "0.11", "0.2", "1", "1.0000000000000000000000000000000000001", "9", "10", "10.01", "99", "1E2",
		"12345678901234567890123456789012345678", "12345678901234567890123456789012345679", "1E125",
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rising); i++)
		for (size_t j = 0; j < COUNT_OF(rising); j++) {
			struct number a = parse(rising[i]), b = parse(rising[j]);

			assert_int_equal(number_compare(&a, &b), (i > j) - (i < j));
		}
}

/* Made with Python's decimal module at a precision of 700 digits. */
static const struct { const char *a, *b, *sum; } sums[] = {
	{ "1", "2",
	  "3" },
	{ "0.1", "0.2",
	  "0.3" },
	{ "-1", "1",
	  "0" },
	{ "999", "1",
	  "1000" },
	{ "-999", "-1",
	  "-1000" },
	{ "1000", "-1",
	  "999" },
	{ "1E20", "-1",
	  "99999999999999999999" },
	{ "1", "-1E-20",
	  "0.99999999999999999999" },
	{ "0", "5",
	  "5" },
	{ "5", "0",
	  "5" },
	{ "99999999999999999999999999999999999999", "1",
	  "100000000000000000000000000000000000000" },
	{ "0.99999999999999999999999999999999999999", "1E-38",
	  "1.00000000000000000000000000000000000000" },
	{ "-0.5", "0.25",
	  "-0.25" },
	{ "1E125", "1E-130",
	  "100000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000.0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000001" },
	{ "1E-130", "-1E125",
	  "-99999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999.9999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999" },
	{ "9.5", "0.50",
	  "10.00" },
	{ "580730.21573681930", "-2129972200332.245383236405",
	  "-2129971619602.029646417105" },
	{ "-5499.0", "-475277.20405608656907029",
	  "-480776.20405608656907029" },
	{ "858471954061358952548.14", "2472.01E28",
	  "24720100000858471954061358952548.14" },
	{ "95476.20075329261", "-6427E-19",
	  "95476.2007532926099993573" },
	{ "-74476216827.5217488851", "-8474452907845474855456.52",
	  "-8474452907919951072284.0417488851" },
	{ "28235741629986498403.29792320732021E-17", "6756919335056461850894.1488594526698",
	  "6756919335056461851176.5062757525347840329792320732021" },
	{ "-973291506159.9825966637476", "4605474270197340260788437037424.4E37",
	  "46054742701973402607884370374243999999999999999999999999026708493840.0174033362524" },
	{ "-2.4", "-75592004.8718306699767634714069474E-19",
	  "-2.40000000000755920048718306699767634714069474" },
	{ "-82698013411056167011.39", "22926219308.161409916920615977",
	  "-82698013388129947703.228590083079384023" },
	{ "298488934183.4482357", "190.1189736775180860263E-30",
	  "298488934183.4482357000000000000000000001901189736775180860263" },
	{ "-965345.956", "580.9932611002330775067496577",
	  "-964764.9627388997669224932503423" },
	{ "56.728", "307055.5007721547320",
	  "307112.2287721547320" },
	{ "542754172323096407.07620088", "717030.7600467400E-18",
	  "542754172323096407.0762008800007170307600467400" },
	{ "-31511829.139078576968204738124714652", "-169340730345.1165",
	  "-169372242174.255578576968204738124714652" },
	{ "-907200.641", "42247",
	  "-864953.641" },
	{ "-0.88001", "9038625355029921.4",
	  "9038625355029920.51999" },
	{ "-6615573796270287790126.0300937E5", "343488.53553097",
	  "-661557379627028779012259520.83446903" },
	{ "760126143577.8913", "-5.09486878679808265908344",
	  "760126143572.79643121320191734091656" },
	{ "-6404310145998.3781135866066283956518531", "-21623E-32",
	  "-6404310145998.37811358660662839565185310021623" },
	{ "-678.934641952602", "-5915107281.537",
	  "-5915107960.471641952602" },
	{ "-3211.52", "2891511335527136876.01",
	  "2891511335527133664.49" },
	{ "-651740.17535624719146518603634124E30", "-0.863175210250E-8",
	  "-651740175356247191465186036341240000.00000000863175210250" },
	{ "-103370781497.8002686999030666602524", "-6634275401.2711",
	  "-110005056899.0713686999030666602524" },
	{ "30759.72731", "-6142.55324881",
	  "24617.17406119" },
	{ "-4578973924080623700036.38", "-83.06",
	  "-4578973924080623700119.44" },
	{ "11.598499664291703896184856275", "70.01152554472144046234972929058107097E-37",
	  "11.598499664291703896184856275000000007001152554472144046234972929058107097" },
	{ "-897993811910174881416447.440E1", "-0.2345937125167986232728795E-22",
	  "-8979938119101748814164474.40000000000000000000002345937125167986232728795" },
	{ "-78838326845491346584711151.14920862541", "0.45661",
	  "-78838326845491346584711150.69259862541" },
	{ "0.186E19", "609.841855176123",
	  "1860000000000000609.841855176123" },
	{ "-661448.76038262358124074789844247769", "7323.217E39",
	  "7323216999999999999999999999999999999338551.23961737641875925210155752231" },
	{ "-149450881305.9977894950428646524", "0.46469758859E-20",
	  "-149450881305.9977894950428646523953530241141" },
	{ "-77503807132283616634033918569431589", "260703312777748109979999307831531",
	  "-77243103819505868524053919261600058" },
	{ "-600604366216.332", "47",
	  "-600604366169.332" },
	{ "-6687335940382.51", "-8261.0875172",
	  "-6687335948643.5975172" },
};

static void test_sums_are_exact(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(sums); i++) {
		struct number a = parse(sums[i].a), b = parse(sums[i].b), sum = a, expected = parse(sums[i].sum);
		struct err err;

		assert_true(number_add(&sum, &b, &err));
		assert_int_equal(number_compare(&sum, &expected), 0);
		assert_true(number_add(&b, &a, &err));
		assert_int_equal(number_compare(&b, &expected), 0);
	}
}

static struct number random_number(struct rng *rng)
{
	char text[80];
	size_t n = 0, digits = 1 + rng_below(rng, NUMBER_MAX_DIGITS), point = rng_below(rng, digits + 1);
	int power;

	if (rng_below(rng, 2))
		text[n++] = '-';
	for (size_t i = 0; i < digits; i++) {
		if (i == point)
			text[n++] = '.';
		text[n++] = (char)('0' + (rng_below(rng, 3) ? rng_below(rng, 10) : 9 * rng_below(rng, 2)));
	}
	power = (int)rng_below(rng, rng_below(rng, 4) ? 20 : 120) - (int)rng_below(rng, 60);
	snprintf(text + n, sizeof(text) - n, "E%d", power);
	return parse(text);
}

static struct number add(struct number a, struct number b)
{
	struct err err = { 0 };

	if (!number_add(&a, &b, &err))
		fail_msg("%s", err.text);
	return a;
}

static void test_addition_keeps_the_laws_of_arithmetic(void **state)
{
	struct rng rng;

	(void)state;
	rng_seed(&rng, 1);
	for (int round = 0; round < 20000; round++) {
		struct number a = random_number(&rng), b = random_number(&rng), c = random_number(&rng);
		struct number minus_b = b, x, y;

		number_negate(&minus_b);
		x = add(add(a, b), minus_b);
		assert_int_equal(number_compare(&x, &a), 0);
		x = add(add(a, b), c);
		y = add(a, add(b, c));
		assert_int_equal(number_compare(&x, &y), 0);
		x = add(b, minus_b);
		assert_true(number_is_zero(&x));
		x = add(a, b);
		assert_int_equal(number_compare(&x, &a), b.count == 0 ? 0 : b.negative ? -1 : 1);
	}
}

static void test_written_and_read_again_it_is_the_same(void **state)
{
	struct rng rng;

	(void)state;
	rng_seed(&rng, 2);
	for (int round = 0; round < 20000; round++) {
		struct number a = random_number(&rng), again;
		struct buf out;

		buf_init(&out, 1000);
		assert_true(number_write(&a, &out));
		assert_true(number_parse(buf_str(&out), &again, NULL));
		assert_int_equal(number_compare(&a, &again), 0);
		assert_int_equal(a.exponent, again.exponent);
		assert_int_equal(a.count, again.count);
		buf_release(&out);
	}
}

static void test_a_number_can_be_added_to_itself(void **state)
{
	struct number a = parse("-5.5");

	(void)state;
	assert_true(number_add(&a, &a, NULL));
	assert_number_text(&a, "-11");
}

static void test_a_sum_of_too_many_digits_is_refused_and_changes_nothing(void **state)
{
	struct number a = parse("1E300"), b = parse("1E-300"), top = parse("9E99999");
	struct err err;

	(void)state;
	assert_false(number_add(&a, &b, &err));
	assert_true(err_is(&err, "number.range"));
	assert_number_text(&a, "1E+300");
	assert_false(number_add(&top, &top, &err));
	a = parse("9.9999999999999999999999999999999999999E+125");
	b = parse("1.0000000000000000000000000000000000001E-130");
	assert_true(number_add(&a, &b, &err));
	assert_int_equal(a.count, 125 + 1 + 130 + 37);
}

static void test_what_dynamodb_would_round_does_not_fit(void **state)
{
	static const struct { const char *text; bool fits; } cases[] = {
		{ "0", true }, { "1E125", true }, { "9.9999999999999999999999999999999999999E+125", true }, { "1E126", false },
		{ "1E-130", true }, { "1E-131", false }, { "12345678901234567890123456789012345678", true },
		{ "123456789012345678901234567890123456789", false }, { "123456789012345678901234567890123456780", true },
		{ "0.00000000000000000000000000000000000000000001", true }, { "-1E126", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct number n = parse(cases[i].text);

		assert_int_equal(number_fits(&n), cases[i].fits);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_form_has_one_canonical_text),
		cmocka_unit_test(test_what_is_no_number_is_refused),
		cmocka_unit_test(test_digits_are_counted_without_zeros_at_the_ends),
		cmocka_unit_test(test_order_is_by_value),
		cmocka_unit_test(test_sums_are_exact),
		cmocka_unit_test(test_addition_keeps_the_laws_of_arithmetic),
		cmocka_unit_test(test_written_and_read_again_it_is_the_same),
		cmocka_unit_test(test_a_number_can_be_added_to_itself),
		cmocka_unit_test(test_a_sum_of_too_many_digits_is_refused_and_changes_nothing),
		cmocka_unit_test(test_what_dynamodb_would_round_does_not_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
