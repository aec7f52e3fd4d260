/* SPDX-License-Identifier: MIT */
/* TLS over a stream in memory: both ends are ours, certificates are made by the openssl command. */
#include "net/tls_stream.c"

#include "base/bytes.h"
#include "net/pipe.h"
#include "support/alloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static char certs[64];

/* ---- certificates ---- */

static const char *cert(const char *name) {
  static char paths[8][128];
  static unsigned next;
  char *path = paths[next++ % 8];
  snprintf(path, sizeof paths[0], "%s/%s", certs, name);
  return path;
}

static void run(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void run(const char *format, ...) {
  char command[1024], line[1200];
  va_list args;
  va_start(args, format);
  vsnprintf(command, sizeof command, format, args);
  va_end(args);
  snprintf(line, sizeof line, "cd %s && (%s) >log 2>&1", certs, command);
  if (system(line) != 0) fail_msg("%s", line);
}

#define EC "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"

static void leaf(const char *name, const char *extra, int days) {
  run("openssl req -new %s -keyout %s.key -out %s.csr -subj /CN=%s && printf '%s' >ext && "
      "openssl x509 -req -in %s.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days %d -extfile ext "
      "-out %s.crt",
      EC, name, name, name, extra, name, days, name);
}

static int certs_make(void **state) {
  (void)state;
  snprintf(certs, sizeof certs, "/tmp/gw-tls-XXXXXX");
  assert_non_null(mkdtemp(certs));
  run("openssl req -x509 %s -keyout ca.key -out ca.crt -subj /CN=ca -days 2", EC);
  run("openssl req -x509 %s -keyout lone.key -out lone.crt -subj /CN=localhost -days 2 "
      "-addext subjectAltName=DNS:localhost",
      EC);
  leaf("good", "subjectAltName=DNS:localhost,DNS:*.example.org,IP:127.0.0.1", 2);
  leaf("next", "subjectAltName=DNS:localhost", 2);
  leaf("old", "subjectAltName=DNS:localhost", -1);
  leaf("user", "extendedKeyUsage=clientAuth", 2);
  return 0;
}

static int certs_remove(void **state) {
  (void)state;
  char line[128];
  snprintf(line, sizeof line, "rm -rf %s", certs);
  return system(line);
}

/* ---- two ends and what they hear ---- */

enum reaction { NOTHING, CLOSE, ABORT };

struct end {
  struct gw_stream *stream;
  struct gw_buf got;
  unsigned datas, opens, ends, drains, closes;
  int err;
  char reason[128];
  char alpn[32];
  bool echoes, is_resumed;
  enum reaction at_open, at_data, at_end;
  size_t pause_at; /* pauses once so much has come */
};

struct world {
  struct gw_loop *loop;
  struct gw_net *net;
  struct gw_tls *server_tls, *client_tls;
  struct gw_stream *lower_server, *lower_client;
  struct end server, client;
};

static void react(struct end *e, enum reaction reaction) {
  if (reaction == CLOSE) gw_stream_close(e->stream);
  if (reaction == ABORT) gw_stream_abort(e->stream, GW_ERR_WS_POLICY);
}

static int say(struct end *e, const void *data, size_t len) {
  return gw_stream_write(e->stream, &(struct gw_piece){.data = data, .len = len}, 1);
}

static void heard_open(struct gw_stream *stream) {
  struct end *e = stream->owner;
  struct gw_str alpn = gw_tls_stream_alpn(stream);
  snprintf(e->alpn, sizeof e->alpn, "%.*s", (int)alpn.len, alpn.at);
  e->is_resumed = gw_tls_stream_is_resumed(stream);
  e->opens++;
  react(e, e->at_open);
}
static void heard_data(struct gw_stream *stream, uint8_t *data, size_t len) {
  struct end *e = stream->owner;
  assert_int_equal(e->closes, 0);
  assert_int_equal(e->opens, 1);
  e->datas++;
  memset(data - GW_STREAM_HEADROOM, 0xee, GW_STREAM_HEADROOM); /* ours to spoil */
  if (gw_buf_add(&e->got, data, len) != 0) assert_true(alloc_has_failed());
  if (e->echoes) say(e, data, len);
  if (e->pause_at && e->got.len >= e->pause_at) gw_stream_pause(stream, true);
  react(e, e->at_data);
}
static void heard_end(struct gw_stream *stream) {
  struct end *e = stream->owner;
  e->ends++;
  react(e, e->at_end);
}
static void heard_drain(struct gw_stream *stream) {
  ((struct end *)stream->owner)->drains++;
}
static void heard_close(struct gw_stream *stream, int err) {
  struct end *e = stream->owner;
  e->closes++;
  e->err = err;
  snprintf(e->reason, sizeof e->reason, "%s", gw_tls_stream_reason(stream));
  e->stream = NULL;
}
static const struct gw_stream_events heard = {.on_open = heard_open,
                                              .on_data = heard_data,
                                              .on_end = heard_end,
                                              .on_drain = heard_drain,
                                              .on_close = heard_close};

static struct gw_tls *settings(const struct gw_tls_options *options) {
  struct gw_tls *tls = NULL;
  char reason[256];
  if (gw_tls_new(options, &tls, reason, sizeof reason) != 0) fail_msg("%s", reason);
  return tls;
}

static struct gw_tls_options server_options(const char *name) {
  static char crt[2][128];
  snprintf(crt[0], sizeof crt[0], "%s/%s.crt", certs, name);
  snprintf(crt[1], sizeof crt[1], "%s/%s.key", certs, name);
  return (struct gw_tls_options){.cert_file = crt[0], .key_file = crt[1]};
}

static void world_open(struct world *w, const struct gw_tls_options *server,
                       const struct gw_tls_options *client) {
  *w = (struct world){0};
  assert_int_equal(gw_loop_new(&w->loop), 0);
  assert_int_equal(gw_net_new(w->loop, NULL, &w->net), 0);
  struct gw_tls_options s = server ? *server : server_options("good");
  struct gw_tls_options c = client ? *client : (struct gw_tls_options){.ca_file = cert("ca.crt")};
  c.is_client = true;
  w->server_tls = settings(&s);
  w->client_tls = settings(&c);
}

static void end_clear(struct end *e) {
  gw_buf_clear(&e->got);
  *e = (struct end){.got.cap = 64u << 20};
}

/* A new connection; the ends keep nothing of the one before but what they are told to do. */
static void dial(struct world *w, size_t chunk, const char *name) {
  end_clear(&w->server);
  end_clear(&w->client);
  pipe_new(w->net, chunk, &w->lower_server, &w->lower_client);
  assert_int_equal(gw_tls_stream_new(w->server_tls, w->lower_server, NULL, 0, &w->server.stream),
                   0);
  assert_int_equal(gw_tls_stream_new(w->client_tls, w->lower_client, name, 0, &w->client.stream),
                   0);
  gw_stream_own(w->server.stream, &heard, &w->server);
  gw_stream_own(w->client.stream, &heard, &w->client);
}

static void turns(struct world *w, unsigned n) {
  while (n--)
    assert_int_equal(gw_loop_turn(w->loop, 0), 0);
}

static void connect_ok(struct world *w, size_t chunk) {
  dial(w, chunk, "localhost");
  turns(w, 2);
  assert_int_equal(w->client.opens, 1);
  assert_int_equal(w->server.opens, 1);
}

static void world_end(struct world *w) {
  if (w->client.stream) gw_stream_close(w->client.stream);
  if (w->server.stream) gw_stream_close(w->server.stream);
  turns(w, 3);
  if (w->server.opens) assert_int_equal(w->server.closes, 1);
  if (w->client.opens) assert_int_equal(w->client.closes, 1);
  end_clear(&w->server);
  end_clear(&w->client);
}

static void world_close(struct world *w) {
  world_end(w);
  gw_tls_unref(w->server_tls);
  gw_tls_unref(w->client_tls);
  gw_net_free(w->net);
  gw_loop_free(w->loop);
}

static void use_version(struct world *w, int version) {
  SSL_CTX_set_max_proto_version(w->client_tls->ctx, version);
}

static void assert_bytes(const struct end *e, const uint8_t *data, size_t len) {
  assert_int_equal(e->got.len, len);
  if (len) assert_memory_equal(e->got.data, data, len);
}

static uint8_t *pattern(size_t len) {
  uint8_t *data = malloc(len + 1);
  for (size_t i = 0; i < len; i++)
    data[i] = (uint8_t)(i * 7 + i / 251);
  return data;
}

static const int versions[] = {TLS1_3_VERSION, TLS1_2_VERSION};

/* ---- tests ---- */

static void every_size_echoes(void **state) {
  (void)state;
  static const size_t sizes[] = {1, 2, 100, 16383, 16384, 16385, 65536, 300000, 1 << 20};
  struct world w;
  world_open(&w, NULL, NULL);
  for (unsigned v = 0; v < 2; v++) {
    use_version(&w, versions[v]);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
      uint8_t *data = pattern(sizes[i]);
      connect_ok(&w, SIZE_MAX);
      w.server.echoes = true;
      assert_int_equal(say(&w.client, data, sizes[i]), 0);
      turns(&w, 3);
      assert_bytes(&w.server, data, sizes[i]);
      assert_bytes(&w.client, data, sizes[i]);
      free(data);
      world_end(&w);
    }
  }
  world_close(&w);
}

