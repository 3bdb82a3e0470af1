/* SPDX-License-Identifier: MIT */
#include "wire/explain_head.h"

#include "base/base64.h"
#include "base/sha1.h"
#include "wire/explain_secret.h"

#define SEGMENT  69 /* columns of a line in a line of ours; a mark may follow */
#define SEGMENTS 4  /* shown of a line; more only to show a fault */
#define DOTS     3  /* shown for a secret, however long */

/* ---- What fields mean ---------------------------------------------------- */

static const struct {
    const char *name;
    const char *meaning;
    const char *section;
} meanings[] = {
    {"Host", "who is asked; an Origin is compared with it", "4.2.1"},
    {"Upgrade", "the protocol to change to: websocket", "4.2.1"},
    {"Connection", "upgrade: that field is meant for the next hop", "4.2.1"},
    {"Origin", "the page whose script asks; browsers send it", "10.2"},
    {"Sec-WebSocket-Version", "13 is RFC 6455; there is no other", "4.2.1"},
    {"Sec-WebSocket-Protocol", "subprotocols, the preferred one first", "1.9"},
    {"Sec-WebSocket-Extensions", "extensions, the preferred one first", "9.1"},
    {"Sec-WebSocket-Accept", "the answer to the key, as computed above",
     "4.2.2"},
    {"Content-Length", "bytes of the body", "9110 8.6"},
};

/* The 16 bytes that a key stands for. */
static void tell_nonce(struct span key, struct listing *l)
{
    uint8_t nonce[16];
    listing_note(l, bytes_of("base64 of 16 random bytes, to be answered:"),
                 "4.1");
    if (base64_decode(nonce, sizeof nonce, key) != sizeof nonce)
        return;
    for (size_t i = 0; i < sizeof nonce; i += 8) {
        listing_begin(l, LISTING_PLAIN);
        listing_column(l, LISTING_MEANING_COLUMN);
        listing_hex(l, bytes_span(nonce + i, 8));
        listing_end(l);
    }
}

static void tell_meaning(const struct explain_head *h,
                         const struct explain_agreed *agreed, struct span line,
                         struct listing *l)
{
    size_t colon = bytes_find(line, ':');
    struct span name = bytes_part(line, 0, colon);
    if (colon == line.len)
        return;
    if (h->by_client &&
        bytes_equal_nocase(name, BYTES_LITERAL("Sec-WebSocket-Key")))
        tell_nonce(bytes_trim(bytes_after(line, colon + 1)), l);
    for (size_t i = 0; i < sizeof meanings / sizeof meanings[0]; i++) {
        if (!bytes_equal_nocase(name, bytes_of(meanings[i].name)))
            continue;
        const char *words = meanings[i].meaning;
        bool answer = bytes_equal(bytes_of(meanings[i].name),
                                  BYTES_LITERAL("Sec-WebSocket-Accept"));
        if (answer && !agreed->asked)
            words = "the answer to a key that was not seen";
        listing_note(l, bytes_of(words), meanings[i].section);
    }
}

static void tell_title(const struct explain_head *h, struct listing *l)
{
    listing_title(l, bytes_of(h->by_client ? "request" : "response"), h->at);
}

static void tell_first(const struct explain_head *h, struct listing *l)
{
    const char *words = h->by_client
                            ? "method, target, version: a handshake is a GET"
                            : "version, status, and a phrase for people";
    listing_note(l, bytes_of(words), h->by_client ? "4.2.1" : "4.2.2");
}

/* ---- A line -------------------------------------------------------------- */

/* Where in the head a part of it begins. */
static size_t offset_of(const struct explain_head *h, struct span part)
{
    return (size_t)(part.ptr - h->bytes);
}

/* A line that is looked at byte after byte, and the secret that is next. */
struct view {
    struct span line;
    struct span secret;
};

static struct view view_of(struct span line)
{
    return (struct view){.line = line, .secret = bytes_part(line, 0, 0)};
}

/* Is this byte, one behind those that were asked about before, secret? *at is
   its place in the secret. */
static bool is_secret(struct view *v, const uint8_t *byte, size_t *at)
{
    if (byte >= v->secret.ptr + v->secret.len)
        v->secret = explain_secret_next(v->line, (size_t)(byte - v->line.ptr));
    *at = byte >= v->secret.ptr ? (size_t)(byte - v->secret.ptr) : 0;
    return byte >= v->secret.ptr;
}

