/* SPDX-License-Identifier: MIT */
/* Of the model of Redis: its commands. */
#include "bus/redis.h"

#include <stdio.h>
#include <stdlib.h>

#define XREAD_KEYS 300

/* One that is being done. */
struct call {
    struct redis *server;
    struct redis_client *client;
    struct buffer *out;
    const struct span *words;
    size_t count;
};

static void say(const struct call *call, const char *line)
{
    buffer_string(call->out, line);
    buffer_string(call->out, "\r\n");
}

static void say_number(const struct call *call, char type, uint64_t value)
{
    buffer_put(call->out, bytes_span(&type, 1));
    buffer_decimal(call->out, value);
    buffer_string(call->out, "\r\n");
}

static void say_bulk(const struct call *call, struct span s)
{
    say_number(call, '$', s.len);
    buffer_put(call->out, s);
    buffer_string(call->out, "\r\n");
}

static bool is(struct span word, const char *name)
{
    return bytes_equal_nocase(word, bytes_of(name));
}

static void say_arguments(const struct call *call)
{
    char line[80];
    size_t len = bytes_min(call->words[0].len, 20);
    snprintf(line, sizeof line,
             "-ERR wrong number of arguments for '%.*s' command", (int)len,
             (const char *)call->words[0].ptr);
    for (size_t i = 0; i < len; i++)
        line[36 + i] = (char)bytes_lower((uint8_t)line[36 + i]);
    say(call, line);
}

/* ---- Ids ----------------------------------------------------------------- */

#define ID_WRONG "-ERR Invalid stream ID specified as stream command argument"
#define ID_SMALL                                                               \
    "-ERR The ID specified in XADD is equal or smaller than the target "       \
    "stream "                                                                  \
    "top item"
#define ID_ZERO "-ERR The ID specified in XADD must be greater than 0-0"

/* EPOCH-N; or EPOCH alone, where `number` is N. */
static bool id_of(struct span word, uint64_t number, struct resp_id *id)
{
    size_t dash = bytes_find(word, '-');
    *id = (struct resp_id){0, number};
    return bytes_decimal(bytes_part(word, 0, dash), &id->epoch) &&
           (dash == word.len ||
            bytes_decimal(bytes_after(word, dash + 1), &id->number));
}

static bool bound_of(struct span word, uint64_t number, struct resp_id *id)
{
    *id = (struct resp_id){0, 0};
    if (is(word, "-"))
        return true;
    *id = (struct resp_id){UINT64_MAX, UINT64_MAX};
    return is(word, "+") || id_of(word, number, id);
}

static void say_id(const struct call *call, struct resp_id id)
{
    char text[48];
    snprintf(text, sizeof text, "%llu-%llu", (unsigned long long)id.epoch,
             (unsigned long long)id.number);
    say_bulk(call, bytes_of(text));
}

static void say_entry(const struct call *call, const struct redis_op *op)
{
    say(call, "*2");
    say_id(call, op->id);
    buffer_put(call->out, op->fields);
}

/* ---- XADD ---------------------------------------------------------------- */

struct adding {
    bool makes;    /* the stream, where there is none */
    uint64_t most; /* 0: all stay */
    size_t at;     /* the word that is the id */
};

/* False: these are no options. */
static bool add_options(const struct call *call, struct adding *a)
{
    *a = (struct adding){.makes = true, .at = 2};
    while (a->at < call->count) {
        const struct span *word = &call->words[a->at];
        if (is(*word, "NOMKSTREAM")) {
            a->makes = false;
            a->at++;
        } else if (is(*word, "MAXLEN")) {
            if (a->at + 2 >= call->count || !is(word[1], "~") ||
                !bytes_decimal(word[2], &a->most))
                return false;
            a->at += 3;
        } else
            break;
    }
    size_t left = call->count - a->at;
    return left >= 3 && left % 2 == 1;
}

