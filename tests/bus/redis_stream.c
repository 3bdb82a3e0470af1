/* SPDX-License-Identifier: MIT */
/* Of the model of Redis: streams, and the log that made them. */
#include "bus/redis.h"

#include <stdlib.h>

static struct redis_op *made; /* the youngest one */

static void *grown(void *ptr, size_t count, size_t size)
{
    ptr = realloc(ptr, count * size);
    if (!ptr)
        abort();
    return ptr;
}

int redis_compare(struct resp_id a, struct resp_id b)
{
    if (a.epoch != b.epoch)
        return a.epoch < b.epoch ? -1 : 1;
    return a.number == b.number ? 0 : a.number < b.number ? -1 : 1;
}

/* ---- Streams ------------------------------------------------------------- */

static struct redis_stream **link_of(struct redis *r, struct span key)
{
    struct redis_stream **link = &r->streams;
    while (*link && !bytes_equal(bytes_of((*link)->key), key))
        link = &(*link)->next;
    return link;
}

static void remove_at(struct redis_stream **link)
{
    struct redis_stream *s = *link;
    *link = s->next;
    free(s->entries);
    free(s);
}

struct redis_stream *redis_find(struct redis *r, struct span key)
{
    struct redis_stream **link = link_of(r, key);
    if (*link && (*link)->expires && (*link)->expires <= r->wall) {
        struct redis_op op = {.act = REDIS_DELETE};
        memcpy(op.key, (*link)->key, sizeof op.key);
        redis_do(r, &op);
        return NULL;
    }
    return *link;
}

struct redis_stream *redis_make(struct redis *r, struct span key)
{
    struct redis_stream *s = redis_find(r, key);
    if (s)
        return s;
    s = grown(NULL, 1, sizeof *s);
    *s = (struct redis_stream){.next = r->streams};
    if (key.len >= sizeof s->key)
        abort();
    memcpy(s->key, key.ptr, key.len);
    r->streams = s;
    return s;
}

/* Whole nodes go, as long as `most` stay. */
static void trim(struct redis_stream *s, uint64_t most, uint32_t node)
{
    for (;;) {
        size_t end = (s->first / node + 1) * node;
        if (end > s->count || s->count - end < most)
            return;
        s->first = end;
    }
}

static void add(struct redis *r, struct redis_op *op)
{
    struct redis_stream *s = redis_make(r, bytes_of(op->key));
    if (s->count == s->size) {
        s->size = 2 * s->size + 8;
        s->entries = grown(s->entries, s->size, sizeof(struct redis_op *));
    }
    s->entries[s->count++] = op;
    s->last = op->id;
    if (op->most)
        trim(s, op->most, r->node_entries);
}

/* ---- The log ------------------------------------------------------------- */

static void apply(struct redis *r, struct redis_op *op)
{
    struct redis_stream **link = link_of(r, bytes_of(op->key));
    if (op->act == REDIS_ADD)
        add(r, op);
    else if (op->act == REDIS_EXPIRE && *link)
        (*link)->expires = op->expires;
    else if (op->act == REDIS_DELETE && *link)
        remove_at(link);
    else if (op->act == REDIS_TRIM && *link)
        trim(*link, op->most, 1);
    while (op->act == REDIS_FLUSH && r->streams)
        remove_at(&r->streams);
    if (r->log.count == r->log.size) {
        r->log.size = 2 * r->log.size + 64;
        r->log.ops = grown(r->log.ops, r->log.size, sizeof(struct redis_op *));
    }
    r->log.ops[r->log.count++] = op;
}

void redis_do(struct redis *r, const struct redis_op *op)
{
    struct redis_op *kept = grown(NULL, 1, sizeof *kept);
    uint8_t *fields = op->fields.len ? grown(NULL, op->fields.len, 1) : NULL;
    *kept = *op;
    if (fields)
        memcpy(fields, op->fields.ptr, op->fields.len);
    kept->fields.ptr = fields;
    kept->made_before = made;
    made = kept;
    apply(r, kept);
}

void redis_clear(struct redis *r)
{
    while (r->streams)
        remove_at(&r->streams);
    free(r->log.ops);
    r->log = (struct redis_log){0};
}

void redis_copy(struct redis *r, const struct redis *from, size_t lost)
{
    struct redis_log old = from->log;
    size_t count = lost < old.count ? old.count - lost : 0;
    if (r == from)
        r->log = (struct redis_log){0};
    redis_clear(r);
    for (size_t i = 0; i < count; i++)
        apply(r, old.ops[i]);
    if (r == from)
        free(old.ops);
}

void redis_forget(void)
{
    while (made) {
        struct redis_op *op = made;
        made = op->made_before;
        free((void *)(uintptr_t)op->fields.ptr);
        free(op);
    }
}

/* *N CRLF $1 CRLF m CRLF $LEN CRLF value CRLF */
struct span redis_value(const struct redis_op *op)
{
    struct resp_reader r = {0};
    struct resp_limits limits = {.bulk = SIZE_MAX / 2, .count = 100};
    struct resp_event e;
    struct span left = op->fields;
    do {
        left =
            bytes_after(left, resp_read(&r, &limits, left.ptr, left.len, &e));
        if (e.type == RESP_NONE || e.type == RESP_FAIL)
            abort();
    } while (e.depth != 1 || e.index != 1);
    return e.text;
}
