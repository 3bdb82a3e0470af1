/* SPDX-License-Identifier: MIT */
/* The part of watch.h that knows who takes which place, and counts. */
#include "server/admit.h"
#include "server/caller.h"
#include "server/conn.h"
#include "server/member.h"
#include "server/request.h"
#include "sim/happened.h"
#include "sim/watch.h"

#define IDLE_MAX 3 /* turns that may come to nothing in a row */

/* ---- Who is there -------------------------------------------------------- */

/* An IPv6 address counts as its /64. */
static bool is_same(const struct ip *a, const struct ip *b)
{
    return a->family == b->family &&
           memcmp(a->bytes, b->bytes, a->family == IP_V6 ? 8 : 4) == 0;
}

static uint32_t count_from(const struct ip *ip)
{
    uint32_t count = 0;
    for (int i = 0; i < sim_connections(); i++)
        count += watch.all[i].counted && is_same(&watch.all[i].as, ip);
    return count;
}

static uint32_t count_regular(void)
{
    uint32_t count = 0;
    for (int i = 0; i < sim_connections(); i++)
        count += watch.all[i].regular;
    return count;
}

/* Addresses that somebody is counted for. */
static uint32_t count_addresses(void)
{
    uint32_t count = 0;
    for (int i = 0; i < sim_connections(); i++) {
        bool is_first = watch.all[i].counted;
        for (int j = 0; j < i && is_first; j++)
            is_first = !watch.all[j].counted ||
                       !is_same(&watch.all[i].as, &watch.all[j].as);
        count += is_first;
    }
    return count;
}

/* It is this one's now. One too many is told so, and nobody else. */
static void count_among(struct watched *w, const struct client *c,
                        const struct ip *ip, uint32_t others)
{
    uint32_t most = world.config.per_ip;
    w->counted = false;
    if (most == 0 || ip->family == IP_NONE)
        return;
    if (others >= most) {
        w->over = true;
    } else {
        w->counted = true;
        w->as = *ip;
    }
    assert_int_equal(w->over, client_has(c, CLIENT_OVER));
}

static void count_as(struct watched *w, const struct client *c,
                     const struct ip *ip)
{
    w->counted = false;
    count_among(w, c, ip, count_from(ip));
}

static struct client *client_of(struct server *s, int fd)
{
    for (uint32_t i = 0; i < s->clients.slots.fresh; i++) {
        struct client *c = client_at(&s->clients, i);
        if (c->state != CLIENT_GONE && c->fd == fd)
            return c;
    }
    return NULL;
}

void watch_free_slots(const struct server *s)
{
    for (int i = 0; i < sim_connections(); i++) {
        struct watched *w = &watch.all[i];
        if (w->closed && w->token && !client_find(&s->clients, w->token))
            w->token = 0;
        assert_true(!w->closed || !w->token || w->turns++ == 0);
    }
    assert_int_equal(s->clients.regular, count_regular());
    assert_true(s->clients.regular <= s->clients.size);
    assert_int_equal(s->addresses.slots.count, count_addresses());
}

/* The longest idle when all slots are taken; or the first of the others when
   their slots are. Nobody has said something that was not read. */
void watch_gives_way(const struct server *s, const struct client *c)
{
    const struct clients *all = &s->clients;
    bool unread = sim_unread(sim_connection(c->fd)) > 0;
    if (c->fd == watch.newcomer - 1) { /* it is itself that broke */
        assert_true(watch.calls_fail);
        return;
    }
    if (client_has(c, CLIENT_SCRAPE)) {
        assert_int_equal(all->scraping.count, LIMITS_SCRAPES);
    } else if (client_has(c, CLIENT_REFUSED)) {
        assert_int_equal(all->refused.count, LIMITS_REFUSALS);
    } else {
        assert_int_equal(c->state, CLIENT_IDLE);
        assert_int_equal(all->regular, all->size);
        assert_false(unread);
    }
    assert_false(unread && c->received == 0);
    watch_client(c)->excused = true; /* what it asks next is not answered */
    happened("slot", "given way", 1);
}

