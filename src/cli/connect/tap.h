/* SPDX-License-Identifier: MIT */
/* A stream around a stream that tells of every frame that goes through it, both ways. */
#ifndef GW_CLI_CONNECT_TAP_H
#define GW_CLI_CONNECT_TAP_H

#include "cli/frames.h"
#include "net/stream.h"

enum { GW_TAP_EXCERPT = 32 }; /* bytes of a payload that are told */

struct gw_tapped_frame {
  bool is_out;
  struct gw_frame_head head;
  uint8_t excerpt[GW_TAP_EXCERPT]; /* unmasked */
  size_t excerpt_len;
};

typedef void gw_tap_fn(void *user, const struct gw_tapped_frame *frame);

/* Takes `lower`. Bytes of it that were read already are told of first. NULL without memory: then
 * `lower` stays the caller's. */
struct gw_stream *gw_tap_new(struct gw_stream *lower, const uint8_t *data, size_t len,
                             gw_tap_fn *tell, void *user);
/* One line for a frame: direction and header fields, then the excerpt. Gives out. */
const char *gw_tap_format(const struct gw_tapped_frame *frame, char *out, size_t size);

#endif
