/* SPDX-License-Identifier: MIT */
#include "wire/token.h"

#include "base/base64.h"
#include "base/utf8.h"

static const char *read_kid(const struct token_keys *keys,
                            struct token_key *key, struct span kid)
{
    if (kid.len > TOKEN_KID_MAX)
        return "KID is longer than 64 bytes";
    if (!utf8_printable(kid))
        return "KID has a character that does not print";
    for (size_t i = 0; i < keys->count; i++)
        if (bytes_equal(kid,
                        bytes_span(keys->list[i].kid, keys->list[i].kid_len)))
            return "this KID has a key already";
    memcpy(key->kid, kid.ptr, kid.len);
    key->kid_len = kid.len;
    return NULL;
}

/* base64, or base64url with its padding or without. */
static ptrdiff_t decode(uint8_t bytes[TOKEN_KEY_MAX], struct span text)
{
    ptrdiff_t len = base64_decode(bytes, TOKEN_KEY_MAX, text);
    if (len >= 0)
        return len;
    int pads = text.len % 4 == 0 ? 2 : 0;
    while (pads-- > 0 && text.ptr[text.len - 1] == '=')
        text.len--;
    return base64_url_decode(bytes, TOKEN_KEY_MAX, text);
}

static const char *read_key(struct token_key *key, struct span text)
{
    uint8_t bytes[TOKEN_KEY_MAX];
    const char *why = NULL;
    if (text.len > base64_encoded_len(TOKEN_KEY_MAX))
        return "KEY is longer than 512 bytes";
    ptrdiff_t len = decode(bytes, text);
    if (len < 0)
        why = "KEY is neither base64 nor base64url";
    else if (len < TOKEN_KEY_MIN)
        why = "KEY is shorter than 32 bytes";
    else
        hmac_init(&key->hmac, bytes_span(bytes, (size_t)len));
    bytes_wipe(bytes, sizeof bytes);
    return why;
}

static size_t find_blank(struct span s)
{
    return bytes_min(bytes_find(s, ' '), bytes_find(s, '\t'));
}

/* One line, without its end: NULL, or what is wrong. */
static const char *read_line(struct token_keys *keys, struct span line)
{
    if (line.len && line.ptr[line.len - 1] == '\r')
        line.len--;
    line = bytes_trim(line);
    if (line.len == 0 || line.ptr[0] == '#')
        return NULL;
    if (keys->count == TOKEN_KEYS_MAX)
        return "more than 8 keys";
    struct token_key *key = &keys->list[keys->count];
    struct span kid = bytes_part(line, 0, find_blank(line));
    struct span text = bytes_trim(bytes_after(line, kid.len));
    if (text.len == 0)
        return "a KID without a KEY";
    if (find_blank(text) < text.len)
        return "something behind KID and KEY";
    const char *why = read_kid(keys, key, kid);
    if (!why)
        why = read_key(key, text);
    if (!why)
        keys->count++;
    return why;
}

bool token_keys_read(struct token_keys *keys, struct span text,
                     struct token_fault *fault)
{
    *fault = (struct token_fault){0};
    keys->count = 0;
    while (text.len && !fault->why) {
        fault->line++;
        fault->why = read_line(keys, bytes_cut(&text, '\n'));
    }
    if (!fault->why && keys->count == 0)
        *fault = (struct token_fault){.why = "no key"};
    if (fault->why)
        bytes_wipe(keys, sizeof *keys);
    return !fault->why;
}
