/* SPDX-License-Identifier: MIT */
#include "bus/trouble.h"

const char *trouble_of(struct span error)
{
    switch (resp_word_of(error)) {
    case RESP_WORD_NOAUTH: return "it wants a password: --redis-auth";
    case RESP_WORD_WRONGPASS: return "it does not know that user and password";
    case RESP_WORD_NOPERM: return "this user may not do what is needed";
    case RESP_WORD_LOADING: return "it is loading its file";
    case RESP_WORD_READONLY: return "it is a replica";
    case RESP_WORD_MASTERDOWN: return "it is a replica without its master";
    case RESP_WORD_UNBLOCKED: return "it has become a replica";
    case RESP_WORD_MOVED:
    case RESP_WORD_CLUSTERDOWN:
        return "it is a Redis Cluster, which is not supported";
    case RESP_WORD_WRONGTYPE: return "a key of ours holds something else";
    case RESP_WORD_OOM:
    case RESP_WORD_BUSY:
    case RESP_WORD_MISCONF:
    case RESP_WORD_NOREPLICAS: return "it takes no messages now";
    case RESP_WORD_ERR:
    case RESP_WORD_ID:
    case RESP_WORD_UNKNOWN: return "it refused a command";
    }
    return "it refused a command";
}

/* Of these nothing but somebody can help. */
static bool is_final(struct span error)
{
    switch (resp_word_of(error)) {
    case RESP_WORD_NOAUTH:
    case RESP_WORD_WRONGPASS:
    case RESP_WORD_NOPERM:
    case RESP_WORD_MOVED: return true;
    default: return false;
    }
}

void trouble_take(struct bus *b, struct span error)
{
    if (b->phase == BUS_GREETS && is_final(error))
        state_refuse(b, trouble_of(error));
    else
        state_fail(b, trouble_of(error));
}

/* Nobody can say anything now; but all that is said can be read. */
bool trouble_is_full(struct span error)
{
    switch (resp_word_of(error)) {
    case RESP_WORD_OOM:
    case RESP_WORD_MISCONF:
    case RESP_WORD_NOREPLICAS:
    case RESP_WORD_BUSY: return true;
    default: return false;
    }
}
