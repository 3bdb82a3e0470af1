/* SPDX-License-Identifier: MIT */
/*
 * bench_store: what it costs to say something in the shared store, and to wake
 * who is to hear it.
 *
 *   append    seize, write, read back: by one worker, by two at once in one
 *             room, each of whom reads what the other has said; with and without
 *             the checks of a file, and in a file (--store FILE)
 *   wake      from ringing a worker that sleeps in its reactor until it has
 *             read what was said, and back: half of that is one way
 *
 * Beside an append stands a bare copy of as many bytes. Times of appends are CPU
 * time, those of waking the wall clock's; each worker has a core of its own. It
 * is the least of the rounds.
 */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "os/bell.h"
#include "os/memory.h"
#include "os/reactor.h"
#include "store/store_file.h"
#include "wire/frame.h"

#define ROUNDS  15
#define REPEAT  50000
#define WAKES   20000
#define LOG     (UINT32_C(1) << 20)
#define WORKERS 2
#define ROOMS   64 /* as by default: two workers' places share no line */
#define CPU     CLOCK_PROCESS_CPUTIME_ID

static struct store workers[WORKERS];
static struct crc32c crc;
static uint8_t payload[LOG / 4];

/* What the two tell each other, beside the store. */
static struct {
    struct atom go;
    double took[WORKERS];
} * common;

static double seconds(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void pin(size_t core)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(core, &set);
    sched_setaffinity(0, sizeof set, &set);
}

/* ---- A store of two ---------------------------------------------------------- */

static void *carve(struct board *b, size_t *size, uint32_t count)
{
    struct arena a;
    arena_init(&a, NULL, SIZE_MAX);
    board_carve(b, &a, ROOMS, count);
    *size = a.used;
    void *memory = memory_share(a.used);
    arena_init(&a, memory, a.used);
    board_carve(b, &a, ROOMS, count);
    return memory;
}

static uint32_t make(const struct map *map, uint32_t count,
                     const struct crc32c *check)
{
    struct board board;
    size_t size;
    uint32_t room = 0;
    bool anew;
    carve(&board, &size, count);
    for (uint32_t w = 0; w < count; w++) {
        workers[w] = (struct store){
            .map = *map,
            .board = board,
            .worker = w,
            .crc = check,
            .readers = memory_map(ROOMS * sizeof(struct store_reader)),
            .whole = memory_map(LOG / 4),
        };
        if (w == 0)
            store_table_remake(&workers[0]);
        if (store_open(&workers[w], BYTES_LITERAL("a"), 1, 0, &room, &anew) !=
            STORE_DONE)
            abort();
    }
    return room;
}

static struct map shared_map(void)
{
    struct map map;
    map_over(&map, memory_share(map_size(ROOMS, LOG)), ROOMS, LOG);
    map_begin(&map, ROOMS);
    return map;
}

/* ---- Append ------------------------------------------------------------------- */

static void read_all(struct store *s, uint32_t room)
{
    struct record r;
    while (store_read(s, room, &r))
        store_pass(s, room);
}

static void say(struct store *s, uint32_t room, size_t len)
{
    struct record r = {.opcode = FRAME_BINARY,
                       .payload = bytes_span(payload, len)};
    for (;;) {
        enum store_outcome outcome = store_seize(s, room, record_len(&r));
        if (outcome == STORE_DONE)
            break;
        read_all(s, room);
    }
    store_number(s, room, &r);
    store_append(s, room, &r);
    store_read_own(s, room, &r);
    store_pass(s, room);
}

static double copy_alone(size_t len)
{
    static uint8_t to[LOG];
    double began = seconds(CPU);
    for (unsigned i = 0; i < REPEAT; i++) {
        memcpy(to + i * len % (LOG - len), payload, len);
        __asm__ volatile("" ::: "memory");
    }
    return (seconds(CPU) - began) / REPEAT;
}

static void work(uint32_t w, uint32_t room, size_t len)
{
    pin(w);
    while (atom_acquire(&common->go) == 0)
        ;
    double began = seconds(CPU);
    for (unsigned i = 0; i < REPEAT; i++)
        say(&workers[w], room, len);
    common->took[w] = (seconds(CPU) - began) / REPEAT;
    /* Nobody goes while the other may wait for it. */
    store_close(&workers[w], room);
}

