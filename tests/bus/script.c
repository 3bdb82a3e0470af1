/* SPDX-License-Identifier: MIT */
#include "bus/script.h"
#include "bus/entry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TURNS 12 /* in which all that a test does comes to an end */
#define STEP  250

struct script script;

/* ---- Beginning ----------------------------------------------------------- */

void script_begin(const struct world_plan *plan)
{
    struct world *w = &script.w;
    memset(&script, 0, sizeof script);
    script.chance = random_of(1);
    w->chance = &script.chance;
    w->now = 1000;
    w->wall = UINT64_C(1790000000000);
    w->plan = *plan;
    w->plan.nodes = 1;
    w->plan.workers = plan->workers ? plan->workers : 1;
    w->plan.rooms = plan->rooms ? plan->rooms : 4;
    w->plan.stream_size = plan->stream_size ? plan->stream_size : 4096;
    w->plan.ring_size = plan->ring_size ? plan->ring_size : 4096;
    w->plan.history = plan->history ? plan->history : 5;
    redis_start(script_redis(), REDIS_SEVEN, 1);
    script.other = redis_connect(script_redis());
    script.other->is_known = true;
    if (plan->has_password) {
        script_redis()->user = "chatd";
        script_redis()->password = "secret";
    }
    node_begin(script_node(), w, 0);
    script_node()->skew = 0;
}

void script_disconnects(void)
{
    for (unsigned link = 0; link < BUS_LINKS; link++) {
        if (script.peers[link])
            redis_release(script.peers[link]);
        script.peers[link] = NULL;
        buffer_free(&script.up[link]);
        buffer_free(&script.down[link]);
    }
}

void script_end(void)
{
    script_disconnects();
    node_end(script_node());
    redis_release(script.other);
    redis_end(script_redis());
    redis_forget();
    buffer_free(&script.asked);
    buffer_free(&script.told);
    audit_free(&script.w.audit);
}

int script_teardown(void **state)
{
    (void)state;
    script_end();
    return 0;
}

const char *script_id_after(uint32_t room, unsigned more)
{
    static char id[64];
    struct store_id last = store_end(script_worker(0), room);
    snprintf(id, sizeof id, "%llu-%llu", (unsigned long long)last.epoch,
             (unsigned long long)(last.number - 1 + more));
    return id;
}

/* ---- Commands ------------------------------------------------------------ */

/* A line's number, and where it ends; 0: it is not all there. */
static size_t line(struct span in, size_t at, uint64_t *number)
{
    size_t end = at + bytes_find(bytes_after(in, at), '\n');
    if (end == in.len ||
        !bytes_decimal(bytes_part(in, at + 1, end - at - 2), number))
        return 0;
    return end + 1;
}

/* Its words as a line of text, bytes that are none as dots; how long it is. */
static size_t command(struct span in, struct buffer *words)
{
    uint64_t count, len;
    size_t at = in.len ? line(in, 0, &count) : 0;
    for (; at > 0 && count > 0; count--) {
        size_t text = at < in.len ? line(in, at, &len) : 0;
        if (text == 0 || in.len - text < len + 2)
            return 0;
        buffer_put(words, bytes_part(in, text, len));
        buffer_string(words, count > 1 ? " " : "\n");
        at = text + len + 2;
    }
    return at;
}

static struct script_instead *instead_of(struct span words)
{
    for (unsigned i = 0; i < 8; i++) {
        struct script_instead *it = &script.instead[i];
        if (it->times && bytes_begins(words, bytes_of(it->first)))
            return it;
    }
    return NULL;
}

static void redis_runs(void)
{
    do
        redis_turn(script_redis(), script.w.now, script.w.wall);
    while (!redis_is_idle(script_redis()));
}

/* One command gets on. False: there is none. */
static bool asks(unsigned link)
{
    struct buffer *up = &script.up[link], words = {0};
    struct redis_client *peer = script.peers[link];
    struct span in = buffer_span(up);
    size_t len = command(in, &words);
    if (len > 0) {
        struct script_instead *it = instead_of(buffer_span(&words));
        buffer_put(&script.asked, buffer_span(&words));
        if (it) {
            it->times--;
            buffer_put(&script.down[link], bytes_span(it->reply, it->len));
        } else {
            redis_send(peer, bytes_part(in, 0, len));
            redis_runs();
            buffer_put(&script.down[link], buffer_span(&peer->out));
            buffer_take(&peer->out, buffer_len(&peer->out));
        }
        buffer_take(up, len);
    }
    buffer_free(&words);
    return len > 0;
}

