/* SPDX-License-Identifier: MIT */
/*
 * The grammar inside heads: the first byte chooses the function, the second how much room its
 * output has. Every cutter ends after at most as many steps as there are bytes; what is encoded
 * comes back; what a URL is parsed into makes an authority again.
 */
#include "codec/http/text.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds) {
  if (!holds) abort();
}

static void must_lie_in(struct gw_str s, struct gw_str in) {
  must(s.len == 0 || (s.at >= in.at && s.at + s.len <= in.at + in.len));
}

static void fuzz_list(struct gw_str s) {
  struct gw_str rest = s, element;
  size_t steps = 0;
  while (gw_http_list_next(&rest, &element)) {
    must_lie_in(element, s);
    must(element.len > 0 && steps++ < s.len);
    struct gw_str parameters = element, name, value;
    int n;
    while ((n = gw_http_parameter_next(&parameters, &name, &value)) == 1) {
      must_lie_in(name, element);
      must_lie_in(value, element);
      must(gw_http_is_token(name));
    }
    must(n == 0 || n == GW_ERR_HTTP_SYNTAX);
  }
  must(rest.len == 0);
  gw_http_list_has(s, "upgrade");
}

static void fuzz_query(struct gw_str s) {
  struct gw_str path, query, name, value;
  gw_http_target_split(s, &path, &query);
  must(path.len + (query.at ? query.len + 1 : 0) == s.len);
  size_t steps = 0;
  while (gw_http_query_next(&query, &name, &value)) {
    must_lie_in(name, s);
    must_lie_in(value, s);
    must(steps++ < s.len);
  }
}

static void fuzz_percent(struct gw_str s, size_t room) {
  char *text = malloc(s.len * 3 + 1), *back = malloc(s.len + 1), *small = malloc(room + 1);
  if (text && back && small) {
    int n = gw_http_percent_encode(s, room % 2, text, s.len * 3 + 1);
    must(n >= 0 && text[n] == '\0');
    struct gw_str encoded = {text, (size_t)n};
    must(gw_http_percent_decode(encoded, true, back, s.len) == (int)s.len);
    must(s.len == 0 || memcmp(back, s.at, s.len) == 0);
    n = gw_http_percent_decode(s, room % 2, small, room);
    must(n <= (int)room);
    n = gw_http_percent_encode(s, true, small, room);
    must(n < 0 || (n < (int)room && small[n] == '\0'));
  }
  free(text);
  free(back);
  free(small);
}

static void fuzz_base64(struct gw_str s, size_t room) {
  size_t text_size = (s.len + 2) / 3 * 4 + 1;
  char *text = malloc(text_size);
  uint8_t *back = malloc(s.len + 1), *small = malloc(room + 1);
  if (text && back && small) {
    int n = gw_base64_encode(s.at, s.len, text, text_size);
    must(n == (int)text_size - 1);
    must(gw_base64_decode((struct gw_str){text, (size_t)n}, back, s.len) == (int)s.len);
    must(s.len == 0 || memcmp(back, s.at, s.len) == 0);
    n = gw_base64_decode(s, small, room);
    must(n <= (int)room);
    if (n >= 0) { /* one spelling only: it encodes to the very same text */
      char *again = malloc(s.len + 1);
      must(again && gw_base64_encode(small, (size_t)n, again, s.len + 1) == (int)s.len);
      must(s.len == 0 || memcmp(again, s.at, s.len) == 0);
      free(again);
    }
  }
  free(text);
  free(back);
  free(small);
}

static void fuzz_url(struct gw_str s) {
  struct gw_http_url url;
  if (gw_http_url_parse(s, &url) < 0) return;
  must_lie_in(url.host, s);
  must_lie_in(url.target, s);
  must_lie_in(url.user_info, s);
  must(url.host.len > 0 && url.port > 0 && url.port <= 65535);
  must(url.target.len == 0 || url.target.at[0] == '/' || url.target.at[0] == '?');
  must(!memchr(s.at, '#', s.len) && !memchr(s.at, '\n', s.len));
}

/* The origin and the host are the two lines of the input. */
static void fuzz_origin(struct gw_str s) {
  const char *lf = s.len ? memchr(s.at, '\n', s.len) : NULL;
  size_t n = lf ? (size_t)(lf - s.at) : s.len;
  struct gw_str origin = {s.at, n}, host = {s.at + n + (lf != NULL), s.len - n - (lf != NULL)};
  struct gw_http_origin from;
  int err = gw_http_origin_parse(origin, &from);
  for (int is_tls = 0; is_tls <= 1; is_tls++) {
    if (!gw_http_origin_is_same(origin, host, is_tls)) continue;
    must(err == 0 && host.len >= from.host.len && from.port > 0);
  }
  if (err == 0) must_lie_in(from.host, origin);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size < 2) return 0;
  struct gw_str s = {(const char *)data + 2, size - 2};
  switch (data[0] % 6) {
  case 0: fuzz_list(s); break;
  case 1: fuzz_query(s); break;
  case 2: fuzz_percent(s, data[1]); break;
  case 3: fuzz_base64(s, data[1]); break;
  case 4: fuzz_url(s); break;
  default: fuzz_origin(s); break;
  }
  return 0;
}
