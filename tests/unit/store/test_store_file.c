/* SPDX-License-Identifier: MIT */
#include "store/store_file.h"
#include "sim/os.h"
#include "support/random.h"
#include "support/shelf.h"
#include "support/unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define FILE_PATH "/run/chatd/store"
#define NEW_PATH  FILE_PATH ".new"
#define LEN       120 /* of a payload: a record of 192 bytes, 21 in a stream */

static struct shelf_ledger ledger;

/* ---- Lives of a service over one file ---------------------------------------- */

static struct store_file file;
static struct shelf shelf;
static uint8_t why_bytes[256];
static struct text why;
static uint64_t starts; /* for random numbers */

static int open_with(uint32_t rooms, uint32_t stream_size)
{
    struct random random = random_of(++starts);
    struct store_file_plan plan = {.path = FILE_PATH,
                                   .rooms = rooms,
                                   .stream_size = stream_size,
                                   .wall = SIM_WALL,
                                   .random = random_next(&random)};
    why = text_over(why_bytes, sizeof why_bytes);
    int status = store_file_open(&file, &plan, &why);
    assert_int_equal(status == 0, why.len == 0);
    assert_int_equal(sim_storage_mapped(), status == 0);
    assert_int_equal(sim_memory_mapped(), 0);
    assert_true(status != 0 || sim_storage_guarded());
    return status;
}

static void begin_with(uint32_t rooms, uint32_t stream_size)
{
    if (open_with(rooms, stream_size) != 0)
        fail_msg("%.*s", (int)why.len, why.ptr);
    shelf_begin(&shelf, &file.map, &ledger);
}

static void begin(void)
{
    begin_with(3, 4096);
}

static void end_in_order(void)
{
    shelf_end(&shelf);
    assert_true(store_file_close(&file));
    assert_int_equal(sim_storage_mapped(), 0);
}

static void be_killed(void)
{
    shelf_end(&shelf);
    sim_kill();
}

static bool never(void *context, size_t offset)
{
    (void)context;
    (void)offset;
    return false;
}

static void say(uint32_t number, uint32_t len)
{
    size_t last;
    uint32_t room = shelf_open(&shelf, number);
    assert_int_not_equal(room, STORE_NONE);
    shelf_read(&shelf, number, &last);
    shelf_say(&shelf, room, len);
}

/* All that was said in a room is there, or the last 21 of it. */
static void assert_whole(uint32_t number)
{
    size_t last;
    shelf_read(&shelf, number, &last);
    assert_int_equal(last, shelf_last(&ledger, number));
}

static int setup(void **state)
{
    (void)state;
    sim_begin();
    ledger.count = 0;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    sim_end();
    return 0;
}

/* The file as it is now; to be freed. */
static struct span save(void)
{
    struct span now;
    assert_true(sim_storage(FILE_PATH, &now));
    uint8_t *copy = malloc(now.len + 1);
    assert_non_null(copy);
    memcpy(copy, now.ptr, now.len);
    return bytes_span(copy, now.len);
}

static void assert_is(struct span saved)
{
    struct span now;
    assert_true(sim_storage(FILE_PATH, &now));
    assert_true(bytes_equal(now, saved));
}

static void assert_refused(const char *because)
{
    assert_int_equal(open_with(3, 4096), 1);
    char line[256];
    snprintf(line, sizeof line, "--store: %s: %s", FILE_PATH, because);
    assert_int_equal(why.len, strlen(line));
    assert_memory_equal(why.ptr, line, why.len);
    assert_int_equal(sim_files_open(), 0);
}

static bool exists(const char *path)
{
    struct span bytes;
    return sim_storage(path, &bytes);
}

/* ---- The first time ------------------------------------------------------------ */

static void test_a_new_file_is_ready_and_on_the_disk(void **state)
{
    (void)state;
    begin();
    assert_int_equal(file.map.header->room_count, 3);
    assert_int_equal(file.map.stream_size, 4096);
    assert_int_equal(file.map.header->clean, 0);
    assert_int_equal(file.map.header->boot[0], 1);
    assert_int_equal(file.found.rooms, 0);
    assert_false(file.is_carried);
    assert_false(exists(NEW_PATH));
    say(0, LEN);
    shelf_end(&shelf);
    sim_power_cut(never, NULL);
    begin();
    assert_whole(0);
    end_in_order();
}

