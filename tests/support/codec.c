/* SPDX-License-Identifier: MIT */
#include "support/codec.h"

#include <assert.h>

/* ---- random -------------------------------------------------------------- */

/* splitmix64 */
uint32_t codec_random(struct codec_random *r)
{
    uint64_t z = (r->state += UINT64_C(0x9E3779B97F4A7C15));
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return (uint32_t)((z ^ (z >> 31)) >> 32);
}

uint32_t codec_below(struct codec_random *r, uint32_t limit)
{
    return (uint32_t)(((uint64_t)codec_random(r) * limit) >> 32);
}

/* ---- samples ------------------------------------------------------------- */

const char *codec_kind_name(enum codec_kind kind)
{
    static const char *const names[CODEC_KINDS] = {"chat",   "json",  "html",
                                                   "random", "zeros", "few"};
    return names[kind];
}

static const char *const words[] = {
    "the",  "be",     "to",    "of",     "and",    "a",       "in",    "that",
    "have", "I",      "it",    "for",    "not",    "on",      "with",  "he",
    "as",   "you",    "do",    "at",     "this",   "but",     "his",   "by",
    "from", "they",   "we",    "say",    "her",    "she",     "or",    "an",
    "will", "my",     "one",   "all",    "would",  "there",   "their", "what",
    "so",   "up",     "out",   "if",     "about",  "who",     "get",   "which",
    "go",   "me",     "when",  "make",   "can",    "like",    "time",  "no",
    "just", "him",    "know",  "take",   "people", "into",    "year",  "your",
    "good", "some",   "could", "them",   "see",    "other",   "than",  "then",
    "now",  "look",   "only",  "come",   "its",    "over",    "think", "also",
    "back", "after",  "use",   "two",    "how",    "our",     "work",  "first",
    "well", "way",    "even",  "new",    "want",   "because", "any",   "these",
    "give", "day",    "most",  "us",     "server", "socket",  "frame", "hello!",
    "lol",  "really", "great", "thanks", ":-)",    "ok",      "wait,", "why?",
};
#define WORDS (sizeof words / sizeof words[0])

/* Frequent words more often, roughly as in language. */
static const char *word(struct codec_random *r)
{
    uint32_t n = codec_below(r, WORDS);
    return words[codec_below(r, n + 1)];
}

static void put_words(struct codec_random *r, struct text *t, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        if (i)
            text_byte(t, ' ');
        text_string(t, word(r));
    }
}

static void put_chat(struct codec_random *r, struct text *t)
{
    put_words(r, t, 3 + codec_below(r, 14));
    text_byte(t, '\n');
}

static void put_json(struct codec_random *r, struct text *t)
{
    text_string(t, "{\"id\":\"18c5f3a2b10-");
    text_decimal(t, codec_below(r, 100000));
    text_string(t, "\",\"time\":17951633");
    text_decimal(t, 10000 + codec_below(r, 89999));
    text_string(t, ",\"uid\":\"");
    text_hex(t, (uint64_t)codec_random(r) << 32 | codec_random(r), 16);
    text_string(t, "\",\"name\":\"");
    text_string(t, word(r));
    text_string(t, "\",\"message\":\"");
    put_words(r, t, 3 + codec_below(r, 10));
    text_string(t, "\"}\n");
}

static void put_html(struct codec_random *r, struct text *t)
{
    static const char *const tags[] = {"p", "li", "div", "span", "td", "h2"};
    const char *tag = tags[codec_below(r, 6)];
    text_string(t, "  <");
    text_string(t, tag);
    text_string(t, " class=\"");
    text_string(t, word(r));
    text_string(t, "-item\"><a href=\"/");
    text_string(t, word(r));
    text_string(t, "/");
    text_decimal(t, codec_below(r, 5000));
    text_string(t, ".html\">");
    put_words(r, t, 2 + codec_below(r, 8));
    text_string(t, "</a></");
    text_string(t, tag);
    text_string(t, ">\n");
}

