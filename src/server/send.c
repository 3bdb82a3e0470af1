/* SPDX-License-Identifier: MIT */
#include "server/send.h"
#include "base/check.h"
#include "os/error.h"
#include "server/body.h"
#include "server/lend.h"
#include "server/member.h"
#include "server/ready.h"
#include "server/staging.h"
#include "server/trace.h"

/* What one write is made of. The numbers are those of send.h. */
struct plan {
    const struct ring *log;          /* the client's; NULL: it is in no room */
    struct span parts[SOCKET_PARTS]; /* in the order in which they leave */
    size_t count;                    /* of these */
    size_t len;                      /* sum of the parts */
    bool outbox_first;               /* source 2 goes before 1 */
    size_t unfinished;               /* source 1 */
    size_t outbox;                   /* source 2 */
    size_t staged;                   /* source 3 */
    size_t more;                     /* source 4 */
};

/* ---- Gathering ----------------------------------------------------------- */

static void add(struct plan *plan, struct span part)
{
    if (part.len == 0)
        return;
    CHECK(plan->count < SOCKET_PARTS);
    plan->parts[plan->count++] = part;
    plan->len += part.len;
}

static void add_stretch(struct plan *plan, uint64_t from, uint64_t to)
{
    CHECK(plan->count + RING_PARTS <= SOCKET_PARTS);
    plan->count += ring_view(plan->log, from, to, plan->parts + plan->count);
    plan->len += (size_t)(to - from);
}

/* Log positions of what the client is not to see: its own messages. */
struct skip {
    uint64_t from; /* UINT64_MAX: it sees everything */
    uint64_t to;
};

static struct skip skip_of(const struct server *s, const struct client *c)
{
    if (!client_has(c, CLIENT_SKIPS))
        return (struct skip){.from = UINT64_MAX};
    const struct client_member *m = member_of(s, c);
    uint64_t from = c->as.socket.cursor;
    from += m->skip_from - (uint32_t)from; /* it is not far ahead */
    return (struct skip){.from = from, .to = from + m->skip_len};
}

/* [from, to) of the client's log without what it is not to see. */
static size_t add_frames(struct plan *plan, const struct server *s,
                         const struct client *c, uint64_t from, uint64_t to)
{
    size_t before = plan->len;
    struct skip skip = skip_of(s, c);
    if (skip.from < to) {
        add_stretch(plan, from, skip.from);
        from = skip.to;
    }
    add_stretch(plan, from, to);
    return plan->len - before;
}

/* What is left of the Close frame; `space` holds CLOSE_FRAME_MAX bytes. */
static struct span close_left(const struct client_farewell *how, uint8_t *space)
{
    if (how->code == 0)
        return bytes_span(NULL, 0);
    size_t len = close_write(space, how->code, bytes_of(how->reason));
    return bytes_span(space + how->told, len - how->told);
}

/* All four sources, as far as they may leave now, in their order: private output
   stands at a boundary, before what is newer. There is no cap: the kernel's send
   buffer (LIMITS_SEND_BUFFER) takes no more than that. */
static void plan_write(struct plan *plan, const struct server *s,
                       const struct client *c, uint8_t *space)
{
    uint64_t cursor = c->as.socket.cursor;
    struct span left = {0};
    plan->count = plan->len = plan->unfinished = 0;
    if (c->outbox != LEASE_NONE)
        left = lease_left(&s->leases, c->outbox);
    plan->outbox = left.len;
    plan->outbox_first =
        c->state == CLIENT_CLOSING && c->as.farewell.outbox_first;
    if (plan->outbox_first)
        add(plan, left);
    if (c->frame_left)
        plan->unfinished =
            add_frames(plan, s, c, cursor, cursor + c->frame_left);
    if (!plan->outbox_first)
        add(plan, left);
    plan->staged = s->current == c ? staging_len(s) : 0;
    if (plan->staged) {
        add(plan, text_span(&s->staging));
        add(plan, s->lent);
    }
    size_t before = plan->len;
    if (c->state == CLIENT_OPEN && plan->log)
        add_frames(plan, s, c, cursor + c->frame_left, plan->log->head);
    else if (c->state == CLIENT_CLOSING && !client_owes(c))
        add(plan, close_left(&c->as.farewell, space));
    else if (c->state == CLIENT_REPLY)
        add(plan, body_page(s, c));
    plan->more = plan->len - before;
}

