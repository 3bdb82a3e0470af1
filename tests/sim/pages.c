/* SPDX-License-Identifier: MIT */
/* The built-in pages of a simulated server: few, short, and always these. */
#include "service/files.h"

#define BYTES(string)                                                          \
    {                                                                          \
        (const uint8_t *)(string), sizeof(string) - 1                          \
    }
#define NO_SPACE NULL /* nothing to be unpacked */
#define NO_TWIN                                                                \
    {                                                                          \
        NULL, 0                                                                \
    }

static uint8_t packed[6]; /* blank, as scripts/embed.c leaves it */

const struct files_entry files_table[] = {
    {"index.html", "1", BYTES("<!doctype html><title>start</title>\n"), NO_TWIN,
     NO_SPACE},
    {"chat.html", "2", BYTES("<!doctype html><title>chat</title>\n"), NO_TWIN,
     NO_SPACE},
    {"echo.html", "3", BYTES("<!doctype html><title>echo</title>\n"), NO_TWIN,
     NO_SPACE},
    {"style.css", "4", BYTES("body { color: black }\n"),
     BYTES("as if it were gzip"), NO_SPACE},
    /* One stored block, final, between what gzip has around it. */
    {"packed.txt",
     "5",
     {packed, sizeof packed},
     BYTES("\x1f\x8b\x08\0\0\0\0\0\0\xff"
           "\x01\x06\0\xf9\xff"
           "packed"
           "crc.size"),
     packed},
};

const uint32_t files_count = sizeof files_table / sizeof *files_table;
