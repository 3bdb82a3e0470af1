/* SPDX-License-Identifier: MIT */
#include "support/guard.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* One mapping; they form a list, the newest first. */
struct mapping {
    struct mapping *next;
    uint8_t *copy; /* what the caller holds */
    uint8_t *ptr;  /* where the mapping starts */
    size_t size;   /* its bytes, both guard pages included */
};

static struct mapping *mappings;

static void give_up(const char *what)
{
    perror(what);
    abort();
}

/* A new mapping with at least len bytes between its guard pages. */
static struct mapping *map(size_t len, size_t page)
{
    struct mapping *m = malloc(sizeof *m);
    if (!m)
        give_up("guard: malloc");
    size_t middle = (len + page - 1) / page * page;
    m->size = middle + 2 * page;
    m->ptr = mmap(NULL, m->size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (m->ptr == MAP_FAILED)
        give_up("guard: mmap");
    if (middle && mprotect(m->ptr + page, middle, PROT_READ | PROT_WRITE))
        give_up("guard: mprotect");
    m->next = mappings;
    mappings = m;
    return m;
}

static void fill(const struct mapping *m, const void *ptr, size_t len)
{
    if (ptr && len)
        memcpy(m->copy, ptr, len);
}

uint8_t *guard_before(const void *ptr, size_t len)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    struct mapping *m = map(len, page);
    m->copy = m->ptr + m->size - page - len;
    fill(m, ptr, len);
    return m->copy;
}

uint8_t *guard_after(const void *ptr, size_t len)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    struct mapping *m = map(len, page);
    m->copy = m->ptr + page;
    fill(m, ptr, len);
    return m->copy;
}

static void unmap(struct mapping **link)
{
    struct mapping *m = *link;
    *link = m->next;
    munmap(m->ptr, m->size);
    free(m);
}

void guard_free(uint8_t *copy)
{
    struct mapping **link = &mappings;
    while (*link && (*link)->copy != copy)
        link = &(*link)->next;
    if (*link)
        unmap(link);
}

void guard_free_all(void)
{
    while (mappings)
        unmap(&mappings);
}
