/* SPDX-License-Identifier: MIT */
/* redis: the file of --redis-auth. */
#ifndef REDIS_H
#define REDIS_H

#include "server/limits.h"

/* Fill config->login, where there is such a file: a line `USER PASSWORD` or
   `PASSWORD`. False, with a sentence in `why`, when it cannot be read, is not
   that, or others may write it. What is in the file is never told. */
bool redis_load(struct config *config, struct text *why);

#endif
