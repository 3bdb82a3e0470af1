/* SPDX-License-Identifier: MIT */
#include "store/mend.h"
#include "base/utf8.h"

/* What no count reaches: what says so is damaged. There is room above for the
   epochs that are begun here. */
#define EPOCH_MAX      (UINT64_MAX - (UINT64_C(1) << 48))
#define NUMBER_MAX     (UINT64_MAX / 2)
#define GENERATION_MAX (UINT32_MAX / 2)

/* The time stands in an epoch's upper bits (store_table.c). */
#define EPOCH_SHIFT 22
#define WALL_MAX    (EPOCH_MAX >> EPOCH_SHIFT)

/* Epochs that were given in pages which are lost are not known. Where the clock
   tells nothing (a router without one begins in 1970 each time) we jump beyond
   them, by up to four minutes. */
#define EPOCH_JUMP (UINT64_C(1) << 40)

struct mend {
    struct store *s;
    const struct mend_plan *plan;
    struct mend_found *found;
    uint64_t epoch;   /* the largest one that was seen, or given */
    uint64_t emptied; /* of header.emptied the same */
};

/* ---- The header ---------------------------------------------------------- */

bool mend_is_blank(struct span file)
{
    for (size_t i = 0; i < file.len; i++)
        if (file.ptr[i])
            return false;
    return true;
}

static bool is_geometry(const struct map_header *h)
{
    return h->room_count > 0 && h->room_count < STORE_NONE &&
           h->room_size == sizeof(struct map_room) &&
           h->stream_size >= MAP_PAGE && h->stream_size <= MAP_STREAM_MAX &&
           (h->stream_size & (h->stream_size - 1)) == 0;
}

const char *mend_refuse(struct span file)
{
    static const char magic[16] = MAP_MAGIC;
    const struct map_header *h = (const void *)file.ptr;
    if (file.len < MAP_PAGE || memcmp(h->magic, magic, sizeof magic) != 0)
        return "it is something else, not what a chatd wrote";
    if (h->byte_order == __builtin_bswap32(MAP_BYTE_ORDER))
        return "it is of a machine with another byte order";
    if (h->byte_order == MAP_BYTE_ORDER && h->format != MAP_FORMAT)
        return "it is in the format of another version of chatd";
    if (h->byte_order != MAP_BYTE_ORDER || !is_geometry(h))
        return "its header makes no sense";
    if (map_size(h->room_count, (uint32_t)h->stream_size) != file.len)
        return "it is not as long as its header says";
    return NULL;
}

/* What is done now may stop halfway: then all is to be looked at again. */
static void distrust(struct map_header *h)
{
    h->clean = 0;
    memset(h->boot, 0, sizeof h->boot);
    atom_fence();
}

/* A room, or what was last said in one. */
static void lose(struct mend *m)
{
    m->found->damaged++;
    distrust(m->s->map.header);
}

/* ---- Names --------------------------------------------------------------- */

/* Its place in an open table of twice as many as there are rooms: where this
   name is, or would be. */
static uint32_t *place_of(const struct mend *m, struct span name)
{
    const struct map *map = &m->s->map;
    size_t size = (size_t)map->header->room_count * 2;
    size_t at = (size_t)(bytes_hash(m->plan->random, name) % size);
    while (m->plan->names[at] &&
           !bytes_equal(map_name(&map->rooms[m->plan->names[at] - 1]), name))
        at = (at + 1) % size;
    return &m->plan->names[at];
}

static bool is_room(const struct store *s, const struct map_room *room)
{
    return room->name_len <= MAP_ROOM_NAME && utf8_printable(map_name(room)) &&
           room->check == store_room_check(s, room, map_name(room)) &&
           room->generation > 0 && room->generation <= GENERATION_MAX &&
           room->began > 0 && room->began <= EPOCH_MAX;
}

/* ---- Records ------------------------------------------------------------- */

/* The place may have been another room's before, or later: pages of then may be
   in the stream, or the room's own may be of then. What was said under this
   name has an epoch between the first one and the last. */
static uint64_t last_epoch(const struct map_room *room)
{
    uint64_t a = room->ends[0].epoch, b = room->ends[1].epoch;
    return a > b ? a : b;
}

static bool is_next(const struct map_room *room, struct store_id last,
                    const struct record *r)
{
    if (r->epoch < room->began || r->epoch > last_epoch(room) ||
        r->epoch > EPOCH_MAX || r->number == 0 || r->number > NUMBER_MAX)
        return false;
    if (last.number == 0) /* it is the first one */
        return true;
    return r->epoch == last.epoch ? r->number == last.number + 1
                                  : r->epoch > last.epoch && r->number == 1;
}

/* Walk over what checks, up to the head: the position behind it. */
static uint32_t walk(struct mend *m, uint32_t index, struct store_id *last)
{
    const struct map_room *room = &m->s->map.rooms[index];
    uint32_t head = atom_get(&room->head), pos = atom_get(&room->oldest);
    while (pos != head) {
        struct record r;
        uint32_t len = store_stream_record(m->s, index, pos, head, &r);
        if (len == 0 || !is_next(room, *last, &r))
            break;
        *last = (struct store_id){r.epoch, r.number};
        pos += record_aligned(len);
        m->found->messages++;
    }
    return pos;
}

