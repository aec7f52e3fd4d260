/* SPDX-License-Identifier: MIT */
/* An intake over HTTP streaming: one JSON object a line, of which the first may tell of a gap. */
#include "cli/subscribe/get.h"

#include "base/list.h"
#include "cli/subscribe/kinds.h"
#include "godwit/error.h"

struct ndjson {
  struct gw_get get;
  struct gw_buf line; /* one whose end has not come */
  struct gw_received_reader reader;
};

/* 0, GW_GET_STOP, or an error: a line that is no JSON is not from a Godwit server. */
static int take_line(struct ndjson *ndjson, struct gw_str line) {
  struct gw_intake *intake = ndjson->get.intake;
  struct gw_received received;
  struct gw_received_news news;
  if (line.len && line.at[line.len - 1] == '\r') line.len--;
  if (line.len == 0) return 0; /* a heartbeat */
  int r = gw_received_read(&ndjson->reader, line, &received);
  if (r == 0) return gw_intake_tell(intake, 0, &received) ? 0 : GW_GET_STOP;
  if (r == 1) r = gw_received_news_read(&ndjson->reader, line, &news);
  if (r == 0 && news.is_gap) {
    gw_intake_gap(intake, 0, news.has_missed ? &news.missed : NULL);
    if (news.cursor.len) gw_intake_stand(intake, 0, news.cursor);
  }
  return r < 0 ? GW_ERR_HTTP_SYNTAX : 0;
}

static int on_piece(struct gw_get *get, const char *data, size_t len) {
  struct ndjson *ndjson = gw_container_of(get, struct ndjson, get);
  const char *end;
  while (len > 0 && (end = memchr(data, '\n', len))) {
    struct gw_str line = {data, (size_t)(end - data)};
    int r = ndjson->line.len ? gw_buf_add_str(&ndjson->line, line) : 0;
    if (r < 0) return r;
    data += line.len + 1;
    len -= line.len + 1;
    if (ndjson->line.len) line = (struct gw_str){(char *)ndjson->line.data, ndjson->line.len};
    r = take_line(ndjson, line);
    ndjson->line.len = 0;
    if (r != 0) return r;
  }
  return gw_buf_add(&ndjson->line, data, len);
}

static int ndjson_begin(struct gw_intake *intake) {
  static const struct gw_get_ops ops = {.accept = "application/x-ndjson",
                                        .quiet_ms = GW_GET_STREAM_QUIET_MS,
                                        .on_piece = on_piece,
                                        .on_whole = gw_get_stream_ended};
  struct ndjson *ndjson = gw_intake_state(intake);
  gw_buf_clear(&ndjson->line);
  gw_buf_init(&ndjson->line, GW_INTAKE_MESSAGE_MAX);
  return gw_get_begin(&ndjson->get, intake, &ops);
}

static void ndjson_close(struct gw_intake *intake) {
  struct ndjson *ndjson = gw_intake_state(intake);
  gw_get_close(&ndjson->get);
}

static void ndjson_clear(struct gw_intake *intake) {
  struct ndjson *ndjson = gw_intake_state(intake);
  gw_get_clear(&ndjson->get);
  gw_buf_clear(&ndjson->line);
  gw_received_reader_clear(&ndjson->reader);
}

const struct gw_intake_kind gw_intake_ndjson = {.name = "ndjson",
                                                .size = sizeof(struct ndjson),
                                                .begin = ndjson_begin,
                                                .close = ndjson_close,
                                                .clear = ndjson_clear};
