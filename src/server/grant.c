/* SPDX-License-Identifier: MIT */
#include "server/grant.h"

static enum token_reason verify(struct server *s, struct span token,
                                struct token_claims *claims)
{
    s->cost += token.len * LIMITS_COST_VERIFIED;
    struct token_rules rules = {.keys = &s->config->keys,
                                .aud = s->config->token_aud};
    return token_verify(&rules, token, s->wall, claims);
}

static void keep_sub(struct grant *g, const struct token_claims *claims)
{
    g->sub_len = (uint8_t)claims->sub.len;
    if (claims->sub.len)
        memcpy(g->sub, claims->sub.ptr, claims->sub.len);
}

static void keep(struct grant *g, const struct token_claims *claims,
                 struct span room)
{
    *g = (struct grant){.ends = claims->exp + TOKEN_SKEW,
                        .says = token_grants(claims, room, TOKEN_SAY),
                        .named = claims->name.ptr != NULL,
                        .name_len = (uint8_t)claims->name.len};
    keep_sub(g, claims);
    if (claims->name.ptr)
        memcpy(g->name, claims->name.ptr, claims->name.len);
}

unsigned grant_ask(struct server *s, struct client *c,
                   const struct http_request *request, struct span room,
                   enum token_right right, const char **why)
{
    struct token_claims claims;
    struct grant *g = grant_of(s, c);
    enum token_source source;
    struct span token;
    if (!g)
        return 0;
    grant_forget(s, c);
    *why = token_find(request, s->config->token_cookie, &token, &source);
    if (*why)
        return 400;
    *why = "token: none";
    if (source == TOKEN_NOWHERE)
        return 401;
    enum token_reason reason = verify(s, token, &claims);
    keep_sub(g, &claims); /* for the log */
    *why = token_reason(reason);
    if (reason != TOKEN_GOOD)
        return 401;
    *why = "token: not for this room";
    if (room.len && !token_grants(&claims, room, right))
        return 403;
    keep(g, &claims, room);
    return 0;
}

unsigned grant_renew(struct server *s, struct client *c, struct span token,
                     const char **why)
{
    struct token_claims claims;
    struct grant *g = grant_of(s, c);
    struct span room = store_name(&s->rooms.store, c->room);
    enum token_reason reason = verify(s, token, &claims);
    *why = token_reason(reason);
    if (reason != TOKEN_GOOD)
        return 401;
    *why = "token: of somebody else";
    if (!bytes_equal(claims.sub, grant_sub(s, c)))
        return 401;
    *why = "token: not for this room";
    if (!token_grants(&claims, room, TOKEN_JOIN))
        return 403;
    keep(g, &claims, room);
    return 0;
}

uint64_t grant_due(const struct server *s, const struct client *c)
{
    const struct grant *g = grant_of(s, c);
    if (!g || !g->ends)
        return UINT64_MAX;
    uint64_t at = g->told ? g->ends : g->ends - TOKEN_SKEW;
    return at <= s->wall ? s->now : s->now + (at - s->wall);
}

uint64_t grant_tell(struct server *s, const struct client *c)
{
    struct grant *g = grant_of(s, c);
    if (!g || s->wall + TOKEN_SKEW < g->ends)
        return 0;
    g->told = true;
    return (g->ends - s->wall + 999) / 1000;
}
