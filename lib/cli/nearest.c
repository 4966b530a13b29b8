/* nearest.c - which of several names was meant by one that is none of them. */
#include "nearest.h"

#include <string.h>

#define SIZE_MAX_COMPARED 32u
#define BEGINNING 3u /* so many letters tell what is begun */

static unsigned
smallest(unsigned a, unsigned b, unsigned c)
{
    unsigned ab = a < b ? a : b;

    return ab < c ? ab : c;
}

/*
 * How many letters are to be changed, put in, left out, or swapped with their
 * neighbours to make NAME of WORD.  A row for each letter of WORD and one in
 * front says how far what is up to it is from each beginning of NAME.
 */
static unsigned
distance_of(const char *word, size_t word_size, const char *name,
            size_t name_size)
{
    unsigned rows[SIZE_MAX_COMPARED + 1][SIZE_MAX_COMPARED + 1];
    size_t w, n;

    for (n = 0; n <= name_size; n++)
        rows[0][n] = (unsigned)n;
    for (w = 1; w <= word_size; w++) {
        rows[w][0] = (unsigned)w;
        for (n = 1; n <= name_size; n++) {
            rows[w][n] = smallest(rows[w - 1][n] + 1, rows[w][n - 1] + 1,
                                  rows[w - 1][n - 1] +
                                      (word[w - 1] != name[n - 1]));
            if (w > 1 && n > 1 && word[w - 1] == name[n - 2] &&
                word[w - 2] == name[n - 1] &&
                rows[w - 2][n - 2] + 1 < rows[w][n])
                rows[w][n] = rows[w - 2][n - 2] + 1;
        }
    }
    return rows[word_size][name_size];
}

/* One slip in up to three letters, two in up to six, and so on. */
void
nearest_init(struct nearest *nearest, const char *word, size_t size)
{
    *nearest = (struct nearest){.word = word,
                                .size = size,
                                .distance = (unsigned)(size + 2) / 3 + 1};
}

void
nearest_offer(struct nearest *nearest, const char *name)
{
    size_t size = strlen(name);
    unsigned distance;

    if (size > SIZE_MAX_COMPARED || nearest->size > SIZE_MAX_COMPARED)
        return;
    distance = distance_of(nearest->word, nearest->size, name, size);
    if (nearest->size >= BEGINNING && nearest->size < size &&
        memcmp(nearest->word, name, nearest->size) == 0)
        distance = 1;
    if (distance >= nearest->distance)
        return;
    nearest->distance = distance;
    nearest->name = name;
}
