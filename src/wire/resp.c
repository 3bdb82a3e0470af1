/* SPDX-License-Identifier: MIT */
#include "wire/resp.h"
#include "base/check.h"

/* ---- Lines --------------------------------------------------------------- */

#define CRLF_LEN 2

/* The longest line of a number: ":-9223372036854775808" and CRLF. */
#define NUMBER_LINE_MAX (1 + 20 + CRLF_LEN)

static void fail(struct resp_reader *r, const char *fault)
{
    r->fault = fault;
}

/* The most bytes of a line that begins with this type; 0: there is none. */
static size_t line_size(uint8_t type)
{
    switch (type) {
    case '+':
    case '-': return RESP_LINE_MAX;
    case ':':
    case '$':
    case '*': return NUMBER_LINE_MAX;
    default: return 0;
    }
}

/* Look at one byte more of a line. True: it is its last. */
static bool look(struct resp_reader *r, const uint8_t *in)
{
    size_t size = line_size(in[0]), at = r->seen++;
    if (size == 0)
        fail(r, "a reply of an unknown type");
    if (at == 0)
        return false;
    bool after_cr = in[at - 1] == '\r', is_lf = in[at] == '\n';
    if (after_cr && is_lf)
        return true;
    if (after_cr || is_lf)
        fail(r, "a bare CR or LF in a line");
    else if (r->seen == size)
        fail(r, "a line too long");
    return false;
}

static bool line_is_whole(struct resp_reader *r, const uint8_t *in, size_t len)
{
    while (r->seen < len && !r->fault)
        if (look(r, in))
            return true;
    return false;
}

/* A decimal number; a minus sign before it, but not before 0 (Integers). */
static bool read_integer(struct span s, int64_t *integer)
{
    bool minus = s.len && s.ptr[0] == '-';
    uint64_t most = (uint64_t)INT64_MAX + minus, value;
    if (!bytes_number(bytes_after(s, minus), most, &value))
        return false;
    /* ~(value - 1) is minus value, also where that is -2^63. */
    *integer = minus ? (int64_t) ~(value - 1) : (int64_t)value;
    return !minus || value > 0;
}

/* ---- Events -------------------------------------------------------------- */

/* The next element of the innermost array, or a reply of its own. */
static void place(struct resp_reader *r, struct resp_event *event,
                  enum resp_type type)
{
    event->type = type;
    event->depth = r->depth;
    event->last = r->depth == 0;
    if (r->depth > 0)
        event->index = r->open[r->depth - 1].begun++;
}

static void begin_array(struct resp_reader *r, struct resp_event *event,
                        uint32_t count)
{
    if (r->depth == RESP_DEPTH_MAX) {
        fail(r, "arrays nested too deeply");
        return;
    }
    place(r, event, RESP_ARRAY);
    event->count = count;
    event->last = false; /* its end will be */
    r->open[r->depth++] = (struct resp_array){.count = count};
}

static bool array_is_over(const struct resp_reader *r)
{
    if (r->depth == 0)
        return false;
    const struct resp_array *inner = r->open + r->depth - 1;
    return inner->begun == inner->count;
}

static void end_array(struct resp_reader *r, struct resp_event *event)
{
    uint32_t count = r->open[--r->depth].count;
    *event = (struct resp_event){.type = RESP_END,
                                 .last = r->depth == 0,
                                 .depth = r->depth,
                                 .count = count};
    if (r->depth > 0)
        event->index = r->open[r->depth - 1].begun - 1;
}

/* ---- One line, and what may follow it ------------------------------------ */

/* What a bulk string or an array begins with. True: a length that is allowed.
   False: null, which is told here (Null bulk strings, Null arrays), or a
   fault. */
static bool take_length(struct resp_reader *r, int64_t length, uint64_t most,
                        struct resp_event *event)
{
    if (length == -1)
        place(r, event, RESP_NULL);
    else if (length < 0)
        fail(r, "a negative length");
    else if ((uint64_t)length > most)
        fail(r, "a length over the limit");
    else
        return true;
    return false;
}

