/* SPDX-License-Identifier: MIT */
#include "wire/explain_rules.h"

#include "wire/close.h"

static struct explain_fault no_fault(void)
{
    return (struct explain_fault){.code = 0};
}

/* A byte of the header, which stands first in its line. */
static struct explain_fault broken(size_t byte, const char *what,
                                   const char *rule, const char *section)
{
    return (struct explain_fault){.rule = {what, rule, section},
                                  .code = CLOSE_PROTOCOL_ERROR,
                                  .offset = byte,
                                  .len = 1,
                                  .column = LISTING_BYTES_COLUMN};
}

/* ---- The first two bytes, in the order of message.c ---------------------- */

/* RFC 7692 6: RSV1, on the first frame of a message. */
uint8_t explain_rules_reserved(const struct explain_frame *f)
{
    bool begins =
        f->header.opcode == FRAME_TEXT || f->header.opcode == FRAME_BINARY;
    return begins && f->deflate != EXPLAIN_DEFLATE_OFF ? FRAME_RSV1 : 0;
}

bool explain_rules_opcode_known(uint8_t opcode)
{
    return opcode <= FRAME_BINARY ||
           (opcode >= FRAME_CLOSE && opcode <= FRAME_PONG);
}

static struct explain_fault check_reserved(const struct explain_frame *f)
{
    static const char what[] = "a reserved bit is set";
    uint8_t illegal = f->header.reserved & (uint8_t)~explain_rules_reserved(f);
    if (illegal == 0)
        return no_fault();
    if (illegal == FRAME_RSV1 && f->deflate != EXPLAIN_DEFLATE_OFF)
        return broken(0, what,
                      "RSV1 may be set on a message's first frame only",
                      "7692 6.1");
    return broken(0, what,
                  "MUST be 0 unless an extension is negotiated that defines "
                  "it",
                  "5.2");
}

static struct explain_fault check_opcode(const struct explain_frame *f)
{
    const struct frame_header *h = &f->header;
    bool control = frame_is_control(h->opcode);
    if (!explain_rules_opcode_known(h->opcode))
        return broken(0, "unknown opcode",
                      "who receives one MUST fail the connection", "5.2");
    if (control && !h->fin)
        return broken(0, "a control frame is fragmented",
                      "control frames MUST NOT be fragmented", "5.5");
    if (control && (f->bytes[1] & FRAME_LENGTH_BITS) > FRAME_CONTROL_MAX)
        return broken(1, "a control frame is longer than 125 bytes",
                      "MUST have a payload length of 125 bytes or less", "5.5");
    return no_fault();
}

static struct explain_fault check_mask(const struct explain_frame *f)
{
    if (f->by_client && !f->header.masked)
        return broken(1, "a frame is not masked",
                      "a client MUST mask all frames it sends", "5.1");
    if (!f->by_client && f->header.masked)
        return broken(1, "a server's frame is masked",
                      "a server MUST NOT mask any frame", "5.1");
    return no_fault();
}

static struct explain_fault check_order(const struct explain_frame *f)
{
    uint8_t opcode = f->header.opcode;
    if (opcode == FRAME_CONTINUATION && f->opcode == 0)
        return broken(0, "a continuation without a message",
                      "no fragmented message was begun that it could continue",
                      "5.4");
    if (opcode != FRAME_CONTINUATION && !frame_is_control(opcode) &&
        f->opcode != 0)
        return broken(0, "a new message inside an unfinished one",
                      "the fragments of one message MUST NOT be interleaved "
                      "with those of another",
                      "5.4");
    return no_fault();
}

/* ---- The length ---------------------------------------------------------- */

