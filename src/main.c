/* SPDX-License-Identifier: MIT */
/* main: options, start, exit. One line and an exit status when it fails. */
#include "options.h"
#include "os/process.h"
#include "paste.h"
#include "server/server.h"
#include "service/site.h"

#include <stdio.h>
#include <stdlib.h>

#define EXIT_USAGE 2

static const char *environment(const char *name)
{
    return getenv(name);
}

static int complain(const struct text *why, int status)
{
    fprintf(stderr, "chatd: %.*s\n", (int)why->len, (const char *)why->ptr);
    return status;
}

static int print(const struct text *t)
{
    fwrite(t->ptr, 1, t->len, stdout);
    return fflush(stdout) ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    static struct config config;
    static struct server server;
    static uint8_t bytes[8192];
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
    case OPTIONS_RUN: break;
    }
    failure = server_open(&server, &config, &site_chatd, &t);
    if (failure)
        return complain(&t, failure);
    return server_run(&server);
}
