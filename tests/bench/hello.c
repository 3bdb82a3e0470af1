/* SPDX-License-Identifier: MIT */
/* Section numbers are those of RFC 6455. */
#include "bench/hello.h"
#include "base/base64.h"
#include "base/sha1.h"

void hello_accept(struct span key, uint8_t accept[HELLO_ACCEPT])
{
    static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    uint8_t digest[SHA1_LEN];
    struct sha1 s;
    sha1_init(&s);
    sha1_take(&s, key.ptr, key.len);
    sha1_take(&s, guid, sizeof guid - 1);
    sha1_finish(&s, digest);
    base64_encode(accept, digest, sizeof digest);
}

size_t hello_head_len(const uint8_t *ptr, size_t len)
{
    for (size_t i = 3; i < len; i++)
        if (ptr[i] == '\n' && memcmp(ptr + i - 3, "\r\n\r", 3) == 0)
            return i + 1;
    return 0;
}

/* Cut the next line off the head; the CRLF is dropped. */
static struct span next_line(struct span *head)
{
    size_t end = bytes_find(*head, '\n');
    struct span line = bytes_part(*head, 0, end);
    size_t used = end < head->len ? end + 1 : end;
    *head = bytes_after(*head, used);
    return bytes_trim(
        bytes_part(line, 0, end && line.ptr[end - 1] == '\r' ? end - 1 : end));
}

struct span hello_field(struct span head, const char *name)
{
    next_line(&head);
    while (head.len) {
        struct span line = next_line(&head);
        size_t colon = bytes_find(line, ':');
        if (colon < line.len &&
            bytes_equal_nocase(bytes_part(line, 0, colon), bytes_of(name)))
            return bytes_trim(bytes_after(line, colon + 1));
    }
    return (struct span){0};
}

/* True when a comma-separated list holds the token, whatever its case. */
static bool has_token(struct span list, const char *token)
{
    while (list.len) {
        size_t comma = bytes_find(list, ',');
        if (bytes_equal_nocase(bytes_trim(bytes_part(list, 0, comma)),
                               bytes_of(token)))
            return true;
        size_t used = comma < list.len ? comma + 1 : comma;
        list = bytes_after(list, used);
    }
    return false;
}

const char *hello_check(struct span head, struct span key)
{
    uint8_t accept[HELLO_ACCEPT];
    if (head.len < 13 || memcmp(head.ptr, "HTTP/1.1 101 ", 13) != 0)
        return "status is not 101";
    if (!bytes_equal_nocase(hello_field(head, "Upgrade"),
                            bytes_of("websocket")))
        return "Upgrade is not websocket";
    if (!has_token(hello_field(head, "Connection"), "upgrade"))
        return "Connection does not hold upgrade";
    hello_accept(key, accept);
    if (!bytes_equal(hello_field(head, "Sec-WebSocket-Accept"),
                     bytes_span(accept, sizeof accept)))
        return "Sec-WebSocket-Accept does not match the key";
    if (hello_field(head, "Sec-WebSocket-Extensions").len)
        return "an extension that nobody offered";
    return NULL;
}
