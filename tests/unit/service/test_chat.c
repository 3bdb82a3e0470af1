/* SPDX-License-Identifier: MIT */
#include "service/chat.h"
#include "sim/peer.h"
#include "support/death.h"
#include "support/note.h"

#include <errno.h>
#include <stdio.h>

#define V1 "Sec-WebSocket-Protocol: chatd.v1\r\n"

static struct note note;

/* With chatd.v1, and the welcome read. */
static struct peer *open_v1(const char *target)
{
    struct peer *p = peer_open_with(target, V1);
    world_pass(2 * LIMITS_MEMBERS);
    peer_bytes(p);
    return p;
}

static uint64_t epoch(void)
{
    return world.server.rooms.table[0].history.last.epoch;
}

/* ---- Names of rooms ------------------------------------------------------ */

#define SIXTY_FOUR                                                             \
    "0123456789012345678901234567890123456789012345678901234567890123"

static void test_what_may_be_a_room(void **state)
{
    static const struct {
        const char *rest, *name; /* NULL: none */
    } rooms[] = {
        {"", "lobby"},          {"x", "x"},
        {"%41", "A"},           {"a%20b", "a b"},
        {"a+b", "a+b"},         {"%C3%A4", "\xC3\xA4"},
        {"...", "..."},         {SIXTY_FOUR, SIXTY_FOUR},
        {SIXTY_FOUR "4", NULL}, {".", NULL},
        {"..", NULL},           {"%2E%2e", NULL},
        {"a/b", NULL},          {"a%2Fb", NULL},
        {"%00", NULL},          {"%1F", NULL},
        {"%7F", NULL},          {"%C2%80", NULL},
        {"%FF", NULL},          {"%C3", NULL},
        {"%4", NULL},           {"%zz", NULL},
    };
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(rooms); i++) {
        uint8_t bytes[LIMITS_ROOM_NAME];
        struct span name;
        note_open(&note, "room names", "vector", i);
        bool good = chat_room_name(bytes_of(rooms[i].rest), bytes, &name);
        assert_int_equal(good, rooms[i].name != NULL);
        if (good)
            assert_true(bytes_equal(name, bytes_of(rooms[i].name)));
        note_close(&note);
    }
}

static void test_all_names_of_the_lobby_are_one_room(void **state)
{
    static const char *const names[] = {"/chat", "/chat/", "/chat/lobby",
                                        "/chat/%6Cobby"};
    (void)state;
    world_start();
    struct peer *ann = peer_open("/ws");
    for (size_t i = 0; i < UNIT_COUNT(names); i++)
        peer_text(peer_open(names[i]), names[i]);
    peer_told(ann, "#1 /chat\n#2 /chat/\n#3 /chat/lobby\n#4 /chat/%6Cobby\n");
}

static void test_when_all_rooms_have_members_a_new_one_is_503(void **state)
{
    (void)state;
    world_start();
    peer_open("/chat/a");
    peer_open("/chat/b");
    struct peer *cid = peer_open("/chat/c");
    struct peer *late = peer_connect();
    peer_upgrade(late, "/chat/d", "");
    peer_answered(late, 503);
    peer_open("/chat/a");
    sim_reset(cid->connection);
    world_settle();
    peer_open("/chat/d");
}

/* ---- The JSON form ------------------------------------------------------- */

static void test_a_message_has_id_time_uid_and_text(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_open("/ws/x"), *bob = peer_open("/ws/x");
    sim_pass(5);
    peer_text(ann, "{\"message\":\"h\\u00e4 \\\"\\n\"}");
    struct span got = peer_bytes(bob);
    char start[128];
    int len = snprintf(
        start, sizeof start, "{\"id\":\"%llx-1\",\"time\":%llu,\"uid\":\"",
        (unsigned long long)epoch(), (unsigned long long)SIM_WALL + 5);
    assert_true(epoch() >> 22 == SIM_WALL);
    assert_int_equal(got.ptr[0], PEER_TEXT);
    assert_memory_equal(got.ptr + 2, start, (size_t)len);
    const uint8_t *uid = got.ptr + 2 + len;
    assert_int_equal(uid[14], '4'); /* RFC 9562 5.4 */
    assert_non_null(memchr("89ab", uid[19], 4));
    for (size_t i = 0; i < 36; i++)
        assert_int_equal(uid[i] == '-',
                         i == 8 || i == 13 || i == 18 || i == 23);
    static const char end[] = "\",\"message\":\"h\xC3\xA4 \\\"\\n\"}";
    assert_memory_equal(uid + 36, end, sizeof end - 1);
    assert_ptr_equal(uid + 36 + sizeof end - 1, got.ptr + got.len);
    peer_told_nothing(ann); /* not to its sender */
}

