/* SPDX-License-Identifier: MIT */
#include "options.h"
#include "support/note.h"
#include "support/unit.h"

#include <stdio.h>

#define WORDS_MAX 20

static struct note note;

static struct config config;
static char why[512];
static const char *const *variables; /* name, value, name, value, NULL */

static const char *environment(const char *name)
{
    for (size_t i = 0; variables && variables[i]; i += 2)
        if (strcmp(variables[i], name) == 0)
            return variables[i + 1];
    return NULL;
}

static int begin(void **state)
{
    (void)state;
    variables = NULL;
    return 0;
}

/* Read a command line, its words separated by spaces. They are kept: the
   config points into them. */
static enum options_result options(const char *line)
{
    static char words[1024];
    char *argv[WORDS_MAX] = {words};
    int argc = 1;
    assert_true(strlen(line) + 7 < sizeof words);
    strcpy(words, "chatd");
    char *at = words + 6;
    strcpy(at, line);
    for (char *word; *at && argc < WORDS_MAX; argv[argc++] = word) {
        word = at;
        at += strcspn(at, " ");
        if (*at)
            *at++ = '\0';
    }
    struct text t = text_over((uint8_t *)why, sizeof why - 1);
    enum options_result result =
        options_read(&config, argc, argv, environment, &t);
    why[t.len] = '\0';
    return result;
}

static void good(const char *line)
{
    if (options(line) != OPTIONS_RUN)
        fail_msg("%s: %s", line, why);
}

static void bad(const char *line, const char *sentence)
{
    note_open(&note, line, "words", 0);
    assert_int_equal(options(line), OPTIONS_BAD);
    assert_string_equal(why, sentence);
    note_close(&note);
}

/* ---- Values -------------------------------------------------------------- */

static void test_without_options_the_defaults_hold(void **state)
{
    (void)state;
    good("");
    assert_int_equal(config.addr_count, 1);
    assert_int_equal(config.addrs[0].family, SOCKET_ANY);
    assert_int_equal(config.addrs[0].port, 6868);
    assert_int_equal(config.clients, 10000);
    assert_int_equal(config.rooms, 64);
    assert_int_equal(config.room_log, 1024 * 1024);
    assert_int_equal(config.history, 1000);
    assert_int_equal(config.max_message, 65536);
    assert_int_equal(config.buffers, 256);
    assert_int_equal(config.ping, 25000);
    assert_int_equal(config.pong_timeout, 10000);
    assert_int_equal(config.handshake_timeout, 3000);
    assert_int_equal(config.write_timeout, 10000);
    assert_int_equal(config.close_timeout, 5000);
    assert_int_equal(config.drain, 5000);
    assert_int_equal(config.rate, 0);
    assert_int_equal(config.per_ip, 0);
    assert_int_equal(config.origin_count, 0);
    assert_false(config.any_origin);
    assert_true(config.compression);
    assert_null(config.static_folder);
    assert_int_equal(config.level, LEVEL_INFO);
}

static void test_one_value_can_be_written_four_ways(void **state)
{
    static const char *const ways[] = {"--clients=30", "--clients 30", "-c30",
                                       "-c 30"};
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(ways); i++) {
        good(ways[i]);
        assert_int_equal(config.clients, 30);
    }
}

static void test_of_a_repeated_option_the_last_counts(void **state)
{
    (void)state;
    good("-c 1 --clients 2 -c3 --clients=4");
    assert_int_equal(config.clients, 4);
}

static void test_sizes_have_units(void **state)
{
    static const struct {
        const char *line;
        size_t size;
    } sizes[] = {
        {"--room-log 4096", 4096},  {"--room-log 8K", 8192},
        {"--room-log 8k", 8192},    {"--room-log 3M", 3 << 20},
        {"--room-log=1g", 1 << 30},
    };
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(sizes); i++) {
        char line[64];
        snprintf(line, sizeof line, "-m 1 %s", sizes[i].line);
        good(line);
        assert_true(config.room_log == sizes[i].size);
    }
}

static void test_seconds_may_have_decimals(void **state)
{
    static const struct {
        const char *line;
        uint32_t milliseconds;
    } times[] = {
        {"--ping 3", 3000},         {"--ping 0", 0},
        {"--ping 0.001", 1},        {"--ping 1.5", 1500},
        {"--ping 86400", 86400000},
    };
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(times); i++) {
        good(times[i].line);
        assert_int_equal(config.ping, times[i].milliseconds);
    }
}

static void test_a_rate_has_a_burst_of_twice_itself_or_its_own(void **state)
{
    (void)state;
    good("--rate 5");
    assert_int_equal(config.rate, 5);
    assert_int_equal(config.burst, 10);
    good("--rate 5:7");
    assert_int_equal(config.burst, 7);
}

static void test_addresses_add_up(void **state)
{
    (void)state;
    good("-a :1 --addr 127.0.0.1:2 --addr=[::1]:3 -aunix:/run/x");
    assert_int_equal(config.addr_count, 4);
    assert_int_equal(config.addrs[0].port, 1);
    assert_int_equal(config.addrs[1].family, SOCKET_INET);
    assert_int_equal(config.addrs[2].family, SOCKET_INET6);
    assert_string_equal(config.addrs[3].path, "/run/x");
}