/* The columns that a byte takes: as it is, or as \xHH where it does not print;
   a secret is a few dots. */
static size_t columns_at(struct view *v, const uint8_t *byte)
{
    size_t at;
    if (is_secret(v, byte, &at))
        return at < DOTS;
    return listing_prints(*byte) ? 1 : 4;
}

static void put_escaped(struct listing *l, struct span line, struct span part)
{
    struct view v = view_of(line);
    for (const uint8_t *byte = part.ptr; byte < part.ptr + part.len; byte++) {
        size_t at;
        if (is_secret(&v, byte, &at)) {
            text_string(l->out, at < DOTS ? "." : "");
        } else if (listing_prints(*byte)) {
            text_byte(l->out, *byte);
        } else {
            text_string(l->out, "\\x");
            text_hex(l->out, *byte, 2);
        }
    }
}

static size_t columns_of(struct span line, struct span part)
{
    struct view v = view_of(line);
    size_t columns = 0;
    for (size_t i = 0; i < part.len; i++)
        columns += columns_at(&v, part.ptr + i);
    return columns;
}

/* How many bytes of rest fit a segment. */
static size_t segment_len(struct span line, struct span rest)
{
    struct view v = view_of(line);
    size_t columns = 0, len = 0;
    while (len < rest.len) {
        columns += columns_at(&v, rest.ptr + len);
        if (columns > SEGMENT)
            break;
        len++;
    }
    return len;
}

/* Say that there was more than the dots show. */
static void tell_secrets(struct span line, struct listing *l)
{
    size_t count = 0;
    struct span secret = explain_secret_next(line, 0);
    while (secret.len) {
        count += secret.len;
        secret = explain_secret_next(
            line, (size_t)(secret.ptr + secret.len - line.ptr));
    }
    if (!count)
        return;
    struct text *t = listing_phrase(l, "(not shown: ");
    listing_count(t, count, "byte");
    text_string(t, " that let somebody in)");
    listing_note(l, text_span(t), NULL);
}

static struct span consequence(unsigned status, struct listing *l)
{
    if (status == 0)
        return BYTES_LITERAL("a client fails the connection");
    struct text *t = listing_phrase(l, "chatd answers ");
    text_decimal(t, status);
    text_byte(t, ' ');
    text_string(t, http_phrase(status));
    text_string(t, " and closes");
    return text_span(t);
}

/* Marks what of [at, at + segment.len) is at fault, if it begins there. */
static void mark(const struct explain_head *h, struct span line,
                 struct span segment, const struct explain_judge *v,
                 struct listing *l)
{
    size_t at = offset_of(h, segment), before = v->offset - at;
    size_t within = bytes_min(before, segment.len);
    size_t column =
        LISTING_BYTES_COLUMN + columns_of(line, bytes_part(segment, 0, within));
    size_t len = bytes_min(v->len, segment.len - within);
    size_t width = columns_of(line, bytes_part(segment, within, len));
    const struct fault_rule *rule = &fault_rules[v->fault];
    listing_wrong(l, column, width ? width : 1, h->at + v->offset, rule,
                  consequence(h->by_client ? rule->answer : 0, l));
}

/* One line of the head in as many of ours as it wants, the mark below the one
   that holds the fault. True when it did. */
static bool tell_line(const struct explain_head *h, struct span line,
                      const struct explain_judge *v, struct listing *l)
{
    size_t start = offset_of(h, line);
    bool here = v->fault && v->offset <= start + line.len + 1;
    struct span rest = line;
    size_t n = 0;
    for (; n == 0 || rest.len > 0; n++) {
        size_t len = segment_len(line, rest);
        struct span segment = bytes_part(rest, 0, len);
        bool holds =
            here && v->offset >= offset_of(h, segment) &&
            (v->offset < offset_of(h, segment) + len || len == rest.len);
        if (n < SEGMENTS || holds) {
            listing_begin(l, LISTING_PLAIN);
            listing_column(l, LISTING_BYTES_COLUMN);
            put_escaped(l, line, segment);
            listing_end(l);
        }
        if (holds)
            mark(h, line, segment, v, l);
        rest = bytes_after(rest, len);
    }
    tell_secrets(line, l);
    if (n > SEGMENTS)
        listing_note(l, bytes_of("(only the line's start is shown)"), NULL);
    return here;
}

