/* SPDX-License-Identifier: MIT */
#include "wire/explain_frame.h"

/* ---- Names -------------------------------------------------------------- */

static const char *opcode_name(uint8_t opcode)
{
    switch (opcode) {
    case FRAME_CONTINUATION: return "continuation";
    case FRAME_TEXT: return "text";
    case FRAME_BINARY: return "binary";
    case FRAME_CLOSE: return "close";
    case FRAME_PING: return "ping";
    case FRAME_PONG: return "pong";
    default: return "reserved";
    }
}

/* Of a legal code: RFC 6455 7.4.1 and 7.4.2, and the IANA registry. */
static const char *code_meaning(unsigned code)
{
    switch (code) {
    case 1000: return "normal closure";
    case 1001: return "going away";
    case 1002: return "protocol error";
    case 1003: return "a kind of data it cannot accept";
    case 1007: return "data that does not fit the message's type";
    case 1008: return "against the server's policy";
    case 1009: return "message too big";
    case 1010: return "an extension is missing";
    case 1011: return "unexpected condition";
    case 1012: return "service restart";
    case 1013: return "try again later";
    case 1014: return "bad gateway";
    default: break;
    }
    return code < 4000 ? "registered with IANA by a library or framework"
                       : "private use";
}

/* Mark what is wrong below the line that was written last. `start` is the
   stream offset of the header, or of the row. */
static void tell_wrong(struct explain_frame *f, struct listing *l,
                       const struct explain_fault *fault, uint64_t start)
{
    struct text *t = listing_phrase(l, f->by_client ? "chatd closes with "
                                                    : "a client closes with ");
    size_t column = fault->column;
    if (column == 0)
        column = LISTING_BYTES_COLUMN + 3 * fault->offset;
    text_decimal(t, fault->rule.answer);
    text_string(t, " and reads no further");
    listing_wrong(l, column, 3 * fault->len - 1, start + fault->offset,
                  &fault->rule, text_span(t));
    f->wrong = fault->rule;
}

/* ---- Telling the header -------------------------------------------------- */

static void put_title(const struct explain_frame *f, bool whole,
                      struct listing *l)
{
    const struct frame_header *h = &f->header;
    struct text *t = listing_phrase(l, opcode_name(h->opcode));
    text_string(t, " frame");
    if (whole) {
        text_string(t, ", ");
        listing_count(t, h->payload_length, "byte");
        text_string(t, h->masked ? ", masked" : "");
    }
    listing_title(l, text_span(t), f->at);
}

static void tell_fin(const struct explain_frame *f, struct listing *l)
{
    const struct frame_header *h = &f->header;
    const char *words;
    if (frame_is_control(h->opcode))
        words = h->fin ? "FIN 1: a control frame is whole" : "FIN 0";
    else if (h->opcode == FRAME_CONTINUATION)
        words = h->fin ? "FIN 1: the last fragment of its message"
                       : "FIN 0: more fragments follow";
    else
        words = h->fin ? "FIN 1: the whole message is in this frame"
                       : "FIN 0: the first fragment; more follow";
    listing_field(l, bytes_span(f->bytes, 1), FRAME_FIN, bytes_of(words),
                  "5.4");
}

static void tell_reserved(const struct explain_frame *f, struct listing *l)
{
    uint8_t first = f->bytes[0];
    struct text *t = listing_phrase(l, "RSV1 ");
    text_byte(t, first & FRAME_RSV1 ? '1' : '0');
    text_string(t, ", RSV2 ");
    text_byte(t, first & FRAME_RSV2 ? '1' : '0');
    text_string(t, ", RSV3 ");
    text_byte(t, first & FRAME_RSV3 ? '1' : '0');
    bool agreed = f->deflate != EXPLAIN_DEFLATE_OFF;
    bool compressed = first & message_legal_bits(agreed, f->header.opcode);
    if (compressed && f->deflate == EXPLAIN_DEFLATE_UNKNOWN)
        text_string(t, ": compressed, if agreed");
    else if (compressed)
        text_string(t, ": compressed message");
    listing_field(l, bytes_span(f->bytes, 1),
                  FRAME_RSV1 | FRAME_RSV2 | FRAME_RSV3, text_span(t),
                  compressed ? "7692 6" : "5.2");
}

