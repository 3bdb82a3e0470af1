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

int server_failed(struct text *why, const char *what, int result)
{
    text_string(why, what);
    if (result < 0) {
        text_string(why, ": ");
        text_string(why, error_text(result));
    }
    return SERVER_FAILED;
}

/* ---- Queues -------------------------------------------------------------- */

void server_make_dirty(struct server *s, struct client *c)
{
    if (client_has(c, CLIENT_DIRTY))
        return;
    client_set(c, CLIENT_DIRTY);
    client_push(&s->clients, &s->dirty, c);
}

/* One that is still in a queue is buried when it comes out of it. */
void server_bury(struct server *s, struct client *c)
{
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
