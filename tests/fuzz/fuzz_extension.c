/* SPDX-License-Identifier: MIT */
/*
 * fuzz_extension: any bytes as Sec-WebSocket-Extensions fields, a line each.
 *
 * What is chosen must be legal, be answered within the promised length, and
 * be chosen again when our own answer is read as an offer.
 */
#include <stdlib.h>

#include "wire/extension.h"

#define FIELDS 16

static void must(bool condition)
{
    if (!condition)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *ptr, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *ptr, size_t len)
{
    struct span fields[FIELDS], rest = bytes_span(ptr, len);
    struct extension chosen, again;
    uint8_t bytes[EXTENSION_ANSWER];
    size_t count = 0;
    while (count < FIELDS) {
        size_t line = bytes_find(rest, '\n');
        fields[count++] = bytes_span(rest.ptr, line);
        if (line == rest.len)
            break;
        rest = bytes_after(rest, line + 1);
    }
    if (extension_choose(fields, count, &chosen) != EXTENSION_CHOSEN)
        return 0;
    must(chosen.server_window_bits >= 8 && chosen.server_window_bits <= 15);
    must(chosen.client_window_bits >= 8 && chosen.client_window_bits <= 15);
    struct text out = text_over(bytes, sizeof bytes);
    extension_write(&chosen, &out);
    must(!out.overflow);
    struct span answer = text_span(&out);
    must(extension_choose(&answer, 1, &again) == EXTENSION_CHOSEN);
    must(again.server_window_bits == chosen.server_window_bits);
    must(again.client_window_bits == chosen.client_window_bits);
    return 0;
}
