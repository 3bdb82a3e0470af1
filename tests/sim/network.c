/* SPDX-License-Identifier: MIT */
/* Listeners, connections and the reactor: socket.h and reactor.h. */
#include "os/dial.h"
#include "os/reactor.h"
#include "os/socket.h"
#include "sim/kernel.h"
#include "support/shadow.h"
#include "support/unit.h"

#include <errno.h>
#include <stdlib.h>

#define LISTENERS_MAX   64
#define CONNECTIONS_MAX 16384
#define FIRST_PORT      40000 /* of those that the kernel chooses */

/* Bytes on their way, in order. */
struct queue {
    uint8_t *ptr;
    size_t size;
    size_t len;
};

struct connection {
    int fd; /* the server's, or -1 */
    enum sim_side side;
    struct socket_address from;
    struct queue in;     /* to the server */
    struct queue out;    /* from the server, and not read by us */
    size_t acknowledged; /* of `out`: bytes that our kernel has */
    size_t send_buffer;
    size_t receive_buffer;
    size_t window;
    size_t low_water;
    size_t piece;
    bool told_full;   /* a send took less than there was */
    bool peer_shut;   /* we send no more */
    bool peer_closed; /* we read no more either */
    int error;        /* a positive errno the server has not been told */
    bool broken;      /* and that it has, or will have */
    bool struck;      /* see sim_struck */
    bool sink;        /* what is sent is forgotten */
};

struct listener {
    int fd; /* -1: closed */
    struct socket_address address;
    bool shares;                  /* with others on the same port */
    int waiting[CONNECTIONS_MAX]; /* connections not accepted yet */
    size_t waiting_count;
};

static struct listener listeners[LISTENERS_MAX];
static size_t listener_count;
static struct connection connections[CONNECTIONS_MAX];
static int connection_count;
static int last_events;
static unsigned socket_files, socket_files_made, socket_mode, socket_group;
static int unlink_error; /* of each of them, or 0 */

/* ---- Queues -------------------------------------------------------------- */

static void queue_put(struct queue *q, struct span s)
{
    if (q->size - q->len < s.len) {
        q->size = 2 * q->size + s.len;
        q->ptr = realloc(q->ptr, q->size);
        assert_non_null(q->ptr);
    }
    if (s.len)
        memcpy(q->ptr + q->len, s.ptr, s.len);
    q->len += s.len;
}

static void queue_get(struct queue *q, uint8_t *out, size_t len)
{
    if (len == 0)
        return;
    memcpy(out, q->ptr, len);
    memmove(q->ptr, q->ptr + len, q->len - len);
    q->len -= len;
}

void network_end(void)
{
    for (int i = 0; i < connection_count; i++) {
        free(connections[i].in.ptr);
        free(connections[i].out.ptr);
    }
    connection_count = 0;
    listener_count = 0;
    socket_files = 0;
    unlink_error = 0;
}

void network_begin(void)
{
    network_end();
}

/* ---- Edges --------------------------------------------------------------- */

static struct connection *at(int connection)
{
    assert_in_range(connection, 0, connection_count - 1);
    return &connections[connection];
}

static struct connection *of(int fd)
{
    return at((int)kernel_at(fd, KERNEL_STREAM)->number);
}

static void wake(const struct connection *c)
{
    if (c->fd >= 0)
        kernel_at(c->fd, KERNEL_STREAM)->edge = true;
}

static size_t in_send_buffer(const struct connection *c)
{
    return c->out.len - c->acknowledged;
}

static size_t room_to_send(const struct connection *c)
{
    size_t used = in_send_buffer(c);
    return used < c->send_buffer ? c->send_buffer - used : 0;
}

static bool can_send(const struct connection *c)
{
    return c->broken || c->side != SIM_OPEN ||
           (room_to_send(c) > 0 && room_to_send(c) >= c->low_water);
}

/* Something moved: acknowledge what the window lets in, and tell the server
   when it waits for that. */