static void tell_opcode(const struct explain_frame *f, struct listing *l)
{
    uint8_t opcode = f->header.opcode;
    const char *section = opcode == FRAME_CONTINUATION ? "5.4"
                          : frame_is_control(opcode)   ? "5.5"
                                                       : "5.6";
    struct text *t = listing_phrase(l, "opcode ");
    text_byte(t, (uint8_t) "0123456789ABCDEF"[opcode]);
    text_string(t, ": ");
    text_string(t, opcode_name(opcode));
    if (opcode == FRAME_CONTINUATION && f->opcode != 0) {
        text_string(t, " of a ");
        text_string(t, opcode_name(f->opcode));
        text_string(t, " message");
    }
    if (frame_is_control(opcode) && frame_opcode_known(opcode) &&
        f->opcode != 0)
        text_string(t, ", between the fragments of a message");
    listing_field(l, bytes_span(f->bytes, 1), FRAME_OPCODE_BITS, text_span(t),
                  frame_opcode_known(opcode) ? section : "5.2");
}

static void tell_second(const struct explain_frame *f, struct listing *l)
{
    uint8_t second = f->bytes[1], bits = second & FRAME_LENGTH_BITS;
    const char *mask = f->header.masked ? "MASK 1: a masking key follows"
                                        : "MASK 0: the payload is as it is";
    listing_field(l, bytes_span(&second, 1), FRAME_MASK, bytes_of(mask), "5.1");
    struct text *t = listing_phrase(l, "payload length ");
    text_decimal(t, bits);
    text_string(t, bits == 126   ? ": it is in the next 16 bits"
                   : bits == 127 ? ": it is in the next 64 bits"
                                 : "");
    listing_field(l, bytes_span(&second, 1), FRAME_LENGTH_BITS, text_span(t),
                  "5.2");
}

/* Behind the line of the header's byte with this number. True when that is
   where it is wrong. */
static bool mark(struct explain_frame *f, struct listing *l,
                 const struct explain_fault *fault, size_t byte)
{
    struct explain_fault here = *fault;
    if (!here.rule.what || here.offset != byte)
        return false;
    here.column = LISTING_BYTES_COLUMN; /* it stands first in its line */
    tell_wrong(f, l, &here, f->at);
    return true;
}

/* The extended length, in the RFC's 32-bit rows. The rules for it are broken
   in its first bytes: the mark is below these. */
static void tell_extended(struct explain_frame *f,
                          const struct explain_fault *fault, struct listing *l)
{
    uint8_t bits = f->bytes[1] & FRAME_LENGTH_BITS;
    const uint8_t *at = f->bytes + 2;
    bool is_short = bits == 126;
    struct text *t = listing_phrase(l, "payload length ");
    if (bits < 126)
        return;
    text_decimal(t, is_short ? bytes_get16(at) : bytes_get64(at));
    text_string(t, is_short ? ", in 16 bits" : ", in 64 bits");
    listing_field(l, bytes_span(at, is_short ? 2 : 4), 0, text_span(t), "5.2");
    if (!mark(f, l, fault, 2) && !is_short)
        listing_field(l, bytes_span(at + 4, 4), 0,
                      BYTES_LITERAL("its lower half"), "5.2");
}

static void tell_key(const struct explain_frame *f, struct listing *l)
{
    if (f->header.masked)
        listing_field(l, bytes_span(f->header.masking_key, 4), 0,
                      BYTES_LITERAL("masking key: for payload byte i its byte "
                                    "i mod 4"),
                      "5.3");
}

/* All of the header, or all up to the byte that is wrong. */
static void tell_header(struct explain_frame *f, bool whole,
                        const struct explain_fault *fault, struct listing *l)
{
    put_title(f, whole, l);
    tell_fin(f, l);
    tell_reserved(f, l);
    tell_opcode(f, l);
    if (mark(f, l, fault, 0))
        return;
    tell_second(f, l);
    if (mark(f, l, fault, 1))
        return;
    tell_extended(f, fault, l);
    if (!fault->rule.what)
        tell_key(f, l);
}

/* ---- What a frame comes to ----------------------------------------------- */