static void test_what_holds_nothing_becomes_one(void **state)
{
    (void)state;
    static const uint8_t zeros[5000];
    static const size_t lens[] = {0, 1, 4096, 5000};
    for (size_t i = 0; i < UNIT_COUNT(lens); i++) {
        sim_put_storage(FILE_PATH, bytes_span(zeros, lens[i]));
        begin();
        assert_int_equal(file.storage.size, map_size(3, 4096));
        end_in_order();
    }
}

static void test_a_stale_new_one_is_no_obstacle(void **state)
{
    (void)state;
    sim_put_storage(NEW_PATH, BYTES_LITERAL("half of one"));
    begin();
    assert_false(exists(NEW_PATH));
    end_in_order();
}

/* ---- Each time after ------------------------------------------------------------ */

static void test_after_an_end_in_order_the_counts_go_on(void **state)
{
    (void)state;
    for (unsigned boots = 0; boots < 3; boots++) {
        begin();
        assert_false(file.found.renewed);
        if (boots)
            assert_whole(0);
        for (unsigned i = 0; i < 15; i++)
            say(0, LEN);
        assert_int_equal(ledger.said[ledger.count - 1].id.number,
                         15 * (boots + 1));
        end_in_order();
        sim_power_cut(never, NULL);       /* nothing was left to be lost */
        sim_set_boot(boots == 1 ? 0 : 9); /* nor is it asked which one it is */
    }
}

static void test_after_a_kill_the_counts_go_on(void **state)
{
    (void)state;
    for (unsigned lives = 0; lives < 5; lives++) {
        begin();
        assert_false(file.found.renewed);
        if (lives)
            assert_whole(0);
        for (unsigned i = 0; i < 15; i++)
            say(0, LEN);
        assert_int_equal(ledger.said[ledger.count - 1].id.number,
                         15 * (lives + 1));
        be_killed();
    }
}

static void say_and(void (*end)(void))
{
    begin();
    say(0, LEN);
    say(1, LEN);
    end();
}

static void assert_renewed(void)
{
    begin();
    assert_true(file.found.renewed);
    assert_int_equal(file.found.messages, 2);
    assert_whole(0);
    say(0, LEN);
    assert_int_equal(ledger.said[ledger.count - 1].id.number, 1);
    end_in_order();
    begin();
    assert_false(file.found.renewed);
    end_in_order();
}

static void test_after_a_kill_in_another_boot_epochs_are_new(void **state)
{
    (void)state;
    say_and(be_killed);
    sim_power_cut(never, NULL);
    assert_renewed();
}

static void
test_after_a_kill_in_a_boot_nobody_knows_epochs_are_new(void **state)
{
    (void)state;
    sim_set_boot(0);
    say_and(be_killed);
    assert_renewed();
}

static void put_back(void (*end)(void), bool over_it)
{
    say_and(end);
    struct span saved = save();
    begin();
    say(0, LEN); /* it is heard, and not in there */
    end();
    sim_put_storage(over_it ? FILE_PATH : "/backup", saved);
    if (!over_it)
        sim_rename_storage("/backup", FILE_PATH);
    free((void *)saved.ptr);
    begin();
    assert_true(file.found.renewed);
    assert_int_equal(file.found.messages, 2);
    say(0, LEN);
    end_in_order();
}

static void test_one_that_was_put_back_begins_new_epochs(void **state)
{
    (void)state;
    put_back(end_in_order, false);
    setup(NULL);
    put_back(be_killed, false);
    setup(NULL);
    put_back(end_in_order, true); /* cp over it: the same inode */
}

