/* SPDX-License-Identifier: MIT */
#include "paste.h"
#include "os/process.h"
#include "wire/explain.h"

#define LEGAL   0
#define ILLEGAL 1
#define USAGE   2

/* ---- Hexadecimal text ---------------------------------------------------- */

static bool is_hex(struct span s, size_t at)
{
    return at < s.len && bytes_hex_value(s.ptr[at]) >= 0;
}

/* Digits from `at` on. */
static size_t count_digits(struct span s, size_t at)
{
    size_t count = 0;
    while (is_hex(s, at + count))
        count++;
    return count;
}

/* "0x" or "\x" in front of digits: how long. */
static size_t prefix_len(struct span s, size_t at)
{
    return at + 1 < s.len && (s.ptr[at] == '0' || s.ptr[at] == '\\') &&
                   s.ptr[at + 1] == 'x'
               ? 2
               : 0;
}

static bool is_blank(struct span s, size_t at)
{
    return at < s.len && (s.ptr[at] == ' ' || s.ptr[at] == '\t');
}

/* A line of a dump begins with an offset: four digits or more, and then a
   colon, or two blanks, or one where the digits are odd in number and so no
   bytes (od). Its length, or 0; `gap` is how many blanks end the bytes. */
static size_t offset_len(struct span line, size_t *gap)
{
    size_t prefix = prefix_len(line, 0);
    size_t digits = count_digits(line, prefix), len = prefix + digits;
    *gap = 0;
    if (digits < 4 || len == line.len)
        return 0;
    if (line.ptr[len] == ':') {
        *gap = 2;
        return len + 1;
    }
    if (!is_blank(line, len) || (!is_blank(line, len + 1) && digits % 2 == 0))
        return 0;
    *gap = 3;
    return len;
}

/* The last line of some dumps: an offset, and no bytes. */
static bool is_last_offset(struct span line)
{
    size_t digits = count_digits(line, 0);
    return digits >= 4 && digits == line.len;
}

/* What may stand between bytes: how many of these from `at` on. */
static size_t count_separators(struct span line, size_t at)
{
    struct span separators = BYTES_LITERAL(" \t:,;-{}\"'");
    size_t count = 0;
    while (at + count < line.len &&
           bytes_find(separators, line.ptr[at + count]) < separators.len)
        count++;
    return count;
}

/* Append the bytes of a line. False when it is not hexadecimal. `dump`: the
   line before had an offset. */
static bool decode_line(struct span line, struct text *out, bool *dump)
{
    size_t gap, at, before = out->len;
    line = bytes_trim(bytes_part(line, 0, bytes_find(line, '#')));
    if (*dump && is_last_offset(line))
        return true;
    at = offset_len(line, &gap);
    *dump = at > 0;
    while (at < line.len) {
        size_t separators = count_separators(line, at);
        bool begun = out->len > before;
        at += separators;
        if (at == line.len ||
            (gap && begun && (separators >= gap || out->len - before == 16)))
            return true;
        at += prefix_len(line, at);
        if (!is_hex(line, at) || !is_hex(line, at + 1))
            return gap && begun; /* the text beside a dump */
        text_byte(out, (uint8_t)(bytes_hex_value(line.ptr[at]) << 4 |
                                 bytes_hex_value(line.ptr[at + 1])));
        at += 2;
    }
    return true;
}

/* METHOD TARGET HTTP/1.1: a request, though its method may be of letters that
   are digits (ADD, FEED). */
static bool looks_like_request(struct span s)
{
    while (s.len > 0 && (s.ptr[0] == '\r' || s.ptr[0] == '\n'))
        s = bytes_after(s, 1);
    s.len = bytes_find(s, '\n');
    size_t method = bytes_cut(&s, ' ').len;
    size_t target = bytes_cut(&s, ' ').len;
    return method && target && bytes_begins(s, BYTES_LITERAL("HTTP/"));
}

/* Is this the start of hexadecimal text? Its first word is, behind comments,
   or there is nothing but these. */
static bool looks_like_hex(struct span s)
{
    struct span blanks = BYTES_LITERAL(" \t\r\n\"'{");
    size_t at = 0;
    while (at < s.len) {
        struct span rest = bytes_after(s, at);
        if (rest.ptr[0] == '#')
            at += bytes_find(rest, '\n');
        else if (bytes_find(blanks, rest.ptr[0]) < blanks.len)
            at++;
        else
            break;
    }
    at += prefix_len(s, at);
    size_t digits = count_digits(s, at), end = at + digits;
    return at == s.len ||
           (digits >= 2 &&
            (end == s.len ||
             bytes_find(BYTES_LITERAL(" \t\r\n:,;-\\#\"'}"), s.ptr[end]) < 13));
}

/* ---- What it is ---------------------------------------------------------- */