static void settle(struct connection *c)
{
    size_t taken = bytes_min(c->out.len, c->window);
    if (c->acknowledged < taken)
        c->acknowledged = taken;
    if (!c->told_full || !can_send(c))
        return;
    c->told_full = false;
    wake(c);
}

/* ---- Calls that fail ----------------------------------------------------- */

int kernel_call_on(enum sim_call call, int fd)
{
    struct connection *c = of(fd);
    int result = kernel_call(call);
    c->struck |= result < 0;
    return result;
}

bool sim_struck(int connection)
{
    return at(connection)->struck;
}

/* ---- The server's end ---------------------------------------------------- */

static int open_listener(struct socket_address *address,
                         enum socket_share share)
{
    assert_true(listener_count < LISTENERS_MAX);
    for (size_t i = 0; i < listener_count; i++)
        if (listeners[i].fd >= 0 && address->port &&
            listeners[i].address.port == address->port &&
            !(share == SOCKET_BESIDE && listeners[i].shares))
            return -EADDRINUSE;
    int fd = kernel_open(KERNEL_LISTENER, listener_count);
    if (fd < 0)
        return fd;
    if (address->port == 0 && address->family != SOCKET_UNIX)
        address->port = (uint16_t)(FIRST_PORT + listener_count);
    struct listener *l = &listeners[listener_count++];
    l->fd = fd;
    l->address = *address;
    l->shares = share != SOCKET_ALONE;
    l->waiting_count = 0;
    return fd;
}

/* It makes a file, which only socket_unlisten removes. */
static void make_file(struct socket_address *address,
                      const struct socket_tuning *tuning)
{
    if (address->family != SOCKET_UNIX)
        return;
    socket_mode = tuning->mode;
    socket_group = tuning->group ? *tuning->group : 0;
    address->file[1] = ++socket_files_made;
    socket_files++;
}

unsigned sim_socket_files(void)
{
    return socket_files;
}

unsigned sim_socket_mode(void)
{
    return socket_mode;
}

unsigned sim_socket_group(void)
{
    return socket_group;
}

int socket_listen(struct socket_address *address,
                  const struct socket_tuning *tuning, enum socket_share share)
{
    assert_true(tuning->send_buffer > 0 && tuning->receive_buffer > 0);
    int result = kernel_call(SIM_LISTEN);
    if (result == 0)
        result = open_listener(address, share);
    if (result >= 0)
        make_file(address, tuning);
    return result;
}

void sim_hand_over(const char *address)
{
    struct socket_address at;
    assert_true(socket_parse(bytes_of(address), &at));
    assert_true(open_listener(&at, SOCKET_ALONE) >= 0);
}

int socket_adopt(int fd, struct socket_address *address,
                 const struct socket_tuning *tuning)
{
    assert_true(tuning->send_buffer > 0 && tuning->receive_buffer > 0);
    int result = kernel_call(SIM_ADOPT);
    if (result < 0 || kernel_kind_of(fd) != KERNEL_LISTENER)
        return result < 0 ? result : -ENOTSOCK;
    *address = listeners[kernel_at(fd, KERNEL_LISTENER)->number].address;
    return 0;
}

int sim_inherit(int listener)
{
    size_t number = kernel_at(listener, KERNEL_LISTENER)->number;
    int fd = kernel_open(KERNEL_LISTENER, number);
    assert_true(fd >= 0);
    return listeners[number].fd = fd;
}

/* Who has it open besides looks after those who wait. */
void network_unlisten(int fd)
{
    size_t number = kernel_at(fd, KERNEL_LISTENER)->number;
    struct listener *l = &listeners[number];
    kernel_close(fd, KERNEL_LISTENER);
    if (l->fd == fd)
        l->fd = kernel_find(KERNEL_LISTENER, number);
    if (l->fd >= 0)
        return;
    for (size_t i = 0; i < l->waiting_count; i++)
        at(l->waiting[i])->side = SIM_BROKEN;
    while (listener_count > 0 && listeners[listener_count - 1].fd < 0)
        listener_count--; /* its number may be another one's */
}

