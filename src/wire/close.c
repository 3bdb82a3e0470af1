/* SPDX-License-Identifier: MIT */
#include "wire/close.h"
#include "base/utf8.h"

#define CODE_LEN 2 /* bytes of the code in the payload (RFC 6455 5.5.1) */

bool close_code_legal(unsigned code)
{
    if (code >= 3000)
        return code <= 4999; /* RFC 6455 7.4.2: registered, and private */
    /* RFC 6455 7.4.1: 1004 has no meaning yet, 1005 and 1006 are never sent. */
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014);
}

enum fault close_payload(struct span payload, unsigned *code)
{
    *code = CLOSE_NO_STATUS; /* RFC 6455 7.1.5 */
    if (payload.len == 0)
        return FAULT_NONE;
    if (payload.len < CODE_LEN)
        return FAULT_CLOSE_SHORT;
    *code = bytes_get16(payload.ptr);
    if (!close_code_legal(*code))
        return FAULT_CLOSE_CODE;
    return utf8_valid(bytes_after(payload, CODE_LEN)) ? FAULT_NONE
                                                      : FAULT_CLOSE_REASON;
}

/* The longest start of UTF-8 text, at most `size` bytes, that ends where a
   character does: a cut is legal before any byte but a continuation. */
static size_t whole_characters(struct span text, size_t size)
{
    if (text.len <= size)
        return text.len;
    while (size > 0 && (text.ptr[size] & 0xC0) == 0x80)
        size--;
    return size;
}

size_t close_write_payload(uint8_t *out, unsigned code, struct span reason)
{
    if (code == CLOSE_NO_STATUS) /* RFC 6455 7.4.1: never on the wire */
        return 0;
    size_t len = whole_characters(reason, CLOSE_REASON_MAX);
    bytes_put16(out, (uint16_t)code);
    if (len)
        memcpy(out + CODE_LEN, reason.ptr, len);
    return CODE_LEN + len;
}

size_t close_write(uint8_t *out, unsigned code, struct span reason)
{
    size_t header_len = frame_header_len(0); /* that of any control frame */
    size_t len = close_write_payload(out + header_len, code, reason);
    return frame_write(out, FRAME_FIN | FRAME_CLOSE, len) + len;
}