/* Seconds an append, of `count` who all say at once. */
static double append(uint32_t count, uint32_t room, size_t len)
{
    atom_put(&common->go, 0);
    for (uint32_t w = 0; w < count; w++)
        if (fork() == 0) {
            work(w, room, len);
            _exit(0);
        }
    usleep(20000);
    atom_release(&common->go, 1);
    while (wait(NULL) > 0)
        ;
    return common->took[0] > common->took[count - 1] ? common->took[0]
                                                     : common->took[count - 1];
}

static double best(uint32_t count, size_t len, const char *path, bool checked)
{
    double least = 1e9;
    for (unsigned round = 0; round < ROUNDS; round++) {
        static struct store_file file;
        struct text why = text_over(payload, sizeof payload);
        struct store_file_plan plan = {
            .path = path, .rooms = ROOMS, .stream_size = LOG, .wall = 1};
        if (path && store_file_open(&file, &plan, &why) != 0) {
            fprintf(stderr, "%.*s\n", (int)why.len, payload);
            exit(1);
        }
        struct map map = path ? file.map : shared_map();
        uint32_t room = make(&map, count, checked ? &crc : NULL);
        double took = append(count, room, len);
        least = took < least ? took : least;
        if (path)
            store_file_close(&file);
    }
    return least * 1e9;
}

/* ---- Wake --------------------------------------------------------------------- */

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

/* Sleep as the loop does, until the room has something to read. */
static void await(struct store *s, uint32_t room, int reactor)
{
    struct reactor_event events[REACTOR_EVENTS];
    while (store_is_read(s, room)) {
        while (store_rung(s) != STORE_NONE)
            ;
        bool sleeps = store_is_read(s, room) && store_sleep(s);
        reactor_wait(reactor, events, sleeps ? REACTOR_FOREVER : 0);
        store_wakes(s);
    }
    read_all(s, room);
}

static void say_and_wake(struct store *s, uint32_t room, const int bells[])
{
    say(s, room, 64);
    uint32_t wake = store_wake(s);
    for (uint32_t w = 0; w < WORKERS; w++)
        if (wake >> w & 1)
            bell_ring(bells[w]);
}

static void measure_wakes(void)
{
    static double took[WAKES];
    int bells[WORKERS], reactors[WORKERS];
    struct map map = shared_map();
    uint32_t room = make(&map, WORKERS, NULL);
    for (uint32_t w = 0; w < WORKERS; w++) {
        bells[w] = bell_open();
        reactors[w] = reactor_open();
        reactor_add(reactors[w], bells[w], 1);
    }
    pid_t other = fork();
    if (other == 0) {
        pin(1);
        for (unsigned i = 0; i < WAKES; i++) {
            await(&workers[1], room, reactors[1]);
            say_and_wake(&workers[1], room, bells);
        }
        _exit(0);
    }
    pin(0);
    for (unsigned i = 0; i < WAKES; i++) {
        double began = seconds(CLOCK_MONOTONIC);
        say_and_wake(&workers[0], room, bells);
        await(&workers[0], room, reactors[0]);
        took[i] = (seconds(CLOCK_MONOTONIC) - began) / 2 * 1e6;
    }
    waitpid(other, NULL, 0);
    qsort(took, WAKES, sizeof *took, compare);
    printf("wake, one way       p50 %.1f us, p99 %.1f us\n", took[WAKES / 2],
           took[WAKES * 99 / 100]);
}

int main(int argc, char **argv)
{
    static const size_t lens[] = {64, 200, 1000, 16000};
    crc32c_init(&crc);
    memset(payload, 'x', sizeof payload);
    common = memory_share(sizeof *common);
    printf("append, ns      copy   one   two  checked%s\n",
           argc > 1 ? "  in a file" : "");
    for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
        double copy = 1e9;
        for (unsigned round = 0; round < ROUNDS; round++) {
            double took = copy_alone(lens[i]) * 1e9;
            copy = took < copy ? took : copy;
        }
        printf("%5zu bytes   %7.0f %5.0f %5.0f %8.0f", lens[i], copy,
               best(1, lens[i], NULL, false), best(2, lens[i], NULL, false),
               best(1, lens[i], NULL, true));
        if (argc > 1)
            printf(" %10.0f", best(1, lens[i], argv[1], true));
        printf("\n");
    }
    measure_wakes();
    return 0;
}
