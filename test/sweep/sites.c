/* sites.c - which instructions have had a call of theirs fail. */
#include "sites.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fault/faults.h"

/* Ours: the program itself, in which the library is, and LMDB. */
static const char *
object_of(const Dl_info *info)
{
    const char *name = strrchr(info->dli_fname, '/');

    return name == NULL ? info->dli_fname : name + 1;
}

static void
list(const struct fault_site *site, FILE *file)
{
    Dl_info info;

    if (dladdr((void *)site->address, &info) != 0)
        fprintf(file, "%s 0x%lx %d %s\n", object_of(&info),
                (unsigned long)(site->address - (uintptr_t)info.dli_fbase),
                site->class, site->failed ? "failed" : "reached");
}

void
sites_report(const char *path)
{
    static struct fault_site sites[FAULT_SITES];
    unsigned count = faults_sites(sites), failed = 0;
    FILE *file = path == NULL ? NULL : fopen(path, "we");

    for (unsigned i = 0; i < count; i++) {
        failed += sites[i].failed;
        if (file != NULL)
            list(&sites[i], file);
    }
    if (file != NULL)
        (void)fclose(file);
    printf("faults: %u places make such calls, %u of them had one fail\n",
           count, failed);
    (void)fflush(stdout);
}
