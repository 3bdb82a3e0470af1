/* SPDX-License-Identifier: MIT */
#include "service/site.h"
#include "sim/peer.h"
#include "support/note.h"

#include <stdio.h>

static struct note note;

static struct peer_response get(const char *target, const char *accept)
{
    char request[256];
    struct peer *p = peer_connect();
    snprintf(request, sizeof request,
             "GET %s HTTP/1.1\r\nHost: a\r\nAccept: %s\r\n\r\n", target,
             accept);
    peer_say(p, request);
    struct peer_response r = peer_response(p, false);
    sim_close(p->connection);
    world_settle();
    return r;
}

static void test_every_path_leads_where_the_contract_says(void **state)
{
    static const struct {
        const char *target;
        unsigned plain, upgrade;
    } paths[] = {
        {"/", 200, 404},          {"/echo", 200, 101},
        {"/echo/", 404, 404},     {"/echo/x", 404, 404},
        {"/chat", 200, 101},      {"/chat/", 200, 101},
        {"/chat/x", 200, 101},    {"/chat/x/y", 404, 404},
        {"/chat/..", 404, 404},   {"/chatx", 404, 404},
        {"/ws", 426, 101},        {"/ws/", 426, 101},
        {"/ws/x", 426, 101},      {"/ws/%00", 404, 404},
        {"/healthz", 200, 404},   {"/healthz/", 404, 404},
        {"/chat.html", 200, 404}, {"/style.css", 200, 404},
        {"/none", 404, 404},      {"/chat?x=/y", 200, 101},
    };
    (void)state;
    world_start();
    for (size_t i = 0; i < UNIT_COUNT(paths); i++) {
        note_open(&note, paths[i].target, "vector", i);
        assert_int_equal(get(paths[i].target, "*/*").status, paths[i].plain);
        struct peer *p = peer_connect();
        peer_upgrade(p, paths[i].target, "");
        assert_int_equal(peer_response(p, true).status, paths[i].upgrade);
        sim_close(p->connection);
        world_settle();
        note_close(&note);
    }
}

static void test_the_root_is_json_or_the_start_page(void **state)
{
    static const struct {
        const char *accept, *type;
    } accepts[] = {
        {"*/*", "application/json"},
        {"application/json", "application/json"},
        {"text/html", "text/html; charset=utf-8"},
        {"text/html,application/xhtml+xml,*/*;q=0.8",
         "text/html; charset=utf-8"},
        {"text/html;q=0", "application/json"},
    };
    (void)state;
    world_start();
    for (size_t i = 0; i < UNIT_COUNT(accepts); i++) {
        struct peer_response r = get("/", accepts[i].accept);
        assert_true(bytes_equal(peer_field(&r, "Content-Type"),
                                bytes_of(accepts[i].type)));
        assert_true(
            bytes_equal(peer_field(&r, "Vary"), BYTES_LITERAL("Accept")));
    }
    assert_true(bytes_equal(get("/", "*/*").body,
                            BYTES_LITERAL("{\"msg\":\"HelloWebSocket\"}")));
}

static void test_the_pages_of_echo_and_chat_are_theirs(void **state)
{
    (void)state;
    world_start();
    struct peer_response r = get("/echo", "*/*");
    assert_true(bytes_equal(peer_field(&r, "ETag"), BYTES_LITERAL("\"3\"")));
    r = get("/chat/anywhere", "*/*");
    assert_true(bytes_equal(peer_field(&r, "ETag"), BYTES_LITERAL("\"2\"")));
}

static void
test_a_browser_without_a_room_gets_the_page_that_says_so(void **state)
{
    (void)state;
    world_start();
    struct peer_response r = get("/chat/x/y", "text/html");
    assert_int_equal(r.status, 404);
    assert_true(bytes_equal(peer_field(&r, "ETag"), BYTES_LITERAL("\"2\"")));
    assert_true(bytes_equal(peer_field(&r, "Vary"), BYTES_LITERAL("Accept")));
    r = get("/chat/x/y", "*/*");
    assert_int_equal(r.status, 404);
    assert_int_equal(peer_field(&r, "ETag").len, 0);
    assert_int_equal(get("/ws/x/y", "text/html").status, 404);
    assert_int_equal(get("/chatx", "text/html").status, 404);
}

static void test_each_form_has_its_service(void **state)
{
    (void)state;
    for (unsigned form = 0; form < CLIENT_FORMS; form++)
        assert_non_null(site_chatd.services[form]);
    assert_ptr_equal(site_chatd.services[CLIENT_JSON],
                     site_chatd.services[CLIENT_JSON_V1]);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        WORLD_TEST(test_every_path_leads_where_the_contract_says),
        WORLD_TEST(test_the_root_is_json_or_the_start_page),
        WORLD_TEST(test_the_pages_of_echo_and_chat_are_theirs),
        WORLD_TEST(test_a_browser_without_a_room_gets_the_page_that_says_so),
        cmocka_unit_test(test_each_form_has_its_service),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
