/* SPDX-License-Identifier: MIT */
#include "server/clientlog.h"
#include "server/caller.h"
#include "server/grant.h"

/* room: CLIENT_NONE without one, or when its place is another's by now. */
static void put_path(struct journal_line *line, const struct server *s,
                     const struct client *c, uint32_t room)
{
    uint8_t bytes[8 + LIMITS_ROOM_NAME];
    struct text t = text_over(bytes, sizeof bytes);
    text_string(&t, server_service(s, c)->path);
    if (c->form != CLIENT_ECHO)
        text_byte(&t, '/');
    if (room != CLIENT_NONE)
        text_put(&t, store_name(&s->rooms.store, room));
    journal_put(line, "path", text_span(&t));
}

/* Of one with a token, who it is. */
static void put_sub(struct journal_line *line, const struct server *s,
                    const struct client *c)
{
    struct span sub = grant_sub(s, c);
    if (sub.len)
        journal_put(line, "sub", sub);
}

void clientlog_open(struct server *s, const struct client *c)
{
    struct journal_line line;
    if (!journal_begin(&s->journal, &line, LEVEL_INFO, JOURNAL_OPEN, s->wall))
        return;
    journal_number(&line, "client", client_index(&s->clients, c));
    caller_log(&line, s, c);
    put_path(&line, s, c, c->room);
    put_sub(&line, s, c);
    journal_end(&line);
}

/* The room that it was in, while that has its place. */
static uint32_t farewell_room(const struct server *s,
                              const struct client_farewell *how)
{
    return how->room != CLIENT_NONE &&
                   store_generation(&s->rooms.store, how->room) ==
                       how->room_generation
               ? how->room
               : CLIENT_NONE;
}

void clientlog_close(struct server *s, const struct client *c)
{
    const struct client_farewell *how = &c->as.farewell;
    bool by_client = how->cause == CAUSE_CLOSE || how->cause == CAUSE_END ||
                     how->cause == CAUSE_RESET;
    struct journal_line line;
    stats_close(&s->stats, how->code, (enum journal_cause)how->cause);
    if (!journal_begin(&s->journal, &line, LEVEL_INFO, JOURNAL_CLOSE, s->wall))
        return;
    journal_number(&line, "client", client_index(&s->clients, c));
    journal_number(&line, "code", how->code ? how->code : CLOSE_ABNORMAL);
    journal_put(&line, "by", bytes_of(by_client ? "client" : "server"));
    journal_put(&line, "cause",
                bytes_of(journal_cause_word((enum journal_cause)how->cause)));
    journal_number(&line, "rx", c->received);
    journal_number(&line, "tx", c->sent);
    put_path(&line, s, c, farewell_room(s, how));
    journal_end(&line);
}

/* What it asked for: without the query, in which there may be a name. */
static void put_request(struct journal_line *line,
                        const struct http_request *request)
{
    struct span origin;
    if (request->path.len)
        journal_put(line, "path", request->path);
    if (request->authority.len)
        journal_put(line, "host", request->authority);
    if (http_field(request, "Origin", &origin))
        journal_put(line, "origin", origin);
}

void clientlog_refuse(struct server *s, const struct client *c, unsigned status,
                      const char *why)
{
    struct journal_line line;
    stats_refuse(&s->stats, status, why);
    if (!journal_begin(&s->journal, &line, LEVEL_INFO, JOURNAL_REFUSE, s->wall))
        return;
    caller_log(&line, s, c);
    if (status)
        journal_number(&line, "status", status);
    journal_put(&line, "why", bytes_of(why));
    put_sub(&line, s, c);
    if (s->answers && s->current == c)
        put_request(&line, &s->request);
    journal_end(&line);
}
