/* memory.c - a small file system in memory, for the images of crashes. */
#include "memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define HOME MEMORY_ROOT "/home"
#define FIRST_FD (1 << 20)
#define FDS 64
#define FILES 24
#define FILE_SIZE ((size_t)256 << 20)
#define NAMES 16
#define NAME_SIZE 32

/* What a descriptor or a path leads to, beside files by their numbers. */
enum { IS_PARENT = -1, IS_HOME = -2, IS_NOTHING = -3 };

struct file {
    uint8_t *data; /* FILE_SIZE bytes of address space */
    size_t size;
    size_t touched; /* from here on there are zeros */
    unsigned users; /* names and descriptors */
};

static struct {
    uint8_t *space; /* of all files */
    bool has_home;
    struct file file[FILES];
    int last; /* file that was made */
    struct {
        char text[NAME_SIZE]; /* "": free */
        int file;
    } name[NAMES];
    struct {
        bool used;
        int leads;
        uint64_t at;
    } fd[FDS];
    struct {
        bool used;
        int next;
        struct dirent entry;
    } stream;
} memory;

static int
fail(int error)
{
    errno = error;
    return -1;
}

/* ---- paths -------------------------------------------------------------- */

bool
memory_has_path(const char *path)
{
    return path[0] == '/' && path[1] == '#' &&
           strncmp(path, MEMORY_ROOT, sizeof(MEMORY_ROOT) - 1) == 0;
}

static int
find_name(const char *text)
{
    for (int i = 0; i < NAMES; i++)
        if (strcmp(memory.name[i].text, text) == 0)
            return i;
    return -1;
}

/* The part of PATH that names a file, or NULL. */
static const char *
name_in(const char *path)
{
    size_t length = sizeof(HOME) - 1;

    if (strncmp(path, HOME "/", length + 1) != 0)
        return NULL;
    path += length + 1;
    return path[0] == '\0' || strcmp(path, "..") == 0 ? NULL : path;
}

static int
find(const char *path)
{
    const char *text = name_in(path);
    int name;

    if (strcmp(path, MEMORY_ROOT) == 0)
        return IS_PARENT;
    if (!memory.has_home)
        return IS_NOTHING;
    if (text == NULL)
        return strcmp(path, HOME) == 0 ? IS_HOME : IS_PARENT;
    name = find_name(text);
    return name < 0 ? IS_NOTHING : memory.name[name].file;
}

/* ---- files -------------------------------------------------------------- */

