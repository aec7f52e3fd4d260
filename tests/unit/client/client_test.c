/* SPDX-License-Identifier: MIT */
/* A client against servers made of bytes: every step of a try, how each can fail, and what comes
 * after the end. One thread. */
#include "client/client.c"

#include "godwit/server.h"
#include "support/alloc.h"
#include "support/peer.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum deed { NOTHING, FREE, CLOSE, CLOSE_AND_FREE };
enum event { AT_NONE, AT_OPEN, AT_MESSAGE, AT_CLOSE, AT_FAILURE };

struct place {
  struct gw_loop *loop;
  int listener;
  unsigned port;
  struct gw_client *client; /* NULL once freed */
  struct gw_websocket handler;
  struct gw_client_options options;
  struct peer peer;
  enum event at;
  enum deed deed;
  unsigned opened, closed, failures, messages;
  struct gw_client_failure failure; /* the latest, without its reason */
  char reason[200], url[64], proxy[96], text[64];
  unsigned code;
};

static struct place place;

static void do_deed(enum event at) {
  struct place *p = &place;
  if (p->at != at || !p->client) return;
  if (p->deed == CLOSE || p->deed == CLOSE_AND_FREE) gw_client_close(p->client, 1000, "deed");
  if (p->deed != FREE && p->deed != CLOSE_AND_FREE) return;
  gw_client_free(p->client);
  p->client = NULL;
}

static void on_client_open(struct gw_conn *conn) {
  place.opened++;
  assert_ptr_equal(gw_conn_client(conn), place.client);
  assert_ptr_equal(gw_client_conn(place.client), conn);
  do_deed(AT_OPEN);
}

static void on_client_message(struct gw_conn *conn, const struct gw_message *m) {
  place.messages++;
  snprintf(place.text, sizeof place.text, "%.*s", (int)m->len, (const char *)m->data);
  gw_conn_send(conn, m->type, m->data, m->len);
  do_deed(AT_MESSAGE);
}

static void on_client_close(struct gw_conn *conn, const struct gw_ending *ending) {
  (void)conn;
  place.closed++;
  place.code = ending->code;
  do_deed(AT_CLOSE);
}

static void on_client_failure(struct gw_client *client, const struct gw_client_failure *failure) {
  assert_ptr_equal(client, place.client);
  assert_ptr_equal(gw_client_user(client), &place);
  place.failures++;
  place.failure = *failure;
  snprintf(place.reason, sizeof place.reason, "%s", failure->reason);
  do_deed(AT_FAILURE);
}

static struct place *begin(void) {
  struct place *p = &place;
  *p = (struct place){.handler = {.on_open = on_client_open,
                                  .on_message = on_client_message,
                                  .on_close = on_client_close,
                                  .close_ms = 50},
                      .peer.fd = -1};
  assert_int_equal(gw_loop_new(&p->loop), 0);
  p->listener = peer_listen(&p->port);
  snprintf(p->url, sizeof p->url, "ws://127.0.0.1:%u/path?q", p->port);
  p->options = (struct gw_client_options){
      .url = p->url, .handler = &p->handler, .on_failure = on_client_failure, .user = p};
  return p;
}

static void open_client(struct place *p) {
  assert_int_equal(gw_client_open(p->loop, &p->options, &p->client), 0);
}

/* Ends in the very turn: nothing may be left for a turn that does not come. */
static void end(struct place *p) {
  gw_client_free(p->client);
  gw_loop_free(p->loop);
  peer_close(&p->peer);
  close(p->listener);
}

static void accept_one(struct place *p) {
  peer_accept(&p->peer, p->loop, p->listener);
}

static void connect_one(struct place *p) {
  accept_one(p);
  peer_answer_upgrade(&p->peer, NULL);
  unsigned before = p->opened;
  PEER_UNTIL(p->loop, p->opened > before);
}

/* ---- the good way ---- */