static void test_the_forms_hear_each_other(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_open("/ws/x"), *bob = peer_open("/chat/x");
    struct peer *cid = open_v1("/ws/x");
    peer_text(ann, "{\"message\":\"from JSON\"}");
    peer_text(bob, "from plain \"text\"");
    peer_frame(bob, PEER_BINARY, BYTES_LITERAL("\x00\xFF\x01"));
    peer_text(cid, "{\"message\":\"from v1\"}");
    peer_told(ann, "#2 from plain \\\n#3 AP8B\n#4 from v1\n");
    peer_told(bob, "text from JSON\ntext from plain \"text\"\n"
                   "binary \\x00\\xff\\x01\ntext from v1\n");
    peer_told(cid, "#1 from JSON\n#2 from plain \\\n#3 AP8B\n#4 from v1\n");
}

static void test_a_name_counts_from_the_url_and_from_a_message(void **state)
{
    (void)state;
    world_start();
    struct peer *bob = peer_open("/ws/x");
    struct peer *ann = peer_open("/ws/x?name=Ann+B%C3%A4r");
    struct peer *cid = peer_open("/chat/x?name=Cid");
    peer_text(ann, "{\"message\":\"one\"}");
    peer_text(ann, "{\"name\":\"Eve\"}");
    peer_text(ann, "{\"message\":\"two\"}");
    peer_text(ann, "{\"message\":\"three\",\"name\":\"Fay\"}");
    peer_text(ann, "{\"name\":\"\",\"message\":\"four\"}");
    peer_text(cid, "five");
    peer_told(bob, "#1 Ann B\\xc3\\xa4r: one\n#2 Eve: two\n#3 Fay: three\n"
                   "#4 four\n#5 Cid: five\n");
}

static void test_what_is_no_name_is_refused(void **state)
{
    static const char *const urls[] = {"/ws?name=%0A", "/ws?name=%FF",
                                       "/chat?name=%7F", "/ws?name=%4",
                                       "/ws?name=" SIXTY_FOUR "4"};
    (void)state;
    world_start();
    for (size_t i = 0; i < UNIT_COUNT(urls); i++) {
        struct peer *p = peer_connect();
        peer_upgrade(p, urls[i], "");
        peer_answered(p, 400);
        sim_reset(p->connection);
        world_settle();
    }
    struct peer *ann = peer_open("/ws/x"), *bob = peer_open("/ws/x");
    peer_text(ann, "{\"name\":\"a\\n\"}");
    peer_told(ann, "close 1007 bad name\nend\n");
    peer_text(bob, "{\"name\":\"" SIXTY_FOUR "4\"}");
    peer_told(bob, "close 1007 bad name\nend\n");
}

static void test_a_ping_is_answered_to_its_sender_alone(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_open("/ws/x"), *bob = peer_open("/ws/x");
    peer_text(ann, "{\"ping\":1}");
    peer_text(ann, "{\"ping\":-12.50e+3}");
    peer_text(ann, "{\"ping\":2,\"message\":\"and\"}");
    peer_told(ann, "text {\"pong\":1}\ntext {\"pong\":-12.50e+3}\n"
                   "text {\"pong\":2}\n");
    peer_told(bob, "#1 and\n");
}

