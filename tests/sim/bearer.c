/* SPDX-License-Identifier: MIT */
#include "sim/bearer.h"
#include "server/grant.h"
#include "sim/happened.h"
#include "sim/watch.h"
#include "support/jwt.h"

#include <stdio.h>

/* So long a deadline may be unseen where the wall clock was set meanwhile: an
   entry of the wheel is looked at again after its reach. */
#define REACH ((WHEEL_BUCKETS + 1) * WHEEL_TICK)

static uint64_t peak;    /* the latest wall clock that the server has seen */
static uint64_t offset;  /* of the wall clock to the time that passes, */
static bool clock_moved; /* and it was another one once */

void bearer_begin(void)
{
    world.config.token_key = "keys";
    world.config.keys = jwt_keys();
    peak = 0;
    clock_moved = false;
}

/* ---- Tokens -------------------------------------------------------------- */

static void put_token(char *to, size_t size, unsigned key, uint64_t exp,
                      const char *claims)
{
    char json[256];
    size_t len = strlen(to);
    struct text t = text_over((uint8_t *)to + len, size - len - 1);
    snprintf(json, sizeof json, "{\"exp\":%llu,%s}", (unsigned long long)exp,
             claims);
    struct token_key other = world.config.keys.list[key % 2];
    if (key > 1) /* of its name, but not it */
        hmac_init(&other.hmac, BYTES_LITERAL("nobody's key, but one of 32 by"
                                             "tes"));
    assert_true(token_sign(&other, bytes_of(json), &t));
    to[len + t.len] = '\0';
}

static uint64_t in_seconds(uint64_t seconds)
{
    return world.server.wall / 1000 + seconds;
}

static uint32_t number_of(const struct actor *a)
{
    return (uint32_t)(a - model_actors);
}

static void put_claims(char *claims, size_t size, const struct actor *a,
                       uint32_t sub, const char *room)
{
    snprintf(claims, size, "\"sub\":\"%u\",\"chatd\":{\"join\":[\"%s\"]%s}",
             sub, room, a->listens ? ",\"say\":[]" : "");
}

static void is_barred(struct actor *a, unsigned status)
{
    a->barred = status;
    a->wants = MODEL_FAILS;
    a->due = status == 403 ? GRANT_CLOSE_ROOM : GRANT_CLOSE_ENDED;
    happened("token", "that is no good", 1);
}

bool bearer_posts(char *field, size_t size, struct random *r)
{
    field[0] = '\0';
    if (random_below(r, 4) == 0)
        return false;
    snprintf(field, size, "Authorization: Bearer ");
    put_token(field, size - 2, (unsigned)random_below(r, 2),
              in_seconds(1000000), "\"chatd\":{\"say\":[\"*\"]}");
    memcpy(field + strlen(field), "\r\n", 3);
    return true;
}

void bearer_draw(struct actor *a, const char *target, struct random *r)
{
    char claims[128], room[8] = "";
    uint64_t what = random_below(r, 12), exp = in_seconds(1000000);
    bool in_protocols = a->form == CLIENT_JSON_V1 && random_below(r, 2) > 0;
    const char *slash = strchr(target + 1, '/');
    if (slash)
        snprintf(room, sizeof room, "%.*s", (int)strcspn(slash + 1, "?"),
                 slash + 1);
    if (what >= 8) /* 29 s of the skew have gone by */
        exp = in_seconds(random_below(r, 20)) - 29;
    a->listens = a->form != CLIENT_ECHO && what == 3;
    a->ends = exp * 1000 + TOKEN_SKEW;
    a->tokens = 1;
    put_claims(claims, sizeof claims, a, number_of(a),
               what == 2 ? "no room of ours" : room);
    a->shown[0] = '\0';
    if (what == 0) {
        is_barred(a, 401);
        return;
    }
    if (what == 1)
        is_barred(a, 401);
    if (what == 2 && a->form != CLIENT_ECHO)
        is_barred(a, 403);
    snprintf(a->shown, sizeof a->shown, "%s",
             in_protocols ? "Sec-WebSocket-Protocol: bearer."
                          : "Authorization: Bearer ");
    put_token(a->shown, sizeof a->shown - 2,
              (unsigned)random_below(r, 2) + (what == 1 ? 2 : 0), exp, claims);
    memcpy(a->shown + strlen(a->shown), "\r\n", 3);
}

/* ---- Renewals ------------------------------------------------------------ */

static void expect(struct actor *a, unsigned status, uint64_t exp)
{
    a->renewals[a->renewal_count].status = status;
    a->renewals[a->renewal_count].ends = exp * 1000 + TOKEN_SKEW;
    a->renewal_count++;
}

static void fails(struct actor *a, unsigned code)
{
    a->wants = MODEL_FAILS;
    a->due = code;
}

/* An error event, or the end. */
static void is_objected(struct actor *a)
{
    if (a->form == CLIENT_JSON_V1)
        a->faults++;
    else
        fails(a, CLOSE_POLICY);
}

