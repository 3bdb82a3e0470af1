/* SPDX-License-Identifier: MIT */
#include "client/session.h"
#include "os/clock.h"
#include "os/entropy.h"
#include "os/error.h"
#include "os/process.h"
#include "os/signals.h"
#include "wire/http.h"

static size_t aligned(size_t size)
{
    return (size + 15) & ~(size_t)15;
}

static struct ws_config config_of(const struct session_settings *settings)
{
    return (struct ws_config){
        .client = true,
        .deflate = settings->compression ? WS_DEFLATE : WS_PLAIN,
        .origin = settings->origin,
        .fields = settings->fields,
    };
}

size_t session_size(const struct session_settings *settings)
{
    struct ws_config config = config_of(settings);
    return aligned(sizeof(struct session)) + ws_size(&config);
}

struct session *session_make(void *memory,
                             const struct session_settings *settings)
{
    struct session *s = memory;
    s->settings = settings;
    s->ws = (void *)((uint8_t *)memory + aligned(sizeof *s));
    s->show.terminal = process_is_terminal(1);
    s->unsaid.bytes = s->unsaid_bytes;
    s->unsaid.size = sizeof s->unsaid_bytes;
    return s;
}

void session_stop(struct session *s, enum session_end end, unsigned code,
                  struct span why)
{
    s->state = SESSION_OVER;
    if (s->end != SESSION_GOES_ON)
        return;
    s->end = end;
    s->code = code;
    text_put(&s->reason,
             bytes_part(why, 0, bytes_min(why.len, SESSION_REASON)));
}

static void stop(struct session *s, enum session_end end, const char *why)
{
    session_stop(s, end, 0, bytes_of(why));
}

/* ---- The request --------------------------------------------------------- */

/* RFC 3986 2.3: all but these is written as %XX. */
static void put_encoded(struct text *t, struct span s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (bytes_is_alnum_or(s.ptr[i], BYTES_LITERAL("-._~"))) {
            text_byte(t, s.ptr[i]);
        } else {
            text_byte(t, '%');
            text_hex(t, s.ptr[i], 2);
        }
    }
}

static void put_parameter(struct text *t, bool *first, const char *name,
                          struct span value)
{
    text_string(t, *first ? "?" : "&");
    text_string(t, name);
    put_encoded(t, value);
    *first = false;
}

/* Path and query, with a name, and from the second time on with what was heard
   last: of a parameter that comes twice the last one counts. */
static bool put_target(struct session *s)
{
    const struct target *target = &s->settings->target;
    struct text t = text_over((uint8_t *)s->target, sizeof s->target - 1);
    bool first = target->query.len == 0;
    text_put(&t, target->path);
    if (!first) {
        text_byte(&t, '?');
        text_put(&t, target->query);
    }
    if (s->settings->name)
        put_parameter(&t, &first, "name=", bytes_of(s->settings->name));
    if (s->joined && s->last.len)
        put_parameter(&t, &first,
                      "since=", bytes_span(s->last.bytes, s->last.len));
    else if (s->joined) /* nothing was there when we came: all is new */
        put_parameter(&t, &first, "history=", BYTES_LITERAL("1000000"));
    s->target[t.len] = 0;
    return !t.overflow;
}

static bool begin(struct session *s)
{
    struct span authority = s->settings->target.authority;
    struct text host = text_over((uint8_t *)s->host, sizeof s->host - 1);
    s->config = config_of(s->settings);
    text_put(&host, authority);
    s->host[host.len] = 0;
    s->config.host = s->host;
    s->config.target = s->target;
    s->config.subprotocols = s->settings->subprotocols;
    if (!s->config.subprotocols && target_is_room(&s->settings->target) &&
        !s->settings->binary)
        s->config.subprotocols = "chatd.v1";
    if (host.overflow || !put_target(s) ||
        entropy_fill(s->config.nonce, sizeof s->config.nonce) != 0)
        return false;
    (void)ws_begin(s->ws, &s->config);
    s->owed = ws_request(s->ws, s->out, SESSION_OUT);
    return s->owed > 0;
}

/* ---- Frames -------------------------------------------------------------- */

bool session_frame(struct session *s, struct ws_frame frame)
{
    if (entropy_fill(frame.key, sizeof frame.key) != 0) {
        stop(s, SESSION_LOST, "no random bytes");
        return false;
    }
    size_t len =
        ws_write(s->ws, &frame, s->out + s->owed, SESSION_OUT - s->owed);
    s->owed += len;
    return len > 0;
}

/* ---- The socket ---------------------------------------------------------- */

