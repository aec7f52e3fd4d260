/* SPDX-License-Identifier: MIT */
/*
 * One HTTP request and its answer, whichever version of HTTP carried it. For the thread that runs
 * the handler.
 */
#ifndef GODWIT_EXCHANGE_H
#define GODWIT_EXCHANGE_H

#include "godwit/ws.h"

#ifdef __cplusplus
extern "C" {
#endif

struct gw_exchange;

/* Slices are lent until the handler returns. */
GW_API struct gw_ws_slice gw_exchange_method(const struct gw_exchange *exchange);
GW_API struct gw_ws_slice gw_exchange_path(
    const struct gw_exchange *exchange); /* still percent-encoded */
GW_API struct gw_ws_slice gw_exchange_query(
    const struct gw_exchange *exchange); /* without `?`; at NULL: none */
/* The first field with this lower-case name; at NULL: none. */
GW_API struct gw_ws_slice gw_exchange_header(const struct gw_exchange *exchange,
                                             const char *lower_name);
GW_API struct gw_ws_slice gw_exchange_body(const struct gw_exchange *exchange);
GW_API const char *gw_exchange_peer(const struct gw_exchange *exchange, char *out, size_t size);
/* In an on_request of struct gw_websocket: the user data that the connection will have. NULL
 * elsewhere. */
GW_API void *gw_exchange_user_data(struct gw_exchange *exchange);

struct gw_reply {
  unsigned status;          /* 200–599 */
  const char *content_type; /* NULL: none */
  const char *headers;      /* more lines, each ended by CRLF; NULL: none */
  const void *body;         /* copied or sent before the call returns */
  size_t len;
};
/* Answers, once; the exchange may not be used after it. GW_ERR_ARGUMENT for headers that would
 * break the head. HEAD gets no body. */
GW_API int gw_exchange_answer(struct gw_exchange *exchange, const struct gw_reply *reply);
/* Accepts a WebSocket whose on_request gave GW_WEBSOCKET_LATER; on_open comes inside the call, and
 * the exchange may not be used after it. GW_ERR_STATE for any other exchange. */
GW_API int gw_exchange_accept(struct gw_exchange *exchange);
/* For one that is answered later: told when its client is gone before; the exchange may not be used
 * after that. In an on_request of struct gw_websocket: told where no on_open follows, though it was
 * accepted. */
GW_API void gw_exchange_on_gone(struct gw_exchange *exchange, void (*on_gone)(void *user),
                                void *user);

#ifdef __cplusplus
}
#endif

#endif
