/* SPDX-License-Identifier: MIT */
#include "wire/deflate.h"

#include "base/check.h"
#include "wire/huffman.h"

/* How hard to look: on the frontier of speed and size that bench_codec shows,
   the point where text of 64 KiB comes within 3 % of zlib's level 6. */
#ifndef DEPTH         /* scripts/embed.c is built with more */
#define DEPTH      24 /* positions of a chain that are tried */
#define LAZY_DEPTH 6  /* the same while a match waits to be bettered */
#endif
#define GOOD_LENGTH 16   /* one that is this long need not wait */
#define NICE_LENGTH 64   /* and one found like this ends the search */
#define SHORT       256  /* a message's codes take longer than its matches */
#define NEAR        4096 /* three bytes farther back cost more than literals */
#define PATIENCE    256  /* bytes without a match before some are passed over */
#define PASSED      8    /* at a time, or up to twice as many */

#define HASH_LEN  4 /* bytes that the chains are made of */
#define LOOKAHEAD (SYMBOLS_MAX_LENGTH + HASH_LEN) /* kept while more comes */
#define HALF      (DEFLATE_WINDOW / 2)
#define KEPT      (HALF - LOOKAHEAD) /* history that is always in the window */

/* What follows the head of the block that is being written. */
enum body {
    BODY_NONE, /* the head is all; or no block is being written */
    BODY_TOKENS,
    BODY_RAW,
};

/* ---- finding matches ----------------------------------------------------- */

/* Multiplying by 2^32 / golden ratio spreads what differs into the top bits. */
static uint32_t hash(uint32_t bytes, unsigned bits)
{
    return (bytes * 0x9E3779B1u) >> (32 - bits);
}

/* Enter a position, which has HASH_LEN bytes, in its chain. The answer is the
   position that was the latest, as window index + 1, or 0. */
static uint16_t enter(struct deflate *z, uint32_t pos)
{
    uint32_t bytes = bits_load32(z->window + pos);
    uint16_t *first = &z->first[hash(bytes, z->hash_bits)];
    uint16_t latest = *first;
    z->previous[pos % SYMBOLS_MAX_DISTANCE] = latest;
    *first = (uint16_t)(pos + 1);
    return latest;
}

/* The same for three bytes, which have no chain. */
static uint16_t enter_near(struct deflate *z, uint32_t pos)
{
    uint32_t bytes = bits_load32(z->window + pos) << 8;
    uint16_t *near = &z->near[hash(bytes, z->near_bits)];
    uint16_t latest = *near;
    *near = (uint16_t)(pos + 1);
    return latest;
}

/*
 * The fast way has no chains: a place has the latest two positions of a hash,
 * the later one in the low half of a word, and so they move on in one step.
 * The answer is those that were there.
 */
static inline uint32_t enter_pair(struct deflate *z, unsigned bits,
                                  uint32_t pos)
{
    uint32_t bytes = bits_load32(z->window + pos), latest, now;
    uint16_t *place = &z->first[2 * hash(bytes, bits)];
    memcpy(&latest, place, sizeof latest);
    now = latest << 16 | (pos + 1);
    memcpy(place, &now, sizeof now);
    return latest;
}

/* Bytes that a and b have in common, at most `limit`. */
static uint32_t common_len(const uint8_t *a, const uint8_t *b, uint32_t limit)
{
    uint32_t len = 0;
    for (; len + 8 <= limit; len += 8) {
        uint64_t differ = bits_load64(a + len) ^ bits_load64(b + len);
        if (differ)
            return len + ((uint32_t)__builtin_ctzll(differ) >> 3);
    }
    while (len < limit && a[len] == b[len])
        len++;
    return len;
}

/* Looking for the longest match at `at`. */
struct search {
    const uint8_t *here;
    uint32_t oldest; /* entries up to this one are too far back */
    uint32_t limit;  /* bytes of the longest match there can be */
    uint32_t length; /* a match must be longer */
};

static inline struct search begin_search(const struct deflate *z,
                                         uint32_t length)
{
    struct search s = {.here = z->window + z->at, .length = length};
    s.oldest = z->at > z->window_size ? z->at - z->window_size : 0;
    s.limit = (uint32_t)bytes_min(z->end - z->at, SYMBOLS_MAX_LENGTH);
    return s;
}

