/* SPDX-License-Identifier: MIT */
/*
 * Goal: a bus has two links to one address or none, looks for another one when
 * it has lost them, says how it stands in time, and ends when it is to.
 *
 * Time is real here, and so are sockets; who is called is this test, and no
 * Redis: it says nothing, or what makes no sense.
 */
#include "bus/run.h"
#include "bus/entry.h"
#include "os/bell.h"
#include "support/guard.h"
#include "support/shared.h"
#include "support/unit.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#define ROOMS 4
#define BUS   1 /* beside one worker */
#define OURS  7 /* node */

static struct run run;
static struct run_plan plan;
static struct shared all;
static struct store store;
static struct socket_address addresses[2];
static int listeners[2], bells[2];
static struct atom ends;

static void open_listener(unsigned i)
{
    static const struct socket_tuning plain;
    assert_true(socket_parse(bytes_of("127.0.0.1:0"), &addresses[i]));
    listeners[i] = socket_listen(&addresses[i], &plain, SOCKET_ALONE);
    assert_true(listeners[i] >= 0);
}

static int begin(void **state)
{
    static struct propose_ring ring;
    static struct board_bus told;
    static _Alignas(ARENA_ALIGN) uint8_t bytes[4096];
    struct arena a;
    (void)state;
    shared_make(&all, (struct shared_plan){
                          .rooms = ROOMS, .workers = 2, .stream_size = 4096});
    arena_init(&a, bytes, sizeof bytes);
    ring = (struct propose_ring){0};
    told = (struct board_bus){.node = OURS};
    propose_carve(&ring, &a, sizeof bytes);
    all.keeper.board.bus = &told;
    store = (struct store){.map = all.keeper.map,
                           .board = all.keeper.board,
                           .worker = BUS,
                           .proposals = &ring};
    for (unsigned i = 0; i < 2; i++) {
        open_listener(i);
        bells[i] = bell_open();
    }
    atom_put(&ends, 0);
    plan = (struct run_plan){.bus = {.prefix = BYTES_LITERAL("chatd"),
                                     .history = 10,
                                     .entry_max = 1024},
                             .addresses = addresses,
                             .address_count = 2,
                             .bells = bells,
                             .ends = &ends};
    assert_int_equal(run_open(&run, &plan, &store), 0);
    return 0;
}

static void hang_up(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static int end(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        hang_up(&listeners[i]);
        hang_up(&bells[i]);
    }
    for (unsigned l = 0; l < BUS_LINKS; l++)
        hang_up(&run.links[l].fd);
    hang_up(&run.reactor);
    guard_free_all();
    return 0;
}

/* ---- What happens -------------------------------------------------------- */

/* Turns, none of which sleeps for long: its bell is rung. */
static void turn(void)
{
    bell_ring(bells[BUS]);
    assert_true(run_turn(&run));
}

/* The next two that call there, one after the other. */
static void answer(unsigned listener, int fds[2])
{
    for (unsigned i = 0; i < 2; i++) {
        struct pollfd wait = {.fd = listeners[listener], .events = POLLIN};
        for (unsigned turns = 0; poll(&wait, 1, 1) == 0; turns++) {
            assert_true(turns < 5000);
            turn();
        }
        fds[i] = accept(listeners[listener], NULL, NULL);
        assert_true(fds[i] >= 0);
    }
    while (run.dials)
        turn();
    assert_true(run.links[BUS_W].connected && run.links[BUS_R].connected);
}

static void settle(void)
{
    for (unsigned turns = 0; !run_settled(&run); turns++)
        assert_true(turns < 100 && run_turn(&run));
}

/* ---- Links --------------------------------------------------------------- */

static void test_two_links_to_the_first_address(void **state)
{
    int fds[2];
    uint8_t bytes[1024];
    (void)state;
    answer(0, fds);
    assert_int_equal(run.address, 0);
    struct pollfd first[] = {{.fd = fds[0], .events = POLLIN},
                             {.fd = fds[1], .events = POLLIN}};
    while (poll(first, 2, 1) == 0)
        turn();
    int speaks = first[0].revents ? fds[0] : fds[1];
    assert_true(read(speaks, bytes, sizeof bytes) > 0);
    close(fds[0]);
    close(fds[1]);
}

static void
test_when_one_link_breaks_both_are_closed_and_the_next_is_called(void **state)
{
    int fds[2], others[2];
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        answer(0, fds);
        close(fds[i]);
        answer(1, others);
        close(fds[!i]);
        close(others[0]);
        close(others[1]);
    }
}

