/* SPDX-License-Identifier: MIT */
#include "service/chat.h"
#include "base/base64.h"
#include "base/check.h"
#include "os/entropy.h"
#include "server/broadcast.h"
#include "server/compressed.h"
#include "server/conn.h"
#include "server/due.h"
#include "server/grant.h"
#include "server/member.h"
#include "server/staging.h"
#include "wire/json.h"

#define PING_NUMBER_MAX 256 /* bytes; well below LIMITS_ANSWER */

/* ---- Names --------------------------------------------------------------- */

bool chat_room_name(struct span rest, uint8_t out[LIMITS_ROOM_NAME],
                    struct span *name)
{
    if (rest.len == 0)
        rest = BYTES_LITERAL("lobby");
    ptrdiff_t len = http_decode(out, LIMITS_ROOM_NAME, rest, false);
    if (len <= 0)
        return false;
    *name = bytes_span(out, (size_t)len);
    return utf8_printable(*name) && bytes_find(*name, '/') == name->len &&
           !bytes_equal(*name, BYTES_LITERAL(".")) &&
           !bytes_equal(*name, BYTES_LITERAL(".."));
}

static bool is_user_name(struct span name)
{
    return name.len <= LIMITS_USER_NAME && utf8_printable(name);
}

static void set_name(struct client_member *m, struct span name)
{
    m->name_len = (uint8_t)name.len;
    if (name.len)
        memcpy(m->name, name.ptr, name.len);
}

/* That of its token, or ?name= of the URL: NULL, or what is wrong with it. */
static const char *take_name(struct client_member *m, const struct grant *g,
                             struct span query)
{
    uint8_t bytes[LIMITS_USER_NAME];
    struct span value;
    if (g && g->named) {
        set_name(m, bytes_span(g->name, g->name_len));
        return NULL;
    }
    if (!http_query(query, "name", &value))
        return NULL;
    ptrdiff_t len = http_decode(bytes, sizeof bytes, value, true);
    if (len < 0 || !is_user_name(bytes_span(bytes, (size_t)len)))
        return "bad name";
    set_name(m, bytes_span(bytes, (size_t)len));
    return NULL;
}

/* ---- History: ?history=N, ?since=EPOCH-N --------------------------------- */

struct place {
    bool since;
    uint64_t epoch;
    uint64_t number;  /* the last message that the client has */
    uint64_t history; /* how many it asked for */
};

static bool parse_hex(struct span s, uint64_t *value)
{
    *value = 0;
    if (s.len == 0 || s.len > 16)
        return false;
    for (size_t i = 0; i < s.len; i++) {
        int digit = bytes_hex_value(s.ptr[i]);
        if (digit < 0)
            return false;
        *value = *value << 4 | (uint64_t)digit;
    }
    return true;
}

static bool parse_id(struct span id, uint64_t *epoch, uint64_t *number)
{
    size_t dash = bytes_find(id, '-');
    return dash < id.len && parse_hex(bytes_part(id, 0, dash), epoch) &&
           bytes_decimal(bytes_after(id, dash + 1), number);
}

/* False when a value is malformed. */
static bool parse_place(struct span query, struct place *place)
{
    struct span value;
    uint8_t bytes[48];
    *place = (struct place){0};
    if (http_query(query, "history", &value) &&
        !bytes_decimal(value, &place->history))
        return false;
    place->since = http_query(query, "since", &value);
    if (!place->since)
        return true;
    ptrdiff_t len = http_decode(bytes, sizeof bytes, value, false);
    return len > 0 && parse_id(bytes_span(bytes, (size_t)len), &place->epoch,
                               &place->number);
}

/* ---- Joining ------------------------------------------------------------- */

/* RFC 9562 5.4: random but for the version and the variant. */
static bool make_uuid(uint8_t uid[16])
{
    if (entropy_fill(uid, 16) < 0)
        return false;
    uid[6] = (uint8_t)((uid[6] & 0x0F) | 0x40);
    uid[8] = (uint8_t)((uid[8] & 0x3F) | 0x80);
    return true;
}