/* ---- The verdict --------------------------------------------------------- */

static void put_step(struct listing *l, const char *label, struct span value)
{
    listing_begin(l, LISTING_PLAIN);
    listing_column(l, LISTING_MEANING_COLUMN);
    text_string(l->out, label);
    listing_column(l, LISTING_MEANING_COLUMN + 9);
    text_put(l->out, value);
    listing_end(l);
}

/* base64(SHA-1(key || GUID)), step by step. */
static void tell_accept(struct span key, const uint8_t *accept,
                        struct listing *l)
{
    uint8_t digest[SHA1_LEN];
    struct text *t = listing_phrase(l, "");
    struct span answer = bytes_span(accept, HANDSHAKE_ACCEPT_LEN);
    put_step(l, "key", key);
    put_step(l, "+ GUID", bytes_of(HANDSHAKE_GUID));
    (void)base64_decode(digest, sizeof digest, answer);
    for (size_t i = 0; i < sizeof digest; i += 4) {
        text_string(t, i ? " " : "");
        text_hex(t, bytes_get32(digest + i), 8);
    }
    put_step(l, "SHA-1", text_span(t));
    put_step(l, "base64", answer);
}

static void tell_choice(const struct explain_head *h,
                        const struct explain_judge *v, struct listing *l)
{
    struct span none;
    struct text *t = listing_phrase(l, "chatd agrees to ");
    if (http_field(&v->message, "Sec-WebSocket-Extensions", &none) == 0)
        return;
    if (h->compression && v->legal.deflate)
        extension_write(&v->legal.extension, t);
    else
        text_string(t, "none of the extensions");
    listing_note(l, text_span(t), "7692 7.1");
}

static void agree(const struct extension_terms *terms,
                  struct explain_agreed *agreed)
{
    agreed->deflate = terms->deflate ? EXPLAIN_DEFLATE_ON : EXPLAIN_DEFLATE_OFF;
    if (!terms->deflate)
        return;
    agreed->client_keeps = terms->client_keeps;
    agreed->server_keeps = terms->server_keeps;
    agreed->client_bits = terms->client_window_bits;
    agreed->server_bits = terms->server_window_bits;
}

/* Until the answer is seen: what chatd agrees to. */
static struct extension_terms chosen(const struct explain_head *h,
                                     const struct handshake *legal)
{
    return (struct extension_terms){
        .deflate = h->compression && legal->deflate,
        .server_window_bits = legal->extension.server_window_bits,
        .client_window_bits = legal->extension.client_window_bits,
    };
}

static enum explain_head_next end_request(struct explain_head *h,
                                          const struct explain_judge *v,
                                          struct explain_agreed *agreed,
                                          struct listing *l)
{
    const struct http_request *request = &v->message;
    uint64_t bit = UINT64_C(1) << (agreed->requests++ & 63);
    bool head = bytes_equal(request->method, BYTES_LITERAL("HEAD"));
    struct span key;
    agreed->without_body = (agreed->without_body & ~bit) | (head ? bit : 0);
    agreed->asked = handshake_wanted(request);
    agreed->deflate = EXPLAIN_DEFLATE_OFF;
    if (!agreed->asked) {
        listing_result(l,
                       bytes_of("= a plain request: no WebSocket is asked for"),
                       "9112");
        h->body_left = http_body_len(request);
        bool posts = bytes_equal(request->method, BYTES_LITERAL("POST"));
        return http_persists(request) && (h->body_left == 0 || posts)
                   ? EXPLAIN_HEAD_BODY
                   : EXPLAIN_HEAD_ENDED;
    }
    (void)http_field(request, "Sec-WebSocket-Key", &key);
    memcpy(agreed->accept, v->legal.accept, sizeof agreed->accept);
    struct extension_terms terms = chosen(h, &v->legal);
    agree(&terms, agreed);
    listing_result(l, bytes_of("= a legal handshake; its key's answer:"),
                   "4.2.2");
    tell_accept(key, agreed->accept, l);
    tell_choice(h, v, l);
    return EXPLAIN_HEAD_FRAMES;
}

