/* SPDX-License-Identifier: MIT */
/* main: options, start, exit. One line and an exit status when it fails. */
#include "options.h"
#include "check.h"
#include "join.h"
#include "keeper/keeper.h"
#include "os/process.h"
#include "paste.h"
#include "redis.h"
#include "server/loop.h"
#include "server/start.h"
#include "service/site.h"
#include "tokens.h"

#include <stdlib.h>

#define EXIT_USAGE 2

extern char **environ;

static const char *environment(const char *name)
{
    return getenv(name);
}

static int complain(const struct text *why, int status)
{
    uint8_t bytes[LOG_LINE_MAX];
    struct text line = text_over(bytes, sizeof bytes - 1); /* newline */
    text_string(&line, "chatd: ");
    text_put(&line, bytes_part(text_span(why), 0,
                               bytes_min(why->len, line.size - line.len)));
    for (size_t i = 0; i < line.len; i++)
        if (bytes[i] < ' ' || bytes[i] == 0x7F)
            bytes[i] = '?'; /* one line, whatever somebody gave us */
    bytes[line.len] = '\n';
    (void)log_write(bytes_span(bytes, line.len + 1));
    return status;
}

static int print(const struct text *t)
{
    return process_print(text_span(t)) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    static struct config config;
    static struct server server;
    static uint8_t bytes[8192], names[256];
    struct text t = text_over(bytes, sizeof bytes);
    int failure;
    switch (options_read(&config, argc, argv, environment, &t)) {
    case OPTIONS_BAD: return complain(&t, EXIT_USAGE);
    case OPTIONS_HELP: options_help(&t); return print(&t);
    case OPTIONS_VERSION:
        text_string(&t, "chatd " CHATD_VERSION "\n");
        return print(&t);
    case OPTIONS_EXPLAIN:
        failure = paste_explain(config.explain, process_is_terminal(1), &t);
        return failure == EXIT_USAGE ? complain(&t, failure) : failure;
    case OPTIONS_CONNECT:
        failure = join_run(&config, &t);
        return failure == EXIT_USAGE ? complain(&t, failure) : failure;
    case OPTIONS_CHECK:
        failure = check_run(&config, &t);
        return failure ? complain(&t, failure) : failure;
    case OPTIONS_RUN: break;
    }
    struct text unknown = text_over(names, sizeof names);
    options_unknown(environ, &unknown);
    config.unknown = text_span(&unknown);
    if (config.token_key && !tokens_load(&config, &t))
        return complain(&t, EXIT_USAGE);
    if (config.sign)
        return tokens_sign(&config, &t) ? print(&t) : complain(&t, EXIT_USAGE);
    if (limits_has_redis(&config) && !redis_load(&config, &t))
        return complain(&t, EXIT_USAGE);
    const char *senseless = supervise_read(&config.supervised, environment);
    if (senseless) {
        text_string(&t, senseless);
        text_string(&t, ": what the supervisor says makes no sense");
        return complain(&t, EXIT_USAGE);
    }
    unsigned most = BOARD_WORKERS - limits_has_redis(&config); /* and the bus */
    if (config.workers == 0)
        config.workers = process_cores() < most ? process_cores() : most;
    if (limits_has_keeper(&config))
        return keeper_run(&server, &config, &site_chatd, complain);
    failure = start_server(&server, &config, &site_chatd, &t);
    if (failure)
        return complain(&t, failure);
    return loop_run(&server);
}