/* Digit by digit, as it goes into every message: a byte at a time with text_hex
   it was a tenth of what a message costs before it is sent. */
static void put_uuid(struct text *t, const uint8_t uid[16])
{
    static const char digits[] = "0123456789abcdef";
    uint8_t out[36];
    size_t len = 0;
    for (size_t i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            out[len++] = '-';
        out[len++] = (uint8_t)digits[uid[i] >> 4];
        out[len++] = (uint8_t)digits[uid[i] & 15];
    }
    text_put(t, bytes_span(out, len));
}

static unsigned join(struct server *s, struct client *c,
                     const struct http_request *request, struct span rest,
                     const char **why)
{
    struct profile *p = client_profile(&s->clients, c);
    struct place place;
    *p = (struct profile){0};
    *why = take_name(&p->member, grant_of(s, c), request->query);
    if (*why)
        return 400;
    if (c->form != CLIENT_PLAIN && !parse_place(request->query, &place)) {
        *why = "bad history or since";
        return 400;
    }
    if (!make_uuid(p->member.uid)) {
        *why = "no random bytes";
        return 503;
    }
    struct room *room = room_open(&s->rooms, rest, s->wall);
    if (!room) {
        *why = "all rooms taken";
        return 503;
    }
    member_join(s, c, room);
    return 0;
}

static void put_id(struct text *t, const struct topic *topic, uint64_t number)
{
    text_byte(t, '"');
    text_hex(t, topic->epoch, 1);
    text_byte(t, '-');
    text_decimal(t, number);
    text_byte(t, '"');
}

static void send_text(struct server *s, struct client *c, const struct text *t)
{
    CHECK(!t->overflow);
    staging_frame(s, c, FRAME_FIN | FRAME_TEXT, text_span(t));
}

static void welcome(struct server *s, struct client *c, const struct room *room,
                    uint64_t following)
{
    uint8_t bytes[512];
    struct text t = text_over(bytes, sizeof bytes);
    const struct topic *topic = room_topic(&s->rooms, room);
    struct client_member *m = &client_profile(&s->clients, c)->member;
    text_string(&t, "{\"event\":\"welcome\",\"uid\":\"");
    put_uuid(&t, m->uid);
    text_string(&t, "\",\"room\":");
    json_put_string(&t, topic_name(topic));
    text_string(&t, ",\"members\":");
    text_decimal(&t, room->members);
    text_string(&t, ",\"last\":");
    if (topic->number)
        put_id(&t, topic, topic->number);
    else
        text_string(&t, "null");
    text_string(&t, ",\"following\":");
    text_decimal(&t, following);
    text_byte(&t, '}');
    m->members_told = room->members;
    send_text(s, c, &t);
}

static void tell_expiring(struct server *s, struct client *c, uint64_t seconds)
{
    uint8_t bytes[64];
    struct text t = text_over(bytes, sizeof bytes);
    if (c->form != CLIENT_JSON_V1)
        return;
    text_string(&t, "{\"event\":\"expiring\",\"in\":");
    text_decimal(&t, seconds);
    text_byte(&t, '}');
    send_text(s, c, &t);
}

/* JSON form: welcome and gap for chatd.v1, and the place in the log to begin
   at. What is replayed from there leaves in the same write. */
