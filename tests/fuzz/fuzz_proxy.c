/* SPDX-License-Identifier: MIT */
/*
 * Goal: no bytes whatever, cut anywhere, make the reader of PROXY headers look
 * past its input, contradict itself, or take a byte that is not the header's.
 *
 * The first two bytes say where to cut; the rest is what arrives.
 */
#include "base/check.h"
#include "wire/proxy.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* From a copy that ends where its memory ends, for AddressSanitizer. */
static size_t read_part(struct proxy *p, const uint8_t *in, size_t len)
{
    bool open = p->step == PROXY_MORE;
    uint8_t *copy = malloc(len ? len : 1);
    CHECK(copy != NULL);
    if (len)
        memcpy(copy, in, len);
    size_t used = proxy_read(p, copy, len);
    free(copy);
    CHECK(used <= len && (open || used == 0));
    CHECK(p->step != PROXY_MORE || used == len);
    CHECK((p->step == PROXY_BAD) == (p->why != NULL));
    CHECK(p->len <= PROXY_LINE_MAX);
    return used;
}

static void check_same(const struct proxy *a, const struct proxy *b)
{
    CHECK(a->step == b->step && a->why == b->why && a->client == b->client);
    CHECK(a->passed == b->passed && a->port == b->port);
    CHECK(ip_equal(&a->source, &b->source));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    size_t cut = bytes_get16(data), len = size - 2;
    const uint8_t *in = data + 2;
    struct proxy whole = {0}, halves = {0}, bytes = {0};
    size_t used = read_part(&whole, in, len);

    size_t first = read_part(&halves, in, bytes_min(cut, len));
    CHECK(first + read_part(&halves, in + first, len - first) == used);
    check_same(&whole, &halves);

    size_t taken = 0;
    while (taken < len && bytes.step == PROXY_MORE)
        taken += read_part(&bytes, in + taken, 1);
    CHECK(taken == used);
    check_same(&whole, &bytes);

    if (whole.step == PROXY_DONE && whole.client == PROXY_IP)
        CHECK(whole.source.family != IP_NONE);
    return 0;
}
