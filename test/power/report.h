/* report.h - violations and figures in words. */
#ifndef TEST_POWER_REPORT_H
#define TEST_POWER_REPORT_H

#include "claims.h"
#include "explore.h"

/* Where it was, and what was wrong there. */
void report_violation(const struct plan *plan, const struct limits *limits,
                      const struct claims *claims, const struct event *event,
                      const char *why);

/* The plan, to be run once more, as POWER_PLAN; and what a text says of it. */
void report_plan(const struct plan *plan, const struct limits *limits);
bool report_plan_of(const char *text, struct plan *plan, struct limits *limits);

/* How IMAGE differs from everything that the claims allow, into WHY. */
void report_difference(const struct claims *claims, const struct state *image,
                       char *why);

void report_figures(const char *title, const struct figures *figures);

#endif
