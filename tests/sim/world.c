/* SPDX-License-Identifier: MIT */
#include "sim/world.h"
#include "keeper/keeper.h"
#include "server/loop.h"
#include "server/start.h"
#include "sim/peer.h"
#include "service/site.h"

#include <stdio.h>
#include <stdlib.h>

#define STREAM_MAX (128 * 1024)
#define TURNS_MAX  100000 /* without time passing: the server spins */

struct world world;

static void set_config(struct config *config)
{
    *config = (struct config){
        .addrs = {{.family = SOCKET_ANY, .port = 6868}},
        .addr_count = 1,
        .clients = 8,
        .rooms = 3,
        .room_log = 4096,
        .history = 10,
        .max_message = 1024,
        .buffers = 8,
        .ping = WORLD_PING,
        .pong_timeout = WORLD_PONG_TIMEOUT,
        .handshake_timeout = WORLD_HANDSHAKE_TIMEOUT,
        .keep_alive = 6000,
        .write_timeout = WORLD_WRITE_TIMEOUT,
        .close_timeout = WORLD_CLOSE_TIMEOUT,
        .message_timeout = WORLD_MESSAGE_TIMEOUT,
        .drain = WORLD_DRAIN,
        .compression = true,
        .level = LEVEL_INFO,
    };
}

int world_try(struct text *why)
{
    int result = start_server(&world.server, &world.config, &site_chatd, why);
    world.running = result == 0;
    if (world.running && world.stream_size)
        world_store(&world.server.rooms.store);
    return result;
}

void world_store(struct store *s)
{
    static uint8_t whole[STREAM_MAX / 4];
    static struct crc32c crc;
    uint32_t rooms = world.config.rooms;
    bool fresh = !world.store;
    assert_in_range(world.stream_size, 1, STREAM_MAX);
    if (fresh)
        world.store = calloc(1, map_size(rooms, world.stream_size));
    assert_non_null(world.store);
    s->whole = whole;
    map_over(&s->map, world.store, rooms, world.stream_size);
    if (fresh)
        map_begin(&s->map, rooms);
    if (world.checked) {
        crc32c_init(&crc);
        s->crc = &crc;
    }
    store_table_remake(s);
}

void world_start(void)
{
    uint8_t bytes[256] = "";
    struct text why = text_over(bytes, sizeof bytes - 1);
    int result = world_try(&why);
    if (result != 0)
        fail_msg("start_server: %d %s", result, (const char *)bytes);
}

static int never_asked(const struct text *why, int status)
{
    fail_msg("a worker's start: %d %.*s", status, (int)why->len,
             (const char *)text_span(why).ptr);
    return status;
}

void world_start_in_crew(uint32_t workers)
{
    static struct keeper keeper;
    uint8_t bytes[256] = "";
    struct text why = text_over(bytes, sizeof bytes - 1);
    world.config.workers = workers;
    keeper.complain = never_asked;
    int result =
        keeper_start(&keeper, &world.server, &world.config, &site_chatd, &why);
    if (result == 0)
        result = start_worker(&world.server, 0, keeper.workers[0].fds, &why);
    if (result != 0)
        fail_msg("the start: %d %s", result, (const char *)bytes);
    world.running = true;
    world.files = sim_files_open();
}

struct store *world_other(const char *room)
{
    static struct store_reader readers[8];
    static struct store other;
    const struct crew *c = &world.server.crew;
    uint32_t index;
    bool anew;
    assert_true(world.config.rooms <= UNIT_COUNT(readers));
    memset(readers, 0, sizeof readers);
    other = (struct store){
        .map = c->map, .board = c->board, .worker = 1, .readers = readers};
    assert_int_equal(
        store_open(&other, bytes_of(room), SIM_WALL, 0, &index, &anew),
        STORE_DONE);
    return &other;
}

void world_fail(int status, const char *sentence)
{
    uint8_t bytes[256] = "";
    struct text why = text_over(bytes, sizeof bytes - 1);
    assert_int_equal(world_try(&why), status);
    assert_string_equal(bytes, sentence);
}

int world_run(void)
{
    int status = loop_run(&world.server);
    world.running = false;
    return status;
}

/* ---- Turning ------------------------------------------------------------- */

void world_turn(void)
{
    uint64_t before = sim_count(SIM_ANY);
    assert_true(world.running);
    world.running = loop_turn(&world.server);
    uint64_t calls = sim_count(SIM_ANY) - before;
    if (world.most_calls < calls)
        world.most_calls = calls;
    world.turns++;
}

void world_settle(void)
{
    for (unsigned turns = 0; world.running; turns++) {
        /* Who has just been registered may be ready already. */
        uint64_t added = sim_count(SIM_REACTOR_ADD);
        world_turn();
        if (sim_events() == 0 && world.server.patience > 0 &&
            sim_count(SIM_REACTOR_ADD) == added)
            return;
        assert_true(turns < TURNS_MAX);
    }
}

