/* SPDX-License-Identifier: MIT */
/*
 * A client that is sincere until its Finished and hostile from then on: the handshake is OpenSSL's,
 * the records after it are made here, with the traffic secrets. Each attack comes in the segment
 * that ends the handshake, in one of its own, and byte by byte.
 */
#include "net/tls_record.c"

#include "net/pipe.h"
#include "net/tls_private.h"
#include "support/alloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

enum { NO_ALERT = 255, SENT_MAX = 1 << 20 };

/* The server, what its owner hears, and the client. */
struct peer {
  struct gw_stream *server, *lower, *wire;
  SSL *ssl;
  BIO *in, *out; /* of the client's handshake */
  struct gw_tls_secrets secrets;
  struct gw_tls_records records;
  struct gw_buf sent; /* the attack */
  struct gw_buf came; /* sealed records from the server */
  struct gw_buf data, heard;
  unsigned opens, ends, closes, tickets, updates;
  int err;
  uint8_t alert;
  bool is_wire_closed;
};

static struct gw_loop *loop;
static struct gw_net *net;
static struct gw_tls *server_tls;
static SSL_CTX *client_ctx;
static struct gw_tls_ciphers ciphers;
static char folder[64];

/* ---- what the server's owner hears ---- */

static void on_open(struct gw_stream *stream) {
  ((struct peer *)stream->owner)->opens++;
}
static void on_data(struct gw_stream *stream, uint8_t *data, size_t len) {
  struct peer *p = stream->owner;
  assert_int_equal(p->opens, 1);
  assert_int_equal(p->closes, 0);
  assert_true(len > 0);
  if (gw_buf_add(&p->heard, data, len) != 0) assert_true(alloc_has_failed());
  gw_stream_write(stream, &(struct gw_piece){.data = data, .len = len}, 1);
}
static void on_end(struct gw_stream *stream) {
  ((struct peer *)stream->owner)->ends++;
}
static void on_close(struct gw_stream *stream, int err) {
  struct peer *p = stream->owner;
  p->closes++;
  p->err = err;
  p->server = NULL;
}
static const struct gw_stream_events server_events = {
    .on_open = on_open, .on_data = on_data, .on_end = on_end, .on_close = on_close};

/* ---- the client ---- */

static void wire_data(struct gw_stream *stream, uint8_t *data, size_t len) {
  struct peer *p = stream->owner;
  if (p->ssl)
    BIO_write(p->in, data, (int)len);
  else
    assert_true(gw_buf_add(&p->came, data, len) == 0 || alloc_has_failed());
}
static void wire_closed(struct gw_stream *stream, int err) {
  (void)err;
  ((struct peer *)stream->owner)->is_wire_closed = true;
}
static const struct gw_stream_events wire_events = {.on_data = wire_data, .on_close = wire_closed};

static uint8_t hex_of(const char *at) {
  unsigned byte = 0;
  sscanf(at, "%2x", &byte);
  return (uint8_t)byte;
}

static void hear_secret(const SSL *ssl, const char *line) {
  struct peer *p = SSL_get_app_data(ssl);
  bool is_mine = strncmp(line, "CLIENT_TRAFFIC_SECRET_0 ", 24) == 0;
  if (!is_mine && strncmp(line, "SERVER_TRAFFIC_SECRET_0 ", 24) != 0) return;
  uint8_t *out = is_mine ? p->secrets.out : p->secrets.in;
  for (const char *at = strrchr(line, ' ') + 1; at[0] && at[1]; at += 2)
    *out++ = hex_of(at);
}

static void turns(unsigned n) {
  while (n--)
    assert_int_equal(gw_loop_turn(loop, 0), 0);
}

static void send_wire(struct peer *p, const void *data, size_t len) {
  if (!p->is_wire_closed) gw_stream_write(p->wire, &(struct gw_piece){.data = data, .len = len}, 1);
}