static void say_though_it_listens(struct actor *a)
{
    model_queue(a, PEER_TEXT,
                a->form == CLIENT_PLAIN
                    ? BYTES_LITERAL("hi")
                    : BYTES_LITERAL("{\"message\":\"hi\"}"));
    is_objected(a);
}

void bearer_renews(struct actor *a, struct random *r)
{
    char claims[128], message[512] = "{\"token\":\"";
    bool json = a->form == CLIENT_JSON || a->form == CLIENT_JSON_V1;
    if (!a->open || a->over || a->wants != MODEL_STAYS || a->half || !a->room)
        return;
    uint64_t what = random_below(r, 8);
    if (what == 0 && a->listens)
        say_though_it_listens(a);
    if (what == 0 || !json || a->renewal_count == MODEL_RENEWALS)
        return;
    uint64_t exp = in_seconds(1000000);
    if (what == 4) /* sooner than the one before, maybe */
        exp = in_seconds(random_below(r, 30)) - 28;
    unsigned status = what == 1 || what == 2 ? 401 : what == 3 ? 403 : 0;
    put_claims(claims, sizeof claims, a,
               what == 1 ? number_of(a) + 1 : number_of(a),
               what == 3 ? "no room of ours" : "*");
    put_token(message, sizeof message - 3, what == 2 ? 2 : 0, exp, claims);
    memcpy(message + strlen(message), "\"}", 3);
    if (strlen(message) > world.config.max_message)
        return;
    expect(a, status, exp);
    model_queue(a, PEER_TEXT, bytes_of(message));
    if (status == 401)
        is_objected(a);
    else if (status == 403)
        fails(a, GRANT_CLOSE_ROOM);
}

unsigned __real_grant_renew(struct server *s, struct client *c,
                            struct span token, const char **why);

unsigned __wrap_grant_renew(struct server *s, struct client *c,
                            struct span token, const char **why)
{
    struct actor *a = model_actor_of(c);
    unsigned status = __real_grant_renew(s, c, token, why);
    if (!a)
        return status;
    assert_true(a->renewal_done < a->renewal_count);
    unsigned due = a->renewals[a->renewal_done].status;
    if (due == 0 && s->wall >= a->renewals[a->renewal_done].ends) {
        due = 401; /* on its way it has ended */
        is_objected(a);
    }
    assert_int_equal(status, due);
    if (status == 0) {
        a->ends = a->renewals[a->renewal_done].ends;
        a->tokens++;
    }
    a->renewal_done++;
    happened("token", status ? "renewed in vain" : "renewed", 1);
    return status;
}

/* ---- What may come ------------------------------------------------------- */

void bearer_joins(const struct actor *a)
{
    if (!a->ends)
        return;
    assert_int_equal(a->barred, 0);
    assert_true(world.server.wall < a->ends);
}

void bearer_says(const struct actor *a)
{
    if (!a->ends)
        return;
    assert_int_equal(a->barred, 0);
    assert_false(a->listens);
}

static bool may_have_ended(const struct actor *a)
{
    return peak >= a->ends;
}

void bearer_is_refused(const struct actor *a, unsigned status)
{
    assert_true(a->ends && a->form != CLIENT_JSON_V1);
    assert_true(status == a->barred || (status == 401 && may_have_ended(a)));
}

void bearer_is_closed(const struct actor *a, unsigned code)
{
    assert_true(a->ends > 0);
    if (code == GRANT_CLOSE_ROOM)
        assert_int_equal(a->due, code);
    else
        assert_true(a->barred == 401 || may_have_ended(a));
    happened("token", code == GRANT_CLOSE_ROOM ? "without the room" : "ended",
             1);
}

void bearer_is_told(struct actor *a, struct span event)
{
    uint64_t seconds;
    size_t at = bytes_find(event, ',') + sizeof ",\"in\":" - 1;
    assert_true(
        bytes_decimal(bytes_part(event, at, event.len - 1 - at), &seconds));
    assert_in_range(seconds, 1, TOKEN_SKEW / 1000);
    assert_int_equal(a->form, CLIENT_JSON_V1);
    assert_true(++a->told_end <= a->tokens);
    happened("token", "its end was told", 1);
}

/* ---- The turn ------------------------------------------------------------ */

void bearer_turn(bool late)
{
    const struct server *s = &world.server;
    uint64_t now = watch_now(), distance = s->wall - s->now;
    if (!s->grants)
        return;
    clock_moved |= peak > 0 && distance != offset;
    offset = distance;
    peak = s->wall > peak ? s->wall : peak;
    for (uint32_t i = 0; i < s->clients.slots.fresh; i++) {
        const struct client *c = client_at(&s->clients, i);
        struct actor *a = c->state == CLIENT_OPEN ? model_actor_of(c) : NULL;
        if (!a)
            continue;
        if (s->wall < a->ends)
            a->ended_at = 0;
        else if (!a->ended_at)
            a->ended_at = now;
        if (a->ended_at && !late)
            assert_true(now - a->ended_at <=
                        (clock_moved ? REACH : (uint64_t)2 * WHEEL_TICK));
    }
}
