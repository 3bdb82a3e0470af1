/* SPDX-License-Identifier: MIT */
#include "server/server.h"
#include "os/clock.h"
#include "os/error.h"
#include "os/supervise.h"

void server_read_clocks(struct server *s)
{
    s->woken = clock_microseconds();
    s->now = s->woken / 1000;
    s->wall = clock_realtime();
    if (s->journal.owing && s->wall / 1000 != s->journal.second)
        journal_settle(&s->journal, s->wall);
}

void server_tell(struct server *s, const char *state)
{
    s->untold = supervise_tell(s->supervisor, state) ? NULL : state;
}

void server_close_store(struct server *s)
{
    if (s->file && !store_file_close(s->file))
        journal_warn(&s->journal, s->wall, "--store cannot be synced", 0);
    s->file = NULL;
}

int server_failed(struct text *why, const char *what, int result)
{
    text_string(why, what);
    if (result < 0) {
        text_string(why, ": ");
        text_string(why, error_text(result));
    }
    return SERVER_FAILED;
}

int server_no_memory(struct text *why, size_t size)
{
    text_string(why, "not enough memory for these options");
    if (size < SIZE_MAX) {
        text_string(why, ": bytes wanted: ");
        text_decimal(why, size);
    }
    return SERVER_FAILED;
}

/* ---- Numbers ------------------------------------------------------------- */

void server_count(const struct server *s, uint32_t gauges[CREW_GAUGES])
{
    gauges[CREW_REGULAR] = s->clients.regular;
    gauges[CREW_IDLE] = s->clients.idle.count;
    gauges[CREW_SLOTS] = s->clients.slots.count;
    gauges[CREW_LEASES] = s->leases.slots.count;
    gauges[CREW_INFLATING] = s->inflating.slots.count;
    gauges[CREW_DEFLATING] = s->deflating.slots.count;
    for (unsigned i = 0; i < CLIENT_STATES; i++)
        gauges[CREW_STATE + i] = s->clients.in_state[i];
}

void server_count_all(const struct server *s, uint32_t gauges[CREW_GAUGES])
{
    server_count(s, gauges);
    crew_add_gauges(&s->crew, gauges);
}

uint32_t server_slots(const struct server *s)
{
    return crew_is_shared(&s->crew) ? s->crew.slots : s->clients.size;
}

uint32_t server_rooms(const struct server *s)
{
    return crew_is_shared(&s->crew) ? crew_rooms(&s->crew) : s->rooms.in_use;
}

/* ---- Queues -------------------------------------------------------------- */

void server_make_dirty(struct server *s, struct client *c)
{
    if (client_has(c, CLIENT_DIRTY))
        return;
    client_set(c, CLIENT_DIRTY);
    client_push(&s->clients, &s->dirty, c);
}

/* One that is still in a queue is buried when it comes out of it; one of which
   something is still to be said, when that is said (conn_settle). */
void server_bury(struct server *s, struct client *c)
{
    if (client_owes(c))
        return;
    if (client_has(c, CLIENT_READY) || client_has(c, CLIENT_DIRTY))
        return;
    c->dirty_next = s->reap;
    s->reap = client_index(&s->clients, c);
}

void server_reap(struct server *s)
{
    while (s->reap != CLIENT_NONE) {
        struct client *c = client_at(&s->clients, s->reap);
        s->reap = c->dirty_next;
        client_give(&s->clients, c);
    }
}
