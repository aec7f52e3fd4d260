/* SPDX-License-Identifier: MIT */
/* Listeners, in this one process, driven turn by turn. */
#include "godwit/error.h"
#include "net/net.h"
#include "support/alloc.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

static struct gw_loop *loop;
static struct gw_net *net;
static struct gw_listener *listener;
static struct gw_stream *accepted[200];
static unsigned accepts, pauses, resumes;
static bool closes_in_accept;

static void on_data(struct gw_stream *stream, uint8_t *data, size_t len) {
  (void)stream, (void)data, (void)len;
}
static void on_close(struct gw_stream *stream, int err) {
  (void)err;
  *(struct gw_stream **)stream->owner = NULL;
}
static const struct gw_stream_events stream_events = {.on_data = on_data, .on_close = on_close};

static void on_accept(struct gw_listener *which, struct gw_stream *stream) {
  assert_ptr_equal(gw_listener_owner(which), &accepts);
  accepted[accepts] = stream;
  gw_stream_own(stream, &stream_events, &accepted[accepts]);
  accepts++;
  if (closes_in_accept) gw_listener_close(which);
}

static void on_pause(struct gw_listener *which, int err) {
  (void)which;
  if (err == GW_ERR_SYSTEM)
    pauses++;
  else
    resumes++;
}

static const struct gw_listen_events events = {.on_accept = on_accept, .on_pause = on_pause};

static int set_up(void **state) {
  (void)state;
  accepts = pauses = resumes = 0;
  closes_in_accept = false;
  listener = NULL;
  assert_int_equal(gw_loop_new(&loop), 0);
  return gw_net_new(loop, NULL, &net);
}

static void turn(void) {
  assert_int_equal(gw_loop_turn(loop, 0), 0);
}

static int tear_down(void **state) {
  (void)state;
  for (unsigned i = 0; i < accepts; i++)
    if (accepted[i]) gw_stream_abort(accepted[i], 0);
  if (!closes_in_accept) gw_listener_close(listener);
  turn();
  gw_net_free(net);
  gw_loop_free(loop);
  return 0;
}

static int open_at(const char *address, enum gw_port_use port_use,
                   struct gw_listener **out_listener) {
  const struct gw_listen_options options = {.address = address, .port_use = port_use};
  return gw_listener_open(net, &options, &events, &accepts, out_listener, NULL);
}

static int dial(int family, unsigned port) {
  struct sockaddr_in v4 = {.sin_family = AF_INET,
                           .sin_port = htons((uint16_t)port),
                           .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  struct sockaddr_in6 v6 = {.sin6_family = AF_INET6,
                            .sin6_port = htons((uint16_t)port),
                            .sin6_addr = IN6ADDR_LOOPBACK_INIT};
  int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  assert_true(fd >= 0);
  int result = family == AF_INET ? connect(fd, (struct sockaddr *)&v4, sizeof v4)
                                 : connect(fd, (struct sockaddr *)&v6, sizeof v6);
  if (result == 0) return fd;
  close(fd);
  return -1;
}

static bool has_v6(void) {
  struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
  int fd = socket(AF_INET6, SOCK_STREAM, 0);
  bool works = fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof address) == 0;
  if (fd >= 0) close(fd);
  return works;
}

static void answers(int family, bool expected) {
  int fd = dial(family, gw_listener_port(listener));
  assert_int_equal(fd >= 0, expected);
  if (fd < 0) return;
  unsigned before = accepts;
  turn();
  assert_int_equal(accepts, before + 1);
  close(fd);
}

/* ---- where it listens ---- */

static void number_is_that_address_alone(void **state) {
  (void)state;
  assert_int_equal(open_at("127.0.0.1:0", GW_PORT_ALONE, &listener), 0);
  assert_true(gw_listener_port(listener) > 0);
  answers(AF_INET, true);
  if (has_v6()) answers(AF_INET6, false);
}

static void localhost_is_both_loopbacks_on_one_port(void **state) {
  (void)state;
  assert_int_equal(open_at("localhost:0", GW_PORT_ALONE, &listener), 0);
  answers(AF_INET, true);
  if (has_v6()) answers(AF_INET6, true);
}

static void port_alone_is_every_address(void **state) {
  (void)state;
  assert_int_equal(open_at(":0", GW_PORT_ALONE, &listener), 0);
  answers(AF_INET, true);
  if (has_v6()) answers(AF_INET6, true);
}

static void v6_number_leaves_v4_alone(void **state) {
  (void)state;
  if (!has_v6()) skip();
  assert_int_equal(open_at("[::1]:0", GW_PORT_ALONE, &listener), 0);
  answers(AF_INET6, true);
  answers(AF_INET, false);
}

