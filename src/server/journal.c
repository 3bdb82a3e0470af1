/* SPDX-License-Identifier: MIT */
#include "server/journal.h"
#include "base/calendar.h"
#include "os/error.h"

/* In the order of enum journal_kind. */
static const char *const kind_words[] = {"start",   "open",   "close",
                                         "refuse",  "state",  "stop",
                                         "warning", "worker", "redis"};
_Static_assert(sizeof kind_words / sizeof kind_words[0] == JOURNAL_KINDS,
               "one each");

/* In the order of enum journal_cause. */
static const char *const cause_words[] = {
    "none",          "close",           "end-of-stream",
    "reset",         "protocol",        "too-big",
    "pong-timeout",  "message-timeout", "write-timeout",
    "close-timeout", "overrun",         "no-buffer",
    "stopping",      "request-timeout", "refused",
    "token",         "redis",           "fault"};
_Static_assert(sizeof cause_words / sizeof cause_words[0] == CAUSES,
               "one each");

const char *journal_cause_word(enum journal_cause cause)
{
    return cause_words[cause];
}

static void begin(const struct journal *j, struct journal_line *line,
                  enum limits_level level, const char *event, uint64_t wall)
{
    static const char *const words[] = {"error", "warn", "info", "debug"};
    line->text = text_over(line->bytes, sizeof line->bytes - 1); /* newline */
    text_string(&line->text, "time=");
    calendar_put_rfc3339(&line->text, wall);
    text_string(&line->text, " level=");
    text_string(&line->text, words[level]);
    text_string(&line->text, " event=");
    text_string(&line->text, event);
    if (j->worker)
        journal_number(line, "worker", j->worker - 1);
}

bool journal_begin(struct journal *j, struct journal_line *line,
                   enum limits_level level, enum journal_kind kind,
                   uint64_t wall)
{
    if (level > j->level)
        return false;
    if (wall / 1000 != j->second)
        journal_settle(j, wall);
    if (j->kinds[kind].lines == LIMITS_LOG_LINES && j->level < LEVEL_DEBUG) {
        j->kinds[kind].left_out++;
        j->owing = true;
        return false;
    }
    j->kinds[kind].lines++;
    begin(j, line, level, kind_words[kind], wall);
    return true;
}

/* What may stand in a value without quotes. */
static bool is_plain(uint8_t byte)
{
    return byte > ' ' && byte != '"' && byte != '=' && byte != '\\' &&
           byte < 0x7F;
}

static void put_escaped(struct text *t, uint8_t byte)
{
    if (byte < ' ' || byte >= 0x7F) {
        text_string(t, "\\x");
        text_hex(t, byte, 2);
        return;
    }
    if (byte == '"' || byte == '\\')
        text_byte(t, '\\');
    text_byte(t, byte);
}

static void put_key(struct text *t, const char *key)
{
    text_byte(t, ' ');
    text_string(t, key);
    text_byte(t, '=');
}

void journal_put(struct journal_line *line, const char *key, struct span value)
{
    struct text *t = &line->text;
    size_t plain = 0;
    while (plain < value.len && is_plain(value.ptr[plain]))
        plain++;
    put_key(t, key);
    if (plain == value.len && value.len > 0) {
        text_put(t, value);
        return;
    }
    text_byte(t, '"');
    /* Leave room for the longest escape and the closing quote. */
    for (size_t i = 0; i < value.len && t->size - t->len >= 8; i++)
        put_escaped(t, value.ptr[i]);
    text_byte(t, '"');
}

void journal_number(struct journal_line *line, const char *key, uint64_t value)
{
    put_key(&line->text, key);
    text_decimal(&line->text, value);
}

void journal_end(struct journal_line *line)
{
    line->bytes[line->text.len] = '\n';
    (void)log_write(bytes_span(line->bytes, line->text.len + 1));
}

void journal_warn(struct journal *j, uint64_t wall, const char *why, int result)
{
    struct journal_line line;
    enum limits_level level = result < 0 ? LEVEL_ERROR : LEVEL_WARN;
    if (!journal_begin(j, &line, level, JOURNAL_WARN, wall))
        return;
    journal_put(&line, "why", bytes_of(why));
    if (result < 0)
        journal_put(&line, "error", bytes_of(error_text(result)));
    journal_end(&line);
}

void journal_settle(struct journal *j, uint64_t wall)
{
    struct journal_line line;
    for (unsigned kind = 0; kind < JOURNAL_KINDS; kind++) {
        if (j->kinds[kind].left_out) {
            begin(j, &line, LEVEL_WARN, "suppressed", wall);
            journal_put(&line, "of", bytes_of(kind_words[kind]));
            journal_number(&line, "count", j->kinds[kind].left_out);
            journal_end(&line);
        }
    }
    memset(j->kinds, 0, sizeof j->kinds);
    j->second = wall / 1000;
    j->owing = false;
}
