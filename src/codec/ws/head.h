/* SPDX-License-Identifier: MIT */
/* A frame's header (RFC 6455 section 5.2), read strictly and written in its shortest form. */
#ifndef GW_CODEC_WS_HEAD_H
#define GW_CODEC_WS_HEAD_H

#include "codec/ws/conn.h"

struct gw_ws_head {
  uint8_t opcode;
  bool is_final;
  bool is_compressed; /* RSV1 of a message's first frame */
  uint64_t length;
};

enum { GW_WS_FIN = 0x80, GW_WS_RSV1 = 0x40, GW_WS_MASKED = 0x80, GW_WS_CONTROL_MAX = 125 };

/* Reads a header from its first `have` bytes and puts the key into ws->key. Above 0: its length; 0:
 * not whole yet; below 0: wrong, as soon as the bytes that tell it are there. */
int gw_ws_head_read(struct gw_ws *ws, const uint8_t *bytes, size_t have,
                    struct gw_ws_head *out_head);

/* Writes a header with these first-byte bits (FIN, RSV1, opcode); key NULL: unmasked. Its length.
 */
uint8_t gw_ws_head_write(uint8_t out[GW_WS_HEAD_MAX], unsigned first, uint64_t length,
                         const uint8_t *key);

#endif
