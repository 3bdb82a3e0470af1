/* SPDX-License-Identifier: MIT */
#include "server/journal.h"
#include "base/calendar.h"

static const char *const kind_words[JOURNAL_KINDS] = {
    [JOURNAL_START] = "start",     [JOURNAL_OPEN] = "open",
    [JOURNAL_CLOSE] = "close",     [JOURNAL_REFUSE] = "refuse",
    [JOURNAL_REQUEST] = "request", [JOURNAL_STATE] = "state",
    [JOURNAL_STOP] = "stop",       [JOURNAL_WARN] = "warning",
};

static const char *const cause_words[CAUSES] = {
    [CAUSE_NONE] = "none",
    [CAUSE_CLOSE] = "close",
    [CAUSE_END] = "end-of-stream",
    [CAUSE_RESET] = "reset",
    [CAUSE_PROTOCOL] = "protocol",
    [CAUSE_TOO_BIG] = "too-big",
    [CAUSE_PONG_TIMEOUT] = "pong-timeout",
    [CAUSE_MESSAGE_TIMEOUT] = "message-timeout",
    [CAUSE_WRITE_TIMEOUT] = "write-timeout",
    [CAUSE_CLOSE_TIMEOUT] = "close-timeout",
    [CAUSE_OVERRUN] = "overrun",
    [CAUSE_NO_BUFFER] = "no-buffer",
    [CAUSE_STOPPING] = "stopping",
    [CAUSE_REQUEST_TIMEOUT] = "request-timeout",
    [CAUSE_REFUSED] = "refused",
    [CAUSE_FAULT] = "fault",
};

const char *journal_cause_word(enum journal_cause cause)
{
    return cause_words[cause];
}

static void begin(struct journal_line *line, enum limits_level level,
                  const char *event, uint64_t wall)
{
    static const char *const words[] = {"error", "warn", "info", "debug"};
    line->text = text_over(line->bytes, sizeof line->bytes - 1); /* newline */
    text_string(&line->text, "time=");
    calendar_put_rfc3339(&line->text, wall);
    text_string(&line->text, " level=");
    text_string(&line->text, words[level]);
    text_string(&line->text, " event=");
    text_string(&line->text, event);
}

bool journal_begin(struct journal *j, struct journal_line *line,
                   enum limits_level level, enum journal_kind kind,
                   uint64_t wall)
{
    if (level > j->level)
        return false;
    if (wall / 1000 != j->second)
        journal_settle(j, wall);
    if (j->kinds[kind].lines == LIMITS_LOG_LINES) {
        j->kinds[kind].left_out++;
        j->owing = true;
        return false;
    }
    j->kinds[kind].lines++;
    begin(line, level, kind_words[kind], wall);
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
    if (byte == '"' || byte == '\\')
        text_byte(t, '\\');
    if (byte >= ' ' && byte != 0x7F && byte < 0x80) {
        text_byte(t, byte);
    } else {
        text_string(t, "\\x");
        text_hex(t, byte, 2);
    }
}

void journal_put(struct journal_line *line, const char *key, struct span value)
{
    struct text *t = &line->text;
    size_t plain = 0;
    while (plain < value.len && is_plain(value.ptr[plain]))
        plain++;
    text_byte(t, ' ');
    text_string(t, key);
    text_byte(t, '=');
    if (plain == value.len && value.len > 0) {
        text_put(t, value);
        return;
    }
    text_byte(t, '"');
    for (size_t i = 0; i < value.len; i++) {
        /* Leave room for the longest escape and the closing quote. */
        if (t->size - t->len < 8)
            break;
        put_escaped(t, value.ptr[i]);
    }
    text_byte(t, '"');
}

void journal_number(struct journal_line *line, const char *key, uint64_t value)
{
    text_byte(&line->text, ' ');
    text_string(&line->text, key);
    text_byte(&line->text, '=');
    text_decimal(&line->text, value);
}

void journal_end(struct journal_line *line)
{
    line->bytes[line->text.len] = '\n';
    (void)log_write(bytes_span(line->bytes, line->text.len + 1));
}

void journal_settle(struct journal *j, uint64_t wall)
{
    struct journal_line line;
    for (unsigned kind = 0; kind < JOURNAL_KINDS; kind++) {
        if (j->kinds[kind].left_out) {
            begin(&line, LEVEL_WARN, "suppressed", wall);
            journal_put(&line, "of", bytes_of(kind_words[kind]));
            journal_number(&line, "count", j->kinds[kind].left_out);
            journal_end(&line);
        }
        j->kinds[kind].lines = 0;
        j->kinds[kind].left_out = 0;
    }
    j->second = wall / 1000;
    j->owing = false;
}
