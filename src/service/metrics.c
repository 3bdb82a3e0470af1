/* SPDX-License-Identifier: MIT */
#include "service/metrics.h"
#include "base/check.h"
#include "service/health.h"

static const char *const form_words[CLIENT_FORMS] = {
    [CLIENT_ECHO] = "echo",
    [CLIENT_PLAIN] = "plain",
    [CLIENT_JSON] = "json",
    [CLIENT_JSON_V1] = "json-v1",
};

static const char counter[] = "counter";
static const char gauge[] = "gauge";

/* ---- The format ---------------------------------------------------------- */

static void put_family(struct text *t, const char *name, const char *type,
                       const char *help)
{
    text_string(t, "# HELP ");
    text_string(t, name);
    text_byte(t, ' ');
    text_string(t, help);
    text_string(t, "\n# TYPE ");
    text_string(t, name);
    text_byte(t, ' ');
    text_string(t, type);
    text_byte(t, '\n');
}

/* {label="word"; the brace is closed by who puts the last one. */
static void put_label(struct text *t, bool first, const char *label,
                      const char *word)
{
    text_byte(t, first ? '{' : ',');
    text_string(t, label);
    text_string(t, "=\"");
    for (const char *p = word; *p; p++) {
        if (*p == '"' || *p == '\\')
            text_byte(t, '\\');
        text_byte(t, (uint8_t)*p);
    }
    text_byte(t, '"');
}

static void put_value(struct text *t, uint64_t value)
{
    text_byte(t, ' ');
    text_decimal(t, value);
    text_byte(t, '\n');
}

static void put_sample(struct text *t, const char *name, const char *label,
                       const char *word, uint64_t value)
{
    text_string(t, name);
    put_label(t, true, label, word);
    text_byte(t, '}');
    put_value(t, value);
}

/* A family of one. */
static void put_one(struct text *t, const char *name, const char *type,
                    const char *help, uint64_t value)
{
    put_family(t, name, type, help);
    text_string(t, name);
    put_value(t, value);
}

static void put_forms(struct text *t, const char *name, const char *type,
                      const char *help, const uint64_t values[CLIENT_FORMS])
{
    put_family(t, name, type, help);
    for (unsigned i = 0; i < CLIENT_FORMS; i++)
        put_sample(t, name, "form", form_words[i], values[i]);
}

/* Microseconds as seconds: "0.00025", "5". */
static void put_seconds(struct text *t, uint64_t microseconds)
{
    uint64_t part = microseconds % 1000000;
    text_decimal(t, microseconds / 1000000);
    if (part)
        text_byte(t, '.');
    for (uint64_t unit = 100000; part; unit /= 10) {
        text_byte(t, (uint8_t)('0' + part / unit));
        part %= unit;
    }
}

static void put_histogram(struct text *t, const char *name, const char *help,
                          const struct stats_histogram *h)
{
    uint64_t sum = 0;
    put_family(t, name, "histogram", help);
    for (size_t i = 0; i <= STATS_BUCKETS; i++) {
        sum += h->counts[i]; /* a bucket counts those below it, too */
        text_string(t, name);
        text_string(t, "_bucket{le=\"");
        if (i < STATS_BUCKETS)
            put_seconds(t, stats_bounds[i]);
        else
            text_string(t, "+Inf");
        text_string(t, "\"}");
        put_value(t, sum);
    }
    text_string(t, name);
    text_string(t, "_sum ");
    put_seconds(t, h->sum);
    text_byte(t, '\n');
    text_string(t, name);
    text_string(t, "_count");
    put_value(t, sum);
}

/* ---- The process --------------------------------------------------------- */

static void put_process(struct text *t, const struct server *s)
{
    put_family(t, "chatd_build_info", gauge, "The version, as a label.");
    put_sample(t, "chatd_build_info", "version", CHATD_VERSION, 1);
    put_family(t, "process_start_time_seconds", gauge,
               "When it started, in seconds since 1970.");
    text_string(t, "process_start_time_seconds ");
    put_seconds(t, s->stats.began * 1000);
    text_byte(t, '\n');
    put_one(t, "chatd_reserved_bytes", gauge,
            "Memory set aside at start, for good.", s->reserved);
    put_one(t, "chatd_draining", gauge, "1 while it stops.", s->draining);
}