/* Is what stands there a longer match? Then it is the one to beat. It must
   agree in the four bytes that end there, and seldom does: they come first. */
static inline bool is_longer(struct search *s, const uint8_t *there)
{
    uint32_t last = s->length - 3;
    if (bits_load32(there + last) != bits_load32(s->here + last))
        return false;
    uint32_t length = common_len(s->here, there, s->limit);
    if (length <= s->length)
        return false;
    s->length = length;
    return true;
}

/* Of three bytes. All is asked at once, as what fails cannot be foreseen, and
   a branch for each would be guessed wrong (2 to 5 % of speed). */
static bool is_near(const struct search *s, const struct deflate *z,
                    uint16_t near)
{
    const uint8_t *there = z->window + near - (near > 0);
    bool equal = (bits_load32(s->here) ^ bits_load32(there)) << 8 == 0;
    return equal & (near > s->oldest) & (s->here - there <= NEAR);
}

/* The longest match at `at` that is longer than the one waiting, or none. */
static struct deflate_match find_match(const struct deflate *z, uint16_t chain,
                                       uint16_t near)
{
    struct deflate_match best = {0, 0};
    uint32_t least = z->waiting.length;
    int depth = least ? LAZY_DEPTH : DEPTH;
    struct search s = begin_search(z, least ? least : SYMBOLS_MIN_LENGTH);
    if (least == 0 && is_near(&s, z, near))
        best = (struct deflate_match){3, (uint16_t)(z->at - (near - 1u))};
    for (uint32_t next = chain;
         next > s.oldest && s.length < s.limit && depth > 0; depth--) {
        uint32_t pos = next - 1;
        next = z->previous[pos % SYMBOLS_MAX_DISTANCE];
        if (!is_longer(&s, z->window + pos))
            continue;
        best.length = (uint16_t)s.length;
        best.distance = (uint16_t)(z->at - pos);
        if (s.length >= NICE_LENGTH)
            break;
    }
    return best;
}

/* The longer match of the two there may be, at least as long as a hash is. */
static struct deflate_match find_fast(struct deflate *z)
{
    struct deflate_match best = {0, 0};
    struct search s = begin_search(z, HASH_LEN - 1);
    uint32_t pair = enter_pair(z, z->hash_bits - 1u, z->at);
    for (; (pair & 0xFFFF) > s.oldest && s.length < s.limit; pair >>= 16) {
        const uint8_t *there = z->window + ((pair & 0xFFFF) - 1);
        if (!is_longer(&s, there))
            continue;
        best.length = (uint16_t)s.length;
        best.distance = (uint16_t)(s.here - there);
    }
    return best;
}

/* ---- gathering tokens ---------------------------------------------------- */

static inline void put_literals(struct deflate *z, const uint8_t *ptr,
                                uint32_t len)
{
    uint32_t *token = z->tokens + z->token_count;
    for (uint32_t i = 0; i < len; i++) {
        token[i] = ptr[i];
        z->literal_freqs[ptr[i]]++;
    }
    z->token_count += len;
    z->block_len += len;
    z->unmatched += len;
}

static void put_match(struct deflate *z, struct deflate_match match)
{
    unsigned length = symbols_of_length(match.length);
    unsigned distance = symbols_of_distance(match.distance);
    z->tokens[z->token_count++] = (uint32_t)match.distance << 16 | match.length;
    z->literal_freqs[SYMBOLS_LENGTH + length]++;
    z->distance_freqs[distance]++;
    z->extra_len += (uint32_t)(SYMBOLS_LENGTH_EXTRA(length) +
                               SYMBOLS_DISTANCE_EXTRA(distance));
    z->block_len += match.length;
    z->unmatched = 0;
}

/*
 * Where nothing has matched for long (what is compressed already, or random),
 * some bytes go by without a look: the longer, the more, up to 15 at a time.
 * 64 KiB of random bytes are done 8 times as fast. How many is for the bytes
 * themselves to say: when they come again, the same ones will be looked at.
 */
static void pass_over(struct deflate *z)
{
    size_t len = z->unmatched / PATIENCE;
    if (len > PASSED)
        len = PASSED + z->window[z->at - 1] % PASSED;
    len = bytes_min(len, z->end - z->at);
    len = bytes_min(len, DEFLATE_TOKENS - z->token_count);
    put_literals(z, z->window + z->at - z->undecided, (uint32_t)len);
    z->at += (uint32_t)len;
}

