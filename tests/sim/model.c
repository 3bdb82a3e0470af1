/* SPDX-License-Identifier: MIT */
#include "sim/model.h"
#include "base/base64.h"
#include "os/clock.h"
#include "server/member.h"
#include "sim/bearer.h"
#include "sim/happened.h"
#include "sim/posted.h"
#include "sim/watch.h"

#include <stdio.h>
#include <stdlib.h>

#define ROOMS_MAX   1024 /* epochs there may be in a run */
#define PAYLOAD_MAX 8192
#define PREFIX_MAX  8          /* bytes of "47.400." and a NUL */
#define POSTED      UINT32_MAX /* nobody's: posted.h knows its number */

struct said {
    uint32_t actor;  /* or POSTED */
    uint32_t number; /* its how-manieth message, from 1 */
};

struct model_room {
    uint64_t epoch;
    uint64_t count;
    struct said *said; /* message n at [n - 1]; */
    size_t *json_len;  /* likewise: bytes of its JSON frame; 0: not known, for
                          nobody has read it, or nobody JSON */
    uint64_t heard;    /* the last one that came to a worker's logs */
    int connection;    /* by which the last one came */
    uint64_t changed;  /* millisecond at which somebody came or left last */

    /* What a worker is about to write to the room's stream. */
    const struct store *writer; /* NULL: nothing */
    struct said next;
    uint32_t head; /* where the stream's is until that is done */
};

struct actor model_actors[MODEL_ACTORS];
size_t model_count;
unsigned model_victims;
uint64_t model_published, model_heard;
void (*model_pause)(void);
static uint64_t told[CLIENT_FORMS]; /* messages of rooms, once for each they
                                       are for */
static struct model_room rooms[ROOMS_MAX];
static size_t room_count;

void model_begin(void)
{
    for (; room_count > 0; room_count--) {
        free(rooms[room_count - 1].said);
        free(rooms[room_count - 1].json_len);
    }
    for (; model_count > 0; model_count--)
        free(model_actors[model_count - 1].frames);
    memset(rooms, 0, sizeof rooms);
    memset(model_actors, 0, sizeof model_actors);
    memset(told, 0, sizeof told);
    model_victims = 0;
    posted_begin();
    watch_forget();
}

static uint32_t id_of(const struct actor *a)
{
    return (uint32_t)(a - model_actors);
}

/* ---- Payloads ------------------------------------------------------------ */

/* "3.17." and then bytes that follow from it; text is plain ASCII that JSON
   needs no escapes for. */
static struct span payload_of(uint32_t actor, uint32_t number,
                              uint8_t out[PAYLOAD_MAX])
{
    const struct model_sent *m = &model_actors[actor].sent[number - 1];
    struct random r = random_of((uint64_t)actor << 32 | number);
    uint64_t spread = 1 + random_below(&r, 26); /* some compress better */
    int len = snprintf((char *)out, PAYLOAD_MAX, "%u.%u.", actor, number);
    for (size_t i = (size_t)len; i < m->len; i++) {
        uint64_t x = random_below(&r, m->binary ? 10 * spread : spread);
        out[i] = (uint8_t)(m->binary ? x : 'a' + x);
    }
    return bytes_span(out, m->len);
}

/* Whose message is it? Asserts that every byte is right. */
static struct said said_in(struct span payload, bool binary)
{
    uint8_t expected[PAYLOAD_MAX];
    size_t dot = bytes_find(payload, '.');
    struct span rest = bytes_after(payload, dot + 1);
    uint64_t actor, number;
    uint32_t posted = posted_in(payload, binary);
    if (posted)
        return (struct said){POSTED, posted};
    assert_true(bytes_decimal(bytes_part(payload, 0, dot), &actor));
    assert_true(
        bytes_decimal(bytes_part(rest, 0, bytes_find(rest, '.')), &number));
    assert_true(actor < model_count);
    assert_in_range(number, 1, model_actors[actor].sent_count);
    struct said s = {(uint32_t)actor, (uint32_t)number};
    assert_true(bytes_equal(payload, payload_of(s.actor, s.number, expected)));
    assert_int_equal(binary, model_actors[actor].sent[number - 1].binary);
    return s;
}

