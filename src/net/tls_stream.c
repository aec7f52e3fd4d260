/* SPDX-License-Identifier: MIT */
/*
 * TLS as a stream around a stream. What came in one on_data from below is opened into one buffer
 * and told in one on_data; what is written during it gathers to full records and leaves before it
 * returns; what is written otherwise waits for the end of the turn, so that small writes share a
 * record. The buffers belong to the net: an idle stream owns none. Everything that can go wrong
 * ends in the lower stream's close or abort, and this stream ends when that one does: the owner's
 * on_close comes from lower_closed alone.
 */
#include "base/buf.h"
#include "godwit/error.h"
#include "net/inside.h"
#include "net/net.h"
#include "net/tls_private.h"

#include <arpa/inet.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

enum {
  OPENED_ROOM = GW_NET_READ_SIZE + 2 * GW_TLS_TEXT_MAX, /* all that one receive can complete */
  HELD_MAX = 4 * 1024 * 1024, /* input that came before a pause: one on_data of the lower stream,
                                 which is paused too */
  HANDSHAKE_TIMEOUT_MS = 10000,
  RECORD_OVERHEAD = GW_TLS_HEAD + 8 + GW_TLS_TAIL, /* TLS 1.2 has a nonce too */
  NESTING_MAX = 2,                                 /* TLS to a proxy, TLS through it */
};

struct tls_stream;

/* What the TLS streams of one net share; a second one for those that lie inside another. */
struct gw_tls_shared {
  struct gw_tls_bio bio;
  struct gw_tls_ciphers ciphers;
  struct tls_stream *corked; /* inside an event of this one: its writes gather */
  size_t gathered;
  struct gw_tls_shared *inner;
  uint8_t gather[GW_TLS_TEXT_MAX];
  uint8_t headroom[GW_STREAM_HEADROOM]; /* before `opened`, the callee's */
  uint8_t opened[OPENED_ROOM];
};

/* What only a handshake needs. */
struct handshake {
  struct gw_timer timer;
  struct tls_stream *stream;
  struct gw_tls_secrets secrets;
};