/* Up to the client's Finished, which stays in `sent`. */
static void peer_open(struct peer *p, const char *suite, const char *groups) {
  *p = (struct peer){.alert = NO_ALERT};
  gw_buf_init(&p->sent, SENT_MAX);
  gw_buf_init(&p->came, 1 << 20);
  gw_buf_init(&p->data, 1 << 20);
  gw_buf_init(&p->heard, 1 << 20);
  pipe_new(net, SIZE_MAX, &p->lower, &p->wire);
  gw_stream_own(p->wire, &wire_events, p);
  assert_int_equal(gw_tls_stream_new(server_tls, p->lower, NULL, 0, &p->server), 0);
  gw_stream_own(p->server, &server_events, p);
  p->ssl = SSL_new(client_ctx);
  p->in = BIO_new(BIO_s_mem());
  p->out = BIO_new(BIO_s_mem());
  SSL_set_bio(p->ssl, p->in, p->out);
  SSL_set_app_data(p->ssl, p);
  SSL_set_connect_state(p->ssl);
  assert_int_equal(SSL_set_ciphersuites(p->ssl, suite), 1);
  if (groups) assert_int_equal(SSL_set1_groups_list(p->ssl, groups), 1);
  uint8_t flight[4096];
  for (int i = 0; i < 4 && SSL_do_handshake(p->ssl) != 1; i++) {
    int n = BIO_read(p->out, flight, sizeof flight);
    if (n > 0) send_wire(p, flight, (size_t)n);
    turns(2);
  }
  assert_true(SSL_is_init_finished(p->ssl));
  int n = BIO_read(p->out, flight, sizeof flight);
  assert_int_equal(gw_buf_add(&p->sent, flight, (size_t)n), 0);
  unsigned id = SSL_CIPHER_get_protocol_id(SSL_get_current_cipher(p->ssl));
  assert_int_equal(gw_tls_records_init(&p->records, &ciphers, id, p->secrets.in, p->secrets.out, 0),
                   0);
  SSL_free(p->ssl);
  p->ssl = NULL;
}

/* What the server has sent since the handshake. */
static void peer_read(struct peer *p) {
  struct gw_tls_records *r = &p->records;
  static uint8_t text[GW_TLS_BODY_MAX];
  for (size_t at = 0, size; at < p->came.len; at += size) {
    const uint8_t *record = p->came.data + at;
    size = gw_tls_record_size(record, p->came.len - at);
    assert_true(size > GW_TLS_HEAD + GW_TLS_TAIL && size <= p->came.len - at);
    assert_int_equal(p->alert, NO_ALERT); /* nothing comes after an alert */
    size_t len = size - GW_TLS_HEAD - TAG;
    assert_true(decrypt(r, &ciphers, record, len, text));
    uint8_t type = text[--len];
    if (type == GW_TLS_DATA) assert_int_equal(gw_buf_add(&p->data, text, len), 0);
    if (type == GW_TLS_ALERT) p->alert = text[1];
    if (type != GW_TLS_HANDSHAKE) continue;
    if (text[0] != KEY_UPDATE) {
      p->tickets++;
      continue;
    }
    assert_int_equal(len, 5);
    assert_int_equal(text[4], 0);
    p->updates++;
    assert_true(keys_update(&r->in, &ciphers, r->suite));
  }
  gw_buf_clear(&p->came);
}

static void peer_close(struct peer *p) {
  if (p->server) gw_stream_close(p->server);
  if (!p->is_wire_closed) gw_stream_close(p->wire);
  turns(3);
  assert_int_equal(p->closes, 1);
  gw_buf_clear(&p->sent);
  gw_buf_clear(&p->came);
  gw_buf_clear(&p->data);
  gw_buf_clear(&p->heard);
}

/* ---- what attacks are made of ---- */

static void add(struct peer *p, const void *bytes, size_t len) {
  assert_int_equal(gw_buf_add(&p->sent, bytes, len), 0);
}

/* A sealed record; gives where it begins. */
static size_t seal(struct peer *p, unsigned type, const void *text, size_t len) {
  static uint8_t record[GW_TLS_HEAD + GW_TLS_BODY_MAX + GW_TLS_TAIL];
  size_t at = p->sent.len;
  int n = gw_tls_record_seal(&p->records, &ciphers, (enum gw_tls_type)type, text, len, record);
  assert_true(n > 0);
  add(p, record, (size_t)n);
  return at;
}

