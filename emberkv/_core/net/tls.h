/* TLS by the machine's OpenSSL, loaded when a server wants it: nothing here is linked against it.
 *
 * A context belongs to a server, a stream to a connection; both are the server thread's own, but for
 * the making of the context. */
#ifndef EK_NET_TLS_H
#define EK_NET_TLS_H

#include <sys/types.h>

#include "store/config.h"

typedef struct ek_tls ek_tls;
typedef struct ek_tls_stream ek_tls_stream; /* OpenSSL's SSL */

/* From the settings tls-*. NULL: `err` says why; where OpenSSL is absent, that. */
ek_tls *ek_tls_new(const ek_settings *settings, char *err, size_t errlen);
void ek_tls_free(ek_tls *tls);

ek_tls_stream *ek_tls_accept(ek_tls *tls, int fd); /* NULL: no memory. The handshake goes on in reads */
void ek_tls_close(ek_tls_stream *stream);
/* As recv and send: errno EAGAIN, and *writes is true when it is the socket's output that is full. */
ssize_t ek_tls_read(ek_tls_stream *stream, void *p, size_t n, bool *writes);
ssize_t ek_tls_write(ek_tls_stream *stream, const void *p, size_t n);
bool ek_tls_pending(const ek_tls_stream *stream); /* has bytes that the socket does not tell of */

#endif
