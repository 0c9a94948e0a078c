#include "net/tls.h"

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

/* What is used of OpenSSL's interface, which is the same in 1.1 and 3. */
typedef struct SSL_METHOD SSL_METHOD;
typedef struct SSL_CTX SSL_CTX;
typedef struct SSL SSL;

enum {
    FILETYPE_PEM = 1,
    VERIFY_NONE = 0,
    VERIFY_PEER = 1,
    VERIFY_FAIL_IF_NO_PEER_CERT = 2,
    CTRL_MODE = 33,
    CTRL_SET_MIN_PROTO_VERSION = 123,
    CTRL_SET_MAX_PROTO_VERSION = 124,
    MODE_PARTIAL_WRITE = 1,
    MODE_MOVING_WRITE_BUFFER = 2,
    MODE_RELEASE_BUFFERS = 16,
    OP_CIPHER_SERVER_PREFERENCE = 1 << 22,
    ERROR_WANT_READ = 2,
    ERROR_WANT_WRITE = 3,
    ERROR_ZERO_RETURN = 6,
};

static struct {
    bool ready;
    char why[256]; /* it is not */
    const SSL_METHOD *(*TLS_server_method)(void);
    SSL_CTX *(*SSL_CTX_new)(const SSL_METHOD *);
    void (*SSL_CTX_free)(SSL_CTX *);
    int (*SSL_CTX_use_certificate_chain_file)(SSL_CTX *, const char *);
    int (*SSL_CTX_use_PrivateKey_file)(SSL_CTX *, const char *, int);
    int (*SSL_CTX_check_private_key)(const SSL_CTX *);
    int (*SSL_CTX_load_verify_locations)(SSL_CTX *, const char *, const char *);
    void (*SSL_CTX_set_verify)(SSL_CTX *, int, void *);
    void (*SSL_CTX_set_default_passwd_cb)(SSL_CTX *, int (*)(char *, int, int, void *));
    void (*SSL_CTX_set_default_passwd_cb_userdata)(SSL_CTX *, void *);
    int (*SSL_CTX_set_cipher_list)(SSL_CTX *, const char *);
    int (*SSL_CTX_set_ciphersuites)(SSL_CTX *, const char *);
    long (*SSL_CTX_ctrl)(SSL_CTX *, int, long, void *);
    uint64_t (*SSL_CTX_set_options)(SSL_CTX *, uint64_t);
    SSL *(*SSL_new)(SSL_CTX *);
    void (*SSL_free)(SSL *);
    int (*SSL_set_fd)(SSL *, int);
    void (*SSL_set_accept_state)(SSL *);
    int (*SSL_read)(SSL *, void *, int);
    int (*SSL_write)(SSL *, const void *, int);
    int (*SSL_get_error)(const SSL *, int);
    int (*SSL_pending)(const SSL *);
    int (*SSL_shutdown)(SSL *);
    unsigned long (*ERR_get_error)(void);
    void (*ERR_clear_error)(void);
    void (*ERR_error_string_n)(unsigned long, char *, size_t);
} ssl; /* written once, by load */

static void *open_first(const char *const *names) {
    for (; *names; names++) {
        void *library = dlopen(*names, RTLD_NOW | RTLD_LOCAL);
        if (library) return library;
    }
    return NULL;
}

