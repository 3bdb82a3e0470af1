/* SPDX-License-Identifier: MIT */
#include "service/chat.h"
#include "base/base64.h"
#include "base/check.h"
#include "os/entropy.h"
#include "server/away.h"
#include "server/broadcast.h"
#include "server/compressed.h"
#include "server/conn.h"
#include "server/due.h"
#include "server/grant.h"
#include "server/hear.h"
#include "server/member.h"
#include "server/pending.h"
#include "server/roster.h"
#include "server/staging.h"
#include "wire/json.h"

#define PING_NUMBER_MAX 256 /* bytes; well below LIMITS_ANSWER */

static const char gap_event[] = "{\"event\":\"gap\"}";
static const char busy_room[] = "its room is far behind";

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

/* That of its token, or ?name= of the URL: NULL, or what is wrong with it. */
static const char *take_name(struct client_member *m, const struct grant *g,
                             struct span query)
{
    uint8_t bytes[LIMITS_USER_NAME];
    struct span value;
    if (g && g->named) {
        member_set_name(m, bytes_span(g->name, g->name_len));
        return NULL;
    }
    if (!http_query(query, "name", &value))
        return NULL;
    ptrdiff_t len = http_decode(bytes, sizeof bytes, value, true);
    if (len < 0 || !is_user_name(bytes_span(bytes, (size_t)len)))
        return "bad name";
    member_set_name(m, bytes_span(bytes, (size_t)len));
    return NULL;
}

/* ---- History: ?history=N, ?since=EPOCH-N --------------------------------- */