static void tell_close(const struct explain_frame *f, struct listing *l)
{
    struct text *t = listing_phrase(l, "= close");
    if (f->code == CLOSE_NO_STATUS) {
        text_string(t, " without a code");
    } else {
        text_byte(t, ' ');
        text_decimal(t, f->code);
        text_string(t, ": ");
        text_string(t, code_meaning(f->code));
    }
    text_string(t, f->by_client ? "; chatd answers with a Close, if it sent "
                                  "none, and ends the connection"
                                : "; the client answers with a Close, if it "
                                  "sent none");
    listing_result(l, text_span(t), "5.5.1");
}

static void tell_message(const struct explain_frame *f, struct listing *l)
{
    struct text *t = listing_phrase(l, f->header.fin ? "= a " : "= so far: a ");
    uint64_t len = f->message_len;
    text_string(t, opcode_name(f->opcode));
    text_string(t, " message of ");
    listing_count(t, len, "byte");
    if (f->frames > 1) {
        text_string(t, " in ");
        listing_count(t, f->frames, "frame");
    }
    if (f->compressed) {
        text_string(t, ", inflated ");
        text_decimal(t, f->blocks.inflated);
    }
    listing_result(l, text_span(t), f->compressed ? "7692 7.2.2" : "5.6");
}

static void tell_result(const struct explain_frame *f, struct listing *l)
{
    const char *other = f->by_client ? "chatd" : "the client";
    struct text *t = listing_phrase(l, "= ");
    switch (f->header.opcode) {
    case FRAME_PING:
        text_string(t, other);
        text_string(t, " answers with a pong of the same payload");
        listing_result(l, text_span(t), "5.5.2");
        break;
    case FRAME_PONG:
        text_string(t, "a sign of life; no answer is due");
        listing_result(l, text_span(t), "5.5.3");
        break;
    case FRAME_CLOSE: tell_close(f, l); break;
    default: tell_message(f, l); break;
    }
}

/* Is its payload for nobody who reads this? */
static bool is_secret(const struct explain_frame *f)
{
    return f->hides && !frame_is_control(f->header.opcode);
}

static void tell_hidden(struct explain_frame *f, struct listing *l)
{
    if (f->hidden == 0)
        return;
    struct text *t = listing_phrase(l, is_secret(f) ? "(not shown: " : "... ");
    listing_count(t, f->hidden, "byte");
    text_string(t, is_secret(f) ? " that may hold a token)" : " more");
    listing_begin(l, LISTING_PLAIN);
    listing_wrap(l, LISTING_BYTES_COLUMN, text_span(t), NULL);
    f->hidden = 0;
}

/* The last fragment may be empty and still leave a character, or a block,
   unfinished: then its header's last byte is the one at fault. */
static bool empty_end_is_legal(struct explain_frame *f, struct listing *l)
{
    struct explain_fault fault = {.len = 0};
    size_t len = l->out->len;
    if (frame_is_control(f->header.opcode) || !f->header.fin ||
        f->header.payload_length > 0)
        return true;
    if (f->compressed)
        (void)explain_blocks_end(&f->blocks, l, &fault);
    else if (f->opcode == FRAME_TEXT)
        fault = explain_rules_text_end(f);
    if (is_secret(f))
        l->out->len = len;
    if (!fault.rule.what)
        return true;
    fault.offset = f->header.header_len - (size_t)1;
    fault.len = 1;
    fault.column = LISTING_BYTES_COLUMN + (f->header.masked ? 9 : 0);
    tell_wrong(f, l, &fault, f->at);
    return false;
}

static enum explain_frame_step end_frame(struct explain_frame *f,
                                         struct listing *l)
{
    tell_hidden(f, l);
    if (!empty_end_is_legal(f, l))
        return EXPLAIN_FRAME_WRONG;
    if (!frame_is_control(f->header.opcode))
        f->message_len += f->header.payload_length;
    tell_result(f, l);
    if (f->header.fin && !frame_is_control(f->header.opcode))
        f->opcode = 0;
    f->in_payload = false;
    f->have = 0;
    return f->header.opcode == FRAME_CLOSE ? EXPLAIN_FRAME_CLOSED
                                           : EXPLAIN_FRAME_ON;
}

/* ---- The header's state -------------------------------------------------- */

