/* SPDX-License-Identifier: MIT */
/*
 * Goal: a PROXY header is read to its last byte and not one further, however
 * it is cut, and what is none is refused at the first byte that says so.
 */
#include "wire/proxy.h"
#include "base/text.h"
#include "support/random.h"
#include "support/split.h"
#include "support/unit.h"
#include "vectors/proxy.h"

#include <arpa/inet.h>

struct trial {
    struct proxy proxy;
    size_t used; /* bytes taken */
    size_t rest; /* bytes left when it was whole */
    const char *expect;
};

static void begin(void *context)
{
    struct trial *t = context;
    t->proxy = (struct proxy){0};
    t->used = t->rest = 0;
}

static void take(void *context, uint8_t *ptr, size_t len)
{
    struct trial *t = context;
    bool open = t->proxy.step == PROXY_MORE;
    size_t used = proxy_read(&t->proxy, ptr, len);
    assert_in_range(used, 0, len);
    assert_true(open || used == 0);
    assert_true(t->proxy.step != PROXY_MORE || used == len);
    assert_int_equal(t->proxy.step == PROXY_BAD, t->proxy.why != NULL);
    t->used += used;
    t->rest += len - used;
}

static void put_client(struct text *log, const struct trial *t)
{
    char ip[INET6_ADDRSTRLEN];
    const struct proxy *p = &t->proxy;
    switch ((enum proxy_client)p->client) {
    case PROXY_SELF: text_string(log, "self"); break;
    case PROXY_UNIX: text_string(log, "unix"); break;
    case PROXY_IP:
        inet_ntop(p->source.family == IP_V4 ? AF_INET : AF_INET6,
                  p->source.bytes, ip, sizeof ip);
        text_string(log, ip);
        text_string(log, " port ");
        text_decimal(log, p->port);
    }
    text_string(log, ", rest ");
    text_decimal(log, t->rest);
}

static void end(void *context)
{
    struct trial *t = context;
    uint8_t bytes[256];
    struct text log = text_over(bytes, sizeof bytes);
    if (t->proxy.step == PROXY_MORE) {
        text_string(&log, "more");
    } else if (t->proxy.step == PROXY_DONE) {
        put_client(&log, t);
    } else {
        text_string(&log, t->proxy.why);
        text_string(&log, ", at ");
        text_decimal(&log, t->used);
    }
    text_byte(&log, 0);
    assert_false(log.overflow);
    assert_string_equal(bytes, t->expect);
}

static struct trial trial;

static void try_vector(const struct proxy_vector *v, struct span bytes)
{
    struct split split = {.name = v->name,
                          .begin = begin,
                          .take = take,
                          .end = end,
                          .context = &trial};
    trial.expect = v->expect;
    split_run(&split, bytes);
}

static void test_vectors_read_as_they_say(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(proxy_vectors); i++)
        try_vector(&proxy_vectors[i],
                   bytes_span(proxy_vectors[i].bytes, proxy_vectors[i].len));
}

/* The longest header of all: 65535 bytes behind the fixed part. */
static void test_the_longest_header_is_passed_over(void **state)
{
    (void)state;
    static uint8_t bytes[16 + UINT16_MAX + 1];
    memcpy(bytes, SIGNATURE "\x21\x11\xFF\xFF\xC0\x00\x02\x01", 20);
    struct proxy whole = {0}, pieces = {0};
    size_t size = sizeof bytes - 1, used = 0;
    assert_int_equal(proxy_read(&whole, bytes, sizeof bytes), size);
    assert_int_equal(whole.step, PROXY_DONE);
    while (pieces.step == PROXY_MORE && used < sizeof bytes)
        used += proxy_read(&pieces, bytes + used,
                           bytes_min(1000, sizeof bytes - used));
    assert_int_equal(pieces.step, PROXY_DONE);
    assert_int_equal(used, size);
    assert_int_equal(whole.source.bytes[0], 192);
    assert_true(ip_equal(&whole.source, &pieces.source));
}

/* A good header with one byte of it changed never reads past itself. */
static void one_byte_off(struct random *r)
{
    const struct proxy_vector *v =
        &proxy_vectors[random_below(r, UNIT_COUNT(proxy_vectors))];
    static uint8_t bytes[512];
    if (v->len == 0 || v->len > sizeof bytes)
        return;
    memcpy(bytes, v->bytes, v->len);
    bytes[random_below(r, v->len)] = (uint8_t)random_below(r, 256);
    struct proxy whole = {0}, halves = {0};
    size_t cut = random_below(r, v->len + 1);
    size_t used = proxy_read(&whole, bytes, v->len);
    size_t first = proxy_read(&halves, bytes, cut);
    size_t second = proxy_read(&halves, bytes + first, v->len - first);
    assert_int_equal(used, first + second);
    assert_int_equal(whole.step, halves.step);
    assert_ptr_equal(whole.why, halves.why);
    assert_int_equal(whole.client, halves.client);
    assert_true(ip_equal(&whole.source, &halves.source));
}

static void test_one_byte_off_and_cut_anywhere(void **state)
{
    (void)state;
    RANDOM_PROPERTY(one_byte_off, 20000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors_read_as_they_say),
        cmocka_unit_test(test_the_longest_header_is_passed_over),
        cmocka_unit_test(test_one_byte_off_and_cut_anywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
