/* SPDX-License-Identifier: MIT */
#include "options.h"
#include "client/target.h"
#include "os/user.h"
#include "store/board.h"
#include "wire/origin.h"

#define HELP_COLUMN 28
#define SHOWN_MAX   200  /* bytes of a bad value, so that the fault fits */
#define LIST_SIZE   4096 /* of a list in the environment, with its NUL */

/* ---- The table ----------------------------------------------------------- */

enum key {
    KEY_ADDR,
    KEY_WORKERS,
    KEY_CLIENTS,
    KEY_ROOMS,
    KEY_ROOM_LOG,
    KEY_HISTORY,
    KEY_STORE,
    KEY_REDIS,
    KEY_REDIS_AUTH,
    KEY_REDIS_PREFIX,
    KEY_REDIS_KEEP,
    KEY_REDIS_QUEUE,
    KEY_REDIS_TIMEOUT,
    KEY_MAX_MESSAGE,
    KEY_BUFFERS,
    KEY_PING,
    KEY_PONG_TIMEOUT,
    KEY_HANDSHAKE_TIMEOUT,
    KEY_KEEP_ALIVE,
    KEY_WRITE_TIMEOUT,
    KEY_CLOSE_TIMEOUT,
    KEY_MESSAGE_TIMEOUT,
    KEY_DRAIN,
    KEY_HOST,
    KEY_ORIGIN,
    KEY_TOKEN_KEY,
    KEY_TOKEN_AUD,
    KEY_TOKEN_COOKIE,
    KEY_RATE,
    KEY_PER_IP,
    KEY_PROXY_PROTOCOL,
    KEY_TRUST,
    KEY_NO_COMPRESSION,
    KEY_STATIC,
    KEY_METRICS,
    KEY_UNIX_MODE,
    KEY_UNIX_GROUP,
    KEY_USER,
    KEY_REQUIRE_SANDBOX,
    KEY_NO_SANDBOX,
    KEY_LOG,
    KEY_TRACE,
    KEY_EXPLAIN, /* from here on not read from the environment */
    KEY_CHECK,
    KEY_SIGN,
    KEY_CONNECT,
    KEY_NAME,
    KEY_SUBPROTOCOL,
    KEY_HEADER,
    KEY_TOKEN,
    KEY_BINARY,
    KEY_STAY,
    KEY_HELP,
    KEY_VERSION,
    KEYS,
};

