/* SPDX-License-Identifier: MIT */
#include "support/split.h"
#include "support/guard.h"
#include "support/note.h"

static struct note note;

static void begin(const struct split *s, const char *way, size_t cut)
{
    note_open(&note, s->name, way, cut);
    if (s->begin)
        s->begin(s->context);
}

/* `edge` is where the guard page starts. */
static void take(const struct split *s, struct span part, uint8_t *edge)
{
    if (part.len)
        memcpy(edge - part.len, part.ptr, part.len);
    s->take(s->context, edge - part.len, part.len);
}

static void end(const struct split *s)
{
    if (s->end)
        s->end(s->context);
    note_close(&note);
}

void split_run(const struct split *s, struct span bytes)
{
    uint8_t *buffer = guard_before(NULL, bytes.len);
    uint8_t *edge = buffer + bytes.len;

    begin(s, "all in one part, bytes:", bytes.len);
    take(s, bytes, edge);
    end(s);

    begin(s, "a part for each byte, bytes:", bytes.len);
    for (size_t at = 0; at < bytes.len; at++)
        take(s, bytes_part(bytes, at, 1), edge);
    end(s);

    for (size_t cut = 0; cut <= bytes.len; cut++) {
        begin(s, "a cut at byte", cut);
        take(s, bytes_part(bytes, 0, cut), edge);
        take(s, bytes_after(bytes, cut), edge);
        end(s);
    }
    guard_free(buffer);
}
