/* SPDX-License-Identifier: MIT */
#include "redis.h"
#include "os/error.h"
#include "os/file.h"

/* Take the line apart. NULL, or what is wrong. A password may hold blanks
   behind a user's name; one alone has none. */
static const char *read_line(struct limits_login *login, size_t len)
{
    struct span line = bytes_span(login->bytes, len);
    if (line.len && line.ptr[line.len - 1] == '\n')
        line.len--;
    if (line.len && line.ptr[line.len - 1] == '\r')
        line.len--;
    for (size_t i = 0; i < line.len; i++)
        if (line.ptr[i] < ' ' || line.ptr[i] == 0x7F)
            return line.ptr[i] == '\n' ? "has more than one line"
                                       : "holds a control character";
    size_t blank = bytes_find(line, ' ');
    if (line.len == 0 || blank == 0 || blank + 1 == line.len)
        return "is not a line USER PASSWORD, or PASSWORD";
    login->user_len = blank < line.len ? (uint32_t)blank : 0;
    login->password = blank < line.len ? (uint32_t)blank + 1 : 0;
    login->password_len = (uint32_t)line.len - login->password;
    return NULL;
}

bool redis_load(struct config *config, struct text *why)
{
    static struct limits_login login;
    unsigned mode = 0;
    if (!config->redis_auth)
        return true;
    ptrdiff_t len = file_read_all(config->redis_auth, login.bytes,
                                  sizeof login.bytes, &mode);
    const char *fault = len < 0       ? error_text((int)len)
                        : mode & 0022 ? "others than its owner may write it"
                                      : read_line(&login, (size_t)len);
    config->login = &login;
    config->login_readable = (mode & 0044) != 0;
    if (!fault)
        return true;
    bytes_wipe(&login, sizeof login);
    text_string(why, "--redis-auth ");
    text_string(why, config->redis_auth);
    text_string(why, ": ");
    text_string(why, fault);
    return false;
}