void sim_keep_socket_files(int error)
{
    unlink_error = error;
}

int socket_unlisten(int fd, const struct socket_address *address)
{
    const struct listener *l =
        &listeners[kernel_at(fd, KERNEL_LISTENER)->number];
    assert_int_equal(l->address.port, address->port);
    bool has_file = address->file[1] > 0;
    socket_files -= has_file && !unlink_error;
    network_unlisten(fd);
    return has_file ? -unlink_error : 0;
}

static void take_first(struct listener *l)
{
    l->waiting_count--;
    memmove(l->waiting, l->waiting + 1, l->waiting_count * sizeof *l->waiting);
}

/* accept(2): errors that were the connection's own are told here, and it is
   gone from the queue. */
static bool is_of_connection(int result)
{
    static const int own[] = {ECONNABORTED, EPROTO,       ENOPROTOOPT,
                              ENETDOWN,     ENETUNREACH,  ENONET,
                              EHOSTDOWN,    EHOSTUNREACH, EOPNOTSUPP};
    for (size_t i = 0; i < UNIT_COUNT(own); i++)
        if (own[i] == -result)
            return true;
    return false;
}

static int refuse_accept(struct listener *l, int result)
{
    if (l->waiting_count == 0)
        return is_of_connection(result) ? -EAGAIN : result;
    struct connection *c = at(l->waiting[0]);
    c->struck = true;
    if (is_of_connection(result)) {
        c->side = SIM_BROKEN;
        take_first(l);
    }
    return result;
}

int socket_accept(int listener, struct socket_address *peer)
{
    struct listener *l =
        &listeners[kernel_at(listener, KERNEL_LISTENER)->number];
    int result = kernel_call(SIM_ACCEPT);
    if (result < 0)
        return refuse_accept(l, result);
    if (l->waiting_count == 0)
        return -EAGAIN;
    struct connection *c = at(l->waiting[0]);
    int fd = kernel_open(KERNEL_STREAM, (size_t)l->waiting[0]);
    if (fd < 0)
        return refuse_accept(l, fd);
    take_first(l);
    c->fd = fd;
    c->side = SIM_OPEN;
    *peer = c->from;
    return fd;
}

int socket_peer(int fd, struct socket_address *peer)
{
    int result = kernel_call(SIM_PEER);
    *peer = of(fd)->from;
    return result < 0 ? result : of(fd)->broken ? -ENOTCONN : 0;
}

static int take_error(struct connection *c)
{
    int error = c->error;
    c->error = 0;
    return -error;
}

ptrdiff_t socket_receive(int fd, uint8_t *ptr, size_t len)
{
    struct connection *c = of(fd);
    int result = kernel_call_on(SIM_RECEIVE, fd);
    assert_true(len > 0); /* or 0 would look like an end */
    if (result < 0)
        return result;
    if (c->in.len == 0) {
        if (c->error)
            return take_error(c);
        return c->peer_shut || c->broken ? 0 : -EAGAIN;
    }
    size_t taken = bytes_min(c->in.len, bytes_min(len, c->piece));
    if (taken == c->piece && taken < c->in.len)
        wake(c);
    shadow_forget(ptr, len); /* of whoever was received from before */
    queue_get(&c->in, ptr, taken);
    return (ptrdiff_t)taken;
}

ptrdiff_t socket_peek(int fd, uint8_t *ptr, size_t len)
{
    struct connection *c = of(fd);
    int result = kernel_call_on(SIM_RECEIVE, fd);
    if (result < 0)
        return result;
    if (c->in.len == 0)
        return c->error ? -c->error : c->peer_shut || c->broken ? 0 : -EAGAIN;
    size_t seen = bytes_min(c->in.len, len);
    shadow_forget(ptr, len);
    memcpy(ptr, c->in.ptr, seen);
    return (ptrdiff_t)seen;
}

/* Bytes that nobody will read. */
static void lose(struct connection *c)
{
    c->out.len = 0;
    c->acknowledged = 0;
    c->broken = true;
    c->error = ECONNRESET;
    wake(c);
}

