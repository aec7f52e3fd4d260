/* SPDX-License-Identifier: MIT */
/* What a connection under test borrows for as long as it lives: one of the last sixteen. */
#ifndef GW_TEST_WS_KIND_H
#define GW_TEST_WS_KIND_H

#include "codec/ws/conn.h"

static inline const struct gw_ws_kind *ws_kind(struct gw_ws_options options,
                                               struct gw_ws_shared *shared) {
  static struct gw_ws_kind kinds[16];
  static unsigned n;
  struct gw_ws_kind *kind = &kinds[n++ % 16];
  *kind = (struct gw_ws_kind){options, shared};
  return kind;
}

#endif
