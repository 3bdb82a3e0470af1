/* SPDX-License-Identifier: MIT */
#include "wire/permessage.h"

void permessage_begin(struct permessage_reader *r, unsigned window_bits)
{
    inflate_init(&r->inflate, window_bits);
    r->began = false;
}

enum inflate_status permessage_read(struct permessage_reader *r,
                                    struct span *in, struct text *out,
                                    unsigned *blocks)
{
    enum inflate_status status;
    r->began = r->began || in->len > 0;
    do {
        status = inflate_run(&r->inflate, in, out, blocks);
    } while (status == INFLATE_END); /* RFC 7692 7.2.3.4 */
    return status;
}

bool permessage_whole(const struct permessage_reader *r)
{
    return !r->began || inflate_before_stored_length(&r->inflate);
}

bool permessage_compress(struct deflate *z, unsigned window_bits,
                         struct span message, struct text *out)
{
    if (message.len == 0)
        return false;
    struct text room = *out;
    room.size = out->len + bytes_min(out->size - out->len, message.len - 1);
    deflate_init(z, window_bits, message.len);
    if (deflate_run(z, &message, &room, DEFLATE_MESSAGE) != DEFLATE_DONE)
        return false;
    out->len = room.len;
    return true;
}
