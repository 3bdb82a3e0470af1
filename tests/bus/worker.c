/* SPDX-License-Identifier: MIT */
/* Of nodes.h: a worker. All that is in a message follows from its number, so that
   it is known when it is heard. */
#include "bus/nodes.h"

#include <stdio.h>
#include <stdlib.h>

#define MARK      "a message of the simulation: "
#define MARK_LEN  (sizeof MARK - 1)
#define MOST      2000 /* bytes of a record */
#define DIGITS    12   /* of a number: UTF-8, too */
#define LEAST     (MARK_LEN + DIGITS)
#define TIME_BASE UINT64_C(1700000000000)

static void fault(const struct worker *w, const char *what)
{
    if (!w->node->world->fault)
        w->node->world->fault = what;
}

/* ---- Messages ------------------------------------------------------------ */

struct message {
    uint8_t bytes[4096]; /* sub, name, payload */
    struct record r;
};

/* That of this number, in a store where a record has at most `most` bytes. */
static void compose(struct message *m, uint64_t number, size_t most)
{
    struct random of = random_of(number * 77);
    size_t left = most - RECORD_HEAD - LEAST;
    size_t sub = (size_t)random_below(&of, 8),
           name = (size_t)random_below(&of, 8);
    size_t rest = (size_t)random_below(&of, 1 + (left - 16) / 2);
    if (random_below(&of, 20) == 0)
        rest = left - sub - name; /* as long as can be */
    for (size_t i = 0; i < sub + name + LEAST + rest; i++)
        m->bytes[i] = (uint8_t)('a' + random_below(&of, 26));
    memcpy(m->bytes + sub + name, MARK, MARK_LEN);
    for (unsigned i = 0; i < DIGITS; i++)
        m->bytes[sub + name + MARK_LEN + i] =
            (uint8_t)('0' + (number >> (4 * i) & 15));
    m->r = (struct record){
        .time = TIME_BASE + number,
        .opcode = (uint8_t)(1 + random_below(&of, 2)),
        .sub = bytes_span(m->bytes, sub),
        .name = bytes_span(m->bytes + sub, name),
        .payload = bytes_span(m->bytes + sub + name, LEAST + rest),
    };
    random_fill(&of, m->r.uid, sizeof m->r.uid);
}

uint64_t node_message_in(struct span value)
{
    uint64_t number = 0;
    size_t at = 0;
    while (at + LEAST <= value.len &&
           memcmp(value.ptr + at, MARK, MARK_LEN) != 0)
        at++;
    if (at + LEAST > value.len)
        return UINT64_MAX;
    for (unsigned i = 0; i < DIGITS; i++)
        number |= (uint64_t)(value.ptr[at + MARK_LEN + i] - '0') << (4 * i);
    return number;
}

static bool is_as_it_was_said(const struct record *a, const struct record *b)
{
    return a->time == b->time && a->opcode == b->opcode &&
           memcmp(a->uid, b->uid, sizeof a->uid) == 0 &&
           bytes_equal(a->sub, b->sub) && bytes_equal(a->name, b->name) &&
           bytes_equal(a->payload, b->payload);
}

static size_t record_most(const struct store *s)
{
    return bytes_min(bytes_min(store_record_max(s), MOST),
                     s->proposals[0].size / 4 - sizeof(struct proposal)) -
           RECORD_ALIGN;
}

static void tell(const struct worker *w, const struct seat *seat,
                 const char *what, const struct record *r, uint64_t message)
{
    if (w->node->world->is_loud)
        printf(
            "%8llu node %u worker %u listener %u: %s %llx-%llu message %lld\n",
            (unsigned long long)w->node->world->now, w->node->index, w->index,
            seat->listener, what, (unsigned long long)r->epoch,
            (unsigned long long)r->number, (long long)message);
}

/* ---- Hearing ------------------------------------------------------------- */

/* A node knows its own messages, until they were heard; and nobody takes
   another's for its own. */
static void check_origin(const struct worker *w, const struct seat *seat,
                         const struct record *r, const struct audit_message *m)
{
    const struct origin *from = &w->node->world->origins[m->speaker];
    bool unknown = r->worker == 0xFFFF && r->tag == 0;
    bool known = from->node == w->node->life && r->worker == from->worker &&
                 r->tag == m->tag;
    if (m->listener == seat->listener && !m->heard && !m->lost && !known)
        fault(w, "a worker does not know its own message");
    if (!unknown && !known)
        fault(w, "a message is taken for another client's");
}

static void heard(struct worker *w, struct seat *seat, const struct record *r)
{
    struct audit *a = &w->node->world->audit;
    struct message m;
    uint64_t number = node_message_in(r->payload);
    tell(w, seat, "hears", r, number);
    if (number < a->message_count) {
        compose(&m, number, record_most(&w->store));
        if (!is_as_it_was_said(r, &m.r))
            fault(w, "a message has changed");
        check_origin(w, seat, r, &a->messages[number]);
    }
    audit_hear(a, seat->listener, (struct store_id){r->epoch, r->number},
               number);
}

static void lost(struct worker *w, struct seat *seat, const struct record *r)
{
    tell(w, seat, "lost", r, r->tag);
    if (r->worker != w->index)
        return;
    audit_lost(&w->node->world->audit, seat->listener, r->tag);
    if (seat->tag == r->tag)
        seat->tag = ++w->node->world->tags; /* that client is closed */
}

