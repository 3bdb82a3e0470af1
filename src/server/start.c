/* SPDX-License-Identifier: MIT */
#include "server/start.h"
#include "base/check.h"
#include "os/file.h"
#include "os/memory.h"
#include "os/process.h"
#include "os/signals.h"
#include "os/socket.h"
#include "os/supervise.h"
#include "server/compressed.h"
#include "server/grant.h"
#include "server/listen.h"
#include "server/pending.h"
#include "server/trace.h"

/* Bytes before `receive`, for the header of what is echoed from there
   (staging.h); as many as leave a large payload at a line of the cache. */
#define BEFORE_RECEIVE (64 - FRAME_HEADER_MAX)
_Static_assert(BEFORE_RECEIVE >= FRAME_SERVER_HEADER_MAX, "it has room");

/* ---- Memory -------------------------------------------------------------- */

static void carve_pool(struct arena *a, struct leases *all, uint32_t count,
                       size_t size)
{
    struct lease *table = arena_carve(a, count, sizeof *table);
    uint8_t *bytes = arena_carve(a, count, size);
    all->size = size;
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
    size_t slots = (size_t)s->clients.size + CLIENT_BESIDES;
    size_t inbox = config->max_message > HTTP_HEAD_MAX ? config->max_message
                                                       : HTTP_HEAD_MAX;

    struct client *table = arena_carve(a, slots, sizeof *table);
    struct profile *profiles = arena_carve(a, slots, sizeof *profiles);
    carve_pool(a, &s->leases, config->buffers, inbox + LIMITS_LEASE_SLACK);

    s->rooms.table = arena_carve(a, config->rooms, sizeof *s->rooms.table);
    s->rooms.marks =
        arena_carve(a, config->rooms, config->history * sizeof *s->rooms.marks);
    start_carve_store(s, a);
    s->rooms.log_count = config->compression ? ROOM_LOGS : ROOM_TWIN;
    s->rooms.log_bytes = arena_carve(
        a, (size_t)config->rooms * s->rooms.log_count, config->room_log);

    s->receive_size = bytes_min(inbox + 512, LIMITS_RECEIVE);
    s->receive = arena_carve(a, BEFORE_RECEIVE + s->receive_size, 1);
    if (s->receive)
        s->receive += BEFORE_RECEIVE;
    size_t staging = s->receive_size + LIMITS_ANSWER + CLOSE_FRAME_MAX;
    s->staging = text_over(arena_carve(a, staging, 1), staging);
    s->encode_size =
        config->room_log / LIMITS_APPEND_PART + FRAME_SERVER_HEADER_MAX;
    s->encode = arena_carve(a, s->encode_size, 1);

    /* Whoever comes is counted before it has a slot, or is refused one: those
       of --metrics, which count for nobody, leave an entry for that. */
    if (config->per_ip)
        address_carve(&s->addresses, a, (uint32_t)slots);
    if (config->proxy_protocol || config->trust_count || config->trust_unix)
        s->sources.table = arena_carve(a, slots, sizeof *s->sources.table);
    if (config->proxy_protocol)
        s->sources.headers = arena_carve(a, slots, sizeof *s->sources.headers);
    if (config->has_metrics)
        carve_pool(a, &s->scrapes, LIMITS_SCRAPES, LIMITS_SCRAPE_SIZE);
    if (config->compression)
        carve_compression(s, a);
    if (config->token_key)
        s->grants = arena_carve(a, slots, sizeof *s->grants);
    if (limits_has_redis(config))
        s->pending = arena_carve(a, slots, sizeof *s->pending);
    if (config->rate)
        s->posters = arena_carve(a, LIMITS_POSTERS, sizeof *s->posters);
    if (config->trace)
        s->trace = arena_carve(a, 1, sizeof *s->trace);
    if (!a->ptr || a->overflow)
        return;
    client_init(&s->clients, table, profiles, s->clients.size);
    s->rooms.reader_links = s->clients.links;
    s->rooms.log_size = config->room_log;
    s->rooms.history = config->history;
    room_init(&s->rooms);
    wheel_init(&s->wheel, &table->timer, sizeof *table, s->now);
    s->away.tell_by = UINT64_MAX;
}

/* ---- The steps of the start ---------------------------------------------- */

