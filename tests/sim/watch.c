/* SPDX-License-Identifier: MIT */
/* Turns and deadlines; the part of watch.h that knows the time. */
#include "sim/watch.h"
#include "os/clock.h"
#include "server/conn.h"
#include "server/deadline.h"
#include "server/request.h"
#include "server/staging.h"
#include "sim/bearer.h"
#include "sim/happened.h"

struct watch watch;

uint64_t watch_now(void)
{
    return clock_microseconds() / 1000;
}

void watch_forget(void)
{
    memset(&watch, 0, sizeof watch);
    watch_waits_forget();
}

void watch_begin(bool calls_fail)
{
    watch_forget();
    sim_discard_log();
    watch.on = true;
    watch.calls_fail = calls_fail;
    happened("machine", "fewer slots than wanted",
             world.server.clients.size < world.config.clients);
    watch.last = watch.alive = watch_now();
}

struct watched *watch_of(int connection)
{
    assert_in_range(connection, 0, ORIGIN_CONNECTIONS - 1);
    return watch.on ? &watch.all[connection] : NULL;
}

struct watched *watch_client(const struct client *c)
{
    return watch_of(sim_connection(c->fd));
}

bool watch_excused(int connection)
{
    return watch.on && watch.all[connection].excused;
}

/* ---- Looking ------------------------------------------------------------- */

/* What the network has seen of it up to now. */
static void look(struct watched *w, const struct client *c)
{
    uint64_t now = watch_now();
    uint64_t acked = c->sent - sim_unacknowledged(sim_connection(c->fd));
    if (w->paused) {
        w->pause += now - watch.last;
        w->unread += now - watch.last;
        w->unheard_at = now;
    }
    w->paused = false;
    if (w->received != c->received) {
        w->heard_at = now;
        w->pinged = false;
    }
    if (w->acked != acked) {
        w->acked_at = now;
        memmove(w->past + 1, w->past, sizeof w->past - sizeof *w->past);
        w->past[0].at = now;
        w->past[0].acked = acked;
    }
    if (w->sent != c->sent)
        w->sent_at = now;
    w->received = c->received;
    w->acked = acked;
    w->sent = c->sent;
}

/* The buffer of a message that has begun, or NULL. */
static const struct lease *unfinished(const struct client *c)
{
    const struct server *s = &world.server;
    if (c->state != CLIENT_OPEN || c->taken)
        return NULL;
    uint32_t inflating =
        c->client_bits ? client_profile(&s->clients, c)->inflating : LEASE_NONE;
    return inflating != LEASE_NONE  ? lease_at(&s->inflating, inflating)
           : c->inbox != LEASE_NONE ? lease_at(&s->leases, c->inbox)
                                    : NULL;
}

/* Timers that cost too much for one turn go on in the next one. */
static bool timers_go_on(const struct server *s)
{
    return s->cost >= LIMITS_TURN_TIMERS && wheel_wait(&s->wheel, s->now) == 0;
}

/* And what the server has made of it in this turn. */
static void settle(struct watched *w, const struct client *c)
{
    const unsigned waits = CLIENT_WAITS_OUTPUT | CLIENT_WAITS_BUFFER;
    const unsigned unheard = CLIENT_PARKED | CLIENT_READY;
    uint64_t now = watch_now();
    if (w->state == CLIENT_IDLE && c->state == CLIENT_REQUEST)
        w->asked_at = now;
    if (w->state != c->state)
        w->state_at = now;
    if (w->state != c->state && c->state == CLIENT_OPEN)
        w->heard_at = now;
    if (!w->waits)
        w->waits_at = now;
    if (c->waits || (c->flags & unheard))
        w->unheard_at = now;
    w->state = c->state;
    w->waits = client_waits(c, waits);
    w->paused = c->waits != 0;
    const struct lease *l = unfinished(c);
    if (l && !w->unfinished) {
        w->begun_at = now;
        w->unread = 0;
    }
    w->unfinished = l != NULL;
    /* Else a timer of the next turn ends it. */
    if (l && w->unheard_at != now && !timers_go_on(&world.server))
        assert_true(now - server_since(&world.server, l->since) +
                        world.config.message_timeout + 2 * WHEEL_TICK >=
                    now);
}

