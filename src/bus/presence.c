/* SPDX-License-Identifier: MIT */
/*
 * Who is in a room on other nodes. Each tells in the bell, once a second at most,
 * how many it has in the rooms where that has changed, and who they are while
 * they are few; who opens a room asks. A node that is silent has nobody.
 *
 *   z                            forget all that I have told: a fresh connection
 *   q   ROOM/ROOM/...            tell me of these
 *   p   for each room:           name len (1), name, members (4), people (1),
 *                                and of each: uid (16), name len (1), name,
 *                                sub len (1), sub
 *
 * Who connects anew may have missed something, and others something of his: all is
 * told again, and asked for. What was known meanwhile stays on the board until that
 * is answered.
 *
 * What others have stands in our own column of the board (store/board.h), so that
 * workers add it up as they do with each other.
 */
#include "base/utf8.h"
#include "bus/call.h"
#include "bus/presence.h"

/* Bytes of all that is said of a room; twice that is said at once, at most. */
#define PERSON_MAX (16 + 2 + 2 * BOARD_NAME)
#define ROOM_MAX   (1 + MAP_ROOM_NAME + 4 + 1 + BOARD_PEOPLE * PERSON_MAX)

#define ANSWERED (3 * BUS_BEAT) /* who is there has told it by then */

/* A word that is never that of a room of which nothing was told. */
#define TOLD_BIT UINT32_C(0x80000000)

void presence_carve(struct bus *b, struct arena *a)
{
    uint8_t *told = arena_carve(a, 2, ROOM_MAX);
    uint8_t *asked = arena_carve(a, BUS_ROOMS, MAP_ROOM_NAME + 1);
    if (!told || !asked)
        return;
    b->presence = text_over(told, 2 * ROOM_MAX);
    b->questions = text_over(asked, BUS_ROOMS * (MAP_ROOM_NAME + 1));
}

/* ---- Ours ------------------------------------------------------------------- */

static uint32_t members_here(const struct bus *b, uint32_t index)
{
    uint32_t sum = 0;
    for (uint32_t w = 0; w < store_bus(&b->store); w++)
        sum += atom_get(&board_place(&b->store.board, index, w)->members);
    return sum;
}

/* Who is here, in a word. */
static uint32_t word_of(const struct bus *b, uint32_t index)
{
    uint32_t word = members_here(b, index);
    for (uint32_t w = 0; w < store_bus(&b->store); w++)
        word ^= atom_get(&board_place(&b->store.board, index, w)->roster);
    return word | TOLD_BIT;
}

void presence_look(struct bus *b, uint32_t index)
{
    struct bus_room *room = state_room(b, index);
    if (room->told != word_of(b, index))
        room->tells = true;
}

static void put_short(struct text *t, const uint8_t *ptr, uint8_t len)
{
    text_byte(t, len);
    text_put(t, bytes_span(ptr, len));
}

static void put_person(struct text *t, const struct board_person *p)
{
    text_put(t, bytes_span(p->uid, sizeof p->uid));
    put_short(t, p->name, p->name_len);
    put_short(t, p->sub, p->sub_len);
}

/* The room's lock is ours. */
static void put_people(struct bus *b, struct text *t, uint32_t index)
{
    size_t count_at = t->len;
    uint8_t count = 0;
    text_byte(t, 0);
    for (uint32_t w = 0; w < store_bus(&b->store); w++) {
        const struct board_people *p = board_people(&b->store.board, index, w);
        for (uint32_t i = 0; i < p->count && count < BOARD_PEOPLE; i++, count++)
            put_person(t, &p->people[i]);
    }
    t->ptr[count_at] = count;
}

/* False: its lock cannot be had now. */
static bool put_room(struct bus *b, struct text *t, uint32_t index)
{
    struct bus_room *room = state_room(b, index);
    struct span name = store_name(&b->store, index);
    uint8_t members[4];
    if (!store_lock(&b->store, index))
        return false;
    room->told = word_of(b, index);
    room->tells = false;
    bytes_put32(members, members_here(b, index));
    put_short(t, name.ptr, (uint8_t)name.len);
    text_put(t, bytes_span(members, 4));
    put_people(b, t, index);
    store_unlock(&b->store, index);
    return true;
}