static void moves(enum bus_link link)
{
    struct redis_client *peer = script.peers[link];
    struct span out = bus_output(script_bus(), link);
    if (!peer || script.is_stuck[link])
        return;
    buffer_put(&script.up[link], out);
    bus_written(script_bus(), link, out.len);
    while (asks(link))
        ;
    buffer_put(&script.down[link], buffer_span(&peer->out));
    buffer_take(&peer->out, buffer_len(&peer->out));
}

static void reads(enum bus_link link)
{
    struct buffer *down = &script.down[link];
    size_t len = bytes_min(buffer_len(down), bus_input_max(script_bus()));
    if (link == BUS_W && script_bus()->held_room)
        return; /* it would take nothing */
    if (script.peers[link] && len > 0)
        buffer_take(down,
                    bus_read(script_bus(), link, buffer_span(down).ptr, len));
}

/* ---- Turns --------------------------------------------------------------- */

static void dials(void)
{
    script.dials++;
    if (script.is_dead) {
        bus_dropped(script_bus(), "nobody listens there");
        return;
    }
    for (unsigned link = 0; link < BUS_LINKS; link++)
        script.peers[link] = redis_connect(script_redis());
    bus_dialled(script_bus());
}

static void fulfils(void)
{
    switch (bus_wish(script_bus())) {
    case BUS_STAY: break;
    case BUS_DIAL:
        if (script.w.now >= bus_due(script_bus()))
            dials();
        break;
    case BUS_END: script.has_ended = true; /* fall through */
    case BUS_DROP:
        script_disconnects();
        bus_dropped(script_bus(), NULL);
        break;
    }
}

static void note_news(void)
{
    struct span news = bus_news(script_bus());
    if (news.len == 0)
        return;
    size_t len = bytes_min(news.len, sizeof script.news - 1);
    memcpy(script.news, news.ptr, len);
    script.news[len] = '\0';
    buffer_put(&script.told, news);
    buffer_string(&script.told, "\n");
}

static void turn(void)
{
    redis_runs();
    for (unsigned link = 0; link < BUS_LINKS; link++) {
        moves((enum bus_link)link);
        reads((enum bus_link)link);
    }
    store_wakes(bus_store(script_bus()));
    bus_turn(script_bus(), script.w.now, script.w.wall);
    store_sleep(bus_store(script_bus()));
    fulfils();
    note_news();
}

void script_turns(void)
{
    for (unsigned i = 0; i < TURNS && !script.has_ended; i++)
        turn();
}

void script_passes(uint64_t milliseconds)
{
    script_turns();
    while (milliseconds > 0 && !script.has_ended) {
        uint64_t step = bytes_min64(milliseconds, STEP);
        script.w.now += step;
        script.w.wall += step;
        milliseconds -= step;
        script_turns();
    }
}

bool script_is_here(void)
{
    return atom_get(&script_node()->keeper.board.bus->state) == BOARD_BUS_HERE;
}

/* ---- What happens -------------------------------------------------------- */

void script_instead(const char *first, const char *reply, unsigned times)
{
    struct script_instead *it = script.instead;
    while (it->times)
        it++;
    *it = (struct script_instead){.first = first, .times = times};
    struct text t = text_over(it->reply, sizeof it->reply);
    if (*reply != '=') {
        text_string(&t, reply);
    } else {
        text_byte(&t, '$');
        text_decimal(&t, strlen(++reply));
        text_string(&t, "\r\n");
        text_string(&t, reply);
        text_string(&t, "\r\n");
    }
    it->len = t.len;
}

static unsigned count_in(const struct buffer *in, const char *words)
{
    struct span all = buffer_span(in), one = bytes_of(words);
    unsigned count = 0;
    for (; all.len > 0 && all.len >= one.len; all = bytes_after(all, 1))
        count += bytes_begins(all, one);
    return count;
}

