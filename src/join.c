/* SPDX-License-Identifier: MIT */
#include "join.h"
#include "client/connect.h"
#include "os/error.h"
#include "os/file.h"

#define USAGE       2
#define FIELDS_SIZE (LIMITS_HEADERS * 1024 + TOKEN_MAX)

static int bad(struct text *why, const char *option, const char *what)
{
    text_string(why, option);
    text_string(why, what);
    return USAGE;
}

/* The token, and blanks or a line end behind it. */
static const char *put_token(const char *path, struct text *fields)
{
    uint8_t bytes[TOKEN_MAX + 16];
    unsigned mode;
    ptrdiff_t len = file_read_all(path, bytes, sizeof bytes, &mode);
    if (len < 0)
        return error_text((int)len);
    while (len > 0 && bytes[len - 1] <= ' ')
        len--;
    for (ptrdiff_t i = 0; i < len; i++)
        if (bytes[i] <= ' ' || bytes[i] >= 0x7F)
            return "not a token: one word is";
    if (len == 0)
        return "it is empty";
    text_string(fields, "Authorization: Bearer ");
    text_put(fields, bytes_span(bytes, (size_t)len));
    text_string(fields, "\r\n");
    bytes_wipe(bytes, sizeof bytes);
    return NULL;
}

int join_run(const struct config *config, struct text *why)
{
    static uint8_t bytes[FIELDS_SIZE];
    static char origin[512];
    struct text fields = text_over(bytes, sizeof bytes - 1);
    struct session_settings settings = {
        .name = config->name,
        .subprotocols = config->subprotocol,
        .fields = (const char *)bytes,
        .binary = config->binary,
        .stay = config->stay,
        .compression = config->compression,
        .ping = config->ping,
        .pong_timeout = config->pong_timeout,
        .handshake_timeout = config->handshake_timeout,
        .close_timeout = config->close_timeout,
    };
    (void)target_read(&settings.target, bytes_of(config->connect));
    for (size_t i = 0; i < config->header_count; i++) {
        text_string(&fields, config->headers[i]);
        text_string(&fields, "\r\n");
    }
    const char *fault =
        config->token ? put_token(config->token, &fields) : NULL;
    if (fault) {
        text_string(why, "--token ");
        text_string(why, config->token);
        return bad(why, ": ", fault);
    }
    struct text o = text_over((uint8_t *)origin, sizeof origin - 1);
    if (config->origin_count)
        text_put(&o, config->origins[0]);
    settings.origin = config->origin_count ? origin : NULL;
    if (fields.overflow || o.overflow)
        return bad(why, "--header or --origin", ": too long");
    return (int)connect_run(&settings);
}
