/* SPDX-License-Identifier: MIT */
/*
 * One HTTP request and its answer, whichever version of HTTP carried it. For the thread that runs
 * the handler.
 *
 * Its life: the connection that brought it has made it, and frees it. It is there until it has been
 * answered, ended, aborted or accepted (gw_exchange_answer, _end, _abort, _accept; a
 * gw_exchange_begin that failed on the way), or until on_gone has told that its client is gone:
 * exactly one of these happens. A handler that returns without an answer owes one, keeps what it
 * needs of the request in memory of its own, and watches (gw_exchange_watch), so that it can free
 * that memory in either case.
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
/* More header lines for its answer, whichever that will be: a problem and the 101 of a WebSocket
 * have them too. Each ended by CRLF; copied. GW_ERR_ARGUMENT, GW_ERR_MEMORY, GW_ERR_FULL (more than
 * 8 KiB), GW_ERR_STATE once it is answered. */
GW_API int gw_exchange_add_headers(struct gw_exchange *exchange, const char *headers);
/* Accepts a WebSocket whose on_request gave GW_WEBSOCKET_LATER; on_open comes inside the call, and
 * the exchange may not be used after it. GW_ERR_STATE for any other exchange. */
GW_API int gw_exchange_accept(struct gw_exchange *exchange);
/* What may happen to an exchange while its answer is owed or goes on. Functions, all optional. */
struct gw_exchange_events {
  /* The client is gone (its end of the connection is closed, for whatever reason): the exchange may
   * not be used any more. In an on_request of struct gw_websocket: told where no on_open follows,
   * though it was accepted. */
  void (*on_gone)(void *user);
  /* All that was written has gone to the system, after a write has told of backpressure. */
  void (*on_drain)(void *user);
  /* The server stops, and a body goes on: end it soon. Without it the body is ended, and on_gone
   * told. */
  void (*on_stop)(void *user);
};
/* Borrowed until the answer has ended; NULL: nobody watches any more. None of the functions is
 * called inside a call of the watcher's; in each of them any exchange may be ended or aborted. No
 * on_gone comes after gw_exchange_answer, gw_exchange_end or gw_exchange_abort. */
GW_API void gw_exchange_watch(struct gw_exchange *exchange, const struct gw_exchange_events *events,
                              void *user);

/* Begins an answer whose body goes on: sends the head and the reply's body as its first part; more
 * by gw_exchange_write, until gw_exchange_end. HTTP/1.1: in chunks; 1.0: until the connection
 * closes. HEAD: what is written goes nowhere; end it. From now on the client is gone as soon as it
 * sends no more. 0 or 1 as gw_exchange_write; GW_ERR_ARGUMENT, GW_ERR_STATE as gw_exchange_answer;
 * after any other error the exchange may not be used, and on_gone is not told. */
GW_API int gw_exchange_begin(struct gw_exchange *exchange, const struct gw_reply *reply);
/* 0: sent or on its way; 1: on its way, but more than 1 MiB waits for this client: stop until
 * on_drain; below 0: not sent (GW_ERR_CLOSED: on_gone follows; GW_ERR_MEMORY). Borrowed until it
 * returns. */
GW_API int gw_exchange_write(struct gw_exchange *exchange, const void *data, size_t len);
/* The body is whole; the exchange may not be used after it. */
GW_API void gw_exchange_end(struct gw_exchange *exchange);
/* Ends the connection at once, whether an answer has begun or not; the exchange may not be used
 * after it, and on_gone is not told. */
GW_API void gw_exchange_abort(struct gw_exchange *exchange);
/* Bytes of a body that goes on that wait here for the client. */
GW_API size_t gw_exchange_buffered(const struct gw_exchange *exchange);

#ifdef __cplusplus
}
#endif

#endif
