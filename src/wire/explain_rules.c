/* SPDX-License-Identifier: MIT */
#include "wire/explain_rules.h"

static const struct explain_fault no_fault = {.len = 0};

/* `len` bytes of the header, or of a row. */
static struct explain_fault broken(enum fault fault, size_t offset, size_t len)
{
    return (struct explain_fault){
        .rule = fault_rules[fault], .offset = offset, .len = len};
}

/* ---- The header ---------------------------------------------------------- */

/* Bytes of the extended length that are in the first row of 32 bits. */
static size_t length_len(const struct explain_frame *f)
{
    return (f->bytes[1] & FRAME_LENGTH_BITS) == 126 ? 2 : 4;
}

/* Payload bytes that the message has with this frame, against the limit; of a
   compressed one those count that come out of it. */
static struct explain_fault check_limit(const struct explain_frame *f)
{
    const struct frame_header *h = &f->header;
    bool continues = h->opcode == FRAME_CONTINUATION;
    bool compressed =
        continues ? f->compressed : (h->reserved & FRAME_RSV1) != 0;
    uint64_t before = continues ? f->message_len : 0;
    if (frame_is_control(h->opcode) || compressed ||
        (h->payload_length <= f->limit &&
         before <= f->limit - h->payload_length))
        return no_fault;
    if ((f->bytes[1] & FRAME_LENGTH_BITS) < 126)
        return broken(FAULT_TOO_BIG, 1, 1);
    return broken(FAULT_TOO_BIG, 2, length_len(f));
}

struct explain_fault explain_rules_header(const struct explain_frame *f,
                                          enum frame_step step)
{
    const struct frame_header *h = &f->header;
    bool deflate = f->deflate != EXPLAIN_DEFLATE_OFF;
    enum fault fault =
        message_check_start(h, f->bytes[1], deflate, f->opcode, f->by_client);
    switch (fault) {
    case FAULT_NONE: break;
    case FAULT_CONTROL_LONG:
    case FAULT_UNMASKED:
    case FAULT_MASKED: return broken(fault, 1, 1);
    case FAULT_RESERVED:
        if (deflate && h->reserved == FRAME_RSV1)
            fault = FAULT_RSV1_LATE;
        /* fall through */
    default: return broken(fault, 0, 1);
    }
    switch (step) {
    case FRAME_LONG: return broken(FAULT_LENGTH_LONG, 2, 1);
    case FRAME_WASTEFUL: return broken(FAULT_LENGTH_WASTEFUL, 2, length_len(f));
    case FRAME_DONE: return check_limit(f);
    case FRAME_MORE: break;
    }
    return no_fault;
}

/* ---- Payload ------------------------------------------------------------- */

/* Does the frame's payload end with this row? */
static bool ends_with(const struct explain_frame *f, struct span plain)
{
    return f->told + plain.len == f->header.payload_length;
}

/* How far a row can be UTF-8, from `at` on. */
static size_t utf8_len(struct utf8 *u, struct span plain, size_t at)
{
    while (at < plain.len && utf8_take(u, plain.ptr + at, 1))
        at++;
    return at;
}

static struct explain_fault check_close(struct explain_frame *f,
                                        struct span plain)
{
    size_t at = 0;
    if (f->told == 0) {
        if (plain.len < 2)
            return broken(FAULT_CLOSE_SHORT, 0, 1);
        f->code = bytes_get16(plain.ptr);
        if (!close_code_legal(f->code))
            return broken(FAULT_CLOSE_CODE, 0, 2);
        at = 2;
    }
    at = utf8_len(&f->reason, plain, at);
    if (at == plain.len && (!ends_with(f, plain) || utf8_whole(&f->reason)))
        return no_fault;
    return broken(FAULT_CLOSE_REASON, bytes_min(at, plain.len - 1), 1);
}

struct explain_fault explain_rules_text_end(const struct explain_frame *f)
{
    return utf8_whole(&f->utf8) ? no_fault : broken(FAULT_TEXT_CUT, 0, 1);
}

static struct explain_fault check_text(struct explain_frame *f,
                                       struct span plain)
{
    struct explain_fault fault = no_fault;
    size_t at = utf8_len(&f->utf8, plain, 0);
    if (at < plain.len)
        return broken(FAULT_TEXT, at, 1);
    if (f->header.fin && ends_with(f, plain))
        fault = explain_rules_text_end(f);
    fault.offset = plain.len - 1;
    return fault;
}

struct explain_fault explain_rules_row(struct explain_frame *f,
                                       struct span plain)
{
    if (f->header.opcode == FRAME_CLOSE)
        return check_close(f, plain);
    if (!frame_is_control(f->header.opcode) && f->opcode == FRAME_TEXT &&
        !f->compressed)
        return check_text(f, plain);
    return no_fault;
}