void world_pass(uint64_t milliseconds)
{
    world_settle();
    while (milliseconds > 0 && world.running) {
        uint64_t step = bytes_min64(milliseconds, world.server.patience);
        sim_pass(step);
        milliseconds -= step;
        world_settle();
    }
}

void world_freeze(uint64_t milliseconds)
{
    sim_pass(milliseconds);
    world_settle();
}

/* ---- Looking ------------------------------------------------------------- */

static bool log_has(const char *words)
{
    struct span log = sim_log(), w = bytes_of(words);
    for (size_t i = 0; i + w.len <= log.len; i++)
        if (memcmp(log.ptr + i, w.ptr, w.len) == 0)
            return true;
    return false;
}

static void print_log(void)
{
    struct span log = sim_log();
    print_error("the log:\n%.*s", (int)log.len, (const char *)log.ptr);
}

void world_logged(const char *words)
{
    if (!log_has(words)) {
        print_log();
        fail_msg("not logged: %s", words);
    }
    sim_forget_log();
}

void world_not_logged(const char *words)
{
    if (log_has(words)) {
        print_log();
        fail_msg("logged: %s", words);
    }
    sim_forget_log();
}

struct server *world_server(int connection)
{
    int process = sim_process(connection);
    return &world.servers[process > 0 ? process - 1 : 0];
}

struct client *world_client(int connection)
{
    int fd = sim_descriptor(connection);
    assert_true(fd >= 0);
    for (uint32_t i = 0; i < world.server.clients.slots.fresh; i++) {
        struct client *c = client_at(&world.server.clients, i);
        if (c->state != CLIENT_GONE && c->fd == fd)
            return c;
    }
    fail_msg("connection %d is no client", connection);
    return NULL;
}

/* ---- The beginning and the end ------------------------------------------- */

/* reactor, signals, spare, listeners, folder */
static unsigned files_of_its_own(const struct server *s)
{
    unsigned count = 2;
    if (world.files)
        return world.files;
    if (s->spare >= 0)
        count++;
    if (s->folder >= 0)
        count++;
    if (s->supervisor >= 0)
        count++;
    if (s->file)
        count++;
    for (size_t i = 0; i < s->listener_count; i++)
        if (s->listeners[i].fd >= 0)
            count++;
    return count;
}

static void assert_all_free(const struct server *s)
{
    for (size_t state = 0; state < CLIENT_STATES; state++)
        if (state != CLIENT_GONE)
            assert_int_equal(s->clients.in_state[state], 0);
    assert_int_equal(s->clients.slots.count, 0);
    assert_int_equal(s->clients.regular + s->clients.scraping.count, 0);
    assert_int_equal(s->leases.slots.count, 0);
    assert_int_equal(s->inflating.slots.count, 0);
    assert_int_equal(s->leases.kept + s->inflating.kept, 0);
    assert_int_equal(s->deflating.slots.count, 0);
    assert_int_equal(s->scrapes.slots.count, 0);
    assert_int_equal(s->addresses.slots.count, 0);
    assert_int_equal(s->rooms.in_use, 0);
    assert_int_equal(store_used(&s->rooms.store),
                     s->rooms.store.board.table->empty.count);
    for (uint32_t i = 0; i < store_used(&s->rooms.store); i++) {
        const struct room *room = room_at(&s->rooms, i);
        assert_int_equal(room->members + room->behind[0] + room->v1_members, 0);
        for (size_t log = 0; log < ROOM_LOGS; log++)
            assert_int_equal(room->log_members[log], 0);
    }
    assert_int_equal(s->ready.count + s->dirty.count, 0);
    assert_true(wheel_wait(&s->wheel, s->now) == WHEEL_IDLE);
    assert_int_equal(sim_files_open(), files_of_its_own(s));
}

static void nothing_fails(void)
{
    for (enum sim_call call = 0; call <= SIM_ANY; call++)
        sim_fail(call, 0, 0, 0);
}

static void send_everybody_away(void)
{
    nothing_fails();
    for (int i = 0; i < sim_connections(); i++)
        sim_close(i);
    world_pass(LIMITS_REST);
    if (world.running)
        assert_all_free(&world.server);
}

int world_setup(void **state)
{
    (void)state;
    memset(&world, 0, sizeof world);
    set_config(&world.config);
    sim_begin();
    return 0;
}

int world_teardown(void **state)
{
    (void)state;
    if (world.running)
        send_everybody_away();
    peer_end_all();
    sim_end();
    free(world.store);
    world.store = NULL;
    return 0;
}

void world_restart(void)
{
    nothing_fails();
    sim_process_ends(0);
    world_start();
}

void world_again(void)
{
    struct config config = world.config;
    world_teardown(NULL);
    world_setup(NULL);
    world.config = config;
    world_start();
}
