/* Replies written as bytes of the protocol: what the calls of reply.h do on an ek_reply whose `resp`
 * is 2 or 3. The bytes are appended to the same buffer, in place of the tape. */
#ifndef EK_ENGINE_RESP_H
#define EK_ENGINE_RESP_H

#include "engine/reply.h"

void ek_resp_null(ek_reply *r, bool array);
void ek_resp_bool(ek_reply *r, bool v);
void ek_resp_int(ek_reply *r, int64_t v);
void ek_resp_double(ek_reply *r, double v);
void ek_resp_fixed_double(ek_reply *r, double v);
void ek_resp_bulk(ek_reply *r, const void *p, size_t n);
/* The n bytes that lie `at` bytes behind the end: a header and they, where there is room for it. */
void ek_resp_text_end(ek_reply *r, size_t at, size_t n);
void ek_resp_verbatim(ek_reply *r, const char *format3, const void *p, size_t n);
void ek_resp_line(ek_reply *r, char tag, const void *p, size_t n); /* a status or an error */
void ek_resp_count(ek_reply *r, char kind, size_t n);
/* A header whose count is filled in later, by moving what came behind it: O(that), once. */
void ek_resp_open(ek_reply *r, char kind);
void ek_resp_close(ek_reply *r, size_t at, size_t n);

#endif
