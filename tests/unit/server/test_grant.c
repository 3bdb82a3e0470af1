/* SPDX-License-Identifier: MIT */
/*
 * Goal: who may come in, listen and speak is who shows a token that says so,
 * and only as long as it says so; nobody has what another one showed.
 */
#include "server/grant.h"
#include "sim/peer.h"
#include "support/jwt.h"
#include "support/note.h"

#include <stdio.h>

#define TICK  WHEEL_TICK /* everything may be late by one */
#define V1    "Sec-WebSocket-Protocol: chatd.v1\r\n"
#define ANN   "\"sub\":\"ann\",\"chatd\":{\"join\":[\"tea\",\"team-*\"]}"
#define EAR   "\"sub\":\"ear\",\"chatd\":{\"join\":[\"tea\"],\"say\":[]}"
#define MOUTH "\"sub\":\"bot\",\"chatd\":{\"say\":[\"tea\"]}"

static struct note note;

static void start(void)
{
    world.config.token_key = "keys";
    world.config.keys = jwt_keys();
    world.config.token_cookie = BYTES_LITERAL("t");
    world.config.ping = 0;
    world_start();
}

/* A token that runs out so many seconds after the world's start, and the skew
   later. It stays for some calls. */
static const char *token(int seconds, const char *claims)
{
    static char bytes[4][TOKEN_MAX + 1];
    static unsigned turn;
    char json[512];
    char *at = bytes[turn++ % 4];
    struct text t = text_over((uint8_t *)at, TOKEN_MAX);
    snprintf(json, sizeof json, "{\"exp\":%lld,%s}",
             (long long)(SIM_WALL / 1000) + seconds, claims);
    assert_true(token_sign(&world.config.keys.list[0], bytes_of(json), &t));
    at[t.len] = '\0';
    return at;
}

/* The end of such a one, in ms from the start. */
static uint64_t end_of(int seconds)
{
    return (uint64_t)seconds * 1000 - SIM_WALL % 1000 + TOKEN_SKEW;
}

/* Fields, with a token where %s stands, once or twice. */
static const char *fields_with(const char *fields, const char *value)
{
    static char bytes[3 * TOKEN_MAX];
    struct text t = text_over((uint8_t *)bytes, sizeof bytes - 1);
    for (; *fields; fields++) {
        if (fields[0] == '%' && fields[1] == 's') {
            text_string(&t, value);
            fields++;
        } else {
            text_byte(&t, (uint8_t)*fields);
        }
    }
    assert_false(t.overflow);
    bytes[t.len] = '\0';
    return bytes;
}

#define BEARER "Authorization: Bearer %s\r\n"

/* A member with this token; what it is told at first is read. */
static struct peer *join(const char *target, const char *more,
                         const char *value)
{
    char fields[64];
    snprintf(fields, sizeof fields, "%s%s", more, BEARER);
    struct peer *p = peer_open_with(target, fields_with(fields, value));
    world_pass(2 * LIMITS_MEMBERS);
    peer_bytes(p);
    return p;
}

static struct peer_response post(struct peer *p, const char *target,
                                 const char *value)
{
    char head[TOKEN_MAX + 256];
    snprintf(head, sizeof head,
             "POST %s HTTP/1.1\r\nHost: a.example\r\n%sContent-Length: 2\r\n"
             "\r\nhi",
             target, value ? fields_with(BEARER, value) : "");
    peer_say(p, head);
    return peer_response(p, false);
}

static void renew(struct peer *p, const char *value, const char *more)
{
    char message[TOKEN_MAX + 256];
    snprintf(message, sizeof message, "{\"token\":\"%s\"%s}", value, more);
    peer_text(p, message);
}

/* ---- Coming in ----------------------------------------------------------- */