static void greet(struct server *s, struct client *c,
                  const struct http_request *request)
{
    const struct room *room = room_at(&s->rooms, c->room);
    struct place place;
    bool gap = false;
    const struct topics *all = &s->rooms.topics;
    const struct topic *topic = room_topic(&s->rooms, room);
    const struct ring *log = &room->logs[ROOM_JSON];
    parse_place(request->query, &place); /* join() saw that it is well formed */
    uint64_t following =
        place.since
            ? topic_resume(all, topic, log, place.epoch, place.number, &gap)
            : topic_replayable(all, topic, log, place.history);
    if (c->form == CLIENT_JSON_V1)
        welcome(s, c, room, following);
    uint64_t seconds = grant_tell(s, c);
    if (seconds)
        tell_expiring(s, c, seconds);
    member_replay(s, c, topic_position(all, topic, log, following));
    if (gap && c->form == CLIENT_JSON_V1)
        staging_frame(s, c, FRAME_FIN | FRAME_TEXT,
                      BYTES_LITERAL("{\"event\":\"gap\"}"));
}

/* ---- Publishing ---------------------------------------------------------- */

/* {"id":...,"time":...,"uid":...,"name":...,  up to the payload's key */
static void put_start(struct text *t, struct server *s, const struct client *c,
                      const struct topic *topic)
{
    const struct client_member *m = &client_profile(&s->clients, c)->member;
    text_string(t, "{\"id\":");
    put_id(t, topic, topic->number + 1);
    text_string(t, ",\"time\":");
    text_decimal(t, s->wall);
    text_string(t, ",\"uid\":\"");
    put_uuid(t, m->uid);
    text_string(t, "\",");
    struct span sub = grant_sub(s, c);
    if (sub.len) {
        text_string(t, "\"sub\":");
        json_put_string(t, sub);
        text_byte(t, ',');
    }
    if (m->name_len) {
        text_string(t, "\"name\":");
        json_put_string(t, bytes_span(m->name, m->name_len));
        text_byte(t, ',');
    }
}

static void put_base64(struct text *t, struct span payload)
{
    size_t len = base64_encoded_len(payload.len);
    text_byte(t, '"');
    if (len > t->size - t->len) {
        t->overflow = true;
        return;
    }
    base64_encode(t->ptr + t->len, payload.ptr, payload.len);
    t->len += len;
    text_byte(t, '"');
}

/* Something that is said in a room. */
struct said {
    struct room *room;
    uint8_t opcode;
    struct span payload;
};

/*
 * The JSON form of a message, as a frame, in the server's buffer for that:
 * the text first, with room before it for its header. An empty span when it
 * is longer than one append may be. *text is its payload alone.
 */
static struct span encode_json(struct server *s, const struct client *c,
                               const struct said *said, struct span *text)
{
    uint8_t header[FRAME_SERVER_HEADER_MAX];
    struct text t = text_over(s->encode + FRAME_SERVER_HEADER_MAX,
                              s->encode_size - FRAME_SERVER_HEADER_MAX);
    put_start(&t, s, c, room_topic(&s->rooms, said->room));
    if (said->opcode == FRAME_TEXT) {
        text_string(&t, "\"message\":");
        json_put_string(&t, said->payload);
    } else {
        text_string(&t, "\"binary\":");
        put_base64(&t, said->payload);
    }
    text_byte(&t, '}');
    if (t.overflow)
        return bytes_span(NULL, 0);
    size_t len = frame_write(header, FRAME_FIN | FRAME_TEXT, t.len);
    memcpy(t.ptr - len, header, len);
    *text = text_span(&t);
    return bytes_span(t.ptr - len, len + t.len);
}

/* The twin of a log gets the message deflated, where somebody reads it and
   that makes it smaller; else as it is. */
static void add_twin(struct server *s, const struct said *said,
                     struct room_record *record, enum room_log log)
{
    enum room_log twin = (enum room_log)(log + ROOM_TWIN);
    record->head[twin] = record->head[log];
    record->body[twin] = record->body[log];
    if (room_wants(&s->rooms, said->room, twin))
        compressed_frame(s, said->opcode, said->payload, twin,
                         &record->head[twin], &record->body[twin]);
}

/* The one place from which messages get into a room. False when its JSON form
   is too long. */
