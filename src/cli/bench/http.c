/* SPDX-License-Identifier: MIT */
/*
 * Connections that hear a channel by HTTP: streams (SSE, NDJSON), whose one answer never ends, and
 * long polls, which ask again with the cursor of the answer before. Publications are counted by the
 * marker in the bodies; nothing else of them is read but a poll's cursor.
 */
#include "cli/bench.h"

#include <stdio.h>
#include <string.h>

#define WAIT_S "25"

static void ask(struct gw_bench_peer *peer, const char *query, const char *headers) {
  const struct gw_bench_place *place = &peer->bench->place;
  char target[GW_BENCH_TARGET_MAX], request[GW_BENCH_TARGET_MAX + 2048];
  int n = gw_bench_expand(place->target, peer->index, target, sizeof target);
  if (n == 0) {
    const char *mark = query[0] == '\0' ? "" : strchr(target, '?') ? "&" : "?";
    n = snprintf(request, sizeof request, "GET %s%s%s HTTP/1.1\r\nHost: %s\r\nAccept: %s\r\n%s\r\n",
                 target, mark, query, place->authority, peer->transport->accept, headers);
  }
  if (n >= (int)sizeof request) n = GW_ERR_HTTP_TARGET_LONG;
  if (n > 0) n = gw_stream_write(peer->stream, &(struct gw_piece){request, (size_t)n, NULL}, 1);
  if (n < 0) gw_bench_peer_fail(peer, gw_error_text(n));
}

static bool check_head(struct gw_bench_peer *peer, const struct gw_http_head *head) {
  const char *wanted = peer->transport->accept;
  struct gw_str type = gw_http_only(head, "content-type", NULL);
  char text[96] = "";
  if (head->status != 200)
    snprintf(text, sizeof text, "the server answered %u to %s", head->status,
             peer->transport->name);
  else if (type.len < strlen(wanted) || memcmp(type.at, wanted, strlen(wanted)) != 0)
    snprintf(text, sizeof text, "the server does not answer with %s", wanted);
  if (text[0]) gw_bench_peer_fail(peer, text);
  return !text[0];
}

/* ---- streams ---- */

static void end_stream(struct gw_bench_peer *peer) {
  gw_bench_peer_fail(peer, "the server ended the stream");
}

/* ---- long polls: the whole body is kept until its cursor is known ---- */

/* The answer's cursor is that of its last publication: the last one named in it is right, wherever
 * the answer has its own. */
static bool find_cursor(const struct gw_buf *body, struct gw_str *out) {
  static const char name[] = "\"cursor\":";
  struct gw_str rest = {(const char *)body->data, body->len};
  const char *at;
  *out = (struct gw_str){0};
  while (rest.len > 0 && (at = memmem(rest.at, rest.len, name, sizeof name - 1))) {
    at += sizeof name - 1;
    rest = (struct gw_str){at, rest.len - (size_t)(at - rest.at)};
    *out = rest;
  }
  const char *open = out->len ? memchr(out->at, '"', out->len) : NULL;
  const char *shut = open ? memchr(open + 1, '"', (size_t)(out->at + out->len - open - 1)) : NULL;
  if (shut) *out = (struct gw_str){open + 1, (size_t)(shut - open - 1)};
  return shut;
}

static void ask_again(struct gw_bench_peer *peer) {
  char query[256];
  struct gw_str cursor;
  if (!find_cursor(&peer->sample, &cursor) || cursor.len > sizeof query - 16) {
    gw_bench_peer_fail(peer, "a poll's answer without a cursor");
    return;
  }
  snprintf(query, sizeof query, "after=%.*s", (int)cursor.len, cursor.at);
  gw_buf_clear(&peer->sample);
  ask(peer, query, "Prefer: wait=" WAIT_S "\r\n");
}

/* The first answer told where the channel stands. */
static void end_poll(struct gw_bench_peer *peer) {
  ask_again(peer);
  if (!peer->is_open && !peer->is_closing) gw_bench_peer_opened(peer);
}

/* ---- both ---- */

static bool is_poll(const struct gw_bench_peer *peer) {
  return peer->transport->begin == gw_bench_poll_begin;
}

static unsigned take_piece(struct gw_bench_peer *peer, struct gw_str piece) {
  if (is_poll(peer) && gw_buf_add(&peer->sample, piece.at, piece.len) < 0) {
    gw_bench_peer_fail(peer, "a poll's answer that is too large");
    return 0;
  }
  return peer->is_open ? gw_bench_markers(&peer->matched, piece.at, piece.len) : 0;
}

/* How many publications came. */
static unsigned read_answers(struct gw_bench_peer *peer, const char *data, size_t len) {
  struct gw_http_head head;
  struct gw_str piece;
  unsigned n = 0;
  while (!peer->is_closing) {
    int got = gw_bench_answer_read(&peer->answer, GW_HTTP_GET, &data, &len, &head, &piece);
    if (got == GW_BENCH_MORE) break;
    if (got < 0)
      gw_bench_peer_fail(peer, gw_error_text(got));
    else if (got == GW_BENCH_PIECE)
      n += take_piece(peer, piece);
    else if (got == GW_BENCH_HEAD && check_head(peer, &head) && !is_poll(peer))
      gw_bench_peer_opened(peer);
    else if (got == GW_BENCH_END && is_poll(peer))
      end_poll(peer);
    else if (got == GW_BENCH_END)
      end_stream(peer);
  }
  return n;
}

static void on_data(struct gw_stream *stream, uint8_t *data, size_t len) {
  struct gw_bench_peer *peer = stream->owner;
  unsigned n = read_answers(peer, (const char *)data, len);
  if (n > 0) peer->bench->plan->mode->on_messages(peer, n, gw_bench_now());
}

static const struct gw_stream_events events = {
    .on_data = on_data, .on_drain = gw_bench_peer_drained, .on_close = gw_bench_peer_closed};

void gw_bench_stream_begin(struct gw_bench_peer *peer) {
  gw_stream_own(peer->stream, &events, peer);
  ask(peer, "", "");
}

void gw_bench_poll_begin(struct gw_bench_peer *peer) {
  gw_stream_own(peer->stream, &events, peer);
  ask(peer, "", "");
}
