/* SPDX-License-Identifier: MIT */
/*
 * contracts: what the driver of one file proves, and drivers of files that
 * call it rest on, so that they need not go through it again. In its own
 * driver each contract is checked; the others (`uses:`) take it in the place
 * of the function.
 */
#ifndef PROVE_CONTRACTS_H
#define PROVE_CONTRACTS_H

#include "base/hmac.h"
#include "base/sha1.h"
#include "base/utf8.h"
#include "wire/frame.h"
#include "wire/token.h"

/*@ requires \valid(ptr + (0 .. len - 1));
    requires \valid_read(masking_key + (0 .. 3));
    assigns ptr[0 .. len - 1] \from ptr[0 .. len - 1],
                                    masking_key[0 .. 3], offset; */
void frame_mask(uint8_t *ptr, size_t len, const uint8_t masking_key[4],
                uint64_t offset);

/*@ requires \valid(u) && u->missing <= 3;
    requires \valid_read(ptr + (0 .. len - 1));
    assigns *u, \result \from *u, ptr[0 .. len - 1];
    ensures u->missing <= 3 && u->failed <= 1;
    ensures \result == 0 || \result == 1; */
bool utf8_take(struct utf8 *u, const uint8_t *ptr, size_t len);

/*@ requires \valid_read(s.ptr + (0 .. s.len - 1));
    assigns \result \from s.len, s.ptr[0 .. s.len - 1];
    ensures \result <= 1; */
bool utf8_valid(struct span s);

/*@ requires \valid_read(s.ptr + (0 .. s.len - 1));
    assigns \result \from s.len, s.ptr[0 .. s.len - 1];
    ensures \result <= 1; */
bool utf8_printable(struct span s);

/*@ requires \valid(s);
    requires \valid_read((uint8_t *)ptr + (0 .. len - 1));
    assigns *s \from *s, ((uint8_t *)ptr)[0 .. len - 1]; */
void sha1_take(struct sha1 *s, const void *ptr, size_t len);

/*@ requires \valid(s) && \valid(digest + (0 .. SHA1_LEN - 1));
    assigns *s, digest[0 .. SHA1_LEN - 1] \from *s;
    ensures \initialized(digest + (0 .. SHA1_LEN - 1)); */
void sha1_finish(struct sha1 *s, uint8_t digest[SHA1_LEN]);

/*@ requires \valid(h) && \valid_read(key.ptr + (0 .. key.len - 1));
    assigns *h \from key.len, key.ptr[0 .. key.len - 1];
    ensures \initialized((uint8_t *)h + (0 .. sizeof(struct hmac) - 1));
    ensures h->inner.len == SHA256_BLOCK && h->outer.len == SHA256_BLOCK; */
void hmac_init(struct hmac *h, struct span key);

/*@ requires \valid_read(h) && \valid(mac + (0 .. HMAC_LEN - 1));
    requires \initialized((uint8_t *)h + (0 .. sizeof(struct hmac) - 1));
    requires h->inner.len == SHA256_BLOCK && h->outer.len == SHA256_BLOCK;
    requires \valid_read(message.ptr + (0 .. message.len - 1));
    assigns mac[0 .. HMAC_LEN - 1] \from *h, message.len,
                                         message.ptr[0 .. message.len - 1];
    ensures \initialized(mac + (0 .. HMAC_LEN - 1)); */
void hmac_make(const struct hmac *h, struct span message,
               uint8_t mac[HMAC_LEN]);

/*@ requires \valid_read(h);
    requires \initialized((uint8_t *)h + (0 .. sizeof(struct hmac) - 1));
    requires h->inner.len == SHA256_BLOCK && h->outer.len == SHA256_BLOCK;
    requires \valid_read(message.ptr + (0 .. message.len - 1));
    requires \valid_read(mac.ptr + (0 .. mac.len - 1));
    assigns \result \from *h, message.len, message.ptr[0 .. message.len - 1],
                          mac.len, mac.ptr[0 .. mac.len - 1];
    ensures \result == 0 || \result == 1; */
bool hmac_verify(const struct hmac *h, struct span message, struct span mac);

/*@ requires \valid(claims) && \valid_read(json.ptr + (0 .. json.len - 1));
    assigns *claims, \result \from json.len, json.ptr[0 .. json.len - 1];
    ensures TOKEN_GOOD <= \result < TOKEN_REASONS; */
enum token_reason token_read(struct token_claims *claims, struct span json);

#endif
