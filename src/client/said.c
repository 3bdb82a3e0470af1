/* SPDX-License-Identifier: MIT */
#include "client/said.h"

static const struct {
    const char *name;
    enum said_kind kind;
} events[] = {
    {"welcome", SAID_WELCOME},   {"members", SAID_MEMBERS},
    {"gap", SAID_GAP},           {"error", SAID_ERROR},
    {"expiring", SAID_EXPIRING}, {"paused", SAID_PAUSED},
    {"resumed", SAID_RESUMED},
};

static enum said_kind event_of(struct span name)
{
    for (size_t i = 0; i < sizeof events / sizeof events[0]; i++)
        if (bytes_equal(name, bytes_of(events[i].name)))
            return events[i].kind;
    return SAID_UNKNOWN;
}

static struct span *string_of(struct said *s, struct span key)
{
    if (bytes_equal(key, BYTES_LITERAL("id")))
        return &s->id;
    if (bytes_equal(key, BYTES_LITERAL("uid")))
        return &s->uid;
    if (bytes_equal(key, BYTES_LITERAL("name")))
        return &s->name;
    if (bytes_equal(key, BYTES_LITERAL("message")) ||
        bytes_equal(key, BYTES_LITERAL("error")))
        return &s->message;
    if (bytes_equal(key, BYTES_LITERAL("binary")))
        return &s->binary;
    if (bytes_equal(key, BYTES_LITERAL("room")))
        return &s->room;
    return bytes_equal(key, BYTES_LITERAL("last")) ? &s->last : NULL;
}

static uint64_t *number_of(struct said *s, struct span key)
{
    if (bytes_equal(key, BYTES_LITERAL("time")))
        return &s->time;
    if (bytes_equal(key, BYTES_LITERAL("members")))
        return &s->members;
    if (bytes_equal(key, BYTES_LITERAL("following")))
        return &s->following;
    return bytes_equal(key, BYTES_LITERAL("in")) ? &s->seconds : NULL;
}

bool said_read(struct said *s, uint8_t *text, size_t len)
{
    struct json_reader r = json_reader_of(text, len);
    struct json_walk w;
    struct json_value value;
    struct span key, event = {0};
    *s = (struct said){.kind = SAID_UNKNOWN};
    if (!json_enter(&r, &w, '{'))
        return false;
    while (json_more(&r, &w) && json_key(&r, &key) && json_value(&r, &value)) {
        struct span *string = string_of(s, key);
        uint64_t *number = number_of(s, key);
        if (value.kind == JSON_STRING && string)
            *string = value.text;
        if (value.kind == JSON_NUMBER && number &&
            !bytes_decimal(value.text, number))
            *number = 0;
        if (value.kind == JSON_STRING &&
            bytes_equal(key, BYTES_LITERAL("event")))
            event = value.text;
    }
    if (event.len)
        s->kind = event_of(event);
    else if (s->id.len)
        s->kind = SAID_MESSAGE;
    return json_end(&r);
}