/* ---- The order, as the server makes it ----------------------------------- */

size_t __real_room_append(struct rooms *all, struct room *room,
                          const struct room_record *record);
void __real_store_write(struct store *s, uint32_t room, const struct record *r);
enum store_outcome __real_store_seize(struct store *s, uint32_t room,
                                      size_t len);
void __real_member_join(struct server *s, struct client *c, struct room *room);
void __real_member_leave(struct server *s, struct client *c);

static struct model_room *room_of(uint64_t epoch)
{
    for (size_t i = 0; i < room_count; i++)
        if (rooms[i].epoch == epoch)
            return &rooms[i];
    assert_true(room_count < ROOMS_MAX);
    struct model_room *m = &rooms[room_count++];
    m->epoch = epoch;
    return m;
}

static struct actor *find(int connection)
{
    for (size_t i = 0; i < model_count; i++)
        if (model_actors[i].peer->connection == connection)
            return &model_actors[i];
    return NULL;
}

const struct actor *model_actor(int connection)
{
    return find(connection);
}

struct actor *model_actor_of(const struct client *c)
{
    return find(sim_connection(c->fd));
}

/* Who has gone may have left something to be said, and then leaves later. */
static struct actor *actor_of(const struct client *c)
{
    struct actor *a = c->fd < 0 ? NULL : find(sim_connection(c->fd));
    for (size_t i = 0; i < model_count && !a; i++)
        if (model_actors[i].client == c && !model_actors[i].left)
            a = &model_actors[i];
    if (a)
        return a;
    fail_msg("descriptor %d is no actor's", c->fd);
    return NULL;
}

/* Own messages are not told to a sender of the JSON form. */
static void pass_own(struct actor *a)
{
    if (a->form != CLIENT_JSON)
        return;
    while (a->next <= a->room->count &&
           a->room->said[a->next - 1].actor == id_of(a))
        a->next++;
}

/* One message more of a, and the server took it. */
static void spend(struct actor *a)
{
    const int64_t one = 1000000;
    const struct config *config = &world.config;
    uint64_t now = clock_microseconds() / 1000;
    int64_t more = (int64_t)((now - a->allowed_at) * config->rate) * 1000;
    if (config->rate == 0)
        return;
    a->allowance += more;
    if (a->allowed_at == 0 || a->allowance > config->burst * one)
        a->allowance = config->burst * one;
    a->allowance -= one;
    a->allowed_at = now;
    assert_true(a->allowance >= -one); /* it counts when a message begins */
}

/* Everybody in the room is told, but for a sender that is not. */
static void count_told(const struct model_room *m, const struct actor *from)
{
    for (size_t i = 0; i < model_count; i++) {
        const struct actor *a = &model_actors[i];
        if (a->room == m && !a->left && (a != from || a->form != CLIENT_JSON))
            told[a->form]++;
    }
}

/* The next of an actor's messages: its connection. */
static int said_by(struct actor *a, const struct model_room *m, uint32_t number)
{
    assert_ptr_equal(a->room, m);
    assert_false(a->left);
    bearer_says(a);
    assert_int_equal(number, a->heard_of + 1);          /* in order, and once */
    assert_true(a->written >= a->sent[number - 1].end); /* and whole */
    a->heard_of = number;
    spend(a);
    count_told(m, a);
    return a->peer->connection;
}

static void publish(struct model_room *m, struct said s)
{
    m->connection = s.actor == POSTED
                        ? posted_said(s.number, m->epoch, m->count + 1)
                        : said_by(&model_actors[s.actor], m, s.number);
    if (s.actor == POSTED)
        count_told(m, NULL);
    m->said = realloc(m->said, (m->count + 1) * sizeof *m->said);
    m->json_len = realloc(m->json_len, (m->count + 1) * sizeof *m->json_len);
    m->said[m->count] = s;
    m->json_len[m->count] = 0;
    m->count++;
    model_published++;
}

/* ---- The same with a stream ---------------------------------------------- */

/* A message is published when the stream's head has passed it: at the latest
   when somebody could know of it, or nobody is left who writes it. */
