/* SPDX-License-Identifier: MIT */
#include "server/away.h"
#include "server/conn.h"
#include "server/output.h"
#include "server/pending.h"
#include "server/reply.h"
#include "server/staging.h"

const char away_reason[] = "Redis is away";

/* ---- Telling ------------------------------------------------------------- */

static void tell_client(struct server *s, struct client *c)
{
    pending_of(s, c)->is_paused = s->away.is_paused;
    output_begin(s, c);
    staging_frame(s, c, FRAME_FIN | FRAME_TEXT,
                  s->away.is_paused ? BYTES_LITERAL("{\"event\":\"paused\"}")
                                    : BYTES_LITERAL("{\"event\":\"resumed\"}"));
    output_settle(s, c);
}

static void tell(struct server *s)
{
    struct away *a = &s->away;
    uint64_t end = s->cost + LIMITS_TURN_TELL;
    for (; a->tell_at < s->clients.slots.fresh && s->cost < end; a->tell_at++) {
        struct client *c = client_at(&s->clients, a->tell_at);
        s->cost += LIMITS_COST_VISIT;
        if (c->state != CLIENT_OPEN || c->form != CLIENT_JSON_V1 ||
            pending_of(s, c)->is_paused == a->is_paused)
            continue;
        if (client_waits(c, CLIENT_WAITS_OUTPUT))
            a->is_owing = true;
        else
            tell_client(s, c);
    }
    if (a->tell_at < s->clients.slots.fresh)
        return;
    a->tell_by = a->is_owing ? s->now + LIMITS_MEMBERS : UINT64_MAX;
    a->is_owing = false;
    a->tell_at = 0;
}

static void set_paused(struct server *s, bool is_paused)
{
    if (s->away.is_paused == is_paused)
        return;
    s->away.is_paused = is_paused;
    s->away.is_owing = false;
    s->away.tell_at = 0;
    s->away.tell_by = s->now;
}

/* ---- Too long ------------------------------------------------------------ */

static void close_client(struct server *s, struct client *c)
{
    bool is_member = c->state == CLIENT_OPEN && client_in_room(c);
    if (!is_member && !(client_is_unanswered(c) && pending_is_post(s, c)))
        return;
    output_begin(s, c);
    if (is_member)
        conn_close(s, c, CLOSE_TRY_LATER, away_reason, CAUSE_REDIS);
    else
        reply_refuse(s, c, pending_refusal(s, c), away_reason);
    output_settle(s, c);
}

static void close_all(struct server *s)
{
    uint64_t end = s->cost + LIMITS_TURN_GOODBYE;
    while (s->away.close_at < s->clients.slots.fresh && s->cost < end) {
        s->cost += LIMITS_COST_VISIT;
        close_client(s, client_at(&s->clients, s->away.close_at++));
    }
}

/* ---- The turn ------------------------------------------------------------ */

/* When it counts as too long, or UINT64_MAX. */
static uint64_t close_by(const struct server *s)
{
    return s->config->redis_timeout ? s->away.since + s->config->redis_timeout
                                    : UINT64_MAX;
}

void away_turn(struct server *s)
{
    struct away *a = &s->away;
    if (!away_now(s))
        *a = (struct away){.tell_by = a->tell_by,
                           .tell_at = a->tell_at,
                           .is_paused = a->is_paused,
                           .is_owing = a->is_owing};
    else if (a->since == 0)
        a->since = s->now;
    set_paused(s, a->since && s->now - a->since >= AWAY_PAUSED);
    if (a->tell_by <= s->now)
        tell(s);
    if (a->since && close_by(s) <= s->now)
        close_all(s);
}

uint64_t away_wait(const struct server *s)
{
    const struct away *a = &s->away;
    uint64_t at = a->tell_by;
    if (a->since && !a->is_paused)
        at = bytes_min64(at, a->since + AWAY_PAUSED);
    if (a->since && a->close_at < s->clients.slots.fresh)
        at = bytes_min64(at, close_by(s));
    return at > s->now ? at - s->now : 0;
}
