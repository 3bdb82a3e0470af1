/* SPDX-License-Identifier: MIT */
#include "server/loop.h"
#include "base/check.h"
#include "os/clock.h"
#include "os/supervise.h"
#include "server/away.h"
#include "server/broadcast.h"
#include "server/deadline.h"
#include "server/hear.h"
#include "server/input.h"
#include "server/listen.h"
#include "server/output.h"
#include "server/post.h"
#include "server/ready.h"
#include "server/request.h"
#include "server/websocket.h"

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

/* Something of our own. */
static void take_own(struct server *s, uint64_t token)
{
    if (token == SERVER_TOKEN_SIGNALS)
        s->signalled = true;
    else if (token == SERVER_TOKEN_BELL)
        s->rung = true;
    else
        s->listeners[token - SERVER_TOKEN_LISTENERS].ready = true;
}

static void take_event(struct server *s, const struct reactor_event *event)
{
    if (event->token < SERVER_TOKEN_LISTENERS + SERVER_LISTENERS) {
        take_own(s, event->token);
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
   does while it has more to say, whatever it sends in between. A handshake says
   nothing about that. */
static void note_heavy(const struct server *s, struct client *c, bool opened,
                       uint64_t cost)
{
    if (cost >= LIMITS_HEAVY)
        client_set(c, CLIENT_HEAVY);
    else if (!opened && s->cost < LIMITS_TURN_HEAVY / 2 && !ready_may_read(c))
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
        uint64_t most = client_has(c, CLIENT_HEAVY) ? LIMITS_TURN_HEAVY / 2
                                                    : LIMITS_TURN_READ;
        if (c->state != CLIENT_GONE && before >= most) {
            client_push(&s->clients, &put_off, c);
            continue;
        }
        client_clear(c, CLIENT_READY);
        if (c->state == CLIENT_GONE) {
            server_bury(s, c);
        } else {
            bool was_open = c->state == CLIENT_OPEN;
            take_turn(s, c);
            note_heavy(s, c, !was_open && c->state == CLIENT_OPEN,
                       s->cost - before);
        }
    }
    if (put_off.count == 0)
        return;
    for (struct client *c; (c = client_pop(&s->clients, &s->ready));)
        client_push(&s->clients, &put_off, c);
    s->ready = put_off;
}

/* The dirty rooms in turns, so that a small one does not wait for a large one;
   where they are not done they go on in the next turn. That takes no longer than
   the rest of the turn, or a short walk: who was told early may answer by then,
   and the walk that goes on takes it along. */
static void flush_rooms(struct server *s)
{
    struct room *room;
    uint64_t share = s->cost > LIMITS_TURN_WALK ? s->cost : LIMITS_TURN_WALK;
    uint64_t end = s->cost + bytes_min64(share, s->flush_cost);
    while (s->cost < end && (room = room_next_dirty(&s->rooms)) != NULL) {
        uint64_t slice = bytes_min64(s->cost + LIMITS_FLUSH_SLICE, end);
        bool is_heard = /* without streams not even a call */
            !store_has_streams(&s->rooms.store) || hear_room(s, room, slice);
        if (!broadcast_flush(s, room, slice) || !is_heard)
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
        s->reap != CLIENT_NONE || s->rung)
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
    if (store_has_bus(&s->rooms.store))
        wait = bytes_min64(wait, away_wait(s));
    if (s->untold || s->rooms.unclosed)
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
    bool shared = crew_is_shared(&s->crew);
    int count = shared ? loop_wait_in_crew(s, events)
                       : reactor_wait(s->reactor, events, s->patience);
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
        loop_hear_signals(s);
    if (s->rung)
        loop_hear_bell(s);
    if (s->draining)
        loop_say_goodbye(s);
    if (was_told_of_all(s, count))
        run_timers(s);
    if (shared) {
        loop_wake_crew(s);
        loop_hear_rooms(s);
    }
    broadcast_tell(s);
    flush_all(s);
    server_reap(s);
    tell_alive(s);
    s->patience = patience(s);
    if (s->config->has_metrics)
        stats_time(&s->stats.turn, clock_microseconds() - s->woken);
    if (shared)
        loop_tell_crew(s);
    return !s->abort && !(s->draining && loop_is_drained(s));
}

int loop_run(struct server *s)
{
    while (loop_turn(s))
        ;
    if (!s->abort)
        loop_cut_off(s);
    if (!crew_is_shared(&s->crew))
        loop_log_stop(s, s->abort ? "aborted" : "stopped");
    listen_stop(s);
    if (!crew_is_shared(&s->crew))
        server_close_store(s);
    if (s->journal.owing)
        journal_settle(&s->journal, s->wall);
    return s->abort ? 1 : 0;
}