static void take_number(struct resp_reader *r, const struct resp_limits *limits,
                        uint8_t type, struct span digits,
                        struct resp_event *event)
{
    int64_t number;
    if (!read_integer(digits, &number)) {
        fail(r, "a malformed number");
    } else if (type == ':') {
        place(r, event, RESP_INTEGER);
        event->integer = number;
    } else if (type == '$') {
        if (take_length(r, number, limits->bulk, event))
            r->bulk = (size_t)number + CRLF_LEN;
    } else if (take_length(r, number, limits->count, event)) {
        begin_array(r, event, (uint32_t)number);
    }
}

static void take_text(struct resp_reader *r, uint8_t type, struct span text,
                      struct resp_event *event)
{
    place(r, event, type == '+' ? RESP_SIMPLE : RESP_ERROR);
    event->text = text;
}

static size_t take_line(struct resp_reader *r, const struct resp_limits *limits,
                        const uint8_t *in, size_t len, struct resp_event *event)
{
    if (!line_is_whole(r, in, len))
        return 0;
    size_t taken = r->seen;
    struct span rest = bytes_span(in + 1, taken - 1 - CRLF_LEN);
    r->seen = 0;
    if (line_size(in[0]) == NUMBER_LINE_MAX)
        take_number(r, limits, in[0], rest, event);
    else
        take_text(r, in[0], rest, event);
    return taken;
}

/* The bytes behind a bulk string's line (Bulk strings), when all are there. */
static size_t take_bulk(struct resp_reader *r, const uint8_t *in, size_t len,
                        struct resp_event *event)
{
    size_t taken = r->bulk;
    if (len < taken)
        return 0;
    struct span text = bytes_span(in, taken - CRLF_LEN);
    if (memcmp(in + text.len, "\r\n", CRLF_LEN) != 0) {
        fail(r, "a bulk string without its CRLF");
        return 0;
    }
    r->bulk = 0;
    place(r, event, RESP_BULK);
    event->text = text;
    return taken;
}

/* What is next: the end of an array; or a line, or the bytes of a bulk string,
   or both at once. */
static size_t take_next(struct resp_reader *r, const struct resp_limits *limits,
                        const uint8_t *in, size_t len, struct resp_event *event)
{
    size_t taken = 0;
    if (array_is_over(r)) {
        end_array(r, event);
        return 0;
    }
    if (!r->bulk)
        taken = take_line(r, limits, in, len, event);
    if (r->bulk)
        taken += take_bulk(r, in + taken, len - taken, event);
    return taken;
}

size_t resp_read(struct resp_reader *r, const struct resp_limits *limits,
                 const uint8_t *in, size_t len, struct resp_event *event)
{
    size_t taken = 0;
    *event = (struct resp_event){.type = RESP_NONE};
    if (!r->fault)
        taken = take_next(r, limits, in, len, event);
    if (!r->fault)
        return taken;
    *event = (struct resp_event){.type = RESP_FAIL, .reason = r->fault};
    return len;
}

bool resp_at_rest(const struct resp_reader *r, size_t len)
{
    return len == 0 && r->depth == 0 && r->bulk == 0 && !r->fault;
}

/* ---- What an error says -------------------------------------------------- */

/* Bytes, not pointers: nothing to relocate. UNKNOWN and ID have no word of
   their own, and stay empty. */
static const char words[][12] = {
    [RESP_WORD_ERR] = "ERR",
    [RESP_WORD_NOAUTH] = "NOAUTH",
    [RESP_WORD_WRONGPASS] = "WRONGPASS",
    [RESP_WORD_NOPERM] = "NOPERM",
    [RESP_WORD_LOADING] = "LOADING",
    [RESP_WORD_READONLY] = "READONLY",
    [RESP_WORD_MASTERDOWN] = "MASTERDOWN",
    [RESP_WORD_UNBLOCKED] = "UNBLOCKED",
    [RESP_WORD_OOM] = "OOM",
    [RESP_WORD_BUSY] = "BUSY",
    [RESP_WORD_MISCONF] = "MISCONF",
    [RESP_WORD_NOREPLICAS] = "NOREPLICAS",
    [RESP_WORD_WRONGTYPE] = "WRONGTYPE",
    [RESP_WORD_MOVED] = "MOVED",
    [RESP_WORD_CLUSTERDOWN] = "CLUSTERDOWN",
};

