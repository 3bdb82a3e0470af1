/* SPDX-License-Identifier: MIT */
#include "service/pages.h"
#include "service/files.h"
#include "sim/peer.h"
#include "support/note.h"

#include <errno.h>
#include <stdio.h>

static struct note note;

static struct peer_response get(const char *target, const char *fields)
{
    char request[512];
    struct peer *p = peer_connect();
    snprintf(request, sizeof request,
             "GET %s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n%s\r\n",
             target, fields);
    peer_say(p, request);
    struct peer_response r = peer_response(p, false);
    peer_told(p, "end\n");
    sim_close(p->connection);
    world_settle();
    return r;
}

static bool field_is(const struct peer_response *r, const char *name,
                     const char *value)
{
    return bytes_equal(peer_field(r, name), bytes_of(value));
}

static void start_with_folder(void)
{
    world.config.static_folder = "folder";
    world_start();
}

/* ---- Built in ------------------------------------------------------------ */

static void test_the_built_in_files_have_their_bytes_and_etags(void **state)
{
    (void)state;
    world_start();
    for (uint32_t i = 0; i < files_count; i++) {
        char target[64], etag[64];
        snprintf(target, sizeof target, "/%s", files_table[i].name);
        struct peer_response r = get(target, "");
        assert_int_equal(r.status, 200);
        snprintf(etag, sizeof etag, "\"%s\"", files_table[i].version);
        assert_true(bytes_equal(r.body, files_table[i].content));
        assert_true(field_is(&r, "ETag", etag));
        assert_int_equal(peer_field(&r, "Content-Encoding").len, 0);
        assert_true(field_is(&r, "Cache-Control", "no-cache"));
    }
}

static void test_who_has_it_already_is_told_304(void **state)
{
    (void)state;
    world_start();
    struct peer_response r =
        get("/style.css", "If-None-Match: \"x\", W/\"4\"\r\n");
    assert_int_equal(r.status, 304);
    assert_int_equal(r.body.len, 0);
    assert_true(field_is(&r, "ETag", "\"4\""));
    assert_int_equal(peer_field(&r, "Content-Length").len, 0);
    assert_int_equal(get("/style.css", "If-None-Match: \"5\"\r\n").status, 200);
}

static void test_who_accepts_gzip_gets_the_twin(void **state)
{
    (void)state;
    world_start();
    struct peer_response r = get("/style.css", "Accept-Encoding: gzip\r\n");
    assert_int_equal(r.status, 200);
    assert_true(bytes_equal(r.body, BYTES_LITERAL("as if it were gzip")));
    assert_true(field_is(&r, "Content-Encoding", "gzip"));
    assert_true(field_is(&r, "Vary", "Accept-Encoding"));
    assert_true(field_is(&r, "ETag", "\"4-gzip\""));
    r = get("/chat.html", "Accept-Encoding: gzip\r\n"); /* has none */
    assert_int_equal(peer_field(&r, "Content-Encoding").len, 0);
    r = get("/style.css", "Accept-Encoding: gzip;q=0\r\n");
    assert_int_equal(peer_field(&r, "Content-Encoding").len, 0);
    assert_true(field_is(&r, "Vary", "Accept-Encoding"));
}

static void test_what_is_stored_as_gzip_is_unpacked_for_others(void **state)
{
    (void)state;
    world_start();
    struct peer_response r = get("/packed.txt", "Accept-Encoding: gzip\r\n");
    assert_memory_equal(r.body.ptr, "\x1f\x8b", 2);
    for (int times = 0; times < 2; times++) {
        r = get("/packed.txt", "");
        assert_int_equal(peer_field(&r, "Content-Encoding").len, 0);
        assert_true(bytes_equal(r.body, BYTES_LITERAL("packed")));
    }
}

static void test_a_file_asked_for_by_its_version_is_for_good(void **state)
{
    (void)state;
    world_start();
    struct peer_response r = get("/style.css?v=4", "");
    assert_true(
        field_is(&r, "Cache-Control", "public, max-age=31536000, immutable"));
    r = get("/style.css?v=5", "");
    assert_true(field_is(&r, "Cache-Control", "no-cache"));
}

