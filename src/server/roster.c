/* SPDX-License-Identifier: MIT */
#include "server/roster.h"
#include "server/grant.h"
#include "wire/json.h"

#define ROSTER_BIT UINT32_C(0x80000000) /* people are named, not counted */

/* A word that a worker has on the board of a room. */
static const struct board_place *
place_of(const struct server *s, const struct room *room, uint32_t worker)
{
    return board_place(&s->rooms.store.board, room_index(&s->rooms, room),
                       worker);
}

uint32_t roster_members(const struct server *s, const struct room *room)
{
    const struct store *store = &s->rooms.store;
    uint32_t sum = room->members;
    if (store_is_shared(store))
        for (uint32_t w = 0; w < store->board.worker_count; w++)
            if (w != store->worker)
                sum += atom_get(&place_of(s, room, w)->members);
    return sum;
}

uint32_t roster_news(const struct server *s, const struct room *room)
{
    const struct store *store = &s->rooms.store;
    uint32_t members = roster_members(s, room), sum = room->roster;
    if (members > ROSTER_MOST)
        return members;
    if (store_is_shared(store))
        for (uint32_t w = 0; w < store->board.worker_count; w++)
            if (w != store->worker)
                sum ^= atom_get(&place_of(s, room, w)->roster);
    return ROSTER_BIT | sum;
}

/* With its length, so that it is kept apart from the next one. */
static uint64_t mix_bytes(uint64_t hash, struct span s)
{
    return bytes_mix(bytes_hash(hash, s) ^ s.len);
}

/* The sum of all who are here, each by a hash: who goes is taken out by what put
   it in. So a roster that is as it was has not changed. */
void roster_turn(struct server *s, struct room *room, const struct client *c)
{
    const struct client_member *m = &client_profile(&s->clients, c)->member;
    uint64_t hash = bytes_mix(bytes_get64(m->uid) ^ bytes_get64(m->uid + 8));
    hash = mix_bytes(hash, bytes_span(m->name, m->name_len));
    hash = mix_bytes(hash, grant_sub(s, c));
    room->roster ^= (uint32_t)hash & ~ROSTER_BIT;
}

/* By a table, as it goes into every message: digit by digit with text_hex it was
   a tenth of what a message costs before it is sent. */
void roster_put_uid(struct text *t, const uint8_t uid[16])
{
    static const char digits[] = "0123456789abcdef";
    static const uint8_t places[16] = {0,  2,  4,  6,  9,  11, 14, 16,
                                       19, 21, 24, 26, 28, 30, 32, 34};
    char out[] = "........-....-....-....-............";
    for (size_t i = 0; i < 16; i++) {
        out[places[i]] = digits[uid[i] >> 4];
        out[places[i] + 1] = digits[uid[i] & 15];
    }
    text_put(t, bytes_span(out, sizeof out - 1));
}

/* A key with its value, where it has one. */
static void put_value(struct text *t, const char *key, struct span value)
{
    if (value.len == 0)
        return;
    text_string(t, key);
    json_put_string(t, value);
}

static struct board_person person_of(const struct server *s,
                                     const struct client *c)
{
    const struct client_member *m = &client_profile(&s->clients, c)->member;
    struct span sub = grant_sub(s, c);
    struct board_person p = {.name_len = m->name_len,
                             .sub_len = (uint8_t)sub.len};
    memcpy(p.uid, m->uid, sizeof p.uid);
    memcpy(p.name, m->name, m->name_len);
    if (sub.len)
        memcpy(p.sub, sub.ptr, sub.len);
    return p;
}

/* The next member in the list of readers, from *at on, which moves on; NULL: no
   more. One is joining, perhaps; others leave, and have frames to come. */
static const struct client *next_member(const struct server *s, uint32_t *at)
{
    while (*at != LIST_NONE) {
        const struct client *c = client_at(&s->clients, *at);
        *at = list_next(&s->rooms.reader_links, *at);
        if (c->state == CLIENT_OPEN || c->state == CLIENT_REQUEST)
            return c;
    }
    return NULL;
}

/* ---- Sharing it ------------------------------------------------------------ */

/* The room may be ours already: its member has another name, and says something. */
static bool lock(struct store *store, uint32_t room)
{
    return store->seized == room + 1 || store_lock(store, room);
}

static void unlock(struct store *store, uint32_t room)
{
    if (store->seized != room + 1)
        store_unlock(store, room);
}

void roster_share(struct server *s, struct room *room)
{
    struct store *store = &s->rooms.store;
    uint32_t index = room_index(&s->rooms, room);
    if (!store_is_shared(store))
        return;
    struct board_place *place = store_place(store, index);
    struct board_people *people =
        board_people(&store->board, index, store->worker);
    room->unshared = !lock(store, index);
    if (room->unshared)
        return;
    people->count = 0;
    uint32_t at =
        room->members <= ROSTER_MOST ? room->readers.first : LIST_NONE;
    for (const struct client *c; (c = next_member(s, &at)) != NULL;)
        people->people[people->count++] = person_of(s, c);
    atom_put(&place->members, room->members);
    atom_put(&place->roster, room->roster);
    unlock(store, index);
    store_ring(store, index);
}

/* ---- Telling it -------------------------------------------------------------- */

static void put_person(struct text *t, const struct board_person *p)
{
    if (t->ptr[t->len - 1] == '}')
        text_byte(t, ',');
    text_string(t, "{\"uid\":\"");
    roster_put_uid(t, p->uid);
    text_byte(t, '"');
    put_value(t, ",\"name\":", bytes_span(p->name, p->name_len));
    put_value(t, ",\"sub\":", bytes_span(p->sub, p->sub_len));
    text_byte(t, '}');
}

/* What other workers have written down. False when the room cannot be had. */
static bool put_others(struct text *t, struct server *s,
                       const struct room *room)
{
    struct store *store = &s->rooms.store;
    uint32_t index = room_index(&s->rooms, room);
    if (!store_is_shared(store))
        return true;
    if (!lock(store, index))
        return false;
    for (uint32_t w = 0; w < store->board.worker_count; w++) {
        const struct board_people *people =
            board_people(&store->board, index, w);
        if (w != store->worker)
            for (uint32_t i = 0; i < people->count; i++)
                put_person(t, &people->people[i]);
    }
    unlock(store, index);
    return true;
}

bool roster_put(struct text *t, struct server *s, const struct room *room,
                size_t most)
{
    struct text longer = *t;
    longer.size = bytes_min(t->size, most) - 1;
    if (roster_members(s, room) > ROSTER_MOST)
        return true;
    text_string(&longer, ",\"who\":[");
    uint32_t at = room->readers.first;
    for (const struct client *c; (c = next_member(s, &at)) != NULL;) {
        struct board_person p = person_of(s, c);
        put_person(&longer, &p);
    }
    bool all = put_others(&longer, s, room);
    text_byte(&longer, ']');
    if (all && !longer.overflow)
        t->len = longer.len;
    return all;
}
