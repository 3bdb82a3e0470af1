/* SPDX-License-Identifier: MIT */
#include "client/unsaid.h"
#include "base/check.h"

#define LEN 4 /* bytes that the length of a line takes */

bool unsaid_fits(const struct unsaid *u, size_t len)
{
    return u->size - u->len >= LEN && len <= u->size - u->len - LEN;
}

void unsaid_add(struct unsaid *u, struct span line)
{
    CHECK(unsaid_fits(u, line.len));
    bytes_put32(u->bytes + u->len, (uint32_t)line.len);
    memcpy(u->bytes + u->len + LEN, line.ptr, line.len);
    u->len += LEN + line.len;
    u->count++;
}

void unsaid_drop(struct unsaid *u)
{
    if (u->count == 0)
        return;
    size_t len = LEN + bytes_get32(u->bytes);
    memmove(u->bytes, u->bytes + len, u->len - len);
    u->len -= len;
    u->count--;
}

bool unsaid_next(const struct unsaid *u, size_t *at, struct span *line)
{
    if (*at == u->len)
        return false;
    size_t len = bytes_get32(u->bytes + *at);
    *line = bytes_span(u->bytes + *at + LEN, len);
    *at += LEN + len;
    return true;
}
