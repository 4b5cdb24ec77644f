# sluice.  make | make test | make demo | make bench | make SAN=1 … | make help
#
# Sources are found, not listed: src/<layer>/*.c is the program, tests/unit/**/*_test.c
# are test programs, tests/fuzz/*_fuzz.c fuzzers, tests/bench/*.c benchmarks.

SAN     ?=
CC      ?= gcc
BUILD   ?= build$(if $(SAN),/san-$(SAN))
VERSION := 0.1.0
Q       := $(if $(V),,@)

CPPFLAGS += -Iinclude -Itests -D_GNU_SOURCE -DSLUICE_VERSION='"$(VERSION)"'
CFLAGS   ?= -O2 -g
WARN     := -std=c17 -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith \
            -Wwrite-strings -Wvla -Wundef -Wformat=2
HARDEN   := -fPIE -fstack-protector-strong -fstack-clash-protection -fno-strict-aliasing
LINK     := -pie -Wl,-z,relro,-z,now -Wl,--as-needed
ifeq ($(SAN),1)
HARDEN   += -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -DSLUICE_DEBUG
CFLAGS   := -O1 -g
LINK     += -fsanitize=address,undefined
else ifeq ($(SAN),fuzz)
CC       := clang
HARDEN   += -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -DSLUICE_DEBUG
CFLAGS   := -O1 -g
LINK     += -fsanitize=address,undefined
else ifeq ($(SAN),thread)
HARDEN   += -fsanitize=thread -fno-omit-frame-pointer -DSLUICE_DEBUG
CFLAGS   := -O1 -g
LINK     += -fsanitize=thread
else
HARDEN   += -D_FORTIFY_SOURCE=2
endif

PKGS     := libcurl libssl libcrypto rdkafka libcjson libconfig sqlite3 expat
CPPFLAGS += $(shell pkg-config --cflags $(PKGS) 2>/dev/null)
LIBS     := $(shell pkg-config --libs $(PKGS) 2>/dev/null) -lz -lm -lpthread

