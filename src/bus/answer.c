/* SPDX-License-Identifier: MIT */
/* Replies, event by event, each for the call that is next. */
#include "base/check.h"
#include "bus/answer.h"
#include "bus/call.h"
#include "bus/greet.h"
#include "bus/presence.h"
#include "bus/stream.h"
#include "bus/trouble.h"

#define XREAD_DEPTH 2 /* that its entries are deeper than XRANGE's */

/* ---- Entries of streams ----------------------------------------------------- */

/* What of an entry an event is. */
enum part { NOTHING, STREAM, ID, FIELD, VALUE, END };

static enum part part_of(const struct resp_event *event, unsigned base)
{
    if (event->type == RESP_END && event->depth == base + 1)
        return END;
    if (event->type != RESP_BULK)
        return NOTHING;
    if (base && event->depth == 2 && event->index == 0)
        return STREAM;
    if (event->depth == base + 2 && event->index == 0)
        return ID;
    if (event->depth == base + 3)
        return event->index % 2 ? VALUE : FIELD;
    return NOTHING;
}

static void begin_entry(struct bus *b, struct bus_cursor *at, struct span id)
{
    at->found = false;
    at->field = 0;
    at->has_id = resp_id_parse(id, &at->id);
    if (!at->has_id)
        state_fail(b, "an id that is none");
}

static void take_field(struct bus_cursor *at, struct span name)
{
    at->field = name.len == 1 ? name.ptr[0] : 0;
}

/* ---- Rooms: XREAD -------------------------------------------------------------- */

/* PREFIX:r:ROOM */
static uint32_t room_of(const struct bus *b, struct span key)
{
    size_t before = b->plan->prefix.len + 3;
    return key.len > before ? state_named(b, bytes_after(key, before))
                            : FLIGHT_NONE;
}

/* What a worker has to read first: it waits, and all behind it. */
static void hear(struct bus *b, struct bus_cursor *at, struct span value)
{
    at->found = true;
    if (at->room == FLIGHT_NONE || stream_hear(b, at->room, at->id, value))
        return;
    CHECK(value.len <= b->value.size);
    b->value.len = 0;
    text_put(&b->value, value);
    b->held_room = at->room + 1;
    b->held_id = at->id;
}

/* PREFIX:life comes first: whatever else is there is of this life, in the same
   moment. A master that was made a replica has another one's streams, and goes on
   talking to us. */
static void begin_stream(struct bus *b, struct bus_cursor *at, struct span key)
{
    struct span prefix = b->plan->prefix;
    at->is_life =
        key.len >= prefix.len &&
        bytes_equal(bytes_after(key, prefix.len), BYTES_LITERAL(":life"));
    at->room = at->is_life ? FLIGHT_NONE : room_of(b, key);
    if (!at->is_life && !b->is_same_life)
        state_fail(b, "it has another life");
}

static void check_life(struct bus *b, struct span replid)
{
    b->is_same_life = greet_is_life(b, replid);
    if (!b->is_same_life)
        state_fail(b, "it has another life");
}

static void take_read(struct bus *b, struct bus_cursor *at,
                      const struct resp_event *event)
{
    switch (part_of(event, XREAD_DEPTH)) {
    case STREAM: begin_stream(b, at, event->text); break;
    case ID:
        begin_entry(b, at, event->text);
        if (at->room != FLIGHT_NONE)
            state_room(b, at->room)->seen++;
        break;
    case FIELD: take_field(at, event->text); break;
    case VALUE:
        if (at->is_life && at->field == 'r')
            check_life(b, event->text);
        else if (at->field == 'm' && !at->found && b->is_same_life)
            hear(b, at, event->text);
        break;
    case END:
        if (!at->found && at->has_id)
            hear(b, at, bytes_span(NULL, 0)); /* not of our making */
        break;
    case NOTHING: break;
    }
    if (!event->last)
        return;
    if (!b->is_same_life)
        state_fail(b, "it has another life");
    stream_read_end(b);
}

/* ---- Is it still there? XRANGE --------------------------------------------------- */

static void take_match(struct bus *b, struct bus_cursor *at,
                       const struct bus_call *call,
                       const struct resp_event *event)
{
    uint32_t room = call->room;
    switch (part_of(event, 0)) {
    case ID:
        begin_entry(b, at, event->text);
        if (call->kind == BUS_CALL_LAST)
            stream_last(b, room, at->id);
        break;
    case FIELD: take_field(at, event->text); break;
    case VALUE:
        if (at->field == 'm')
            at->found = stream_is_match(b, room, at->id, event->text);
        break;
    case STREAM:
    case END:
    case NOTHING: break;
    }
    if (event->last)
        stream_matched(b, room, at->found);
}

/* ---- The bell ------------------------------------------------------------------------ */

static void take_rung(struct bus *b, struct span names)
{
    for (uint32_t i; (i = state_take_name(b, &names)) != FLIGHT_NONE;)
        stream_dirty(b, i);
}

static void take_beat(struct bus *b, struct span number)
{
    uint64_t beat;
    if (!bytes_decimal(number, &beat) || beat != b->beat)
        return;
    b->beat_back = beat;
    if (!b->is_full)
        state_set(b, BOARD_BUS_HERE);
}

/* Its fields: n NODE, and then what there is: b BEAT, r ROOMS, p PRESENCE,
   q ROOMS. */
