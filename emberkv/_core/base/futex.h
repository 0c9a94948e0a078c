/* Sleeping on a word of memory until somebody changes it. Where there is no futex, a short nap. */
#ifndef EK_BASE_FUTEX_H
#define EK_BASE_FUTEX_H

#include <stdatomic.h>

#include "base/base.h"

/* Sleep while *word is `value`, at most `ms`. May return early. shared: between processes. */
void ek_futex_wait(_Atomic uint32_t *word, uint32_t value, int64_t ms, bool shared);
void ek_futex_wake(_Atomic uint32_t *word, int count, bool shared);

#endif