static void begin_payload(struct explain_frame *f)
{
    const struct frame_header *h = &f->header;
    f->in_payload = true;
    f->told = 0;
    f->control_len = 0;
    f->code = CLOSE_NO_STATUS;
    if (frame_is_control(h->opcode))
        return;
    if (h->opcode != FRAME_CONTINUATION) {
        f->opcode = h->opcode;
        f->compressed = (h->reserved & FRAME_RSV1) != 0;
        f->message_len = 0;
        f->frames = 0;
        f->utf8 = (struct utf8){0};
        if (f->compressed)
            explain_blocks_begin(&f->blocks, f->window_bits, f->keeps_window,
                                 h->opcode == FRAME_TEXT, f->limit);
    }
    f->frames++;
}

/* A byte of the header more: is it whole, or wrong already? */
static enum explain_frame_step take_header(struct explain_frame *f,
                                           struct span *in, uint64_t at,
                                           struct listing *l)
{
    enum frame_step step = FRAME_MORE;
    struct explain_fault fault = {.len = 0};
    if (f->have == 0)
        f->at = at;
    while (in->len > 0 && step == FRAME_MORE && !fault.rule.what) {
        f->bytes[f->have++] = in->ptr[0];
        *in = bytes_after(*in, 1);
        step = frame_read(&f->header, f->bytes, f->have);
        if (f->have >= 2)
            fault = explain_rules_header(f, step);
    }
    if (!fault.rule.what && step == FRAME_MORE)
        return EXPLAIN_FRAME_MORE;
    tell_header(f, step == FRAME_DONE, &fault, l);
    if (fault.rule.what)
        return EXPLAIN_FRAME_WRONG;
    begin_payload(f);
    return f->header.payload_length == 0 ? end_frame(f, l) : EXPLAIN_FRAME_ON;
}

/* ---- Payload ------------------------------------------------------------- */

static void show_row(struct explain_frame *f, struct listing *l,
                     struct span plain)
{
    tell_hidden(f, l);
    if (is_secret(f)) { /* for the mark below it */
        listing_begin(l, LISTING_PLAIN);
        listing_column(l, LISTING_BYTES_COLUMN);
        for (size_t i = 0; i < f->row_len; i++)
            text_string(l->out, i ? " .." : "..");
        listing_end(l);
        return;
    }
    listing_row(l, bytes_span(f->row, f->row_len),
                f->header.masked ? plain : bytes_span(NULL, 0));
}

/* The row as it was before masking, in `bytes`. The key is 0 where there is
   none. */
static struct span unmask_row(const struct explain_frame *f,
                              uint8_t bytes[LISTING_ROW])
{
    memcpy(bytes, f->row, f->row_len);
    frame_mask(bytes, f->row_len, f->header.masking_key, f->told);
    return bytes_span(bytes, f->row_len);
}

/* The bytes of a compressed row, one by one. False when one is wrong. */
static bool tell_blocks(struct explain_frame *f, struct listing *l,
                        struct span plain)
{
    size_t len = l->out->len, i = 0;
    struct explain_fault fault;
    bool last =
        f->header.fin && f->told + plain.len == f->header.payload_length;
    while (i < plain.len &&
           explain_blocks_take(&f->blocks, plain.ptr[i], l, &fault))
        i++;
    bool good =
        i == plain.len && (!last || explain_blocks_end(&f->blocks, l, &fault));
    if (is_secret(f)) /* what was told of it shows it */
        l->out->len = len;
    if (good)
        return true;
    if (is_secret(f))
        fault.column = 0;
    fault.offset = bytes_min(i, plain.len - 1);
    fault.len = 1;
    if (fault.column == 0 &&
        (l->out->len > len || f->told >= EXPLAIN_FRAME_SHOWN || is_secret(f)))
        show_row(f, l, plain); /* once more, for the mark below it */
    tell_wrong(f, l, &fault, f->at + f->header.header_len + f->told);
    return false;
}