static void a_client_says_what_it_was_told_to(void **state) {
  (void)state;
  struct place *p = begin();
  p->options.origin = "https://example.com";
  p->options.headers = "X-A: b\r\nX-C: d\r\n";
  p->handler.protocols = "one, two";
  open_client(p);
  accept_one(p);
  PEER_UNTIL(p->loop, recv(p->peer.fd, p->text, 1, MSG_PEEK | MSG_DONTWAIT) == 1);
  char head[2048];
  while (!strstr(p->peer.in, "\r\n\r\n"))
    assert_true(peer_more(&p->peer, peer_clock() + PEER_WAIT_MS));
  snprintf(head, sizeof head, "%.2000s", p->peer.in);
  assert_memory_equal(head, "GET /path?q HTTP/1.1\r\n", 22);
  static const char *const lines[] = {
      "\r\nOrigin: https://example.com\r\n", "\r\nX-A: b\r\nX-C: d\r\n",
      "\r\nSec-WebSocket-Protocol: one, two\r\n", "\r\nSec-WebSocket-Version: 13\r\n"};
  for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
    assert_non_null(strstr(head, lines[i]));
  peer_answer_upgrade(&p->peer, "Sec-WebSocket-Protocol: two\r\n");
  peer_server_frame(&p->peer, 0x81, "eager", 5);
  PEER_UNTIL(p->loop, p->messages == 1);
  char name[16];
  assert_string_equal(gw_conn_protocol(gw_client_conn(p->client), name, sizeof name), "two");
  peer_expect(&p->peer, 0x81, "eager");
  end(p);
}

static void a_close_is_answered_and_told(void **state) {
  (void)state;
  struct place *p = begin();
  open_client(p);
  connect_one(p);
  gw_client_close(p->client, 4000, "bye");
  assert_int_equal(p->closed, 0);
  peer_expect_close(&p->peer, 4000);
  peer_server_frame(&p->peer, 0x88, "\x0f\xa0", 2);
  PEER_UNTIL(p->loop, p->closed);
  assert_int_equal(p->code, 4000);
  assert_null(gw_client_conn(p->client));
  end(p);
  assert_int_equal(p->failures, 0);
}

/* ---- what cannot be asked for (security.md 6) ---- */

static void what_would_break_the_head_is_refused_and_nothing_sent(void **state) {
  (void)state;
  static const char *const urls[] = {"",
                                     "nonsense",
                                     "ftp://a/",
                                     "ws://",
                                     "ws://a:99999/",
                                     "ws://a/\r\nX: y",
                                     "ws://a\r\n/",
                                     "ws://a/ b",
                                     "ws://a/\x01",
                                     "ws://a/#frag",
                                     "ws://a b/",
                                     "ws:///x",
                                     "ws://[::1/"};
  struct place *p = begin();
  for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
    p->options.url = urls[i];
    if (gw_client_open(p->loop, &p->options, &p->client) != GW_ERR_ARGUMENT)
      fail_msg("taken: %s", urls[i]);
  }
  p->options.url = p->url;
  const struct gw_client_options good = p->options;
  static const char *const origins[] = {"http://a\r\nX: y", "http://a b", "\n", "a\x7f"};
  for (size_t i = 0; i < sizeof origins / sizeof *origins; i++) {
    p->options.origin = origins[i];
    assert_int_equal(gw_client_open(p->loop, &p->options, &p->client), GW_ERR_ARGUMENT);
  }
  p->options = good;
  static const char *const headers[] = {"X: y",
                                        "X: y\n",
                                        "X: y\r\n\r\n",
                                        "X y\r\n",
                                        "X: a\rb\r\n",
                                        "X: a\r\n b\r\n",
                                        "Host: evil\r\n",
                                        "Upgrade: x\r\n",
                                        "Sec-WebSocket-Key: x\r\n",
                                        "Content-Length: 3\r\n",
                                        ": x\r\n"};
  for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
    p->options.headers = headers[i];
    if (gw_client_open(p->loop, &p->options, &p->client) != GW_ERR_ARGUMENT)
      fail_msg("taken: %s", headers[i]);
  }
  p->options = good;
  static const char *const protocols[] = {"a\r\nX: y", "a b", "a, a", "a\x01", ","};
  for (size_t i = 0; i < sizeof protocols / sizeof *protocols; i++) {
    p->handler.protocols = protocols[i];
    assert_int_equal(gw_client_open(p->loop, &p->options, &p->client), GW_ERR_ARGUMENT);
  }
  p->handler.protocols = NULL;
  static const char *const proxies[] = {"https://a:1", "a:1", "http://a\r\nb", "http://u:p\r@a"};
  for (size_t i = 0; i < sizeof proxies / sizeof *proxies; i++) {
    p->options.proxy = proxies[i];
    assert_int_equal(gw_client_open(p->loop, &p->options, &p->client), GW_ERR_ARGUMENT);
  }
  p->options = good;
  p->options.url = NULL;
  assert_int_equal(gw_client_open(p->loop, &p->options, &p->client), GW_ERR_ARGUMENT);
  for (int i = 0; i < 5; i++)
    gw_loop_turn(p->loop, 1);
  assert_int_equal(accept4(p->listener, NULL, NULL, 0), -1); /* nobody came */
  p->client = NULL;
  end(p);
}

