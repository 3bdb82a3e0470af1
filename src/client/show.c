/* SPDX-License-Identifier: MIT */
#include "client/show.h"
#include "os/clock.h"
#include "os/process.h"

void show_flush(struct show *s)
{
    if (!s->failure)
        s->failure = process_print(bytes_span(s->bytes, s->len));
    s->len = 0;
}

static void put(struct show *s, uint8_t byte)
{
    if (s->len == sizeof s->bytes)
        show_flush(s);
    s->bytes[s->len++] = byte;
}

/* On a terminal. C2 with 80 to 9F behind it is a control character of C1, so
   it waits for what follows. */
static void put_safely(struct show *s, uint8_t byte)
{
    bool c1 = s->after_c2 && byte >= 0x80 && byte < 0xA0;
    bool control = byte == 0x7F || (byte < ' ' && byte != '\t' && byte != '\n');
    if (s->after_c2 && !c1)
        put(s, 0xC2);
    s->after_c2 = byte == 0xC2;
    if (!s->after_c2)
        put(s, c1 || control ? '?' : byte);
}

void show_message(struct show *s, struct span piece)
{
    for (size_t i = 0; i < piece.len; i++)
        if (s->terminal)
            put_safely(s, piece.ptr[i]);
        else
            put(s, piece.ptr[i]);
}

void show_words(struct show *s, const char *words)
{
    for (; *words; words++)
        put(s, (uint8_t)*words);
}

void show_number(struct show *s, uint64_t number)
{
    uint8_t bytes[20];
    struct text t = text_over(bytes, sizeof bytes);
    text_decimal(&t, number);
    show_message(s, text_span(&t));
}

/* ---- A room -------------------------------------------------------------- */

static void show_chat(struct show *s, const struct said *said)
{
    char time[8];
    clock_local(said->time, time);
    show_message(s, bytes_span(time, sizeof time));
    show_words(s, " ");
    if (said->name.len)
        show_message(s, said->name);
    else /* of nobody's name: the beginning of who it is */
        show_message(s, bytes_part(said->uid, 0, bytes_min(said->uid.len, 8)));
    show_words(s, ": ");
    show_message(s, said->message);
    if (said->binary.ptr) {
        show_words(s, "(binary, in base64) ");
        show_message(s, said->binary);
    }
}

void show_said(struct show *s, const struct said *said)
{
    switch (said->kind) {
    case SAID_UNKNOWN: return;
    case SAID_MESSAGE: show_chat(s, said); break;
    case SAID_WELCOME:
        show_words(s, "-- room ");
        show_message(s, said->room);
        show_words(s, ", ");
        show_number(s, said->members);
        show_words(s, " here");
        break;
    case SAID_MEMBERS:
        show_words(s, "-- ");
        show_number(s, said->members);
        show_words(s, " here");
        break;
    case SAID_GAP: show_words(s, "-- some messages are missing here"); break;
    case SAID_PAUSED: show_words(s, "-- messages have to wait"); break;
    case SAID_RESUMED: show_words(s, "-- messages go on"); break;
    case SAID_ERROR:
        show_words(s, "-- not said: ");
        show_message(s, said->message);
        break;
    case SAID_EXPIRING:
        show_words(s, "-- the token ends in ");
        show_number(s, said->seconds);
        show_words(s, " s");
        break;
    }
    show_words(s, "\n");
}
