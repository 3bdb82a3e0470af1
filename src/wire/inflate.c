/* SPDX-License-Identifier: MIT */
#include "wire/inflate.h"

#include "base/check.h"

/* ---- what the symbols mean ----------------------------------------------- */

#define LENGTH_MEANING(n)                                                      \
    HUFFMAN_MEANING(HUFFMAN_BASE, SYMBOLS_LENGTH_BASE(n),                      \
                    SYMBOLS_LENGTH_EXTRA(n))
#define LITERAL_MEANING(s)                                                     \
    ((s) < SYMBOLS_END              ? HUFFMAN_MEANING(HUFFMAN_LITERAL, s, 0)   \
     : (s) == SYMBOLS_END           ? HUFFMAN_MEANING(HUFFMAN_END, 0, 0)       \
     : (s) >= SYMBOLS_LITERALS_USED ? HUFFMAN_MEANING(HUFFMAN_BAD, 0, 0)       \
                                    : LENGTH_MEANING((s)-SYMBOLS_LENGTH))
#define DISTANCE_MEANING(s)                                                    \
    ((s) < SYMBOLS_DISTANCES_USED                                              \
         ? HUFFMAN_MEANING(HUFFMAN_BASE, SYMBOLS_DISTANCE_BASE(s),             \
                           SYMBOLS_DISTANCE_EXTRA(s))                          \
         : HUFFMAN_MEANING(HUFFMAN_BAD, 0, 0))
#define PLAIN_MEANING(s) HUFFMAN_MEANING(HUFFMAN_BASE, s, 0)

/* f(s), f(s + 1), ... : a table of a rule, made by the compiler. */
#define COUNT_4(f, s) f(s), f((s) + 1), f((s) + 2), f((s) + 3)
#define COUNT_16(f, s)                                                         \
    COUNT_4(f, s), COUNT_4(f, (s) + 4), COUNT_4(f, (s) + 8),                   \
        COUNT_4(f, (s) + 12)
#define COUNT_32(f, s) COUNT_16(f, s), COUNT_16(f, (s) + 16)
#define COUNT_96(f, s)                                                         \
    COUNT_32(f, s), COUNT_32(f, (s) + 32), COUNT_32(f, (s) + 64)

static const uint32_t literal_meanings[SYMBOLS_LITERALS] = {
    COUNT_96(LITERAL_MEANING, 0),
    COUNT_96(LITERAL_MEANING, 96),
    COUNT_96(LITERAL_MEANING, 192),
};
static const uint32_t distance_meanings[SYMBOLS_DISTANCES] = {
    COUNT_32(DISTANCE_MEANING, 0),
};
static const uint32_t length_meanings[SYMBOLS_LENGTHS] = {
    COUNT_16(PLAIN_MEANING, 0),
    PLAIN_MEANING(16),
    PLAIN_MEANING(17),
    PLAIN_MEANING(18),
};

/*
 * The fixed codes (RFC 1951 3.2.6). c is the next nine bits, the first bit
 * highest, as the RFC prints codes:
 *
 *      00000 0000 .. 00101 1111   symbols 256..279, seven bits
 *      00110 0000 .. 10111 1111   0..143, eight
 *      11000 0000 .. 11000 1111   280..287, eight
 *      11001 0000 .. 11111 1111   144..255, nine
 */
#define FIXED_ENTRY(symbol, bits) HUFFMAN_ENTRY(LITERAL_MEANING(symbol), bits)
#define FIXED_LITERAL(c)                                                       \
    ((c) < 0x060   ? FIXED_ENTRY(256 + ((c) >> 2), 7)                          \
     : (c) < 0x180 ? FIXED_ENTRY(((c) >> 1) - 0x30, 8)                         \
     : (c) < 0x190 ? FIXED_ENTRY(280 + ((c) >> 1) - 0xC0, 8)                   \
                   : FIXED_ENTRY(144 + (c)-0x190, 9))
#define FIXED_DISTANCE(c) HUFFMAN_ENTRY(DISTANCE_MEANING((c) >> 4), 5)

#define FIXED_LITERAL_ROOT  9
#define FIXED_DISTANCE_ROOT 5

/* f(c) for all c, in the order of the index that looks them up: there the
   first bit is the lowest. With five bits, c counts in steps of 16. */