void codec_sample(struct codec_random *r, enum codec_kind kind, uint8_t *out,
                  size_t len)
{
    uint8_t line[1024];
    size_t at = 0;
    while (at < len) {
        struct text t = text_over(line, sizeof line);
        switch (kind) {
        case CODEC_CHAT: put_chat(r, &t); break;
        case CODEC_JSON: put_json(r, &t); break;
        case CODEC_HTML: put_html(r, &t); break;
        case CODEC_ZEROS: text_byte(&t, 0); break;
        case CODEC_FEW:
            text_byte(&t, (uint8_t)('a' + codec_below(r, 3)));
            break;
        default: text_byte(&t, (uint8_t)codec_random(r)); break;
        }
        size_t n = bytes_min(t.len, len - at);
        memcpy(out + at, line, n);
        at += n;
    }
}

/* ---- a stream, bit by bit ------------------------------------------------ */

void codec_put(struct codec_stream *s, uint32_t value, unsigned bits)
{
    for (unsigned i = 0; i < bits; i++, s->len++) {
        assert(s->len < 8 * sizeof s->bytes);
        if (s->len % 8 == 0)
            s->bytes[s->len / 8] = 0;
        s->bytes[s->len / 8] |= (uint8_t)((value >> i & 1) << (s->len % 8));
    }
}

void codec_put_code(struct codec_stream *s, const char *code)
{
    for (; *code; code++)
        if (*code != ' ')
            codec_put(s, *code == '1', 1);
}

static void put_reversed(struct codec_stream *s, unsigned code, unsigned bits)
{
    while (bits--)
        codec_put(s, code >> bits & 1, 1);
}

void codec_put_fixed(struct codec_stream *s, unsigned symbol)
{
    if (symbol < 144)
        put_reversed(s, 0x30 + symbol, 8);
    else if (symbol < 256)
        put_reversed(s, 0x190 + symbol - 144, 9);
    else if (symbol < 280)
        put_reversed(s, symbol - 256, 7);
    else
        put_reversed(s, 0xC0 + symbol - 280, 8);
}

void codec_align(struct codec_stream *s)
{
    while (s->len % 8)
        codec_put(s, 0, 1);
}

struct span codec_span(const struct codec_stream *s)
{
    return bytes_span(s->bytes, (s->len + 7) / 8);
}

void codec_put_dynamic(struct codec_stream *s, bool final,
                       const uint8_t *literals, unsigned literal_count,
                       const uint8_t *distances, unsigned distance_count)
{
    codec_put(s, final, 1);
    codec_put(s, 2, 2);
    codec_put(s, literal_count - 257, 5);
    codec_put(s, distance_count - 1, 5);
    codec_put(s, 19 - 4, 4);
    for (unsigned i = 0; i < 19; i++)
        codec_put(s, i < 3 ? 0 : 4, 3); /* 16, 17, 18 come first */
    for (unsigned i = 0; i < literal_count; i++)
        put_reversed(s, literals[i], 4);
    for (unsigned i = 0; i < distance_count; i++)
        put_reversed(s, distances[i], 4);
}

/* ---- the walker ---------------------------------------------------------- */

struct walker {
    struct span in;
    size_t bit;
    bool short_of; /* input ended, or something was wrong */
    uint8_t *out;
    size_t size;
    struct codec_walk *walk;
};

static unsigned walk_bits(struct walker *w, unsigned count)
{
    unsigned value = 0;
    for (unsigned i = 0; i < count; i++, w->bit++) {
        if (w->bit >= 8 * w->in.len) {
            w->short_of = true;
            return 0;
        }
        value |= (unsigned)(w->in.ptr[w->bit / 8] >> (w->bit % 8) & 1) << i;
    }
    return value;
}

