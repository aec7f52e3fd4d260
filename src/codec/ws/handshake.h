/* SPDX-License-Identifier: MIT */
/*
 * The opening handshake (RFC 6455 section 4) on heads that are parsed already, for the server and
 * the client, which have read them anyway.
 */
#ifndef GW_CODEC_WS_HANDSHAKE_H
#define GW_CODEC_WS_HANDSHAKE_H

#include "codec/http/head.h"
#include "godwit/ws.h"

/* Subprotocols in one request: against a list whose duplicates take long to find. */
#define GW_WS_PROTOCOLS_MAX 100

/* Whether a request asks for a WebSocket at all (a GET whose Upgrade lists it). */
bool gw_ws_request_is(const struct gw_http_head *head);
/* As gw_ws_request_read, from a parsed head; its slices must point into the bytes of one head. Sets
 * all but head_len. 0, GW_ERR_WS_METHOD, GW_ERR_WS_VERSION, GW_ERR_WS_HANDSHAKE. */
int gw_ws_request_check(const struct gw_http_head *head, const struct gw_ws_options *options,
                        struct gw_ws_request *out_request);
/* As gw_ws_answer_read. 0, GW_ERR_HTTP_STATUS, GW_ERR_WS_HANDSHAKE. */
int gw_ws_answer_check(const struct gw_http_head *head, const struct gw_ws_offer *offer,
                       struct gw_ws_answer *out_answer);

#endif
