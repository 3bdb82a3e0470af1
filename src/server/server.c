/* SPDX-License-Identifier: MIT */
#include "server/server.h"
#include "base/check.h"
#include "os/clock.h"
#include "os/error.h"
#include "os/file.h"
#include "os/memory.h"
#include "os/process.h"
#include "os/entropy.h"
#include "os/signals.h"
#include "server/compressed.h"
#include "server/confine.h"
#include "server/conn.h"
#include "server/deadline.h"
#include "server/member.h"
#include "server/trace.h"

/* Tokens that are no client's: a client's generation is odd, so its token is
   never below 2^32. */
#define TOKEN_SIGNALS   UINT64_C(0)
#define TOKEN_LISTENERS UINT64_C(1) /* + index of the listener */

/* ---- Queues -------------------------------------------------------------- */

static void queue_init(struct server_queue *q)
{
    *q = (struct server_queue){.first = CLIENT_NONE, .last = CLIENT_NONE};
}

/* Ready clients are linked through slot.next_free, which is theirs while they
   have the slot; dirty ones, and later the buried, through dirty_next. */
void server_make_ready(struct server *s, struct client *c)
{
    if (client_has(c, CLIENT_READY))
        return;
    uint32_t index = client_index(&s->clients, c);
    client_set(c, CLIENT_READY);
    c->slot.next_free = CLIENT_NONE;
    if (s->ready.last == CLIENT_NONE)
        s->ready.first = index;
    else
        client_at(&s->clients, s->ready.last)->slot.next_free = index;
    s->ready.last = index;
    s->ready.count++;
}

static struct client *pop_ready(struct server *s)
{
    struct client *c = client_at(&s->clients, s->ready.first);
    s->ready.first = c->slot.next_free;
    if (s->ready.first == CLIENT_NONE)
        s->ready.last = CLIENT_NONE;
    s->ready.count--;
    client_clear(c, CLIENT_READY);
    return c;
}

void server_make_dirty(struct server *s, struct client *c)
{
    if (client_has(c, CLIENT_DIRTY))
        return;
    uint32_t index = client_index(&s->clients, c);
    client_set(c, CLIENT_DIRTY);
    c->dirty_next = CLIENT_NONE;
    if (s->dirty.last == CLIENT_NONE)
        s->dirty.first = index;
    else
        client_at(&s->clients, s->dirty.last)->dirty_next = index;
    s->dirty.last = index;
    s->dirty.count++;
}

static struct client *pop_dirty(struct server *s)
{
    struct client *c = client_at(&s->clients, s->dirty.first);
    s->dirty.first = c->dirty_next;
    if (s->dirty.first == CLIENT_NONE)
        s->dirty.last = CLIENT_NONE;
    s->dirty.count--;
    client_clear(c, CLIENT_DIRTY);
    return c;
}

/* One that is still in a queue is buried when it comes out of it. */
void server_bury(struct server *s, struct client *c)
{
    if (client_has(c, CLIENT_READY) || client_has(c, CLIENT_DIRTY))
        return;
    c->dirty_next = s->reap;
    s->reap = client_index(&s->clients, c);
}

static void reap(struct server *s)
{
    while (s->reap != CLIENT_NONE) {
        struct client *c = client_at(&s->clients, s->reap);
        s->reap = c->dirty_next;
        client_give(&s->clients, c);
    }
}

/* ---- Listening ----------------------------------------------------------- */

static void mute(struct server *s, bool quiet)
{
    for (size_t i = 0; i < s->listener_count; i++)
        if (s->listeners[i].fd >= 0)
            (void)reactor_mute_source(s->reactor, s->listeners[i].fd,
                                      TOKEN_LISTENERS + i, quiet);
}

/*
 * Out of descriptors. The spare one is given up so that one connection can be
 * taken and let go at once, and the listeners rest, or the reactor would wake
 * us for them again and again.
 */
static void rest(struct server *s, struct server_listener *l)
{
    struct socket_address peer;
    if (s->spare >= 0) {
        socket_close(s->spare);
        int fd = socket_accept(l->fd, &peer);
        if (fd >= 0)
            socket_close(fd);
        s->spare = socket_spare();
    }
    mute(s, true);
    s->rest_until = s->now + LIMITS_REST;
    struct journal_line line;
    if (journal_begin(&s->journal, &line, LEVEL_WARN, JOURNAL_WARN, s->wall)) {
        journal_put(&line, "why", BYTES_LITERAL("out of descriptors"));
        journal_end(&line);
    }
}