/* ---- Moving on by what was taken ----------------------------------------- */

/* At the start of a stretch that is not to be seen: to its end. */
static void skip_own(const struct server *s, struct client *c)
{
    struct skip skip = skip_of(s, c);
    if (c->as.socket.cursor == skip.from) {
        c->as.socket.cursor = skip.to;
        client_clear(c, CLIENT_SKIPS);
    }
}

/* n bytes of the frames that must not be interrupted are gone. */
static void advance_in_frame(const struct server *s, struct client *c, size_t n)
{
    uint64_t boundary = c->as.socket.cursor + c->frame_left;
    struct skip skip = skip_of(s, c);
    if (skip.from < boundary && c->as.socket.cursor + n >= skip.from) {
        n -= (size_t)(skip.from - c->as.socket.cursor);
        c->as.socket.cursor = skip.from;
        skip_own(s, c);
    }
    c->as.socket.cursor += n;
    c->frame_left = (uint32_t)(boundary - c->as.socket.cursor);
}

/* Bytes of the frame at a boundary: our own headers are the log's records. */
static size_t frame_len_at(const struct ring *log, uint64_t pos)
{
    uint8_t bytes[FRAME_SERVER_HEADER_MAX];
    struct frame_header header;
    size_t have = bytes_min(sizeof bytes, (size_t)(log->head - pos));
    ring_copy(log, pos, bytes, have);
    CHECK(frame_read(&header, bytes, have) == FRAME_DONE);
    return header.header_len + (size_t)header.payload_length;
}

/* From a boundary, n bytes of further frames are gone. */
static void advance_over_frames(const struct server *s, struct client *c,
                                size_t n)
{
    const struct ring *log = member_log(s, c);
    skip_own(s, c);
    while (n > 0) {
        size_t len = frame_len_at(log, c->as.socket.cursor);
        size_t taken = bytes_min(n, len);
        c->as.socket.cursor += taken;
        c->frame_left = (uint32_t)(len - taken);
        n -= taken;
        skip_own(s, c);
    }
}

static void advance_outbox(struct server *s, struct client *c, size_t n)
{
    if (c->outbox == LEASE_NONE)
        return;
    struct lease *l = lease_at(&s->leases, c->outbox);
    l->start += (uint32_t)n;
    if (l->start == l->end)
        lease_give(&s->leases, &c->outbox);
}

/* From a boundary, n bytes of source 4 are gone. */
static void advance_more(struct server *s, struct client *c, size_t n)
{
    if (c->state == CLIENT_REPLY)
        body_sent(c, n);
    else if (c->state == CLIENT_CLOSING)
        c->as.farewell.told += (uint8_t)n;
    else if (n > 0)
        advance_over_frames(s, c, n);
}

/* All is gone. */
static void advance_to_end(struct server *s, struct client *c,
                           const struct plan *plan)
{
    lease_give(&s->leases, &c->outbox);
    if (plan->log) {
        if (c->state == CLIENT_OPEN)
            c->as.socket.cursor = plan->log->head;
        else
            c->as.socket.cursor += c->frame_left;
        if (c->state == CLIENT_OPEN || !client_owes(c)) /* else: later */
            client_clear(c, CLIENT_SKIPS);
    }
    c->frame_left = 0;
    if (c->state != CLIENT_OPEN)
        advance_more(s, c, plan->more);
}

/* Take up to *n for a source that had `len`. */
static size_t share(size_t *n, size_t len)
{
    size_t taken = bytes_min(*n, len);
    *n -= taken;
    return taken;
}

/* n bytes are gone, less than all: how many of source 3. */
static size_t advance(struct server *s, struct client *c,
                      const struct plan *plan, size_t n)
{
    if (plan->outbox_first) {
        advance_outbox(s, c, share(&n, plan->outbox));
        /* What is kept from now on goes behind the frame that has begun. */
        c->as.farewell.outbox_first = n == 0;
    }
    size_t taken = share(&n, plan->unfinished);
    if (taken)
        advance_in_frame(s, c, taken);
    if (!plan->outbox_first)
        advance_outbox(s, c, share(&n, plan->outbox));
    size_t staged_gone = share(&n, plan->staged);
    advance_more(s, c, n);
    return staged_gone;
}

/* ---- Writing ------------------------------------------------------------- */

