/* SPDX-License-Identifier: MIT */
/* Commands, and whose reply is next: they come in the order of the asking. */
#include "base/check.h"
#include "bus/call.h"

#define BELL_KEPT 1000 /* entries of the bell, about */
#define NODE_LEN  8
#define WORDS_MAX 512 /* bytes of a command beside its values */

static struct bus_end *end_of(struct bus *b, enum bus_link link)
{
    return &b->ends[link];
}

/* What was written makes room. */
static void close_up(struct bus_end *e)
{
    if (e->out_begun == 0)
        return;
    memmove(e->out.ptr, e->out.ptr + e->out_begun, e->out.len - e->out_begun);
    e->out.len -= e->out_begun;
    e->out_begun = 0;
}

bool call_may(const struct bus *b, enum bus_link link, size_t len)
{
    const struct bus_end *e = &b->ends[link];
    size_t left = e->out.size - e->out.len + e->out_begun;
    return e->asked - e->answered < BUS_CALLS && left >= len + WORDS_MAX;
}

struct resp_command call_begin(struct bus *b, enum bus_link link,
                               enum bus_call_kind kind, uint32_t room,
                               uint32_t count)
{
    struct bus_end *e = end_of(b, link);
    CHECK(e->asked - e->answered < BUS_CALLS);
    close_up(e);
    if (e->asked == e->answered)
        e->moved = b->now;
    e->calls[e->asked++ % BUS_CALLS] =
        (struct bus_call){.kind = (uint8_t)kind, .room = room};
    return resp_begin(&e->out, count);
}

/* Whoever asks has seen that there is room; else the connection has lost its
   count. */
void call_end(struct bus *b, enum bus_link link, struct resp_command *c)
{
    if (resp_end(c))
        return;
    end_of(b, link)->asked--;
    state_fail(b, "more to say than there is room for");
}

void call_put(struct resp_command *c, const char *words)
{
    struct span rest = bytes_of(words);
    while (rest.len)
        resp_put(c, bytes_cut(&rest, ' '));
}

void call_put_key(struct bus *b, struct resp_command *c, const char *kind,
                  struct span name)
{
    struct span parts[] = {b->plan->prefix, bytes_of(kind), name};
    resp_put_parts(c, parts, 3);
}

void call_last(struct bus *b, enum bus_call_kind kind, uint32_t room,
               const char *key, struct span name)
{
    struct resp_command c = call_begin(b, BUS_W, kind, room, 6);
    call_put(&c, "XREVRANGE");
    call_put_key(b, &c, key, name);
    call_put(&c, "+ - COUNT 1");
    call_end(b, BUS_W, &c);
}

/* ---- The bell ------------------------------------------------------------------ */

/* XADD PREFIX:bell ... n NODE, and `more` words. */
struct resp_command call_begin_bell(struct bus *b, uint32_t more)
{
    uint8_t node[NODE_LEN];
    struct resp_command c =
        call_begin(b, BUS_W, BUS_CALL_BELL, FLIGHT_NONE, 8 + more);
    bytes_put64(node, b->board->node);
    call_put(&c, "XADD");
    call_put_key(b, &c, ":bell", bytes_span(NULL, 0));
    call_put(&c, "MAXLEN ~");
    resp_put_number(&c, BELL_KEPT);
    call_put(&c, "* n");
    resp_put(&c, bytes_span(node, sizeof node));
    return c;
}

/* Where there is no room for it the sweep finds what was said. */
void call_ring(struct bus *b)
{
    if (b->rung.len && call_may(b, BUS_W, b->rung.len)) {
        struct resp_command c = call_begin_bell(b, 2);
        call_put(&c, "r");
        resp_put(&c, text_span(&b->rung));
        call_end(b, BUS_W, &c);
    }
    b->rung.len = 0;
}

void call_wait(struct bus *b)
{
    struct resp_command c = call_begin(b, BUS_R, BUS_CALL_WAIT, FLIGHT_NONE, 8);
    call_put(&c, "XREAD COUNT");
    resp_put_number(&c, BUS_COUNT);
    call_put(&c, "BLOCK");
    resp_put_number(&c, BUS_BLOCK);
    call_put(&c, "STREAMS");
    call_put_key(b, &c, ":bell", bytes_span(NULL, 0));
    resp_put_id(&c, &b->bell);
    call_end(b, BUS_R, &c);
}
