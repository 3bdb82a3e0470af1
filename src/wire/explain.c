/* SPDX-License-Identifier: MIT */
#include "wire/explain.h"

#include "base/check.h"

static struct listing listing_of(const struct explain *e, struct text *out)
{
    return (struct listing){
        .out = out, .prefix = e->prefix, .colour = e->colour};
}

void explain_begin(struct explain *e, bool by_client, enum explain_phase phase)
{
    memset(e, 0, sizeof *e);
    e->phase = (uint8_t)phase;
    e->head.by_client = e->frame.by_client = by_client;
    e->head.compression = true;
    e->frame.limit = UINT64_MAX;
    e->agreed.client_bits = e->agreed.server_bits = EXTENSION_BITS_MAX;
    e->agreed.client_keeps = e->agreed.server_keeps = true;
}

/* What was agreed counts from the next message on. */
static void apply(struct explain *e)
{
    bool by_client = e->frame.by_client;
    const struct explain_agreed *a = &e->agreed;
    if (e->frame.opcode != 0)
        return;
    e->frame.deflate = a->deflate;
    e->frame.window_bits = by_client ? a->client_bits : a->server_bits;
    e->frame.keeps_window = by_client ? a->client_keeps : a->server_keeps;
}

static bool run_head(struct explain *e, struct span *in, struct listing *l)
{
    if (!e->head.scanned) {
        size_t len = in->len;
        if (len == 0)
            return false;
        bool whole = explain_head_take(&e->head, in);
        e->at += len - in->len;
        if (!whole)
            return false;
    }
    switch (explain_head_tell(&e->head, &e->agreed, l)) {
    case EXPLAIN_HEAD_UNFINISHED: break;
    case EXPLAIN_HEAD_FRAMES: e->phase = EXPLAIN_FRAMES; break;
    case EXPLAIN_HEAD_BODY: e->phase = EXPLAIN_BODY; break;
    case EXPLAIN_HEAD_WRONG: e->wrong = e->head.wrong;
    /* fall through */
    case EXPLAIN_HEAD_ENDED: e->phase = EXPLAIN_OVER; break;
    }
    return true;
}

static void conclude(struct explain *e, enum explain_frame_step step)
{
    if (step == EXPLAIN_FRAME_CLOSED || step == EXPLAIN_FRAME_WRONG)
        e->phase = EXPLAIN_OVER;
    e->wrong = e->frame.wrong;
}

static bool run_frames(struct explain *e, struct span *in, struct listing *l)
{
    size_t len = in->len;
    apply(e);
    enum explain_frame_step step = explain_frame_take(&e->frame, in, e->at, l);
    e->at += len - in->len;
    conclude(e, step);
    return step != EXPLAIN_FRAME_MORE;
}

static bool pass(struct explain *e, struct span *in)
{
    uint64_t left = e->phase == EXPLAIN_BODY ? e->head.body_left : UINT64_MAX;
    size_t len = (size_t)bytes_min64(left, in->len);
    *in = bytes_after(*in, len);
    explain_skip(e, len);
    return in->len > 0;
}

bool explain_run(struct explain *e, struct span *in, struct text *out)
{
    struct listing l = listing_of(e, out);
    while (out->size - out->len >= EXPLAIN_STEP) {
        bool more = false;
        switch ((enum explain_phase)e->phase) {
        case EXPLAIN_HEAD: more = run_head(e, in, &l); break;
        case EXPLAIN_FRAMES: more = run_frames(e, in, &l); break;
        case EXPLAIN_BODY:
        case EXPLAIN_OVER: more = pass(e, in); break;
        }
        CHECK(!out->overflow);
        if (!more)
            return false;
    }
    return true;
}

void explain_settle(struct explain *e, struct text *out)
{
    struct listing l = listing_of(e, out);
    if (e->phase == EXPLAIN_FRAMES)
        conclude(e, explain_frame_settle(&e->frame, &l));
}

void explain_skip(struct explain *e, uint64_t len)
{
    e->at += len;
    if (e->phase == EXPLAIN_OVER)
        e->ignored += len;
    if (e->phase != EXPLAIN_BODY)
        return;
    if (e->head.body_left != UINT64_MAX)
        e->head.body_left -= bytes_min64(len, e->head.body_left);
    if (e->head.body_left == 0) {
        e->phase = EXPLAIN_HEAD;
        explain_head_begin(&e->head, e->at);
    }
}

void explain_learn(struct explain *e, const struct explain *other)
{
    struct explain_agreed *a = &e->agreed;
    const struct explain_agreed *b = &other->agreed;
    if (!e->head.by_client) {
        a->without_body = b->without_body;
        a->asked = b->asked;
        memcpy(a->accept, b->accept, sizeof a->accept);
        return;
    }
    /* Only an answer to the last request says anything about what follows. */
    if (!a->asked || b->responses < a->requests)
        return;
    a->deflate = b->deflate;
    a->client_bits = b->client_bits;
    a->client_keeps = b->client_keeps;
    if (b->status != 101)
        e->phase = EXPLAIN_OVER; /* refused: nothing behind it is looked at */
}

static void tell_ignored(const struct explain *e, struct listing *l)
{
    struct text *t = listing_phrase(l, "");
    listing_count(t, e->ignored, "byte");
    text_string(t, " behind the end, not looked at");
    listing_title(l, text_span(t), e->at - e->ignored);
}

enum explain_verdict explain_end(struct explain *e, struct text *out)
{
    struct listing l = listing_of(e, out);
    explain_settle(e, out);
    if (e->ignored > 0)
        tell_ignored(e, &l);
    if (e->wrong.what)
        return EXPLAIN_WRONG;
    if (e->phase == EXPLAIN_HEAD && e->head.scan.pos > 0) {
        explain_head_cut(&e->head, &l);
        return EXPLAIN_UNFINISHED;
    }
    if (e->phase == EXPLAIN_FRAMES && !explain_frame_at_rest(&e->frame)) {
        explain_frame_cut(&e->frame, &l);
        return EXPLAIN_UNFINISHED;
    }
    return EXPLAIN_LEGAL;
}