bool watch_exhausted(const struct leases *all)
{
    return all->slots.count == all->slots.size;
}

/* ---- Coming -------------------------------------------------------------- */

void __real_admit_one(struct server *s, int fd,
                      const struct socket_address *peer, bool metrics);
void __real_conn_opened(struct server *s, struct client *c);
void __real_caller_request(struct server *s, struct client *c,
                           const struct http_request *request);
void __real_caller_returns(struct server *s, struct client *c);
enum proxy_step __real_caller_read(struct server *s, struct client *c,
                                   struct span in, size_t *used,
                                   const char **why);

static struct watched *begin(int fd)
{
    struct watched *w = watch_of(sim_connection(fd));
    w->accepted = true;
    w->state = CLIENT_REQUEST;
    w->state_at = w->asked_at = w->heard_at = watch_now();
    w->acked_at = w->sent_at = watch_now();
    return w;
}

static void let_in(struct server *s, int fd, const struct socket_address *peer,
                   bool metrics)
{
    watch.newcomer = fd + 1;
    __real_admit_one(s, fd, peer, metrics);
    watch.newcomer = 0;
}

void __wrap_admit_one(struct server *s, int fd,
                      const struct socket_address *peer, bool metrics)
{
    if (!watch.on) {
        __real_admit_one(s, fd, peer, metrics);
        return;
    }
    struct watched *w = begin(fd);
    w->scrape = metrics;
    if (metrics) {
        let_in(s, fd, peer, metrics);
        return;
    }
    const struct origin *o = origin_of(sim_connection(fd));
    bool told = s->config->proxy_protocol || origin_trusts(&o->peer);
    bool full =
        count_regular() >= s->clients.size && s->clients.idle.count == 0;
    uint32_t others = count_from(&o->peer); /* who gives way to it included */
    bool over = s->config->per_ip && !told && o->peer.family != IP_NONE &&
                others >= s->config->per_ip;
    watch.accepted++;
    let_in(s, fd, peer, metrics);
    struct client *c = client_of(s, fd);
    if (c && !told)
        count_among(w, c, &o->peer, others);
    if (!c) { /* it broke */
        assert_true(watch.calls_fail);
        return;
    }
    assert_int_equal(client_has(c, CLIENT_REFUSED), full || over);
    w->regular = !full && !over;
    w->token = client_token(&s->clients, c);
}

/* The source of each request is looked up. */
void __wrap_caller_request(struct server *s, struct client *c,
                           const struct http_request *request)
{
    __real_caller_request(s, c, request);
    if (!watch.on || client_has(c, CLIENT_SCRAPE))
        return;
    const struct origin *o = origin_of(sim_connection(c->fd));
    if (o->trusted)
        count_as(watch_client(c), c, &o->who);
}

void __wrap_caller_returns(struct server *s, struct client *c)
{
    __real_caller_returns(s, c);
    if (!watch.on || client_has(c, CLIENT_SCRAPE) || !world.config.per_ip)
        return;
    const struct origin *o = origin_of(sim_connection(c->fd));
    /* Nobody can tell of one that has broken, or where the call fails. */
    bool unknown = !client_has(c, CLIENT_OVER) &&
                   s->addresses.entry_of[client_index(&s->clients, c)] == 0;
    if (!o->trusted && !unknown)
        count_as(watch_client(c), c, &o->hop);
}

/* Who it is was told in a PROXY header; behind it there may be a request. */
static void was_told(struct watched *w, const struct client *c, int fd)
{
    const struct origin *o = origin_of(sim_connection(fd));
    if (w->told)
        return;
    assert_false(o->bad);
    w->told = true;
    if (!o->trusted)
        count_as(w, c, &o->hop);
}

void watch_is_counted(const struct client *c)
{
    if (c->state == CLIENT_REQUEST && !client_has(c, CLIENT_SCRAPE) &&
        world.config.proxy_protocol)
        was_told(watch_client(c), c, c->fd);
}