struct place {
    bool since;
    struct store_id last; /* the message that the client has */
    uint64_t history;     /* how many it asked for */
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

static bool parse_id(struct span text, struct store_id *id)
{
    size_t dash = bytes_find(text, '-');
    return dash < text.len &&
           parse_hex(bytes_part(text, 0, dash), &id->epoch) &&
           bytes_decimal(bytes_after(text, dash + 1), &id->number);
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
    return len > 0 && parse_id(bytes_span(bytes, (size_t)len), &place->last);
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

/* The room of this name, in which this worker reads all that was said, as far as
   its members can be told: 0, or the status to refuse with (service.h). */
static unsigned open_room(struct server *s, struct span name, uint64_t history,
                          struct room **room, const char **why)
{
    if (away_now(s)) {
        *why = away_reason;
        return 503;
    }
    switch (room_open(&s->rooms, name, s->wall, history, room)) {
    case STORE_DONE: break;
    case STORE_FULL: *why = "all rooms taken"; return 503;
    case STORE_BEHIND:
    case STORE_BUSY: return SERVICE_LATER;
    }
    hear_room(s, *room, UINT64_MAX);
    return 0;
}

/* Does it have what is still to be read here? */
static bool is_ahead(const struct server *s, const struct room *room,
                     struct store_id last)
{
    const struct store *store = &s->rooms.store;
    return store_has_streams(store) && last.epoch == room->history.last.epoch &&
           last.number > room->history.last.number &&
           !store_is_read(store, room_index(&s->rooms, room));
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
    struct room *room;
    unsigned status = open_room(s, rest, s->rooms.history, &room, why);
    if (status)
        return status;
    if (c->form != CLIENT_PLAIN && place.since &&
        is_ahead(s, room, place.last)) {
        room_let_go(&s->rooms, room);
        return SERVICE_LATER;
    }
    member_join(s, c, room);
    return 0;
}

static void put_id(struct text *t, struct store_id id)
{
    text_byte(t, '"');
    text_hex(t, id.epoch, 1);
    text_byte(t, '-');
    text_decimal(t, id.number);
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
    struct text t = text_over(s->encode, s->encode_size);
    struct client_member *m = &client_profile(&s->clients, c)->member;
    uint32_t news = roster_news(s, room);
    text_string(&t, "{\"event\":\"welcome\",\"uid\":\"");
    roster_put_uid(&t, m->uid);
    text_string(&t, "\",\"room\":");
    json_put_string(&t, room_name(&s->rooms, room));
    text_string(&t, ",\"members\":");
    text_decimal(&t, roster_members(s, room));
    text_string(&t, ",\"last\":");
    if (room->history.last.number)
        put_id(&t, room->history.last);
    else
        text_string(&t, "null");
    text_string(&t, ",\"following\":");
    text_decimal(&t, following);
    bool all = roster_put(
        &t, s, room,
        bytes_min(s->config->max_message, staging_room(s) - LIMITS_ANSWER));
    text_byte(&t, '}');
    /* Others may change it meanwhile; a `members` event is due. */
    m->told = all && news == roster_news(s, room) ? news : 0;
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
    const struct history *history = &room->history;
    const struct ring *log = &room->logs[ROOM_JSON];
    parse_place(request->query, &place); /* join() saw that it is well formed */
    uint64_t following = place.since
                             ? history_after(history, log, place.last, &gap)
                             : history_held(history, log, place.history);
    if (c->form == CLIENT_JSON_V1)
        welcome(s, c, room, following);
    uint64_t seconds = grant_tell(s, c);
    if (seconds)
        tell_expiring(s, c, seconds);
    member_replay(s, c, history_position(history, log, following));
    if (gap && c->form == CLIENT_JSON_V1)
        staging_frame(s, c, FRAME_FIN | FRAME_TEXT, bytes_of(gap_event));
}

/* ---- Hearing: from a record to frames ------------------------------------- */

/* {"id":...,"time":...,"uid":...,"name":...,  up to the payload's key */
static void put_start(struct text *t, const struct record *r)
{
    text_string(t, "{\"id\":");
    put_id(t, (struct store_id){r->epoch, r->number});
    text_string(t, ",\"time\":");
    text_decimal(t, r->time);
    text_string(t, ",\"uid\":\"");
    roster_put_uid(t, r->uid);
    text_string(t, "\",");
    if (r->sub.len) {
        text_string(t, "\"sub\":");
        json_put_string(t, r->sub);
        text_byte(t, ',');
    }
    if (r->name.len) {
        text_string(t, "\"name\":");
        json_put_string(t, r->name);
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

static void put_message(struct text *t, const struct record *r)
{
    put_start(t, r);
    if (r->opcode == FRAME_TEXT) {
        text_string(t, "\"message\":");
        json_put_string(t, r->payload);
    } else {
        text_string(t, "\"binary\":");
        put_base64(t, r->payload);
    }
    text_byte(t, '}');
}

/*
 * The JSON form of a message, as a frame, in the server's buffer for that:
 * the text first, with room before it for its header. An empty span when it
 * is longer than one append may be. *text is its payload alone.
 */
static struct span encode_json(struct server *s, const struct record *r,
                               struct span *text)
{
    uint8_t header[FRAME_SERVER_HEADER_MAX];
    struct text t = text_over(s->encode + FRAME_SERVER_HEADER_MAX,
                              s->encode_size - FRAME_SERVER_HEADER_MAX);
    put_message(&t, r);
    if (t.overflow)
        return bytes_span(NULL, 0);
    size_t len = frame_write(header, FRAME_FIN | FRAME_TEXT, t.len);
    memcpy(t.ptr - len, header, len);
    *text = text_span(&t);
    return bytes_span(t.ptr - len, len + t.len);
}

/* The twin of a log gets the message deflated, where somebody reads it and
   that makes it smaller; else as it is. */
static void add_twin(struct server *s, const struct room *room, uint8_t opcode,
                     struct span payload, struct room_record *record,
                     enum room_log log)
{
    enum room_log twin = (enum room_log)(log + ROOM_TWIN);
    record->head[twin] = record->head[log];
    record->body[twin] = record->body[log];
    if (room_wants(&s->rooms, room, twin))
        compressed_frame(s, opcode, payload, twin, &record->head[twin],
                         &record->body[twin]);
}

/* Something was said that is not known here (--redis): up to this id. */
static void gap(struct server *s, struct room *room, struct store_id last)
{
    uint8_t bytes[FRAME_SERVER_HEADER_MAX + sizeof gap_event];
    struct text t = text_over(bytes, sizeof bytes);
    t.len = frame_write(bytes, FRAME_FIN | FRAME_TEXT, sizeof gap_event - 1);
    text_string(&t, gap_event);
    history_begin(&room->history, room->history.marks, room->history.size,
                  last);
    broadcast_gap(s, room, text_span(&t));
}

/* It was written with longer logs: in a file, or by another machine. */
static void skip_too_long(struct server *s, struct room *room,
                          const struct record *r)
{
    if (store_has_bus(&s->rooms.store))
        gap(s, room, (struct store_id){r->epoch, r->number});
}

void chat_heard(struct server *s, struct room *room, const struct record *r,
                struct client *c)
{
    uint8_t header[FRAME_SERVER_HEADER_MAX];
    size_t len =
        frame_write(header, (uint8_t)(FRAME_FIN | r->opcode), r->payload.len);
    struct span text = {0}, json = {0};
    bool fits = len + r->payload.len <= room_append_max(&s->rooms);
    if (room_wants(&s->rooms, room, ROOM_JSON) ||
        room_wants(&s->rooms, room, ROOM_JSON_TWIN)) {
        json = encode_json(s, r, &text);
        fits = json.len > 0;
    }
    if (!fits) {
        skip_too_long(s, room, r);
        return;
    }
    struct room_record record = {
        .id = {r->epoch, r->number},
        .head = {[ROOM_PLAIN] = bytes_span(header, len), [ROOM_JSON] = json},
        .body = {[ROOM_PLAIN] = r->payload},
    };
    add_twin(s, room, r->opcode, r->payload, &record, ROOM_PLAIN);
    add_twin(s, room, FRAME_TEXT, text, &record, ROOM_JSON);
    broadcast_publish(s, c, room, &record,
                      c && client_in_room(c) && c->form == CLIENT_JSON);
}

void chat_missed(struct server *s, struct room *room, const struct record *r,
                 struct client *c)
{
    if (!store_has_bus(&s->rooms.store))
        return; /* nobody else writes such records */
    if (r->kind == RECORD_GAP)
        gap(s, room, (struct store_id){r->epoch, r->number});
    else if (c) /* a post is answered */
        conn_close(s, c, CLOSE_TRY_LATER, pending_unknown, CAUSE_REDIS);
}

/* ---- Saying: from a message to a record ----------------------------------- */

/* The longest JSON form that a byte of a text can have: \u0000. */
#define ESCAPED_MAX 6
#define START_MAX   (256 + ESCAPED_MAX * (TOKEN_SUB_MAX + LIMITS_USER_NAME))

/* Is its JSON form as short as an append may be? As a rule its length alone
   tells that. */
static bool fits(struct server *s, const struct record *r)
{
    size_t most = s->encode_size - FRAME_SERVER_HEADER_MAX;
    if (START_MAX + ESCAPED_MAX * r->payload.len <= most)
        return true;
    struct span text;
    return encode_json(s, r, &text).len > 0;
}

/* With a bus: it is heard when that has it an id, which may be any. */
static bool propose(struct server *s, struct client *c, struct room *room,
                    struct record *r)
{
    struct store *store = &s->rooms.store;
    r->epoch = r->number = UINT64_MAX;
    if (!fits(s, r))
        return false;
    r->epoch = r->number = 0;
    store_propose(store, room_index(&s->rooms, room), r);
    pending_add(s, c, r);
    return true;
}

/* The one place from which messages get into a room, which was seized for it.
   False when its JSON form is too long. */
static bool say(struct server *s, struct client *c, struct room *room,
                uint8_t opcode, struct span payload, struct record *r)
{
    const struct client_member *m = &client_profile(&s->clients, c)->member;
    *r = (struct record){
        .time = s->wall,
        .tag = client_token(&s->clients, c),
        .opcode = opcode,
        .sub = grant_sub(s, c),
        .name = bytes_span(m->name, m->name_len),
        .payload = payload,
    };
    memcpy(r->uid, m->uid, sizeof r->uid);
    if (store_has_bus(&s->rooms.store))
        return propose(s, c, room, r);
    store_number(&s->rooms.store, room_index(&s->rooms, room), r);
    if (!fits(s, r))
        return false;
    hear_say(s, c, room, r);
    return true;
}

static void publish(struct server *s, struct client *c, uint8_t opcode,
                    struct span payload)
{
    struct room *room = room_at(&s->rooms, c->room);
    struct record r;
    if (!store_is_seized(&s->rooms.store, c->room))
        conn_fail(s, c, CLOSE_TRY_LATER, busy_room);
    else if (!say(s, c, room, opcode, payload, &r))
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

static void put_posted(struct text *answer, struct store_id id)
{
    text_string(answer, "{\"id\":");
    put_id(answer, id);
    text_string(answer, "}\n");
}

/* It was proposed, and is asked for again: what has come of it? */
static unsigned post_again(struct server *s, struct client *c,
                           struct text *answer, const char **why)
{
    const struct pending *p = pending_of(s, c);
    switch ((enum pending_outcome)p->outcome) {
    case PENDING_WAITS: return SERVICE_LATER;
    case PENDING_SAID: put_posted(answer, p->said); return 0;
    case PENDING_LOST: break;
    }
    client_set(c, CLIENT_LAST);
    *why = pending_unknown;
    return 504;
}

/* Of the room's history nothing is wanted. But who waits for what it has said
   must not meet it twice, because another wants more. */
static uint64_t post_history(const struct server *s)
{
    return store_has_bus(&s->rooms.store) ? s->rooms.history : 0;
}

/* In a room that is open. */
static unsigned post_in(struct server *s, struct client *c, struct room *room,
                        uint8_t opcode, struct span content,
                        struct text *answer, const char **why)
{
    struct record r;
    if (!member_seize(s, c, room, content.len, false)) {
        *why = busy_room;
        return member_may_post(s, room, c) ? SERVICE_LATER : 503;
    }
    if (!say(s, c, room, opcode, content, &r)) {
        *why = "too long as JSON";
        return 413;
    }
    if (store_has_bus(&s->rooms.store)) {
        pending_post(s, c, room);
        return SERVICE_LATER;
    }
    put_posted(answer, (struct store_id){r.epoch, r.number});
    return 0;
}

static unsigned post(struct server *s, struct client *c, struct span name,
                     uint8_t opcode, struct span content, struct text *answer,
                     const char **why)
{
    if (opcode == FRAME_TEXT && !utf8_valid(content)) {
        *why = "not UTF-8";
        return 400;
    }
    if (pending_is_post(s, c))
        return post_again(s, c, answer, why);
    struct room *room;
    unsigned status = open_room(s, name, post_history(s), &room, why);
    if (status)
        return status;
    status = post_in(s, c, room, opcode, content, answer, why);
    store_release(&s->rooms.store);
    room_let_go(&s->rooms, room);
    return status;
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
        member_renamed(s, c, bytes_span(g->name, g->name_len));
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
        member_renamed(s, c, said.name);
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
