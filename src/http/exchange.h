/* SPDX-License-Identifier: MIT */
/*
 * One request and its answer: one face for every version of HTTP and for a WebSocket on any of
 * them. What carries the exchange fills the table of functions; who answers sees only this and
 * godwit/exchange.h.
 */
#ifndef GW_HTTP_EXCHANGE_H
#define GW_HTTP_EXCHANGE_H

#include "codec/http/head.h"
#include "godwit/exchange.h"
#include "http/websocket.h"

struct gw_exchange_ops {
  /* As gw_exchange_answer, with a reply that has been checked. */
  int (*answer)(struct gw_exchange *exchange, const struct gw_reply *reply);
  /* As gw_exchange_begin, with a reply that has been checked; sets is_streaming. */
  int (*begin)(struct gw_exchange *exchange, const struct gw_reply *reply);
  /* More of the body; `is_chunk`: as gw_exchange_write_chunk. */
  int (*write)(struct gw_exchange *exchange, struct gw_piece piece, bool is_chunk);
  /* The body that goes on is over. Not whole: ends the connection at once, whether or not an answer
   * has begun. */
  void (*end)(struct gw_exchange *exchange, bool is_whole);
  void (*hold)(struct gw_exchange *exchange);
  /* Answers that the protocol changes and gives the stream to the connection. */
  int (*upgrade)(struct gw_exchange *exchange, struct gw_conn *conn,
                 const struct gw_ws_request *request, int protocol);
  struct gw_stream *(*stream)(const struct gw_exchange *exchange);
};

struct gw_exchange {
  const struct gw_exchange_ops *ops;
  const struct gw_http_head *head; /* NULL once the handler has returned */
  struct gw_str body;
  struct gw_loop *loop;
  bool is_tls;
  bool is_answered;     /* or has begun to be */
  bool is_streaming;    /* its body goes on */
  bool must_close;      /* the connection ends with the answer, whatever the head says */
  bool is_problem;      /* its answer is an error's (gw_exchange_problem) */
  struct gw_conn *conn; /* in a WebSocket's on_request, and until it is accepted: what it would
                           become */
  char *lines;          /* header lines for whatever answer it gets; its own memory */
  struct gw_exchange_late *late; /* what accepting it later needs; NULL: nothing is owed */
  const struct gw_exchange_events *events; /* NULL: nobody watches */
  void *events_user;
};

/* As gw_exchange_write, with bytes that are shared: one chunk as HTTP/1.1 frames it (`size CRLF
 * data CRLF`), made once for many clients. Where the body is not sent in chunks, only the data
 * inside goes out. */
int gw_exchange_write_chunk(struct gw_exchange *exchange, struct gw_bytes *chunk);
/* Whether bytes wait that the system would not take; on_drain follows then. */
bool gw_exchange_is_waiting(struct gw_exchange *exchange);
/* A number that is another one when the client has taken some since it was last asked for. */
uint32_t gw_exchange_taken(const struct gw_exchange *exchange);

/* Its answer may take as long as it likes (a long poll): from now on the client is gone as soon as
 * it sends no more, as it is once a body goes on, and a client that vanished without a word is
 * found within a minute. Without it a client that has only said its last (`nc -N`) still gets its
 * answer. on_gone never comes inside the call. */
void gw_exchange_hold(struct gw_exchange *exchange);

/* As gw_conn_keep_fresh. */
void gw_exchange_keep_fresh(struct gw_exchange *exchange);

/* ---- for what carries it ---- */

/* What waited has gone to the system. */
void gw_exchange_drained(struct gw_exchange *exchange);
/* The server stops, and this exchange is held or its body goes on: tells, or where nobody listens
 * for it ends it, after its on_gone. */
void gw_exchange_stop(struct gw_exchange *exchange);
/* It can no longer be answered: tells whoever owes the answer, or awaits the opening. */
void gw_exchange_abandon(struct gw_exchange *exchange);

/* ---- */

/* Whether the request asks for a WebSocket (Upgrade lists it and Connection says so, RFC 6455
 * section 4.2.1). */
bool gw_exchange_wants_websocket(const struct gw_exchange *exchange);
/* Whether the client offers one of the handler's subprotocols. */
bool gw_exchange_offers_protocol(const struct gw_exchange *exchange,
                                 const struct gw_websocket *handler);
/* Makes it a connection of the route: checks the handshake, asks the handler, answers 101. Where
 * something is wrong, the answer says so (400, 405, 426, or the handler's status) and the
 * connection ends. */
void gw_exchange_websocket(struct gw_exchange *exchange, struct gw_conn_route *route);
/* An answer of one status with its own text as the body, application/problem+json (RFC 9457);
 * `detail` may be NULL and goes in as it is: our own words, without quotes or backslashes. */
void gw_exchange_problem(struct gw_exchange *exchange, unsigned status, const char *detail);
/* The same with more header lines, each ended by CRLF. */
void gw_exchange_problem_with(struct gw_exchange *exchange, unsigned status, const char *detail,
                              const char *headers);
/* Whether the request's Origin may be here: none, the same host, or one of the comma list
 * (godwit/websocket.h, `origins`). */
bool gw_exchange_origin_is_allowed(const struct gw_exchange *exchange, const char *origins);

#endif