/* The match that began before `at` is taken. What it covers is entered, too,
   but not for three bytes: that would cost 8 % of speed for 0.3 % of size. */
static void take_waiting(struct deflate *z)
{
    uint32_t after = z->at - 1 + z->waiting.length;
    put_match(z, z->waiting);
    while (++z->at < after)
        if (z->end - z->at >= HASH_LEN)
            enter(z, z->at);
    z->waiting.length = 0;
    z->undecided = false;
}

/* Parse one position: a match found here is put off until the next has been
   looked at; the one put off before is taken unless this is better. */
static void parse_position(struct deflate *z)
{
    struct deflate_match found = {0, 0};
    if (z->end - z->at >= HASH_LEN) {
        uint16_t chain = enter(z, z->at), near = enter_near(z, z->at);
        if (z->waiting.length < GOOD_LENGTH)
            found = find_match(z, chain, near);
    }
    if (z->waiting.length && found.length == 0) {
        take_waiting(z);
        return;
    }
    if (z->undecided)
        put_literals(z, z->window + z->at - 1, 1);
    z->undecided = true;
    z->waiting = found;
    z->at++;
    if (found.length == 0 && z->unmatched >= PATIENCE)
        pass_over(z);
}

/* The same in a hurry: what matches is taken at once. */
static void parse_fast(struct deflate *z)
{
    struct deflate_match found = {0, 0};
    if (z->end - z->at >= HASH_LEN)
        found = find_fast(z);
    if (found.length == 0) {
        put_literals(z, z->window + z->at++, 1);
        if (z->unmatched >= PATIENCE)
            pass_over(z);
        return;
    }
    put_match(z, found);
    uint32_t last = z->end - (HASH_LEN - 1);
    uint32_t after = z->at + found.length;
    unsigned bits = z->hash_bits - 1u;
    for (uint32_t pos = z->at + 1; pos < after && pos < last; pos++)
        enter_pair(z, bits, pos);
    z->at = after;
}

/* Parse while there are bytes enough (unless these are the last: then all of
   them), and while the block has room for tokens. */
static void parse(struct deflate *z, bool last)
{
    uint32_t least = last ? 1 : LOOKAHEAD;
    while (z->end - z->at >= least && z->token_count < DEFLATE_TOKENS) {
        if (z->fast)
            parse_fast(z);
        else
            parse_position(z);
    }
    if (last && z->at == z->end && z->undecided &&
        z->token_count < DEFLATE_TOKENS) {
        put_literals(z, z->window + z->at - 1, 1);
        z->undecided = false;
    }
}

/* ---- the window ---------------------------------------------------------- */

/* Positions fall by HALF; those that fall out of the window become none. */
static void lower(uint16_t *positions, size_t count)
{
    for (size_t i = 0; i < count; i++)
        positions[i] =
            positions[i] > HALF ? (uint16_t)(positions[i] - HALF) : (uint16_t)0;
}

static void slide(struct deflate *z)
{
    memcpy(z->window, z->window + HALF, HALF);
    z->at -= HALF;
    z->end -= HALF;
    lower(z->first, (size_t)1 << z->hash_bits);
    lower(z->near, (size_t)1 << z->near_bits);
    lower(z->previous, SYMBOLS_MAX_DISTANCE);
}

static void take_input(struct deflate *z, struct span *in)
{
    if (in->len && z->at >= DEFLATE_WINDOW - LOOKAHEAD)
        slide(z);
    size_t len = bytes_min(in->len, DEFLATE_WINDOW - z->end);
    if (len == 0)
        return;
    memcpy(z->window + z->end, in->ptr, len);
    z->end += (uint32_t)len;
    *in = bytes_after(*in, len);
}

/* ---- the codes of a dynamic block (RFC 1951 3.2.7) ----------------------- */