static void input_may_be_split_anywhere(void **state) {
  (void)state;
  struct world w;
  world_open(&w, NULL, NULL);
  uint8_t *data = pattern(300);
  for (unsigned v = 0; v < 2; v++) {
    use_version(&w, versions[v]);
    for (size_t chunk = 1; chunk < 1200; chunk += chunk < 64 ? 1 : 97) {
      connect_ok(&w, chunk);
      w.server.echoes = true;
      assert_int_equal(say(&w.client, data, 300), 0);
      turns(&w, 2);
      assert_bytes(&w.client, data, 300);
      world_end(&w);
    }
  }
  free(data);
  world_close(&w);
}

/* Cuts the input of the server, and of the client, once, at each byte of a handshake and an echo.
 */
static void one_cut_at_every_byte(void **state) {
  (void)state;
  struct world w;
  world_open(&w, NULL, NULL);
  for (size_t cut = 1; cut < 1500; cut += 1) {
    dial(&w, SIZE_MAX, "localhost");
    pipe_of(cut & 1 ? w.lower_server : w.lower_client)->chunk = cut;
    w.server.echoes = true;
    say(&w.client, "hello", 5); /* waits for the handshake */
    turns(&w, 3);
    assert_bytes(&w.client, (const uint8_t *)"hello", 5);
    world_end(&w);
  }
  world_close(&w);
}

static void a_server_lets_go_of_openssl(void **state) {
  (void)state;
  static const char *const suites[] = {"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384",
                                       "TLS_CHACHA20_POLY1305_SHA256"};
  struct world w;
  world_open(&w, NULL, NULL);
  uint8_t *data = pattern(50000);
  for (unsigned i = 0; i < 3; i++) {
    assert_int_equal(SSL_CTX_set_ciphersuites(w.client_tls->ctx, suites[i]), 1);
    connect_ok(&w, SIZE_MAX);
    assert_null(of(w.server.stream)->ssl);
    assert_non_null(of(w.server.stream)->records);
    w.server.echoes = true;
    say(&w.client, data, 50000);
    turns(&w, 2);
    assert_bytes(&w.client, data, 50000);
    world_end(&w);
  }
  free(data);
  use_version(&w, TLS1_2_VERSION);
  connect_ok(&w, SIZE_MAX);
  assert_non_null(of(w.server.stream)->ssl);
  world_close(&w);
}

/* The client guesses a group that the server does not take (RFC 8446, 4.1.4). */
static void a_hello_may_be_retried(void **state) {
  (void)state;
  struct world w;
  world_open(&w, NULL, NULL);
  assert_int_equal(SSL_CTX_set1_groups_list(w.client_tls->ctx, "P-521:X25519"), 1);
  connect_ok(&w, SIZE_MAX);
  assert_non_null(of(w.server.stream)->records);
  w.server.echoes = true;
  say(&w.client, "again", 5);
  turns(&w, 2);
  assert_bytes(&w.client, (const uint8_t *)"again", 5);
  world_close(&w);
}

static void an_empty_name_is_no_name(void **state) {
  (void)state;
  struct world w;
  struct gw_stream *lower, *peer, *stream;
  world_open(&w, NULL, NULL);
  pipe_new(w.net, SIZE_MAX, &lower, &peer);
  gw_stream_own(peer, &orphan_events, NULL);
  /* OpenSSL would take it for "any name" */
  assert_int_equal(gw_tls_stream_new(w.client_tls, lower, "", 0, &stream), GW_ERR_ARGUMENT);
  turns(&w, 2);
  world_close(&w);
}

