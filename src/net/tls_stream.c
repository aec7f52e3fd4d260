/* SPDX-License-Identifier: MIT */
/*
 * TLS as a stream around a stream: its life, its operations, and the events of the lower stream.
 * The buffers belong to the net: an idle stream owns none. Everything that can go wrong ends in the
 * lower stream's close or abort, and this stream ends when that one does: the owner's on_close
 * comes from lower_closed alone.
 */
#include "godwit/error.h"
#include "net/net.h"
#include "net/tls_private.h"

#include <arpa/inet.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

enum {
  HANDSHAKE_TIMEOUT_MS = 10000,
  RECORD_OVERHEAD = GW_TLS_HEAD + 8 + GW_TLS_TAIL, /* TLS 1.2 has a nonce too */
  NESTING_MAX = 2,                                 /* TLS to a proxy, TLS through it */
};

static const struct gw_stream_ops tls_ops;

static struct gw_tls_stream *of(const struct gw_stream *stream) {
  return gw_container_of(stream, struct gw_tls_stream, stream);
}

static void timed_out(struct gw_timer *timer) {
  struct gw_tls_stream *s = gw_container_of(timer, struct gw_tls_handshake, timer)->stream;
  s->reason = "the TLS handshake took too long";
  gw_tls_out_drop(s, GW_ERR_TIMEOUT);
}

/* ---- the end of the turn ---- */

static void retired(struct gw_task *task) {
  struct gw_tls_stream *s = gw_container_of(task, struct gw_tls_stream, work);
  gw_tls_unref(s->tls);
  free(s);
}

static void retire(struct gw_tls_stream *s) {
  s->work.run = retired;
  gw_loop_retire(gw_net_loop(s->stream.net), &s->work);
}

static void work_run(struct gw_task *task) {
  struct gw_tls_stream *s = gw_container_of(task, struct gw_tls_stream, work);
  s->has_work = false;
  if (s->is_gone) retire(s);
  if (s->is_over) return;
  s->shared->corked = s;
  if ((s->has_backlog || s->is_cut) && !s->is_paused) gw_tls_in_resume(s);
  gw_tls_out_uncork(s);
}

static void work_queue(struct gw_tls_stream *s) {
  if (s->has_work) return;
  s->has_work = true;
  gw_loop_defer(gw_net_loop(s->stream.net), &s->work);
}

/* ---- events of the lower stream ---- */

static void lower_data(struct gw_stream *lower, uint8_t *data, size_t len) {
  struct gw_tls_stream *s = lower->owner;
  if (s->is_over) return;
  s->shared->corked = s;
  gw_tls_in_feed(s, data, len);
  gw_tls_out_uncork(s);
}

static void lower_ended(struct gw_stream *lower) {
  struct gw_tls_stream *s = lower->owner;
  if (s->has_backlog)
    s->is_cut = true;
  else
    gw_tls_in_cut(s);
}

static void lower_drained(struct gw_stream *lower) {
  struct gw_tls_stream *s = lower->owner;
  s->is_blocked = false;
  gw_tls_out_drained(s);
}

static void lower_closed(struct gw_stream *lower, int err) {
  struct gw_tls_stream *s = lower->owner;
  s->is_closing = s->is_over = s->is_gone = true;
  if (!s->err) s->err = err;
  gw_tls_out_forget(s);
  gw_tls_in_handshake_end(s);
  s->stream.events->on_close(&s->stream, s->err);
  gw_buf_clear(&s->waiting);
  gw_buf_clear(&s->held);
  SSL_free(s->ssl);
  s->ssl = NULL;
  if (s->records) OPENSSL_cleanse(s->records, sizeof *s->records);
  free(s->records);
  s->records = NULL;
  if (!s->has_work) retire(s); /* otherwise the work does, still in this turn */
}

static const struct gw_stream_events lower_events = {.on_data = lower_data,
                                                     .on_end = lower_ended,
                                                     .on_drain = lower_drained,
                                                     .on_close = lower_closed};

/* ---- what a stream does ---- */

static size_t tls_pending(const struct gw_stream *stream) {
  const struct gw_tls_stream *s = of(stream);
  size_t here = gw_tls_is_corked(s) ? s->shared->gathered + s->shared->bio.out_len : 0;
  return s->waiting.len + here + gw_stream_pending(s->lower);
}

static int wait_for_turn(struct gw_tls_stream *s, const struct gw_piece *pieces, unsigned n,
                         size_t total) {
  int err = gw_buf_reserve(&s->waiting, total);
  if (err) return err;
  for (unsigned i = 0; i < n; i++)
    gw_buf_add(&s->waiting, pieces[i].data, pieces[i].len);
  if (!s->handshake) work_queue(s);
  return 0;
}

