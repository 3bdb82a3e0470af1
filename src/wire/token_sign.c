/* SPDX-License-Identifier: MIT */
#include "wire/token.h"

#include "base/base64.h"
#include "wire/json.h"

/* ---- A token ------------------------------------------------------------- */

static void put_base64(struct text *t, struct span s)
{
    size_t len = base64_url_len(s.len);
    if (len > t->size - t->len)
        t->overflow = true;
    else
        t->len += base64_url_encode(t->ptr + t->len, s.ptr, s.len);
}

/* {"alg":"HS256","typ":"JWT","kid":"..."} */
static void put_header(struct text *t, const struct token_key *key)
{
    uint8_t bytes[64 + 2 * TOKEN_KID_MAX]; /* a backslash becomes two */
    struct text header = text_over(bytes, sizeof bytes);
    text_string(&header, "{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":");
    json_put_string(&header, bytes_span(key->kid, key->kid_len));
    text_byte(&header, '}');
    put_base64(t, text_span(&header));
}

bool token_sign(const struct token_key *key, struct span claims,
                struct text *out)
{
    uint8_t mac[HMAC_LEN];
    size_t start = out->len;
    put_header(out, key);
    text_byte(out, '.');
    put_base64(out, claims);
    hmac_make(&key->hmac, bytes_after(text_span(out), start), mac);
    text_byte(out, '.');
    put_base64(out, bytes_span(mac, sizeof mac));
    return !out->overflow && out->len - start <= TOKEN_MAX;
}

/* ---- The short form ------------------------------------------------------ */

/* What may stand in it once. */
enum { SUB, NAME, AUD, EXP, NBF, TTL, SINGLES };

static const char *const singles[SINGLES] = {"sub", "name", "aud",
                                             "exp", "nbf",  "ttl"};

/* And what may come again: it is walked over once more when it is written. */
enum { JOIN, SAY, LISTS };

static const char *const lists[LISTS] = {"join", "say"};

struct form {
    struct span items;           /* all of it */
    struct span single[SINGLES]; /* its value; ptr NULL: not there */
    bool listed[LISTS];          /* is there one at all? */
    uint64_t exp, nbf;           /* seconds since 1970 */
};

struct item {
    struct span key, value;
};

/* The next KEY=VALUE; without a = the value's ptr is NULL. */
static struct item next_item(struct span *rest)
{
    struct span pair = bytes_cut(rest, ',');
    size_t equals = bytes_find(pair, '=');
    struct item item = {.key = bytes_trim(bytes_part(pair, 0, equals))};
    if (equals < pair.len)
        item.value = bytes_trim(bytes_after(pair, equals + 1));
    return item;
}

/* Which of these names is it? count: none. */
static size_t index_of(const char *const *names, size_t count, struct span key)
{
    size_t i = 0;
    while (i < count && !bytes_equal(key, bytes_of(names[i])))
        i++;
    return i;
}

static const char *read_item(struct form *f, struct item item)
{
    if (!item.value.ptr)
        return "an item without =";
    size_t list = index_of(lists, LISTS, item.key);
    if (list < LISTS) {
        f->listed[list] = true;
        return NULL;
    }
    size_t single = index_of(singles, SINGLES, item.key);
    if (single == SINGLES)
        return "not one of sub, name, join, say, aud, exp, nbf, ttl";
    if (f->single[single].ptr)
        return "a claim twice that may be there once";
    f->single[single] = item.value;
    return NULL;
}

/* Some seconds: 90, 90s, 15m, 12h, 30d. */
static bool read_ttl(struct span s, uint64_t *seconds)
{
    static const uint8_t units[] = "smhd";
    static const uint32_t lens[] = {1, 60, 3600, 86400};
    uint64_t unit = 1;
    const uint8_t *at =
        s.len ? memchr(units, s.ptr[s.len - 1], sizeof lens / sizeof *lens)
              : NULL;
    if (at) {
        unit = lens[at - units];
        s.len--;
    }
    if (!bytes_decimal(s, seconds) || *seconds == 0 || *seconds > UINT32_MAX)
        return false;
    *seconds *= unit;
    return true;
}

static const char *read_times(struct form *f, uint64_t now)
{
    struct span exp = f->single[EXP], ttl = f->single[TTL];
    if (!exp.ptr && !ttl.ptr)
        return "neither exp nor ttl: a token has an end";
    if (exp.ptr && ttl.ptr)
        return "both exp and ttl";
    if (exp.ptr && !bytes_decimal(exp, &f->exp))
        return "exp is not a number of seconds since 1970";
    if (ttl.ptr && !read_ttl(ttl, &f->exp))
        return "ttl is not a number of s, m, h or d";
    if (ttl.ptr)
        f->exp += now / 1000;
    if (f->single[NBF].ptr && !bytes_decimal(f->single[NBF], &f->nbf))
        return "nbf is not a number of seconds since 1970";
    return NULL;
}

static const char *read_form(struct form *f, struct span items, uint64_t now)
{
    const char *why = NULL;
    *f = (struct form){.items = items};
    while (items.len && !why)
        why = read_item(f, next_item(&items));
    return why ? why : read_times(f, now);
}

/* ["tea","team-*"] */
static void put_list(struct text *t, const struct form *f, size_t list)
{
    struct span rest = f->items;
    const char *before = "";
    text_byte(t, '[');
    while (rest.len) {
        struct item item = next_item(&rest);
        if (index_of(lists, LISTS, item.key) != list || !item.value.len)
            continue;
        text_string(t, before);
        json_put_string(t, item.value);
        before = ",";
    }
    text_byte(t, ']');
}

static void put_name(struct text *t, const char *before, const char *name)
{
    text_string(t, before);
    json_put_string(t, bytes_of(name));
    text_byte(t, ':');
}

static void put_form(struct text *t, const struct form *f)
{
    put_name(t, "{", "exp");
    text_decimal(t, f->exp);
    for (size_t i = SUB; i <= AUD; i++) {
        if (!f->single[i].ptr)
            continue;
        put_name(t, ",", singles[i]);
        json_put_string(t, f->single[i]);
    }
    if (f->single[NBF].ptr) {
        put_name(t, ",", "nbf");
        text_decimal(t, f->nbf);
    }
    put_name(t, ",", "chatd");
    const char *before = "{";
    for (size_t i = 0; i < LISTS; i++) {
        if (!f->listed[i])
            continue;
        put_name(t, before, lists[i]);
        put_list(t, f, i);
        before = ",";
    }
    text_string(t, *before == '{' ? "{}}" : "}}");
}

const char *token_write_claims(struct span form, uint64_t now, struct text *out)
{
    struct token_claims claims;
    size_t start = out->len;
    form = bytes_trim(form);
    if (form.len && form.ptr[0] == '{') {
        text_put(out, form);
    } else {
        struct form f;
        const char *why = read_form(&f, form, now);
        if (why)
            return why;
        put_form(out, &f);
    }
    enum token_reason reason =
        token_read(&claims, bytes_after(text_span(out), start));
    if (out->overflow || reason == TOKEN_LONG)
        return "too long for a token";
    return reason ? token_reason(reason) : NULL;
}
