/* SPDX-License-Identifier: MIT */
/*
 * Two texts with a newline between them, as somebody's --origin or --host and
 * what a request says. What can be sent is equal to itself, equality is the
 * same from either side, and an origin is of its own host and port.
 */
#include "base/check.h"
#include "wire/origin.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_origin(struct span a, struct span b)
{
    struct origin_triple o;
    const char *fault = origin_fault(&o, a);
    CHECK(origin_same(a, a) == (fault == NULL));
    CHECK(origin_same(a, b) == origin_same(b, a));
    if (fault || o.at.host.len == 0)
        return;
    size_t behind = o.scheme.len + 3; /* "://" */
    struct span at = bytes_after(a, behind);
    CHECK(o.at.host.ptr == at.ptr && o.at.host.len <= at.len);
    CHECK(origin_is_of(a, at));
    if (!o.at.has_port && origin_same(a, b)) /* they share a default */
        CHECK(origin_is_of(b, o.at.host));
}

static void check_authority(struct span a, struct span b)
{
    struct authority at, read;
    const char *fault = authority_fault(&at, a);
    if (!fault) {
        CHECK(authority_read(&read, a));
        CHECK(read.port == at.port && read.port <= 65535);
        CHECK(authority_is_for(a, a) && authority_is_for(a, at.host));
        CHECK(bytes_find(at.host, '*') == at.host.len);
    }
    CHECK(authority_same_host(a, b) == authority_same_host(b, a));
    CHECK(!authority_is_for(b, a) || authority_read(&read, b));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size ? size : 1);
    CHECK(copy != NULL);
    if (size)
        memcpy(copy, data, size);
    struct span all = bytes_span(copy, size);
    size_t line = bytes_find(all, '\n');
    size_t rest = bytes_min(line + 1, size);
    struct span a = bytes_part(all, 0, line);
    struct span b = bytes_part(all, rest, size - rest);
    check_origin(a, b);
    check_authority(a, b);
    free(copy);
    return 0;
}
