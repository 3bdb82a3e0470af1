/* SPDX-License-Identifier: MIT */
/*
 * fuzz_options: any command line, in any environment.
 *
 * The input is words, each ended by a NUL or a newline. Those that begin as
 * one of our variables do (CHATD_CLIENTS=3, LISTEN_FDS=1) are the environment,
 * the others the command line; a value "self" is our process number.
 *
 *   - A refusal is a sentence that begins with what is refused.
 *   - What is accepted is within its limits; written out as a command line, it
 *     is understood as the same again.
 *   - Whether --help is meant does not depend on the environment.
 */
#include "base/check.h"
#include "options.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define INPUT_MAX 8192
#define WORDS_MAX 128
#define SAID_SIZE (64 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *words[WORDS_MAX], *variables[WORDS_MAX];
static int word_count, variable_count;

/* ---- The input ----------------------------------------------------------- */

static bool begins(const char *s, const char *with)
{
    return strncmp(s, with, strlen(with)) == 0;
}

static bool is_variable(const char *word)
{
    static const char *const names[] = {"CHATD_", "LISTEN_", "WATCHDOG_",
                                        "NOTIFY_"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (begins(word, names[i]) && strchr(word, '='))
            return true;
    return false;
}

/* Each word in memory of its own, for AddressSanitizer. */
static char *copy_of(const uint8_t *ptr, size_t len)
{
    char *copy = malloc(len + 1);
    CHECK(copy);
    memcpy(copy, ptr, len);
    copy[len] = '\0';
    return copy;
}

static char *variable_of(char *word)
{
    char number[64], *equals = strchr(word, '=');
    if (strcmp(equals, "=self") != 0 || equals - word > 30)
        return word;
    int len = snprintf(number, sizeof number, "%.*s=%ld", (int)(equals - word),
                       word, (long)getpid());
    free(word);
    return copy_of((const uint8_t *)number, (size_t)len);
}

static void take_words(const uint8_t *data, size_t size)
{
    words[0] = copy_of((const uint8_t *)"chatd", 5);
    word_count = 1;
    variable_count = 0;
    for (size_t at = 0, end;
         at < size && word_count < WORDS_MAX && variable_count < WORDS_MAX;
         at = end + 1) {
        for (end = at; end < size && data[end] != '\n' && data[end]; end++)
            ;
        char *word = copy_of(data + at, end - at);
        if (is_variable(word))
            variables[variable_count++] = variable_of(word);
        else
            words[word_count++] = word;
    }
}

static void give_words_back(void)
{
    while (word_count > 0)
        free(words[--word_count]);
    while (variable_count > 0)
        free(variables[--variable_count]);
}

static const char *environment(const char *name)
{
    size_t len = strlen(name);
    for (int i = 0; i < variable_count; i++)
        if (strncmp(variables[i], name, len) == 0 && variables[i][len] == '=')
            return variables[i] + len + 1;
    return NULL;
}

static const char *nothing(const char *name)
{
    (void)name;
    return NULL;
}

/* ---- A config as a command line ------------------------------------------ */

static void put_count(struct text *t, const char *name, uint64_t count)
{
    text_string(t, name);
    text_decimal(t, count);
    text_byte(t, '\0');
}

static void put_seconds(struct text *t, const char *name, uint32_t ms)
{
    text_string(t, name);
    text_decimal(t, ms / 1000);
    text_byte(t, '.');
    for (uint32_t part = 100; part > 0; part /= 10)
        text_byte(t, (uint8_t)('0' + ms / part % 10));
    text_byte(t, '\0');
}

static void put_span(struct text *t, const char *name, struct span value)
{
    text_string(t, name);
    text_put(t, value);
    text_byte(t, '\0');
}

static void put_address(struct text *t, const char *name,
                        const struct socket_address *address)
{
    text_string(t, name);
    socket_put_address(t, address);
    text_byte(t, '\0');
}

static void put_block(struct text *t, const struct ip_block *block)
{
    text_string(t, "--trust=");
    if (block->first.family == IP_V4)
        ip_put4(t, block->first.bytes);
    else
        ip_put6(t, block->first.bytes);
    text_byte(t, '/');
    put_count(t, "", block->bits);
}

static void put_lists(struct text *t, const struct config *c)
{
    for (size_t i = 0; i < c->addr_count; i++)
        put_address(t, "--addr=", &c->addrs[i]);
    for (size_t i = 0; i < c->host_count; i++)
        put_span(t, "--host=", c->hosts[i]);
    for (size_t i = 0; i < c->origin_count; i++)
        put_span(t, "--origin=", c->origins[i]);
    for (size_t i = 0; i < c->trust_count; i++)
        put_block(t, &c->trust[i]);
    if (c->any_origin)
        put_span(t, "--origin=*", bytes_span(NULL, 0));
    if (c->trust_unix)
        put_span(t, "--trust=unix", bytes_span(NULL, 0));
}

static void put_times(struct text *t, const struct config *c)
{
    put_seconds(t, "--ping=", c->ping);
    put_seconds(t, "--pong-timeout=", c->pong_timeout);
    put_seconds(t, "--handshake-timeout=", c->handshake_timeout);
    put_seconds(t, "--keep-alive=", c->keep_alive);
    put_seconds(t, "--write-timeout=", c->write_timeout);
    put_seconds(t, "--close-timeout=", c->close_timeout);
    put_seconds(t, "--drain=", c->drain);
}

static void put_trace(struct text *t, const struct config *c)
{
    if (c->trace == TRACE_ALL)
        put_span(t, "--trace", bytes_span(NULL, 0));
    if (c->trace == TRACE_CLIENT)
        put_count(t, "--trace=client ", c->trace_client);
    if (c->trace == TRACE_PATH)
        put_span(t, "--trace=", c->trace_path);
}

static void put_config(struct text *t, const struct config *c)
{
    static const char *const levels[] = {"error", "warn", "info", "debug"};
    put_lists(t, c);
    put_count(t, "-c", c->clients);
    put_count(t, "--rooms=", c->rooms);
    put_count(t, "--room-log=", c->room_log);
    put_count(t, "--history=", c->history);
    put_count(t, "--max-message=", c->max_message);
    put_count(t, "--buffers=", c->buffers);
    put_times(t, c);
    if (c->rate) {
        text_string(t, "--rate=");
        text_decimal(t, c->rate);
        put_count(t, ":", c->burst);
    }
    if (c->per_ip)
        put_count(t, "--per-ip=", c->per_ip);
    if (c->proxy_protocol)
        put_span(t, "--proxy-protocol", bytes_span(NULL, 0));
    if (!c->compression)
        put_span(t, "--no-compression", bytes_span(NULL, 0));
    if (c->static_folder)
        put_span(t, "--static=", bytes_of(c->static_folder));
    if (c->has_metrics)
        put_address(t, "--metrics=", &c->metrics);
    if (c->user)
        put_span(t, "--user=", bytes_of(c->user));
    if (c->require_sandbox)
        put_span(t, "--require-sandbox", bytes_span(NULL, 0));
    put_span(t, "--log=", bytes_of(levels[c->level]));
    put_trace(t, c);
    CHECK(!t->overflow);
}

/* ---- What must hold ------------------------------------------------------ */

static void check_refusal(const struct text *why)
{
    static const char *const beginnings[] = {"-", "CHATD_", "unknown option -",
                                             "unexpected argument "};
    struct span s = text_span(why);
    CHECK(s.len > 0 && !why->overflow);
    bool begun = false;
    for (size_t i = 0; i < sizeof beginnings / sizeof *beginnings; i++) {
        struct span b = bytes_of(beginnings[i]);
        begun |= s.len > b.len && memcmp(s.ptr, b.ptr, b.len) == 0;
    }
    CHECK(begun);
}

static void check_limits(const struct config *c)
{
    CHECK(c->addr_count >= 1 && c->addr_count <= LIMITS_ADDRS);
    CHECK(c->origin_count <= LIMITS_ORIGINS && c->trust_count <= LIMITS_TRUST);
    CHECK(c->host_count <= LIMITS_HOSTS);
    CHECK(c->clients >= 1 && c->clients <= LIMITS_COUNT_MAX);
    CHECK(c->rooms >= 1 && c->rooms <= LIMITS_COUNT_MAX);
    CHECK(c->buffers >= 1 && c->buffers <= LIMITS_COUNT_MAX);
    CHECK(c->history <= LIMITS_COUNT_MAX && c->per_ip <= LIMITS_COUNT_MAX);
    CHECK(c->room_log >= LIMITS_ROOM_LOG_MIN);
    CHECK(c->room_log <= LIMITS_SIZE_MAX);
    CHECK(c->max_message >= 1);
    CHECK(c->max_message <= c->room_log / LIMITS_APPEND_PART);
    CHECK(c->pong_timeout && c->handshake_timeout && c->write_timeout);
    CHECK(c->keep_alive && c->close_timeout && (!c->rate || c->burst));
    CHECK(c->level <= LEVEL_DEBUG && c->trace <= TRACE_PATH);
}

/* Written out, it is understood as the same. */
static void check_again(const struct config *c)
{
    static uint8_t said[2][SAID_SIZE];
    static struct config same;
    uint8_t bytes[256];
    char *argv[1024] = {words[0]};
    int argc = 1;
    struct text first = text_over(said[0], SAID_SIZE);
    struct text why = text_over(bytes, sizeof bytes);
    put_config(&first, c);
    for (size_t at = 0; at < first.len; at += strlen(argv[argc++]) + 1)
        argv[argc] = (char *)said[0] + at;
    CHECK(options_read(&same, argc, argv, nothing, &why) == OPTIONS_RUN);
    struct text second = text_over(said[1], SAID_SIZE);
    put_config(&second, &same);
    CHECK(bytes_equal(text_span(&first), text_span(&second)));
}

static void check_supervise(void)
{
    struct supervise from;
    const char *wrong = supervise_read(&from, environment);
    if (wrong) {
        CHECK(environment(wrong) != NULL);
        return;
    }
    CHECK(from.sockets <= 1024);
    CHECK(from.sockets == 0 || environment("LISTEN_PID"));
    CHECK(from.watchdog == 0 || environment("WATCHDOG_USEC"));
    CHECK(from.watchdog <= UINT32_C(1000) * 60 * 60 * 24);
    CHECK(!from.notify || from.notify[0] == '/' || from.notify[0] == '@');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct config config, alone;
    static uint8_t bytes[2 * INPUT_MAX], ignored[2 * INPUT_MAX];
    struct text why = text_over(bytes, sizeof bytes);
    struct text other = text_over(ignored, sizeof ignored);
    if (size > INPUT_MAX)
        return 0;
    take_words(data, size);
    enum options_result result =
        options_read(&config, word_count, words, environment, &why);
    if (result == OPTIONS_BAD)
        check_refusal(&why);
    else
        CHECK(why.len == 0);
    if (result == OPTIONS_RUN) {
        check_limits(&config);
        check_again(&config);
    }
    bool helps = result == OPTIONS_HELP || result == OPTIONS_VERSION;
    enum options_result same =
        options_read(&alone, word_count, words, nothing, &other);
    CHECK(helps == (same == OPTIONS_HELP || same == OPTIONS_VERSION));
    CHECK(!helps || same == result);
    check_supervise();
    give_words_back();
    return 0;
}