ptrdiff_t network_send(int fd, const struct span *parts, size_t count)
{
    struct connection *c = of(fd);
    size_t total = 0, left;
    for (size_t i = 0; i < count; i++)
        total += parts[i].len;
    assert_int_equal(c->side, SIM_OPEN); /* nothing after a shut */
    if (c->broken)
        return c->error ? take_error(c) : -EPIPE;
    settle(c);
    size_t most = c->window > c->out.len ? c->window - c->out.len : 0;
    most =
        room_to_send(c) > SIZE_MAX - most ? SIZE_MAX : room_to_send(c) + most;
    left = bytes_min(total, bytes_min(most, c->piece));
    c->told_full = most < total;
    if (left < total && left == c->piece)
        wake(c);
    total = left;
    for (size_t i = 0; i < count && left; i++) {
        size_t taken = bytes_min(left, parts[i].len);
        shadow_check(parts[i].ptr, parts[i].len);
        if (!c->sink)
            queue_put(&c->out, bytes_part(parts[i], 0, taken));
        left -= taken;
    }
    settle(c);
    if (c->peer_closed)
        lose(c);
    return total ? (ptrdiff_t)total : -EAGAIN;
}

ptrdiff_t socket_send(int fd, const struct span *parts, size_t count)
{
    int result = kernel_call_on(SIM_SEND, fd);
    assert_in_range(count, 1, SOCKET_PARTS);
    if (result == -EAGAIN) /* as sk_stream_wait_memory sets SOCK_NOSPACE */
        of(fd)->told_full = in_send_buffer(of(fd)) > 0;
    return result < 0 ? result : network_send(fd, parts, count);
}

ptrdiff_t socket_unacknowledged(int fd)
{
    int result = kernel_call_on(SIM_UNACKNOWLEDGED, fd);
    return result < 0 ? result : (ptrdiff_t)in_send_buffer(of(fd));
}

void socket_shut(int fd)
{
    struct connection *c = of(fd);
    assert_int_equal(c->side, SIM_OPEN);
    if (kernel_call(SIM_SHUTDOWN) == 0)
        c->side = SIM_SHUT;
}

static void close_stream(int fd)
{
    struct connection *c = of(fd);
    kernel_close(fd, KERNEL_STREAM);
    c->fd = -1;
    c->side = SIM_CLOSED;
    if (c->in.len > 0) { /* RFC 1122 4.2.2.13: a reset, for they are lost */
        c->side = SIM_BROKEN;
        c->out.len = c->acknowledged;
    }
}

void socket_abandon(int fd, unsigned milliseconds)
{
    assert_true(milliseconds > 0);
    socket_close(fd);
}

void socket_close(int fd)
{
    if (kernel_kind_of(fd) == KERNEL_STREAM)
        close_stream(fd);
    else if (kernel_kind_of(fd) == KERNEL_LISTENER)
        network_unlisten(fd);
    else
        kernel_close(fd, kernel_kind_of(fd)); /* the spare one */
}

/* Nobody is there to be called. */
int socket_dial(const struct socket_address *address)
{
    (void)address;
    return -ECONNREFUSED;
}

int dial_result(int fd)
{
    (void)fd;
    return 0;
}

int socket_spare(void)
{
    int result = kernel_call(SIM_SPARE);
    return result < 0 ? result : kernel_open(KERNEL_OTHER, 0);
}

/* ---- Our end ------------------------------------------------------------- */

int sim_connect(size_t listener, const char *from)
{
    struct listener *l = &listeners[listener];
    if (listener >= listener_count || l->fd < 0)
        return -1;
    assert_true(connection_count < CONNECTIONS_MAX);
    struct connection *c = &connections[connection_count];
    *c = (struct connection){
        .fd = -1,
        .side = SIM_WAITING,
        .send_buffer = SIM_UNLIMITED,
        .receive_buffer = SIM_UNLIMITED,
        .window = SIM_UNLIMITED,
        .low_water = 1,
        .piece = SIM_UNLIMITED,
    };
    assert_true(socket_parse(bytes_of(from), &c->from));
    l->waiting[l->waiting_count++] = connection_count;
    kernel_at(l->fd, KERNEL_LISTENER)->edge = true;
    return connection_count++;
}