#define TURN_1(f, c) f(c), f((c) + 256)
#define TURN_2(f, c) TURN_1(f, c), TURN_1(f, (c) + 128)
#define TURN_3(f, c) TURN_2(f, c), TURN_2(f, (c) + 64)
#define TURN_4(f, c) TURN_3(f, c), TURN_3(f, (c) + 32)
#define TURN_5(f, c) TURN_4(f, c), TURN_4(f, (c) + 16)
#define TURN_6(f, c) TURN_5(f, c), TURN_5(f, (c) + 8)
#define TURN_7(f, c) TURN_6(f, c), TURN_6(f, (c) + 4)
#define TURN_8(f, c) TURN_7(f, c), TURN_7(f, (c) + 2)
#define TURN_9(f, c) TURN_8(f, c), TURN_8(f, (c) + 1)

static const uint32_t fixed_literals[1 << FIXED_LITERAL_ROOT] = {
    TURN_9(FIXED_LITERAL, 0)};
static const uint32_t fixed_distances[1 << FIXED_DISTANCE_ROOT] = {
    TURN_5(FIXED_DISTANCE, 0)};

/* ---- one call ------------------------------------------------------------ */

struct run {
    struct bits_reader in;
    uint32_t start;   /* where in the window this stretch of output began */
    uint32_t limit;   /* and up to where it may go */
    unsigned *blocks; /* that may still be begun */
};

/* The tables of the present block. */
struct codes {
    const uint32_t *literals;
    const uint32_t *distances;
    unsigned literal_root;
    unsigned distance_root;
};

static struct codes codes_of(const struct inflate *z)
{
    if (z->fixed)
        return (struct codes){fixed_literals, fixed_distances,
                              FIXED_LITERAL_ROOT, FIXED_DISTANCE_ROOT};
    return (struct codes){z->literals, z->distances, z->literal_root,
                          z->distance_root};
}

static enum inflate_status fail(struct inflate *z, enum inflate_failure why)
{
    z->state = INFLATE_AT_FAILED;
    z->failure = (uint8_t)why;
    return INFLATE_FAILED;
}

/* RFC 1951 3.2.4, 2: a copied byte must have come out before, and the copy
   may reach no farther than the window. */
static enum inflate_failure
check_distance(const struct inflate *z, const struct run *r, uint32_t distance)
{
    if (distance > z->window_size)
        return INFLATE_BEYOND_WINDOW;
    if (distance > z->history + (z->at - r->start))
        return INFLATE_BEFORE_START;
    return INFLATE_NO_FAILURE;
}

/* Wait for a symbol with its extra bits; they are held, but not dropped. Inline,
   as short messages are read here for the most part: 64 bytes 20 % faster. */
static inline bool want_symbol(struct run *r, const uint32_t *table,
                               unsigned root, uint32_t *entry, unsigned *skip)
{
    for (;;) {
        *entry = huffman_look(&r->in, table, root, skip);
        if (*skip + huffman_taken(*entry) <= r->in.bits.count)
            return true;
        if (!bits_want(&r->in, r->in.bits.count + 1))
            return false;
    }
}

/* ---- blocks (RFC 1951 3.2.3) --------------------------------------------- */

static enum inflate_status read_header(struct inflate *z, struct run *r)
{
    if (!bits_want(&r->in, 3))
        return INFLATE_INPUT;
    if (*r->blocks == 0)
        return INFLATE_PAUSED;
    --*r->blocks;
    z->final = bits_take(&r->in, 1);
    switch (bits_take(&r->in, 2)) {
    case 0:
        bits_align(&r->in); /* 3.2.4: LEN begins at a byte */
        z->state = INFLATE_AT_STORED_LENGTH;
        return INFLATE_ON;
    case 1:
        z->fixed = true;
        z->state = INFLATE_AT_SYMBOL;
        return INFLATE_ON;
    case 2:
        z->fixed = false;
        z->state = INFLATE_AT_COUNTS;
        return INFLATE_ON;
    default: return fail(z, INFLATE_BLOCK_TYPE);
    }
}

static enum inflate_status end_block(struct inflate *z, struct run *r)
{
    z->state = INFLATE_AT_HEADER;
    if (!z->final)
        return INFLATE_ON;
    bits_align(&r->in); /* what follows begins at a byte */
    return INFLATE_END;
}

