/* SPDX-License-Identifier: MIT */
/*
 * hello: the opening handshake (RFC 6455 section 4), both sides as far as a
 * bench needs them.
 */
#ifndef BENCH_HELLO_H
#define BENCH_HELLO_H

#include "base/bytes.h"

#define HELLO_KEY    24   /* characters of a Sec-WebSocket-Key */
#define HELLO_ACCEPT 28   /* characters of a Sec-WebSocket-Accept */
#define HELLO_MAX    4096 /* bytes of the longest head taken */

/* 4.2.2: the accept value that a key is answered with. */
void hello_accept(struct span key, uint8_t accept[HELLO_ACCEPT]);

/* Length of the head with its empty line, or 0 when its end is not there. */
size_t hello_head_len(const uint8_t *ptr, size_t len);

/* The value of a field, without white space around it; empty when absent. */
struct span hello_field(struct span head, const char *name);

/* 4.1: NULL when the head accepts the key, else what is wrong with it. No
   extension was offered, so none may come back. */
const char *hello_check(struct span head, struct span key);

#endif