static const struct {
    const char *name;   /* long, without the dashes */
    char letter;        /* short, or 0 */
    const char *value;  /* what stands for its value in --help, NULL: none;
                           with "[=" first it can be left out */
    const char *preset; /* the default, as it would be given; NULL: none, or
                           help tells */
    const char *help;   /* a line, or several */
} table[KEYS] = {
    [KEY_ADDR] = {"addr", 'a', "[HOST]:PORT|unix:PATH", ":6868",
                  "where to listen; repeatable; without HOST, IPv6 and\n"
                  "IPv4; numeric addresses ([fe80::1%eth0]:80)"},
    [KEY_WORKERS] = {"workers", 0, "N|auto", "1",
                     "processes that serve together, at most 32; auto:\n"
                     "one a processor"},
    [KEY_CLIENTS] = {"clients", 'c', "N", "10000", "client slots"},
    [KEY_ROOMS] = {"rooms", 'r', "N", "64", "rooms at once"},
    [KEY_ROOM_LOG] = {"room-log", 0, "SIZE", "1M", "bytes of each room log"},
    [KEY_HISTORY] = {"history", 0, "N", "1000",
                     "most messages a joiner may ask for; 0 off"},
    [KEY_STORE] = {"store", 0, "FILE", NULL,
                   "keep what is said in this file: a restart finds it\n"
                   "again (off)"},
    [KEY_REDIS] = {"redis", 0, "ADDR[+ADDR...]", NULL,
                   "be one service with every chatd that has this Redis:\n"
                   "IP:PORT or unix:PATH; + between replicas (off)"},
    [KEY_REDIS_AUTH] = {"redis-auth", 0, "FILE", NULL,
                        "who chatd is there: a line USER PASSWORD, or\n"
                        "PASSWORD (nothing)"},
    [KEY_REDIS_PREFIX] = {"redis-prefix", 0, "NAME", "chatd",
                          "what all keys in Redis begin with"},
    [KEY_REDIS_KEEP] = {"redis-keep", 0, "TIME", "24h",
                        "how long Redis keeps a room after its last message\n"
                        "or member; 0 for ever"},
    [KEY_REDIS_QUEUE] = {"redis-queue", 0, "SIZE", "1M",
                         "bytes that may be on their way to Redis, of each\n"
                         "worker; at least the room log"},
    [KEY_REDIS_TIMEOUT] = {"redis-timeout", 0, "SECONDS", "30",
                           "how long members stay while Redis is away; 0 for\n"
                           "ever"},
    [KEY_MAX_MESSAGE] = {"max-message", 'm', "SIZE", "64K",
                         "largest chat message, at most a quarter of the\n"
                         "room log; echo has no limit"},
    [KEY_BUFFERS] = {"buffers", 0, "N", "256",
                     "leased buffers: unfinished requests, unfinished\n"
                     "messages, unsent output"},
    [KEY_PING] = {"ping", 0, "SECONDS", "25",
                  "ping a client silent this long; 0 off"},
    [KEY_PONG_TIMEOUT] = {"pong-timeout", 0, "SECONDS", "10",
                          "and close it this long after, when it is silent"},
    [KEY_HANDSHAKE_TIMEOUT] = {"handshake-timeout", 0, "SECONDS", "3",
                               "for the complete request, from accept"},
    [KEY_KEEP_ALIVE] = {"keep-alive", 0, "SECONDS", "75",
                        "idle between requests on one connection"},
    [KEY_WRITE_TIMEOUT] = {"write-timeout", 0, "SECONDS", "10",
                           "for a peer that takes nothing, or too little"},
    [KEY_CLOSE_TIMEOUT] = {"close-timeout", 0, "SECONDS", "5",
                           "for the closing handshake"},
    [KEY_MESSAGE_TIMEOUT] = {"message-timeout", 0, "SECONDS", "30",
                             "for a whole message, once a buffer holds part"},
    [KEY_DRAIN] = {"drain", 0, "SECONDS", "5", "for leaving on SIGTERM"},
    [KEY_HOST] = {"host", 0, "NAME[:PORT]", NULL,
                  "answer requests for this name only; repeatable;\n"
                  "without PORT for any (every name)"},
    [KEY_ORIGIN] = {"origin", 0, "ORIGIN", NULL,
                    "let this origin in besides the same host;\n"
                    "repeatable; '*' lets everybody in"},
    [KEY_TOKEN_KEY] = {"token-key", 0, "FILE", NULL,
                       "let in whoever shows a token (JWT, HS256) of these\n"
                       "keys: lines KID KEY, in base64 (everybody)"},
    [KEY_TOKEN_AUD] = {"token-aud", 0, "NAME", NULL,
                       "the token must name this audience, aud (none)"},
    [KEY_TOKEN_COOKIE] = {"token-cookie", 0, "NAME", NULL,
                          "the token may also be in this cookie (none)"},
    [KEY_RATE] = {"rate", 0, "N[:BURST]", NULL,
                  "messages a second from one client; above that it is\n"
                  "not read from for a while; BURST is 2 N (off)"},
    [KEY_PER_IP] = {"per-ip", 0, "N", NULL,
                    "connections from one address (off)"},
    [KEY_PROXY_PROTOCOL] = {"proxy-protocol", 0, NULL, NULL,
                            "each connection must begin with a PROXY header\n"
                            "(version 1 or 2) that says whose it is"},
    [KEY_TRUST] = {"trust", 0, "CIDR|unix", NULL,
                   "believe the X-Forwarded-For of these proxies;\n"
                   "repeatable (nobody's)"},
    [KEY_NO_COMPRESSION] = {"no-compression", 0, NULL, NULL,
                            "decline permessage-deflate"},
    [KEY_STATIC] = {"static", 0, "DIR", NULL,
                    "pages from this folder (built in)"},
    [KEY_METRICS] = {"metrics", 0, "ADDR", NULL,
                     "Prometheus text at /metrics on this second address\n"
                     "(off)"},
    [KEY_UNIX_MODE] = {"unix-mode", 0, "MODE", NULL,
                       "of the files of unix: addresses, say 0660; whoever\n"
                       "may write may connect (what the umask leaves)"},
    [KEY_UNIX_GROUP] = {"unix-group", 0, "NAME|GID", NULL,
                        "group of these files, by name from /etc/group"},
    [KEY_USER] = {"user", 0, "NAME|UID[:GID]", NULL,
                  "become this user once everything is open"},
    [KEY_REQUIRE_SANDBOX] = {"require-sandbox", 0, NULL, NULL,
                             "do not start where the system lacks seccomp or\n"
                             "Landlock"},
    [KEY_NO_SANDBOX] = {"no-sandbox", 0, NULL, NULL, "do not go into one"},
    [KEY_LOG] = {"log", 0, "LEVEL", "info", "error, warn, info or debug"},
    [KEY_TRACE] = {"trace", 0, "[=client N|=PATH]", NULL,
                   "explain every handshake and frame on standard\n"
                   "error; of one client, or of one path, only"},
    [KEY_EXPLAIN] = {"explain", 0, "[=client|=server]", NULL,
                     "explain bytes on standard input, hex or raw, a\n"
                     "handshake or frames, and exit: 0 legal, 1 not"},
    [KEY_CHECK] = {"check", 0, "[=URL]", NULL,
                   "ask http://ADDR:PORT/PATH, or /healthz of unix:PATH,\n"
                   "--metrics or the first --addr, and exit: 0 it is\n"
                   "well, 1 not"},
    [KEY_SIGN] = {"sign", 0, "CLAIMS", NULL,
                  "print a token of the first key, and exit: JSON, or\n"
                  "sub=ann,name=Ann,join=tea,join=team-*,ttl=1h"},
    [KEY_CONNECT] = {"connect", 0, "URL", NULL,
                     "be a client: lines of standard input go out, what\n"
                     "comes is printed. ws://HOST[:PORT]/PATH, without DNS\n"
                     "and TLS, or ws+unix:SOCKET:/PATH"},
    [KEY_NAME] = {"name", 0, "NAME", NULL, "who you are in a room (nobody)"},
    [KEY_SUBPROTOCOL] = {"subprotocol", 0, "LIST", NULL,
                         "ask for these, the best first (chatd.v1 for /ws)"},
    [KEY_HEADER] = {"header", 0, "NAME:VALUE", NULL,
                    "a field more in the request; repeatable"},
    [KEY_TOKEN] = {"token", 0, "FILE", NULL,
                   "show the token in this file, as a Bearer"},
    [KEY_BINARY] = {"binary", 0, NULL, NULL,
                    "send what is read, and write what comes, as it is"},
    [KEY_STAY] = {"stay", 0, NULL, NULL,
                  "come back when the connection is lost; in a room\n"
                  "nothing is missed, and nothing said twice"},
    [KEY_HELP] = {"help", 'h', NULL, NULL, "this text"},
    [KEY_VERSION] = {"version", 'V', NULL, NULL, "the version"},
};

static bool adds_up(enum key key)
{
    return key == KEY_ADDR || key == KEY_HOST || key == KEY_ORIGIN ||
           key == KEY_TRUST;
}

static bool value_is_optional(enum key key)
{
    return table[key].value[0] == '[' && table[key].value[1] == '=';
}

/* ---- Values -------------------------------------------------------------- */

/* Each parser returns NULL, or what the value should have been. */