static void keys_change_on_the_way(void **state) {
  (void)state;
  struct world w;
  world_open(&w, NULL, NULL);
  connect_ok(&w, 7);
  w.server.echoes = true;
  SSL *client = of(w.client.stream)->ssl;
  for (unsigned i = 1; i <= 10; i++) {
    if (i % 3 == 0) of(w.server.stream)->records->owes_update = true; /* as when worn */
    SSL_key_update(client, i & 1 ? SSL_KEY_UPDATE_REQUESTED : SSL_KEY_UPDATE_NOT_REQUESTED);
    say(&w.client, "0123456789", 10);
    turns(&w, 2);
    assert_int_equal(w.client.got.len, 10 * i);
    assert_false(of(w.server.stream)->records->owes_update);
  }
  world_close(&w);
}

static void a_client_changes_a_worn_key(void **state) {
  (void)state;
  struct world w;
  world_open(&w, NULL, NULL);
  for (unsigned v = 0; v < 2; v++) {
    use_version(&w, versions[v]);
    connect_ok(&w, SIZE_MAX);
    for (unsigned i = 1; i <= 4; i++) {
      if (i == 2) of(w.client.stream)->sealed = GW_TLS_WORN_AFTER;
      say(&w.client, "data", 4);
      turns(&w, 2);
      assert_int_equal(w.server.got.len, 4 * i);
    }
    const struct gw_tls_records *records = of(w.server.stream)->records;
    if (records) assert_int_equal(records->in.seq, 3); /* of a key that came with the second */
    if (records) assert_int_equal(of(w.client.stream)->sealed, 2);
    world_end(&w);
  }
  world_close(&w);
}

static void small_writes_of_a_turn_share_a_record(void **state) {
  (void)state;
  struct world w;
  world_open(&w, NULL, NULL);
  connect_ok(&w, SIZE_MAX);
  unsigned before = pipe_of(w.lower_client)->writes;
  for (unsigned i = 0; i < 100; i++)
    assert_int_equal(say(&w.client, "0123456789", 10), 0);
  assert_int_equal(gw_stream_pending(w.client.stream), 1000);
  turns(&w, 1);
  assert_int_equal(pipe_of(w.lower_client)->writes - before, 1);
  assert_int_equal(w.server.datas, 1);
  assert_int_equal(w.server.got.len, 1000);
  assert_int_equal(gw_stream_pending(w.client.stream), 0);
  world_close(&w);
}

static void a_message_over_many_records_is_told_at_once(void **state) {
  (void)state;
  struct world w;
  world_open(&w, NULL, NULL);
  for (unsigned v = 0; v < 2; v++) {
    use_version(&w, versions[v]);
    connect_ok(&w, SIZE_MAX);
    uint8_t *data = pattern(200000);
    say(&w.client, "head", 4);
    say(&w.client, data, 200000);
    turns(&w, 2);
    assert_int_equal(w.server.datas, 1);
    assert_int_equal(w.server.got.len, 200004);
    assert_memory_equal(w.server.got.data + 4, data, 200000);
    free(data);
    world_end(&w);
  }
  world_close(&w);
}

static void writes_before_the_handshake_wait_for_it(void **state) {
  (void)state;
  struct world w;
  world_open(&w, NULL, NULL);
  dial(&w, SIZE_MAX, "localhost");
  assert_int_equal(say(&w.client, "early", 5), 0);
  assert_int_equal(say(&w.server, "greeting", 8), 0);
  gw_stream_close(w.client.stream); /* what waits goes out first */
  assert_int_equal(say(&w.client, "late", 4), GW_ERR_CLOSED);
  turns(&w, 2);
  assert_bytes(&w.server, (const uint8_t *)"early", 5);
  assert_int_equal(w.server.ends, 1);
  assert_int_equal(w.client.opens, 0);
  gw_stream_close(w.server.stream);
  turns(&w, 2);
  assert_int_equal(w.client.closes, 1);
  assert_int_equal(w.client.err, 0);
  assert_int_equal(w.server.err, 0);
  world_close(&w);
}

static void sessions_resume_also_after_a_reload(void **state) {
  (void)state;
  struct world w;
  world_open(&w, NULL, NULL);
  for (unsigned v = 0; v < 2; v++) {
    use_version(&w, versions[v]);
    connect_ok(&w, SIZE_MAX);
    assert_false(w.client.is_resumed);
    world_end(&w);
    assert_int_equal(gw_tls_reload(w.server_tls, NULL, 0), 0);
    connect_ok(&w, SIZE_MAX);
    assert_true(w.client.is_resumed);
    assert_true(w.server.is_resumed);
    w.server.echoes = true;
    say(&w.client, "x", 1);
    turns(&w, 2);
    assert_int_equal(w.client.got.len, 1);
    world_end(&w);
    dial(&w, SIZE_MAX, "127.0.0.1"); /* another name: from the start */
    turns(&w, 2);
    assert_int_equal(w.client.opens, 1);
    assert_false(w.client.is_resumed);
    world_end(&w);
    assert_int_equal(gw_tls_reload(w.client_tls, NULL, 0), 0);
    use_version(&w, versions[v]);
    SSL_SESSION_free(w.client_tls->session);
    w.client_tls->session = NULL;
  }
  world_close(&w);
}

static void refused_with(struct world *w, const char *name, int err, const char *reason) {
  dial(w, SIZE_MAX, name);
  turns(w, 4);
  assert_int_equal(w->client.opens, 0);
  assert_int_equal(w->client.closes, 1);
  assert_int_equal(w->client.err, err);
  assert_string_equal(w->client.reason, reason);
  /* the alert came before the FIN */
  assert_int_equal(w->server.closes, 1);
  assert_int_equal(w->server.err, GW_ERR_TLS);
  assert_non_null(strstr(w->server.reason, "alert"));
}

static void the_client_refuses(const char *name, const char *ca, const char *host,
                               const char *reason) {
  struct gw_tls_options s = server_options(name);
  struct gw_tls_options c = {.ca_file = ca};
  struct world w;
  world_open(&w, &s, &c);
  for (unsigned v = 0; v < 2; v++) {
    use_version(&w, versions[v]);
    refused_with(&w, host, GW_ERR_CERTIFICATE, reason);
    world_end(&w);
  }
  world_close(&w);
}

