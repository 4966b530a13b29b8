/*
 * dump.c - children that end by _exit() leave what gcov has counted.
 *
 * Linked into the programs of `make coverage` alone.  exit() would do so, but
 * children of a test must not run the handlers of their parent.
 */
#include <unistd.h>

void __gcov_dump(void);
void __real__exit(int status) __attribute__((noreturn));
void __wrap__exit(int status) __attribute__((noreturn));

void
__wrap__exit(int status)
{
    __gcov_dump();
    __real__exit(status);
}
