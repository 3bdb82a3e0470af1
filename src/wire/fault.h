/* SPDX-License-Identifier: MIT */
/*
 * fault: what a peer may do wrong. Each fault has one name here, and one row
 * in the table: the answer, the words for it, and the rule that it breaks.
 *
 * http.h, handshake.h, close.h and message.h answer with a fault. The server
 * sends and logs its words; explain.h shows them with the rule.
 */
#ifndef WIRE_FAULT_H
#define WIRE_FAULT_H

enum fault {
    FAULT_NONE,

    /* A head that ends too early for http_parse. http_scan gives the status
       alone; explain_judge_scan tells which of these it was. */
    FAULT_CONTROL_BYTE,
    FAULT_BARE_CR,
    FAULT_BARE_LF,
    FAULT_FOLDED,
    FAULT_LINE_LONG,
    FAULT_HEAD_LONG,

    /* A request: http_parse. */
    FAULT_METHOD,
    FAULT_TARGET,
    FAULT_VERSION_FORM,
    FAULT_FIELD,
    FAULT_VERSION,
    FAULT_HOST_MISSING,
    FAULT_HOST_REPEATED,
    FAULT_HOST,
    FAULT_LENGTH,
    FAULT_LENGTH_EMPTY,
    FAULT_CODING,
    FAULT_CHUNKED, /* content of no known length where some is taken */

    /* A handshake: handshake_check; and the method, before it. */
    FAULT_METHOD_UNKNOWN,
    FAULT_NOT_GET,
    FAULT_BODY,
    FAULT_NOT_13,
    FAULT_13_REPEATED,
    FAULT_KEY_MISSING,
    FAULT_KEY_REPEATED,
    FAULT_KEY,
    FAULT_ORIGIN_REPEATED,
    FAULT_ORIGIN_FOREIGN,
    FAULT_EXTENSIONS,

    /* The answer to a handshake, as a client looks at it. */
    FAULT_STATUS_LINE,
    FAULT_SWITCHING_VERSION,
    FAULT_SWITCHING_BODY,
    FAULT_UPGRADE,
    FAULT_CONNECTION,
    FAULT_ACCEPT,
    FAULT_ANSWERS_REPEATED, /* Sec-WebSocket-Extensions */
    FAULT_ANSWER,           /* its grammar */
    FAULT_ANSWER_FOREIGN,
    FAULT_ANSWER_TERMS,
    FAULT_PROTOCOL_REPEATED,
    FAULT_PROTOCOL_FOREIGN,

    /* A frame: message_read. In the order in which a header is checked. */
    FAULT_RESERVED,
    FAULT_RSV1_LATE,
    FAULT_OPCODE,
    FAULT_CONTROL_FRAGMENTED,
    FAULT_CONTROL_LONG,
    FAULT_UNMASKED,
    FAULT_MASKED,
    FAULT_NOTHING_TO_CONTINUE,
    FAULT_NOT_CONTINUED,
    FAULT_LENGTH_LONG,
    FAULT_LENGTH_WASTEFUL,
    FAULT_TOO_BIG,
    FAULT_INFLATED_TOO_BIG,
    FAULT_TEXT,
    FAULT_TEXT_CUT,
    FAULT_CLOSE_SHORT,
    FAULT_CLOSE_CODE,
    FAULT_CLOSE_REASON,
    FAULT_DEFLATE,
    FAULT_DEFLATE_CUT,

    FAULTS, /* how many there are */
};

struct fault_rule {
    unsigned answer;     /* the status, or the close code; 0 of a response,
                            after which a client just ends the connection */
    const char *what;    /* "a reserved bit is set"; NULL: no fault */
    const char *rule;    /* what the RFC says, in its words or shorter */
    const char *section; /* and where; without an RFC, it is RFC 6455 */
};

extern const struct fault_rule fault_rules[FAULTS];

#endif
