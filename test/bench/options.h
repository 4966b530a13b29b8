/* options.h - what the program is told on its command line. */
#ifndef BENCH_OPTIONS_H
#define BENCH_OPTIONS_H

#include "bench.h"

/*
 * Fills SETTINGS; *PARENT is where databases are to be made, or NULL.  Ends the
 * program where it was only asked for help, or cannot be understood.
 */
void options_read(int count, char **arguments, struct settings *settings,
                  const char **parent);

#endif