static struct explain_fault check_length(const struct explain_frame *f,
                                         enum frame_step step)
{
    struct explain_fault fault = no_fault();
    if (step == FRAME_LONG)
        fault = broken(2, "the top bit of a payload length is set",
                       "the most significant bit MUST be 0", "5.2");
    if (step == FRAME_WASTEFUL) {
        fault = broken(2, "a payload length is not in its shortest form",
                       "the minimal number of bytes MUST be used", "5.2");
        fault.len = (f->bytes[1] & FRAME_LENGTH_BITS) == 126 ? 2 : 4;
    }
    return fault;
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
        return no_fault();
    struct explain_fault fault =
        broken(1, "the message is too big",
               "an endpoint may bound what it takes: --max-message", "10.4");
    fault.code = CLOSE_TOO_BIG;
    if (h->header_len > 6) { /* masked; 6 is without an extended length */
        fault.offset = 2;
        fault.len = h->header_len == 8 ? 2 : 4;
    }
    return fault;
}

struct explain_fault explain_rules_header(const struct explain_frame *f,
                                          enum frame_step step)
{
    struct explain_fault fault = check_reserved(f);
    if (!fault.rule.what)
        fault = check_opcode(f);
    if (!fault.rule.what)
        fault = check_mask(f);
    if (!fault.rule.what)
        fault = check_order(f);
    if (!fault.rule.what)
        fault = check_length(f, step);
    if (!fault.rule.what && step == FRAME_DONE)
        fault = check_limit(f);
    return fault;
}

/* ---- Payload ------------------------------------------------------------- */

/* A byte, or some, of the row. */
static struct explain_fault spoiled(unsigned code, const char *what,
                                    const char *rule, const char *section)
{
    return (struct explain_fault){
        .rule = {what, rule, section}, .code = code, .len = 1};
}

/* Does the frame's payload end with this row? */
static bool ends_with(const struct explain_frame *f, struct span plain)
{
    return f->told + plain.len == f->header.payload_length;
}

static struct explain_fault check_code(struct explain_frame *f,
                                       struct span plain)
{
    static const char what[] = "a Close frame without a legal close code";
    if (plain.len < 2)
        return spoiled(CLOSE_PROTOCOL_ERROR, what,
                       "a payload begins with the code, two bytes", "5.5.1");
    f->code = bytes_get16(plain.ptr);
    if (close_code_legal(f->code))
        return no_fault();
    struct explain_fault fault = spoiled(CLOSE_PROTOCOL_ERROR, what,
                                         "this code MUST NOT be sent", "7.4");
    fault.len = 2;
    return fault;
}

static struct explain_fault check_close(struct explain_frame *f,
                                        struct span plain)
{
    struct explain_fault fault = no_fault();
    size_t at = f->told == 0 ? 2 : 0;
    if (f->told == 0)
        fault = check_code(f, plain);
    if (fault.rule.what)
        return fault;
    while (at < plain.len && utf8_take(&f->reason, plain.ptr + at, 1))
        at++;
    if (at == plain.len && (!ends_with(f, plain) || utf8_whole(&f->reason)))
        return fault;
    fault = spoiled(CLOSE_BAD_DATA, "a close reason is not UTF-8",
                    "behind the code stands UTF-8 text", "5.5.1");
    fault.offset = bytes_min(at, plain.len - 1);
    return fault;
}

struct explain_fault explain_rules_text_end(const struct explain_frame *f)
{
    if (utf8_whole(&f->utf8))
        return no_fault();
    return spoiled(CLOSE_BAD_DATA, "a text message is not UTF-8",
                   "the text ends inside a character", "8.1");
}

static struct explain_fault check_text(struct explain_frame *f,
                                       struct span plain)
{
    struct explain_fault fault = no_fault();
    size_t at = 0;
    while (at < plain.len && utf8_take(&f->utf8, plain.ptr + at, 1))
        at++;
    if (at < plain.len)
        fault = spoiled(CLOSE_BAD_DATA, "a text message is not UTF-8",
                        "the bytes of a text message MUST be UTF-8", "8.1");
    else if (f->header.fin && ends_with(f, plain))
        fault = explain_rules_text_end(f);
    fault.offset = bytes_min(at, plain.len - 1);
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
    return no_fault();
}
