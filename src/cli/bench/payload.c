/* SPDX-License-Identifier: MIT */
/*
 * What is sent: words in a fixed pseudo-random order, so that text compresses as text does and
 * every run sends the same; and the masked frame around it, made once and sent again and again.
 */
#include "cli/bench.h"

#include "codec/ws/conn.h"
#include "codec/ws/head.h"

#include <stdlib.h>
#include <string.h>

enum { FRAMES_SIZE = 64 * 1024 }; /* copies of a small frame that one write can take */

static const char *const ascii_words[] = {
    "the",    "channel", "message", "of",     "and",  "server", "to",     "presence", "in",
    "stream", "was",     "offset",  "client", "that", "epoch",  "is",     "user",     "for",
    "name",   "it",      "online",  "with",   "as",   "room",   "his",    "latency",  "on",
    "token",  "be",      "history", "at",     "by",   "again",  "worker",
};
static const char *const mixed_words[] = {
    "the",    "channel", "message",    "안녕하세요", "세계",   "메시지", "채널",
    "서버가", "사용자",  "こんにちは", "世界",       "接続",   "です",   "メッセージ",
    "你好",   "频道",    "消息",       "привет",     "канал",  "größe",  "naïve",
    "café",   "😀",       "🚀",          "👍",          "offset", "is",     "and",
    "server", "online",  "실시간",     "접속",       "오프셋", "room",
};

static uint64_t next_random(uint64_t *state) {
  *state ^= *state << 13;
  *state ^= *state >> 7;
  *state ^= *state << 17;
  return *state;
}

/* Words and blanks; what is too short for a whole word at the end is filled with ASCII, so that no
 * code point is cut. */
static void fill_words(uint8_t *out, size_t size, const char *const *words, size_t n_words) {
  uint64_t random = 0x9E3779B97F4A7C15u;
  size_t at = 0;
  for (;;) {
    const char *word = words[next_random(&random) % n_words];
    size_t len = strlen(word);
    if (len + 1 > size - at) break;
    memcpy(out + at, word, len);
    out[at + len] = ' ';
    at += len + 1;
  }
  memset(out + at, '.', size - at);
}

static void fill_random(uint8_t *out, size_t size) {
  uint64_t random = 0x9E3779B97F4A7C15u;
  for (size_t i = 0; i < size; i++)
    out[i] = (uint8_t)(next_random(&random) >> 32);
}

static enum gw_ws_opcode opcode_of(const struct gw_bench *bench) {
  return bench->plan->payload == GW_BENCH_BINARY ? GW_WS_BINARY : GW_WS_TEXT;
}

int gw_bench_payload_make(struct gw_bench *bench) {
  size_t size = bench->plan->size;
  bench->payload = malloc(size + 1);
  if (!bench->payload) return GW_ERR_MEMORY;
  size_t room = size - (bench->plan->is_marked ? GW_BENCH_MARKER_LEN : 0);
  if (bench->plan->payload == GW_BENCH_ASCII)
    fill_words(bench->payload, room, ascii_words, sizeof ascii_words / sizeof ascii_words[0]);
  else if (bench->plan->payload == GW_BENCH_MIXED)
    fill_words(bench->payload, room, mixed_words, sizeof mixed_words / sizeof mixed_words[0]);
  else
    fill_random(bench->payload, room);
  memcpy(bench->payload + room, GW_BENCH_MARKER, size - room);
  uint8_t head[GW_WS_HEAD_MAX];
  bench->answer_len = size + gw_ws_head_write(head, GW_WS_FIN, size, NULL);
  return 0;
}

/* The frame once and again. GW_ERR_MEMORY. */
static int repeat_frame(struct gw_bench *bench, const struct gw_ws_wire *wire) {
  size_t len = wire->head_len + wire->body_len, n = FRAMES_SIZE / len;
  if (n > bench->plan->depth) n = bench->plan->depth;
  if (n == 0) n = 1;
  struct gw_bytes *frames = gw_bytes_new(n * len);
  if (!frames) return GW_ERR_MEMORY;
  for (size_t i = 0; i < n; i++) {
    memcpy(frames->data + i * len, wire->head, wire->head_len);
    if (wire->body_len > 0)
      memcpy(frames->data + i * len + wire->head_len, wire->body, wire->body_len);
  }
  bench->frames = frames;
  bench->frame_len = len;
  bench->n_frames = n;
  return 0;
}

int gw_bench_frames_make(struct gw_bench *bench, const struct gw_ws_deflate *deflate) {
  const struct gw_bench_transport *transport = bench->plan->transports[0];
  struct gw_ws *ws;
  struct gw_ws_wire wire;
  struct gw_buf enclosed;
  struct gw_ws_frame frame = {
      .opcode = opcode_of(bench), .data = bench->payload, .len = bench->plan->size};
  gw_buf_init(&enclosed, bench->plan->size + GW_BENCH_TARGET_MAX + 64);
  int err = gw_ws_new(&bench->protocol, bench->shared, deflate, &ws);
  if (err < 0) return err;
  if (transport->enclose) {
    err = transport->enclose(bench, &enclosed);
    frame.data = enclosed.data;
    frame.len = enclosed.len;
  }
  if (err == 0) err = gw_ws_encode(ws, &frame, &wire);
  if (err == 0) err = repeat_frame(bench, &wire);
  gw_buf_clear(&enclosed);
  gw_ws_free(ws);
  return err;
}

static bool is_next_payload(struct gw_bench *bench, struct gw_ws *ws, uint8_t *frames, size_t len) {
  struct gw_ws_event event;
  int got;
  do
    got = gw_ws_read(ws, &frames, &len, &event);
  while (got > 0 && event.opcode >= GW_WS_CLOSE);
  return got > 0 && event.opcode == opcode_of(bench) && event.len == bench->plan->size &&
         memcmp(event.data, bench->payload, event.len) == 0;
}

bool gw_bench_is_payload(struct gw_bench *bench, uint8_t *frames, size_t len) {
  struct gw_ws *ws = bench->window;
  if (!ws && gw_ws_new(&bench->protocol, bench->shared, &bench->deflate, &ws) < 0) return false;
  bool is_right = is_next_payload(bench, ws, frames, len);
  if (bench->plan->has_takeover)
    bench->window = ws;
  else
    gw_ws_free(ws);
  return is_right;
}