static void test_origins_add_up_and_a_star_is_everybody(void **state)
{
    (void)state;
    good("--origin https://a.example --origin http://b.example:8080");
    assert_int_equal(config.origin_count, 2);
    assert_true(
        bytes_equal(config.origins[1], BYTES_LITERAL("http://b.example:8080")));
    assert_false(config.any_origin);
    good("--origin *");
    assert_true(config.any_origin);
}

static void test_names_of_ours_add_up(void **state)
{
    (void)state;
    good("");
    assert_int_equal(config.host_count, 0);
    good("--host a.example --host b.example:8080");
    assert_int_equal(config.host_count, 2);
    assert_true(bytes_equal(config.hosts[1], BYTES_LITERAL("b.example:8080")));
}

static void test_who_is_trusted_adds_up(void **state)
{
    (void)state;
    good("");
    assert_int_equal(config.trust_count, 0);
    assert_false(config.trust_unix || config.proxy_protocol);
    good("--trust 10.0.0.0/8 --trust=::1 --trust unix --proxy-protocol");
    assert_int_equal(config.trust_count, 2);
    assert_int_equal(config.trust[0].bits, 8);
    assert_int_equal(config.trust[1].first.family, IP_V6);
    assert_true(config.trust_unix && config.proxy_protocol);
    bad("--trust 10.0.0.1/8", "--trust: \"10.0.0.1/8\" is not an IP address, a "
                              "block such as 10.0.0.0/8, or unix");
    static const char *const both[] = {"CHATD_TRUST", "10.0.0.0/8,unix", NULL};
    variables = both;
    good("");
    assert_true(config.trust_count == 1 && config.trust_unix);
    good("--trust 192.0.2.1");
    assert_true(config.trust_count == 1 && !config.trust_unix);
    assert_int_equal(config.trust[0].bits, 32);
}

static void test_the_metrics_have_an_address_of_their_own(void **state)
{
    (void)state;
    good("");
    assert_false(config.has_metrics);
    good("--metrics :1 --metrics 127.0.0.1:6869");
    assert_true(config.has_metrics);
    assert_int_equal(config.metrics.port, 6869);
    good("--addr :0 --metrics :0"); /* the kernel chooses each time */
    bad("--metrics x", "--metrics: \"x\" is not [HOST]:PORT with a numeric "
                       "HOST, or unix:PATH");
    bad("--metrics :6868",
        "--metrics must be an address of its own, and is one of --addr");
    bad("--addr unix:/a --addr unix:/b --metrics unix:/b",
        "--metrics must be an address of its own, and is one of --addr");
}

static void test_a_link_local_address_has_a_zone(void **state)
{
    (void)state;
    good("--addr [fe80::1%eth0]:6868 --addr [fe80::1%eth1]:6868 "
         "--metrics [fe80::1%3]:6868");
    assert_string_equal(config.addrs[1].zone, "eth1");
    assert_int_equal(config.metrics.scope, 3);
    bad("--addr [fe80::1%a]:1 --metrics [fe80::1%a]:1",
        "--metrics must be an address of its own, and is one of --addr");
    good("--addr [fe80::1%a]:1 --metrics [fe80::1%b]:1");
}

static void test_unix_sockets_have_a_mode_and_a_group(void **state)
{
    static const char *const wrong[] = {"",      "x",    "0",   "0000", "660x",
                                        "01000", "1777", "680", "-1",   "rw"};
    (void)state;
    good("");
    assert_int_equal(config.unix_mode, 0);
    assert_null(config.unix_group);
    good("--unix-mode 0660 --unix-group www-data");
    assert_int_equal(config.unix_mode, 0660);
    assert_string_equal(config.unix_group, "www-data");
    good("--unix-mode 777 --unix-group=33");
    assert_int_equal(config.unix_mode, 0777);
    for (size_t i = 0; i < UNIT_COUNT(wrong); i++) {
        char line[64], sentence[64];
        snprintf(line, sizeof line, "--unix-mode=%s", wrong[i]);
        snprintf(sentence, sizeof sentence,
                 "--unix-mode: \"%s\" is no mode from 0001 to 0777", wrong[i]);
        bad(line, sentence);
    }
    bad("--unix-group 33:33", "--unix-group: \"33:33\" is not NAME or GID");
}

static void test_the_sandbox_can_be_left_out_or_insisted_on(void **state)
{
    static const char *const set[] = {"CHATD_NO_SANDBOX", "1", NULL};
    (void)state;
    good("");
    assert_false(config.no_sandbox);
    good("--no-sandbox");
    assert_true(config.no_sandbox);
    bad("--no-sandbox --require-sandbox",
        "--no-sandbox and --require-sandbox exclude each other");
    variables = set;
    good("");
    assert_true(config.no_sandbox);
}

static void test_levels_and_switches(void **state)
{
    (void)state;
    good("--log debug --no-compression --static /srv");
    assert_int_equal(config.level, LEVEL_DEBUG);
    assert_false(config.compression);
    assert_string_equal(config.static_folder, "/srv");
}