static void accept_some(struct server *s, struct server_listener *l)
{
    for (unsigned i = 0; i < LIMITS_ACCEPTS; i++) {
        struct socket_address peer;
        int fd = socket_accept(l->fd, &peer);
        if (fd >= 0 && l->metrics) {
            conn_accept_scrape(s, fd, &peer);
            continue;
        }
        if (fd >= 0) {
            conn_accept(s, fd, &peer);
            continue;
        }
        switch (error_kind(fd)) {
        case ERROR_RETRY: continue; /* that one is gone: the next */
        case ERROR_FULL: rest(s, l); return;
        case ERROR_WAIT:
        case ERROR_PEER:
        case ERROR_NONE:
        case ERROR_FAULT: return;
        }
    }
}

static void accept_all(struct server *s)
{
    for (size_t i = 0; i < s->listener_count; i++) {
        struct server_listener *l = &s->listeners[i];
        if (l->ready && l->fd >= 0 && s->rest_until == 0)
            accept_some(s, l);
        l->ready = false;
    }
    if (s->rest_until && s->now >= s->rest_until) {
        s->rest_until = 0;
        mute(s, false);
    }
}

static void stop_listening(struct server *s)
{
    for (size_t i = 0; i < s->listener_count; i++) {
        struct server_listener *l = &s->listeners[i];
        if (l->fd < 0)
            continue;
        reactor_remove(s->reactor, l->fd);
        socket_unlisten(l->fd, &l->address);
        l->fd = -1;
    }
}

/* ---- Signals ------------------------------------------------------------- */

static void log_state(struct server *s)
{
    struct journal_line line;
    const struct clients *all = &s->clients;
    if (!journal_begin(&s->journal, &line, LEVEL_INFO, JOURNAL_STATE, s->wall))
        return;
    journal_number(&line, "clients", all->in_state[CLIENT_OPEN]);
    journal_number(&line, "closing",
                   all->in_state[CLIENT_CLOSING] +
                       all->in_state[CLIENT_LINGER]);
    journal_number(&line, "http",
                   all->in_state[CLIENT_PROXY] + all->in_state[CLIENT_REQUEST] +
                       all->in_state[CLIENT_REPLY]);
    journal_number(&line, "slots", all->slots.count);
    journal_number(&line, "slots_max", all->size);
    journal_number(&line, "rooms", s->rooms.in_use);
    journal_number(&line, "rooms_max", s->rooms.slots.size);
    journal_number(&line, "buffers", s->leases.slots.count);
    journal_number(&line, "buffers_max", s->leases.slots.size);
    journal_end(&line);
}

static void log_stop(struct server *s, const char *what)
{
    struct journal_line line;
    if (!journal_begin(&s->journal, &line, LEVEL_INFO, JOURNAL_STOP, s->wall))
        return;
    journal_put(&line, "what", bytes_of(what));
    journal_number(&line, "clients", s->clients.in_state[CLIENT_OPEN]);
    journal_end(&line);
}

/* Every WebSocket gets what was published before, then Close 1001. */
static void drain(struct server *s)
{
    s->draining = true;
    s->drain_until = s->now + s->config->drain;
    log_stop(s, "draining");
    supervise_tell(s->supervisor, "STOPPING=1");
    stop_listening(s);
    for (uint32_t i = 0; i < s->clients.slots.fresh; i++) {
        struct client *c = client_at(&s->clients, i);
        if (c->state != CLIENT_OPEN)
            continue;
        /* One after the other: there is no leased buffer for everybody's. */
        conn_begin(s, c);
        conn_close(s, c, CLOSE_GOING_AWAY, "stopping", CAUSE_STOPPING, false);
        conn_settle(s, c);
    }
}

static void handle_signals(struct server *s)
{
    enum signals_event event;
    s->signalled = false;
    while ((event = signals_read(s->signals)) != SIGNALS_NONE) {
        if (event == SIGNALS_STATE)
            log_state(s);
        else if (s->draining)
            s->abort = true;
        else
            drain(s);
    }
}

