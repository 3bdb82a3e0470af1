/* SPDX-License-Identifier: MIT */
#include "wire/explain_blocks.h"
#include "wire/close.h"

void explain_blocks_begin(struct explain_blocks *b, unsigned window_bits,
                          bool keeps, bool is_text, uint64_t limit)
{
    if (keeps && b->begun) {
        /* RFC 7692 7.2.2: the four bytes that were left out. The window is
           as it was, and a block can begin. */
        uint8_t nothing[1];
        struct span tail = BYTES_LITERAL("\x00\x00\xFF\xFF");
        struct text out = text_over(nothing, sizeof nothing);
        unsigned blocks = 0;
        if (inflate_before_stored_length(&b->reader.inflate))
            (void)permessage_read(&b->reader, &tail, &out, &blocks);
        b->reader.began = false;
    } else {
        permessage_begin(&b->reader, window_bits);
    }
    b->begun = true;
    b->utf8 = (struct utf8){0};
    b->is_text = is_text;
    b->row_len = 0;
    b->count = 0;
    b->taken = 0;
    b->inflated = 0;
    b->limit = limit;
}

/* ---- What comes out ------------------------------------------------------ */

/* Only the first rows are shown, and one with a fault in it. */
static void show_row(struct explain_blocks *b, struct sheet *s, bool always)
{
    bool shown = b->inflated <= EXPLAIN_BLOCKS_SHOWN || always;
    if (b->row_len > 0 && shown) {
        struct span row = bytes_span(b->row, b->row_len);
        sheet_row(s, bytes_span(NULL, 0), row);
    }
    b->row_len = 0;
}

static bool take_inflated(struct explain_blocks *b, uint8_t byte,
                          struct sheet *s, struct explain_fault *fault)
{
    b->row[b->row_len++] = byte;
    b->inflated++;
    if (b->inflated > b->limit) {
        *fault = (struct explain_fault){
            .rule = {"the message is too big",
                     "it inflates to more than --max-message", "10.4"},
            .code = CLOSE_TOO_BIG,
        };
        show_row(b, s, false);
        return false;
    }
    if (b->is_text && !utf8_take(&b->utf8, &byte, 1)) {
        *fault = (struct explain_fault){
            .rule = {"a text message is not UTF-8",
                     "the bytes of a text message MUST be UTF-8", "8.1"},
            .code = CLOSE_BAD_DATA,
            .column = SHEET_PLAIN_COLUMN + 3 * (b->row_len - (size_t)1),
        };
        show_row(b, s, true);
        return false;
    }
    if (b->row_len == SHEET_ROW)
        show_row(b, s, false);
    return true;
}

/* ---- Blocks -------------------------------------------------------------- */

/* The inflater stands before a block with its three header bits in hand. */
static void name_block(struct explain_blocks *b, struct sheet *s)
{
    static const char *const names[] = {
        ": stored as it is", ": the fixed codes", ": codes of its own",
        ": of the reserved type 3"};
    static const char *const sections[] = {"1951 3.2.4", "1951 3.2.6",
                                           "1951 3.2.7", "1951 3.2.3"};
    const struct bits *bits = &b->reader.inflate.bits;
    uint8_t bytes[120];
    struct text t = text_over(bytes, sizeof bytes);

    show_row(b, s, false);
    b->type = (uint8_t)(bits->hold >> 1 & 3);
    text_string(&t, "block ");
    text_decimal(&t, ++b->count);
    text_string(&t, ", bit ");
    text_decimal(&t, b->taken * 8 - bits->count);
    text_string(&t, names[b->type]);
    if (bits->hold & 1)
        text_string(&t, "; BFINAL");
    sheet_begin(s, SHEET_PLAIN);
    sheet_say(s, SHEET_SAY_COLUMN, text_span(&t), sections[b->type]);
}

static void note_number(struct sheet *s, const char *before, unsigned number,
                        const char *after)
{
    uint8_t bytes[120];
    struct text t = text_over(bytes, sizeof bytes - 1);
    text_string(&t, before);
    text_decimal(&t, number);
    text_string(&t, after);
    bytes[t.len] = '\0';
    sheet_note(s, (const char *)bytes, NULL);
}

/* What the byte before has told of the present block. */
static void note_progress(const struct explain_blocks *b, struct sheet *s,
                          enum inflate_state before)
{
    const struct inflate *z = &b->reader.inflate;
    if (z->state == INFLATE_AT_FAILED)
        return;
    if (before == INFLATE_AT_STORED_LENGTH && z->state != before)
        note_number(s, "LEN ", z->state == INFLATE_AT_STORED ? z->length : 0,
                    ", and NLEN its complement");
    if (before == INFLATE_AT_COUNTS && z->state != before) {
        note_number(s, "codes for ", z->literal_count, " literals and lengths");
        note_number(s, "and for ", z->distance_count, " distances");
    }
}

/* Go on with what was given, a block at most. */
static enum inflate_status run(struct explain_blocks *b, struct span *in,
                               struct sheet *s, unsigned blocks,
                               struct explain_fault *fault)
{
    uint8_t bytes[256];
    enum inflate_status status;
    do {
        struct text out = text_over(bytes, sizeof bytes);
        status = permessage_read(&b->reader, in, &out, &blocks);
        for (size_t i = 0; i < out.len; i++)
            if (!take_inflated(b, bytes[i], s, fault))
                return INFLATE_FAILED;
    } while (status == INFLATE_OUTPUT);
    if (status == INFLATE_FAILED) {
        enum inflate_failure why =
            (enum inflate_failure)b->reader.inflate.failure;
        *fault = (struct explain_fault){
            .rule = {inflate_reason(why),
                     "what cannot be inflated ends the connection", "1951 3.2"},
            .code = CLOSE_BAD_DATA,
        };
    }
    return status;
}

bool explain_blocks_take(struct explain_blocks *b, uint8_t byte,
                         struct sheet *s, struct explain_fault *fault)
{
    struct span in = bytes_span(&byte, 1);
    enum inflate_state before = (enum inflate_state)b->reader.inflate.state;
    b->taken++;
    if (b->inflated >= EXPLAIN_BLOCKS_MOST)
        return true;
    enum inflate_status status = run(b, &in, s, 0, fault);
    note_progress(b, s, before);
    while (status == INFLATE_PAUSED) {
        name_block(b, s);
        status = run(b, &in, s, 1, fault);
    }
    return status != INFLATE_FAILED;
}

bool explain_blocks_end(struct explain_blocks *b, struct sheet *s,
                        struct explain_fault *fault)
{
    show_row(b, s, false);
    if (b->inflated >= EXPLAIN_BLOCKS_MOST)
        return true;
    if (!permessage_whole(&b->reader)) {
        *fault = (struct explain_fault){
            .rule = {"not the end of a compressed message",
                     "its last block is stored and empty, and of that the last "
                     "four bytes, 00 00 FF FF, are left out",
                     "7692 7.2.1"},
            .code = CLOSE_BAD_DATA,
        };
        return false;
    }
    if (b->taken > 0)
        sheet_note(s, "of this block 00 00 FF FF was left out", "7692 7.2.1");
    if (!utf8_whole(&b->utf8)) {
        *fault = (struct explain_fault){
            .rule = {"a text message is not UTF-8",
                     "the text ends inside a character", "8.1"},
            .code = CLOSE_BAD_DATA,
        };
        return false;
    }
    return true;
}
