/* SPDX-License-Identifier: MIT */
#include "server/listen.h"
#include "os/error.h"
#include "os/supervise.h"
#include "os/user.h"
#include "server/admit.h"

/* ---- Opening ------------------------------------------------------------- */

static int enrol(struct server *s, size_t i)
{
    const struct server_listener *l = &s->listeners[i];
    uint64_t token = SERVER_TOKEN_LISTENERS + i;
    return l->shared ? reactor_add_shared(s->reactor, l->fd, token)
                     : reactor_add(s->reactor, l->fd, token);
}

/* A listener more; of several workers each looks at it later. 0, or the -errno
   of the reactor. */
static int add(struct server *s, int fd, bool metrics, bool shared)
{
    size_t i = s->listener_count++;
    s->listeners[i].fd = fd;
    s->listeners[i].metrics = metrics;
    s->listeners[i].shared = shared && s->config->workers > 1;
    return limits_has_keeper(s->config) ? 0 : enrol(s, i);
}

/* The sockets that a supervisor has opened for us. */
static int adopt_all(struct server *s, const struct socket_tuning *tuning,
                     struct text *why)
{
    for (uint32_t i = 0; i < s->config->supervised.sockets; i++) {
        int fd = SUPERVISE_FIRST + (int)i;
        if (i == LIMITS_ADDRS ||
            socket_adopt(fd, &s->listeners[i].address, tuning) < 0 ||
            add(s, fd, false, true) < 0) {
            text_string(why, "LISTEN_FDS: no listening stream socket, or one "
                             "too many: descriptor ");
            text_decimal(why, (uint64_t)fd);
            return SERVER_BAD_OPTION;
        }
    }
    return 0;
}

static int listen_on(struct server *s, const struct socket_address *address,
                     bool metrics, const struct socket_tuning *tuning,
                     struct text *why)
{
    if (s->listener_count == LIMITS_ADDRS && !metrics)
        return server_failed(why, "more addresses than can be listened on", 0);
    struct socket_address *own = &s->listeners[s->listener_count].address;
    *own = *address;
    int fd = socket_listen(
        own, tuning, s->config->workers > 1 ? SOCKET_FIRST : SOCKET_ALONE);
    int result = fd < 0 ? fd : add(s, fd, metrics, own->family == SOCKET_UNIX);
    if (result >= 0)
        return 0;
    text_string(why, "cannot listen on ");
    socket_put_address(why, own);
    return server_failed(why, "", result);
}

/* Who is --unix-group? */
static int find_group(const char *name, uint32_t *group, struct text *why)
{
    int result = user_find_group(bytes_of(name), group);
    if (result == 0)
        return 0;
    if (error_kind(result) != ERROR_NONE)
        return server_failed(why, "--unix-group: /etc/group", result);
    text_string(why, "--unix-group: \"");
    text_string(why, name);
    text_string(why, "\" is not in /etc/group");
    return SERVER_BAD_OPTION;
}

static const struct socket_tuning buffers = {
    .send_buffer = LIMITS_SEND_BUFFER,
    .receive_buffer = LIMITS_RECEIVE_BUFFER,
};

int listen_open(struct server *s, struct text *why)
{
    const struct config *config = s->config;
    uint32_t group = 0;
    struct socket_tuning tuning = buffers;
    tuning.mode = config->unix_mode;
    tuning.group = config->unix_group ? &group : NULL;
    int result = tuning.group ? find_group(config->unix_group, &group, why) : 0;
    if (result == 0)
        result = adopt_all(s, &tuning, why);
    bool handed_over = s->listener_count > 0 && config->default_addr;
    size_t count = handed_over ? 0 : config->addr_count;
    for (size_t i = 0; i < count && result == 0; i++)
        result = listen_on(s, &config->addrs[i], false, &tuning, why);
    if (config->has_metrics && result == 0)
        result = listen_on(s, &config->metrics, true, &tuning, why);
    return result;
}

/* ---- Of several workers --------------------------------------------------- */