/* That a number is outside its bounds, in a phrase that tells them. */
static const char *outside(uint64_t least, uint64_t most)
{
    static char phrase[64];
    struct text t = text_over((uint8_t *)phrase, sizeof phrase - 1);
    text_string(&t, "must be from ");
    text_decimal(&t, least);
    text_string(&t, " to ");
    text_decimal(&t, most);
    phrase[t.len] = '\0';
    return phrase;
}

/* And that there is one more of a list than it holds. */
static const char *too_many(const char *what, uint64_t most)
{
    static char phrase[64];
    struct text t = text_over((uint8_t *)phrase, sizeof phrase - 1);
    text_string(&t, "is one ");
    text_string(&t, what);
    text_string(&t, " too many: ");
    text_decimal(&t, most);
    text_string(&t, " at most");
    phrase[t.len] = '\0';
    return phrase;
}

static const char *parse_number(struct span value, uint64_t least,
                                uint64_t most, uint64_t *number)
{
    if (!bytes_decimal(value, number))
        return "is not a number";
    return *number < least || *number > most ? outside(least, most) : NULL;
}

static const char *parse_count(struct span value, uint64_t least, uint64_t most,
                               uint32_t *count)
{
    uint64_t number;
    const char *fault = parse_number(value, least, most, &number);
    if (!fault)
        *count = (uint32_t)number;
    return fault;
}

/* Bytes, or with K, M, G times 1024. */
static const char *parse_size(struct span value, uint64_t least, size_t *size)
{
    unsigned shift = 0;
    if (value.len > 1) {
        switch (bytes_lower(value.ptr[value.len - 1])) {
        case 'k': shift = 10; break;
        case 'm': shift = 20; break;
        case 'g': shift = 30; break;
        default: break;
        }
        value.len -= shift > 0;
    }
    uint64_t number;
    if (!bytes_decimal(value, &number))
        return "is not a size: bytes, or a number with K, M or G";
    if (number > (LIMITS_SIZE_MAX >> shift) || number << shift < least)
        return outside(least, LIMITS_SIZE_MAX);
    *size = (size_t)(number << shift);
    return NULL;
}

/* Seconds, or with m, h or d minutes, hours or days. */
static const char *parse_time(struct span value, uint64_t most,
                              uint64_t *seconds)
{
    uint64_t unit = 1, number;
    if (value.len > 1) {
        switch (bytes_lower(value.ptr[value.len - 1])) {
        case 's': value.len--; break;
        case 'm': unit = 60; break;
        case 'h': unit = 60 * 60; break;
        case 'd': unit = 24 * 60 * 60; break;
        default: break;
        }
        value.len -= unit > 1;
    }
    if (!bytes_decimal(value, &number))
        return "is not a time: seconds, or a number with m, h or d";
    if (number > most / unit)
        return outside(0, most);
    *seconds = number * unit;
    return NULL;
}

/* Seconds, with up to three decimals. */
static const char *parse_seconds(struct span value, bool zero,
                                 uint32_t *milliseconds)
{
    static const char fault[] =
        "is not a number of seconds, with three decimals at most";
    size_t dot = bytes_find(value, '.');
    uint64_t whole, part = 0;
    if (!bytes_decimal(bytes_part(value, 0, dot), &whole))
        return fault;
    if (dot < value.len) {
        struct span digits = bytes_after(value, dot + 1);
        if (digits.len > 3 || !bytes_decimal(digits, &part))
            return fault;
        for (size_t i = digits.len; i < 3; i++)
            part *= 10;
    }
    if (whole > LIMITS_SECONDS_MAX)
        return outside(0, LIMITS_SECONDS_MAX);
    *milliseconds = (uint32_t)(whole * 1000 + part);
    return *milliseconds == 0 && !zero ? "must be more than 0" : NULL;
}

static const char *parse_workers(struct span value, uint32_t *workers)
{
    *workers = 0;
    return bytes_equal(value, BYTES_LITERAL("auto"))
               ? NULL
               : parse_count(value, 1, BOARD_WORKERS, workers);
}

static const char *parse_rate(struct span value, struct config *config)
{
    size_t colon = bytes_find(value, ':');
    const char *fault =
        parse_count(bytes_part(value, 0, colon), 0, 1000000, &config->rate);
    config->burst = 2 * config->rate;
    if (!fault && colon < value.len)
        fault = parse_count(bytes_after(value, colon + 1), 1, 1000000,
                            &config->burst);
    return fault;
}

static const char *parse_level(struct span value, enum limits_level *level)
{
    static const char *const words[] = {"error", "warn", "info", "debug"};
    for (unsigned i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (bytes_equal(value, bytes_of(words[i]))) {
            *level = (enum limits_level)i;
            return NULL;
        }
    }
    return "is none of error, warn, info, debug";
}

/* Octal, as chmod(1) reads it; with no right at all it would be of no use. */
static const char *parse_mode(struct span value, uint32_t *mode)
{
    static const char fault[] = "is no mode from 0001 to 0777";
    *mode = 0;
    for (size_t i = 0; i < value.len; i++) {
        unsigned digit = (unsigned)value.ptr[i] - '0';
        if (digit > 7 || *mode > 0777)
            return fault;
        *mode = *mode * 8 + digit;
    }
    return *mode && *mode <= 0777 ? NULL : fault;
}

static const char *parse_address(struct span value,
                                 struct socket_address *address)
{
    if (socket_parse(value, address))
        return NULL;
    return bytes_begins(value, BYTES_LITERAL("unix:")) && value.len > 5
               ? "is too long: a unix: path has 107 bytes at most"
               : "is not [HOST]:PORT with a numeric HOST, or unix:PATH";
}

static const char *parse_addr(struct span value, struct config *config)
{
    if (config->addr_count == LIMITS_ADDRS)
        return too_many("address", LIMITS_ADDRS);
    const char *fault =
        parse_address(value, &config->addrs[config->addr_count]);
    config->addr_count += !fault;
    return fault;
}

static const char *parse_metrics(struct span value, struct config *config)
{
    config->has_metrics = true;
    return parse_address(value, &config->metrics);
}