static enum explain_head_next end_response(struct explain_head *h,
                                           const struct explain_judge *v,
                                           struct explain_agreed *agreed,
                                           struct listing *l)
{
    struct span none;
    unsigned status = v->status;
    bool interim = opening_is_interim(status);
    bool bare = agreed->without_body >> (agreed->responses & 63) & 1;
    agreed->responses += !interim;
    agreed->status = status;
    if (status == 101) {
        agree(&v->terms, agreed);
        listing_result(
            l, bytes_of("= from the next byte on both sides send frames"),
            "4.2.2");
        return EXPLAIN_HEAD_FRAMES;
    }
    bool coded =
        http_field(&v->message, "Transfer-Encoding", &none) > 0; /* 9112 6.3 */
    h->body_left = http_body_len(&v->message);
    if (bare || status < 200 || status == 204 || status == 304)
        h->body_left = 0;
    else if (coded || http_field(&v->message, "Content-Length", &none) == 0)
        h->body_left = UINT64_MAX;
    const char *words = h->body_left ? "= plain HTTP; its body is not shown"
                                     : "= plain HTTP, without a body";
    listing_result(l, bytes_of(words), "9112 6.3");
    return EXPLAIN_HEAD_BODY;
}

/* ---- The head's state ---------------------------------------------------- */

void explain_head_begin(struct explain_head *h, uint64_t at)
{
    h->at = at;
    h->scan = (struct http_scan){0};
    h->scanned = false;
    h->told = 0;
}

bool explain_head_take(struct explain_head *h, struct span *in)
{
    size_t had = h->scan.pos;
    size_t len = bytes_min(in->len, sizeof h->bytes - had);
    memcpy(h->bytes + had, in->ptr, len);
    h->scanned = http_scan(&h->scan, h->bytes, had + len) != HTTP_MORE;
    size_t taken = h->scan.pos - had;
    *in = bytes_after(*in, taken);
    return h->scanned;
}

static struct span head_of(const struct explain_head *h)
{
    return bytes_span(h->bytes, h->scan.pos);
}

static void judge(const struct explain_head *h,
                  const struct explain_agreed *agreed, struct explain_judge *v)
{
    struct span accept =
        bytes_span(agreed->accept, agreed->asked ? HANDSHAKE_ACCEPT_LEN : 0);
    if (h->scan.status)
        explain_judge_scan(v, head_of(h), h->scan.status);
    else if (h->by_client)
        explain_judge_request(v, head_of(h), h->policy);
    else
        explain_judge_response(v, head_of(h), accept);
}

enum explain_head_next explain_head_tell(struct explain_head *h,
                                         struct explain_agreed *agreed,
                                         struct listing *l)
{
    struct explain_judge v = {.fault = FAULT_NONE};
    judge(h, agreed, &v);
    struct span line = explain_judge_line(head_of(h), h->told);
    h->path = v.message.fault ? bytes_span(NULL, 0) : v.message.path;
    if (h->told == 0)
        tell_title(h, l);
    /* An empty line may stand before the first. */
    bool first = h->told <= 2 && line.len > 0;
    bool last = line.len == 0 && h->told > 2;
    if (last && !v.fault)
        listing_note(l, bytes_of("the empty line: the end of the head"),
                     "9112 2.1");
    else if (tell_line(h, line, &v, l)) {
        h->wrong = fault_rules[v.fault];
        return EXPLAIN_HEAD_WRONG;
    }
    if (first)
        tell_first(h, l);
    else
        tell_meaning(h, agreed, line, l);
    h->told = (uint16_t)(h->told + line.len + 2);
    if (h->told < h->scan.pos)
        return EXPLAIN_HEAD_UNFINISHED;
    return h->by_client ? end_request(h, &v, agreed, l)
                        : end_response(h, &v, agreed, l);
}

void explain_head_cut(struct explain_head *h, struct listing *l)
{
    struct explain_judge none = {.fault = FAULT_NONE};
    tell_title(h, l);
    for (struct span rest = head_of(h); rest.len > 0;) {
        struct span line = explain_judge_line(rest, 0);
        (void)tell_line(h, line, &none, l);
        rest = bytes_after(rest, bytes_min(line.len + 2, rest.len));
    }
    listing_result(
        l,
        bytes_of("= the input ends inside the head: its empty line is missing"),
        NULL);
}
