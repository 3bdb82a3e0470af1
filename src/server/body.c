/* SPDX-License-Identifier: MIT */
#include "server/body.h"
#include "os/file.h"

struct span body_page(const struct server *s, const struct client *c)
{
    const struct client_http *http = &c->as.http;
    if (http->page == CLIENT_NONE)
        return bytes_span(NULL, 0);
    return bytes_part(server_site(s, c)->page(s, http->page),
                      (size_t)http->offset, (size_t)http->left);
}

void body_sent(struct client *c, size_t n)
{
    c->as.http.offset += n;
    c->as.http.left -= n;
}

ptrdiff_t body_send_file(struct client *c)
{
    struct client_http *http = &c->as.http;
    size_t len = (size_t)bytes_min64(http->left, LIMITS_FILE_PIECE);
    ptrdiff_t sent = file_send(c->fd, http->file, http->offset, len);
    if (sent > 0)
        body_sent(c, (size_t)sent);
    return sent;
}

/* ---- Places -------------------------------------------------------------- */

/* The first of those of this address; *count is how many it has. */
static struct client *first_of(const struct clients *all, uint32_t address,
                               uint32_t *count)
{
    struct client *first = NULL;
    *count = 0;
    for (uint32_t at = all->downloads.first; at != LIST_NONE;
         at = list_next(&all->links, at))
        if (client_at(all, at)->address == address && ++*count == 1)
            first = client_at(all, at);
    return first;
}

/* One more is the newcomer's, whose own go first where another holds as many:
   nobody loses a place to somebody who has more. */
static struct client *rival_of(const struct clients *all,
                               const struct client *c)
{
    uint32_t most, count;
    struct client *rival = first_of(all, c->address, &most);
    most += most > 0;
    for (uint32_t at = all->downloads.first; at != LIST_NONE;
         at = list_next(&all->links, at)) {
        struct client *first =
            first_of(all, client_at(all, at)->address, &count);
        if (count > most) {
            most = count;
            rival = first;
        }
    }
    return rival;
}

struct client *body_keep(struct server *s, struct client *c)
{
    struct clients *all = &s->clients;
    struct client *rival =
        all->downloads.count < s->downloads_most ? NULL : rival_of(all, c);
    c->as.http.has_place = true;
    list_append(&all->downloads, &all->links, client_index(all, c));
    return rival;
}

void body_end(struct server *s, struct client *c)
{
    const struct service_site *site = server_site(s, c);
    if (c->as.http.file >= 0) {
        file_close(c->as.http.file);
        if (c->as.http.has_place)
            list_remove(&s->clients.downloads, &s->clients.links,
                        client_index(&s->clients, c));
    }
    if (c->as.http.page != CLIENT_NONE && site->page_sent)
        site->page_sent(s, c->as.http.page);
    c->as.http = (struct client_http){
        .page = CLIENT_NONE, .file = -1, .has_uid = c->as.http.has_uid};
}
