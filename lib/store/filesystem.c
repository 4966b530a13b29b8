/* filesystem.c - whether a file system is one to keep a journal on. */
#include "store/filesystem.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/vfs.h>

#include "base/error.h"

/* As statfs(2) and the kernel's magic.h have them. */
static const uint32_t refused[] = {
    0x00006969u, /* NFS */
    0xff534d42u, /* CIFS */
    0xfe534d42u, /* SMB2 */
    0x01021997u, /* 9P */
    0x00c36400u, /* Ceph */
    0x5346414fu, /* AFS */
    0x6b414653u, /* AFS, the kernel's own */
    0x65735546u, /* FUSE */
};

int
jn_filesystem_check(const char *path)
{
    struct statfs status;

    if (statfs(path, &status) != 0)
        return errno;
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        if ((uint32_t)status.f_type == refused[i])
            return JOURNAL_UNSUPPORTED;
    }
    return 0;
}