enum proxy_step __wrap_caller_read(struct server *s, struct client *c,
                                   struct span in, size_t *used,
                                   const char **why)
{
    enum proxy_step step = __real_caller_read(s, c, in, used, why);
    if (watch.on && step == PROXY_DONE)
        was_told(watch_client(c), c, c->fd);
    return step;
}

void __wrap_conn_opened(struct server *s, struct client *c)
{
    __real_conn_opened(s, c);
    if (!watch.on)
        return;
    struct socket_address who = {0};
    const struct ip *ip = &origin_of(sim_connection(c->fd))->who;
    watch.opened[c->form]++;
    if (caller_get(s, c, &who) < 0)
        return; /* that call failed */
    assert_int_equal(who.family, ip->family == IP_NONE ? SOCKET_UNIX
                                 : ip->family == IP_V4 ? SOCKET_INET
                                                       : SOCKET_INET6);
    if (ip->family != IP_NONE)
        assert_memory_equal(who.ip, ip->bytes, sizeof who.ip);
}

/* ---- Refused, and sent away ---------------------------------------------- */

void __real_clientlog_refuse(struct server *s, const struct client *c,
                             unsigned status, const char *why);
void __real_conn_fail(struct server *s, struct client *c, unsigned code,
                      const char *reason);
void __real_socket_close(int fd);
void __real_socket_abandon(int fd, unsigned milliseconds);