/* ---- Connections --------------------------------------------------------- */

static void put_states(struct text *t, const uint32_t now[CREW_GAUGES])
{
    static const struct {
        enum client_state state;
        const char *word;
    } states[] = {
        {CLIENT_PROXY, "proxy"},   {CLIENT_REQUEST, "request"},
        {CLIENT_BODY, "body"},     {CLIENT_ASKING, "asking"},
        {CLIENT_REPLY, "reply"},   {CLIENT_IDLE, "idle"},
        {CLIENT_OPEN, "open"},     {CLIENT_CLOSING, "closing"},
        {CLIENT_LINGER, "linger"},
    };
    put_family(t, "chatd_connections", gauge,
               "Connections now, this one too, by state.");
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++)
        put_sample(t, "chatd_connections", "state", states[i].word,
                   now[CREW_STATE + states[i].state]);
}

static void put_connections(struct text *t, const struct stats *stats,
                            const uint32_t now[CREW_GAUGES])
{
    uint64_t open[CLIENT_FORMS];
    for (unsigned i = 0; i < CLIENT_FORMS; i++)
        open[i] = stats->open[i];
    put_one(t, "chatd_connections_accepted_total", counter,
            "Connections accepted, on the addresses of --addr.",
            stats->accepted);
    put_states(t, now);
    put_forms(t, "chatd_websockets", gauge, "WebSockets open now.", open);
    put_forms(t, "chatd_websockets_opened_total", counter, "WebSockets opened.",
              stats->opened);
}

static void put_traffic(struct text *t, const struct stats *stats)
{
    put_forms(t, "chatd_messages_received_total", counter,
              "Whole messages received, by the sender's form.",
              stats->messages_in);
    put_one(t, "chatd_messages_posted_total", counter,
            "Messages that came by a plain request.", stats->posted);
    put_forms(t, "chatd_messages_sent_total", counter,
              "Echoes, and each message of a room once for every member it "
              "is for, by the receiver's form.",
              stats->messages_out);
    put_one(t, "chatd_received_bytes_total", counter,
            "Bytes received, of all connections.", stats->bytes_in);
    put_one(t, "chatd_sent_bytes_total", counter,
            "Bytes sent, on all connections.", stats->bytes_out);
}

/* ---- Ends and refusals --------------------------------------------------- */

static void put_code(struct text *t, unsigned row)
{
    char digits[5] = {0};
    struct text code = text_over((uint8_t *)digits, sizeof digits - 1);
    if (row == STATS_CODE_3000)
        text_string(&code, "3xxx");
    else if (row == STATS_CODE_4000)
        text_string(&code, "4xxx");
    else
        text_decimal(&code, 1000 + row);
    put_label(t, true, "code", digits);
}

/* Only the pairs that have occurred: most cannot. */
static void put_closes(struct text *t, const struct stats *stats)
{
    put_family(t, "chatd_closes_total", counter,
               "WebSockets that have ended, by close code and cause; 1006 "
               "stands for none.");
    for (unsigned row = 0; row < STATS_CODES; row++)
        for (unsigned cause = 0; cause < CAUSES; cause++) {
            uint64_t count = stats->closes[row][cause];
            if (count == 0)
                continue;
            text_string(t, "chatd_closes_total");
            put_code(t, row);
            put_label(t, false, "cause",
                      journal_cause_word((enum journal_cause)cause));
            text_byte(t, '}');
            put_value(t, count);
        }
}

/* Those that were closed because they, or we, could not keep up. */
static void put_evictions(struct text *t, const struct stats *stats)
{
    static const enum journal_cause causes[] = {
        CAUSE_OVERRUN, CAUSE_WRITE_TIMEOUT, CAUSE_NO_BUFFER};
    put_family(t, "chatd_evictions_total", counter,
               "WebSockets ended because they were too slow, or no buffer was "
               "left for them.");
    for (size_t i = 0; i < sizeof causes / sizeof causes[0]; i++) {
        uint64_t count = 0;
        for (unsigned row = 0; row < STATS_CODES; row++)
            count += stats->closes[row][causes[i]];
        put_sample(t, "chatd_evictions_total", "cause",
                   journal_cause_word(causes[i]), count);
    }
}

