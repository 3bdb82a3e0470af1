/* SPDX-License-Identifier: MIT */
/*
 * sources: src/wire/token_keys.c
 * with: src/base/base64.c src/base/bytes.c
 * eva: -eva-slevel 1000 -eva-split-return-function token_keys_read:0,read_text:0
 * eva: -eva-split-return-function read_line:0,read_kid:0,read_key:0,decode:-1
 * eva: -eva-split-return-function base64_decode:-1,base64_url_decode:-1
 * uses: hmac_init utf8_printable
 *
 * Key files of some shapes, with names and keys up to the longest, and longer.
 * What may be any byte is none of those that end a word or a line.
 */
#include "tests/prove/contracts.h"
#include "tests/prove/prove.h"

/* 32 bytes in base64, padded; in base64url; and a line with them. */
#define A42 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define KEY A42 "A="
#define URL A42 "8"

static bool read_text(struct token_keys *keys, struct span text)
{
    struct token_fault fault;
    bool good = token_keys_read(keys, text, &fault);
    if (good) {
        //@ assert good: fault.why == \null && 1 <= keys->count <= TOKEN_KEYS_MAX;
    } else {
        //@ assert wrong: fault.why != \null && keys->count == 0;
        //@ assert line: fault.line <= text.len;
    }
    return good;
}

static void read_like(const char *shape)
{
    struct token_keys keys;
    read_text(&keys, any_like(shape, '!'));
}

/* A line of a name and a key of so many bytes each. */
static void read_long(size_t kid, size_t key)
{
    static uint8_t memory[TOKEN_KID_MAX + 1 + 1 + 688];
    size_t len = kid + 1 + key;
    uint8_t *ptr = memory + sizeof memory - len;
    memset(ptr, 'A', len);
    ptr[kid] = ' ';
    struct token_keys keys;
    if (read_text(&keys, bytes_span(ptr, len))) {
        //@ assert kid: keys.list[0].kid_len == kid <= TOKEN_KID_MAX;
    }
}

void main(void)
{
    static const char *const shapes[] = {
        "?",
        "??",
        "#?",
        "a ?",
        "a\t?\r\n",
        "\r",
        "\n \r\n\t",
        "a \n?",
        "a b c",
        "a b\tc",
        "? " KEY,
        "a " KEY "?",
        "a " A42 "?=",
        "a " A42 "==",
        "a " A42 "??",
        "a " URL,
        "a -" A42 "=",
        "a " URL "=",
        "a " A42 "===",
        "a ?AAA",
        "a " KEY "\r\n\n # b\nb " URL "\n?",
        "a " KEY "\n? " KEY "\n",
        "a " KEY "\nb " KEY "\nc " KEY "\nd " KEY "\ne " KEY "\nf " KEY
        "\ng " KEY "\nh " KEY "\n?",
    };
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        read_like(shapes[i]);
    struct token_keys none;
    read_text(&none, bytes_span(NULL, 0));
    read_long(TOKEN_KID_MAX, 44);
    read_long(TOKEN_KID_MAX + 1, 44);
    read_long(1, 684);
    read_long(1, 683);
    read_long(1, 685);
}