static void test_html_may_load_and_reach_only_what_is_here(void **state)
{
    (void)state;
    world_start();
    struct peer_response r = get("/chat.html", "");
    struct span policy = peer_field(&r, "Content-Security-Policy");
    assert_memory_equal(policy.ptr, "default-src 'none'; ", 20);
    r = get("/style.css", "");
    assert_int_equal(peer_field(&r, "Content-Security-Policy").len, 0);
}

/* ---- --static ------------------------------------------------------------ */

static void test_a_type_follows_from_the_ending(void **state)
{
    static const char *const types[][2] = {
        {"a.html", "text/html; charset=utf-8"},
        {"a.CSS", "text/css; charset=utf-8"},
        {"a.min.js", "text/javascript; charset=utf-8"},
        {"a.svg", "image/svg+xml"},
        {"a.htm", "text/html; charset=utf-8"},
        {"a.js.map", "application/json"},
        {"a.csv", "text/csv; charset=utf-8"},
        {"a.vtt", "text/vtt; charset=utf-8"},
        {"a.bmp", "image/bmp"},
        {"a.otf", "font/otf"},
        {"a.TTF", "font/ttf"},
        {"a.ogg", "audio/ogg"},
        {"a.oga", "audio/ogg"},
        {"a.opus", "audio/ogg"},
        {"a.ogv", "video/ogg"},
        {"a.wav", "audio/wav"},
        {"a.flac", "audio/flac"},
        {"a.m4a", "audio/mp4"},
        {"a.aac", "audio/aac"},
        {"a.weba", "audio/webm"},
        {"a", "application/octet-stream"},
        {"html", "application/octet-stream"},
        {"dir.html/a", "application/octet-stream"},
        {"a.unknown", "application/octet-stream"},
        {"a.", "application/octet-stream"},
    };
    (void)state;
    start_with_folder();
    for (size_t i = 0; i < UNIT_COUNT(types); i++) {
        char target[64];
        note_open(&note, "types", "vector", i);
        sim_put_file(types[i][0], BYTES_LITERAL("x"));
        snprintf(target, sizeof target, "/%s", types[i][0]);
        struct peer_response r = get(target, "");
        assert_int_equal(r.status, 200);
        assert_true(field_is(&r, "Content-Type", types[i][1]));
        note_close(&note);
    }
}

static void test_the_folders_file_goes_before_the_built_in_one(void **state)
{
    (void)state;
    start_with_folder();
    sim_put_file("style.css", BYTES_LITERAL("/* mine */"));
    sim_put_file("chat.html", BYTES_LITERAL("my chat"));
    assert_true(
        bytes_equal(get("/style.css", "").body, BYTES_LITERAL("/* mine */")));
    assert_true(bytes_equal(get("/chat", "").body, BYTES_LITERAL("my chat")));
    assert_int_equal(get("/echo.html", "").status, 200);
}

static void test_an_etag_changes_with_the_file(void **state)
{
    (void)state;
    start_with_folder();
    sim_put_file("a.txt", BYTES_LITERAL("one"));
    struct peer_response r = get("/a.txt", "");
    char fields[128], etag[64] = "";
    memcpy(etag, peer_field(&r, "ETag").ptr, peer_field(&r, "ETag").len);
    snprintf(fields, sizeof fields, "If-None-Match: %s\r\n", etag);
    assert_int_equal(get("/a.txt", fields).status, 304);
    sim_put_file("a.txt", BYTES_LITERAL("two"));
    r = get("/a.txt", fields);
    assert_int_equal(r.status, 200);
    assert_true(bytes_equal(r.body, BYTES_LITERAL("two")));
}

static void test_paths_that_hide_or_lead_out_are_never_opened(void **state)
{
    static const char *const paths[] = {
        "/.secret",       "/a/.secret", "/../a", "/a/../b", "/%2e%2e/a",
        "/a/%2E%2E/b",    "//a",        "/a//b", "/a/",     "/a%00b",
        "/%2Fetc/passwd", "/./a",       "/%",    "/%zz",
    };
    (void)state;
    start_with_folder();
    uint64_t opened = sim_count(SIM_FILE_OPEN);
    for (size_t i = 0; i < UNIT_COUNT(paths); i++) {
        note_open(&note, "paths", "vector", i);
        assert_int_equal(get(paths[i], "").status, 404);
        assert_int_equal(sim_count(SIM_FILE_OPEN), opened);
        note_close(&note);
    }
}