static void receive(struct session *s)
{
    ptrdiff_t got =
        socket_receive(s->fd, s->in + s->have, sizeof s->in - s->have);
    if (got > 0) {
        s->have += (size_t)got;
        s->heard = s->now;
        s->pinged = 0;
        session_hear(s);
        return;
    }
    if (got < 0 && error_kind((int)got) == ERROR_WAIT)
        return;
    if (s->state == SESSION_OPENING)
        stop(s, SESSION_UNREACHED, "the connection ended before an answer");
    else
        stop(s, SESSION_LOST,
             got ? error_text((int)got) : "the connection ended");
}

static void flush(struct session *s)
{
    struct span part = bytes_span(s->out, s->owed);
    ptrdiff_t sent = s->owed ? socket_send(s->fd, &part, 1) : 0;
    if (sent > 0) {
        s->owed -= (size_t)sent;
        memmove(s->out, s->out + sent, s->owed);
    } else if (sent < 0 && error_kind((int)sent) != ERROR_WAIT) {
        stop(s, SESSION_LOST, error_text((int)sent));
    }
}

/* ---- Deadlines ----------------------------------------------------------- */

/* When something is due, and what. UINT64_MAX: never. */
static uint64_t due(const struct session *s)
{
    const struct session_settings *settings = s->settings;
    switch (s->state) {
    case SESSION_CALLING:
    case SESSION_OPENING: return s->began + settings->handshake_timeout;
    case SESSION_CLOSING:
    case SESSION_DRAINING: return s->closed + settings->close_timeout;
    case SESSION_OPEN:
        if (s->pinged)
            return s->pinged + settings->pong_timeout;
        return settings->ping ? s->heard + settings->ping : UINT64_MAX;
    case SESSION_OVER: break;
    }
    return s->now;
}

static void act(struct session *s)
{
    switch (s->state) {
    case SESSION_CALLING: stop(s, SESSION_UNREACHED, "no connection"); break;
    case SESSION_OPENING:
        stop(s, SESSION_UNREACHED, "no answer to the handshake");
        break;
    case SESSION_OPEN:
        if (s->pinged)
            stop(s, SESSION_LOST, "no answer to a ping");
        else if (session_frame(s, (struct ws_frame){.kind = WS_PING}))
            s->pinged = s->now;
        break;
    case SESSION_CLOSING: stop(s, SESSION_LOST, "no answer to a Close"); break;
    case SESSION_DRAINING: s->state = SESSION_OVER; break;
    case SESSION_OVER: break;
    }
}

/* ---- The loop ------------------------------------------------------------ */

static void called(struct session *s)
{
    int result = dial_result(s->fd);
    if (result < 0)
        stop(s, SESSION_UNREACHED, error_text(result));
    else
        s->state = SESSION_OPENING;
}

/* A second signal does not wait for anybody. */
static void interrupt(struct session *s)
{
    if (s->input_ended || s->state != SESSION_OPEN)
        stop(s, SESSION_LOST, "interrupted");
    s->input_ended = true;
    s->typed_len = 0;
    if (s->state == SESSION_OPEN)
        session_leave(s);
}

static void turn(struct session *s, int signals)
{
    bool calling = s->state == SESSION_CALLING;
    struct dial_wait waits[] = {
        {.fd = s->fd, .read = !calling, .write = calling || s->owed > 0},
        {.fd = 0, .read = session_wants_input(s)},
        {.fd = signals, .read = true},
    };
    uint64_t at = due(s);
    int result = dial_wait(waits, 3,
                           at == UINT64_MAX ? UINT64_MAX
                           : at > s->now    ? at - s->now
                                            : 0);
    s->now = clock_microseconds() / 1000;
    if (result < 0)
        stop(s, SESSION_LOST, error_text(result));
    if (waits[2].readable && signals_read(signals) == SIGNALS_STOP)
        interrupt(s);
    if (calling && waits[0].writable)
        called(s);
    else if (waits[0].readable)
        receive(s);
    if (waits[1].readable && s->state == SESSION_OPEN)
        session_type(s);
    if (s->state != SESSION_OVER && s->now >= due(s))
        act(s);
    session_say(s);
    if (!calling)
        flush(s);
}

void session_run(struct session *s, const struct socket_address *address,
                 int signals)
{
    s->state = SESSION_CALLING;
    s->end = SESSION_GOES_ON;
    s->reason = text_over(s->reason_bytes, sizeof s->reason_bytes);
    s->have = 0;
    s->pinged = 0;
    s->code = 0;
    s->room = s->ready = s->typed_more = false;
    s->typed_utf8 = (struct utf8){0};
    s->now = s->began = s->heard = clock_microseconds() / 1000;
    if (!begin(s)) {
        stop(s, SESSION_SENSELESS, "a request of these options would be none");
        return;
    }
    s->fd = socket_dial(address);
    if (s->fd < 0) {
        stop(s, SESSION_UNREACHED, error_text(s->fd));
        return;
    }
    while (s->state != SESSION_OVER)
        turn(s, signals);
    flush(s);
    socket_close(s->fd);
}
