# chatd: make && ./chatd. Needs a C11 compiler, make and the libc headers.
#
#   make            the server, ./chatd; CC, CFLAGS, CPPFLAGS, LDFLAGS and
#                   WERROR=-Werror are heeded
#   make help       these lines
#   make test       layers, unit tests, every interleaving, the fuzzers' corpus,
#                   quick end-to-end tests (under 2 minutes); make check, too
#   make unit       the unit tests alone (needs cmocka)
#   make sim        random peers against a simulated kernel, SIM_SEEDS of them,
#                   every call refused, several workers, and several nodes
#                   over a model of Redis, BUS_SEEDS of them
#   make sim-long   the same for hours, with other seeds from SIM_FIRST on
#   make explore    every interleaving of a few workers over one stream, with
#                   deaths; EXPLORE=all for the long ones as well
#   make layers     what each file includes, and what each object wants; prints
#                   in which order each layer is read
#   make requirements   that the RFC tables name what is there
#   make exercises  that those of the course (src/README.md) do what it says
#   make fuzz       libFuzzer over every parser and the server (needs clang)
#   make afl        AFL++ over the same; FUZZ=json is one of them (afl++)
#   make bench      speed and memory beside the bare kernel
#   make asan       the unit tests under AddressSanitizer and UBSan
#   make msan       the same and a few seeds under MemorySanitizer (needs clang)
#   make cov        lines and branches that the tests reach (needs clang, llvm)
#   make valgrind   unit tests, simulation and program under memcheck
#   make analyse    clang-tidy, cppcheck, clang's analyzer, shellcheck, pyflakes
#   make prove      no undefined behaviour in base and wire, for every input of
#                   some sizes (scripts/prove; needs frama-c)
#   make mutants    what the unit tests say of each small change to base, wire
#                   and store
#   make torture    all of these (scripts/torture), and hostile clients
#   make static     build/static/chatd: one file, of musl (musl-tools)
#   make small      build/small/chatd: the same, as small as it gets; without
#                   some parts: LEAVE="explain client tokens redis pages"
#   make library    build/library/ws.h and ws.c: the wire for other programs
#   make examples   and two of these
#   make compile_commands   build/compile_commands.json, for editors (clangd)
#   make install    program, manual, systemd's units, completion for bash and
#                   zsh; PREFIX=/usr/local, DESTDIR honoured
#   make uninstall  takes these away again
#   make clean

VERSION = 0.2.0
PREFIX  ?= /usr/local
CC      ?= cc
HOSTCC  ?= cc
BUILD   ?= build
PROGRAM ?= chatd

# ---- flags -------------------------------------------------------------------

WARN = -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wvla \
       -Wmissing-prototypes -Wformat -Werror=format-security
# A program that lies where the kernel likes, sees a broken stack, and checks
# the bounds it knows. Whoever gives CFLAGS says that for himself.
HARDEN   = -fPIE -fstack-protector-strong -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
ifeq ($(origin CFLAGS),undefined)
CFLAGS   = -O2 -g $(HARDEN)
PIE      = -pie
# Where the compiler can, all files are optimised together at the end, from
# objects of their own: an echo is 7 % fewer instructions.
LTO     := $(shell echo 'int main(void) { return 0; }' | $(CC) -Werror \
               -flto=auto -x c -o /dev/null - 2>/dev/null && echo -flto=auto)
endif
# Where libc's functions are is found out at start, and then read-only.
RELRO    = -Wl,-z,relro -Wl,-z,now
# The same program whatever folder it is built in. (Not for `make cov`, which
# looks for the files.)
ANYWHERE = -ffile-prefix-map=$(CURDIR)=.
ALL_CFLAGS = -std=c11 $(WARN) $(WERROR) -iquote src -iquote $(BUILD)/gen \
             -fno-strict-aliasing $(ANYWHERE) -MMD -MP \
             $(CPPFLAGS) $(CFLAGS)