/* ---- refused handshakes ---- */

static void expect_failure(struct place *p, int err, unsigned status) {
  PEER_UNTIL(p->loop, p->failures == 1);
  assert_int_equal(p->failure.err, err);
  assert_int_equal(p->failure.status, status);
  assert_int_equal(p->failure.retry_ms, 0);
  assert_string_not_equal(p->reason, "");
  assert_int_equal(p->opened, 0);
  peer_expect_end(&p->peer);
}

static void an_answer_that_does_not_fit_the_offer_is_refused(void **state) {
  (void)state;
  static const char *const extra[] = {"Sec-WebSocket-Protocol: nobody-asked\r\n",
                                      "Sec-WebSocket-Extensions: permessage-deflate\r\n",
                                      "Sec-WebSocket-Extensions: x\r\n",
                                      "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"};
  for (size_t i = 0; i < sizeof extra / sizeof *extra; i++) {
    struct place *p = begin();
    open_client(p);
    accept_one(p);
    peer_answer_upgrade(&p->peer, extra[i]);
    expect_failure(p, GW_ERR_WS_HANDSHAKE, 0);
    end(p);
  }
}

static void refuse_with(const char *answer, int err, unsigned status) {
  struct place *p = begin();
  open_client(p);
  accept_one(p);
  peer_head(&p->peer);
  peer_say(&p->peer, answer);
  expect_failure(p, err, status);
  end(p);
}

static void any_other_answer_is_refused_with_its_status(void **state) {
  (void)state;
  refuse_with("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", GW_ERR_HTTP_STATUS, 200);
  refuse_with("HTTP/1.1 302 There\r\nLocation: ws://evil/\r\n\r\n", GW_ERR_HTTP_STATUS, 302);
  refuse_with("HTTP/1.1 401 Who\r\nContent-Length: 4\r\n\r\n", GW_ERR_HTTP_STATUS, 401);
  refuse_with("HTTP/1.1 101 Yes\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
              "Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n\r\n",
              GW_ERR_WS_HANDSHAKE, 0);
  refuse_with("HTTP/1.1 101 Yes\r\n\r\n", GW_ERR_WS_HANDSHAKE, 0);
  refuse_with("SSH-2.0-OpenSSH_9\r\n\r\n", GW_ERR_HTTP_SYNTAX, 0);
}

static void an_answer_without_end_is_refused(void **state) {
  (void)state;
  struct place *p = begin();
  open_client(p);
  accept_one(p);
  peer_head(&p->peer);
  peer_say(&p->peer, "HTTP/1.1 101 Yes\r\n");
  for (int i = 0; i < 8000 && !p->failures; i++) {
    peer_say(&p->peer, "X: yyyyyyyyy\r\n");
    gw_loop_turn(p->loop, 0);
  }
  expect_failure(p, GW_ERR_HTTP_HEADERS_LARGE, 0);
  end(p);
}

static void nobody_there_is_a_connect_error(void **state) {
  (void)state;
  struct place *p = begin();
  close(p->listener);
  p->listener = -1;
  open_client(p);
  PEER_UNTIL(p->loop, p->failures == 1);
  assert_int_equal(p->failure.err, GW_ERR_CONNECT);
  end(p);
}