/* Some filesystems have another device number after each mount. */
static void test_the_device_matters_after_a_kill_alone(void **state)
{
    (void)state;
    for (unsigned way = 0; way < 2; way++) {
        struct span now;
        setup(NULL);
        say_and(way ? be_killed : end_in_order);
        assert_true(sim_storage(FILE_PATH, &now));
        ((struct map_header *)(uintptr_t)now.ptr)->device++;
        begin();
        assert_int_equal(file.found.renewed, way);
        end_in_order();
    }
}

/* ---- Whoever cannot have it ---------------------------------------------------- */

static void test_it_is_had_by_one_at_a_time(void **state)
{
    (void)state;
    begin();
    say(0, LEN);
    struct store_file first = file;
    struct store_file_plan plan = {
        .path = FILE_PATH, .rooms = 3, .stream_size = 4096};
    struct span saved = save();
    why = text_over(why_bytes, sizeof why_bytes);
    assert_int_equal(store_file_open(&file, &plan, &why), 1);
    assert_memory_equal(
        why.ptr, "--store: " FILE_PATH ": another service has it", why.len);
    assert_is(saved);
    free((void *)saved.ptr);
    file = first;
    say(0, LEN);
    end_in_order();
}

static void test_what_is_refused_is_left_as_it_is(void **state)
{
    (void)state;
    static const struct {
        size_t offset;
        const char *because;
    } cases[] = {
        {0, "it is something else, not what a chatd wrote"},
        {20, "it is in the format of another version of chatd"},
        {28, "its header makes no sense"},
    };
    say_and(end_in_order);
    for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
        struct span saved = save();
        ((uint8_t *)saved.ptr)[cases[i].offset] ^= 1;
        sim_put_storage(FILE_PATH, saved);
        assert_refused(cases[i].because);
        assert_is(saved);
        ((uint8_t *)saved.ptr)[cases[i].offset] ^= 1;
        sim_put_storage(FILE_PATH, saved);
        free((void *)saved.ptr);
    }
    struct span saved = save();
    sim_put_storage(FILE_PATH, bytes_part(saved, 0, saved.len - 1));
    assert_refused("it is not as long as its header says");
    sim_put_storage(FILE_PATH, BYTES_LITERAL("a letter"));
    assert_refused("it is something else, not what a chatd wrote");
    assert_is(BYTES_LITERAL("a letter"));
    free((void *)saved.ptr);
}

static void test_what_cannot_be_opened_is_told(void **state)
{
    (void)state;
    sim_fail(SIM_STORAGE_OPEN, 0, 1, EACCES);
    assert_refused("it cannot be opened: Permission denied");
    sim_fail(SIM_STORAGE_CREATE, 0, 1, EROFS);
    assert_refused("another cannot be made in its folder: "
                   "Read-only file system");
    sim_fail(SIM_STORAGE_RESERVE, 0, 1, EOPNOTSUPP);
    assert_refused("its blocks cannot be reserved: Operation not supported");
    sim_fail(SIM_STORAGE_SYNC, 0, 1, EIO);
    assert_refused("it cannot be written: Input/output error");
    sim_fail(SIM_STORAGE_REPLACE, 0, 1, EDQUOT);
    assert_refused("another cannot be put in its place: Disk quota exceeded");
    sim_fail(SIM_STORAGE_MAP, 0, 1, ENOMEM);
    assert_refused("not enough memory for it");
}

/* With ".new" and a zero behind it. */
static void test_a_name_has_a_longest_length(void **state)
{
    (void)state;
    static char path[4096];
    static uint8_t bytes[8192];
    for (size_t len = 4090; len <= 4093; len++) {
        memset(path, 'x', sizeof path);
        path[len] = '\0';
        struct store_file_plan plan = {
            .path = path, .rooms = 3, .stream_size = 4096};
        why = text_over(bytes, sizeof bytes);
        assert_int_equal(store_file_open(&file, &plan, &why), len > 4091);
        assert_int_equal(exists(path), len <= 4091);
        if (len <= 4091)
            store_file_close(&file);
    }
}

/* ---- Another geometry ----------------------------------------------------------- */