/* Are there clients whose end is to be waited for? */
static bool drained(const struct server *s)
{
    const uint32_t *in = s->clients.in_state;
    return s->now >= s->drain_until || in[CLIENT_OPEN] + in[CLIENT_CLOSING] +
                                               in[CLIENT_LINGER] +
                                               in[CLIENT_REPLY] ==
                                           0;
}

/* ---- The loop ------------------------------------------------------------ */

static void take_event(struct server *s, const struct reactor_event *event)
{
    if (event->token == TOKEN_SIGNALS) {
        s->signalled = true;
        return;
    }
    if (event->token < TOKEN_LISTENERS + SERVER_LISTENERS) {
        s->listeners[event->token - TOKEN_LISTENERS].ready = true;
        return;
    }
    struct client *c = client_find(&s->clients, event->token);
    if (!c || c->state == CLIENT_GONE)
        return;
    if (event->hangup)
        client_set(c, CLIENT_HANGUP);
    if (event->readable)
        client_set(c, CLIENT_READABLE);
    if (event->writable && client_has(c, CLIENT_BLOCKED))
        server_make_dirty(s, c);
    else if (conn_may_read(c))
        server_make_ready(s, c);
}

/* Those that are ready now; one that becomes ready again waits for the next
   turn, so that everybody has a turn. */
static void read_all(struct server *s)
{
    for (uint32_t left = s->ready.count; left > 0; left--) {
        struct client *c = pop_ready(s);
        if (c->state == CLIENT_GONE)
            server_bury(s, c);
        else
            conn_turn(s, c);
    }
}

static void flush_all(struct server *s)
{
    struct room *room;
    while ((room = room_next_dirty(&s->rooms)) != NULL)
        member_flush(s, room);
    for (uint32_t left = s->dirty.count; left > 0; left--) {
        struct client *c = pop_dirty(s);
        if (c->state == CLIENT_GONE)
            server_bury(s, c);
        else
            conn_flush(s, c);
    }
}

static void run_timers(struct server *s)
{
    for (unsigned i = 0; i < LIMITS_TIMERS; i++) {
        uint32_t index = wheel_pop(&s->wheel, s->now);
        if (index == WHEEL_NONE)
            return;
        deadline_reached(s, client_at(&s->clients, index));
    }
}

/* A turn has come to its end: we are alive. */
static void tell_alive(struct server *s)
{
    uint32_t watchdog = s->config->supervised.watchdog;
    if (!watchdog || s->now < s->alive_at)
        return;
    supervise_tell(s->supervisor, "WATCHDOG=1");
    s->alive_at = s->now + watchdog;
}

/* How long the reactor may sleep. */
static uint64_t patience(const struct server *s, uint64_t members)
{
    if (s->ready.count || s->dirty.count || s->rooms.first_dirty ||
        s->reap != CLIENT_NONE)
        return 0;
    uint64_t wait = bytes_min64(wheel_wait(&s->wheel, s->now), members);
    if (s->rest_until)
        wait = bytes_min64(wait, s->rest_until - s->now);
    if (s->draining)
        wait = bytes_min64(wait, s->drain_until - s->now);
    if (s->journal.owing)
        wait = bytes_min64(wait, 1000 - s->wall % 1000);
    if (s->config->supervised.watchdog)
        wait = bytes_min64(wait, s->alive_at - s->now);
    return wait;
}

static void read_clocks(struct server *s)
{
    s->woken = clock_microseconds();
    s->now = s->woken / 1000;
    s->wall = clock_realtime();
    if (s->journal.owing && s->wall / 1000 != s->journal.second)
        journal_settle(&s->journal, s->wall);
}

bool server_turn(struct server *s)
{
    struct reactor_event events[REACTOR_EVENTS];
    int count = reactor_wait(s->reactor, events, s->patience);
    CHECK(count >= 0);
    read_clocks(s);
    for (int i = 0; i < count; i++)
        take_event(s, &events[i]);
    accept_all(s);
    read_all(s);
    flush_all(s);
    if (s->signalled)
        handle_signals(s);
    run_timers(s);
    uint64_t members = member_tell(s);
    flush_all(s);
    reap(s);
    tell_alive(s);
    s->patience = patience(s, members);
    if (s->config->has_metrics)
        stats_time(&s->stats.turn, clock_microseconds() - s->woken);
    return !s->abort && !(s->draining && drained(s));
}

