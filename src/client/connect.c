/* SPDX-License-Identifier: MIT */
#include "client/connect.h"
#include "base/ip.h"
#include "client/hosts.h"
#include "os/clock.h"
#include "os/entropy.h"
#include "os/file.h"
#include "os/log.h"
#include "os/memory.h"
#include "os/signals.h"

#define HOSTS_FILE "/etc/hosts"
#define HOSTS_SIZE (256 * 1024)

#define WAIT_FIRST 1000 /* milliseconds before the second attempt; doubled */
#define WAIT_MOST  30000
#define STEADY     10000 /* a connection that lasted so long was a good one */

/* ---- What is told -------------------------------------------------------- */

/* A line on standard error; whatever a server gave us, it is one line. */
static void tell(struct text *t)
{
    for (size_t i = 0; i < t->len; i++)
        if (t->ptr[i] < ' ' || t->ptr[i] == 0x7F)
            t->ptr[i] = '?';
    text_byte(t, '\n');
    (void)log_write(text_span(t));
}

static void put_end(struct text *t, const struct session *s)
{
    bool numbered = s->code != 0;
    switch (s->end) {
    case SESSION_GOES_ON: break;
    case SESSION_CLOSED:
        numbered = s->code != 1005;
        text_string(t, numbered ? "closed with " : "closed without a code");
        break;
    case SESSION_REFUSED: text_string(t, "refused"); break;
    case SESSION_FAILED:
        text_string(t, "the server broke a rule, closed with ");
        break;
    case SESSION_LOST: text_string(t, "lost"); break;
    case SESSION_UNREACHED: text_string(t, "not reached"); break;
    case SESSION_UNHEARD:
    case SESSION_SENSELESS: break;
    }
    if (s->end == SESSION_REFUSED && numbered)
        text_string(t, " with ");
    if (numbered)
        text_decimal(t, s->code);
    if (s->reason.len == 0)
        return;
    bool first = s->end == SESSION_UNHEARD || s->end == SESSION_SENSELESS;
    text_string(t, first                                   ? ""
                   : s->end == SESSION_REFUSED && numbered ? " "
                                                           : ": ");
    text_put(t, text_span(&s->reason));
}

/* ---- Addresses ----------------------------------------------------------- */

static struct socket_address address_of(const struct ip *ip, uint16_t port)
{
    struct socket_address a = {.family = ip->family == IP_V4 ? SOCKET_INET
                                                             : SOCKET_INET6,
                               .port = port};
    memcpy(a.ip, ip->bytes, sizeof a.ip);
    return a;
}

/* Where to call: one, or what the name stands for. 0: nobody knows. */
static size_t find(const struct target *target,
                   struct socket_address out[HOSTS_MAX], uint8_t *hosts)
{
    struct ip ips[HOSTS_MAX];
    unsigned mode;
    if (target->local.len) {
        out[0] = (struct socket_address){.family = SOCKET_UNIX};
        if (target->local.len > SOCKET_PATH_MAX)
            return 0;
        memcpy(out[0].path, target->local.ptr, target->local.len);
        return 1;
    }
    ptrdiff_t len = file_read_all(HOSTS_FILE, hosts, HOSTS_SIZE, &mode);
    size_t count = hosts_find(ips, target->host,
                              bytes_span(hosts, len > 0 ? (size_t)len : 0));
    for (size_t i = 0; i < count; i++)
        out[i] = address_of(&ips[i], target->port);
    return count;
}

static enum connect_status nobody(const struct target *target)
{
    uint8_t bytes[512];
    struct text t = text_over(bytes, sizeof bytes - 1);
    text_string(&t, "chatd: not reached: ");
    text_put(&t, target->local.len ? target->local : target->host);
    text_string(&t, target->local.len ? " is too long for a unix socket"
                                      : " is no address, and not in " HOSTS_FILE
                                        " (DNS is not asked)");
    tell(&t);
    return CONNECT_ENDED;
}