SRC      := $(filter-out src/app/main.c,$(shell find src -name '*.c'))
SUPPORT  := $(shell find tests/support tests/sim -name '*.c' -not -path 'tests/sim/world/*')
SIM      := $(filter-out %_main.c,$(wildcard tests/sim/world/*.c))
TESTS    := $(shell find tests/unit -name '*_test.c')
OBJ      := $(SRC:%.c=$(BUILD)/%.o)
SUP_OBJ  := $(SUPPORT:%.c=$(BUILD)/%.o)
SIM_OBJ  := $(SIM:%.c=$(BUILD)/%.o)
TEST_BIN := $(TESTS:%.c=$(BUILD)/%)
BENCH    := $(shell find tests/bench -name '*.c')
FUZZ     := $(patsubst tests/fuzz/%_fuzz.c,%,$(wildcard tests/fuzz/*_fuzz.c))

.SECONDARY:
.PHONY: bench-mcp sim sim-test sim-mutants all demo chaos bench conf-readme fuzz fuzz-build judge unit bench-build bench-decode check-layers check-headers test e2e clean help
all: $(BUILD)/sluice

$(BUILD)/sluice: $(BUILD)/src/app/main.o $(BUILD)/libsluice.a
	$(Q)$(CC) $(LINK) -o $@ $^ $(LIBS)

$(BUILD)/libsluice.a: $(OBJ)
	@rm -f $@
	$(Q)ar rcs $@ $^

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(WARN) $(HARDEN) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

# Texts are taken in by the assembler, which tells no dependencies.
$(BUILD)/src/model/schema.o: src/model/schema.json
$(BUILD)/src/model/prompts.o: $(wildcard prompts/*.md)
$(BUILD)/src/app/mcp_guide.o: $(wildcard conf/examples/*.json)

$(BUILD)/tests/unit/%_test: $(BUILD)/tests/unit/%_test.o $(SUP_OBJ) $(BUILD)/libsluice.a
	$(Q)$(CC) $(LINK) -o $@ $^ $(LIBS) -lcmocka

$(BUILD)/tests/bench/%: $(BUILD)/tests/bench/%.o $(SUP_OBJ) $(BUILD)/libsluice.a
	$(Q)$(CC) $(LINK) -o $@ $^ $(LIBS) -lcmocka

# The simulator: tests/sim/world's heap stands in the place of core/mem.c.
$(BUILD)/tests/sim/world/%_main: $(BUILD)/tests/sim/world/%_main.o $(SIM_OBJ) $(SUP_OBJ) $(BUILD)/libsluice.a
	$(Q)$(CC) $(LINK) -o $@ $^ $(LIBS) -lcmocka

# Random histories: make sim SEEDS=1000, over all processors; make sim SEED=42 TRACE=1
# replays one. Scenarios by name: make sim T=T35, T='T1 a child' SEED=2 TRACE=1. The optimised
# build, or SAN=1. sim-test is the part of `make test`.
sim: $(BUILD)/tests/sim/world/sim_main
	@SEEDS='$(SEEDS)' FIRST='$(FIRST)' SEED='$(SEED)' TRACE='$(TRACE)' T="$(if $(filter command line,$(origin T)),$(T))" \
		tests/run-sim $<

sim-test: $(BUILD)/tests/sim/world/sim_main
	@SEEDS='$(or $(SEEDS),200)' tests/run-sim $< all

# What 1,000 shards cost: memory, state table, balancing, fail-over.
sim-figures: $(BUILD)/tests/sim/world/sim_main
	@$< figures

# Each safeguard taken out in its turn must make random histories fail: tests/sim/mutants.
sim-mutants: $(BUILD)/tests/sim/world/sim_main
	@mkdir -p $(BUILD)/mutants
	@COMPILE='$(CC) $(WARN) -Wno-error $(HARDEN) $(CPPFLAGS) $(CFLAGS)' LINK_BEFORE='$(CC) $(LINK)' \
		LINK_AFTER='$(BUILD)/tests/sim/world/sim_main.o $(SIM_OBJ) $(SUP_OBJ) $(BUILD)/libsluice.a $(LIBS) -lcmocka' \
		T='$(if $(filter command line,$(origin T)),$(T))' tests/sim/run-mutants $(BUILD)/mutants

# Every fuzzer under a name of its own, for the test that feeds them the corpora.
$(BUILD)/tests/fuzz/%_entry.o: tests/fuzz/%_fuzz.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(WARN) $(HARDEN) $(CPPFLAGS) -DLLVMFuzzerTestOneInput=fuzz_$* $(CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/tests/unit/fuzz_corpus_test.o: CPPFLAGS += '-DFUZZ_ENTRIES=$(foreach name,$(FUZZ),ENTRY($(name)))'
$(BUILD)/tests/unit/fuzz_corpus_test: $(BUILD)/tests/unit/fuzz_corpus_test.o $(FUZZ:%=$(BUILD)/tests/fuzz/%_entry.o) \
		$(SUP_OBJ) $(BUILD)/libsluice.a
	$(Q)$(CC) $(LINK) -o $@ $^ $(LIBS) -lcmocka

bench-decode: $(BUILD)/tests/bench/decode_bench
	$<

# Fuzzers, FUZZ_S seconds each, from their seeds in tests/fuzz/corpus/<name>; needs
# clang. All of them, or one: make fuzz T=scan
T        ?= $(FUZZ)
$(BUILD)/tests/fuzz/%_fuzz: $(BUILD)/tests/fuzz/%_fuzz.o $(SUP_OBJ) $(BUILD)/libsluice.a
	$(Q)$(CC) $(LINK) -fsanitize=fuzzer -o $@ $^ $(LIBS) -lcmocka

fuzz-build: $(T:%=$(BUILD)/tests/fuzz/%_fuzz)

fuzz:
	@$(MAKE) -s SAN=fuzz T="$(T)" fuzz-build
	@tests/run-fuzz build/san-fuzz/tests/fuzz $(T)

# conf/README.md's tables of settings, from the option tables.
$(BUILD)/tests/tools/%: $(BUILD)/tests/tools/%.o $(BUILD)/libsluice.a
	$(Q)$(CC) $(LINK) -o $@ $^ $(LIBS)

conf-readme: $(BUILD)/tests/tools/conf_readme
	@$<

# Programs for judges outside (tests/e2e).
$(BUILD)/tests/judge/%: $(BUILD)/tests/judge/%.o $(BUILD)/libsluice.a
	$(Q)$(CC) $(LINK) -o $@ $^ $(LIBS)

judge: $(BUILD)/tests/judge/aws_call $(BUILD)/tests/judge/aws_endpoints $(BUILD)/tests/judge/aws_sign \
		$(BUILD)/tests/judge/expression $(BUILD)/tests/judge/command

# One test program: make SAN=1 build/san-1/tests/unit/core/str_test
unit: $(TEST_BIN)
	@tests/run-unit $(TEST_BIN)

check-layers:
	@tests/check-layers

check-headers:
	@CC="$(CC)" CPPFLAGS="$(CPPFLAGS)" tests/check-headers

# Everything, from a fresh machine on; the last line is the count.
test:
	@tests/run-all

# The end-to-end tests alone: make e2e K='kill and not kafka'. SLUICE=program tests that one.
e2e:
	@deploy/bootstrap.sh test
	@$(MAKE) -s SAN=1 all judge
	@tests/run-e2e

# The deals app, live, on real services; deploy/README.md tells what it shows.
# make demo LIGHT=1: DynamoDB Local alone. DURATION=60, RATE=8, KILL=1 as wished.
demo:
	@deploy/demo/run.sh

# Processes with several workers, killed again and again: DURATION=120, RATE=200, KILL_EVERY=2-6,
# PROCESSES=3, WORKERS=2, PIPELINES=4, FAILOVER=3.
chaos:
	@tests/chaos/run

# Figures beside a hand-written consumer: N=100000 records, ROUNDS=5.
bench:
	@tests/bench/run

# sluice mcp beside the Python server, which is installed into a folder of its own (CACHE).
bench-mcp: all
	@tests/bench/mcp_bench.py

clean:
	rm -rf build

help:
	@echo 'make              build/sluice, hardened'
	@echo 'make test         everything: unit tests under sanitizers, checks, end-to-end tests'
	@echo 'make demo         the deals app, live (LIGHT=1, DURATION=60, KILL=1)'
	@echo 'make sim          the engine in simulated worlds: SEEDS=1000, SEED=42 TRACE=1, or a scenario: T=T35'
	@echo 'make sim-figures  what 1,000 shards cost, in simulation'
	@echo 'make sim-mutants  does the simulator notice when a safeguard is missing?'
	@echo 'make chaos        three processes, killed again and again, judged (DURATION=120, KILL_EVERY=2-6)'
	@echo 'make bench        sluice beside a hand-written consumer (N=100000)'
	@echo 'make bench-mcp    sluice mcp beside the Python server'
	@echo 'make SAN=1 unit   unit tests under AddressSanitizer and UBSan (SAN=thread: ThreadSanitizer)'
	@echo 'make e2e K=kill   end-to-end tests, those whose name matches'
	@echo 'make fuzz T=scan  a fuzzer for FUZZ_S=60 seconds; without T all of them'
	@echo 'make conf-readme  the tables of conf/README.md from the option tables'

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
