/* SPDX-License-Identifier: MIT */
#include "tokens.h"
#include "os/clock.h"
#include "os/error.h"
#include "os/file.h"

#define FILE_MAX (16 * 1024) /* bytes */

static bool bad(struct text *why, const struct config *config, size_t line,
                const char *what)
{
    text_string(why, "--token-key ");
    text_string(why, config->token_key);
    if (line) {
        text_string(why, ", line ");
        text_decimal(why, line);
    }
    text_string(why, ": ");
    text_string(why, what);
    return false;
}

bool tokens_load(struct config *config, struct text *why)
{
    uint8_t bytes[FILE_MAX];
    struct token_fault fault;
    unsigned mode = 0;
    ptrdiff_t len = file_read_all(config->token_key, bytes, FILE_MAX, &mode);
    bool good =
        len >= 0 &&
        token_keys_read(&config->keys, bytes_span(bytes, (size_t)len), &fault);
    bytes_wipe(bytes, sizeof bytes);
    if (len < 0)
        return bad(why, config, 0, error_text((int)len));
    if (mode & 0022)
        return bad(why, config, 0, "others than its owner may write it");
    config->keys_readable = (mode & 0044) != 0;
    return good || bad(why, config, fault.line, fault.why);
}

bool tokens_sign(const struct config *config, struct text *t)
{
    uint8_t bytes[TOKEN_CLAIMS_MAX];
    size_t start = t->len;
    struct text claims = text_over(bytes, sizeof bytes);
    const char *fault =
        token_write_claims(bytes_of(config->sign), clock_realtime(), &claims);
    if (!fault && !token_sign(&config->keys.list[0], text_span(&claims), t))
        fault = "longer than a token may be";
    if (!fault) {
        text_byte(t, '\n');
        return true;
    }
    t->len = start; /* what is there of it is no token, and not to be seen */
    t->overflow = false;
    text_string(t, "--sign: ");
    text_string(t, fault);
    return false;
}
