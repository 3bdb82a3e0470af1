/* SPDX-License-Identifier: MIT */
/*
 * fuzz_store: whatever lies in the FILE of --store.
 *
 *   input   a byte of how: trusted; seal; to which geometry it is carried
 *           then the file without most of its zeros: 128 bytes of header, up to
 *           ROOMS rooms, and the streams
 *
 * A few things are made right where that is asked for (seal), as chance does not
 * come upon a CRC: the check of each room, and of each record from the oldest on
 * as far as lengths go. Whatever it was, it is held
 *
 *   - that a file which is refused is only looked at;
 *   - that one which is mended has nothing in it but what was in it, each record
 *     at its place with a check that is right, in the order of their ids; no
 *     name twice; and is whole when it is looked at again;
 *   - that a count goes on behind all that is there, and can be gone on with;
 *   - that what is carried over is the end of what was there.
 */
#include "base/check.h"
#include "base/utf8.h"
#include "store/carry.h"
#include "store/mend.h"
#include "wire/frame.h"

#include <stdlib.h>

#define ROOMS       3 /* at most */
#define STREAM      4096
#define HEADER_SIZE 128 /* bytes of it that are not zero */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum how {
    HOW_TRUSTED = 1,
    HOW_SEALED = 2,
    HOW_WIDE = 4, /* carried into more, or longer ones */
    HOW_LONG = 8,
};

static struct crc32c crc;

static void *memory_of(size_t size)
{
    void *memory = aligned_alloc(4096, (size + 4095) / 4096 * 4096);
    CHECK(memory);
    return memset(memory, 0, (size + 4095) / 4096 * 4096);
}

/* ---- The file ---------------------------------------------------------------- */

/* As many bytes as there are. */
static void take(struct span *from, void *to, size_t len)
{
    len = bytes_min(len, from->len);
    if (len)
        memcpy(to, from->ptr, len);
    *from = bytes_after(*from, len);
}

static struct span unpack(struct span in)
{
    struct map_header h = {0};
    struct span head = bytes_part(in, 0, bytes_min(in.len, HEADER_SIZE));
    struct span first = head;
    take(&first, &h, sizeof h);
    uint32_t rooms =
        h.room_count > 0 && h.room_count <= ROOMS ? h.room_count : ROOMS;
    size_t size = map_size(rooms, STREAM);
    uint8_t *file = memory_of(size);
    in = bytes_after(in, head.len);
    take(&head, file, HEADER_SIZE);
    take(&in, file + MAP_PAGE, rooms * sizeof(struct map_room));
    take(&in, file + 2 * MAP_PAGE, rooms * (size_t)STREAM);
    return bytes_span(file, size);
}

static uint32_t sum_of(uint32_t pos, const uint8_t *record, uint32_t len)
{
    uint32_t sum = crc32c_add(&crc, 0, bytes_span(&pos, sizeof pos));
    return crc32c_add(&crc, sum, bytes_span(record + 4, len - 4));
}

/* A record of a stream, copied out: its len, or 0. All over again, so that it
   shares no line with what is looked at here. */
static uint32_t copy_out(const struct map *m, uint32_t room, uint32_t pos,
                         uint8_t out[STREAM])
{
    uint32_t len;
    for (uint32_t i = 0; i < STREAM; i++)
        out[i] = m->streams[(size_t)room * STREAM + (pos + i) % STREAM];
    memcpy(&len, out + 4, sizeof len);
    return len >= RECORD_HEAD && len <= STREAM / 4 ? len : 0;
}

static void seal(const struct map *m)
{
    struct store s = {.crc = &crc};
    for (uint32_t i = 0; i < m->header->room_count; i++) {
        struct map_room *room = &m->rooms[i];
        uint32_t len, pos = atom_get(&room->oldest);
        uint8_t out[STREAM];
        if (room->name_len <= MAP_ROOM_NAME)
            room->check = store_room_check(&s, room, map_name(room));
        for (unsigned n = 0; n < STREAM / RECORD_HEAD; n++) {
            len = copy_out(m, i, pos, out);
            if (len == 0 || pos % 8)
                break;
            uint32_t sum = sum_of(pos, out, len);
            for (unsigned k = 0; k < 4; k++)
                m->streams[(size_t)i * STREAM + (pos + k) % STREAM] =
                    ((const uint8_t *)&sum)[k];
            pos += (len + 7) / 8 * 8;
        }
    }
}

