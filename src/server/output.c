/* SPDX-License-Identifier: MIT */
#include "server/output.h"
#include "base/check.h"
#include "server/body.h"
#include "server/clientlog.h"
#include "server/conn.h"
#include "server/member.h"
#include "server/ready.h"
#include "server/reply.h"
#include "server/send.h"
#include "server/staging.h"

/* Nothing is pending any more. */
static void flushed(struct server *s, struct client *c)
{
    if (c->state == CLIENT_OPEN) {
        if (client_in_room(c))
            member_flushed(s, c);
    } else if (c->state == CLIENT_CLOSING && !client_owes(c)) {
        if (client_in_room(c))
            member_detach(s, c);
        conn_linger(s, c);
    } else if (c->state == CLIENT_REPLY) {
        reply_sent(s, c);
    }
    ready_add(s, c);
}

/* A file that does not end in this turn needs a place. */
static void keep_file(struct server *s, struct client *c)
{
    if (c->as.http.file < 0 || c->as.http.has_place)
        return;
    struct client *rival = body_keep(s, c);
    if (!rival)
        return;
    clientlog_refuse(s, rival, 0, "too many downloads");
    conn_drop(s, rival, CAUSE_NO_BUFFER);
}

/* Its place in the log is lost. */
static void overrun(struct server *s, struct client *c)
{
    if (c->frame_left) {
        conn_drop(s, c, CAUSE_OVERRUN); /* inside a frame no Close is legal */
        return;
    }
    c->as.socket.cursor = member_log(s, c)->head;
    client_clear(c, CLIENT_SKIPS);
    conn_close(s, c, CLOSE_TRY_LATER, "too slow for this room", CAUSE_OVERRUN);
}

void output_flush(struct server *s, struct client *c)
{
    switch (send_flush(s, c)) {
    case SEND_DONE: flushed(s, c); break;
    case SEND_BLOCKED:
        if (c->state == CLIENT_OPEN && client_in_room(c))
            member_flushed(s, c);
        if (c->state == CLIENT_REPLY)
            keep_file(s, c);
        break;
    case SEND_FULL: conn_drop(s, c, CAUSE_NO_BUFFER); break;
    case SEND_BROKEN: conn_drop(s, c, CAUSE_RESET); break;
    case SEND_OVERRUN: overrun(s, c); break;
    }
}

void output_begin(struct server *s, struct client *c)
{
    CHECK(s->current == NULL && staging_len(s) == 0);
    s->current = c;
}

/* Nothing can be written now, or it is to leave with the room's frames: at the
   end of this turn, unless its members are so many that this takes several, or
   it reads history, whose beginning the log may lose in this very turn. */
static bool must_wait(const struct server *s, const struct client *c)
{
    if (client_waits(c, CLIENT_WAITS_OUTPUT))
        return true;
    if (c->state != CLIENT_OPEN || !client_in_room(c))
        return false;
    const struct room *room = member_room(s, c);
    return room->dirty && room->flush_at == 0 && !client_has(c, CLIENT_REPLAYS);
}

void output_settle(struct server *s, struct client *c)
{
    CHECK(s->current == c);
    bool waits = must_wait(s, c);
    bool kept = staging_len(s) == 0 || (waits && send_defer(s, c));
    if (c->state != CLIENT_GONE && (!kept || !waits))
        output_flush(s, c);
    else
        ready_add(s, c);
    staging_clear(s);
    s->current = NULL;
}
