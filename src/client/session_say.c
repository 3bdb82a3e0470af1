/* SPDX-License-Identifier: MIT */
/* What goes to the server: lines of standard input, as messages. */
#include "client/session.h"
#include "os/error.h"
#include "os/process.h"

/* Room for what the protocol has to answer, which must never wait. */
#define ANSWERS ((size_t)1024)

static bool has_room(const struct session *s, size_t payload_len)
{
    return SESSION_OUT - s->owed >= ws_bound(payload_len) + ANSWERS;
}

static void say_senseless(struct session *s, const char *what)
{
    uint8_t bytes[80];
    struct text t = text_over(bytes, sizeof bytes);
    text_string(&t, "line ");
    text_decimal(&t, s->line + 1);
    text_string(&t, what);
    session_stop(s, SESSION_SENSELESS, 0, text_span(&t));
}

/* ---- A room -------------------------------------------------------------- */

/* {"message":"..."}: at most six bytes for one. */
static size_t json_len(struct span line)
{
    return line.len * 6 + 16;
}

static void say_json(struct session *s, struct span line)
{
    struct text t = text_over(s->json, sizeof s->json);
    text_string(&t, "{\"message\":");
    json_put_string(&t, line);
    text_byte(&t, '}');
    (void)session_frame(
        s, (struct ws_frame){.kind = WS_TEXT, .ptr = t.ptr, .len = t.len});
}

/* A blank line says nothing. */
static bool say_in_room(struct session *s, struct span line)
{
    if (line.len == 0)
        return true;
    if (!has_room(s, json_len(line)) ||
        (s->settings->stay && !unsaid_fits(&s->unsaid, line.len)))
        return false;
    if (s->settings->stay)
        unsaid_add(&s->unsaid, line);
    say_json(s, line);
    return true;
}

void session_say_again(struct session *s)
{
    struct span line;
    size_t at = 0;
    while (unsaid_next(&s->unsaid, &at, &line))
        if (has_room(s, json_len(line)))
            say_json(s, line);
        else
            session_stop(s, SESSION_LOST, 0,
                         BYTES_LITERAL("too much was left unsaid"));
}

/* ---- Lines --------------------------------------------------------------- */

/* `last`: the line ends with it. False: there is no room yet. */
static bool say_line(struct session *s, struct span line, bool last)
{
    if (!s->room && !has_room(s, line.len))
        return false;
    struct utf8 utf8 = s->typed_utf8;
    if (!utf8_take(&utf8, line.ptr, line.len) || (last && !utf8_whole(&utf8))) {
        say_senseless(s, " is not UTF-8: --binary sends any bytes");
        return false;
    }
    if (s->room && !last) {
        say_senseless(s, " is too long for a room");
        return false;
    }
    if (s->room && !say_in_room(s, line))
        return false;
    if (!s->room)
        (void)session_frame(s, (struct ws_frame){.kind = WS_TEXT,
                                                 .more = !last,
                                                 .ptr = line.ptr,
                                                 .len = line.len});
    s->typed_utf8 = utf8;
    s->typed_more = !last;
    s->line += last;
    return true;
}

/* The first line that was typed, or what there is of it. False: it waits. */
static bool say_first(struct session *s)
{
    struct span typed = bytes_span(s->typed, s->typed_len);
    size_t len = bytes_find(typed, '\n');
    bool whole = len < typed.len;
    if (!whole && typed.len < SESSION_TYPED && !s->input_ended)
        return false;
    if (!whole && typed.len == 0 && !s->typed_more)
        return false;
    if (!say_line(s, bytes_part(typed, 0, len), whole || s->input_ended))
        return false;
    s->typed_len = typed.len - len - whole;
    memmove(s->typed, s->typed + len + whole, s->typed_len);
    return true;
}

static bool say_binary(struct session *s)
{
    if (s->typed_len == 0 || !has_room(s, s->typed_len))
        return false;
    (void)session_frame(s, (struct ws_frame){.kind = WS_BINARY,
                                             .ptr = s->typed,
                                             .len = s->typed_len});
    s->typed_len = 0;
    return true;
}

void session_say(struct session *s)
{
    while (s->state == SESSION_OPEN && s->ready &&
           (s->settings->binary ? say_binary(s) : say_first(s)))
        ;
    if (s->state == SESSION_OPEN && s->input_ended && s->ready &&
        s->typed_len == 0 && !s->typed_more)
        session_leave(s);
}

/* ---- Standard input ------------------------------------------------------ */

bool session_wants_input(const struct session *s)
{
    return s->state == SESSION_OPEN && s->ready && !s->input_ended &&
           s->typed_len < SESSION_TYPED &&
           has_room(s, s->room ? json_len(bytes_span(NULL, SESSION_TYPED))
                               : SESSION_TYPED);
}

void session_type(struct session *s)
{
    ptrdiff_t got = process_read_some(s->typed + s->typed_len,
                                      SESSION_TYPED - s->typed_len);
    if (got > 0)
        s->typed_len += (size_t)got;
    else if (got == 0 || error_kind((int)got) != ERROR_WAIT)
        s->input_ended = true;
}

void session_leave(struct session *s)
{
    if (!session_frame(s, (struct ws_frame){.kind = WS_CLOSE, .code = 1000}))
        return;
    s->state = SESSION_CLOSING;
    s->closed = s->now;
}