static const struct {
    const char *target, *fields;
    unsigned status;
} requests[] = {
    {"/ws/tea", "", 401},
    {"/chat/tea", "", 401},
    {"/echo", "", 401},
    {"/ws/tea", BEARER, 101},
    {"/chat/tea", BEARER, 101},
    {"/ws/%74ea", BEARER, 101},
    {"/ws/team-x", BEARER, 101},
    {"/echo", BEARER, 101},
    {"/ws/tea2", BEARER, 403},
    {"/ws/Tea", BEARER, 403},
    {"/ws", BEARER, 403},
    {"/chat/lobby", BEARER, 403},
    {"/ws/tea", "Authorization: Bearer x%s\r\n", 401},
    {"/ws/tea", "Authorization: Basic %s\r\n", 401},
    {"/ws/tea", BEARER BEARER, 400},
    {"/ws/tea", BEARER "Sec-WebSocket-Protocol: chatd.v1, bearer.%s\r\n", 400},
    {"/ws/tea", "Sec-WebSocket-Protocol: bearer.%s, bearer.%s\r\n", 400},
    {"/ws/tea", "Cookie: t=%s\r\n", 101},
    {"/ws/tea", "Cookie: t=%s; t=%s\r\n", 400},
    {"/ws/tea", "Cookie: t=%s\r\nAuthorization: Bearer x\r\n", 401},
    {"/ws/tea", "Cookie: t=x\r\n" BEARER, 101},
    {"/ws/tea", "Cookie: t=%s\r\nOrigin: http://b.example\r\n", 403},
    {"/ws/tea", "Sec-WebSocket-Protocol: bearer.%s\r\n", 101},
    {"/ws/tea", "Sec-WebSocket-Protocol: Bearer, bearer.x%s\r\n", 401},
    {"/chat/tea", "Sec-WebSocket-Protocol: chat, bearer.x%s\r\n", 401},
    {"/echo", "Sec-WebSocket-Protocol: chatd.v1, bearer.x%s\r\n", 401},
};

static void test_who_comes_in_shows_one_token_for_this_room(void **state)
{
    (void)state;
    start();
    for (size_t i = 0; i < UNIT_COUNT(requests); i++) {
        note_open(&note, "requests", "vector", i);
        struct peer *p = peer_connect();
        peer_upgrade(p, requests[i].target,
                     fields_with(requests[i].fields, token(60, ANN)));
        struct peer_response r = peer_response(p, requests[i].status == 101);
        assert_int_equal(r.status, requests[i].status);
        assert_string_equal(
            fields_with("%s", r.status == 401 ? "Bearer error=" : ""),
            peer_field(&r, "WWW-Authenticate").len ? "Bearer error=" : "");
        sim_reset(p->connection);
        world_settle();
        note_close(&note);
    }
    peer_connect();
}

static void test_a_token_in_the_url_is_none(void **state)
{
    (void)state;
    start();
    char target[TOKEN_MAX + 64];
    const char *value = token(60, ANN);
    snprintf(target, sizeof target,
             "/ws/tea?token=%s&access_token=%s&bearer=%s", value, value, value);
    struct peer *p = peer_connect();
    peer_upgrade(p, target, "");
    peer_answered(p, 401);
}

static void test_pages_are_for_everybody(void **state)
{
    static const char *const paths[] = {"/", "/chat/tea", "/ws/tea",
                                        "/healthz"};
    (void)state;
    start();
    for (size_t i = 0; i < UNIT_COUNT(paths); i++) {
        char head[128];
        struct peer *p = peer_connect();
        snprintf(head, sizeof head,
                 "GET %s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
                 paths[i]);
        peer_say(p, head);
        unsigned status = peer_response(p, false).status;
        assert_int_equal(status, i == 2 ? 426 : 200);
    }
}

/* ---- Refused by a Close -------------------------------------------------- */

