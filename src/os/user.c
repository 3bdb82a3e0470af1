/* SPDX-License-Identifier: MIT */
#include "os/user.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <unistd.h>

/* The largest is no user but "leave it as it is" (setresuid(2)). */
#define ID_MAX (UINT32_MAX - 1)

/* ---- Who ----------------------------------------------------------------- */

static bool parse_id(struct span text, uint32_t *id)
{
    uint64_t number;
    if (!bytes_decimal(text, &number) || number > ID_MAX)
        return false;
    *id = (uint32_t)number;
    return true;
}

bool user_is_valid(struct span text)
{
    uint32_t id;
    bool with_group = bytes_find(text, ':') < text.len;
    struct span name = bytes_cut(&text, ':');
    bool is_number = name.len > 0 && bytes_is_digit(name.ptr[0]);
    if (name.len == 0 || (is_number && !parse_id(name, &id)))
        return false;
    return !with_group || parse_id(text, &id);
}

bool user_is_valid_group(struct span text)
{
    return bytes_find(text, ':') == text.len && user_is_valid(text);
}

/* name:password:uid:gid:... (passwd(5)) */
bool user_in_line(struct span line, struct span name, struct user *user)
{
    if (!bytes_equal(bytes_cut(&line, ':'), name))
        return false;
    bytes_cut(&line, ':');
    struct span id = bytes_cut(&line, ':');
    return parse_id(id, &user->id) &&
           parse_id(bytes_cut(&line, ':'), &user->group);
}

/* name:password:gid:members (group(5)) */
bool user_in_group_line(struct span line, struct span name, struct user *user)
{
    if (!bytes_equal(bytes_cut(&line, ':'), name))
        return false;
    bytes_cut(&line, ':');
    return parse_id(bytes_cut(&line, ':'), &user->group);
}

/* Line by line. Of a line that is longer than `bytes`, a group with many
   members, its beginning will do; the rest is passed over. */
static int find_name(int fd, struct span name, struct user *user, user_test is)
{
    uint8_t bytes[1024];
    size_t len = 0;
    bool inside = false; /* a long line, and its beginning is gone */
    for (;;) {
        ssize_t got = read(fd, bytes + len, sizeof bytes - len);
        if (got < 0)
            return -errno;
        len += (size_t)got;
        struct span all = bytes_span(bytes, len);
        size_t end = bytes_find(all, '\n');
        while (end < all.len || got == 0 || all.len == sizeof bytes) {
            if (!inside && is(bytes_part(all, 0, end), name, user))
                return 0;
            if (end == all.len && got == 0)
                return -ENOENT;
            inside = end == all.len;
            size_t taken = bytes_min(end + 1, all.len);
            all = bytes_after(all, taken);
            end = bytes_find(all, '\n');
        }
        len = all.len;
        memmove(bytes, all.ptr, len);
    }
}

int user_in_file(const char *path, struct span name, struct user *user,
                 user_test is)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    int result = find_name(fd, name, user, is);
    close(fd);
    return result;
}

int user_find(struct span text, struct user *user)
{
    struct span name = bytes_cut(&text, ':');
    if (parse_id(name, &user->id)) {
        user->group = user->id;
    } else {
        int result = user_in_file("/etc/passwd", name, user, user_in_line);
        if (result < 0)
            return result;
    }
    if (text.len)
        (void)parse_id(text, &user->group);
    return 0;
}

int user_find_group(struct span text, uint32_t *group)
{
    struct user user = {0};
    if (parse_id(text, group))
        return 0;
    int result = user_in_file("/etc/group", text, &user, user_in_group_line);
    if (result == 0)
        *group = user.group;
    return result;
}

/* ---- Becoming ------------------------------------------------------------ */

/* Are we that already, and of no other group? */
static bool is_user(const struct user *user)
{
    uid_t real, effective, saved;
    gid_t groups[2];
    if (getresuid(&real, &effective, &saved) != 0 || real != user->id ||
        effective != user->id || saved != user->id)
        return false;
    if (getresgid(&real, &effective, &saved) != 0 || real != user->group ||
        effective != user->group || saved != user->group)
        return false;
    int count = getgroups(2, groups);
    return count == 0 || (count == 1 && groups[0] == user->group);
}

/* The groups first: the right to change them goes with the user. */
int user_become(const struct user *user, const char **step)
{
    gid_t group = user->group;
    if (is_user(user))
        return 0;
    *step = "setgroups";
    if (setgroups(0, NULL) != 0)
        return -errno;
    *step = "setresgid";
    if (setresgid(group, group, group) != 0)
        return -errno;
    *step = "setresuid";
    if (setresuid(user->id, user->id, user->id) != 0)
        return -errno;
    *step = "not become";
    if (!is_user(user))
        return -EPERM;
    *step = "there is a way back";
    return user->id != 0 && setresuid(0, 0, 0) == 0 ? -EPERM : 0;
}