static void test_faults_close_with_1007_and_a_reason(void **state)
{
    static const char *const bad[] = {
        "",
        "x",
        "[]",
        "\"a\"",
        "{}",
        "{\"a\":1}",
        "{\"message\":1}",
        "{\"ping\":\"1\"}",
        "{\"ping\":1" SIXTY_FOUR SIXTY_FOUR SIXTY_FOUR SIXTY_FOUR "}",
        "{\"message\":\"a\"",
        "{\"message\":\"\\ud800\"}",
    };
    (void)state;
    world_start();
    for (size_t i = 0; i < UNIT_COUNT(bad); i++) {
        note_open(&note, "bad JSON", "vector", i);
        struct peer *ann = peer_open("/ws/x");
        peer_text(ann, bad[i]);
        const char *story = peer_story(ann);
        assert_memory_equal(story, "close 1007 ", 11);
        assert_true(story[11] != '\n');
        sim_reset(ann->connection);
        world_settle();
        note_close(&note);
    }
}

static void test_v1_is_told_its_faults_and_stays(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = open_v1("/ws/x");
    peer_text(ann, "x");
    assert_memory_equal(peer_story(ann),
                        "text {\"event\":\"error\",\"error\":\"", 31);
    peer_frame(ann, PEER_BINARY, BYTES_LITERAL("x"));
    peer_told(ann, "text {\"event\":\"error\",\"error\":\"JSON text only\"}\n");
    peer_text(ann, "{\"message\":\"still here\"}");
    peer_told(ann, "#1 still here\n");
}

static void test_what_is_too_long_as_json_closes_its_sender(void **state)
{
    static char text[1025];
    (void)state;
    world_start();
    memset(text, '\x01', sizeof text - 1); /* six times as long */
    struct peer *ann = peer_open("/chat/x"), *bob = peer_open("/chat/x");
    peer_text(ann, text);
    peer_told(ann, "close 1009 too long as JSON\nend\n");
    peer_told_nothing(bob);
    peer_text(bob, "hello");
    peer_told(bob, "text hello\n");
}

static void test_nothing_is_answered_behind_a_close(void **state)
{
    char text[1025] = "{\"ping\":1,\"message\":\"";
    (void)state;
    world_start();
    size_t len = strlen(text);
    memset(text + len, 'x', 980); /* with all the rest too long */
    memcpy(text + len + 980, "\"}", 3);
    struct peer *ann = peer_open("/ws/x");
    peer_text(ann, text);
    peer_told(ann, "close 1009 too long as JSON\nend\n");
}

/* ---- chatd.v1 ------------------------------------------------------------ */

static void test_v1_is_welcomed_first(void **state)
{
    (void)state;
    world_start();
    peer_open("/chat/x");
    struct peer *ann = peer_open_with("/ws/x", V1);
    char *story = ann->story;
    peer_story(ann);
    assert_memory_equal(story, "text {\"event\":\"welcome\",\"uid\":\"", 31);
    assert_string_equal(story + 31 + 36,
                        "\",\"room\":\"x\",\"members\":2,\"last\":null,"
                        "\"following\":0,\"who\":[-,-]}\n");
    peer_text(ann, "{\"message\":\"hello\"}");
    struct peer *bob = peer_open_with("/ws/x", V1);
    peer_story(bob);
    char last[64];
    snprintf(
        last, sizeof last,
        ",\"members\":3,\"last\":\"%llx-1\",\"following\":0,\"who\":[-,-,-]}\n",
        (unsigned long long)epoch());
    assert_non_null(strstr(bob->story, last));
}

static void test_v1_hears_its_own_messages(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = open_v1("/ws/x?name=Ann");
    peer_text(ann, "{\"message\":\"hello\"}");
    peer_told(ann, "#1 Ann: hello\n");
}

/* What she said is no message of hers, and she is gone before it is looked at. */
static void test_who_goes_is_told_nothing_of_what_was_held(void **state)
{
    (void)state;
    static const char said[] = "{\"message\":\"as binary\"}";
    char text[400];
    world_start();
    struct peer *ann = open_v1("/ws/x");
    for (size_t i = 0; i < 2; i++)
        peer_stop_reading(peer_open("/chat/x"));
    snprintf(text, sizeof text, "{\"message\":\"%0300d\"}", 0);
    for (size_t i = 0; i < 7; i++)
        peer_text(ann, text);
    peer_bytes(ann);
    peer_frame(ann, PEER_BINARY, bytes_of(said));
    assert_int_equal(world_client(ann->connection)->taken, FRAME_BINARY);
    peer_close(ann, 1000);
    peer_told(ann, "close 1000\nend\n");
}

