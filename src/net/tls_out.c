/* SPDX-License-Identifier: MIT */
/*
 * A TLS stream's way out: plaintext gathers to full records, sealed records gather in the net's
 * BIO, and leave in one write to the lower stream when the event is over, or at once where there is
 * none. What the BIO holds belongs to the stream that it was lent to last; only the corked one may
 * leave something there.
 */
#include "godwit/error.h"
#include "net/tls_private.h"

#include <string.h>

/* ---- to the lower stream ---- */

void gw_tls_out_forget(struct gw_tls_stream *s) {
  struct gw_tls_bio *bio = &s->shared->bio;
  if (bio->lower != s->lower) return;
  bio->lower = NULL;
  bio->out_len = 0;
}

void gw_tls_out_drop(struct gw_tls_stream *s, int err) {
  gw_tls_out_forget(s);
  s->is_closing = s->is_over = true;
  gw_stream_abort(s->lower, err);
}

int gw_tls_out_send(struct gw_tls_stream *s) {
  struct gw_tls_bio *bio = &s->shared->bio;
  if (bio->lower != s->lower) return 0;
  int err = gw_tls_bio_flush(bio);
  s->is_blocked |= bio->is_blocked;
  bio->is_blocked = false;
  if (err && !s->is_over) gw_tls_out_drop(s, err);
  return err ? GW_ERR_CLOSED : 0;
}

void gw_tls_out_lend(struct gw_tls_stream *s, const uint8_t *in, size_t len) {
  struct gw_tls_bio *bio = &s->shared->bio;
  if (bio->lower != s->lower) {
    if (s->shared->corked) gw_tls_out_send(s->shared->corked);
    bio->lower = s->lower;
  }
  bio->in = in;
  bio->in_len = len;
}

void gw_tls_out_fail(struct gw_tls_stream *s, int err, const char *reason) {
  if (s->is_over) return;
  s->err = err;
  s->reason = reason;
  if (gw_tls_out_send(s) < 0) return;
  s->is_closing = s->is_over = true;
  gw_stream_close(s->lower);
}

/* ---- records ---- */

/* Where the next record of `len` bytes goes. */
static uint8_t *record_room(struct gw_tls_stream *s, size_t len) {
  struct gw_tls_bio *bio = &s->shared->bio;
  if (sizeof bio->out - bio->out_len < GW_TLS_HEAD + len + GW_TLS_TAIL && gw_tls_out_send(s) < 0)
    return NULL;
  return bio->out + bio->out_len;
}

int gw_tls_out_record(struct gw_tls_stream *s, enum gw_tls_type type, const uint8_t *data,
                      size_t len) {
  uint8_t *out = record_room(s, len);
  if (!out) return GW_ERR_CLOSED;
  int n = gw_tls_record_seal(s->records, &s->shared->ciphers, type, data, len, out);
  if (n > 0) s->shared->bio.out_len += (size_t)n;
  return n < 0 ? n : 0;
}

/* RFC 8446, 4.6.3: what the peer asked for comes before our next data. */
static int update_keys(struct gw_tls_stream *s) {
  if (!s->records->owes_update && !gw_tls_records_are_worn(s->records)) return 0;
  uint8_t *out = record_room(s, sizeof s->records->message);
  int n = out ? gw_tls_record_update(s->records, &s->shared->ciphers, out) : GW_ERR_CLOSED;
  if (n > 0) s->shared->bio.out_len += (size_t)n;
  return n < 0 ? n : 0;
}

static int seal_records(struct gw_tls_stream *s, const uint8_t *data, size_t len) {
  int err = update_keys(s);
  for (size_t n; len && !err; data += n, len -= n) {
    n = len < GW_TLS_TEXT_MAX ? len : GW_TLS_TEXT_MAX;
    err = gw_tls_out_record(s, GW_TLS_DATA, data, n);
  }
  return err;
}