static void say(struct peer *p, const char *text) {
  seal(p, GW_TLS_DATA, text, strlen(text));
}

static void update(struct peer *p, const char *request) {
  const uint8_t message[] = {KEY_UPDATE, 0, 0, 1, (uint8_t)request[0]};
  seal(p, GW_TLS_HANDSHAKE, message, sizeof message);
  assert_true(keys_update(&p->records.out, &ciphers, p->records.suite));
}

/* ---- attacks ---- */

static void talks(struct peer *p) {
  say(p, "hi");
}
static void sends_much(struct peer *p) {
  static const uint8_t text[GW_TLS_TEXT_MAX];
  for (int i = 0; i < 20; i++)
    seal(p, GW_TLS_DATA, text, sizeof text);
}
static void sends_empty_data(struct peer *p) {
  for (int i = 0; i < 300; i++)
    say(p, "");
  say(p, "hi");
}
static void pads(struct peer *p) {
  uint8_t text[GW_TLS_TEXT_MAX] = "hi\x17";
  seal(p, 0, text, sizeof text);
}
static void pads_too_much(struct peer *p) {
  uint8_t text[GW_TLS_TEXT_MAX + 1] = "hi\x17";
  seal(p, 0, text, sizeof text);
}
static void sends_padding_alone(struct peer *p) {
  seal(p, 0, "\0\0\0", 3);
}
static void sends_too_much_text(struct peer *p) {
  static const uint8_t text[GW_TLS_TEXT_MAX + 1];
  seal(p, GW_TLS_DATA, text, sizeof text);
}
static void announces_too_much(struct peer *p) {
  add(p, "\x17\x03\x03\x41\x01", 5); /* 2^14 + 257; nothing follows */
}
static void announces_nothing(struct peer *p) {
  add(p, "\x17\x03\x03\0\0", 5);
}
static void sends_a_tag_alone(struct peer *p) {
  add(p,
      "\x17\x03\x03\0\x10"
      "0123456789abcdef",
      21);
}
static void sends_plain_data(struct peer *p) {
  add(p, "\x17\x03\x03\0\x14GET / HTTP/1.1\r\n\r\n..", 25);
}
static void sends_a_plain_alert(struct peer *p) {
  add(p, "\x15\x03\x03\0\x02\x01\0", 7);
}
static void sends_a_plain_handshake(struct peer *p) {
  add(p, "\x16\x03\x03\0\x04\0\0\0\0", 9);
}
static void changes_ciphers(struct peer *p) {
  add(p, "\x14\x03\x03\0\x01\x01", 6);
}
static void forgets_tls(struct peer *p) {
  add(p, "GET / HTTP/1.1\r\n\r\n", 18); /* 0x202f bytes that are not waited for */
}
static void spoils_a_tag(struct peer *p) {
  talks(p);
  size_t at = seal(p, GW_TLS_DATA, "never", 5);
  p->sent.data[at + GW_TLS_HEAD + 5] ^= 1;
}
static void sends_much_and_spoils(struct peer *p) {
  static const uint8_t text[GW_TLS_TEXT_MAX];
  for (int i = 0; i < 3; i++)
    seal(p, GW_TLS_DATA, text, sizeof text);
  spoils_a_tag(p);
}
static void sends_twice(struct peer *p) {
  size_t at = seal(p, GW_TLS_DATA, "hi", 2), len = p->sent.len - at;
  uint8_t copy[64];
  memcpy(copy, p->sent.data + at, len);
  add(p, copy, len);
}
static void leaves_one_out(struct peer *p) {
  talks(p);
  p->records.out.seq++;
  say(p, "never");
}
static void updates_keys(struct peer *p) {
  update(p, "\0");
  talks(p);
}
static void asks_for_keys(struct peer *p) {
  for (int i = 0; i < 5; i++)
    update(p, "\1"); /* one answer is enough, RFC 8446, 4.6.3 */
  talks(p);
}
static void asks_at_every_step(struct peer *p) {
  for (int i = 0; i < 100; i++) {
    update(p, "\1");
    say(p, "x");
  }
}
static void keeps_the_old_key(struct peer *p) {
  struct gw_tls_keys old = p->records.out;
  update(p, "\0");
  p->records.out = old;
  p->records.out.seq++;
  say(p, "never");
}
static void floods_with_updates(struct peer *p) {
  for (int i = 0; i < 1000; i++)
    update(p, "\1");
}
static void asks_for_nonsense(struct peer *p) {
  update(p, "\2");
}
static void updates_at_length(struct peer *p) {
  seal(p, GW_TLS_HANDSHAKE, "\x18\0\0\2\0", 5);
}
static void updates_in_parts(struct peer *p) {
  for (int i = 0; i < 5; i++)
    seal(p, GW_TLS_HANDSHAKE, &"\x18\0\0\1\0"[i], 1);
  assert_true(keys_update(&p->records.out, &ciphers, p->records.suite));
  talks(p);
}
static void interrupts_an_update(struct peer *p) {
  seal(p, GW_TLS_HANDSHAKE, "\x18\0\0", 3);
  say(p, "never");
}
static void alerts_in_an_update(struct peer *p) {
  seal(p, GW_TLS_HANDSHAKE, "\x18\0\0", 3);
  seal(p, GW_TLS_ALERT, "\1\0", 2);
}
static void joins_two_updates(struct peer *p) {
  seal(p, GW_TLS_HANDSHAKE, "\x18\0\0\1\0\x18\0\0\1\0", 10);
}
static void sends_an_empty_message(struct peer *p) {
  seal(p, GW_TLS_HANDSHAKE, "", 0);
}
static void greets_again(struct peer *p) {
  seal(p, GW_TLS_HANDSHAKE, "\1\0\0\x26\3\3", 6);
}
static void sends_a_ticket(struct peer *p) {
  seal(p, GW_TLS_HANDSHAKE, "\4\0\0\1\0", 5);
}
static void ends_early_data(struct peer *p) {
  seal(p, GW_TLS_HANDSHAKE, "\5\0\0\0", 4);
  say(p, "never");
}
static void shows_a_certificate(struct peer *p) {
  seal(p, GW_TLS_HANDSHAKE, "\x0b\0\0\4\0\0\0\0", 8);
}
static void finishes_again(struct peer *p) {
  uint8_t message[36] = {20, 0, 0, 32};
  seal(p, GW_TLS_HANDSHAKE, message, sizeof message);
}
static void changes_ciphers_sealed(struct peer *p) {
  seal(p, 20, "\1", 1);
}
static void sends_a_heartbeat(struct peer *p) {
  seal(p, 24, "\1\xff\xff", 3);
}
static void says_goodbye(struct peer *p) {
  talks(p);
  seal(p, GW_TLS_ALERT, "\1\132", 2); /* user_canceled */
  seal(p, GW_TLS_ALERT, "\1\0", 2);
  say(p, "never");
  add(p, "garbage", 7);
}
static void gives_up(struct peer *p) {
  talks(p);
  seal(p, GW_TLS_ALERT, "\1\x28", 2); /* an error, whatever its level says */
  say(p, "never");
}
static void cuts_an_alert(struct peer *p) {
  seal(p, GW_TLS_ALERT, "\2", 1);
}
static void sends_an_empty_alert(struct peer *p) {
  seal(p, GW_TLS_ALERT, "", 0);
}
static void joins_two_alerts(struct peer *p) {
  seal(p, GW_TLS_ALERT, "\1\132\1\0", 4);
}

