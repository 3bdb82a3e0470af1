/* SPDX-License-Identifier: MIT */
/* Of the model of Redis: servers and who is connected. redis_command.c has the
   commands, redis_stream.c what they change. */
#include "bus/redis.h"

#include <stdio.h>
#include <stdlib.h>

#define WORDS_MAX 600

static void draw_name(struct redis *r, char name[REDIS_NAME + 1])
{
    for (size_t i = 0; i < REDIS_NAME; i++)
        name[i] = "0123456789abcdef"[random_below(&r->random, 16)];
    name[REDIS_NAME] = '\0';
}

/* Ids begin again with each process. */
static void begin_process(struct redis *r)
{
    draw_name(r, r->run_id);
    draw_name(r, r->replid);
    r->next_id = 3;
    r->is_replica = false;
}

void redis_start(struct redis *r, enum redis_kind kind, uint64_t seed)
{
    *r = (struct redis){
        .kind = kind, .random = random_of(seed), .node_entries = 100};
    begin_process(r);
}

/* ---- Clients ------------------------------------------------------------- */

struct redis_client *redis_connect(struct redis *r)
{
    struct redis_client *c = calloc(1, sizeof *c);
    if (!c)
        abort();
    c->server = r;
    c->id = r->next_id++;
    c->is_known = !r->password;
    snprintf(c->addr, sizeof c->addr, "127.0.0.1:%u",
             40000 + (unsigned)(c->id % 20000));
    c->next = r->clients;
    r->clients = c;
    return c;
}

void redis_send(struct redis_client *c, struct span bytes)
{
    if (!c->is_closed)
        buffer_put(&c->in, bytes);
}

/* Whose is no longer there has no commands under way, either. */
static void close_client(struct redis_client *c)
{
    c->is_closed = true;
    c->is_blocked = false;
    buffer_free(&c->in);
}

static void detach(struct redis_client *c)
{
    struct redis_client **link = &c->server->clients;
    while (*link != c)
        link = &(*link)->next;
    *link = c->next;
    c->server = NULL;
}

void redis_release(struct redis_client *c)
{
    if (c->server)
        detach(c);
    buffer_free(&c->in);
    buffer_free(&c->out);
    free(c);
}

static void close_all(struct redis *r)
{
    while (r->clients) {
        close_client(r->clients);
        buffer_free(&r->clients->out);
        detach(r->clients);
    }
}

void redis_end(struct redis *r)
{
    close_all(r);
    redis_clear(r);
}

/* ---- Commands, as they come ---------------------------------------------- */

/* A line of one type and a number; where it ends. 0: not all is there. */
static size_t number_line(struct span in, char type, uint64_t *value)
{
    size_t end = bytes_find(in, '\n');
    if (end == in.len)
        return 0;
    if (in.ptr[0] != type || end < 3 ||
        !bytes_decimal(bytes_part(in, 1, end - 2), value))
        abort(); /* the bus writes nothing else */
    return end + 1;
}

/* The words of one; how many bytes it is. 0: not all is there. */
static size_t words_of(struct span in, struct span *words, size_t *count)
{
    uint64_t most, len;
    size_t at = number_line(in, '*', &most);
    if (at == 0)
        return 0;
    if (most == 0 || most > WORDS_MAX)
        abort();
    for (*count = 0; *count < most; ++*count) {
        size_t line = number_line(bytes_after(in, at), '$', &len);
        if (line == 0 || in.len - at - line < len + 2)
            return 0;
        words[*count] = bytes_part(in, at + line, len);
        at += line + len + 2;
    }
    return at;
}

static bool runs(struct redis_client *c)
{
    struct span words[WORDS_MAX];
    size_t count, len = words_of(buffer_span(&c->in), words, &count);
    if (len == 0 || !redis_command(c, words, count))
        return false;
    buffer_take(&c->in, len);
    return true;
}

/* Whoever speaks no RESP says so once. */
static bool says_so(struct redis_client *c)
{
    if (buffer_len(&c->in) == 0)
        return false;
    buffer_string(&c->out, "HTTP/1.1 400 Bad Request\r\n\r\n");
    close_client(c);
    return true;
}

static bool may_run(const struct redis_client *c)
{
    return !c->is_closed && !c->is_blocked && buffer_len(&c->in) > 0;
}

/* One command of one of them; those who are blocked are tried again. */
static bool one_runs(struct redis *r)
{
    bool any = false;
    for (struct redis_client *c = r->clients; c; c = c->next)
        if (may_run(c) && random_below(&r->random, 4) > 0)
            any |= r->kind == REDIS_HTTP ? says_so(c) : runs(c);
    for (struct redis_client *c = r->clients; c; c = c->next)
        if (c->is_blocked)
            any |= runs(c);
    return any;
}

void redis_turn(struct redis *r, uint64_t now, uint64_t wall)
{
    r->now = now;
    r->wall = wall;
    if (now < r->trouble.paused)
        return;
    while (one_runs(r) && random_below(&r->random, 20) > 0)
        ;
}

static bool is_whole(const struct redis_client *c)
{
    struct span words[WORDS_MAX];
    size_t count;
    return c->server->kind == REDIS_HTTP ||
           words_of(buffer_span(&c->in), words, &count) > 0;
}

bool redis_is_idle(const struct redis *r)
{
    for (const struct redis_client *c = r->clients; c; c = c->next)
        if (may_run(c) && is_whole(c))
            return false;
    return true;
}

/* ---- What happens to servers --------------------------------------------- */

void redis_restart(struct redis *r, size_t lost)
{
    close_all(r);
    redis_copy(r, r, lost);
    begin_process(r);
}

void redis_promote(struct redis *r, const struct redis *from, size_t lost)
{
    redis_copy(r, from, lost);
    draw_name(r, r->replid);
    r->is_replica = false;
}

/* Who is blocked is told, and thrown out (disconnectAllBlockedClients). */
static void unblock(struct redis_client *c)
{
    buffer_string(&c->out,
                  "-UNBLOCKED force unblock from blocking operation, instance "
                  "state changed (master -> replica?)\r\n");
    close_client(c);
}

void redis_demote(struct redis *r, const struct redis *master)
{
    for (struct redis_client *c = r->clients; c; c = c->next)
        if (c->is_blocked)
            unblock(c);
    redis_copy(r, master, 0);
    memcpy(r->replid, master->replid, sizeof r->replid);
    r->is_replica = true;
}

void redis_flush(struct redis *r)
{
    redis_do(r, &(struct redis_op){.act = REDIS_FLUSH});
}

void redis_trim(struct redis *r, const char *key, uint64_t most)
{
    struct redis_op op = {.act = REDIS_TRIM, .most = most};
    memcpy(op.key, key, strlen(key));
    redis_do(r, &op);
}