static void say(struct bus *b, struct span presence, struct span questions)
{
    if (presence.len == 0 && questions.len == 0 && !b->tells_anew)
        return;
    uint32_t more = b->tells_anew ? 2 : 0;
    more += presence.len ? 2 : 0;
    more += questions.len ? 2 : 0;
    struct resp_command c = call_begin_bell(b, more);
    if (b->tells_anew) {
        call_put(&c, "z");
        resp_put(&c, bytes_span(NULL, 0));
        b->tells_anew = false;
    }
    if (presence.len) {
        call_put(&c, "p");
        resp_put(&c, presence);
    }
    if (questions.len) {
        call_put(&c, "q");
        resp_put(&c, questions);
    }
    call_end(b, BUS_W, &c);
}

/* Those that are due, from where it ended the last time. */
void presence_tell(struct bus *b)
{
    struct text *t = &b->presence, *asked = &b->questions;
    if (!call_may(b, BUS_W, t->size + asked->size))
        return;
    t->len = asked->len = 0;
    for (uint32_t i = 0; i < b->at_work; i++) {
        uint32_t index = (b->tell_next + i) % b->at_work;
        struct bus_room *room = state_room(b, index);
        if (room->state != BUS_ROOM_OPEN || (!room->tells && !room->asks))
            continue;
        if (t->size - t->len < ROOM_MAX ||
            asked->size - asked->len <= MAP_ROOM_NAME) {
            b->tell_next = index;
            break;
        }
        if (room->tells)
            put_room(b, t, index);
        if (room->asks)
            state_put_name(b, asked, index);
        room->asks = false;
    }
    say(b, text_span(t), text_span(asked));
}

/* ---- Theirs -------------------------------------------------------------------- */

/* Its column, or BUS_NODES where there is no place. */
static unsigned column_of(struct bus *b, uint64_t node)
{
    unsigned free = BUS_NODES;
    for (unsigned i = 0; i < BUS_NODES; i++) {
        if (b->nodes[i].id == node)
            return i;
        if (free == BUS_NODES && b->nodes[i].id == 0)
            free = i;
    }
    if (free < BUS_NODES)
        b->nodes[free].id = node;
    return free;
}

static void remove_people(struct bus_people *all, unsigned column)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < all->all.count; i++)
        if (all->nodes[i] != column) {
            all->nodes[kept] = all->nodes[i];
            all->all.people[kept++] = all->all.people[i];
        }
    all->all.count = kept;
}

void presence_share(struct bus *b, uint32_t index)
{
    struct bus_people *all = &b->people[index];
    struct board_place *place = store_place(&b->store, index);
    uint32_t members = 0, roster = 0;
    struct bus_room *room = state_room(b, index);
    if (!room->shares || b->now < b->share_at || !store_lock(&b->store, index))
        return;
    for (unsigned i = 0; i < BUS_NODES; i++)
        members += all->members[i];
    for (uint32_t i = 0; i < all->all.count; i++) {
        const struct board_person *p = &all->all.people[i];
        roster ^= (uint32_t)bytes_hash(1, bytes_span(p, sizeof *p));
    }
    *board_people(&b->store.board, index, b->store.worker) = all->all;
    atom_put(&place->members, members);
    atom_put(&place->roster, roster & ~TOLD_BIT);
    store_unlock(&b->store, index);
    store_ring(&b->store, index);
    room->shares = false;
}

static void change(struct bus *b, uint32_t index)
{
    state_room(b, index)->shares = true;
    state_work(b, index);
}

/* Take `len` bytes from the front; false where there are fewer. */
static bool take(struct span *from, size_t len, struct span *part)
{
    if (from->len < len)
        return false;
    *part = bytes_part(*from, 0, len);
    *from = bytes_after(*from, len);
    return true;
}

static bool take_short(struct span *from, size_t most, struct span *part)
{
    struct span len;
    return take(from, 1, &len) && len.ptr[0] <= most &&
           take(from, len.ptr[0], part);
}

