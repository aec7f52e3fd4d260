/* SPDX-License-Identifier: MIT */
/* The handler of godwit.v1, as the files of this dialect see it. */
#ifndef GW_DIALECT_GODWIT_INSIDE_H
#define GW_DIALECT_GODWIT_INSIDE_H

#include "godwit/websocket.h"
#include "transport/place.h"

struct gw_godwit {
  struct gw_websocket handler;
  size_t max_message; /* bytes of a payload */
  struct gw_place places[];
};

#endif
