/* SPDX-License-Identifier: MIT */
/*
 * options: from the command line and the environment to a struct config.
 *
 * The same table serves parsing, the environment (CHATD_NAME) and --help. The
 * command line wins over the environment; of a repeated option the last one
 * counts, but --addr, --host, --origin and --trust add up.
 */
#ifndef OPTIONS_H
#define OPTIONS_H

#include "server/limits.h"

enum options_result {
    OPTIONS_RUN,     /* *config is filled */
    OPTIONS_HELP,    /* print options_help */
    OPTIONS_VERSION, /* print the version */
    OPTIONS_EXPLAIN, /* explain standard input: paste.h */
    OPTIONS_CONNECT, /* be a client: join.h */
    OPTIONS_CHECK,   /* ask whether it is well: check.h */
    OPTIONS_BAD,     /* print the one line in `why`, exit with 2 */
};

/*
 * `environment` looks a variable up (NULL: not set); it is getenv, or a
 * test's. Strings must stay for the life of *config.
 */
enum options_result options_read(struct config *config, int argc, char **argv,
                                 const char *(*environment)(const char *name),
                                 struct text *why);

/* Which CHATD_* of an environment name no option, each "NAME=VALUE": their
   names, separated by commas. A slip of the pen would go unnoticed. */
void options_unknown(char *const *variables, struct text *names);

/* The text of --help. */
void options_help(struct text *t);

#endif