static void a_server_that_goes_in_the_handshake_is_a_reset(void **state) {
  (void)state;
  for (int kind = 0; kind < 3; kind++) {
    struct place *p = begin();
    open_client(p);
    accept_one(p);
    if (kind > 0) peer_head(&p->peer);
    if (kind == 2) peer_say(&p->peer, "HTTP/1.1 101 Yes\r\nUpg");
    peer_close(&p->peer);
    PEER_UNTIL(p->loop, p->failures == 1);
    assert_int_equal(p->failure.err, GW_ERR_RESET);
    end(p);
  }
}

/* ---- time ---- */

static void each_step_has_an_end(void **state) {
  (void)state;
  enum { PLAIN, HALF, PROXY, TLS, KINDS };
  for (int kind = 0; kind < KINDS; kind++) {
    struct place *p = begin();
    p->options.timeout_ms = 60;
    if (kind == PROXY) {
      snprintf(p->proxy, sizeof p->proxy, "http://127.0.0.1:%u", p->port);
      p->options.proxy = p->proxy;
    }
    if (kind == TLS) snprintf(p->url, sizeof p->url, "wss://127.0.0.1:%u/", p->port);
    uint64_t begun = peer_clock();
    open_client(p);
    accept_one(p);
    if (kind == HALF) peer_say(&p->peer, "HTTP/1.1 101 ");
    PEER_UNTIL(p->loop, p->failures == 1);
    assert_int_equal(p->failure.err, GW_ERR_TIMEOUT);
    assert_in_range(peer_clock() - begun, 55, 2000);
    end(p);
  }
}

/* ---- again and again ---- */

static void tries_are_repeated_with_growing_jittered_waits(void **state) {
  (void)state;
  struct place *p = begin();
  close(p->listener);
  p->listener = -1;
  p->options.may_reconnect = true;
  p->options.backoff_ms = 8;
  p->options.backoff_max_ms = 24;
  open_client(p);
  const unsigned steps[] = {8, 16, 24, 24, 24};
  for (unsigned i = 0; i < sizeof steps / sizeof *steps; i++) {
    PEER_UNTIL(p->loop, p->failures == i + 1);
    assert_in_range(p->failure.retry_ms, steps[i] / 2, steps[i] + 1);
  }
  end(p);
}

static void jitter_spreads_over_half_the_step(void **state) {
  (void)state;
  struct gw_client client = {.options = {.backoff_ms = 1000, .backoff_max_ms = 4000}};
  for (unsigned failures = 0; failures < 70; failures++) {
    unsigned low = UINT32_MAX, high = 0, step = failures < 2 ? 1000u << failures : 4000;
    client.failures = failures;
    for (int i = 0; i < 300; i++) {
      unsigned ms = backoff(&client);
      if (ms < low) low = ms;
      if (ms > high) high = ms;
    }
    assert_in_range(low, step / 2, step / 2 + step / 10);
    assert_in_range(high, step - step / 10, step);
  }
  client.options = (struct gw_client_options){.backoff_ms = 4000000000u, .backoff_max_ms = 1};
  assert_in_range(backoff(&client), 0, 1);
}

static void it_comes_back_after_the_codes_that_allow_it(void **state) {
  (void)state;
  static const struct {
    unsigned code;
    bool comes_back;
  } codes[] = {{1000, false}, {1001, true},  {1002, false}, {1003, false}, {1007, false},
               {1008, false}, {1009, false}, {1010, false}, {1011, true},  {1012, true},
               {1013, true},  {4000, true},  {4399, true},  {4400, false}, {4499, false},
               {4500, true},  {1005, true},  {1006, true}};
  for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
    struct place *p = begin();
    p->options.may_reconnect = true;
    p->options.backoff_ms = 4;
    open_client(p);
    connect_one(p);
    uint8_t body[2] = {(uint8_t)(codes[i].code >> 8), (uint8_t)codes[i].code};
    if (codes[i].code != 1006)
      peer_server_frame(&p->peer, 0x88, body, codes[i].code == 1005 ? 0 : 2);
    peer_close(&p->peer);
    PEER_UNTIL(p->loop, p->closed);
    assert_int_equal(p->code, codes[i].code);
    if (codes[i].comes_back) {
      connect_one(p);
      assert_int_equal(p->opened, 2);
    } else {
      for (uint64_t until = peer_clock() + 6; peer_clock() < until;)
        gw_loop_turn(p->loop, 3);
      assert_int_equal(accept4(p->listener, NULL, NULL, 0), -1);
    }
    end(p);
  }
}