struct dynamic_header {
    unsigned literal_count; /* HLIT + 257 */
    unsigned distance_count;
    unsigned code_count;
    unsigned item_count;
    uint8_t items[SYMBOLS_LITERALS + SYMBOLS_DISTANCES]; /* of the code for
                                                            code lengths */
    uint8_t extra[SYMBOLS_LITERALS + SYMBOLS_DISTANCES]; /* bits after it */
    uint32_t freqs[SYMBOLS_LENGTHS];
    uint8_t bits[SYMBOLS_LENGTHS];
    uint16_t codes[SYMBOLS_LENGTHS];
};

static const uint8_t length_order[SYMBOLS_LENGTHS] = {SYMBOLS_LENGTH_ORDER};

static unsigned item_extra_bits(unsigned item)
{
    return item < 16 ? 0 : item == 16 ? 2 : item == 17 ? 3 : 7;
}

static void put_item(struct dynamic_header *h, unsigned item, unsigned extra)
{
    h->items[h->item_count] = (uint8_t)item;
    h->extra[h->item_count++] = (uint8_t)extra;
    h->freqs[item]++;
}

/* A run of `times` equal lengths, the shortest way there is. */
static void put_run(struct dynamic_header *h, unsigned length, unsigned times)
{
    while (length == 0 && times >= 11) { /* 18: 11 to 138 zeros */
        unsigned n = times < 138 ? times : 138;
        put_item(h, 18, n - 11);
        times -= n;
    }
    if (length == 0 && times >= 3) { /* 17: 3 to 10 zeros */
        put_item(h, 17, times - 3);
        return;
    }
    if (times) {
        put_item(h, length, 0);
        times--;
    }
    while (length && times >= 3) { /* 16: the one before, 3 to 6 times */
        unsigned n = times < 6 ? times : 6;
        put_item(h, 16, n - 3);
        times -= n;
    }
    while (times--)
        put_item(h, length, 0);
}

static unsigned used_count(const uint8_t *bits, unsigned count, unsigned least)
{
    while (count > least && bits[count - 1] == 0)
        count--;
    return count;
}

static void plan_header(const struct deflate *z, struct dynamic_header *h)
{
    uint8_t all[SYMBOLS_LITERALS + SYMBOLS_DISTANCES];
    h->literal_count = used_count(z->literal_bits, SYMBOLS_LITERALS_USED, 257);
    h->distance_count = used_count(z->distance_bits, SYMBOLS_DISTANCES_USED, 1);
    unsigned total = h->literal_count + h->distance_count;
    memcpy(all, z->literal_bits, h->literal_count);
    memcpy(all + h->literal_count, z->distance_bits, h->distance_count);

    h->item_count = 0;
    memset(h->freqs, 0, sizeof h->freqs);
    for (unsigned i = 0, from = 0; i < total; from = i) {
        while (i < total && all[i] == all[from])
            i++;
        put_run(h, all[from], i - from);
    }
#ifdef __clang_analyzer__ /* does not see that what comes fills all of it */
    memset(h->bits, 0, sizeof h->bits);
#endif
    huffman_lengths(h->freqs, SYMBOLS_LENGTHS, SYMBOLS_MAX_LENGTH_BITS,
                    h->bits);
    /* Some length but 0 is in use, and those stand behind the first four. */
    h->code_count = SYMBOLS_LENGTHS;
    while (h->bits[length_order[h->code_count - 1]] == 0)
        h->code_count--;
}

static uint32_t header_len(const struct dynamic_header *h)
{
    uint32_t len = 3 + 14 + 3 * h->code_count;
    for (unsigned i = 0; i < SYMBOLS_LENGTHS; i++)
        len += h->freqs[i] * (h->bits[i] + item_extra_bits(i));
    return len;
}

static void write_header(struct dynamic_header *h, struct bits_writer *w)
{
    huffman_codes(h->bits, SYMBOLS_LENGTHS, h->codes);
    bits_put(w, h->literal_count - 257, 5);
    bits_put(w, h->distance_count - 1, 5);
    bits_put(w, h->code_count - 4, 4);
    for (unsigned i = 0; i < h->code_count; i++) {
        bits_put(w, h->bits[length_order[i]], 3);
        bits_drain(w);
    }
    for (unsigned i = 0; i < h->item_count; i++) {
        unsigned item = h->items[i];
        bits_put(w, h->codes[item], h->bits[item]);
        bits_put(w, h->extra[i], item_extra_bits(item));
        bits_drain(w);
    }
}

/* ---- beginning a block --------------------------------------------------- */