static void test_tokens_have_a_file_an_audience_and_a_cookie(void **state)
{
    static const char *const set[] = {
        "CHATD_TOKEN_KEY", "/k", "CHATD_TOKEN_AUD", "x", "CHATD_SIGN",
        "sub=a",           NULL};
    static const char want[] =
        "--token-aud, --token-cookie and --sign want --token-key";
    (void)state;
    good("");
    assert_null(config.token_key);
    good("--token-key /k --token-aud tea.example --token-cookie __Host-t");
    assert_string_equal(config.token_key, "/k");
    assert_true(bytes_equal(config.token_aud, bytes_of("tea.example")));
    assert_true(bytes_equal(config.token_cookie, bytes_of("__Host-t")));
    assert_null(config.sign);
    good("--sign sub=a --token-key /k");
    assert_string_equal(config.sign, "sub=a");
    bad("--token-aud x", want);
    bad("--token-cookie x", want);
    bad("--sign x", want);
    bad("--token-key /k --token-cookie a=b",
        "--token-cookie: \"a=b\" is no name of a cookie");
    bad("--token-key=", "--token-key: \"\" is empty");
    bad("--token-key /k --token-aud=", "--token-aud: \"\" is empty");
    bad("--token-key /k --token-cookie t --origin *",
        "--token-cookie and --origin '*' exclude each other");
    good("--token-key /k --token-cookie t --origin https://a.example");
    good("--token-key /k --origin *");
    variables = set;
    good("");
    assert_string_equal(config.token_key, "/k");
    assert_true(bytes_equal(config.token_aud, bytes_of("x")));
    assert_null(config.sign); /* nobody's variable makes a token of a start */
}

static void test_redis_has_addresses_and_limits(void **state)
{
    static const char *const set[] = {"CHATD_REDIS", "10.0.0.1:1",
                                      "CHATD_REDIS_KEEP", "2d", NULL};
    (void)state;
    good("");
    assert_null(config.redis);
    assert_false(limits_has_keeper(&config));
    good("--redis 10.0.0.1:6379+[::1]:1+unix:/run/redis.sock --workers 31");
    assert_true(limits_has_keeper(&config));
    assert_int_equal(config.redis_count, 3);
    assert_int_equal(config.redis_addrs[0].port, 6379);
    assert_int_equal(config.redis_addrs[1].family, SOCKET_INET6);
    assert_string_equal(config.redis_addrs[2].path, "/run/redis.sock");
    assert_null(config.redis_auth);
    assert_string_equal(config.redis_prefix, "chatd");
    assert_int_equal(config.redis_keep, 24 * 60 * 60);
    assert_int_equal(config.redis_queue, 1024 * 1024);
    assert_int_equal(config.redis_timeout, 30000);
    good("--redis 10.0.0.1:6379 --redis 10.0.0.2:6379 --redis-auth /a "
         "--redis-prefix tea --redis-keep 0 --redis-timeout 0 --workers auto");
    assert_int_equal(config.redis_count, 1);
    assert_int_equal(config.redis_addrs[0].ip[3], 2);
    assert_string_equal(config.redis_auth, "/a");
    assert_string_equal(config.redis_prefix, "tea");
    assert_int_equal(config.redis_keep, 0);
    assert_int_equal(config.redis_timeout, 0);
    variables = set;
    good("");
    assert_int_equal(config.redis_keep, 2 * 24 * 60 * 60);
    assert_string_equal(config.redis, "10.0.0.1:1");
}

static void test_times_have_units(void **state)
{
    static const struct {
        const char *line;
        uint64_t seconds;
    } times[] = {
        {"90", 90},        {"90s", 90},
        {"5m", 5 * 60},    {"1h", 60 * 60},
        {"2D", 48 * 3600}, {"3650d", UINT64_C(3650) * 24 * 3600},
    };
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(times); i++) {
        char line[80] = "--redis 10.0.0.1:1 --redis-keep ";
        strcat(line, times[i].line);
        good(line);
        assert_true(config.redis_keep == times[i].seconds);
    }
}

static void test_a_large_room_log_has_a_large_queue(void **state)
{
    (void)state;
    good("--redis 10.0.0.1:1 --room-log 2M");
    assert_int_equal(config.redis_queue, 2 * 1024 * 1024);
    good("--redis 10.0.0.1:1 --room-log 64K --redis-queue 64K");
    assert_int_equal(config.redis_queue, 65536);
    bad("--redis 10.0.0.1:1 --room-log 64K --redis-queue 65535",
        "--redis-queue must be from --room-log to 1G: 65536");
    bad("--redis 10.0.0.1:1 --redis-queue 1025M",
        "--redis-queue must be from --room-log to 1G: 1048576");
    bad("--redis 10.0.0.1:1 --room-log 1025M",
        "with --redis --room-log may be at most 1G");
}

/* ---- What is wrong ------------------------------------------------------- */

