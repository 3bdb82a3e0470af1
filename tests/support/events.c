/* SPDX-License-Identifier: MIT */
#include "support/events.h"
#include "support/guard.h"

#include <stdio.h>
#include <stdlib.h>

void events_make(struct events *e, size_t size)
{
    *e = (struct events){.size = size + EVENTS_KEPT_MAX};
    e->edge = guard_before(NULL, e->size) + e->size;
    /* Each byte is at most \xHH, and each frame of two bytes a short line. */
    size_t log_size = 64 + 16 * e->size;
    e->log = text_over(malloc(log_size), log_size);
    if (!e->log.ptr)
        abort();
}

void events_free(struct events *e)
{
    guard_free(e->edge - e->size);
    free(e->log.ptr);
}

void events_begin(struct events *e, const struct message_rules *rules)
{
    e->reader = (struct message_reader){0};
    e->rules = *rules;
    e->log.len = 0;
    e->log.overflow = false;
    e->broken = NULL;
    e->end = (struct message_event){0};
    e->kept_len = 0;
    e->in_frame = e->in_message = e->over = false;
}

/* ---- The log ------------------------------------------------------------- */

static void put_bytes(struct text *log, struct span s)
{
    for (size_t i = 0; i < s.len; i++) {
        uint8_t byte = s.ptr[i];
        bool prints = byte >= ' ' && byte <= '~';
        if (prints && byte != '\\' && byte != '[' && byte != ']') {
            text_byte(log, byte);
        } else {
            text_string(log, "\\x");
            text_hex(log, byte, 2);
        }
    }
}

static void put_frame_start(struct text *log, struct events_frame frame)
{
    if (frame.first)
        text_byte(log, '[');
    text_string(log, frame.binary ? "binary" : "text");
    text_string(log, frame.compressed ? "* " : " ");
}

static void put_frame_end(struct text *log, bool last)
{
    text_string(log, last ? "]\n" : "\n");
}

void events_put_frame(struct text *log, struct events_frame frame,
                      struct span payload)
{
    put_frame_start(log, frame);
    put_bytes(log, payload);
    put_frame_end(log, frame.last);
}

void events_put_control(struct text *log, const char *what, struct span payload)
{
    text_string(log, what);
    text_byte(log, ' ');
    put_bytes(log, payload);
    text_byte(log, '\n');
}

/* ---- What the reader tells ----------------------------------------------- */

static void promise(struct events *e, bool kept, const char *what)
{
    if (!kept && !e->broken)
        e->broken = what;
}

static void note_data(struct events *e, const struct message_event *event)
{
    promise(e, event->first != e->in_message, "first is the first piece");
    promise(e, event->frame_end || !event->last, "last ends a frame");
    promise(e, event->len > 0 || event->frame_end, "no piece for nothing");
    promise(e, event->opcode == FRAME_TEXT || event->opcode == FRAME_BINARY,
            "the opcode is the message's");
    if (!e->in_frame) {
        e->frame_start = e->log.len;
        put_frame_start(&e->log, (struct events_frame){
                                     .binary = event->opcode == FRAME_BINARY,
                                     .compressed = event->compressed,
                                     .first = event->first,
                                 });
    }
    put_bytes(&e->log, bytes_span(event->ptr, event->len));
    if (event->frame_end)
        put_frame_end(&e->log, event->last);
    e->in_frame = !event->frame_end;
    e->in_message = !event->last;
}

static void note_end(struct events *e, const struct message_event *event)
{
    e->over = true;
    e->end = *event;
    bool failed = event->type == MESSAGE_FAIL;
    if (failed && e->in_frame)
        e->log.len = e->frame_start;
    e->in_frame = false;
    char what[32];
    snprintf(what, sizeof what, "%s %u", failed ? "fail" : "close",
             event->code);
    events_put_control(&e->log, what,
                       failed ? bytes_of(event->reason)
                              : bytes_span(event->ptr, event->len));
}

static void note(struct events *e, const struct message_event *event)
{
    struct span payload = bytes_span(event->ptr, event->len);
    if (event->type != MESSAGE_NONE)
        promise(e, !e->over, "nothing follows CLOSE or FAIL");
    switch (event->type) {
    case MESSAGE_NONE: break;
    case MESSAGE_DATA: note_data(e, event); break;
    case MESSAGE_PING: events_put_control(&e->log, "ping", payload); break;
    case MESSAGE_PONG: events_put_control(&e->log, "pong", payload); break;
    case MESSAGE_CLOSE:
    case MESSAGE_FAIL: note_end(e, event); break;
    }
    bool at_rest = !e->in_message && !e->over;
    if (event->type != MESSAGE_NONE)
        promise(e, message_at_rest(&e->reader) == at_rest,
                "at rest between messages");
}

static void note_again(struct events *e, const struct message_event *event)
{
    promise(e,
            event->type == MESSAGE_FAIL && event->code == e->end.code &&
                event->reason == e->end.reason,
            "the same FAIL comes again");
}

/* ---- The caller's part --------------------------------------------------- */

static void keep(struct events *e, const uint8_t *ptr, size_t len)
{
    promise(e, len <= EVENTS_KEPT_MAX, "a header and a control frame is all");
    e->kept_len = bytes_min(len, EVENTS_KEPT_MAX);
    memcpy(e->kept, ptr, e->kept_len);
}

void events_take(struct events *e, const uint8_t *ptr, size_t len)
{
    uint8_t *in = e->edge - (e->kept_len + len);
    memcpy(in, e->kept, e->kept_len);
    if (len)
        memcpy(in + e->kept_len, ptr, len);
    for (;;) {
        struct message_event event;
        size_t left = (size_t)(e->edge - in);
        size_t taken = message_read(&e->reader, &e->rules, in, left, &event);
        promise(e, taken <= left, "no more is taken than there is");
        promise(e, taken == left || event.type != MESSAGE_FAIL,
                "FAIL takes everything");
        if (e->over && e->end.type == MESSAGE_FAIL)
            note_again(e, &event);
        else
            note(e, &event);
        in += bytes_min(taken, left);
        if (event.type == MESSAGE_NONE || event.type == MESSAGE_FAIL)
            break;
        promise(e, taken > 0, "an event is progress");
        if (e->broken)
            break;
    }
    keep(e, in, (size_t)(e->edge - in));
    promise(e, !e->log.overflow, "the log is large enough");
}