static void taken_port_is_an_error_with_its_reason(void **state) {
  (void)state;
  char address[32];
  int error = 0;
  struct gw_listener *second = NULL;
  assert_int_equal(open_at("127.0.0.1:0", GW_PORT_ALONE, &listener), 0);
  snprintf(address, sizeof address, "127.0.0.1:%u", gw_listener_port(listener));
  const struct gw_listen_options options = {.address = address};
  assert_int_equal(gw_listener_open(net, &options, &events, NULL, &second, &error), GW_ERR_SYSTEM);
  assert_int_equal(error, EADDRINUSE);
  assert_null(second);
}

static void workers_may_share_a_port(void **state) {
  (void)state;
  char address[32];
  struct gw_listener *second;
  assert_int_equal(open_at("localhost:0", GW_PORT_SHARE, &listener), 0);
  snprintf(address, sizeof address, "localhost:%u", gw_listener_port(listener));
  assert_int_equal(open_at(address, GW_PORT_JOIN, &second), 0);
  assert_int_equal(gw_listener_port(second), gw_listener_port(listener));
  answers(AF_INET, true);
  gw_listener_close(second);
}

static void nobody_else_gets_a_shared_port(void **state) {
  (void)state;
  char address[32];
  struct gw_listener *second, *third = NULL;
  int error = 0;
  assert_int_equal(open_at("localhost:0", GW_PORT_SHARE, &listener), 0);
  snprintf(address, sizeof address, "localhost:%u", gw_listener_port(listener));
  assert_int_equal(open_at(address, GW_PORT_JOIN, &second), 0);
  struct gw_listen_options options = {.address = address, .port_use = GW_PORT_SHARE};
  assert_int_equal(gw_listener_open(net, &options, &events, NULL, &third, &error), GW_ERR_SYSTEM);
  assert_int_equal(error, EADDRINUSE);
  gw_listener_close(second);
}

static void nonsense_is_no_address(void **state) {
  (void)state;
  assert_int_equal(open_at("nonsense", GW_PORT_ALONE, &listener), GW_ERR_ADDRESS);
  assert_int_equal(open_at("192.0.2.1:0", GW_PORT_ALONE, &listener), GW_ERR_ADDRESS); /* not ours */
}

/* ---- unix sockets ---- */

static char path[100], unix_address[110];

static void make_path(void) {
  snprintf(path, sizeof path, "/tmp/godwit-listen-test-%d.sock", (int)getpid());
  snprintf(unix_address, sizeof unix_address, "unix:%s", path);
  unlink(path);
}

static int dial_unix(void) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  memcpy(address.sun_path, path, strlen(path) + 1);
  int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
  return fd;
}

static void unix_socket_lives_as_long_as_its_listener(void **state) {
  (void)state;
  struct stat status;
  make_path();
  assert_int_equal(open_at(unix_address, GW_PORT_ALONE, &listener), 0);
  assert_int_equal(stat(path, &status), 0);
  assert_int_equal(status.st_mode & 0777, 0660);
  assert_int_equal(gw_listener_port(listener), 0);
  int fd = dial_unix();
  turn();
  assert_int_equal(accepts, 1);
  close(fd);
  gw_listener_close(listener);
  assert_int_equal(stat(path, &status), -1);
  listener = NULL;
}

static void stale_unix_socket_is_replaced_and_a_live_one_is_not(void **state) {
  (void)state;
  struct gw_listener *second;
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  make_path();
  memcpy(address.sun_path, path, strlen(path) + 1);
  int stale = socket(AF_UNIX, SOCK_STREAM, 0);
  assert_int_equal(bind(stale, (struct sockaddr *)&address, sizeof address), 0);
  close(stale);
  assert_int_equal(open_at(unix_address, GW_PORT_ALONE, &listener), 0);
  assert_int_equal(open_at(unix_address, GW_PORT_ALONE, &second), GW_ERR_SYSTEM);
  close(dial_unix());
}

static void file_that_is_no_socket_is_left_alone(void **state) {
  (void)state;
  struct stat status;
  make_path();
  close(open(path, O_CREAT | O_WRONLY, 0600));
  assert_int_equal(open_at(unix_address, GW_PORT_ALONE, &listener), GW_ERR_SYSTEM);
  assert_int_equal(stat(path, &status), 0);
  assert_true(S_ISREG(status.st_mode));
  unlink(path);
}

static void path_that_another_has_taken_over_is_not_removed(void **state) {
  (void)state;
  struct stat status;
  make_path();
  assert_int_equal(open_at(unix_address, GW_PORT_ALONE, &listener), 0);
  unlink(path);
  close(open(path, O_CREAT | O_WRONLY, 0600));
  gw_listener_close(listener);
  listener = NULL;
  assert_int_equal(stat(path, &status), 0);
  unlink(path);
}

/* ---- accepting ---- */