/* The id that a word means behind `last`; NULL, or what is wrong. */
static const char *next_id(const struct call *call, struct span word,
                           struct resp_id last, struct resp_id *id)
{
    uint64_t wall = call->server->wall;
    bool next = word.len > 2 && is(bytes_after(word, word.len - 2), "-*");
    if (is(word, "*")) {
        *id = wall > last.epoch ? (struct resp_id){wall, 0}
                                : (struct resp_id){last.epoch, last.number + 1};
        return NULL;
    }
    if (next && call->server->kind != REDIS_SIX) {
        if (!id_of(bytes_part(word, 0, word.len - 2), 0, id))
            return ID_WRONG;
        if (id->epoch == last.epoch && last.number == UINT64_MAX)
            return "-ERR Elements are too large to be stored";
        if (id->epoch == last.epoch)
            id->number = last.number + 1;
    } else if (!id_of(word, 0, id))
        return ID_WRONG;
    else if (id->epoch == 0 && id->number == 0)
        return ID_ZERO;
    return redis_compare(*id, last) > 0 ? NULL : ID_SMALL;
}

static void add_entry(const struct call *call, const struct adding *a,
                      struct resp_id id)
{
    struct redis_op op = {.act = REDIS_ADD, .id = id, .most = a->most};
    struct buffer fields = {0};
    struct call whole = *call;
    whole.out = &fields;
    say_number(&whole, '*', call->count - a->at - 1);
    for (size_t i = a->at + 1; i < call->count; i++)
        say_bulk(&whole, call->words[i]);
    op.fields = buffer_span(&fields);
    memcpy(op.key, call->words[1].ptr, call->words[1].len);
    redis_do(call->server, &op);
    buffer_free(&fields);
}

static bool is_exhausted(const struct redis_stream *s)
{
    return s && s->last.epoch == UINT64_MAX && s->last.number == UINT64_MAX;
}

static bool xadd(const struct call *call)
{
    struct adding a;
    struct resp_id id, last = {0, 0};
    if (call->count < 5 || !add_options(call, &a)) {
        say_arguments(call);
        return true;
    }
    const struct redis_stream *s = redis_find(call->server, call->words[1]);
    if (s)
        last = s->last;
    const char *wrong = next_id(call, call->words[a.at], last, &id);
    if (is_exhausted(s) && (!wrong || strcmp(wrong, ID_WRONG) != 0))
        wrong = "-ERR The stream has exhausted the last possible ID, unable to "
                "add more items";
    if (wrong)
        say(call, wrong);
    else if (!s && !a.makes)
        say(call, "$-1");
    else {
        add_entry(call, &a, id);
        say_id(call, id);
    }
    return true;
}

/* ---- Reading ------------------------------------------------------------- */

/* The first entry behind an id. */
static size_t behind(const struct redis_stream *s, struct resp_id id)
{
    size_t at = s->first;
    while (at < s->count && redis_compare(s->entries[at]->id, id) <= 0)
        at++;
    return at;
}

static void say_entries(const struct call *call, const struct redis_stream *s,
                        size_t from, size_t count)
{
    say_number(call, '*', count);
    for (size_t i = 0; i < count; i++)
        say_entry(call, s->entries[from + i]);
}

struct reading {
    uint64_t count; /* of each stream */
    uint64_t block;
    bool blocks;
    size_t at; /* the first key */
    size_t keys;
};

static const char *read_options(const struct call *call, struct reading *r)
{
    *r = (struct reading){.count = SIZE_MAX, .at = 1};
    for (; r->at < call->count && !is(call->words[r->at], "STREAMS");
         r->at += 2) {
        uint64_t value;
        if (r->at + 1 >= call->count ||
            !bytes_decimal(call->words[r->at + 1], &value))
            return "-ERR syntax error";
        if (is(call->words[r->at], "BLOCK")) {
            r->blocks = true;
            r->block = value;
        } else if (!is(call->words[r->at], "COUNT"))
            return "-ERR syntax error";
        else if (value)
            r->count = value;
    }
    r->keys = (call->count - ++r->at) / 2;
    if (r->keys == 0 || (call->count - r->at) % 2)
        return "-ERR Unbalanced XREAD list of streams: for each stream key an "
               "ID or '$' must be specified.";
    return r->keys <= XREAD_KEYS ? NULL : "-ERR syntax error";
}

