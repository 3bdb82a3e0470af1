/* SPDX-License-Identifier: MIT */
/* Signals, and the way to the end. */
#include "os/signals.h"
#include "server/clientlog.h"
#include "server/conn.h"
#include "server/listen.h"
#include "server/loop.h"
#include "server/output.h"
#include "server/pending.h"
#include "server/reply.h"

void loop_log_state(struct server *s)
{
    struct journal_line line;
    uint32_t now[CREW_GAUGES];
    const uint32_t *in = &now[CREW_STATE];
    if (!journal_begin(&s->journal, &line, LEVEL_INFO, JOURNAL_STATE, s->wall))
        return;
    server_count_all(s, now);
    journal_number(&line, "clients", in[CLIENT_OPEN]);
    journal_number(&line, "closing", in[CLIENT_CLOSING] + in[CLIENT_LINGER]);
    journal_number(&line, "http",
                   in[CLIENT_PROXY] + in[CLIENT_REQUEST] + in[CLIENT_BODY] +
                       in[CLIENT_ASKING] + in[CLIENT_REPLY] + in[CLIENT_IDLE]);
    journal_number(&line, "slots", now[CREW_SLOTS]);
    journal_number(&line, "slots_max", server_slots(s));
    journal_number(&line, "rooms", server_rooms(s));
    journal_number(&line, "rooms_max", s->config->rooms);
    journal_number(&line, "buffers", now[CREW_LEASES]);
    journal_number(&line, "buffers_max",
                   (uint64_t)s->config->buffers * s->crew.count);
    journal_end(&line);
}

void loop_log_stop(struct server *s, const char *what)
{
    struct journal_line line;
    uint32_t now[CREW_GAUGES];
    if (!journal_begin(&s->journal, &line, LEVEL_INFO, JOURNAL_STOP, s->wall))
        return;
    server_count_all(s, now);
    journal_put(&line, "what", bytes_of(what));
    journal_number(&line, "clients", now[CREW_STATE + CLIENT_OPEN]);
    journal_end(&line);
}

void loop_drain(struct server *s)
{
    s->draining = true;
    s->drain_until = s->now + s->config->drain;
    if (!crew_is_shared(&s->crew)) /* else the keeper does */
        loop_log_stop(s, "draining");
    server_tell(s, "STOPPING=1");
    listen_stop(s);
}

void loop_say_goodbye(struct server *s)
{
    uint64_t end = s->cost + LIMITS_TURN_GOODBYE;
    while (s->cost < end && s->drain_at < s->clients.slots.fresh) {
        struct client *c = client_at(&s->clients, s->drain_at++);
        s->cost += LIMITS_COST_VISIT;
        if (c->state != CLIENT_OPEN && c->state != CLIENT_BODY &&
            c->state != CLIENT_ASKING)
            continue;
        output_begin(s, c);
        if (c->state == CLIENT_OPEN)
            conn_close(s, c, CLOSE_GOING_AWAY, "stopping", CAUSE_STOPPING);
        else
            reply_refuse(s, c, pending_refusal(s, c), "stopping");
        output_settle(s, c);
    }
}

void loop_hear_signals(struct server *s)
{
    enum signals_event event;
    s->signalled = false;
    while ((event = signals_read(s->signals)) != SIGNALS_NONE) {
        if (event == SIGNALS_STATE)
            loop_log_state(s);
        else if (s->draining)
            s->abort = true;
        else
            loop_drain(s);
    }
}

/* What they were told stands in their farewell; the kernel does the rest. */
void loop_cut_off(struct server *s)
{
    for (uint32_t i = 0; i < s->clients.slots.fresh; i++) {
        struct client *c = client_at(&s->clients, i);
        if (c->state == CLIENT_OPEN)
            conn_drop(s, c, CAUSE_STOPPING);
        else if ((c->state == CLIENT_CLOSING || c->state == CLIENT_LINGER) &&
                 c->as.farewell.cause != CAUSE_REFUSED)
            clientlog_close(s, c);
    }
}

bool loop_is_drained(const struct server *s)
{
    const uint32_t *in = s->clients.in_state;
    return s->now >= s->drain_until || in[CLIENT_OPEN] + in[CLIENT_CLOSING] +
                                               in[CLIENT_LINGER] +
                                               in[CLIENT_REPLY] ==
                                           0;
}
