/* SPDX-License-Identifier: MIT */
#include "server/server.h"
#include "base/check.h"
#include "os/entropy.h"
#include "os/error.h"
#include "os/file.h"
#include "os/memory.h"
#include "os/process.h"
#include "os/signals.h"
#include "os/socket.h"
#include "os/supervise.h"
#include "server/compressed.h"
#include "server/confine.h"
#include "server/listen.h"
#include "server/trace.h"

/* ---- Memory -------------------------------------------------------------- */

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
    size_t slots = (size_t)s->clients.size + CLIENT_BESIDES;
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
    s->rooms.reader_links = s->clients.links;
    s->rooms.log_size = config->room_log;
    s->rooms.history = config->history;
    room_init(&s->rooms, config->rooms);
    wheel_init(&s->wheel, &table->timer, sizeof *table, s->now);
    if (config->per_ip)
        address_init(&s->addresses, entries, buckets, entry_of,
                     (uint32_t)slots);
}

int server_failed(struct text *why, const char *what, int result)
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
    arena_init(&a, NULL, SIZE_MAX);
    carve(s, &a);
    void *memory = a.overflow ? NULL : memory_map(a.used);
    if (!memory)
        return server_failed(why, "not enough memory for these options", 0);
    s->reserved = a.used;
    arena_init(&a, memory, a.used);
    carve(s, &a);
    CHECK(!a.overflow);
    uint64_t random[3];
    int result = entropy_fill((uint8_t *)random, sizeof random);
    if (result < 0)
        return server_failed(why, "no random bytes", result);
    s->addresses.seed = random[0];
    s->rooms.seed = random[1];
    s->rooms.epochs = random[2];
    return 0;
}

static int open_files(struct server *s, struct text *why)
{
    s->reactor = reactor_open();
    if (s->reactor < 0)
        return server_failed(why, "no reactor", s->reactor);
    s->signals = signals_open();
    if (s->signals < 0)
        return server_failed(why, "no signals", s->signals);
    int result =
        reactor_add_source(s->reactor, s->signals, SERVER_TOKEN_SIGNALS);
    if (result < 0)
        return server_failed(why, "no signals", result);
    s->spare = socket_spare();
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

/* Asked last, behind --user and the sandbox: is it of any use to us? */
static void check_folder(struct server *s)
{
    struct journal_line line;
    int result = s->folder < 0 ? 0 : file_check_folder(s->folder);
    if (result == 0 ||
        !journal_begin(&s->journal, &line, LEVEL_WARN, JOURNAL_WARN, s->wall))
        return;
    journal_put(&line, "why",
                BYTES_LITERAL("no file of --static can be opened"));
    journal_put(&line, "error", bytes_of(error_text(result)));
    journal_end(&line);
}

static uint32_t count_downloads(uint64_t files)
{
    uint64_t part = files / LIMITS_DOWNLOADS_PART;
    return part < LIMITS_DOWNLOADS_LEAST
               ? LIMITS_DOWNLOADS_LEAST
               : (uint32_t)bytes_min64(part, LIMITS_DOWNLOADS);
}

/* As many slots as there can be descriptors, told when that is fewer. */
static int count_slots(struct server *s, struct text *why)
{
    uint64_t files = process_raise_files();
    if (s->folder >= 0)
        s->downloads.most = count_downloads(files);
    uint64_t others = process_files_open() + LIMITS_OTHER_FILES +
                      s->downloads.most + LIMITS_BESIDES +
                      s->config->addr_count;
    uint64_t most = files > others ? files - others : 0;
    s->clients.size = (uint32_t)bytes_min64(s->config->clients, most);
    if (s->clients.size == 0)
        return server_failed(
            why, "the limit of open files leaves none for clients", 0);
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
        .ready = CLIENT_QUEUE_EMPTY,
        .dirty = CLIENT_QUEUE_EMPTY,
        .reap = CLIENT_NONE,
        .journal.level = config->level,
        .flush_cost = LIMITS_TURN_FLUSH,
    };
    server_read_clocks(s);
    s->stats.began = s->wall;
    int result = process_open_standard();
    if (result < 0)
        return server_failed(why, "no standard descriptors", result);
    log_prepare();
    result = open_files(s, why);
    if (result == 0)
        result = count_slots(s, why);
    if (result == 0)
        result = make_tables(s, why);
    if (result == 0)
        result = listen_open(s, why);
    if (result == 0) {
        trace_open(s); /* asks whether it writes to a terminal */
        result = confine_enter(s, why);
    }
    if (result != 0) {
        listen_stop(s); /* a unix: socket's file goes too */
        return result;
    }
    check_folder(s);
    log_start(s);
    server_tell(s, "READY=1");
    s->alive_at = s->now + s->config->supervised.watchdog;
    return 0;
}
