/* SPDX-License-Identifier: MIT */
/*
 * slow: yes
 * sources: src/wire/extension.c
 * with: src/base/bytes.c src/base/text.c src/wire/http.c
 * with: src/wire/http_fields.c src/wire/authority.c src/base/ip.c
 * eva: -eva-slevel 1000 -eva-split-return full
 *
 * Offers and answers of some shapes, judged and written.
 */
#include "tests/prove/prove.h"

#include "wire/extension.h"

static void read_like(const char *shape)
{
    struct span value = any_like(shape, 0);
    struct extension chosen;
    struct extension_terms terms;
    struct extension_offer offer = {.server_drops = any_bool(),
                                    .client_drops = any_bool(),
                                    .server_window_bits = 10,
                                    .client_window_bits = 12};
    if (extension_choose(&value, 1, &chosen) == EXTENSION_CHOSEN) {
        //@ assert server: 8 <= chosen.server_window_bits <= 15;
        //@ assert client: 8 <= chosen.client_window_bits <= 15;
    }
    bool seen = any_bool();
    extension_judge(value, &offer, seen, &terms);
    //@ assert bits: !terms.deflate || terms.server_window_bits <= 15;
    extension_judge(value, NULL, seen, &terms);
}

static void write_any(void)
{
    uint8_t out[EXTENSION_ANSWER];
    struct text t = text_over(out, sizeof out);
    struct extension e = {.server_bits_asked = any_bool(),
                          .client_bits_asked = any_bool(),
                          .server_window_bits = (uint8_t)any_between(8, 15),
                          .client_window_bits = (uint8_t)any_between(8, 15)};
    extension_write(&e, &t);
    //@ assert answer_fits: !t.overflow;
    struct extension_offer offer = {
        .server_drops = any_bool(),
        .client_drops = any_bool(),
        .server_window_bits = (uint8_t)any_between(0, 15),
        .client_window_bits = (uint8_t)any_between(0, 15)};
    t = text_over(out, sizeof out);
    extension_write_offer(&offer, &t);
    //@ assert in_it: t.len <= EXTENSION_ANSWER;
}

void main(void)
{
    static const char *const shapes[] = {
        "",
        "?",
        "a?",
        "a;?",
        "a;b=?",
        "a;b=\"?\"",
        "a;b=\"\\?\"",
        "a;b=\"\\",
        "a;b=\"",
        "a;b=\"c d\"",
        ",a,",
        "a b",
        "permessage-deflate",
        "permessage-deflate;?",
        "permessage-deflate,permessage-deflate",
        "permessage-deflate;server_no_context_takeover",
        "permessage-deflate;server_no_context_takeover=1",
        "permessage-deflate;client_no_context_takeover"
        ";client_no_context_takeover",
        "permessage-deflate;server_no_context_takeover"
        ";server_max_window_bits=9;client_no_context_takeover",
        "permessage-deflate;server_max_window_bits=1?",
        "permessage-deflate;server_max_window_bits=?",
        "permessage-deflate;server_no_context_takeover"
        ";server_max_window_bits=8;client_max_window_bits",
        "permessage-deflate;server_no_context_takeover"
        ";server_max_window_bits=9;client_max_window_bits=1?",
        "permessage-deflate;client_max_window_bits=\"12345\"",
    };
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        read_like(shapes[i]);
    struct extension chosen;
    extension_choose(NULL, 0, &chosen);
    write_any();
}