static void carry(void (*end)(void), bool renewed)
{
    begin();
    for (unsigned i = 0; i < 30; i++)
        say(i % 3, LEN);
    end();
    if (renewed)
        sim_power_cut(never, NULL);
    begin_with(5, 8192);
    assert_true(file.is_carried);
    assert_int_equal(file.carried, 30);
    assert_int_equal(file.found.renewed, renewed);
    for (uint32_t number = 0; number < 3; number++)
        assert_whole(number);
    say(0, LEN);
    assert_int_equal(ledger.said[ledger.count - 1].id.number, renewed ? 1 : 11);
    store_close(&shelf.store, shelf_open(&shelf, 1));
    store_close(&shelf.store, shelf_open(&shelf, 2));
    be_killed();
    begin_with(2, 4096); /* room 1 was left before room 2, and room 0 not */
    assert_true(file.is_carried);
    assert_int_equal(file.found.renewed, false);
    assert_int_equal(file.map.header->used, 2);
    assert_whole(0);
    assert_whole(2);
    end_in_order();
    assert_false(exists(NEW_PATH));
}

static void test_messages_are_carried_into_another_geometry(void **state)
{
    (void)state;
    carry(end_in_order, false);
    setup(NULL);
    carry(be_killed, false);
    setup(NULL);
    carry(be_killed, true);
}

/* ---- Every call refused ---------------------------------------------------------- */

static const enum sim_call calls[] = {
    SIM_STORAGE_OPEN, SIM_STORAGE_CREATE,  SIM_STORAGE_RESERVE,
    SIM_STORAGE_MAP,  SIM_STORAGE_SYNC,    SIM_STORAGE_CHANGED,
    SIM_MEMORY,       SIM_STORAGE_REPLACE,
};

/* There is a file, or none; it is opened with this geometry, and a call fails
   on the way. */
static bool fail_one(bool present, uint32_t rooms, enum sim_call call,
                     uint64_t after)
{
    setup(NULL);
    if (present)
        say_and(end_in_order);
    sim_fail(call, after, 1, ENOSPC);
    int status = open_with(rooms, 4096);
    bool failed = sim_failed() > 0;
    assert_int_equal(status, failed ? 1 : 0);
    sim_fail(call, 0, 0, 0);
    if (!failed) {
        assert_true(store_file_close(&file));
        return false;
    }
    assert_int_equal(sim_files_open(), 0);
    assert_int_equal(exists(FILE_PATH), present);
    assert_false(exists(NEW_PATH));
    begin();
    assert_false(file.found.renewed);
    if (present) {
        assert_whole(0);
        assert_whole(1);
    }
    end_in_order();
    return true;
}

static void test_whatever_call_fails_nothing_is_lost(void **state)
{
    unsigned failures = 0;
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(calls); i++)
        for (uint32_t way = 0; way < 3; way++)
            for (uint64_t after = 0;
                 fail_one(way > 0, way == 2 ? 7 : 3, calls[i], after); after++)
                failures++;
    assert_int_equal(failures, 6 + 6 + 8);
}

static void test_an_end_that_fails_is_like_a_kill(void **state)
{
    static const enum sim_call ends[] = {SIM_STORAGE_SYNC, SIM_STORAGE_CHANGED};
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(ends); i++)
        for (uint64_t after = 0; after < 2; after++) {
            setup(NULL);
            begin();
            say(0, LEN);
            shelf_end(&shelf);
            sim_fail(ends[i], after, 1, EIO);
            if (store_file_close(&file)) {
                assert_int_equal(ends[i], SIM_STORAGE_CHANGED);
                sim_fail(ends[i], 0, 0, 0);
                continue; /* what it was is asked once more: in order */
            }
            assert_int_equal(sim_files_open(), 0);
            struct span saved = save();
            const struct map_header *h = (const void *)saved.ptr;
            assert_int_equal(h->clean, 0);
            free((void *)saved.ptr);
            begin();
            assert_false(file.found.renewed);
            assert_whole(0);
            be_killed();
        }
}

