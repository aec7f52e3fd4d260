/* SPDX-License-Identifier: MIT */
/* The headers of a stream of WebSocket frames (RFC 6455 section 5.2) as they stand there, right or
 * wrong: for who counts frames or shows them. Reading them strictly is codec/ws's business. */
#ifndef GW_CLI_FRAMES_H
#define GW_CLI_FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { GW_FRAME_HEAD_MAX = 14 };

struct gw_frame_head {
  uint8_t first; /* FIN, RSV1 to RSV3, opcode */
  uint8_t size;  /* of the header itself */
  bool is_masked;
  uint8_t key[4];
  uint64_t length;
};

/* Where the reading stands; all-zero at the start. */
struct gw_frame_scan {
  struct gw_frame_head head;        /* the present frame's */
  uint64_t remaining;               /* payload bytes of it still to come */
  uint8_t have;                     /* bytes of a header that is not whole yet */
  uint8_t bytes[GW_FRAME_HEAD_MAX]; /* the present frame's header as it came */
};

/* Reads the next header, advancing *data and *len; true: it is whole, `remaining` bytes of payload
 * follow; false: all input is used up. Only where nothing remains of the frame before. */
bool gw_frame_scan_head(struct gw_frame_scan *scan, const uint8_t **data, size_t *len);
/* As much of the payload as is there: how many bytes of *data, which moves behind them. */
size_t gw_frame_scan_payload(struct gw_frame_scan *scan, const uint8_t **data, size_t *len);

/* "text", "close" …; "reserved" for an opcode that the RFC does not define. */
const char *gw_frame_opcode_name(unsigned first);

#endif
