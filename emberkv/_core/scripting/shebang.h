/* The first line of a script or a library: #!engine word word ...
 *
 * Words are parted by spaces, and may be quoted as redis-cli's are. */
#ifndef EK_SCRIPTING_SHEBANG_H
#define EK_SCRIPTING_SHEBANG_H

#include "engine/context.h"

/* Cut the next word off `line`; what was quoted lies in scratch memory. *word.p NULL: there is none left.
 * False: a quote is not closed, or is closed in the middle of a word. */
bool ek_shebang_word(ek_ctx *c, ek_str *line, ek_str *word);

/* Part the code into its first line, without "#!", and the rest, which begins with the end of that line
 * so that others keep their numbers. False: there is no such line. */
bool ek_shebang_split(ek_str code, ek_str *line, ek_str *body);

EK_INLINE bool ek_has_shebang(ek_str code) {
    return code.n >= 2 && code.p[0] == '#' && code.p[1] == '!';
}

EK_INLINE bool ek_str_same(ek_str s, const char *text) {
    return s.n == strlen(text) && memcmp(s.p, text, s.n) == 0;
}

#endif
