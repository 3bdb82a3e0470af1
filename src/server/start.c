/* SPDX-License-Identifier: MIT */
#include "server/start.h"
#include "base/check.h"
#include "os/entropy.h"
#include "os/error.h"
#include "os/file.h"
#include "os/memory.h"
#include "os/process.h"
#include "os/sandbox.h"
#include "os/signals.h"
#include "os/socket.h"
#include "os/supervise.h"
#include "os/user.h"
#include "server/compressed.h"
#include "server/grant.h"
#include "server/listen.h"
#include "server/trace.h"

_Static_assert(SANDBOX_PATHS >= SERVER_LISTENERS, "each may be a unix: socket");

/* ---- Memory -------------------------------------------------------------- */

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
    size_t inbox = config->max_message > HTTP_HEAD_MAX ? config->max_message
                                                       : HTTP_HEAD_MAX;

    struct client *table = arena_carve(a, slots, sizeof *table);
    struct profile *profiles = arena_carve(a, slots, sizeof *profiles);
    carve_pool(a, &s->leases, config->buffers, inbox + LIMITS_LEASE_SLACK);

    s->rooms.table = arena_carve(a, config->rooms, sizeof *s->rooms.table);
    struct topics *topics = &s->rooms.topics;
    topics->table = arena_carve(a, config->rooms, sizeof *topics->table);
    topics->buckets = arena_carve(a, config->rooms, sizeof *topics->buckets);
    topics->mark_space = arena_carve(
        a, config->rooms, config->history * sizeof *topics->mark_space);
    s->rooms.log_count = config->compression ? ROOM_LOGS : ROOM_TWIN;
    s->rooms.log_bytes = arena_carve(
        a, (size_t)config->rooms * s->rooms.log_count, config->room_log);

    s->receive_size = bytes_min(inbox + 512, LIMITS_RECEIVE);
    s->receive = arena_carve(a, s->receive_size, 1);
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
    if (config->rate)
        s->posters = arena_carve(a, LIMITS_POSTERS, sizeof *s->posters);
    if (config->trace)
        s->trace = arena_carve(a, 1, sizeof *s->trace);
    if (!a->ptr || a->overflow)
        return;
    client_init(&s->clients, table, profiles, s->clients.size);
    s->rooms.reader_links = s->clients.links;
    s->rooms.log_size = config->room_log;
    topics->history = config->history;
    room_init(&s->rooms, config->rooms);
    wheel_init(&s->wheel, &table->timer, sizeof *table, s->now);
}

/* ---- The steps of the start ---------------------------------------------- */

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
    s->rooms.topics.seed = random[1];
    s->rooms.topics.epochs = random[2];
    trace_open(s);
    return 0;
}

static int open_files(struct server *s, struct text *why)
{
    int result = process_open_standard();
    if (result < 0)
        return server_failed(why, "no standard descriptors", result);
    log_prepare();
    s->reactor = reactor_open();
    if (s->reactor < 0)
        return server_failed(why, "no reactor", s->reactor);
    result = s->signals = signals_open();
    if (result >= 0)
        result =
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

static int become(const char *name, struct text *why)
{
    struct user user;
    int result = user_find(bytes_of(name), &user);
    if (result < 0 && error_kind(result) != ERROR_NONE)
        return server_failed(why, "--user: /etc/passwd", result);
    if (result < 0) {
        text_string(why, "--user: \"");
        text_string(why, name);
        text_string(why, "\" is not in /etc/passwd");
        return SERVER_BAD_OPTION;
    }
    result = user_become(&user);
    return result < 0 ? server_failed(why, "--user", result) : 0;
}

static void put_parts(struct text *t, unsigned parts)
{
    for (unsigned part = 1; part < SANDBOX_ALL; part <<= 1) {
        if (!(parts & part))
            continue;
        text_string(t, sandbox_word((enum sandbox_part)part));
        parts &= ~part;
        if (parts)
            text_byte(t, ',');
    }
}

/* The last step, when all that will ever be needed is open: the process becomes
   --user, and goes into the sandbox. */
static int confine(struct server *s, struct text *why)
{
    int result = s->config->user ? become(s->config->user, why) : 0;
    if (result != 0)
        return result;
    struct sandbox_plan plan = {.folder = s->folder};
    for (size_t i = 0; i < s->listener_count; i++)
        if (s->listeners[i].address.file[1])
            plan.paths[plan.path_count++] = s->listeners[i].address.path;
    s->sandbox = s->config->no_sandbox ? 0 : sandbox_enter(&plan);
    if (!s->config->require_sandbox || s->sandbox == SANDBOX_ALL)
        return 0;
    text_string(why, "--require-sandbox: not to be had here: ");
    put_parts(why, SANDBOX_ALL & ~s->sandbox);
    return SERVER_FAILED;
}

static void log_start(struct server *s)
{
    struct journal_line line;
    if (!journal_begin(&s->journal, &line, LEVEL_INFO, JOURNAL_START, s->wall))
        return;
    uint8_t bytes[160];
    struct text t = text_over(bytes, sizeof bytes);
    for (size_t i = 0; i < s->listener_count; i++) {
        t.len = 0;
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
    t.len = 0;
    put_parts(&t, s->sandbox);
    if (t.len == 0)
        text_string(&t, s->config->no_sandbox ? "off" : "none");
    journal_put(&line, "sandbox", text_span(&t));
    journal_end(&line);
}

int start_server(struct server *s, const struct config *config,
                 const struct service_site *site, struct text *why)
{
    static int (*const steps[])(struct server *, struct text *) = {
        open_files, count_slots, make_tables, listen_open, confine};
    *s = (struct server){
        .config = config,
        .site = site,
        .reactor = -1,
        .signals = -1,
        .spare = -1,
        .folder = -1,
        .supervisor = -1,
        .dirty.dirty = true,
        .reap = CLIENT_NONE,
        .journal.level = config->level,
        .flush_cost = LIMITS_TURN_FLUSH,
    };
    server_read_clocks(s);
    s->stats.began = s->wall;
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        int status = steps[i](s, why);
        if (status != 0) {
            listen_stop(s); /* a unix: socket's file goes too */
            return status;
        }
    }
    /* Asked behind --user and the sandbox: is the folder of any use to us? */
    int result = s->folder < 0 ? 0 : file_check_folder(s->folder);
    if (result < 0)
        journal_warn(&s->journal, s->wall, "no file of --static can be opened",
                     result);
    if (config->keys_readable)
        journal_warn(&s->journal, s->wall,
                     "others can read the file of --token-key", 0);
    log_start(s);
    server_tell(s, "READY=1");
    s->alive_at = s->now + s->config->supervised.watchdog;
    return 0;
}
