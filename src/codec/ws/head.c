/* SPDX-License-Identifier: MIT */
/*
 * Frame headers. Every rule that a header alone can break is checked here, in the order in which
 * its bytes come: the first byte, the second, the long length, and then the limits, so that a
 * header that is wrong fails before the rest of it is awaited and before any memory is spent.
 */
#include "codec/ws/head.h"

#include "codec/ws/partial.h"

#include <string.h>

static int check_first(const struct gw_ws *ws, unsigned first) {
  unsigned opcode = first & 0x0F;
  /* RFC 6455 section 5.2: RSV2 and RSV3 have no extension that would give them a meaning. */
  if (first & 0x30) return GW_ERR_WS_PROTOCOL;
  /* Section 5.2: opcodes 3-7 and B-F are reserved. */
  if ((opcode > GW_WS_BINARY && opcode < GW_WS_CLOSE) || opcode > GW_WS_PONG)
    return GW_ERR_WS_PROTOCOL;
  /* Section 5.5: control frames are not fragmented. RFC 7692 section 6.1: nor compressed. */
  if (opcode >= GW_WS_CLOSE)
    return (first & GW_WS_FIN) && !(first & GW_WS_RSV1) ? 0 : GW_ERR_WS_PROTOCOL;
  /* RFC 7692 sections 6 and 6.1: RSV1 only where agreed, and on a message's first frame. */
  if ((first & GW_WS_RSV1) && (opcode == GW_WS_CONTINUATION || !gw_ws_has_deflate(ws)))
    return GW_ERR_WS_PROTOCOL;
  /* Section 5.4: a continuation continues something, and messages are not interleaved. */
  bool is_open = gw_ws_partial_is_open(ws->partial);
  if (is_open != (opcode == GW_WS_CONTINUATION)) return GW_ERR_WS_PROTOCOL;
  if (is_open && ws->partial->fragments >= gw_ws_max_fragments(&ws->kind->options))
    return GW_ERR_WS_POLICY;
  return 0;
}

static int check_second(const struct gw_ws *ws, unsigned first, unsigned second) {
  /* Section 5.1: a client masks every frame, a server none. */
  if (((second & GW_WS_MASKED) == 0) != ws->kind->options.is_client) return GW_ERR_WS_PROTOCOL;
  /* Section 5.5: a control frame has 125 bytes at most. */
  bool is_control = (first & 0x0F) >= GW_WS_CLOSE;
  if (is_control && (second & 0x7F) > GW_WS_CONTROL_MAX) return GW_ERR_WS_PROTOCOL;
  return 0;
}

/* Section 5.2: the shortest form only, and bit 63 is 0; that bit is known from the first byte. */
static int read_length(const uint8_t *at, size_t have, size_t width, uint64_t *out_length) {
  if (width == 8 && have > 0 && (at[0] & 0x80)) return GW_ERR_WS_PROTOCOL;
  if (have < width) return 0;
  uint64_t length = 0;
  for (size_t i = 0; i < width; i++)
    length = length << 8 | at[i];
  if (length < (width == 2 ? 126 : 65536)) return GW_ERR_WS_PROTOCOL;
  *out_length = length;
  return 1;
}

/* security.md 8: from the header alone, before any memory is spent. */
static int check_limits(const struct gw_ws *ws, const struct gw_ws_head *head) {
  if (head->opcode >= GW_WS_CLOSE) return 0;
  size_t max_message = gw_ws_max_message(&ws->kind->options);
  bool is_compressed = head->is_compressed || (ws->partial && ws->partial->is_compressed &&
                                               head->opcode == GW_WS_CONTINUATION);
  size_t max_payload = is_compressed ? gw_ws_max_compressed(max_message) : max_message;
  uint64_t before = head->opcode == GW_WS_CONTINUATION ? ws->partial->received : 0;
  if (ws->kind->options.max_frame && head->length > ws->kind->options.max_frame)
    return GW_ERR_WS_TOO_BIG;
  /* `before` never passes max_payload, and length is below 2^63: neither side overflows. */
  return head->length > max_payload - before ? GW_ERR_WS_TOO_BIG : 0;
}

int gw_ws_head_read(struct gw_ws *ws, const uint8_t *bytes, size_t have,
                    struct gw_ws_head *out_head) {
  if (have == 0) return 0;
  int err = check_first(ws, bytes[0]);
  if (err < 0 || have == 1) return err;
  err = check_second(ws, bytes[0], bytes[1]);
  if (err < 0) return err;

  struct gw_ws_head head = {
      .opcode = bytes[0] & 0x0F,
      .is_final = bytes[0] & GW_WS_FIN,
      .is_compressed = bytes[0] & GW_WS_RSV1,
      .length = bytes[1] & 0x7F,
  };
  size_t size = 2;
  if (head.length >= 126) {
    size_t width = head.length == 126 ? 2 : 8;
    int got = read_length(bytes + 2, have - 2, width, &head.length);
    if (got <= 0) return got;
    size += width;
  }
  err = check_limits(ws, &head);
  if (err < 0) return err;
  if (!ws->kind->options.is_client) {
    if (have < size + 4) return 0;
    memmove(ws->key, bytes + size, 4); /* the header may lie in its place */
    size += 4;
  }
  *out_head = head;
  return (int)size;
}

uint8_t gw_ws_head_write(uint8_t out[GW_WS_HEAD_MAX], unsigned first, uint64_t length,
                         const uint8_t *key) {
  uint8_t mask_bit = key ? GW_WS_MASKED : 0, size;
  out[0] = (uint8_t)first;
  if (length < 126) {
    out[1] = (uint8_t)(mask_bit | length);
    size = 2;
  } else if (length < 65536) {
    out[1] = mask_bit | 126;
    out[2] = (uint8_t)(length >> 8);
    out[3] = (uint8_t)length;
    size = 4;
  } else {
    out[1] = mask_bit | 127;
    for (int i = 0; i < 8; i++)
      out[2 + i] = (uint8_t)(length >> (56 - 8 * i));
    size = 10;
  }
  if (!key) return size;
  memcpy(out + size, key, 4);
  return size + 4;
}
