/* SPDX-License-Identifier: MIT */
/*
 * Posters: keep-alive HTTP connections that publish by POST, one request at a time on each. They
 * check the status and read past the body; what it says is not their business.
 */
#include "cli/bench.h"

#include "codec/http/body.h"
#include "net/tls.h"

#include <stdio.h>
#include <stdlib.h>

struct poster {
  struct gw_bench *bench;
  struct gw_dial *dial;
  struct gw_stream *stream;
  struct gw_http_scan scan;
  struct gw_buf in; /* an answer's head that is not whole yet */
  struct gw_http_body body;
  bool is_open, is_busy, is_in_body;
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
  gw_buf_clear(&poster->in);
  fail(poster, err < 0 ? gw_error_text(err) : "the server ended the connection");
}

/* A whole head: 0, or what is wrong with it. */
static int begin_answer(struct poster *poster, size_t size) {
  struct gw_http_head head;
  int err = gw_http_response_parse(&head, (const char *)poster->in.data, size, GW_HTTP_POST);
  if (err == 0 && head.status >= 300) {
    char text[64];
    snprintf(text, sizeof text, "the server answered %u to POST", head.status);
    fail(poster, text);
    return GW_ERR_HTTP_STATUS;
  }
  if (err < 0) {
    fail(poster, gw_error_text(err));
    return err;
  }
  gw_http_body_init(&poster->body, &head);
  poster->is_in_body = true;
  return 0;
}

static void end_answer(struct poster *poster) {
  poster->is_in_body = poster->is_busy = false;
  poster->scan = (struct gw_http_scan){0};
  gw_bench_fanout_posted(poster->bench);
}

static int read_body(struct poster *poster, const char **data, size_t *len) {
  struct gw_str piece;
  int got;
  do
    got = gw_http_body_read(&poster->body, data, len, &piece);
  while (got == 1);
  return got;
}

/* Heads are gathered, bodies are read where they lie. */
static void on_data(struct gw_stream *stream, uint8_t *bytes, size_t len) {
  struct poster *poster = stream->owner;
  const char *data = (const char *)bytes;
  if (!poster->is_in_body) {
    size_t before = poster->in.len;
    int size = gw_buf_add(&poster->in, data, len);
    if (size == 0) size = gw_http_scan(&poster->scan, (char *)poster->in.data, poster->in.len);
    if (size < 0) fail(poster, gw_error_text(size));
    if (size <= 0 || begin_answer(poster, (size_t)size) < 0) return;
    data += (size_t)size - before;
    len -= (size_t)size - before;
    gw_buf_clear(&poster->in);
  }
  int got = read_body(poster, &data, &len);
  if (got < 0)
    fail(poster, gw_error_text(got));
  else if (got == 2)
    end_answer(poster);
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
  gw_buf_init(&poster->in, GW_HTTP_HEAD_MAX);
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
