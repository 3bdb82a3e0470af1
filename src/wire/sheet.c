/* SPDX-License-Identifier: MIT */
#include "wire/sheet.h"

#define BITS_COLUMN 6  /* behind a byte */
#define TEXT_COLUMN 52 /* text beside unmasked payload */
#define PHRASE_SIZE 240

static const char *const colours[] = {
    [SHEET_PLAIN] = "",
    [SHEET_TITLE] = "\x1B[1m",    /* bold */
    [SHEET_RESULT] = "\x1B[32m",  /* green */
    [SHEET_WRONG] = "\x1B[1;31m", /* bold red */
};

/* ---- A line from its parts ----------------------------------------------- */

void sheet_begin(struct sheet *s, enum sheet_tone tone)
{
    s->tone = tone;
    text_put(s->out, s->prefix);
    if (s->colour)
        text_string(s->out, colours[tone]);
    s->start = s->out->len;
}

void sheet_end(struct sheet *s)
{
    if (s->colour && s->tone != SHEET_PLAIN)
        text_string(s->out, "\x1B[0m");
    text_byte(s->out, '\n');
}

void sheet_column(struct sheet *s, size_t column)
{
    if (s->out->len - s->start >= column && column > 0)
        text_byte(s->out, ' ');
    while (s->out->len - s->start < column && !s->out->overflow)
        text_byte(s->out, ' ');
}

void sheet_hex(struct sheet *s, struct span bytes)
{
    for (size_t i = 0; i < bytes.len; i++) {
        if (i > 0)
            text_byte(s->out, ' ');
        text_byte(s->out, (uint8_t) "0123456789ABCDEF"[bytes.ptr[i] >> 4]);
        text_byte(s->out, (uint8_t) "0123456789ABCDEF"[bytes.ptr[i] & 15]);
    }
}

void sheet_bits(struct sheet *s, uint8_t byte, uint8_t mask)
{
    for (unsigned bit = 0x80; bit > 0; bit >>= 1) {
        if (bit == 0x08)
            text_byte(s->out, ' ');
        text_byte(s->out, (mask & bit) == 0   ? '.'
                          : (byte & bit) == 0 ? '0'
                                              : '1');
    }
}

void sheet_text(struct sheet *s, struct span bytes)
{
    for (size_t i = 0; i < bytes.len; i++) {
        uint8_t byte = bytes.ptr[i];
        text_byte(s->out, byte >= ' ' && byte < 0x7F ? byte : '.');
    }
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

void sheet_say(struct sheet *s, size_t column, struct span words,
               const char *section)
{
    size_t edge = section ? SHEET_WIDTH - strlen(section) : SHEET_WIDTH;
    size_t width = (section ? edge - 1 : edge) - column;
    sheet_column(s, column);
    for (;;) {
        size_t len = line_len(words, width);
        sheet_text(s, bytes_part(words, 0, len));
        if (section) {
            sheet_column(s, edge);
            text_string(s->out, section);
            section = NULL;
        }
        sheet_end(s);
        if (len < words.len && words.ptr[len] == ' ')
            len++;
        words = bytes_part(words, len, words.len - len);
        if (words.len == 0)
            return;
        sheet_begin(s, s->tone);
        sheet_column(s, column);
        width = SHEET_WIDTH - column;
    }
}

/* ---- Whole lines --------------------------------------------------------- */

void sheet_title(struct sheet *s, struct span what, uint64_t at)
{
    uint8_t bytes[32];
    struct text place = text_over(bytes, sizeof bytes - 1);
    text_string(&place, "byte ");
    text_decimal(&place, at);
    bytes[place.len] = '\0';
    sheet_begin(s, SHEET_TITLE);
    sheet_say(s, 0, what, (const char *)bytes);
}

void sheet_field(struct sheet *s, struct span bytes, uint8_t mask,
                 struct span meaning, const char *section)
{
    sheet_begin(s, SHEET_PLAIN);
    sheet_column(s, SHEET_BYTES_COLUMN);
    if (mask == 0 || (mask & 0x80))
        sheet_hex(s, bytes);
    if (mask) {
        sheet_column(s, BITS_COLUMN);
        sheet_bits(s, bytes.ptr[0], mask);
    }
    sheet_say(s, SHEET_SAY_COLUMN, meaning, section);
}

void sheet_note(struct sheet *s, const char *words, const char *section)
{
    sheet_begin(s, SHEET_PLAIN);
    sheet_say(s, SHEET_SAY_COLUMN, bytes_of(words), section);
}

void sheet_row(struct sheet *s, struct span sent, struct span plain)
{
    sheet_begin(s, SHEET_PLAIN);
    sheet_column(s, SHEET_BYTES_COLUMN);
    sheet_hex(s, sent);
    sheet_column(s, SHEET_PLAIN_COLUMN);
    if (plain.len) {
        sheet_hex(s, plain);
        sheet_column(s, TEXT_COLUMN);
    }
    sheet_text(s, plain.len ? plain : sent);
    sheet_end(s);
}

void sheet_wrong(struct sheet *s, size_t column, size_t width, uint64_t at,
                 const struct sheet_rule *rule, struct span consequence)
{
    uint8_t bytes[PHRASE_SIZE];
    struct text t = text_over(bytes, sizeof bytes);
    text_string(&t, "WRONG at byte ");
    text_decimal(&t, at);
    text_string(&t, ": ");
    text_string(&t, rule->what);

    sheet_begin(s, SHEET_WRONG);
    sheet_column(s, column);
    for (size_t i = 0; i < width; i++)
        text_byte(s->out, '^');
    if (column + width > SHEET_SAY_COLUMN - 3) {
        sheet_end(s);
        sheet_begin(s, SHEET_WRONG);
    }
    sheet_say(s, SHEET_SAY_COLUMN, text_span(&t), rule->section);
    if (rule->rule) {
        sheet_begin(s, SHEET_WRONG);
        sheet_say(s, SHEET_SAY_COLUMN, bytes_of(rule->rule), NULL);
    }
    sheet_begin(s, SHEET_WRONG);
    sheet_say(s, SHEET_SAY_COLUMN, consequence, NULL);
}