static void look_at_stream(struct model_room *m, uint32_t head)
{
    if (!m->writer || head == m->head)
        return;
    m->writer = NULL;
    publish(m, m->next);
}

static uint32_t head_of(const struct store *s, uint32_t room)
{
    return atom_get(&s->map.rooms[room].head);
}

void __wrap_store_write(struct store *s, uint32_t room, const struct record *r)
{
    struct model_room *m = room_of(r->epoch);
    look_at_stream(m, head_of(s, room));
    assert_null(m->writer);                 /* one at a time, */
    assert_true(r->number == m->count + 1); /* and in sequence */
    m->writer = s;
    m->head = head_of(s, room);
    m->next = said_in(r->payload, r->opcode == FRAME_BINARY);
    __real_store_write(s, room, r);
    look_at_stream(m, head_of(s, room));
}

enum store_outcome __wrap_store_seize(struct store *s, uint32_t room,
                                      size_t len)
{
    enum store_outcome outcome = __real_store_seize(s, room, len);
    happened("store", "something to be read first", outcome == STORE_BEHIND);
    happened("store", "another one has the lock", outcome == STORE_BUSY);
    happened("store", "another one has not read", outcome == STORE_FULL);
    return outcome;
}

void model_dies(const struct store *s)
{
    for (size_t i = 0; i < room_count; i++) {
        struct model_room *m = &rooms[i];
        if (m->writer != s)
            continue;
        for (uint32_t room = 0; room < store_used(s); room++)
            if (map_end(&s->map.rooms[room])->epoch == m->epoch)
                look_at_stream(m, head_of(s, room));
        m->writer = NULL;
    }
    for (size_t i = 0; i < model_count; i++) {
        struct actor *a = &model_actors[i];
        bool has = sim_process(a->peer->connection) >= 0 &&
                   &world_server(a->peer->connection)->rooms.store == s;
        a->lost |= has;
        if (a->store == s && !a->left)
            a->room->changed = watch_now();
        a->left |= has || a->store == s;
    }
}

/* ---- What the server makes of it ----------------------------------------- */

/* What comes to a room's logs is what was published, without a hole. */
size_t __wrap_room_append(struct rooms *all, struct room *room,
                          const struct room_record *record)
{
    if (model_pause)
        model_pause();
    bool binary = (record->head[ROOM_PLAIN].ptr[0] & 0x0F) == FRAME_BINARY;
    struct said s = said_in(record->body[ROOM_PLAIN], binary);
    struct model_room *m = room_of(record->id.epoch);
    uint64_t number = record->id.number;
    size_t json_len = record->head[ROOM_JSON].len + record->body[ROOM_JSON].len;
    if (store_has_streams(&all->store))
        look_at_stream(m, head_of(&all->store, room_index(all, room)));
    else
        publish(m, s);
    assert_true(record->id.epoch == room->history.last.epoch);
    assert_true(number == room->history.last.number + 1);
    assert_in_range(number, 1, m->count);
    assert_int_equal(s.actor, m->said[number - 1].actor);
    assert_int_equal(s.number, m->said[number - 1].number);
    bool first = number > m->heard;
    size_t *known = &m->json_len[number - 1];
    assert_true(*known == 0 || json_len == 0 || *known == json_len);
    if (json_len)
        *known = json_len;
    m->heard = first ? number : m->heard;
    size_t len = __real_room_append(all, room, record);
    if (first)
        watch_said(room, m->connection, record);
    return len;
}

/* Number of the first message that is replayed to one who wants `count`, where
   `last` is the last that its worker has read. */
static uint64_t first_of(const struct model_room *m, uint64_t last,
                         uint64_t count)
{
    uint64_t first = last + 1;
    size_t len = 0;
    count = bytes_min64(count, world.config.history);
    while (count-- > 0 && first > 1 &&
           (len += m->json_len[first - 2]) <= world.config.room_log)
        first--;
    return first;
}

static uint64_t place_of(struct actor *a, uint64_t last)
{
    const struct model_room *m = a->room;
    if (a->form == CLIENT_PLAIN)
        return last + 1;
    if (!a->since)
        return first_of(m, last, a->history);
    uint64_t first = first_of(m, last, world.config.history);
    bool joins = a->since_epoch == m->epoch && a->since_number <= m->count &&
                 a->since_number + 1 >= first;
    a->gap_due = a->form == CLIENT_JSON_V1 && !joins;
    return joins ? a->since_number + 1 : first;
}