static bool say(struct server *s, struct client *c, const struct said *said)
{
    uint8_t header[FRAME_SERVER_HEADER_MAX];
    size_t len = frame_write(header, (uint8_t)(FRAME_FIN | said->opcode),
                             said->payload.len);
    struct said form = {.room = said->room, .opcode = FRAME_TEXT};
    struct span json = encode_json(s, c, said, &form.payload);
    if (json.len == 0)
        return false;
    struct room_record record = {
        .head = {[ROOM_PLAIN] = bytes_span(header, len), [ROOM_JSON] = json},
        .body = {[ROOM_PLAIN] = said->payload},
    };
    add_twin(s, said, &record, ROOM_PLAIN);
    add_twin(s, &form, &record, ROOM_JSON);
    broadcast_publish(s, c, said->room, &record,
                      client_in_room(c) && c->form == CLIENT_JSON);
    return true;
}

static void publish(struct server *s, struct client *c, uint8_t opcode,
                    struct span payload)
{
    struct said said = {room_at(&s->rooms, c->room), opcode, payload};
    if (!say(s, c, &said))
        conn_fail(s, c, CLOSE_TOO_BIG, "too long as JSON");
}

/* ---- Saying something without a WebSocket -------------------------------- */

static unsigned post_begin(struct server *s, struct client *c,
                           const struct http_request *request, const char **why)
{
    struct profile *p = client_profile(&s->clients, c);
    if (!c->as.http.has_uid) {
        *p = (struct profile){0};
        if (!make_uuid(p->member.uid)) {
            *why = "no random bytes";
            return 503;
        }
        c->as.http.has_uid = true;
    }
    p->member.name_len = 0;
    *why = take_name(&p->member, grant_of(s, c), request->query);
    return *why ? 400 : 0;
}

static unsigned post(struct server *s, struct client *c, struct span room,
                     uint8_t opcode, struct span content, struct text *answer,
                     const char **why)
{
    if (opcode == FRAME_TEXT && !utf8_valid(content)) {
        *why = "not UTF-8";
        return 400;
    }
    struct said said = {room_open(&s->rooms, room, s->wall), opcode, content};
    if (!said.room) {
        *why = "all rooms taken";
        return 503;
    }
    if (!member_may_post(s, said.room, c)) {
        *why = "its room is far behind";
        return 503;
    }
    if (!say(s, c, &said)) {
        *why = "too long as JSON";
        return 413;
    }
    const struct topic *topic = room_topic(&s->rooms, said.room);
    text_string(answer, "{\"id\":");
    put_id(answer, topic, topic->number);
    text_string(answer, "}\n");
    return 0;
}

/* ---- What members say ---------------------------------------------------- */

static const char no_right[] = "token: for listening only";

static bool may_say(const struct server *s, const struct client *c)
{
    const struct grant *g = grant_of(s, c);
    return !g || g->says;
}

static void plain_message(struct server *s, struct client *c, uint8_t opcode,
                          uint8_t *ptr, size_t len)
{
    if (may_say(s, c))
        publish(s, c, opcode, bytes_span(ptr, len));
    else
        conn_fail(s, c, CLOSE_POLICY, no_right);
}

/* For chatd.v1 a binary message is an error event, once it is whole. */
static bool takes(const struct client *c, uint8_t opcode)
{
    return opcode == FRAME_TEXT || c->form == CLIENT_JSON_V1;
}

/* A fault in one message: an event for chatd.v1, the end for the others. Who
   goes, and had this one taken, is told nothing any more. */
static void object(struct server *s, struct client *c, unsigned code,
                   const char *reason)
{
    if (c->state != CLIENT_OPEN)
        return;
    if (c->form != CLIENT_JSON_V1) {
        conn_fail(s, c, code, reason);
        return;
    }
    uint8_t bytes[256];
    struct text t = text_over(bytes, sizeof bytes);
    text_string(&t, "{\"event\":\"error\",\"error\":");
    json_put_string(&t, bytes_of(reason));
    text_byte(&t, '}');
    send_text(s, c, &t);
}