/* BTYPE, RFC 1951 3.2.3. BFINAL stays 0: a message never ends the stream. */
enum { STORED = 0, FIXED = 1, DYNAMIC = 2 };

static struct bits_writer begin_head(struct deflate *z, unsigned type)
{
    struct bits_writer w = {z->head, z->head + sizeof z->head, z->bits};
    bits_drain(&w);
    bits_put(&w, (uint64_t)type << 1, 3);
    return w;
}

static void end_head(struct deflate *z, struct bits_writer *w, enum body body)
{
    CHECK(bits_drain(w));
    z->head_at = 0;
    z->head_len = (uint16_t)(w->next - z->head);
    z->bits = w->bits;
    z->body = (uint8_t)body;
}

static void begin_stored(struct deflate *z)
{
    struct bits_writer w = begin_head(z, STORED);
    bits_pad(&w);
    bits_put(&w, z->block_len, 16);
    bits_put(&w, z->block_len ^ 0xFFFF, 16);
    end_head(z, &w, BODY_RAW);
    z->raw_at = z->at - z->undecided - z->block_len;
    z->raw_len = z->block_len;
}

/* The empty stored block that ends a flush. */
static void begin_marker(struct deflate *z, enum deflate_flush flush)
{
    struct bits_writer w = begin_head(z, STORED);
    bits_pad(&w);
    if (flush == DEFLATE_SYNC)
        bits_put(&w, 0xFFFF0000, 32);
    end_head(z, &w, BODY_NONE);
    z->marked = true;
    z->unmatched = 0; /* what comes now is of another kind, possibly */
}

static void set_fixed_codes(struct deflate *z)
{
    for (unsigned s = 0; s < SYMBOLS_LITERALS; s++)
        z->literal_bits[s] = symbols_fixed_bits(s);
    memset(z->distance_bits, 5, SYMBOLS_DISTANCES);
}

/* Bits of all tokens' symbols, with the codes as they are set. */
static uint32_t body_len(const struct deflate *z)
{
    uint32_t len = z->extra_len;
    for (unsigned s = 0; s < SYMBOLS_LITERALS_USED; s++)
        len += z->literal_freqs[s] * z->literal_bits[s];
    for (unsigned s = 0; s < SYMBOLS_DISTANCES_USED; s++)
        len += z->distance_freqs[s] * z->distance_bits[s];
    return len;
}

/*
 * Choose the smallest kind of block. Stored is out of the question when the
 * bytes may have left the window: but DEFLATE_TOKENS tokens for more than
 * KEPT bytes are matches for the most part, a match of three bytes has at
 * most 22 bits in the fixed code, and longer ones less per byte.
 */
static void begin_block(struct deflate *z)
{
    struct dynamic_header header;
    z->tokens[z->token_count++] = SYMBOLS_END;
    z->literal_freqs[SYMBOLS_END] = 1;

    uint32_t stored = UINT32_MAX;
    if (z->block_len < KEPT)
        stored = 3 + 7 + 32 + 8 * z->block_len;
    set_fixed_codes(z);
    uint32_t fixed = 3 + body_len(z);
    huffman_lengths(z->literal_freqs, SYMBOLS_LITERALS, SYMBOLS_MAX_BITS,
                    z->literal_bits);
    huffman_lengths(z->distance_freqs, SYMBOLS_DISTANCES, SYMBOLS_MAX_BITS,
                    z->distance_bits);
    plan_header(z, &header);
    uint32_t dynamic = header_len(&header) + body_len(z);

    if (stored <= fixed && stored <= dynamic) {
        begin_stored(z);
    } else {
        struct bits_writer w;
        if (fixed <= dynamic) {
            set_fixed_codes(z);
            w = begin_head(z, FIXED);
        } else {
            w = begin_head(z, DYNAMIC);
            write_header(&header, &w);
        }
        huffman_codes(z->literal_bits, SYMBOLS_LITERALS, z->literal_codes);
        huffman_codes(z->distance_bits, SYMBOLS_DISTANCES, z->distance_codes);
        end_head(z, &w, BODY_TOKENS);
    }
    z->token_at = 0;
}

/* ---- writing a block ----------------------------------------------------- */