enum resp_word resp_word_of(struct span error)
{
    struct span rest = error, word = bytes_cut(&rest, ' ');
    /* No word of its own, but it must be told from all other mistakes. */
    if (bytes_begins(error, BYTES_LITERAL("ERR The ID specified in XADD is "
                                          "equal or smaller")))
        return RESP_WORD_ID;
    for (size_t i = RESP_WORD_ERR; i < sizeof words / sizeof *words; i++)
        if (word.len && bytes_equal(word, bytes_of(words[i])))
            return (enum resp_word)i;
    return RESP_WORD_UNKNOWN;
}

/* ---- Ids of a stream's entries ------------------------------------------- */

/* Half of an id. bytes_number makes UINT64_MAX of what is larger: that is
   believed only where it stands so. */
static bool read_half(struct span s, uint64_t *value)
{
    return bytes_number(s, UINT64_MAX, value) &&
           (*value < UINT64_MAX ||
            bytes_equal(s, BYTES_LITERAL("18446744073709551615")));
}

bool resp_id_parse(struct span text, struct resp_id *id)
{
    struct span rest = text, epoch = bytes_cut(&rest, '-');
    return read_half(epoch, &id->epoch) && read_half(rest, &id->number);
}

/* ---- Writing ------------------------------------------------------------- */

static void put_line(struct text *out, uint8_t type, uint64_t number)
{
    text_byte(out, type);
    text_decimal(out, number);
    text_string(out, "\r\n");
}

struct resp_command resp_begin(struct text *out, uint32_t count)
{
    CHECK(count > 0 && !out->overflow);
    struct resp_command c = {.out = out, .start = out->len, .count = count};
    put_line(out, '*', count);
    return c;
}

void resp_put_parts(struct resp_command *c, const struct span *parts,
                    size_t count)
{
    size_t len = 0;
    CHECK(c->count > 0);
    c->count--;
    for (size_t i = 0; i < count; i++)
        len += parts[i].len;
    put_line(c->out, '$', len);
    for (size_t i = 0; i < count; i++)
        text_put(c->out, parts[i]);
    text_string(c->out, "\r\n");
}

void resp_put(struct resp_command *c, struct span s)
{
    resp_put_parts(c, &s, 1);
}

void resp_put_number(struct resp_command *c, uint64_t value)
{
    uint8_t digits[20]; /* UINT64_MAX has 20 */
    struct text text = text_over(digits, sizeof digits);
    text_decimal(&text, value);
    resp_put(c, text_span(&text));
}

/* "EPOCH-" and what is behind it. */
static void put_id(struct resp_command *c, uint64_t epoch, struct span rest)
{
    uint8_t digits[20 + 1];
    struct text text = text_over(digits, sizeof digits);
    text_decimal(&text, epoch);
    text_byte(&text, '-');
    resp_put_parts(c, (struct span[]){text_span(&text), rest}, 2);
}

void resp_put_id(struct resp_command *c, const struct resp_id *id)
{
    uint8_t digits[20];
    struct text text = text_over(digits, sizeof digits);
    text_decimal(&text, id->number);
    put_id(c, id->epoch, text_span(&text));
}

void resp_put_next(struct resp_command *c, uint64_t epoch)
{
    put_id(c, epoch, BYTES_LITERAL("*"));
}

bool resp_end(struct resp_command *c)
{
    bool whole = !c->out->overflow;
    CHECK(c->count == 0);
    if (!whole)
        c->out->len = c->start;
    c->out->overflow = false;
    return whole;
}
