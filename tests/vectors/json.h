/* SPDX-License-Identifier: MIT */
/*
 * Texts for json_read (RFC 8259), in the order of the RFC's sections: those
 * that it takes, with what they say, and those that it refuses, with why. The
 * choice follows "Parsing JSON is a Minefield" (Nicolas Seriot, 2016), whose
 * test suite has files named y_, n_ and i_ for the same cases.
 */
#ifndef VECTORS_JSON_H
#define VECTORS_JSON_H

#include "wire/json.h"

#define JSON_TEXT(literal)                                                     \
    {                                                                          \
        "" literal, sizeof(literal) - 1                                        \
    }

/* A literal with its length, as NUL is a byte like others; ptr NULL: absent. */
struct json_text {
    const char *ptr;
    size_t len;
};

/* ---- Taken --------------------------------------------------------------- */

struct json_valid {
    struct json_text text;
    struct json_text message;
    struct json_text name;
    struct json_text ping;
};

static const struct json_valid json_valid[] = {
    /* The three keys, alone and together. */
    {.text = JSON_TEXT("{\"message\":\"hello\"}"),
     .message = JSON_TEXT("hello")},
    {.text = JSON_TEXT("{\"name\":\"Ann\"}"), .name = JSON_TEXT("Ann")},
    {.text = JSON_TEXT("{\"ping\":1}"), .ping = JSON_TEXT("1")},
    {.text = JSON_TEXT("{\"message\":\"m\",\"name\":\"n\",\"ping\":0}"),
     .message = JSON_TEXT("m"),
     .name = JSON_TEXT("n"),
     .ping = JSON_TEXT("0")},
    {.text = JSON_TEXT("{\"ping\":0,\"name\":\"\",\"message\":\"\"}"),
     .message = JSON_TEXT(""),
     .name = JSON_TEXT(""),
     .ping = JSON_TEXT("0")},

    /* 2: white space, all four kinds, wherever it may stand. */
    {.text = JSON_TEXT(" \t\n\r{ \t\n\r\"message\" \t\n\r: \t\n\r\"a b\" \t\n\r"
                       ", \t\n\r\"ping\" \t\n\r: \t\n\r1 \t\n\r} \t\n\r"),
     .message = JSON_TEXT("a b"),
     .ping = JSON_TEXT("1")},
    {.text = JSON_TEXT("{\"a\":[ \t1 , { \"b\" :\r[ ]\n} , { } ] ,\"ping\":1}"),
     .ping = JSON_TEXT("1")},

    /* 3: literals, and other values beside the keys. */
    {.text = JSON_TEXT("{\"a\":true,\"b\":false,\"c\":null,\"ping\":1}"),
     .ping = JSON_TEXT("1")},
    {.text = JSON_TEXT("{\"a\":\"s\",\"b\":-1,\"c\":[],\"d\":{},\"ping\":1}"),
     .ping = JSON_TEXT("1")},

    /* 4: names are compared unescaped; the last of a duplicate counts. */
    {.text = JSON_TEXT("{\"\\u006dessage\":\"a\"}"), .message = JSON_TEXT("a")},
    {.text = JSON_TEXT("{\"m\\u0065ssag\\u0065\":\"a\"}"),
     .message = JSON_TEXT("a")},
    {.text = JSON_TEXT("{\"message\":\"a\",\"message\":\"b\"}"),
     .message = JSON_TEXT("b")},
    {.text = JSON_TEXT("{\"message\":1,\"message\":\"b\"}"),
     .message = JSON_TEXT("b")},
    {.text = JSON_TEXT("{\"ping\":[],\"ping\":\"\",\"pin\\u0067\":7}"),
     .ping = JSON_TEXT("7")},
    {.text = JSON_TEXT("{\"\":1,\"Message\":2,\"messages\":3,\"mess\":4,"
                       "\"message\\u0000\":5,\"name\":\"n\"}"),
     .name = JSON_TEXT("n")},
    {.text = JSON_TEXT("{\"a\":{\"message\":1,\"name\":2},\"ping\":1}"),
     .ping = JSON_TEXT("1")},

    /* 4, 5: nests. */
    {.text = JSON_TEXT("{\"a\":[[],{},[[]],[{}],{\"b\":[]},{\"b\":{}}],"
                       "\"ping\":1}"),
     .ping = JSON_TEXT("1")},
    {.text = JSON_TEXT("{\"a\":[1,[2,{\"b\":3,\"c\":[4,5],\"d\":{\"e\":\"]}\"}"
                       "},6],7],\"ping\":1}"),
     .ping = JSON_TEXT("1")},
    {.text = JSON_TEXT("{\"a\":[[[[[[[[{\"b\":1}]]]]]]]],\"ping\":1}"),
     .ping = JSON_TEXT("1")},
    {.text = JSON_TEXT("{\"a\":[[[[[[[{},[1],{}]]]]]]],\"ping\":1}"),
     .ping = JSON_TEXT("1")},
    {.text = JSON_TEXT("{\"a\":[null,true,false,\"\",0],\"ping\":1}"),
     .ping = JSON_TEXT("1")},

    /* 6: numbers, as they were written. */
    {.text = JSON_TEXT("{\"ping\":-0}"), .ping = JSON_TEXT("-0")},
    {.text = JSON_TEXT("{\"ping\":10}"), .ping = JSON_TEXT("10")},
    {.text = JSON_TEXT("{\"ping\":9}"), .ping = JSON_TEXT("9")},
    {.text = JSON_TEXT("{\"ping\":0.0}"), .ping = JSON_TEXT("0.0")},
    {.text = JSON_TEXT("{\"ping\":-12.340}"), .ping = JSON_TEXT("-12.340")},
    {.text = JSON_TEXT("{\"ping\":0e0}"), .ping = JSON_TEXT("0e0")},
    {.text = JSON_TEXT("{\"ping\":1E+2}"), .ping = JSON_TEXT("1E+2")},
    {.text = JSON_TEXT("{\"ping\":1e-02}"), .ping = JSON_TEXT("1e-02")},
    {.text = JSON_TEXT("{\"ping\":-1.5E9999 }"),
     .ping = JSON_TEXT("-1.5E9999")},
    {.text = JSON_TEXT("{\"ping\":123456789012345678901234567890}"),
     .ping = JSON_TEXT("123456789012345678901234567890")},

    /* 7: strings. */
    {.text = JSON_TEXT("{\"message\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"}"),
     .message = JSON_TEXT("\"\\/\b\f\n\r\t")},
    {.text = JSON_TEXT("{\"message\":\"\\u0000a\\u001F\"}"),
     .message = JSON_TEXT("\x00"
                          "a\x1F")},
    {.text = JSON_TEXT("{\"message\":\"\\u007f\\u0080\\u07fF\\u0800\\uFfff\"}"),
     .message = JSON_TEXT("\x7F\xC2\x80\xDF\xBF\xE0\xA0\x80\xEF\xBF\xBF")},
    {.text = JSON_TEXT("{\"message\":\"\\uD7FF\\uE000\"}"),
     .message = JSON_TEXT("\xED\x9F\xBF\xEE\x80\x80")},
    {.text = JSON_TEXT("{\"message\":\"\\uD834\\uDD1E\"}"), /* the RFC's own */
     .message = JSON_TEXT("\xF0\x9D\x84\x9E")},
    {.text = JSON_TEXT("{\"message\":\"\\uD800\\uDC00\\uDBFF\\uDFFF\"}"),
     .message = JSON_TEXT("\xF0\x90\x80\x80\xF4\x8F\xBF\xBF")},
    {.text = JSON_TEXT("{\"message\":\"\\\\u0041\\\\\"}"),
     .message = JSON_TEXT("\\u0041\\")},
    {.text = JSON_TEXT("{\"message\":\"\x7F\xC3\xBC\xF0\x9F\x91\x8B\"}"),
     .message = JSON_TEXT("\x7F\xC3\xBC\xF0\x9F\x91\x8B")},
    {.text = JSON_TEXT("{\"message\":\"{[,:'//\"}"),
     .message = JSON_TEXT("{[,:'//")},
};