static void test_what_is_wrong_is_named(void **state)
{
    (void)state;
    bad("--nonsense", "unknown option --nonsense (see --help)");
    bad("--nonsense=5", "unknown option --nonsense (see --help)");
    bad("-x", "unknown option -x (see --help)");
    bad("word", "unexpected argument word (see --help)");
    bad("-", "unexpected argument - (see --help)");
    bad("--", "unexpected argument -- (see --help)");
    bad("--clients", "--clients wants a value");
    bad("-c", "-c wants a value");
    bad("--no-compression=1", "--no-compression takes no value");
    bad("-c x", "-c: \"x\" is not a number");
    bad("-c 0", "-c: \"0\" must be from 1 to 67108864");
    bad("--clients=-1", "--clients: \"-1\" is not a number");
    bad("-c 99999999999", "-c: \"99999999999\" must be from 1 to 67108864");
    bad("-c 99999999999999999999999",
        "-c: \"99999999999999999999999\" must be from 1 to 67108864");
    bad("--room-log 4095",
        "--room-log: \"4095\" must be from 4096 to 2147483648");
    bad("--room-log 3G", "--room-log: \"3G\" must be from 4096 to 2147483648");
    bad("--room-log K", "--room-log: \"K\" is not a size: bytes, or a number "
                        "with K, M or G");
    bad("--pong-timeout 0", "--pong-timeout: \"0\" must be more than 0");
    bad("--ping 1.2345", "--ping: \"1.2345\" is not a number of seconds, with "
                         "three decimals at most");
    bad("--ping .", "--ping: \".\" is not a number of seconds, with three "
                    "decimals at most");
    bad("--ping 86401", "--ping: \"86401\" must be from 0 to 86400");
    bad("-a 6868", "-a: \"6868\" is not [HOST]:PORT with a numeric HOST, or "
                   "unix:PATH");
    bad("-a localhost:80", "-a: \"localhost:80\" is not [HOST]:PORT with a "
                           "numeric HOST, or unix:PATH");
    bad("--origin a.example",
        "--origin: \"a.example\" is not an origin such as https://a.example");
    bad("--origin https://a/", "--origin: \"https://a/\" has a path: an origin "
                               "ends with its host and port");
    bad("--origin wss://a", "--origin: \"wss://a\" is no page's origin: that "
                            "begins with http:// or https://");
    bad("--host *.a", "--host: \"*.a\" has a wildcard: give each name by "
                      "itself");
    bad("--rate 5:", "--rate: \"5:\" is not a number");
    bad("--rate 1000001", "--rate: \"1000001\" must be from 0 to 1000000");
    bad("--rate 5:0", "--rate: \"5:0\" must be from 1 to 1000000");
    bad("--log loud", "--log: \"loud\" is none of error, warn, info, debug");
    bad("--static=", "--static: \"\" is empty");
    bad("-m 1M",
        "--max-message must be at most a quarter of --room-log: 262144");
}

static void test_what_is_wrong_with_redis(void **state)
{
    static const char *const set[] = {"CHATD_REDIS_PREFIX", "x", NULL};
    static const char *const lists[] = {
        "localhost:6379",
        ":6379",
        "10.0.0.1",
        "10.0.0.1:0",
        "unix:",
        "10.0.0.1:1+",
        "+10.0.0.1:1",
        "10.0.0.1:1++::1:1",
        "[fe80::1%eth0]:6379",
        "10.0.0.1:65536",
    };
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(lists); i++) {
        char line[80], sentence[160];
        snprintf(line, sizeof line, "--redis %s", lists[i]);
        snprintf(sentence, sizeof sentence,
                 "--redis: \"%s\" is not IP:PORT or unix:PATH, or several, "
                 "with + between",
                 lists[i]);
        bad(line, sentence);
    }
    bad("--redis=", "--redis: \"\" is not IP:PORT or unix:PATH, or several, "
                    "with + between");
    bad("--redis "
        "unix:a+unix:b+unix:c+unix:d+unix:e+unix:f+unix:g+unix:h+unix:i",
        "--redis: \"unix:a+unix:b+unix:c+unix:d+unix:e+unix:f+unix:g+unix:h+"
        "unix:i\" is one address too many: 8 at most");
    bad("--redis 10.0.0.1:1 --redis-auth=", "--redis-auth: \"\" is empty");
    bad("--redis 10.0.0.1:1 --redis-prefix=", "--redis-prefix: \"\" is empty");
    bad("--redis 10.0.0.1:1 --redis-prefix a\tb",
        "--redis-prefix: \"a\tb\" holds a blank or a control character");
    bad("--redis 10.0.0.1:1 --redis-keep 1w",
        "--redis-keep: \"1w\" is not a time: seconds, or a number with m, h "
        "or d");
    bad("--redis 10.0.0.1:1 --redis-keep 3651d",
        "--redis-keep: \"3651d\" must be from 0 to 315360000");
    bad("--redis 10.0.0.1:1 --redis-timeout -1",
        "--redis-timeout: \"-1\" is not a number of seconds, with three "
        "decimals at most");
    bad("--redis 10.0.0.1:1 --store /s", "--redis and --store exclude each "
                                         "other: Redis keeps what is said");
    bad("--redis 10.0.0.1:1 --workers 32",
        "with --redis --workers may be at most 31");
    bad("--redis-auth /a", "--redis-auth wants --redis");
    bad("--redis-queue 1M", "--redis-queue wants --redis");
    bad("--redis-timeout 5", "--redis-timeout wants --redis");
    variables = set; /* as a unit has it for many */
    good("");
}