static void accepted_streams_do_not_wait_for_more_bytes(void **state) {
  (void)state;
  int no_delay = 0;
  socklen_t len = sizeof no_delay;
  assert_int_equal(open_at("127.0.0.1:0", GW_PORT_ALONE, &listener), 0);
  answers(AF_INET, true);
  int fd = gw_stream_fd(accepted[0]);
  assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &no_delay, &len), 0);
  assert_true(no_delay);
  assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
  assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
}

static void listener_may_be_closed_inside_its_own_callback(void **state) {
  (void)state;
  closes_in_accept = true;
  assert_int_equal(open_at("127.0.0.1:0", GW_PORT_ALONE, &listener), 0);
  int one = dial(AF_INET, gw_listener_port(listener));
  int two = dial(AF_INET, gw_listener_port(listener));
  turn();
  assert_int_equal(accepts, 1);
  close(one);
  close(two);
}

static void connection_without_memory_is_closed_and_the_next_is_served(void **state) {
  (void)state;
  char byte;
  assert_int_equal(open_at("127.0.0.1:0", GW_PORT_ALONE, &listener), 0);
  int one = dial(AF_INET, gw_listener_port(listener));
  int two = dial(AF_INET, gw_listener_port(listener));
  alloc_fail_at(1);
  turn();
  alloc_fail_at(0);
  assert_int_equal(accepts, 1);
  assert_int_equal(read(one, &byte, 1), 0);
  close(one);
  close(two);
}

static void opening_without_memory_is_an_error(void **state) {
  (void)state;
  alloc_fail_at(1);
  assert_int_equal(open_at("127.0.0.1:0", GW_PORT_ALONE, &listener), GW_ERR_MEMORY);
  alloc_fail_at(0);
}

/* As many descriptors as are in use, and not one more. */
static struct rlimit use_up_descriptors(void) {
  struct rlimit limit;
  assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
  int lowest_free = dup(0);
  assert_true(lowest_free >= 0);
  close(lowest_free);
  struct rlimit none = {.rlim_cur = (rlim_t)lowest_free, .rlim_max = limit.rlim_max};
  assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
  return limit;
}

static void accepting_pauses_without_descriptors_and_goes_on(void **state) {
  (void)state;
  int fds[3];
  assert_int_equal(open_at("localhost:0", GW_PORT_ALONE, &listener), 0);
  for (int i = 0; i < 3; i++)
    fds[i] = dial(AF_INET, gw_listener_port(listener));
  struct rlimit limit = use_up_descriptors();
  turn();
  assert_int_equal(pauses, 1);
  /* It does not spin: the next thing to happen is the timer; and in vain, which is not told. */
  uint64_t before = gw_loop_now(loop);
  assert_int_equal(gw_loop_turn(loop, -1), 0);
  assert_true(gw_loop_now(loop) > before);
  while (gw_loop_now(loop) < before + 110)
    assert_int_equal(gw_loop_turn(loop, -1), 0);
  assert_int_equal(accepts, 0);
  assert_int_equal(pauses, 1);
  assert_int_equal(resumes, 0);
  assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
  while (accepts < 3)
    assert_int_equal(gw_loop_turn(loop, -1), 0);
  assert_int_equal(pauses, 1);
  assert_int_equal(resumes, 1);
  answers(AF_INET, true);
  for (int i = 0; i < 3; i++)
    close(fds[i]);
}

int main(void) {
#define LISTEN_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
  const struct CMUnitTest tests[] = {
      LISTEN_TEST(number_is_that_address_alone),
      LISTEN_TEST(localhost_is_both_loopbacks_on_one_port),
      LISTEN_TEST(port_alone_is_every_address),
      LISTEN_TEST(v6_number_leaves_v4_alone),
      LISTEN_TEST(taken_port_is_an_error_with_its_reason),
      LISTEN_TEST(workers_may_share_a_port),
      LISTEN_TEST(nobody_else_gets_a_shared_port),
      LISTEN_TEST(nonsense_is_no_address),
      LISTEN_TEST(unix_socket_lives_as_long_as_its_listener),
      LISTEN_TEST(stale_unix_socket_is_replaced_and_a_live_one_is_not),
      LISTEN_TEST(file_that_is_no_socket_is_left_alone),
      LISTEN_TEST(path_that_another_has_taken_over_is_not_removed),
      LISTEN_TEST(accepted_streams_do_not_wait_for_more_bytes),
      LISTEN_TEST(listener_may_be_closed_inside_its_own_callback),
      LISTEN_TEST(connection_without_memory_is_closed_and_the_next_is_served),
      LISTEN_TEST(opening_without_memory_is_an_error),
      LISTEN_TEST(accepting_pauses_without_descriptors_and_goes_on),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