static bool is(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

/* Is what it was told true? */
static bool is_true(const struct server *s, const struct watched *w,
                    const char *why)
{
    if (is(why, "all client slots taken"))
        return !w->regular;
    if (is(why, "all buffers taken"))
        return watch_exhausted(&s->leases);
    if (is(why, "all rooms taken"))
        return store_used(&s->rooms.store) == s->config->rooms &&
               list_empty(&s->rooms.store.board.table->empty);
    if (is(why, "stopping"))
        return s->draining;
    if (is(why, "its room is far behind"))
        return w->state == CLIENT_REQUEST || w->state == CLIENT_BODY;
    if (is(why, "its room is busy"))
        return w->state == CLIENT_ASKING;
    return is(why, "no random bytes") && watch.calls_fail;
}

void __wrap_clientlog_refuse(struct server *s, const struct client *c,
                             unsigned status, const char *why)
{
    if (watch.on) {
        struct watched *w = watch_of(sim_connection(c->fd));
        watch.refused++;
        if (status == 503)
            assert_true(is_true(s, w, why));
        if (status == 429)
            assert_true(is(why, "posts above --rate") ? s->config->rate > 0
                                                      : w->over);
        if (status == 0)
            assert_int_equal(w->state, CLIENT_PROXY);
    }
    __real_clientlog_refuse(s, c, status, why);
}

void __wrap_conn_fail(struct server *s, struct client *c, unsigned code,
                      const char *reason)
{
    if (watch.on && code == CLOSE_TRY_LATER) {
        assert_true(watch_exhausted(is(reason, "no room to inflate a message")
                                        ? &s->inflating
                                        : &s->leases));
        watch_client(c)->excused = true;
    }
    __real_conn_fail(s, c, code, reason);
}

/* The one way out. An open one that no buffer was left for has just given
   back what it had: two at most. */
static void is_closed(int fd)
{
    struct watched *w = NULL;
    struct server *s = &world.server;
    if (watch.on && fd != s->spare)
        w = watch_of(sim_connection(fd));
    struct client *c = w ? client_of(s, fd) : NULL;
    if (w) {
        w->closed = true;
        w->counted = w->regular = false;
    }
    if (c && (c->state == CLIENT_CLOSING ||
              (c->state == CLIENT_LINGER &&
               c->as.farewell.cause != CAUSE_REFUSED))) {
        watch.closed++;
        if (c->as.farewell.cause == CAUSE_NO_BUFFER && !w->excused) {
            assert_true(s->leases.slots.count + 2 >= s->leases.slots.size);
            w->excused = true;
        }
    }
}

void __wrap_socket_close(int fd)
{
    is_closed(fd);
    __real_socket_close(fd);
}

void __wrap_socket_abandon(int fd, unsigned milliseconds)
{
    is_closed(fd);
    __real_socket_abandon(fd, milliseconds);
}

/* ---- Rooms --------------------------------------------------------------- */

void watch_rooms(const struct server *s)
{
    for (uint32_t i = 0; i < store_used(&s->rooms.store); i++) {
        const struct room *room = room_at(&s->rooms, i);
        uint32_t members = 0, behind[2] = {0}, held = 0;
        for (uint32_t j = 0; j < s->clients.slots.fresh; j++) {
            const struct client *c = client_at(&s->clients, j);
            if (c->state != CLIENT_OPEN || c->room != i)
                continue;
            members++;
            const struct client_member *m =
                &client_profile(&s->clients, c)->member;
            behind[0] += m->behind >= MEMBER_BEHIND && !m->stuck;
            behind[1] += m->behind >= MEMBER_FAR && !m->stuck;
            held += c->taken || client_waits(c, CLIENT_WAITS_ROOM);
        }
        assert_int_equal(room->members, members);
        assert_int_equal(room->behind[0], behind[0]);
        assert_int_equal(room->behind[1], behind[1]);
        assert_int_equal(room->held, held);
        happened("room", "waits for its members", held);
    }
}

/* ---- Counters ------------------------------------------------------------ */

void watch_counters(void)
{
    const struct stats *stats = &world.server.stats;
    uint64_t closed = 0, refused = stats->other_refusals, open = 0;
    for (size_t row = 0; row < STATS_CODES; row++)
        for (size_t cause = 0; cause < CAUSES; cause++)
            closed += stats->closes[row][cause];
    for (size_t i = 0; i < STATS_REFUSALS; i++)
        refused += stats->refusals[i].count;
    for (size_t form = 0; form < CLIENT_FORMS; form++) {
        assert_int_equal(stats->opened[form], watch.opened[form]);
        open += stats->open[form];
    }
    assert_int_equal(stats->accepted, watch.accepted);
    assert_int_equal(closed, watch.closed);
    assert_int_equal(refused, watch.refused);
    assert_int_equal(open, world.server.clients.in_state[CLIENT_OPEN]);
}

/* ---- Progress ------------------------------------------------------------ */

static uint64_t mix(uint64_t hash, const void *ptr, size_t len)
{
    const uint8_t *bytes = ptr;
    for (size_t i = 0; i < len; i++)
        hash = (hash ^ bytes[i]) * UINT64_C(0x100000001B3);
    return hash;
}

/* Of all that a turn could have changed, but for times and queues. */
static uint64_t shape_of(const struct server *s)
{
    uint64_t hash = s->stats.bytes_in + (s->stats.bytes_out << 32);
    hash = mix(hash, &s->stats.accepted, sizeof s->stats.accepted);
    hash = mix(hash, &s->stats.closes, sizeof s->stats.closes);
    hash = mix(hash, s->clients.in_state, sizeof s->clients.in_state);
    for (uint32_t i = 0; i < s->clients.slots.fresh; i++) {
        const struct client *c = client_at(&s->clients, i);
        hash =
            mix(hash, &c->room,
                offsetof(struct client, heard) - offsetof(struct client, room));
        hash = mix(hash, &c->frame_left, sizeof c->frame_left);
        hash = mix(hash, &c->as, sizeof c->as);
    }
    for (uint32_t i = 0; i < store_used(&s->rooms.store); i++) {
        const struct room *room = room_at(&s->rooms, i);
        hash = mix(hash, &room->history.count, sizeof room->history.count);
        hash = mix(hash, &room->flush_at, sizeof room->flush_at);
    }
    hash = mix(hash, &s->drain_at, sizeof s->drain_at);
    for (uint32_t i = 0; i < s->leases.slots.size; i++)
        hash = mix(hash, &s->leases.table[i], sizeof *s->leases.table);
    return hash;
}

void watch_progress(const struct server *s)
{
    if (s->patience > 0) {
        watch.idle = 0;
        return;
    }
    uint64_t shape = shape_of(s);
    watch.idle = shape == watch.shape ? watch.idle + 1 : 0;
    watch.shape = shape;
    assert_true(watch.idle <= IDLE_MAX);
}
