/* SPDX-License-Identifier: MIT */
/* The server's side of an HTTP/1.1 connection: requests one after the other, each an exchange. */
#ifndef GW_HTTP_H1_H
#define GW_HTTP_H1_H

#include "http/exchange.h"

/* What the connections of one listener on one worker share. */
struct gw_h1_side {
  struct gw_loop *loop;
  bool is_tls;
  uint8_t *rest; /* while one is fed: what lies behind the request that is being served */
  size_t rest_len;
  bool is_draining;      /* answers end their connections */
  unsigned handshake_ms; /* for a request to be whole, from its first byte or from the accept */
  unsigned keep_alive_ms;
  size_t max_body;        /* where on_head does not say */
  struct gw_link conns;   /* all of them, for the end */
  int64_t dated_s;        /* `standard` is that second's, since 1970 */
  struct gw_str standard; /* the lines of every answer: */
  char standard_text[96];
  /* A head is there: the largest body that this request may have. Optional. Header lines that are
   * added here go with a refusal of the body; the request comes without them. */
  size_t (*on_head)(struct gw_h1_side *side, struct gw_exchange *exchange);
  /* A request is whole. Answered in the call, or later on this thread. */
  void (*on_request)(struct gw_h1_side *side, struct gw_exchange *exchange);
  /* A connection has ended or become a WebSocket. Optional. */
  void (*on_done)(struct gw_h1_side *side);
  void *owner;
};

void gw_h1_side_init(struct gw_h1_side *side);
/* Takes the stream. GW_ERR_MEMORY: the stream is aborted. */
int gw_h1_open(struct gw_h1_side *side, struct gw_stream *stream);
/* Ends all that are between requests, and the others after their answer. */
void gw_h1_drain(struct gw_h1_side *side);
/* Ends all at once. */
void gw_h1_abort_all(struct gw_h1_side *side);

#endif