int listen_open_more(const struct server *s, int fds[SERVER_LISTENERS],
                     struct text *why)
{
    for (size_t i = 0; i < s->listener_count; i++) {
        struct socket_address address = s->listeners[i].address;
        fds[i] = s->listeners[i].shared
                     ? s->listeners[i].fd
                     : socket_listen(&address, &buffers, SOCKET_BESIDE);
        if (fds[i] >= 0)
            continue;
        text_string(why, "cannot listen on ");
        socket_put_address(why, &address);
        return server_failed(why, "", fds[i]);
    }
    return 0;
}

void listen_close_more(const struct server *s, const int fds[SERVER_LISTENERS])
{
    for (size_t i = 0; i < s->listener_count; i++) {
        struct socket_address address = s->listeners[i].address;
        address.file[1] = 0;
        if (fds[i] >= 0 && !s->listeners[i].shared)
            (void)socket_unlisten(fds[i], &address);
    }
}

int listen_take(struct server *s, const int fds[SERVER_LISTENERS],
                struct text *why)
{
    for (size_t i = 0; i < s->listener_count; i++) {
        s->listeners[i].fd = fds[i];
        s->listeners[i].address.file[1] = 0; /* the keeper's to remove */
        int result = enrol(s, i);
        if (result < 0)
            return server_failed(why, "no epoll for a listener", result);
    }
    return 0;
}

/* ---- Accepting ----------------------------------------------------------- */

/* No accept works now: the listeners are left alone for a while. They are
   edge-triggered, so those who wait there wake nobody. */
static void rest(struct server *s, const struct server_listener *l, int error)
{
    bool full = error_kind(error) == ERROR_FULL;
    if (full && s->spare >= 0) {
        /* Given up, so that one connection can be taken and let go at once. */
        struct socket_address peer;
        socket_close(s->spare);
        int fd = socket_accept(l->fd, &peer);
        if (fd >= 0)
            socket_close(fd);
        s->spare = socket_spare();
    }
    s->rest_until = s->now + LIMITS_REST;
    journal_warn(&s->journal, s->wall,
                 full ? "out of descriptors" : "no accept", error);
}

static void accept_some(struct server *s, struct server_listener *l)
{
    uint64_t end = s->cost + LIMITS_TURN_ACCEPT / s->listener_count;
    while (s->cost < end && admit_now(s)) { /* more of them are next turn's */
        struct socket_address peer;
        s->cost += LIMITS_COST_ACCEPT;
        int fd = socket_accept(l->fd, &peer);
        if (fd >= 0) {
            admit_one(s, fd, &peer, l->metrics);
        } else if (error_kind(fd) == ERROR_WAIT) {
            l->ready = false;
            return;
        } else if (error_kind(fd) != ERROR_RETRY || s->cost >= end) {
            rest(s, l, fd); /* else on to the next one, but not for ever */
            return;
        }
    }
}

void listen_accept(struct server *s)
{
    if (s->rest_until && s->now >= s->rest_until) {
        /* Where there is none to spare, there is none for anybody. */
        if (s->spare < 0)
            s->spare = socket_spare();
        s->rest_until = s->spare < 0 ? s->now + LIMITS_REST : 0;
    }
    s->came = 0;
    if (crew_is_shared(&s->crew) && listen_wait(s) == 0 && admit_waits(s))
        s->rest_until = s->now + LIMITS_ASK;
    for (size_t i = 0; i < s->listener_count && s->rest_until == 0; i++)
        if (s->listeners[i].ready)
            accept_some(s, &s->listeners[i]);
}

uint64_t listen_wait(const struct server *s)
{
    if (s->rest_until)
        return s->rest_until - s->now;
    for (size_t i = 0; i < s->listener_count; i++)
        if (s->listeners[i].ready)
            return 0;
    return REACTOR_FOREVER;
}

/* ---- Ending -------------------------------------------------------------- */

void listen_stop(struct server *s)
{
    for (size_t i = 0; i < s->listener_count; i++) {
        struct server_listener *l = &s->listeners[i];
        if (l->fd < 0)
            continue;
        if (s->reactor >= 0)
            reactor_remove(s->reactor, l->fd);
        int result = socket_unlisten(l->fd, &l->address);
        if (result < 0)
            journal_warn(&s->journal, s->wall,
                         "the file of a unix: socket stays", result);
        l->fd = -1;
        l->ready = false;
    }
}