/* scheme://host[:port], as browsers send it, or "*". */
static const char *parse_origin(struct span value, struct config *config)
{
    if (bytes_equal(value, BYTES_LITERAL("*"))) {
        config->any_origin = true;
        return NULL;
    }
    if (config->origin_count == LIMITS_ORIGINS)
        return too_many("origin", LIMITS_ORIGINS);
    struct origin_triple o;
    const char *fault = origin_fault(&o, value);
    if (!fault && (bytes_equal_nocase(o.scheme, BYTES_LITERAL("ws")) ||
                   bytes_equal_nocase(o.scheme, BYTES_LITERAL("wss"))))
        fault = "is no page's origin: that begins with http:// or https://";
    config->origins[config->origin_count++] = value;
    return fault;
}

static const char *parse_host(struct span value, struct config *config)
{
    struct authority a;
    if (config->host_count == LIMITS_HOSTS)
        return too_many("name", LIMITS_HOSTS);
    config->hosts[config->host_count++] = value;
    return authority_fault(&a, value);
}

static const char *parse_trust(struct span value, struct config *config)
{
    if (bytes_equal(value, BYTES_LITERAL("unix"))) {
        config->trust_unix = true;
        return NULL;
    }
    if (config->trust_count == LIMITS_TRUST)
        return too_many("block", LIMITS_TRUST);
    if (!ip_parse_block(&config->trust[config->trust_count], value))
        return "is not an IP address, a block such as 10.0.0.0/8, or unix";
    config->trust_count++;
    return NULL;
}

/* IP:PORT or unix:PATH, and more of them behind a plus sign each. Nobody can be
   called at every address, at no port, or at a zone that must be looked up. */
static const char *parse_redis(struct span list, struct config *config)
{
    static const char fault[] =
        "is not IP:PORT or unix:PATH, or several, with + between";
    config->redis_count = 0;
    if (list.len && list.ptr[list.len - 1] == '+')
        return fault;
    do {
        struct span one = bytes_cut(&list, '+');
        struct socket_address *to = &config->redis_addrs[config->redis_count];
        if (config->redis_count == LIMITS_REDIS)
            return too_many("address", LIMITS_REDIS);
        if (!socket_parse(one, to) || to->family == SOCKET_ANY || to->zone[0] ||
            (to->family != SOCKET_UNIX && to->port == 0))
            return fault;
        config->redis_count++;
    } while (list.len);
    return NULL;
}

/* It stands in every key, and in what redis-cli(1) shows. */
static const char *parse_prefix(struct span value)
{
    if (value.len == 0 || value.len > LIMITS_REDIS_PREFIX)
        return value.len ? "is too long: 64 bytes at most" : "is empty";
    for (size_t i = 0; i < value.len; i++)
        if (value.ptr[i] <= ' ' || value.ptr[i] == 0x7F)
            return "holds a blank or a control character";
    return NULL;
}

static const char *set_redis(struct config *config, enum key key,
                             const char *string)
{
    struct span value = bytes_of(string);
    uint32_t milliseconds = 0;
    size_t size = 0;
    const char *fault;
    switch (key) {
    case KEY_REDIS:
        config->redis = string;
        return limits_has_redis(config) ? parse_redis(value, config)
                                        : "was left out of this build";
    case KEY_REDIS_AUTH:
        config->redis_auth = string;
        return value.len ? NULL : "is empty";
    case KEY_REDIS_PREFIX:
        config->redis_prefix = string;
        return parse_prefix(value);
    case KEY_REDIS_KEEP:
        return parse_time(value, LIMITS_KEEP_MAX, &config->redis_keep);
    case KEY_REDIS_QUEUE:
        fault = parse_size(value, LIMITS_ROOM_LOG_MIN, &size);
        config->redis_queue = size;
        return fault;
    default:
        fault = parse_seconds(value, true, &milliseconds);
        config->redis_timeout = milliseconds;
        return fault;
    }
}

static const char *parse_switch(struct span value, bool *on)
{
    if (value.len == 1 && (value.ptr[0] == '0' || value.ptr[0] == '1')) {
        *on = value.ptr[0] == '1';
        return NULL;
    }
    return "is neither 0 nor 1";
}

/* 1 or 0, "client N", or a path. */
static const char *parse_trace(struct span value, struct config *config)
{
    struct span client = BYTES_LITERAL("client ");
    bool on;
    config->trace = TRACE_PATH;
    config->trace_path = value;
    if (value.len > 0 && value.ptr[0] == '/')
        return NULL;
    if (value.len > client.len && bytes_begins(value, client)) {
        config->trace = TRACE_CLIENT;
        return parse_count(bytes_after(value, client.len), 0, LIMITS_COUNT_MAX,
                           &config->trace_client);
    }
    if (parse_switch(value, &on))
        return "is neither \"client N\" nor a path such as /chat/lobby";
    config->trace = on ? TRACE_ALL : TRACE_OFF;
    return NULL;
}

static const char *parse_explain(struct span value, enum limits_whose *whose)
{
    bool is_server = bytes_equal(value, BYTES_LITERAL("server"));
    *whose = is_server ? WHOSE_SERVER : WHOSE_EITHER;
    if (bytes_equal(value, BYTES_LITERAL("client")))
        *whose = WHOSE_CLIENT;
    return *whose != WHOSE_EITHER || bytes_equal(value, BYTES_LITERAL("1"))
               ? NULL
               : "is neither client nor server";
}

