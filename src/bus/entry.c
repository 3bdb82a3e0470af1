/* SPDX-License-Identifier: MIT */
#include "bus/entry.h"
#include "base/utf8.h"
#include "wire/frame.h"

enum at {
    AT_FORM = 0,
    AT_OPCODE = 1,
    AT_SUB_LEN = 2,
    AT_NAME_LEN = 3,
    AT_TIME = 4,
    AT_NODE = 12,
    AT_NUMBER = 20,
    AT_UID = 28,
};

void entry_write(uint8_t head[ENTRY_HEAD], const struct entry *e)
{
    const struct record *r = &e->record;
    head[AT_FORM] = ENTRY_FORM;
    head[AT_OPCODE] = r->opcode;
    head[AT_SUB_LEN] = (uint8_t)r->sub.len;
    head[AT_NAME_LEN] = (uint8_t)r->name.len;
    bytes_put64(head + AT_TIME, r->time);
    bytes_put64(head + AT_NODE, e->node);
    bytes_put64(head + AT_NUMBER, e->number);
    memcpy(head + AT_UID, r->uid, sizeof r->uid);
}

/* Whoever has the password can write there. */
static bool is_text(const struct record *r)
{
    return utf8_valid(r->sub) && utf8_valid(r->name) &&
           (r->opcode != FRAME_TEXT || utf8_valid(r->payload));
}

bool entry_read(struct entry *e, struct span value)
{
    const uint8_t *head = value.ptr;
    if (value.len < ENTRY_HEAD || head[AT_FORM] != ENTRY_FORM ||
        (head[AT_OPCODE] != FRAME_TEXT && head[AT_OPCODE] != FRAME_BINARY))
        return false;
    struct span rest = bytes_after(value, ENTRY_HEAD);
    size_t sub = head[AT_SUB_LEN], name = head[AT_NAME_LEN];
    if (sub + name > rest.len)
        return false;
    *e = (struct entry){
        .node = bytes_get64(head + AT_NODE),
        .number = bytes_get64(head + AT_NUMBER),
        .record = {.time = bytes_get64(head + AT_TIME),
                   .opcode = head[AT_OPCODE],
                   .sub = bytes_part(rest, 0, sub),
                   .name = bytes_part(rest, sub, name),
                   .payload = bytes_after(rest, sub + name)},
    };
    memcpy(e->record.uid, head + AT_UID, sizeof e->record.uid);
    return is_text(&e->record);
}