static void test_a_prefix_has_64_bytes(void **state)
{
    char line[120] = "--redis 10.0.0.1:1 --redis-prefix ", sentence[160];
    size_t len = strlen(line);
    (void)state;
    memset(line + len, 'a', 64);
    good(line);
    line[len + 64] = 'a';
    snprintf(sentence, sizeof sentence,
             "--redis-prefix: \"%s\" is too long: 64 bytes at most",
             line + len);
    bad(line, sentence);
}

static void test_a_path_that_is_too_long_is_told(void **state)
{
    char line[200] = "-a unix:", sentence[300] = "-a: \"unix:";
    (void)state;
    memset(line + 8, '/', 107);
    good(line);
    memset(line + 8, '/', 108);
    memset(sentence + 10, '/', 108);
    strcat(sentence, "\" is too long: a unix: path has 107 bytes at most");
    bad(line, sentence);
}

static void test_0_is_off(void **state)
{
    (void)state;
    good("--rate 5 --per-ip 5 --rate 0 --per-ip 0");
    assert_int_equal(config.rate, 0);
    assert_int_equal(config.per_ip, 0);
}

static void test_a_small_room_log_has_small_messages(void **state)
{
    (void)state;
    good("--room-log 64K");
    assert_int_equal(config.max_message, 16384);
    good("--room-log 2M");
    assert_int_equal(config.max_message, 65536);
    bad("--room-log 64K -m 64K",
        "--max-message must be at most a quarter of --room-log: 16384");
}

static void test_a_long_value_leaves_room_for_what_is_wrong(void **state)
{
    char line[300] = "--host ", sentence[300] = "--host: \"";
    (void)state;
    memset(line + 7, 'a', 201);
    memset(sentence + 9, 'a', 200);
    strcpy(line + 7 + 201, "*");
    strcat(sentence, "...\" has a wildcard: give each name by itself");
    bad(line, sentence);
}

static void test_so_many_names_and_origins_and_no_more(void **state)
{
    static char list[LIMITS_HOSTS * 20];
    static const char *set[] = {NULL, list, NULL};
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        char *at = list;
        variables = set;
        set[0] = i ? "CHATD_ORIGIN" : "CHATD_HOST";
        for (unsigned j = 0; j < LIMITS_HOSTS; j++)
            at += sprintf(at, j ? ",%sa%u" : "%sa%u", i ? "http://" : "", j);
        good("");
        strcpy(at, i ? ",http://b" : ",b");
        bad("",
            i ? "CHATD_ORIGIN: \"http://b\" is one origin too many: 64 at most"
              : "CHATD_HOST: \"b\" is one name too many: 64 at most");
    }
}

static void test_too_many_addresses_are_told(void **state)
{
    char line[256] = "";
    (void)state;
    for (unsigned i = 0; i < LIMITS_ADDRS; i++)
        strcat(line, "-a:1 ");
    good(line);
    strcat(line, "-a:1");
    bad(line, "-a: \":1\" is one address too many: 16 at most");
}

/* ---- The environment ----------------------------------------------------- */

static void test_the_environment_is_read_and_the_command_line_wins(void **state)
{
    static const char *const set[] = {"CHATD_CLIENTS", "7", "CHATD_ROOM_LOG",
                                      "2M", NULL};
    (void)state;
    variables = set;
    good("");
    assert_int_equal(config.clients, 7);
    assert_int_equal(config.room_log, 2 << 20);
    good("-c 8");
    assert_int_equal(config.clients, 8);
}

static void test_lists_and_switches_of_the_environment(void **state)
{
    static const char *const set[] = {"CHATD_ADDR",
                                      ":1,127.0.0.1:2",
                                      "CHATD_ORIGIN",
                                      "https://a.example,*",
                                      "CHATD_NO_COMPRESSION",
                                      "1",
                                      NULL};
    (void)state;
    variables = set;
    good("");
    assert_int_equal(config.addr_count, 2);
    assert_int_equal(config.addrs[1].port, 2);
    assert_int_equal(config.origin_count, 1);
    assert_true(config.any_origin);
    assert_false(config.compression);
    good("-a :9 --origin https://b.example");
    assert_int_equal(config.addr_count, 1);
    assert_int_equal(config.addrs[0].port, 9);
    assert_int_equal(config.origin_count, 1);
    assert_false(config.any_origin);
}

static void test_a_bad_variable_is_named(void **state)
{
    static const char *const clients[] = {"CHATD_CLIENTS", "x", NULL};
    static const char *const off[] = {"CHATD_NO_COMPRESSION", "yes", NULL};
    static const char *const list[] = {"CHATD_ADDR", ":1,,:2", NULL};
    (void)state;
    variables = clients;
    bad("", "CHATD_CLIENTS: \"x\" is not a number");
    variables = off;
    bad("", "CHATD_NO_COMPRESSION: \"yes\" is neither 0 nor 1");
    variables = list;
    bad("", "CHATD_ADDR: \"\" is not [HOST]:PORT with a numeric HOST, or "
            "unix:PATH");
}