static uint64_t last_of(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* Since when has it taken nothing, though something was pending? */
static uint64_t stuck_since(const struct watched *w)
{
    return last_of(w->acked_at, w->waits_at);
}

/* ---- Not late ------------------------------------------------------------ */

/* Progress is looked at a few times in a write timeout, and for the first time
   a little later than the rest; a machine that stood still looks anew. */
static uint64_t stuck_deadline(const struct config *config,
                               const struct watched *w)
{
    uint64_t look = config->write_timeout / LIMITS_PROGRESS + 1;
    if (watch.calls_fail) /* and so may a few of those looks */
        look = config->write_timeout;
    uint64_t since = last_of(stuck_since(w), w->sent_at);
    return last_of(since, watch.frozen) + config->write_timeout +
           last_of(look, LIMITS_FIRST_LOOK) + WHEEL_TICK;
}

static uint64_t heartbeat_deadline(const struct config *config,
                                   const struct watched *w)
{
    uint64_t ping = last_of(w->heard_at, w->unheard_at) + config->ping;
    if (config->ping == 0)
        return UINT64_MAX - WHEEL_TICK;
    return w->pinged ? last_of(w->pinged_at + w->pause + config->pong_timeout,
                               w->unheard_at + config->ping)
                     : ping;
}

/* When at the latest must something have happened to it? */
static uint64_t deadline(const struct config *config, const struct watched *w)
{
    switch ((enum client_state)w->state) {
    case CLIENT_PROXY:
    case CLIENT_REQUEST: return w->asked_at + config->handshake_timeout;
    case CLIENT_OPEN:
        if (!w->waits)
            return heartbeat_deadline(config, w);
        return stuck_deadline(config, w);
    case CLIENT_BODY: return w->state_at + config->message_timeout;
    case CLIENT_ASKING: /* since it began, or its content did */
        return w->asked_at + config->handshake_timeout +
               config->message_timeout;
    case CLIENT_IDLE: return w->idle_at + config->keep_alive;
    case CLIENT_REPLY:
        if (w->waits)
            return stuck_deadline(config, w);
        break;
    case CLIENT_CLOSING: return w->state_at + config->close_timeout;
    case CLIENT_LINGER: return w->state_at + LIMITS_LINGER;
    case CLIENT_GONE: break;
    }
    return UINT64_MAX - WHEEL_TICK;
}

static void nobody_is_late(const struct server *s)
{
    if (timers_go_on(s))
        return;
    for (uint32_t i = 0; i < s->clients.slots.fresh; i++) {
        const struct client *c = client_at(&s->clients, i);
        if (c->state == CLIENT_GONE)
            continue;
        const struct watched *w = watch_client(c);
        uint64_t at = deadline(s->config, w);
        if (watch_now() > at + WHEEL_TICK)
            fail_msg("client %u, state %u: its deadline was %llu ms ago", i,
                     w->state, (unsigned long long)(watch_now() - at));
    }
}

/* ---- Not early ----------------------------------------------------------- */

bool __real_staging_frame(struct server *s, struct client *c, uint8_t first,
                          struct span payload);
void __real_conn_close(struct server *s, struct client *c, unsigned code,
                       const char *reason, enum journal_cause cause);
void __real_conn_drop(struct server *s, struct client *c,
                      enum journal_cause cause);
void __real_request_timeout(struct server *s, struct client *c);
void __real_caller_answered(struct server *s, struct client *c);

static void has_passed(uint64_t since, uint64_t span)
{
    if (watch_now() - since < span)
        fail_msg("a deadline of %llu ms after %llu ms",
                 (unsigned long long)span,
                 (unsigned long long)(watch_now() - since));
}

bool __wrap_staging_frame(struct server *s, struct client *c, uint8_t first,
                          struct span payload)
{
    if (watch.on && first == (FRAME_FIN | FRAME_PING)) {
        struct watched *w = watch_client(c);
        look(w, c);
        assert_false(w->pinged);
        has_passed(w->heard_at, s->config->ping);
        happened("deadline", "ping", 1);
        w->pinged = true;
        w->pinged_at = watch_now();
        w->pause = 0;
    }
    if (watch.on && first == (FRAME_FIN | FRAME_TEXT))
        watch_told(c, payload);
    return __real_staging_frame(s, c, first, payload);
}

/* In the last write-timeout, of output in a buffer: what was acknowledged by
   then is not told from what was before. */
static void has_taken_too_little(const struct server *s,
                                 const struct watched *w)
{
    uint64_t timeout = s->config->write_timeout, then = watch_now() - timeout;
    size_t i = 0;
    has_passed(w->waits_at, timeout);
    while (i < WATCHED_PAST && w->past[i].at > then)
        i++;
    if (i == WATCHED_PAST) /* more has happened than is known */
        return;
    assert_true(w->acked - w->past[i].acked <=
                timeout * LIMITS_LEAST_PACE / 1000);
    happened("deadline", "write, of what lies in a buffer", 1);
}

/* A cause that is a deadline: was it one? */
static void may_end(const struct server *s, const struct client *c,
                    enum journal_cause cause)
{
    struct watched *w = watch_client(c);
    look(w, c);
    if (watch.newcomer && cause != CAUSE_NO_BUFFER) {
        watch_gives_way(s, c);
    } else if (cause == CAUSE_NONE && c->state == CLIENT_IDLE) {
        has_passed(w->idle_at, s->config->keep_alive);
        happened("deadline", "keep-alive", 1);
    } else if (cause == CAUSE_PONG_TIMEOUT) {
        assert_true(w->pinged); /* and nothing came since, */
        has_passed(w->pinged_at, s->config->pong_timeout);
        assert_int_equal(sim_unread(sim_connection(c->fd)), 0); /* or waits */
    } else if (cause == CAUSE_MESSAGE_TIMEOUT) {
        assert_true(w->unfinished);
        has_passed(w->begun_at, s->config->message_timeout + w->unread);
        happened("deadline", "message", 1);
    } else if (cause == CAUSE_WRITE_TIMEOUT && !watch.calls_fail) {
        if (c->outbox == LEASE_NONE)
            has_passed(stuck_since(w), s->config->write_timeout);
        else
            has_taken_too_little(s, w);
        if (c->state == CLIENT_REPLY)
            happened("deadline", "write, of a page", 1);
    } else if (cause == CAUSE_CLOSE_TIMEOUT) {
        has_passed(w->state_at, s->config->close_timeout);
        happened("deadline", "close", 1);
    } else if (cause == CAUSE_NONE && c->state == CLIENT_LINGER) {
        has_passed(w->state_at, LIMITS_LINGER);
        happened("deadline", "linger", 1);
    } else if (cause == CAUSE_NO_BUFFER) {
        assert_true(watch_exhausted(&s->leases) ||
                    watch_exhausted(&s->inflating));
        watch_evicted(c);
        w->excused = true;
    }
}

void __wrap_conn_close(struct server *s, struct client *c, unsigned code,
                       const char *reason, enum journal_cause cause)
{
    if (watch.on && c->state == CLIENT_OPEN)
        may_end(s, c, cause);
    __real_conn_close(s, c, code, reason, cause);
}

void __wrap_conn_drop(struct server *s, struct client *c,
                      enum journal_cause cause)
{
    if (watch.on && c->state != CLIENT_GONE)
        may_end(s, c, cause);
    __real_conn_drop(s, c, cause);
}

void __wrap_request_timeout(struct server *s, struct client *c)
{
    if (watch.on && c->state == CLIENT_BODY) {
        has_passed(watch_client(c)->state_at, s->config->message_timeout);
        happened("deadline", "half a post", 1);
    } else if (watch.on)
        has_passed(watch_client(c)->asked_at, s->config->handshake_timeout);
    __real_request_timeout(s, c);
}

void __wrap_caller_answered(struct server *s, struct client *c)
{
    if (watch.on) {
        struct watched *w = watch_client(c);
        w->asked_at = w->idle_at = watch_now();
        w->counted = false; /* until it asks again */
    }
    __real_caller_answered(s, c);
}

/* ---- The turn ------------------------------------------------------------ */

bool __real_loop_turn(struct server *s);

static void each(struct server *s,
                 void (*what)(struct watched *w, const struct client *c))
{
    for (uint32_t i = 0; i < s->clients.slots.fresh; i++) {
        const struct client *c = client_at(&s->clients, i);
        if (c->state != CLIENT_GONE)
            what(watch_client(c), c);
    }
}

/* Who drains, and who is supervised, must be done in time, too. */
static void the_server_is_in_time(const struct server *s)
{
    uint64_t now = watch_now(), watchdog = s->config->supervised.watchdog;
    if (watch.drained)
        assert_true(now <= watch.drained + s->config->drain);
    if (s->config->supervised.notify && watchdog)
        assert_true(now <= watch.alive + watchdog);
}

/* What it did in this turn for those two. */
static void look_at_server(const struct server *s, bool runs)
{
    uint64_t now = watch_now();
    if (s->draining && !watch.drained)
        watch.drained = now;
    if (watch.drained && !runs)
        happened("deadline", "drain", now >= watch.drained + s->config->drain);
    if (strstr(sim_told(), "WATCHDOG=1")) {
        watch.alive = now;
        happened("deadline", "watchdog", 1);
    }
    happened("machine", "out of descriptors", s->rest_until > now);
}

bool __wrap_loop_turn(struct server *s)
{
    if (!watch.on)
        return __real_loop_turn(s);
    uint64_t now = watch_now();
    each(s, look);
    if (now <= watch.last + watch.patience) {
        nobody_is_late(s); /* it would have slept over it */
        the_server_is_in_time(s);
    } else {
        watch.frozen = now;
    }
    watch_waits_before(s);
    bool runs = __real_loop_turn(s);
    each(s, look);
    each(s, settle);
    watch_free_slots(s);
    nobody_is_late(s);
    bearer_turn(timers_go_on(s));
    look_at_server(s, runs);
    if (runs)
        the_server_is_in_time(s);
    watch_rooms(s);
    watch_progress(s);
    watch_waits(s);
    watch.last = now;
    watch.patience = s->patience;
    return runs;
}
