/* SPDX-License-Identifier: MIT */
/*
 * user: becoming somebody else, for good (--user); and who a name is.
 *
 * Names are looked up in /etc/passwd and /etc/group by hand, in every build
 * alike: the C library's own way loads code at run time, which a static
 * program cannot. So a name that only LDAP or the like knows has to be given
 * by number.
 */
#ifndef OS_USER_H
#define OS_USER_H

#include "base/bytes.h"

struct user {
    uint32_t id;
    uint32_t group;
};

/* "NAME[:GID]" or "UID[:GID]": is it written rightly? */
bool user_is_valid(struct span text);

/*
 * Who that is. Without GID it is the group that /etc/passwd has for NAME, and
 * for UID the one of the same number. 0, -ENOENT for a name that is not
 * there, or the -errno of the file.
 */
int user_find(struct span text, struct user *user);

/* The same for a group: "NAME" or "GID", and the one of that name in
   /etc/group. */
bool user_is_valid_group(struct span text);
int user_find_group(struct span text, uint32_t *group);

/*
 * Become that user, of that group and no other, in all three ways (real,
 * effective, saved), and make sure that there is no way back. 0, or -errno,
 * with the *step that failed: then the process must not go on.
 */
int user_become(const struct user *user, const char **step);

/* ---- For user.c and the tests -------------------------------------------- */

/* Is `line` of /etc/passwd that of `name`? Then fills *user. */
bool user_in_line(struct span line, struct span name, struct user *user);

/* And one of /etc/group? Then fills user->group. */
bool user_in_group_line(struct span line, struct span name, struct user *user);

/* The first line of a file of which that is so. 0, -ENOENT when there is none,
   or the -errno of the file. */
typedef bool (*user_test)(struct span line, struct span name,
                          struct user *user);
int user_in_file(const char *path, struct span name, struct user *user,
                 user_test is);

#endif
