/* SPDX-License-Identifier: MIT */
/*
 * pages: files, the ones compiled in and those of --static DIR.
 *
 * A built-in file has a gzip twin for who accepts that, and is kept for good
 * by who asks for it with its version ("/chat.js?v=..."), as our pages do.
 *
 * A file of DIR goes before a built-in one of the same name. Nothing outside
 * DIR is ever opened: a path is refused here when any of its parts begins
 * with a dot (so "..", and hidden files) or is empty, and os/file.h keeps
 * links from leading out.
 */
#ifndef SERVICE_PAGES_H
#define SERVICE_PAGES_H

#include "server/server.h"

/* Answer with the file of this path, without a leading slash and decoded.
   False, and *reply as it was, when there is none. */
bool pages_get(struct server *s, const struct http_request *request,
               struct span path, struct service_reply *reply);

/* True when pages_get would find something. */
bool pages_has(struct server *s, struct span path);

/* The bytes of a built-in file: page 2 i is file i, and 2 i + 1 its gzip
   twin. */
struct span pages_bytes(const struct server *s, uint32_t page);

#endif