static const struct {
    const char *target, *protocols, *chosen, *story;
} closes[] = {
    {"/ws/tea", "chatd.v1", "chatd.v1", "close 4401 token: none\nend\n"},
    {"/ws/tea", "bearer", "bearer", "close 4401 token: none\nend\n"},
    {"/echo", "bearer", "bearer", "close 4401 token: none\nend\n"},
    {"/chat/tea", "bearer, chat", "chat", "close 4401 token: none\nend\n"},
    {"/ws/tea", "bearer, chatd.v1", "chatd.v1",
     "close 4401 token: none\nend\n"},
    {"/ws/no", "chatd.v1, bearer.%s", "chatd.v1",
     "close 4403 token: not for this room\nend\n"},
    {"/ws/no", "bearer.%s, bearer", "bearer",
     "close 4403 token: not for this room\nend\n"},
    {"/ws/tea", "bearer.x%s, bearer", "bearer",
     "close 4401 not base64url without padding\nend\n"},
};

static void test_who_sees_no_status_is_told_by_a_close(void **state)
{
    (void)state;
    start();
    for (size_t i = 0; i < UNIT_COUNT(closes); i++) {
        char fields[128];
        note_open(&note, "closes", "vector", i);
        struct peer *p = peer_connect();
        snprintf(fields, sizeof fields, "Sec-WebSocket-Protocol: %s\r\n",
                 closes[i].protocols);
        peer_upgrade(p, closes[i].target, fields_with(fields, token(60, ANN)));
        struct peer_response r = peer_response(p, true);
        assert_int_equal(r.status, 101);
        assert_true(bytes_equal(peer_field(&r, "Sec-WebSocket-Protocol"),
                                bytes_of(closes[i].chosen)));
        peer_told(p, closes[i].story);
        sim_reset(p->connection);
        world_settle();
        note_close(&note);
    }
    assert_int_equal(world.server.rooms.store.map.header->used, 0);
}

/* Nothing is said by it, and it takes no buffer from anybody. */
static void test_what_stands_behind_a_refused_handshake_is_nothing(void **state)
{
    (void)state;
    start();
    struct peer *ann = join("/ws/tea", "", token(60, ANN));
    struct peer *eve = peer_connect();
    peer_stop_reading(eve);
    peer_add(eve,
             BYTES_LITERAL("GET /ws/tea HTTP/1.1\r\nHost: a.example\r\n"
                           "Upgrade: websocket\r\nConnection: Upgrade\r\n"
                           "Sec-WebSocket-Version: 13\r\n"
                           "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" V1
                           "\r\n"));
    peer_add_frame(eve, PEER_TEXT, BYTES_LITERAL("{\"message\":\"hi\"}"));
    peer_flush(eve);
    assert_int_equal(world_client(eve->connection)->inbox, LEASE_NONE);
    peer_read_again(eve);
    assert_int_equal(peer_response(eve, true).status, 101);
    peer_told(eve, "close 4401 token: none\nend\n");
    peer_told_nothing(ann);
}

/* ---- Who it is ----------------------------------------------------------- */

static void test_sub_is_told_and_the_name_is_the_tokens(void **state)
{
    (void)state;
    start();
    struct peer *ear = join("/ws/tea", "", token(60, EAR));
    struct peer *ann =
        join("/ws/tea?name=Eve", V1, token(60, "\"name\":\"Ann\"," ANN));
    peer_text(ann, "{\"message\":\"hi\"}");
    struct span told = peer_bytes(ear);
    static const char end[] =
        "\",\"sub\":\"ann\",\"name\":\"Ann\",\"message\":\"hi\"}";
    assert_memory_equal(told.ptr + told.len - (sizeof end - 1), end,
                        sizeof end - 1);
    peer_bytes(ann);
    peer_text(ann, "{\"name\":\"Eve\",\"message\":\"I am Eve\"}");
    peer_told(ann, "text {\"event\":\"error\",\"error\":\"token: it has your "
                   "name\"}\n");
    peer_told_nothing(ear);
    peer_text(ann, "{\"name\":\"Ann\",\"message\":\"I am Ann\"}");
    peer_told(ear, "#2 Ann: I am Ann\n");
}