unsigned script_asked(const char *words)
{
    return count_in(&script.asked, words);
}

unsigned script_told(const char *what)
{
    return count_in(&script.told, what);
}

void script_forget(void)
{
    buffer_free(&script.asked);
}

void script_sees(enum bus_link link, struct span bytes)
{
    buffer_put(&script.down[link], bytes);
}

void script_cut(void)
{
    script_disconnects();
    bus_dropped(script_bus(), "the connection is lost");
}

void script_restarts(size_t lost)
{
    script_cut();
    redis_restart(script_redis(), lost);
    redis_release(script.other);
    script.other = redis_connect(script_redis());
    script.other->is_known = true;
}

/* ---- Another client ------------------------------------------------------ */

static void does(const struct span *words, uint32_t count)
{
    static uint8_t bytes[1 << 17];
    struct text out = text_over(bytes, sizeof bytes);
    struct resp_command c = resp_begin(&out, count);
    for (uint32_t i = 0; i < count; i++)
        resp_put(&c, words[i]);
    if (!resp_end(&c))
        abort();
    redis_send(script.other, text_span(&out));
    redis_runs();
    if (buffer_len(&script.other->out) == 0 ||
        buffer_span(&script.other->out).ptr[0] == '-')
        abort();
    buffer_take(&script.other->out, buffer_len(&script.other->out));
}

void script_adds(const char *room, const char *id, const char *field,
                 struct span value)
{
    struct buffer key = {0};
    buffer_string(&key, "chatd:r:");
    buffer_string(&key, room);
    struct span words[] = {BYTES_LITERAL("XADD"), buffer_span(&key),
                           bytes_of(id), bytes_of(field), value};
    does(words, 5);
    buffer_free(&key);
}

void script_rings(uint64_t node, const char *field, struct span value)
{
    uint8_t who[8];
    bytes_put64(who, node);
    struct span words[] = {BYTES_LITERAL("XADD"),
                           BYTES_LITERAL("chatd:bell"),
                           BYTES_LITERAL("*"),
                           BYTES_LITERAL("n"),
                           bytes_span(who, 8),
                           bytes_of(field),
                           value};
    does(words, 7);
    script_turns();
}

struct span script_entry(uint64_t number, const char *text)
{
    static uint8_t bytes[4096];
    struct entry e = {
        .node = SCRIPT_NODE, .number = number, .record = {.opcode = 1}};
    size_t len = strlen(text);
    entry_write(bytes, &e);
    memcpy(bytes + ENTRY_HEAD, text, len);
    return bytes_span(bytes, ENTRY_HEAD + len);
}

/* ---- Workers ------------------------------------------------------------- */

bool script_tries(uint32_t worker, const char *name, uint32_t *room)
{
    bool anew;
    return store_open(script_worker(worker), bytes_of(name), script.w.wall,
                      1000, room, &anew) == STORE_DONE;
}

uint32_t script_opens(uint32_t worker, const char *name)
{
    uint32_t room;
    for (unsigned i = 0; !script_tries(worker, name, &room); i++) {
        script_turns();
        if (i == 10)
            abort();
    }
    script_turns();
    return room;
}

void script_says(uint32_t worker, uint32_t room, const char *text)
{
    struct record r = {.opcode = 1, .tag = 7, .payload = bytes_of(text)};
    if (!store_may_propose(script_worker(worker), record_len(&r)))
        abort();
    store_propose(script_worker(worker), room, &r);
}

const char *script_hears(uint32_t worker, uint32_t room)
{
    static char text[4096];
    struct text t = text_over((uint8_t *)text, sizeof text - 1);
    struct record r;
    while (store_read(script_worker(worker), room, &r)) {
        if (t.len)
            text_byte(&t, ' ');
        text_put(&t, r.kind == RECORD_GAP    ? BYTES_LITERAL("(gap)")
                     : r.kind == RECORD_LOST ? BYTES_LITERAL("(lost)")
                                             : r.payload);
        store_pass(script_worker(worker), room);
    }
    text[t.len] = '\0';
    return text;
}

uint32_t script_elsewhere(uint32_t room)
{
    const struct store *s = &script_node()->keeper;
    return atom_get(&board_place(&s->board, room, store_bus(s))->members);
}
