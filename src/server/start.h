/* SPDX-License-Identifier: MIT */
/* start: from the options to a server that listens. */
#ifndef SERVER_START_H
#define SERVER_START_H

#include "server/server.h"

/*
 * Make everything ready: memory, listeners, signals. 0, or the exit status
 * with a sentence in `why`: SERVER_BAD_OPTION when an option's value was
 * wrong, SERVER_FAILED when the machine would not. Nobody listens then, and no
 * unix: socket is left; other descriptors stay open, for the process ends.
 * The config must stay for the life of the server.
 */
int start_server(struct server *s, const struct config *config,
                 const struct service_site *site, struct text *why);

#endif
