/* SPDX-License-Identifier: MIT */
#include "store/store_file.h"
#include "os/error.h"
#include "os/memory.h"
#include "store/carry.h"

#define PATH_SIZE   4096
#define CLOSE_TRIES 4

struct opening {
    struct store_file *f;
    const struct store_file_plan *plan;
    struct text *why;
    uint8_t boot[16];
};

static int refuse(struct opening *o, const char *what, int result)
{
    text_string(o->why, "--store: ");
    text_string(o->why, o->plan->path);
    text_string(o->why, ": ");
    text_string(o->why, what);
    if (result < 0) {
        text_string(o->why, ": ");
        text_string(o->why, error_text(result));
    }
    return STORE_FILE_FAILED;
}

/* ---- Mending ------------------------------------------------------------- */

/* Is the last that was said in there surely the last that anybody heard? Where
   a file has not been changed it does not matter on which device it is: to some
   filesystems another one is given at each mount. */
static bool is_trusted(const struct opening *o, const struct map_header *h)
{
    static const uint8_t unknown[sizeof o->boot];
    const struct storage *file = &o->f->storage;
    if (h->clean)
        return h->inode == file->inode && h->changed == file->changed;
    return h->inode == file->inode && h->device == file->device &&
           memcmp(o->boot, unknown, sizeof unknown) != 0 &&
           memcmp(o->boot, h->boot, sizeof unknown) == 0;
}

/* What lies in `bytes`, mended, as *s; its scratch is at *scratch. */
struct scratch {
    void *bytes;
    size_t size;
};

static bool mend_map(const struct opening *o, struct store *s, void *bytes,
                     struct scratch *scratch)
{
    const struct map_header *h = bytes;
    size_t names = (size_t)h->room_count * 2 * sizeof(uint32_t);
    scratch->size = names + (size_t)h->stream_size / 4;
    scratch->bytes = memory_map(scratch->size);
    if (!scratch->bytes)
        return false;
    *s = (struct store){.crc = &o->f->crc,
                        .whole = (uint8_t *)scratch->bytes + names};
    map_over(&s->map, bytes, h->room_count, (uint32_t)h->stream_size);
    struct mend_plan plan = {.trusted = is_trusted(o, h),
                             .wall = o->plan->wall,
                             .random = o->plan->random,
                             .names = scratch->bytes};
    mend_rooms(s, &plan, &o->f->found);
    return true;
}

/* ---- The header ---------------------------------------------------------- */

/* The file is in use, by us. Who dies between these begins new epochs. */
static void take_over(const struct opening *o, const struct storage *file,
                      struct map_header *h)
{
    h->device = file->device;
    h->inode = file->inode;
    memcpy(h->boot, o->boot, sizeof h->boot);
    atom_fence();
    h->clean = 0;
}

static size_t wanted_size(const struct opening *o)
{
    return map_size(o->plan->rooms, o->plan->stream_size);
}

/* Blocks for all of it, and the file itself as memory. NULL: refused. */
static void *reserve_and_map(struct opening *o, struct storage *file)
{
    int result = storage_reserve(file, wanted_size(o));
    if (result < 0) {
        refuse(o, "its blocks cannot be reserved", result);
        return NULL;
    }
    void *bytes = storage_map(file, wanted_size(o), STORAGE_SHARED);
    if (!bytes)
        refuse(o, "not enough memory for it", 0);
    return bytes;
}

/* ---- Another file in its place ------------------------------------------- */

static void fill(struct opening *o, const struct storage *file, void *bytes,
                 const struct store *from)
{
    struct store to = {.crc = &o->f->crc};
    map_over(&to.map, bytes, o->plan->rooms, o->plan->stream_size);
    map_begin(&to.map, o->plan->rooms);
    take_over(o, file, to.map.header);
    if (from) {
        o->f->carried = carry_rooms(&to, from);
        o->f->is_carried = true;
    }
    o->f->map = to.map;
}

static int finish(struct opening *o, struct storage *file, const char *new)
{
    int result = storage_sync(file);
    if (result < 0)
        return refuse(o, "it cannot be written", result);
    result = storage_replace(new, o->plan->path);
    if (result < 0)
        return refuse(o, "another cannot be put in its place", result);
    return 0;
}