# ---- the program -------------------------------------------------------------

LAYERS = base wire os store client bus server service keeper
LIB_SRC := $(wildcard $(LAYERS:%=src/%/*.c)) src/options.c src/paste.c \
           src/tokens.c src/redis.c src/join.c src/check.c
STATIC  := $(sort $(wildcard static/*))

# Parts that a build can do without: make small LEAVE="explain client". For
# most a file of scripts/without stands in, which says that it was left out.
LEAVE     ?=
LEAVE_SRC := $(wildcard $(LEAVE:%=scripts/without/%.c))
LIB_SRC   := $(filter-out \
    $(if $(filter explain,$(LEAVE)),src/paste.c src/server/trace.c \
        src/wire/explain% src/wire/listing.c) \
    $(if $(filter client,$(LEAVE)),src/join.c src/client/% src/wire/ws%) \
    $(if $(filter client,$(LEAVE)),$(if $(filter explain,$(LEAVE)), \
        src/wire/opening.c)) \
    $(if $(filter tokens,$(LEAVE)),src/tokens.c src/wire/token%) \
    $(if $(filter redis,$(LEAVE)),src/redis.c src/bus/% \
        src/keeper/keeper_bus.c src/wire/resp.c),$(LIB_SRC))
CPPFLAGS  += $(if $(filter redis,$(LEAVE)),-DWITHOUT_REDIS)
STATIC    := $(if $(filter pages,$(LEAVE)),,$(STATIC))
LIB_OBJ   := $(LIB_SRC:src/%.c=$(BUILD)/%.o) $(BUILD)/gen/files.o \
             $(LEAVE_SRC:scripts/without/%.c=$(BUILD)/without_%.o)

all: $(PROGRAM)

ifneq ($(LTO),)
$(PROGRAM): always
	@$(MAKE) --no-print-directory BUILD=$(BUILD)/lto \
	    CFLAGS="$(CFLAGS) $(LTO)" PIE=$(PIE) $(PROGRAM)
else
$(PROGRAM): $(BUILD)/main.o $(LIB_OBJ) $(BUILD)/gen/left_out
	$(CC) $(CFLAGS) $(ANYWHERE) $(PIE) $(RELRO) $(LDFLAGS) -o $@ $(BUILD)/main.o $(LIB_OBJ)
endif

# What LEAVE and the flags were in the last build: what others would make of it
# is built anew.
$(BUILD)/gen/left_out: SAID = $(LEAVE)
$(BUILD)/gen/flags: SAID = $(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS)
$(BUILD)/gen/left_out $(BUILD)/gen/flags: always | dirs
	@echo '$(SAID)' | cmp -s - $@ || echo '$(SAID)' > $@

always:

# Only os/ may see more than ISO C. Of 32-bit systems it sees large files and
# the time after 2038.
LINUX = -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -D_TIME_BITS=64
$(BUILD)/os/%.o: src/os/%.c | dirs
	$(CC) $(LINUX) $(ALL_CFLAGS) -c -o $@ $<

$(BUILD)/%.o: src/%.c | dirs
	$(CC) $(ALL_CFLAGS) -DCHATD_VERSION='"$(VERSION)"' -c -o $@ $<

$(BUILD)/without_%.o: scripts/without/%.c | dirs
	$(CC) $(ALL_CFLAGS) -c -o $@ $<

# The pages, compiled in: a small program writes them as a C file.
EMBED_SRC = scripts/embed.c $(addprefix src/,base/sha1.c base/bytes.c \
            base/text.c base/check.c wire/huffman.c wire/deflate.c)
$(BUILD)/embed: $(EMBED_SRC) | dirs
	$(HOSTCC) -std=c11 -O1 $(WARN) -DDEPTH=9999 -DLAZY_DEPTH=9999 \
	    -iquote src -o $@ $(EMBED_SRC)

$(BUILD)/gen/files.c: $(BUILD)/embed $(STATIC) $(BUILD)/gen/left_out
	$(BUILD)/embed $(STATIC) > $@.new && mv $@.new $@

$(BUILD)/gen/files.o: $(BUILD)/gen/files.c
	$(CC) $(ALL_CFLAGS) -c -o $@ $<

dirs:
	@mkdir -p $(LAYERS:%=$(BUILD)/%) $(BUILD)/gen $(BUILD)/test \
	    $(BUILD)/test/steps/store $(BUILD)/test/steps/server

# ---- one file ----------------------------------------------------------------

# Without the tables that only a debugger or an exception would read, without
# functions nobody calls, and without a hole before the data; optimized in one
# piece, which is 6 KB smaller than in several at once. It is resident with
# 332 KB at start, 72 of them its own. `small` is without the stack protector
# as well, where the compiler puts one in unasked (Debian's does not).
MUSL_CC ?= musl-gcc
LEAN     = -Oz -fno-ipa-sra -fno-jump-tables -fno-tree-dominator-opts \
           -flto=auto -flto-partition=none -DCHECK_SILENT \
           -fno-asynchronous-unwind-tables -fno-unwind-tables \
           -ffunction-sections -fdata-sections
LEAN_LD  = -static -s -Wl,--gc-sections,--build-id=none,-z,norelro \
           -Wl,-z,noseparate-code,-O2,--sort-section=alignment,-z,common-page-size=64

static:
	$(MAKE) BUILD=build/static PROGRAM=build/static/chatd CC="$(MUSL_CC)" \
	    CFLAGS="$(LEAN)" LDFLAGS="$(LEAN_LD)" all

small:
	$(MAKE) BUILD=build/small PROGRAM=build/small/chatd CC="$(MUSL_CC)" \
	    CFLAGS="$(LEAN) -fno-stack-protector" LDFLAGS="$(LEAN_LD)" all

# ---- the wire for other programs ---------------------------------------------

# build/library/ws.h and ws.c, and the two examples with them.
library:
	scripts/library build/library

EXAMPLE_CFLAGS = -std=c11 -D_GNU_SOURCE $(WARN) $(WERROR) -Ibuild/library \
                 $(CFLAGS)

examples: library
	for e in echo client; do $(CC) $(EXAMPLE_CFLAGS) \
	    -o build/library/$$e tests/examples/$$e.c build/library/ws.c || exit 1; \
	done

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

# Of tests/sim: three programs, and what is linked into these alone. In `crew`
# some of src/ is compiled so that it can stop at each step (sim/worker.h).
SIMS      := $(BUILD)/test/sim $(BUILD)/test/fail $(BUILD)/test/crew
STEPS_SRC := $(wildcard src/store/*.c) $(patsubst %,src/server/%.c,crew member \
               roster)
STEPS_OBJ := $(STEPS_SRC:src/%.c=$(BUILD)/test/steps/%.o)
MODEL_SRC := $(patsubst %,tests/sim/%.c,bearer greedy happened model options \
               origin posted visitor watch watch_places watch_waits)

# Tests of the server and its services run on a simulated os/: of src/os only
# what asks no kernel is theirs, and the pages compiled in are the tests' own.
SIM_SRC  := $(filter-out $(patsubst %,tests/sim/%.c,sim crew worker fail%) \
              $(MODEL_SRC),\
              $(wildcard tests/sim/*.c))
SIM_OBJ  := $(SIM_SRC:tests/sim/%.c=$(BUILD)/test/sim_%.o)
SIM_LIB  := $(filter-out $(BUILD)/os/% $(BUILD)/gen/% $(BUILD)/options.o \
              $(BUILD)/paste.o $(BUILD)/tokens.o $(BUILD)/redis.o \
              $(BUILD)/join.o $(BUILD)/check.o $(BUILD)/client/%,$(LIB_OBJ)) \
            $(BUILD)/os/error.o $(BUILD)/os/socket_text.o
SIM_TEST := $(filter tests/unit/server/% tests/unit/service/% \
              tests/unit/keeper/% tests/unit/store/test_store_file.c, \
              $(UNIT_SRC))
SIM_UNIT := $(foreach t,$(SIM_TEST),$(BUILD)/test/$(basename $(notdir $t)))

$(BUILD)/test/sim_%.o: tests/sim/%.c | dirs
	$(CC) $(LINUX) $(TEST_CFLAGS) -c -o $@ $<

$(SIM_UNIT): $(BUILD)/test/%: %.c $(SUPPORT_OBJ) $(SIM_OBJ) $(SIM_LIB) | dirs
	$(CC) $(LINUX) $(TEST_CFLAGS) $(LDFLAGS) -o $@ $< \
	    $(SUPPORT_OBJ) $(SIM_OBJ) $(SIM_LIB) $(CMOCKA) -lz

# Kept between runs: make would take them for leftovers of a chain.
.SECONDARY: $(SUPPORT_OBJ) $(SIM_OBJ)

# Two at a time; what each said is told when it has ended. Behind one that fails
# no other is begun (255: xargs(1)).
unit: $(UNIT)
	@printf '%s\n' $(UNIT) | xargs -P 2 -I @ sh -c '$(RUN) @ >@.said 2>&1; \
	    end=$$?; { echo "== @"; cat @.said; } | dd bs=1M iflag=fullblock \
	    status=none; [ $$end -eq 0 ] || exit 255'

# Of tests/bus: a model of Redis, and of nodes over it. The unit tests of the bus
# have it, too.
BUS_SRC  := $(filter-out tests/bus/sim.c,$(wildcard tests/bus/*.c))
BUS_OBJ  := $(BUS_SRC:tests/bus/%.c=$(BUILD)/test/bus_%.o)
BUS_UNIT := $(patsubst tests/unit/bus/%.c,$(BUILD)/test/%,\
              $(filter tests/unit/bus/%,$(UNIT_SRC)))

$(BUILD)/test/bus_%.o: tests/bus/%.c | dirs
	$(CC) $(LINUX) $(TEST_CFLAGS) -c -o $@ $<

$(BUS_UNIT): $(BUILD)/test/%: %.c $(BUS_OBJ) $(SUPPORT_OBJ) $(LIB_OBJ) | dirs
	$(CC) $(LINUX) $(TEST_CFLAGS) $(LDFLAGS) -o $@ $< \
	    $(BUS_OBJ) $(SUPPORT_OBJ) $(LIB_OBJ) $(CMOCKA) $(LDLIBS)

$(BUILD)/test/bus: tests/bus/sim.c $(BUS_OBJ) $(SUPPORT_OBJ) $(LIB_OBJ) | dirs
	$(CC) $(LINUX) $(TEST_CFLAGS) $(LDFLAGS) -o $@ $< \
	    $(BUS_OBJ) $(SUPPORT_OBJ) $(LIB_OBJ) $(CMOCKA)

.SECONDARY: $(BUS_OBJ)

# ---- simulation --------------------------------------------------------------

# Random peers, then every call refused; a model watches what is published.
SIM_FIRST   ?= 1
SIM_SEEDS   ?= 300
BUS_SEEDS   ?= 300
FAIL_SEEDS  ?= 1
FAIL_STRIDE ?= 1
WATCHED    = room_append store_write store_seize member_join member_leave admit_one \
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

$(BUILD)/test/steps/%.o: src/%.c | dirs
	$(CC) -iquote tests/sim/steps $(ALL_CFLAGS) -DBOARD_SPIN=3 -c -o $@ $<

$(BUILD)/test/crew: tests/sim/worker.c $(STEPS_OBJ)
$(BUILD)/test/crew: SIM_LIB := $(STEPS_OBJ) $(filter-out \
                                $(STEPS_SRC:src/%.c=$(BUILD)/%.o),$(SIM_LIB))

$(BUILD)/main.o $(LIB_OBJ) $(SUPPORT_OBJ) $(SIM_OBJ) $(STEPS_OBJ) $(BUS_OBJ): \
    $(BUILD)/gen/flags

sim: $(SIMS) $(BUILD)/test/bus
	TEST_FIRST=$(SIM_FIRST) SIM_SEEDS=$(SIM_SEEDS) $(BUILD)/test/sim
	TEST_FIRST=$(SIM_FIRST) FAIL_SEEDS=$(FAIL_SEEDS) \
	    FAIL_STRIDE=$(FAIL_STRIDE) $(BUILD)/test/fail
	TEST_FIRST=$(SIM_FIRST) SIM_SEEDS=$(SIM_SEEDS) $(BUILD)/test/crew
	TEST_FIRST=$(SIM_FIRST) BUS_SEEDS=$(BUS_SEEDS) $(BUILD)/test/bus

# Seed after seed from SIM_FIRST on, until one fails or somebody interrupts:
# a thousand of random peers, then one of every call refused.
sim-long: $(SIMS) $(BUILD)/test/bus
	@first=$(SIM_FIRST) one=$(SIM_FIRST); while echo "== from $$first"; do \
	    TEST_FIRST=$$first SIM_SEEDS=1000 $(BUILD)/test/sim && \
	    TEST_FIRST=$$first SIM_SEEDS=1000 $(BUILD)/test/crew && \
	    TEST_FIRST=$$first BUS_SEEDS=1000 $(BUILD)/test/bus && \
	    TEST_FIRST=$$one $(BUILD)/test/fail || exit 1; \
	    first=$$((first + 1000)) one=$$((one + 1)); done

# ---- every interleaving ------------------------------------------------------

# The store as it is, but for its atomic operations: those of tests/explore.
EXPLORE     ?=
EXPLORE_SRC := $(wildcard tests/explore/*.c src/store/store_[!f]*.c) \
               $(addprefix src/store/,board.c map.c propose.c record.c) \
               $(addprefix src/base/,check.c crc32c.c list.c arena.c text.c)
EXPLORE_H   := $(wildcard tests/explore/*.h tests/explore/*/*.h src/store/*.h)

$(BUILD)/test/explore: $(EXPLORE_SRC) $(EXPLORE_H) | dirs
	$(CC) $(LINUX) -iquote tests/explore $(TEST_CFLAGS) -DBOARD_TRIES=1 \
	    $(LDFLAGS) -o $@ $(EXPLORE_SRC)

explore: $(BUILD)/test/explore
	$(BUILD)/test/explore $(EXPLORE)

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

# The bus: over the model of Redis.
FUZZ_BUS = tests/fuzz/fuzz_bus.c $(BUS_OBJ) $(SUPPORT_OBJ) $(LIB_OBJ)

$(BUILD)/test/replay_bus: tests/fuzz/replay.c $(FUZZ_BUS) | dirs
	$(CC) $(LINUX) $(TEST_CFLAGS) $(LDFLAGS) -o $@ tests/fuzz/replay.c \
	    $(FUZZ_BUS) $(CMOCKA)

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

$(BUILD)/fuzz_bus: $(FUZZ_BUS) | dirs
	$(CC) $(LINUX) $(TEST_CFLAGS) -fsanitize=fuzzer -o $@ $(FUZZ_BUS) -lcmocka

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

# Every small change to base, wire and store is asked of the unit tests: all,
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

exercises:
	scripts/exercises

# Needs python3-websockets; see scripts/test for all of it.
quick: $(PROGRAM)
	tests/e2e/run.py --quick

test check: $(PROGRAM) layers requirements unit explore replay quick

asan:
	$(MAKE) BUILD=build/asan PROGRAM=build/asan/chatd \
	    CFLAGS="-O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all" \
	    all unit replay

# MemorySanitizer: nothing decides, and nothing is sent, by bytes that nobody
# wrote; tests/support/shadow.h says which those are. Debian's cmocka is not
# instrumented: tests/foreign stands in for it. Left out are the tests in which
# fstat writes, those of os/ and redis_load's, which reads a whole file: clang 14
# does not know that it writes (`make valgrind` does).
# MSAN_ORIGINS=2 tells where such bytes come from, at twice the time.
MSAN_ORIGINS = 0
MSAN_SEEDS   = 10
MSAN_WRAP    = arena_carve ring_init lease_take
MSAN_WITHOUT = $(wildcard $(addprefix tests/unit/os/test_,\
                 dial.c file.c log.c process.c sandbox.c socket.c storage.c)) \
               tests/unit/options/test_redis_auth.c

msan:
	$(MAKE) BUILD=build/msan CC=clang CMOCKA=tests/foreign/cmocka.c \
	    CFLAGS="-O1 -g -fno-omit-frame-pointer -isystem tests/foreign \
	    -fsanitize=memory -fsanitize-memory-track-origins=$(MSAN_ORIGINS) \
	    -fno-sanitize-recover=all" LDFLAGS="$(MSAN_WRAP:%=-Wl,--wrap=%)" \
	    WITHOUT="$(MSAN_WITHOUT)" SIM_SEEDS=$(MSAN_SEEDS) \
	    BUS_SEEDS=$(MSAN_SEEDS) FAIL_STRIDE=50 \
	    unit replay sim

# Which lines and branches of base to service the tests reach, as
# clang counts them in the source; scripts/coverage says the rest. %c: the counters
# lie in the file itself, so that a child which dies in a test counts too.
COV_FLAGS = -O1 -g -fprofile-instr-generate -fcoverage-mapping \
            -mllvm -runtime-counter-relocation -Wno-unused-command-line-argument
COV_SEEDS ?= 100

cov:
	rm -rf build/cov/prof && mkdir -p build
	LLVM_PROFILE_FILE='$(CURDIR)/build/cov/prof/%p%c.profraw' \
	    $(MAKE) BUILD=build/cov PROGRAM=build/cov/chatd CC=clang ANYWHERE= \
	    CFLAGS="$(COV_FLAGS)" SIM_SEEDS=$(COV_SEEDS) BUS_SEEDS=$(COV_SEEDS) \
	    FAIL_STRIDE=20 \
	    unit replay sim \
	    > build/cov.log 2>&1 || { tail -n 40 build/cov.log; exit 1; }
	scripts/coverage build/cov

# valgrind's memcheck: the unit tests, the simulation, and the program, which
# holds nothing of the heap at the end, for it never took any. Nothing is
# suppressed. Left out: what tries landlock and filters, which memcheck neither
# knows nor could live behind (so SANDBOX_OFF, too), and the longest of those
# that only reckon or mend, for MemorySanitizer sees each byte of them as well.
MEMCHECK = valgrind -q --error-exitcode=9 --leak-check=full \
           --child-silent-after-fork=yes
MEMCHECK_SEEDS   = 2
MEMCHECK_WITHOUT = $(addprefix tests/unit/,os/test_sandbox.c \
    base/test_utf8.c store/test_mend.c $(addprefix wire/test_,\
    codec_zlib.c deflate.c explain.c http.c))

valgrind:
	$(MAKE) BUILD=build/valgrind PROGRAM=build/valgrind/chatd \
	    CFLAGS="-O1 -g -DSANDBOX_OFF" WITHOUT="$(MEMCHECK_WITHOUT)" \
	    RUN="$(MEMCHECK)" all unit build/valgrind/test/sim
	SIM_SEEDS=$(MEMCHECK_SEEDS) $(MEMCHECK) build/valgrind/test/sim
	@printf '#!/bin/sh\nexec %s "%s" "$$@"\n' \
	    "$(MEMCHECK) --show-leak-kinds=all --errors-for-leak-kinds=all" \
	    "$(CURDIR)/build/valgrind/chatd" > build/valgrind/memcheck && \
	    chmod +x build/valgrind/memcheck
	CHATD=build/valgrind/memcheck E2E_SLOW=6 E2E_SANITIZED=1 \
	    /usr/bin/python3 tests/foreign/visit.py

# Wants clang, clang-tidy, cppcheck, shellcheck and pyflakes3.
analyse:
	scripts/analyse

# Wants frama-c: tests/prove/README.md says what is proved, and what is not.
prove:
	scripts/prove

torture:
	scripts/torture

# chatd beside the bare kernel; our codec beside zlib, tokens, the store.
$(BUILD)/test/bench_%: tests/bench/bench_%.c $(SUPPORT_OBJ) $(LIB_OBJ) | dirs
	$(CC) $(LINUX) $(TEST_CFLAGS) -o $@ $< $(SUPPORT_OBJ) $(LIB_OBJ) \
	    -lcmocka -lz

bench: $(PROGRAM) $(patsubst %,$(BUILD)/test/bench_%,codec token store)
	scripts/bench
	$(BUILD)/test/bench_codec
	$(BUILD)/test/bench_token
	$(BUILD)/test/bench_store

# ---- the rest ----------------------------------------------------------------

BINDIR  ?= $(PREFIX)/bin
MANDIR  ?= $(PREFIX)/share/man
UNITDIR ?= $(PREFIX)/lib/systemd/system
BASHDIR ?= $(PREFIX)/share/bash-completion/completions
ZSHDIR  ?= $(PREFIX)/share/zsh/site-functions

install: $(PROGRAM)
	install -D -m 755 $(PROGRAM) $(DESTDIR)$(BINDIR)/chatd
	install -D -m 644 scripts/chatd.8 $(DESTDIR)$(MANDIR)/man8/chatd.8
	install -d -m 755 $(DESTDIR)$(UNITDIR)
	sed 's|@BINDIR@|$(BINDIR)|' scripts/service/chatd.service \
	    > $(DESTDIR)$(UNITDIR)/chatd.service
	install -m 644 scripts/service/chatd.socket $(DESTDIR)$(UNITDIR)
	install -d -m 755 $(DESTDIR)$(BASHDIR) $(DESTDIR)$(ZSHDIR)
	scripts/completion bash > $(DESTDIR)$(BASHDIR)/chatd
	scripts/completion zsh > $(DESTDIR)$(ZSHDIR)/_chatd

uninstall:
	rm -f $(DESTDIR)$(BINDIR)/chatd $(DESTDIR)$(MANDIR)/man8/chatd.8 \
	    $(DESTDIR)$(UNITDIR)/chatd.service $(DESTDIR)$(UNITDIR)/chatd.socket \
	    $(DESTDIR)$(BASHDIR)/chatd $(DESTDIR)$(ZSHDIR)/_chatd

help:
	@sed -n '/^#   make /,/^$$/s/^# \{0,3\}//p' Makefile

# How each file is compiled, as clangd and other editors' helpers read it.
compile_commands: | dirs
	@for f in $(LIB_SRC) src/main.c $(UNIT_SRC) $(SUPPORT_SRC) $(SIM_SRC); do \
	    printf '%s\n{"directory": "%s", "file": "%s", "command": "%s"}' \
	        "$$comma" '$(CURDIR)' "$$f" \
	        'cc $(LINUX) $(filter-out -M%,$(TEST_CFLAGS)) '"-c $$f"; \
	    comma=,; done | { echo '['; cat; echo; echo ']'; } \
	    > $(BUILD)/compile_commands.json

clean:
	rm -rf build chatd

-include $(wildcard $(BUILD)/*.d $(BUILD)/*/*.d $(BUILD)/test/steps/*/*.d)

.PHONY: all always dirs static small library examples unit sim sim-long explore \
        replay fuzz afl layers requirements exercises quick test asan msan valgrind analyse cov \
        mutants prove torture bench install uninstall clean check help \
        compile_commands
.DELETE_ON_ERROR:
