/* SPDX-License-Identifier: MIT */
/*
 * What redis-server 7.0.15 answered: made by record.py, not by hand.
 */
#ifndef VECTORS_RESP_REDIS_H
#define VECTORS_RESP_REDIS_H

#include "vectors/resp.h"

static const struct resp_vector resp_redis_vectors[] = {
    {.name = "PING", RESP_BYTES("+PONG\r\n"), .expect = "+PONG ."},
    {.name = "CLIENT ID", RESP_BYTES(":3\r\n"), .expect = ":3 ."},
    {.name = "CLIENT KILL of nobody", RESP_BYTES(":0\r\n"), .expect = ":0 ."},
    {.name = "ROLE of a master",
     RESP_BYTES("*3\r\n"
                "$6\r\n"
                "master\r\n"
                ":0\r\n"
                "*0\r\n"),
     .expect = "[3 \"master\" :0 [0 ] ] ."},
    {.name = "INFO replication",
     RESP_BYTES("$349\r\n"
                "# Replication\r\n"
                "role:master\r\n"
                "connected_slaves:0\r\n"
                "master_failover_state:no-failover\r\n"
                "master_replid:7a32e93c47c7e267a7737d8a85c02ccc987e3ee1\r\n"
                "master_replid2:0000000000000000000000000000000000000000\r\n"
                "master_repl_offset:0\r\n"
                "second_repl_offset:-1\r\n"
                "repl_backlog_active:0\r\n"
                "repl_backlog_size:1048576\r\n"
                "repl_backlog_first_byte_offset:0\r\n"
                "repl_backlog_histlen:0\r\n"
                "\r\n"),
     .expect =
         "\"# "
         "Replication\\x0D\\x0Arole:master\\x0D\\x0Aconnected_slaves:"
         "0\\x0D\\x0Amaster_failover_state:no-failover\\x0D\\x0Amaster_replid:"
         "7a32e93c47c7e267a7737d8a85c02ccc987e3ee1\\x0D\\x0Amaster_replid2:"
         "0000000000000000000000000000000000000000\\x0D\\x0Amaster_repl_offset:"
         "0\\x0D\\x0Asecond_repl_offset:-1\\x0D\\x0Arepl_backlog_active:"
         "0\\x0D\\x0Arepl_backlog_size:1048576\\x0D\\x0Arepl_backlog_first_"
         "byte_offset:0\\x0D\\x0Arepl_backlog_histlen:0\\x0D\\x0A\" ."},
    {.name = "GET of nothing", RESP_BYTES("$-1\r\n"), .expect = "nil ."},
    {.name = "XADD NOMKSTREAM to nothing",
     RESP_BYTES("$-1\r\n"),
     .expect = "nil ."},
    {.name = "XADD",
     RESP_BYTES("$21\r\n"
                "4611686018427387904-0\r\n"),
     .expect = "\"4611686018427387904-0\" ."},
    {.name = "XADD once more",
     RESP_BYTES("$21\r\n"
                "4611686018427387904-1\r\n"),
     .expect = "\"4611686018427387904-1\" ."},
    {.name = "EXPIRE", RESP_BYTES(":1\r\n"), .expect = ":1 ."},
    {.name = "XREAD of two streams",
     RESP_BYTES(
         "*2\r\n"
         "*2\r\n"
         "$3\r\n"
         "tea\r\n"
         "*2\r\n"
         "*2\r\n"
         "$21\r\n"
         "4611686018427387904-0\r\n"
         "*2\r\n"
         "$1\r\n"
         "m\r\n"
         "$5\r\n"
         "first\r\n"
         "*2\r\n"
         "$21\r\n"
         "4611686018427387904-1\r\n"
         "*2\r\n"
         "$1\r\n"
         "m\r\n"
         "$256\r\n"
         "\000\001\002\003\004\005\006\007\010\011\n"
         "\013\014\r"
         "\016\017\020\021\022\023\024\025\026\027\030\031\032\033\034\035\036"
         "\037 "
         "!\"#$%&'()*+,-./"
         "0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`"
         "abcdefghijklmnopqrstuvwxyz{|}~"
         "\177\200\201\202\203\204\205\206\207\210\211\212\213\214\215\216\217"
         "\220\221\222\223\224\225\226\227\230\231\232\233\234\235\236\237\240"
         "\241\242\243\244\245\246\247\250\251\252\253\254\255\256\257\260\261"
         "\262\263\264\265\266\267\270\271\272\273\274\275\276\277\300\301\302"
         "\303\304\305\306\307\310\311\312\313\314\315\316\317\320\321\322\323"
         "\324\325\326\327\330\331\332\333\334\335\336\337\340\341\342\343\344"
         "\345\346\347\350\351\352\353\354\355\356\357\360\361\362\363\364\365"
         "\366\367\370\371\372\373\374\375\376\377\r\n"
         "*2\r\n"
         "$4\r\n"
         "mate\r\n"
         "*1\r\n"
         "*2\r\n"
         "$3\r\n"
         "1-1\r\n"
         "*4\r\n"
         "$1\r\n"
         "m\r\n"
         "$0\r\n"
         "\r\n"
         "$1\r\n"
         "n\r\n"
         "$7\r\n"
         "\r\n"
         "$-1\r\n"
         "\r\n"),
     .expect =
         "[2 [2 \"tea\" [2 [2 \"4611686018427387904-0\" [2 \"m\" \"first\" ] ] "
         "[2 \"4611686018427387904-1\" [2 \"m\" "
         "\"\\x00\\x01\\x02\\x03\\x04\\x05\\x06\\x07\\x08\\x09\\x0A\\x0B\\x0C\\"
         "x0D\\x0E\\x0F\\x10\\x11\\x12\\x13\\x14\\x15\\x16\\x17\\x18\\x19\\x1A"
         "\\x1B\\x1C\\x1D\\x1E\\x1F "
         "!\\x22#$%&'()*+,-./"
         "0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\x5C]^_`"
         "abcdefghijklmnopqrstuvwxyz{|}~"
         "\\x7F\\x80\\x81\\x82\\x83\\x84\\x85\\x86\\x87\\x88\\x89\\x8A\\x8B\\x8"
         "C\\x8D\\x8E\\x8F\\x90\\x91\\x92\\x93\\x94\\x95\\x96\\x97\\x98\\x99\\x"
         "9A\\x9B\\x9C\\x9D\\x9E\\x9F\\xA0\\xA1\\xA2\\xA3\\xA4\\xA5\\xA6\\xA7\\"
         "xA8\\xA9\\xAA\\xAB\\xAC\\xAD\\xAE\\xAF\\xB0\\xB1\\xB2\\xB3\\xB4\\xB5"
         "\\xB6\\xB7\\xB8\\xB9\\xBA\\xBB\\xBC\\xBD\\xBE\\xBF\\xC0\\xC1\\xC2\\xC"
         "3\\xC4\\xC5\\xC6\\xC7\\xC8\\xC9\\xCA\\xCB\\xCC\\xCD\\xCE\\xCF\\xD0\\x"
         "D1\\xD2\\xD3\\xD4\\xD5\\xD6\\xD7\\xD8\\xD9\\xDA\\xDB\\xDC\\xDD\\xDE\\"
         "xDF\\xE0\\xE1\\xE2\\xE3\\xE4\\xE5\\xE6\\xE7\\xE8\\xE9\\xEA\\xEB\\xEC"
         "\\xED\\xEE\\xEF\\xF0\\xF1\\xF2\\xF3\\xF4\\xF5\\xF6\\xF7\\xF8\\xF9\\xF"
         "A\\xFB\\xFC\\xFD\\xFE\\xFF\" ] ] ] ] [2 \"mate\" [1 [2 \"1-1\" [4 "
         "\"m\" \"\" \"n\" \"\\x0D\\x0A$-1\\x0D\\x0A\" ] ] ] ] ] ."},
    {.name = "XREAD of nothing new", RESP_BYTES("*-1\r\n"), .expect = "nil ."},
    {.name = "XREAD BLOCK in vain", RESP_BYTES("*-1\r\n"), .expect = "nil ."},
    {.name = "XRANGE",
     RESP_BYTES("*1\r\n"
                "*2\r\n"
                "$21\r\n"
                "4611686018427387904-0\r\n"
                "*2\r\n"
                "$1\r\n"
                "m\r\n"
                "$5\r\n"
                "first\r\n"),
     .expect = "[1 [2 \"4611686018427387904-0\" [2 \"m\" \"first\" ] ] ] ."},
    {.name = "XREVRANGE",
     RESP_BYTES("*1\r\n"
                "*2\r\n"
                "$3\r\n"
                "1-1\r\n"
                "*4\r\n"
                "$1\r\n"
                "m\r\n"
                "$0\r\n"
                "\r\n"
                "$1\r\n"
                "n\r\n"
                "$7\r\n"
                "\r\n"
                "$-1\r\n"
                "\r\n"),
     .expect = "[1 [2 \"1-1\" [4 \"m\" \"\" \"n\" \"\\x0D\\x0A$-1\\x0D\\x0A\" "
               "] ] ] ."},
    {.name = "XRANGE of nothing", RESP_BYTES("*0\r\n"), .expect = "[0 ] ."},
    {.name = "XADD with the same id",
     RESP_BYTES("-ERR The ID specified in XADD is equal or smaller than the "
                "target stream top item\r\n"),
     .expect = "-ERR The ID specified in XADD is equal or smaller than the "
               "target stream top item ."},
    {.name = "XADD of an epoch that is over",
     RESP_BYTES("-ERR The ID specified in XADD is equal or smaller than the "
                "target stream top item\r\n"),
     .expect = "-ERR The ID specified in XADD is equal or smaller than the "
               "target stream top item ."},
    {.name = "the last id there is",
     RESP_BYTES("*1\r\n"
                "*2\r\n"
                "$41\r\n"
                "18446744073709551615-18446744073709551615\r\n"
                "*2\r\n"
                "$1\r\n"
                "m\r\n"
                "$1\r\n"
                "x\r\n"),
     .expect = "[1 [2 \"18446744073709551615-18446744073709551615\" [2 \"m\" "
               "\"x\" ] ] ] ."},
    {.name = "XADD behind the last id",
     RESP_BYTES("-ERR The stream has exhausted the last possible ID, unable to "
                "add more items\r\n"),
     .expect = "-ERR The stream has exhausted the last possible ID, unable to "
               "add more items ."},
    {.name = "no such command",
     RESP_BYTES(
         "-ERR unknown command 'XYZZY', with args beginning with: 'a  b' \r\n"),
     .expect =
         "-ERR unknown command 'XYZZY', with args beginning with: 'a  b'  ."},
    {.name = "an id that is none",
     RESP_BYTES(
         "-ERR Invalid stream ID specified as stream command argument\r\n"),
     .expect = "-ERR Invalid stream ID specified as stream command argument ."},
    {.name = "WRONGTYPE",
     RESP_BYTES("-WRONGTYPE Operation against a key holding the wrong kind of "
                "value\r\n"),
     .expect = "-WRONGTYPE Operation against a key holding the wrong kind of "
               "value ."},
    {.name = "WRONGPASS",
     RESP_BYTES(
         "-WRONGPASS invalid username-password pair or user is disabled.\r\n"),
     .expect =
         "-WRONGPASS invalid username-password pair or user is disabled. ."},
    {.name = "AUTH", RESP_BYTES("+OK\r\n"), .expect = "+OK ."},
    {.name = "NOPERM, a command",
     RESP_BYTES(
         "-NOPERM this user has no permissions to run the 'ping' command\r\n"),
     .expect =
         "-NOPERM this user has no permissions to run the 'ping' command ."},
    {.name = "NOPERM, a key",
     RESP_BYTES("-NOPERM this user has no permissions to access one of the "
                "keys used as arguments\r\n"),
     .expect = "-NOPERM this user has no permissions to access one of the keys "
               "used as arguments ."},
    {.name = "NOAUTH",
     RESP_BYTES("-NOAUTH Authentication required.\r\n"),
     .expect = "-NOAUTH Authentication required. ."},
    {.name = "OOM",
     RESP_BYTES("-OOM command not allowed when used memory > 'maxmemory'.\r\n"),
     .expect = "-OOM command not allowed when used memory > 'maxmemory'. ."},
    {.name = "NOREPLICAS",
     RESP_BYTES("-NOREPLICAS Not enough good replicas to write.\r\n"),
     .expect = "-NOREPLICAS Not enough good replicas to write. ."},
    {.name = "BUSY",
     RESP_BYTES("-BUSY Redis is busy running a script. You can only call "
                "SCRIPT KILL or SHUTDOWN NOSAVE.\r\n"),
     .expect = "-BUSY Redis is busy running a script. You can only call SCRIPT "
               "KILL or SHUTDOWN NOSAVE. ."},
    {.name = "UNBLOCKED",
     RESP_BYTES("-UNBLOCKED force unblock from blocking operation, instance "
                "state changed (master -> replica?)\r\n"),
     .expect = "-UNBLOCKED force unblock from blocking operation, instance "
               "state changed (master -> replica?) ."},
    {.name = "READONLY",
     RESP_BYTES("-READONLY You can't write against a read only replica.\r\n"),
     .expect = "-READONLY You can't write against a read only replica. ."},
    {.name = "ROLE of a replica",
     RESP_BYTES("*5\r\n"
                "$5\r\n"
                "slave\r\n"
                "$9\r\n"
                "127.0.0.1\r\n"
                ":1\r\n"
                "$7\r\n"
                "connect\r\n"
                ":-1\r\n"),
     .expect = "[5 \"slave\" \"127.0.0.1\" :1 \"connect\" :-1 ] ."},
    {.name = "MASTERDOWN",
     RESP_BYTES("-MASTERDOWN Link with MASTER is down and "
                "replica-serve-stale-data is set to 'no'.\r\n"),
     .expect = "-MASTERDOWN Link with MASTER is down and "
               "replica-serve-stale-data is set to 'no'. ."},
    {.name = "MISCONF",
     RESP_BYTES("-MISCONF Redis is configured to save RDB snapshots, but it's "
                "currently unable to persist to disk. Commands that may modify "
                "the data set are disabled, because this instance is "
                "configured to report errors during writes if RDB snapshotting "
                "fails (stop-writes-on-bgsave-error option). Please check the "
                "Redis logs for details about the RDB error.\r\n"),
     .expect = "-MISCONF Redis is configured to save RDB snapshots, but it's "
               "currently unable to persist to disk. Commands that may modify "
               "the data set are disabled, because this instance is configured "
               "to report errors during writes if RDB snapshotting fails "
               "(stop-writes-on-bgsave-error option). Please check the Redis "
               "logs for details about the RDB error. ."},
};

#endif