static void take_bell(struct bus *b, struct bus_cursor *at,
                      const struct resp_event *event)
{
    struct span value = event->text;
    switch (part_of(event, XREAD_DEPTH)) {
    case ID:
        begin_entry(b, at, value);
        at->node = 0;
        b->bell = at->id;
        break;
    case FIELD: take_field(at, value); break;
    case VALUE:
        if (at->field == 'n' && value.len == 8)
            at->node = bytes_get64(value.ptr);
        else if (at->node == b->board->node && at->field == 'b')
            take_beat(b, value);
        else if (at->node == b->board->node || at->node == 0)
            break;
        else if (at->field == 'r')
            take_rung(b, value);
        else
            presence_heard(b, at->node, at->field, value);
        break;
    case STREAM:
    case END:
    case NOTHING: break;
    }
    if (event->last)
        call_wait(b);
}

/* ---- Whose is it? ---------------------------------------------------------------------- */

/* A sign of life that Redis takes shows that it takes messages again. What was
   told of who is there it may have refused. */
static void take_rang(struct bus *b, const struct resp_event *event)
{
    if (event->type == RESP_BULK && b->is_full) {
        b->is_full = false;
        presence_again(b);
    } else if (event->type == RESP_ERROR && trouble_is_full(event->text)) {
        state_full(b);
        b->beat_back = b->beat; /* it never will */
    } else if (event->type == RESP_ERROR)
        trouble_take(b, event->text);
}

/* What was refused is asked for again, once it takes something. */
static void take_renewed(struct bus *b, uint32_t index,
                         const struct resp_event *event)
{
    if (event->type == RESP_ERROR && trouble_is_full(event->text)) {
        state_full(b);
        state_room(b, index)->renew_at = 0;
    } else if (event->type == RESP_ERROR)
        trouble_take(b, event->text);
}

static void take_work(struct bus *b, struct bus_cursor *at,
                      const struct bus_call *call,
                      const struct resp_event *event)
{
    bool is_add = call->kind == BUS_CALL_ADD;
    if (is_add && event->type == RESP_ERROR && trouble_is_full(event->text))
        state_full(b);
    if (is_add)
        stream_added(b, call->room, event);
    else if (call->kind == BUS_CALL_BELL)
        take_rang(b, event);
    else if (call->kind == BUS_CALL_EXPIRE)
        take_renewed(b, call->room, event);
    else if (event->type == RESP_ERROR)
        trouble_take(b, event->text);
    else if (call->kind == BUS_CALL_READ)
        take_read(b, at, event);
    else if (call->kind == BUS_CALL_MATCH || call->kind == BUS_CALL_LAST)
        take_match(b, at, call, event);
    else if (call->kind == BUS_CALL_WAIT)
        take_bell(b, at, event);
}

static void take_event(struct bus *b, enum bus_link link,
                       const struct resp_event *event)
{
    struct bus_end *e = &b->ends[link];
    if (e->asked == e->answered) {
        state_fail(b, "an answer that nobody asked for");
        return;
    }
    struct bus_call call = e->calls[e->answered % BUS_CALLS];
    if (call.kind <= BUS_CALL_INFO)
        greet_take(b, link, (enum bus_call_kind)call.kind, event);
    else if (call.kind <= BUS_CALL_LAST_BELL)
        greet_go_on(b, &call, event);
    else
        take_work(b, &e->cursor, &call, event);
    if (!event->last)
        return;
    e->answered++;
    e->cursor = (struct bus_cursor){.room = FLIGHT_NONE};
}

static bool is_of_bell(const struct bus_end *e)
{
    uint8_t kind = e->calls[e->answered % BUS_CALLS].kind;
    return e->asked != e->answered &&
           (kind == BUS_CALL_LAST_BELL || kind == BUS_CALL_WAIT);
}

/* What is no RESP at the first word was never Redis. */
static void take_fault(struct bus *b, enum bus_link link, const char *reason)
{
    const struct bus_end *e = &b->ends[link];
    b->keeps_bell = is_of_bell(e);
    if (b->phase == BUS_GREETS && e->answered == 0)
        state_refuse(b, "it does not speak as Redis does");
    else if (e->cursor.has_id && e->cursor.room != FLIGHT_NONE)
        stream_skip(b, e->cursor.room, e->cursor.id);
    state_fail(b, reason);
}

size_t answer_read(struct bus *b, enum bus_link link, const uint8_t *in,
                   size_t len)
{
    struct bus_end *e = &b->ends[link];
    size_t used = 0;
    if (len)
        e->moved = b->now;
    while (b->wish == BUS_STAY && !state_holds(b, link)) {
        struct resp_event event;
        used +=
            resp_read(&e->reader, &b->limits, in + used, len - used, &event);
        if (event.type == RESP_NONE)
            return used;
        if (event.type == RESP_FAIL)
            take_fault(b, link, event.reason);
        else
            take_event(b, link, &event);
    }
    return b->wish == BUS_STAY ? used : len;
}

/* All of a reply but an entry of this size is shorter. */
#define INFO_MAX 16384

void answer_limit(struct bus *b)
{
    b->limits.bulk =
        b->plan->entry_max > INFO_MAX ? b->plan->entry_max : INFO_MAX;
    b->limits.count = BUS_COUNT * BUS_ROOMS;
}

size_t answer_max(const struct bus *b)
{
    return b->limits.bulk + RESP_LINE_MAX;
}