int server_run(struct server *s)
{
    while (server_turn(s))
        ;
    log_stop(s, s->abort ? "aborted" : "stopped");
    stop_listening(s);
    if (s->journal.owing)
        journal_settle(&s->journal, s->wall);
    return s->abort ? 1 : 0;
}

/* ---- Starting ------------------------------------------------------------ */

/* The largest thing an inbox is leased for. */
static size_t lease_size(const struct config *config)
{
    size_t largest = config->max_message > HTTP_HEAD_MAX ? config->max_message
                                                         : HTTP_HEAD_MAX;
    return largest + LIMITS_LEASE_SLACK;
}

static void carve_pool(struct arena *a, struct leases *all, uint32_t count,
                       size_t size)
{
    struct lease *table = arena_carve(a, count, sizeof *table);
    uint8_t *bytes = arena_carve(a, count, size);
    if (table && bytes)
        lease_init(all, table, bytes, count, size);
}

static void carve_compression(struct server *s, struct arena *a)
{
    uint32_t buffers = s->config->buffers;
    /* An answer holds at most two chunks; see compressed_reply_max. */
    s->chunk_size =
        bytes_min(LIMITS_CHUNK, (s->staging.size - 2 * LIMITS_ANSWER) / 3);
    s->deflated_size = 2 * s->encode_size + deflate_bound(2 * s->chunk_size);
    s->inflated = arena_carve(a, s->chunk_size, 1);
    s->deflated = arena_carve(a, s->deflated_size, 1);
    s->deflate = arena_carve(a, 1, sizeof *s->deflate);
    carve_pool(a, &s->inflating, buffers / LIMITS_INFLATE_PART + 1,
               COMPRESSED_IN_SIZE(s->config->max_message));
    carve_pool(a, &s->deflating, buffers / LIMITS_DEFLATE_PART + 1,
               COMPRESSED_OUT_SIZE);
}

/*
 * Every table, in one place. Runs twice: measuring, then carving.
 *
 *   answers to one receive <= staging <= a lease - a Close
 */
static void carve(struct server *s, struct arena *a)
{
    const struct config *config = s->config;
    size_t slots = (size_t)s->clients.size + LIMITS_BESIDES;
    size_t lease = lease_size(config);

    struct client *table = arena_carve(a, slots, sizeof *table);
    struct profile *profiles = arena_carve(a, slots, sizeof *profiles);
    struct lease *leases = arena_carve(a, config->buffers, sizeof *leases);
    uint8_t *lease_bytes = arena_carve(a, config->buffers, lease);

    s->rooms.table = arena_carve(a, config->rooms, sizeof *s->rooms.table);
    s->rooms.buckets = arena_carve(a, config->rooms, sizeof *s->rooms.buckets);
    s->rooms.mark_space = arena_carve(
        a, config->rooms, config->history * sizeof *s->rooms.mark_space);
    s->rooms.log_count = config->compression ? ROOM_LOGS : ROOM_TWIN;
    s->rooms.log_bytes = arena_carve(
        a, (size_t)config->rooms * s->rooms.log_count, config->room_log);

    s->receive_size =
        bytes_min(lease - LIMITS_LEASE_SLACK + 512, LIMITS_RECEIVE);
    s->receive = arena_carve(a, s->receive_size, 1);
    size_t staging = s->receive_size + LIMITS_ANSWER + CLOSE_FRAME_MAX;
    s->staging = text_over(arena_carve(a, staging, 1), staging);
    s->encode_size =
        config->room_log / LIMITS_APPEND_PART + FRAME_SERVER_HEADER_MAX;
    s->encode = arena_carve(a, s->encode_size, 1);

    /* Whoever comes is counted before it has a slot, or is refused one: those
       of --metrics, which count for nobody, leave an entry for that. */
    struct address_entry *entries = NULL;
    uint32_t *buckets = NULL, *entry_of = NULL;
    if (config->per_ip) {
        entries = arena_carve(a, slots, sizeof *entries);
        buckets = arena_carve(a, slots, sizeof *buckets);
        entry_of = arena_carve(a, slots, sizeof *entry_of);
    }
    if (config->proxy_protocol || config->trust_count || config->trust_unix)
        s->sources.table = arena_carve(a, slots, sizeof *s->sources.table);
    if (config->proxy_protocol)
        s->sources.headers = arena_carve(a, slots, sizeof *s->sources.headers);
    if (config->has_metrics)
        carve_pool(a, &s->scrapes, LIMITS_SCRAPES, LIMITS_SCRAPE_SIZE);
    if (config->compression)
        carve_compression(s, a);
    if (config->trace)
        s->trace = arena_carve(a, 1, sizeof *s->trace);
    if (!a->ptr || a->overflow)
        return;
    client_init(&s->clients, table, profiles, s->clients.size);
    lease_init(&s->leases, leases, lease_bytes, config->buffers, lease);
    s->rooms.reader_links = (struct list_table){
        .first = (uint8_t *)&table->member, .stride = sizeof *table};
    s->rooms.log_size = config->room_log;
    s->rooms.history = config->history;
    room_init(&s->rooms, config->rooms);
    wheel_init(&s->wheel, &table->timer, sizeof *table, s->now);
    if (config->per_ip)
        address_init(&s->addresses, entries, buckets, entry_of,
                     (uint32_t)slots);
}

