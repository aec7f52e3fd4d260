/* SPDX-License-Identifier: MIT */
/* Dialling on loopback; names are answered by the test, addresses by the real getaddrinfo. */
#include <netdb.h>
static int test_getaddrinfo(const char *host, const char *service, const struct addrinfo *hints,
                            struct addrinfo **out);
#define getaddrinfo test_getaddrinfo
#include "net/resolve.c"
#undef getaddrinfo
#include "net/dial.c"

#include "support/alloc.h"

#include <arpa/inet.h>
#include <limits.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

#include <cmocka.h>

/* ---- names ---- */

static sem_t released; /* lets one lookup of slow.test go on */
static atomic_int asking, asking_most;

static int numbers(const char *list[], const char *service, struct addrinfo **out) {
  struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST};
  for (; *list; list++) {
    int err = getaddrinfo(*list, service, &hints, out);
    if (err) return err;
    while (*out)
      out = &(*out)->ai_next;
  }
  return 0;
}

static int answer(const char *host, const char *service, struct addrinfo **out) {
  if (strcmp(host, "slow.test") == 0) {
    sem_wait(&released);
    return numbers((const char *[]){"127.0.0.1", NULL}, service, out);
  }
  if (strcmp(host, "six-first.test") == 0)
    return numbers((const char *[]){"::1", "127.0.0.1", NULL}, service, out);
  if (strcmp(host, "silent-first.test") == 0)
    return numbers((const char *[]){"127.0.0.2", "127.0.0.1", NULL}, service, out);
  if (strcmp(host, "one.test") == 0)
    return numbers((const char *[]){"127.0.0.1", NULL}, service, out);
  return EAI_NONAME;
}

static int test_getaddrinfo(const char *host, const char *service, const struct addrinfo *hints,
                            struct addrinfo **out) {
  if (hints->ai_flags & AI_NUMERICHOST) return getaddrinfo(host, service, hints, out);
  int now = atomic_fetch_add(&asking, 1) + 1;
  if (now > atomic_load(&asking_most)) atomic_store(&asking_most, now);
  *out = NULL;
  int err = answer(host, service, out);
  atomic_fetch_sub(&asking, 1);
  return err;
}

/* ---- listening ---- */

static int listening(const char *host, unsigned port, int backlog, unsigned *out_port) {
  struct gw_endpoint at[GW_ENDPOINTS_MAX];
  assert_true(gw_endpoint_literal(host, port, at) > 0);
  int fd = socket(at->at.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(fd, &at->at.any, at->len) < 0 || listen(fd, backlog) < 0) fail_msg("bind");
  socklen_t len = sizeof at->at;
  getsockname(fd, &at->at.any, &len);
  *out_port = ntohs(at->at.v4.sin_port);
  return fd;
}

/* A listener that takes no more: the kernel drops what comes, so a connect hangs. */
struct silent {
  int fds[4];
};

static struct silent silent_listening(const char *host, unsigned *port) {
  struct silent s = {{listening(host, *port, 0, port), -1, -1, -1}};
  struct gw_endpoint at[GW_ENDPOINTS_MAX];
  gw_endpoint_literal(host, *port, at);
  for (int i = 1; i < 4; i++) {
    s.fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    (void)!connect(s.fds[i], &at->at.any, at->len);
  }
  return s;
}

static void silent_close(struct silent *s) {
  for (int i = 0; i < 4; i++)
    close(s->fds[i]);
}

/* ---- a dial and what it hears ---- */

struct call {
  struct gw_loop *loop;
  struct gw_net *net;
  struct gw_dial *dial;
  unsigned connected, failed;
  int err;
};

static void heard_data(struct gw_stream *stream, uint8_t *data, size_t len) {
  (void)stream, (void)data, (void)len;
}
static void heard_close(struct gw_stream *stream, int err) {
  (void)stream, (void)err;
}
static const struct gw_stream_events stream_events = {.on_data = heard_data,
                                                      .on_close = heard_close};

static void heard_connected(void *owner, struct gw_stream *stream) {
  struct call *c = owner;
  char peer[64];
  c->connected++;
  assert_true(*gw_stream_peer(stream, peer, sizeof peer));
  gw_stream_own(stream, &stream_events, NULL);
  gw_stream_abort(stream, 0);
}
static void heard_failed(void *owner, int err) {
  struct call *c = owner;
  c->failed++;
  c->err = err;
}
static const struct gw_dial_events heard = {heard_connected, heard_failed};

static void call_open(struct call *c) {
  *c = (struct call){0};
  assert_int_equal(gw_loop_new(&c->loop), 0);
  assert_int_equal(gw_net_new(c->loop, NULL, &c->net), 0);
}

static void call_close(struct call *c) {
  gw_loop_turn(c->loop, 0);
  gw_net_free(c->net);
  gw_loop_free(c->loop);
}

