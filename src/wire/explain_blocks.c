/* SPDX-License-Identifier: MIT */
#include "wire/explain_blocks.h"

/* Answers false, as those do who find it. */
static bool spoil(struct explain_fault *fault, enum fault name)
{
    *fault = (struct explain_fault){.rule = fault_rules[name]};
    return false;
}

void explain_blocks_begin(struct explain_blocks *b, unsigned window_bits,
                          bool keeps, bool is_text, uint64_t limit)
{
    if (keeps && b->begun)
        permessage_go_on(&b->reader);
    else
        permessage_begin(&b->reader, window_bits);
    b->begun = true;
    b->utf8 = (struct utf8){0};
    b->is_text = is_text;
    b->count = 0;
    b->taken = 0;
    b->inflated = 0;
    b->limit = limit;
}

/* ---- What comes out ------------------------------------------------------ */

/* Only the first rows are shown, and one with a fault in it. */
static void show_row(struct explain_blocks *b, struct listing *l, bool always)
{
    bool shown = b->inflated <= EXPLAIN_BLOCKS_SHOWN || always;
    if (b->row_len > 0 && shown) {
        struct span row = bytes_span(b->row, b->row_len);
        listing_row(l, bytes_span(NULL, 0), row);
    }
    b->row_len = 0;
}

static bool take_inflated(struct explain_blocks *b, uint8_t byte,
                          struct listing *l, struct explain_fault *fault)
{
    b->row[b->row_len++] = byte;
    b->inflated++;
    if (b->inflated > b->limit) {
        show_row(b, l, false);
        return spoil(fault, FAULT_INFLATED_TOO_BIG);
    }
    if (b->is_text && !utf8_take(&b->utf8, &byte, 1)) {
        (void)spoil(fault, FAULT_TEXT);
        fault->column = LISTING_PAYLOAD_COLUMN + 3 * (b->row_len - (size_t)1);
        show_row(b, l, true);
        return false;
    }
    if (b->row_len == LISTING_ROW)
        show_row(b, l, false);
    return true;
}

/* ---- Blocks -------------------------------------------------------------- */

/* The inflater stands before a block with its three header bits in hand. */
static void name_block(struct explain_blocks *b, struct listing *l)
{
    static const char *const names[] = {
        ": stored as it is", ": the fixed codes", ": codes of its own",
        ": of the reserved type 3"};
    static const char *const sections[] = {"1951 3.2.4", "1951 3.2.6",
                                           "1951 3.2.7", "1951 3.2.3"};
    const struct bits *bits = &b->reader.inflate.bits;
    unsigned type = (unsigned)(bits->hold >> 1 & 3);

    show_row(b, l, false);
    struct text *t = listing_phrase(l, "block ");
    text_decimal(t, ++b->count);
    text_string(t, ", bit ");
    text_decimal(t, b->taken * 8 - bits->count);
    text_string(t, names[type]);
    if (bits->hold & 1)
        text_string(t, "; BFINAL");
    listing_note(l, text_span(t), sections[type]);
}

static void note_number(struct listing *l, const char *before, unsigned number,
                        const char *after)
{
    struct text *t = listing_phrase(l, before);
    text_decimal(t, number);
    text_string(t, after);
    listing_note(l, text_span(t), NULL);
}

/* What the byte before has told of the present block. */
static void note_progress(const struct explain_blocks *b, struct listing *l,
                          enum inflate_state before)
{
    const struct inflate *z = &b->reader.inflate;
    if (z->state == INFLATE_AT_FAILED)
        return;
    if (before == INFLATE_AT_STORED_LENGTH && z->state != before)
        note_number(l, "LEN ", z->state == INFLATE_AT_STORED ? z->length : 0,
                    ", and NLEN its complement");
    if (before == INFLATE_AT_COUNTS && z->state != before) {
        note_number(l, "codes for ", z->literal_count, " literals and lengths");
        note_number(l, "and for ", z->distance_count, " distances");
    }
}

/* Go on with what was given, a block at most. */
static enum inflate_status run(struct explain_blocks *b, struct span *in,
                               struct listing *l, unsigned blocks,
                               struct explain_fault *fault)
{
    uint8_t bytes[256];
    enum inflate_status status;
    do {
        struct text out = text_over(bytes, sizeof bytes);
        status = permessage_read(&b->reader, in, &out, &blocks);
        for (size_t i = 0; i < out.len; i++)
            if (!take_inflated(b, bytes[i], l, fault))
                return INFLATE_FAILED;
    } while (status == INFLATE_OUTPUT);
    if (status == INFLATE_FAILED) {
        (void)spoil(fault, FAULT_DEFLATE);
        fault->rule.what =
            inflate_reason((enum inflate_failure)b->reader.inflate.failure);
    }
    return status;
}

bool explain_blocks_take(struct explain_blocks *b, uint8_t byte,
                         struct listing *l, struct explain_fault *fault)
{
    struct span in = bytes_span(&byte, 1);
    enum inflate_state before = (enum inflate_state)b->reader.inflate.state;
    b->taken++;
    enum inflate_status status = run(b, &in, l, 0, fault);
    note_progress(b, l, before);
    while (status == INFLATE_PAUSED) {
        name_block(b, l);
        status = run(b, &in, l, 1, fault);
    }
    return status != INFLATE_FAILED;
}

bool explain_blocks_end(struct explain_blocks *b, struct listing *l,
                        struct explain_fault *fault)
{
    show_row(b, l, false);
    if (!permessage_whole(&b->reader))
        return spoil(fault, FAULT_DEFLATE_CUT);
    if (b->taken > 0)
        listing_note(l, bytes_of("of this block 00 00 FF FF was left out"),
                     "7692 7.2.1");
    return utf8_whole(&b->utf8) || spoil(fault, FAULT_TEXT_CUT);
}