static void put_refusal(struct text *t, unsigned status, const char *why,
                        uint64_t count)
{
    char digits[5] = "none";
    if (status) {
        struct text code = text_over((uint8_t *)digits, sizeof digits - 1);
        text_decimal(&code, status);
        digits[code.len] = '\0';
    }
    text_string(t, "chatd_refusals_total");
    put_label(t, true, "status", digits);
    put_label(t, false, "reason", why);
    text_byte(t, '}');
    put_value(t, count);
}

static void put_refusals(struct text *t, const struct stats *stats)
{
    put_family(t, "chatd_refusals_total", counter,
               "Handshakes and requests refused, by status and reason.");
    for (size_t i = 0; i < STATS_REFUSALS && stats->refusals[i].why; i++)
        put_refusal(t, stats->refusals[i].status, stats->refusals[i].why,
                    stats->refusals[i].count);
    if (stats->other_refusals)
        put_refusal(t, 0, "other", stats->other_refusals);
}

/* ---- Places -------------------------------------------------------------- */

static void put_slots(struct text *t, const struct server *s,
                      const uint32_t now[CREW_GAUGES])
{
    put_one(t, "chatd_slots", gauge, "Client slots there are.",
            server_slots(s));
    put_one(t, "chatd_slots_in_use", gauge, "Client slots taken.",
            now[CREW_REGULAR]);
    put_one(t, "chatd_slot_bytes", gauge, "Size of a client slot.",
            sizeof(struct client));
}

static void put_buffers(struct text *t, const struct server *s,
                        const uint32_t now[CREW_GAUGES])
{
    const struct {
        const char *word;
        const struct leases *leases;
        uint32_t in_use;
    } pools[] = {
        {"message", &s->leases, now[CREW_LEASES]},
        {"inflate", &s->inflating, now[CREW_INFLATING]},
        {"deflate", &s->deflating, now[CREW_DEFLATING]},
    };
    const size_t count = sizeof pools / sizeof pools[0];
    put_family(t, "chatd_buffers", gauge,
               "Leased buffers, and contexts to inflate and deflate.");
    for (size_t i = 0; i < count; i++)
        put_sample(t, "chatd_buffers", "pool", pools[i].word,
                   (uint64_t)pools[i].leases->slots.size * s->crew.count);
    put_family(t, "chatd_buffers_in_use", gauge, "Of these, lent out.");
    for (size_t i = 0; i < count; i++)
        put_sample(t, "chatd_buffers_in_use", "pool", pools[i].word,
                   pools[i].in_use);
    put_family(t, "chatd_buffer_bytes", gauge, "Size of one of them.");
    for (size_t i = 0; i < count; i++)
        put_sample(t, "chatd_buffer_bytes", "pool", pools[i].word,
                   pools[i].leases->size);
}

/* Of all workers, where there are several. */
static uint64_t count_laggards(const struct server *s)
{
    const struct board *board = &s->crew.board;
    uint64_t laggards = 0;
    for (uint32_t i = 0; i < store_used(&s->rooms.store); i++) {
        if (!crew_is_shared(&s->crew))
            laggards += room_at(&s->rooms, i)->behind[0];
        else
            for (uint32_t w = 0; w < s->crew.count; w++)
                laggards += atom_get(&board_place(board, i, w)->behind[0]);
    }
    return laggards;
}

static void put_rooms(struct text *t, const struct server *s)
{
    const struct rooms *all = &s->rooms;
    put_one(t, "chatd_rooms", gauge, "Rooms there can be.",
            all->store.board.room_count);
    put_one(t, "chatd_rooms_in_use", gauge, "Rooms with members.",
            server_rooms(s));
    put_one(t, "chatd_rooms_evicted_total", counter,
            "Empty rooms that lost their history, because another room "
            "needed the place.",
            store_evicted(&all->store));
    put_one(t, "chatd_room_log_bytes", gauge, "Size of a room log.",
            all->log_size);
    put_one(t, "chatd_laggards", gauge,
            "Members more than half a log behind that catch up.",
            count_laggards(s));
}

