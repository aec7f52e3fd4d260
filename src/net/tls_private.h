/* SPDX-License-Identifier: MIT */
/* What the files of TLS know of each other: settings (tls.c), OpenSSL (tls_ssl.c), the stream
 * (tls_stream.c) with its ways in (tls_in.c) and out (tls_out.c). */
#ifndef GW_NET_TLS_PRIVATE_H
#define GW_NET_TLS_PRIVATE_H

#include "base/buf.h"
#include "net/inside.h"
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

/* ---- tls_stream.c ---- */

enum {
  GW_TLS_OPENED_ROOM = GW_NET_READ_SIZE + 2 * GW_TLS_TEXT_MAX, /* all that one receive completes */
  GW_TLS_HELD_MAX = 4 * 1024 * 1024, /* against a peer that sends on while its owner pauses: one
                                        on_data of the lower stream, which is paused too */
};

struct gw_tls_stream;

/* What the TLS streams of one net share; a second one for those that lie inside another. */
struct gw_tls_shared {
  struct gw_tls_bio bio;
  struct gw_tls_ciphers ciphers;
  struct gw_tls_stream *corked; /* inside an event of this one: its writes gather */
  size_t gathered;
  struct gw_tls_shared *inner;
  uint8_t gather[GW_TLS_TEXT_MAX];
  uint8_t headroom[GW_STREAM_HEADROOM]; /* before `opened`, the callee's */
  uint8_t opened[GW_TLS_OPENED_ROOM];
};

/* What only a handshake needs. */
struct gw_tls_handshake {
  struct gw_timer timer;
  struct gw_tls_stream *stream;
  struct gw_tls_secrets secrets;
};

struct gw_tls_stream {
  struct gw_stream stream;
  struct gw_stream *lower;
  struct gw_tls *tls;
  struct gw_tls_shared *shared;
  SSL *ssl;                           /* NULL where `records` took over */
  struct gw_tls_records *records;     /* a server's TLS 1.3 after the handshake */
  struct gw_tls_handshake *handshake; /* NULL: done */
  struct gw_buf waiting;              /* plaintext for the end of the turn, or of the handshake */
  struct gw_buf held;  /* sealed input: a partial record, or what came while paused */
  struct gw_task work; /* at the end of the turn */
  const char *reason;
  int err;
  uint32_t sealed; /* records under one key, where OpenSSL seals them */
  uint8_t alpn;    /* where tls->alpn has the length of the chosen one, plus 1; 0: none */
  bool has_work : 1;
  bool is_paused : 1;
  bool has_backlog : 1; /* `held` waits for the owner to go on */
  bool is_closing : 1;  /* the owner closed, or it failed: no more events but on_close */
  bool is_over : 1;     /* the lower stream is closing: nothing more is sealed or opened */
  bool is_ended : 1;    /* close_notify came */
  bool is_cut : 1;      /* FIN came while input was held */
  bool is_blocked : 1;  /* the lower stream told of backpressure ... */
  bool has_told : 1;    /* ... and so did we */
  bool is_gone : 1;     /* on_close has been called */
  bool is_resumed : 1;
};

static inline bool gw_tls_is_corked(const struct gw_tls_stream *s) {
  return s->shared->corked == s;
}

/* ---- tls_out.c ---- */

/* The BIO is this stream's until it is lent to another, with this input. */
void gw_tls_out_lend(struct gw_tls_stream *s, const uint8_t *in, size_t len);
/* This stream has nothing more to do with the BIO. */
void gw_tls_out_forget(struct gw_tls_stream *s);
/* What the BIO has gathered goes to the lower stream. GW_ERR_CLOSED: the stream is over. */
int gw_tls_out_send(struct gw_tls_stream *s);
/* Plaintext: gathers during an event; otherwise it all goes at once, with what waited before it. */
int gw_tls_out_write(struct gw_tls_stream *s, const struct gw_piece *pieces, unsigned n);
/* All that waits goes now. */
int gw_tls_out_flush(struct gw_tls_stream *s);
/* The event of this stream is over. */
void gw_tls_out_uncork(struct gw_tls_stream *s);
/* One record, into the BIO. Only where there are `records`. */
int gw_tls_out_record(struct gw_tls_stream *s, enum gw_tls_type type, const uint8_t *data,
                      size_t len);
/* The three ends: in good order; with what the BIO has gathered, which is the alert; at once. */
void gw_tls_out_close(struct gw_tls_stream *s);
void gw_tls_out_fail(struct gw_tls_stream *s, int err, const char *reason);
void gw_tls_out_drop(struct gw_tls_stream *s, int err);
/* Tells the owner, where it waits for that. */
void gw_tls_out_drained(struct gw_tls_stream *s);

/* ---- tls_in.c ---- */

/* Sealed input: goes on with the handshake, opens what it can, tells the owner. */
void gw_tls_in_feed(struct gw_tls_stream *s, const uint8_t *data, size_t len);
/* The owner goes on after a pause: what came meanwhile. */
void gw_tls_in_resume(struct gw_tls_stream *s);
/* FIN without close_notify: what came may be less than what was sent (RFC 8446, 6.1). */
void gw_tls_in_cut(struct gw_tls_stream *s);
void gw_tls_in_handshake_end(struct gw_tls_stream *s);

#endif