/* The same where OpenSSL seals, which counts and does not act. */
static int seal_by_ssl(struct gw_tls_stream *s, const uint8_t *data, size_t len,
                       const char **out_reason) {
  s->sealed += (uint32_t)(len / GW_TLS_TEXT_MAX) + 1;
  if (s->sealed > GW_TLS_WORN_AFTER && SSL_version(s->ssl) == TLS1_3_VERSION &&
      SSL_key_update(s->ssl, SSL_KEY_UPDATE_NOT_REQUESTED))
    s->sealed = 0;
  return gw_tls_ssl_seal(s->ssl, &s->shared->bio, data, len, out_reason);
}

static int seal(struct gw_tls_stream *s, const uint8_t *data, size_t len) {
  if (s->is_over) return GW_ERR_CLOSED;
  gw_tls_out_lend(s, NULL, 0);
  const char *reason = NULL;
  int err = s->records ? seal_records(s, data, len) : seal_by_ssl(s, data, len, &reason);
  if (err && !s->is_over) {
    s->reason = reason;
    gw_tls_out_drop(s, err);
  }
  if (err) return GW_ERR_CLOSED;
  return gw_tls_is_corked(s) ? 0 : gw_tls_out_send(s);
}

/* ---- gathering ---- */

static int flush_gathered(struct gw_tls_shared *shared, struct gw_tls_stream *s) {
  size_t len = shared->gathered;
  shared->gathered = 0;
  return len ? seal(s, shared->gather, len) : 0;
}

static int gather(struct gw_tls_stream *s, const uint8_t *data, size_t len) {
  struct gw_tls_shared *shared = s->shared;
  while (len) {
    size_t room = GW_TLS_TEXT_MAX - shared->gathered;
    size_t n = len < room ? len : room;
    int err = 0;
    if (shared->gathered == 0 && n == GW_TLS_TEXT_MAX) {
      n = len - len % GW_TLS_TEXT_MAX;
      err = seal(s, data, n);
    } else {
      memcpy(shared->gather + shared->gathered, data, n);
      shared->gathered += n;
      if (n == room) err = flush_gathered(shared, s);
    }
    if (err) return err;
    data += n;
    len -= n;
  }
  return 0;
}

int gw_tls_out_flush(struct gw_tls_stream *s) {
  if (s->handshake) return gw_tls_out_send(s);
  int err = gw_tls_is_corked(s) ? flush_gathered(s->shared, s) : 0;
  if (!err && s->waiting.len) err = seal(s, s->waiting.data, s->waiting.len);
  gw_buf_clear(&s->waiting);
  return err ? err : gw_tls_out_send(s);
}

void gw_tls_out_uncork(struct gw_tls_stream *s) {
  gw_tls_out_flush(s);
  s->shared->corked = NULL;
}

int gw_tls_out_write(struct gw_tls_stream *s, const struct gw_piece *pieces, unsigned n) {
  struct gw_tls_stream *corked = s->shared->corked;
  if (corked && corked != s) gw_tls_out_flush(corked);
  int err = 0;
  if (s->waiting.len) err = gather(s, s->waiting.data, s->waiting.len);
  gw_buf_clear(&s->waiting);
  for (unsigned i = 0; i < n && !err; i++)
    err = gather(s, pieces[i].data, pieces[i].len);
  if (!gw_tls_is_corked(s) && !err) err = flush_gathered(s->shared, s);
  return err;
}

/* ---- ends ---- */

static void send_close_notify(struct gw_tls_stream *s) {
  static const uint8_t alert[] = {1 /* warning */, GW_TLS_CLOSE_NOTIFY};
  gw_tls_out_lend(s, NULL, 0);
  if (s->records)
    (void)gw_tls_out_record(s, GW_TLS_ALERT, alert, sizeof alert);
  else
    gw_tls_ssl_end(s->ssl, &s->shared->bio);
}

void gw_tls_out_close(struct gw_tls_stream *s) {
  gw_tls_out_flush(s);
  if (s->is_over) return;
  if (!s->handshake) send_close_notify(s);
  if (gw_tls_out_send(s) < 0) return;
  s->is_over = true;
  gw_stream_close(s->lower);
}

void gw_tls_out_drained(struct gw_tls_stream *s) {
  if (!s->has_told || s->is_blocked || s->is_closing) return;
  s->has_told = false;
  if (s->stream.events->on_drain) s->stream.events->on_drain(&s->stream);
}
