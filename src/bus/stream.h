/* SPDX-License-Identifier: MIT */
/*
 * stream: a room, which is a stream in Redis.
 *
 *   match   XRANGE key OURS OURS     another one, or none: a gap
 *   read    XREAD from OURS          to the end: then is known what became of
 *                                    all that was under way
 *   send    XADD key EPOCH-* m ...
 */
#ifndef BUS_STREAM_H
#define BUS_STREAM_H

#include "bus/state.h"

/* We were rung for it, or it may have been left by our predecessor; somebody has
   proposed something for it. */
void stream_look(struct bus *b, uint32_t index);
void stream_want(struct bus *b, uint32_t index);

/* All begin anew, as after each connecting. */
void stream_reconnect(struct bus *b);

/* Those are let go that nobody wants any more: at once, where others want places. */
void stream_let_go(struct bus *b, bool at_once);

/* Its part of a turn: it matches, ends its reading, sends. */
void stream_step(struct bus *b, uint32_t index);

/* ---- Match and read: stream_read.c ---------------------------------------------- */

/* Something may be there: of one; of all that nobody has told of. */
void stream_dirty(struct bus *b, uint32_t index);
void stream_sweep(struct bus *b);

/* Read some of those that are dirty. */
void stream_read(struct bus *b);
void stream_read_end(struct bus *b);

void stream_matched(struct bus *b, uint32_t index, bool found);
bool stream_is_match(const struct bus *b, uint32_t index, struct resp_id id,
                     struct span value);

/* The last entry of a room that was never read. */
void stream_last(struct bus *b, uint32_t index, struct resp_id id);

/* ---- Hear: stream_hear.c ---------------------------------------------------------- */

/* An entry was read; a value that is empty is none of ours. False: workers have to
   read first; the same once more. */
bool stream_hear(struct bus *b, uint32_t index, struct resp_id id,
                 struct span value);

/* What cannot be read is passed over with the next connection. */
void stream_skip(struct bus *b, uint32_t index, struct resp_id id);

/* ---- Send: stream_send.c ----------------------------------------------------------- */

/* The reply to one that was sent. */
void stream_added(struct bus *b, uint32_t index,
                  const struct resp_event *event);

/* ---- The parts, for each other ------------------------------------------------------- */

/* What board_room.mark says beside the hash of an entry. */
#define STREAM_MARK_NONE 0 /* nothing was read */
#define STREAM_MARK_GAP  1 /* the last one that was is gone */

#define STREAM_LIFE 48 /* bits of an epoch below its life */

static inline unsigned stream_life(uint64_t epoch)
{
    return (unsigned)(epoch >> STREAM_LIFE);
}

/* Redis counts from 0. */
static inline struct resp_id stream_id(struct store_id id)
{
    return (struct resp_id){.epoch = id.epoch, .number = id.number - 1};
}

bool stream_is_ready(const struct bus *b, uint32_t index);
void stream_set_ready(struct bus *b, uint32_t index);
struct resp_id stream_position(const struct bus *b, uint32_t index);
uint64_t stream_hash(const struct bus *b, struct resp_id id, struct span value);
void stream_proposal(const struct bus *b, const struct flight *f,
                     struct record *r);
bool stream_lose(struct bus *b, uint32_t index);
bool stream_put_gap(struct bus *b, uint32_t index, struct store_id id);
void stream_match(struct bus *b, uint32_t index);
bool stream_end_reading(struct bus *b, uint32_t index);
void stream_send(struct bus *b, uint32_t index);
void stream_renew(struct bus *b, uint32_t index);

#endif
