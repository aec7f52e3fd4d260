/* SPDX-License-Identifier: MIT */
/* Lists of the origins whose pages may be here (godwit/websocket.h, `origins`). */
#ifndef GW_HTTP_ORIGIN_H
#define GW_HTTP_ORIGIN_H

#include "base/str.h"

#include <stdbool.h>

/* What `self` in a list stands for: whom the request was sent to. */
struct gw_origin_self {
  struct gw_str host; /* as the Host header has it */
  bool is_tls;
};

/* Whether an Origin header's value is one of the list, which may be NULL: the same host only. */
bool gw_origin_is_listed(struct gw_str origin, const char *origins,
                         const struct gw_origin_self *self);
/* Whether a list has only what can be in one, and something. */
bool gw_origin_list_is_valid(const char *origins);

#endif
