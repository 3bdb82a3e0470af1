# chatd: make && ./chatd. Needs a C11 compiler, make and the libc headers.
#
#   make            the server, ./chatd
#   make test       layers, unit tests, the fuzzers' corpus, quick end-to-end
#                   tests (under 2 minutes)
#   make unit       the unit tests alone (needs cmocka)
#   make sim        random peers against a simulated kernel, SIM_SEEDS of them,
#                   and every call refused
#   make sim-long   the same for hours, with other seeds from SIM_FIRST on
#   make layers     what each file includes, and what each object wants; prints
#                   in which order each layer is read
#   make requirements   that the RFC tables name what is there
#   make fuzz       libFuzzer over every parser and the server (needs clang)
#   make afl        AFL++ over the same; FUZZ=json is one of them (afl++)
#   make bench      speed and memory beside the bare kernel
#   make asan       the unit tests under AddressSanitizer and UBSan
#   make msan       the same and a few seeds under MemorySanitizer (needs clang)
#   make cov        lines and branches that the tests reach (needs clang, llvm)
#   make valgrind   unit tests, simulation and program under memcheck
#   make analyse    clang-tidy, cppcheck, scan-build, shellcheck, pyflakes
#   make mutants    what the unit tests say of each small change to the source
#   make torture    all of these (scripts/torture), and hostile clients
#   make static     build/static/chatd: one file, of musl (musl-tools)
#   make small      build/small/chatd: the same, as small as it gets
#   make install    program, manual, systemd's units; PREFIX=/usr/local,
#                   DESTDIR honoured
#   make clean

VERSION = 0.1.0
PREFIX  ?= /usr/local
CC      ?= cc
HOSTCC  ?= cc
BUILD   ?= build
PROGRAM ?= chatd

# ---- flags -------------------------------------------------------------------

WARN = -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wvla \
       -Wmissing-prototypes
CFLAGS  ?= -O2 -g
# Where libc's functions are is found out at start, and then read-only.
RELRO    = -Wl,-z,relro,-z,now
ALL_CFLAGS = -std=c11 $(WARN) $(WERROR) -iquote src -iquote $(BUILD)/gen \
             -fno-strict-aliasing -MMD -MP $(CFLAGS)

# ---- the program -------------------------------------------------------------

LAYERS = base wire os server service
LIB_SRC := $(wildcard $(LAYERS:%=src/%/*.c)) src/options.c src/paste.c \
           src/tokens.c
LIB_OBJ := $(LIB_SRC:src/%.c=$(BUILD)/%.o) $(BUILD)/gen/files.o
STATIC  := $(sort $(wildcard static/*))

all: $(PROGRAM)

$(PROGRAM): $(BUILD)/main.o $(LIB_OBJ)
	$(CC) $(CFLAGS) $(RELRO) $(LDFLAGS) -o $@ $^

# Only os/ may see more than ISO C. Of 32-bit systems it sees large files and
# the time after 2038.
LINUX = -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -D_TIME_BITS=64
$(BUILD)/os/%.o: src/os/%.c | dirs
	$(CC) $(LINUX) $(ALL_CFLAGS) -c -o $@ $<

$(BUILD)/%.o: src/%.c | dirs
	$(CC) $(ALL_CFLAGS) -DCHATD_VERSION='"$(VERSION)"' -c -o $@ $<

# The pages, compiled in: a small program writes them as a C file.
EMBED_SRC = scripts/embed.c $(addprefix src/,base/sha1.c base/bytes.c \
            base/text.c base/check.c wire/huffman.c wire/deflate.c)
$(BUILD)/embed: $(EMBED_SRC) | dirs
	$(HOSTCC) -std=c11 -O1 $(WARN) -DDEPTH=9999 -DLAZY_DEPTH=9999 \
	    -iquote src -o $@ $(EMBED_SRC)

$(BUILD)/gen/files.c: $(BUILD)/embed $(STATIC)
	$(BUILD)/embed $(STATIC) > $@.new && mv $@.new $@

$(BUILD)/gen/files.o: $(BUILD)/gen/files.c
	$(CC) $(ALL_CFLAGS) -c -o $@ $<

dirs:
	@mkdir -p $(LAYERS:%=$(BUILD)/%) $(BUILD)/gen $(BUILD)/test

# ---- one file ----------------------------------------------------------------

# Without the tables that only a debugger or an exception would read, and
# without functions nobody calls.
MUSL_CC ?= musl-gcc
LEAN     = -Oz -fno-ipa-sra -fno-jump-tables -flto=auto -DCHECK_SILENT \
           -fno-asynchronous-unwind-tables -fno-unwind-tables \
           -ffunction-sections -fdata-sections
LEAN_LD  = -static -s -Wl,--gc-sections,--build-id=none,-z,norelro \
           -Wl,-z,noseparate-code

static:
	$(MAKE) BUILD=build/static PROGRAM=build/static/chatd CC="$(MUSL_CC)" \
	    CFLAGS="$(LEAN)" LDFLAGS="$(LEAN_LD)" all

small:
	$(MAKE) BUILD=build/small PROGRAM=build/small/chatd CC="$(MUSL_CC)" \
	    CFLAGS="$(LEAN) -fno-stack-protector" LDFLAGS="$(LEAN_LD)" all

# ---- tests -------------------------------------------------------------------

# scripts/foreign sets these: tests to leave out, another cmocka, an emulator.
WITHOUT     ?=
CMOCKA      ?= -lcmocka
RUN         ?=
SUPPORT_SRC := $(wildcard tests/support/*.c)
SUPPORT_OBJ := $(SUPPORT_SRC:tests/support/%.c=$(BUILD)/test/support_%.o)
UNIT_SRC    := $(filter-out $(WITHOUT),$(wildcard tests/unit/*/test_*.c))
UNIT        := $(foreach t,$(UNIT_SRC),$(BUILD)/test/$(basename $(notdir $t)))
TEST_CFLAGS  = $(ALL_CFLAGS) -iquote tests -Wno-missing-prototypes
vpath test_%.c $(sort $(dir $(UNIT_SRC)))