/* `result` is a -errno to be told, or 0. */
static int failed(struct text *why, const char *what, int result)
{
    text_string(why, what);
    if (result < 0) {
        text_string(why, ": ");
        text_string(why, error_text(result));
    }
    return SERVER_FAILED;
}

static int make_tables(struct server *s, struct text *why)
{
    struct arena a;
    arena_measure(&a);
    carve(s, &a);
    void *memory = a.overflow ? NULL : memory_map(a.used);
    if (!memory)
        return failed(why, "not enough memory for these options", 0);
    s->reserved = a.used;
    arena_init(&a, memory, a.used);
    carve(s, &a);
    CHECK(!a.overflow);
    if (s->config->per_ip) {
        int result = entropy_fill((uint8_t *)&s->addresses.seed,
                                  sizeof s->addresses.seed);
        if (result < 0)
            return failed(why, "no random bytes", result);
    }
    return 0;
}

static struct socket_tuning tuning_of(const struct config *config)
{
    return (struct socket_tuning){
        .send_buffer = LIMITS_SEND_BUFFER,
        .receive_buffer = LIMITS_RECEIVE_BUFFER,
        .user_timeout = config->write_timeout + config->close_timeout,
    };
}

/* The sockets that a supervisor has opened for us. */
static int adopt_all(struct server *s, struct text *why)
{
    struct socket_tuning tuning = tuning_of(s->config);
    for (uint32_t i = 0; i < s->config->supervised.sockets; i++) {
        struct server_listener *l = &s->listeners[s->listener_count];
        int fd = SUPERVISE_FIRST + (int)i;
        if (s->listener_count == LIMITS_ADDRS ||
            socket_adopt(fd, &l->address, &tuning) < 0 ||
            reactor_add_source(s->reactor, fd,
                               TOKEN_LISTENERS + s->listener_count) < 0) {
            text_string(why, "LISTEN_FDS: no listening stream socket, or one "
                             "too many: descriptor ");
            text_decimal(why, (uint64_t)fd);
            return SERVER_BAD_OPTION;
        }
        l->fd = fd;
        s->listener_count++;
    }
    return 0;
}

static int listen_on(struct server *s, const struct socket_address *address,
                     bool metrics, struct text *why)
{
    struct socket_tuning tuning = tuning_of(s->config);
    size_t i = s->listener_count;
    if (i == LIMITS_ADDRS && !metrics)
        return failed(why, "more addresses than can be listened on", 0);
    struct server_listener *l = &s->listeners[i];
    l->address = *address;
    l->metrics = metrics;
    l->fd = socket_listen(&l->address, &tuning);
    int result = l->fd;
    if (result >= 0) {
        s->listener_count++;
        result = reactor_add_source(s->reactor, l->fd, TOKEN_LISTENERS + i);
    }
    if (result >= 0)
        return 0;
    text_string(why, "cannot listen on ");
    socket_put_address(why, &l->address);
    return failed(why, "", result);
}

static int listen_all(struct server *s, struct text *why)
{
    int result = adopt_all(s, why);
    bool handed_over = s->listener_count > 0 && s->config->default_addr;
    size_t count = handed_over ? 0 : s->config->addr_count;
    for (size_t i = 0; i < count && result == 0; i++)
        result = listen_on(s, &s->config->addrs[i], false, why);
    if (s->config->has_metrics && result == 0)
        result = listen_on(s, &s->config->metrics, true, why);
    return result;
}