/* ---- What must be so ---------------------------------------------------------- */

struct ids {
    uint64_t epoch, number;
};

static void check_record(const struct map *m, uint32_t index, uint32_t pos,
                         struct ids *last)
{
    uint8_t out[STREAM];
    uint32_t sum, len = copy_out(m, index, pos, out);
    struct ids id;
    CHECK(len);
    memcpy(&sum, out, sizeof sum);
    memcpy(&id, out + 8, sizeof id);
    CHECK(sum == sum_of(pos, out, len));
    CHECK(id.number > 0 && id.epoch >= m->rooms[index].began);
    if (last->number)
        CHECK(id.epoch == last->epoch
                  ? id.number == last->number + 1
                  : id.epoch > last->epoch && id.number == 1);
    *last = id;
}

static void check_room(const struct map *m, uint32_t index, bool renewed)
{
    const struct map_room *room = &m->rooms[index];
    const struct map_end *end = map_end(room);
    uint32_t head = atom_get(&room->head), pos = atom_get(&room->oldest);
    uint8_t out[STREAM];
    struct ids last = {0, 0};
    CHECK(room->name_len <= MAP_ROOM_NAME && utf8_printable(map_name(room)));
    CHECK(index < m->header->used && room->generation > 0);
    for (uint32_t i = 0; i < index; i++)
        CHECK(!bytes_equal(map_name(room), map_name(&m->rooms[i])));
    CHECK(head - pos <= STREAM);
    while (pos != head) {
        CHECK(head - pos <= STREAM);
        check_record(m, index, pos, &last);
        pos += (copy_out(m, index, pos, out) + 7) / 8 * 8;
    }
    CHECK(end->pos == head && end->epoch <= m->header->last_epoch);
    if (last.number)
        CHECK(end->epoch > last.epoch
                  ? end->number == 0
                  : end->epoch == last.epoch && end->number == last.number);
    CHECK(!renewed || end->number == 0);
}

static void check_map(const struct map *m, bool renewed)
{
    CHECK(m->header->used <= m->header->room_count);
    for (uint32_t i = 0; i < m->header->room_count; i++)
        if (m->rooms[i].name_len)
            check_room(m, i, renewed);
}

/* ---- A worker ------------------------------------------------------------------ */

static void carve(struct store *s, struct arena *a)
{
    uint32_t rooms = s->map.header->room_count;
    board_carve(&s->board, a, rooms, 1);
    s->readers = arena_carve(a, rooms, sizeof *s->readers);
    s->whole = arena_carve(a, 1, s->map.stream_size / 4);
}

static void read_and_say(struct store *s, uint32_t index)
{
    uint8_t name[MAP_ROOM_NAME];
    struct span is = map_name(&s->map.rooms[index]);
    struct record r,
        more = {.opcode = FRAME_TEXT, .payload = BYTES_LITERAL("more")};
    uint32_t room;
    bool anew;
    memcpy(name, is.ptr, is.len);
    CHECK(store_open(s, bytes_span(name, is.len), 1, UINT32_MAX, &room,
                     &anew) == STORE_DONE);
    CHECK(room == index && anew);
    const uint8_t *from = s->map.streams + (size_t)index * s->map.stream_size;
    while (store_read(s, room, &r)) {
        bool here = r.payload.ptr >= from &&
                    r.payload.ptr + r.payload.len <= from + s->map.stream_size;
        CHECK(here || r.payload.ptr >= s->whole);
        store_pass(s, room);
    }
    CHECK(s->damaged == 0);
    struct store_id last = store_last(s, room);
    CHECK(store_seize(s, room, record_len(&more)) == STORE_DONE);
    store_number(s, room, &more);
    store_append(s, room, &more);
    CHECK(more.epoch > last.epoch ? more.number == 1
                                  : more.number == last.number + 1);
    CHECK(store_read(s, room, &r) && bytes_equal(r.payload, more.payload));
    store_pass(s, room);
}

