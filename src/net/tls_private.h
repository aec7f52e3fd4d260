/* SPDX-License-Identifier: MIT */
/* What the files of TLS know of each other: settings (tls.c), OpenSSL (tls_ssl.c), the stream
 * (tls_stream.c). */
#ifndef GW_NET_TLS_PRIVATE_H
#define GW_NET_TLS_PRIVATE_H

#include "net/tls.h"
#include "net/tls_record.h"

#include <openssl/ssl.h>
#include <pthread.h>
#include <stdatomic.h>

enum { GW_TLS_ALPN_MAX = 255 };

struct gw_tls {
  _Atomic unsigned refs;
  pthread_mutex_t lock; /* held for a moment per handshake: ctx, session, session_name */
  SSL_CTX *ctx;         /* swapped whole by a reload */
  SSL_SESSION *session; /* client: the latest that may be resumed, with ... */
  char *session_name;   /* ... this server, and no other */
  char *cert_file, *key_file, *ca_file;
  bool is_client, verify_peer_off, want_client_cert;
  uint8_t alpn_len;
  uint8_t alpn[GW_TLS_ALPN_MAX]; /* as on the wire: each with its length before it */
};

/* A connection's state by the settings of now; a client's has the session to resume. NULL without
 * memory. */
SSL *gw_tls_connection_new(struct gw_tls *tls, const char *server_name);

/* ---- tls_ssl.c ---- */

enum { GW_TLS_OUT_SIZE = 8 * (GW_TLS_HEAD + GW_TLS_TEXT_MAX + GW_TLS_TAIL) };

/* The one BIO that all connections of a net share: during a call of OpenSSL it reads from `in` and
 * gathers for `lower`, which gets it by gw_tls_bio_flush or when there is no more room. */
struct gw_tls_bio {
  BIO_METHOD *method;
  BIO *bio;
  struct gw_stream *lower;
  const uint8_t *in;
  size_t in_len;
  int err;         /* of a write to `lower` */
  bool is_blocked; /* a write told of backpressure */
  size_t out_len;
  uint8_t out[GW_TLS_OUT_SIZE];
};

int gw_tls_bio_open(struct gw_tls_bio *bio);
void gw_tls_bio_close(struct gw_tls_bio *bio);
/* What was gathered, in one write; what that fails with. */
int gw_tls_bio_flush(struct gw_tls_bio *bio);

enum { GW_TLS_DONE = 1, GW_TLS_END = 2 };

/* What a server's handshake tells on its way: enough to go on without OpenSSL (TLS 1.3). */
struct gw_tls_secrets {
  uint8_t in[GW_TLS_SECRET_MAX], out[GW_TLS_SECRET_MAX];
  uint8_t in_len, out_len; /* 0: not known */
  uint64_t sealed;         /* records written by the last step; by the one that ends the handshake:
                              under the secret `out` */
};

/* For a server's SSL_CTX; the connections' app data is their gw_tls_secrets. */
void gw_tls_ssl_tell_secrets(SSL_CTX *ctx);

/* Each is one step with what `bio` lends. Below 0: the connection is over, `out_reason` is a static
 * text, and the alert has been written. */
/* 0: more is needed; GW_TLS_DONE. */
int gw_tls_ssl_handshake(SSL *ssl, struct gw_tls_bio *bio, const char **out_reason);
/* Opens records into `out` while a whole one fits; 0, or GW_TLS_END after the peer's close_notify.
 * `out_len` counts also on failure. */
int gw_tls_ssl_open(SSL *ssl, struct gw_tls_bio *bio, uint8_t *out, size_t room, size_t *out_len,
                    const char **out_reason);
int gw_tls_ssl_seal(SSL *ssl, struct gw_tls_bio *bio, const uint8_t *data, size_t len,
                    const char **out_reason);
/* Sends close_notify. */
void gw_tls_ssl_end(SSL *ssl, struct gw_tls_bio *bio);

#endif