/* Pages may be written back while it is closed: then it is tried again. */
static void test_an_end_may_take_some_tries(void **state)
{
    (void)state;
    for (unsigned late = 0; late < 8; late++) {
        setup(NULL);
        say_and(be_killed);
        begin();
        shelf_end(&shelf);
        sim_change_late(late);
        uint64_t before = sim_count(SIM_STORAGE_SYNC);
        assert_true(store_file_close(&file));
        /* the data first, whose change is before all */
        unsigned tries = late < 2 ? 1 : late < 5 ? late : 4;
        assert_int_equal(sim_count(SIM_STORAGE_SYNC) - before, 1 + tries);
        sim_change_late(0);
        begin();
        assert_int_equal(file.found.renewed, late > 4);
        end_in_order();
    }
}

/* ---- The power fails ------------------------------------------------------------- */

struct cut {
    struct random random;
    size_t piece;  /* bytes that are lost or not together */
    unsigned lost; /* in 256 */
};

static bool is_lost(void *context, size_t offset)
{
    const struct cut *cut = context;
    struct random random =
        random_of(cut->random.state + offset / cut->piece * 7919);
    return random_below(&random, 256) < cut->lost;
}

static struct cut draw_cut(struct random *random)
{
    return (struct cut){.random = random_of(random_next(random)),
                        .piece = random_below(random, 2) ? 512 : 4096,
                        .lost = (unsigned)random_below(random, 257)};
}

/* Say something in any of five rooms, of which there are places for a few;
   leave some. */
static void live_on(struct random *random)
{
    size_t last;
    for (uint64_t acts = random_below(random, 40); acts > 0; acts--) {
        uint32_t number = (uint32_t)random_below(random, 5);
        uint32_t room = shelf_open(&shelf, number);
        if (room == STORE_NONE)
            continue;
        shelf_read(&shelf, number, &last);
        for (uint64_t n = random_below(random, 6); n > 0; n--)
            shelf_say(&shelf, room, 20 + (uint32_t)random_below(random, 900));
        if (random_below(random, 2))
            store_close(&shelf.store, room);
        struct cut cut = draw_cut(random);
        if (random_below(random, 4) == 0)
            sim_write_back(is_lost, &cut);
    }
}

static void read_all(void)
{
    size_t last;
    for (uint32_t i = 0; i < file.map.header->used; i++) {
        struct span name = map_name(&file.map.rooms[i]);
        if (name.len == 0)
            continue;
        uint32_t number = (uint32_t)(name.ptr[5] - '0');
        shelf_read(&shelf, number, &last);
        store_close(&shelf.store, shelf_open(&shelf, number));
    }
}

static void lives(struct random *random)
{
    setup(NULL);
    bool is_cut = false;
    for (unsigned life = 0; life < 6; life++) {
        uint32_t rooms = 2 + (uint32_t)random_below(random, 2) * 20;
        begin_with(rooms, 4096u << random_below(random, 2));
        assert_int_equal(file.found.renewed, is_cut);
        if (!is_cut)
            assert_int_equal(file.found.damaged, 0);
        read_all();
        live_on(random);
        is_cut = false;
        switch (random_below(random, 4)) {
        case 0: end_in_order(); break;
        case 1: be_killed(); break;
        default: {
            struct cut cut = draw_cut(random);
            shelf_end(&shelf);
            sim_power_cut(is_lost, &cut);
            is_cut = true;
        }
        }
    }
}

static void test_any_pages_may_be_lost_with_the_power(void **state)
{
    const char *rounds = getenv("STORE_ROUNDS");
    (void)state;
    RANDOM_PROPERTY(lives, rounds ? (unsigned)atoi(rounds) : 500);
}

/* While it is opened, too: at each call. */
static void die_opening(struct random *random)
{
    setup(NULL);
    begin();
    live_on(random);
    be_killed();
    if (random_below(random, 2))
        sim_power_cut(never, NULL);
    uint32_t rooms = 2 + (uint32_t)random_below(random, 3);
    enum sim_call call = calls[random_below(random, UNIT_COUNT(calls))];
    sim_fail(call, random_below(random, 2), 1, EIO);
    struct cut cut = draw_cut(random);
    if (open_with(rooms, 4096) == 0)
        sim_fail(call, 0, 0, 0);
    sim_power_cut(is_lost, &cut);
    begin_with(rooms, 4096);
    read_all();
    live_on(random);
    end_in_order();
}