static int call_dial(struct call *c, const char *host, unsigned port, unsigned timeout_ms) {
  struct gw_dial_options options = {.host = host, .port = port, .timeout_ms = timeout_ms};
  c->connected = c->failed = 0;
  int err = gw_dial_open(c->net, &options, &heard, c, &c->dial);
  assert_int_equal(c->connected + c->failed, 0);
  return err;
}

static void call_wait(struct call *c) {
  for (unsigned i = 0; i < 1000 && !c->connected && !c->failed; i++)
    gw_loop_turn(c->loop, 100);
  assert_int_equal(c->connected + c->failed, 1);
}

static unsigned ms_now(void) {
  struct timespec ts;
  clock_gettime(CLOCK_MONOTONIC, &ts);
  return (unsigned)(ts.tv_sec * 1000 + ts.tv_nsec / 1000000);
}

/* ---- tests ---- */

static void literals_connect_without_a_thread(void **state) {
  (void)state;
  static const char *const hosts[] = {"127.0.0.1", "localhost", "LOCALHOST", "::1"};
  struct call c;
  call_open(&c);
  for (unsigned i = 0; i < 4; i++) {
    unsigned port = 0;
    int fd = listening(i == 3 ? "::1" : "127.0.0.1", 0, 8, &port);
    assert_int_equal(call_dial(&c, hosts[i], port, 0), 0);
    call_wait(&c);
    assert_int_equal(c.connected, 1);
    close(fd);
  }
  assert_null(c.net->resolver);
  call_close(&c);
}

static void a_unix_socket_connects(void **state) {
  (void)state;
  struct call c;
  call_open(&c);
  struct gw_endpoint at;
  char path[64];
  snprintf(path, sizeof path, "/tmp/gw-dial-%d.sock", (int)getpid());
  assert_int_equal(endpoint_local(path, &at), 0);
  int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  assert_int_equal(bind(fd, &at.at.any, at.len), 0);
  assert_int_equal(listen(fd, 8), 0);
  assert_int_equal(call_dial(&c, path, 0, 0), 0);
  call_wait(&c);
  assert_int_equal(c.connected, 1);
  close(fd);
  unlink(path);
  assert_int_equal(call_dial(&c, path, 0, 0), 0);
  call_wait(&c);
  assert_int_equal(c.err, GW_ERR_CONNECT);
  call_close(&c);
}

static void nobody_there_is_told(void **state) {
  (void)state;
  struct call c;
  unsigned port = 0;
  call_open(&c);
  close(listening("127.0.0.1", 0, 8, &port));
  assert_int_equal(call_dial(&c, "127.0.0.1", port, 0), 0);
  call_wait(&c);
  assert_int_equal(c.err, GW_ERR_CONNECT);
  assert_int_equal(call_dial(&c, "nobody.test", port, 0), 0);
  call_wait(&c);
  assert_int_equal(c.err, GW_ERR_RESOLVE);
  call_close(&c);
}

static void a_refusal_brings_the_next_at_once(void **state) {
  (void)state;
  unsigned quickest = UINT_MAX;
  /* once at least: the machine may stand still */
  for (int i = 0; i < 10 && quickest >= ATTEMPT_DELAY_MS; i++) {
    struct call c;
    unsigned port = 0, begun = ms_now();
    call_open(&c);
    int fd = listening("127.0.0.1", 0, 8, &port); /* nothing on ::1 */
    assert_int_equal(call_dial(&c, "six-first.test", port, 0), 0);
    call_wait(&c);
    assert_int_equal(c.connected, 1);
    quickest = ms_now() - begun < quickest ? ms_now() - begun : quickest;
    close(fd);
    call_close(&c);
  }
  assert_true(quickest < ATTEMPT_DELAY_MS);
}

static void silence_brings_the_next_after_a_while(void **state) {
  (void)state;
  struct call c;
  unsigned port = 0;
  call_open(&c);
  int fd = listening("127.0.0.1", 0, 8, &port);
  struct silent silent = silent_listening("127.0.0.2", &port);
  unsigned begun = ms_now();
  assert_int_equal(call_dial(&c, "silent-first.test", port, 0), 0);
  call_wait(&c);
  assert_int_equal(c.connected, 1);
  assert_true(ms_now() - begun >= ATTEMPT_DELAY_MS - 1);
  close(fd);
  silent_close(&silent);
  call_close(&c);
}

static void the_timeout_is_for_all_of_it(void **state) {
  (void)state;
  struct call c;
  unsigned port = 0;
  call_open(&c);
  struct silent silent = silent_listening("127.0.0.1", &port);
  assert_int_equal(call_dial(&c, "127.0.0.1", port, 20), 0);
  call_wait(&c);
  assert_int_equal(c.err, GW_ERR_TIMEOUT);
  assert_int_equal(call_dial(&c, "slow.test", port, 20), 0);
  call_wait(&c);
  assert_int_equal(c.err, GW_ERR_TIMEOUT);
  silent_close(&silent);
  call_close(&c);
  sem_post(&released); /* the thread outlives all of it */
}