/* Codes in order, one bit more at a time, until the bits read are one. */
static int walk_symbol(struct walker *w, const uint8_t *lengths, unsigned count)
{
    unsigned code = 0, first = 0;
    for (unsigned len = 1; len < 16 && !w->short_of; len++) {
        code = code << 1 | walk_bits(w, 1);
        first <<= 1;
        for (unsigned s = 0; s < count; s++) {
            if (lengths[s] != len)
                continue;
            if (code == first)
                return (int)s;
            first++;
        }
    }
    w->short_of = true;
    return -1;
}

static void walk_byte(struct walker *w, unsigned byte)
{
    if (w->walk->len == w->size)
        w->short_of = true;
    else
        w->out[w->walk->len++] = (uint8_t)byte;
}

static void walk_stored(struct walker *w)
{
    w->bit = (w->bit + 7) / 8 * 8;
    unsigned len = walk_bits(w, 16);
    if ((walk_bits(w, 16) ^ len) != 0xFFFF)
        w->short_of = true;
    while (len-- && !w->short_of)
        walk_byte(w, walk_bits(w, 8));
}

/* RFC 1951 3.2.5, as printed. */
static const uint16_t length_bases[] = {
    3,  4,  5,  6,  7,  8,  9,  10, 11,  13,  15,  17,  19,  23, 27,
    31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258};
static const uint8_t length_extra[] = {0, 0, 0, 0, 0, 0, 0, 0, 1, 1,
                                       1, 1, 2, 2, 2, 2, 3, 3, 3, 3,
                                       4, 4, 4, 4, 5, 5, 5, 5, 0};
static const uint16_t distance_bases[] = {
    1,    2,    3,    4,    5,    7,    9,    13,    17,    25,
    33,   49,   65,   97,   129,  193,  257,  385,   513,   769,
    1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577};
static const uint8_t distance_extra[] = {0, 0, 0,  0,  1,  1,  2,  2,  3,  3,
                                         4, 4, 5,  5,  6,  6,  7,  7,  8,  8,
                                         9, 9, 10, 10, 11, 11, 12, 12, 13, 13};

static void walk_match(struct walker *w, int symbol, const uint8_t *distances,
                       unsigned distance_count)
{
    if (symbol > 285) {
        w->short_of = true;
        return;
    }
    unsigned length = length_bases[symbol - 257];
    length += walk_bits(w, length_extra[symbol - 257]);
    w->walk->extra += length_extra[symbol - 257];
    int d = walk_symbol(w, distances, distance_count);
    if (d < 0 || d > 29) {
        w->short_of = true;
        return;
    }
    size_t distance = distance_bases[d] + walk_bits(w, distance_extra[d]);
    if (w->short_of || distance > w->walk->len) {
        w->short_of = true;
        return;
    }
    w->walk->symbols[1]++;
    w->walk->distances[d]++;
    w->walk->extra += distance_extra[d];
    if (distance > w->walk->far)
        w->walk->far = distance;
    while (length-- && !w->short_of)
        walk_byte(w, w->out[w->walk->len - distance]);
}

static void walk_data(struct walker *w, const uint8_t *literals,
                      unsigned literal_count, const uint8_t *distances,
                      unsigned distance_count)
{
    while (!w->short_of) {
        int symbol = walk_symbol(w, literals, literal_count);
        if (symbol >= 0)
            w->walk->literals[symbol]++;
        if (symbol < 0 || symbol == 256)
            return;
        if (symbol < 256) {
            w->walk->symbols[0]++;
            walk_byte(w, (unsigned)symbol);
        } else {
            walk_match(w, symbol, distances, distance_count);
        }
    }
}

static void walk_fixed(struct walker *w)
{
    uint8_t literals[288], distances[32];
    memset(literals, 8, 144);
    memset(literals + 144, 9, 112);
    memset(literals + 256, 7, 24);
    memset(literals + 280, 8, 8);
    memset(distances, 5, 32);
    walk_data(w, literals, 288, distances, 32);
}

