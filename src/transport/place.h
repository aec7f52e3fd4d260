/* SPDX-License-Identifier: MIT */
/* Where a request has landed: what its worker has. */
#ifndef GW_TRANSPORT_PLACE_H
#define GW_TRANSPORT_PLACE_H

#include "session/session.h"

struct gw_place {
  struct gw_loop *loop;
  struct gw_hub *hub;
  struct gw_session_table *sessions;
  const struct gw_gate *gate; /* all borrowed */
};

#endif