static void a_client_refuses_wrong_certificates(void **state) {
  (void)state;
  the_client_refuses("good", cert("ca.crt"), "example.com", "hostname mismatch");
  the_client_refuses("good", cert("ca.crt"), "a.b.example.org", "hostname mismatch");
  the_client_refuses("good", cert("ca.crt"), "127.0.0.2", "IP address mismatch");
  the_client_refuses("old", cert("ca.crt"), "localhost", "certificate has expired");
  the_client_refuses("lone", cert("ca.crt"), "localhost", "self-signed certificate");
  the_client_refuses("good", NULL, "localhost", "unable to get local issuer certificate");
}

static void a_client_accepts_names_and_addresses(void **state) {
  (void)state;
  static const char *const names[] = {"localhost", "127.0.0.1", "a.example.org", NULL};
  struct world w;
  world_open(&w, NULL, NULL);
  for (unsigned i = 0; i < 4; i++) {
    dial(&w, SIZE_MAX, names[i]);
    turns(&w, 2);
    assert_int_equal(w.client.opens, 1);
    world_end(&w);
  }
  world_close(&w);
  struct gw_tls_options s = server_options("lone");
  struct gw_tls_options c = {.verify_peer_off = true};
  world_open(&w, &s, &c);
  dial(&w, SIZE_MAX, "example.com");
  turns(&w, 2);
  assert_int_equal(w.client.opens, 1);
  world_close(&w);
}

static void a_server_asks_for_a_certificate(void **state) {
  (void)state;
  struct gw_tls_options s = server_options("good");
  s.want_client_cert = true;
  s.ca_file = cert("ca.crt");
  struct gw_tls_options with = {
      .ca_file = cert("ca.crt"), .cert_file = cert("user.crt"), .key_file = cert("user.key")};
  struct gw_tls_options wrong = with;
  wrong.cert_file = cert("lone.crt");
  wrong.key_file = cert("lone.key");
  for (unsigned v = 0; v < 2; v++) {
    struct world w;
    world_open(&w, &s, &with);
    use_version(&w, versions[v]);
    connect_ok(&w, SIZE_MAX);
    say(&w.server, "known", 5);
    turns(&w, 1);
    assert_bytes(&w.client, (const uint8_t *)"known", 5);
    world_close(&w);
    world_open(&w, &s, NULL);
    use_version(&w, versions[v]);
    dial(&w, SIZE_MAX, "localhost");
    turns(&w, 4);
    assert_int_equal(w.server.opens, 0);
    assert_int_equal(w.server.err, GW_ERR_TLS);
    assert_string_equal(w.server.reason, "peer did not return a certificate");
    assert_int_equal(w.client.err, GW_ERR_TLS);
    assert_non_null(strstr(w.client.reason, "alert"));
    world_close(&w);
    world_open(&w, &s, &wrong);
    use_version(&w, versions[v]);
    dial(&w, SIZE_MAX, "localhost");
    turns(&w, 4);
    assert_int_equal(w.server.opens, 0);
    assert_int_equal(w.server.err, GW_ERR_CERTIFICATE);
    assert_string_equal(w.server.reason, "self-signed certificate");
    world_close(&w);
  }
}

static void alpn_is_agreed_or_refused(void **state) {
  (void)state;
  static const struct {
    const char *server, *client, *chosen; /* NULL: refused */
  } cases[] = {{"h2,http/1.1", "http/1.1,h2", "h2"},
               {"http/1.1", "h2,http/1.1", "http/1.1"},
               {"http/1.1", NULL, ""},
               {NULL, "h2", ""},
               {"http/1.1", "h2,spdy/3", NULL}};
  for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct gw_tls_options s = server_options("good"), c = {.ca_file = cert("ca.crt")};
    s.alpn = cases[i].server;
    c.alpn = cases[i].client;
    struct world w;
    world_open(&w, &s, &c);
    dial(&w, SIZE_MAX, "localhost");
    turns(&w, 3);
    if (cases[i].chosen) {
      assert_string_equal(w.client.alpn, cases[i].chosen);
      assert_string_equal(w.server.alpn, cases[i].chosen);
    } else {
      assert_int_equal(w.server.err, GW_ERR_TLS);
      assert_string_equal(w.client.reason, "tlsv1 alert no application protocol");
    }
    world_close(&w);
  }
}

/* ---- peers that misbehave ---- */

static void raw_data(struct gw_stream *stream, uint8_t *data, size_t len) {
  struct end *e = stream->owner;
  e->datas++;
  gw_buf_add(&e->got, data, len);
}
static void raw_closed(struct gw_stream *stream, int err) {
  struct end *e = stream->owner;
  e->closes++;
  e->err = err;
  e->stream = NULL;
}
static const struct gw_stream_events raw_events = {.on_data = raw_data, .on_close = raw_closed};

/* A server of ours; the client is the bare stream below. */
static void dial_raw(struct world *w, unsigned timeout_ms) {
  end_clear(&w->server);
  end_clear(&w->client);
  pipe_new(w->net, SIZE_MAX, &w->lower_server, &w->client.stream);
  gw_stream_own(w->client.stream, &raw_events, &w->client);
  assert_int_equal(
      gw_tls_stream_new(w->server_tls, w->lower_server, NULL, timeout_ms, &w->server.stream), 0);
  gw_stream_own(w->server.stream, &heard, &w->server);
}

static void garbage_gets_an_alert(void **state) {
  (void)state;
  static const struct gw_str garbage[] = {
      {"GET / HTTP/1.1\r\nHost: x\r\n\r\n", 27},
      {"\x16\x03\x01\xff\xff\x01\x02\x03\x04\x05\x06", 11}, /* longer than a record may be */
      {"\x16\x03\x01\x00\x06\x09\x02\x03\x04\x05\x06", 11}, /* no ClientHello */
      {"\x17\x03\x03\x00\x06\x02\x02\x02\x02\x02\x02", 11}, /* data */
  };
  struct world w;
  world_open(&w, NULL, NULL);
  for (unsigned i = 0; i < 4; i++) {
    dial_raw(&w, 0);
    say(&w.client, garbage[i].at, garbage[i].len);
    turns(&w, 3);
    assert_int_equal(w.server.closes, 1);
    assert_int_equal(w.server.err, GW_ERR_TLS);
    assert_int_equal(w.client.closes, 1);
    if (i == 0)
      assert_string_equal(w.server.reason, "http request"); /* which would not read an alert */
    else
      assert_int_equal(w.client.got.data[0], 21); /* alert, RFC 8446, 5.1 */
  }
  connect_ok(&w, SIZE_MAX);
  world_close(&w);
}