static void test_nobody_at_an_address_is_passed_over(void **state)
{
    int fds[2];
    (void)state;
    hang_up(&listeners[0]);
    answer(1, fds);
    assert_int_equal(run.tried, 1);
    close(fds[0]);
    close(fds[1]);
}

/* Something listens there that is no Redis. */
static void say_nonsense(const int fds[2])
{
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(send(fds[i], "?\r\n", 3, MSG_NOSIGNAL), 3);
}

static void test_what_is_no_redis_ends_the_start_with_a_sentence(void **state)
{
    int fds[2];
    (void)state;
    answer(0, fds);
    say_nonsense(fds);
    for (unsigned turns = 0; run_turn(&run); turns++)
        assert_true(turns < 100);
    assert_int_equal(run.status, 1);
    assert_true(run_news(&run).len > 0);
    assert_ptr_equal(run_address(&run), &addresses[0]);
    close(fds[0]);
    close(fds[1]);
}

static void test_later_it_is_one_more_that_is_lost(void **state)
{
    int fds[2], others[2];
    (void)state;
    answer(0, fds);
    run.began -= RUN_SETTLE;
    turn();
    assert_true(run_settled(&run));
    say_nonsense(fds);
    answer(1, others);
    assert_int_equal(run.status, 0);
    close(fds[0]);
    close(fds[1]);
    close(others[0]);
    close(others[1]);
}

/* ---- How it stands ------------------------------------------------------- */

static void test_away_is_known_when_each_address_was_tried(void **state)
{
    (void)state;
    assert_false(run_settled(&run));
    hang_up(&listeners[0]);
    hang_up(&listeners[1]);
    settle();
    assert_int_equal(run.tried, 2);
    assert_false(run_is_here(&run));
}

/* The first one's queue is full: who calls there is passed over. */
static void call_in_vain(int fillers[3])
{
    assert_int_equal(listen(listeners[0], 0), 0);
    for (unsigned i = 0; i < 3; i++) {
        fillers[i] = socket_dial(&addresses[0]);
        poll(NULL, 0, 10);
    }
    for (unsigned i = 0; i < 20; i++)
        turn();
    assert_true(run.dials);
}

static void test_away_is_known_in_time_where_nobody_answers(void **state)
{
    int fillers[3];
    (void)state;
    call_in_vain(fillers);
    run.began = run.now - RUN_SETTLE + 100;
    assert_false(run_settled(&run));
    while (!run_settled(&run)) /* it wakes by itself */
        assert_true(run_turn(&run));
    assert_in_range(run.now - run.began, RUN_SETTLE,
                    RUN_SETTLE + UNIT_PATIENCE);
    for (unsigned i = 0; i < 3; i++)
        hang_up(&fillers[i]);
}

static void test_a_call_that_is_not_answered_ends_in_time(void **state)
{
    int fillers[3], fds[2];
    (void)state;
    call_in_vain(fillers);
    assert_int_equal(run.tried, 0);
    assert_in_range(run.dial_by - run.began, RUN_DIAL,
                    RUN_DIAL + UNIT_PATIENCE);
    run.dial_by = run.now + 10;
    assert_true(run_turn(&run)); /* it wakes by itself */
    while (run.tried == 0)
        turn();
    assert_in_range(run.now, run.dial_by, run.dial_by + UNIT_PATIENCE);
    answer(1, fds);
    for (unsigned i = 0; i < 3; i++)
        hang_up(&fillers[i]);
    close(fds[0]);
    close(fds[1]);
}

static void test_turns_are_counted(void **state)
{
    const struct atom *turns = &store.board.workers[BUS].turns;
    (void)state;
    uint32_t before = atom_get(turns);
    turn();
    turn();
    assert_int_equal(atom_get(turns), before + 2);
}

/* ---- More than a room can take -------------------------------------------- */

#define MANY  40
#define VALUE 900 /* bytes of each: a stream has place for four of them */

static void put_bulk(struct text *t, struct span bytes)
{
    text_byte(t, '$');
    text_decimal(t, bytes.len);
    text_string(t, "\r\n");
    text_put(t, bytes);
    text_string(t, "\r\n");
}

/* An entry 1-0 of PREFIX:life: that of the master below. */
#define LIFE "*2\r\n$3\r\n1-0\r\n*2\r\n$1\r\nr\r\n$4\r\nabcd\r\n"

/* To all that is asked before it works; and then, of the room's last entry, a
   sign of life and presence. */