static void a_closed_client_does_not_come_back(void **state) {
  (void)state;
  struct place *p = begin();
  p->options.may_reconnect = true;
  p->options.backoff_ms = 2;
  open_client(p);
  connect_one(p);
  gw_client_close(p->client, 1012, NULL);
  peer_expect_close(&p->peer, 1012);
  peer_close(&p->peer);
  PEER_UNTIL(p->loop, p->closed);
  for (uint64_t until = peer_clock() + 6; peer_clock() < until;)
    gw_loop_turn(p->loop, 3);
  assert_int_equal(accept4(p->listener, NULL, NULL, 0), -1);
  end(p);
}

/* ---- through a proxy ---- */

static void use_proxy(struct place *p, const char *user) {
  snprintf(p->proxy, sizeof p->proxy, "http://%s127.0.0.1:%u", user, p->port);
  snprintf(p->url, sizeof p->url, "ws://example.test:81/");
  p->options.proxy = p->proxy;
}

static void a_proxy_is_asked_to_connect(void **state) {
  (void)state;
  struct place *p = begin();
  use_proxy(p, "me:secret@");
  open_client(p);
  accept_one(p);
  const char *head = peer_head(&p->peer);
  assert_memory_equal(head, "CONNECT example.test:81 HTTP/1.1\r\n", 34);
  assert_non_null(strstr(head, "\r\nProxy-Authorization: Basic bWU6c2VjcmV0\r\n"));
  peer_say(&p->peer, "HTTP/1.1 200 Connection ");
  gw_loop_turn(p->loop, 1);
  peer_say(&p->peer, "established\r\n\r\n");
  peer_answer_upgrade(&p->peer, NULL);
  PEER_UNTIL(p->loop, p->opened);
  peer_server_frame(&p->peer, 0x81, "through", 7);
  peer_expect(&p->peer, 0x81, "through");
  end(p);
}

static void a_proxy_that_refuses_is_told(void **state) {
  (void)state;
  static const struct {
    const char *answer;
    int err;
    unsigned status;
  } answers[] = {{"HTTP/1.1 407 Who\r\n\r\n", GW_ERR_PROXY, 407},
                 {"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n", GW_ERR_PROXY, 503},
                 {"HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 101 smuggled", GW_ERR_PROXY, 200},
                 {"nonsense\r\n\r\n", GW_ERR_HTTP_SYNTAX, 0}};
  for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
    struct place *p = begin();
    use_proxy(p, "");
    open_client(p);
    accept_one(p);
    peer_head(&p->peer);
    peer_say(&p->peer, answers[i].answer);
    expect_failure(p, answers[i].err, answers[i].status);
    end(p);
  }
}

static void tls_begins_inside_the_tunnel(void **state) {
  (void)state;
  struct place *p = begin();
  use_proxy(p, "");
  snprintf(p->url, sizeof p->url, "wss://example.test/");
  open_client(p);
  accept_one(p);
  assert_memory_equal(peer_head(&p->peer), "CONNECT example.test:443 HTTP/1.1\r\n", 35);
  peer_say(&p->peer, "HTTP/1.1 200 OK\r\n\r\n");
  const char *hello = peer_take(&p->peer, 6);
  assert_int_equal(hello[0], 22); /* a handshake record with a ClientHello */
  assert_int_equal(hello[5], 1);
  peer_take(&p->peer, (size_t)((uint8_t)hello[3] << 8 | (uint8_t)hello[4]) - 1);
  peer_say(&p->peer, "this is no TLS at all");
  peer_expect_end(&p->peer);
  peer_close(&p->peer);
  PEER_UNTIL(p->loop, p->failures == 1);
  assert_int_equal(p->failure.err, GW_ERR_TLS);
  assert_string_not_equal(p->reason, "");
  end(p);
}

/* ---- TLS, against a server of ours ---- */

static char folder[32], cert[64], cert_key[64];

