/* SPDX-License-Identifier: MIT */
/* Markers are counted however the bytes are cut, and each connection gets its own target. */
#include "cli/bench/transport.c"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* What a transport would do, were there a connection. */
void gw_bench_websocket_begin(struct gw_bench_peer *peer) {
  (void)peer;
}
void gw_bench_stream_begin(struct gw_bench_peer *peer) {
  (void)peer;
}
void gw_bench_poll_begin(struct gw_bench_peer *peer) {
  (void)peer;
}

static char said[256];
void gw_bench_say(struct gw_bench_peer *peer, const char *text) {
  (void)peer;
  snprintf(said, sizeof said, "%.200s", text);
}
void gw_bench_peer_opened(struct gw_bench_peer *peer) {
  peer->is_open = true;
}
void gw_bench_peer_fail(struct gw_bench_peer *peer, const char *why) {
  peer->is_closing = true;
  snprintf(said, sizeof said, "%s", why);
}

static void markers_are_counted_wherever_the_bytes_are_cut(void **state) {
  (void)state;
  static const struct {
    const char *text;
    unsigned n;
  } cases[] = {{"", 0},         {"no marker", 0},        {"@gw@", 1},
               {"@gw@gw@", 1},  {"@gw@@gw@", 2},         {"@@gw@ a@gw @g@gw@", 2},
               {"@g@w@gw@", 1}, {"a@gw@b@gw@c@gw@d", 3}, {"@gw@\n\ndata: x @gw@", 2},
               {"@gw", 0}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    size_t len = strlen(cases[i].text);
    for (size_t cut = 0; cut <= len; cut++) {
      uint8_t matched = 0;
      unsigned n = gw_bench_markers(&matched, cases[i].text, cut);
      n += gw_bench_markers(&matched, cases[i].text + cut, len - cut);
      assert_int_equal(n, cases[i].n);
    }
  }
}

static void assert_expands(const char *text, uint32_t index, const char *expected) {
  char out[64];
  assert_int_equal(gw_bench_expand(text, index, out, sizeof out), 0);
  assert_string_equal(out, expected);
}

static void each_connection_has_its_own_target(void **state) {
  (void)state;
  assert_expands("/x", 6, "/x");
  assert_expands("/x{n}?user=u{n}", 6, "/x7?user=u7");
  assert_expands("{n/3}", 0, "0");
  assert_expands("{n/3}", 2, "0");
  assert_expands("{n/3}", 3, "1");
  assert_expands("{n/100}-{n}.", 999999, "9999-1000000.");
}

static void other_braces_and_long_targets_are_refused(void **state) {
  (void)state;
  char out[8];
  static const char *const texts[] = {"{",      "}",      "{m}",      "{n/0}",    "{n/}",
                                      "{n/-1}", "{n/1x}", "12345678", "123456{n}"};
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
    assert_int_equal(gw_bench_expand(texts[i], 99, out, sizeof out), GW_ERR_ARGUMENT);
  assert_int_equal(gw_bench_expand("12345{n}", 9, out, sizeof out), 0);
  assert_string_equal(out, "1234510");
}

static const char *hear(struct gw_bench_peer *peer, const char *text) {
  said[0] = '\0';
  assert_null(peer->transport->on_said(peer, gw_str_of(text)));
  return said;
}

static void godwit_is_open_when_it_is_subscribed(void **state) {
  (void)state;
  struct gw_bench_plan plan = {.channel = "room-{n}"};
  struct gw_bench bench = {.plan = &plan};
  struct gw_bench_peer peer = {.bench = &bench,
                               .transport = gw_bench_transport_of(GW_STR("godwit"))};
  assert_string_equal(hear(&peer, "welcome session=a version=1 ping=25"), "sub room-1");
  assert_false(peer.is_open);
  hear(&peer, "subscribed room-1 cursor=a:1 recovered=yes");
  assert_true(peer.is_open);
  assert_string_equal(hear(&peer, "join room-1 kim"), "");
  assert_false(peer.is_closing);
  assert_string_equal(hear(&peer, "error forbidden no"), "the server said: error forbidden no");
  assert_true(peer.is_closing);
}

static void godwit_publishes_to_the_channel_that_the_url_names(void **state) {
  (void)state;
  struct gw_bench_plan plan = {.size = 2};
  struct gw_bench bench = {.plan = &plan, .payload = (uint8_t *)"hi"};
  struct gw_buf out;
  snprintf(bench.place.target, sizeof bench.place.target, "/channels/a:b?user=kim");
  gw_buf_init(&out, 100);
  assert_int_equal(enclose_in_pub(&bench, &out), 0);
  assert_int_equal(out.len, 10);
  assert_memory_equal(out.data, "pub a:b\nhi", 10);
  gw_buf_clear(&out);
}

static void socketio_opens_its_namespace_and_answers_pings(void **state) {
  (void)state;
  struct gw_bench_plan plan = {0};
  struct gw_bench bench = {.plan = &plan};
  struct gw_bench_peer peer = {.bench = &bench,
                               .transport = gw_bench_transport_of(GW_STR("socketio"))};
  assert_string_equal(hear(&peer, "0{\"sid\":\"a\",\"pingInterval\":25000}"), "40");
  assert_string_equal(hear(&peer, "40{\"sid\":\"b\"}"), "");
  assert_true(peer.is_open);
  assert_string_equal(hear(&peer, "2"), "3");
  assert_string_equal(hear(&peer, "44{\"message\":\"no\"}"),
                      "the server said: 44{\"message\":\"no\"}");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(markers_are_counted_wherever_the_bytes_are_cut),
      cmocka_unit_test(each_connection_has_its_own_target),
      cmocka_unit_test(other_braces_and_long_targets_are_refused),
      cmocka_unit_test(godwit_is_open_when_it_is_subscribed),
      cmocka_unit_test(godwit_publishes_to_the_channel_that_the_url_names),
      cmocka_unit_test(socketio_opens_its_namespace_and_answers_pings),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
