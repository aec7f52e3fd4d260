/* SPDX-License-Identifier: MIT */
/*
 * Sec-WebSocket-Extensions as far as permessage-deflate goes (RFC 6455 section 9.1, RFC 7692
 * section 7.1): offers judged, answers checked, both written.
 */
#ifndef GW_CODEC_WS_EXTENSION_H
#define GW_CODEC_WS_EXTENSION_H

#include "base/str.h"
#include "godwit/ws.h"

/* The longest that gw_ws_extension_offer and _answer write, with the NUL. */
#define GW_WS_EXTENSION_MAX 160

/* The server's part. Reads one header line's value; the first offer that can be met goes into *out,
 * which an earlier line may have filled. GW_ERR_WS_HANDSHAKE where it is not well-formed. */
int gw_ws_extension_choose(struct gw_str value, const struct gw_ws_deflate_options *options,
                           struct gw_ws_deflate *out);
/* What the answer says about it; "" where it is off. */
void gw_ws_extension_answer(const struct gw_ws_deflate *deflate, char out[GW_WS_EXTENSION_MAX]);

/* The client's part. What it offers; "" where compression is not enabled. */
void gw_ws_extension_offer(const struct gw_ws_deflate_options *options,
                           char out[GW_WS_EXTENSION_MAX]);
/* Reads one line of the answer. GW_ERR_WS_HANDSHAKE for anything that the offer does not allow, and
 * for a second answer. */
int gw_ws_extension_check(struct gw_str value, const struct gw_ws_deflate_options *options,
                          struct gw_ws_deflate *out);

#endif