/* ---- History ------------------------------------------------------------- */

static void say(unsigned from, unsigned to)
{
    struct peer *p = peer_open("/chat/x");
    for (unsigned i = from; i <= to; i++) {
        char text[16];
        snprintf(text, sizeof text, "m%u", i);
        peer_text(p, text);
    }
    sim_reset(p->connection);
    world_settle();
}

static void test_history_comes_before_what_is_live(void **state)
{
    (void)state;
    world_start();
    say(1, 5);
    struct peer *ann = peer_open("/ws/x?history=3");
    struct peer *bob = peer_open("/ws/x?history=100");
    struct peer *cid = peer_open("/ws/x?history=0"), *dan = peer_open("/ws/x");
    say(6, 6);
    peer_told(ann, "#3 m3\n#4 m4\n#5 m5\n#6 m6\n");
    peer_told(bob, "#1 m1\n#2 m2\n#3 m3\n#4 m4\n#5 m5\n#6 m6\n");
    peer_told(cid, "#6 m6\n");
    peer_told(dan, "#6 m6\n");
}

static struct peer *resume(uint64_t at, unsigned number, const char *more)
{
    char target[128];
    snprintf(target, sizeof target, "/ws/x?since=%llx-%u%s",
             (unsigned long long)at, number, more);
    return peer_open_with(target, V1);
}

/* What is told after the welcome; that says how many messages. */
static void told_after_welcome(struct peer *p, const char *story)
{
    const char *after = strchr(peer_story(p), '\n') + 1;
    unsigned following, messages = 0;
    for (const char *at = after; *at; at = strchr(at, '\n') + 1)
        messages += *at == '#';
    assert_int_equal(sscanf(strstr(p->story, "\"following\":"),
                            "\"following\":%u}\n", &following),
                     1);
    assert_int_equal(following, messages);
    assert_string_equal(after, story);
}

static void test_since_misses_nothing_and_repeats_nothing(void **state)
{
    (void)state;
    world_start();
    say(1, 5);
    told_after_welcome(resume(epoch(), 3, ""), "#4 m4\n#5 m5\n");
    told_after_welcome(resume(epoch(), 5, ""), "");
    told_after_welcome(resume(epoch(), 0, ""),
                       "#1 m1\n#2 m2\n#3 m3\n#4 m4\n#5 m5\n");
    told_after_welcome(resume(epoch(), 4, "&history=3"), "#5 m5\n");
}

static void test_what_is_no_place_in_history_is_400(void **state)
{
    static const char *const places[] = {
        "history=",          "history=-1",
        "history=1x",        "since=",
        "since=1",           "since=-1",
        "since=1-",          "since=1-x",
        "since=1g-1",        "since=1-1-1",
        "since=%4",          "since=12345678901234567-1",
        "history=1&since=x",
    };
    (void)state;
    char target[64];
    world_start();
    for (size_t i = 0; i < UNIT_COUNT(places); i++) {
        note_open(&note, places[i], "vector", i);
        struct peer *p = peer_connect();
        snprintf(target, sizeof target, "/ws/x?%s", places[i]);
        peer_upgrade(p, target, "");
        peer_answered(p, 400);
        sim_reset(p->connection);
        world_settle();
        note_close(&note);
    }
    peer_open("/ws/x?since=123456789abcdef0-1");
    peer_open("/chat/x?since=x"); /* has none */
}

static void test_what_does_not_join_up_is_a_gap(void **state)
{
    (void)state;
    world.config.history = 2;
    world_start();
    say(1, 5);
    static const char gap[] = "text {\"event\":\"gap\"}\n#4 m4\n#5 m5\n";
    told_after_welcome(resume(epoch(), 2, ""), gap);
    told_after_welcome(resume(epoch(), 6, ""), gap);
    told_after_welcome(resume(epoch() + 1, 4, ""), gap);
    told_after_welcome(resume(epoch(), 3, ""), "#4 m4\n#5 m5\n");
    peer_told(peer_open("/ws/x?since=1-1"), "#4 m4\n#5 m5\n");
}

