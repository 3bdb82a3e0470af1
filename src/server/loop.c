/* SPDX-License-Identifier: MIT */
#include "server/loop.h"
#include "base/check.h"
#include "os/clock.h"
#include "os/signals.h"
#include "os/supervise.h"
#include "server/broadcast.h"
#include "server/conn.h"
#include "server/deadline.h"
#include "server/input.h"
#include "server/listen.h"
#include "server/output.h"
#include "server/post.h"
#include "server/ready.h"
#include "server/reply.h"
#include "server/request.h"
#include "server/websocket.h"

/* ---- Signals ------------------------------------------------------------- */

static void log_state(struct server *s)
{
    struct journal_line line;
    const uint32_t *in = s->clients.in_state;
    if (!journal_begin(&s->journal, &line, LEVEL_INFO, JOURNAL_STATE, s->wall))
        return;
    journal_number(&line, "clients", in[CLIENT_OPEN]);
    journal_number(&line, "closing", in[CLIENT_CLOSING] + in[CLIENT_LINGER]);
    journal_number(&line, "http",
                   in[CLIENT_PROXY] + in[CLIENT_REQUEST] + in[CLIENT_BODY] +
                       in[CLIENT_REPLY] + in[CLIENT_IDLE]);
    journal_number(&line, "slots", s->clients.slots.count);
    journal_number(&line, "slots_max", s->clients.size);
    journal_number(&line, "rooms", s->rooms.in_use);
    journal_number(&line, "rooms_max", s->rooms.topics.slots.size);
    journal_number(&line, "buffers", s->leases.slots.count);
    journal_number(&line, "buffers_max", s->leases.slots.size);
    journal_end(&line);
}

static void log_stop(struct server *s, const char *what)
{
    struct journal_line line;
    if (!journal_begin(&s->journal, &line, LEVEL_INFO, JOURNAL_STOP, s->wall))
        return;
    journal_put(&line, "what", bytes_of(what));
    journal_number(&line, "clients", s->clients.in_state[CLIENT_OPEN]);
    journal_end(&line);
}

static void drain(struct server *s)
{
    s->draining = true;
    s->drain_until = s->now + s->config->drain;
    log_stop(s, "draining");
    server_tell(s, "STOPPING=1");
    listen_stop(s);
}

/* Every WebSocket gets what was published before, then Close 1001; half a post
   is refused. To a million that takes many turns, and --drain may be over
   before. */
static void say_goodbye(struct server *s)
{
    if (!s->draining)
        return;
    uint64_t end = s->cost + LIMITS_TURN_GOODBYE;
    while (s->cost < end && s->drain_at < s->clients.slots.fresh) {
        struct client *c = client_at(&s->clients, s->drain_at++);
        s->cost += LIMITS_COST_VISIT;
        if (c->state != CLIENT_OPEN && c->state != CLIENT_BODY)
            continue;
        output_begin(s, c);
        if (c->state == CLIENT_BODY)
            reply_refuse(s, c, 503, "stopping");
        else
            conn_close(s, c, CLOSE_GOING_AWAY, "stopping", CAUSE_STOPPING);
        output_settle(s, c);
    }
}

static void handle_signals(struct server *s)
{
    enum signals_event event;
    s->signalled = false;
    while ((event = signals_read(s->signals)) != SIGNALS_NONE) {
        if (event == SIGNALS_STATE)
            log_state(s);
        else if (s->draining)
            s->abort = true;
        else
            drain(s);
    }
}

/* Are there clients whose end is to be waited for? */
static bool drained(const struct server *s)
{
    const uint32_t *in = s->clients.in_state;
    return s->now >= s->drain_until || in[CLIENT_OPEN] + in[CLIENT_CLOSING] +
                                               in[CLIENT_LINGER] +
                                               in[CLIENT_REPLY] ==
                                           0;
}

/* ---- Signs of life ---------------------------------------------------- */

/* A turn has come to its end: we are alive. A sign of life that is lost is
   made up for soon, for the next one would come at the last moment. */
static void tell_alive(struct server *s)
{
    uint64_t next = s->config->supervised.watchdog;
    if (s->untold)
        server_tell(s, s->untold);
    if (!next || s->now < s->alive_at)
        return;
    if (!supervise_tell(s->supervisor, "WATCHDOG=1"))
        next = bytes_min64(next, LIMITS_REST);
    s->alive_at = s->now + next;
}

/* ---- The loop ------------------------------------------------------------ */

static void take_event(struct server *s, const struct reactor_event *event)
{
    if (event->token == SERVER_TOKEN_SIGNALS) {
        s->signalled = true;
        return;
    }
    if (event->token < SERVER_TOKEN_LISTENERS + SERVER_LISTENERS) {
        s->listeners[event->token - SERVER_TOKEN_LISTENERS].ready = true;
        return;
    }
    struct client *c = client_find(&s->clients, event->token);
    if (!c || c->state == CLIENT_GONE)
        return;
    if (event->hangup)
        client_set(c, CLIENT_HANGUP);
    if (event->readable)
        client_set(c, CLIENT_READABLE);
    if (event->writable && client_waits(c, CLIENT_WAITS_OUTPUT))
        server_make_dirty(s, c);
    else
        ready_add(s, c);
}

/* Handle what a ready client has sent: one receive at most. */
static void take_turn(struct server *s, struct client *c)
{
    if (!ready_may_read(c))
        return;
    output_begin(s, c);
    if (c->state == CLIENT_OPEN)
        websocket_turn(s, c);
    else if (c->state == CLIENT_LINGER)
        input_take(s, c, SIZE_MAX, &(size_t){0}); /* for nobody */
    else if (c->state == CLIENT_BODY)
        post_turn(s, c);
    else
        request_turn(s, c);
    output_settle(s, c);
}