static enum inflate_status read_stored_length(struct inflate *z, struct run *r)
{
    if (!bits_want(&r->in, 32))
        return INFLATE_INPUT;
    uint32_t len = bits_take(&r->in, 16);
    uint32_t nlen = bits_take(&r->in, 16);
    if (len != (nlen ^ 0xFFFF))
        return fail(z, INFLATE_STORED_LENGTH);
    z->length = (uint16_t)len;
    z->state = INFLATE_AT_STORED;
    return INFLATE_ON;
}

/* Nothing is held here: LEN and NLEN were taken to the last bit. */
static enum inflate_status copy_stored(struct inflate *z, struct run *r)
{
    size_t len = bytes_min(z->length, (size_t)(r->in.end - r->in.next));
    len = bytes_min(len, r->limit - z->at);
    if (len) {
        memcpy(z->window + z->at, r->in.next, len);
        r->in.next += len;
        z->at += (uint32_t)len;
        z->length = (uint16_t)(z->length - len);
    }
    if (z->length == 0)
        return end_block(z, r);
    return r->in.next == r->in.end ? INFLATE_INPUT : INFLATE_OUTPUT;
}

/* ---- the codes of a dynamic block (RFC 1951 3.2.7) ----------------------- */

static enum inflate_status read_counts(struct inflate *z, struct run *r)
{
    if (!bits_want(&r->in, 14))
        return INFLATE_INPUT;
    z->literal_count = (uint16_t)(bits_take(&r->in, 5) + 257);
    z->distance_count = (uint16_t)(bits_take(&r->in, 5) + 1);
    z->code_count = (uint16_t)(bits_take(&r->in, 4) + 4);
    /* 286, 287 and 30, 31 have no place in a dynamic code: 3.2.5, 3.2.6. */
    if (z->literal_count > SYMBOLS_LITERALS_USED ||
        z->distance_count > SYMBOLS_DISTANCES_USED)
        return fail(z, INFLATE_COUNT);
    memset(z->lengths, 0, SYMBOLS_LENGTHS);
    z->count = 0;
    z->state = INFLATE_AT_CODE_LENGTHS;
    return INFLATE_ON;
}

static enum inflate_status read_code_lengths(struct inflate *z, struct run *r)
{
    static const uint8_t order[SYMBOLS_LENGTHS] = {SYMBOLS_LENGTH_ORDER};
    while (z->count < z->code_count) {
        if (!bits_want(&r->in, 3))
            return INFLATE_INPUT;
        z->lengths[order[z->count++]] = (uint8_t)bits_take(&r->in, 3);
    }
    struct huffman_plan plan = {
        .lengths = z->lengths,
        .meanings = length_meanings,
        .count = SYMBOLS_LENGTHS,
        .root_bits = HUFFMAN_LENGTH_ROOT,
        .table = z->distances,
    };
    if (huffman_build(&plan) != HUFFMAN_COMPLETE)
        return fail(z, INFLATE_LENGTHS_CODE);
    z->distance_root = (uint8_t)plan.root_bits;
    z->count = 0;
    z->state = INFLATE_AT_LENGTHS;
    return INFLATE_ON;
}

static enum inflate_status build_codes(struct inflate *z)
{
    if (z->lengths[SYMBOLS_END] == 0)
        return fail(z, INFLATE_NO_END);
    struct huffman_plan plan = {
        .lengths = z->lengths,
        .meanings = literal_meanings,
        .count = z->literal_count,
        .root_bits = HUFFMAN_LITERAL_ROOT,
        .table = z->literals,
    };
    enum huffman_result result = huffman_build(&plan);
    if (result == HUFFMAN_OVERSUBSCRIBED)
        return fail(z, INFLATE_LITERALS_OVERSUBSCRIBED);
    if (result == HUFFMAN_INCOMPLETE)
        return fail(z, INFLATE_LITERALS_INCOMPLETE);
    z->literal_root = (uint8_t)plan.root_bits;

