/* SPDX-License-Identifier: MIT */
/*
 * sources: src/wire/close.c
 * with: src/wire/frame.c src/base/bytes.c src/base/utf8.c
 * uses: utf8_take frame_mask
 * eva: -eva-slevel 200
 *
 * Payloads of any bytes and each length, and Close frames with any code and
 * reason.
 */
#include "tests/prove/contracts.h"
#include "tests/prove/prove.h"

#include "wire/close.h"

static void read_any(size_t len)
{
    static uint8_t memory[FRAME_CONTROL_MAX];
    unsigned code;
    uint8_t *in = any_end(memory, sizeof memory, len);
    if (close_payload(bytes_span(in, len), &code) == FAULT_NONE) {
        //@ assert code: code <= UINT16_MAX;
    }
}

static void write_any(size_t len)
{
    static uint8_t memory[CLOSE_REASON_MAX + 4];
    uint8_t out[CLOSE_FRAME_MAX];
    unsigned code = (unsigned)any_between(0, UINT16_MAX);
    struct span reason = bytes_span(any_end(memory, sizeof memory, len), len);
    size_t written = close_write(out, code, reason);
    //@ assert fits: 2 <= written <= CLOSE_FRAME_MAX;
}

void main(void)
{
    for (size_t len = 0; len <= FRAME_CONTROL_MAX; len++)
        read_any(len);
    for (size_t len = 0; len <= CLOSE_REASON_MAX + 4; len += SIZE(42, 1))
        write_any(len);
    write_any(CLOSE_REASON_MAX + 4);
    bool legal = close_code_legal(any_u32());
    //@ assert a_bool: legal == 0 || legal == 1;
}
