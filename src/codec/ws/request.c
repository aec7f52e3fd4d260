/* SPDX-License-Identifier: MIT */
/*
 * The server's side of the opening handshake (RFC 6455 section 4.2): a request checked, and the 101
 * that answers it. Who may connect (Origin, paths, tokens) is the caller's decision.
 */
#include "codec/ws/handshake.h"

#include "codec/http/text.h"
#include "codec/ws/extension.h"

#include <limits.h>
#include <openssl/sha.h>
#include <stdio.h>

void gw_ws_accept_key(const char *key, size_t key_len, char out_accept[29]) {
  static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"; /* section 1.3 */
  uint8_t text[64 + sizeof guid], hash[SHA_DIGEST_LENGTH];
  if (key_len > 64) key_len = 64; /* a key has 24 */
  memcpy(text, key, key_len);
  memcpy(text + key_len, guid, sizeof guid - 1);
  SHA1(text, key_len + sizeof guid - 1, hash);
  gw_base64_encode(hash, sizeof hash, out_accept, 29);
}

unsigned gw_ws_error_status(int err) {
  switch (err) {
  case GW_ERR_WS_ORIGIN: return 403;
  case GW_ERR_WS_METHOD: return 405;
  case GW_ERR_HTTP_BODY_LARGE: return 413;
  case GW_ERR_HTTP_TARGET_LONG: return 414;
  case GW_ERR_WS_VERSION: return 426;
  case GW_ERR_HTTP_HEADERS_LARGE: return 431;
  case GW_ERR_HTTP_CODING: return 501;
  case GW_ERR_HTTP_VERSION: return 505;
  case GW_ERR_HTTP_SYNTAX:
  case GW_ERR_WS_HANDSHAKE: return 400;
  default: return 500;
  }
}

static struct gw_ws_slice slice(struct gw_str s) {
  return (struct gw_ws_slice){s.at, s.len};
}

static bool upgrades_to_websocket(const struct gw_http_head *head) {
  const struct gw_http_field *field;
  for (unsigned i = 0; (field = gw_http_field(head, "upgrade", i)); i++)
    if (gw_http_list_has(field->value, "websocket")) return true;
  return false;
}

bool gw_ws_request_is(const struct gw_http_head *head) {
  return head->method == GW_HTTP_GET && upgrades_to_websocket(head);
}

/* Section 4.2.1, in its order. */
static int check_upgrade(const struct gw_http_head *head) {
  if (head->method != GW_HTTP_GET) return GW_ERR_WS_METHOD;
  if (head->minor < 1 || !head->wants_upgrade || !upgrades_to_websocket(head))
    return GW_ERR_WS_HANDSHAKE;
  /* A body would lie where the first frame is expected. */
  if (head->framing != GW_HTTP_NO_BODY && !(head->framing == GW_HTTP_LENGTH && head->length == 0))
    return GW_ERR_WS_HANDSHAKE;
  if (!gw_str_is(gw_http_only(head, "sec-websocket-version", NULL), "13")) return GW_ERR_WS_VERSION;
  return 0;
}

static int check_key(const struct gw_http_head *head, struct gw_ws_request *out) {
  struct gw_str key = gw_http_only(head, "sec-websocket-key", NULL);
  uint8_t bytes[16];
  if (key.len != 24 || gw_base64_decode(key, bytes, sizeof bytes) != sizeof bytes)
    return GW_ERR_WS_HANDSHAKE;
  out->key = slice(key);
  return 0;
}

/* ---- subprotocols ---- */

/* The bytes from the first Sec-WebSocket-Protocol's value to the end of the last one's, whatever
 * lines lie between. */
static struct gw_ws_slice span_protocols(const struct gw_http_head *head) {
  struct gw_ws_slice span = {NULL, 0};
  const struct gw_http_field *field;
  for (unsigned i = 0; (field = gw_http_field(head, "sec-websocket-protocol", i)); i++) {
    if (i == 0) span.at = field->value.at;
    span.len = (size_t)(field->value.at + field->value.len - span.at);
  }
  return span;
}

/* Goes through that span: *line is the rest of the present value, *rest what lies behind it. */
static bool next_protocol(struct gw_str *line, struct gw_str *rest, struct gw_str *out) {
  for (;;) {
    if (gw_http_list_next(line, out)) return true;
    if (rest->len == 0) return false;
    const char *lf = memchr(rest->at, '\n', rest->len);
    size_t n = lf ? (size_t)(lf - rest->at) : rest->len;
    struct gw_str field = {rest->at, n};
    if (n > 0 && field.at[n - 1] == '\r') field.len--;
    rest->at += lf ? n + 1 : n;
    rest->len -= lf ? n + 1 : n;
    const char *colon = field.len ? memchr(field.at, ':', field.len) : NULL;
    if (!colon) continue;
    struct gw_str name = {field.at, (size_t)(colon - field.at)};
    if (gw_str_is_nocase(name, "sec-websocket-protocol"))
      *line = gw_str_trim((struct gw_str){colon + 1, field.len - name.len - 1});
  }
}

