/* SPDX-License-Identifier: MIT */
/*
 * fuzz_json: json_read and json_put_string.
 *
 *   - What is taken lies inside the text; what is refused has a reason that
 *     fits a Close frame, and says nothing else.
 *   - A taken text, written anew from what it said, is taken again and says
 *     the same.
 *   - UTF-8 stays UTF-8, and white space around the text changes nothing.
 *   - Any bytes, written as a string, come back.
 */
#include "base/check.h"
#include "base/utf8.h"
#include "wire/close.h"
#include "wire/json.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A copy that ends where its memory ends, for AddressSanitizer to watch. */
static uint8_t *copy_of(struct span s)
{
    uint8_t *copy = malloc(s.len ? s.len : 1);
    CHECK(copy);
    if (s.len)
        memcpy(copy, s.ptr, s.len);
    return copy;
}

static void check_inside(struct span part, const uint8_t *text, size_t len)
{
    if (part.ptr == NULL)
        return;
    CHECK(part.ptr > text && part.ptr < text + len);
    CHECK(part.len < (size_t)(text + len - part.ptr));
}

static void put_member(struct text *t, const char *key, struct span value,
                       bool string)
{
    if (value.ptr == NULL)
        return;
    text_byte(t, t->len > 1 ? ',' : ' ');
    text_string(t, key);
    if (string)
        json_put_string(t, value);
    else
        text_put(t, value);
}

/* Write what m says and read that: it must say the same. */
static void check_written(const struct json_message *m)
{
    /* A byte becomes an escape of six at most. */
    size_t size = 64 + 6 * (m->message.len + m->name.len) + m->ping.len;
    struct text t = text_over(malloc(size), size);
    CHECK(t.ptr);
    text_byte(&t, '{');
    put_member(&t, "\"message\":", m->message, true);
    put_member(&t, "\"name\":", m->name, true);
    put_member(&t, "\"ping\":", m->ping, false);
    text_byte(&t, '}');
    CHECK(!t.overflow);
    struct json_message again;
    CHECK(json_read(t.ptr, t.len, &again) == NULL);
    CHECK((again.message.ptr == NULL) == (m->message.ptr == NULL));
    CHECK((again.name.ptr == NULL) == (m->name.ptr == NULL));
    CHECK(bytes_equal(again.message, m->message));
    CHECK(bytes_equal(again.name, m->name));
    CHECK(bytes_equal(again.ping, m->ping));
    free(t.ptr);
}

static void check_read(struct span data)
{
    uint8_t *text = copy_of(data);
    struct json_message m;
    const char *fault = json_read(text, data.len, &m);
    if (fault) {
        CHECK(*fault && strlen(fault) <= CLOSE_REASON_MAX);
        CHECK(!m.message.ptr && !m.name.ptr && !m.ping.ptr);
    } else {
        CHECK(m.message.ptr || m.name.ptr || m.ping.ptr);
        check_inside(m.message, text, data.len);
        check_inside(m.name, text, data.len);
        check_inside(m.ping, text, data.len);
        if (utf8_valid(data))
            CHECK(utf8_valid(m.message) && utf8_valid(m.name));
        check_written(&m);
    }

    uint8_t *spaced = malloc(data.len + 4);
    CHECK(spaced);
    memcpy(spaced, " \n", 2);
    if (data.len)
        memcpy(spaced + 2, data.ptr, data.len);
    memcpy(spaced + 2 + data.len, "\t\r", 2);
    struct json_message same;
    CHECK((json_read(spaced, data.len + 4, &same) == NULL) == (fault == NULL));
    CHECK(bytes_equal(same.message, m.message));
    free(spaced);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check_read(bytes_span(data, size));
    struct json_message m = {.message = bytes_span(data, size)};
    if (size > 0)
        check_written(&m);
    return 0;
}
