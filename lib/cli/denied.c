/* denied.c - which file it was that a journal was not opened for. */
#include "denied.h"

#include <errno.h>
#include <fcntl.h>
#include <journal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "report.h"
#include "text.h"

/* Each reader has a place of its own in those that are for locks. */
static const struct {
    const char *name;
    bool locks;
} files[] = {{"data.mdb", false},
             {"tail", false},
             {"lock.mdb", true},
             {"journal.lock", true}};

static bool
may(const char *path, int mode)
{
    return faccessat(AT_FDCWD, path, mode, AT_EACCESS) == 0;
}

static bool
is_there(const char *path)
{
    return may(path, F_OK) || errno != ENOENT;
}

/* What of MODE may not be done with the file. */
static bool
is_denied(struct denied *denied, int mode)
{
    static const struct {
        int mode;
        const char *deed;
    } deeds[] = {{F_OK, "get to"},
                 {R_OK, "read"},
                 {W_OK, "write to"},
                 {X_OK, "enter"}};

    for (size_t i = 0; i < sizeof(deeds) / sizeof(*deeds); i++) {
        denied->deed = deeds[i].deed;
        if ((deeds[i].mode & ~mode) == 0 && !may(denied->path, deeds[i].mode))
            return true;
    }
    return false;
}

/* Where there is no journal yet its directory is to be made in this one. */
static bool
is_parent_denied(struct denied *denied, const char *journal)
{
    size_t size = text_path_length(journal);

    while (size > 0 && journal[size - 1] != '/')
        size--;
    snprintf(denied->path, sizeof(denied->path), "%.*s",
             size > 0 ? (int)size : 1, size > 0 ? journal : ".");
    return is_denied(denied, W_OK | X_OK);
}

/* What is not there is to be made, but for data.mdb by a reader. */
static bool
is_file_denied(struct denied *denied, const char *journal, size_t i,
               uint32_t flags)
{
    bool writes = (flags & JOURNAL_OPEN_READ_ONLY) == 0;

    denied->locks = files[i].locks;
    if (denied->locks && (flags & JOURNAL_OPEN_IMMUTABLE) != 0)
        return false;
    snprintf(denied->path, sizeof(denied->path), "%s/%s", journal,
             files[i].name);
    if (is_there(denied->path))
        return is_denied(denied, writes || denied->locks ? R_OK | W_OK : R_OK);
    if (!writes && !denied->locks)
        return false;
    snprintf(denied->path, sizeof(denied->path), "%s", journal);
    return is_denied(denied, W_OK);
}

bool
denied_find(struct denied *denied, const char *journal, uint32_t flags)
{
    denied->locks = false;
    if (strlen(journal) >= PATH_MAX)
        return false;
    if (!is_there(journal))
        return is_parent_denied(denied, journal);
    snprintf(denied->path, sizeof(denied->path), "%s", journal);
    if (is_denied(denied, R_OK | X_OK))
        return true;
    for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
        if (is_file_denied(denied, journal, i, flags))
            return true;
    return false;
}

void
denied_hint(const struct denied *denied)
{
    report_hint("this user (%u) may not %s %s", (unsigned)geteuid(),
                denied->deed, report_key(denied->path, strlen(denied->path)));
}
