/* SPDX-License-Identifier: MIT */
/*
 * A room's stream: who writes has its lock, who reads has its own position.
 * Neither blocks: a writer who would overwrite what somebody has not read gets
 * FULL, and is rung.
 *
 *   the writer                            a reader
 *   lock                                  head (acquire)
 *   nobody's cursor is in the way?        records up to it
 *   oldest: beyond what is overwritten    cursor (release)
 *   the end that does not hold (map.h)
 *   the record's bytes
 *   head (release)  <-- the commit
 *   unlock, ring
 *
 * Death at any step leaves what stood before it, or the whole message; but for
 * the lock, which the keeper frees.
 *
 *   empty             oldest = head
 *                     [................................]
 *   41 to 43 said     oldest                 head
 *                     [ 41      )[ 42   )[ 43 )........]
 *   read: 41                     cursor
 *   44 does not fit behind 43: it wraps around. First `oldest` moves on
 *                           head oldest
 *                     [  44 )....[ 42   )[ 43 )[  44   ]
 *   a cursor still before 42: nothing is written, FULL; whoever's it is rings
 *   when it has passed
 *
 * Nothing is synced to the disk here (store_file.h).
 */
#include "base/check.h"
#include "store/store.h"

static struct map_room *map_room(const struct store *s, uint32_t room)
{
    return &s->map.rooms[room];
}

static struct board_room *board_room(const struct store *s, uint32_t room)
{
    return &s->board.rooms[room];
}

/* ---- Bytes of a stream --------------------------------------------------- */

static uint8_t *stream_at(const struct store *s, uint32_t room, uint32_t pos)
{
    size_t size = s->map.stream_size;
    return s->map.streams + room * size + (pos & (size - 1));
}

/* How many lie side by side from here on. */
static size_t straight(const struct store *s, uint32_t pos)
{
    return s->map.stream_size - (pos & (s->map.stream_size - 1));
}

/* A record of so many bytes that wraps around is made in `whole`, and written in
   two. */
static void wrap(const struct store *s, uint32_t room, uint32_t pos, size_t len)
{
    size_t first = straight(s, pos);
    atom_copy(stream_at(s, room, pos), s->whole, first);
    atom_copy(stream_at(s, room, pos + (uint32_t)first), s->whole + first,
              len - first);
}

static void put(const struct store *s, uint32_t room, uint32_t pos,
                const struct record *r)
{
    size_t len = record_len(r);
    bool wraps = len > straight(s, pos);
    record_write(wraps ? s->whole : stream_at(s, room, pos), r, s->crc, pos);
    if (wraps)
        wrap(s, room, pos, len);
}

static const uint8_t *unwrap(const struct store *s, uint32_t room, uint32_t pos,
                             size_t len, uint8_t *whole)
{
    size_t first = straight(s, pos);
    memcpy(whole, stream_at(s, room, pos), first);
    memcpy(whole + first, stream_at(s, room, pos + (uint32_t)first),
           len - first);
    return whole;
}

/* `len` bytes from a position on: where they lie, or copied to `whole` where
   they wrap around. */
static inline const uint8_t *bytes_at(const struct store *s, uint32_t room,
                                      uint32_t pos, size_t len, uint8_t *whole)
{
    return len <= straight(s, pos) ? stream_at(s, room, pos)
                                   : unwrap(s, room, pos, len, whole);
}

/* The `len` of the record at a position, where it may be one that ends at or
   before `head`; else 0. */
static uint32_t len_at(const struct store *s, uint32_t room, uint32_t pos,
                       uint32_t head)
{
    uint8_t whole[RECORD_HEAD];
    uint32_t left = head - pos;
    if (left < RECORD_HEAD)
        return 0;
    uint32_t len = record_key(bytes_at(s, room, pos, RECORD_HEAD, whole)).len;
    return len >= RECORD_HEAD && len <= store_record_max(s) &&
                   record_aligned(len) <= left
               ? len
               : 0;
}

uint32_t store_stream_record(const struct store *s, uint32_t room, uint32_t pos,
                             uint32_t head, struct record *r)
{
    uint32_t len = len_at(s, room, pos, head);
    return len && record_read(r, bytes_at(s, room, pos, len, s->whole), len,
                              s->crc, pos)
               ? len
               : 0;
}

/* ---- Writing ----------------------------------------------------------------- */