static int certificate_make(void **state) {
  (void)state;
  char line[512];
  snprintf(folder, sizeof folder, "/tmp/gw-client-XXXXXX");
  if (!mkdtemp(folder)) return -1;
  snprintf(cert, sizeof cert, "%s/cert.pem", folder);
  snprintf(cert_key, sizeof cert_key, "%s/key.pem", folder);
  snprintf(line, sizeof line,
           "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout %s "
           "-out %s -subj /CN=localhost -days 2 -addext subjectAltName=DNS:localhost 2>/dev/null",
           cert_key, cert);
  return system(line);
}

static int certificate_remove(void **state) {
  (void)state;
  unlink(cert);
  unlink(cert_key);
  return rmdir(folder);
}

static void *run_server(void *server) {
  gw_server_run(server);
  return NULL;
}

/* One try: what it came to, 0 for an open connection. */
static int try_tls(const char *host, const char *ca, bool is_insecure, unsigned port) {
  struct place *p = begin();
  snprintf(p->url, sizeof p->url, "wss://%s:%u/", host, port);
  p->options.ca_file = ca;
  p->options.is_insecure = is_insecure;
  open_client(p);
  PEER_UNTIL(p->loop, p->opened || p->failures);
  int err = p->opened ? 0 : p->failure.err;
  if (err) assert_string_not_equal(p->reason, "");
  end(p);
  return err;
}

static void only_who_proves_its_name_is_believed(void **state) {
  (void)state;
  static const struct gw_websocket silent;
  struct gw_server *server;
  pthread_t thread;
  assert_int_equal(gw_server_new(NULL, &server), 0);
  assert_int_equal(gw_server_websocket(server, "/", &silent), 0);
  assert_int_equal(gw_server_listen(server, "localhost:0",
                                    &(struct gw_listen){.tls_cert = cert, .tls_key = cert_key}),
                   0);
  unsigned port = gw_server_port(server, 0);
  pthread_create(&thread, NULL, run_server, server);
  assert_int_equal(try_tls("localhost", cert, false, port), 0);
  assert_int_equal(try_tls("127.0.0.1", cert, false, port), GW_ERR_CERTIFICATE);
  assert_int_equal(try_tls("localhost", NULL, false, port), GW_ERR_CERTIFICATE);
  assert_int_equal(try_tls("127.0.0.1", NULL, true, port), 0);
  gw_server_stop(server);
  gw_server_stop(server);
  pthread_join(thread, NULL);
  gw_server_free(server);
}

/* ---- the end, from everywhere (security.md 15) ---- */

/* A server that goes as far as `steps`, then vanishes. */
static void live(struct place *p, int steps) {
  uint64_t until = peer_clock() + 20;
  bool is_answered = false;
  while (peer_clock() < until && p->client && !p->failures && !p->closed) {
    if (p->peer.fd < 0 && steps > 0) {
      int fd = accept4(p->listener, NULL, NULL, SOCK_CLOEXEC);
      if (fd >= 0) p->peer = (struct peer){.fd = fd, .loop = p->loop};
    }
    if (p->peer.fd >= 0) peer_more(&p->peer, peer_clock() + 5);
    if (p->peer.fd >= 0 && steps == 1) peer_reset(&p->peer), steps = 0;
    if (!is_answered && p->peer.fd >= 0 && strstr(p->peer.in, "\r\n\r\n")) {
      is_answered = true;
      if (steps == 2) {
        peer_say(&p->peer, "HTTP/1.1 404 No\r\n\r\n");
      } else {
        peer_answer_upgrade(&p->peer, NULL);
      }
      if (steps >= 4) peer_server_frame(&p->peer, 0x81, "m", 1);
      if (steps >= 5) peer_server_frame(&p->peer, 0x88, "\x03\xe8", 2);
      if (steps == 3 || steps == 6) peer_close(&p->peer), until = peer_clock() + 20;
    }
    gw_loop_turn(p->loop, 1);
  }
}

static void free_and_close_may_be_called_in_every_callback(void **state) {
  (void)state;
  for (enum event at = AT_OPEN; at <= AT_FAILURE; at++)
    for (enum deed deed = FREE; deed <= CLOSE_AND_FREE; deed++)
      for (int steps = 1; steps <= 6; steps++) {
        struct place *p = begin();
        p->at = at;
        p->deed = deed;
        open_client(p);
        live(p, steps);
        gw_loop_turn(p->loop, 0);
        end(p);
        assert_true(p->closed <= p->opened);
      }
}