static void protocols_begin(const struct gw_ws_request *request, struct gw_str *out_line,
                            struct gw_str *out_rest) {
  struct gw_str all = {request->protocols.at, request->protocols.len};
  if (all.len == 0) all = GW_STR("");
  const char *cr = all.len ? memchr(all.at, '\r', all.len) : NULL;
  size_t n = cr ? (size_t)(cr - all.at) : all.len;
  *out_line = (struct gw_str){all.at, n};
  *out_rest = (struct gw_str){all.at + n, all.len - n};
}

bool gw_ws_request_protocol(const struct gw_ws_request *request, size_t i,
                            struct gw_ws_slice *out_protocol) {
  struct gw_str line, rest, protocol;
  protocols_begin(request, &line, &rest);
  while (next_protocol(&line, &rest, &protocol)) {
    if (i-- > 0) continue;
    *out_protocol = slice(protocol);
    return true;
  }
  return false;
}

/* Section 4.1, item 10: tokens, each once. */
static int check_protocols(const struct gw_ws_request *request) {
  struct gw_str seen[GW_WS_PROTOCOLS_MAX], line, rest, protocol;
  size_t n = 0;
  protocols_begin(request, &line, &rest);
  while (next_protocol(&line, &rest, &protocol)) {
    if (n == GW_WS_PROTOCOLS_MAX || !gw_http_is_token(protocol)) return GW_ERR_WS_HANDSHAKE;
    for (size_t i = 0; i < n; i++)
      if (gw_str_eq(seen[i], protocol)) return GW_ERR_WS_HANDSHAKE;
    seen[n++] = protocol;
  }
  /* The header is there, and it names none. */
  return request->protocols.at && n == 0 ? GW_ERR_WS_HANDSHAKE : 0;
}

/* ---- the request ---- */

static int choose_extensions(const struct gw_http_head *head, const struct gw_ws_options *options,
                             struct gw_ws_deflate *out) {
  const struct gw_http_field *field;
  for (unsigned i = 0; (field = gw_http_field(head, "sec-websocket-extensions", i)); i++) {
    int err = gw_ws_extension_choose(field->value, &options->deflate, out);
    if (err < 0) return err;
  }
  return 0;
}

int gw_ws_request_check(const struct gw_http_head *head, const struct gw_ws_options *options,
                        struct gw_ws_request *out_request) {
  struct gw_ws_request request = {
      .target = slice(head->target),
      .host = slice(head->host),
      .protocols = span_protocols(head),
  };
  unsigned n_origins;
  struct gw_str origin = gw_http_only(head, "origin", &n_origins);
  int err = check_upgrade(head);
  if (err == 0) err = check_key(head, &request);
  if (err == 0 && n_origins > 1) err = GW_ERR_WS_HANDSHAKE; /* RFC 6454 section 7.3 */
  if (err == 0) err = check_protocols(&request);
  if (err == 0) err = choose_extensions(head, options, &request.deflate);
  if (err < 0) return err;
  request.origin = slice(origin);
  *out_request = request;
  return 0;
}

int gw_ws_request_read(const char *data, size_t len, const struct gw_ws_options *options,
                       struct gw_ws_request *out_request) {
  size_t blank = gw_http_scan_blank(data, len);
  struct gw_http_scan scan = {0};
  int size = gw_http_scan(&scan, data + blank, len - blank);
  if (size <= 0) return size;
  struct gw_http_head head;
  int err = gw_http_request_parse(&head, data + blank, (size_t)size);
  if (err == 0) err = gw_ws_request_check(&head, options, out_request);
  if (err < 0) return err;
  out_request->head_len = blank + (size_t)size;
  return 1;
}

/* ---- the answer ---- */

static bool is_offered(const struct gw_ws_request *request, const char *protocol) {
  struct gw_ws_slice offered;
  for (size_t i = 0; gw_ws_request_protocol(request, i, &offered); i++)
    if (gw_str_is((struct gw_str){offered.at, offered.len}, protocol)) return true;
  return false;
}

int gw_ws_answer_write(const struct gw_ws_request *request, const char *protocol, char *out,
                       size_t size) {
  /* Section 4.2.2, item 5: one of those that the client offered, or none. */
  if (protocol && !is_offered(request, protocol)) return GW_ERR_ARGUMENT;
  char accept[29], extension[GW_WS_EXTENSION_MAX];
  gw_ws_accept_key(request->key.at, request->key.len, accept);
  gw_ws_extension_answer(&request->deflate, extension);
  int n = snprintf(out, size,
                   "HTTP/1.1 101 Switching Protocols\r\n"
                   "Upgrade: websocket\r\n"
                   "Connection: Upgrade\r\n"
                   "Sec-WebSocket-Accept: %s\r\n"
                   "%s%s%s%s%s%s\r\n",
                   accept, protocol ? "Sec-WebSocket-Protocol: " : "", protocol ? protocol : "",
                   protocol ? "\r\n" : "", *extension ? "Sec-WebSocket-Extensions: " : "",
                   extension, *extension ? "\r\n" : "");
  return n < 0 || (size_t)n >= size ? GW_ERR_FULL : n;
}
