/* Glob patterns as KEYS, SCAN, PSUBSCRIBE and CONFIG GET know them:
 *
 *   *        any bytes, none included        [abc]  one of these     \x  x itself
 *   ?        any one byte                    [^a]   none of these
 *                                            [a-c]  one of a range, whichever end comes first
 *
 * Every byte sequence is a pattern: a class that never ends goes to the end of the pattern, and a
 * backslash in last place stands for itself. The empty string matches only the empty pattern and a
 * single star, as in the servers. Costs O(n) for patterns with one star, O(n*m) at most.
 */
#ifndef EK_BASE_GLOB_H
#define EK_BASE_GLOB_H

#include "base/base.h"

bool ek_glob_match(ek_str pattern, ek_str s, bool ignore_case); /* the case of ASCII letters */

#endif
