/* SPDX-License-Identifier: MIT */
#include "wire/listing.h"

#define BITS_COLUMN 6  /* behind a byte */
#define TEXT_COLUMN 52 /* text beside unmasked payload */

static const char *const colours[] = {
    [LISTING_PLAIN] = "",
    [LISTING_TITLE] = "\x1B[1m",    /* bold */
    [LISTING_RESULT] = "\x1B[32m",  /* green */
    [LISTING_WRONG] = "\x1B[1;31m", /* bold red */
};

struct text *listing_phrase(struct listing *l, const char *start)
{
    l->phrase = text_over(l->phrase_bytes, sizeof l->phrase_bytes);
    text_string(&l->phrase, start);
    return &l->phrase;
}

void listing_count(struct text *t, uint64_t count, const char *what)
{
    text_decimal(t, count);
    text_byte(t, ' ');
    text_string(t, what);
    if (count != 1)
        text_byte(t, 's');
}

/* ---- A line from its parts ----------------------------------------------- */

void listing_begin(struct listing *l, enum listing_tone tone)
{
    l->tone = tone;
    text_put(l->out, l->prefix);
    if (l->colour)
        text_string(l->out, colours[tone]);
    l->start = l->out->len;
}

void listing_end(struct listing *l)
{
    if (l->colour && l->tone != LISTING_PLAIN)
        text_string(l->out, "\x1B[0m");
    text_byte(l->out, '\n');
}

void listing_column(struct listing *l, size_t column)
{
    if (l->out->len - l->start >= column && column > 0)
        text_byte(l->out, ' ');
    while (l->out->len - l->start < column && !l->out->overflow)
        text_byte(l->out, ' ');
}

void listing_hex(struct listing *l, struct span bytes)
{
    for (size_t i = 0; i < bytes.len; i++) {
        if (i > 0)
            text_byte(l->out, ' ');
        text_byte(l->out, (uint8_t) "0123456789ABCDEF"[bytes.ptr[i] >> 4]);
        text_byte(l->out, (uint8_t) "0123456789ABCDEF"[bytes.ptr[i] & 15]);
    }
}

/* A byte as "1... ....": the bits in `mask`, dots for the others. */
static void put_bits(struct listing *l, uint8_t byte, uint8_t mask)
{
    for (unsigned bit = 0x80; bit > 0; bit >>= 1) {
        if (bit == 0x08)
            text_byte(l->out, ' ');
        text_byte(l->out, mask & bit ? byte & bit ? '1' : '0' : '.');
    }
}

void listing_text(struct listing *l, struct span bytes)
{
    for (size_t i = 0; i < bytes.len; i++)
        text_byte(l->out, listing_prints(bytes.ptr[i]) ? bytes.ptr[i] : '.');
}

/* How many bytes of `words` go on a line of `width`: up to the last blank
   that allows it, or, in one long word, all that fit. */
static size_t line_len(struct span words, size_t width)
{
    if (words.len <= width)
        return words.len;
    for (size_t len = width; len > 0; len--)
        if (words.ptr[len] == ' ')
            return len;
    return width;
}

void listing_wrap(struct listing *l, size_t column, struct span words,
                  const char *section)
{
    size_t edge = section ? LISTING_WIDTH - strlen(section) : LISTING_WIDTH;
    size_t width = (section ? edge - 1 : edge) - column;
    listing_column(l, column);
    for (;;) {
        size_t len = line_len(words, width);
        listing_text(l, bytes_part(words, 0, len));
        if (section) {
            listing_column(l, edge);
            text_string(l->out, section);
            section = NULL;
        }
        listing_end(l);
        if (len < words.len && words.ptr[len] == ' ')
            len++;
        words = bytes_after(words, len);
        if (words.len == 0)
            return;
        listing_begin(l, l->tone);
        listing_column(l, column);
        width = LISTING_WIDTH - column;
    }
}

/* ---- Whole lines --------------------------------------------------------- */

void listing_title(struct listing *l, struct span what, uint64_t at)
{
    uint8_t bytes[32];
    struct text place = text_over(bytes, sizeof bytes - 1);
    text_string(&place, "byte ");
    text_decimal(&place, at);
    bytes[place.len] = '\0';
    listing_begin(l, LISTING_TITLE);
    listing_wrap(l, 0, what, (const char *)bytes);
}

void listing_field(struct listing *l, struct span bytes, uint8_t mask,
                   struct span meaning, const char *section)
{
    listing_begin(l, LISTING_PLAIN);
    listing_column(l, LISTING_BYTES_COLUMN);
    if (mask == 0 || (mask & 0x80))
        listing_hex(l, bytes);
    if (mask) {
        listing_column(l, BITS_COLUMN);
        put_bits(l, bytes.ptr[0], mask);
    }
    listing_wrap(l, LISTING_MEANING_COLUMN, meaning, section);
}

void listing_note(struct listing *l, struct span words, const char *section)
{
    listing_begin(l, LISTING_PLAIN);
    listing_wrap(l, LISTING_MEANING_COLUMN, words, section);
}

void listing_result(struct listing *l, struct span words, const char *section)
{
    listing_begin(l, LISTING_RESULT);
    listing_wrap(l, LISTING_BYTES_COLUMN, words, section);
}

void listing_row(struct listing *l, struct span sent, struct span plain)
{
    listing_begin(l, LISTING_PLAIN);
    listing_column(l, LISTING_BYTES_COLUMN);
    listing_hex(l, sent);
    listing_column(l, LISTING_PAYLOAD_COLUMN);
    if (plain.len) {
        listing_hex(l, plain);
        listing_column(l, TEXT_COLUMN);
    }
    listing_text(l, plain.len ? plain : sent);
    listing_end(l);
}

void listing_wrong(struct listing *l, size_t column, size_t width, uint64_t at,
                   const struct fault_rule *rule, struct span consequence)
{
    uint8_t bytes[LISTING_PHRASE];
    struct text t = text_over(bytes, sizeof bytes);
    text_string(&t, "WRONG at byte ");
    text_decimal(&t, at);
    text_string(&t, ": ");
    text_string(&t, rule->what);

    listing_begin(l, LISTING_WRONG);
    listing_column(l, column);
    for (size_t i = 0; i < width; i++)
        text_byte(l->out, '^');
    if (column + width > LISTING_MEANING_COLUMN - 3) {
        listing_end(l);
        listing_begin(l, LISTING_WRONG);
    }
    listing_wrap(l, LISTING_MEANING_COLUMN, text_span(&t), rule->section);
    if (rule->rule) {
        listing_begin(l, LISTING_WRONG);
        listing_wrap(l, LISTING_MEANING_COLUMN, bytes_of(rule->rule), NULL);
    }
    listing_begin(l, LISTING_WRONG);
    listing_wrap(l, LISTING_MEANING_COLUMN, consequence, NULL);
}
