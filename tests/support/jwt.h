/* SPDX-License-Identifier: MIT */
/*
 * jwt: tokens made from parts, good ones and bad ones.
 */
#ifndef SUPPORT_JWT_H
#define SUPPORT_JWT_H

#include "wire/token.h"

/* A key file with two keys, "one" and "two". */
extern const char jwt_key_file[];

/* The keys in it. */
struct token_keys jwt_keys(void);

/* Append header and claims, whatever they are, signed by a key. */
void jwt_make(struct text *out, const struct token_key *key, struct span header,
              struct span claims);

/* Append s with `to` for the one place where `from` is. */
void jwt_replace(struct text *out, struct span s, const char *from,
                 const char *to);

#endif
