/* SPDX-License-Identifier: MIT */
/*
 * Streams on descriptors, in this one process: the stream's end belongs to the net, the far end is
 * used by plain system calls. The .c is included, so that its system calls can be counted.
 */
#include <stdint.h>
#include <sys/socket.h>

static unsigned receives, sends, gathered_sends;
static uint64_t bytes_in, bytes_out; /* of all system calls on this net's streams */

static ssize_t add_to(uint64_t *sum, ssize_t n) {
  if (n > 0) *sum += (uint64_t)n;
  return n;
}
static ssize_t counted_recv(int fd, void *data, size_t len, int flags) {
  receives++;
  return add_to(&bytes_in, recv(fd, data, len, flags));
}
static ssize_t counted_recvmsg(int fd, struct msghdr *message, int flags) {
  return add_to(&bytes_in, recvmsg(fd, message, flags));
}
static ssize_t counted_send(int fd, const void *data, size_t len, int flags) {
  sends++;
  return add_to(&bytes_out, send(fd, data, len, flags));
}
static ssize_t counted_sendmsg(int fd, const struct msghdr *message, int flags) {
  gathered_sends++;
  return add_to(&bytes_out, sendmsg(fd, message, flags));
}

#define recv    counted_recv
#define recvmsg counted_recvmsg
#define send    counted_send
#define sendmsg counted_sendmsg
#include "net/tcp.c"
#undef recv
#undef recvmsg
#undef send
#undef sendmsg

#include "support/alloc.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

/* ---- one end with its records, and the far end ---- */

struct end {
  struct gw_stream *stream;
  int far;
  uint8_t got[1 << 16];
  size_t len;
  unsigned reads, ends, drains, closes;
  int err;
  void (*during_data)(struct end *end);
  void (*during_end)(struct end *end);
  void (*during_drain)(struct end *end);
  void (*during_close)(struct end *end);
};

static struct gw_loop *loop;
static struct gw_net *net;
static bool is_inside; /* a call of the owner's: nothing may be told meanwhile */

static void on_data(struct gw_stream *stream, uint8_t *data, size_t len) {
  struct end *end = stream->owner;
  assert_false(is_inside);
  assert_int_equal(end->closes, 0);
  memset(data - GW_STREAM_HEADROOM, 0, GW_STREAM_HEADROOM); /* ours to use */
  end->reads++;
  size_t room = sizeof end->got - end->len;
  size_t n = len < room ? len : room;
  memcpy(end->got + end->len, data, n);
  end->len += n;
  if (end->during_data) end->during_data(end);
}

static void on_end(struct gw_stream *stream) {
  struct end *end = stream->owner;
  assert_false(is_inside);
  end->ends++;
  if (end->during_end) end->during_end(end);
}

static void on_drain(struct gw_stream *stream) {
  struct end *end = stream->owner;
  assert_false(is_inside);
  assert_int_equal(gw_stream_pending(stream), 0);
  end->drains++;
  if (end->during_drain) end->during_drain(end);
}

static void on_close(struct gw_stream *stream, int err) {
  struct end *end = stream->owner;
  assert_false(is_inside);
  assert_int_equal(end->closes, 0);
  if (end->during_close) end->during_close(end);
  end->closes++;
  end->err = err;
  end->stream = NULL;
}

static const struct gw_stream_events events = {
    .on_data = on_data, .on_end = on_end, .on_drain = on_drain, .on_close = on_close};
static const struct gw_stream_events events_without_end = {.on_data = on_data,
                                                           .on_close = on_close};

static int write_text(struct end *end, const char *text) {
  const struct gw_piece piece = {text, strlen(text), NULL};
  is_inside = true;
  int err = gw_stream_write(end->stream, &piece, 1);
  is_inside = false;
  return err;
}

static void close_end(struct end *end) {
  is_inside = true;
  gw_stream_close(end->stream);
  is_inside = false;
}

static void abort_end(struct end *end) {
  is_inside = true;
  gw_stream_abort(end->stream, GW_ERR_STATE);
  is_inside = false;
}

static void turn(void) {
  assert_int_equal(gw_loop_turn(loop, 0), 0);
}

static void open_net(const struct gw_net_options *options) {
  assert_int_equal(gw_loop_new(&loop), 0);
  assert_int_equal(gw_net_new(loop, options, &net), 0);
  receives = sends = gathered_sends = 0;
  bytes_in = bytes_out = 0;
}