/* Write FILE.new, with what is in `from` unless that is NULL. */
static int replace(struct opening *o, const struct store *from)
{
    uint8_t new[PATH_SIZE];
    struct text t = text_over(new, sizeof new);
    struct storage file;
    text_string(&t, o->plan->path);
    text_put(&t, bytes_span(".new", sizeof ".new"));
    if (t.overflow)
        return refuse(o, "its name is too long", 0);
    int result = storage_create(&file, (const char *)new);
    if (result < 0)
        return refuse(o, "another cannot be made in its folder", result);
    void *bytes = reserve_and_map(o, &file);
    int status = STORE_FILE_FAILED;
    if (bytes) {
        fill(o, &file, bytes, from);
        status = finish(o, &file, (const char *)new);
    }
    if (status == 0) {
        storage_close(&o->f->storage);
        o->f->storage = file;
        return 0;
    }
    if (bytes)
        storage_unmap(bytes, wanted_size(o));
    storage_remove((const char *)new);
    storage_close(&file);
    return status;
}

static int carry_over(struct opening *o, void *copy)
{
    struct store from;
    struct scratch scratch;
    if (!mend_map(o, &from, copy, &scratch))
        return refuse(o, "not enough memory for it", 0);
    int status = replace(o, &from);
    memory_unmap(scratch.bytes, scratch.size);
    return status;
}

/* ---- Where it lies ------------------------------------------------------- */

static int mend_in_place(struct opening *o)
{
    struct store s;
    struct scratch scratch;
    void *bytes = reserve_and_map(o, &o->f->storage);
    if (!bytes)
        return STORE_FILE_FAILED;
    if (!mend_map(o, &s, bytes, &scratch)) {
        storage_unmap(bytes, wanted_size(o));
        return refuse(o, "not enough memory for it", 0);
    }
    memory_unmap(scratch.bytes, scratch.size);
    take_over(o, &o->f->storage, s.map.header);
    o->f->map = s.map;
    int result = storage_sync(&o->f->storage);
    if (result < 0) {
        storage_unmap(bytes, wanted_size(o));
        return refuse(o, "it cannot be written", result);
    }
    return 0;
}

/* It is looked at in a copy, in which all that is done to another geometry's is
   done, too: so it stays as it is until another can take its place. */
static int open_existing(struct opening *o)
{
    size_t size = (size_t)o->f->storage.size;
    void *copy = size == o->f->storage.size
                     ? storage_map(&o->f->storage, size, STORAGE_COPY)
                     : NULL;
    if (!copy)
        return refuse(o, "not enough memory for it", 0);
    int status;
    const struct map_header *h = copy;
    const char *fault = mend_refuse(bytes_span(copy, size));
    if (fault && mend_is_blank(bytes_span(copy, size)))
        status = replace(o, NULL);
    else if (fault)
        status = refuse(o, fault, 0);
    else if (h->room_count == o->plan->rooms &&
             h->stream_size == o->plan->stream_size)
        status = mend_in_place(o);
    else
        status = carry_over(o, copy);
    storage_unmap(copy, size);
    return status;
}

/* ---- From beginning to end ----------------------------------------------- */

int store_file_open(struct store_file *f, const struct store_file_plan *plan,
                    struct text *why)
{
    struct opening o = {.f = f, .plan = plan, .why = why};
    *f = (struct store_file){0};
    crc32c_init(&f->crc);
    storage_boot(o.boot);
    int result = storage_open(&f->storage, plan->path);
    if (result < 0 && error_kind(result) == ERROR_WAIT)
        return refuse(&o, "another service has it", 0);
    if (result < 0)
        return refuse(&o, "it cannot be opened", result);
    storage_guard();
    int status = f->storage.size ? open_existing(&o) : replace(&o, NULL);
    if (status != 0) {
        if (f->storage.made)
            storage_remove(plan->path);
        storage_close(&f->storage);
    }
    return status;
}

/*
 * The time of the file's last change is to stand in the file, and writing it is
 * a change. But that counts only once until the page is written to the disk:
 * so something is written there first. Should the page be written to the disk
 * between that and the end, it is tried again.
 */
static bool put_changed(struct store_file *f, struct map_header *h)
{
    h->clean = 0;
    h->changed = 0;
    atom_fence();
    h->changed = storage_changed(&f->storage);
    atom_fence();
    h->clean = h->changed != 0;
    return h->clean && storage_sync(&f->storage) == 0;
}

bool store_file_close(struct store_file *f)
{
    struct map_header *h = f->map.header;
    bool closed = storage_sync(&f->storage) == 0 && put_changed(f, h);
    for (unsigned tries = 1; closed && tries < CLOSE_TRIES &&
                             h->changed != storage_changed(&f->storage);
         tries++)
        closed = put_changed(f, h);
    if (!closed)
        h->clean = 0;
    storage_unmap(h, map_size(h->room_count, f->map.stream_size));
    storage_close(&f->storage);
    return closed;
}