/* Heard: "hi" where `text`. The server goes on where neither it nor the peer gives an alert. */
static const struct attack {
  void (*make)(struct peer *p);
  unsigned alert, updates;
  bool text, is_over;
} attacks[] = {
    {talks, NO_ALERT, 0, true, false},
    {sends_empty_data, NO_ALERT, 0, true, false},
    {pads, NO_ALERT, 0, true, false},
    {pads_too_much, GW_TLS_RECORD_OVERFLOW, 0, false, true},
    {sends_padding_alone, GW_TLS_UNEXPECTED_MESSAGE, 0, false, true},
    {sends_too_much_text, GW_TLS_RECORD_OVERFLOW, 0, false, true},
    {announces_too_much, GW_TLS_RECORD_OVERFLOW, 0, false, true},
    {announces_nothing, GW_TLS_BAD_RECORD_MAC, 0, false, true},
    {sends_a_tag_alone, GW_TLS_BAD_RECORD_MAC, 0, false, true},
    {sends_plain_data, GW_TLS_BAD_RECORD_MAC, 0, false, true},
    {sends_a_plain_alert, GW_TLS_UNEXPECTED_MESSAGE, 0, false, true},
    {sends_a_plain_handshake, GW_TLS_UNEXPECTED_MESSAGE, 0, false, true},
    {changes_ciphers, GW_TLS_UNEXPECTED_MESSAGE, 0, false, true},
    {forgets_tls, GW_TLS_UNEXPECTED_MESSAGE, 0, false, true},
    {spoils_a_tag, GW_TLS_BAD_RECORD_MAC, 0, true, true},
    {sends_twice, GW_TLS_BAD_RECORD_MAC, 0, true, true},
    {leaves_one_out, GW_TLS_BAD_RECORD_MAC, 0, true, true},
    {updates_keys, NO_ALERT, 0, true, false},
    {asks_for_keys, NO_ALERT, 1, true, false},
    {keeps_the_old_key, GW_TLS_BAD_RECORD_MAC, 0, false, true},
    {floods_with_updates, GW_TLS_UNEXPECTED_MESSAGE, 0, false, true},
    {asks_for_nonsense, GW_TLS_ILLEGAL_PARAMETER, 0, false, true},
    {updates_at_length, GW_TLS_DECODE_ERROR, 0, false, true},
    {updates_in_parts, NO_ALERT, 0, true, false},
    {interrupts_an_update, GW_TLS_UNEXPECTED_MESSAGE, 0, false, true},
    {alerts_in_an_update, GW_TLS_UNEXPECTED_MESSAGE, 0, false, true},
    {joins_two_updates, GW_TLS_UNEXPECTED_MESSAGE, 0, false, true},
    {sends_an_empty_message, GW_TLS_UNEXPECTED_MESSAGE, 0, false, true},
    {greets_again, GW_TLS_UNEXPECTED_MESSAGE, 0, false, true},
    {sends_a_ticket, GW_TLS_UNEXPECTED_MESSAGE, 0, false, true},
    {ends_early_data, GW_TLS_UNEXPECTED_MESSAGE, 0, false, true},
    {shows_a_certificate, GW_TLS_UNEXPECTED_MESSAGE, 0, false, true},
    {finishes_again, GW_TLS_UNEXPECTED_MESSAGE, 0, false, true},
    {changes_ciphers_sealed, GW_TLS_UNEXPECTED_MESSAGE, 0, false, true},
    {sends_a_heartbeat, GW_TLS_UNEXPECTED_MESSAGE, 0, false, true},
    {says_goodbye, NO_ALERT, 0, true, false},
    {gives_up, NO_ALERT, 0, true, true},
    {cuts_an_alert, GW_TLS_DECODE_ERROR, 0, false, true},
    {sends_an_empty_alert, GW_TLS_DECODE_ERROR, 0, false, true},
    {joins_two_alerts, GW_TLS_DECODE_ERROR, 0, false, true},
};