/* Does the count go on from the last message, in this epoch or a new one? */
static bool is_end(const struct map_room *room, struct store_id last)
{
    const struct map_end *end = map_end(room);
    if (end->pos != atom_get(&room->head) || end->epoch < room->began ||
        end->epoch > EPOCH_MAX || end->number > NUMBER_MAX)
        return false;
    if (last.number == 0) /* nothing is there */
        return true;
    return end->epoch == last.epoch
               ? end->number == last.number
               : end->epoch > last.epoch && end->number == 0;
}

static bool is_stream(const struct store *s, const struct map_room *room)
{
    uint32_t head = atom_get(&room->head), oldest = atom_get(&room->oldest);
    return head - oldest <= s->map.stream_size && head % RECORD_ALIGN == 0 &&
           oldest % RECORD_ALIGN == 0;
}

/* ---- Rooms --------------------------------------------------------------- */

static void note_epoch(struct mend *m, uint64_t epoch)
{
    if (m->epoch < epoch)
        m->epoch = epoch;
}

/* The room ends at a position. */
static void cut(struct map_room *room, uint32_t pos, struct store_id last)
{
    room->ends[0] = (struct map_end){
        .epoch = last.epoch, .number = last.number, .pos = pos};
    room->ends[1] = (struct map_end){.pos = STORE_NO_POSITION};
    atom_put(&room->head, pos);
}

static void mend_stream(struct mend *m, uint32_t index)
{
    struct map_room *room = &m->s->map.rooms[index];
    struct store_id last = {room->began, 0};
    bool possible = is_stream(m->s, room);
    if (!possible) {
        lose(m);
        atom_put(&room->oldest, 0);
        atom_put(&room->head, 0);
    }
    uint32_t pos = walk(m, index, &last);
    note_epoch(m, last.epoch);
    if (pos == atom_get(&room->head) && is_end(room, last)) {
        note_epoch(m, map_end(room)->epoch);
        return;
    }
    if (possible)
        lose(m);
    cut(room, pos, last);
}

/* It is the first one to be taken. */
static void free_place(struct map_room *room)
{
    room->name_len = 0;
    room->emptied = 0;
    if (room->generation > GENERATION_MAX)
        room->generation = 0;
}

static void mend_room(struct mend *m, uint32_t index)
{
    struct map_room *room = &m->s->map.rooms[index];
    if (room->name_len == 0) {
        free_place(room);
        return;
    }
    uint32_t *place = is_room(m->s, room) ? place_of(m, map_name(room)) : NULL;
    if (!place || *place) {
        lose(m);
        free_place(room);
        return;
    }
    *place = index + 1;
    m->found->rooms++;
    m->s->map.header->used = index + 1;
    mend_stream(m, index);
    if (room->emptied == MAP_IN_USE)
        return;
    if (room->emptied > NUMBER_MAX)
        room->emptied = 0;
    if (m->emptied < room->emptied)
        m->emptied = room->emptied;
}

/* What lies at the head now was written by nobody: without this, a record of
   ours that once stood there could come back, where the next one is lost. */
static void wipe_head(struct store *s, uint32_t index)
{
    const struct map_room *room = &s->map.rooms[index];
    size_t size = s->map.stream_size;
    uint32_t head = atom_get(&room->head);
    size_t len =
        bytes_min(size - (head - atom_get(&room->oldest)), (size_t)RECORD_HEAD);
    for (size_t i = 0; i < len; i++)
        s->map.streams[index * size + ((head + i) & (size - 1))] = 0;
}

static void renew(struct mend *m, uint32_t index)
{
    struct map_room *room = &m->s->map.rooms[index];
    cut(room, atom_get(&room->head), (struct store_id){++m->epoch, 0});
    wipe_head(m->s, index);
}

static void renew_all(struct mend *m)
{
    uint64_t wall = bytes_min64(m->plan->wall, WALL_MAX);
    note_epoch(m, wall << EPOCH_SHIFT);
    m->epoch += m->plan->random % EPOCH_JUMP;
    for (uint32_t i = 0; i < m->s->map.header->used; i++)
        if (m->s->map.rooms[i].name_len)
            renew(m, i);
    m->found->renewed = true;
}

/* Somebody listened to these at the end: they were left last of all. */
static void leave_all(struct mend *m)
{
    for (uint32_t i = 0; i < m->s->map.header->used; i++)
        if (m->s->map.rooms[i].emptied == MAP_IN_USE)
            m->s->map.rooms[i].emptied = ++m->emptied;
}

void mend_rooms(struct store *s, const struct mend_plan *plan,
                struct mend_found *found)
{
    struct mend m = {.s = s, .plan = plan, .found = found};
    struct map_header *h = s->map.header;
    bool trusted = plan->trusted && h->last_epoch <= EPOCH_MAX;
    *found = (struct mend_found){0};
    if (!trusted)
        distrust(h);
    if (h->last_epoch <= EPOCH_MAX)
        m.epoch = h->last_epoch;
    h->used = 0;
    for (uint32_t i = 0; i < h->room_count; i++)
        mend_room(&m, i);
    if (!trusted || found->damaged)
        renew_all(&m);
    leave_all(&m);
    h->last_epoch = m.epoch;
    h->emptied = m.emptied;
}
