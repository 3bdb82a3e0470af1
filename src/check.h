/* SPDX-License-Identifier: MIT */
/*
 * check: --check, for a container's or a supervisor's health check. Is there a
 * chatd with these options, or at this URL, and does it say that it is well?
 */
#ifndef CHECK_H
#define CHECK_H

#include "server/limits.h"

/* Ask the URL; without one for /healthz at --metrics, else at the first --addr.
   Exit status: 0, or 1 with the reason in *why. Takes twice --handshake-timeout
   at most. */
int check_run(const struct config *config, struct text *why);

#endif
