/* SPDX-License-Identifier: MIT */
#include "explore/actors.h"
#include "wire/frame.h"

/* Near the end of all positions, and across the end of the ring. */
#define FIRST_POSITION (UINT32_MAX - 95)

/* Most messages that who joins wants; as the scene has it. */
static uint64_t history;

/* ---- Messages ------------------------------------------------------------ */

/* The tag says who says it and which of his it is; all else follows from that,
   so that a record of two halves is found. */
static struct record message_of(uint64_t tag)
{
    struct record r = {
        .opcode = FRAME_TEXT, .tag = tag, .time = bytes_mix(tag)};
    memset(r.uid, (int)tag, sizeof r.uid);
    return r;
}

static bool is_whole(const struct record *r)
{
    struct record right = message_of(r->tag);
    return r->time == right.time &&
           memcmp(r->uid, right.uid, sizeof r->uid) == 0 &&
           r->worker == r->tag / 100 - 1;
}

static uint64_t tag_of(uint32_t worker, uint32_t message)
{
    return 100 * (worker + 1) + message;
}

/* Nobody was told another message by this number, or this one by another. */
static bool is_in_order(uint64_t number, uint64_t tag)
{
    for (uint64_t i = 0; i < MACHINE_ORDER; i++)
        if (world.order[i] == tag && i != number - world.first)
            return false;
    uint64_t *place = &world.order[number - world.first];
    if (*place == 0)
        *place = tag;
    return *place == tag;
}

/* ---- Reading ------------------------------------------------------------- */

static void hear(struct machine_actor *a, const struct record *r)
{
    EXPLORE_HOLDS(is_whole(r), "a record is read whole");
    EXPLORE_HOLDS(a->heard == 0 || r->number == a->heard + 1,
                  "numbers have no hole");
    if (r->number < world.first || r->number >= world.first + MACHINE_ORDER) {
        explore_broken("a number is one of those that were given");
        return;
    }
    EXPLORE_HOLDS(is_in_order(r->number, r->tag), "all read the same order");
    a->heard = r->number;
}

/* The tag of the next message, or 0. */
static uint64_t read_one(uint32_t actor)
{
    struct machine_actor *a = &world.actors[actor];
    struct record r;
    explore_passes(actor, 2);
    if (!store_read(&a->store, 0, &r))
        return 0;
    uint64_t tag = r.tag;
    hear(a, &r);
    explore_passes(actor, 1000 + tag);
    store_pass(&a->store, 0);
    return tag;
}

static void read_all(uint32_t actor)
{
    while (read_one(actor))
        ;
    EXPLORE_HOLDS(world.actors[actor].store.damaged == 0,
                  "what is read makes sense");
}

/* ---- Saying -------------------------------------------------------------- */

static void append(uint32_t actor)
{
    struct machine_actor *a = &world.actors[actor];
    uint64_t tag = tag_of(actor, ++a->said);
    struct record r = message_of(tag);
    a->to_say--;
    explore_passes(actor, 3);
    EXPLORE_HOLDS(world.room.head.value == a->reader.pos,
                  "one's own message is the next");
    store_number(&a->store, 0, &r);
    store_append(&a->store, 0, &r);
    explore_passes(actor, 4);
    store_read_own(&a->store, 0, &r);
    hear(a, &r);
    explore_passes(actor, 1000 + tag);
    store_pass(&a->store, 0);
}

/* FAULT_LATE: what was not said before. */
static void wait_late(struct machine_actor *a, enum store_outcome outcome)
{
    struct board_room *b = &world.board_room;
    if (explore_fault() != FAULT_LATE)
        return;
    if (outcome == STORE_BUSY)
        atom_set_bits(&b->want_lock, store_bit(&a->store));
    if (outcome == STORE_FULL)
        for (uint32_t w = 0; w < MACHINE_WORKERS; w++)
            atom_set_bits(&world.places[w].wanted, store_bit(&a->store));
}

static void say_all(uint32_t actor)
{
    struct machine_actor *a = &world.actors[actor];
    a->saying = a->to_say && !a->held;
    while (a->to_say && !a->held) {
        explore_passes(actor, 5);
        enum store_outcome outcome = store_seize(&a->store, 0, RECORD_HEAD);
        a->held = outcome == STORE_BUSY || outcome == STORE_FULL;
        wait_late(a, outcome);
        if (outcome == STORE_DONE)
            append(actor);
        if (outcome == STORE_BEHIND)
            read_all(actor);
        if (outcome == STORE_FULL && explore_fault() == FAULT_SELF)
            store_ring_one(&a->store, 0, actor);
    }
    a->saying = false;
}

/* ---- Coming and going ---------------------------------------------------- */

static void try_later(void)
{
    ATOM_STOP(.kind = ATOM_WAIT, .value = 1);
}