static int open_usual(void **state) {
  (void)state;
  is_inside = false;
  open_net(NULL);
  return 0;
}

static int open_tight(void **state) {
  (void)state;
  is_inside = false;
  open_net(&(struct gw_net_options){.outbox_high = 1000, .outbox_cap = 500000, .linger_ms = 2});
  return 0;
}

/* Whatever happened: every byte has been counted once. */
static int close_net(void **state) {
  (void)state;
  alloc_fail_at(0);
  turn();
  assert_int_equal(gw_net_counts(net).received, bytes_in);
  assert_int_equal(gw_net_counts(net).sent, bytes_out);
  gw_net_free(net);
  gw_loop_free(loop);
  return 0;
}

static void tcp_pair(int out_ends[2]) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t len = sizeof address;
  int listener = socket(AF_INET, SOCK_STREAM, 0);
  assert_int_equal(bind(listener, (struct sockaddr *)&address, len), 0);
  assert_int_equal(listen(listener, 1), 0);
  assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &len), 0);
  out_ends[1] = socket(AF_INET, SOCK_STREAM, 0);
  assert_int_equal(connect(out_ends[1], (struct sockaddr *)&address, len), 0);
  out_ends[0] = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
  assert_true(out_ends[0] >= 0);
  assert_int_equal(fcntl(out_ends[1], F_SETFL, O_NONBLOCK), 0);
  close(listener);
}

static void own(struct end *end, const int ends[2]) {
  end->far = ends[1];
  assert_int_equal(gw_tcp_new(net, ends[0], &end->stream), 0);
  gw_stream_own(end->stream, &events, end);
}

static struct end *end_new(bool is_tcp) {
  int ends[2];
  struct end *end = calloc(1, sizeof *end);
  assert_non_null(end);
  if (is_tcp)
    tcp_pair(ends);
  else
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
  own(end, ends);
  return end;
}

static void far_writes(struct end *end, const char *text) {
  assert_int_equal(write(end->far, text, strlen(text)), strlen(text));
}

static void far_reads(struct end *end, const char *expected) {
  char text[4096];
  ssize_t n = read(end->far, text, sizeof text - 1);
  assert_true(n >= 0);
  text[n] = '\0';
  assert_string_equal(text, expected);
}

static void far_closes(struct end *end) {
  if (end->far >= 0) close(end->far);
  end->far = -1;
}