/* http://ADDR:PORT/PATH, an address as it is for --addr, or 1: no URL. */
static const char *parse_check(struct span value, struct config *config)
{
    config->has_check = !bytes_equal(value, BYTES_LITERAL("1"));
    config->check_host = BYTES_LITERAL("localhost");
    config->check_path = BYTES_LITERAL("/healthz");
    if (!config->has_check)
        return NULL;
    if (bytes_begins(value, BYTES_LITERAL("http://"))) {
        struct span rest = bytes_after(value, 7);
        size_t slash = bytes_find(rest, '/');
        value = bytes_part(rest, 0, slash);
        /* ":80" has no host, and a zone is ours alone (RFC 6874 4). */
        if (bytes_find(value, ':') > 0 && bytes_find(value, '%') == value.len)
            config->check_host = value;
        if (slash < rest.len)
            config->check_path = bytes_after(rest, slash);
    }
    return socket_parse(value, &config->check)
               ? NULL
               : "is not http://ADDR:PORT/PATH or unix:PATH";
}

/* ---- Those of --connect -------------------------------------------------- */

/* A field of a request: a name, a colon, and text (RFC 9112 5). */
static const char *parse_header(struct config *config, const char *string)
{
    struct span value = bytes_of(string);
    size_t colon = bytes_find(value, ':');
    if (config->header_count == LIMITS_HEADERS)
        return too_many("field", LIMITS_HEADERS);
    if (colon == 0 || colon == value.len ||
        http_token_len(bytes_part(value, 0, colon)) != colon)
        return "is not NAME:VALUE";
    for (size_t i = 0; i < value.len; i++)
        if ((value.ptr[i] < ' ' && value.ptr[i] != '\t') ||
            value.ptr[i] == 0x7F)
            return "holds a control character";
    config->headers[config->header_count++] = string;
    return NULL;
}

/* A list of tokens (RFC 6455 11.3.4). */
static const char *parse_subprotocols(struct span list)
{
    bool good = list.len > 0 && list.ptr[list.len - 1] != ',';
    while (good && list.len) {
        struct span one = bytes_trim(bytes_cut(&list, ','));
        good = one.len > 0 && http_token_len(one) == one.len;
    }
    return good ? NULL : "is no list of subprotocols";
}

static const char *set_connect(struct config *config, enum key key,
                               const char *string)
{
    struct target target;
    struct span value = bytes_of(string);
    switch (key) {
    case KEY_CONNECT:
        config->connect = string;
        return target_read(&target, value);
    case KEY_NAME:
        config->name = string;
        return value.len && value.len <= LIMITS_USER_NAME ? NULL
               : value.len                                ? "is too long"
                                                          : "is empty";
    case KEY_SUBPROTOCOL:
        config->subprotocol = string;
        return parse_subprotocols(value);
    case KEY_HEADER: return parse_header(config, string);
    case KEY_TOKEN:
        config->token = string;
        return value.len ? NULL : "is empty";
    case KEY_BINARY: return parse_switch(value, &config->binary);
    default: return parse_switch(value, &config->stay);
    }
}

static const char *set(struct config *config, enum key key, const char *string)
{
    struct span value = bytes_of(string);
    if (adds_up(key))
        value = bytes_trim(value); /* an item of a list, maybe */
    bool on;
    const char *fault;
    switch (key) {
    case KEY_ADDR: return parse_addr(value, config);
    case KEY_WORKERS: return parse_workers(value, &config->workers);
    case KEY_CLIENTS:
        return parse_count(value, 1, LIMITS_COUNT_MAX, &config->clients);
    case KEY_ROOMS:
        return parse_count(value, 1, LIMITS_COUNT_MAX, &config->rooms);
    case KEY_ROOM_LOG:
        return parse_size(value, LIMITS_ROOM_LOG_MIN, &config->room_log);
    case KEY_HISTORY:
        return parse_count(value, 0, LIMITS_COUNT_MAX, &config->history);
    case KEY_STORE: config->store = string; return NULL;
    case KEY_REDIS:
    case KEY_REDIS_AUTH:
    case KEY_REDIS_PREFIX:
    case KEY_REDIS_KEEP:
    case KEY_REDIS_QUEUE:
    case KEY_REDIS_TIMEOUT: return set_redis(config, key, string);
    case KEY_MAX_MESSAGE: return parse_size(value, 1, &config->max_message);
    case KEY_BUFFERS:
        return parse_count(value, 1, LIMITS_COUNT_MAX, &config->buffers);
    case KEY_PING: return parse_seconds(value, true, &config->ping);
    case KEY_PONG_TIMEOUT:
        return parse_seconds(value, false, &config->pong_timeout);
    case KEY_HANDSHAKE_TIMEOUT:
        return parse_seconds(value, false, &config->handshake_timeout);
    case KEY_KEEP_ALIVE:
        return parse_seconds(value, false, &config->keep_alive);
    case KEY_WRITE_TIMEOUT:
        return parse_seconds(value, false, &config->write_timeout);
    case KEY_CLOSE_TIMEOUT:
        return parse_seconds(value, false, &config->close_timeout);
    case KEY_MESSAGE_TIMEOUT:
        return parse_seconds(value, false, &config->message_timeout);
    case KEY_DRAIN: return parse_seconds(value, true, &config->drain);
    case KEY_HOST: return parse_host(value, config);
    case KEY_ORIGIN: return parse_origin(value, config);
    case KEY_RATE: return parse_rate(value, config);
    case KEY_PER_IP:
        return parse_count(value, 0, LIMITS_COUNT_MAX, &config->per_ip);
    case KEY_PROXY_PROTOCOL:
        return parse_switch(value, &config->proxy_protocol);
    case KEY_TRUST: return parse_trust(value, config);
    case KEY_NO_COMPRESSION:
        fault = parse_switch(value, &on);
        if (!fault)
            config->compression = !on;
        return fault;
    case KEY_STATIC:
        config->static_folder = string;
        return value.len ? NULL : "is empty";
    case KEY_METRICS: return parse_metrics(value, config);
    case KEY_UNIX_MODE: return parse_mode(value, &config->unix_mode);
    case KEY_UNIX_GROUP:
        config->unix_group = string;
        return user_is_valid_group(value) ? NULL : "is not NAME or GID";
    case KEY_USER:
        config->user = string;
        return user_is_valid(value) ? NULL : "is not NAME or UID, with :GID";
    case KEY_REQUIRE_SANDBOX:
        return parse_switch(value, &config->require_sandbox);
    case KEY_NO_SANDBOX: return parse_switch(value, &config->no_sandbox);
    case KEY_LOG: return parse_level(value, &config->level);
    case KEY_TRACE: return parse_trace(value, config);
    case KEY_EXPLAIN: return parse_explain(value, &config->explain);
    case KEY_TOKEN_KEY:
        config->token_key = string;
        return value.len ? NULL : "is empty";
    case KEY_TOKEN_AUD:
        config->token_aud = value;
        return value.len ? NULL : "is empty";
    case KEY_TOKEN_COOKIE:
        config->token_cookie = value;
        return value.len && http_token_len(value) == value.len
                   ? NULL
                   : "is no name of a cookie";
    case KEY_SIGN: config->sign = string; return NULL;
    case KEY_CONNECT:
    case KEY_NAME:
    case KEY_SUBPROTOCOL:
    case KEY_HEADER:
    case KEY_TOKEN:
    case KEY_BINARY:
    case KEY_STAY: return set_connect(config, key, string);
    case KEY_CHECK: return parse_check(value, config);
    case KEY_HELP:
    case KEY_VERSION:
    case KEYS: break;
    }
    return NULL;
}