static void load(void) {
    static const char *const ssl_names[] = {"libssl.so.3", "libssl.so.1.1", NULL};
    static const char *const crypto_names[] = {"libcrypto.so.3", "libcrypto.so.1.1", NULL};
    void *s = open_first(ssl_names);
    if (!s) {
        snprintf(ssl.why, sizeof ssl.why,
                 "TLS needs OpenSSL: neither libssl.so.3 nor libssl.so.1.1 can be loaded here");
        return;
    }
    void *c = open_first(crypto_names);
#define FIND(library, name) \
    if (!(library) || !(*(void **)&ssl.name = dlsym(library, #name))) { \
        snprintf(ssl.why, sizeof ssl.why, "TLS needs OpenSSL: this one lacks %s", #name); \
        return; \
    }
    FIND(s, TLS_server_method)
    FIND(s, SSL_CTX_new)
    FIND(s, SSL_CTX_free)
    FIND(s, SSL_CTX_use_certificate_chain_file)
    FIND(s, SSL_CTX_use_PrivateKey_file)
    FIND(s, SSL_CTX_check_private_key)
    FIND(s, SSL_CTX_load_verify_locations)
    FIND(s, SSL_CTX_set_verify)
    FIND(s, SSL_CTX_set_default_passwd_cb)
    FIND(s, SSL_CTX_set_default_passwd_cb_userdata)
    FIND(s, SSL_CTX_set_cipher_list)
    FIND(s, SSL_CTX_set_ciphersuites)
    FIND(s, SSL_CTX_ctrl)
    FIND(s, SSL_CTX_set_options)
    FIND(s, SSL_new)
    FIND(s, SSL_free)
    FIND(s, SSL_set_fd)
    FIND(s, SSL_set_accept_state)
    FIND(s, SSL_read)
    FIND(s, SSL_write)
    FIND(s, SSL_get_error)
    FIND(s, SSL_pending)
    FIND(s, SSL_shutdown)
    FIND(c, ERR_get_error)
    FIND(c, ERR_clear_error)
    FIND(c, ERR_error_string_n)
#undef FIND
    ssl.ready = true;
}

static bool fail(char *err, size_t errlen, const char *what, const char *about) {
    char reason[256];
    ssl.ERR_error_string_n(ssl.ERR_get_error(), reason, sizeof reason);
    snprintf(err, errlen, "TLS: %s %s: %s", what, about, reason);
    return false;
}

static int give_password(char *out, int cap, int writing, void *password) {
    (void)writing;
    if (!password || strlen(password) >= (size_t)cap) return 0;
    strcpy(out, password);
    return (int)strlen(password);
}

/* "TLSv1.2 TLSv1.3": from the oldest named to the newest. */
static bool set_protocols(SSL_CTX *ctx, const char *names, char *err, size_t errlen) {
    static const char *const known[] = {"TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"};
    int oldest = 2, newest = 3;
    if (names && *names) {
        char text[128], *rest = text, *word;
        snprintf(text, sizeof text, "%s", names);
        oldest = INT_MAX, newest = -1;
        while ((word = strtok_r(rest, " ", &rest))) {
            int which = -1;
            for (int i = 0; i < 4; i++)
                if (strcasecmp(word, known[i]) == 0) which = i;
            if (which < 0) {
                snprintf(err, errlen, "TLS: there is no protocol %s", word);
                return false;
            }
            if (which < oldest) oldest = which;
            if (which > newest) newest = which;
        }
    }
    ssl.SSL_CTX_ctrl(ctx, CTRL_SET_MIN_PROTO_VERSION, 0x0301 + oldest, NULL);
    ssl.SSL_CTX_ctrl(ctx, CTRL_SET_MAX_PROTO_VERSION, 0x0301 + newest, NULL);
    return true;
}

static bool set_up(SSL_CTX *ctx, const ek_settings *o, char *err, size_t errlen) {
    enum { NO, YES, OPTIONAL }; /* the order of tls-auth-clients's words */
    bool has_ca = o->tls_ca_cert_file || o->tls_ca_cert_dir;
    if (!o->tls_cert_file || !o->tls_key_file) {
        snprintf(err, errlen, "TLS needs tls-cert-file and tls-key-file");
        return false;
    }
    if (!has_ca && o->tls_auth_clients != NO) {
        snprintf(err, errlen, "TLS: clients are to show certificates (tls-auth-clients), so "
                              "tls-ca-cert-file or tls-ca-cert-dir must say who signs them");
        return false;
    }
    if (!set_protocols(ctx, o->tls_protocols, err, errlen)) return false;
    ssl.SSL_CTX_ctrl(ctx, CTRL_MODE,
                     MODE_PARTIAL_WRITE | MODE_MOVING_WRITE_BUFFER | MODE_RELEASE_BUFFERS, NULL);
    if (o->tls_prefer_server_ciphers) ssl.SSL_CTX_set_options(ctx, OP_CIPHER_SERVER_PREFERENCE);
    ssl.SSL_CTX_set_default_passwd_cb(ctx, give_password);
    ssl.SSL_CTX_set_default_passwd_cb_userdata(ctx, o->tls_key_file_pass);
    if (ssl.SSL_CTX_use_certificate_chain_file(ctx, o->tls_cert_file) != 1)
        return fail(err, errlen, "the certificate", o->tls_cert_file);
    if (ssl.SSL_CTX_use_PrivateKey_file(ctx, o->tls_key_file, FILETYPE_PEM) != 1 ||
        ssl.SSL_CTX_check_private_key(ctx) != 1)
        return fail(err, errlen, "the key", o->tls_key_file);
    if (has_ca &&
        ssl.SSL_CTX_load_verify_locations(ctx, o->tls_ca_cert_file, o->tls_ca_cert_dir) != 1)
        return fail(err, errlen, "the CA's certificates",
                    o->tls_ca_cert_file ? o->tls_ca_cert_file : o->tls_ca_cert_dir);
    if (o->tls_ciphers && ssl.SSL_CTX_set_cipher_list(ctx, o->tls_ciphers) != 1)
        return fail(err, errlen, "the ciphers", o->tls_ciphers);
    if (o->tls_ciphersuites && ssl.SSL_CTX_set_ciphersuites(ctx, o->tls_ciphersuites) != 1)
        return fail(err, errlen, "the ciphersuites", o->tls_ciphersuites);
    ssl.SSL_CTX_set_verify(ctx,
                           o->tls_auth_clients == NO ? VERIFY_NONE
                           : o->tls_auth_clients == OPTIONAL
                               ? VERIFY_PEER
                               : VERIFY_PEER | VERIFY_FAIL_IF_NO_PEER_CERT,
                           NULL);
    return true;
}

ek_tls *ek_tls_new(const ek_settings *settings, char *err, size_t errlen) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, load);
    if (!ssl.ready) {
        snprintf(err, errlen, "%s", ssl.why);
        return NULL;
    }
    ssl.ERR_clear_error();
    SSL_CTX *ctx = ssl.SSL_CTX_new(ssl.TLS_server_method());
    if (!ctx) {
        fail(err, errlen, "no", "context");
        return NULL;
    }
    if (set_up(ctx, settings, err, errlen)) return (ek_tls *)ctx;
    ssl.SSL_CTX_free(ctx);
    return NULL;
}

void ek_tls_free(ek_tls *tls) {
    if (tls) ssl.SSL_CTX_free((SSL_CTX *)tls);
}

ek_tls_stream *ek_tls_accept(ek_tls *tls, int fd) {
    SSL *stream = ssl.SSL_new((SSL_CTX *)tls);
    if (!stream) return NULL;
    if (ssl.SSL_set_fd(stream, fd) != 1) {
        ssl.SSL_free(stream);
        return NULL;
    }
    ssl.SSL_set_accept_state(stream);
    return (ek_tls_stream *)stream;
}

void ek_tls_close(ek_tls_stream *stream) {
    ssl.ERR_clear_error();
    ssl.SSL_shutdown((SSL *)stream);
    ssl.ERR_clear_error();
    ssl.SSL_free((SSL *)stream);
}

static ssize_t explain(ek_tls_stream *stream, int result, bool *writes) {
    int error = ssl.SSL_get_error((SSL *)stream, result);
    *writes = error == ERROR_WANT_WRITE;
    if (error == ERROR_ZERO_RETURN) return 0;
    errno = error == ERROR_WANT_READ || error == ERROR_WANT_WRITE ? EAGAIN : ECONNRESET;
    return -1;
}

ssize_t ek_tls_read(ek_tls_stream *stream, void *p, size_t n, bool *writes) {
    *writes = false;
    ssl.ERR_clear_error();
    int got = ssl.SSL_read((SSL *)stream, p, (int)ek_min(n, INT_MAX));
    return got > 0 ? got : explain(stream, got, writes);
}

ssize_t ek_tls_write(ek_tls_stream *stream, const void *p, size_t n) {
    bool writes;
    ssl.ERR_clear_error();
    int put = ssl.SSL_write((SSL *)stream, p, (int)ek_min(n, INT_MAX));
    return put > 0 ? put : explain(stream, put, &writes);
}

bool ek_tls_pending(const ek_tls_stream *stream) {
    return ssl.SSL_pending((const SSL *)stream) > 0;
}
