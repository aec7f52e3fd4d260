/* SPDX-License-Identifier: MIT */
/*
 * Posters: keep-alive HTTP connections that publish by POST, one request at a time on each. They
 * check the status and read past the body; what it says is not their business.
 */
#include "cli/bench.h"

#include "net/tls.h"

#include <stdio.h>
#include <stdlib.h>

struct poster {
  struct gw_bench *bench;
  struct gw_dial *dial;
  struct gw_stream *stream;
  struct gw_bench_answer answer;
  bool is_open, is_busy;
};

struct gw_bench_posters {
  char head[4096];
  size_t head_len;
  size_t n, n_open;
  struct poster all[];
};

static void fail(struct poster *poster, const char *why) {
  gw_bench_error(poster->bench, "%s: %s", poster->bench->plan->publish_url, why);
  gw_bench_end(poster->bench);
}

static void on_close(struct gw_stream *stream, int err) {
  struct poster *poster = stream->owner;
  poster->stream = NULL;
  poster->bench->n_streams--;
  gw_bench_answer_clear(&poster->answer);
  fail(poster, err < 0 ? gw_error_text(err) : "the server ended the connection");
}

static bool check_head(struct poster *poster, const struct gw_http_head *head) {
  char text[64];
  if (head->status < 300) return true;
  snprintf(text, sizeof text, "the server answered %u to POST", head->status);
  fail(poster, text);
  return false;
}

static void on_data(struct gw_stream *stream, uint8_t *bytes, size_t len) {
  struct poster *poster = stream->owner;
  const char *data = (const char *)bytes;
  struct gw_http_head head;
  struct gw_str piece;
  int got;
  do {
    got = gw_bench_answer_read(&poster->answer, GW_HTTP_POST, &data, &len, &head, &piece);
    if (got < 0) fail(poster, gw_error_text(got));
    if (got == GW_BENCH_HEAD && !check_head(poster, &head)) return;
    if (got != GW_BENCH_END) continue;
    poster->is_busy = false;
    gw_bench_fanout_posted(poster->bench);
  } while (got > GW_BENCH_MORE);
}

static void opened(struct gw_stream *stream) {
  struct poster *poster = stream->owner;
  poster->is_open = true;
  poster->bench->posters->n_open++;
  gw_bench_opened(poster->bench);
}

static const struct gw_stream_events stream_events = {
    .on_open = opened, .on_data = on_data, .on_close = on_close};

static void on_connected(void *owner, struct gw_stream *stream) {
  struct poster *poster = owner;
  struct gw_bench *bench = poster->bench;
  bool is_tls = bench->publish_place.url.is_tls;
  poster->dial = NULL;
  int err =
      is_tls ? gw_tls_stream_new(bench->tls, stream, bench->publish_place.host, 0, &stream) : 0;
  if (err < 0) {
    fail(poster, gw_error_text(err));
    return;
  }
  bench->n_streams++;
  poster->stream = stream;
  gw_stream_own(stream, &stream_events, poster);
  if (!is_tls) opened(stream);
}

static void on_failed(void *owner, int err) {
  struct poster *poster = owner;
  poster->dial = NULL;
  fail(poster, gw_error_text(err));
}

static int poster_open(struct poster *poster) {
  static const struct gw_dial_events events = {.on_connected = on_connected,
                                               .on_failed = on_failed};
  const struct gw_bench_place *place = &poster->bench->publish_place;
  gw_bench_answer_init(&poster->answer);
  return gw_dial_open(poster->bench->net,
                      &(struct gw_dial_options){.host = place->host, .port = place->url.port},
                      &events, poster, &poster->dial);
}

int gw_bench_posters_open(struct gw_bench *bench, size_t n) {
  struct gw_bench_posters *posters = calloc(1, sizeof *posters + n * sizeof posters->all[0]);
  if (!posters) return GW_ERR_MEMORY;
  const char *type = bench->plan->payload == GW_BENCH_BINARY ? "application/octet-stream"
                                                             : "text/plain; charset=utf-8";
  int len = snprintf(posters->head, sizeof posters->head,
                     "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: %s\r\n"
                     "Content-Length: %llu\r\n\r\n",
                     bench->publish_place.target, bench->publish_place.authority, type,
                     (unsigned long long)bench->plan->size);
  posters->head_len = (size_t)len;
  posters->n = n;
  bench->posters = posters;
  int err = 0;
  for (size_t i = 0; i < n && err == 0; i++) {
    posters->all[i].bench = bench;
    err = poster_open(&posters->all[i]);
  }
  return err;
}

bool gw_bench_posters_are_open(const struct gw_bench *bench) {
  return !bench->posters || bench->posters->n_open == bench->posters->n;
}

int gw_bench_posters_post(struct gw_bench *bench) {
  struct gw_bench_posters *posters = bench->posters;
  for (size_t i = 0; i < posters->n; i++) {
    struct poster *poster = &posters->all[i];
    if (!poster->is_open || poster->is_busy || !poster->stream) continue;
    const struct gw_piece pieces[] = {
        {.data = posters->head, .len = posters->head_len},
        {.data = bench->payload, .len = bench->plan->size},
    };
    int err = gw_stream_write(poster->stream, pieces, 2);
    if (err < 0) return err;
    poster->is_busy = true;
    return 0;
  }
  return GW_ERR_STATE;
}

void gw_bench_posters_drop(struct gw_bench *bench) {
  for (size_t i = 0; bench->posters && i < bench->posters->n; i++) {
    struct poster *poster = &bench->posters->all[i];
    if (poster->dial) gw_dial_cancel(poster->dial);
    poster->dial = NULL;
    if (poster->stream) gw_stream_abort(poster->stream, 0);
  }
}

void gw_bench_posters_free(struct gw_bench_posters *posters) {
  free(posters);
}
