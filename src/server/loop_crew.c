/* SPDX-License-Identifier: MIT */
/* One of several workers: what it tells the others, and hears from them. */
#include "server/admit.h"
#include "server/away.h"
#include "server/loop.h"
#include "server/member.h"
#include "server/ready.h"

/* What others have said before is read first, so that it comes before the Close;
   but that is not waited for without end. */
static void hear_stop(struct server *s)
{
    if (s->stop_by == 0)
        s->stop_by = s->now + LIMITS_REST;
    else if (s->rooms.dirty.count == 0 || s->now >= s->stop_by)
        loop_drain(s);
    s->rung = !s->draining;
}

void loop_hear_bell(struct server *s)
{
    s->rung = false;
    if (crew_asked(&s->crew))
        admit_give_way(s);
    if (atom_acquire(&s->crew.common->stop) && !s->draining)
        hear_stop(s);
}

void loop_wake_crew(struct server *s)
{
    crew_wake(&s->crew, store_wake(&s->rooms.store));
}

void loop_tell_crew(struct server *s)
{
    uint32_t now[CREW_GAUGES];
    server_count(s, now);
    crew_tell(&s->crew, now, s->config->has_metrics ? &s->stats : NULL);
    crew_turned(&s->crew);
    loop_wake_crew(s);
}

int loop_wait_in_crew(struct server *s,
                      struct reactor_event events[REACTOR_EVENTS])
{
    struct store *store = &s->rooms.store;
    bool sleeps = s->patience > 0 && store_sleep(store);
    int count = reactor_wait(s->reactor, events, sleeps ? s->patience : 0);
    store_wakes(store);
    return count;
}

void loop_hear_rooms(struct server *s)
{
    uint32_t index;
    bool rung = false;
    if (store_has_bus(&s->rooms.store))
        away_turn(s);
    while ((index = store_rung(&s->rooms.store)) != STORE_NONE) {
        struct room *room = room_at(&s->rooms, index);
        rung = true;
        member_rung(s, room);
    }
    if (!rung)
        return;
    if (s->rooms.full)
        member_ask_all(s);
    room_let_go_all(&s->rooms);
    ready_ask_all_again(s);
}