static size_t min(uint64_t a, size_t b)
{
    return a < b ? (size_t)a : b;
}

/* Say what there is; how many streams have something. */
static size_t read_all(const struct call *call, const struct reading *r,
                       const struct resp_id *ids)
{
    size_t from[XREAD_KEYS], some = 0;
    struct redis_stream *found[XREAD_KEYS];
    for (size_t i = 0; i < r->keys; i++) {
        found[i] = redis_find(call->server, call->words[r->at + i]);
        if (found[i] && (from[i] = behind(found[i], ids[i])) < found[i]->count)
            some++;
        else
            found[i] = NULL;
    }
    if (some)
        say_number(call, '*', some);
    for (size_t i = 0; i < r->keys; i++) {
        if (!found[i])
            continue;
        say(call, "*2");
        say_bulk(call, call->words[r->at + i]);
        say_entries(call, found[i], from[i],
                    min(r->count, found[i]->count - from[i]));
    }
    return some;
}

/* It goes on being blocked, or begins. */
static bool stays_blocked(const struct call *call, const struct reading *r)
{
    struct redis_client *c = call->client;
    uint64_t now = call->server->now;
    if (!r->blocks)
        return false;
    if (!c->is_blocked) {
        c->is_blocked = true;
        c->unblocked = r->block ? now + r->block : 0;
    }
    return c->unblocked == 0 || now < c->unblocked;
}

static bool xread(const struct call *call)
{
    struct reading r;
    struct resp_id ids[XREAD_KEYS];
    const char *wrong = read_options(call, &r);
    for (size_t i = 0; i < r.keys && !wrong; i++)
        if (!id_of(call->words[r.at + r.keys + i], 0, &ids[i]))
            wrong = ID_WRONG;
    if (wrong)
        say(call, wrong);
    else if (read_all(call, &r, ids) == 0) {
        if (stays_blocked(call, &r))
            return false;
        say(call, "*-1");
    }
    call->client->is_blocked = false;
    return true;
}

/* COUNT at the end, or nothing. */
static bool range_count(const struct call *call, uint64_t *count)
{
    *count = SIZE_MAX;
    if (call->count == 4)
        return true;
    return call->count == 6 && is(call->words[4], "COUNT") &&
           bytes_decimal(call->words[5], count);
}

static bool xrange(const struct call *call)
{
    struct resp_id from, to;
    uint64_t most;
    const struct redis_stream *s = redis_find(call->server, call->words[1]);
    if (!range_count(call, &most))
        say(call, "-ERR syntax error");
    else if (!bound_of(call->words[2], 0, &from) ||
             !bound_of(call->words[3], UINT64_MAX, &to))
        say(call, ID_WRONG);
    else if (!s)
        say(call, "*0");
    else {
        size_t first = s->first, count = 0;
        while (first < s->count &&
               redis_compare(s->entries[first]->id, from) < 0)
            first++;
        while (first + count < s->count && count < most &&
               redis_compare(s->entries[first + count]->id, to) <= 0)
            count++;
        say_entries(call, s, first, count);
    }
    return true;
}

static void say_backwards(const struct call *call, const struct redis_stream *s,
                          struct resp_id from, struct resp_id to, uint64_t most)
{
    struct buffer entries = {0};
    struct call whole = *call;
    uint64_t count = 0;
    whole.out = &entries;
    for (size_t i = s->count; i > s->first && count < most; i--) {
        struct resp_id id = s->entries[i - 1]->id;
        if (redis_compare(id, to) > 0 || redis_compare(id, from) < 0)
            continue;
        say_entry(&whole, s->entries[i - 1]);
        count++;
    }
    say_number(call, '*', count);
    buffer_put(call->out, buffer_span(&entries));
    buffer_free(&entries);
}

