/* SPDX-License-Identifier: MIT */
/* tokens: the file of --token-key, and --sign. */
#ifndef TOKENS_H
#define TOKENS_H

#include "server/limits.h"

/* Fill config->keys. False, with a sentence in `why`, when the file cannot be
   read, is not what it should be, or others may write it. */
bool tokens_load(struct config *config, struct text *why);

/* Append the token of config->sign, signed by the first key. False, with a
   sentence in its place, when the claims are not what they should be. */
bool tokens_sign(const struct config *config, struct text *t);

#endif