/* ---- tests ---- */

enum way { WITH_FINISHED, APART, BYTE_BY_BYTE, WAYS };

static void attack(struct peer *p, void (*make)(struct peer *p), enum way way) {
  size_t finished = p->sent.len;
  make(p);
  if (way == BYTE_BY_BYTE) pipe_of(p->lower)->chunk = 1;
  if (way == APART) {
    send_wire(p, p->sent.data, finished);
    turns(2);
    assert_int_equal(p->opens, 1);
    send_wire(p, p->sent.data + finished, p->sent.len - finished);
  } else {
    send_wire(p, p->sent.data, p->sent.len);
  }
  turns(3);
  assert_int_equal(p->opens, 1);
  peer_read(p);
  assert_int_equal(p->tickets, 1);
}

static void check(struct peer *p, const struct attack *a) {
  assert_int_equal(p->alert, a->alert);
  assert_int_equal(p->updates, a->updates);
  assert_int_equal(p->heard.len, a->text ? 2 : 0);
  if (a->text) assert_memory_equal(p->heard.data, "hi", 2);
  assert_int_equal(p->closes, a->is_over);
  assert_int_equal(p->err, a->is_over ? GW_ERR_TLS : 0);
  assert_int_equal(p->ends, a->make == says_goodbye);
  if (a->is_over) return;
  assert_int_equal(p->data.len, 2); /* the echo, also after the peer's close_notify */
}