static bool xrevrange(const struct call *call)
{
    struct resp_id from, to;
    uint64_t most;
    const struct redis_stream *s = redis_find(call->server, call->words[1]);
    if (!range_count(call, &most))
        say(call, "-ERR syntax error");
    else if (!bound_of(call->words[2], UINT64_MAX, &to) ||
             !bound_of(call->words[3], 0, &from))
        say(call, ID_WRONG);
    else if (!s)
        say(call, "*0");
    else
        say_backwards(call, s, from, to, most);
    return true;
}

static bool expire(const struct call *call)
{
    uint64_t seconds;
    struct redis_op op = {.act = REDIS_EXPIRE};
    const struct redis_stream *s = redis_find(call->server, call->words[1]);
    if (call->count != 3 || !bytes_decimal(call->words[2], &seconds))
        say(call, "-ERR value is not an integer or out of range");
    else if (!s)
        say(call, ":0");
    else {
        memcpy(op.key, s->key, sizeof op.key);
        op.expires = call->server->wall + seconds * 1000;
        redis_do(call->server, &op);
        say(call, ":1");
    }
    return true;
}

/* ---- Who is connected ---------------------------------------------------- */

static bool auth(const struct call *call)
{
    const struct redis *r = call->server;
    struct span user = BYTES_LITERAL("default");
    struct span password = call->words[call->count - 1];
    if (call->count > 2)
        user = call->words[1];
    if (call->count == 2 && !r->password)
        say(call, "-ERR AUTH <password> called without any password configured "
                  "for the default user. Are you sure your configuration is "
                  "correct?");
    else if (bytes_equal(user, bytes_of(r->user ? r->user : "default")) &&
             (!r->password || bytes_equal(password, bytes_of(r->password)))) {
        call->client->is_known = true;
        say(call, "+OK");
    } else
        say(call, "-WRONGPASS invalid username-password pair or user is "
                  "disabled.");
    return true;
}

static void client_info(const struct call *call)
{
    char line[400];
    snprintf(line, sizeof line,
             "id=%llu addr=%s laddr=127.0.0.1:6379 fd=8 name= age=0 idle=0 "
             "flags=N db=0 sub=0 psub=0 ssub=0 multi=-1 qbuf=26 "
             "qbuf-free=20448 argv-mem=10 multi-mem=0 rbs=16384 rbp=16384 "
             "obl=0 oll=0 omem=0 tot-mem=37658 events=r cmd=client|info "
             "user=%s redir=-1 resp=2\n",
             (unsigned long long)call->client->id, call->client->addr,
             call->server->user ? call->server->user : "default");
    say_bulk(call, bytes_of(line));
}

/* CLIENT KILL ID n ADDR a, either of them or both. */
static bool kill_filters(const struct call *call, uint64_t *id,
                         struct span *addr)
{
    *id = 0;
    *addr = bytes_span(NULL, 0);
    for (size_t i = 2; i + 1 < call->count; i += 2) {
        if (is(call->words[i], "ADDR"))
            *addr = call->words[i + 1];
        else if (!is(call->words[i], "ID") ||
                 !bytes_decimal(call->words[i + 1], id) || *id == 0)
            return false;
    }
    return call->count > 2 && call->count % 2 == 0;
}

static void kill_one(const struct call *call, struct redis_client *c)
{
    if (!c->is_gone && c != call->client)
        call->server->strangers++;
    c->is_closed = true;
    c->is_blocked = false;
    if (c != call->client) /* whose words these are */
        buffer_free(&c->in);
}