static void hears(struct worker *w, struct seat *seat, const struct record *r)
{
    if (r->kind == RECORD_MESSAGE)
        heard(w, seat, r);
    else if (r->kind == RECORD_GAP) {
        tell(w, seat, "gap", r, 0);
        audit_gap(&w->node->world->audit, seat->listener,
                  (struct store_id){r->epoch, r->number});
    } else
        lost(w, seat, r);
}

/* False: it stops before all is read. */
static bool reads(struct worker *w, struct seat *seat)
{
    struct record r;
    uint64_t damaged = w->store.damaged;
    while (store_read(&w->store, seat->room, &r)) {
        hears(w, seat, &r);
        store_pass(&w->store, seat->room);
        if (world_once_in(w->node->world, 30))
            return false;
    }
    if (w->store.damaged != damaged)
        fault(w, "what is in a stream makes no sense");
    return true;
}

/* ---- Saying -------------------------------------------------------------- */

static void says(struct worker *w, struct seat *seat)
{
    struct world *world = w->node->world;
    struct message m;
    while (seat->queued > 0) {
        uint64_t number = world->audit.message_count;
        compose(&m, number, record_most(&w->store));
        if (!store_may_propose(&w->store, record_len(&m.r))) {
            world->full++;
            return;
        }
        if (world_once_in(world, 10))
            seat->tag = ++world->tags;
        audit_say(&world->audit, seat->listener, seat->tag);
        m.r.worker = (uint16_t)w->index;
        m.r.tag = seat->tag;
        tell(w, seat, "says", &m.r, number);
        store_propose(&w->store, seat->room, &m.r);
        seat->queued--;
        world->said++;
    }
}

/* ---- Rooms --------------------------------------------------------------- */

static struct span name_of(uint32_t name, char text[16])
{
    return bytes_span(text, (size_t)snprintf(text, 16, "room %u", name));
}

static void share(struct worker *w, const struct seat *seat)
{
    struct store *s = &w->store;
    struct board_people *people =
        board_people(&s->board, seat->room, s->worker);
    if (!store_lock(s, seat->room))
        abort(); /* nobody stops with a lock */
    people->count = seat->members;
    for (uint32_t i = 0; i < seat->members; i++) {
        people->people[i] = (struct board_person){.name_len = 1, .name = "x"};
        bytes_put32(people->people[i].uid, w->speaker);
        bytes_put32(people->people[i].uid + 4, i);
    }
    atom_put(&store_place(s, seat->room)->members, seat->members);
    atom_put(&store_place(s, seat->room)->roster,
             (uint32_t)bytes_mix((uint64_t)w->speaker << 8 | seat->members) >>
                 1);
    store_unlock(s, seat->room);
    store_ring(s, seat->room);
}

static void opens(struct worker *w, uint32_t name)
{
    struct world *world = w->node->world;
    struct seat *seat = &w->seats[name];
    char text[16];
    bool anew;
    switch (store_open(&w->store, name_of(name, text), world->wall, 1000,
                       &seat->room, &anew)) {
    case STORE_DONE:
        seat->is_open = true;
        seat->tag = ++world->tags;
        seat->listener = audit_listen(&world->audit, name, w->speaker,
                                      store_last(&w->store, seat->room));
        share(w, seat);
        break;
    case STORE_FULL:
        world->refusals++;
        seat->is_wanted = false;
        break;
    case STORE_BUSY: world->busy++; break;
    case STORE_BEHIND: abort();
    }
}

static bool closes(struct worker *w, struct seat *seat)
{
    uint32_t members = seat->members;
    seat->members = 0;
    share(w, seat);
    seat->members = members;
    if (store_close(&w->store, seat->room) != STORE_DONE)
        return false;
    seat->is_open = false;
    seat->queued = 0;
    audit_leave(&w->node->world->audit, seat->listener);
    return true;
}

void worker_wants(struct worker *w, uint32_t name)
{
    w->seats[name].is_wanted = true;
    w->awake = true;
}

void worker_leaves(struct worker *w, uint32_t name)
{
    w->seats[name].is_wanted = false;
    w->awake = true;
}

void worker_says(struct worker *w, uint32_t name, unsigned count)
{
    w->seats[name].queued += count;
    w->awake = true;
}

void worker_settles(struct worker *w, uint32_t name, uint32_t members)
{
    struct seat *seat = &w->seats[name];
    seat->members = members;
    if (seat->is_open)
        share(w, seat);
    w->awake = true; /* it wakes whom it rang in its turn */
}

/* ---- A turn -------------------------------------------------------------- */

static bool visits(struct worker *w, uint32_t name)
{
    struct seat *seat = &w->seats[name];
    if (seat->is_wanted && !seat->is_open)
        opens(w, name);
    if (!seat->is_open)
        return true;
    bool all = reads(w, seat);
    if (all)
        audit_begun(&w->node->world->audit, seat->listener);
    says(w, seat);
    if (!seat->is_wanted)
        all &= closes(w, seat);
    return all;
}

static void wakes(struct node *n, uint32_t mask)
{
    for (uint32_t i = 0; i < n->worker_count; i++)
        n->workers[i].awake |= mask >> i & 1;
    n->bus_awake |= mask >> n->worker_count & 1;
}

bool worker_turns(struct worker *w)
{
    struct world *world = w->node->world;
    bool all = true;
    if (!w->lives || !w->awake || world->now < w->stopped)
        return false;
    store_wakes(&w->store);
    while (store_rung(&w->store) != STORE_NONE)
        ; /* all are looked at */
    for (uint32_t name = 0; name < world->plan.names; name++)
        all &= visits(w, name);
    wakes(w->node, store_wake(&w->store));
    w->awake = !all || !store_sleep(&w->store);
    return true;
}