static void test_subfolders_and_escapes_are_found(void **state)
{
    (void)state;
    start_with_folder();
    sim_put_file("dir/a b.txt", BYTES_LITERAL("deep"));
    assert_true(
        bytes_equal(get("/dir/a%20b.txt", "").body, BYTES_LITERAL("deep")));
}

static void test_an_empty_file_is_an_empty_body(void **state)
{
    (void)state;
    start_with_folder();
    sim_put_file("a.txt", bytes_span(NULL, 0));
    struct peer_response r = get("/a.txt", "");
    assert_int_equal(r.status, 200);
    assert_true(field_is(&r, "Content-Length", "0"));
}

static void test_head_is_the_head_alone_and_leaves_no_file_open(void **state)
{
    (void)state;
    start_with_folder();
    sim_put_file("a.txt", BYTES_LITERAL("some bytes"));
    struct peer *p = peer_connect();
    unsigned files = sim_files_open();
    peer_say(p, "HEAD /a.txt HTTP/1.1\r\nHost: a\r\n\r\n");
    struct peer_response r = peer_response(p, true);
    assert_int_equal(r.status, 200);
    assert_true(field_is(&r, "Content-Length", "10"));
    assert_int_equal(peer_bytes(p).len, 0);
    assert_int_equal(sim_files_open(), files);
}

static void test_a_file_that_is_known_already_is_closed_again(void **state)
{
    (void)state;
    start_with_folder();
    sim_put_file("a.txt", BYTES_LITERAL("some bytes"));
    unsigned files = sim_files_open();
    assert_int_equal(get("/a.txt", "If-None-Match: *\r\n").status, 304);
    assert_int_equal(sim_files_open(), files);
}

static void
test_a_file_that_is_there_but_not_readable_is_not_found(void **state)
{
    (void)state;
    start_with_folder();
    sim_put_file("a.txt", BYTES_LITERAL("some bytes"));
    sim_fail(SIM_FILE_OPEN, 0, 2, EACCES);
    assert_int_equal(get("/a.txt", "").status, 404);
}

/* Found by the route, and gone when it is opened. */
static void test_a_file_that_goes_meanwhile_is_not_found(void **state)
{
    (void)state;
    start_with_folder();
    sim_put_file("a.txt", BYTES_LITERAL("some bytes"));
    sim_fail(SIM_FILE_OPEN, 1, 1, ENOENT);
    struct peer_response r = get("/a.txt", "");
    assert_int_equal(r.status, 404);
    assert_true(bytes_equal(r.body, BYTES_LITERAL("no such page\n")));
}

static void test_out_of_descriptors_a_file_is_503_and_not_404(void **state)
{
    (void)state;
    start_with_folder();
    sim_put_file("a.txt", BYTES_LITERAL("some bytes"));
    sim_fail(SIM_FILE_OPEN, 0, 2, EMFILE);
    struct peer_response r = get("/a.txt", "");
    assert_int_equal(r.status, 503);
    assert_true(peer_field(&r, "Retry-After").len > 0);
    assert_int_equal(get("/a.txt", "").status, 200);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        WORLD_TEST(test_the_built_in_files_have_their_bytes_and_etags),
        WORLD_TEST(test_who_has_it_already_is_told_304),
        WORLD_TEST(test_who_accepts_gzip_gets_the_twin),
        WORLD_TEST(test_what_is_stored_as_gzip_is_unpacked_for_others),
        WORLD_TEST(test_a_file_asked_for_by_its_version_is_for_good),
        WORLD_TEST(test_html_may_load_and_reach_only_what_is_here),
        WORLD_TEST(test_a_type_follows_from_the_ending),
        WORLD_TEST(test_the_folders_file_goes_before_the_built_in_one),
        WORLD_TEST(test_an_etag_changes_with_the_file),
        WORLD_TEST(test_paths_that_hide_or_lead_out_are_never_opened),
        WORLD_TEST(test_subfolders_and_escapes_are_found),
        WORLD_TEST(test_an_empty_file_is_an_empty_body),
        WORLD_TEST(test_head_is_the_head_alone_and_leaves_no_file_open),
        WORLD_TEST(test_a_file_that_is_known_already_is_closed_again),
        WORLD_TEST(test_a_file_that_is_there_but_not_readable_is_not_found),
        WORLD_TEST(test_a_file_that_goes_meanwhile_is_not_found),
        WORLD_TEST(test_out_of_descriptors_a_file_is_503_and_not_404),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
