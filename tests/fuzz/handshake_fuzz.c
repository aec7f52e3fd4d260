/* SPDX-License-Identifier: MIT */
/*
 * The opening handshake. The first byte chooses a request, an answer, or a client's offer made of
 * the input; what is taken must keep what the RFC promises, and what we write must be read by the
 * other side.
 */
#include "codec/ws/handshake.h"

#include "codec/http/text.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds) {
  if (!holds) abort();
}

static void must_lie_in(struct gw_ws_slice s, const char *data, size_t len) {
  must(s.len == 0 || (s.at >= data && s.at + s.len <= data + len));
}

static void must_be_agreed(const struct gw_ws_deflate *deflate) {
  unsigned server = deflate->server_max_window_bits, client = deflate->client_max_window_bits;
  must(server == 0 || (server >= 8 && server <= 15));
  must(client == 0 || (client >= 8 && client <= 15));
}

static void try_request(const char *data, size_t size, const struct gw_ws_options *options) {
  struct gw_ws_request request;
  if (gw_ws_request_read(data, size, options, &request) <= 0) return;
  must(request.head_len <= size && request.key.len == 24);
  must_lie_in(request.origin, data, size);
  must_lie_in(request.host, data, size);
  must_lie_in(request.protocols, data, size);
  must_be_agreed(&request.deflate);
  must(request.deflate.server_max_window_bits != 8);
  struct gw_ws_slice protocol;
  char name[256] = "", out[1024];
  for (size_t i = 0; gw_ws_request_protocol(&request, i, &protocol); i++) {
    must(i < GW_WS_PROTOCOLS_MAX);
    must_lie_in(protocol, data, size);
    must(gw_http_is_token((struct gw_str){protocol.at, protocol.len}));
    if (protocol.len < sizeof name) {
      memcpy(name, protocol.at, protocol.len);
      name[protocol.len] = '\0';
    }
  }
  /* A client that offered all this would take the answer. */
  int n = gw_ws_answer_write(&request, *name ? name : NULL, out, sizeof out);
  must(n > 0);
  struct gw_ws_options client = {.is_client = true,
                                 .deflate = {.is_enabled = true,
                                             .allow_server_takeover = true,
                                             .allow_client_takeover = true}};
  struct gw_ws_offer offer = {.protocols = *name ? name : NULL, .options = &client};
  memcpy(offer.key, request.key.at, 24);
  struct gw_ws_answer answer;
  must(gw_ws_answer_read(out, (size_t)n, &offer, &answer) == 1);
  must(answer.deflate.is_on == request.deflate.is_on);
}

static void try_answer(const char *data, size_t size, const struct gw_ws_options *options) {
  struct gw_ws_offer offer = {
      .protocols = "a, b", .options = options, .key = "dGhlIHNhbXBsZSBub25jZQ=="};
  struct gw_ws_answer answer;
  if (gw_ws_answer_read(data, size, &offer, &answer) <= 0) return;
  must(answer.status == 101 && answer.head_len <= size);
  must(answer.protocol.len <= 1);
  must(options->deflate.is_enabled || !answer.deflate.is_on);
  must_be_agreed(&answer.deflate);
}

/* Whatever a program passes on from somewhere: one request comes of it, or an error. */
static void try_offer(const char *data, size_t size, const struct gw_ws_options *options) {
  char fields[4][128] = {"", "", "", ""}, out[2048];
  for (size_t i = 0, at = 0; i < 4 && at < size; i++) {
    const char *end = memchr(data + at, '\0', size - at);
    size_t n = end ? (size_t)(end - data) - at : size - at;
    size_t taken = n < sizeof fields[i] - 1 ? n : sizeof fields[i] - 1;
    memcpy(fields[i], data + at, taken);
    at += n + 1;
  }
  struct gw_ws_offer offer = {.host = "example.com",
                              .target = fields[0],
                              .origin = *fields[1] ? fields[1] : NULL,
                              .protocols = *fields[2] ? fields[2] : NULL,
                              .headers = *fields[3] ? fields[3] : NULL,
                              .options = options};
  int n = gw_ws_offer_write(&offer, out, sizeof out);
  if (n < 0) return;
  struct gw_ws_request request;
  int got = gw_ws_request_read(out, (size_t)n, options, &request);
  /* Our own headers may hold what the server's rules refuse, never a second head. */
  must(got == 1 ? request.head_len == (size_t)n : got < 0 && offer.headers);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size < 2) return 0;
  unsigned how = data[0], bits = data[1];
  struct gw_ws_options options = {
      .deflate = {.is_enabled = how & 4,
                  .allow_server_takeover = how & 8,
                  .allow_client_takeover = how & 16,
                  .server_max_window_bits = bits & 1 ? (uint8_t)(9 + (bits >> 1) % 7) : 0,
                  .client_max_window_bits = bits & 16 ? (uint8_t)(9 + (bits >> 5) % 7) : 0}};
  const char *text = (const char *)data + 2;
  switch (how & 3) {
  case 0: try_answer(text, size - 2, &options); break;
  case 1: try_offer(text, size - 2, &options); break;
  default: try_request(text, size - 2, &options); break;
  }
  return 0;
}
