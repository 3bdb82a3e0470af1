/* SPDX-License-Identifier: MIT */
/* In the place of tokens.c and wire/token*: a build without --token-key (make
   small LEAVE=tokens). No keys are ever loaded, so what asks about tokens is
   never called. */
#include "tokens.h"
#include "base/check.h"

static const char left_out[] = "--token-key was left out of this build";

bool tokens_load(struct config *config, struct text *why)
{
    (void)config;
    text_string(why, left_out);
    return false;
}

bool tokens_sign(const struct config *config, struct text *t)
{
    (void)config;
    text_string(t, left_out);
    return false;
}

enum token_reason token_verify(const struct token_rules *rules,
                               struct span token, uint64_t now,
                               struct token_claims *claims)
{
    (void)rules;
    (void)token;
    (void)now;
    (void)claims;
    check_failed(left_out);
}

bool token_grants(const struct token_claims *claims, struct span room,
                  enum token_right right)
{
    (void)claims;
    (void)room;
    (void)right;
    check_failed(left_out);
}

const char *token_reason(enum token_reason reason)
{
    (void)reason;
    check_failed(left_out);
}

const char *token_find(const struct http_request *request, struct span cookie,
                       struct span *token, enum token_source *source)
{
    (void)request;
    (void)cookie;
    (void)token;
    (void)source;
    check_failed(left_out);
}