/* A head begins with a word of capitals: a method, or HTTP. */
static bool looks_like_head(struct span s)
{
    size_t at = 0;
    if (looks_like_request(s))
        return true;
    while (at < s.len && (s.ptr[at] == '\r' || s.ptr[at] == '\n'))
        at++;
    size_t start = at;
    while (at < s.len && s.ptr[at] >= 'A' && s.ptr[at] <= 'Z')
        at++;
    return at - start >= 3 && at < s.len &&
           (s.ptr[at] == ' ' || s.ptr[at] == '/');
}

static bool is_client(enum limits_whose whose, struct span s)
{
    if (whose != WHOSE_EITHER)
        return whose == WHOSE_CLIENT;
    if (looks_like_head(s))
        return !bytes_begins(s, BYTES_LITERAL("HTTP/"));
    return s.len < 2 || (s.ptr[1] & FRAME_MASK);
}

/* ---- Explaining ---------------------------------------------------------- */

struct paste {
    struct explain explain;
    bool adds_cr; /* an LF stands for CR LF, until the head ends */
    uint8_t last; /* byte before, of those read */
    bool unheard; /* standard output did not take it all */
    uint8_t out[EXPLAIN_STEP + 16384];
};

static void begin(struct paste *p, enum limits_whose whose, bool colour,
                  struct span s)
{
    bool client = is_client(whose, s), head = looks_like_head(s);
    explain_begin(&p->explain, client, head ? EXPLAIN_HEAD : EXPLAIN_FRAMES);
    p->explain.prefix = client ? BYTES_LITERAL("> ") : BYTES_LITERAL("< ");
    p->explain.colour = colour;
    p->adds_cr = head && bytes_find(s, '\r') == s.len;
}

static void put(struct paste *p, const struct text *t)
{
    p->unheard |= process_print(text_span(t)) < 0;
}

static void feed(struct paste *p, struct span in)
{
    bool more = true;
    while (more) {
        struct text out = text_over(p->out, sizeof p->out);
        more = explain_run(&p->explain, &in, &out);
        put(p, &out);
    }
}

/* Lines that have lost their CR get it back. */
static void feed_text(struct paste *p, struct span in)
{
    while (in.len > 0 && p->adds_cr) {
        size_t len = bytes_find(in, '\n');
        feed(p, bytes_part(in, 0, len));
        if (len == in.len)
            return;
        p->adds_cr = p->explain.phase == EXPLAIN_HEAD;
        feed(p, BYTES_LITERAL("\r\n"));
        in = bytes_after(in, len + 1);
    }
    feed(p, in);
}

static int end(struct paste *p)
{
    struct text out = text_over(p->out, sizeof p->out);
    enum explain_verdict verdict = explain_end(&p->explain, &out);
    put(p, &out);
    if (p->unheard)
        return USAGE;
    return verdict == EXPLAIN_LEGAL ? LEGAL : ILLEGAL;
}

static int complain(struct text *why, const char *what)
{
    text_string(why, "--explain: ");
    text_string(why, what);
    return USAGE;
}

/* All of the text is read before a byte of it counts. */
static int explain_hex(struct paste *p, enum limits_whose whose, bool colour,
                       struct text *all, struct text *why)
{
    struct text bytes = text_over(all->ptr, all->size); /* never longer */
    struct span rest = text_span(all);
    bool dump = false;
    while (rest.len > 0) {
        struct span line = bytes_cut(&rest, '\n');
        if (line.len > 0 && line.ptr[line.len - 1] == '\r')
            line.len--;
        if (!decode_line(line, &bytes, &dump))
            return complain(why, "a line is not hexadecimal");
    }
    if (bytes.len == 0)
        return complain(why, "no bytes on standard input");
    begin(p, whose, colour, text_span(&bytes));
    feed(p, text_span(&bytes));
    return end(p);
}

int paste_explain(enum limits_whose whose, bool colour, struct text *why)
{
    static struct paste paste;
    static uint8_t bytes[PASTE_HEX_MAX];
    struct text all = text_over(bytes, sizeof bytes);
    all.len = process_read(bytes, HTTP_HEAD_MAX);
    if (all.len == 0)
        return complain(why, "no bytes on standard input");
    if (!looks_like_request(text_span(&all)) &&
        looks_like_hex(text_span(&all))) {
        all.len += process_read(bytes + all.len, sizeof bytes - all.len);
        if (all.len == sizeof bytes)
            return complain(why, "too much hexadecimal text");
        return explain_hex(&paste, whose, colour, &all, why);
    }
    begin(&paste, whose, colour, text_span(&all));
    while (all.len > 0) {
        feed_text(&paste, text_span(&all));
        all.len = process_read(bytes, HTTP_HEAD_MAX);
    }
    return end(&paste);
}