static void a_silent_peer_is_dropped_in_time(void **state) {
  (void)state;
  struct world w;
  world_open(&w, NULL, NULL);
  dial_raw(&w, 5);
  say(&w.client, "\x16\x03\x01\x02\x00\x01", 6);
  for (unsigned i = 0; i < 100 && !w.server.closes; i++)
    gw_loop_turn(w.loop, 5);
  assert_int_equal(w.server.err, GW_ERR_TIMEOUT);
  assert_string_equal(w.server.reason, "the TLS handshake took too long");
  turns(&w, 1);
  world_close(&w);
}

static void a_missing_close_notify_is_a_reset(void **state) {
  (void)state;
  struct world w;
  world_open(&w, NULL, NULL);
  connect_ok(&w, SIZE_MAX);
  say(&w.client, "part", 4);
  turns(&w, 2);
  gw_stream_close(w.lower_client); /* FIN, no close_notify */
  turns(&w, 2);
  assert_int_equal(w.server.got.len, 4);
  assert_int_equal(w.server.ends, 0);
  assert_int_equal(w.server.closes, 1);
  assert_int_equal(w.server.err, GW_ERR_RESET);
  w.client.stream = NULL;
  world_close(&w);
  world_open(&w, NULL, NULL);
  dial_raw(&w, 0);
  gw_stream_close(w.client.stream); /* in the handshake */
  turns(&w, 2);
  assert_int_equal(w.server.err, GW_ERR_RESET);
  world_close(&w);
}

static void a_close_notify_ends_one_direction(void **state) {
  (void)state;
  struct world w;
  world_open(&w, NULL, NULL);
  for (unsigned v = 0; v < 2; v++) {
    use_version(&w, versions[v]);
    connect_ok(&w, SIZE_MAX);
    struct gw_tls_stream *c = of(w.client.stream);
    gw_tls_out_lend(c, NULL, 0);
    gw_tls_ssl_end(c->ssl, &c->shared->bio);
    gw_tls_out_send(c);
    turns(&w, 1);
    assert_int_equal(w.server.ends, 1);
    assert_int_equal(w.server.closes, 0);
    assert_int_equal(say(&w.server, "still here", 10), 0);
    turns(&w, 2);
    assert_int_equal(w.client.got.len, 10);
    gw_stream_close(w.server.stream);
    turns(&w, 2);
    assert_int_equal(w.client.ends, 1);
    world_end(&w);
  }
  world_close(&w);
}

static void renegotiation_is_refused(void **state) {
  (void)state;
  struct world w;
  world_open(&w, NULL, NULL);
  use_version(&w, TLS1_2_VERSION);
  SSL_CTX_clear_options(w.client_tls->ctx, SSL_OP_NO_RENEGOTIATION);
  connect_ok(&w, SIZE_MAX);
  struct gw_tls_stream *c = of(w.client.stream);
  const char *reason = NULL;
  gw_tls_out_lend(c, NULL, 0);
  assert_int_equal(SSL_renegotiate(c->ssl), 1);
  assert_int_equal(gw_tls_ssl_handshake(c->ssl, &c->shared->bio, &reason), 0);
  gw_tls_out_send(c);
  size_t before = w.client.datas;
  turns(&w, 3);
  assert_int_equal(w.client.datas, before);
  assert_int_equal(w.client.err, GW_ERR_TLS);
  assert_string_equal(w.client.reason, "no renegotiation");
  world_end(&w);
  connect_ok(&w, SIZE_MAX);
  world_close(&w);
}

static void a_spoilt_record_ends_in_an_alert(void **state) {
  (void)state;
  struct world w;
  world_open(&w, NULL, NULL);
  for (unsigned v = 0; v < 2; v++) {
    use_version(&w, versions[v]);
    connect_ok(&w, SIZE_MAX);
    static const uint8_t record[] = "\x17\x03\x03\x00\x20This text is thirty-two bytes...";
    say(&w.client, "good", 4);
    turns(&w, 1);
    gw_stream_write(w.lower_client, &(struct gw_piece){.data = record, .len = 37}, 1);
    turns(&w, 3);
    assert_int_equal(w.server.got.len, 4);
    assert_int_equal(w.server.err, GW_ERR_TLS);
    assert_string_equal(w.client.reason, "sslv3 alert bad record mac");
    world_end(&w);
  }
  world_close(&w);
}

/* ---- reload ---- */

static void common_name(struct world *w, char *out, size_t size) {
  X509 *peer = SSL_get0_peer_certificate(of(w->client.stream)->ssl);
  X509_NAME_get_text_by_NID(X509_get_subject_name(peer), NID_commonName, out, (int)size);
}

static void a_reload_changes_new_connections_only(void **state) {
  (void)state;
  run("cp good.crt live.crt && cp good.key live.key");
  struct gw_tls_options s = server_options("live");
  struct world w;
  char name[64], reason[256];
  world_open(&w, &s, NULL);
  connect_ok(&w, SIZE_MAX);
  struct end server = w.server, client = w.client;
  gw_stream_own(server.stream, &heard, &server);
  gw_stream_own(client.stream, &heard, &client);
  w.server = w.client = (struct end){0};
  run("cp next.crt live.crt && cp next.key live.key");
  assert_int_equal(gw_tls_reload(w.server_tls, reason, sizeof reason), 0);
  SSL_SESSION_free(w.client_tls->session);
  w.client_tls->session = NULL;
  connect_ok(&w, SIZE_MAX);
  common_name(&w, name, sizeof name);
  assert_string_equal(name, "next");
  world_end(&w);
  run("cp old.crt live.crt"); /* not the key's */
  assert_int_equal(gw_tls_reload(w.server_tls, reason, sizeof reason), GW_ERR_CERTIFICATE);
  assert_non_null(strstr(reason, "live.key: key values mismatch"));
  run("rm live.crt");
  assert_int_equal(gw_tls_reload(w.server_tls, reason, sizeof reason), GW_ERR_CERTIFICATE);
  assert_non_null(strstr(reason, "live.crt: No such file"));
  connect_ok(&w, SIZE_MAX);
  world_end(&w);
  server.echoes = true;
  say(&client, "open all the while", 18);
  turns(&w, 2);
  assert_int_equal(client.got.len, 18);
  gw_stream_close(client.stream);
  gw_stream_close(server.stream);
  turns(&w, 3);
  assert_int_equal(client.closes + server.closes, 2);
  end_clear(&client);
  end_clear(&server);
  world_close(&w);
}