/* "" is the name of who has none: it does not become another's. */
static void test_an_empty_name_is_fixed_too(void **state)
{
    (void)state;
    start();
    struct peer *ear = join("/ws/tea", "", token(60, EAR));
    struct peer *ann =
        join("/ws/tea?name=Eve", "", token(60, "\"name\":\"\"," ANN));
    peer_text(ann, "{\"message\":\"hi\"}");
    peer_told(ear, "#1 hi\n");
    peer_text(ann, "{\"name\":\"Eve\"}");
    peer_told(ann, "close 1008 token: it has your name\nend\n");
}

static void test_without_a_name_in_it_the_name_is_free(void **state)
{
    (void)state;
    start();
    struct peer *ear = join("/ws/tea", "", token(60, EAR));
    struct peer *ann = join("/ws/tea?name=A", "", token(60, ANN));
    peer_text(ann, "{\"message\":\"one\"}");
    peer_text(ann, "{\"name\":\"B\",\"message\":\"two\"}");
    peer_told(ear, "#1 A: one\n#2 B: two\n");
}

/* ---- Saying something ---------------------------------------------------- */

static void test_who_only_listens_says_nothing_in_any_form(void **state)
{
    (void)state;
    start();
    struct peer *ann = join("/ws/tea", "", token(60, ANN));
    struct peer *plain = join("/chat/tea", "", token(60, EAR));
    struct peer *json = join("/ws/tea", "", token(60, EAR));
    struct peer *v1 = join("/ws/tea", V1, token(60, EAR));
    peer_text(ann, "{\"message\":\"hi\"}");
    peer_told(plain, "text hi\n");
    peer_told(json, "#1 hi\n");
    peer_told(v1, "#1 hi\n");
    peer_text(plain, "me too");
    peer_text(json, "{\"message\":\"me too\"}");
    peer_text(v1, "{\"message\":\"me too\"}");
    peer_text(v1, "{\"ping\":1}");
    peer_told(plain, "close 1008 token: for listening only\nend\n");
    peer_told(json, "close 1008 token: for listening only\nend\n");
    peer_tells(v1, "text {\"event\":\"error\",\"error\":\"token: for listening "
                   "only\"}\ntext {\"pong\":1}\n");
    peer_told_nothing(ann);
    assert_int_equal(post(peer_connect(), "/ws/tea", token(60, EAR)).status,
                     403);
    peer_told_nothing(ann);
}

static void test_who_may_say_but_not_join_can_post(void **state)
{
    (void)state;
    start();
    struct peer *ann = join("/ws/tea", "", token(60, ANN));
    struct peer *bot = peer_connect();
    peer_upgrade(bot, "/ws/tea", fields_with(BEARER, token(60, MOUTH)));
    peer_answered(bot, 403);
    bot = peer_connect();
    assert_int_equal(post(bot, "/ws/tea", token(60, MOUTH)).status, 200);
    peer_told(ann, "#1 hi\n");
    assert_int_equal(post(bot, "/ws/teb", token(60, MOUTH)).status, 403);
    bot = peer_connect();
    assert_int_equal(post(bot, "/ws/tea", NULL).status, 401);
    peer_told_nothing(ann);
}

/* ---- Whose it is --------------------------------------------------------- */

/* Behind a proxy the next request on a connection may be anybody's. */
static void test_a_grant_is_for_one_request(void **state)
{
    (void)state;
    start();
    struct peer *p = peer_connect();
    assert_int_equal(post(p, "/ws/tea", token(60, ANN)).status, 200);
    sim_forget_log();
    peer_say(p, "GET /none HTTP/1.1\r\nHost: a\r\n\r\n");
    peer_answered(p, 404);
    world_not_logged("sub=");
    assert_int_equal(post(p, "/ws/tea", NULL).status, 401);
    world_not_logged("sub=");
}