void __wrap_member_join(struct server *s, struct client *c, struct room *room)
{
    struct actor *a = actor_of(c);
    struct store_id last = room->history.last;
    bearer_joins(a);
    a->room = room_of(last.epoch);
    if (store_is_shared(&s->rooms.store)) /* what others said may be to come */
        look_at_stream(a->room,
                       head_of(&s->rooms.store, room_index(&s->rooms, room)));
    else
        assert_true(last.number == a->room->count);
    assert_true(last.number <= a->room->count);
    a->next = place_of(a, last.number);
    a->client = c;
    a->room->changed = watch_now();
    a->store = &s->rooms.store;
    watch_joins(c, room, a->next <= a->room->count);
    __real_member_join(s, c, room);
}

void __wrap_member_leave(struct server *s, struct client *c)
{
    struct actor *a = actor_of(c);
    watch_leaves(c);
    a->left = true;
    a->room->changed = watch_now();
    a->owed = member_room(s, c)->history.last.number;
    __real_member_leave(s, c);
}

bool model_place(struct random *r, uint64_t *epoch, uint64_t *number)
{
    if (room_count == 0)
        return false;
    const struct model_room *m = &rooms[random_below(r, room_count)];
    *epoch = m->epoch;
    *number = random_below(r, m->count + 2);
    return true;
}

/* ---- Saying -------------------------------------------------------------- */

/* A frame was added to what it will send. */
static void queued(struct actor *a, uint8_t first, size_t len)
{
    a->queued += len;
    size_t size = (a->frame_count + 1) * sizeof *a->frames;
    a->frames = realloc(a->frames, size);
    assert_non_null(a->frames);
    a->frames[a->frame_count++] = (struct model_frame){
        .end = a->queued, .is_control = (first & 0x08) != 0};
}

void model_queue(struct actor *a, uint8_t first, struct span payload)
{
    size_t before = a->peer->out_len;
    peer_add_frame(a->peer, first, payload);
    queued(a, first, a->peer->out_len - before);
}

static void queue_compressed(struct actor *a, uint8_t first, struct span s)
{
    size_t before = a->peer->out_len;
    peer_add_compressed(a->peer, first, s);
    queued(a, first, a->peer->out_len - before);
}

void model_precede(struct actor *a, struct span bytes)
{
    peer_add(a->peer, bytes);
    a->queued += bytes.len;
}

void model_ask(struct actor *a, const char *target, bool zip)
{
    char request[1280];
    int len = snprintf(
        request, sizeof request,
        "GET %s HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n%s%s%s%s"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        target, a->fields ? a->fields : "", a->shown, zip ? PEER_DEFLATE : "",
        a->form == CLIENT_JSON_V1 ? "Sec-WebSocket-Protocol: chatd.v1\r\n"
                                  : "");
    peer_add(a->peer, bytes_span(request, (size_t)len));
    a->queued += (size_t)len;
}

/* A message, in as many frames as chance will have it. */
static void queue_in_frames(struct actor *a, struct random *r, uint8_t opcode,
                            struct span s)
{
    uint8_t first = opcode;
    while (random_below(r, 4) == 0) {
        size_t len = (size_t)random_below(r, s.len + 1);
        model_queue(a, first, bytes_part(s, 0, len));
        s = bytes_after(s, len);
        first = FRAME_CONTINUATION;
        if (random_below(r, 4) == 0)
            model_ping(a);
    }
    model_queue(a, first | FRAME_FIN, s);
}

static struct span as_json(struct span s, uint8_t out[PAYLOAD_MAX + 16])
{
    struct text t = text_over(out, PAYLOAD_MAX + 16);
    text_string(&t, "{\"message\":\"");
    text_put(&t, s);
    text_string(&t, "\"}");
    return text_span(&t);
}