static void client_kill(const struct call *call)
{
    uint64_t id, killed = 0;
    struct span addr;
    if (call->server->trouble.refuses_kill) {
        say(call, "-NOPERM this user has no permissions to run the "
                  "'client|kill' command");
        return;
    }
    if (!kill_filters(call, &id, &addr)) {
        say(call, "-ERR client-id should be greater than 0");
        return;
    }
    for (struct redis_client *c = call->server->clients; c; c = c->next)
        if (!c->is_closed && (id == 0 || c->id == id) &&
            (!addr.ptr || bytes_equal(bytes_of(c->addr), addr))) {
            kill_one(call, c);
            killed++;
        }
    say_number(call, ':', killed);
}

static bool client(const struct call *call)
{
    if (call->count == 2 && is(call->words[1], "ID"))
        say_number(call, ':', call->client->id);
    else if (call->count == 2 && is(call->words[1], "INFO"))
        client_info(call);
    else if (call->count > 2 && is(call->words[1], "KILL"))
        client_kill(call);
    else
        say(call, "-ERR unknown subcommand. Try CLIENT HELP.");
    return true;
}

/* ---- INFO ---------------------------------------------------------------- */

static bool wants(const struct call *call, const char *section)
{
    for (size_t i = 1; i < call->count; i++)
        if (is(call->words[i], section) || is(call->words[i], "all") ||
            is(call->words[i], "everything") || is(call->words[i], "default"))
            return true;
    return call->count == 1;
}

static void info_server(const struct redis *r, struct buffer *b)
{
    buffer_string(b, "# Server\r\nredis_version:");
    buffer_string(b, r->kind == REDIS_SIX      ? "6.0.16"
                     : r->kind == REDIS_VALKEY ? "7.2.4"
                                               : "7.0.15");
    if (r->kind == REDIS_VALKEY)
        buffer_string(b, "\r\nserver_name:valkey\r\nvalkey_version:8.1.1");
    buffer_string(b, "\r\nredis_git_sha1:00000000\r\nredis_git_dirty:0\r\n"
                     "redis_build_id:ae4d7c971a948f0\r\n"
                     "redis_mode:standalone\r\n"
                     "os:Linux 6.1.0 x86_64\r\narch_bits:64\r\n"
                     "process_id:23502\r\nprocess_supervised:no\r\nrun_id:");
    buffer_string(b, r->run_id);
    buffer_string(b, "\r\ntcp_port:6379\r\nuptime_in_seconds:1\r\n"
                     "hz:10\r\nexecutable:/usr/bin/redis-server\r\n"
                     "config_file:\r\nio_threads_active:0\r\n");
}

static void info_replication(const struct redis *r, struct buffer *b)
{
    buffer_string(b, "# Replication\r\nrole:");
    buffer_string(b, r->is_replica ? "slave\r\nmaster_host:127.0.0.1\r\n"
                                     "master_port:6380\r\n"
                                     "master_link_status:up\r\n"
                                     "slave_repl_offset:0\r\n"
                                     "slave_read_only:1\r\n"
                                   : "master\r\n");
    buffer_string(b, "connected_slaves:0\r\n"
                     "master_failover_state:no-failover\r\nmaster_replid:");
    buffer_string(b, r->replid);
    buffer_string(b, "\r\nmaster_replid2:"
                     "0000000000000000000000000000000000000000\r\n"
                     "master_repl_offset:0\r\nsecond_repl_offset:-1\r\n"
                     "repl_backlog_active:0\r\n");
}

static bool info(const struct call *call)
{
    struct buffer b = {0};
    if (wants(call, "server"))
        info_server(call->server, &b);
    if (wants(call, "persistence") || wants(call, "replication")) {
        if (buffer_len(&b))
            buffer_string(&b, "\r\n");
        if (wants(call, "persistence"))
            buffer_string(&b, call->server->now < call->server->trouble.loading
                                  ? "# Persistence\r\nloading:1\r\n"
                                  : "# Persistence\r\nloading:0\r\n");
        if (wants(call, "replication"))
            info_replication(call->server, &b);
    }
    say_bulk(call, buffer_span(&b));
    buffer_free(&b);
    return true;
}

