/* SPDX-License-Identifier: MIT */
/*
 * Messages there and back: what one side encodes, compressed or not, whole or in parts, the other
 * reads as it was. The first bytes choose the agreement, the rest is cut into messages.
 */
#include "codec/ws/pack.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds) {
  if (!holds) abort();
}

/* Reads what was encoded; the bytes of the message go behind what came before. */
static size_t read_wire(struct gw_ws *ws, const uint8_t *head, size_t head_len, const uint8_t *body,
                        size_t body_len, uint8_t *out, bool *out_ended) {
  size_t n = head_len + body_len, len = 0;
  uint8_t *copy = malloc(n), *at = copy;
  must(copy != NULL);
  memcpy(copy, head, head_len);
  if (body_len > 0) memcpy(copy + head_len, body, body_len);
  struct gw_ws_event event;
  int got;
  *out_ended = false;
  while ((got = gw_ws_read(ws, &at, &n, &event)) > 0) {
    must(event.opcode == GW_WS_BINARY);
    if (event.len > 0) memcpy(out + len, event.data, event.len);
    len += event.len;
    *out_ended = event.is_last;
  }
  must(got == 0);
  free(copy);
  return len;
}

static void send_in_parts(struct gw_ws *from, struct gw_ws *to, const uint8_t *data, size_t len,
                          unsigned parts, bool is_plain) {
  static uint8_t back[200000];
  size_t done = 0, read = 0;
  bool has_ended = false;
  for (unsigned i = 0; i <= parts; i++) {
    size_t n = i == parts ? len - done : (len - done) / 2;
    struct gw_ws_frame frame = {.opcode = i == 0 ? GW_WS_BINARY : GW_WS_CONTINUATION,
                                .is_partial = i < parts,
                                .is_plain = is_plain,
                                .data = data + done,
                                .len = n};
    struct gw_ws_wire wire;
    must(!has_ended && gw_ws_encode(from, &frame, &wire) == 0);
    read +=
        read_wire(to, wire.head, wire.head_len, wire.body, wire.body_len, back + read, &has_ended);
    done += n;
  }
  must(has_ended && read == len && (len == 0 || memcmp(back, data, len) == 0));
}

static void send_packed(struct gw_ws *server, struct gw_ws *client, struct gw_ws_shared *shared,
                        const uint8_t *data, size_t len) {
  static uint8_t back[200000];
  struct gw_ws_frame frame = {.opcode = GW_WS_BINARY, .data = data, .len = len};
  struct gw_bytes *bytes;
  bool has_ended;
  must(gw_ws_pack_send(server) == 0);
  must(gw_ws_pack(shared, &server->kind->options.deflate, gw_ws_pack_bits(server), &frame,
                  &bytes) == 0);
  size_t n = read_wire(client, bytes->data, bytes->len, NULL, 0, back, &has_ended);
  must(has_ended && n == len && (len == 0 || memcmp(back, data, len) == 0));
  gw_bytes_unref(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size < 3 || size > 100000) return 0;
  unsigned how = data[0], bits = data[1];
  struct gw_ws_options server_options = {.deflate = {.level = data[2] % 10, .min_size = 1}};
  struct gw_ws_options client_options = server_options;
  client_options.is_client = true;
  client_options.is_streaming = how & 4;
  struct gw_ws_deflate deflate = {.is_on = true,
                                  .server_no_context_takeover = how & 1,
                                  .client_no_context_takeover = how & 2,
                                  .server_max_window_bits = (uint8_t)(8 + bits % 8),
                                  .client_max_window_bits = (uint8_t)(8 + bits / 8 % 8)};
  data += 3;
  size -= 3;
  struct gw_ws_shared *shared;
  struct gw_ws server, client;
  must(gw_ws_shared_new(&shared) == 0);
  const struct gw_ws_kind server_kind = {server_options, shared},
                          client_kind = {client_options, shared};
  gw_ws_init(&server, &server_kind, &deflate);
  gw_ws_init(&client, &client_kind, &deflate);
  while (size > 0) {
    unsigned kind = data[0];
    size_t n = size - 1 < kind * 64 ? size - 1 : kind * 64;
    if (kind % 8 == 7)
      send_packed(&server, &client, shared, data + 1, n);
    else if (kind % 2)
      send_in_parts(&server, &client, data + 1, n, kind % 4, kind & 16);
    else
      send_in_parts(&client, &server, data + 1, n, kind % 4, kind & 16);
    data += 1 + n;
    size -= 1 + n;
  }
  gw_ws_clear(&server);
  gw_ws_clear(&client);
  gw_ws_shared_free(shared);
  return 0;
}
