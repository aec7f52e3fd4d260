/* SPDX-License-Identifier: MIT */
/* What the two halves of an HTTP/1.1 connection, its reading and its answers, know of it and nobody
 * else does. */
#ifndef GW_HTTP_H1_INSIDE_H
#define GW_HTTP_H1_INSIDE_H

#include "base/buf.h"
#include "codec/http/body.h"
#include "http/h1.h"

enum gw_h1_state {
  GW_H1_HEAD,     /* a request's head is awaited */
  GW_H1_BODY,     /* its head is kept in `head`, its body grows in `body_bytes` */
  GW_H1_ANSWER,   /* its answer is owed, or goes on */
  GW_H1_ENDING,   /* the stream is closing: nothing is read any more */
  GW_H1_UPGRADED, /* the stream is another's */
};

/* What waits in `in` behind an exchange that listens for the client's end before reading rests, so
 * that the end may go unseen: against a peer that pipelines without end. */
#define GW_H1_AHEAD_MAX GW_HTTP_HEAD_MAX

struct gw_h1 {
  struct gw_exchange exchange; /* first: the ops find their way back by it */
  struct gw_h1_side *side;
  struct gw_stream *stream;
  struct gw_link link;
  struct gw_timer timer;
  struct gw_task retire, resume;
  struct gw_http_scan scan;
  struct gw_http_body body;
  struct gw_buf in, head, body_bytes;
  uint8_t state;
  bool in_feed;     /* feed() is on the stack: it goes on by itself */
  bool is_resuming; /* `resume` is queued */
  bool has_ended;   /* the peer sends no more */
  bool has_begun;   /* the time for this request runs: nothing that still comes may extend it */
  bool is_full;     /* answers wait for a peer that does not read them: no more are made */
  bool keep_alive;  /* what the present request allows */
  bool is_http_1_0;
  bool is_head;
  bool is_held;    /* the client's end is its going, though nothing has been answered */
  bool is_chunked; /* the body that goes on has chunks */
  bool is_mute;    /* it has none: the answer to HEAD, or a status without a body */
  bool is_stopped; /* its exchange has been told that the server stops */
  bool is_guarded; /* gw_stream_guard was called */
  bool is_released;
  uint8_t *rest; /* in feed(): what lies behind the request that is being served */
  size_t rest_len;
};

/* ---- h1_answer.c ---- */

extern const struct gw_exchange_ops gw_h1_ops;
/* A request that cannot be served: says so and ends. */
void gw_h1_refuse(struct gw_h1 *h1, int err);

/* ---- h1.c ---- */

/* Closes the stream gracefully. */
void gw_h1_close(struct gw_h1 *h1);
/* The stream has ended, or is another's: freed at the end of the turn. */
void gw_h1_release(struct gw_h1 *h1);
/* At the turn's end: looks whether the client has gone or the server stops, or serves what had been
 * sent ahead. */
void gw_h1_resume_later(struct gw_h1 *h1);

/* Somebody up there counts on the exchange. */
static inline bool gw_h1_is_owed(const struct gw_h1 *h1) {
  return h1->state == GW_H1_ANSWER && (!h1->exchange.is_answered || h1->exchange.is_streaming);
}
/* The client's end is its going. */
static inline bool gw_h1_listens(const struct gw_h1 *h1) {
  return gw_h1_is_owed(h1) && (h1->is_held || h1->exchange.is_streaming);
}

#endif