static void
reserve(void)
{
    void *space;

    if (memory.space != NULL)
        return;
    space = (void *)syscall(SYS_mmap, NULL, FILES * FILE_SIZE,
                            PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (space == MAP_FAILED)
        abort();
    memory.space = space;
    for (int i = 0; i < FILES; i++)
        memory.file[i].data = memory.space + (size_t)i * FILE_SIZE;
}

/* What is beyond the size is zeros. */
static void
resize(struct file *file, uint64_t size)
{
    if (size > FILE_SIZE)
        abort();
    if (size < file->touched) {
        memset(file->data + size, 0, file->touched - size);
        file->touched = (size_t)size;
    }
    file->size = (size_t)size;
}

/* The one that has not been used for longest, as a mapping may outlive it. */
static int
new_file(void)
{
    reserve();
    for (int i = 1; i <= FILES; i++) {
        int number = (memory.last + i) % FILES;

        if (memory.file[number].users > 0)
            continue;
        resize(&memory.file[number], 0);
        memory.last = number;
        return number;
    }
    abort();
}

static int
add_name(const char *text)
{
    int name = find_name("");

    if (name < 0 || strlen(text) >= NAME_SIZE)
        abort();
    memcpy(memory.name[name].text, text, strlen(text) + 1);
    memory.name[name].file = new_file();
    memory.file[memory.name[name].file].users = 1;
    return memory.name[name].file;
}

static void
drop_name(int name)
{
    memory.name[name].text[0] = '\0';
    memory.file[memory.name[name].file].users--;
}

static int
new_fd(int leads)
{
    for (int i = 0; i < FDS; i++) {
        if (memory.fd[i].used)
            continue;
        memory.fd[i].used = true;
        memory.fd[i].leads = leads;
        memory.fd[i].at = 0;
        if (leads >= 0)
            memory.file[leads].users++;
        return FIRST_FD + i;
    }
    return fail(EMFILE);
}

NO_THREAD_SANITIZER bool
memory_has_fd(int fd)
{
    return fd >= FIRST_FD;
}

int
memory_open(const char *path, int flags)
{
    const char *text = name_in(path);
    int leads = find(path);

    if (leads == IS_NOTHING) {
        if ((flags & O_CREAT) == 0 || text == NULL || !memory.has_home)
            return fail(ENOENT);
        leads = add_name(text);
    } else if ((flags & O_CREAT) != 0 && (flags & O_EXCL) != 0) {
        return fail(EEXIST);
    }
    if (leads >= 0 && (flags & O_DIRECTORY) != 0)
        return fail(ENOTDIR);
    if (leads >= 0 && (flags & O_TRUNC) != 0)
        resize(&memory.file[leads], 0);
    return new_fd(leads);
}

uint8_t *
memory_put(const char *path, size_t size)
{
    int leads = find(path);
    struct file *file;

    if (leads == IS_NOTHING)
        leads = add_name(name_in(path));
    file = &memory.file[leads];
    resize(file, size);
    file->touched = size;
    return file->data;
}

static int
leads_to(int fd)
{
    if (fd >= FIRST_FD + FDS || !memory.fd[fd - FIRST_FD].used)
        abort(); /* a journal that closes too often is broken */
    return memory.fd[fd - FIRST_FD].leads;
}

static struct file *
file_of(int fd)
{
    int leads = leads_to(fd);

    if (leads < 0)
        abort();
    return &memory.file[leads];
}

int
memory_close(int fd)
{
    int leads = leads_to(fd);

    memory.fd[fd - FIRST_FD].used = false;
    if (leads >= 0)
        memory.file[leads].users--;
    return 0;
}

/* ---- directories -------------------------------------------------------- */

int
memory_mkdir(const char *path)
{
    if (strcmp(path, HOME) != 0 || memory.has_home)
        return fail(EEXIST);
    memory.has_home = true;
    return 0;
}

int
memory_rmdir(const char *path)
{
    if (find(path) != IS_HOME)
        return fail(ENOENT);
    for (int i = 0; i < NAMES; i++)
        if (memory.name[i].text[0] != '\0')
            return fail(ENOTEMPTY);
    memory.has_home = false;
    return 0;
}

int
memory_rename(const char *from, const char *to)
{
    int old = find_name(name_in(from)), replaced = find_name(name_in(to));

    if (old < 0)
        return fail(ENOENT);
    if (replaced >= 0)
        drop_name(replaced);
    snprintf(memory.name[old].text, NAME_SIZE, "%s", name_in(to));
    return 0;
}

int
memory_unlink(const char *path)
{
    const char *text = name_in(path);
    int name = text == NULL ? -1 : find_name(text);

    if (name < 0)
        return fail(ENOENT);
    drop_name(name);
    return 0;
}

DIR *
memory_opendir(const char *path)
{
    if (find(path) != IS_HOME) {
        errno = ENOENT;
        return NULL;
    }
    if (memory.stream.used)
        abort();
    memory.stream.used = true;
    memory.stream.next = 0;
    return (DIR *)(void *)&memory.stream;
}

bool
memory_has_stream(const DIR *stream)
{
    return (const void *)stream == &memory.stream;
}

struct dirent *
memory_readdir(void)
{
    while (memory.stream.next < NAMES) {
        const char *text = memory.name[memory.stream.next++].text;

        if (text[0] == '\0')
            continue;
        snprintf(memory.stream.entry.d_name, NAME_SIZE, "%s", text);
        return &memory.stream.entry;
    }
    return NULL;
}

void
memory_closedir(void)
{
    memory.stream.used = false;
}

static void
describe(int leads, struct stat *status)
{
    memset(status, 0, sizeof(*status));
    status->st_dev = 0x23;
    status->st_ino = (ino_t)(leads + 100);
    status->st_mode = S_IFDIR | 0750;
    status->st_nlink = 1;
    if (leads < 0)
        return;
    status->st_mode = S_IFREG | 0640;
    status->st_size = (off_t)memory.file[leads].size;
    status->st_blocks = (status->st_size + 511) / 512;
    status->st_nlink = 0;
    for (int i = 0; i < NAMES; i++)
        status->st_nlink += memory.name[i].text[0] != '\0' &&
                            memory.name[i].file == leads;
}

int
memory_stat(const char *path, struct stat *status)
{
    int leads = find(path);

    if (leads == IS_NOTHING)
        return fail(ENOENT);
    describe(leads, status);
    return 0;
}

int
memory_fstat(int fd, struct stat *status)
{
    describe(leads_to(fd), status);
    return 0;
}

/* ---- data --------------------------------------------------------------- */

ssize_t
memory_pread(int fd, void *data, size_t size, uint64_t offset)
{
    const struct file *file = file_of(fd);

    if (offset >= file->size)
        return 0;
    if (size > file->size - offset)
        size = (size_t)(file->size - offset);
    memcpy(data, file->data + offset, size);
    return (ssize_t)size;
}

ssize_t
memory_pwrite(int fd, const void *data, size_t size, uint64_t offset)
{
    struct file *file = file_of(fd);
    uint64_t end = offset + size;

    if (end > FILE_SIZE)
        abort();
    memcpy(file->data + offset, data, size);
    if (end > file->size)
        file->size = (size_t)end;
    if (file->size > file->touched)
        file->touched = file->size;
    return (ssize_t)size;
}

ssize_t
memory_write(int fd, const void *data, size_t size)
{
    uint64_t at = memory.fd[fd - FIRST_FD].at;

    memory.fd[fd - FIRST_FD].at += size;
    return memory_pwrite(fd, data, size, at);
}

ssize_t
memory_pwritev(int fd, const struct iovec *parts, int count, uint64_t offset)
{
    uint64_t at = offset;

    for (int i = 0; i < count; i++) {
        memory_pwrite(fd, parts[i].iov_base, parts[i].iov_len, at);
        at += parts[i].iov_len;
    }
    return (ssize_t)(at - offset);
}

ssize_t
memory_writev(int fd, const struct iovec *parts, int count)
{
    ssize_t size = memory_pwritev(fd, parts, count,
                                  memory.fd[fd - FIRST_FD].at);

    memory.fd[fd - FIRST_FD].at += (uint64_t)size;
    return size;
}

off_t
memory_lseek(int fd, off_t offset, int whence)
{
    if (whence == SEEK_CUR)
        offset += (off_t)memory.fd[fd - FIRST_FD].at;
    else if (whence == SEEK_END)
        offset += (off_t)file_of(fd)->size;
    memory.fd[fd - FIRST_FD].at = (uint64_t)offset;
    return offset;
}

int
memory_ftruncate(int fd, uint64_t size)
{
    resize(file_of(fd), size);
    return 0;
}

int
memory_fallocate(int fd, uint64_t size)
{
    struct file *file = file_of(fd);

    if (size > file->size)
        resize(file, size);
    return 0;
}

int
memory_truncate(const char *path, uint64_t size)
{
    int leads = find(path);

    if (leads < 0)
        return fail(ENOENT);
    resize(&memory.file[leads], size);
    return 0;
}

/* ---- mappings ----------------------------------------------------------- */

/* A store may have touched all of what is mapped. */
void *
memory_mmap(int fd, uint64_t offset)
{
    struct file *file = file_of(fd);

    if (file->size > file->touched)
        file->touched = file->size;
    return file->data + offset;
}

NO_THREAD_SANITIZER bool
memory_has_address(const void *address)
{
    const uint8_t *byte = address;

    return memory.space != NULL && byte >= memory.space &&
           byte < memory.space + FILES * FILE_SIZE;
}