void model_say(struct actor *a, struct random *r, size_t len)
{
    uint8_t bytes[PAYLOAD_MAX], json[PAYLOAD_MAX + 16];
    if (a->sent_count == MODEL_MESSAGES || a->wants != MODEL_STAYS || a->half ||
        a->listens)
        return;
    bool is_json = a->form == CLIENT_JSON || a->form == CLIENT_JSON_V1;
    struct model_sent *m = &a->sent[a->sent_count++];
    m->len = (uint32_t)bytes_min(PREFIX_MAX + len, PAYLOAD_MAX);
    m->binary = !is_json && random_below(r, 3) == 0;
    struct span s = payload_of(id_of(a), a->sent_count, bytes);
    if (is_json)
        s = as_json(s, json);
    uint8_t opcode = m->binary ? FRAME_BINARY : FRAME_TEXT;
    if (a->peer->compression && random_below(r, 2)) {
        queue_compressed(a, FRAME_FIN | opcode, s);
    } else {
        queue_in_frames(a, r, opcode, s);
    }
    m->end = a->queued;
}

void model_say_half(struct actor *a, struct random *r)
{
    /* A stored block of five bytes, of which two are there. */
    static const char stored[] = "\x00\x05\x00\xfa\xff{\"";
    if (a->wants != MODEL_STAYS)
        return;
    if (a->peer->compression && random_below(r, 2))
        model_queue(a, FRAME_TEXT | PEER_RSV1,
                    bytes_span(stored, sizeof stored - 1));
    else
        model_queue(a, FRAME_TEXT,
                    bytes_part(BYTES_LITERAL("{\"message"), 0,
                               (size_t)random_below(r, 10)));
    a->half = true;
    a->due = 1008; /* when it has taken too long */
}

size_t model_longest(const struct actor *a)
{
    size_t around = a->form == CLIENT_JSON || a->form == CLIENT_JSON_V1
                        ? sizeof "{\"message\":\"\"}" - 1
                        : 0;
    return world.config.max_message - around - PREFIX_MAX;
}

static void offend_with(struct actor *a, uint8_t first, struct span s,
                        unsigned code)
{
    model_queue(a, first, s);
    a->wants = MODEL_FAILS;
    a->due = code;
}

/* Told by the frame's header, or by what comes out of it. */
static void say_too_much(struct actor *a, struct random *r)
{
    static const uint8_t much[PAYLOAD_MAX + 1];
    size_t len = world.config.max_message + 1;
    assert_true(len <= sizeof much);
    a->wants = MODEL_FAILS;
    a->due = 1009;
    if (a->peer->compression && random_below(r, 2)) {
        queue_compressed(a, PEER_TEXT, bytes_span(much, len));
    } else if (random_below(r, 2)) {
        model_queue(a, FRAME_TEXT, bytes_span(much, len / 2));
        model_queue(a, FRAME_FIN, bytes_span(much, len - len / 2));
    } else {
        model_queue(a, PEER_TEXT, bytes_span(much, len));
    }
}

void model_end(struct actor *a, uint8_t first)
{
    bool closes = first == PEER_CLOSE;
    model_queue(a, first, bytes_span(NULL, 0));
    a->wants = closes ? MODEL_CLOSES : MODEL_FAILS;
    if (!closes)
        a->due = 1002;
}

void model_offend(struct actor *a, struct random *r)
{
    bool is_v1 = a->form == CLIENT_JSON_V1;
    switch (random_below(r, 4)) {
    case 0: offend_with(a, PEER_TEXT, BYTES_LITERAL("caf\xe9"), 1007); break;
    case 1:
        if (a->form != CLIENT_ECHO)
            say_too_much(a, r);
        break;
    case 2:
        if (is_v1)
            model_queue(a, PEER_TEXT, BYTES_LITERAL("[1]"));
        else if (a->form == CLIENT_JSON)
            offend_with(a, PEER_TEXT, BYTES_LITERAL("{\"name\":1}"), 1007);
        a->faults += is_v1;
        break;
    case 3:
        if (is_v1)
            model_queue(a, PEER_BINARY, BYTES_LITERAL("\0"));
        else if (a->form == CLIENT_JSON)
            offend_with(a, PEER_BINARY, BYTES_LITERAL("\0"), 1003);
        a->faults += is_v1;
        break;
    }
}