    plan.lengths = z->lengths + z->literal_count;
    plan.meanings = distance_meanings;
    plan.count = z->distance_count;
    plan.root_bits = HUFFMAN_DISTANCE_ROOT;
    plan.table = z->distances;
    result = huffman_build(&plan);
    if (result == HUFFMAN_OVERSUBSCRIBED)
        return fail(z, INFLATE_DISTANCES_OVERSUBSCRIBED);
    if (result == HUFFMAN_INCOMPLETE)
        return fail(z, INFLATE_DISTANCES_INCOMPLETE);
    z->distance_root = (uint8_t)plan.root_bits;
    z->state = INFLATE_AT_SYMBOL;
    return INFLATE_ON;
}

/* Symbols 16, 17, 18 repeat a length, two to seven extra bits say how often.
   A repetition may run on from the first code into the second. */
static enum inflate_status repeat_length(struct inflate *z, struct run *r,
                                         unsigned symbol, unsigned code_bits)
{
    static const uint8_t extra[] = {2, 3, 7}, least[] = {3, 3, 11};
    unsigned which = symbol - 16;
    if (!bits_want(&r->in, code_bits + extra[which]))
        return INFLATE_INPUT;
    if (symbol == 16 && z->count == 0)
        return fail(z, INFLATE_REPEAT_NOTHING);
    bits_drop(&r->in, code_bits);
    unsigned times = least[which] + bits_take(&r->in, extra[which]);
    if (z->count + times > z->literal_count + (unsigned)z->distance_count)
        return fail(z, INFLATE_REPEAT_TOO_MUCH);
    uint8_t length = symbol == 16 ? z->lengths[z->count - 1] : 0;
    memset(z->lengths + z->count, length, times);
    z->count = (uint16_t)(z->count + times);
    return INFLATE_ON;
}

static enum inflate_status read_lengths(struct inflate *z, struct run *r)
{
    while (z->count < z->literal_count + z->distance_count) {
        uint32_t entry;
        unsigned skip; /* stays 0: there is no second table */
        if (!want_symbol(r, z->distances, z->distance_root, &entry, &skip))
            return INFLATE_INPUT;
        unsigned symbol = huffman_value(entry);
        if (symbol < 16) {
            bits_drop(&r->in, huffman_taken(entry));
            z->lengths[z->count++] = (uint8_t)symbol;
            continue;
        }
        enum inflate_status status =
            repeat_length(z, r, symbol, huffman_taken(entry));
        if (status != INFLATE_ON)
            return status;
    }
    return build_codes(z);
}

/* ---- compressed data (RFC 1951 3.2.3), a symbol at a time ---------------- */

static enum inflate_status read_symbol(struct inflate *z, struct run *r)
{
    struct codes codes = codes_of(z);
    for (;;) {
        uint32_t entry;
        unsigned skip;
        if (!want_symbol(r, codes.literals, codes.literal_root, &entry, &skip))
            return INFLATE_INPUT;
        if ((entry & HUFFMAN_KIND) == HUFFMAN_LITERAL && z->at == r->limit)
            return INFLATE_OUTPUT;
        bits_drop(&r->in, skip);
        uint64_t hold = r->in.bits.hold;
        bits_drop(&r->in, huffman_taken(entry));
        switch (entry & HUFFMAN_KIND) {
        case HUFFMAN_LITERAL:
            z->window[z->at++] = (uint8_t)huffman_value(entry);
            continue;
        case HUFFMAN_BASE:
            z->length = (uint16_t)huffman_number(entry, hold);
            z->state = INFLATE_AT_DISTANCE;
            return INFLATE_ON;
        case HUFFMAN_END: return end_block(z, r);
        default: return fail(z, INFLATE_LITERAL_SYMBOL);
        }
    }
}

static enum inflate_status read_distance(struct inflate *z, struct run *r)
{
    struct codes codes = codes_of(z);
    uint32_t entry;
    unsigned skip;
    if (!want_symbol(r, codes.distances, codes.distance_root, &entry, &skip))
        return INFLATE_INPUT;
    if (entry & HUFFMAN_BAD)
        return fail(z, INFLATE_DISTANCE_SYMBOL);
    bits_drop(&r->in, skip);
    uint32_t distance = huffman_number(entry, r->in.bits.hold);
    bits_drop(&r->in, huffman_taken(entry));
    enum inflate_failure failure = check_distance(z, r, distance);
    if (failure)
        return fail(z, failure);
    z->distance = (uint16_t)distance;
    z->state = INFLATE_AT_COPY;
    return INFLATE_ON;
}

