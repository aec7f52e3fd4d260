/* SPDX-License-Identifier: MIT */
/*
 * HTTP answers of one connection as they come: heads are gathered, bodies are given where they lie.
 * What an answer means is not this room's business.
 */
#include "cli/bench.h"

void gw_bench_answer_init(struct gw_bench_answer *answer) {
  *answer = (struct gw_bench_answer){0};
  gw_buf_init(&answer->in, GW_HTTP_HEAD_MAX); /* against a head that never ends */
}

void gw_bench_answer_clear(struct gw_bench_answer *answer) {
  gw_buf_clear(&answer->in);
}

static int read_head(struct gw_bench_answer *answer, enum gw_http_method method, const char **data,
                     size_t *len, struct gw_http_head *out_head) {
  size_t before = answer->in.len;
  size_t n = *len < GW_HTTP_HEAD_MAX - before ? *len : GW_HTTP_HEAD_MAX - before;
  int size = gw_buf_add(&answer->in, *data, n);
  if (size == 0) size = gw_http_scan(&answer->scan, (char *)answer->in.data, answer->in.len);
  if (size == 0 && answer->in.len == GW_HTTP_HEAD_MAX) return GW_ERR_HTTP_HEADERS_LARGE;
  size_t used = size > 0 ? (size_t)size - before : n;
  *data += used;
  *len -= used;
  if (size <= 0) return size;
  int err = gw_http_response_parse(out_head, (char *)answer->in.data, (size_t)size, method);
  if (err < 0) return err;
  gw_http_body_init(&answer->body, out_head);
  answer->is_in_body = true;
  return GW_BENCH_HEAD;
}

int gw_bench_answer_read(struct gw_bench_answer *answer, enum gw_http_method method,
                         const char **data, size_t *len, struct gw_http_head *out_head,
                         struct gw_str *out_piece) {
  if (!answer->is_in_body)
    return *len > 0 ? read_head(answer, method, data, len, out_head) : GW_BENCH_MORE;
  gw_buf_clear(&answer->in);
  int got = gw_http_body_read(&answer->body, data, len, out_piece);
  if (got != GW_BENCH_END) return got; /* the body's own words for it: 0, 1, and errors */
  answer->is_in_body = false;
  answer->scan = (struct gw_http_scan){0};
  return GW_BENCH_END;
}
