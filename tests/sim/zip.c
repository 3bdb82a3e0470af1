/* SPDX-License-Identifier: MIT */
#include "sim/zip.h"
#include "support/shadow.h"
#include "support/unit.h"

#include <stdlib.h>
#include <zlib.h>

static const uint8_t tail[] = {0x00, 0x00, 0xFF, 0xFF};

/* zlib's next_in is not const, though it never writes there. */
static uint8_t *copy_of(struct span s, size_t more)
{
    uint8_t *copy = malloc(s.len + more + 1);
    assert_non_null(copy);
    if (s.len)
        memcpy(copy, s.ptr, s.len);
    return copy;
}

struct span zip_deflate(struct span message, int bits)
{
    z_stream z = {0};
    assert_int_equal(
        deflateInit2(&z, 6, Z_DEFLATED, -bits, 8, Z_DEFAULT_STRATEGY), Z_OK);
    size_t size = deflateBound(&z, (uLong)message.len) + 16;
    uint8_t *in = copy_of(message, 0), *out = malloc(size);
    assert_non_null(out);
    z.next_in = in;
    z.avail_in = (uInt)message.len;
    z.next_out = out;
    z.avail_out = (uInt)size;
    assert_int_equal(deflate(&z, Z_SYNC_FLUSH), Z_OK);
    size_t len = size - z.avail_out;
    deflateEnd(&z);
    free(in);
    shadow_written(out, len);
    if (len < sizeof tail) { /* zlib gives nothing for nothing: 7.2.3.6 */
        out[0] = 0x00;
        return bytes_span(out, 1);
    }
    assert_memory_equal(out + len - sizeof tail, tail, sizeof tail);
    return bytes_span(out, len - sizeof tail);
}

struct span zip_inflate(struct span payload)
{
    z_stream z = {0};
    size_t size = 4096, len = 0;
    uint8_t *in = copy_of(payload, sizeof tail), *out = malloc(size);
    assert_non_null(out);
    memcpy(in + payload.len, tail, sizeof tail);
    assert_int_equal(inflateInit2(&z, -15), Z_OK);
    z.next_in = in;
    z.avail_in = (uInt)(payload.len + sizeof tail);
    int result = Z_OK;
    while (result == Z_OK && (z.avail_in > 0 || z.avail_out == 0)) {
        if (len == size)
            out = realloc(out, size *= 2);
        assert_non_null(out);
        z.next_out = out + len;
        z.avail_out = (uInt)(size - len);
        result = inflate(&z, Z_SYNC_FLUSH);
        len = size - z.avail_out;
    }
    inflateEnd(&z);
    free(in);
    shadow_written(out, len);
    if (result == Z_OK || (result == Z_BUF_ERROR && z.avail_in == 0))
        return bytes_span(out, len);
    free(out);
    return bytes_span(NULL, 0);
}
