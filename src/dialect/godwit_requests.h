/* SPDX-License-Identifier: MIT */
/* What a client may ask for in godwit.v1. */
#ifndef GW_DIALECT_GODWIT_REQUESTS_H
#define GW_DIALECT_GODWIT_REQUESTS_H

#include "base/str.h"

struct gw_talker;

/* A message of the client's: one request, which gets its answer now or later. */
void gw_godwit_request(struct gw_talker *talker, struct gw_str message, bool is_binary);

#endif