static void join(uint32_t actor)
{
    struct machine_actor *a = &world.actors[actor];
    struct span name = BYTES_LITERAL("tea");
    uint32_t room;
    bool anew;
    explore_passes(actor, 6);
    if (store_open(&a->store, name, 1, history, &room, &anew) == STORE_BUSY)
        return;
    a->joins = false;
    a->heard = store_last(&a->store, 0).number;
    a->listens = true;
    EXPLORE_HOLDS(anew, "a newcomer begins anew");
}

static void leave(uint32_t actor)
{
    struct machine_actor *a = &world.actors[actor];
    explore_passes(actor, 8);
    a->leaves = store_close(&a->store, 0) == STORE_BUSY;
    a->listens = a->leaves;
}

/* ---- The turns of a loop ------------------------------------------------- */

static void wake_others(uint32_t actor)
{
    struct machine_actor *a = &world.actors[actor];
    explore_passes(actor, 9);
    uint32_t wake = store_wake(&a->store);
    for (uint32_t w = 0; wake >> w; w++) {
        if (~wake >> w & 1)
            continue;
        if (explore_fault() == FAULT_AWAKE)
            atom_swap(&world.workers[w].asleep, 0);
        ATOM_STOP(.kind = ATOM_WAKE, .value = w, .at = &world.workers[w]);
    }
}

static void stay_asleep(uint32_t actor)
{
    explore_passes(actor, 12);
    ATOM_STOP(.kind = ATOM_WAIT);
    store_wakes(&world.actors[actor].store);
}

static void run_worker(uint32_t actor)
{
    struct machine_actor *a = &world.actors[actor];
    if (world.workers[actor].asleep.value)
        stay_asleep(actor);
    for (;;) {
        explore_passes(actor, 1);
        while (store_rung(&a->store) != STORE_NONE) {
            a->held = false;
            explore_passes(actor, 10);
        }
        if (a->joins)
            join(actor);
        if (a->listens && a->leaves)
            leave(actor);
        if (a->listens) {
            read_all(actor);
            say_all(actor);
        }
        wake_others(actor);
        explore_passes(actor, 11);
        if (store_sleep(&a->store))
            stay_asleep(actor);
    }
}

/* FAULT_PUBLISH: half an append is taken for a whole one. */
static void publish_half(uint32_t worker)
{
    struct map_room *room = &world.room;
    const struct map_end *end = &room->ends[map_end(room) == &room->ends[0]];
    if (explore_fault() == FAULT_PUBLISH &&
        world.board_room.lock.value == worker + 1 &&
        end->pos - room->head.value == RECORD_HEAD)
        room->head.value = end->pos;
}

static void bury(uint32_t worker)
{
    struct machine_actor *k = &world.actors[MACHINE_KEEPER];
    publish_half(worker);
    explore_passes(MACHINE_KEEPER, 100 + worker);
    uint32_t lock = world.board_room.lock.value;
    while (store_bury(&k->store, worker) == STORE_BUSY) {
        explore_passes(MACHINE_KEEPER, 200 + worker);
        try_later();
        explore_passes(MACHINE_KEEPER, 100 + worker);
    }
    if (explore_fault() == FAULT_KEPT && lock == worker + 1)
        world.board_room.lock.value = lock;
    world.actors[worker].buried = true;
    if (explore_fault() == FAULT_UNRUNG)
        k->store.to_wake = 0;
    wake_others(MACHINE_KEEPER);
}

static void run_keeper(void)
{
    for (;;) {
        explore_passes(MACHINE_KEEPER, 1);
        ATOM_STOP(.kind = ATOM_WAIT);
        for (uint32_t w = 0; w < MACHINE_WORKERS; w++)
            if (!world.actors[w].lives && !world.actors[w].buried)
                bury(w);
    }
}

void actors_run(uint32_t actor)
{
    if (actor == MACHINE_KEEPER)
        run_keeper();
    run_worker(actor);
}

/* ---- The beginning ------------------------------------------------------- */

static void make_memory(uint32_t workers)
{
    memset(&world, 0, sizeof world);
    struct store *s = &world.actors[MACHINE_KEEPER].store;
    s->map = (struct map){.header = &world.header,
                          .rooms = &world.room,
                          .streams = world.stream,
                          .stream_size = MACHINE_STREAM};
    s->board = (struct board){.table = &world.table,
                              .buckets = &world.bucket,
                              .rooms = &world.board_room,
                              .places = world.places,
                              .workers = world.workers,
                              .rung = world.rung,
                              .room_count = 1,
                              .worker_count = workers};
    s->worker = BOARD_KEEPER;
    list_init(&world.table.empty);
    map_begin(&s->map, 1);
    world.actors[MACHINE_KEEPER].lives = true;
    for (uint32_t w = workers; w < MACHINE_WORKERS; w++)
        world.actors[w].buried = true; /* it never was */
}