static const char greeting[] =
    "$15\r\nid=5 addr=1.1:1\r\n"
    "$58\r\nredis_version:7.0.0\nrole:master\nrun_id:r\nmaster_replid:abc\r\n"
    "*0\r\n*1\r\n" LIFE;
static const char greeting_again[] =
    "$15\r\nid=7 addr=1.1:1\r\n"
    "$58\r\nredis_version:7.0.0\nrole:master\nrun_id:r\nmaster_replid:abc\r\n"
    ":1\r\n:1\r\n*0\r\n*1\r\n" LIFE;
static const char nothing_there[] = "*0\r\n$3\r\n1-1\r\n$3\r\n1-2\r\n";

static void put_message(struct text *t, unsigned number, size_t len,
                        uint64_t node)
{
    static uint8_t value[2 * VALUE];
    uint8_t id[32];
    struct text name = text_over(id, sizeof id);
    struct entry e = {.node = node, .number = number, .record = {.opcode = 2}};
    entry_write(value, &e);
    text_string(&name, "281474976710657-"); /* an epoch of life 1 */
    text_decimal(&name, number);
    text_string(t, "*2\r\n");
    put_bulk(t, text_span(&name));
    text_string(t, "*2\r\n$1\r\nm\r\n");
    put_bulk(t, bytes_span(value, len));
}

static struct span room_of(unsigned count, size_t len, uint64_t node)
{
    static uint8_t bytes[2 * MANY * VALUE];
    struct text t = text_over(bytes, sizeof bytes);
    text_string(&t, "*2\r\n*2\r\n$10\r\nchatd:life\r\n*1\r\n" LIFE
                    "*2\r\n$11\r\nchatd:r:tea\r\n*");
    text_decimal(&t, count);
    text_string(&t, "\r\n");
    for (unsigned i = 0; i < count; i++)
        put_message(&t, i + (node == OURS), len, node);
    assert_false(t.overflow);
    return text_span(&t);
}

static struct span room_with(unsigned count, size_t len)
{
    return room_of(count, len, 9);
}

static void say_all(int fd, struct span bytes)
{
    while (bytes.len) {
        ssize_t sent =
            send(fd, bytes.ptr, bytes.len, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent > 0)
            bytes = bytes_after(bytes, (size_t)sent);
        turn();
    }
    for (unsigned i = 0; i < 10; i++)
        turn();
}

/* Which of the two is W: it says more. */
static unsigned writer_of(const int fds[2])
{
    uint8_t bytes[1024];
    size_t said[2];
    turn();
    for (unsigned i = 0; i < 2; i++) {
        struct pollfd wait = {.fd = fds[i], .events = POLLIN};
        assert_int_equal(poll(&wait, 1, UNIT_PATIENCE), 1);
        ssize_t got = read(fds[i], bytes, sizeof bytes);
        assert_true(got > 0);
        said[i] = (size_t)got;
    }
    return said[0] < said[1];
}

/* Messages that a worker reads, turn by turn, while they come. */
static unsigned hear_all(struct store *worker, uint32_t index)
{
    unsigned heard = 0;
    for (unsigned turns = 0; turns < 200; turns++) {
        struct record r;
        while (store_read(worker, index, &r)) {
            heard += r.kind == RECORD_MESSAGE;
            store_pass(worker, index);
        }
        turn();
    }
    return heard;
}

/* Up to the first reading of a room that the worker has open: W. */
static int greet(int fds[2], uint32_t index)
{
    store_ring_one(&all.workers[0], index, BUS);
    answer(0, fds);
    unsigned w = writer_of(fds);
    say_all(fds[!w], BYTES_LITERAL("$15\r\nid=6 addr=1.1:1\r\n"));
    say_all(fds[w], bytes_of(greeting));
    say_all(fds[w], bytes_of(nothing_there));
    return fds[w];
}

static void
test_what_a_room_cannot_take_waits_until_a_worker_has_read(void **state)
{
    uint32_t index = shared_open(&all.workers[0], "tea");
    int fds[2];
    (void)state;
    say_all(greet(fds, index), room_with(MANY, VALUE));
    assert_true(bus_holds(run.bus, BUS_W));
    assert_true(run.links[BUS_W].in_len > VALUE);
    assert_int_equal(hear_all(&all.workers[0], index), MANY);
    assert_false(run.links[BUS_W].left);
    assert_int_equal(run.tried, 0);
    close(fds[0]);
    close(fds[1]);
}