static void test_the_log_says_who_came_and_who_was_refused(void **state)
{
    (void)state;
    start();
    struct peer *ann = join("/ws/tea", "", token(60, ANN));
    world_logged("path=/ws/tea sub=ann");
    struct peer *p = peer_connect();
    peer_upgrade(p, "/ws/no", fields_with(BEARER, token(60, ANN)));
    peer_answered(p, 403);
    world_logged("status=403 why=\"token: not for this room\" sub=ann");
    p = peer_connect();
    peer_upgrade(p, "/ws/tea", fields_with(BEARER, token(-31, ANN)));
    peer_answered(p, 401);
    world_logged("status=401 why=expired sub=ann");
    sim_reset(ann->connection);
    sim_reset(p->connection);
    world_settle();
    sim_forget_log();
    p = peer_connect(); /* in a slot that was theirs */
    peer_say(p, "nonsense\r\n\r\n");
    peer_answered(p, 400);
    world_not_logged("sub=");
}

/* ---- The end ------------------------------------------------------------- */

static void test_every_form_ends_with_its_token(void **state)
{
    static const char *const targets[] = {"/echo", "/chat/tea", "/ws/tea"};
    (void)state;
    start();
    for (size_t i = 0; i < UNIT_COUNT(targets); i++) {
        struct peer *p = join(targets[i], "", token(10, ANN));
        peer_goes_after(p, end_of(10) - 2 * LIMITS_MEMBERS);
        peer_told(p, "close 4401 token: expired\nend\n");
        world_again();
    }
}

static void test_an_end_far_away_is_not_near(void **state)
{
    (void)state;
    start();
    struct peer *far = join("/ws/tea", V1, token(60, "\"nbf\":1," ANN));
    char json[128];
    static char bytes[TOKEN_MAX + 1];
    struct text t = text_over((uint8_t *)bytes, TOKEN_MAX);
    snprintf(json, sizeof json, "{\"exp\":1e300,%s}", ANN);
    assert_true(token_sign(&world.config.keys.list[0], bytes_of(json), &t));
    renew(far, bytes, "");
    world_pass(24 * 3600 * 1000);
    peer_told_nothing(far);
}

static void test_the_end_waits_for_no_output(void **state)
{
    (void)state;
    start();
    struct peer *ann = join("/chat/tea", "", token(60, ANN));
    struct peer *ear = join("/chat/tea", "", token(-25, EAR));
    peer_stop_reading(ear);
    peer_text(ann, "one");
    peer_text(ann, "two");
    world_pass(end_of(-25) - 4 * LIMITS_MEMBERS + TICK);
    assert_int_equal(world_client(ear->connection)->state, CLIENT_CLOSING);
    world_pass(WORLD_CLOSE_TIMEOUT + TICK);
    world_logged("cause=token");
    peer_text(ann, "three");
}

static void test_the_clock_says_when_and_not_the_time_that_passed(void **state)
{
    (void)state;
    start();
    struct peer *ahead = join("/chat/tea", "", token(3600, ANN));
    sim_set_wall(SIM_WALL + 3600 * 1000 + TOKEN_SKEW);
    world_pass(WHEEL_TICK * WHEEL_BUCKETS); /* it is looked at so often */
    peer_told(ahead, "close 4401 token: expired\nend\n");
    world_again();
    struct peer *back = join("/chat/tea", "", token(10, ANN));
    world_pass(5000);
    sim_set_wall(SIM_WALL);
    world_pass(end_of(10) - 100);
    peer_told_nothing(back);
    world_pass(100 + TICK);
    peer_told(back, "close 4401 token: expired\nend\n");
}

/* ---- Before the end ------------------------------------------------------ */

static void test_the_end_is_told_once_before_it_comes(void **state)
{
    (void)state;
    start();
    struct peer *v1 = join("/ws/tea", V1, token(10, ANN));
    struct peer *json = join("/ws/tea", "", token(10, ANN));
    peer_bytes(v1); /* members */
    world_pass(end_of(10) - TOKEN_SKEW - 4 * LIMITS_MEMBERS + TICK);
    peer_told(v1, "text {\"event\":\"expiring\",\"in\":30}\n");
    world_pass(TOKEN_SKEW - 2 * TICK);
    peer_told_nothing(v1);
    world_pass(3 * TICK);
    peer_told(v1, "close 4401 token: expired\nend\n");
    peer_told(json, "close 4401 token: expired\nend\n");
}