static void far_resets(struct end *end) {
  const struct linger at_once = {.l_onoff = 1};
  setsockopt(end->far, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  far_closes(end);
}

static void end_free(struct end *end) {
  if (end->stream) gw_stream_abort(end->stream, 0);
  turn();
  assert_int_equal(end->closes, 1);
  far_closes(end);
  free(end);
}

/* ---- in and out ---- */

static void echo_in_pieces(struct end *end) {
  const struct gw_piece pieces[] = {{"<", 1, NULL}, {end->got, end->len, NULL}, {">", 1, NULL}};
  assert_int_equal(gw_stream_write(end->stream, pieces, 3), 0);
  assert_int_equal(write_text(end, "."), 0);
  assert_int_equal(gw_stream_pending(end->stream), end->len + 3);
}

static void echo_costs_one_receive_and_one_send(void **state) {
  (void)state;
  struct end *end = end_new(true);
  end->during_data = echo_in_pieces;
  far_writes(end, "hello");
  alloc_count_reset();
  turn();
  assert_int_equal(alloc_count(), 0);
  assert_int_equal(receives, 1);
  assert_int_equal(sends, 1);
  assert_int_equal(gathered_sends, 0);
  far_reads(end, "<hello>.");
  assert_int_equal(gw_stream_pending(end->stream), 0);
  end_free(end);
}

static void fill_room_inside(struct end *end) {
  assert_int_equal(write_text(end, "<"), 0);
  uint8_t *at = gw_stream_room(end->stream, end->len, 1 + end->len);
  assert_non_null(at);
  memcpy(at, end->got, end->len);
  assert_int_equal(gw_stream_pending(end->stream), 1 + end->len);
  assert_null(gw_stream_room(end->stream, 1, 1 + end->len));
  assert_null(gw_stream_room(end->stream, GW_NET_CORK_SIZE - end->len, SIZE_MAX));
  assert_int_equal(write_text(end, ">"), 0);
  close_end(end);
  assert_null(gw_stream_room(end->stream, 1, SIZE_MAX));
}

static void room_lies_between_writes_until_the_end(void **state) {
  (void)state;
  struct end *end = end_new(true);
  assert_null(gw_stream_room(end->stream, 1, SIZE_MAX)); /* nothing of it is running */
  end->during_data = fill_room_inside;
  far_writes(end, "hello");
  turn();
  assert_int_equal(sends, 1);
  far_reads(end, "<hello>");
  end_free(end);
}

static void fill_to_the_mark_inside(struct end *end) {
  assert_null(gw_stream_room(end->stream, 1001, SIZE_MAX));
  uint8_t *at = gw_stream_room(end->stream, 1000, SIZE_MAX);
  assert_non_null(at);
  memset(at, 'x', 1000);
  assert_null(gw_stream_room(end->stream, 1, SIZE_MAX));
  assert_int_equal(write_text(end, "x"), 1);
}

static void room_ends_at_the_high_water_mark(void **state) {
  (void)state;
  struct end *end = end_new(true);
  end->during_data = fill_to_the_mark_inside;
  far_writes(end, "x");
  turn();
  assert_int_equal(end->drains, 1);
  end_free(end);
}

static void writes_between_events_leave_together(void **state) {
  (void)state;
  struct end *end = end_new(true);
  struct gw_bytes *bytes = gw_bytes_copy("shared ", 7);
  const struct gw_piece shared = {bytes->data, bytes->len, bytes};
  assert_int_equal(write_text(end, "one "), 0);
  assert_int_equal(write_text(end, "two "), 0);
  assert_int_equal(gw_stream_write(end->stream, &shared, 1), 0);
  assert_int_equal(write_text(end, "three"), 0);
  assert_int_equal(gw_stream_pending(end->stream), 20);
  assert_int_equal(sends + gathered_sends, 0);
  turn();
  assert_int_equal(sends, 0);
  assert_int_equal(gathered_sends, 1);
  assert_int_equal(atomic_load(&bytes->refs), 1);
  far_reads(end, "one two shared three");
  gw_bytes_unref(bytes);
  end_free(end);
}

static uint8_t large[300000];

static int write_large(struct end *end, size_t len) {
  const struct gw_piece pieces[] = {{large, len / 2, NULL}, {large + len / 2, len - len / 2, NULL}};
  return gw_stream_write(end->stream, pieces, 2);
}

static void answer_large(struct end *end) {
  assert_int_equal(write_text(end, "head"), 0);
  assert_int_equal(write_large(end, 20000), 0);
  assert_int_equal(write_text(end, "tail"), 0);
}

static void large_pieces_are_sent_without_a_copy(void **state) {
  (void)state;
  static uint8_t got[30000];
  struct end *end = end_new(true);
  end->during_data = answer_large;
  far_writes(end, "x");
  alloc_count_reset();
  turn();
  assert_int_equal(alloc_count(), 0);
  assert_int_equal(gathered_sends, 1); /* head and pieces; then the tail */
  assert_int_equal(sends, 1);
  assert_int_equal(read(end->far, got, sizeof got), 20008);
  assert_memory_equal(got, "head", 4);
  assert_memory_equal(got + 4, large, 20000);
  assert_memory_equal(got + 20004, "tail", 4);
  end_free(end);
}

static struct end *neighbour;

static void answer_and_tell_the_neighbour(struct end *end) {
  assert_int_equal(write_text(end, "before "), 0);
  assert_int_equal(write_large(neighbour, 20000), 0);
  assert_int_equal(write_text(end, "after"), 0);
}

static void large_write_to_another_leaves_the_cork_alone(void **state) {
  (void)state;
  static uint8_t got[30000];
  struct end *end = end_new(true);
  neighbour = end_new(true);
  end->during_data = answer_and_tell_the_neighbour;
  far_writes(end, "x");
  turn();
  far_reads(end, "before after");
  assert_int_equal(read(neighbour->far, got, sizeof got), 20000);
  assert_memory_equal(got, large, 20000);
  end_free(end);
  end_free(neighbour);
}

/* Reads at the far end, with turns between, until nothing comes any more. */
static size_t far_drains(struct end *end, uint8_t *got, size_t size) {
  size_t len = 0;
  for (int idle = 0; idle < 3;) {
    turn();
    ssize_t n = read(end->far, got + len, size - len);
    idle = n > 0 ? 0 : idle + 1;
    if (n > 0) len += (size_t)n;
  }
  return len;
}

static int option(const struct end *end, int level, int name) {
  int value = 0;
  socklen_t len = sizeof value;
  assert_int_equal(getsockopt(gw_stream_fd(end->stream), level, name, &value, &len), 0);
  return value;
}

static void the_kernel_is_told_to_guard_and_to_keep_fresh(void **state) {
  (void)state;
  struct end *end = end_new(true);
  gw_stream_guard(end->stream);
  gw_stream_keep_fresh(end->stream);
  assert_int_equal(option(end, SOL_SOCKET, SO_KEEPALIVE), 1);
  int idle = option(end, IPPROTO_TCP, TCP_KEEPIDLE),
      between = option(end, IPPROTO_TCP, TCP_KEEPINTVL),
      probes = option(end, IPPROTO_TCP, TCP_KEEPCNT);
  assert_in_range(idle + between * probes, 30, 60);
  assert_int_equal(option(end, IPPROTO_TCP, TCP_USER_TIMEOUT), 45000);
  assert_int_equal(option(end, IPPROTO_TCP, TCP_NOTSENT_LOWAT), 16384);
  end_free(end);
}

/* What only waits for the end of the turn has not been refused. */
static void write_of_nothing_asks_whether_the_kernel_refused(void **state) {
  (void)state;
  static uint8_t got[2000000];
  struct end *end = end_new(false);
  assert_int_equal(gw_stream_write(end->stream, NULL, 0), 0);
  assert_int_equal(write_text(end, "something"), 0);
  assert_int_equal(gw_stream_write(end->stream, NULL, 0), 0);
  turn();
  assert_int_equal(end->drains, 0);
  while (gw_stream_write(end->stream, NULL, 0) == 0) {
    assert_true(write_text(end, "something") >= 0);
    turn();
  }
  far_drains(end, got, sizeof got);
  assert_int_equal(end->drains, 1);
  end_free(end);
}

/* It is sent: one turn may have much for a peer that reads. */
static void much_that_waits_for_the_end_of_the_turn_is_sent_when_asked(void **state) {
  (void)state;
  static uint8_t got[2000000];
  struct end *end = end_new(false);
  size_t len = 0;
  for (; gw_stream_pending(end->stream) < 16384; len += 9)
    assert_true(write_text(end, "something") >= 0);
  assert_int_equal(gw_stream_write(end->stream, NULL, 0), 0);
  assert_int_equal(gw_stream_pending(end->stream), 0);
  assert_int_equal(end->drains, 0); /* not inside a call of the owner's */
  turn();
  assert_int_equal(end->drains, 1);
  int err = 0;
  while (err >= 0) { /* within one turn, and the kernel refuses at last */
    if (gw_stream_write(end->stream, NULL, 0) == 1) err = -1;
    if (err >= 0) err = write_text(end, "something");
    if (err >= 0) len += 9;
  }
  assert_in_range(gw_stream_pending(end->stream), 1, 2 * 16384);
  assert_int_equal(far_drains(end, got, sizeof got), len);
  for (size_t i = 0; i < len; i += 9)
    assert_memory_equal(got + i, "something", 9);
  assert_int_equal(end->drains, 2);
  end_free(end);
}

static void reader_that_does_not_read_meets_both_marks(void **state) {
  (void)state;
  static uint8_t expected[2000000], got[2000000];
  struct end *end = end_new(false);
  size_t len = 0;
  int err = 0;
  unsigned told = 0;
  for (unsigned i = 0; i < 10000; i++) {
    uint8_t piece[997];
    memset(piece, (int)(i % 251), sizeof piece);
    err = gw_stream_write(end->stream, &(struct gw_piece){piece, sizeof piece, NULL}, 1);
    if (err < 0) break;
    if (err == 1) told++;
    memcpy(expected + len, piece, sizeof piece);
    len += sizeof piece;
    turn();
  }
  assert_int_equal(err, GW_ERR_FULL);
  assert_true(told > 0);
  assert_true(gw_stream_pending(end->stream) <= 500000);
  assert_int_equal(end->drains, 0);
  unsigned before = sends + gathered_sends;
  turn();
  assert_int_equal(sends + gathered_sends, before); /* nothing is tried in vain */
  assert_int_equal(far_drains(end, got, sizeof got), len);
  assert_memory_equal(got, expected, len);
  assert_int_equal(end->drains, 1);
  assert_int_equal(write_text(end, "again"), 0);
  turn();
  far_reads(end, "again");
  end_free(end);
}

static void tiny_messages_count_with_what_they_cost(void **state) {
  (void)state;
  struct end *end = end_new(false);
  struct gw_bytes *bytes = gw_bytes_copy("xy", 2);
  int err = 0;
  unsigned n = 0;
  for (; n < 500000 && err >= 0; n++) {
    err = gw_stream_write(end->stream, &(struct gw_piece){bytes->data, 1, bytes}, 1);
  }
  assert_int_equal(err, GW_ERR_FULL);
  assert_true(n < 500000 / sizeof(struct gw_segment));
  end_free(end);
  assert_int_equal(atomic_load(&bytes->refs), 1);
  gw_bytes_unref(bytes);
}

static void fan_out_shares_one_message(void **state) {
  (void)state;
  enum { SUBSCRIBERS = 200 };
  static struct end *ends[SUBSCRIBERS];
  struct gw_bytes *bytes = gw_bytes_copy("news", 4);
  for (int i = 0; i < SUBSCRIBERS; i++)
    ends[i] = end_new(false);
  for (int round = 0; round < 2; round++) {
    sends = gathered_sends = 0;
    alloc_count_reset();
    for (int i = 0; i < SUBSCRIBERS; i++)
      assert_int_equal(
          gw_stream_write(ends[i]->stream, &(struct gw_piece){bytes->data, 4, bytes}, 1), 0);
    turn();
    assert_int_equal(alloc_count(), round == 0 ? SUBSCRIBERS : 0);
    assert_int_equal(sends, SUBSCRIBERS);
    assert_int_equal(atomic_load(&bytes->refs), 1);
  }
  for (int i = 0; i < SUBSCRIBERS; i++) {
    far_reads(ends[i], "newsnews");
    end_free(ends[i]);
  }
  gw_bytes_unref(bytes);
}

/* ---- straight into the owner's memory ---- */

static struct room {
  uint8_t memory[40000];
  size_t filled;
} room;

static size_t on_room(struct gw_stream *stream, uint8_t **out_room) {
  (void)stream;
  size_t left = sizeof room.memory - room.filled;
  *out_room = room.memory + room.filled;
  return left >= 16384 ? left : 0;
}

static void on_filled(struct gw_stream *stream, size_t len) {
  (void)stream;
  room.filled += len;
}

static void keep_tail(struct gw_stream *stream, uint8_t *data, size_t len) {
  struct end *end = stream->owner;
  assert_int_equal(len, 9);
  assert_memory_equal(data, "next head", 9);
  end->reads++;
}

static void payload_is_received_into_place_and_the_rest_as_usual(void **state) {
  (void)state;
  static const struct gw_stream_events direct = {
      .on_data = keep_tail, .on_close = on_close, .on_room = on_room, .on_filled = on_filled};
  struct end *end = end_new(false);
  gw_stream_own(end->stream, &direct, end);
  assert_int_equal(write(end->far, large, 20000), 20000);
  turn();
  assert_int_equal(room.filled, 20000);
  assert_int_equal(write(end->far, large + 20000, 20000), 20000);
  far_writes(end, "next head");
  turn();
  assert_int_equal(room.filled, 40000);
  assert_int_equal(end->reads, 1);
  assert_memory_equal(room.memory, large, 40000);
  end_free(end);
}

static void write_on(struct end *end) {
  static const uint8_t bytes[2000];
  is_inside = true;
  gw_stream_write(end->stream, &(struct gw_piece){bytes, sizeof bytes, NULL}, 1);
  is_inside = false;
}

static void a_source_without_end_leaves_turns_to_others(void **state) {
  (void)state;
  struct end *end = end_new(true);
  end->during_drain = write_on;
  write_on(end);
  for (unsigned i = 1; i < 10; i++) {
    unsigned before = end->drains;
    turn();
    assert_in_range(end->drains - before, 1, 2);
  }
  end_free(end);
}

/* ---- pause ---- */

static void nothing_comes_while_paused(void **state) {
  (void)state;
  struct end *end = end_new(true);
  gw_stream_pause(end->stream, true);
  far_writes(end, "later");
  turn();
  assert_int_equal(end->reads, 0);
  gw_stream_pause(end->stream, false);
  assert_int_equal(end->reads, 0);
  turn();
  assert_int_equal(end->reads, 1);
  end_free(end);
}

static void reset_is_noticed_while_paused(void **state) {
  (void)state;
  struct end *end = end_new(true);
  gw_stream_pause(end->stream, true);
  far_resets(end);
  turn();
  assert_int_equal(end->closes, 1);
  assert_int_equal(end->err, GW_ERR_RESET);
  end_free(end);
}

static void last_bytes_come_though_the_peer_left_during_a_pause(void **state) {
  (void)state;
  for (int is_tcp = 0; is_tcp < 2; is_tcp++) {
    struct end *end = end_new(is_tcp);
    gw_stream_pause(end->stream, true);
    far_writes(end, "last words");
    far_closes(end);
    turn();
    turn();
    assert_int_equal(end->reads + end->closes, 0);
    /* and the loop sleeps: the hang-up does not come again and again */
    uint64_t before = gw_loop_now(loop);
    assert_int_equal(gw_loop_turn(loop, 3), 0);
    assert_true(gw_loop_now(loop) >= before + 2);
    gw_stream_pause(end->stream, false);
    turn();
    turn();
    assert_int_equal(end->len, 10);
    assert_int_equal(end->ends, 1);
    end_free(end);
  }
}

/* The owner waits for on_drain to go on reading: it would wait for ever. */
static void a_peer_that_read_all_and_left_is_noticed_while_paused(void **state) {
  (void)state;
  static uint8_t bytes[4096];
  struct end *end = end_new(false);
  gw_stream_pause(end->stream, true);
  while (gw_stream_write(end->stream, &(struct gw_piece){bytes, sizeof bytes, NULL}, 1) == 0)
    turn();
  turn();
  assert_true(gw_stream_pending(end->stream) > 0);
  while (read(end->far, bytes, sizeof bytes) > 0)
    continue;
  far_closes(end);
  turn();
  assert_int_equal(end->closes, 1);
  assert_int_equal(end->err, GW_ERR_RESET);
  end_free(end);
}

/* ---- the end ---- */

static void half_closed_peer_still_gets_an_answer(void **state) {
  (void)state;
  struct end *end = end_new(true);
  far_writes(end, "question");
  shutdown(end->far, SHUT_WR);
  turn();
  turn();
  assert_int_equal(end->ends, 1);
  assert_int_equal(end->closes, 0);
  assert_int_equal(write_text(end, "answer"), 0);
  close_end(end);
  assert_int_equal(end->closes, 0);
  turn();
  far_reads(end, "answer");
  far_reads(end, "");
  assert_int_equal(end->closes, 1);
  assert_int_equal(end->err, 0);
  end_free(end);
}

static void end_without_a_listener_for_it_closes(void **state) {
  (void)state;
  struct end *end = end_new(true);
  gw_stream_own(end->stream, &events_without_end, end);
  shutdown(end->far, SHUT_WR);
  turn();
  assert_int_equal(end->closes, 1);
  assert_int_equal(end->err, 0);
  far_reads(end, "");
  end_free(end);
}

static void close_gives_the_last_bytes_though_input_was_unread(void **state) {
  (void)state;
  struct end *end = end_new(true);
  assert_int_equal(write(end->far, large, 100000), 100000);
  assert_int_equal(write_text(end, "bye"), 0);
  close_end(end);
  assert_int_equal(write_text(end, "late"), GW_ERR_CLOSED);
  close_end(end);
  turn();
  turn();
  far_writes(end, "still talking"); /* thrown away, not answered by a reset */
  turn();
  assert_int_equal(end->reads, 0);
  assert_int_equal(end->closes, 0);
  far_reads(end, "bye");
  far_reads(end, "");
  far_closes(end);
  turn();
  assert_int_equal(end->closes, 1);
  assert_int_equal(end->err, 0);
  end_free(end);
}

static void peer_that_keeps_its_side_open_is_waited_for_only_so_long(void **state) {
  (void)state;
  struct end *end = end_new(true);
  close_end(end);
  turn();
  assert_int_equal(end->closes, 0);
  while (end->closes == 0)
    assert_int_equal(gw_loop_turn(loop, -1), 0);
  assert_int_equal(end->err, 0);
  end_free(end);
}

static void peer_that_does_not_read_is_waited_for_only_so_long(void **state) {
  (void)state;
  struct end *end = end_new(true);
  const int small = 4096;
  setsockopt(gw_stream_fd(end->stream), SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
  while (gw_stream_pending(end->stream) < 100000) {
    assert_true(write_large(end, 50000) >= 0);
    turn();
  }
  close_end(end);
  while (end->closes == 0)
    assert_int_equal(gw_loop_turn(loop, -1), 0);
  assert_int_equal(end->err, GW_ERR_TIMEOUT);
  end_free(end);
}

static void abort_resets_at_once(void **state) {
  (void)state;
  char byte;
  struct end *end = end_new(true);
  assert_int_equal(write_text(end, "never sent"), 0);
  abort_end(end);
  assert_int_equal(end->closes, 0);
  assert_int_equal(read(end->far, &byte, 1), -1);
  assert_int_equal(errno, ECONNRESET);
  assert_int_equal(write_text(end, "x"), GW_ERR_CLOSED);
  abort_end(end);
  close_end(end);
  turn();
  assert_int_equal(end->closes, 1);
  assert_int_equal(end->err, GW_ERR_STATE);
  end_free(end);
}

static struct end *victim;

static void abort_victim(struct end *end) {
  (void)end;
  if (victim->stream) abort_end(victim);
}

static void stream_that_another_aborted_is_not_touched(void **state) {
  (void)state;
  struct end *one = end_new(false), *two = end_new(false);
  one->during_data = two->during_data = abort_victim;
  far_writes(one, "x");
  far_writes(two, "x");
  victim = two;
  turn();
  assert_int_equal(two->closes, 1);
  assert_true(two->reads <= 1);
  assert_int_equal(one->reads, 1);
  end_free(one);
  end_free(two);
}

/* Everything that an owner may do, inside everything that it is told. */
static void write_inside(struct end *end) {
  (void)write_text(end, "w");
}
static void write_much_inside(struct end *end) {
  (void)write_large(end, sizeof large);
}
static void write_and_close_inside(struct end *end) {
  (void)write_text(end, "w");
  close_end(end);
}
static void pause_inside(struct end *end) {
  gw_stream_pause(end->stream, true);
}
static void everything_inside(struct end *end) {
  (void)write_large(end, sizeof large);
  gw_stream_pause(end->stream, true);
  close_end(end);
  abort_end(end);
  gw_stream_pause(end->stream, false);
  (void)write_text(end, "w");
  assert_int_equal(gw_stream_pending(end->stream), 0);
}

/* A whole life: written to, told of backpressure, drained, ended, closed; `step` by `step`, and the
 * peer vanishes before the step given. */
static void live(struct end *end, int vanish_at) {
  static uint8_t got[1 << 21];
  for (int step = 0; step < 8; step++) {
    if (step == vanish_at) far_resets(end);
    if (step == 0 && end->far >= 0) far_writes(end, "hello");
    if (step == 1 && end->stream) (void)write_text(end, "one");
    if (step == 2 && end->stream) (void)write_large(end, sizeof large);
    if (step == 3 && end->stream) (void)write_large(end, sizeof large / 2);
    if (step == 4 && end->far >= 0) far_drains(end, got, sizeof got);
    if (step == 5 && end->far >= 0) (void)!send(end->far, "more", 4, MSG_NOSIGNAL);
    if (step == 6 && end->far >= 0) shutdown(end->far, SHUT_WR);
    if (step == 7 && end->stream) close_end(end);
    turn();
    turn();
  }
  if (end->far >= 0) far_drains(end, got, sizeof got);
  if (end->stream) gw_stream_pause(end->stream, false);
  for (int i = 0; end->closes == 0 && i < 100; i++)
    assert_int_equal(gw_loop_turn(loop, 5), 0);
  assert_int_equal(end->closes, 1);
}

static void everything_may_be_done_inside_everything_and_the_peer_may_vanish(void **state) {
  (void)state;
  void (*const deeds[])(struct end *) = {
      NULL,         write_inside, write_much_inside, write_and_close_inside,
      pause_inside, close_end,    abort_end,         everything_inside};
  enum { DEEDS = sizeof deeds / sizeof *deeds };
  for (int where = 0; where < 4; where++) {
    for (int deed = 0; deed < DEEDS; deed++) {
      for (int vanish_at = 0; vanish_at < 9; vanish_at++) {
        struct end *end = end_new(true);
        if (where == 0) end->during_data = deeds[deed];
        if (where == 1) end->during_end = deeds[deed];
        if (where == 2) end->during_drain = deeds[deed];
        if (where == 3) end->during_close = deeds[deed];
        live(end, vanish_at);
        end_free(end);
      }
    }
  }
}

static void any_allocation_may_fail(void **state) {
  (void)state;
  bool has_failed = true;
  for (size_t nth = 1; has_failed; nth++) {
    struct end *end = end_new(true);
    end->during_data = write_much_inside;
    alloc_fail_at(nth);
    live(end, 99);
    has_failed = alloc_has_failed();
    alloc_fail_at(0);
    end_free(end);
    gw_outbox_pool_clear(&net->outboxes);
  }
}

static void stream_without_memory_closes_its_descriptor(void **state) {
  (void)state;
  int ends[2];
  char byte;
  struct gw_stream *stream;
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
  alloc_fail_at(1);
  assert_int_equal(gw_tcp_new(net, ends[0], &stream), GW_ERR_MEMORY);
  alloc_fail_at(0);
  assert_int_equal(read(ends[1], &byte, 1), 0);
  close(ends[1]);
}

static void net_without_memory_is_an_error(void **state) {
  (void)state;
  struct gw_net *other = NULL;
  for (size_t nth = 1; nth <= 2; nth++) {
    alloc_fail_at(nth);
    assert_int_equal(gw_net_new(loop, NULL, &other), GW_ERR_MEMORY);
  }
  alloc_fail_at(0);
  assert_null(other);
}

static void stream_that_nobody_owns_may_be_closed(void **state) {
  (void)state;
  int ends[2];
  struct gw_stream *stream;
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
  assert_int_equal(gw_tcp_new(net, ends[0], &stream), 0);
  assert_int_equal(write(ends[1], "x", 1), 1);
  turn();
  gw_stream_close(stream);
  close(ends[1]);
  turn();
}

static void peer_is_named(void **state) {
  (void)state;
  char text[64];
  struct end *tcp = end_new(true), *local = end_new(false);
  assert_int_equal(strncmp(gw_stream_peer(tcp->stream, text, sizeof text), "127.0.0.1:", 10), 0);
  assert_string_equal(gw_stream_peer(local->stream, text, sizeof text), "unix");
  abort_end(tcp);
  assert_string_equal(gw_stream_peer(tcp->stream, text, sizeof text), "");
  end_free(tcp);
  end_free(local);
}

int main(void) {
#define NET_TEST(name)   cmocka_unit_test_setup_teardown(name, open_usual, close_net)
#define TIGHT_TEST(name) cmocka_unit_test_setup_teardown(name, open_tight, close_net)
  for (size_t i = 0; i < sizeof large; i++)
    large[i] = (uint8_t)(i * 7 + i / 256);
  const struct CMUnitTest tests[] = {
      NET_TEST(echo_costs_one_receive_and_one_send),
      NET_TEST(room_lies_between_writes_until_the_end),
      TIGHT_TEST(room_ends_at_the_high_water_mark),
      NET_TEST(writes_between_events_leave_together),
      NET_TEST(the_kernel_is_told_to_guard_and_to_keep_fresh),
      NET_TEST(write_of_nothing_asks_whether_the_kernel_refused),
      NET_TEST(large_write_to_another_leaves_the_cork_alone),
      NET_TEST(large_pieces_are_sent_without_a_copy),
      TIGHT_TEST(much_that_waits_for_the_end_of_the_turn_is_sent_when_asked),
      TIGHT_TEST(reader_that_does_not_read_meets_both_marks),
      TIGHT_TEST(tiny_messages_count_with_what_they_cost),
      NET_TEST(fan_out_shares_one_message),
      NET_TEST(payload_is_received_into_place_and_the_rest_as_usual),
      TIGHT_TEST(a_source_without_end_leaves_turns_to_others),
      NET_TEST(nothing_comes_while_paused),
      NET_TEST(reset_is_noticed_while_paused),
      NET_TEST(last_bytes_come_though_the_peer_left_during_a_pause),
      NET_TEST(a_peer_that_read_all_and_left_is_noticed_while_paused),
      NET_TEST(half_closed_peer_still_gets_an_answer),
      NET_TEST(end_without_a_listener_for_it_closes),
      NET_TEST(close_gives_the_last_bytes_though_input_was_unread),
      TIGHT_TEST(peer_that_keeps_its_side_open_is_waited_for_only_so_long),
      TIGHT_TEST(peer_that_does_not_read_is_waited_for_only_so_long),
      NET_TEST(abort_resets_at_once),
      NET_TEST(stream_that_another_aborted_is_not_touched),
      TIGHT_TEST(everything_may_be_done_inside_everything_and_the_peer_may_vanish),
      TIGHT_TEST(any_allocation_may_fail),
      NET_TEST(stream_without_memory_closes_its_descriptor),
      NET_TEST(net_without_memory_is_an_error),
      NET_TEST(stream_that_nobody_owns_may_be_closed),
      NET_TEST(peer_is_named),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
