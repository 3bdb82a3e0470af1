/* SPDX-License-Identifier: MIT */
/*
 * slow: yes
 * sources: src/wire/json.c src/wire/json.h
 * with: src/base/bytes.c src/base/text.c
 * eva: -eva-slevel 4000 -eva-split-return full
 *
 * Texts of some shapes, read as a message; strings of any bytes, written.
 */
#include "tests/prove/prove.h"

#include "wire/json.h"

static void read_like(const char *shape)
{
    struct json_message m;
    struct span text = any_like(shape, 0);
    json_read((uint8_t *)text.ptr, text.len, &m);
    //@ assert shorter: m.message.len <= text.len;
}

/* By those who walk by themselves. */
static void walk_like(const char *shape)
{
    struct span text = any_like(shape, 0), key;
    struct json_reader r = json_reader_of((uint8_t *)text.ptr, text.len);
    struct json_walk w;
    struct json_value value;
    if (json_enter(&r, &w, '{'))
        while (json_more(&r, &w) && json_key(&r, &key))
            json_value(&r, &value);
    if (json_enter(&r, &w, '['))
        while (json_more(&r, &w))
            json_value(&r, &value);
    json_end(&r);
    //@ assert inside: r.at <= r.end;
}

/* Nested as deep as may be, and deeper. */
static void read_deep(void)
{
    static uint8_t text[JSON_DEPTH_MAX + 8] = "{\"a\":";
    struct json_message m;
    memset(text + 5, '[', sizeof text - 5);
    json_read(text, sizeof text, &m);
}

static void write_any(size_t len, size_t size)
{
    uint8_t out[16];
    struct text t = text_over(out + sizeof out - size, size);
    json_put_string(&t, bytes_span(any_text(len), len));
    //@ assert in_it: t.len <= size;
}

void main(void)
{
    static const char *const shapes[] = {
        "",
        "?",
        "??",
        "{?",
        "{\"?\":?}",
        "{\"message\":\"?\"}",
        "{\"message\":\"\\?\"}",
        "{\"message\":\"\\u00?1\"}",
        "{\"message\":\"\\ud83d\\ude0?\"}",
        "{\"message\":\"\\ud83d\"}",
        "{\"message\":\"\\ud83d\\u0041\"}",
        "{\"message\":\"\\udc00\"}",
        "{\"message\":\"\\ud83d\\ud83d\"}",
        "{\"message\":\"\\u07ff\\u0800\"}",
        "{\"message\":\"\\u\"}",
        "{\"message\":\"a\\nb\"}",
        "{\"message\":\"a",
        "{\"message\":\"\\",
        "{\"message\":\"\\ud83d\\",
        "{\"name\":1}",
        "{\"name\":\"a\",\"ping\":1}",
        "{\"ping\":true}",
        "{\"token\":\"a\"}",
        "{\"token\":nul}",
        "{\"token\":null}",
        "{\"message\":1}",
        "{\"ping\":-0.5e+7}",
        "{\"ping\":0?}",
        "{\"ping\":1.?}",
        "{\"ping\":1e?}",
        "{\"ping\":-?}",
        "{\"ping\":1} x",
        "{\"a\":[1,{\"b\":[]},{}],\"ping\":1}",
        "{\"a\":[1 2]}",
        "{\"a\":{1}}",
        "{\"a\":{\"b\":1,}}",
        "{\"a\" 1}",
        "{\"a\":[?",
        "{\"a\":1 \"b\":2}",
        " {\t\"ping\" : 1\r\n}",
        "{\"a\":false}",
        "{\"a\":{\"b\":1 2}}",
        "{\"a\":[[",
        "{1:2}",
        "{\"a\":{\"b\" 1}}",
    };
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        read_like(shapes[i]);
    walk_like("{\"a\":?}");
    walk_like("[1,?]");
    walk_like("[1 2]");
    read_deep();
    for (size_t len = 0; len <= 2; len++) {
        write_any(len, 0);
        write_any(len, 16);
    }
}