static void answer_ping(struct server *s, struct client *c, struct span number)
{
    uint8_t bytes[PING_NUMBER_MAX + 16];
    struct text t = text_over(bytes, sizeof bytes);
    text_string(&t, "{\"pong\":");
    text_put(&t, number);
    text_byte(&t, '}');
    send_text(s, c, &t);
}

/* What a message says: NULL, or what is wrong with it. Its bytes are unescaped
   in place. */
static const char *read_message(uint8_t *ptr, size_t len,
                                struct json_message *said)
{
    const char *fault = json_read(ptr, len, said);
    if (!fault && said->name.ptr && !is_user_name(said->name))
        fault = "bad name";
    if (!fault && said->ping.len > PING_NUMBER_MAX)
        fault = "ping is too long a number"; /* RFC 8259 9: ours to limit */
    return fault;
}

/* A ping is answered, and a fault is told, however full the room is. */
static bool publishes(struct server *s, struct span message)
{
    struct json_message said;
    CHECK(message.len > 0 && message.len <= s->encode_size);
    memcpy(s->encode, message.ptr, message.len);
    return read_message(s->encode, message.len, &said) == NULL &&
           said.message.ptr;
}

/* Another token: it counts first. False when it was none, or it has to go. */
static bool renew(struct server *s, struct client *c, struct span token)
{
    const char *why;
    unsigned status = grant_renew(s, c, token, &why);
    const struct grant *g = grant_of(s, c);
    if (status == 403)
        conn_close(s, c, GRANT_CLOSE_ROOM, why, CAUSE_TOKEN);
    else if (status)
        object(s, c, CLOSE_POLICY, why);
    else if (g->named)
        set_name(&client_profile(&s->clients, c)->member,
                 bytes_span(g->name, g->name_len));
    if (status == 0)
        due_set(s, c);
    return status == 0;
}

/* What a token, or the want of one, has against this. */
static const char *objection(const struct server *s, const struct client *c,
                             const struct json_message *said)
{
    const struct grant *g = grant_of(s, c);
    if (said->message.ptr && !may_say(s, c))
        return no_right;
    if (g && g->named && said->name.ptr &&
        !bytes_equal(said->name, bytes_span(g->name, g->name_len)))
        return "token: it has your name";
    return NULL;
}

static void json_message(struct server *s, struct client *c, uint8_t opcode,
                         uint8_t *ptr, size_t len)
{
    struct json_message said;
    if (opcode != FRAME_TEXT) {
        object(s, c, CLOSE_UNSUPPORTED, "JSON text only");
        return;
    }
    const char *fault = read_message(ptr, len, &said);
    if (fault) {
        object(s, c, CLOSE_BAD_DATA, fault);
        return;
    }
    if (said.token.ptr && s->grants && !renew(s, c, said.token))
        return;
    fault = objection(s, c, &said);
    if (fault) {
        object(s, c, CLOSE_POLICY, fault);
        return;
    }
    if (said.name.ptr) /* counts before what is said */
        set_name(&client_profile(&s->clients, c)->member, said.name);
    if (said.message.ptr)
        publish(s, c, FRAME_TEXT, said.message);
    if (said.ping.ptr && c->state == CLIENT_OPEN)
        answer_ping(s, c, said.ping);
}

const struct service chat_plain = {
    .path = "/chat",
    .subprotocol = "chat",
    .form = CLIENT_PLAIN,
    .open = join,
    .post_begin = post_begin,
    .post = post,
    .message = plain_message,
};

const struct service chat_json = {
    .path = "/ws",
    .subprotocol = "chatd.v1",
    .form = CLIENT_JSON,
    .open = join,
    .greet = greet,
    .expiring = tell_expiring,
    .post_begin = post_begin,
    .post = post,
    .takes = takes,
    .publishes = publishes,
    .message = json_message,
};