static void test_blanks_around_the_items_of_a_list_are_trimmed(void **state)
{
    static const char *const set[] = {"CHATD_ORIGIN",
                                      " https://a.example ,\thttp://b\t",
                                      "CHATD_HOST",
                                      "a, b:1",
                                      "CHATD_TRUST",
                                      "10.0.0.0/8, unix",
                                      "CHATD_ADDR",
                                      " :1, :2 ",
                                      NULL};
    char *argv[] = {"chatd", "--origin", " https://c.example\t", "--host=\td "};
    struct text t = text_over((uint8_t *)why, sizeof why - 1);
    (void)state;
    variables = set;
    good("");
    assert_int_equal(config.addr_count, 2);
    assert_int_equal(config.trust_count, 1);
    assert_true(config.trust_unix);
    assert_true(bytes_equal(config.hosts[1], BYTES_LITERAL("b:1")));
    assert_true(
        bytes_equal(config.origins[0], BYTES_LITERAL("https://a.example")));
    assert_true(bytes_equal(config.origins[1], BYTES_LITERAL("http://b")));
    assert_int_equal(options_read(&config, 4, argv, environment, &t),
                     OPTIONS_RUN);
    assert_true(
        bytes_equal(config.origins[0], BYTES_LITERAL("https://c.example")));
    assert_true(bytes_equal(config.hosts[0], BYTES_LITERAL("d")));
    assert_int_equal(config.host_count, 1);
}

static void test_an_empty_variable_is_an_unset_one(void **state)
{
    static const char *const set[] = {"CHATD_CLIENTS",
                                      "",
                                      "CHATD_ORIGIN",
                                      "",
                                      "CHATD_STATIC",
                                      "",
                                      "CHATD_NO_COMPRESSION",
                                      "",
                                      "CHATD_ADDR",
                                      "",
                                      NULL};
    (void)state;
    variables = set;
    good("");
    assert_int_equal(config.clients, 10000);
    assert_int_equal(config.addr_count, 1);
    assert_int_equal(config.origin_count, 0);
    assert_null(config.static_folder);
    assert_true(config.compression);
}

static void test_too_long_a_list_is_told_with_the_limit(void **state)
{
    static char list[5000];
    static const char *const set[] = {"CHATD_ORIGIN", list, NULL};
    (void)state;
    variables = set;
    memset(list, ' ', 4096);
    memcpy(list, "https://a.example", 17);
    bad("", "CHATD_ORIGIN is too long: a list may have 4095 bytes");
    list[4095] = '\0';
    good("");
}

static void test_there_is_no_variable_for_help(void **state)
{
    static const char *const set[] = {"CHATD_HELP", "1", "CHATD_VERSION", "1",
                                      NULL};
    (void)state;
    variables = set;
    good("");
}

/* ---- --trace and --explain ----------------------------------------------- */

static void test_trace_follows_all_or_one(void **state)
{
    (void)state;
    good("");
    assert_int_equal(config.trace, TRACE_OFF);
    good("--trace -c 5");
    assert_int_equal(config.trace, TRACE_ALL);
    assert_int_equal(config.clients, 5);
    good("--trace=client 17 -c 6");
    assert_int_equal(config.trace, TRACE_CLIENT);
    assert_int_equal(config.trace_client, 17);
    assert_int_equal(config.clients, 6);
    good("--trace=/chat/tea");
    assert_int_equal(config.trace, TRACE_PATH);
    assert_true(bytes_equal(config.trace_path, BYTES_LITERAL("/chat/tea")));
    good("--trace --trace=0");
    assert_int_equal(config.trace, TRACE_OFF);
    bad("--trace=client",
        "--trace: \"client\" is neither \"client N\" nor a path such as "
        "/chat/lobby");
    bad("--trace=client x", "--trace: \"client x\" is not a number");
    bad("--trace 5", "unexpected argument 5 (see --help)");
}

static void test_a_variable_can_hold_client_and_number(void **state)
{
    static const char *const set[] = {"CHATD_TRACE", "client 3", NULL};
    (void)state;
    variables = set;
    good("");
    assert_int_equal(config.trace, TRACE_CLIENT);
    assert_int_equal(config.trace_client, 3);
    good("--trace=/echo");
    assert_int_equal(config.trace, TRACE_PATH);
}

static void test_variables_that_are_no_option_are_named(void **state)
{
    char *const all[] = {"HOME=/",  "CHATD_CLIENTS=5", "CHATD_CLINETS=5",
                         "CHATD=x", "CHATD_SIGN=x",    "CHATD_ADDR",
                         NULL};
    uint8_t bytes[64];
    struct text names = text_over(bytes, sizeof bytes);
    (void)state;
    options_unknown(all, &names);
    assert_true(bytes_equal(text_span(&names),
                            BYTES_LITERAL("CHATD_CLINETS,CHATD_SIGN")));
}

