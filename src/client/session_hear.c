/* SPDX-License-Identifier: MIT */
/* What comes from the server: events, and what follows from them. */
#include "client/session.h"
#include "os/entropy.h"
#include "wire/http.h"

static void keep(struct session_text *t, struct span s)
{
    if (s.len == 0 || s.len > sizeof t->bytes)
        return;
    memcpy(t->bytes, s.ptr, s.len);
    t->len = s.len;
}

static bool is(const struct session_text *t, struct span s)
{
    return t->len && bytes_equal(bytes_span(t->bytes, t->len), s);
}

/* ---- A room -------------------------------------------------------------- */

/* Everything that was missed is here: what did not come back by now was not
   said, and is said now. */
static void be_ready(struct session *s)
{
    s->ready = true;
    s->spoke = s->uid;
    session_say_again(s);
}

static void hear_said(struct session *s, const struct said *said)
{
    if (said->kind == SAID_WELCOME) {
        keep(&s->uid, said->uid);
        if (!s->joined)
            keep(&s->last, said->last);
        s->joined = true;
        s->following = said->following;
        if (s->following == 0)
            be_ready(s);
    }
    if (said->kind != SAID_MESSAGE)
        return;
    keep(&s->last, said->id);
    if (is(&s->spoke, said->uid))
        unsaid_drop(&s->unsaid);
    if (s->following && --s->following == 0)
        be_ready(s);
}

/* A message of a room is shown once it is whole. One that is too long for that
   is shown as it is. */
static void hear_in_room(struct session *s, const struct ws_event *event)
{
    struct said said;
    struct span piece = bytes_span(event->ptr, event->len);
    if (event->first) {
        s->message_len = 0;
        s->message_long = false;
    }
    if (!s->message_long && piece.len > SESSION_MESSAGE - s->message_len) {
        show_message(&s->show, bytes_span(s->message, s->message_len));
        s->message_long = true;
    }
    if (s->message_long) {
        show_message(&s->show, piece);
        show_words(&s->show, event->last ? "\n" : "");
        return;
    }
    if (piece.len)
        memcpy(s->message + s->message_len, piece.ptr, piece.len);
    s->message_len += piece.len;
    if (event->last && said_read(&said, s->message, s->message_len)) {
        show_said(&s->show, &said);
        hear_said(s, &said);
    }
}

/* ---- Any server ---------------------------------------------------------- */

static void hear_message(struct session *s, const struct ws_event *event)
{
    bool bytes = event->kind == WS_BINARY;
    if (s->room && !bytes) {
        hear_in_room(s, event);
        return;
    }
    if (bytes && s->show.terminal && !s->settings->binary) {
        if (event->first)
            s->message_len = 0;
        s->message_len += event->len;
        if (!event->last)
            return;
        show_words(&s->show, "-- binary, ");
        show_number(&s->show, s->message_len);
        show_words(&s->show, " bytes\n");
        return;
    }
    show_message(&s->show, bytes_span(event->ptr, event->len));
    if (event->last && !s->settings->binary)
        show_words(&s->show, "\n");
}

static void hear_open(struct session *s, const struct ws_event *event)
{
    struct span agreed =
        bytes_span(event->subprotocol.ptr, event->subprotocol.len);
    s->state = SESSION_OPEN;
    s->room = bytes_equal(agreed, BYTES_LITERAL("chatd.v1"));
    s->ready = !s->room;
}

static void hear_refusal(struct session *s, const struct ws_event *event)
{
    session_stop(s, SESSION_REFUSED, event->code,
                 bytes_of(http_phrase(event->code)));
}

static void hear_failure(struct session *s, const struct ws_event *event)
{
    session_stop(s,
                 s->state == SESSION_OPENING ? SESSION_REFUSED : SESSION_FAILED,
                 event->code, bytes_of(event->reason));
}

/* Before the end, as far as the kernel takes it at once, a Close goes out. */
static void answer(struct session *s, const struct ws_event *event)
{
    uint8_t key[4];
    if (entropy_fill(key, sizeof key) == 0)
        s->owed += ws_answer(s->ws, event, key, s->out + s->owed,
                             SESSION_OUT - s->owed);
}

static void hear_one(struct session *s, const struct ws_event *event)
{
    switch (event->kind) {
    case WS_NONE:
    case WS_REQUEST:
    case WS_PONG: break;
    case WS_OPEN: hear_open(s, event); break;
    case WS_TEXT:
    case WS_BINARY: hear_message(s, event); break;
    case WS_PING: answer(s, event); break;
    case WS_CLOSE:
        answer(s, event);
        session_stop(s, SESSION_CLOSED, event->code,
                     bytes_span(event->ptr, event->len));
        s->state = SESSION_DRAINING;
        s->closed = s->now;
        break;
    case WS_REFUSED: hear_refusal(s, event); break;
    case WS_FAIL:
        hear_failure(s, event);
        answer(s, event);
        break;
    }
}

void session_hear(struct session *s)
{
    struct ws_event event;
    size_t at = 0;
    do {
        if (SESSION_OUT - s->owed < 512) /* pings that nobody answers */
            break;
        at += ws_read(s->ws, s->in + at, s->have - at, &event);
        hear_one(s, &event);
    } while (event.kind != WS_NONE && s->state != SESSION_OVER);
    s->have -= at;
    memmove(s->in, s->in + at, s->have);
    show_flush(&s->show);
    if (s->show.failure)
        session_stop(s, SESSION_UNHEARD, 0,
                     BYTES_LITERAL("standard output takes nothing"));
}