struct tls_stream {
  struct gw_stream stream;
  struct gw_stream *lower;
  struct gw_tls *tls;
  struct gw_tls_shared *shared;
  SSL *ssl;                       /* NULL where `records` took over */
  struct gw_tls_records *records; /* a server's TLS 1.3 after the handshake */
  struct handshake *handshake;    /* NULL: done */
  struct gw_buf waiting;          /* plaintext for the end of the turn, or of the handshake */
  struct gw_buf held;             /* sealed input: a partial record, or what came while paused */
  struct gw_task work;            /* at the end of the turn */
  const char *reason;
  int err;
  uint8_t alpn; /* where tls->alpn has the length of the chosen one, plus 1; 0: none */
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

static const struct gw_stream_ops tls_ops;

static struct tls_stream *of(const struct gw_stream *stream) {
  return gw_container_of(stream, struct tls_stream, stream);
}

static bool is_corked(const struct tls_stream *s) {
  return s->shared->corked == s;
}

/* ---- endings ---- */

static void handshake_end(struct tls_stream *s) {
  if (!s->handshake) return;
  gw_loop_timer_cancel(gw_net_loop(s->stream.net), &s->handshake->timer);
  OPENSSL_cleanse(&s->handshake->secrets, sizeof s->handshake->secrets);
  if (s->ssl) SSL_set_app_data(s->ssl, NULL);
  free(s->handshake);
  s->handshake = NULL;
}

static void drop(struct tls_stream *s, int err) {
  struct gw_tls_bio *bio = &s->shared->bio;
  if (bio->lower == s->lower) bio->out_len = 0;
  s->is_closing = s->is_over = true;
  gw_stream_abort(s->lower, err);
}

/* FIN without close_notify: what came may be less than what was sent (RFC 8446, 6.1). */
static void cut_off(struct tls_stream *s) {
  if (s->is_over || s->is_ended) return;
  if (s->handshake) s->reason = "the peer ended the connection during the TLS handshake";
  drop(s, GW_ERR_RESET);
}

static void timed_out(struct gw_timer *timer) {
  struct tls_stream *s = gw_container_of(timer, struct handshake, timer)->stream;
  s->reason = "the TLS handshake took too long";
  drop(s, GW_ERR_TIMEOUT);
}

/* ---- to and from OpenSSL ---- */

static int flush_out(struct tls_stream *s) {
  struct gw_tls_bio *bio = &s->shared->bio;
  if (bio->lower != s->lower) return 0;
  int err = gw_tls_bio_flush(bio);
  s->is_blocked |= bio->is_blocked;
  bio->is_blocked = false;
  if (err && !s->is_over) drop(s, err);
  return err ? GW_ERR_CLOSED : 0;
}

/* What is gathered belongs to the one whom the BIO was lent to last. */
static void lend(struct tls_stream *s, const uint8_t *in, size_t len) {
  struct gw_tls_bio *bio = &s->shared->bio;
  if (bio->lower != s->lower) {
    if (s->shared->corked) flush_out(s->shared->corked);
    bio->lower = s->lower;
  }
  bio->in = in;
  bio->in_len = len;
}

/* What OpenSSL has written, the alert, goes out before the FIN. */
static void fail(struct tls_stream *s, int err, const char *reason) {
  if (s->is_over) return;
  s->err = err;
  s->reason = reason;
  if (flush_out(s) < 0) return;
  s->is_closing = s->is_over = true;
  gw_stream_close(s->lower);
}

/* ---- sealing ---- */

/* Where the next record of `len` bytes goes. */
static uint8_t *record_room(struct tls_stream *s, size_t len) {
  struct gw_tls_bio *bio = &s->shared->bio;
  if (sizeof bio->out - bio->out_len < GW_TLS_HEAD + len + GW_TLS_TAIL && flush_out(s) < 0)
    return NULL;
  return bio->out + bio->out_len;
}

static int seal_record(struct tls_stream *s, enum gw_tls_type type, const uint8_t *data,
                       size_t len) {
  uint8_t *out = record_room(s, len);
  if (!out) return GW_ERR_CLOSED;
  int n = gw_tls_record_seal(s->records, &s->shared->ciphers, type, data, len, out);
  if (n > 0) s->shared->bio.out_len += (size_t)n;
  return n < 0 ? n : 0;
}

/* RFC 8446, 4.6.3: what the peer asked for comes before our next data. */
static int update_keys(struct tls_stream *s) {
  if (!s->records->owes_update && !gw_tls_records_are_worn(s->records)) return 0;
  uint8_t *out = record_room(s, sizeof s->records->message);
  int n = out ? gw_tls_record_update(s->records, &s->shared->ciphers, out) : GW_ERR_CLOSED;
  if (n > 0) s->shared->bio.out_len += (size_t)n;
  return n < 0 ? n : 0;
}

static int seal_records(struct tls_stream *s, const uint8_t *data, size_t len) {
  int err = update_keys(s);
  for (size_t n; len && !err; data += n, len -= n) {
    n = len < GW_TLS_TEXT_MAX ? len : GW_TLS_TEXT_MAX;
    err = seal_record(s, GW_TLS_DATA, data, n);
  }
  return err;
}

static int seal(struct tls_stream *s, const uint8_t *data, size_t len) {
  if (s->is_over) return GW_ERR_CLOSED;
  lend(s, NULL, 0);
  const char *reason = NULL;
  int err = s->records ? seal_records(s, data, len)
                       : gw_tls_ssl_seal(s->ssl, &s->shared->bio, data, len, &reason);
  if (err && !s->is_over) {
    s->reason = reason;
    drop(s, err);
  }
  if (err) return GW_ERR_CLOSED;
  return is_corked(s) ? 0 : flush_out(s);
}

static int flush_gathered(struct gw_tls_shared *shared, struct tls_stream *s) {
  size_t len = shared->gathered;
  shared->gathered = 0;
  return len ? seal(s, shared->gather, len) : 0;
}

static int gather(struct tls_stream *s, const uint8_t *data, size_t len) {
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

/* All that waits becomes records now. */
static int flush(struct tls_stream *s) {
  if (s->handshake) return flush_out(s);
  int err = is_corked(s) ? flush_gathered(s->shared, s) : 0;
  if (!err && s->waiting.len) err = seal(s, s->waiting.data, s->waiting.len);
  gw_buf_clear(&s->waiting);
  return err ? err : flush_out(s);
}

static void uncork(struct tls_stream *s) {
  flush(s);
  s->shared->corked = NULL;
}

/* ---- opening ---- */

static void end(struct tls_stream *s) {
  s->is_ended = true;
  if (s->stream.events->on_end)
    s->stream.events->on_end(&s->stream);
  else
    gw_stream_close(&s->stream);
}

static void send_close_notify(struct tls_stream *s) {
  static const uint8_t alert[] = {1, GW_TLS_CLOSE_NOTIFY};
  lend(s, NULL, 0);
  if (s->records)
    (void)seal_record(s, GW_TLS_ALERT, alert, sizeof alert);
  else
    gw_tls_ssl_end(s->ssl, &s->shared->bio);
}

static void close_now(struct tls_stream *s) {
  flush(s);
  if (s->is_over) return;
  if (!s->handshake) send_close_notify(s);
  if (flush_out(s) < 0) return;
  s->is_over = true;
  gw_stream_close(s->lower);
}

static void tell_drained(struct tls_stream *s) {
  if (!s->has_told || s->is_blocked || s->is_closing) return;
  s->has_told = false;
  if (s->stream.events->on_drain) s->stream.events->on_drain(&s->stream);
}

/* What is asked of OpenSSL once, while it is there. */
static void note_outcome(struct tls_stream *s) {
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
static void detach(struct tls_stream *s) {
  struct gw_tls_secrets *secrets = &s->handshake->secrets;
  if (s->tls->is_client || SSL_version(s->ssl) != TLS1_3_VERSION) return;
  unsigned suite = SSL_CIPHER_get_protocol_id(SSL_get_current_cipher(s->ssl));
  size_t len = gw_tls_suite_secret_len(suite);
  if (!len || secrets->in_len != len || secrets->out_len != len) return;
  struct gw_tls_records *records = malloc(sizeof *records);
  if (!records) return;
  if (gw_tls_records_init(records, &s->shared->ciphers, suite, secrets->in, secrets->out,
                          secrets->sealed) < 0) {
    free(records);
    return;
  }
  s->records = records;
  SSL_free(s->ssl);
  s->ssl = NULL;
}

static void opened(struct tls_stream *s) {
  note_outcome(s);
  detach(s);
  handshake_end(s);
  s->is_blocked = false;
  flush(s);
  if (s->is_closing) {
    close_now(s);
    return;
  }
  if (s->is_paused) gw_stream_pause(s->lower, true);
  if (s->stream.events->on_open) s->stream.events->on_open(&s->stream);
  tell_drained(s);
}

/* A step of the handshake; gives whether it is done. */
static bool shake(struct tls_stream *s) {
  const char *reason = NULL;
  int rc = gw_tls_ssl_handshake(s->ssl, &s->shared->bio, &reason);
  if (rc < 0) fail(s, rc, reason);
  return rc == GW_TLS_DONE;
}

struct input {
  const uint8_t *at;
  size_t len;
};

static void skip(struct input *in, size_t n) {
  in->at += n;
  in->len -= n;
}

/* The peer's alert is the reason, or ours, which it is sent. */
static int records_failed(struct tls_stream *s, const char **out_reason) {
  const uint8_t ours = s->records->alert, peers = s->records->peer_alert;
  const uint8_t alert[] = {2, ours};
  lend(s, NULL, 0);
  if (!peers) (void)seal_record(s, GW_TLS_ALERT, alert, sizeof alert);
  *out_reason = SSL_alert_desc_string_long(peers ? peers : ours);
  return GW_ERR_TLS;
}

static int open_record(struct tls_stream *s, const uint8_t *in, size_t size, size_t *n,
                       const char **out_reason) {
  size_t len = 0;
  int rc =
      gw_tls_record_open(s->records, &s->shared->ciphers, in, size, s->shared->opened + *n, &len);
  *n += len;
  if (rc > 0) return GW_TLS_END;
  return rc < 0 ? records_failed(s, out_reason) : 0;
}

/* Moves input to `held` until that has `size` bytes. */
static int top_up(struct tls_stream *s, struct input *in, size_t size) {
  size_t lack = size > s->held.len ? size - s->held.len : 0;
  size_t n = lack < in->len ? lack : in->len;
  int err = gw_buf_add(&s->held, in->at, n);
  if (!err) skip(in, n);
  return err;
}

/* The size of the record that begins here; 0: it is not all there. One that is longer than it may
 * be is not waited for. */
static size_t whole_record(const uint8_t *at, size_t len) {
  size_t size = gw_tls_record_size(at, len);
  return size > len && size <= GW_TLS_HEAD + GW_TLS_BODY_MAX ? 0 : size;
}

/* A record that came in parts. */
static int open_held(struct tls_stream *s, struct input *in, size_t *n, const char **out_reason) {
  int err = top_up(s, in, GW_TLS_HEAD);
  size_t size = gw_tls_record_size(s->held.data, s->held.len);
  if (!err && size <= GW_TLS_HEAD + GW_TLS_BODY_MAX) err = top_up(s, in, size);
  size = whole_record(s->held.data, s->held.len);
  if (err || !size) return err;
  int rc = open_record(s, s->held.data, size, n, out_reason);
  gw_buf_clear(&s->held);
  return rc;
}

static int open_records(struct tls_stream *s, struct input *in, size_t *n,
                        const char **out_reason) {
  if (s->held.len) {
    int rc = open_held(s, in, n, out_reason);
    if (rc || s->held.len) return rc;
  }
  for (size_t size; OPENED_ROOM - *n >= GW_TLS_BODY_MAX; skip(in, size)) {
    size = whole_record(in->at, in->len);
    if (!size) return 0;
    int rc = open_record(s, in->at, size, n, out_reason);
    if (rc) return rc;
  }
  return 0;
}

/* Opens as much of the input as one on_data takes, and tells. */
static void open_some(struct tls_stream *s, struct input *in) {
  struct gw_tls_shared *shared = s->shared;
  size_t n = 0;
  const char *reason = NULL;
  int rc;
  if (s->records) {
    rc = open_records(s, in, &n, &reason);
  } else {
    lend(s, in->at, in->len);
    rc = gw_tls_ssl_open(s->ssl, &shared->bio, shared->opened, OPENED_ROOM, &n, &reason);
    *in = (struct input){shared->bio.in, shared->bio.in_len};
  }
  if (n) s->stream.events->on_data(&s->stream, shared->opened, n);
  if (s->is_closing) return;
  if (rc < 0) fail(s, rc, reason);
  if (rc == GW_TLS_END) end(s);
}

/* Keeps what cannot be opened yet; room for a whole record at once. */
static void hold(struct tls_stream *s, const struct input *in) {
  size_t size = s->is_paused ? 0 : gw_tls_record_size(in->at, in->len);
  int err = size > in->len ? gw_buf_reserve(&s->held, size) : 0;
  if (!err) err = gw_buf_add(&s->held, in->at, in->len);
  if (err) drop(s, err);
  s->has_backlog = s->is_paused;
}

static void feed(struct tls_stream *s, const uint8_t *data, size_t len) {
  struct input in = {data, len};
  if (s->handshake) {
    lend(s, in.at, in.len);
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

static void feed_held(struct tls_stream *s) {
  struct gw_buf held = s->held;
  gw_buf_init(&s->held, HELD_MAX);
  s->has_backlog = false;
  feed(s, held.data, held.len);
  gw_buf_clear(&held);
  if (s->has_backlog || s->is_paused || s->is_over) return;
  gw_stream_pause(s->lower, false);
  if (s->is_cut) cut_off(s);
}

/* ---- the end of the turn ---- */

static void retired(struct gw_task *task) {
  struct tls_stream *s = gw_container_of(task, struct tls_stream, work);
  gw_tls_unref(s->tls);
  free(s);
}

static void retire(struct tls_stream *s) {
  s->work.run = retired;
  gw_loop_retire(gw_net_loop(s->stream.net), &s->work);
}

static void work_run(struct gw_task *task) {
  struct tls_stream *s = gw_container_of(task, struct tls_stream, work);
  s->has_work = false;
  if (s->is_gone) retire(s);
  if (s->is_over) return;
  s->shared->corked = s;
  if (s->has_backlog && !s->is_paused) feed_held(s);
  uncork(s);
}

static void work_queue(struct tls_stream *s) {
  if (s->has_work) return;
  s->has_work = true;
  gw_loop_defer(gw_net_loop(s->stream.net), &s->work);
}

/* ---- events of the lower stream ---- */

static void lower_data(struct gw_stream *lower, uint8_t *data, size_t len) {
  struct tls_stream *s = lower->owner;
  if (s->is_over) return;
  s->shared->corked = s;
  feed(s, data, len);
  uncork(s);
}

static void lower_ended(struct gw_stream *lower) {
  struct tls_stream *s = lower->owner;
  if (s->has_backlog)
    s->is_cut = true;
  else
    cut_off(s);
}

static void lower_drained(struct gw_stream *lower) {
  struct tls_stream *s = lower->owner;
  s->is_blocked = false;
  tell_drained(s);
}

static void lower_closed(struct gw_stream *lower, int err) {
  struct tls_stream *s = lower->owner;
  s->is_closing = s->is_over = true;
  s->is_gone = true;
  if (!s->err) s->err = err;
  handshake_end(s);
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
  const struct tls_stream *s = of(stream);
  size_t here = is_corked(s) ? s->shared->gathered + s->shared->bio.out_len : 0;
  return s->waiting.len + here + gw_stream_pending(s->lower);
}

static int wait_for_turn(struct tls_stream *s, const struct gw_piece *pieces, unsigned n,
                         size_t total) {
  int err = gw_buf_reserve(&s->waiting, total);
  if (err) return err;
  for (unsigned i = 0; i < n; i++)
    gw_buf_add(&s->waiting, pieces[i].data, pieces[i].len);
  if (!s->handshake) work_queue(s);
  return 0;
}

/* A write that fills a record, outside of an event: all of it goes at once. */
static int seal_pieces(struct tls_stream *s, const struct gw_piece *pieces, unsigned n) {
  struct tls_stream *corked = s->shared->corked;
  if (corked && corked != s) flush(corked);
  int err = 0;
  if (s->waiting.len) err = gather(s, s->waiting.data, s->waiting.len);
  gw_buf_clear(&s->waiting);
  for (unsigned i = 0; i < n && !err; i++)
    err = gather(s, pieces[i].data, pieces[i].len);
  if (!is_corked(s) && !err) err = flush_gathered(s->shared, s);
  return err;
}

static int tls_write(struct gw_stream *stream, const struct gw_piece *pieces, unsigned n) {
  struct tls_stream *s = of(stream);
  if (s->is_closing) return GW_ERR_CLOSED;
  size_t total = 0, pending = tls_pending(stream);
  for (unsigned i = 0; i < n; i++)
    total += pieces[i].len;
  size_t cost = total + (total / GW_TLS_TEXT_MAX + 2) * RECORD_OVERHEAD;
  size_t cap = stream->net->outbox_cap;
  if (pending > cap || cost > cap - pending) return GW_ERR_FULL;
  bool is_small = s->waiting.len + total < GW_TLS_TEXT_MAX;
  int err = s->handshake || (is_small && !is_corked(s)) ? wait_for_turn(s, pieces, n, total)
                                                        : seal_pieces(s, pieces, n);
  if (!err && tls_pending(stream) > stream->net->outbox_high) {
    err = flush(s);
    s->is_blocked |= s->handshake != NULL;
  }
  if (err) return err;
  s->has_told |= s->is_blocked;
  return s->is_blocked;
}

static void tls_pause(struct gw_stream *stream, bool is_paused) {
  struct tls_stream *s = of(stream);
  if (s->is_paused == is_paused || s->is_over) return;
  s->is_paused = is_paused;
  if (s->handshake) return;
  if (!is_paused && s->has_backlog)
    work_queue(s);
  else
    gw_stream_pause(s->lower, is_paused);
}

static void tls_close(struct gw_stream *stream) {
  struct tls_stream *s = of(stream);
  if (s->is_closing) return;
  s->is_closing = true;
  if (!s->handshake || !s->waiting.len) close_now(s);
}

static void tls_abort(struct gw_stream *stream, int err) {
  drop(of(stream), err);
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
  if (inet_pton(AF_INET, name, address) == 1 || inet_pton(AF_INET6, name, address) == 1)
    return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name) ? 0 : GW_ERR_TLS;
  SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  return SSL_set1_host(ssl, name) && SSL_set_tlsext_host_name(ssl, name) ? 0 : GW_ERR_TLS;
}

static int ssl_open(struct tls_stream *s, const char *server_name) {
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

static int stream_init(struct tls_stream *s, const char *server_name, unsigned timeout_ms) {
  int err = shared_find(s->lower, &s->shared);
  if (err) return err;
  s->handshake = calloc(1, sizeof *s->handshake);
  if (!s->handshake) return GW_ERR_MEMORY;
  s->handshake->stream = s;
  s->handshake->timer.on_due = timed_out;
  err = ssl_open(s, server_name);
  if (err) return err;
  lend(s, NULL, 0);
  const char *reason;
  int rc = s->tls->is_client ? gw_tls_ssl_handshake(s->ssl, &s->shared->bio, &reason) : 0;
  if (rc >= 0) rc = flush_out(s);
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

static int refuse(struct gw_stream *lower, struct tls_stream *s, int err) {
  if (s) {
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
  struct tls_stream *s = calloc(1, sizeof *s);
  if (!s) return refuse(lower, NULL, GW_ERR_MEMORY);
  s->stream = (struct gw_stream){.ops = &tls_ops, .events = &orphan_events, .net = lower->net};
  s->lower = lower;
  s->tls = tls;
  s->work.run = work_run;
  gw_buf_init(&s->waiting, lower->net->outbox_cap);
  gw_buf_init(&s->held, HELD_MAX);
  int err = stream_init(s, server_name, timeout_ms);
  if (err) return refuse(lower, s, err);
  gw_tls_ref(tls);
  gw_stream_own(lower, &lower_events, s);
  *out_stream = &s->stream;
  return 0;
}

struct gw_str gw_tls_stream_alpn(const struct gw_stream *stream) {
  const struct tls_stream *s = of(stream);
  const uint8_t *list = s->tls->alpn;
  return s->alpn ? (struct gw_str){(const char *)list + s->alpn, list[s->alpn - 1]} : GW_STR("");
}

const char *gw_tls_stream_reason(const struct gw_stream *stream) {
  const struct tls_stream *s = of(stream);
  return s->reason ? s->reason : gw_error_text(s->err);
}

bool gw_tls_stream_is_resumed(const struct gw_stream *stream) {
  return of(stream)->is_resumed;
}