static int open_files(struct server *s, struct text *why)
{
    s->reactor = reactor_open();
    if (s->reactor < 0)
        return failed(why, "no reactor", s->reactor);
    s->signals = signals_open();
    if (s->signals < 0)
        return failed(why, "no signals", s->signals);
    int result = reactor_add_source(s->reactor, s->signals, TOKEN_SIGNALS);
    if (result < 0)
        return failed(why, "no signals", result);
    s->spare = socket_spare();
    if (s->config->supervised.notify)
        s->supervisor = supervise_open(s->config->supervised.notify);
    if (!s->config->static_folder)
        return 0;
    s->folder = file_open_folder(s->config->static_folder);
    if (s->folder >= 0)
        return 0;
    text_string(why, "--static: ");
    failed(why, s->config->static_folder, s->folder);
    return SERVER_BAD_OPTION;
}

/* As many slots as there can be descriptors, told when that is fewer. */
static int count_slots(struct server *s, struct text *why)
{
    uint64_t files = process_raise_files();
    uint64_t others = process_files_open() + LIMITS_OTHER_FILES +
                      LIMITS_BESIDES + s->config->addr_count;
    uint64_t most = files > others ? files - others : 0;
    s->clients.size = (uint32_t)bytes_min64(s->config->clients, most);
    if (s->clients.size == 0)
        return failed(why, "the limit of open files leaves none for clients",
                      0);
    if (s->clients.size == s->config->clients)
        return 0;
    struct journal_line line;
    if (journal_begin(&s->journal, &line, LEVEL_WARN, JOURNAL_WARN, s->wall)) {
        journal_put(&line, "why",
                    BYTES_LITERAL("the limit of open files is too low for "
                                  "--clients"));
        journal_number(&line, "open_files", files);
        journal_number(&line, "wanted", s->config->clients);
        journal_number(&line, "slots", s->clients.size);
        journal_end(&line);
    }
    return 0;
}

static void log_start(struct server *s)
{
    struct journal_line line;
    if (!journal_begin(&s->journal, &line, LEVEL_INFO, JOURNAL_START, s->wall))
        return;
    for (size_t i = 0; i < s->listener_count; i++) {
        uint8_t bytes[160];
        struct text t = text_over(bytes, sizeof bytes);
        socket_put_address(&t, &s->listeners[i].address);
        journal_put(&line, s->listeners[i].metrics ? "metrics" : "addr",
                    text_span(&t));
    }
    journal_number(&line, "slots", s->clients.size);
    journal_number(&line, "slot_bytes", sizeof(struct client));
    journal_number(&line, "rooms", s->config->rooms);
    journal_number(&line, "room_log", s->config->room_log);
    journal_number(&line, "buffers", s->config->buffers);
    journal_number(&line, "buffer_bytes", s->leases.size);
    journal_number(&line, "reserved", s->reserved);
    uint8_t bytes[64];
    struct text sandbox = text_over(bytes, sizeof bytes);
    confine_put(s, &sandbox);
    journal_put(&line, "sandbox", text_span(&sandbox));
    journal_end(&line);
}

int server_open(struct server *s, const struct config *config,
                const struct service_site *site, struct text *why)
{
    *s = (struct server){
        .config = config,
        .site = site,
        .reactor = -1,
        .signals = -1,
        .spare = -1,
        .folder = -1,
        .supervisor = -1,
        .reap = CLIENT_NONE,
        .journal.level = config->level,
    };
    queue_init(&s->ready);
    queue_init(&s->dirty);
    read_clocks(s);
    s->stats.began = s->wall;
    int result = process_open_standard();
    if (result < 0)
        return failed(why, "no standard descriptors", result);
    result = open_files(s, why);
    if (result == 0)
        result = count_slots(s, why);
    if (result == 0)
        result = make_tables(s, why);
    if (result == 0)
        result = listen_all(s, why);
    if (result == 0) {
        trace_open(s); /* asks whether it writes to a terminal */
        result = confine_enter(s, why);
    }
    if (result != 0) {
        stop_listening(s); /* a unix: socket's file goes too */
        return result;
    }
    log_start(s);
    supervise_tell(s->supervisor, "READY=1");
    s->alive_at = s->now + s->config->supervised.watchdog;
    return 0;
}