static void make_worker(const struct actors_scene *scene, uint32_t w)
{
    struct machine_actor *a = &world.actors[w];
    const struct actors_worker *is = &scene->worker[w];
    a->store = world.actors[MACHINE_KEEPER].store;
    a->store.worker = w;
    history = scene->history;
    a->store.readers = &a->reader;
    a->store.whole = world.whole[w];
    a->lives = true;
    a->to_say = is->says;
    a->mortal = !is->immortal;
    a->joins = is->joins;
    a->leaves = is->leaves;
    if (!a->joins)
        join(w);
    world.workers[w].asleep.value =
        !a->to_say && !a->joins && !a->leaves && !is->behind;
}

/* The room is as if much had been said in it before. */
static void move_on(void)
{
    struct map_room *room = &world.room;
    room->head.value = room->oldest.value = FIRST_POSITION;
    room->ends[0].pos = FIRST_POSITION;
    room->ends[0].number = 40;
    world.first = 41;
    for (uint32_t w = 0; w < MACHINE_WORKERS; w++) {
        struct store_reader *reader = &world.actors[w].reader;
        reader->pos = reader->seen = world.places[w].cursor.value =
            FIRST_POSITION;
        reader->last.number = 40;
        world.actors[w].heard = world.actors[w].joins ? 0 : 40;
    }
}

/* Said by nobody of them: by who was worker 3 before. */
static void say_before(const struct actors_scene *scene)
{
    struct machine_actor before = world.actors[0];
    for (uint32_t i = 1; i <= scene->before; i++) {
        struct record r = message_of(tag_of(MACHINE_WORKERS, i));
        before.store.worker = MACHINE_WORKERS;
        before.store.readers = &before.reader;
        world.board_room.open.value |= UINT32_C(1) << MACHINE_WORKERS;
        before.reader.pos = world.room.head.value;
        CHECK(store_seize(&before.store, 0, RECORD_HEAD) == STORE_DONE);
        store_number(&before.store, 0, &r);
        store_append(&before.store, 0, &r);
    }
    world.board_room.open.value &= ~(UINT32_C(1) << MACHINE_WORKERS);
    memset(world.rung, 0, sizeof world.rung);
    for (uint32_t w = 0; w < scene->workers; w++)
        while (!world.actors[w].joins &&
               world.actors[w].heard + scene->worker[w].behind <
                   40 + scene->before)
            CHECK(read_one(w));
    for (uint32_t w = 0; w < scene->workers; w++)
        if (scene->worker[w].behind)
            store_ring_one(&world.actors[MACHINE_KEEPER].store, 0, w);
    world.actors[MACHINE_KEEPER].store.to_wake = 0;
}

void actors_begin(const struct actors_scene *scene)
{
    make_memory(scene->workers);
    world.deaths = scene->deaths;
    for (uint32_t w = 0; w < scene->workers; w++)
        make_worker(scene, w);
    move_on();
    say_before(scene);
}

/* ---- What must hold ------------------------------------------------------ */

/* Has everybody read what these bytes are about to be written over? */
static bool is_read_by_all(const struct atom_step *step)
{
    uint32_t head = world.room.head.value;
    uint32_t offset = (uint32_t)((const uint8_t *)step->at - world.stream);
    uint32_t end =
        head + (uint32_t)step->len + ((offset - head) & (MACHINE_STREAM - 1));
    for (uint32_t w = 0; w < MACHINE_WORKERS; w++)
        if (world.actors[w].lives && world.board_room.open.value >> w & 1 &&
            end - world.actors[w].reader.pos > MACHINE_STREAM)
            return false;
    return true;
}

void actors_watch(uint32_t actor, const struct atom_step *step)
{
    bool puts = step->kind == ATOM_PUT || step->kind == ATOM_RELEASE;
    bool moves = puts && (step->at == &world.room.head ||
                          step->at == &world.room.oldest);
    if (moves || step->kind == ATOM_COPY)
        EXPLORE_HOLDS(machine_has(actor, &world.board_room.lock, actor + 1),
                      "who writes has the lock");
    if (step->kind == ATOM_COPY)
        EXPLORE_HOLDS(is_read_by_all(step),
                      "nothing that is unread is overwritten");
}

void actors_die(uint32_t worker)
{
    world.actors[worker] = (struct machine_actor){.lives = false};
    world.deaths--;
}

void actors_end(void)
{
    uint64_t last = map_end(&world.room)->number;
    for (uint32_t w = 0; w < MACHINE_WORKERS; w++) {
        const struct machine_actor *a = &world.actors[w];
        bool listens = world.board_room.open.value >> w & 1;
        if (!a->lives)
            continue;
        EXPLORE_HOLDS(a->to_say == 0, "who has something to say says it");
        EXPLORE_HOLDS(!a->joins, "who wants to come in comes in");
        EXPLORE_HOLDS(!listens || a->heard == last,
                      "nobody sleeps over a message");
        EXPLORE_HOLDS(listens != a->leaves || !listens, "who leaves has left");
    }
    EXPLORE_HOLDS(world.board_room.lock.value == 0, "no lock is left");
    for (uint64_t n = world.first; n <= last; n++)
        EXPLORE_HOLDS(world.order[n - world.first] ||
                          world.board_room.open.value == 0,
                      "what was said was read");
}