/* While there is more work than a turn may hold, heavy stays heavy, and so it
   does while it has more to say, whatever it sends in between. */
static void note_heavy(const struct server *s, struct client *c, uint64_t cost)
{
    if (cost >= LIMITS_HEAVY)
        client_set(c, CLIENT_HEAVY);
    else if (s->cost < LIMITS_TURN_READ / 2 && !ready_may_read(c))
        client_clear(c, CLIENT_HEAVY);
}

/* Those that are ready now; one that becomes ready again waits for the next
   turn, so that everybody has a turn. Who is put off comes first in it. */
static void read_all(struct server *s)
{
    struct client_queue put_off = {0};
    for (uint32_t left = s->ready.count; left > 0; left--) {
        struct client *c = client_pop(&s->clients, &s->ready);
        uint64_t before = s->cost;
        uint64_t most = client_has(c, CLIENT_HEAVY) ? LIMITS_TURN_READ / 2
                                                    : LIMITS_TURN_READ;
        if (c->state != CLIENT_GONE && before >= most) {
            client_push(&s->clients, &put_off, c);
            continue;
        }
        client_clear(c, CLIENT_READY);
        if (c->state == CLIENT_GONE) {
            server_bury(s, c);
        } else {
            take_turn(s, c);
            note_heavy(s, c, s->cost - before);
        }
    }
    if (put_off.count == 0)
        return;
    for (struct client *c; (c = client_pop(&s->clients, &s->ready));)
        client_push(&s->clients, &put_off, c);
    s->ready = put_off;
}

/* The dirty rooms in turns, so that a small one does not wait for a large one;
   where they are not done they go on in the next turn. */
static void flush_rooms(struct server *s)
{
    struct room *room;
    uint64_t end = s->cost + s->flush_cost;
    while (s->cost < end && (room = room_next_dirty(&s->rooms)) != NULL) {
        uint64_t slice = s->cost + LIMITS_FLUSH_ROOM;
        if (!broadcast_flush(s, room, bytes_min64(slice, end)))
            room_soil(&s->rooms, room);
    }
}

static void flush_all(struct server *s)
{
    flush_rooms(s);
    uint64_t end = s->cost + LIMITS_TURN_DIRTY;
    for (uint32_t left = s->dirty.count; left > 0 && s->cost < end; left--) {
        struct client *c = client_pop(&s->clients, &s->dirty);
        client_clear(c, CLIENT_DIRTY);
        if (c->state == CLIENT_GONE)
            server_bury(s, c);
        else
            output_flush(s, c);
    }
}

static void run_timers(struct server *s)
{
    uint64_t end = s->cost + LIMITS_TURN_TIMERS;
    while (s->cost < end) {
        uint32_t index = wheel_pop(&s->wheel, s->now);
        if (index == WHEEL_NONE)
            return;
        s->cost += LIMITS_COST_TIMER;
        deadline_reached(s, client_at(&s->clients, index));
    }
}

/* Input before timers: after a pause of the machine the pong of a client may
   wait behind all those that one look at the reactor tells of. After so many
   looks it was told of; half of one is left for the listeners. */
static bool was_told_of_all(struct server *s, int count)
{
    if (count == REACTOR_EVENTS &&
        ++s->looks * (REACTOR_EVENTS / 2) <= s->clients.slots.count)
        return false;
    s->looks = 0;
    return true;
}

/* How long the reactor may sleep. */
static uint64_t patience(const struct server *s)
{
    if (s->ready.count || s->dirty.count || s->rooms.dirty.count ||
        s->reap != CLIENT_NONE)
        return 0;
    uint64_t wait = wheel_wait(&s->wheel, s->now);
    if (s->rooms.tell_at != UINT64_MAX)
        wait = bytes_min64(
            wait, s->rooms.tell_at > s->now ? s->rooms.tell_at - s->now : 0);
    wait = bytes_min64(wait, listen_wait(s));
    if (s->draining)
        wait = s->drain_at < s->clients.slots.fresh
                   ? 0
                   : bytes_min64(wait, s->drain_until - s->now);
    if (s->untold)
        wait = bytes_min64(wait, LIMITS_REST);
    if (s->journal.owing)
        wait = bytes_min64(wait, 1000 - s->wall % 1000);
    if (s->config->supervised.watchdog)
        wait = bytes_min64(wait, s->alive_at - s->now);
    return wait;
}

bool loop_turn(struct server *s)
{
    struct reactor_event events[REACTOR_EVENTS];
    uint64_t before = s->now;
    int count = reactor_wait(s->reactor, events, s->patience);
    CHECK(count >= 0);
    server_read_clocks(s);
    if (s->now - before >= LIMITS_PAUSE &&
        s->now - before - LIMITS_PAUSE >= s->patience)
        s->resumed = s->now;
    s->cost = 0;
    for (int i = 0; i < count; i++)
        take_event(s, &events[i]);
    listen_accept(s);
    read_all(s);
    if (s->signalled)
        handle_signals(s);
    say_goodbye(s);
    if (was_told_of_all(s, count))
        run_timers(s);
    broadcast_tell(s);
    flush_all(s);
    server_reap(s);
    tell_alive(s);
    s->patience = patience(s);
    if (s->config->has_metrics)
        stats_time(&s->stats.turn, clock_microseconds() - s->woken);
    return !s->abort && !(s->draining && drained(s));
}

int loop_run(struct server *s)
{
    while (loop_turn(s))
        ;
    log_stop(s, s->abort ? "aborted" : "stopped");
    listen_stop(s);
    if (s->journal.owing)
        journal_settle(&s->journal, s->wall);
    return s->abort ? 1 : 0;
}