/* A write of nothing: whether the kernel lets bytes wait is known below. */
static int asks(struct gw_tls_stream *s) {
  int rc = s->is_blocked ? 1 : gw_stream_write(s->lower, NULL, 0);
  if (rc > 0) s->is_blocked = s->has_told = true;
  return rc;
}

static int tls_write(struct gw_stream *stream, const struct gw_piece *pieces, unsigned n) {
  struct gw_tls_stream *s = of(stream);
  if (s->is_closing) return GW_ERR_CLOSED;
  size_t total = 0, pending = tls_pending(stream);
  for (unsigned i = 0; i < n; i++)
    total += pieces[i].len;
  if (total == 0) return asks(s);
  size_t cost = total + (total / GW_TLS_TEXT_MAX + 2) * RECORD_OVERHEAD;
  /* A little less than the lower stream's cap: what is sealed must not be refused. */
  size_t cap = stream->net->outbox_cap - stream->net->outbox_cap / 32;
  if (pending > cap || cost > cap - pending) return GW_ERR_FULL;
  bool is_small = s->waiting.len + total < GW_TLS_TEXT_MAX;
  int err = s->handshake || (is_small && !gw_tls_is_corked(s)) ? wait_for_turn(s, pieces, n, total)
                                                               : gw_tls_out_write(s, pieces, n);
  if (!err && tls_pending(stream) > stream->net->outbox_high) {
    err = gw_tls_out_flush(s);
    s->is_blocked |= s->handshake != NULL;
  }
  if (err) return err;
  s->has_told |= s->is_blocked;
  return s->is_blocked;
}

static void tls_pause(struct gw_stream *stream, bool is_paused) {
  struct gw_tls_stream *s = of(stream);
  if (s->is_paused == is_paused || s->is_over) return;
  s->is_paused = is_paused;
  if (s->handshake) return;
  if (!is_paused && (s->has_backlog || s->is_cut))
    work_queue(s);
  else
    gw_stream_pause(s->lower, is_paused);
}

static void tls_close(struct gw_stream *stream) {
  struct gw_tls_stream *s = of(stream);
  if (s->is_closing) return;
  s->is_closing = true;
  if (!s->handshake || !s->waiting.len) gw_tls_out_close(s);
}

static void tls_abort(struct gw_stream *stream, int err) {
  gw_tls_out_drop(of(stream), err);
}

static struct gw_stream *tls_lower(const struct gw_stream *stream) {
  return of(stream)->lower;
}

static int tls_fd(const struct gw_stream *stream) {
  (void)stream;
  return -1;
}

static const struct gw_stream_ops tls_ops = {.write = tls_write,
                                             .pending = tls_pending,
                                             .pause = tls_pause,
                                             .close = tls_close,
                                             .abort = tls_abort,
                                             .lower = tls_lower,
                                             .fd = tls_fd};

/* ---- making one ---- */

static int shared_get(struct gw_tls_shared **slot, unsigned depth, struct gw_tls_shared **out) {
  if (depth == NESTING_MAX) return GW_ERR_ARGUMENT;
  if (!*slot) {
    struct gw_tls_shared *shared = malloc(sizeof *shared);
    if (!shared) return GW_ERR_MEMORY;
    shared->corked = NULL;
    shared->gathered = 0;
    shared->inner = NULL;
    shared->bio.is_blocked = false;
    if (gw_tls_bio_open(&shared->bio) < 0) {
      free(shared);
      return GW_ERR_MEMORY;
    }
    if (gw_tls_ciphers_open(&shared->ciphers) < 0) {
      gw_tls_bio_close(&shared->bio);
      free(shared);
      return GW_ERR_MEMORY;
    }
    *slot = shared;
  }
  *out = *slot;
  return 0;
}

static int shared_find(struct gw_stream *lower, struct gw_tls_shared **out) {
  struct gw_tls_shared **slot = &lower->net->tls;
  unsigned depth = 0;
  for (; lower; lower = lower->ops->lower(lower)) {
    if (lower->ops != &tls_ops) continue;
    slot = &(*slot)->inner;
    depth++;
  }
  return shared_get(slot, depth, out);
}

void gw_tls_shared_free(struct gw_tls_shared *shared) {
  if (!shared) return;
  gw_tls_shared_free(shared->inner);
  gw_tls_ciphers_close(&shared->ciphers);
  gw_tls_bio_close(&shared->bio);
  free(shared);
}