/* ---- Refused ------------------------------------------------------------- */

struct json_invalid {
    struct json_text text;
    const char *reason;
};

static const struct json_invalid json_invalid[] = {
    /* No object. */
    {JSON_TEXT(""), "not a JSON object"},
    {JSON_TEXT(" "), "not a JSON object"},
    {JSON_TEXT("hello"), "not a JSON object"},
    {JSON_TEXT("\"message\""), "not a JSON object"},
    {JSON_TEXT("[{\"message\":\"a\"}]"), "not a JSON object"},
    {JSON_TEXT("null"), "not a JSON object"},
    {JSON_TEXT("\xEF\xBB\xBF{\"ping\":1}"), "not a JSON object"}, /* 8.1 */

    /* 2: white space is these four and no other. */
    {JSON_TEXT("\f{\"ping\":1}"), "not a JSON object"},
    {JSON_TEXT("{\v\"ping\":1}"), "a key in quotes expected"},
    {JSON_TEXT("{\"ping\":\xC2\xA0"
               "1}"),
     "a value expected"},
    {JSON_TEXT("{\"ping\":1}\x00"), "something behind the object"},
    {JSON_TEXT("{\"ping\":1/**/}"), "a comma or a closing brace expected"},

    /* Something behind it. */
    {JSON_TEXT("{\"ping\":1}{\"ping\":1}"), "something behind the object"},
    {JSON_TEXT("{\"ping\":1} ,"), "something behind the object"},
    {JSON_TEXT("{\"ping\":1}}"), "something behind the object"},
    {JSON_TEXT("{}x"), "something behind the object"},

    /* Our own rules. */
    {JSON_TEXT("{}"), "neither message nor name nor ping"},
    {JSON_TEXT("{\"a\":1}"), "neither message nor name nor ping"},
    {JSON_TEXT("{\"Message\":\"a\"}"), "neither message nor name nor ping"},
    {JSON_TEXT("{\"a\":{\"message\":\"a\"}}"),
     "neither message nor name nor ping"},
    {JSON_TEXT("{\"message\":1}"), "message is not a string"},
    {JSON_TEXT("{\"message\":null}"), "message is not a string"},
    {JSON_TEXT("{\"message\":[\"a\"]}"), "message is not a string"},
    {JSON_TEXT("{\"message\":{}}"), "message is not a string"},
    {JSON_TEXT("{\"message\":\"a\",\"message\":true}"),
     "message is not a string"},
    {JSON_TEXT("{\"name\":2}"), "name is not a string"},
    {JSON_TEXT("{\"name\":false,\"message\":\"a\"}"), "name is not a string"},
    {JSON_TEXT("{\"ping\":\"1\"}"), "ping is not a number"},
    {JSON_TEXT("{\"token\":1}"), "token is not a string"},
    {JSON_TEXT("{\"token\":\"a\",\"token\":[]}"), "token is not a string"},
    {JSON_TEXT("{\"ping\":null}"), "ping is not a number"},
    {JSON_TEXT("{\"ping\":1,\"ping\":{}}"), "ping is not a number"},

    /* 3: literals, and what is no value at all. */
    {JSON_TEXT("{\"a\":True,\"ping\":1}"), "a value expected"},
    {JSON_TEXT("{\"a\":tru,\"ping\":1}"), "a value expected"},
    {JSON_TEXT("{\"a\":truth,\"ping\":1}"), "a value expected"},
    {JSON_TEXT("{\"a\":nul"), "a value expected"},
    {JSON_TEXT("{\"a\":fals\xC3\xA9}"), "a value expected"},
    {JSON_TEXT("{\"a\":nullx,\"ping\":1}"),
     "a comma or a closing brace expected"},
    {JSON_TEXT("{\"a\":NaN,\"ping\":1}"), "a value expected"},
    {JSON_TEXT("{\"a\":Infinity,\"ping\":1}"), "a value expected"},
    {JSON_TEXT("{\"a\":-Infinity,\"ping\":1}"), "a malformed number"},
    {JSON_TEXT("{\"a\":undefined,\"ping\":1}"), "a value expected"},
    {JSON_TEXT("{\"message\":'a'}"), "a value expected"},

    /* 4: objects. */
    {JSON_TEXT("{"), "a key in quotes expected"},
    {JSON_TEXT("{\"ping\""), "a colon expected after a key"},
    {JSON_TEXT("{\"ping\":"), "a value expected"},
    {JSON_TEXT("{\"ping\":1"), "a comma or a closing brace expected"},
    {JSON_TEXT("{\"ping\":1,"), "a key in quotes expected"},
    {JSON_TEXT("{\"ping\":1,}"), "a key in quotes expected"},
    {JSON_TEXT("{,\"ping\":1}"), "a key in quotes expected"},
    {JSON_TEXT("{\"ping\":1,,\"a\":1}"), "a key in quotes expected"},
    {JSON_TEXT("{\"ping\":,}"), "a value expected"},
    {JSON_TEXT("{\"ping\":}"), "a value expected"},
    {JSON_TEXT("{\"ping\"}"), "a colon expected after a key"},
    {JSON_TEXT("{\"ping\",1}"), "a colon expected after a key"},
    {JSON_TEXT("{\"ping\"::1}"), "a value expected"},
    {JSON_TEXT("{\"ping\" 1}"), "a colon expected after a key"},
    {JSON_TEXT("{\"ping\":1 \"a\":1}"), "a comma or a closing brace expected"},
    {JSON_TEXT("{\"ping\":1]"), "a comma or a closing brace expected"},
    {JSON_TEXT("{ping:1}"), "a key in quotes expected"},
    {JSON_TEXT("{'ping':1}"), "a key in quotes expected"},
    {JSON_TEXT("{1:1}"), "a key in quotes expected"},
    {JSON_TEXT("{\"a\":{\"b\"},\"ping\":1}"), "a colon expected after a key"},
    {JSON_TEXT("{\"a\":{\"b\":1,},\"ping\":1}"), "a key in quotes expected"},
    {JSON_TEXT("{\"a\":{1},\"ping\":1}"), "a key in quotes expected"},
    {JSON_TEXT("{\"a\":{\"b\":1],\"ping\":1}"),
     "a comma or a closing bracket expected"},

    /* 5: arrays. */
    {JSON_TEXT("{\"a\":["), "a value expected"},
    {JSON_TEXT("{\"a\":[1"), "a comma or a closing bracket expected"},
    {JSON_TEXT("{\"a\":[1,"), "a value expected"},
    {JSON_TEXT("{\"a\":[1,],\"ping\":1}"), "a value expected"},
    {JSON_TEXT("{\"a\":[,1],\"ping\":1}"), "a value expected"},
    {JSON_TEXT("{\"a\":[1,,2],\"ping\":1}"), "a value expected"},
    {JSON_TEXT("{\"a\":[1 2],\"ping\":1}"),
     "a comma or a closing bracket expected"},
    {JSON_TEXT("{\"a\":[1},\"ping\":1}"),
     "a comma or a closing bracket expected"},
    {JSON_TEXT("{\"a\":[\"b\":1],\"ping\":1}"),
     "a comma or a closing bracket expected"},
    {JSON_TEXT("{\"a\":[[],\"ping\":1}"),
     "a comma or a closing bracket expected"},
    {JSON_TEXT("{\"a\":[]],\"ping\":1}"),
     "a comma or a closing brace expected"},

    /* 6: numbers. */
    {JSON_TEXT("{\"ping\":-}"), "a malformed number"},
    {JSON_TEXT("{\"ping\":+1}"), "a value expected"},
    {JSON_TEXT("{\"ping\":.5}"), "a value expected"},
    {JSON_TEXT("{\"ping\":-.5}"), "a malformed number"},
    {JSON_TEXT("{\"ping\":1.}"), "a malformed number"},
    {JSON_TEXT("{\"ping\":1.e1}"), "a malformed number"},
    {JSON_TEXT("{\"ping\":1e}"), "a malformed number"},
    {JSON_TEXT("{\"ping\":1e+}"), "a malformed number"},
    {JSON_TEXT("{\"ping\":1E-"), "a malformed number"},
    {JSON_TEXT("{\"ping\":--1}"), "a malformed number"},
    {JSON_TEXT("{\"ping\":01}"), "a comma or a closing brace expected"},
    {JSON_TEXT("{\"ping\":-01}"), "a comma or a closing brace expected"},
    {JSON_TEXT("{\"ping\":1.2.3}"), "a comma or a closing brace expected"},
    {JSON_TEXT("{\"ping\":1e2e3}"), "a comma or a closing brace expected"},
    {JSON_TEXT("{\"ping\":0x10}"), "a comma or a closing brace expected"},
    {JSON_TEXT("{\"ping\":1a}"), "a comma or a closing brace expected"},
    {JSON_TEXT("{\"ping\":\xEF\xBC\x91}"), "a value expected"},

    /* 7: strings. */
    {JSON_TEXT("{\"message\":\""), "a string without an end"},
    {JSON_TEXT("{\"message\":\"a}"), "a string without an end"},
    {JSON_TEXT("{\"message\":\"a\\\"}"), "a string without an end"},
    {JSON_TEXT("{\"message\":\"\n\"}"), "a control character in a string"},
    {JSON_TEXT("{\"message\":\"\t\"}"), "a control character in a string"},
    {JSON_TEXT("{\"message\":\"\x1F\"}"), "a control character in a string"},
    {JSON_TEXT("{\"message\":\"a\x00\"}"), "a control character in a string"},
    {JSON_TEXT("{\"a\n\":1,\"ping\":1}"), "a control character in a string"},
    {JSON_TEXT("{\"message\":\"\\"), "an unknown escape in a string"},
    {JSON_TEXT("{\"message\":\"\\x41\"}"), "an unknown escape in a string"},
    {JSON_TEXT("{\"message\":\"\\'\"}"), "an unknown escape in a string"},
    {JSON_TEXT("{\"message\":\"\\U0041\"}"), "an unknown escape in a string"},
    {JSON_TEXT("{\"message\":\"\\\x00\"}"), "an unknown escape in a string"},
    {JSON_TEXT("{\"message\":\"\\u"), "\\u without four hexadecimal digits"},
    {JSON_TEXT("{\"message\":\"\\u004"), "\\u without four hexadecimal digits"},
    {JSON_TEXT("{\"message\":\"\\u004\"}"),
     "\\u without four hexadecimal digits"},
    {JSON_TEXT("{\"message\":\"\\u004G\"}"),
     "\\u without four hexadecimal digits"},
    {JSON_TEXT("{\"message\":\"\\u+041\"}"),
     "\\u without four hexadecimal digits"},

    /* 8.2: surrogates that are no pair. */
    {JSON_TEXT("{\"message\":\"\\uD800\"}"), "a lone surrogate"},
    {JSON_TEXT("{\"message\":\"\\uDBFF"), "a lone surrogate"},
    {JSON_TEXT("{\"message\":\"\\uDC00\"}"), "a lone surrogate"},
    {JSON_TEXT("{\"message\":\"\\uDFFF\\uD800\"}"), "a lone surrogate"},
    {JSON_TEXT("{\"message\":\"\\uDFFF\"}"), "a lone surrogate"},
    {JSON_TEXT("{\"message\":\"\\uD800\\uDBFF\"}"), "a lone surrogate"},
    {JSON_TEXT("{\"message\":\"\\uD83D\\u"),
     "\\u without four hexadecimal digits"},
    {JSON_TEXT("{\"ping\":1:}"), "a comma or a closing brace expected"},
    {JSON_TEXT("{\"a\":true"), "a comma or a closing brace expected"},
    {JSON_TEXT("{\"message\":\"\\uD800\\uD800\"}"), "a lone surrogate"},
    {JSON_TEXT("{\"message\":\"\\uD800\\uE000\"}"), "a lone surrogate"},
    {JSON_TEXT("{\"message\":\"\\uD800\\u0041\"}"), "a lone surrogate"},
    {JSON_TEXT("{\"message\":\"\\uD800\\n\"}"), "a lone surrogate"},
    {JSON_TEXT("{\"message\":\"\\uD800x\\uDC00\"}"), "a lone surrogate"},
    {JSON_TEXT("{\"message\":\"\\uD800xuDC00\"}"), "a lone surrogate"},
    {JSON_TEXT("{\"message\":\"\\uD800\\uDC0\"}"),
     "\\u without four hexadecimal digits"},
    {JSON_TEXT("{\"a\":[\"\\uDC00\"],\"ping\":1}"), "a lone surrogate"},
    {JSON_TEXT("{\"\\uD800\":1,\"ping\":1}"), "a lone surrogate"},
};

#endif
