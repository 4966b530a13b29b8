/* sites.h - which instructions have had a call of theirs fail. */
#ifndef TEST_SWEEP_SITES_H
#define TEST_SWEEP_SITES_H

/* Says how many of those reached failed; lists them in PATH, if not NULL. */
void sites_report(const char *path);

#endif