/* Byte by byte: source and copy may overlap, and then a byte written is read
   again (3.2.3: length may exceed distance). The source may wrap around. */
static enum inflate_status copy_match(struct inflate *z, struct run *r)
{
    uint32_t from = z->at + INFLATE_WINDOW - z->distance;
    if (from >= INFLATE_WINDOW)
        from -= INFLATE_WINDOW;
    for (; z->length && z->at < r->limit; z->length--) {
        z->window[z->at++] = z->window[from++];
        if (from == INFLATE_WINDOW)
            from = 0;
    }
    if (z->length)
        return INFLATE_OUTPUT;
    z->state = INFLATE_AT_SYMBOL;
    return INFLATE_ON;
}

/* ---- the same, fast ------------------------------------------------------ */

/* What one turn of the fast loop may use: two fills, the second after the
   first took up to 7 bytes; literals, a match, and its spare bytes. There are
   literals while the hold has bits for another and a length behind it. */
#define FAST_BITS  (SYMBOLS_MAX_BITS + SYMBOLS_MAX_BITS + 5)
#define FAST_INPUT (BITS_FILL + 7)
#define FAST_ROOM  (64 - FAST_BITS + SYMBOLS_MAX_LENGTH + 8)

/*
 * Copy len bytes to `to` from distance bytes before, eight at a time, up to
 * seven too many. Where the two are closer than that the pattern is laid out
 * once, and copied from a multiple of the distance that is far enough.
 */
static void copy_words(uint8_t *to, const uint8_t *from, size_t len)
{
    static const uint8_t multiple[8] = {8, 8, 8, 9, 8, 10, 12, 14};
    const uint8_t *end = to + len;
    if (from < to && to - from < 8) {
        size_t apart = multiple[to - from];
        for (unsigned i = 0; i < 8; i++)
            to[i] = from[i];
        to += 8;
        from = to - apart;
    }
    for (; to < end; to += 8, from += 8)
        memcpy(to, from, 8);
}

/*
 * As read_symbol, read_distance and copy_match do, while there is plenty of
 * input and room. Everything else is left to them, with nothing half done:
 * the end of the block, what is bad, a source that wraps around. And so is
 * the symbol of which a whole byte was held already when this call began:
 * bits_unfill would give that byte back to an input that it did not come from.
 */
static void read_symbols_fast(struct inflate *z, struct run *r)
{
    if (r->in.bits.count >= 8)
        return;
    struct codes codes = codes_of(z);
    struct bits_reader in = r->in;
    uint32_t at = z->at;
    uint32_t reach = z->history - r->start; /* + at: the farthest distance */
    while (in.end - in.next >= FAST_INPUT && r->limit - at >= FAST_ROOM) {
        uint32_t entry;
        unsigned skip;
        bits_fill(&in);
        entry = huffman_look(&in, codes.literals, codes.literal_root, &skip);
        while ((entry & HUFFMAN_LITERAL) && in.bits.count >= FAST_BITS) {
            z->window[at++] = (uint8_t)huffman_value(entry);
            bits_drop(&in, skip + huffman_taken(entry));
            entry =
                huffman_look(&in, codes.literals, codes.literal_root, &skip);
        }
        if (entry & HUFFMAN_LITERAL)
            continue;
        if (entry & HUFFMAN_KIND)
            break;
        unsigned length = huffman_number(entry, in.bits.hold >> skip);
        bits_drop(&in, skip + huffman_taken(entry));
        z->length = (uint16_t)length;
        z->state = INFLATE_AT_DISTANCE;

        bits_fill(&in);
        entry = huffman_look(&in, codes.distances, codes.distance_root, &skip);
        uint32_t distance = huffman_number(entry, in.bits.hold >> skip);
        if ((entry & HUFFMAN_BAD) || distance > z->window_size ||
            distance > reach + at)
            break;
        bits_drop(&in, skip + huffman_taken(entry));
        uint32_t from = at - distance + (at < distance ? INFLATE_WINDOW : 0);
        z->distance = (uint16_t)distance;
        z->state = INFLATE_AT_COPY;
        if (from + length > INFLATE_WINDOW - 8)
            break;
        copy_words(z->window + at, z->window + from, length);
        at += length;
        z->state = INFLATE_AT_SYMBOL;
    }
    bits_unfill(&in);
    r->in = in;
    z->at = at;
}

