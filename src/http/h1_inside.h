/* SPDX-License-Identifier: MIT */
/* What the two halves of an HTTP/1.1 connection, its reading and its answers, know of it and nobody
 * else does. */
#ifndef GW_HTTP_H1_INSIDE_H
#define GW_HTTP_H1_INSIDE_H

#include "base/buf.h"
#include "codec/http/body.h"
#include "http/h1.h"

#include <assert.h>

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

/* What outlasts the read buffer of a request that is not served yet; most are never kept. */
struct gw_h1_kept {
  struct gw_buf in;   /* what is not used up */
  struct gw_buf head; /* GW_H1_BODY: this and all that follows */
  struct gw_http_body body;
  struct gw_buf body_bytes;
};

struct gw_h1 {
  struct gw_exchange exchange; /* first: the ops find their way back by it */
  struct gw_h1_side *side;
  struct gw_stream *stream;
  struct gw_link link;
  struct gw_timer timer;
  struct gw_task task;     /* is_resuming: the next step; is_released: freeing it */
  struct gw_h1_kept *kept; /* NULL: nothing */
  struct gw_http_scan scan;
  uint8_t state;
  bool in_feed : 1;     /* feed() is on the stack: it goes on by itself */
  bool is_resuming : 1; /* `resume` is queued */
  bool has_ended : 1;   /* the peer sends no more */
  bool has_begun : 1;   /* the time for this request runs: nothing that still comes may extend it */
  bool is_full : 1;     /* answers wait for a peer that does not read them: no more are made */
  bool keep_alive : 1;  /* what the present request allows */
  bool is_http_1_0 : 1;
  bool is_head : 1;
  bool is_held : 1;    /* the client's end is its going, though nothing has been answered */
  bool is_chunked : 1; /* the body that goes on has chunks */
  bool is_mute : 1;    /* it has none: the answer to HEAD, or a status without a body */
  bool is_stopped : 1; /* its exchange has been told that the server stops */
  bool is_guarded : 1; /* gw_stream_guard was called */
  bool is_released : 1;
};

static_assert(sizeof(struct gw_h1) <= 200, "a client that waits has its price");

/* What waits behind the request that is being read or served. */
static inline size_t gw_h1_waiting(const struct gw_h1 *h1) {
  return h1->kept ? h1->kept->in.len : 0;
}

/* ---- h1_answer.c ---- */

extern const struct gw_exchange_ops gw_h1_ops;
/* A request that cannot be served: says so and ends. */
void gw_h1_refuse(struct gw_h1 *h1, int err);

/* ---- h1.c ---- */

/* The request that was kept has been served, its memory is not needed. */
void gw_h1_forget(struct gw_h1 *h1);

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