void store_unlock(struct store *s, uint32_t room)
{
    struct board_room *b = board_room(s, room);
    board_unlock(&b->lock);
    store_ring_waiting(s, room, &b->want_lock);
}

/* Which others have not read what would be overwritten with `need` more bytes: a
   bit each. */
static uint32_t in_the_way(const struct store *s, uint32_t room, uint32_t need)
{
    uint32_t end = atom_get(&map_room(s, room)->head) + need, who = 0;
    uint32_t others = atom_get(&board_room(s, room)->open) & ~store_bit(s);
    for (; others; others &= others - 1) {
        uint32_t w = (uint32_t)__builtin_ctz(others);
        const struct board_place *place = board_place(&s->board, room, w);
        if (end - atom_acquire(&place->cursor) > s->map.stream_size)
            who |= UINT32_C(1) << w;
    }
    return who;
}

bool store_take_lock(const struct store *s, struct atom *lock,
                     struct atom *want)
{
    if (board_lock(lock, s->worker))
        return true;
    /* It is to be rung when it is worth another try: said before that. */
    atom_set_bits(want, store_bit(s));
    return board_lock(lock, s->worker);
}

bool store_lock(const struct store *s, uint32_t room)
{
    struct board_room *b = board_room(s, room);
    return store_take_lock(s, &b->lock, &b->want_lock);
}

bool store_is_read(const struct store *s, uint32_t room)
{
    return s->readers[room].pos == atom_acquire(&map_room(s, room)->head);
}

/* Those in the way are asked to ring us, before the next try. A try for a lock
   is an exchange; this one only reads: so a fence. */
static void ask_to_be_rung(const struct store *s, uint32_t room, uint32_t who)
{
    for (uint32_t w = 0; w < s->board.worker_count; w++)
        if (who >> w & 1)
            atom_set_bits(&board_place(&s->board, room, w)->wanted,
                          store_bit(s));
    atom_fence();
}

static enum store_outcome outcome_locked(const struct store *s, uint32_t room,
                                         uint32_t need)
{
    if (!store_is_read(s, room))
        return STORE_BEHIND;
    uint32_t who = in_the_way(s, room, need);
    if (!who)
        return STORE_DONE;
    ask_to_be_rung(s, room, who);
    return in_the_way(s, room, need) ? STORE_FULL : STORE_DONE;
}

enum store_outcome store_seize(struct store *s, uint32_t room, size_t len)
{
    CHECK(s->seized == 0);
    if (!store_has_streams(s))
        return STORE_DONE;
    CHECK(len <= store_record_max(s));
    CHECK(store_is_open(s, room));
    if (!store_lock(s, room))
        return STORE_BUSY;
    enum store_outcome outcome = outcome_locked(s, room, record_aligned(len));
    if (outcome == STORE_DONE) {
        s->seized = room + 1;
        s->seized_len = len;
    } else
        store_unlock(s, room);
    return outcome;
}

void store_release(struct store *s)
{
    uint32_t room = s->seized - 1;
    if (s->seized == 0)
        return;
    s->seized = 0;
    store_unlock(s, room);
}

/* `oldest` moves first: who dies in the midst of the overwriting leaves one that
   is whole. */
static void let_go(struct store *s, uint32_t room, uint32_t end)
{
    struct map_room *m = map_room(s, room);
    uint32_t head = atom_get(&m->head), oldest = atom_get(&m->oldest);
    while (end - oldest > s->map.stream_size) {
        uint32_t len = len_at(s, room, oldest, head);
        oldest = len ? oldest + record_aligned(len) : head; /* damaged */
    }
    atom_put(&m->oldest, oldest);
    atom_fence();
}

static void write_record(struct store *s, uint32_t room, const struct record *r)
{
    struct map_room *m = map_room(s, room);
    uint32_t pos = atom_get(&m->head);
    uint32_t end = pos + record_aligned(record_len(r));
    struct map_end *other = &m->ends[map_end(m) == &m->ends[0]];
    let_go(s, room, end);
    *other =
        (struct map_end){.epoch = r->epoch, .number = r->number, .pos = end};
    put(s, room, pos, r);
    atom_release(&m->head, end);
}

void store_write(struct store *s, uint32_t room, const struct record *r)
{
    CHECK(s->seized == room + 1 && record_len(r) <= s->seized_len);
    write_record(s, room, r);
    store_release(s);
    store_ring_readers(s, room);
}

/* ---- Reading ------------------------------------------------------------- */

