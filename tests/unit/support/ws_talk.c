/* SPDX-License-Identifier: MIT */
/* The bookkeeping behind ws_talk.h. */
#include "support/ws_talk.h"

#include "support/alloc.h"
#include "support/ws_kind.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

void ws_bytes_add(struct ws_bytes *bytes, const void *data, size_t len) {
  if (len > 0) memcpy(bytes->at + bytes->len, data, len);
  bytes->len += len;
}

void ws_bytes_frame(struct ws_bytes *bytes, bool from_client, unsigned first, const void *payload,
                    size_t len) {
  static const uint8_t key[4] = {0x37, 0xfa, 0x21, 0x3d};
  unsigned mask = from_client ? 0x80 : 0;
  uint8_t head[10] = {(uint8_t)first, (uint8_t)(mask | len)};
  size_t size = 2;
  if (len > 65535) {
    head[1] = (uint8_t)(mask | 127);
    for (; size < 10; size++)
      head[size] = (uint8_t)((uint64_t)len >> (8 * (9 - size)));
  } else if (len > 125) {
    head[1] = (uint8_t)(mask | 126);
    head[2] = (uint8_t)(len >> 8);
    head[3] = (uint8_t)len;
    size = 4;
  }
  ws_bytes_add(bytes, head, size);
  if (from_client) ws_bytes_add(bytes, key, 4);
  for (size_t i = 0; i < len; i++) {
    uint8_t byte = ((const uint8_t *)payload)[i];
    if (from_client) byte ^= key[i % 4];
    ws_bytes_add(bytes, &byte, 1);
  }
}

__attribute__((format(printf, 2, 3))) static void say(struct ws_story *story, const char *format,
                                                      ...) {
  va_list args;
  va_start(args, format);
  int n = vsnprintf(story->text + story->len, sizeof story->text - story->len, format, args);
  va_end(args);
  if (n > 0) story->len += (size_t)n;
  if (story->len >= sizeof story->text) story->len = sizeof story->text - 1;
}

static void say_data(struct ws_story *story, const uint8_t *data, size_t len) {
  if (len <= 40) {
    say(story, " %zu \"", len);
    for (size_t i = 0; i < len; i++)
      say(story, data[i] >= 32 && data[i] < 127 ? "%c" : "\\x%02x", data[i]);
    say(story, "\"\n");
    return;
  }
  uint32_t hash = 2166136261u;
  for (size_t i = 0; i < len; i++)
    hash = (hash ^ data[i]) * 16777619u;
  say(story, " %zu #%08x\n", len, (unsigned)hash);
}

static void tell_event(struct ws_story *story, const struct gw_ws_event *event) {
  static const char *const names[16] = {[GW_WS_TEXT] = "text",
                                        [GW_WS_BINARY] = "binary",
                                        [GW_WS_CLOSE] = "close",
                                        [GW_WS_PING] = "ping",
                                        [GW_WS_PONG] = "pong"};
  if (event->opcode == GW_WS_CLOSE) {
    say(story, "close %u", event->code);
    say_data(story, event->data, event->len);
    return;
  }
  if (event->is_first && event->is_last) {
    say(story, "%s", names[event->opcode]);
    say_data(story, event->data, event->len);
    return;
  }
  if (event->is_first) story->part_len = 0;
  if (event->len <= sizeof story->part - story->part_len) {
    if (event->len > 0) memcpy(story->part + story->part_len, event->data, event->len);
    story->part_len += event->len;
  } else {
    story->part_len = sizeof story->part; /* too long to tell */
  }
  if (!event->is_last) return;
  say(story, "%s", names[event->opcode]);
  say_data(story, story->part, story->part_len);
}

void ws_tell(struct gw_ws *ws, const struct ws_bytes *bytes, size_t first, size_t piece,
             struct ws_story *out_story) {
  /* Pieces lie each at the end of its own place, so that a byte read beyond is seen by ASan. */
  static uint8_t place[sizeof bytes->at];
  out_story->len = out_story->part_len = 0;
  out_story->text[0] = '\0';
  size_t done = 0;
  int got = 0;
  while (done < bytes->len && got >= 0) {
    size_t n = done < first ? first - done : piece;
    if (n == 0 || n > bytes->len - done) n = bytes->len - done;
    uint8_t *at = place + sizeof place - n;
    memcpy(at, bytes->at + done, n);
    done += n;
    struct gw_ws_event event;
    while ((got = gw_ws_read(ws, &at, &n, &event)) > 0)
      tell_event(out_story, &event);
    if (got == 0 && n > 0) say(out_story, "%zu bytes were left\n", n);
  }
  if (got < 0) say(out_story, "error %d\n", got);
}

const char *ws_tell_fresh(const struct gw_ws_options *options, const struct gw_ws_deflate *deflate,
                          const struct ws_bytes *bytes, size_t first, size_t piece,
                          struct ws_story *out_story) {
  struct gw_ws_shared *shared;
  struct gw_ws *ws;
  assert_int_equal(gw_ws_shared_new(&shared), 0);
  assert_int_equal(gw_ws_new(options, shared, deflate, &ws), 0);
  ws_tell(ws, bytes, first, piece, out_story);
  gw_ws_free(ws);
  gw_ws_shared_free(shared);
  return out_story->text;
}

/* One failing allocation at a time, until none fails any more. Leaks are ASan's to find. */
static void expect_starved(const struct gw_ws_options *options, const struct gw_ws_deflate *deflate,
                           const struct ws_bytes *bytes, size_t piece, const char *expected) {
  static struct ws_story story;
  for (size_t nth = 1;; nth++) {
    struct gw_ws_shared *shared;
    struct gw_ws ws;
    assert_int_equal(gw_ws_shared_new(&shared), 0);
    gw_ws_init(&ws, ws_kind(*options, shared), deflate);
    alloc_fail_at(nth);
    ws_tell(&ws, bytes, piece ? 1 : 0, piece, &story);
    bool has_failed = alloc_has_failed();
    alloc_fail_at(0);
    gw_ws_clear(&ws);
    gw_ws_shared_free(shared);
    if (!has_failed) break;
    if (strcmp(story.text, expected) != 0) assert_non_null(strstr(story.text, "error -1\n"));
  }
  assert_string_equal(story.text, expected);
}

void ws_expect(const struct gw_ws_options *options, const struct gw_ws_deflate *deflate,
               const struct ws_bytes *bytes, const char *expected) {
  static struct ws_story story;
  assert_string_equal(ws_tell_fresh(options, deflate, bytes, 0, 0, &story), expected);
  /* Cut in two at every byte; a long input at every byte of its beginning, then here and there. */
  size_t far = bytes->len > 2000 ? bytes->len / 29 : 1;
  for (size_t first = 1; first < bytes->len; first += first < 32 ? 1 : far)
    assert_string_equal(ws_tell_fresh(options, deflate, bytes, first, 0, &story), expected);
  assert_string_equal(ws_tell_fresh(options, deflate, bytes, 1, 1, &story), expected);
  assert_string_equal(ws_tell_fresh(options, deflate, bytes, 3, 7, &story), expected);
  expect_starved(options, deflate, bytes, 5, expected);
  expect_starved(options, deflate, bytes, 0, expected);
}