static void test_a_room_that_lost_its_place_is_a_gap(void **state)
{
    (void)state;
    world.config.rooms = 1;
    world_start();
    say(1, 3);
    uint64_t before = epoch();
    sim_reset(peer_open("/chat/other")->connection);
    world_settle();
    told_after_welcome(resume(before, 3, ""), "text {\"event\":\"gap\"}\n");
}

static void test_an_empty_room_keeps_its_history(void **state)
{
    (void)state;
    world_start();
    say(1, 2);
    assert_int_equal(world.server.rooms.in_use, 0);
    peer_told(peer_open("/ws/x?history=9"), "#1 m1\n#2 m2\n");
}

static void test_history_is_whole_at_every_partial_write(void **state)
{
    (void)state;
    world_start();
    say(1, 3);
    for (size_t n = 0; n < 600; n += 3) {
        note_open(&note, "history", "bytes taken", n);
        struct peer *ann = peer_connect();
        sim_set_window(ann->connection, 0);
        sim_set_send_buffer(ann->connection, n);
        peer_upgrade(ann, "/ws/x?history=3", V1);
        sim_set_send_buffer(ann->connection, SIM_UNLIMITED);
        sim_set_window(ann->connection, SIM_UNLIMITED);
        world_settle();
        assert_int_equal(peer_response(ann, true).status, 101);
        told_after_welcome(ann, "#1 m1\n#2 m2\n#3 m3\n");
        sim_reset(ann->connection);
        world_settle();
        note_close(&note);
    }
}

/* ---- Posts --------------------------------------------------------------- */

static unsigned post(struct peer *p, const char *target, const char *fields,
                     struct span content)
{
    char head[512];
    snprintf(head, sizeof head,
             "POST %s HTTP/1.1\r\nHost: a\r\n%sContent-Length: %zu\r\n\r\n",
             target, fields, content.len);
    peer_add(p, bytes_of(head));
    peer_add(p, content);
    peer_flush(p);
    return peer_response(p, false).status;
}

#define BINARY "Content-Type: application/octet-stream\r\n"

static void test_every_form_hears_what_is_posted(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_open("/ws/x"), *bob = peer_open("/chat/x");
    struct peer *cid = open_v1("/ws/x"), *dan = peer_connect();
    struct peer *eve = peer_open_with("/chat/x", PEER_DEFLATE);
    assert_int_equal(post(dan, "/chat/x?name=Dan", "", BYTES_LITERAL("<a> \"")),
                     200);
    peer_text(bob, "between");
    assert_int_equal(post(dan, "/ws/x", BINARY, BYTES_LITERAL("\0\xFF")), 200);
    peer_told(ann, "#1 Dan: <a> \\\n#2 between\n#3 AP8=\n");
    peer_told(bob, "text <a> \"\ntext between\nbinary \\x00\\xff\n");
    peer_told(eve, "text <a> \"\ntext between\nbinary \\x00\\xff\n");
    peer_tells(cid, "#1 Dan: <a> \\\n#2 between\n#3 AP8=\n");
    assert_int_equal(world.server.stats.messages_in[CLIENT_PLAIN], 1);
    assert_int_equal(world.server.stats.posted, 2);
    assert_int_equal(world.server.stats.messages_out[CLIENT_JSON], 3);
}

static void test_who_can_inflate_gets_a_post_deflated(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_open_with("/chat/x", PEER_DEFLATE);
    peer_text(ann, "up to here");
    peer_told(ann, "text up to here\n");
    assert_int_equal(
        post(
            peer_connect(), "/chat/x", "",
            BYTES_LITERAL(
                "again again again again again again again again again again")),
        200);
    peer_told(ann, "text* "
                   "again again again again again again again again again again"
                   "\n");
}

/* The uid of a message in JSON. */
static void take_uid(struct peer *p, char uid[37])
{
    struct peer_frame m;
    peer_pull_all(p);
    assert_true(peer_take_message(p, &m));
    char json[256] = "";
    memcpy(json, m.payload.ptr, bytes_min(m.payload.len, sizeof json - 1));
    const char *at = strstr(json, "\"uid\":\"");
    assert_non_null(at);
    memcpy(uid, at + 7, 36);
    uid[36] = '\0';
}