static bool write_bytes(struct text *out, const uint8_t *ptr, size_t len,
                        size_t *written)
{
    *written = bytes_min(len, out->size - out->len);
    text_put(out, bytes_span(ptr, *written));
    return *written == len;
}

static void put_token(const struct deflate *z, struct bits_writer *w,
                      uint32_t token)
{
    unsigned value = token & 0xFFFF, distance = token >> 16;
    if (distance == 0) { /* a literal, or the end of block */
        bits_put(w, z->literal_codes[value], z->literal_bits[value]);
        return;
    }
    unsigned n = symbols_of_length(value);
    unsigned s = SYMBOLS_LENGTH + n;
    bits_put(w, z->literal_codes[s], z->literal_bits[s]);
    bits_put(w, value - (unsigned)SYMBOLS_LENGTH_BASE(n),
             (unsigned)SYMBOLS_LENGTH_EXTRA(n));
    s = symbols_of_distance(distance);
    bits_put(w, z->distance_codes[s], z->distance_bits[s]);
    bits_put(w, distance - (unsigned)SYMBOLS_DISTANCE_BASE(s),
             (unsigned)SYMBOLS_DISTANCE_EXTRA(s));
}

/* A match has at most 15 + 5 + 15 + 13 bits, so the hold may have 15. */
static bool write_tokens(struct deflate *z, struct text *out)
{
    struct bits_writer w = {out->ptr + out->len, out->ptr + out->size, z->bits};
    while (z->token_at < z->token_count &&
           (w.bits.count <= 15 || bits_drain(&w)))
        put_token(z, &w, z->tokens[z->token_at++]);
    bool room = bits_drain(&w); /* the loop ended early for want of it */
    out->len = (size_t)(w.next - out->ptr);
    z->bits = w.bits;
    return room;
}

/* Write what is left of the block; true when it is all out. */
static bool write_block(struct deflate *z, struct text *out)
{
    size_t written;
    bool whole = write_bytes(out, z->head + z->head_at,
                             (size_t)(z->head_len - z->head_at), &written);
    z->head_at = (uint16_t)(z->head_at + written);
    if (!whole || z->body == BODY_NONE)
        return whole;
    if (z->body == BODY_RAW) {
        whole = write_bytes(out, z->window + z->raw_at, z->raw_len, &written);
        z->raw_at += (uint32_t)written;
        z->raw_len -= (uint32_t)written;
    } else {
        whole = write_tokens(z, out);
    }
    if (!whole)
        return false;
    z->body = BODY_NONE;
    z->token_count = 0;
    z->block_len = 0;
    z->extra_len = 0;
    memset(z->literal_freqs, 0, sizeof z->literal_freqs);
    memset(z->distance_freqs, 0, sizeof z->distance_freqs);
    return true;
}

/* ---- the whole ----------------------------------------------------------- */

void deflate_init(struct deflate *z, unsigned window_bits, size_t size,
                  enum deflate_effort effort)
{
    CHECK(window_bits >= 8 && window_bits <= 15);
    memset(z, 0, offsetof(struct deflate, first));
    z->window_size = UINT32_C(1) << window_bits;
    z->fast = effort == DEFLATE_FAST && size > SHORT;
    unsigned bits = 8; /* as many places as the message has positions */
    while (bits < DEFLATE_HASH_BITS && (size_t)1 << bits < size)
        bits++;
    z->hash_bits = (uint8_t)bits;
    z->near_bits = (uint8_t)bytes_min(bits, DEFLATE_NEAR_BITS);
    memset(z->first, 0, sizeof z->first[0] << z->hash_bits);
    memset(z->near, 0, sizeof z->near[0] << z->near_bits);
}

enum deflate_status deflate_run(struct deflate *z, struct span *in,
                                struct text *out, enum deflate_flush flush)
{
    for (;;) {
        if (!write_block(z, out))
            return DEFLATE_OUTPUT;
        if (z->marked) {
            z->marked = false;
            return DEFLATE_DONE;
        }
        take_input(z, in);
        bool last = flush != DEFLATE_MORE && in->len == 0;
        parse(z, last);
        if (z->token_count == DEFLATE_TOKENS || (last && z->token_count))
            begin_block(z);
        else if (last)
            begin_marker(z, flush);
        else if (in->len == 0)
            return DEFLATE_INPUT;
    }
}