/* ---- threads ---- */

static void *talk_often(void *arg) {
  const struct world *given = arg;
  struct world w = {.server_tls = gw_tls_ref(given->server_tls),
                    .client_tls = gw_tls_ref(given->client_tls)};
  uintptr_t echoes = 0;
  if (gw_loop_new(&w.loop) != 0 || gw_net_new(w.loop, NULL, &w.net) != 0) return NULL;
  for (unsigned i = 0; i < 20; i++) {
    dial(&w, SIZE_MAX, "localhost");
    w.server.echoes = true;
    say(&w.client, "hello", 5);
    for (unsigned turn = 0; turn < 3; turn++)
      gw_loop_turn(w.loop, 0);
    echoes += w.client.got.len == 5;
    world_end(&w);
  }
  world_close(&w);
  return (void *)echoes;
}

static void threads_share_settings_while_they_are_reloaded(void **state) {
  (void)state;
  struct world w;
  pthread_t threads[3];
  world_open(&w, NULL, NULL);
  for (unsigned i = 0; i < 3; i++)
    assert_int_equal(pthread_create(&threads[i], NULL, talk_often, &w), 0);
  for (unsigned i = 0; i < 10; i++)
    assert_int_equal(gw_tls_reload(w.server_tls, NULL, 0), 0);
  for (unsigned i = 0; i < 3; i++) {
    void *echoes = NULL;
    pthread_join(threads[i], &echoes);
    assert_int_equal((uintptr_t)echoes, 20);
  }
  world_close(&w);
}

static void bad_settings_are_told_in_words(void **state) {
  (void)state;
  struct gw_tls *tls = NULL;
  char reason[256];
  struct gw_tls_options o = {0};
  assert_int_equal(gw_tls_new(&o, &tls, reason, sizeof reason), GW_ERR_CERTIFICATE);
  o = server_options("good");
  o.key_file = cert("next.key");
  assert_int_equal(gw_tls_new(&o, &tls, reason, sizeof reason), GW_ERR_CERTIFICATE);
  assert_non_null(strstr(reason, "next.key: key values mismatch"));
  o = (struct gw_tls_options){.is_client = true, .ca_file = cert("nowhere.crt")};
  assert_int_equal(gw_tls_new(&o, &tls, reason, sizeof reason), GW_ERR_CERTIFICATE);
  assert_non_null(strstr(reason, "nowhere.crt"));
  o = (struct gw_tls_options){.is_client = true, .alpn = "h2,,x"};
  assert_int_equal(gw_tls_new(&o, &tls, NULL, 0), 0); /* blanks and empty members are passed over */
  gw_tls_unref(tls);
  assert_null(strstr(reason, "refused by OpenSSL"));
}

/* ---- pause, backpressure, endings ---- */

static void a_pause_holds_what_came(void **state) {
  (void)state;
  struct world w;
  world_open(&w, NULL, NULL);
  for (unsigned v = 0; v < 2; v++) {
    use_version(&w, versions[v]);
    connect_ok(&w, 20000);
    uint8_t *data = pattern(1 << 20);
    w.server.pause_at = 1;
    say(&w.client, data, 1 << 20);
    gw_stream_close(w.client.stream);
    for (unsigned i = 1; i < 200 && w.server.got.len < 1 << 20; i++) {
      turns(&w, 2);
      unsigned datas = w.server.datas;
      assert_true(datas <= i);
      gw_stream_pause(w.server.stream, false);
      assert_int_equal(w.server.datas, datas); /* nothing inside the owner's call */
    }
    assert_bytes(&w.server, data, 1 << 20);
    w.server.pause_at = 0;
    turns(&w, 2);
    assert_int_equal(w.server.ends, 1);
    free(data);
    world_end(&w);
  }
  world_close(&w);
}

/* More in one piece than one on_data takes: the second half waits for the owner. */
static void a_pause_in_the_middle_of_a_piece(void **state) {
  (void)state;
  struct world w;
  world_open(&w, NULL, NULL);
  for (unsigned v = 0; v < 2; v++) {
    use_version(&w, versions[v]);
    connect_ok(&w, SIZE_MAX);
    uint8_t *data = pattern(900000);
    w.server.pause_at = 1;
    for (size_t i = 0; i < 3; i++)
      say(&w.client, data + 300000 * i, 300000);
    turns(&w, 2);
    assert_int_equal(w.server.datas, 1);
    assert_true(w.server.got.len < 900000);
    gw_stream_close(w.lower_client); /* FIN without close_notify behind what is held */
    turns(&w, 2);
    assert_int_equal(w.server.closes, 0);
    for (unsigned i = 0; i < 10 && w.server.stream; i++) {
      gw_stream_pause(w.server.stream, false);
      turns(&w, 2);
    }
    assert_bytes(&w.server, data, 900000);
    assert_int_equal(w.server.err, GW_ERR_RESET);
    w.client.stream = NULL;
    free(data);
    end_clear(&w.client);
    end_clear(&w.server);
  }
  world_close(&w);
}

static void a_write_above_the_cap_is_refused_whole(void **state) {
  (void)state;
  struct world w;
  world_open(&w, NULL, NULL);
  w.net->outbox_cap = 1032;
  connect_ok(&w, SIZE_MAX);
  uint8_t *data = pattern(1000);
  assert_int_equal(say(&w.client, data, 1000), GW_ERR_FULL);
  assert_int_equal(say(&w.client, data, 500), 0);
  assert_int_equal(say(&w.client, data, 500), GW_ERR_FULL);
  turns(&w, 2);
  assert_bytes(&w.server, data, 500);
  free(data);
  world_close(&w);
}

/* ---- on sockets ---- */

/* Writes `left` bytes as fast as the stream takes them. */
struct source {
  struct end end;
  const uint8_t *data;
  size_t left;
  unsigned stops;
};

