/* SPDX-License-Identifier: MIT */
/* Frames for many receivers; see pack.h. Keeps nothing. */
#include "codec/ws/pack.h"

#include "codec/ws/flate.h"
#include "codec/ws/head.h"

#include <string.h>

int gw_ws_pack(struct gw_ws_shared *shared, const struct gw_ws_deflate_options *options,
               unsigned bits, const struct gw_ws_frame *frame, struct gw_bytes **out_bytes) {
  if ((frame->opcode != GW_WS_TEXT && frame->opcode != GW_WS_BINARY) || frame->is_partial)
    return GW_ERR_ARGUMENT;
  const uint8_t *data = frame->data;
  size_t len = frame->len;
  unsigned first = GW_WS_FIN | frame->opcode;
  if (bits && !frame->is_plain && len >= gw_ws_deflate_min(options)) {
    int got = gw_ws_deflate_alone(shared, options->level, bits, data, len, &data, &len);
    if (got < 0) return got;
    if (got > 0) first |= GW_WS_RSV1;
  }
  uint8_t head[GW_WS_HEAD_MAX];
  size_t head_len = gw_ws_head_write(head, first, len, NULL);
  struct gw_bytes *bytes = gw_bytes_new(head_len + len);
  if (!bytes) return GW_ERR_MEMORY;
  memcpy(bytes->data, head, head_len);
  if (len > 0) memcpy(bytes->data + head_len, data, len);
  *out_bytes = bytes;
  return 0;
}