/* ---- Complaints ---------------------------------------------------------- */

static enum options_result bad(struct text *why, const char *what,
                               struct span name, const char *fault)
{
    text_string(why, what);
    text_put(why, name);
    text_string(why, " ");
    text_string(why, fault);
    return OPTIONS_BAD;
}

static enum options_result bad_value(struct text *why, const char *prefix,
                                     struct span name, const char *value,
                                     const char *fault)
{
    text_string(why, prefix);
    text_put(why, name);
    struct span shown = bytes_of(value);
    bool whole = shown.len <= SHOWN_MAX;
    text_string(why, ": \"");
    text_put(why, whole ? shown : bytes_part(shown, 0, SHOWN_MAX));
    text_string(why, whole ? "\" " : "...\" ");
    text_string(why, fault);
    return OPTIONS_BAD;
}

/* ---- The environment ----------------------------------------------------- */

static void put_variable(struct text *t, enum key key)
{
    text_string(t, "CHATD_");
    for (const char *p = table[key].name; *p; p++)
        text_byte(t, *p == '-'   ? '_'
                     : *p >= 'a' ? (uint8_t)(*p - 'a' + 'A')
                                 : (uint8_t)*p);
}

static bool is_variable(struct span name)
{
    for (unsigned key = 0; key < KEY_EXPLAIN; key++) {
        uint8_t bytes[64];
        struct text t = text_over(bytes, sizeof bytes);
        put_variable(&t, (enum key)key);
        if (bytes_equal(text_span(&t), name))
            return true;
    }
    return false;
}

void options_unknown(char *const *variables, struct text *names)
{
    for (; *variables; variables++) {
        struct span name = bytes_of(*variables);
        name.len = bytes_find(name, '=');
        if (!bytes_begins(name, BYTES_LITERAL("CHATD_")) || is_variable(name))
            continue;
        text_string(names, names->len ? "," : "");
        text_put(names, name);
    }
}

/* A list separated by commas, for the options that add up. The pieces must
   end where they end, so the list is copied here, origins and names for good.
   What is wrong, and *item is the piece that it is about. */
static const char *set_list(struct config *config, enum key key,
                            const char **item)
{
    static char lists[3][LIST_SIZE]; /* the last: of what is parsed at once */
    char *copy = lists[key == KEY_ORIGIN ? 0 : key == KEY_HOST ? 1 : 2];
    memcpy(copy, *item, strlen(*item) + 1);
    for (;;) {
        char *comma = strchr(copy, ',');
        if (comma)
            *comma = '\0';
        *item = copy;
        const char *fault = set(config, key, copy);
        if (fault || !comma)
            return fault;
        copy = comma + 1;
    }
}

static enum options_result
read_environment(struct config *config,
                 const char *(*environment)(const char *name), struct text *why)
{
    for (unsigned key = 0; key < KEY_EXPLAIN; key++) {
        char name[64];
        struct text t = text_over((uint8_t *)name, sizeof name - 1);
        put_variable(&t, (enum key)key);
        name[t.len] = '\0';
        const char *value = environment(name);
        if (!value || !*value)
            continue; /* empty is unset, as a unit or a container has it */
        if (adds_up((enum key)key) && strlen(value) >= LIST_SIZE)
            return bad(why, "", bytes_of(name),
                       "is too long: a list may have 4095 bytes");
        const char *fault = adds_up((enum key)key)
                                ? set_list(config, (enum key)key, &value)
                                : set(config, (enum key)key, value);
        if (fault)
            return bad_value(why, "", bytes_of(name), value, fault);
    }
    return OPTIONS_RUN;
}

/* ---- The command line ---------------------------------------------------- */

struct line {
    int argc;
    char **argv;
    int at;          /* index of the next word */
    bool seen[KEYS]; /* given on the command line */
};

/* --trace=client N: the shell made two words of it. */
static const char *join_client(struct line *line, const char *given)
{
    static char joined[32];
    struct text t = text_over((uint8_t *)joined, sizeof joined - 1);
    if (!bytes_equal(bytes_of(given), BYTES_LITERAL("client")) ||
        line->at == line->argc)
        return given;
    text_string(&t, "client ");
    text_string(&t, line->argv[line->at]);
    if (t.overflow)
        return given;
    line->at++;
    joined[t.len] = '\0';
    return joined;
}

/* The first time that an adding option stands on the command line, it takes
   the place of what the environment said. */
static void supersede(struct config *config, struct line *line, enum key key)
{
    if (line->seen[key])
        return;
    line->seen[key] = true;
    switch (key) {
    case KEY_ADDR: config->addr_count = 0; break;
    case KEY_HOST: config->host_count = 0; break;
    case KEY_ORIGIN:
        config->origin_count = 0;
        config->any_origin = false;
        break;
    case KEY_TRUST:
        config->trust_count = 0;
        config->trust_unix = false;
        break;
    default: break;
    }
}