/* Whatever is asked for in between; a name is that of one post. */
static void test_posts_of_a_connection_have_one_uid(void **state)
{
    char first[37], second[37], other[37];
    (void)state;
    world_start();
    struct peer *bob = peer_open("/ws/x"), *ann = peer_connect();
    assert_int_equal(post(ann, "/ws/x?name=Ann", "", BYTES_LITERAL("1")), 200);
    take_uid(bob, first);
    peer_say(ann, "GET /style.css HTTP/1.1\r\nHost: a\r\n\r\n");
    peer_answered(ann, 200);
    assert_int_equal(post(ann, "/ws/y", "", BYTES_LITERAL("\xFF")), 400);
    assert_int_equal(post(ann, "/ws/x", "", BYTES_LITERAL("2")), 200);
    take_uid(bob, second);
    assert_string_equal(first, second);
    assert_int_equal(post(ann, "/ws/x", "", BYTES_LITERAL("3")), 200);
    peer_told(bob, "#3 3\n");
    assert_int_equal(post(peer_connect(), "/ws/x", "", BYTES_LITERAL("4")),
                     200);
    take_uid(bob, other);
    assert_string_not_equal(first, other);
}

static void test_a_room_is_made_by_a_post_and_keeps_it(void **state)
{
    (void)state;
    world_start();
    assert_int_equal(post(peer_connect(), "/ws/x", "", BYTES_LITERAL("hi")),
                     200);
    peer_told(peer_open("/ws/x?history=9"), "#1 hi\n");
}

static void test_without_history_a_post_is_heard_all_the_same(void **state)
{
    (void)state;
    world.config.history = 0;
    world_start();
    struct peer *ann = peer_connect();
    assert_int_equal(post(ann, "/ws/x", "", BYTES_LITERAL("one")), 200);
    struct peer *bob = peer_open("/ws/x?history=9");
    assert_int_equal(post(ann, "/ws/x", "", BYTES_LITERAL("two")), 200);
    peer_told(bob, "#2 two\n");
}

/* A room that nobody is in goes when it was not used for longest. */
static void test_a_post_keeps_its_empty_room(void **state)
{
    (void)state;
    world_start(); /* three rooms */
    struct peer *ann = peer_connect();
    assert_int_equal(post(ann, "/ws/a", "", BYTES_LITERAL("1")), 200);
    assert_int_equal(post(ann, "/ws/b", "", BYTES_LITERAL("1")), 200);
    assert_int_equal(post(ann, "/ws/c", "", BYTES_LITERAL("1")), 200);
    assert_int_equal(post(ann, "/ws/a", "", BYTES_LITERAL("2")), 200);
    assert_int_equal(post(ann, "/ws/d", "", BYTES_LITERAL("1")), 200);
    peer_told(peer_open("/ws/a?history=9"), "#1 1\n#2 2\n");
    peer_told(peer_open("/ws/b?history=9"), "");
}

static void test_what_cannot_be_said_is_refused_and_may_go_on(void **state)
{
    static uint8_t quotes[900];
    (void)state;
    world_start();
    struct peer *ann = peer_connect(), *bob = peer_open("/chat/a");
    peer_open("/chat/b");
    peer_open("/chat/c");
    assert_int_equal(post(ann, "/chat/d", "", BYTES_LITERAL("no")), 503);
    world_logged("why=\"all rooms taken\"");
    memset(quotes, '"', sizeof quotes);
    struct span long_one = bytes_span(quotes, sizeof quotes);
    assert_int_equal(post(ann, "/chat/a", "", long_one), 413);
    world_logged("why=\"too long as JSON\"");
    assert_int_equal(post(ann, "/chat/a", "", BYTES_LITERAL("\xC3")), 400);
    world_logged("why=\"not UTF-8\"");
    assert_int_equal(post(ann, "/chat/a", BINARY, BYTES_LITERAL("\xC3")), 200);
    peer_told(bob, "binary \\xc3\n");
}

