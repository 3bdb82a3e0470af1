/* SPDX-License-Identifier: MIT */
/*
 * confine: the last step of the start. All that will ever be needed is open:
 * now the process becomes --user, and goes into the sandbox.
 */
#ifndef SERVER_CONFINE_H
#define SERVER_CONFINE_H

#include "server/server.h"

/* Fills s->sandbox. 0, or the exit status with a sentence in `why`, as
   start_server: also when --require-sandbox is not met. */
int confine_enter(struct server *s, struct text *why);

/* What was achieved, for the start line: "landlock,seccomp", "none", or "off"
   with --no-sandbox. */
void confine_put(const struct server *s, struct text *t);

#endif