size_t start_measure(struct server *s)
{
    struct arena a;
    arena_init(&a, NULL, SIZE_MAX);
    carve(s, &a);
    return a.overflow ? SIZE_MAX : a.used;
}

static int make_tables(struct server *s, struct text *why)
{
    struct arena a;
    size_t size = start_measure(s);
    void *memory = size == SIZE_MAX ? NULL : memory_map(size);
    if (!memory)
        return server_no_memory(why, size);
    if (!crew_is_shared(&s->crew))
        s->reserved = size;
    arena_init(&a, memory, size);
    carve(s, &a);
    CHECK(!a.overflow);
    trace_open(s);
    return crew_is_shared(&s->crew) ? 0 : start_seed(s, &s->rooms.store, why);
}

static int open_standard(struct server *s, struct text *why)
{
    (void)s;
    int result = process_open_standard();
    if (result < 0)
        return server_failed(why, "no standard descriptors", result);
    log_prepare();
    return 0;
}

static int open_reactor(struct server *s, struct text *why)
{
    s->reactor = reactor_open();
    if (s->reactor < 0)
        return server_failed(why, "no epoll", s->reactor);
    s->spare = socket_spare();
    return 0;
}

/* What wakes it: signals, or of several workers the bell. */
static int open_signals(struct server *s, struct text *why)
{
    int result = s->signals = signals_open();
    if (result >= 0)
        result =
            reactor_add_source(s->reactor, s->signals, SERVER_TOKEN_SIGNALS);
    return result < 0 ? server_failed(why, "no signals", result) : 0;
}

static int open_bell(struct server *s, struct text *why)
{
    int result = reactor_add(s->reactor, s->crew.bells[s->crew.worker],
                             SERVER_TOKEN_BELL);
    return result < 0 ? server_failed(why, "no eventfd", result) : 0;
}

static int open_files(struct server *s, struct text *why)
{
    if (s->config->supervised.notify)
        s->supervisor = supervise_open(s->config->supervised.notify);
    if (!s->config->static_folder)
        return 0;
    s->folder = file_open_folder(s->config->static_folder);
    if (s->folder >= 0)
        return 0;
    text_string(why, "--static: ");
    server_failed(why, s->config->static_folder, s->folder);
    return SERVER_BAD_OPTION;
}

/* As many slots as there can be descriptors, told when that is fewer. */
static int count_slots(struct server *s, struct text *why)
{
    uint64_t files = process_raise_files();
    if (s->folder >= 0) {
        uint64_t part = files / LIMITS_DOWNLOADS_PART;
        s->downloads_most = (uint32_t)bytes_min64(part, LIMITS_DOWNLOADS);
        if (part < LIMITS_DOWNLOADS_LEAST)
            s->downloads_most = LIMITS_DOWNLOADS_LEAST;
    }
    uint64_t others = process_files_open() + LIMITS_OTHER_FILES +
                      s->downloads_most + LIMITS_BESIDES +
                      s->config->addr_count;
    /* Bells, the bus's and the keeper's too; reactor and spare. */
    if (limits_has_keeper(s->config))
        others += s->config->workers + limits_has_redis(s->config) + 3;
    uint64_t most = files > others ? files - others : 0;
    s->clients.size = (uint32_t)bytes_min64(s->config->clients, most);
    if (s->clients.size == 0) {
        text_string(why, "the limit of open files leaves none for clients: ");
        text_decimal(why, files);
        return SERVER_FAILED;
    }
    uint64_t slots = s->config->workers > 1
                         ? (uint64_t)s->clients.size * s->config->workers
                         : s->clients.size;
    if (slots >= s->config->clients)
        return 0;
    struct journal_line line;
    if (journal_begin(&s->journal, &line, LEVEL_WARN, JOURNAL_WARN, s->wall)) {
        journal_put(&line, "why",
                    BYTES_LITERAL("the limit of open files is too low for "
                                  "--clients"));
        journal_number(&line, "open_files", files);
        journal_number(&line, "wanted", s->config->clients);
        journal_number(&line, "slots", slots);
        journal_end(&line);
    }
    return 0;
}

/* ---- The start ----------------------------------------------------------- */

typedef int step(struct server *s, struct text *why);