/* Nobody posts where a member would have to wait. */
static void test_a_room_that_is_far_behind_takes_no_post(void **state)
{
    (void)state;
    world_start();
    struct peer *bob = peer_open("/chat/a"), *ann = peer_connect();
    struct room *room =
        room_at(&world.server.rooms, world_client(bob->connection)->room);
    room->pressure = 3;
    assert_int_equal(post(ann, "/chat/a", "", BYTES_LITERAL("no")), 503);
    room->pressure = 0;
    assert_int_equal(post(ann, "/chat/a", "", BYTES_LITERAL("yes")), 200);
    peer_told(bob, "text yes\n");
}

static void test_without_random_bytes_nobody_joins_or_posts(void **state)
{
    (void)state;
    world_start();
    sim_fail(SIM_ENTROPY, 0, 1, ENOSYS);
    struct peer *ann = peer_connect();
    peer_upgrade(ann, "/chat/x", "");
    peer_answered(ann, 503);
    peer_open("/chat/x");
    sim_fail(SIM_ENTROPY, 0, 1, ENOSYS);
    struct peer *bob = peer_connect();
    assert_int_equal(post(bob, "/chat/x", "", BYTES_LITERAL("no")), 503);
    assert_int_equal(post(peer_connect(), "/chat/x", "", BYTES_LITERAL("yes")),
                     200);
}

/* ---- What cannot be ------------------------------------------------------ */

static void ask_about_nothing(void *context)
{
    (void)context;
    chat_json.publishes(&world.server, bytes_span(NULL, 0));
}

static void ask_about_too_much(void *context)
{
    struct server *s = context;
    chat_json.publishes(s, bytes_span(s->receive, s->encode_size + 1));
}

static void
test_a_message_of_a_length_that_none_has_stops_the_process(void **state)
{
    (void)state;
    world_start();
    assert_true(death_by_check(ask_about_nothing, &world.server));
    assert_true(death_by_check(ask_about_too_much, &world.server));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_may_be_a_room),
        WORLD_TEST(test_all_names_of_the_lobby_are_one_room),
        WORLD_TEST(test_when_all_rooms_have_members_a_new_one_is_503),
        WORLD_TEST(test_a_message_has_id_time_uid_and_text),
        WORLD_TEST(test_the_forms_hear_each_other),
        WORLD_TEST(test_a_name_counts_from_the_url_and_from_a_message),
        WORLD_TEST(test_what_is_no_name_is_refused),
        WORLD_TEST(test_a_ping_is_answered_to_its_sender_alone),
        WORLD_TEST(test_faults_close_with_1007_and_a_reason),
        WORLD_TEST(test_v1_is_told_its_faults_and_stays),
        WORLD_TEST(test_what_is_too_long_as_json_closes_its_sender),
        WORLD_TEST(test_nothing_is_answered_behind_a_close),
        WORLD_TEST(test_v1_is_welcomed_first),
        WORLD_TEST(test_v1_hears_its_own_messages),
        WORLD_TEST(test_who_goes_is_told_nothing_of_what_was_held),
        WORLD_TEST(test_history_comes_before_what_is_live),
        WORLD_TEST(test_since_misses_nothing_and_repeats_nothing),
        WORLD_TEST(test_what_is_no_place_in_history_is_400),
        WORLD_TEST(test_what_does_not_join_up_is_a_gap),
        WORLD_TEST(test_a_room_that_lost_its_place_is_a_gap),
        WORLD_TEST(test_an_empty_room_keeps_its_history),
        WORLD_TEST(test_history_is_whole_at_every_partial_write),
        WORLD_TEST(test_every_form_hears_what_is_posted),
        WORLD_TEST(test_who_can_inflate_gets_a_post_deflated),
        WORLD_TEST(test_posts_of_a_connection_have_one_uid),
        WORLD_TEST(test_a_room_is_made_by_a_post_and_keeps_it),
        WORLD_TEST(test_without_history_a_post_is_heard_all_the_same),
        WORLD_TEST(test_a_post_keeps_its_empty_room),
        WORLD_TEST(test_what_cannot_be_said_is_refused_and_may_go_on),
        WORLD_TEST(test_a_room_that_is_far_behind_takes_no_post),
        WORLD_TEST(test_without_random_bytes_nobody_joins_or_posts),
        WORLD_TEST(test_a_message_of_a_length_that_none_has_stops_the_process),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