static const char *const suite_names[] = {"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384",
                                          "TLS_CHACHA20_POLY1305_SHA256"};

static void each_attack_has_its_end(void **state) {
  (void)state;
  for (unsigned i = 0; i < sizeof attacks / sizeof *attacks; i++)
    for (unsigned way = 0; way < WAYS; way++) {
      struct peer p;
      peer_open(&p, suite_names[(i + way) % 3], NULL);
      attack(&p, attacks[i].make, (enum way)way);
      check(&p, &attacks[i]);
      peer_close(&p);
    }
}

static void all_data_comes_back(void **state) {
  (void)state;
  for (unsigned way = 0; way < BYTE_BY_BYTE; way++) {
    struct peer p;
    peer_open(&p, suite_names[way], NULL);
    attack(&p, sends_much, (enum way)way);
    assert_int_equal(p.heard.len, 20 * GW_TLS_TEXT_MAX);
    assert_int_equal(p.data.len, 20 * GW_TLS_TEXT_MAX);
    peer_close(&p);
  }
}

/* RFC 8446, 6.2: what the owner answers goes before the alert, or not at all. */
static void nothing_follows_an_alert(void **state) {
  (void)state;
  struct peer p;
  peer_open(&p, suite_names[0], NULL);
  attack(&p, sends_much_and_spoils, APART);
  assert_int_equal(p.alert, GW_TLS_BAD_RECORD_MAC);
  assert_int_equal(p.closes, 1);
  peer_close(&p);
}

static void keys_change_at_every_step(void **state) {
  (void)state;
  struct peer p;
  for (unsigned way = 0; way < WAYS; way++) {
    peer_open(&p, suite_names[way], NULL);
    attack(&p, asks_at_every_step, (enum way)way);
    assert_int_equal(p.data.len, 100);
    assert_int_equal(p.updates, way == BYTE_BY_BYTE ? 100 : 1); /* one per answer */
    peer_close(&p);
  }
}

static void a_hello_retry_comes_to_the_same(void **state) {
  (void)state;
  struct peer p;
  peer_open(&p, suite_names[0], "P-521:P-256"); /* the first is none of ours */
  attack(&p, asks_for_keys, WITH_FINISHED);
  assert_int_equal(p.data.len, 2);
  assert_int_equal(p.updates, 1);
  peer_close(&p);
}

static struct gw_tls_records *records_of(const struct peer *p) {
  return gw_container_of(p->server, struct gw_tls_stream, stream)->records;
}

static void a_worn_key_is_changed(void **state) {
  (void)state;
  struct peer p;
  peer_open(&p, suite_names[0], NULL);
  attack(&p, talks, APART);
  records_of(&p)->out.seq = p.records.in.seq = 1 << 24;
  p.sent.len = 0;
  talks(&p);
  send_wire(&p, p.sent.data, p.sent.len);
  turns(2);
  peer_read(&p);
  assert_int_equal(p.updates, 1);
  assert_int_equal(p.data.len, 4);
  assert_int_equal(records_of(&p)->out.seq, 1);
  peer_close(&p);
}