static void families_alternate(void **state) {
  (void)state;
  static const int given[] = {AF_INET6, AF_INET6, AF_INET6, AF_INET, AF_INET};
  static const unsigned order[] = {0, 3, 1, 4, 2};
  struct gw_endpoint list[5];
  for (unsigned i = 0; i < 5; i++) {
    list[i] = (struct gw_endpoint){.len = i};
    list[i].at.any.sa_family = (sa_family_t)given[i];
  }
  struct gw_dial *dial = calloc(1, sizeof *dial);
  endpoints_set(dial, list, 5);
  for (unsigned i = 0; i < 5; i++)
    assert_int_equal(dial->attempts[i].endpoint.len, order[i]);
  free(dial);
}

static void a_cancelled_dial_is_silent(void **state) {
  (void)state;
  unsigned port = 0;
  struct silent silent = silent_listening("127.0.0.1", &port);
  static const char *const hosts[] = {"127.0.0.1", "slow.test", "one.test"};
  for (unsigned i = 0; i < 9; i++) {
    struct call c;
    call_open(&c);
    assert_int_equal(call_dial(&c, hosts[i % 3], port, 0), 0);
    for (unsigned n = i / 3; n > 0; n--)
      gw_loop_turn(c.loop, i % 3 == 2 ? 10 : 0);
    gw_dial_cancel(c.dial);
    gw_loop_turn(c.loop, 0);
    assert_int_equal(c.connected + c.failed, 0);
    call_close(&c);
    if (i % 3 == 1) sem_post(&released);
  }
  silent_close(&silent);
}

static void many_names_share_few_threads(void **state) {
  (void)state;
  enum { N = 40 };
  struct call c[N];
  unsigned port = 0;
  int fd = listening("127.0.0.1", 0, N, &port);
  call_open(&c[0]);
  for (unsigned i = 0; i < N; i++) {
    c[i] = (struct call){.loop = c[0].loop, .net = c[0].net};
    assert_int_equal(call_dial(&c[i], i % 2 ? "slow.test" : "one.test", port, 0), 0);
  }
  gw_dial_cancel(c[N - 1].dial);
  for (unsigned i = 1; i < N; i += 2)
    sem_post(&released);
  for (unsigned i = 0; i < N - 1; i++)
    call_wait(&c[i]);
  assert_true(atomic_load(&asking_most) <= THREADS_MAX);
  close(fd);
  call_close(&c[0]);
}

static void impossible_names_are_refused(void **state) {
  (void)state;
  struct call c;
  char name[300];
  memset(name, 'a', sizeof name);
  name[299] = '\0';
  call_open(&c);
  assert_int_equal(call_dial(&c, "", 80, 0), GW_ERR_ARGUMENT);
  assert_int_equal(call_dial(&c, NULL, 80, 0), GW_ERR_ARGUMENT);
  assert_int_equal(call_dial(&c, "localhost", 65536, 0), GW_ERR_ARGUMENT);
  assert_int_equal(call_dial(&c, name, 80, 0), GW_ERR_ARGUMENT);
  assert_int_equal(call_dial(&c, name, 0, 0), GW_ERR_ADDRESS);
  call_close(&c);
}

static void every_allocation_may_fail(void **state) {
  (void)state;
  struct call c;
  unsigned port = 0;
  int fd = listening("127.0.0.1", 0, 64, &port);
  bool has_failed = true;
  for (size_t nth = 1; has_failed; nth++) {
    call_open(&c);
    alloc_fail_at(nth);
    int err = call_dial(&c, "one.test", port, 0);
    if (err == 0) {
      call_wait(&c);
      err = c.err;
    }
    has_failed = alloc_has_failed();
    alloc_fail_at(0);
    assert_int_equal(err, has_failed ? GW_ERR_MEMORY : 0);
    call_close(&c);
  }
  close(fd);
}

int main(void) {
  sem_init(&released, 0, 0);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(literals_connect_without_a_thread),
      cmocka_unit_test(a_unix_socket_connects),
      cmocka_unit_test(nobody_there_is_told),
      cmocka_unit_test(a_refusal_brings_the_next_at_once),
      cmocka_unit_test(silence_brings_the_next_after_a_while),
      cmocka_unit_test(the_timeout_is_for_all_of_it),
      cmocka_unit_test(families_alternate),
      cmocka_unit_test(a_cancelled_dial_is_silent),
      cmocka_unit_test(many_names_share_few_threads),
      cmocka_unit_test(impossible_names_are_refused),
      cmocka_unit_test(every_allocation_may_fail),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