/* ---- Redis ---------------------------------------------------------------- */

static void put_redis_now(struct text *t, const struct board_bus *bus)
{
    put_one(t, "chatd_redis_up", gauge, "1 while Redis is there.",
            atom_get(&bus->state) == BOARD_BUS_HERE);
    put_one(t, "chatd_redis_in_flight", gauge,
            "Messages of this machine that are not read back yet.",
            atom_get(&bus->in_flight));
    put_family(t, "chatd_redis_lag_seconds", gauge,
               "How long the last message took to be read back.");
    text_string(t, "chatd_redis_lag_seconds ");
    put_seconds(t, atom_get(&bus->lag));
    text_byte(t, '\n');
}

/* All count modulo 2^32, as a restart would. */
static void put_redis(struct text *t, const struct board_bus *bus)
{
    put_redis_now(t, bus);
    put_one(t, "chatd_redis_connects_total", counter, "Connections to Redis.",
            atom_get(&bus->connects));
    put_one(t, "chatd_redis_gaps_total", counter,
            "Times that something said in a room is not known.",
            atom_get(&bus->gaps));
    put_one(t, "chatd_redis_lost_total", counter,
            "Messages of this machine of which it is not known whether they "
            "were said.",
            atom_get(&bus->lost));
    put_one(t, "chatd_redis_swept_total", counter,
            "Messages found that no bell told of.", atom_get(&bus->swept));
    put_one(t, "chatd_redis_away_seconds_total", counter,
            "Seconds in which Redis was not there.", atom_get(&bus->away));
    put_one(t, "chatd_redis_sent_total", counter,
            "Messages sent to Redis, again ones too.",
            atom_get(&bus->proposed));
    put_one(t, "chatd_redis_heard_total", counter, "Messages read from Redis.",
            atom_get(&bus->heard));
}

void metrics_write(struct text *t, const struct server *s)
{
    struct stats stats = s->stats; /* and of all workers */
    uint32_t now[CREW_GAUGES];
    crew_add_stats(&s->crew, &stats);
    server_count_all(s, now);
    put_process(t, s);
    put_connections(t, &stats, now);
    put_traffic(t, &stats);
    put_closes(t, &stats);
    put_evictions(t, &stats);
    put_refusals(t, &stats);
    put_slots(t, s, now);
    put_buffers(t, s, now);
    put_rooms(t, s);
    if (store_has_bus(&s->rooms.store))
        put_redis(t, s->rooms.store.board.bus);
    put_histogram(t, "chatd_turn_seconds",
                  "A turn of the loop, from waking to sleeping.", &stats.turn);
    put_histogram(t, "chatd_delivery_lag_seconds",
                  "From the start of the turn in which messages of a room "
                  "came, until they were written to all its members that "
                  "could take them.",
                  &stats.lag);
}

/* ---- The site ------------------------------------------------------------ */

static void route(struct server *s, const struct http_request *request,
                  struct service_route *route)
{
    (void)s;
    *route = (struct service_route){0};
    if (!health_route(request, route))
        route->found = bytes_equal(request->path, BYTES_LITERAL("/metrics"));
}

static void get(struct server *s, const struct http_request *request,
                const struct service_route *route, struct service_reply *reply)
{
    if (route->health) {
        health_get(s, request, reply);
        return;
    }
    uint32_t index = lease_take(&s->scrapes, CLIENT_NONE, 0, (uint32_t)s->now);
    CHECK(index != LEASE_NONE); /* as many as there can be connections */
    struct text t = text_over(lease_bytes(&s->scrapes, index), s->scrapes.size);
    metrics_write(&t, s);
    CHECK(!t.overflow);
    lease_at(&s->scrapes, index)->end = (uint32_t)t.len;
    reply->page = index;
    reply->type = "text/plain; version=0.0.4; charset=utf-8";
    reply->cache = "no-store";
}

static struct span page(const struct server *s, uint32_t index)
{
    return lease_left(&s->scrapes, index);
}

static void page_sent(struct server *s, uint32_t index)
{
    lease_give(&s->scrapes, &index);
}

const struct service_site metrics_site = {
    .route = route,
    .get = get,
    .page = page,
    .page_sent = page_sent,
};