/* RFC 6066, 3: SNI is for names; an address is only verified. */
static int name_set(SSL *ssl, const char *name) {
  uint8_t address[16];
  if (!*name) return GW_ERR_ARGUMENT; /* to OpenSSL it would mean: any */
  if (inet_pton(AF_INET, name, address) == 1 || inet_pton(AF_INET6, name, address) == 1)
    return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name) ? 0 : GW_ERR_TLS;
  SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  return SSL_set1_host(ssl, name) && SSL_set_tlsext_host_name(ssl, name) ? 0 : GW_ERR_TLS;
}

static int ssl_open(struct gw_tls_stream *s, const char *server_name) {
  s->ssl = gw_tls_connection_new(s->tls, server_name);
  if (!s->ssl) return GW_ERR_MEMORY;
  BIO *bio = s->shared->bio.bio;
  BIO_up_ref(bio);
  BIO_up_ref(bio);
  SSL_set0_rbio(s->ssl, bio);
  SSL_set0_wbio(s->ssl, bio);
  if (!s->tls->is_client) {
    SSL_set_app_data(s->ssl, &s->handshake->secrets);
    SSL_set_accept_state(s->ssl);
    return 0;
  }
  SSL_set_connect_state(s->ssl);
  return server_name ? name_set(s->ssl, server_name) : 0;
}

static int stream_init(struct gw_tls_stream *s, const char *server_name, unsigned timeout_ms) {
  int err = shared_find(s->lower, &s->shared);
  if (err) return err;
  s->handshake = calloc(1, sizeof *s->handshake);
  if (!s->handshake) return GW_ERR_MEMORY;
  s->handshake->stream = s;
  s->handshake->timer.on_due = timed_out;
  err = ssl_open(s, server_name);
  if (err) return err;
  gw_tls_out_lend(s, NULL, 0);
  const char *reason;
  int rc = s->tls->is_client ? gw_tls_ssl_handshake(s->ssl, &s->shared->bio, &reason) : 0;
  if (rc >= 0) rc = gw_tls_out_send(s);
  if (rc < 0) return rc;
  gw_loop_timer_set(gw_net_loop(s->stream.net), &s->handshake->timer,
                    timeout_ms ? timeout_ms : HANDSHAKE_TIMEOUT_MS);
  return 0;
}

static void orphan_data(struct gw_stream *stream, uint8_t *data, size_t len) {
  (void)stream, (void)data, (void)len;
}
static void orphan_closed(struct gw_stream *stream, int err) {
  (void)stream, (void)err;
}
static const struct gw_stream_events orphan_events = {.on_data = orphan_data,
                                                      .on_close = orphan_closed};

static int refuse(struct gw_stream *lower, struct gw_tls_stream *s, int err) {
  if (s) {
    if (s->shared) gw_tls_out_forget(s);
    SSL_free(s->ssl);
    free(s->handshake);
    free(s);
  }
  gw_stream_own(lower, &orphan_events, NULL);
  gw_stream_abort(lower, err);
  return err;
}

int gw_tls_stream_new(struct gw_tls *tls, struct gw_stream *lower, const char *server_name,
                      unsigned timeout_ms, struct gw_stream **out_stream) {
  struct gw_tls_stream *s = calloc(1, sizeof *s);
  if (!s) return refuse(lower, NULL, GW_ERR_MEMORY);
  s->stream = (struct gw_stream){.ops = &tls_ops, .events = &orphan_events, .net = lower->net};
  s->lower = lower;
  s->tls = tls;
  s->work.run = work_run;
  gw_buf_init(&s->waiting, lower->net->outbox_cap);
  gw_buf_init(&s->held, GW_TLS_HELD_MAX);
  int err = stream_init(s, server_name, timeout_ms);
  if (err) return refuse(lower, s, err);
  gw_tls_ref(tls);
  gw_stream_own(lower, &lower_events, s);
  *out_stream = &s->stream;
  return 0;
}

struct gw_str gw_tls_stream_alpn(const struct gw_stream *stream) {
  const struct gw_tls_stream *s = of(stream);
  const uint8_t *list = s->tls->alpn;
  return s->alpn ? (struct gw_str){(const char *)list + s->alpn, list[s->alpn - 1]} : GW_STR("");
}

const char *gw_tls_stream_reason(const struct gw_stream *stream) {
  const struct gw_tls_stream *s = of(stream);
  return s->reason ? s->reason : gw_error_text(s->err);
}

bool gw_tls_stream_is_resumed(const struct gw_stream *stream) {
  return of(stream)->is_resumed;
}