/* ---- Again and again ----------------------------------------------------- */

/* Is there hope in another attempt? Not when somebody said no for good. */
static bool may_return(const struct session *s)
{
    switch (s->end) {
    case SESSION_LOST:
    case SESSION_UNREACHED: return !s->input_ended;
    case SESSION_CLOSED:
        return !s->input_ended && (s->code == 1001 || s->code == 1005 ||
                                   (s->code >= 1011 && s->code <= 1014));
    case SESSION_REFUSED:
        return s->code == 408 || s->code == 429 || s->code >= 500;
    default: return false;
    }
}

/* Some more than `milliseconds`, so that not all come back at once. False:
   interrupted. */
static bool wait_for(uint64_t milliseconds, int signals)
{
    uint8_t random = 0;
    (void)entropy_fill(&random, 1);
    uint64_t now = clock_microseconds() / 1000;
    uint64_t until = now + milliseconds + milliseconds * random / 1024;
    while (now < until) {
        struct dial_wait wait = {.fd = signals, .read = true};
        if (dial_wait(&wait, 1, until - now) != 0)
            return false;
        if (wait.readable && signals_read(signals) == SIGNALS_STOP)
            return false;
        now = clock_microseconds() / 1000;
    }
    return true;
}

static void tell_end(const struct session *s, bool returns, uint64_t wait)
{
    uint8_t bytes[512];
    struct text t = text_over(bytes, sizeof bytes - 1);
    text_string(&t, "chatd: ");
    put_end(&t, s);
    if (returns) {
        text_string(&t, "; again in ");
        text_decimal(&t, wait / 1000);
        text_string(&t, " s");
    } else if (s->unsaid.count) {
        text_string(&t, "; lines that may not have been said: ");
        text_decimal(&t, s->unsaid.count);
    }
    tell(&t);
}

static enum connect_status status_of(const struct session *s)
{
    if (s->end == SESSION_REFUSED)
        return CONNECT_REFUSED;
    return s->end == SESSION_CLOSED && (s->code == 1000 || s->input_ended)
               ? CONNECT_DONE
               : CONNECT_ENDED;
}

/* One attempt: the first address that can be reached. */
static void call(struct session *s, const struct socket_address *addresses,
                 size_t count, int signals)
{
    for (size_t i = 0; i < count; i++) {
        session_run(s, &addresses[i], signals);
        if (s->end != SESSION_UNREACHED)
            return;
    }
}

static enum connect_status stay(struct session *s,
                                const struct socket_address *addresses,
                                size_t count, int signals)
{
    uint64_t wait = WAIT_FIRST;
    for (;;) {
        call(s, addresses, count, signals);
        enum connect_status status = status_of(s);
        bool returns = s->settings->stay && may_return(s);
        if (s->now - s->began >= STEADY)
            wait = WAIT_FIRST;
        bool own = status == CONNECT_DONE && s->input_ended;
        if (!own || s->unsaid.count)
            tell_end(s, returns, wait);
        if (!returns)
            return status;
        if (!wait_for(wait, signals))
            return CONNECT_ENDED;
        wait = bytes_min64(wait * 2, WAIT_MOST);
    }
}

enum connect_status connect_run(const struct session_settings *settings)
{
    struct socket_address addresses[HOSTS_MAX];
    uint8_t *hosts = memory_map(HOSTS_SIZE);
    void *memory = memory_map(session_size(settings));
    uint8_t bytes[80];
    struct text t = text_over(bytes, sizeof bytes - 1);
    int signals = signals_open();
    if (!hosts || !memory || signals < 0) {
        text_string(&t, "chatd: no memory, or no signals");
        tell(&t);
        return CONNECT_ENDED;
    }
    size_t count = find(&settings->target, addresses, hosts);
    if (count == 0)
        return nobody(&settings->target);
    return stay(session_make(memory, settings), addresses, count, signals);
}
