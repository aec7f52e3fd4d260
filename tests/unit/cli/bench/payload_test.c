/* SPDX-License-Identifier: MIT */
/* What the load generator sends is what a server must accept, and what comes back is compared. */
#include "cli/bench/payload.c"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct gw_bench_transport raw = {.name = "raw", .is_exact = true};

static int enclose(const struct gw_bench *bench, struct gw_buf *out) {
  int err = gw_buf_add_text(out, "pub x\n");
  return err < 0 ? err : gw_buf_add(out, bench->payload, bench->plan->size);
}
static const struct gw_bench_transport enclosing = {.name = "godwit", .enclose = enclose};

struct setting {
  struct gw_bench_plan plan;
  struct gw_bench bench;
};

static void open_setting(struct setting *s, enum gw_bench_payload payload, size_t size,
                         bool has_deflate) {
  *s = (struct setting){
      .plan = {
          .payload = payload, .size = size, .depth = 3, .transports = {&raw}, .n_transports = 1}};
  s->bench.plan = &s->plan;
  s->bench.protocol = (struct gw_ws_options){
      .is_client = true, .max_message = size, .deflate = {.is_enabled = true, .min_size = 1}};
  s->bench.deflate = (struct gw_ws_deflate){
      .is_on = has_deflate, .server_no_context_takeover = true, .client_no_context_takeover = true};
  assert_int_equal(gw_ws_shared_new(&s->bench.shared), 0);
  assert_int_equal(gw_bench_payload_make(&s->bench), 0);
}

static void close_setting(struct setting *s) {
  gw_ws_free(s->bench.window);
  gw_bytes_unref(s->bench.frames);
  free(s->bench.payload);
  gw_ws_shared_free(s->bench.shared);
}

static void text_is_utf8_at_every_size(void **state) {
  (void)state;
  for (size_t size = 1; size < 400; size++) {
    for (enum gw_bench_payload payload = GW_BENCH_ASCII; payload <= GW_BENCH_MIXED; payload++) {
      struct setting s;
      open_setting(&s, payload, size, false);
      assert_true(gw_ws_utf8_is_valid(s.bench.payload, size));
      close_setting(&s);
    }
  }
}

/* A server reads the frames one after the other, and each is the payload. */
static void assert_server_reads(struct setting *s) {
  const struct gw_ws_options options = {.max_message = s->plan.size};
  struct gw_ws *ws;
  struct gw_ws_event event;
  assert_int_equal(gw_ws_new(&options, s->bench.shared, &s->bench.deflate, &ws), 0);
  uint8_t *data = s->bench.frames->data;
  size_t len = s->bench.frame_len * s->bench.n_frames;
  assert_int_equal(s->bench.frames->len, len);
  for (size_t i = 0; i < s->bench.n_frames; i++) {
    assert_int_equal(gw_ws_read(ws, &data, &len, &event), 1);
    assert_int_equal(event.len, s->plan.size);
    assert_memory_equal(event.data, s->bench.payload, event.len);
  }
  assert_int_equal(gw_ws_read(ws, &data, &len, &event), 0);
  gw_ws_free(ws);
}

static void a_server_reads_the_frames_compressed_and_not(void **state) {
  (void)state;
  static const size_t sizes[] = {1, 20, 125, 126, 1024, 65535, 65536, 200000};
  for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
    for (enum gw_bench_payload payload = GW_BENCH_ASCII; payload <= GW_BENCH_BINARY; payload++) {
      for (int has_deflate = 0; has_deflate < 2; has_deflate++) {
        struct setting s;
        open_setting(&s, payload, sizes[i], has_deflate);
        assert_int_equal(gw_bench_frames_make(&s.bench, &s.bench.deflate), 0);
        assert_server_reads(&s);
        close_setting(&s);
      }
    }
  }
}

/* The answer of a server that echoes, in a buffer that is given. */
static uint8_t *encode_answer(struct setting *s, struct gw_ws *ws, size_t *out_len) {
  struct gw_ws_wire wire;
  const struct gw_ws_frame frame = {
      .opcode = GW_WS_TEXT, .data = s->bench.payload, .len = s->plan.size};
  assert_int_equal(gw_ws_encode(ws, &frame, &wire), 0);
  *out_len = wire.head_len + wire.body_len;
  uint8_t *answer = malloc(*out_len);
  assert_non_null(answer);
  memcpy(answer, wire.head, wire.head_len);
  memcpy(answer + wire.head_len, wire.body, wire.body_len);
  return answer;
}