int sim_connections(void)
{
    return connection_count;
}

size_t sim_write(int connection, struct span bytes)
{
    struct connection *c = at(connection);
    assert_false(c->peer_shut || c->broken);
    if (c->side >= SIM_CLOSED)
        return bytes.len; /* it goes nowhere */
    size_t used = c->in.len;
    size_t room = used < c->receive_buffer ? c->receive_buffer - used : 0;
    size_t taken = bytes_min(bytes.len, room);
    queue_put(&c->in, bytes_part(bytes, 0, taken));
    if (taken)
        wake(c);
    return taken;
}

size_t sim_read(int connection, uint8_t *out, size_t size)
{
    struct connection *c = at(connection);
    size_t taken = bytes_min(size, c->acknowledged);
    queue_get(&c->out, out, taken);
    c->acknowledged -= taken;
    settle(c);
    return taken;
}

void sim_shut(int connection)
{
    at(connection)->peer_shut = true;
    wake(at(connection));
}

void sim_close(int connection)
{
    struct connection *c = at(connection);
    c->peer_closed = true;
    sim_shut(connection);
    if (c->out.len > 0) /* we close with bytes unread: a reset at once */
        lose(c);
}

void sim_reset(int connection)
{
    at(connection)->peer_shut = true;
    lose(at(connection));
}

enum sim_side sim_side(int connection)
{
    return at(connection)->side;
}

bool sim_ended(int connection)
{
    return at(connection)->side >= SIM_SHUT && at(connection)->out.len == 0;
}

int sim_descriptor(int connection)
{
    return at(connection)->fd;
}

void sim_set_send_buffer(int connection, size_t size)
{
    at(connection)->send_buffer = size;
    settle(at(connection));
}

void sim_set_receive_buffer(int connection, size_t size)
{
    at(connection)->receive_buffer = size;
}

void sim_set_window(int connection, size_t size)
{
    at(connection)->window = size;
    settle(at(connection));
}

void sim_set_low_water(int connection, size_t size)
{
    at(connection)->low_water = size;
    settle(at(connection));
}

void sim_set_piece(int connection, size_t size)
{
    assert_true(size > 0);
    at(connection)->piece = size;
}

void sim_set_sink(int connection)
{
    struct connection *c = at(connection);
    c->sink = true;
    c->out.len = c->acknowledged = 0;
    settle(c);
}

void sim_acknowledge(int connection, size_t len)
{
    struct connection *c = at(connection);
    c->acknowledged += bytes_min(len, in_send_buffer(c));
    settle(c);
}

size_t sim_in_flight(int connection)
{
    return at(connection)->out.len;
}

size_t sim_unacknowledged(int connection)
{
    return in_send_buffer(at(connection));
}

size_t sim_unread(int connection)
{
    return at(connection)->in.len;
}

bool sim_has_room(int connection)
{
    return can_send(at(connection));
}

int sim_connection(int fd)
{
    return (int)kernel_at(fd, KERNEL_STREAM)->number;
}

/* ---- The reactor --------------------------------------------------------- */

int reactor_open(void)
{
    int result = kernel_call(SIM_REACTOR_OPEN);
    return result < 0 ? result : kernel_open(KERNEL_OTHER, 0);
}

static void register_at(int reactor, struct kernel_descriptor *d,
                        uint64_t token, bool is_source)
{
    kernel_at(reactor, KERNEL_OTHER);
    assert_false(d->registered);
    d->registered = true;
    d->reactor = reactor;
    d->is_source = is_source;
    d->token = token;
    d->edge = true; /* what is so already is told as well */
}