/* Of a node with longer logs: its record would be longer than one may be here. */
static void test_an_entry_that_is_too_long_for_a_record_is_missing(void **state)
{
    uint32_t index = shared_open(&all.workers[0], "tea");
    int fds[2];
    (void)state;
    say_all(greet(fds, index), room_with(3, plan.bus.entry_max));
    assert_int_equal(hear_all(&all.workers[0], index), 0);
    assert_int_equal(store_end(&store, index).number, 3);
    assert_int_equal(run.tried, 0);
    close(fds[0]);
    close(fds[1]);
}

/* Our first sign of life comes back. */
static const uint8_t beat[] =
    "*1\r\n*2\r\n$10\r\nchatd:bell\r\n*1\r\n*2\r\n$3\r\n1-1\r\n*4\r\n"
    "$1\r\nn\r\n$8\r\n\0\0\0\0\0\0\0\7\r\n$1\r\nb\r\n$1\r\n1\r\n";

static void test_who_stood_still_himself_knows_nothing(void **state)
{
    uint32_t index = shared_open(&all.workers[0], "tea");
    int fds[2];
    (void)state;
    int w = greet(fds, index);
    say_all(w == fds[0] ? fds[1] : fds[0], bytes_span(beat, sizeof beat - 1));
    assert_true(run_is_here(&run));
    poll(NULL, 0, 2);
    turn(); /* not that in which it was connected */
    bus_turn(run.bus, run.now + BUS_DEAF, run.wall);
    assert_int_equal(bus_wish(run.bus), BUS_DROP);
    close(fds[0]);
    close(fds[1]);
}

static const uint8_t rung[] =
    "*1\r\n*2\r\n$10\r\nchatd:bell\r\n*1\r\n*2\r\n$3\r\n1-1\r\n*4\r\n"
    "$1\r\nn\r\n$8\r\n\0\0\0\0\0\0\0\11\r\n$1\r\nr\r\n$3\r\ntea\r\n";

/* One entry of the room, as it stands in a reply. */
static struct span one_entry(const char *before, unsigned number)
{
    static uint8_t bytes[4 * VALUE];
    struct text t = text_over(bytes, sizeof bytes);
    text_string(&t, before);
    put_message(&t, number, VALUE, 9);
    return text_span(&t);
}

/* Somebody has deleted what stood between: with our last entry still there it is
   a gap, and no reason to connect for ever. */
static void test_a_hole_in_a_stream_is_a_gap(void **state)
{
    static const char read[] = "*2\r\n*2\r\n$10\r\nchatd:life\r\n*1\r\n" LIFE
                               "*2\r\n$11\r\nchatd:r:tea\r\n*1\r\n";
    uint32_t index = shared_open(&all.workers[0], "tea");
    int fds[2], others[2];
    (void)state;
    int w = greet(fds, index);
    say_all(w, room_with(1, VALUE));
    say_all(w == fds[0] ? fds[1] : fds[0], bytes_span(rung, sizeof rung - 1));
    say_all(w, one_entry(read, 5));
    assert_int_equal(run.tried, 1);
    answer(1, others);
    unsigned second = writer_of(others);
    say_all(others[!second], BYTES_LITERAL("$15\r\nid=8 addr=1.1:1\r\n"));
    say_all(others[second], bytes_of(greeting_again));
    say_all(others[second], one_entry("*1\r\n", 0));
    say_all(others[second], BYTES_LITERAL("$3\r\n1-1\r\n"));
    say_all(others[second], one_entry(read, 5));
    assert_int_equal(run.tried, 1);
    assert_int_equal(store_end(&store, index).number, 6);
    assert_int_equal(atom_get(&store.board.bus->gaps), 1);
    for (unsigned i = 0; i < 2; i++) {
        close(fds[i]);
        close(others[i]);
    }
}

/* Of writing alone it takes nothing: that ends no connection. */
static void test_when_a_room_cannot_be_renewed_it_is_away(void **state)
{
    uint32_t index = shared_open(&all.workers[0], "tea");
    int fds[2];
    (void)state;
    plan.bus.keep = 8;
    int w = greet(fds, index);
    say_all(w == fds[0] ? fds[1] : fds[0], bytes_span(beat, sizeof beat - 1));
    assert_true(run_is_here(&run));
    say_all(w, room_with(1, VALUE));
    say_all(w, BYTES_LITERAL("-NOREPLICAS Not enough good replicas\r\n"));
    assert_int_equal(run.tried, 0);
    assert_false(run_is_here(&run));
    close(fds[0]);
    close(fds[1]);
}