static void test_who_comes_late_is_told_behind_the_welcome(void **state)
{
    (void)state;
    start();
    struct peer *v1 =
        peer_open_with("/ws/tea", fields_with(V1 BEARER, token(-20, ANN)));
    const char *story = peer_story(v1);
    static const char told[] = "\"following\":0,\"who\":[-/ann]}\n"
                               "text {\"event\":\"expiring\",\"in\":10}\n";
    assert_non_null(strstr(story, told));
    world_pass(1000);
    peer_told_nothing(v1);
    world_pass(9000);
    peer_told(v1, "close 4401 token: expired\nend\n");
}

/* ---- Another token ------------------------------------------------------- */

static void test_with_a_new_token_it_goes_on_and_is_told_again(void **state)
{
    (void)state;
    start();
    struct peer *v1 = join("/ws/tea", V1, token(0, ANN));
    renew(v1, token(40, ANN), "");
    world_pass(end_of(40) - TOKEN_SKEW - 2 * LIMITS_MEMBERS - TICK);
    peer_told_nothing(v1);
    world_pass(2 * TICK);
    peer_told(v1, "text {\"event\":\"expiring\",\"in\":30}\n");
    world_pass(TOKEN_SKEW);
    peer_told(v1, "close 4401 token: expired\nend\n");
}

static void test_a_new_token_that_ends_sooner_ends_sooner(void **state)
{
    (void)state;
    start();
    struct peer *v1 = join("/ws/tea", V1, token(3600, ANN));
    renew(v1, token(-26, ANN), "");
    world_pass(TICK);
    peer_told(v1, "text {\"event\":\"expiring\",\"in\":2}\n");
    world_pass(2000);
    peer_told(v1, "close 4401 token: expired\nend\n");
}

static void test_a_renewal_that_fails_changes_nothing(void **state)
{
    static const struct {
        const char *claims, *why;
        int seconds;
    } bad[] = {
        {"\"sub\":\"bob\",\"chatd\":{\"join\":[\"tea\"]}",
         "token: of somebody else", 3600},
        {"\"chatd\":{\"join\":[\"tea\"]}", "token: of somebody else", 3600},
        {ANN, "expired", -31},
        {"\"aud\":\"x\"," ANN, "an aud, but none is ours", 3600},
    };
    (void)state;
    start();
    for (size_t i = 0; i < UNIT_COUNT(bad); i++) {
        char story[128];
        struct peer *ear = join("/chat/tea", "", token(60, EAR));
        struct peer *v1 = join("/ws/tea", V1, token(60, ANN));
        struct peer *json = join("/ws/tea", "", token(60, ANN));
        world_pass(2 * LIMITS_MEMBERS);
        peer_bytes(v1);
        renew(v1, token(bad[i].seconds, bad[i].claims), ",\"message\":\"x\"");
        snprintf(story, sizeof story,
                 "text {\"event\":\"error\",\"error\":\"%s\"}\n", bad[i].why);
        peer_told(v1, story);
        peer_told_nothing(ear);
        peer_text(v1, "{\"message\":\"y\"}");
        peer_told(ear, "text y\n");
        peer_told(json, "#1 y\n");
        renew(json, token(bad[i].seconds, bad[i].claims), "");
        snprintf(story, sizeof story, "close 1008 %s\nend\n", bad[i].why);
        peer_told(json, story);
        peer_bytes(v1);
        world_pass(end_of(60));
        peer_tells(v1, "close 4401 token: expired\nend\n");
        world_again();
    }
}

static void test_a_new_token_without_this_room_is_the_end(void **state)
{
    (void)state;
    start();
    struct peer *ear = join("/chat/tea", "", token(60, EAR));
    struct peer *v1 = join("/ws/tea", V1, token(60, ANN));
    renew(v1, token(60, "\"sub\":\"ann\",\"chatd\":{\"join\":[\"x\"]}"),
          ",\"message\":\"hi\"");
    peer_told(v1, "close 4403 token: not for this room\nend\n");
    peer_told_nothing(ear);
}