int reactor_add(int reactor, int fd, uint64_t token)
{
    enum kernel_kind kind = kernel_kind_of(fd);
    int result = kind == KERNEL_STREAM ? kernel_call_on(SIM_REACTOR_ADD, fd)
                                       : kernel_call(SIM_REACTOR_ADD);
    kernel_at(reactor, KERNEL_OTHER);
    assert_true(kind == KERNEL_STREAM || kind == KERNEL_LISTENER ||
                kind == KERNEL_BELL);
    if (result == 0)
        register_at(reactor, kernel_at(fd, kind), token, false);
    return result;
}

int reactor_add_shared(int reactor, int fd, uint64_t token)
{
    return reactor_add(reactor, fd, token);
}

int reactor_add_source(int reactor, int fd, uint64_t token)
{
    int result = kernel_call(SIM_REACTOR_ADD_SOURCE);
    kernel_at(reactor, KERNEL_OTHER);
    if (result == 0)
        register_at(reactor, kernel_at(fd, KERNEL_SIGNALS), token, true);
    return result;
}

void reactor_remove(int reactor, int fd)
{
    struct kernel_descriptor *d = kernel_at(fd, kernel_kind_of(fd));
    kernel_at(reactor, KERNEL_OTHER);
    d->registered = false;
}

static bool signals_event(const struct kernel_descriptor *d,
                          struct reactor_event *event)
{
    *event = (struct reactor_event){.token = d->token, .readable = true};
    return kernel_signalled();
}

static bool listener_event(struct kernel_descriptor *d,
                           struct reactor_event *event)
{
    bool told = d->edge;
    d->edge = false;
    *event = (struct reactor_event){.token = d->token, .readable = true};
    return told && listeners[d->number].waiting_count > 0;
}

/* It is writable always. */
static bool bell_event(struct kernel_descriptor *d, struct reactor_event *event)
{
    bool told = d->edge;
    d->edge = false;
    *event = (struct reactor_event){
        .token = d->token, .readable = d->rung > 0, .writable = true};
    return told;
}

static bool stream_event(struct kernel_descriptor *d,
                         struct reactor_event *event)
{
    struct connection *c = at((int)d->number);
    if (!d->edge)
        return false;
    d->edge = false;
    event->token = d->token;
    event->hangup = c->peer_shut || c->broken;
    event->readable = c->in.len > 0 || event->hangup;
    event->writable = can_send(c);
    c->told_full = !event->writable; /* as tcp_poll sets SOCK_NOSPACE */
    return event->readable || event->writable;
}

static bool event_of(struct kernel_descriptor *d, struct reactor_event *event)
{
    return d->is_source                 ? signals_event(d, event)
           : d->kind == KERNEL_LISTENER ? listener_event(d, event)
           : d->kind == KERNEL_BELL     ? bell_event(d, event)
                                        : stream_event(d, event);
}

int reactor_wait(int reactor, struct reactor_event events[REACTOR_EVENTS],
                 uint64_t milliseconds)
{
    int count = 0;
    kernel_at(reactor, KERNEL_OTHER);
    kernel_wait(reactor, milliseconds);
    for (int fd = 0; fd < kernel_bound() && count < REACTOR_EVENTS; fd++) {
        struct kernel_descriptor *d = kernel_if_registered(fd, reactor);
        if (d && event_of(d, &events[count]))
            count++;
    }
    return last_events = count;
}

/* As event_of finds it; but nothing counts as told. */
static bool has_event(const struct kernel_descriptor *d)
{
    if (d->is_source)
        return kernel_signalled();
    if (!d->edge || d->kind == KERNEL_BELL)
        return d->edge;
    if (d->kind == KERNEL_LISTENER)
        return listeners[d->number].waiting_count > 0;
    const struct connection *c = at((int)d->number);
    return c->in.len > 0 || c->peer_shut || c->broken || can_send(c);
}

bool sim_wakes(int reactor)
{
    for (int fd = 0; fd < kernel_bound(); fd++) {
        const struct kernel_descriptor *d = kernel_if_registered(fd, reactor);
        if (d && has_event(d))
            return true;
    }
    return false;
}

int sim_events(void)
{
    return last_events;
}
