/* SPDX-License-Identifier: MIT */
#include "support/jwt.h"

#include "base/base64.h"
#include "base/check.h"

const char jwt_key_file[] =
    "one b25lb25lb25lb25lb25lb25lb25lb25lb25lb25lb25l\n"
    "two dHdvdHdvdHdvdHdvdHdvdHdvdHdvdHdvdHdvdHdvdHdv\n";

struct token_keys jwt_keys(void)
{
    struct token_keys keys;
    struct token_fault fault;
    CHECK(token_keys_read(&keys, bytes_of(jwt_key_file), &fault));
    return keys;
}

static void put_base64(struct text *t, struct span s)
{
    uint8_t bytes[2 * TOKEN_MAX];
    CHECK(base64_url_len(s.len) <= sizeof bytes);
    text_put(t, bytes_span(bytes, base64_url_encode(bytes, s.ptr, s.len)));
}

void jwt_make(struct text *out, const struct token_key *key, struct span header,
              struct span claims)
{
    uint8_t mac[HMAC_LEN];
    size_t start = out->len;
    put_base64(out, header);
    text_byte(out, '.');
    put_base64(out, claims);
    hmac_make(&key->hmac, bytes_after(text_span(out), start), mac);
    text_byte(out, '.');
    put_base64(out, bytes_span(mac, sizeof mac));
    CHECK(!out->overflow);
}

static bool stands_at(struct span s, size_t at, struct span what)
{
    return s.len - at >= what.len &&
           bytes_equal(bytes_part(s, at, what.len), what);
}

void jwt_replace(struct text *out, struct span s, const char *from,
                 const char *to)
{
    struct span what = bytes_of(from);
    size_t count = 0;
    for (size_t at = 0; at < s.len;) {
        if (stands_at(s, at, what)) {
            text_string(out, to);
            at += what.len;
            count++;
        } else {
            text_byte(out, s.ptr[at++]);
        }
    }
    CHECK(count == 1 && !out->overflow);
}