/* A row is there: unmask it, look at it, show it. */
static enum explain_frame_step tell_row(struct explain_frame *f,
                                        struct listing *l)
{
    uint8_t bytes[LISTING_ROW];
    struct span plain = unmask_row(f, bytes);
    struct explain_fault fault = explain_rules_row(f, plain);
    bool shown =
        (f->told < EXPLAIN_FRAME_SHOWN && !is_secret(f)) || fault.rule.what;
    if (shown)
        show_row(f, l, plain);
    if (fault.rule.what) {
        tell_wrong(f, l, &fault, f->at + f->header.header_len + f->told);
        return EXPLAIN_FRAME_WRONG;
    }
    if (!frame_is_control(f->header.opcode) && f->compressed &&
        !tell_blocks(f, l, plain))
        return EXPLAIN_FRAME_WRONG;
    if (!shown)
        f->hidden += f->row_len;
    f->told += f->row_len;
    f->row_len = 0;
    return f->told == f->header.payload_length ? end_frame(f, l)
                                               : EXPLAIN_FRAME_ON;
}

static enum explain_frame_step take_payload(struct explain_frame *f,
                                            struct span *in, struct listing *l)
{
    uint64_t left = f->header.payload_length - f->told - f->row_len;
    size_t len = (size_t)bytes_min64(left, LISTING_ROW - (size_t)f->row_len);
    len = bytes_min(len, in->len);
    memcpy(f->row + f->row_len, in->ptr, len);
    *in = bytes_after(*in, len);
    f->row_len = (uint8_t)(f->row_len + len);
    if (f->row_len < LISTING_ROW && len < left)
        return EXPLAIN_FRAME_MORE;
    return tell_row(f, l);
}

/* The next row of a control frame. */
static void next_control_row(struct explain_frame *f)
{
    size_t at = (size_t)f->told;
    f->row_len = (uint8_t)bytes_min(f->control_len - at, LISTING_ROW);
    memcpy(f->row, f->control + at, f->row_len);
}

/* A control frame is told once it is whole: before that nobody acts on it
   (message.h), whatever its first bytes say. */
static enum explain_frame_step take_control(struct explain_frame *f,
                                            struct span *in, struct listing *l)
{
    size_t left = (size_t)f->header.payload_length - f->control_len;
    size_t len = bytes_min(left, in->len);
    memcpy(f->control + f->control_len, in->ptr, len);
    *in = bytes_after(*in, len);
    f->control_len = (uint8_t)(f->control_len + len);
    if (len < left)
        return EXPLAIN_FRAME_MORE;
    enum explain_frame_step step = EXPLAIN_FRAME_ON;
    while (step == EXPLAIN_FRAME_ON && f->in_payload) {
        next_control_row(f);
        step = tell_row(f, l);
    }
    return step;
}

enum explain_frame_step explain_frame_take(struct explain_frame *f,
                                           struct span *in, uint64_t at,
                                           struct listing *l)
{
    if (in->len == 0)
        return EXPLAIN_FRAME_MORE;
    if (!f->in_payload)
        return take_header(f, in, at, l);
    return frame_is_control(f->header.opcode) ? take_control(f, in, l)
                                              : take_payload(f, in, l);
}

enum explain_frame_step explain_frame_settle(struct explain_frame *f,
                                             struct listing *l)
{
    /* Only data is gathered in rows. */
    bool waits = f->in_payload && f->row_len > 0;
    return waits ? tell_row(f, l) : EXPLAIN_FRAME_MORE;
}

bool explain_frame_at_rest(const struct explain_frame *f)
{
    return f->have == 0; /* the header's bytes stay until its frame ends */
}

void explain_frame_cut(struct explain_frame *f, struct listing *l)
{
    uint8_t bytes[LISTING_ROW];
    if (!f->in_payload) {
        listing_title(l, bytes_of("a frame's header"), f->at);
        listing_row(l, bytes_span(f->bytes, bytes_min(f->have, LISTING_ROW)),
                    bytes_span(NULL, 0));
        listing_result(l,
                       bytes_of("= the input ends inside a frame: its header "
                                "is not whole"),
                       NULL);
        return;
    }
    /* Of data all rows are told (explain_settle); of a control frame none. */
    uint64_t there = f->told + f->control_len;
    for (; f->told < f->control_len; f->told += f->row_len) {
        next_control_row(f);
        show_row(f, l, unmask_row(f, bytes));
    }
    tell_hidden(f, l);
    struct text *t = listing_phrase(l, "= the input ends inside a frame: ");
    listing_count(t, f->header.payload_length - there, "byte");
    text_string(t, " of payload to come");
    listing_result(l, text_span(t), NULL);
}
