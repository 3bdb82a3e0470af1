/* SPDX-License-Identifier: MIT */
#include "store/map.h"

static const char magic[16] = MAP_MAGIC;

uint32_t map_stream_size(uint64_t room_log)
{
    uint32_t size = MAP_PAGE;
    while (size < room_log && size < MAP_STREAM_MAX)
        size *= 2;
    return room_log ? size : 0;
}

/* Bytes before the first stream. */
static uint64_t rooms_end(uint32_t room_count)
{
    uint64_t end = MAP_PAGE + (uint64_t)room_count * sizeof(struct map_room);
    return (end + MAP_PAGE - 1) / MAP_PAGE * MAP_PAGE;
}

size_t map_size(uint32_t room_count, uint32_t stream_size)
{
    uint64_t size = rooms_end(room_count) + (uint64_t)room_count * stream_size;
    return size < SIZE_MAX ? (size_t)size : SIZE_MAX;
}

void map_over(struct map *m, void *bytes, uint32_t room_count,
              uint32_t stream_size)
{
    uint8_t *base = bytes;
    m->header = bytes;
    m->rooms = (struct map_room *)(void *)(base + MAP_PAGE);
    m->streams = stream_size ? base + rooms_end(room_count) : NULL;
    m->stream_size = stream_size;
}

void map_begin(struct map *m, uint32_t room_count)
{
    *m->header = (struct map_header){
        .byte_order = MAP_BYTE_ORDER,
        .format = MAP_FORMAT,
        .room_count = room_count,
        .room_size = sizeof(struct map_room),
        .stream_size = m->stream_size,
    };
    memcpy(m->header->magic, magic, sizeof magic);
}