/* ---- the whole ----------------------------------------------------------- */

static enum inflate_status run_states(struct inflate *z, struct run *r)
{
    enum inflate_status status = INFLATE_ON;
    while (status == INFLATE_ON) {
        switch ((enum inflate_state)z->state) {
        case INFLATE_AT_HEADER: status = read_header(z, r); break;
        case INFLATE_AT_STORED_LENGTH: status = read_stored_length(z, r); break;
        case INFLATE_AT_STORED: status = copy_stored(z, r); break;
        case INFLATE_AT_COUNTS: status = read_counts(z, r); break;
        case INFLATE_AT_CODE_LENGTHS: status = read_code_lengths(z, r); break;
        case INFLATE_AT_LENGTHS: status = read_lengths(z, r); break;
        case INFLATE_AT_SYMBOL:
            read_symbols_fast(z, r);
            if (z->state == INFLATE_AT_SYMBOL)
                status = read_symbol(z, r);
            break;
        case INFLATE_AT_DISTANCE: status = read_distance(z, r); break;
        case INFLATE_AT_COPY: status = copy_match(z, r); break;
        case INFLATE_AT_FAILED: return INFLATE_FAILED;
        }
    }
    return status;
}

/* Copy a stretch of the window to the caller. */
static void deliver(struct inflate *z, const struct run *r, struct text *out)
{
    uint32_t len = z->at - r->start;
    text_put(out, bytes_span(z->window + r->start, len));
    z->history = (uint32_t)bytes_min(z->history + len, z->window_size);
    if (z->at == INFLATE_WINDOW)
        z->at = 0;
}

void inflate_init(struct inflate *z, unsigned window_bits)
{
    CHECK(window_bits >= 8 && window_bits <= 15);
    z->bits = (struct bits){0};
    z->state = INFLATE_AT_HEADER;
    z->failure = INFLATE_NO_FAILURE;
    z->window_size = UINT32_C(1) << window_bits;
    z->history = 0;
    z->at = 0;
}

enum inflate_status inflate_run(struct inflate *z, struct span *in,
                                struct text *out, unsigned *blocks)
{
    enum inflate_status status;
    struct run r = {.in = {in->ptr, in->ptr, z->bits}, .blocks = blocks};
    if (in->len) /* or ptr may be NULL, and NULL + 0 is not C */
        r.in.end += in->len;
    do {
        size_t room = out->size - out->len;
        r.start = z->at;
        r.limit = z->at + (uint32_t)bytes_min(room, INFLATE_WINDOW - z->at);
        status = run_states(z, &r);
        deliver(z, &r, out);
    } while (status == INFLATE_OUTPUT && out->len < out->size);
    z->bits = r.in.bits;
    *in = bytes_span(r.in.next, (size_t)(r.in.end - r.in.next));
    return status;
}

const char *inflate_reason(enum inflate_failure failure)
{
    static const char *const reasons[INFLATE_FAILURES] = {
        [INFLATE_NO_FAILURE] = "no failure",
        [INFLATE_BLOCK_TYPE] = "block type 3 is reserved",
        [INFLATE_STORED_LENGTH] = "a stored length and its complement differ",
        [INFLATE_COUNT] = "more code lengths than there are symbols",
        [INFLATE_LENGTHS_CODE] = "the code for code lengths is not complete",
        [INFLATE_REPEAT_NOTHING] = "a repetition before the first code length",
        [INFLATE_REPEAT_TOO_MUCH] = "a repetition beyond the last code length",
        [INFLATE_NO_END] = "the end of block has no code",
        [INFLATE_LITERALS_OVERSUBSCRIBED] = "literal/length codes overlap",
        [INFLATE_LITERALS_INCOMPLETE] = "literal/length codes leave gaps",
        [INFLATE_DISTANCES_OVERSUBSCRIBED] = "distance codes overlap",
        [INFLATE_DISTANCES_INCOMPLETE] = "distance codes leave gaps",
        [INFLATE_LITERAL_SYMBOL] = "no such literal/length symbol",
        [INFLATE_DISTANCE_SYMBOL] = "no such distance symbol",
        [INFLATE_BEFORE_START] = "a distance beyond the start of the data",
        [INFLATE_BEYOND_WINDOW] = "a distance beyond the agreed window",
    };
    return reasons[failure];
}