static void test_check_is_told_once_all_is_right(void **state)
{
    (void)state;
    assert_int_equal(options("--check"), OPTIONS_CHECK);
    assert_int_equal(config.addr_count, 1);
    assert_false(config.has_check);
    assert_int_equal(options("-a:1 --check --proxy-protocol"), OPTIONS_CHECK);
    assert_false(config.has_check);
    bad("--check --room-log 1", "--room-log: \"1\" must be from 4096 to "
                                "2147483648");
    bad("--check --stay", "--stay wants --connect");
    bad("--connect ws://a/ --check", "--check is not for --connect");
}

static void asks(const char *line, const char *host, const char *path)
{
    assert_int_equal(options(line), OPTIONS_CHECK);
    assert_true(config.has_check);
    assert_true(bytes_equal(config.check_host, bytes_of(host)));
    assert_true(bytes_equal(config.check_path, bytes_of(path)));
}

static void test_check_can_have_a_url(void **state)
{
    static const char fault[] = "is not http://ADDR:PORT/PATH or unix:PATH";
    (void)state;
    asks("--check http://127.0.0.1:81/readyz?a", "127.0.0.1:81", "/readyz?a");
    assert_int_equal(config.check.family, SOCKET_INET);
    assert_int_equal(config.check.port, 81);
    asks("--check=http://[::1]:81 -c5", "[::1]:81", "/healthz");
    assert_int_equal(config.clients, 5);
    asks("--check http://:81/", "localhost", "/");
    asks("--check http://[fe80::1%1]:81/", "localhost", "/");
    asks("--check unix:/run/s", "localhost", "/healthz");
    assert_string_equal(config.check.path, "/run/s");
    assert_int_equal(options("--check :1 --check --stay=0"), OPTIONS_BAD);
    assert_int_equal(options("--check :1 --check"), OPTIONS_CHECK);
    assert_false(config.has_check);
    static const char *const none[] = {"",
                                       "http://",
                                       "http://localhost:81/",
                                       "http://127.0.0.1/",
                                       "https://127.0.0.1:81/",
                                       "unix:",
                                       "127.0.0.1:81/healthz",
                                       NULL};
    for (size_t i = 0; none[i]; i++) {
        char line[64] = "--check=", expected[128];
        strcat(line, none[i]);
        snprintf(expected, sizeof expected, "--check: \"%s\" %s", none[i],
                 fault);
        bad(line, expected);
    }
}

static void test_explain_is_told_once_all_is_right(void **state)
{
    static const char *const set[] = {"CHATD_EXPLAIN", "1", NULL};
    (void)state;
    assert_int_equal(options("--explain"), OPTIONS_EXPLAIN);
    assert_int_equal(config.explain, WHOSE_EITHER);
    assert_int_equal(options("--explain=client"), OPTIONS_EXPLAIN);
    assert_int_equal(config.explain, WHOSE_CLIENT);
    assert_int_equal(options("--explain=server -c 5"), OPTIONS_EXPLAIN);
    assert_int_equal(config.explain, WHOSE_SERVER);
    bad("--explain=both", "--explain: \"both\" is neither client nor server");
    bad("--explain --loud", "unknown option --loud (see --help)");
    variables = set;
    good("");
}

/* ---- --connect ----------------------------------------------------------- */

static void test_a_client_has_options_of_its_own(void **state)
{
    (void)state;
    assert_int_equal(options("--connect ws://h/ws/tea --name Ann --stay "
                             "--header A:b --header C:d --token f "
                             "--subprotocol x,y --binary --ping 5 "
                             "--origin https://a.example"),
                     OPTIONS_CONNECT);
    assert_string_equal(config.connect, "ws://h/ws/tea");
    assert_string_equal(config.name, "Ann");
    assert_string_equal(config.subprotocol, "x,y");
    assert_string_equal(config.token, "f");
    assert_int_equal(config.header_count, 2);
    assert_string_equal(config.headers[1], "C:d");
    assert_true(config.binary && config.stay);
    assert_int_equal(config.ping, 5000);
    assert_int_equal(config.origin_count, 1);
}

static void test_what_is_wrong_with_a_client(void **state)
{
    (void)state;
    bad("--connect wss://h/",
        "--connect: \"wss://h/\" is wss, and TLS is not spoken here: let "
        "stunnel do it, as a client");
    bad("--connect ws://h/ --header A", "--header: \"A\" is not NAME:VALUE");
    bad("--connect ws://h/ --header :b", "--header: \":b\" is not NAME:VALUE");
    bad("--connect ws://h/ --header A:\x01",
        "--header: \"A:\x01\" holds a control character");
    bad("--connect ws://h/ --subprotocol a,",
        "--subprotocol: \"a,\" is no list of subprotocols");
    bad("--connect ws://h/ --subprotocol a,,b",
        "--subprotocol: \"a,,b\" is no list of subprotocols");
    bad("--connect ws://h/ --addr :1", "--addr is not for --connect");
    bad("--name Ann", "--name wants --connect");
    bad("--connect ws://h/ --origin *", "--connect has one --origin, or none");
    bad("--connect ws://h/ --origin http://a --origin http://b",
        "--connect has one --origin, or none");
}

