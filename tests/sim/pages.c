/* SPDX-License-Identifier: MIT */
/* The built-in pages of a simulated server: few, short, and always these. */
#include "service/files.h"

#define BYTES(string) (const uint8_t *)(string), sizeof(string) - 1

const struct files_entry files_table[] = {
    {"index.html", "\"1\"", BYTES("<!doctype html><title>start</title>\n")},
    {"chat.html", "\"2\"", BYTES("<!doctype html><title>chat</title>\n")},
    {"echo.html", "\"3\"", BYTES("<!doctype html><title>echo</title>\n")},
    {"style.css", "\"4\"", BYTES("body { color: black }\n")},
};

const uint32_t files_count = sizeof files_table / sizeof *files_table;
