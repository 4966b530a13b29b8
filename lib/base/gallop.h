/*
 * gallop.h - the first number for which something holds.
 */
#ifndef JN_GALLOP_H
#define JN_GALLOP_H

#include <stdbool.h>
#include <stdint.h>

typedef bool (*jn_holds)(void *context, uint64_t number);

/*
 * The first number in [1, MOST) for which HOLDS says so, or else MOST.  It is
 * asked O(log MOST) times.  Steps are small against what lies behind them; but
 * numbers for which it holds, few and with many behind them for which it does
 * not, may be passed over.
 */
uint64_t jn_gallop(uint64_t most, jn_holds holds, void *context);

#endif