/* Does it follow the one before? A count begins at 1. What is no message says
   itself where it stands. */
static bool follows(struct store_id before, const struct record *r)
{
    if (r->kind != RECORD_MESSAGE)
        return true;
    return r->epoch == before.epoch ? r->number == before.number + 1
                                    : r->number == 1;
}

/* All up to `pos` counts as seen, and the next to be passed ends there. */
static void stand_before(struct store_reader *reader, uint32_t pos)
{
    reader->next = pos;
    reader->seen = pos;
}

/* What stands here is no message: a damaged file, or a fault of ours. All up to
   the head is lost. A writer may go on meanwhile: it writes the end that does not
   hold, so the one read here is whole if the head is the same afterwards. */
static void pass_damage(struct store *s, uint32_t room)
{
    const struct map_room *m = map_room(s, room);
    struct store_reader *reader = &s->readers[room];
    s->damaged++;
    do {
        stand_before(reader, atom_acquire(&m->head));
        reader->last = store_end(s, room);
        atom_fence();
    } while (atom_get(&m->head) != reader->next);
    store_pass(s, room);
}

/* The head is asked only where all that was seen is read: at each message, who
   reads would take its line of the cache from who goes on writing. */
bool store_read(struct store *s, uint32_t room, struct record *r)
{
    struct store_reader *reader = &s->readers[room];
    if (!store_has_streams(s))
        return false;
    if (reader->pos == reader->seen)
        reader->seen = atom_acquire(&map_room(s, room)->head);
    if (reader->pos == reader->seen)
        return false;
    uint32_t len = store_stream_record(s, room, reader->pos, reader->seen, r);
    if (len == 0 || !follows(reader->last, r)) {
        pass_damage(s, room);
        return false;
    }
    reader->last = (struct store_id){r->epoch, r->number};
    reader->next = reader->pos + record_aligned(len);
    return true;
}

void store_read_own(struct store *s, uint32_t room, const struct record *r)
{
    struct store_reader *reader = &s->readers[room];
    reader->last = (struct store_id){r->epoch, r->number};
    stand_before(reader, reader->pos + record_aligned(record_len(r)));
}

void store_pass(struct store *s, uint32_t room)
{
    struct store_reader *reader = &s->readers[room];
    struct board_place *place = store_place(s, room);
    reader->pos = reader->next;
    atom_release(&place->cursor, reader->pos);
    store_ring_waiting(s, room, &place->wanted);
}

struct store_id store_last(const struct store *s, uint32_t room)
{
    return s->readers[room].last;
}

/* ---- Where reading begins ------------------------------------------------ */

bool store_stream_holds(const struct store *s, uint32_t room)
{
    uint32_t head = atom_get(&map_room(s, room)->head);
    uint32_t oldest = atom_get(&map_room(s, room)->oldest);
    return head - s->readers[room].pos <= head - oldest;
}

/* The records that are there: 0 where they make no sense. */
static uint64_t count_held(const struct store *s, uint32_t room)
{
    uint32_t head = atom_get(&map_room(s, room)->head);
    uint64_t count = 0;
    for (uint32_t pos = atom_get(&map_room(s, room)->oldest); pos != head;
         count++) {
        uint32_t len = len_at(s, room, pos, head);
        if (len == 0)
            return 0;
        pos += record_aligned(len);
    }
    return count;
}

/* The id before that of the record at a position; what is no message has that
   itself. */
static struct store_id id_before(const struct store *s, uint32_t room,
                                 uint32_t pos)
{
    uint8_t whole[RECORD_HEAD];
    struct record_key key =
        record_key(bytes_at(s, room, pos, RECORD_HEAD, whole));
    return (struct store_id){key.epoch,
                             key.number - (key.kind == RECORD_MESSAGE)};
}

void store_stream_seek(struct store *s, uint32_t room, uint64_t most)
{
    const struct map_room *m = map_room(s, room);
    struct store_reader *reader = &s->readers[room];
    reader->last = store_end(s, room);
    reader->pos = atom_get(&m->head);
    reader->seen = reader->pos;
    if (!store_has_streams(s))
        return;
    uint64_t count = count_held(s, room);
    uint32_t pos = atom_get(&m->oldest);
    for (; count > most; count--)
        pos += record_aligned(len_at(s, room, pos, reader->pos));
    if (count == 0)
        return;
    reader->last = id_before(s, room, pos);
    reader->pos = pos;
}