$(BUILD)/test/support_%.o: tests/support/%.c | dirs
	$(CC) $(LINUX) $(TEST_CFLAGS) -c -o $@ $<

$(BUILD)/test/test_%: test_%.c $(SUPPORT_OBJ) $(LIB_OBJ) | dirs
	$(CC) $(LINUX) $(TEST_CFLAGS) $(LDFLAGS) -o $@ $< \
	    $(SUPPORT_OBJ) $(LIB_OBJ) $(CMOCKA) $(LDLIBS)

# The foreign control of our codec.
$(BUILD)/test/test_codec_zlib: LDLIBS = -lz

# It says of one answer that it is no secret.
$(BUILD)/test/test_token: LDLIBS = -Wl,--wrap=hmac_verify

# Of tests/sim: two programs, and what is linked into these alone.
SIMS      := $(BUILD)/test/sim $(BUILD)/test/fail
MODEL_SRC := $(patsubst %,tests/sim/%.c,bearer greedy happened model options \
               origin posted visitor watch watch_places watch_waits)

# Tests of the server and its services run on a simulated os/: of src/os only
# what asks no kernel is theirs, and the pages compiled in are the tests' own.
SIM_SRC  := $(filter-out tests/sim/sim.c tests/sim/fail%.c $(MODEL_SRC),\
              $(wildcard tests/sim/*.c))
SIM_OBJ  := $(SIM_SRC:tests/sim/%.c=$(BUILD)/test/sim_%.o)
SIM_LIB  := $(filter-out $(BUILD)/os/% $(BUILD)/gen/% $(BUILD)/options.o \
              $(BUILD)/paste.o $(BUILD)/tokens.o,$(LIB_OBJ)) \
            $(BUILD)/os/error.o $(BUILD)/os/socket_text.o
SIM_TEST := $(filter tests/unit/server/% tests/unit/service/%,$(UNIT_SRC))
SIM_UNIT := $(foreach t,$(SIM_TEST),$(BUILD)/test/$(basename $(notdir $t)))

$(BUILD)/test/sim_%.o: tests/sim/%.c | dirs
	$(CC) $(LINUX) $(TEST_CFLAGS) -c -o $@ $<

$(SIM_UNIT): $(BUILD)/test/%: %.c $(SUPPORT_OBJ) $(SIM_OBJ) $(SIM_LIB) | dirs
	$(CC) $(LINUX) $(TEST_CFLAGS) $(LDFLAGS) -o $@ $< \
	    $(SUPPORT_OBJ) $(SIM_OBJ) $(SIM_LIB) $(CMOCKA) -lz

# Kept between runs: make would take them for leftovers of a chain.
.SECONDARY: $(SUPPORT_OBJ) $(SIM_OBJ)

unit: $(UNIT)
	@for t in $(UNIT); do echo "== $$t"; $(RUN) $$t || exit 1; done

# ---- simulation --------------------------------------------------------------

# Random peers, then every call refused; a model watches what is published.
SIM_FIRST   ?= 1
SIM_SEEDS   ?= 300
FAIL_SEEDS  ?= 1
FAIL_STRIDE ?= 1
WATCHED    = room_append member_join member_leave admit_one \
             conn_opened conn_close conn_drop conn_fail \
             clientlog_refuse lend_buffer member_hold staging_frame \
             conn_refuse request_timeout room_next_dirty \
             loop_turn socket_abandon socket_close caller_answered \
             caller_request caller_returns caller_read grant_renew

$(SIMS): $(BUILD)/test/%: tests/sim/%.c $(MODEL_SRC) \
                          $(SUPPORT_OBJ) $(SIM_OBJ) $(SIM_LIB) | dirs
	$(CC) $(LINUX) $(TEST_CFLAGS) $(LDFLAGS) -o $@ \
	    $(WATCHED:%=-Wl,--wrap=%) $(filter %.c,$^) \
	    $(SUPPORT_OBJ) $(SIM_OBJ) $(SIM_LIB) $(CMOCKA) -lz

$(BUILD)/test/fail: $(wildcard tests/sim/fail_*.c)

sim: $(SIMS)
	TEST_FIRST=$(SIM_FIRST) SIM_SEEDS=$(SIM_SEEDS) $(BUILD)/test/sim
	TEST_FIRST=$(SIM_FIRST) FAIL_SEEDS=$(FAIL_SEEDS) \
	    FAIL_STRIDE=$(FAIL_STRIDE) $(BUILD)/test/fail

# Seed after seed from SIM_FIRST on, until one fails or somebody interrupts:
# a thousand of random peers, then one of every call refused.
sim-long: $(SIMS)
	@first=$(SIM_FIRST) one=$(SIM_FIRST); while echo "== from $$first"; do \
	    TEST_FIRST=$$first SIM_SEEDS=1000 $(BUILD)/test/sim && \
	    TEST_FIRST=$$one $(BUILD)/test/fail || exit 1; \
	    first=$$((first + 1000)) one=$$((one + 1)); done

# ---- fuzzing -----------------------------------------------------------------

FUZZ := $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_SECONDS ?= 60

# The corpus under any compiler: part of `make test`.
$(BUILD)/test/replay_%: tests/fuzz/fuzz_%.c tests/fuzz/replay.c \
                        $(SUPPORT_OBJ) $(LIB_OBJ) | dirs
	$(CC) $(TEST_CFLAGS) $(LDFLAGS) -o $@ $(filter %.c,$^) \
	    $(SUPPORT_OBJ) $(LIB_OBJ) $(CMOCKA)

# The whole server: over the simulated os/, as its tests are.
FUZZ_SERVER = tests/fuzz/fuzz_server.c tests/fuzz/crowd.c tests/fuzz/watch.c \
              $(SUPPORT_OBJ) $(SIM_OBJ) $(SIM_LIB)

$(BUILD)/test/replay_server: tests/fuzz/replay.c $(FUZZ_SERVER) | dirs
	$(CC) $(LINUX) $(TEST_CFLAGS) $(LDFLAGS) -o $@ tests/fuzz/replay.c \
	    $(FUZZ_SERVER) $(CMOCKA) -lz

replay: $(FUZZ:%=$(BUILD)/test/replay_%)
	@for f in $(FUZZ); do \
	    $(BUILD)/test/replay_$$f tests/fuzz/corpus/$$f/* || exit 1; done

# Every target for FUZZ_SECONDS, with clang's libFuzzer; finds go to
# build/fuzz. One target: make fuzz FUZZ=json FUZZ_SECONDS=3600
# What is freed need not be kept away for long: nothing in src/ frees.
fuzz:
	$(MAKE) BUILD=build/fuzz CC=clang PROGRAM=build/fuzz/chatd \
	    CFLAGS="-O1 -g -fsanitize=fuzzer-no-link,address,undefined \
	    -fno-sanitize-recover=all" $(FUZZ:%=build/fuzz/fuzz_%)
	@for f in $(FUZZ); do mkdir -p build/fuzz/new/$$f && echo "== $$f" && \
	    ASAN_OPTIONS=quarantine_size_mb=16 \
	    build/fuzz/fuzz_$$f -max_total_time=$(FUZZ_SECONDS) \
	    -print_final_stats=1 -verbosity=0 -artifact_prefix=build/fuzz/ \
	    build/fuzz/new/$$f tests/fuzz/corpus/$$f || exit 1; done

$(BUILD)/fuzz_%: tests/fuzz/fuzz_%.c $(SUPPORT_OBJ) $(LIB_OBJ) | dirs
	$(CC) $(TEST_CFLAGS) -fsanitize=fuzzer -o $@ $< $(SUPPORT_OBJ) \
	    $(LIB_OBJ) -lcmocka

$(BUILD)/fuzz_server: $(FUZZ_SERVER) | dirs
	$(CC) $(LINUX) $(TEST_CFLAGS) -fsanitize=fuzzer -o $@ $(FUZZ_SERVER) \
	    -lcmocka -lz

# The same targets under AFL++, which goes on from where it was; what it found
# is in build/afl/out/TARGET. It need not mind how the machine is set up.
AFL_ENV = AFL_SKIP_CPUFREQ=1 AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1 \
          AFL_NO_AFFINITY=1 AFL_NO_UI=1 AFL_AUTORESUME=1

afl:
	$(MAKE) BUILD=build/afl CC=afl-clang-fast PROGRAM=build/afl/chatd \
	    CFLAGS="-O1 -g -fsanitize=address,undefined \
	    -fno-sanitize-recover=all" $(FUZZ:%=build/afl/fuzz_%)
	@mkdir -p build/afl/out
	@for f in $(FUZZ); do o=build/afl/out/$$f; echo "== $$f"; \
	    env $(AFL_ENV) afl-fuzz -m none -t 5000 -V $(FUZZ_SECONDS) \
	    -i tests/fuzz/corpus/$$f -o $$o -- build/afl/fuzz_$$f >$$o.log || \
	    { tail -n 40 $$o.log; exit 1; }; \
	    grep -E '^(execs_|edges|saved)' $$o/default/fuzzer_stats; \
	    ! ls $$o/default/crashes/id* 2>/dev/null || exit 1; done

# ---- mutants -----------------------------------------------------------------

# Every small change to base and wire is asked of the unit tests: all of them,
# MUTANTS=200 of them, or those of MUTATE=src/wire/frame.c; SEED=n repeats a
# choice (tests/mutate/mutate.py).
mutants:
	tests/mutate/mutate.py $(if $(MUTANTS),--sample $(MUTANTS)) \
	    $(if $(SEED),--seed $(SEED)) $(MUTATE)

# ---- the other proofs --------------------------------------------------------

layers: $(LIB_OBJ)
	scripts/layers $(BUILD)

# What src/RFC6455.md and RFC7692.md say of the source and the tests.
requirements:
	scripts/requirements

# Needs python3-websockets; see scripts/test for all of it.
quick: $(PROGRAM)
	tests/e2e/run.py --quick

test: $(PROGRAM) layers requirements unit replay quick

asan:
	$(MAKE) BUILD=build/asan PROGRAM=build/asan/chatd \
	    CFLAGS="-O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all" \
	    all unit replay

# MemorySanitizer: nothing decides, and nothing is sent, by bytes that nobody
# wrote; tests/support/shadow.h says which those are. Debian's cmocka is not
# instrumented: tests/foreign stands in for it. Left out of os/ are the tests
# in which fstat writes: clang 14 does not know that (`make valgrind` does).
# MSAN_ORIGINS=2 tells where such bytes come from, at twice the time.
MSAN_ORIGINS = 0
MSAN_SEEDS   = 10
MSAN_WRAP    = arena_carve ring_init lease_take
MSAN_WITHOUT = $(wildcard $(addprefix tests/unit/os/test_,\
                 file.c log.c process.c socket.c))

msan:
	$(MAKE) BUILD=build/msan CC=clang CMOCKA=tests/foreign/cmocka.c \
	    CFLAGS="-O1 -g -fno-omit-frame-pointer -isystem tests/foreign \
	    -fsanitize=memory -fsanitize-memory-track-origins=$(MSAN_ORIGINS) \
	    -fno-sanitize-recover=all" LDFLAGS="$(MSAN_WRAP:%=-Wl,--wrap=%)" \
	    WITHOUT="$(MSAN_WITHOUT)" SIM_SEEDS=$(MSAN_SEEDS) FAIL_STRIDE=50 \
	    unit replay sim

# Which lines and branches of base, wire and server the tests reach, as clang
# counts them in the source; scripts/coverage says the rest. %c: the counters
# lie in the file itself, so that a child which dies in a test counts too.
COV_FLAGS = -O1 -g -fprofile-instr-generate -fcoverage-mapping \
            -mllvm -runtime-counter-relocation -Wno-unused-command-line-argument
COV_SEEDS ?= 100

cov:
	rm -rf build/cov/prof
	LLVM_PROFILE_FILE='$(CURDIR)/build/cov/prof/%p%c.profraw' \
	    $(MAKE) BUILD=build/cov PROGRAM=build/cov/chatd CC=clang \
	    CFLAGS="$(COV_FLAGS)" SIM_SEEDS=$(COV_SEEDS) FAIL_STRIDE=20 \
	    unit replay sim \
	    > build/cov.log 2>&1 || { tail -n 40 build/cov.log; exit 1; }
	scripts/coverage build/cov

# valgrind's memcheck: the unit tests, the simulation, and the program, which
# holds nothing of the heap at the end, for it never took any. Nothing is
# suppressed. Left out: what tries landlock and filters, which memcheck neither
# knows nor could live behind (so SANDBOX_OFF, too), and the longest of those
# that only reckon, for MemorySanitizer sees each byte of them as well.
MEMCHECK = valgrind -q --error-exitcode=9 --leak-check=full \
           --child-silent-after-fork=yes
MEMCHECK_SEEDS   = 2
MEMCHECK_WITHOUT = $(addprefix tests/unit/,os/test_sandbox.c \
    base/test_utf8.c $(addprefix wire/test_,\
    codec_zlib.c deflate.c explain.c http.c))

valgrind:
	$(MAKE) BUILD=build/valgrind PROGRAM=build/valgrind/chatd \
	    CFLAGS="-O1 -g -DSANDBOX_OFF" WITHOUT="$(MEMCHECK_WITHOUT)" memcheck
	SIM_SEEDS=$(MEMCHECK_SEEDS) $(MEMCHECK) build/valgrind/test/sim
	@printf '#!/bin/sh\nexec %s "%s" "$$@"\n' \
	    "$(MEMCHECK) --show-leak-kinds=all --errors-for-leak-kinds=all" \
	    "$(CURDIR)/build/valgrind/chatd" > build/valgrind/memcheck && \
	    chmod +x build/valgrind/memcheck
	CHATD=build/valgrind/memcheck E2E_SLOW=6 E2E_SANITIZED=1 \
	    /usr/bin/python3 tests/foreign/visit.py

# Two at a time, each with a file for what it says.
memcheck: $(PROGRAM) $(UNIT) $(BUILD)/test/sim
	@printf '%s\n' $(UNIT) | xargs -P 2 -I @ sh -c '$(MEMCHECK) @ \
	    >@.memcheck 2>&1 && echo "@: clean" || \
	    { echo "@: FAILED"; tail -n 60 @.memcheck; exit 1; }'

# Wants clang-tidy, cppcheck, clang-tools, shellcheck and pyflakes3.
analyse:
	scripts/analyse

torture:
	scripts/torture

# chatd beside the bare kernel; then our codec beside zlib, and tokens.
$(BUILD)/test/bench_%: tests/bench/bench_%.c $(SUPPORT_OBJ) $(LIB_OBJ) | dirs
	$(CC) $(LINUX) $(TEST_CFLAGS) -o $@ $< $(SUPPORT_OBJ) $(LIB_OBJ) \
	    -lcmocka -lz

bench: $(PROGRAM) $(BUILD)/test/bench_codec $(BUILD)/test/bench_token
	scripts/bench
	$(BUILD)/test/bench_codec
	$(BUILD)/test/bench_token

# ---- the rest ----------------------------------------------------------------

BINDIR  ?= $(PREFIX)/bin
MANDIR  ?= $(PREFIX)/share/man
UNITDIR ?= $(PREFIX)/lib/systemd/system

install: $(PROGRAM)
	install -D -m 755 $(PROGRAM) $(DESTDIR)$(BINDIR)/chatd
	install -D -m 644 scripts/chatd.8 $(DESTDIR)$(MANDIR)/man8/chatd.8
	install -d -m 755 $(DESTDIR)$(UNITDIR)
	sed 's|@BINDIR@|$(BINDIR)|' scripts/service/chatd.service \
	    > $(DESTDIR)$(UNITDIR)/chatd.service
	install -m 644 scripts/service/chatd.socket $(DESTDIR)$(UNITDIR)

clean:
	rm -rf build chatd

-include $(wildcard $(BUILD)/*.d $(BUILD)/*/*.d)

.PHONY: all dirs static small unit sim sim-long replay fuzz afl layers \
        requirements quick test asan msan valgrind memcheck analyse cov \
        mutants torture bench install clean
.DELETE_ON_ERROR:
