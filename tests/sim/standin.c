/* SPDX-License-Identifier: MIT */
#include "sim/standin.h"
#include "sim/peer.h"

#define EPOCH  UINT64_C(0xABCD)
#define NOBODY UINT16_MAX /* who is of another node */

struct standin standin;

void standin_start(void)
{
    static struct store_reader readers[8];
    static uint8_t whole[8192];
    struct crew *crew = &world.server.crew;
    assert_true(world.config.rooms <= UNIT_COUNT(readers));
    world.config.redis = "127.0.0.1:6379";
    world.config.redis_prefix = "chatd";
    world.config.redis_queue = STANDIN_RING;
    world_start_in_crew(2);
    memset(readers, 0, sizeof readers);
    standin = (struct standin){0};
    standin.store = (struct store){
        .map = crew->map,
        .board = crew->board,
        .worker = crew->board.worker_count - 1,
        .readers = readers,
        .whole = whole,
        .proposals = world.server.rooms.store.proposals,
    };
    standin_set_here(true);
}

void standin_set_here(bool is_here)
{
    atom_release(&standin.store.board.bus->state,
                 is_here ? BOARD_BUS_HERE : BOARD_BUS_AWAY);
    store_ring_one(&standin.store, 0, 0);
}

/* ---- What it does -------------------------------------------------------- */

static void read_room(uint32_t room)
{
    if (standin.is_shut || !store_is_wanted(&standin.store, room))
        return;
    assert_int_equal(store_adopt(&standin.store, room), STORE_DONE);
    store_set_ready(&standin.store, room);
}

void standin_read(const char *room)
{
    uint32_t place;
    bool anew;
    assert_int_equal(
        store_open(&standin.store, bytes_of(room), SIM_WALL, 0, &place, &anew),
        STORE_DONE);
    store_set_ready(&standin.store, place);
}

static void put(uint32_t room, struct record *r)
{
    assert_int_equal(store_put(&standin.store, room, r), STORE_DONE);
}

static void number(uint32_t room, struct record *r)
{
    struct store_id end = store_end(&standin.store, room);
    r->epoch = EPOCH;
    r->number = end.epoch == EPOCH ? end.number + 1 : 1;
}

/* It leaves the ring and the list. */
static void land(size_t flight)
{
    struct standin_flight *f = &standin.flights[flight];
    if (propose_done(&standin.store.proposals[0], f->proposal))
        store_ring_one(&standin.store, 0, 0);
    memmove(f, f + 1, (--standin.count - flight) * sizeof *f);
}

static void take_proposals(void)
{
    struct standin_flight f;
    while ((f.proposal = propose_next(&standin.store.proposals[0],
                                      &standin.pos[0], &f.record))) {
        assert_true(standin.count < UNIT_COUNT(standin.flights));
        standin.flights[standin.count++] = f;
    }
}

/* False: its stream is full, of what is to be read first. */
static bool publish(size_t flight)
{
    struct standin_flight *f = &standin.flights[flight];
    number(f->proposal->room, &f->record);
    if (store_put(&standin.store, f->proposal->room, &f->record) != STORE_DONE)
        return false;
    land(flight);
    return true;
}

static bool work(void)
{
    bool did = false;
    for (uint32_t room; (room = store_rung(&standin.store)) != STORE_NONE;) {
        did = true;
        read_room(room);
    }
    take_proposals();
    while (!standin.holds && standin.count && publish(0))
        did = true;
    return did;
}

void standin_run(void)
{
    do
        world_settle();
    while (world.running && work());
}

void standin_put(size_t flight)
{
    assert_true(flight < standin.count);
    assert_true(publish(flight));
}

void standin_say(size_t flight)
{
    standin_put(flight);
    standin_run();
}

void standin_lose(size_t flight)
{
    struct standin_flight *f = &standin.flights[flight];
    uint32_t room = f->proposal->room;
    struct store_id end = store_end(&standin.store, room);
    struct record r = {.kind = RECORD_LOST,
                       .worker = f->record.worker,
                       .tag = f->record.tag,
                       .epoch = end.epoch,
                       .number = end.number};
    memcpy(r.uid, f->record.uid, sizeof r.uid);
    put(room, &r);
    land(flight);
    standin_run();
}

/* The place of a room that a worker has open. */
static uint32_t place_of(const char *room)
{
    for (uint32_t i = 0; i < store_used(&standin.store); i++)
        if (bytes_equal(store_name(&standin.store, i), bytes_of(room)))
            return i;
    fail_msg("no room %s", room);
    return 0;
}

void standin_hear(const char *room, const char *text)
{
    struct record r = {
        .worker = NOBODY, .opcode = 1, .payload = bytes_of(text)};
    number(place_of(room), &r);
    put(place_of(room), &r);
}

void standin_gap(const char *room, uint64_t missing)
{
    struct record r = {.worker = NOBODY, .kind = RECORD_GAP};
    number(place_of(room), &r);
    r.number += missing - 1;
    put(place_of(room), &r);
}

/* All go; it lets every room go, or the world would not be as it was. */
int standin_teardown(void **state)
{
    standin.holds = standin.is_shut = false;
    for (int i = 0; world.running && i < sim_connections(); i++)
        sim_close(i);
    if (world.running) {
        standin_run();
        world_pass(LIMITS_REST);
        standin_run();
        for (uint32_t i = 0; i < store_used(&standin.store); i++)
            (void)store_abandon(&standin.store, i);
    }
    return world_teardown(state);
}