static bool keep(struct server *s, struct client *c, struct span rest)
{
    if (rest.len == 0)
        return true;
    if (c->outbox == LEASE_NONE)
        c->outbox = lend_buffer(s, &s->leases, c);
    return c->outbox != LEASE_NONE && lease_append(&s->leases, c->outbox, rest);
}

/* The last `len` bytes of what is staged. */
static bool keep_staged(struct server *s, struct client *c, size_t len)
{
    struct span text = text_span(&s->staging), lent = s->lent;
    size_t of_lent = bytes_min(len, lent.len), of_text = len - of_lent;
    return keep(s, c, bytes_after(text, text.len - of_text)) &&
           keep(s, c, bytes_after(lent, lent.len - of_lent));
}

bool send_defer(struct server *s, struct client *c)
{
    /* A buffer a member for a few bytes each: not with the last half of them.
       Who can be written to is written to at once then. */
    if (!client_waits(c, CLIENT_WAITS_OUTPUT) &&
        s->leases.slots.count >= s->leases.slots.size / 2)
        return false;
    staging_gather(s);
    if (!keep(s, c, text_span(&s->staging)))
        return false;
    staging_clear(s);
    return true;
}

/* n bytes more have left. */
static void count(struct server *s, struct client *c, size_t n)
{
    c->sent += n;
    s->cost += LIMITS_COST_SEND + n / LIMITS_COST_SENT;
    s->stats.bytes_out += n;
}

/* A piece of a file, behind the head; the next one in the next turn. A short one
   is tried again, too: it may have been the file that ended, and then no edge
   would ever come. */
static enum send_result send_file(struct server *s, struct client *c)
{
    ptrdiff_t sent = body_send_file(c);
    if (sent < 0 && error_kind((int)sent) == ERROR_WAIT) {
        ready_block(s, c, CLIENT_WAITS_OUTPUT, LIMITS_FIRST_LOOK);
        return SEND_BLOCKED;
    }
    if (sent <= 0) /* broken, or the file has become shorter than announced */
        return SEND_BROKEN;
    count(s, c, (size_t)sent);
    ready_go_on(s, c, CLIENT_WAITS_OUTPUT);
    if (c->as.http.left == 0)
        return SEND_DONE;
    server_make_dirty(s, c);
    return SEND_BLOCKED;
}

static enum send_result write_plan(struct server *s, struct client *c,
                                   const struct plan *plan)
{
    ptrdiff_t sent = socket_send(c->fd, plan->parts, plan->count);
    if (sent < 0) {
        if (error_kind((int)sent) != ERROR_WAIT)
            return SEND_BROKEN;
        sent = 0;
    }
    count(s, c, (size_t)sent);
    if (s->trace)
        trace_sent(s, c, plan->parts, (size_t)sent);
    if ((size_t)sent == plan->len) {
        ready_go_on(s, c, CLIENT_WAITS_OUTPUT);
        advance_to_end(s, c, plan);
        return SEND_DONE;
    }
    size_t staged_gone = advance(s, c, plan, (size_t)sent);
    /* What the peer has acknowledged is looked at later: deadline.c. */
    ready_block(s, c, CLIENT_WAITS_OUTPUT, LIMITS_FIRST_LOOK);
    return keep_staged(s, c, plan->staged - staged_gone) ? SEND_BLOCKED
                                                         : SEND_FULL;
}

enum send_result send_flush(struct server *s, struct client *c)
{
    struct plan plan;
    uint8_t space[CLOSE_FRAME_MAX];
    enum send_result result = SEND_DONE;
    plan.log = client_in_room(c) ? member_log(s, c) : NULL;
    /* Who leaves and has what the room owed to him has nothing to lose. */
    if (plan.log && (c->state == CLIENT_OPEN || c->frame_left) &&
        member_overrun(s, c))
        return SEND_OVERRUN;
    plan_write(&plan, s, c, space);
    if (plan.len > 0) {
        result = write_plan(s, c, &plan);
    } else {
        ready_go_on(s, c, CLIENT_WAITS_OUTPUT);
        if (client_has(c, CLIENT_SKIPS))
            advance_to_end(s, c, &plan); /* past its own messages */
    }
    if (s->current == c)
        staging_clear(s);
    if (result == SEND_DONE && c->state == CLIENT_REPLY && c->as.http.left)
        result = send_file(s, c);
    return result;
}