/* It counts before the rest of its object. */
static void test_a_new_token_brings_its_rights_and_its_name(void **state)
{
    (void)state;
    start();
    struct peer *ear = join("/ws/tea", "", token(60, EAR));
    struct peer *v1 =
        join("/ws/tea", V1,
             token(60, "\"sub\":\"ann\",\"name\":\"Ann\",\"chatd\":{\"join\":["
                       "\"tea\"],\"say\":[]}"));
    renew(v1, token(60, "\"name\":\"Bea\"," ANN),
          ",\"message\":\"hi\",\"name\":\"Bea\"");
    peer_told(ear, "#1 Bea: hi\n");
    renew(v1, token(60, ANN), ",\"message\":\"ho\",\"name\":\"Cid\"");
    peer_told(ear, "#2 Cid: ho\n");
    peer_bytes(v1);
    renew(v1,
          token(60, "\"sub\":\"ann\",\"chatd\":{\"join\":[\"tea\"],"
                    "\"say\":[]}"),
          ",\"message\":\"hm\"");
    peer_told(v1, "text {\"event\":\"error\",\"error\":\"token: for listening "
                  "only\"}\n");
    peer_told_nothing(ear);
}

/* A turn that verifies many ends in time. */
static void test_what_a_token_costs_is_counted(void **state)
{
    (void)state;
    start();
    struct peer *ann = join("/ws/tea", "", token(60, ANN));
    const char *value = token(60, ANN), *why;
    world.server.cost = 0;
    assert_int_equal(grant_renew(&world.server, world_client(ann->connection),
                                 bytes_of(value), &why),
                     0);
    assert_int_equal(world.server.cost, strlen(value) * LIMITS_COST_VERIFIED);
}

static void test_without_keys_a_token_means_nothing(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_open("/ws/tea"), *bob = peer_open("/chat/tea");
    peer_text(ann, "{\"token\":\"x\",\"message\":\"hi\"}");
    peer_told(bob, "text hi\n");
    assert_null(world.server.grants);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        WORLD_TEST(test_who_comes_in_shows_one_token_for_this_room),
        WORLD_TEST(test_a_token_in_the_url_is_none),
        WORLD_TEST(test_pages_are_for_everybody),
        WORLD_TEST(test_who_sees_no_status_is_told_by_a_close),
        WORLD_TEST(test_what_stands_behind_a_refused_handshake_is_nothing),
        WORLD_TEST(test_sub_is_told_and_the_name_is_the_tokens),
        WORLD_TEST(test_an_empty_name_is_fixed_too),
        WORLD_TEST(test_without_a_name_in_it_the_name_is_free),
        WORLD_TEST(test_who_only_listens_says_nothing_in_any_form),
        WORLD_TEST(test_who_may_say_but_not_join_can_post),
        WORLD_TEST(test_a_grant_is_for_one_request),
        WORLD_TEST(test_the_log_says_who_came_and_who_was_refused),
        WORLD_TEST(test_every_form_ends_with_its_token),
        WORLD_TEST(test_an_end_far_away_is_not_near),
        WORLD_TEST(test_the_end_waits_for_no_output),
        WORLD_TEST(test_the_clock_says_when_and_not_the_time_that_passed),
        WORLD_TEST(test_the_end_is_told_once_before_it_comes),
        WORLD_TEST(test_who_comes_late_is_told_behind_the_welcome),
        WORLD_TEST(test_with_a_new_token_it_goes_on_and_is_told_again),
        WORLD_TEST(test_a_new_token_that_ends_sooner_ends_sooner),
        WORLD_TEST(test_a_renewal_that_fails_changes_nothing),
        WORLD_TEST(test_a_new_token_without_this_room_is_the_end),
        WORLD_TEST(test_a_new_token_brings_its_rights_and_its_name),
        WORLD_TEST(test_what_a_token_costs_is_counted),
        WORLD_TEST(test_without_keys_a_token_means_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
