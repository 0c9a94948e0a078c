/* Words of the protocol, which are the same in any case. */
#ifndef EK_BASE_WORD_H
#define EK_BASE_WORD_H

#include "base/base.h"

/* Whether an argument is that word in any case; the word is given in lower case. */
EK_INLINE bool ek_str_is(ek_str s, const char *word) {
    size_t i = 0;
    for (; i < s.n && word[i]; i++) {
        uint8_t c = s.p[i], w = (uint8_t)word[i];
        if (c != w && !(w >= 'a' && w <= 'z' && c == (w ^ 0x20)))
            return false;
    }
    return i == s.n && word[i] == 0;
}

#endif
