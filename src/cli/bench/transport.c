/* SPDX-License-Identifier: MIT */
/*
 * The ways in, and what is said on them beside publications: the subscription of godwit.v1, the
 * handshake and heartbeat of Engine.IO and Socket.IO. Also what all of them share: the target of
 * each connection, and the counting of the marker.
 */
#include "cli/bench.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool starts_with(struct gw_str text, const char *word) {
  size_t n = strlen(word);
  return text.len >= n && memcmp(text.at, word, n) == 0;
}

/* What is wrong, in the server's own words. */
static const char *refusal(struct gw_bench_peer *peer, struct gw_str text) {
  char why[160];
  snprintf(why, sizeof why, "the server said: %.*s", (int)(text.len < 120 ? text.len : 120),
           text.at);
  gw_bench_peer_fail(peer, why);
  return NULL;
}

/* ---- godwit.v1 ---- */

/* As the URL names it, or --channel. */
static struct gw_str channel_of(const struct gw_bench *bench) {
  if (bench->plan->channel) return gw_str_of(bench->plan->channel);
  struct gw_str path, query;
  gw_http_target_split(gw_str_of(bench->place.target), &path, &query);
  static const char before[] = "/channels/";
  size_t n = starts_with(path, before) ? sizeof before - 1 : path.len;
  return (struct gw_str){path.at + n, path.len - n};
}

static const char *subscribe(struct gw_bench_peer *peer) {
  char channel[GW_BENCH_TARGET_MAX], line[GW_BENCH_TARGET_MAX + 8];
  int err = gw_bench_expand(peer->bench->plan->channel, peer->index, channel, sizeof channel);
  if (err < 0) return gw_error_text(err);
  snprintf(line, sizeof line, "sub %s", channel);
  gw_bench_say(peer, line);
  return NULL;
}

static const char *on_godwit(struct gw_bench_peer *peer, struct gw_str text) {
  if (starts_with(text, "error ") || starts_with(text, "bye ")) return refusal(peer, text);
  if (peer->is_open) return NULL;
  if (starts_with(text, "welcome ") && peer->bench->plan->channel) return subscribe(peer);
  if (starts_with(text, "subscribed ")) gw_bench_peer_opened(peer);
  return NULL;
}

static int enclose_in_pub(const struct gw_bench *bench, struct gw_buf *out) {
  struct gw_str channel = channel_of(bench);
  int err = gw_buf_printf(out, "pub %.*s\n", (int)channel.len, channel.at);
  return err < 0 ? err : gw_buf_add(out, bench->payload, bench->plan->size);
}

/* ---- Socket.IO 4 in Engine.IO 4: packets by their first digits ---- */

static const char *on_socketio(struct gw_bench_peer *peer, struct gw_str text) {
  if (starts_with(text, "2")) /* ping */
    gw_bench_say(peer, "3");
  else if (starts_with(text, "0{")) /* open: ask for the main namespace */
    gw_bench_say(peer, "40");
  else if (starts_with(text, "44") || starts_with(text, "1"))
    return refusal(peer, text);
  else if (starts_with(text, "40") && !peer->is_open)
    gw_bench_peer_opened(peer);
  return NULL;
}

/* The payload's text needs no escape. */
static int enclose_in_event(const struct gw_bench *bench, struct gw_buf *out) {
  int err = gw_buf_add_text(out, "42[\"publish\",\"");
  if (err == 0) err = gw_buf_add(out, bench->payload, bench->plan->size);
  return err < 0 ? err : gw_buf_add_text(out, "\"]");
}

/* ---- all of them ---- */

const struct gw_bench_transport gw_bench_raw = {
    .name = "raw", .begin = gw_bench_websocket_begin, .is_websocket = true, .is_exact = true};

static const struct gw_bench_transport enclosing[] = {
    {.name = "godwit",
     .begin = gw_bench_websocket_begin,
     .protocol = "godwit.v1",
     .is_websocket = true,
     .is_verbatim = true,
     .on_said = on_godwit,
     .enclose = enclose_in_pub},
    {.name = "sse", .begin = gw_bench_stream_begin, .accept = "text/event-stream"},
    {.name = "ndjson", .begin = gw_bench_stream_begin, .accept = "application/x-ndjson"},
    {.name = "longpoll", .begin = gw_bench_poll_begin, .accept = "application/json"},
    {.name = "socketio",
     .begin = gw_bench_websocket_begin,
     .is_websocket = true,
     .is_verbatim = true,
     .on_said = on_socketio,
     .enclose = enclose_in_event},
};

const struct gw_bench_transport *gw_bench_transport_of(struct gw_str name) {
  if (gw_str_is(name, "raw") || gw_str_is(name, "websocket")) return &gw_bench_raw;
  for (size_t i = 0; i < sizeof enclosing / sizeof enclosing[0]; i++)
    if (gw_str_is(name, enclosing[i].name)) return &enclosing[i];
  return NULL;
}

/* What stands for the braces at `at`, and where they end; below 0 for anything else in braces. */
static int64_t number_for(const char *at, uint32_t index, const char **out_end) {
  if (strncmp(at, "{n}", 3) == 0) {
    *out_end = at + 3;
    return (int64_t)index + 1;
  }
  if (strncmp(at, "{n/", 3) != 0 || at[3] < '1' || at[3] > '9') return GW_ERR_ARGUMENT;
  char *end;
  unsigned long long group = strtoull(at + 3, &end, 10);
  if (*end != '}') return GW_ERR_ARGUMENT;
  *out_end = end + 1;
  return (int64_t)(index / group);
}

int gw_bench_expand(const char *text, uint32_t index, char *out, size_t size) {
  size_t at = 0;
  while (*text) {
    size_t n = strcspn(text, "{}");
    if (n >= size - at) return GW_ERR_ARGUMENT;
    memcpy(out + at, text, n);
    at += n;
    text += n;
    if (*text == '\0') break;
    int64_t number = number_for(text, index, &text);
    int digits = number < 0 ? -1 : snprintf(out + at, size - at, "%" PRId64, number);
    if (digits < 0 || (size_t)digits >= size - at) return GW_ERR_ARGUMENT;
    at += (size_t)digits;
  }
  out[at] = '\0';
  return 0;
}

/* The marker begins and ends with the same byte, which stands nowhere else in it: after a mismatch
 * that byte alone can begin it anew. */
unsigned gw_bench_markers(uint8_t *matched, const void *data, size_t len) {
  static const char marker[] = GW_BENCH_MARKER;
  const char *at = data, *end = at + len;
  unsigned n = 0;
  while (at < end) {
    if (*matched == 0) at = memchr(at, marker[0], (size_t)(end - at));
    if (!at) break;
    *matched = *at == marker[*matched] ? (uint8_t)(*matched + 1) : *at == marker[0];
    at++;
    if (*matched < GW_BENCH_MARKER_LEN) continue;
    *matched = 0;
    n++;
  }
  return n;
}