static uint8_t *answer_of(struct setting *s, size_t *out_len) {
  const struct gw_ws_options options = {.deflate = {.is_enabled = true, .min_size = 1}};
  struct gw_ws *ws;
  assert_int_equal(gw_ws_new(&options, s->bench.shared, &s->bench.deflate, &ws), 0);
  uint8_t *answer = encode_answer(s, ws, out_len);
  gw_ws_free(ws);
  return answer;
}

static void an_answer_is_compared_byte_for_byte(void **state) {
  (void)state;
  for (int has_deflate = 0; has_deflate < 2; has_deflate++) {
    struct setting s;
    size_t len;
    open_setting(&s, GW_BENCH_MIXED, 3000, has_deflate);
    uint8_t *answer = answer_of(&s, &len);
    assert_true(gw_bench_is_payload(&s.bench, answer, len));
    free(answer);
    answer = answer_of(&s, &len);
    assert_false(gw_bench_is_payload(&s.bench, answer, len - 1));
    free(answer);
    answer = answer_of(&s, &len);
    s.bench.payload[2000] ^= 1;
    assert_false(gw_bench_is_payload(&s.bench, answer, len));
    free(answer);
    close_setting(&s);
  }
}

static void what_is_marked_ends_with_the_marker(void **state) {
  (void)state;
  for (size_t size = GW_BENCH_MARKER_LEN; size < 200; size++) {
    struct setting s;
    open_setting(&s, GW_BENCH_MIXED, size, false);
    s.plan.is_marked = true;
    free(s.bench.payload);
    assert_int_equal(gw_bench_payload_make(&s.bench), 0);
    assert_true(gw_ws_utf8_is_valid(s.bench.payload, size));
    assert_ptr_equal(memmem(s.bench.payload, size, GW_BENCH_MARKER, GW_BENCH_MARKER_LEN),
                     s.bench.payload + size - GW_BENCH_MARKER_LEN);
    close_setting(&s);
  }
}

static void a_transport_encloses_the_payload(void **state) {
  (void)state;
  struct setting s;
  open_setting(&s, GW_BENCH_ASCII, 20, false);
  s.plan.transports[0] = &enclosing;
  assert_int_equal(gw_bench_frames_make(&s.bench, &s.bench.deflate), 0);
  assert_int_equal(s.bench.frame_len, 2 + 4 + 6 + 20);
  uint8_t *frame = s.bench.frames->data;
  gw_ws_mask(frame + 6, frame + 6, 26, frame + 2, 0);
  assert_memory_equal(frame + 6, "pub x\n", 6);
  assert_memory_equal(frame + 12, s.bench.payload, 20);
  close_setting(&s);
}

/* The second message refers to the first: it is understood by whoever has read that. */
static void with_takeover_the_window_is_kept(void **state) {
  (void)state;
  struct setting s;
  size_t len;
  open_setting(&s, GW_BENCH_ASCII, 3000, true);
  s.plan.has_takeover = true;
  s.bench.deflate.server_no_context_takeover = false;
  const struct gw_ws_options options = {
      .deflate = {.is_enabled = true, .allow_server_takeover = true, .level = 6, .min_size = 1}};
  struct gw_ws *ws;
  assert_int_equal(gw_ws_new(&options, s.bench.shared, &s.bench.deflate, &ws), 0);
  size_t first = 0;
  for (int i = 0; i < 3; i++) {
    uint8_t *answer = encode_answer(&s, ws, &len);
    if (i == 0) first = len;
    assert_true(i == 0 || len < first / 2);
    assert_true(gw_bench_is_payload(&s.bench, answer, len));
    free(answer);
  }
  gw_ws_free(ws);
  close_setting(&s);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(text_is_utf8_at_every_size),
      cmocka_unit_test(a_server_reads_the_frames_compressed_and_not),
      cmocka_unit_test(an_answer_is_compared_byte_for_byte),
      cmocka_unit_test(what_is_marked_ends_with_the_marker),
      cmocka_unit_test(a_transport_encloses_the_payload),
      cmocka_unit_test(with_takeover_the_window_is_kept),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
