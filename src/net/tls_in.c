/* SPDX-License-Identifier: MIT */
/*
 * A TLS stream's way in: the handshake, then records, by OpenSSL's connection or by the traffic
 * keys alone. What one on_data of the lower stream completes is opened into the net's buffer and
 * told in one on_data. Only the start of a record, and what came before a pause, is kept in `held`,
 * sealed.
 */
#include "godwit/error.h"
#include "net/tls_private.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

/* ---- the handshake ---- */

void gw_tls_in_handshake_end(struct gw_tls_stream *s) {
  if (!s->handshake) return;
  gw_loop_timer_cancel(gw_net_loop(s->stream.net), &s->handshake->timer);
  OPENSSL_cleanse(&s->handshake->secrets, sizeof s->handshake->secrets);
  if (s->ssl) SSL_set_app_data(s->ssl, NULL);
  free(s->handshake);
  s->handshake = NULL;
}

/* What is asked of OpenSSL once, while it is there. */
static void note_outcome(struct gw_tls_stream *s) {
  const uint8_t *name = NULL;
  unsigned len = 0;
  s->is_resumed = SSL_session_reused(s->ssl);
  SSL_get0_alpn_selected(s->ssl, &name, &len);
  const uint8_t *list = s->tls->alpn;
  for (size_t i = 0; len && i < s->tls->alpn_len; i += 1u + list[i])
    if (list[i] == len && memcmp(list + i + 1, name, len) == 0) s->alpn = (uint8_t)(i + 1);
}

/* A server's TLS 1.3 needs no more of OpenSSL's connection, nor the memory that it takes; without
 * memory for the change it stays. A client keeps it, for the tickets that come later. */
static void detach(struct gw_tls_stream *s) {
  struct gw_tls_secrets *secrets = &s->handshake->secrets;
  if (s->tls->is_client || SSL_version(s->ssl) != TLS1_3_VERSION) return;
  if (SSL_has_pending(s->ssl)) return; /* it has read more than the handshake: it goes on itself */
  unsigned suite = SSL_CIPHER_get_protocol_id(SSL_get_current_cipher(s->ssl));
  size_t len = gw_tls_suite_secret_len(suite);
  if (!len || secrets->in_len != len || secrets->out_len != len) return;
  struct gw_tls_records *records = malloc(sizeof *records);
  if (!records) return;
  if (gw_tls_records_init(records, &s->shared->ciphers, suite, secrets->in, secrets->out,
                          secrets->sealed) < 0) {
    OPENSSL_cleanse(records, sizeof *records);
    free(records);
    return;
  }
  s->records = records;
  SSL_free(s->ssl);
  s->ssl = NULL;
}

static void opened(struct gw_tls_stream *s) {
  note_outcome(s);
  detach(s);
  gw_tls_in_handshake_end(s);
  s->is_blocked = false;
  gw_tls_out_flush(s);
  if (s->is_closing) {
    gw_tls_out_close(s);
    return;
  }
  if (s->is_paused) gw_stream_pause(s->lower, true);
  if (s->stream.events->on_open) s->stream.events->on_open(&s->stream);
  gw_tls_out_drained(s);
}

/* A step of the handshake; gives whether it is done. */
static bool shake(struct gw_tls_stream *s) {
  const char *reason = NULL;
  int rc = gw_tls_ssl_handshake(s->ssl, &s->shared->bio, &reason);
  if (rc < 0) gw_tls_out_fail(s, rc, reason);
  return rc == GW_TLS_DONE;
}

/* ---- records ---- */

struct input {
  const uint8_t *at;
  size_t len;
};

static void skip(struct input *in, size_t n) {
  in->at += n;
  in->len -= n;
}

static int open_record(struct gw_tls_stream *s, const uint8_t *in, size_t size, size_t *n) {
  size_t len = 0;
  int rc =
      gw_tls_record_open(s->records, &s->shared->ciphers, in, size, s->shared->opened + *n, &len);
  *n += len;
  return rc > 0 ? GW_TLS_END : rc;
}

/* Moves input to `held` until that has `size` bytes. */
static int top_up(struct gw_tls_stream *s, struct input *in, size_t size) {
  size_t lack = size > s->held.len ? size - s->held.len : 0;
  size_t n = lack < in->len ? lack : in->len;
  int err = gw_buf_add(&s->held, in->at, n);
  if (!err) skip(in, n);
  return err;
}

/* The size of the record that begins here; 0: it is not all there. One that is longer than it may
 * be, or is not sealed, is not waited for. */
static size_t whole_record(const uint8_t *at, size_t len) {
  size_t size = gw_tls_record_size(at, len);
  bool is_hopeless = size > GW_TLS_HEAD + GW_TLS_BODY_MAX || (size && at[0] != GW_TLS_DATA);
  return size > len && !is_hopeless ? 0 : size;
}

