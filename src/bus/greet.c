/* SPDX-License-Identifier: MIT */
/*
 * From two fresh connections to a life.
 *
 *   GREETS   AUTH, CLIENT INFO, INFO     who is it, and who are we to it?
 *   FENCES   CLIENT KILL ID ADDR         our old connections, where it is still
 *                                        the same process that counts the ids:
 *                                        behind this nothing of ours is under way
 *   LIVES    XREVRANGE life              has this master written its replid there?
 *            XADD life LIFE-0            else a new life begins
 *   WORKS
 */
#include "bus/greet.h"
#include "bus/call.h"
#include "bus/stream.h"
#include "bus/trouble.h"

#define LIFE_TRIES 8
#define VERSION    7 /* Redis, at least: EPOCH-* */

/* ---- Asking --------------------------------------------------------------- */

static void ask(struct bus *b, enum bus_link link, enum bus_call_kind kind,
                uint32_t count, const char *words)
{
    struct resp_command c = call_begin(b, link, kind, FLIGHT_NONE, count);
    call_put(&c, words);
    call_end(b, link, &c);
}

static void ask_auth(struct bus *b, enum bus_link link)
{
    const struct bus_plan *plan = b->plan;
    if (plan->password.len == 0)
        return;
    struct resp_command c =
        call_begin(b, link, BUS_CALL_AUTH, FLIGHT_NONE, plan->user.len ? 3 : 2);
    call_put(&c, "AUTH");
    if (plan->user.len)
        resp_put(&c, plan->user);
    resp_put(&c, plan->password);
    call_end(b, link, &c);
}

void greet_begin(struct bus *b)
{
    b->phase = BUS_GREETS;
    for (unsigned link = 0; link < BUS_LINKS; link++) {
        ask_auth(b, (enum bus_link)link);
        ask(b, (enum bus_link)link, BUS_CALL_CLIENT, 2, "CLIENT INFO");
    }
    ask(b, BUS_W, BUS_CALL_INFO, 1, "INFO");
}

static void ask_last(struct bus *b, enum bus_call_kind kind, const char *key)
{
    call_last(b, kind, FLIGHT_NONE, key, bytes_span(NULL, 0));
}

/* Which life is it? Where the bell stands is asked first: what is rung behind
   that is heard. */
static void ask_life(struct bus *b)
{
    b->phase = BUS_LIVES;
    if (!b->keeps_bell)
        ask_last(b, BUS_CALL_LAST_BELL, ":bell");
    b->keeps_bell = false;
    ask_last(b, BUS_CALL_LAST_LIFE, ":life");
}

/* ---- Who is it? ------------------------------------------------------------ */

/* The value behind "name:" in lines, or in words, of text. */
static struct span value_of(struct span text, const char *name, uint8_t between)
{
    struct span key = bytes_of(name);
    while (text.len) {
        struct span one = bytes_cut(&text, between);
        if (!bytes_begins(one, key))
            continue;
        one = bytes_after(one, key.len);
        return bytes_part(one, 0, bytes_find(one, '\r'));
    }
    return bytes_span(NULL, 0);
}

/* Kept with a zero behind it; empty where it is too long to be one. */
static void keep(uint8_t to[64], struct span value)
{
    memset(to, 0, 64);
    if (value.len < 64 && value.len)
        memcpy(to, value.ptr, value.len);
}

static struct span kept(const uint8_t from[64])
{
    return bytes_part(bytes_span(from, 64), 0,
                      bytes_find(bytes_span(from, 64), 0));
}

bool greet_is_life(const struct bus *b, struct span name)
{
    return bytes_equal(name, kept(b->life_name));
}

static bool is_new_enough(struct span version)
{
    uint64_t major;
    return bytes_decimal(bytes_cut(&version, '.'), &major) && major >= VERSION;
}

