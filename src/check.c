/* SPDX-License-Identifier: MIT */
#include "check.h"
#include "os/dial.h"
#include "os/error.h"

#include <errno.h>
#include <stdlib.h>

/* Until it can be written to, or read from. 0 or -errno. */
static int await(int fd, bool write, const struct config *config)
{
    struct dial_wait wait = {.fd = fd, .read = !write, .write = write};
    int result = dial_wait(&wait, 1, config->handshake_timeout);
    return result < 0 || wait.readable || wait.writable ? result : -ETIMEDOUT;
}

/* Call, ask, and hear the beginning of the answer. Its length or -errno. */
static ptrdiff_t ask(const struct config *config, uint8_t *answer, size_t size)
{
    /* The first for --proxy-protocol: nobody is behind this proxy. */
    const struct span request[] = {
        BYTES_LITERAL("PROXY UNKNOWN\r\n"),
        BYTES_LITERAL("GET "),
        config->check_path,
        BYTES_LITERAL(" HTTP/1.1\r\nHost: "),
        config->check_host,
        BYTES_LITERAL("\r\nConnection: close\r\n\r\n"),
    };
    bool apart = config->has_metrics && !config->has_check;
    size_t skip = apart || !config->proxy_protocol;
    struct socket_address at = config->has_check ? config->check
                               : apart           ? config->metrics
                                                 : config->addrs[0];
    if (at.family == SOCKET_ANY) /* Linux: 0.0.0.0 is this machine */
        at.family = SOCKET_INET;
    int fd = socket_dial(&at);
    ptrdiff_t result = fd < 0 ? fd : await(fd, true, config);
    if (result == 0) /* or the call has failed: this says why */
        result = socket_send(fd, request + skip,
                             sizeof request / sizeof request[0] - skip);
    if (result >= 0)
        result = await(fd, false, config);
    return result < 0 ? result : socket_receive(fd, answer, size);
}

int check_run(const struct config *config, struct text *why)
{
    uint8_t answer[12]; /* HTTP/1.1 200 */
    ptrdiff_t len = ask(config, answer, sizeof answer);
    struct span got = bytes_span(answer, len > 0 ? (size_t)len : 0);
    if (bytes_equal(got, BYTES_LITERAL("HTTP/1.1 200")))
        return EXIT_SUCCESS;
    text_string(why, "--check: ");
    if (len > 0)
        text_put(why, got);
    else
        text_string(why, len ? error_text((int)len) : "no answer");
    return EXIT_FAILURE;
}
