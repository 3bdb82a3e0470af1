/* SPDX-License-Identifier: MIT */
#include "client/hosts.h"

/* Without the brackets of an address of IPv6. */
static struct span bare(struct span host)
{
    return host.len >= 2 && host.ptr[0] == '['
               ? bytes_part(host, 1, host.len - 2)
               : host;
}

static bool is_blank(uint8_t byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r';
}

/* The next word of a line, taken off; len 0 at its end. */
static struct span word(struct span *line)
{
    size_t start = 0, end;
    while (start < line->len && is_blank(line->ptr[start]))
        start++;
    for (end = start; end < line->len && !is_blank(line->ptr[end]);)
        end++;
    struct span found = bytes_part(*line, start, end - start);
    *line = bytes_after(*line, end);
    return found;
}

/* ADDRESS NAME NAME ... # comment */
static bool line_has(struct span line, struct span name, struct ip *ip)
{
    struct span next;
    line.len = bytes_find(line, '#');
    if (!ip_parse(ip, word(&line)))
        return false;
    while (next = word(&line), next.len > 0)
        if (bytes_equal_nocase(next, name))
            return true;
    return false;
}

size_t hosts_find(struct ip out[HOSTS_MAX], struct span host, struct span text)
{
    size_t count = 0;
    if (ip_parse(&out[0], bare(host)))
        return 1;
    if (host.len && host.ptr[host.len - 1] == '.')
        host.len--; /* RFC 1034 3.1: the name is whole */
    while (text.len && count < HOSTS_MAX)
        count += line_has(bytes_cut(&text, '\n'), host, &out[count]);
    if (count == 0 && bytes_equal_nocase(host, BYTES_LITERAL("localhost"))) {
        (void)ip_parse(&out[count++], BYTES_LITERAL("127.0.0.1"));
        (void)ip_parse(&out[count++], BYTES_LITERAL("::1"));
    }
    return count;
}
