/* SPDX-License-Identifier: MIT */
#include "store/record.h"
#include "store/atom.h"
#include "wire/frame.h"

#include <stddef.h>

/* As it lies in the stream. */
struct head {
    uint32_t check;
    uint32_t len;
    uint64_t epoch;
    uint64_t number;
    uint64_t time;
    uint64_t tag;
    uint16_t worker;
    uint8_t opcode;
    uint8_t sub_len;
    uint8_t name_len;
    uint8_t kind;
    uint8_t unused[2];
    uint8_t uid[16];
};
_Static_assert(sizeof(struct head) == RECORD_HEAD, "as in the picture");
_Static_assert(offsetof(struct head, uid) == 48, "as in the picture");

/* Of all that follows `check`: the rest of the head, and what is behind it. */
static uint32_t check_of(const struct crc32c *crc, uint32_t pos,
                         struct span head, struct span sub, struct span name,
                         struct span payload)
{
    uint32_t sum = crc32c_add(crc, 0, bytes_span(&pos, sizeof pos));
    sum = crc32c_add(crc, sum, bytes_after(head, sizeof sum));
    sum = crc32c_add(crc, sum, sub);
    sum = crc32c_add(crc, sum, name);
    return crc32c_add(crc, sum, payload);
}

static uint8_t *put(uint8_t *to, struct span bytes)
{
    if (bytes.len)
        atom_copy(to, bytes.ptr, bytes.len);
    return to + bytes.len;
}

void record_write(uint8_t *to, const struct record *r, const struct crc32c *crc,
                  uint32_t pos)
{
    struct head fields = {
        .len = (uint32_t)record_len(r),
        .epoch = r->epoch,
        .number = r->number,
        .time = r->time,
        .tag = r->tag,
        .worker = r->worker,
        .opcode = r->opcode,
        .sub_len = (uint8_t)r->sub.len,
        .name_len = (uint8_t)r->name.len,
        .kind = r->kind,
    };
    memcpy(fields.uid, r->uid, sizeof fields.uid);
    if (crc)
        fields.check = check_of(crc, pos, bytes_span(&fields, sizeof fields),
                                r->sub, r->name, r->payload);
    to = put(to, bytes_span(&fields, sizeof fields));
    to = put(to, r->sub);
    to = put(to, r->name);
    put(to, r->payload);
}

struct record_key record_key(const uint8_t head[RECORD_HEAD])
{
    struct head fields;
    memcpy(&fields, head, sizeof fields);
    return (struct record_key){.len = fields.len,
                               .kind = fields.kind,
                               .epoch = fields.epoch,
                               .number = fields.number};
}

static bool is_opcode(uint8_t kind, uint8_t opcode)
{
    return kind == RECORD_MESSAGE
               ? opcode == FRAME_TEXT || opcode == FRAME_BINARY
               : kind <= RECORD_LOST && opcode == 0;
}

bool record_read(struct record *r, const uint8_t *ptr, uint32_t len,
                 const struct crc32c *crc, uint32_t pos)
{
    struct head head;
    memcpy(&head, ptr, sizeof head);
    struct span rest = bytes_span(ptr + sizeof head, len - sizeof head);
    size_t front = (size_t)head.sub_len + head.name_len;
    if (front > rest.len || !is_opcode(head.kind, head.opcode))
        return false;
    *r = (struct record){
        .epoch = head.epoch,
        .number = head.number,
        .time = head.time,
        .tag = head.tag,
        .worker = head.worker,
        .opcode = head.opcode,
        .kind = head.kind,
        .sub = bytes_part(rest, 0, head.sub_len),
        .name = bytes_part(rest, head.sub_len, head.name_len),
        .payload = bytes_after(rest, front),
    };
    memcpy(r->uid, head.uid, sizeof r->uid);
    return !crc ||
           head.check == check_of(crc, pos, bytes_span(&head, sizeof head),
                                  r->sub, r->name, r->payload);
}