static void source_go_on(struct gw_stream *stream) {
  struct source *source = gw_container_of(stream->owner, struct source, end);
  while (source->left) {
    size_t n = source->left < 50000 ? source->left : 50000;
    int rc = say(&source->end, source->data, n);
    assert_true(rc >= 0);
    source->data += n;
    source->left -= n;
    if (rc == 0) continue;
    source->stops++;
    return;
  }
}
static void source_opened(struct gw_stream *stream) {
  ((struct end *)stream->owner)->opens++;
  source_go_on(stream);
}
static const struct gw_stream_events source_events = {.on_open = source_opened,
                                                      .on_data = heard_data,
                                                      .on_drain = source_go_on,
                                                      .on_close = heard_close};

/* Reads no more than it can send back. */
static void careful_data(struct gw_stream *stream, uint8_t *data, size_t len) {
  struct end *e = stream->owner;
  e->datas++;
  assert_true(gw_stream_pending(stream) < 1000000);
  int rc = say(e, data, len);
  assert_true(rc >= 0);
  if (rc) gw_stream_pause(stream, true);
}
static void careful_drain(struct gw_stream *stream) {
  ((struct end *)stream->owner)->drains++;
  gw_stream_pause(stream, false);
}
static const struct gw_stream_events careful_events = {
    .on_data = careful_data, .on_drain = careful_drain, .on_close = heard_close};