static enum options_result apply(struct config *config, struct line *line,
                                 enum key key, const char *given,
                                 struct span shown, struct text *why)
{
    if (!table[key].value && given)
        return bad(why, "", shown, "takes no value");
    if (key == KEY_HELP)
        return OPTIONS_HELP;
    if (key == KEY_VERSION)
        return OPTIONS_VERSION;
    if (!table[key].value) {
        given = "1";
    } else if (value_is_optional(key)) {
        /* --check URL: two words will do. */
        if (!given && key == KEY_CHECK && line->at < line->argc &&
            line->argv[line->at][0] != '-')
            given = line->argv[line->at++];
        given = given ? given : "1";
    } else if (!given) {
        if (line->at == line->argc)
            return bad(why, "", shown, "wants a value");
        given = line->argv[line->at++];
    }
    supersede(config, line, key);
    if (key == KEY_TRACE)
        given = join_client(line, given);
    const char *fault = set(config, key, given);
    return fault ? bad_value(why, "", shown, given, fault) : OPTIONS_RUN;
}

static enum options_result read_long(struct config *config, struct line *line,
                                     const char *word, struct text *why)
{
    struct span name = bytes_of(word + 2);
    size_t equals = bytes_find(name, '=');
    const char *given = equals < name.len ? word + 2 + equals + 1 : NULL;
    name.len = equals;
    struct span shown = bytes_span(word, equals + 2);
    for (unsigned key = 0; key < KEYS; key++)
        if (bytes_equal(name, bytes_of(table[key].name)))
            return apply(config, line, (enum key)key, given, shown, why);
    return bad(why, "unknown option ", shown, "(see --help)");
}

/* -c30, -c 30. */
static enum options_result read_short(struct config *config, struct line *line,
                                      const char *word, struct text *why)
{
    struct span shown = bytes_span(word, 2);
    const char *given = word[2] ? word + 2 : NULL;
    for (unsigned key = 0; key < KEYS; key++)
        if (table[key].letter == word[1])
            return apply(config, line, (enum key)key, given, shown, why);
    return bad(why, "unknown option ", shown, "(see --help)");
}

static enum options_result read_line(struct config *config, struct line *line,
                                     struct text *why)
{
    while (line->at < line->argc) {
        const char *word = line->argv[line->at++];
        enum options_result result;
        if (word[0] == '-' && word[1] == '-' && word[2])
            result = read_long(config, line, word, why);
        else if (word[0] == '-' && word[1] && word[1] != '-')
            result = read_short(config, line, word, why);
        else
            result = bad(why, "unexpected argument ", bytes_of(word),
                         "(see --help)");
        if (result != OPTIONS_RUN)
            return result;
    }
    return OPTIONS_RUN;
}

/* ---- With --connect ------------------------------------------------------ */

/* Is this option for a client, and for a client alone? */
static bool is_for_client(enum key key)
{
    return key >= KEY_CONNECT && key <= KEY_STAY;
}

static bool is_for_either(enum key key)
{
    return key == KEY_ORIGIN || key == KEY_PING || key == KEY_PONG_TIMEOUT ||
           key == KEY_HANDSHAKE_TIMEOUT || key == KEY_CLOSE_TIMEOUT ||
           key == KEY_NO_COMPRESSION;
}

/* What makes no sense in the role that was chosen is not passed over. */
static enum options_result check_role(struct config *config,
                                      const struct line *line, struct text *why)
{
    bool client = line->seen[KEY_CONNECT];
    for (unsigned key = 0; key < KEYS; key++) {
        if (!line->seen[key] || is_for_either((enum key)key) ||
            is_for_client((enum key)key) == client)
            continue;
        text_string(why, "--");
        text_string(why, table[key].name);
        text_string(why, client ? " is not for --connect" : " wants --connect");
        return OPTIONS_BAD;
    }
    if (!client)
        return OPTIONS_RUN;
    if (!line->seen[KEY_ORIGIN]) /* the environment's is a server's */
        config->origin_count = config->any_origin = 0;
    if (config->any_origin || config->origin_count > 1) {
        text_string(why, "--connect has one --origin, or none");
        return OPTIONS_BAD;
    }
    return OPTIONS_CONNECT;
}

/* ---- All of it ----------------------------------------------------------- */

static void set_defaults(struct config *config)
{
    *config = (struct config){.compression = true};
    for (unsigned key = 0; key < KEYS; key++)
        if (table[key].preset && key != KEY_ADDR && key != KEY_MAX_MESSAGE &&
            key != KEY_REDIS_QUEUE)
            set(config, (enum key)key, table[key].preset);
}

/* By its members: padding may hold anything. */
static bool is_same(const struct socket_address *a,
                    const struct socket_address *b)
{
    return a->family == b->family && a->port == b->port &&
           a->scope == b->scope && memcmp(a->ip, b->ip, sizeof a->ip) == 0 &&
           strcmp(a->zone, b->zone) == 0 && strcmp(a->path, b->path) == 0;
}

/* Port 0 is another one each time. */
static bool is_taken(const struct config *config,
                     const struct socket_address *address)
{
    for (size_t i = 0; i < config->addr_count; i++)
        if ((address->port || address->family == SOCKET_UNIX) &&
            is_same(&config->addrs[i], address))
            return true;
    return false;
}

static enum options_result complain(struct text *why, const char *sentence)
{
    text_string(why, sentence);
    return OPTIONS_BAD;
}

/* Those that say something of --redis are of no use without it; what is set for
   all in the environment does no harm. */
