/* SPDX-License-Identifier: MIT */
/* join: from the options of --connect to a client that runs. */
#ifndef JOIN_H
#define JOIN_H

#include "server/limits.h"

/* Be a client until the end. The exit status: client/connect.h, or 2 with one
   line in `why`: the file of --token is not what it should be. */
int join_run(const struct config *config, struct text *why);

#endif