void model_ping(struct actor *a)
{
    char number[16];
    snprintf(number, sizeof number, "%u", ++a->pings);
    model_queue(a, PEER_PING, bytes_of(number));
}

void model_write(struct actor *a, size_t most)
{
    if (a->wants == MODEL_GONE)
        return;
    a->written += peer_push_some(a->peer, most);
}

/* ---- Hearing ------------------------------------------------------------- */

/* The response, once it is whole. */
static bool take_response(struct actor *a)
{
    struct span all = bytes_span(a->peer->in, a->peer->in_len);
    size_t end = 4;
    while (end <= all.len && memcmp(all.ptr + end - 4, "\r\n\r\n", 4) != 0)
        end++;
    if (end > all.len)
        return false;
    struct peer_response r = peer_response_head(a->peer, end);
    a->answered = true;
    a->open = r.status == 101;
    a->peer->compression = peer_field(&r, "Sec-WebSocket-Extensions").len > 0;
    if (r.status == 401 || r.status == 403)
        bearer_is_refused(a, r.status);
    else
        assert_true(a->open || r.status == 503 || r.status == 408 ||
                    (r.status == 429 && world.config.per_ip));
    return true;
}

static void hear_of(struct actor *a, struct said s)
{
    pass_own(a);
    assert_in_range(a->next, 1, a->room->count);
    struct said due = a->room->said[a->next - 1];
    assert_int_equal(s.actor, due.actor);
    assert_int_equal(s.number, due.number);
    a->next++;
    model_heard++;
    pass_own(a);
}

static void hear_echo(struct actor *a, struct span payload, bool binary)
{
    struct said s = said_in(payload, binary);
    assert_int_equal(s.actor, id_of(a));
    assert_int_equal(s.number, ++a->heard_of);
    model_heard++;
}

/* The value behind `key`, up to the next quote; ptr NULL without the key. */
static struct span value_of(struct span s, const char *key)
{
    size_t len = strlen(key);
    for (size_t i = 0; i + len <= s.len; i++)
        if (memcmp(s.ptr + i, key, len) == 0) {
            s = bytes_after(s, i + len);
            return bytes_part(s, 0, bytes_find(s, '"'));
        }
    return bytes_span(NULL, 0);
}

static struct said said_in_base64(struct span encoded)
{
    uint8_t bytes[PAYLOAD_MAX];
    ptrdiff_t len = base64_decode(bytes, sizeof bytes, encoded);
    assert_true(len >= 0);
    return said_in(bytes_span(bytes, (size_t)len), true);
}

/* What is replayed is from where it wanted to hear up to the last one. */
static void hear_welcome(const struct actor *a, struct span s)
{
    struct span last = value_of(s, "\"last\":\"");
    struct span following = value_of(s, "\"following\":");
    size_t dash = last.ptr ? bytes_find(last, '-') + 1 : 0;
    uint64_t number = 0, replayed;
    assert_true(!last.ptr || bytes_decimal(bytes_after(last, dash), &number));
    assert_non_null(following.ptr);
    following.len =
        bytes_min(bytes_find(following, ','), bytes_find(following, '}'));
    assert_true(bytes_decimal(following, &replayed));
    assert_true(number + 1 == a->next + replayed);
}

/* The actors that are named "a1." in an event. */
static uint64_t named_in(struct span s)
{
    static const char key[] = "\"name\":\"a";
    uint64_t all = 0, number;
    for (size_t i = 0; i + sizeof key - 1 < s.len; i++) {
        struct span rest = bytes_after(s, i);
        if (memcmp(rest.ptr, key, sizeof key - 1) != 0)
            continue;
        rest = bytes_after(rest, sizeof key - 1);
        assert_true(
            bytes_decimal(bytes_part(rest, 0, bytes_find(rest, '.')), &number));
        assert_in_range(number, 0, model_count - 1);
        assert_int_equal(all >> number & 1, 0); /* once */
        all |= UINT64_C(1) << number;
    }
    return all;
}

