/* SPDX-License-Identifier: MIT */
/*
 * What clients send, byte for byte, one wire field a line, and the log of what
 * the message reader must tell (support/events.h has its language). One vector
 * for each failure at least.
 *
 * Where the masking key is KEEP the payload can be read as it stands.
 */
#ifndef VECTORS_MESSAGE_H
#define VECTORS_MESSAGE_H

#include "wire/message.h"

/* A masking key that changes nothing. Legal, if unwise (RFC 6455 10.3). */
#define KEEP "\x00\x00\x00\x00"
/* The one of RFC 6455 5.7. */
#define KEY "\x37\xFA\x21\x3D"

struct message_vector {
    const char *name;
    const char *log;   /* what the reader tells */
    const char *bytes; /* the wire */
    size_t len;
    uint64_t limit; /* 0 stands for MESSAGE_UNLIMITED */
    bool deflate;   /* permessage-deflate is negotiated */
};

#define WIRE(text) .bytes = "" text, .len = sizeof(text) - 1

static const struct message_vector message_vectors[] = {

    /* ---- The examples of RFC 6455 5.7, and of RFC 7692 7.2.3 ------------- */

    {
        .name = "a single-frame masked text message",
        .log = "[text Hello]\n",
        WIRE("\x81"                   /* FIN, text */
             "\x85"                   /* masked, 5 bytes */
             KEY                      /* masking key */
             "\x7F\x9F\x4D\x51\x58"), /* Hello */
    },
    {
        .name = "a single-frame unmasked text message, as no client may",
        .log = "fail 1002 a frame is not masked\n",
        WIRE("\x81" /* FIN, text */
             "\x05" /* not masked, 5 bytes */
             "Hello"),
    },
    {
        .name = "a fragmented text message, masked",
        .log = "[text Hel\n"
               "text lo]\n",
        WIRE("\x01"         /* text, not the last */
             "\x83"         /* masked, 3 bytes */
             KEY            /* masking key */
             "\x7F\x9F\x4D" /* Hel */
             "\x80"         /* FIN, continuation */
             "\x82"         /* masked, 2 bytes */
             KEY            /* masking key */
             "\x5B\x95"),   /* lo */
    },
    {
        .name = "a ping and a pong, masked",
        .log = "ping Hello\n"
               "pong Hello\n",
        WIRE("\x89"                   /* FIN, ping */
             "\x85"                   /* masked, 5 bytes */
             KEY                      /* masking key */
             "\x7F\x9F\x4D\x51\x58"   /* Hello */
             "\x8A"                   /* FIN, pong */
             "\x85"                   /* masked, 5 bytes */
             KEY                      /* masking key */
             "\x7F\x9F\x4D\x51\x58"), /* Hello */
    },
    {
        .name = "a compressed message",
        .log = "[text* \\xf2H\\xcd\\xc9\\xc9\\x07\\x00]\n",
        .deflate = true,
        WIRE("\xC1" /* FIN, RSV1, text */
             "\x87" /* masked, 7 bytes */
             KEEP   /* masking key */
             "\xF2\x48\xCD\xC9\xC9\x07\x00"),
    },
    {
        .name = "a compressed message in two fragments",
        .log = "[text* \\xf2H\\xcd\n"
               "text* \\xc9\\xc9\\x07\\x00]\n",
        .deflate = true,
        WIRE("\x41" /* RSV1, text, not the last */
             "\x83" /* masked, 3 bytes */
             KEEP   /* masking key */
             "\xF2\x48\xCD"
             "\x80" /* FIN, continuation */
             "\x84" /* masked, 4 bytes */
             KEEP   /* masking key */
             "\xC9\xC9\x07\x00"),
    },

    /* ---- Messages and fragments (RFC 6455 5.4) --------------------------- */

    {
        .name = "nothing at all",
        .log = "",
        WIRE(""),
    },
    {
        .name = "an empty text message",
        .log = "[text ]\n",
        WIRE("\x81" /* FIN, text */
             "\x80" /* masked, empty */
             KEY),
    },
    {
        .name = "binary is not text",
        .log = "[binary \\xff\\x00\\xfe]\n",
        WIRE("\x82" /* FIN, binary */
             "\x83" /* masked, 3 bytes */
             KEEP   /* masking key */
             "\xFF\x00\xFE"),
    },
    {
        .name = "messages follow each other",
        .log = "[text a]\n"
               "[binary b]\n"
               "[text c]\n",
        WIRE("\x81" /* FIN, text */
             "\x81" /* masked, 1 byte */
             KEEP   /* masking key */
             "a"
             "\x82" /* FIN, binary */
             "\x81" /* masked, 1 byte */
             KEEP   /* masking key */
             "b"
             "\x81" /* FIN, text */
             "\x81" /* masked, 1 byte */
             KEEP   /* masking key */
             "c"),
    },
    {
        .name = "fragments may be empty, the first and the last too",
        .log = "[binary \n"
               "binary \n"
               "binary x\n"
               "binary ]\n",
        WIRE("\x02" /* binary, not the last */
             "\x80" /* masked, empty */
             KEY    /* masking key */
             "\x00" /* continuation, not the last */
             "\x80" /* masked, empty */
             KEY    /* masking key */
             "\x00" /* continuation, not the last */
             "\x81" /* masked, 1 byte */
             KEEP   /* masking key */
             "x"
             "\x80" /* FIN, continuation */
             "\x80" /* masked, empty */
             KEY),
    },
    {
        .name = "each frame has a masking key of its own",
        .log = "[text abcde\n"
               "text fghij]\n",
        WIRE("\x01" /* text, not the last */
             "\x85" /* masked, 5 bytes */
             "\x01\x02\x03\x04"
             "\x60\x60\x60\x60\x64" /* abcde */
             "\x80"                 /* FIN, continuation */
             "\x85"                 /* masked, 5 bytes */
             "\x10\x20\x30\x40"
             "\x76\x47\x58\x29\x7A"), /* fghij */
    },
    {
        .name = "control frames between fragments come first",
        .log = "[text Hel\n"
               "ping !\n"
               "pong \n"
               "text lo]\n",
        WIRE("\x01" /* text, not the last */
             "\x83" /* masked, 3 bytes */
             KEEP   /* masking key */
             "Hel"
             "\x89" /* FIN, ping */
             "\x81" /* masked, 1 byte */
             KEY    /* masking key */
             "\x16" /* ! */
             "\x8A" /* FIN, pong */
             "\x80" /* masked, empty */
             KEY    /* masking key */
             "\x80" /* FIN, continuation */
             "\x82" /* masked, 2 bytes */
             KEEP   /* masking key */
             "lo"),
    },
    {
        .name = "a compressed message does not compress the next",
        .log = "[text* \\x00]\n"
               "[text a]\n",
        .deflate = true,
        WIRE("\xC1" /* FIN, RSV1, text */
             "\x81" /* masked, 1 byte */
             KEEP   /* masking key */
             "\x00"
             "\x81" /* FIN, text */
             "\x81" /* masked, 1 byte */
             KEEP   /* masking key */
             "a"),
    },
    {
        .name = "a continuation without a message",
        .log = "fail 1002 a continuation without a message\n",
        WIRE("\x80" /* FIN, continuation */
             "\x81" /* masked, 1 byte */
             KEEP   /* masking key */
             "a"),
    },
    {
        .name = "a continuation of a message that has ended",
        .log = "[text a]\n"
               "fail 1002 a continuation without a message\n",
        WIRE("\x81" /* FIN, text */
             "\x81" /* masked, 1 byte */
             KEEP   /* masking key */
             "a"
             "\x00" /* continuation, not the last */
             "\x81" /* masked, 1 byte */
             KEEP   /* masking key */
             "b"),
    },
    {
        .name = "a new message inside an unfinished one",
        .log = "[text a\n"
               "fail 1002 a new message inside an unfinished one\n",
        WIRE("\x01" /* text, not the last */
             "\x81" /* masked, 1 byte */
             KEEP   /* masking key */
             "a"
             "\x81" /* FIN, text */
             "\x81" /* masked, 1 byte */
             KEEP   /* masking key */
             "b"),
    },

    /* ---- The first two bytes (RFC 6455 5.2, 5.5) ------------------------- */

    {
        .name = "RSV1 that was not negotiated",
        .log = "fail 1002 a reserved bit is set\n",
        WIRE("\xC1" /* FIN, RSV1, text */
             "\x80" /* masked, empty */
             KEY),
    },
    {
        .name = "RSV2",
        .log = "fail 1002 a reserved bit is set\n",
        .deflate = true,
        WIRE("\xA1" /* FIN, RSV2, text */
             "\x80" /* masked, empty */
             KEY),
    },
    {
        .name = "RSV3",
        .log = "fail 1002 a reserved bit is set\n",
        .deflate = true,
        WIRE("\x91" /* FIN, RSV3, text */
             "\x80" /* masked, empty */
             KEY),
    },
    {
        .name = "RSV1 on a continuation (RFC 7692 6.1)",
        .log = "[text* a\n"
               "fail 1002 a reserved bit is set\n",
        .deflate = true,
        WIRE("\x41" /* RSV1, text, not the last */
             "\x81" /* masked, 1 byte */
             KEEP   /* masking key */
             "a"
             "\xC0" /* FIN, RSV1, continuation */
             "\x81" /* masked, 1 byte */
             KEEP   /* masking key */
             "b"),
    },
    {
        .name = "RSV1 on a control frame (RFC 7692 6.1)",
        .log = "fail 1002 a reserved bit is set\n",
        .deflate = true,
        WIRE("\xC9" /* FIN, RSV1, ping */
             "\x80" /* masked, empty */
             KEY),
    },
    {
        .name = "the first unknown opcode for data",
        .log = "fail 1002 unknown opcode\n",
        WIRE("\x83" /* FIN, opcode 3 */
             "\x80" /* masked, empty */
             KEY),
    },
    {
        .name = "the last unknown opcode for data",
        .log = "fail 1002 unknown opcode\n",
        WIRE("\x87" /* FIN, opcode 7 */
             "\x80" /* masked, empty */
             KEY),
    },
    {
        .name = "the first unknown opcode for control",
        .log = "fail 1002 unknown opcode\n",
        WIRE("\x8B" /* FIN, opcode 11 */
             "\x80" /* masked, empty */
             KEY),
    },
    {
        .name = "the last unknown opcode for control",
        .log = "fail 1002 unknown opcode\n",
        WIRE("\x8F" /* FIN, opcode 15 */
             "\x80" /* masked, empty */
             KEY),
    },
    {
        .name = "a fragmented ping",
        .log = "fail 1002 a control frame is fragmented\n",
        WIRE("\x09" /* ping, not the last */
             "\x80" /* masked, empty */
             KEY),
    },
    {
        .name = "a ping of 126 bytes, of which none has come",
        .log = "fail 1002 a control frame is longer than 125 bytes\n",
        WIRE("\x89"     /* FIN, ping */
             "\xFE"     /* masked, a 16-bit length follows */
             "\x00\x7E" /* length */
             KEY),
    },
    {
        .name = "a Close with a 64-bit length",
        .log = "fail 1002 a control frame is longer than 125 bytes\n",
        WIRE("\x88"   /* FIN, close */
             "\xFF"   /* masked, a 64-bit length follows */
             "\x80"), /* its first byte */
    },
    {
        .name = "a ping that is not masked",
        .log = "fail 1002 a frame is not masked\n",
        WIRE("\x89"   /* FIN, ping */
             "\x00"), /* not masked, empty */
    },

    /* ---- The order of blame ---------------------------------------------- */

    {
        .name = "a reserved bit before an unknown opcode",
        .log = "fail 1002 a reserved bit is set\n",
        WIRE("\x4F"   /* RSV1, opcode 15, not the last */
             "\x7F"), /* not masked, a 64-bit length follows */
    },
    {
        .name = "an unknown opcode before a fragmented control frame",
        .log = "fail 1002 unknown opcode\n",
        WIRE("\x0F"   /* opcode 15, not the last */
             "\x7F"), /* not masked, a 64-bit length follows */
    },
    {
        .name = "a fragmented control frame before a long one",
        .log = "fail 1002 a control frame is fragmented\n",
        WIRE("\x0A"   /* pong, not the last */
             "\x7F"), /* not masked, a 64-bit length follows */
    },
    {
        .name = "a long control frame before a missing mask",
        .log = "fail 1002 a control frame is longer than 125 bytes\n",
        WIRE("\x8A"   /* FIN, pong */
             "\x7F"), /* not masked, a 64-bit length follows */
    },
    {
        .name = "a missing mask before a continuation of nothing",
        .log = "fail 1002 a frame is not masked\n",
        WIRE("\x80"   /* FIN, continuation */
             "\x7F"), /* not masked, a 64-bit length follows */
    },
    {
        .name = "a continuation of nothing before its length",
        .log = "fail 1002 a continuation without a message\n",
        WIRE("\x80" /* FIN, continuation */
             "\xFF" /* masked, a 64-bit length follows */
             "\x80\x00\x00\x00\x00\x00\x00\x00" /* length */
             KEY),
    },
    {
        .name = "a wrong length before one that is too big",
        .log = "fail 1002 a payload length is not in its shortest form\n",
        .limit = 10,
        WIRE("\x81"     /* FIN, text */
             "\xFE"     /* masked, a 16-bit length follows */
             "\x00\x0B" /* length */
             KEY),
    },

    /* ---- Lengths (RFC 6455 5.2) and the limit ---------------------------- */

    {
        .name = "the top bit of a 64-bit length",
        .log = "fail 1002 the top bit of a payload length is set\n",
        WIRE("\x82" /* FIN, binary */
             "\xFF" /* masked, a 64-bit length follows */
             "\x80\x00\x00\x00\x00\x00\x00\x00"),
    },
    {
        .name = "16 bits for what seven can say",
        .log = "fail 1002 a payload length is not in its shortest form\n",
        WIRE("\x82" /* FIN, binary */
             "\xFE" /* masked, a 16-bit length follows */
             "\x00\x7D"),
    },
    {
        .name = "64 bits for what 16 can say",
        .log = "fail 1002 a payload length is not in its shortest form\n",
        WIRE("\x82" /* FIN, binary */
             "\xFF" /* masked, a 64-bit length follows */
             "\x00\x00\x00\x00\x00\x00\xFF\xFF"),
    },
    {
        .name = "the longest frame there is begins",
        .log = "[binary abc",
        WIRE("\x82" /* FIN, binary */
             "\xFF" /* masked, a 64-bit length follows */
             "\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF" /* length */
             KEEP                               /* masking key */
             "abc"),
    },
    {
        .name = "a message as long as the limit",
        .log = "[text abcd]\n"
               "[text efgh]\n",
        .limit = 4,
        WIRE("\x81" /* FIN, text */
             "\x84" /* masked, 4 bytes */
             KEEP   /* masking key */
             "abcd"
             "\x81" /* FIN, text: the count starts afresh */
             "\x84" /* masked, 4 bytes */
             KEEP   /* masking key */
             "efgh"),
    },
    {
        .name = "a message longer than the limit, by its header alone",
        .log = "fail 1009 the message is too big\n",
        .limit = 4,
        WIRE("\x81" /* FIN, text */
             "\x85" /* masked, 5 bytes */
             KEEP),
    },
    {
        .name = "fragments that are longer than the limit together",
        .log = "[text abcd\n"
               "ping !!!!!\n"
               "text \n"
               "fail 1009 the message is too big\n",
        .limit = 4,
        WIRE("\x01" /* text, not the last */
             "\x84" /* masked, 4 bytes */
             KEEP   /* masking key */
             "abcd"
             "\x89" /* FIN, ping: does not count */
             "\x85" /* masked, 5 bytes */
             KEEP   /* masking key */
             "!!!!!"
             "\x00" /* continuation, not the last */
             "\x80" /* masked, empty */
             KEEP   /* masking key */
             "\x80" /* FIN, continuation */
             "\x81" /* masked, 1 byte */
             KEEP),
    },
    {
        .name = "a sum beyond the limit and beyond 2^63",
        .log = "[binary ab\n"
               "fail 1009 the message is too big\n",
        .limit = 4,
        WIRE("\x02" /* binary, not the last */
             "\x82" /* masked, 2 bytes */
             KEEP   /* masking key */
             "ab"
             "\x80" /* FIN, continuation */
             "\xFF" /* masked, a 64-bit length follows */
             "\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF" /* length */
             KEEP),
    },
    {
        .name = "a compressed message may be longer on the wire",
        .log = "[text* abc\n"
               "text* def]\n",
        .limit = 2,
        .deflate = true,
        WIRE("\x41" /* RSV1, text, not the last */
             "\x83" /* masked, 3 bytes */
             KEEP   /* masking key */
             "abc"
             "\x80" /* FIN, continuation */
             "\x83" /* masked, 3 bytes */
             KEEP   /* masking key */
             "def"),
    },

    /* ---- Text is UTF-8 (RFC 6455 8.1) ------------------------------------ */

    {
        .name = "characters of one to four bytes",
        .log = "[text a\\xc3\\xbc\\xe2\\x82\\xac\\xf0\\x9f\\x91\\x8b]\n",
        WIRE("\x81"               /* FIN, text */
             "\x8A"               /* masked, 10 bytes */
             KEEP                 /* masking key */
             "a"                  /* U+0061 */
             "\xC3\xBC"           /* U+00FC */
             "\xE2\x82\xAC"       /* U+20AC */
             "\xF0\x9F\x91\x8B"), /* U+1F44B */
    },
    {
        .name = "a character across three fragments and a ping",
        .log = "[text \\xe2\n"
               "text \\x82\n"
               "ping \\xff\n"
               "text \\xac]\n",
        WIRE("\x01" /* text, not the last */
             "\x81" /* masked, 1 byte */
             KEEP   /* masking key */
             "\xE2"
             "\x00" /* continuation, not the last */
             "\x81" /* masked, 1 byte */
             KEEP   /* masking key */
             "\x82"
             "\x89" /* FIN, ping: its payload is not text */
             "\x81" /* masked, 1 byte */
             KEEP   /* masking key */
             "\xFF"
             "\x80" /* FIN, continuation */
             "\x81" /* masked, 1 byte */
             KEEP   /* masking key */
             "\xAC"),
    },
    {
        .name = "a byte that UTF-8 never has",
        .log = "fail 1007 a text message is not UTF-8\n",
        WIRE("\x81" /* FIN, text */
             "\x83" /* masked, 3 bytes */
             KEEP   /* masking key */
             "a\xFF"
             "b"),
    },
    {
        .name = "a surrogate, cut by a fragment",
        .log = "[text \\xed\n"
               "fail 1007 a text message is not UTF-8\n",
        WIRE("\x01" /* text, not the last */
             "\x81" /* masked, 1 byte */
             KEEP   /* masking key */
             "\xED"
             "\x00" /* continuation, not the last */
             "\x82" /* masked, 2 bytes */
             KEEP   /* masking key */
             "\xA0\x80"),
    },
    {
        .name = "an overlong form",
        .log = "fail 1007 a text message is not UTF-8\n",
        WIRE("\x81" /* FIN, text */
             "\x82" /* masked, 2 bytes */
             KEEP   /* masking key */
             "\xC0\xAF"),
    },
    {
        .name = "a text that ends inside a character",
        .log = "fail 1007 a text message is not UTF-8\n",
        WIRE("\x81" /* FIN, text */
             "\x82" /* masked, 2 bytes */
             KEEP   /* masking key */
             "\xE2\x82"),
    },
    {
        .name = "a text that ends, with an empty frame, inside a character",
        .log = "[text \\xe2\\x82\n"
               "fail 1007 a text message is not UTF-8\n",
        WIRE("\x01" /* text, not the last */
             "\x82" /* masked, 2 bytes */
             KEEP   /* masking key */
             "\xE2\x82"
             "\x80" /* FIN, continuation */
             "\x80" /* masked, empty */
             KEEP),
    },
    {
        .name = "a fragmented binary message may end like that",
        .log = "[binary \\xe2\n"
               "binary \\x82]\n"
               "[text a]\n",
        WIRE("\x02" /* binary, not the last */
             "\x81" /* masked, 1 byte */
             KEEP   /* masking key */
             "\xE2"
             "\x80" /* FIN, continuation */
             "\x81" /* masked, 1 byte */
             KEEP   /* masking key */
             "\x82"
             "\x81" /* FIN, text */
             "\x81" /* masked, 1 byte */
             KEEP   /* masking key */
             "a"),
    },

    /* ---- Close (RFC 6455 5.5.1, 7.4) ------------------------------------- */

    {
        .name = "an empty Close",
        .log = "close 1005 \n",
        WIRE("\x88" /* FIN, close */
             "\x80" /* masked, empty */
             KEY),
    },
    {
        .name = "a Close with code and reason",
        .log = "close 1000 bye\n",
        WIRE("\x88"           /* FIN, close */
             "\x85"           /* masked, 5 bytes */
             KEY              /* masking key */
             "\x34\x12"       /* 1000 */
             "\x43\x44\x52"), /* bye */
    },
    {
        .name = "a Close inside a fragmented message",
        .log = "[text a\n"
               "close 1001 \n",
        WIRE("\x01" /* text, not the last */
             "\x81" /* masked, 1 byte */
             KEEP   /* masking key */
             "a"
             "\x88"       /* FIN, close */
             "\x82"       /* masked, 2 bytes */
             KEEP         /* masking key */
             "\x03\xE9"), /* 1001 */
    },
    {
        .name = "nothing is looked at after a Close",
        .log = "close 1000 \n",
        WIRE("\x88"       /* FIN, close */
             "\x82"       /* masked, 2 bytes */
             KEEP         /* masking key */
             "\x03\xE8"   /* 1000 */
             "\x89"       /* FIN, ping */
             "\x80"       /* masked, empty */
             KEEP         /* masking key */
             "\xFF\xFF"), /* no frame at all */
    },
    {
        .name = "a Close with half a code",
        .log = "fail 1002 a Close frame without a legal close code\n",
        WIRE("\x88" /* FIN, close */
             "\x81" /* masked, 1 byte */
             KEEP   /* masking key */
             "\x03"),
    },
    {
        .name = "a Close with a code that is never sent",
        .log = "fail 1002 a Close frame without a legal close code\n",
        WIRE("\x88"       /* FIN, close */
             "\x82"       /* masked, 2 bytes */
             KEEP         /* masking key */
             "\x03\xED"), /* 1005 */
    },
    {
        .name = "a Close with a reason that is not UTF-8",
        .log = "fail 1007 a close reason is not UTF-8\n",
        WIRE("\x88"     /* FIN, close */
             "\x83"     /* masked, 3 bytes */
             KEEP       /* masking key */
             "\x03\xE8" /* 1000 */
             "\xFF"),
    },
    {
        .name = "nothing is looked at after a failure",
        .log = "fail 1002 unknown opcode\n",
        WIRE("\x83" /* FIN, opcode 3 */
             "\x80" /* masked, empty */
             KEEP   /* masking key */
             "\x89" /* FIN, ping */
             "\x80" /* masked, empty */
             KEEP),
    },
    {
        .name = "nor after a Close with a fault",
        .log = "fail 1002 a Close frame without a legal close code\n",
        WIRE("\x88" /* FIN, close */
             "\x82" /* masked, 2 bytes */
             KEEP   /* masking key */
             "\x00\x00"
             "\x89" /* FIN, ping */
             "\x80" /* masked, empty */
             KEEP),
    },

    /* ---- What is not whole ----------------------------------------------- */

    {
        .name = "a header that is not whole",
        .log = "",
        WIRE("\x81" /* FIN, text */
             "\x85" /* masked, 5 bytes */
             "\x37\xFA\x21"),
    },
    {
        .name = "a ping that is not whole",
        .log = "",
        WIRE("\x89" /* FIN, ping */
             "\x83" /* masked, 3 bytes */
             KEEP   /* masking key */
             "ab"),
    },
    {
        .name = "a Close that is not whole",
        .log = "",
        WIRE("\x88"       /* FIN, close */
             "\x83"       /* masked, 3 bytes */
             KEEP         /* masking key */
             "\x00\x00"), /* an illegal code, but not all is there */
    },
};

#undef WIRE

#endif