static void take_info(struct bus *b, struct span info)
{
    struct span version = value_of(info, "redis_version:", '\n');
    if (version.len == 0)
        state_refuse(b, "it is no Redis");
    else if (!is_new_enough(version))
        state_refuse(b, "it is older than Redis 7");
    else if (bytes_equal(value_of(info, "cluster_enabled:", '\n'),
                         BYTES_LITERAL("1")))
        state_refuse(b, "it is a Redis Cluster, which is not supported");
    else if (!bytes_equal(value_of(info, "role:", '\n'),
                          BYTES_LITERAL("master")))
        state_fail(b, "it is a replica");
    else if (bytes_equal(value_of(info, "loading:", '\n'), BYTES_LITERAL("1")))
        state_fail(b, "it is loading its file");
    b->is_informed = true;
    keep(b->run_id, value_of(info, "run_id:", '\n'));
    keep(b->replid, value_of(info, "master_replid:", '\n'));
}

static void take_client(struct bus_end *e, struct span info)
{
    uint64_t id;
    if (bytes_decimal(value_of(info, "id=", ' '), &id))
        e->id = id;
    keep(e->address, value_of(info, "addr=", ' '));
}

static bool is_greeted(const struct bus_end *e)
{
    return e->id != 0 && e->address[0] != 0;
}

/* ---- The fence -------------------------------------------------------------- */

/* Of this process; NULL: we were never connected to it. */
static struct board_fence *find_fence(const struct bus *b)
{
    for (unsigned i = 0; i < BOARD_FENCES; i++) {
        struct board_fence *f = &b->board->fences[i];
        if (f->ids[0] != 0 && b->run_id[0] != 0 &&
            bytes_equal(kept(f->run_id), kept(b->run_id)))
            return f;
    }
    return NULL;
}

static void ask_kill(struct bus *b, const struct board_fence *f, unsigned link)
{
    struct resp_command c = call_begin(b, BUS_W, BUS_CALL_KILL, FLIGHT_NONE, 6);
    call_put(&c, "CLIENT KILL ID");
    resp_put_number(&c, f->ids[link]);
    call_put(&c, "ADDR");
    resp_put(&c, kept(f->addresses[link]));
    call_end(b, BUS_W, &c);
}

/* From now on these are the ones of which something may be under way: told
   before anything is. */
static void cross_fence(struct bus *b)
{
    struct board_bus *board = b->board;
    struct board_fence *f = find_fence(b);
    if (!f)
        f = &board->fences[++board->fence % BOARD_FENCES];
    f->ids[0] = 0;
    memcpy(f->run_id, b->run_id, sizeof f->run_id);
    for (unsigned link = 0; link < BUS_LINKS; link++)
        memcpy(f->addresses[link], b->ends[link].address, 64);
    f->ids[1] = b->ends[BUS_R].id;
    f->ids[0] = b->ends[BUS_W].id;
    ask_life(b);
}

static void fence(struct bus *b)
{
    const struct board_fence *f = find_fence(b);
    if (b->wish != BUS_STAY)
        return;
    if (!f) {
        cross_fence(b);
        return;
    }
    b->phase = BUS_FENCES;
    for (unsigned link = 0; link < BUS_LINKS; link++)
        ask_kill(b, f, link);
}

/* Where it may not end them, a new epoch keeps what is late from coming in. */
static void take_killed(struct bus *b, const struct resp_event *event)
{
    if (event->type != RESP_INTEGER)
        b->is_weak = true;
    if (b->ends[BUS_W].asked - b->ends[BUS_W].answered == 1)
        cross_fence(b);
}