static void test_the_power_may_fail_while_it_is_opened(void **state)
{
    (void)state;
    RANDOM_PROPERTY(die_opening, 500);
}

/* ---- Every set of pages ---------------------------------------------------------- */

#define SECTORS_MAX 14

struct set {
    size_t offsets[SECTORS_MAX];
    size_t count;
    unsigned lost; /* a bit each */
};

static bool is_in_set(void *context, size_t offset)
{
    struct set *set = context;
    for (size_t i = 0; i < set->count; i++)
        if (set->offsets[i] == offset)
            return set->lost >> i & 1;
    assert_true(set->count < SECTORS_MAX);
    set->offsets[set->count++] = offset;
    return set->lost >> (set->count - 1) & 1;
}

/* What is on the disk, and what is said after that. */
static void said_before(unsigned story)
{
    begin();
    for (unsigned i = 0; i < (story == 1 ? 22 : 4); i++)
        say(0, LEN);
    say(1, LEN);
    say(2, LEN);
    for (uint32_t room = 0; story == 2 && room < 3; room++)
        store_close(&shelf.store, shelf_open(&shelf, room));
    end_in_order();
    begin();
}

static void said_after(unsigned story)
{
    for (unsigned i = 0; i < (story == 1 ? 18 : 4); i++) {
        say(0, LEN);
        if (story == 0)
            say(1, LEN);
    }
    if (story != 2)
        return;
    for (uint32_t room = 0; room < 3; room++)
        store_close(&shelf.store, shelf_open(&shelf, room));
    say(7, LEN); /* at the place of another */
    say(7, LEN);
}

static void test_every_set_of_lost_sectors_is_survived(void **state)
{
    (void)state;
    for (unsigned story = 0; story < 3; story++) {
        struct set set = {.count = 0};
        for (unsigned lost = 0; lost < 1u << set.count || lost == 0; lost++) {
            setup(NULL);
            said_before(story);
            size_t synced = shelf_last(&ledger, 2), last;
            said_after(story);
            shelf_end(&shelf);
            set.lost = lost;
            sim_power_cut(is_in_set, &set);
            begin();
            assert_true(file.found.renewed);
            if (story == 0) { /* nothing was overwritten */
                shelf_read(&shelf, 2, &last);
                assert_int_equal(last, synced);
            }
            read_all();
            for (uint32_t number = 0; number < 3; number++)
                say(number, LEN);
            end_in_order();
        }
        assert_in_range(set.count, 3, SECTORS_MAX);
    }
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(test_a_new_file_is_ready_and_on_the_disk),
        TEST(test_what_holds_nothing_becomes_one),
        TEST(test_a_stale_new_one_is_no_obstacle),
        TEST(test_after_an_end_in_order_the_counts_go_on),
        TEST(test_after_a_kill_the_counts_go_on),
        TEST(test_after_a_kill_in_another_boot_epochs_are_new),
        TEST(test_after_a_kill_in_a_boot_nobody_knows_epochs_are_new),
        TEST(test_one_that_was_put_back_begins_new_epochs),
        TEST(test_the_device_matters_after_a_kill_alone),
        TEST(test_it_is_had_by_one_at_a_time),
        TEST(test_what_is_refused_is_left_as_it_is),
        TEST(test_what_cannot_be_opened_is_told),
        TEST(test_a_name_has_a_longest_length),
        TEST(test_messages_are_carried_into_another_geometry),
        TEST(test_whatever_call_fails_nothing_is_lost),
        TEST(test_an_end_that_fails_is_like_a_kill),
        TEST(test_an_end_may_take_some_tries),
        TEST(test_any_pages_may_be_lost_with_the_power),
        TEST(test_the_power_may_fail_while_it_is_opened),
        TEST(test_every_set_of_lost_sectors_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
