/* SPDX-License-Identifier: MIT */
#include "server/staging.h"
#include "base/check.h"

void staging_gather(struct server *s)
{
    text_put(&s->staging, s->lent);
    s->lent.len = 0;
}

static void put(struct text *staging, struct span bytes)
{
    text_put(staging, bytes);
    CHECK(!staging->overflow);
}

struct text *staging_text(struct server *s, const struct client *c)
{
    CHECK(s->current == c);
    if (s->lent.len)
        staging_gather(s);
    return &s->staging;
}

void staging_put(struct server *s, const struct client *c, struct span bytes)
{
    put(staging_text(s, c), bytes);
}

void staging_frame(struct server *s, const struct client *c, uint8_t first,
                   struct span payload)
{
    struct text *staging = staging_text(s, c);
    CHECK(staging_room(s) >= FRAME_SERVER_HEADER_MAX);
    /* The header is made where it is to stand: a tenth of the work of a small
       echo is saved. */
    staging->len +=
        frame_write(staging->ptr + staging->len, first, payload.len);
    put(staging, payload);
}

void staging_lend(struct server *s, const struct client *c, uint8_t first,
                  uint8_t *ptr, size_t len)
{
    size_t header_len = frame_header_len(len);
    CHECK(s->current == c);
    CHECK(staging_room(s) >= header_len + len);
    staging_gather(s); /* it may end where the header is to stand */
    frame_write(ptr - header_len, first, len);
    s->lent = bytes_span(ptr - header_len, header_len + len);
}