/* In `welcome` and `members`. */
static void hear_who(struct actor *a, struct span s)
{
    struct span number = value_of(s, "\"members\":");
    _Static_assert(MODEL_ACTORS <= 64, "a bit each");
    assert_non_null(number.ptr);
    number.len = bytes_min(bytes_find(number, ','), bytes_find(number, '}'));
    assert_true(bytes_decimal(number, &a->members));
    a->who = named_in(s); /* left out where that would be too long */
    if (a->members > 10 && !value_of(s, "\"who\":").ptr)
        a->who = UINT64_MAX;
}

void model_has_heard(struct actor *a)
{
    if (!a->room || a->left || a->over || !a->open)
        return;
    pass_own(a);
    if (a->next != a->room->count + 1)
        fail_msg("actor %u has heard %llu of %llu messages", id_of(a),
                 (unsigned long long)a->next - 1,
                 (unsigned long long)a->room->count);
}

void model_knows(const struct actor *a)
{
    uint64_t members = 0, who = 0;
    if (!a->room || a->left || a->over || !a->open)
        return;
    for (size_t i = 0; i < model_count; i++)
        if (model_actors[i].room == a->room && !model_actors[i].left) {
            members++;
            who |= UINT64_C(1) << i;
        }
    if (a->form == CLIENT_JSON_V1 &&
        watch_now() - a->room->changed > 2 * LIMITS_MEMBERS &&
        (a->members != members || (a->who != who && a->who != UINT64_MAX)))
        fail_msg("actor %u was told of %llu (%llx), there are %llu (%llx)",
                 id_of(a), (unsigned long long)a->members,
                 (unsigned long long)a->who, (unsigned long long)members,
                 (unsigned long long)who);
}

static void hear_json(struct actor *a, struct span s)
{
    struct span id = value_of(s, "{\"id\":\"");
    struct span event = value_of(s, "{\"event\":\"");
    if (id.ptr) {
        char expected[64];
        pass_own(a);
        snprintf(expected, sizeof expected, "%llx-%llu",
                 (unsigned long long)a->room->epoch,
                 (unsigned long long)a->next);
        assert_true(bytes_equal(id, bytes_of(expected)));
        assert_false(a->gap_due);
        struct span text = value_of(s, "\"message\":\"");
        hear_of(a, text.ptr ? said_in(text, false)
                            : said_in_base64(value_of(s, "\"binary\":\"")));
        return;
    }
    assert_non_null(event.ptr);
    assert_int_equal(a->form, CLIENT_JSON_V1);
    assert_int_equal(a->welcomed, event.ptr[0] != 'w'); /* first, and once */
    a->welcomed = true;
    if (event.ptr[0] == 'w')
        hear_welcome(a, s);
    if (event.ptr[0] == 'w' || event.ptr[0] == 'm')
        hear_who(a, s);
    if (event.ptr[0] == 'g') {
        assert_true(a->gap_due);
        a->gap_due = false;
    }
    if (bytes_equal(event, BYTES_LITERAL("expiring")))
        bearer_is_told(a, s);
    a->errors += bytes_equal(event, BYTES_LITERAL("error"));
    assert_true(a->errors <= a->faults);
}

/* Who has gone, and was told so, does not know its server any more. */
static bool somebody_stops(void)
{
    bool stops = false;
    for (size_t w = 0; w < WORLD_WORKERS; w++)
        stops |= world.servers[w].draining;
    return stops;
}

static void hear_close(struct actor *a, struct span s)
{
    a->closed = true;
    assert_true(s.len >= 2);
    a->code = (unsigned)s.ptr[0] << 8 | s.ptr[1];
    switch (a->code) {
    case 1000:
        assert_true(a->wants == MODEL_CLOSES || a->wants == MODEL_GONE);
        break;
    case 1001: assert_true(somebody_stops() || world.config.ping); break;
    case 1013: /* or its last words waited for long */
        assert_true(!a->good || a->wants == MODEL_CLOSES ||
                    watch_excused(a->peer->connection) || model_victims > 0 ||
                    sim_struck(a->peer->connection));
        break;
    case 1008: /* watch.c knows the rest */
        assert_true(!a->good || a->due == a->code);
        break;
    case 4401:
    case 4403: bearer_is_closed(a, a->code); break;
    default: assert_int_equal(a->code, a->due);
    }
}