/* A record that came in parts. */
static int open_held(struct gw_tls_stream *s, struct input *in, size_t *n) {
  int err = top_up(s, in, GW_TLS_HEAD);
  size_t size = gw_tls_record_size(s->held.data, s->held.len);
  if (!err && size && !whole_record(s->held.data, s->held.len)) err = top_up(s, in, size);
  size = whole_record(s->held.data, s->held.len);
  if (err || !size) return err;
  int rc = open_record(s, s->held.data, size, n);
  gw_buf_clear(&s->held);
  return rc;
}

static int open_records(struct gw_tls_stream *s, struct input *in, size_t *n) {
  if (s->held.len) {
    int rc = open_held(s, in, n);
    if (rc || s->held.len) return rc;
  }
  for (size_t size; GW_TLS_OPENED_ROOM - *n >= GW_TLS_BODY_MAX; skip(in, size)) {
    size = whole_record(in->at, in->len);
    if (!size) return 0;
    int rc = open_record(s, in->at, size, n);
    if (rc) return rc;
  }
  return 0;
}

/* ---- what came ---- */

static void end(struct gw_tls_stream *s) {
  s->is_ended = true;
  if (s->stream.events->on_end)
    s->stream.events->on_end(&s->stream);
  else
    gw_stream_close(&s->stream);
}

/* The peer's alert is the reason, or ours, which it is sent; after what its good records made the
 * owner write, as nothing may follow it (RFC 8446, 6.2). */
static void records_failed(struct gw_tls_stream *s) {
  const uint8_t ours = s->records->alert, peers = s->records->peer_alert;
  const uint8_t alert[] = {2 /* fatal */, ours};
  gw_tls_out_lend(s, NULL, 0);
  if (!peers) (void)gw_tls_out_record(s, GW_TLS_ALERT, alert, sizeof alert);
  gw_tls_out_fail(s, GW_ERR_TLS, SSL_alert_desc_string_long(peers ? peers : ours));
}

/* Opens as much of the input as one on_data takes, and tells. */
static void open_some(struct gw_tls_stream *s, struct input *in) {
  struct gw_tls_shared *shared = s->shared;
  size_t n = 0;
  const char *reason = NULL;
  int rc;
  if (s->records) {
    rc = open_records(s, in, &n);
  } else {
    gw_tls_out_lend(s, in->at, in->len);
    rc = gw_tls_ssl_open(s->ssl, &shared->bio, shared->opened, GW_TLS_OPENED_ROOM, &n, &reason);
    *in = (struct input){shared->bio.in, shared->bio.in_len};
  }
  if (n) s->stream.events->on_data(&s->stream, shared->opened, n);
  if (s->is_closing) return;
  if (rc == GW_ERR_TLS && s->records)
    records_failed(s);
  else if (rc < 0)
    gw_tls_out_fail(s, rc, reason);
  if (rc == GW_TLS_END) end(s);
}

/* Keeps what cannot be opened yet; room for a whole record at once where a good part of it is
 * there: five bytes must not buy sixteen thousand. */
static void hold(struct gw_tls_stream *s, const struct input *in) {
  size_t size = s->is_paused ? 0 : gw_tls_record_size(in->at, in->len);
  int err = size > in->len && in->len >= size / 8 ? gw_buf_reserve(&s->held, size) : 0;
  if (!err) err = gw_buf_add(&s->held, in->at, in->len);
  if (err) gw_tls_out_drop(s, err);
  s->has_backlog = s->is_paused;
}

void gw_tls_in_feed(struct gw_tls_stream *s, const uint8_t *data, size_t len) {
  struct input in = {data, len};
  if (s->handshake) {
    gw_tls_out_lend(s, in.at, in.len);
    if (!shake(s)) return;
    in = (struct input){s->shared->bio.in, s->shared->bio.in_len};
    opened(s);
  }
  for (size_t before = 0; in.len != before && !s->is_paused && !s->is_closing && !s->is_ended;) {
    before = in.len;
    open_some(s, &in);
  }
  if (in.len && !s->is_closing && !s->is_ended) hold(s, &in);
}

void gw_tls_in_cut(struct gw_tls_stream *s) {
  if (s->is_over || s->is_ended) return;
  if (s->handshake) s->reason = "the peer ended the connection during the TLS handshake";
  gw_tls_out_drop(s, GW_ERR_RESET);
}

void gw_tls_in_resume(struct gw_tls_stream *s) {
  struct gw_buf held = s->held;
  gw_buf_init(&s->held, GW_TLS_HELD_MAX);
  s->has_backlog = false;
  gw_tls_in_feed(s, held.data, held.len);
  gw_buf_clear(&held);
  if (s->has_backlog || s->is_paused || s->is_over) return;
  gw_stream_pause(s->lower, false);
  if (s->is_cut) gw_tls_in_cut(s);
}
