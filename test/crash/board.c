/* board.c - where writers note what they do, in memory that outlives them. */
#include "board.h"

#include <stdarg.h>
#include <stdio.h>

#include "support/test.h"

struct board *
board_make(void)
{
    return test_shared(sizeof(struct board));
}

void
board_free(struct board *board)
{
    test_unshare(board, sizeof(*board));
}

void
board_wipe(struct board *board)
{
    for (unsigned i = 0; i < BOARD_WRITERS; i++) {
        atomic_store(&board->writers[i].ready, 0);
        atomic_store(&board->writers[i].count, 0);
        atomic_store(&board->writers[i].complained, 0);
    }
}

struct operation *
board_begin(struct writer *writer, const struct operation *operation)
{
    unsigned count = atomic_load(&writer->count);
    struct operation *noted = &writer->operations[count];

    if (count == BOARD_OPERATIONS)
        return NULL;
    noted->kind = operation->kind;
    noted->argument = operation->argument;
    noted->count = operation->count;
    noted->expects = operation->expects;
    noted->expected = operation->expected;
    noted->number = 0;
    atomic_store(&noted->outcome, BEGUN);
    atomic_store(&writer->count, count + 1);
    return noted;
}

void
board_acknowledge(struct operation *operation, uint64_t number)
{
    operation->number = number;
    atomic_store(&operation->outcome, ACKNOWLEDGED);
}

void
board_refuse(struct operation *operation)
{
    atomic_store(&operation->outcome, REFUSED);
}

void
board_complain(struct writer *writer, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(writer->complaint, sizeof(writer->complaint), format,
                    arguments);
    va_end(arguments);
    atomic_store(&writer->complained, 1);
}