static bool take_person(struct span *from, struct board_person *p)
{
    struct span uid, name, sub;
    if (!take(from, 16, &uid) || !take_short(from, BOARD_NAME, &name) ||
        !take_short(from, BOARD_NAME, &sub) || !utf8_valid(name) ||
        !utf8_valid(sub))
        return false;
    *p = (struct board_person){.name_len = (uint8_t)name.len,
                               .sub_len = (uint8_t)sub.len};
    memcpy(p->uid, uid.ptr, uid.len);
    if (name.len)
        memcpy(p->name, name.ptr, name.len);
    if (sub.len)
        memcpy(p->sub, sub.ptr, sub.len);
    return true;
}

static void add_person(struct bus_people *all, unsigned column,
                       const struct board_person *p)
{
    if (all->all.count == BOARD_PEOPLE)
        return;
    all->nodes[all->all.count] = (uint8_t)column;
    all->all.people[all->all.count++] = *p;
}

/* One room of what was told. False: it makes no sense. */
static bool take_room(struct bus *b, unsigned column, struct span *from)
{
    struct span name, members, count;
    if (!take_short(from, MAP_ROOM_NAME, &name) || !take(from, 4, &members) ||
        !take(from, 1, &count))
        return false;
    uint32_t index = state_named(b, name);
    struct bus_people *all = index == FLIGHT_NONE ? NULL : &b->people[index];
    if (all)
        remove_people(all, column);
    for (unsigned i = 0; i < count.ptr[0]; i++) {
        struct board_person p;
        if (!take_person(from, &p))
            return false;
        if (all)
            add_person(all, column, &p);
    }
    if (!all)
        return true;
    all->members[column] = bytes_get32(members.ptr);
    change(b, index);
    return true;
}

static void take_questions(struct bus *b, struct span names)
{
    for (uint32_t i; (i = state_take_name(b, &names)) != FLIGHT_NONE;)
        state_room(b, i)->tells = true;
}

/* All that it has told of rooms of ours. */
static void clear_column(struct bus *b, unsigned column)
{
    for (uint32_t i = 0; i < b->at_work; i++) {
        struct bus_people *all = &b->people[i];
        uint32_t named = all->all.count;
        remove_people(all, column);
        if (all->members[column] == 0 && all->all.count == named)
            continue;
        all->members[column] = 0;
        change(b, i);
    }
}

void presence_heard(struct bus *b, uint64_t node, uint8_t field,
                    struct span value)
{
    unsigned column = column_of(b, node);
    if (column == BUS_NODES)
        return;
    b->nodes[column].heard = b->now;
    if (field == 'z')
        clear_column(b, column);
    else if (field == 'q')
        take_questions(b, value);
    else if (field == 'p')
        while (value.len && take_room(b, column, &value))
            ;
}

/* ---- Who goes ------------------------------------------------------------------- */

static void forget(struct bus *b, unsigned column)
{
    b->nodes[column] = (struct bus_node){0};
    clear_column(b, column);
}

void presence_forget(struct bus *b)
{
    for (unsigned i = 0; i < BUS_NODES; i++)
        if (b->nodes[i].id && b->now >= b->nodes[i].heard + BUS_SILENT)
            forget(b, i);
}

void presence_again(struct bus *b)
{
    for (uint32_t i = 0; i < b->at_work; i++)
        state_room(b, i)->tells = state_room(b, i)->asks = true;
    b->tells_anew = true;
}

/* Fresh connections: what others have told is old. Workers are told when they have
   had time to tell it again. */
void presence_reconnect(struct bus *b)
{
    for (unsigned i = 0; i < BUS_NODES; i++)
        b->nodes[i].heard = b->now;
    for (uint32_t i = 0; i < b->at_work; i++) {
        presence_clear(b, i);
        state_room(b, i)->shares = state_room(b, i)->state > BUS_ROOM_WANTED;
    }
    presence_again(b);
    b->share_at = b->now + ANSWERED;
}

void presence_clear(struct bus *b, uint32_t index)
{
    memset(&b->people[index], 0, sizeof b->people[index]);
}
