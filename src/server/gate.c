/* SPDX-License-Identifier: MIT */
#include "server/gate.h"
#include "server/member.h"
#include "server/ready.h"

/* ---- --rate: the generic cell rate algorithm ------------------------------ */

/*
 * `allowance` is the microsecond at which the next message would be exactly on
 * time if nobody had ever paused. It may lie ahead of now by what the burst
 * allows. Further ahead, and one must wait until the microsecond returned; 0:
 * one may speak.
 */
static uint64_t wait_of(const struct server *s, uint64_t allowance)
{
    uint64_t interval = 1000000 / s->config->rate; /* microseconds */
    uint64_t tolerance = interval * (s->config->burst - 1);
    return allowance <= s->now * 1000 + tolerance ? 0 : allowance - tolerance;
}

static void count(const struct server *s, uint64_t *allowance)
{
    if (*allowance < s->now * 1000)
        *allowance = s->now * 1000;
    *allowance += 1000000 / s->config->rate;
}

static uint64_t rate_wait(const struct server *s, const struct client *c)
{
    return s->config->rate
               ? wait_of(s, client_profile(&s->clients, c)->allowance)
               : 0;
}

void gate_count(struct server *s, struct client *c)
{
    count(s, &client_profile(&s->clients, c)->allowance);
}

/* The place of an address, among eight. Where it has none it gets the one whose
   owner may speak soonest: as a rule at once, so that nothing is forgotten. */
static struct gate_poster *poster_of(struct server *s, uint32_t address)
{
    struct gate_poster *oldest = NULL;
    for (uint32_t i = 0; i < 8; i++) {
        struct gate_poster *p = &s->posters[(address + i) % LIMITS_POSTERS];
        if (p->address == address)
            return p;
        if (!oldest || p->allowance < oldest->allowance)
            oldest = p;
    }
    *oldest = (struct gate_poster){.address = address};
    return oldest;
}

bool gate_post(struct server *s, uint32_t address)
{
    struct gate_poster *p = poster_of(s, address);
    if (wait_of(s, p->allowance))
        return false;
    count(s, &p->allowance);
    return true;
}

/* ---- The next message ----------------------------------------------------- */

/* Does a message of a member wait already, or would one have to, and could not
   be kept for that? */
static bool stays_out(struct server *s, const struct client *c)
{
    if (!client_in_room(c) || c->taken)
        return c->taken;
    return !(lease_can_keep(&s->leases) &&
             (c->client_bits == 0 || lease_can_keep(&s->inflating))) &&
           member_stays_out(s, c);
}

bool gate_closed(struct server *s, struct client *c)
{
    uint64_t until = rate_wait(s, c);
    if (until)
        ready_wait(s, c, CLIENT_WAITS_RATE, (until + 999) / 1000 - s->now);
    if (stays_out(s, c))
        member_wait(s, c);
    return c->waits != 0;
}

/* ---- What is received ----------------------------------------------------- */

size_t gate_echo_room(const struct server *s, const struct client *c)
{
    if (lease_is_left(&s->leases))
        return s->receive_size;
    ptrdiff_t waiting = socket_unacknowledged(c->fd);
    return waiting >= 0 && waiting < LIMITS_SURE ? LIMITS_SURE - (size_t)waiting
                                                 : 0;
}

/* The whole control frames at the start of what waits: their bytes. *message
   is set when a message follows them. */
static size_t controls_ahead(struct span in, bool *message)
{
    size_t used = 0;
    *message = false;
    while (used < in.len) {
        struct frame_header header;
        *message = !frame_is_control(in.ptr[used] & FRAME_OPCODE_BITS);
        if (*message ||
            frame_read(&header, in.ptr + used, in.len - used) != FRAME_DONE)
            break;
        uint64_t len = header.header_len + header.payload_length;
        if (len > in.len - used)
            break;
        used += (size_t)len;
    }
    return used;
}

/*
 * How much may be received of who may not speak: the control frames before its
 * next message, so that they are answered and that one waits in the kernel.
 * What is an error or the end is received like anything else.
 */
static size_t speechless_limit(struct server *s, struct client *c)
{
    bool message;
    ptrdiff_t got = socket_peek(c->fd, s->receive, LIMITS_PEEK);
    if (got <= 0)
        return s->receive_size;
    size_t used = controls_ahead(bytes_span(s->receive, (size_t)got), &message);
    if (message && used == 0)
        gate_closed(s, c);
    else if (used == 0 && got < LIMITS_PEEK && !client_has(c, CLIENT_HANGUP))
        client_clear(c, CLIENT_READABLE); /* the rest of it makes an edge */
    else if (used == 0)
        return s->receive_size; /* no legal one is so long, or none follows */
    return used;
}

size_t gate_receive_limit(struct server *s, struct client *c)
{
    if (c->inbox == LEASE_NONE && !client_has(c, CLIENT_TAIL) &&
        message_at_rest(&c->as.socket.reader) &&
        (rate_wait(s, c) || stays_out(s, c)))
        return speechless_limit(s, c);
    if (!server_service(s, c)->streams)
        return s->receive_size;
    size_t room = gate_echo_room(s, c);
    if (room == 0)
        ready_block(s, c, CLIENT_WAITS_BUFFER, LIMITS_AGAIN);
    return room;
}