static bool ping(const struct call *call)
{
    say(call, "+PONG");
    return true;
}

/* ---- All of them --------------------------------------------------------- */

enum { IS_WRITE = 1, NEEDS_MEMORY = 2, WHILE_LOADING = 4, UNKNOWN_TO = 8 };

static const struct command {
    const char *name;
    size_t least; /* words */
    int how;
    bool (*run)(const struct call *call);
} commands[] = {
    {"auth", 2, UNKNOWN_TO | WHILE_LOADING, auth},
    {"client", 2, WHILE_LOADING, client},
    {"info", 1, WHILE_LOADING, info},
    {"ping", 1, 0, ping},
    {"xadd", 5, IS_WRITE | NEEDS_MEMORY, xadd},
    {"xread", 4, 0, xread},
    {"xrange", 4, 0, xrange},
    {"xrevrange", 4, 0, xrevrange},
    {"expire", 3, IS_WRITE, expire},
};

static const struct command *command_of(const struct call *call)
{
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (call->server->kind != REDIS_OTHER &&
            is(call->words[0], commands[i].name))
            return &commands[i];
    return NULL;
}

static void say_unknown(const struct call *call)
{
    buffer_string(call->out, "-ERR unknown command '");
    buffer_put(call->out, bytes_part(call->words[0], 0,
                                     bytes_min(call->words[0].len, 128)));
    buffer_string(call->out, "', with args beginning with: ");
    for (size_t i = 1; i < call->count; i++) {
        buffer_string(call->out, "'");
        buffer_put(call->out, call->words[i]);
        buffer_string(call->out, "' ");
    }
    say(call, "");
}

/* Why it is not done at all, or NULL. */
static const char *refusal(const struct call *call, const struct command *cmd)
{
    const struct redis *r = call->server;
    if (!call->client->is_known && !(cmd->how & UNKNOWN_TO))
        return "-NOAUTH Authentication required.";
    if (r->now < r->trouble.out_of_memory && cmd->how & NEEDS_MEMORY)
        return "-OOM command not allowed when used memory > 'maxmemory'.";
    if (r->is_replica && cmd->how & IS_WRITE)
        return "-READONLY You can't write against a read only replica.";
    if (r->now < r->trouble.loading && !(cmd->how & WHILE_LOADING))
        return "-LOADING Redis is loading the dataset in memory";
    return NULL;
}

bool redis_is_loud;

static void tell(const struct call *call)
{
    printf(
        "%8llu server %s client %llu%s:", (unsigned long long)call->server->now,
        call->server->run_id + 36, (unsigned long long)call->client->id,
        call->client->is_gone ? " (gone)" : "");
    for (size_t i = 0; i < call->count; i++)
        for (size_t k = 0; k <= bytes_min(call->words[i].len, 40); k++)
            putchar(k == 0                            ? ' '
                    : call->words[i].ptr[k - 1] < ' ' ? '.'
                    : call->words[i].ptr[k - 1] > '~'
                        ? '.'
                        : call->words[i].ptr[k - 1]);
    putchar('\n');
}

bool redis_command(struct redis_client *c, const struct span *words,
                   size_t count)
{
    struct buffer nowhere = {0};
    struct call call = {.server = c->server,
                        .client = c,
                        .out = c->is_gone ? &nowhere : &c->out,
                        .words = words,
                        .count = count};
    const struct command *cmd = command_of(&call);
    const char *refused = cmd ? refusal(&call, cmd) : NULL;
    bool done = true;
    if (redis_is_loud && !c->is_blocked)
        tell(&call);
    if (!cmd)
        say_unknown(&call);
    else if (count < cmd->least)
        say_arguments(&call);
    else if (refused)
        say(&call, refused);
    else
        done = cmd->run(&call);
    buffer_free(&nowhere);
    return done;
}
