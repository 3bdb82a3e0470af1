/* SPDX-License-Identifier: MIT */
#include "server/deadline.h"
#include "os/socket.h"
#include "server/conn.h"
#include "server/due.h"
#include "server/gate.h"
#include "server/grant.h"
#include "server/member.h"
#include "server/output.h"
#include "server/ready.h"
#include "server/request.h"
#include "server/staging.h"

/* ---- Output that is pending ----------------------------------------------- */

/* Progress is what the peer's TCP has acknowledged; that the kernel takes
   bytes, or says it would, proves nothing. Of what lies in a buffer, which
   others may need, it is `due` bytes in a write-timeout. */
static void look_at_progress(struct server *s, struct client *c)
{
    ptrdiff_t waiting = socket_unacknowledged(c->fd);
    if (waiting < 0)
        return;
    uint32_t taken = (uint32_t)(c->sent - (uint64_t)waiting);
    struct lease *l =
        c->outbox == LEASE_NONE ? NULL : lease_at(&s->leases, c->outbox);
    if (taken - c->mark < (l ? l->due : 1))
        return;
    if (taken != c->mark) /* the first look at a buffer may find nothing new */
        c->moved = (uint32_t)s->now;
    c->mark = taken;
    if (l)
        l->due = (uint32_t)bytes_min64(
            (uint64_t)waiting + l->end - l->start,
            (uint64_t)s->config->write_timeout * LIMITS_LEAST_PACE / 1000 + 1);
}

/* True when the client is dealt with. */
static bool output_reached(struct server *s, struct client *c)
{
    if (!due_output_waits(c))
        return false;
    look_at_progress(s, c);
    if (due_output(s, c) > s->now)
        return false;
    /* A Close can stand only at a boundary, and nothing private may be half
       sent; it is pending behind what the peer does not take, so this says
       goodbye only to one who begins to read again. */
    if (c->state == CLIENT_OPEN && c->frame_left == 0 &&
        c->outbox == LEASE_NONE)
        conn_close(s, c, CLOSE_TRY_LATER, "too slow", CAUSE_WRITE_TIMEOUT);
    else
        conn_drop(s, c, CAUSE_WRITE_TIMEOUT);
    return true;
}

/* ---- An open WebSocket ---------------------------------------------------- */

/* Silent for --ping: a ping. Silent after that: the end. */
static void heartbeat(struct server *s, struct client *c)
{
    if (due_heartbeat(s, c) > s->now)
        return;
    output_begin(s, c);
    if (client_has(c, CLIENT_PINGED)) {
        conn_close(s, c, CLOSE_GOING_AWAY, "no sign of life",
                   CAUSE_PONG_TIMEOUT);
    } else {
        client_set(c, CLIENT_PINGED);
        c->since = (uint32_t)s->now;
        staging_frame(s, c, FRAME_FIN | FRAME_PING, bytes_span(NULL, 0));
    }
    output_settle(s, c);
}

/* Its token ends soon: it is told. It has ended: the end. */
static bool grant_reached(struct server *s, struct client *c)
{
    const struct service *service = server_service(s, c);
    if (grant_due(s, c) > s->now)
        return false;
    if (grant_of(s, c)->ends <= s->wall) {
        conn_close(s, c, GRANT_CLOSE_ENDED, "token: expired", CAUSE_TOKEN);
        return true;
    }
    uint64_t seconds = grant_tell(s, c);
    if (service->expiring) {
        output_begin(s, c);
        service->expiring(s, c, seconds);
        output_settle(s, c);
    }
    return c->state != CLIENT_OPEN;
}

static void open_reached(struct server *s, struct client *c)
{
    if (due_pace(s, c) <= s->now)
        member_measure(s, c);
    if (output_reached(s, c) || grant_reached(s, c))
        return;
    if (due_message(s, c) <= s->now) {
        conn_close(s, c, CLOSE_POLICY, "a message takes too long",
                   CAUSE_MESSAGE_TIMEOUT);
        return;
    }
    /* It waits again if it has to, when its next message is looked at. */
    ready_go_on(s, c, CLIENT_WAITS_RATE);
    if (client_waits(c, CLIENT_WAITS_BUFFER) && gate_echo_room(s, c))
        ready_go_on(s, c, CLIENT_WAITS_BUFFER);
    heartbeat(s, c);
}

void deadline_reached(struct server *s, struct client *c)
{
    bool over = due_state(s, c) <= s->now;
    if (c->state == CLIENT_ASKING && !over)
        ready_ask_again(s, c);
    else if (c->state == CLIENT_OPEN)
        open_reached(s, c);
    else if (c->state == CLIENT_REPLY)
        output_reached(s, c);
    else if (over && (c->state == CLIENT_PROXY || client_is_unanswered(c)))
        request_timeout(s, c);
    else if (over)
        conn_drop(s, c,
                  c->state == CLIENT_CLOSING ? CAUSE_CLOSE_TIMEOUT
                                             : CAUSE_NONE);
    due_set(s, c);
}