static void go_on(const struct map *m)
{
    struct store s = {.map = *m, .crc = &crc};
    struct arena a;
    arena_init(&a, NULL, SIZE_MAX);
    carve(&s, &a);
    size_t size = a.used;
    void *memory = memory_of(size);
    arena_init(&a, memory, size);
    carve(&s, &a);
    store_table_remake(&s);
    for (uint32_t i = 0; i < m->header->used; i++)
        if (m->rooms[i].name_len)
            read_and_say(&s, i);
    free(memory);
}

/* ---- From beginning to end ------------------------------------------------------ */

static struct mend_found mend(struct store *s, bool trusted)
{
    uint32_t names[2 * ROOMS] = {0};
    struct mend_plan plan = {.trusted = trusted,
                             .wall = UINT64_C(1795163341123),
                             .random = 77,
                             .names = names};
    struct mend_found found;
    mend_rooms(s, &plan, &found);
    return found;
}

static void carry(const struct store *from, unsigned how)
{
    uint32_t rooms = how & HOW_WIDE ? ROOMS + 1 : 1;
    uint32_t stream = how & HOW_LONG ? 2 * STREAM : STREAM;
    struct store to = {.crc = &crc};
    map_over(&to.map, memory_of(map_size(rooms, stream)), rooms, stream);
    map_begin(&to.map, rooms);
    uint64_t count = carry_rooms(&to, from);
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < from->map.header->used; i++)
        if (from->map.rooms[i].name_len)
            bytes += atom_get(&from->map.rooms[i].head) -
                     atom_get(&from->map.rooms[i].oldest);
    for (uint32_t i = 0; i < to.map.header->used; i++) {
        CHECK(to.map.rooms[i].name_len);
        CHECK(atom_get(&to.map.rooms[i].head) <= bytes);
    }
    CHECK(count <= bytes / RECORD_HEAD);
    if (!(how & HOW_LONG))
        check_map(&to.map, false);
    go_on(&to.map);
    free(to.map.header);
}

static void check_ours(struct span file, unsigned how)
{
    uint8_t whole[STREAM / 4];
    struct store s = {.crc = &crc, .whole = whole};
    const struct map_header *h = (const void *)file.ptr;
    map_over(&s.map, (void *)(uintptr_t)file.ptr, h->room_count, STREAM);
    if (how & HOW_SEALED)
        seal(&s.map);
    struct mend_found found = mend(&s, how & HOW_TRUSTED);
    CHECK(found.renewed || ((how & HOW_TRUSTED) && found.damaged == 0));
    check_map(&s.map, found.renewed);
    for (uint32_t i = 0; i < h->used; i++)
        CHECK(s.map.rooms[i].emptied <= h->emptied);
    uint64_t last_epoch = h->last_epoch;
    struct mend_found again = mend(&s, true);
    CHECK(!again.renewed || last_epoch > UINT64_MAX - (UINT64_C(1) << 48));
    CHECK(again.renewed || again.messages == found.messages);
    carry(&s, how);
    go_on(&s.map);
    check_map(&s.map, false);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    if (crc.tables[0][1] == 0)
        crc32c_init(&crc);
    struct span file = unpack(bytes_span(data + 1, size - 1));
    const struct map_header *h = (const void *)file.ptr;
    const char *fault = mend_refuse(file);
    if (!fault && h->stream_size == STREAM)
        check_ours(file, data[0]);
    else
        CHECK(!fault || (*fault && fault[strlen(fault) - 1] != '.'));
    CHECK(mend_refuse(bytes_part(file, 0, file.len - 1)));
    free((void *)(uintptr_t)file.ptr);
    return 0;
}