static void hear_pong(struct actor *a, struct span s)
{
    uint64_t number;
    assert_true(bytes_decimal(s, &number));
    assert_in_range(number, a->pongs + 1, a->pings);
    a->pongs = (uint32_t)number;
}

static void hear(struct actor *a, const struct peer_frame *m)
{
    bool binary = (m->first & 0x0F) == FRAME_BINARY;
    assert_false(a->closed); /* nothing follows a Close */
    switch (m->first & 0x0F) {
    case FRAME_PING:
        if (a->wants == MODEL_STAYS && !a->mute)
            model_queue(a, PEER_PONG, m->payload);
        a->had_its_way |= a->half;
        break;
    case FRAME_PONG: hear_pong(a, m->payload); break;
    case FRAME_CLOSE: hear_close(a, m->payload); break;
    default:
        assert_int_equal(a->barred, 0);
        if (a->form == CLIENT_ECHO)
            hear_echo(a, m->payload, binary);
        else if (a->form == CLIENT_PLAIN)
            hear_of(a, said_in(m->payload, binary));
        else
            hear_json(a, m->payload);
    }
}

/* ---- The end ------------------------------------------------------------- */

/* The server has ended the stream, and all of it was read. */
static void end(struct actor *a)
{
    a->over = true;
    if (!a->open)
        return;
    bool owes = a->closed && a->room &&
                (a->code == 1000 || (a->code == 1001 && a->good));
    if (owes) {
        pass_own(a);
        assert_true(a->left && a->next == a->owed + 1);
    }
    if (!a->good || a->wants != MODEL_STAYS)
        return;
    if (a->closed && ((a->code == 1001 && somebody_stops()) || a->code == 4401))
        return;
    if (a->lost || watch_excused(a->peer->connection))
        return;
    if (model_victims == 0)
        assert_true(sim_struck(a->peer->connection));
    else
        model_victims--;
}

void model_read(struct actor *a, size_t most)
{
    struct peer_frame m;
    while (most > 0) {
        size_t got = peer_pull(a->peer, most);
        if (got == 0)
            break;
        most -= got;
    }
    if (a->over || (!a->answered && !take_response(a)))
        return;
    while (a->open && peer_take_message(a->peer, &m))
        hear(a, &m);
    if (sim_ended(a->peer->connection))
        end(a);
}

bool model_is_behind(const struct actor *a)
{
    return a->room && !a->left && a->next <= a->room->count;
}

void model_settle(struct actor *a)
{
    if (a->over || !a->open || a->wants != MODEL_STAYS)
        return;
    if (a->room)
        pass_own(a);
    uint64_t heard = a->room ? a->next - 1 : 0;
    uint64_t said = a->room ? a->room->count : 0;
    if (a->written == a->queued && a->heard_of == a->sent_count &&
        a->pongs == a->pings && a->errors == a->faults && heard == said)
        return;
    fail_msg("actor %u, form %u: wrote %llu of %llu bytes, of its %u messages "
             "%u came out, of %u pongs %u, of the room's %llu it heard %llu",
             id_of(a), (unsigned)a->form, (unsigned long long)a->written,
             (unsigned long long)a->queued, a->sent_count, a->heard_of,
             a->pings, a->pongs, (unsigned long long)said,
             (unsigned long long)heard);
}

void model_counters(void)
{
    const struct stats *stats = &world.server.stats;
    uint64_t least[CLIENT_FORMS] = {0}, most[CLIENT_FORMS] = {0};
    for (size_t i = 0; i < model_count; i++) {
        const struct actor *a = &model_actors[i];
        least[a->form] += a->heard_of;
        most[a->form] += a->sent_count + a->faults + a->renewal_count +
                         1; /* to offend with */
    }
    for (unsigned form = 0; form < CLIENT_FORMS; form++) {
        assert_in_range(stats->messages_in[form], least[form], most[form]);
        if (form != CLIENT_ECHO)
            assert_int_equal(stats->messages_out[form], told[form]);
    }
    assert_int_equal(stats->posted, posted_count());
    assert_in_range(stats->messages_out[CLIENT_ECHO], least[CLIENT_ECHO],
                    stats->messages_in[CLIENT_ECHO]);
}