/* ---- What cannot be ------------------------------------------------------- */

static const char nothing_new[] =
    "*1\r\n*2\r\n$10\r\nchatd:life\r\n*1\r\n" LIFE;

/* Its first proposal. */
static void propose(uint32_t index, uint32_t generation)
{
    struct record r = {.opcode = 2, .payload = BYTES_LITERAL("hi")};
    propose_write(store.proposals, index, generation, &r);
    store_ring_one(&all.workers[0], index, BUS);
    for (unsigned i = 0; i < 3; i++)
        turn();
}

/* Somebody has copied it, perhaps. */
static void test_what_is_said_before_it_was_taken_is_not_believed(void **state)
{
    uint32_t index = shared_open(&all.workers[0], "tea");
    int fds[2];
    (void)state;
    int w = greet(fds, index);
    say_all(w, bytes_of(nothing_new));
    say_all(w == fds[0] ? fds[1] : fds[0], bytes_span(rung, sizeof rung - 1));
    propose(index, store_generation(&store, index));
    assert_int_equal(atom_get(&store.board.bus->proposed), 1);
    say_all(w, room_of(1, VALUE, OURS));
    say_all(w, BYTES_LITERAL("$3\r\n1-1\r\n"));
    assert_int_equal(run.tried, 1);
    assert_int_equal(hear_all(&all.workers[0], index), 0);
    close(fds[0]);
    close(fds[1]);
}

static void test_who_waits_for_space_is_rung_when_one_is_dropped(void **state)
{
    uint32_t index = shared_open(&all.workers[0], "tea");
    (void)state;
    store_ring_one(&all.workers[0], index, BUS);
    turn();
    atom_put(&store.proposals->wanted, 1);
    shared_rung(&all.workers[0]);
    propose(index, store_generation(&store, index) + 1);
    assert_true(bus_is_idle(run.bus));
    assert_int_equal(shared_rung(&all.workers[0]) & 1u << index, 1u << index);
}

/* ---- Sleep, and the end -------------------------------------------------- */

static void test_it_sleeps_until_its_bell_is_rung(void **state)
{
    (void)state;
    hang_up(&listeners[0]);
    hang_up(&listeners[1]);
    settle();
    pid_t child = fork();
    if (child == 0) {
        poll(NULL, 0, 5);
        bell_ring(bells[BUS]);
        _exit(0);
    }
    assert_true(run_turn(&run));
    assert_int_equal(atom_get(&store.board.workers[BUS].asleep), 0);
}

static void test_it_ends_when_it_is_to_and_nothing_is_under_way(void **state)
{
    (void)state;
    turn();
    atom_put(&ends, 1);
    bell_ring(bells[BUS]);
    uint64_t before = run.now;
    unsigned turns = 0;
    while (run_turn(&run))
        assert_true(++turns < 5000);
    assert_int_equal(run.status, 0);
    assert_true(run.now - before <= RUN_REST + UNIT_PATIENCE);
}

#define RUN_TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        RUN_TEST(test_two_links_to_the_first_address),
        RUN_TEST(
            test_when_one_link_breaks_both_are_closed_and_the_next_is_called),
        RUN_TEST(test_nobody_at_an_address_is_passed_over),
        RUN_TEST(test_what_is_no_redis_ends_the_start_with_a_sentence),
        RUN_TEST(test_later_it_is_one_more_that_is_lost),
        RUN_TEST(test_away_is_known_when_each_address_was_tried),
        RUN_TEST(test_away_is_known_in_time_where_nobody_answers),
        RUN_TEST(test_a_call_that_is_not_answered_ends_in_time),
        RUN_TEST(test_turns_are_counted),
        RUN_TEST(test_what_a_room_cannot_take_waits_until_a_worker_has_read),
        RUN_TEST(test_an_entry_that_is_too_long_for_a_record_is_missing),
        RUN_TEST(test_who_stood_still_himself_knows_nothing),
        RUN_TEST(test_what_is_said_before_it_was_taken_is_not_believed),
        RUN_TEST(test_who_waits_for_space_is_rung_when_one_is_dropped),
        RUN_TEST(test_when_a_room_cannot_be_renewed_it_is_away),
        RUN_TEST(test_a_hole_in_a_stream_is_a_gap),
        RUN_TEST(test_it_sleeps_until_its_bell_is_rung),
        RUN_TEST(test_it_ends_when_it_is_to_and_nothing_is_under_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