static enum options_result
check_redis(struct config *config, const struct line *line, struct text *why)
{
    for (unsigned key = KEY_REDIS_AUTH; key <= KEY_REDIS_TIMEOUT; key++)
        if (!config->redis && line->seen[key]) {
            text_string(why, "--");
            text_string(why, table[key].name);
            return complain(why, " wants --redis");
        }
    bool is_given = config->redis_queue > 0;
    if (!is_given)
        set(config, KEY_REDIS_QUEUE, table[KEY_REDIS_QUEUE].preset);
    if (!limits_has_redis(config))
        return OPTIONS_RUN;
    if (config->store)
        return complain(why, "--redis and --store exclude each other: Redis "
                             "keeps what is said");
    if (config->workers >= BOARD_WORKERS)
        return complain(why, "with --redis --workers may be at most 31");
    if (config->room_log > LIMITS_QUEUE_MAX)
        return complain(why, "with --redis --room-log may be at most 1G");
    if (!is_given && config->redis_queue < config->room_log)
        config->redis_queue = config->room_log;
    if (config->redis_queue < config->room_log ||
        config->redis_queue > LIMITS_QUEUE_MAX) {
        text_string(why, "--redis-queue must be from --room-log to 1G: ");
        text_decimal(why, config->room_log);
        return OPTIONS_BAD;
    }
    return OPTIONS_RUN;
}

static enum options_result check_together(struct config *config,
                                          struct text *why)
{
    if (config->addr_count == 0) {
        set(config, KEY_ADDR, table[KEY_ADDR].preset);
        config->default_addr = true;
    }
    size_t most = config->room_log / LIMITS_APPEND_PART;
    if (config->max_message == 0) { /* not given */
        set(config, KEY_MAX_MESSAGE, table[KEY_MAX_MESSAGE].preset);
        config->max_message = bytes_min(config->max_message, most);
    }
    if (config->max_message > most) {
        text_string(why, "--max-message must be at most a quarter of "
                         "--room-log: ");
        text_decimal(why, most);
        return OPTIONS_BAD;
    }
    if (!config->token_key &&
        (config->token_aud.len || config->token_cookie.len || config->sign)) {
        text_string(why, "--token-aud, --token-cookie and --sign want "
                         "--token-key");
        return OPTIONS_BAD;
    }
    /* Any page could come in as the person who looks at it. */
    if (config->token_cookie.len && config->any_origin) {
        text_string(why, "--token-cookie and --origin '*' exclude each other");
        return OPTIONS_BAD;
    }
    if (config->no_sandbox && config->require_sandbox) {
        text_string(why, "--no-sandbox and --require-sandbox exclude each "
                         "other");
        return OPTIONS_BAD;
    }
    if (config->has_metrics && is_taken(config, &config->metrics)) {
        text_string(why, "--metrics must be an address of its own, and is "
                         "one of --addr");
        return OPTIONS_BAD;
    }
    return OPTIONS_RUN;
}

enum options_result options_read(struct config *config, int argc, char **argv,
                                 const char *(*environment)(const char *name),
                                 struct text *why)
{
    struct line line = {.argc = argc, .argv = argv, .at = 1};
    struct line ahead = line;
    struct text unheard = text_over(NULL, 0);
    /* --help helps even where the environment is wrong. */
    set_defaults(config);
    enum options_result result = read_line(config, &ahead, &unheard);
    if (result == OPTIONS_HELP || result == OPTIONS_VERSION)
        return result;
    set_defaults(config);
    result = read_environment(config, environment, why);
    if (result == OPTIONS_RUN)
        result = read_line(config, &line, why);
    if (result == OPTIONS_RUN && line.seen[KEY_EXPLAIN])
        return OPTIONS_EXPLAIN;
    if (result == OPTIONS_RUN)
        result = check_role(config, &line, why);
    if (result == OPTIONS_RUN)
        result = check_together(config, why);
    if (result == OPTIONS_RUN)
        result = check_redis(config, &line, why);
    return result == OPTIONS_RUN && line.seen[KEY_CHECK] ? OPTIONS_CHECK
                                                         : result;
}

static void pad(struct text *t, size_t start, size_t column)
{
    do
        text_byte(t, ' ');
    while (t->len < start + column);
}

static void put_help(struct text *t, enum key key)
{
    size_t start = t->len;
    text_string(t, "  ");
    if (table[key].letter) {
        text_byte(t, '-');
        text_byte(t, (uint8_t)table[key].letter);
        text_string(t, ", ");
    } else {
        text_string(t, "    ");
    }
    text_string(t, "--");
    text_string(t, table[key].name);
    if (table[key].value) {
        if (!value_is_optional(key))
            text_byte(t, ' ');
        text_string(t, table[key].value);
    }
    if (t->len - start >= HELP_COLUMN) {
        text_byte(t, '\n');
        start = t->len;
    }
    pad(t, start, HELP_COLUMN);
    for (const char *p = table[key].help; *p; p++) {
        text_byte(t, (uint8_t)*p);
        if (*p == '\n')
            pad(t, t->len, HELP_COLUMN);
    }
    if (table[key].preset) {
        text_string(t, " (");
        text_string(t, table[key].preset);
        text_byte(t, ')');
    }
    text_byte(t, '\n');
}

void options_help(struct text *t)
{
    text_string(t, "Usage: chatd [OPTION]...\n"
                   "An echo service and chat rooms over WebSocket, with "
                   "their pages, on one port.\n\n");
    for (unsigned key = 0; key < KEYS; key++)
        put_help(t, (enum key)key);
    text_string(
        t, "\nSIZE is bytes, or with K, M, G times 1024. SECONDS may have "
           "decimals.\nEach long option of the server is also read from the "
           "environment: CHATD_ADDR,\nCHATD_CLIENTS, ... (lists separated by "
           "commas, switches 1 or 0); the command\nline wins.\n\n"
           "Paths: /echo, /chat/ROOM, /ws/ROOM (JSON), /healthz, /readyz, and "
           "the pages\nat /, /chat and /echo. POST /chat/ROOM says something. "
           "Signals: TERM and INT\nstop, USR1 logs the state.\n");
}
