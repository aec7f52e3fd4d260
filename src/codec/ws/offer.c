/* SPDX-License-Identifier: MIT */
/*
 * The client's side of the opening handshake (RFC 6455 section 4.1): the request, out of nothing
 * that could break it, and the server's answer, which may say only what was offered.
 */
#include "codec/ws/handshake.h"

#include "codec/http/text.h"
#include "codec/ws/extension.h"

#include <openssl/rand.h>
#include <stdio.h>

static struct gw_ws_slice slice(struct gw_str s) {
  return (struct gw_ws_slice){s.at, s.len};
}

/* ---- the request ---- */

/* Visible ASCII: what cannot end a line or a word. */
static bool is_word(const char *text) {
  if (!text || !*text) return false;
  for (; *text; text++)
    if (*text <= ' ' || *text >= 127) return false;
  return true;
}

/* Tokens, each once (section 4.1, item 10). */
static bool are_protocols(const char *list) {
  struct gw_str rest = gw_str_of(list), protocol;
  size_t n = 0;
  for (; gw_http_list_next(&rest, &protocol); n++) {
    if (n == GW_WS_PROTOCOLS_MAX || !gw_http_is_token(protocol)) return false;
    struct gw_str later = rest, other;
    while (gw_http_list_next(&later, &other))
      if (gw_str_eq(other, protocol)) return false;
  }
  return n > 0;
}

/* What the handshake itself writes, or what would change how it is read. */
static bool is_reserved(struct gw_str name) {
  static const char *const names[] = {"host",           "upgrade",           "connection",
                                      "content-length", "transfer-encoding", "origin"};
  static const char prefix[] = "sec-websocket-";
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (gw_str_is_nocase(name, names[i])) return true;
  if (name.len < sizeof prefix - 1) return false;
  return gw_str_is_nocase((struct gw_str){name.at, sizeof prefix - 1}, prefix);
}

/* Whole field lines, each ended by CRLF, and no empty one, which would end the head. */
static bool are_headers(const char *headers) {
  while (*headers) {
    const char *end = strstr(headers, "\r\n"), *colon = strchr(headers, ':');
    if (!end || !colon || colon > end) return false;
    struct gw_str name = {headers, (size_t)(colon - headers)};
    struct gw_str value = {colon + 1, (size_t)(end - colon) - 1};
    if (!gw_http_is_token(name) || is_reserved(name) || !gw_http_is_field_value(value))
      return false;
    headers = end + 2;
  }
  return true;
}

static bool is_fine(const struct gw_ws_offer *offer) {
  if (!is_word(offer->host) || !is_word(offer->target)) return false;
  if (offer->target[0] != '/' || !gw_http_is_target(gw_str_of(offer->target))) return false;
  if (offer->origin && !is_word(offer->origin)) return false;
  if (offer->protocols && !are_protocols(offer->protocols)) return false;
  return !offer->headers || are_headers(offer->headers);
}

int gw_ws_offer_write(struct gw_ws_offer *offer, char *out, size_t size) {
  if (!is_fine(offer)) return GW_ERR_ARGUMENT;
  uint8_t nonce[16];
  if (RAND_bytes(nonce, sizeof nonce) != 1) return GW_ERR_SYSTEM;
  gw_base64_encode(nonce, sizeof nonce, offer->key, sizeof offer->key);
  char extension[GW_WS_EXTENSION_MAX];
  gw_ws_extension_offer(&offer->options->deflate, extension);
  const struct {
    const char *name, *value;
  } fields[] = {
      {"Origin", offer->origin ? offer->origin : ""},
      {"Sec-WebSocket-Protocol", offer->protocols ? offer->protocols : ""},
      {"Sec-WebSocket-Extensions", extension},
  };
  int n = snprintf(out, size,
                   "GET %s HTTP/1.1\r\n"
                   "Host: %s\r\n"
                   "Upgrade: websocket\r\n"
                   "Connection: Upgrade\r\n"
                   "Sec-WebSocket-Key: %s\r\n"
                   "Sec-WebSocket-Version: 13\r\n",
                   offer->target, offer->host, offer->key);
  for (size_t i = 0; i < sizeof fields / sizeof *fields && n >= 0 && (size_t)n < size; i++)
    if (*fields[i].value)
      n += snprintf(out + n, size - (size_t)n, "%s: %s\r\n", fields[i].name, fields[i].value);
  if (n >= 0 && (size_t)n < size)
    n += snprintf(out + n, size - (size_t)n, "%s\r\n", offer->headers ? offer->headers : "");
  return n < 0 || (size_t)n >= size ? GW_ERR_FULL : n;
}

/* ---- the answer ---- */

static bool is_offered(const struct gw_ws_offer *offer, struct gw_str protocol) {
  struct gw_str rest = offer->protocols ? gw_str_of(offer->protocols) : GW_STR(""), offered;
  while (gw_http_list_next(&rest, &offered))
    if (gw_str_eq(offered, protocol)) return true; /* case counts */
  return false;
}

/* Section 4.1's list of what a client must check in a 101. */
static int check_101(const struct gw_http_head *head, const struct gw_ws_offer *offer,
                     struct gw_ws_answer *out) {
  char accept[29];
  gw_ws_accept_key(offer->key, strlen(offer->key), accept);
  if (head->minor < 1 || !head->wants_upgrade) return GW_ERR_WS_HANDSHAKE;
  if (!gw_str_is_nocase(gw_http_only(head, "upgrade", NULL), "websocket"))
    return GW_ERR_WS_HANDSHAKE;
  if (!gw_str_is(gw_http_only(head, "sec-websocket-accept", NULL), accept))
    return GW_ERR_WS_HANDSHAKE;

  unsigned n_protocols;
  struct gw_str protocol = gw_http_only(head, "sec-websocket-protocol", &n_protocols);
  if (n_protocols > 0 && (!protocol.at || !is_offered(offer, protocol))) return GW_ERR_WS_HANDSHAKE;
  out->protocol = slice(protocol);

  const struct gw_http_field *field;
  for (unsigned i = 0; (field = gw_http_field(head, "sec-websocket-extensions", i)); i++) {
    int err = gw_ws_extension_check(field->value, &offer->options->deflate, &out->deflate);
    if (err < 0) return err;
  }
  return 0;
}

int gw_ws_answer_check(const struct gw_http_head *head, const struct gw_ws_offer *offer,
                       struct gw_ws_answer *out_answer) {
  struct gw_ws_answer answer = {.status = head->status};
  if (head->status != 101) {
    answer.location = slice(gw_http_only(head, "location", NULL));
    *out_answer = answer;
    return GW_ERR_HTTP_STATUS;
  }
  int err = check_101(head, offer, &answer);
  if (err < 0) return err;
  *out_answer = answer;
  return 0;
}

int gw_ws_answer_read(const char *data, size_t len, const struct gw_ws_offer *offer,
                      struct gw_ws_answer *out_answer) {
  struct gw_http_scan scan = {0};
  int size = gw_http_scan(&scan, data, len);
  if (size <= 0) return size;
  struct gw_http_head head;
  int err = gw_http_response_parse(&head, data, (size_t)size, GW_HTTP_GET);
  if (err < 0) return err;
  err = gw_ws_answer_check(&head, offer, out_answer);
  if (err == 0 || err == GW_ERR_HTTP_STATUS) out_answer->head_len = (size_t)size;
  return err < 0 ? err : 1;
}
