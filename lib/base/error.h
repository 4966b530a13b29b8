/* error.h - the error codes, for every file of the library. */
#ifndef JN_ERROR_H
#define JN_ERROR_H

#include <errno.h>
#include <journal.h>

/* The journal's code for an errno that says that the disk is full. */
int jn_error_from_errno(int error);

#endif
