/* SPDX-License-Identifier: MIT */
#include "store/carry.h"

/* ---- Which rooms --------------------------------------------------------- */

static bool is_since(const struct map_room *room, uint64_t mark)
{
    return room->name_len > 0 && room->emptied >= mark;
}

static uint32_t count_since(const struct map *m, uint64_t mark)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < m->header->used; i++)
        count += is_since(&m->rooms[i], mark);
    return count;
}

/* The least mark such that those left since then have a place each. */
static uint64_t least_mark(const struct map *m, uint32_t places)
{
    uint64_t low = 0, high = MAP_IN_USE;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        if (count_since(m, middle) <= places)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

/* ---- Which messages ------------------------------------------------------ */

/* The position of the oldest record such that all from there on fit. */
static uint32_t first_that_fits(const struct map *to, const struct store *from,
                                uint32_t index)
{
    const struct map_room *room = &from->map.rooms[index];
    uint32_t head = atom_get(&room->head), first = atom_get(&room->oldest);
    struct record r;
    for (uint32_t pos = first; pos != head;) {
        uint32_t len = store_stream_record(from, index, pos, head, &r);
        pos += record_aligned(len);
        if (len > to->stream_size / 4)
            first = pos;
        while (pos - first > to->stream_size)
            first += record_aligned(
                store_stream_record(from, index, first, head, &r));
    }
    return first;
}

/* From the beginning of the new stream on: their checks are of the position. */
static uint32_t carry_records(struct store *to, uint32_t at,
                              const struct store *from, uint32_t index,
                              uint64_t *count)
{
    uint32_t head = atom_get(&from->map.rooms[index].head), end = 0;
    uint8_t *stream = to->map.streams + (size_t)at * to->map.stream_size;
    struct record r;
    for (uint32_t pos = first_that_fits(&to->map, from, index); pos != head;) {
        uint32_t len = store_stream_record(from, index, pos, head, &r);
        record_write(stream + end, &r, to->crc, end);
        pos += record_aligned(len);
        end += record_aligned(len);
        ++*count;
    }
    return end;
}

static void carry_room(struct store *to, uint32_t at, const struct store *from,
                       uint32_t index, uint64_t *count)
{
    struct map_room *room = &to->map.rooms[at];
    const struct map_end *end = map_end(&from->map.rooms[index]);
    *room = from->map.rooms[index];
    uint32_t head = carry_records(to, at, from, index, count);
    atom_put(&room->head, head);
    atom_put(&room->oldest, 0);
    room->ends[0] = (struct map_end){
        .epoch = end->epoch, .number = end->number, .pos = head};
    room->ends[1] = (struct map_end){.pos = STORE_NO_POSITION};
}

uint64_t carry_rooms(struct store *to, const struct store *from)
{
    const struct map *m = &from->map;
    uint32_t places = to->map.header->room_count, used = 0;
    uint64_t count = 0, mark = least_mark(m, places);
    for (uint32_t i = 0; i < m->header->used && used < places; i++)
        if (is_since(&m->rooms[i], mark))
            carry_room(to, used++, from, i, &count);
    /* Damaged marks may be equal: what is left over still has its chance. */
    for (uint32_t i = 0; i < m->header->used && used < places; i++)
        if (m->rooms[i].name_len && !is_since(&m->rooms[i], mark))
            carry_room(to, used++, from, i, &count);
    to->map.header->used = used;
    to->map.header->emptied = m->header->emptied;
    to->map.header->last_epoch = m->header->last_epoch;
    return count;
}