static void free_may_come_at_every_step(void **state) {
  (void)state;
  for (int turns = 0; turns < 14; turns++)
    for (int is_tls = 0; is_tls < 2; is_tls++) {
      struct place *p = begin();
      if (is_tls) snprintf(p->url, sizeof p->url, "wss://127.0.0.1:%u/", p->port);
      open_client(p);
      bool is_answered = false;
      for (int i = 0; i < turns; i++) {
        gw_loop_turn(p->loop, 1);
        int fd = p->peer.fd < 0 ? accept4(p->listener, NULL, NULL, SOCK_CLOEXEC) : -1;
        if (fd >= 0) p->peer = (struct peer){.fd = fd, .loop = p->loop};
        if (p->peer.fd < 0) continue;
        ssize_t n = recv(fd = p->peer.fd, p->peer.in + p->peer.len, 4096, MSG_DONTWAIT);
        if (n > 0) p->peer.len += (size_t)n;
        p->peer.in[p->peer.len] = '\0';
        if (is_answered || !strstr(p->peer.in, "\r\n\r\n")) continue;
        is_answered = true;
        peer_answer_upgrade(&p->peer, NULL);
      }
      end(p);
      assert_int_equal(p->closed, 0); /* a freed client tells nothing */
    }
}

/* Two clients share what belongs to the loop. */
static void the_last_client_takes_the_side_with_it(void **state) {
  (void)state;
  struct place *p = begin();
  struct gw_client *second;
  open_client(p);
  assert_int_equal(gw_client_open(p->loop, &p->options, &second), 0);
  struct gw_client *first = p->client;
  accept_one(p);
  gw_client_free(first);
  gw_client_free(second);
  p->client = NULL;
  for (int i = 0; i < 4; i++)
    gw_loop_turn(p->loop, 1);
  open_client(p); /* and it can be made anew */
  end(p);
}

/* ---- without memory ---- */

static void any_allocation_may_fail_in_a_client_s_life(void **state) {
  (void)state;
  for (size_t nth = 1;; nth++) {
    struct place *p = begin();
    p->handler.close_ms = 20;
    p->options.timeout_ms = 100;
    alloc_fail_at(nth);
    int r = gw_client_open(p->loop, &p->options, &p->client);
    if (r < 0) p->client = NULL;
    if (r == 0) live(p, 6);
    bool has_failed = alloc_has_failed();
    alloc_fail_at(0);
    end(p);
    assert_true(r == 0 || r == GW_ERR_MEMORY);
    if (!has_failed) break;
  }
  assert_int_equal(place.closed, 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_client_says_what_it_was_told_to),
      cmocka_unit_test(a_close_is_answered_and_told),
      cmocka_unit_test(what_would_break_the_head_is_refused_and_nothing_sent),
      cmocka_unit_test(an_answer_that_does_not_fit_the_offer_is_refused),
      cmocka_unit_test(any_other_answer_is_refused_with_its_status),
      cmocka_unit_test(an_answer_without_end_is_refused),
      cmocka_unit_test(nobody_there_is_a_connect_error),
      cmocka_unit_test(a_server_that_goes_in_the_handshake_is_a_reset),
      cmocka_unit_test(each_step_has_an_end),
      cmocka_unit_test(tries_are_repeated_with_growing_jittered_waits),
      cmocka_unit_test(jitter_spreads_over_half_the_step),
      cmocka_unit_test(it_comes_back_after_the_codes_that_allow_it),
      cmocka_unit_test(a_closed_client_does_not_come_back),
      cmocka_unit_test(a_proxy_is_asked_to_connect),
      cmocka_unit_test(a_proxy_that_refuses_is_told),
      cmocka_unit_test(tls_begins_inside_the_tunnel),
      cmocka_unit_test(only_who_proves_its_name_is_believed),
      cmocka_unit_test(free_and_close_may_be_called_in_every_callback),
      cmocka_unit_test(free_may_come_at_every_step),
      cmocka_unit_test(the_last_client_takes_the_side_with_it),
      cmocka_unit_test(any_allocation_may_fail_in_a_client_s_life),
  };
  return cmocka_run_group_tests(tests, certificate_make, certificate_remove);
}