static void backpressure_goes_through(void **state) {
  (void)state;
  struct world w;
  world_open(&w, NULL, NULL);
  w.net->outbox_high = 100000;
  size_t len = 5000000;
  uint8_t *data = pattern(len);
  for (unsigned v = 0; v < 2; v++) {
    use_version(&w, versions[v]);
    int fds[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
    assert_int_equal(gw_tcp_new(w.net, fds[0], &w.lower_server), 0);
    assert_int_equal(gw_tcp_new(w.net, fds[1], &w.lower_client), 0);
    struct source source = {.data = data, .left = len, .end.got.cap = 64u << 20};
    struct gw_stream *server, *client;
    assert_int_equal(gw_tls_stream_new(w.server_tls, w.lower_server, NULL, 0, &server), 0);
    assert_int_equal(gw_tls_stream_new(w.client_tls, w.lower_client, "localhost", 0, &client), 0);
    end_clear(&w.server);
    w.server.stream = server;
    source.end.stream = client;
    gw_stream_own(server, &careful_events, &w.server);
    gw_stream_own(client, &source_events, &source.end);
    for (unsigned i = 0; i < 1000 && !of(server)->has_told; i++) {
      gw_stream_pause(client, source.end.opens); /* a peer that does not read */
      gw_loop_turn(w.loop, 0);
    }
    gw_stream_pause(client, false);
    for (unsigned i = 0; i < 10000 && source.end.got.len < len; i++)
      gw_loop_turn(w.loop, 100);
    assert_bytes(&source.end, data, len);
    assert_true(source.stops > 1);
    assert_true(w.server.drains >= 1);
    gw_stream_close(client);
    for (unsigned i = 0; i < 100 && !(w.server.closes && source.end.closes); i++)
      gw_loop_turn(w.loop, 100);
    assert_int_equal(w.server.err, 0);
    assert_int_equal(source.end.err, 0);
    gw_buf_clear(&source.end.got);
  }
  free(data);
  world_close(&w);
}

/* Bytes that the kernel does not take count, though they are few: a pong more must not wait. */
static void a_write_of_nothing_asks(void **state) {
  (void)state;
  struct world w;
  world_open(&w, NULL, NULL);
  int fds[2];
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
  assert_int_equal(gw_tcp_new(w.net, fds[0], &w.lower_server), 0);
  assert_int_equal(gw_tcp_new(w.net, fds[1], &w.lower_client), 0);
  end_clear(&w.server);
  end_clear(&w.client);
  assert_int_equal(gw_tls_stream_new(w.server_tls, w.lower_server, NULL, 0, &w.server.stream), 0);
  assert_int_equal(gw_tls_stream_new(w.client_tls, w.lower_client, NULL, 0, &w.client.stream), 0);
  gw_stream_own(w.server.stream, &heard, &w.server);
  gw_stream_own(w.client.stream, &heard, &w.client);
  for (unsigned i = 0; i < 20 && !(w.server.opens && w.client.opens); i++)
    gw_loop_turn(w.loop, 10);
  assert_int_equal(gw_stream_write(w.server.stream, NULL, 0), 0);
  gw_stream_pause(w.client.stream, true);
  uint8_t *data = pattern(40000);
  size_t sent = 0;
  for (; gw_stream_pending(w.server.stream) == 0; sent += 40000) {
    assert_int_equal(say(&w.server, data, 40000), 0);
    turns(&w, 1);
  }
  assert_int_equal(gw_stream_write(w.server.stream, NULL, 0), 1);
  assert_int_equal(w.server.drains, 0);
  gw_stream_pause(w.client.stream, false);
  for (unsigned i = 0; i < 100 && w.client.got.len < sent; i++)
    gw_loop_turn(w.loop, 10);
  assert_int_equal(w.client.got.len, sent);
  assert_int_equal(w.server.drains, 1);
  assert_int_equal(gw_stream_write(w.server.stream, NULL, 0), 0);
  free(data);
  gw_stream_abort(w.client.stream, 0);
  gw_stream_abort(w.server.stream, 0);
  turns(&w, 2);
  world_close(&w);
}

/* The FIN came behind a backlog, and the owner pauses at the backlog's last byte. */
static void a_cut_is_told_after_another_pause(void **state) {
  (void)state;
  struct world w;
  world_open(&w, NULL, NULL);
  connect_ok(&w, SIZE_MAX);
  uint8_t *data = pattern(600000);
  w.server.pause_at = 1;
  say(&w.client, data, 300000);
  say(&w.client, data, 300000);
  turns(&w, 2);
  gw_stream_close(w.lower_client);
  w.lower_server->events->on_end(w.lower_server); /* as a TLS stream below tells it: at once */
  for (unsigned i = 0; i < 10 && w.server.got.len < 600000; i++) {
    gw_stream_pause(w.server.stream, false);
    turns(&w, 2);
  }
  assert_int_equal(w.server.got.len, 600000);
  assert_int_equal(w.server.closes, 0);
  pipe_of(w.lower_server)->has_told_eof = true;
  gw_stream_pause(w.server.stream, false);
  turns(&w, 2);
  assert_int_equal(w.server.err, GW_ERR_RESET);
  w.client.stream = NULL;
  free(data);
  world_close(&w);
}

static void endings_inside_every_event(void **state) {
  (void)state;
  struct world w;
  world_open(&w, NULL, NULL);
  for (unsigned i = 0; i < 2 * 2 * 3 * 2; i++) {
    bool is_server = i & 1;
    enum reaction reaction = i & 2 ? CLOSE : ABORT;
    unsigned where = i / 4 % 3;
    use_version(&w, versions[i / 12]);
    dial(&w, SIZE_MAX, "localhost");
    struct end *e = is_server ? &w.server : &w.client, *other = is_server ? &w.client : &w.server;
    *(where == 0 ? &e->at_open : where == 1 ? &e->at_data : &e->at_end) = reaction;
    other->at_end = CLOSE;
    say(other, "data", 4);
    if (where == 2) gw_stream_close(other->stream);
    turns(&w, 4);
    assert_int_equal(e->closes, 1);
    assert_int_equal(e->err, reaction == ABORT ? GW_ERR_WS_POLICY : 0);
    assert_int_equal(other->closes, 1);
    world_end(&w);
  }
  world_close(&w);
}

static void tls_inside_tls(void **state) {
  (void)state;
  struct world w;
  world_open(&w, NULL, NULL);
  connect_ok(&w, SIZE_MAX);
  struct gw_stream *lower_server = w.server.stream, *lower_client = w.client.stream;
  struct gw_stream *server, *client;
  assert_int_equal(gw_tls_stream_new(w.server_tls, lower_server, NULL, 0, &server), 0);
  assert_int_equal(gw_tls_stream_new(w.client_tls, lower_client, "localhost", 0, &client), 0);
  end_clear(&w.server);
  end_clear(&w.client);
  w.server.stream = server;
  w.client.stream = client;
  gw_stream_own(server, &heard, &w.server);
  gw_stream_own(client, &heard, &w.client);
  w.server.echoes = true;
  uint8_t *data = pattern(100000);
  say(&w.client, data, 100000);
  turns(&w, 5);
  assert_bytes(&w.client, data, 100000);
  free(data);
  world_close(&w);
}

static void every_allocation_may_fail(void **state) {
  (void)state;
  struct world w;
  world_open(&w, NULL, NULL);
  bool has_failed = true;
  for (size_t nth = 1; has_failed && nth < 200; nth++) {
    end_clear(&w.server);
    end_clear(&w.client);
    pipe_new(w.net, SIZE_MAX, &w.lower_server, &w.lower_client);
    gw_stream_own(w.lower_client, &raw_events, &w.client);
    w.client.stream = w.lower_client;
    alloc_fail_at(nth);
    struct gw_stream *server = NULL, *client = NULL;
    if (gw_tls_stream_new(w.server_tls, w.lower_server, NULL, 0, &server) == 0) {
      w.server.stream = server;
      gw_stream_own(server, &heard, &w.server);
      if (gw_tls_stream_new(w.client_tls, w.lower_client, "localhost", 0, &client) == 0) {
        w.client.stream = client;
        gw_stream_own(client, &heard, &w.client);
        int err = say(&w.client, "x", 1);
        assert_true(err == 0 || err == GW_ERR_MEMORY);
      } else {
        w.client.stream = NULL;
      }
    }
    for (unsigned i = 0; i < 3; i++)
      gw_loop_turn(w.loop, 0);
    has_failed = alloc_has_failed();
    alloc_fail_at(0);
    if (w.server.stream) gw_stream_abort(w.server.stream, 0);
    if (w.client.stream) gw_stream_abort(w.client.stream, 0);
    turns(&w, 2);
  }
  assert_false(has_failed);
  struct gw_tls_options o = server_options("good");
  struct gw_tls *tls = NULL;
  alloc_fail_at(1);
  assert_int_equal(gw_tls_new(&o, &tls, NULL, 0), GW_ERR_MEMORY);
  alloc_fail_at(0);
  world_close(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_size_echoes),
      cmocka_unit_test(input_may_be_split_anywhere),
      cmocka_unit_test(one_cut_at_every_byte),
      cmocka_unit_test(a_server_lets_go_of_openssl),
      cmocka_unit_test(a_hello_may_be_retried),
      cmocka_unit_test(an_empty_name_is_no_name),
      cmocka_unit_test(keys_change_on_the_way),
      cmocka_unit_test(a_client_changes_a_worn_key),
      cmocka_unit_test(small_writes_of_a_turn_share_a_record),
      cmocka_unit_test(a_message_over_many_records_is_told_at_once),
      cmocka_unit_test(writes_before_the_handshake_wait_for_it),
      cmocka_unit_test(sessions_resume_also_after_a_reload),
      cmocka_unit_test(a_client_refuses_wrong_certificates),
      cmocka_unit_test(a_client_accepts_names_and_addresses),
      cmocka_unit_test(a_server_asks_for_a_certificate),
      cmocka_unit_test(alpn_is_agreed_or_refused),
      cmocka_unit_test(garbage_gets_an_alert),
      cmocka_unit_test(a_silent_peer_is_dropped_in_time),
      cmocka_unit_test(a_missing_close_notify_is_a_reset),
      cmocka_unit_test(a_close_notify_ends_one_direction),
      cmocka_unit_test(renegotiation_is_refused),
      cmocka_unit_test(a_spoilt_record_ends_in_an_alert),
      cmocka_unit_test(a_reload_changes_new_connections_only),
      cmocka_unit_test(threads_share_settings_while_they_are_reloaded),
      cmocka_unit_test(bad_settings_are_told_in_words),
      cmocka_unit_test(a_pause_holds_what_came),
      cmocka_unit_test(a_pause_in_the_middle_of_a_piece),
      cmocka_unit_test(a_write_above_the_cap_is_refused_whole),
      cmocka_unit_test(backpressure_goes_through),
      cmocka_unit_test(a_write_of_nothing_asks),
      cmocka_unit_test(a_cut_is_told_after_another_pause),
      cmocka_unit_test(endings_inside_every_event),
      cmocka_unit_test(tls_inside_tls),
      cmocka_unit_test(every_allocation_may_fail),
  };
  return cmocka_run_group_tests(tests, certs_make, certs_remove);
}
