/* SPDX-License-Identifier: MIT */
/*
 * HTTP/1.x heads and bodies. The first byte chooses request or response, the second where the rest
 * is cut; cut and whole, the scanner, the parser and the body must say the same, slices must lie in
 * the input, and what is taken must keep what the headers of codec/http promise.
 */
#include "codec/http/body.h"
#include "codec/http/head.h"
#include "codec/http/text.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds) {
  if (!holds) abort();
}

static void must_lie_in(struct gw_str s, const char *data, size_t len) {
  must(s.len == 0 || (s.at >= data && s.at + s.len <= data + len));
}

/* The answer is the same however the bytes come. */
static int scan_both_ways(const char *data, size_t len, size_t cut) {
  struct gw_http_scan whole = {0}, split = {0}, bytewise = {0};
  int found = gw_http_scan(&whole, data, len);
  int n = gw_http_scan(&split, data, cut);
  if (n == 0) n = gw_http_scan(&split, data, len);
  must(n == found);
  n = 0;
  for (size_t i = 1; i <= len && n == 0; i++)
    n = gw_http_scan(&bytewise, data, i);
  must(n == found);
  must(found <= (int)len && found <= GW_HTTP_HEAD_MAX);
  return found;
}

static void check_head(const struct gw_http_head *head, const char *data, size_t len) {
  must(head->n_fields <= GW_HTTP_FIELDS_MAX && head->minor <= 1);
  unsigned lengths = 0, codings = 0;
  for (unsigned i = 0; i < head->n_fields; i++) {
    must_lie_in(head->fields[i].name, data, len);
    must_lie_in(head->fields[i].value, data, len);
    must(gw_http_is_token(head->fields[i].name));
    must(gw_http_is_field_value(head->fields[i].value));
  }
  gw_http_only(head, "content-length", &lengths);
  gw_http_only(head, "transfer-encoding", &codings);
  must(lengths + codings <= 1);
  must((head->framing != GW_HTTP_LENGTH || lengths == 1) &&
       (head->framing != GW_HTTP_CHUNKED || codings == 1));
}

static void check_request(const struct gw_http_head *head) {
  must(gw_http_is_token(head->method_text) && gw_http_is_target(head->target));
  must(head->framing != GW_HTTP_UNTIL_CLOSE);
  must(head->target.at[0] == '/' || head->method == GW_HTTP_CONNECT ||
       (head->method == GW_HTTP_OPTIONS && gw_str_is(head->target, "*")));
  struct gw_http_authority authority;
  must(head->host.len ? gw_http_authority_parse(head->host, &authority) == 0 : head->minor == 0);
}

/* Reads on until more is needed; the pieces' sum stands for their content. */
static int feed(struct gw_http_body *body, const char *data, size_t len, uint64_t *sum,
                size_t *used) {
  const char *at = data;
  size_t left = len;
  struct gw_str piece;
  int n;
  while ((n = gw_http_body_read(body, &at, &left, &piece)) == 1) {
    must(piece.len > 0);
    must_lie_in(piece, data, len);
    for (size_t i = 0; i < piece.len; i++)
      *sum = *sum * 31 + (unsigned char)piece.at[i];
  }
  must((size_t)(at - data) + left == len && (n != 0 || left == 0));
  *used += len - left;
  return n;
}

static void read_body(const struct gw_http_head *head, const char *data, size_t len, size_t cut) {
  struct gw_http_body whole, split;
  uint64_t whole_sum = 0, split_sum = 0;
  size_t whole_used = 0, split_used = 0;
  gw_http_body_init(&whole, head);
  gw_http_body_init(&split, head);
  if (cut > len) cut = len;
  int end = feed(&whole, data, len, &whole_sum, &whole_used);
  int n = feed(&split, data, cut, &split_sum, &split_used);
  if (n == 0) n = feed(&split, data + cut, len - cut, &split_sum, &split_used);
  must(n == end && split_sum == whole_sum && split_used == whole_used);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size < 2) return 0;
  const char *text = (const char *)data + 2;
  size_t len = size - 2, cut = len * data[1] / 255;
  size_t blank = gw_http_scan_blank(text, len);
  int n = scan_both_ways(text + blank, len - blank, cut > blank ? cut - blank : 0);
  if (n <= 0) return 0;
  /* A copy of the head alone, so that a read behind it shows. */
  char *exact = malloc((size_t)n);
  struct gw_http_head head;
  if (!exact) return 0;
  memcpy(exact, text + blank, (size_t)n);
  bool is_request = data[0] % 2 == 0;
  enum gw_http_method method = (enum gw_http_method)(data[0] / 2 % (GW_HTTP_CONNECT + 1));
  int err = is_request ? gw_http_request_parse(&head, exact, (size_t)n)
                       : gw_http_response_parse(&head, exact, (size_t)n, method);
  if (err == 0) {
    check_head(&head, exact, (size_t)n);
    if (is_request) check_request(&head);
    size_t rest = len - blank - (size_t)n;
    read_body(&head, text + blank + n, rest, cut % (rest + 1));
  }
  free(exact);
  return 0;
}