/* Take them. Nobody listens any more where one fails: a unix: socket's file
   goes, too. */
static int take_steps(struct server *s, step *const steps[], size_t count,
                      struct text *why)
{
    for (size_t i = 0; i < count; i++) {
        int status = steps[i](s, why);
        if (status != 0) {
            listen_stop(s);
            return status;
        }
    }
    return 0;
}
#define TAKE_STEPS(s, steps, why)                                              \
    take_steps(s, steps, sizeof(steps) / sizeof((steps)[0]), why)

static void begin(struct server *s, const struct config *config,
                  const struct service_site *site)
{
    *s = (struct server){
        .config = config,
        .site = site,
        .reactor = -1,
        .signals = -1,
        .spare = -1,
        .folder = -1,
        .supervisor = -1,
        .crew.count = 1,
        .dirty.dirty = true,
        .reap = CLIENT_NONE,
        .journal.level = config->level,
        .flush_cost = LIMITS_TURN_FLUSH,
    };
    server_read_clocks(s);
    s->stats.began = s->wall;
}

/* Asked behind --user and the sandbox: is the folder of any use to us? */
static void warn(struct server *s)
{
    int result = s->folder < 0 ? 0 : file_check_folder(s->folder);
    if (result < 0)
        journal_warn(&s->journal, s->wall, "no file of --static can be opened",
                     result);
    struct journal_line line;
    if (s->config->unknown.len &&
        journal_begin(&s->journal, &line, LEVEL_WARN, JOURNAL_WARN, s->wall)) {
        journal_put(&line, "why", BYTES_LITERAL("no such option"));
        journal_put(&line, "environment", s->config->unknown);
        journal_end(&line);
    }
    if (s->config->keys_readable)
        journal_warn(&s->journal, s->wall,
                     "others can read the file of --token-key", 0);
    if (s->config->login_readable)
        journal_warn(&s->journal, s->wall,
                     "others can read the file of --redis-auth", 0);
}

int start_server(struct server *s, const struct config *config,
                 const struct service_site *site, struct text *why)
{
    static step *const steps[] = {
        open_standard,     open_reactor,       open_signals, open_files,
        count_slots,       start_open_store,   make_tables,  listen_open,
        start_become_user, start_enter_sandbox};
    begin(s, config, site);
    int status = TAKE_STEPS(s, steps, why);
    if (status != 0) {
        server_close_store(s);
        return status;
    }
    warn(s);
    start_log(s);
    server_tell(s, "READY=1");
    s->alive_at = s->now + s->config->supervised.watchdog;
    return 0;
}

/* ---- With a keeper ------------------------------------------------------- */

int start_shared(struct server *s, const struct config *config,
                 const struct service_site *site, struct text *why)
{
    static step *const steps[] = {open_standard, open_files, count_slots,
                                  listen_open};
    begin(s, config, site);
    return TAKE_STEPS(s, steps, why);
}

int start_confine(struct server *s, struct text *why)
{
    static step *const steps[] = {start_become_user, start_enter_sandbox};
    int status = TAKE_STEPS(s, steps, why);
    if (status == 0)
        warn(s);
    return status;
}

/* What its predecessor counted goes on. */
static void succeed(struct server *s)
{
    const struct crew *c = &s->crew;
    uint64_t began = s->stats.began;
    if (s->config->has_metrics)
        s->stats = c->parts[c->worker].stats;
    s->stats.began = began;
    if (c->addresses)
        s->addresses = c->addresses[c->worker];
}

int start_worker(struct server *s, uint32_t worker,
                 const int fds[SERVER_LISTENERS], struct text *why)
{
    static step *const first[] = {open_reactor, open_bell, make_tables};
    static step *const last[] = {start_enter_sandbox};
    server_read_clocks(s);
    s->crew.worker = worker;
    s->journal =
        (struct journal){.level = s->config->level, .worker = worker + 1};
    s->supervisor = -1; /* the keeper's */
    s->alive_at = UINT64_MAX;
    s->rung = true; /* there may be something to hear already */
    succeed(s);
    int status = TAKE_STEPS(s, first, why);
    if (status == 0)
        status = listen_take(s, fds, why);
    if (status == 0)
        status = TAKE_STEPS(s, last, why);
    return status;
}