static void test_a_servers_origins_are_not_a_clients(void **state)
{
    static const char *const set[] = {"CHATD_ORIGIN", "http://a,*", NULL};
    (void)state;
    variables = set;
    assert_int_equal(options("--connect ws://h/"), OPTIONS_CONNECT);
    assert_int_equal(config.origin_count, 0);
    assert_false(config.any_origin);
}

/* ---- --help -------------------------------------------------------------- */

static void test_help_helps_even_where_something_is_wrong(void **state)
{
    static const char *const set[] = {"CHATD_CLIENTS", "x", NULL};
    (void)state;
    assert_int_equal(options("--help"), OPTIONS_HELP);
    assert_int_equal(options("-h"), OPTIONS_HELP);
    assert_int_equal(options("-c 5 --version"), OPTIONS_VERSION);
    assert_int_equal(options("-V"), OPTIONS_VERSION);
    variables = set;
    assert_int_equal(options("--help"), OPTIONS_HELP);
}

static void test_help_fits_a_terminal(void **state)
{
    static uint8_t bytes[8192];
    struct text t = text_over(bytes, sizeof bytes);
    (void)state;
    options_help(&t);
    assert_false(t.overflow);
    struct span rest = text_span(&t);
    while (rest.len) {
        size_t len = bytes_find(rest, '\n');
        assert_in_range(len, 0, 80);
        assert_true(len == 0 || rest.ptr[len - 1] != ' ');
        rest = bytes_after(rest, len + 1);
    }
}

#define OPTIONS_TEST(test) cmocka_unit_test_setup(test, begin)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        OPTIONS_TEST(test_without_options_the_defaults_hold),
        OPTIONS_TEST(test_one_value_can_be_written_four_ways),
        OPTIONS_TEST(test_of_a_repeated_option_the_last_counts),
        OPTIONS_TEST(test_sizes_have_units),
        OPTIONS_TEST(test_seconds_may_have_decimals),
        OPTIONS_TEST(test_a_rate_has_a_burst_of_twice_itself_or_its_own),
        OPTIONS_TEST(test_addresses_add_up),
        OPTIONS_TEST(test_origins_add_up_and_a_star_is_everybody),
        OPTIONS_TEST(test_names_of_ours_add_up),
        OPTIONS_TEST(test_who_is_trusted_adds_up),
        OPTIONS_TEST(test_the_metrics_have_an_address_of_their_own),
        OPTIONS_TEST(test_a_link_local_address_has_a_zone),
        OPTIONS_TEST(test_unix_sockets_have_a_mode_and_a_group),
        OPTIONS_TEST(test_the_sandbox_can_be_left_out_or_insisted_on),
        OPTIONS_TEST(test_tokens_have_a_file_an_audience_and_a_cookie),
        OPTIONS_TEST(test_redis_has_addresses_and_limits),
        OPTIONS_TEST(test_times_have_units),
        OPTIONS_TEST(test_a_large_room_log_has_a_large_queue),
        OPTIONS_TEST(test_what_is_wrong_with_redis),
        OPTIONS_TEST(test_a_prefix_has_64_bytes),
        OPTIONS_TEST(test_levels_and_switches),
        OPTIONS_TEST(test_what_is_wrong_is_named),
        OPTIONS_TEST(test_a_path_that_is_too_long_is_told),
        OPTIONS_TEST(test_0_is_off),
        OPTIONS_TEST(test_a_small_room_log_has_small_messages),
        OPTIONS_TEST(test_a_long_value_leaves_room_for_what_is_wrong),
        OPTIONS_TEST(test_so_many_names_and_origins_and_no_more),
        OPTIONS_TEST(test_too_many_addresses_are_told),
        OPTIONS_TEST(test_the_environment_is_read_and_the_command_line_wins),
        OPTIONS_TEST(test_lists_and_switches_of_the_environment),
        OPTIONS_TEST(test_a_bad_variable_is_named),
        OPTIONS_TEST(test_blanks_around_the_items_of_a_list_are_trimmed),
        OPTIONS_TEST(test_an_empty_variable_is_an_unset_one),
        OPTIONS_TEST(test_too_long_a_list_is_told_with_the_limit),
        OPTIONS_TEST(test_there_is_no_variable_for_help),
        OPTIONS_TEST(test_trace_follows_all_or_one),
        OPTIONS_TEST(test_a_variable_can_hold_client_and_number),
        OPTIONS_TEST(test_variables_that_are_no_option_are_named),
        OPTIONS_TEST(test_check_is_told_once_all_is_right),
        OPTIONS_TEST(test_check_can_have_a_url),
        OPTIONS_TEST(test_explain_is_told_once_all_is_right),
        OPTIONS_TEST(test_a_client_has_options_of_its_own),
        OPTIONS_TEST(test_what_is_wrong_with_a_client),
        OPTIONS_TEST(test_a_servers_origins_are_not_a_clients),
        OPTIONS_TEST(test_help_helps_even_where_something_is_wrong),
        OPTIONS_TEST(test_help_fits_a_terminal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