/* A user without a password is told so by an ERR. */
void greet_take(struct bus *b, enum bus_link link, enum bus_call_kind kind,
                const struct resp_event *event)
{
    struct bus_end *e = &b->ends[link];
    if (event->type == RESP_ERROR && kind == BUS_CALL_AUTH)
        state_refuse(b, trouble_of(BYTES_LITERAL("WRONGPASS")));
    else if (event->type == RESP_ERROR)
        trouble_take(b, event->text);
    else if (kind == BUS_CALL_CLIENT && event->type == RESP_BULK)
        take_client(e, event->text);
    else if (kind == BUS_CALL_INFO && event->type == RESP_BULK)
        take_info(b, event->text);
    else if (kind != BUS_CALL_AUTH)
        state_fail(b, "it answered something else");
    if (is_greeted(&b->ends[BUS_W]) && is_greeted(&b->ends[BUS_R]) &&
        b->is_informed && b->phase == BUS_GREETS)
        fence(b);
}

/* ---- Its life ------------------------------------------------------------------ */

static void begin_work(struct bus *b, uint64_t life)
{
    if (life > UINT16_MAX) {
        state_fail(b, "too many lives");
        return;
    }
    b->board->life = life;
    b->phase = BUS_WORKS;
    stream_reconnect(b);
    call_wait(b);
}

/* Its number is larger than all that were, as far as it or we know. */
static void ask_new_life(struct bus *b, uint64_t last)
{
    struct resp_id id = {.epoch = last};
    struct text name = text_over(b->life_name, sizeof b->life_name - 1);
    if (id.epoch < b->board->life)
        id.epoch = b->board->life;
    id.epoch++;
    b->random = bytes_mix(b->random + 1);
    memset(b->life_name, 0, sizeof b->life_name);
    text_put(&name, kept(b->replid));
    text_hex(&name, b->random, 16);
    struct resp_command c =
        call_begin(b, BUS_W, BUS_CALL_NEW_LIFE, FLIGHT_NONE, 5);
    call_put(&c, "XADD");
    call_put_key(b, &c, ":life", bytes_span(NULL, 0));
    resp_put_id(&c, &id);
    call_put(&c, "r");
    resp_put(&c, text_span(&name));
    call_end(b, BUS_W, &c);
}

/* The last entry: is it of this master? */
static void take_last_life(struct bus *b, const struct resp_event *event)
{
    struct bus_cursor *at = &b->ends[BUS_W].cursor;
    if (event->type == RESP_BULK && event->depth == 2)
        at->has_id = resp_id_parse(event->text, &at->id);
    if (event->type == RESP_BULK && event->depth == 3 && event->index == 1) {
        at->found = bytes_begins(event->text, kept(b->replid));
        keep(b->life_name, event->text);
    }
    if (!event->last)
        return;
    if (at->has_id && at->found && at->id.epoch >= b->board->life)
        begin_work(b, at->id.epoch);
    else
        ask_new_life(b, at->has_id ? at->id.epoch : 0);
}

/* Another node was faster: look again. */
static void take_new_life(struct bus *b, const struct resp_event *event)
{
    struct resp_id id;
    if (event->type == RESP_BULK && resp_id_parse(event->text, &id))
        begin_work(b, id.epoch);
    else if (event->type == RESP_ERROR &&
             resp_word_of(event->text) == RESP_WORD_ID &&
             ++b->life_tries < LIFE_TRIES)
        ask_last(b, BUS_CALL_LAST_LIFE, ":life");
    else if (event->type == RESP_ERROR)
        trouble_take(b, event->text);
    else
        state_fail(b, "it answered something else");
}

static void take_last_bell(struct bus *b, const struct resp_event *event)
{
    if (event->type == RESP_BULK && event->depth == 2 &&
        !resp_id_parse(event->text, &b->bell))
        state_fail(b, "an id that is none");
}

void greet_go_on(struct bus *b, const struct bus_call *call,
                 const struct resp_event *event)
{
    if (call->kind == BUS_CALL_KILL)
        take_killed(b, event);
    else if (call->kind == BUS_CALL_NEW_LIFE)
        take_new_life(b, event);
    else if (event->type == RESP_ERROR)
        trouble_take(b, event->text);
    else if (call->kind == BUS_CALL_LAST_LIFE)
        take_last_life(b, event);
    else
        take_last_bell(b, event);
}