static void walk_dynamic(struct walker *w)
{
    static const uint8_t order[19] = {16, 17, 18, 0, 8,  7, 9,  6, 10, 5,
                                      11, 4,  12, 3, 13, 2, 14, 1, 15};
    uint8_t codes[19] = {0}, lengths[320] = {0};
    unsigned literal_count = walk_bits(w, 5) + 257;
    unsigned distance_count = walk_bits(w, 5) + 1;
    unsigned code_count = walk_bits(w, 4) + 4;
    for (unsigned i = 0; i < code_count; i++)
        codes[order[i]] = (uint8_t)walk_bits(w, 3);
    for (unsigned i = 0; i < literal_count + distance_count && !w->short_of;) {
        int symbol = walk_symbol(w, codes, 19);
        unsigned times = 1;
        uint8_t length = (uint8_t)symbol;
        if (symbol == 16) {
            length = i ? lengths[i - 1] : 0;
            times = 3 + walk_bits(w, 2);
        } else if (symbol > 16) {
            length = 0;
            times = symbol == 17 ? 3 + walk_bits(w, 3) : 11 + walk_bits(w, 7);
        }
        while (times-- && i < 320)
            lengths[i++] = length;
    }
    walk_data(w, lengths, literal_count, lengths + literal_count,
              distance_count);
}

struct codec_walk codec_walk(struct span in, uint8_t *out, size_t size)
{
    struct codec_walk walk = {.whole = true};
    struct walker w = {in, 0, false, out, size, &walk};
    while (w.bit + 7 < 8 * in.len && !w.short_of) {
        bool final = walk_bits(&w, 1);
        unsigned type = walk_bits(&w, 2);
        if (type == 3)
            break;
        walk.blocks[type]++;
        if (type == 0)
            walk_stored(&w);
        else if (type == 1)
            walk_fixed(&w);
        else
            walk_dynamic(&w);
        if (walk.first == 0)
            walk.first = w.bit;
        if (final)
            w.bit = (w.bit + 7) / 8 * 8;
    }
    walk.whole = !w.short_of && w.bit + 7 >= 8 * in.len;
    return walk;
}

/* ---- in pieces ----------------------------------------------------------- */

enum inflate_status codec_inflate(struct inflate *z, struct span in,
                                  size_t in_step, struct text *out,
                                  size_t out_step)
{
    struct span piece = bytes_span(in.ptr, 0);
    size_t given = 0, size = out->size;
    enum inflate_status status = INFLATE_INPUT;
    if (out_step)
        out->size = out->len;
    for (;;) {
        unsigned blocks = UINT32_MAX;
        status = inflate_run(z, &piece, out, &blocks);
        if (status == INFLATE_OUTPUT && out->size < size) {
            out->size = bytes_min(size, out->size + out_step);
        } else if (status == INFLATE_INPUT && given < in.len) {
            assert(piece.len == 0);
            size_t n = bytes_min(in.len - given, in_step ? in_step : in.len);
            piece = bytes_part(in, given, n);
            given += n;
        } else {
            break;
        }
    }
    out->size = size;
    return status;
}

void codec_deflate(struct deflate *z, struct span in, size_t in_step,
                   struct text *out, size_t out_step, enum deflate_flush flush)
{
    struct span piece = bytes_span(in.ptr, 0);
    size_t given = 0, size = out->size;
    enum deflate_status status;
    if (out_step)
        out->size = out->len;
    do {
        bool last = given == in.len;
        status = deflate_run(z, &piece, out, last ? flush : DEFLATE_MORE);
        if (status == DEFLATE_OUTPUT) {
            assert(out->size < size);
            out->size = bytes_min(size, out->size + out_step);
        } else if (!last) {
            assert(status == DEFLATE_INPUT && piece.len == 0);
            size_t n = bytes_min(in.len - given, in_step ? in_step : in.len);
            piece = bytes_part(in, given, n);
            given += n;
        }
    } while (status != DEFLATE_DONE);
    out->size = size;
}
