/* SPDX-License-Identifier: MIT */
#include "server/events.h"
#include "server/caller.h"
#include "server/grant.h"

static uint32_t room_generation(const struct server *s, uint32_t room)
{
    return room == CLIENT_NONE ? 0
                               : slots_generation(&s->rooms.topics.slots, room);
}

/* `room` is a place in the table, taken by whoever has this generation. */
static void put_path(struct journal_line *line, const struct server *s,
                     const struct client *c, uint32_t room, uint32_t generation)
{
    static const char *const paths[] = {
        [CLIENT_ECHO] = "/echo",
        [CLIENT_PLAIN] = "/chat/",
        [CLIENT_JSON] = "/ws/",
        [CLIENT_JSON_V1] = "/ws/",
    };
    uint8_t bytes[8 + LIMITS_ROOM_NAME];
    struct text t = text_over(bytes, sizeof bytes);
    text_string(&t, paths[c->form]);
    if (slots_current(&s->rooms.topics.slots, room, generation))
        text_put(&t, topic_name(topic_at(&s->rooms.topics, room)));
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

void events_open(struct server *s, const struct client *c)
{
    struct journal_line line;
    if (!journal_begin(&s->journal, &line, LEVEL_INFO, JOURNAL_OPEN, s->wall))
        return;
    journal_number(&line, "client", client_index(&s->clients, c));
    caller_log(&line, s, c, c->fd);
    put_path(&line, s, c, c->room, room_generation(s, c->room));
    put_sub(&line, s, c);
    journal_end(&line);
}

void events_close(struct server *s, const struct client *c)
{
    const struct client_farewell *how = &c->as.farewell;
    struct journal_line line;
    stats_close(&s->stats, how->code, (enum journal_cause)how->cause);
    if (!journal_begin(&s->journal, &line, LEVEL_INFO, JOURNAL_CLOSE, s->wall))
        return;
    journal_number(&line, "client", client_index(&s->clients, c));
    journal_number(&line, "code", how->code ? how->code : CLOSE_ABNORMAL);
    journal_put(&line, "by", bytes_of(how->by_client ? "client" : "server"));
    journal_put(&line, "cause",
                bytes_of(journal_cause_word((enum journal_cause)how->cause)));
    journal_number(&line, "rx", c->received);
    journal_number(&line, "tx", c->sent);
    put_path(&line, s, c, how->room, how->room_generation);
    journal_end(&line);
}

void events_refuse(struct server *s, const struct client *c, int fd,
                   unsigned status, const char *why)
{
    struct journal_line line;
    stats_refuse(&s->stats, status, why);
    if (!journal_begin(&s->journal, &line, LEVEL_INFO, JOURNAL_REFUSE, s->wall))
        return;
    caller_log(&line, s, c, fd);
    if (status)
        journal_number(&line, "status", status);
    journal_put(&line, "why", bytes_of(why));
    if (c)
        put_sub(&line, s, c);
    journal_end(&line);
}