/* RFC 8446, 6.1: what is missing must not be taken for the end. */
static void a_cut_record_is_no_end(void **state) {
  (void)state;
  struct peer p;
  for (size_t left_out = 1; left_out < GW_TLS_HEAD + 2 + GW_TLS_TAIL; left_out++) {
    peer_open(&p, suite_names[0], NULL);
    talks(&p);
    send_wire(&p, p.sent.data, p.sent.len - left_out);
    gw_stream_close(p.wire);
    turns(3);
    assert_int_equal(p.opens, 1);
    assert_int_equal(p.ends, 0);
    assert_int_equal(p.closes, 1);
    assert_int_equal(p.err, GW_ERR_RESET);
    peer_close(&p);
  }
}

static void a_head_alone_buys_no_memory(void **state) {
  (void)state;
  struct peer p;
  peer_open(&p, suite_names[0], NULL);
  attack(&p, talks, APART);
  alloc_count_reset();
  send_wire(&p, "\x17\x03\x03\x41", 4);
  turns(1);
  send_wire(&p, "\0\1\2\3", 4);
  turns(1);
  assert_int_equal(p.closes, 0);
  assert_in_range(alloc_largest(), 1, 1024);
  peer_close(&p);
  peer_open(&p, suite_names[0], NULL);
  attack(&p, talks, APART);
  alloc_count_reset();
  send_wire(&p, "\x17\x03\x03\x41\0", 5);
  turns(1);
  assert_in_range(alloc_largest(), 1, 1024);
  peer_close(&p);
}

static void every_allocation_may_fail(void **state) {
  (void)state;
  struct peer p;
  size_t nth = 0;
  for (bool has_failed = true; has_failed;) {
    peer_open(&p, suite_names[0], NULL);
    asks_for_keys(&p);
    pipe_of(p.lower)->chunk = 30;
    send_wire(&p, p.sent.data, p.sent.len);
    alloc_fail_at(++nth);
    gw_loop_turn(loop, 0);
    gw_loop_turn(loop, 0);
    has_failed = alloc_has_failed();
    alloc_fail_at(0);
    if (p.server && !p.is_wire_closed) gw_stream_abort(p.wire, 0);
    turns(3);
    peer_close(&p);
  }
  assert_true(nth > 5);
}

/* ---- what they share ---- */

static int begin(void **state) {
  (void)state;
  char line[512], cert[96], key[96], reason[256];
  snprintf(folder, sizeof folder, "/tmp/gw-hostile-XXXXXX");
  if (!mkdtemp(folder)) return -1;
  snprintf(cert, sizeof cert, "%s/crt", folder);
  snprintf(key, sizeof key, "%s/key", folder);
  snprintf(line, sizeof line,
           "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout %s "
           "-out %s -subj /CN=localhost -days 2 >%s/log 2>&1",
           key, cert, folder);
  if (system(line) != 0) return -1;
  const struct gw_tls_options options = {.cert_file = cert, .key_file = key};
  int err = gw_tls_new(&options, &server_tls, reason, sizeof reason);
  if (!err) err = gw_loop_new(&loop);
  if (!err) err = gw_net_new(loop, NULL, &net);
  if (!err) err = gw_tls_ciphers_open(&ciphers);
  client_ctx = SSL_CTX_new(TLS_client_method());
  SSL_CTX_set_keylog_callback(client_ctx, hear_secret);
  return err;
}

static int finish(void **state) {
  (void)state;
  char line[128];
  SSL_CTX_free(client_ctx);
  gw_tls_ciphers_close(&ciphers);
  gw_net_free(net);
  gw_loop_free(loop);
  gw_tls_unref(server_tls);
  snprintf(line, sizeof line, "rm -rf %s", folder);
  return system(line);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(each_attack_has_its_end),
      cmocka_unit_test(all_data_comes_back),
      cmocka_unit_test(nothing_follows_an_alert),
      cmocka_unit_test(keys_change_at_every_step),
      cmocka_unit_test(a_hello_retry_comes_to_the_same),
      cmocka_unit_test(a_worn_key_is_changed),
      cmocka_unit_test(a_cut_record_is_no_end),
      cmocka_unit_test(a_head_alone_buys_no_memory),
      cmocka_unit_test(every_allocation_may_fail),
  };
  return cmocka_run_group_tests(tests, begin, finish);
}
