/* SPDX-License-Identifier: MIT */
#include "wire/permessage.h"

void permessage_begin(struct permessage_reader *r, unsigned window_bits)
{
    inflate_init(&r->inflate, window_bits);
    r->began = false;
}

void permessage_go_on(struct permessage_reader *r)
{
    /* RFC 7692 7.2.2: the four bytes that were left out. They end a block
       that holds nothing; what is next is a header. */
    uint8_t nothing[1];
    struct span tail = BYTES_LITERAL("\x00\x00\xFF\xFF");
    struct text out = text_over(nothing, sizeof nothing);
    unsigned blocks = 0;
    if (inflate_before_stored_length(&r->inflate))
        (void)permessage_read(r, &tail, &out, &blocks);
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
                         struct span message, enum deflate_effort effort,
                         struct text *out)
{
    if (message.len == 0)
        return false;
    struct text room = *out;
    room.size = out->len + bytes_min(out->size - out->len, message.len - 1);
    deflate_init(z, window_bits, message.len, effort);
    if (deflate_run(z, &message, &room, DEFLATE_MESSAGE) != DEFLATE_DONE)
        return false;
    out->len = room.len;
    return true;
}
