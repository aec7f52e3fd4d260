/* SPDX-License-Identifier: MIT */
/*
 * A small HTTP/1.1 client: one request at a time, over http or https, told as it comes; the
 * connection is kept for the next request to the same server. It follows no redirect, keeps no
 * cookie, and asks for no coding.
 */
#ifndef GW_CLIENT_HTTP_H
#define GW_CLIENT_HTTP_H

#include "codec/http/head.h"
#include "godwit/loop.h"

struct gw_http_client;

/* All strings borrowed for as long as the client lives. Zero is the default. */
struct gw_http_client_options {
  const char *unix_path; /* this socket, whatever host and port a URL names; NULL: TCP */
  const char *ca_file;   /* whom to believe for https; NULL: the system's store */
  bool is_insecure;      /* believe any certificate */
};

/* What comes of a request. In each of them a client may be cancelled, freed, or, in on_end, asked
 * again. */
struct gw_http_client_events {
  /* The final answer's head (1xx are passed over). Lent. */
  void (*on_head)(void *owner, const struct gw_http_head *head);
  /* A piece of its body, without its chunks. Lent; how much it comes to, the owner caps. */
  void (*on_body)(void *owner, const char *data, size_t len);
  /* Once for each request that was taken, last: 0 when the answer is whole, else an enum gw_err
   * with words for it. */
  void (*on_end)(void *owner, int err, const char *reason);
};

/* Everything is borrowed until the call returns. */
struct gw_http_ask {
  struct gw_str method;               /* at NULL: GET */
  struct gw_str url;                  /* http, https; ws and wss mean the same */
  const struct gw_http_field *fields; /* beside Host, Content-Length and Connection, which are
                                         the client's own */
  unsigned n_fields;
  struct gw_str body;  /* at NULL: none */
  unsigned timeout_ms; /* until the answer's head is there; 0: 10,000 */
  unsigned quiet_ms;   /* and then between two pieces of the body; 0: 30,000 */
  /* Where a kept connection turns out to be dead before a byte of the answer has come, the request
   * is sent once more on a new one (RFC 9110 section 9.2.2: only what does no harm twice). */
  bool may_repeat;
};

/* GW_ERR_MEMORY, GW_ERR_SYSTEM. */
int gw_http_client_new(struct gw_loop *loop, const struct gw_http_client_options *options,
                       const struct gw_http_client_events *events, void *owner,
                       struct gw_http_client **out_client);
/* Begins a request; no event comes inside the call. GW_ERR_STATE while one is under way;
 * GW_ERR_ARGUMENT for what cannot be sent as it is (security.md 6), GW_ERR_TLS and
 * GW_ERR_CERTIFICATE for the files, GW_ERR_MEMORY: then nothing was sent, and no event comes. */
int gw_http_client_ask(struct gw_http_client *client, const struct gw_http_ask *ask);
/* Ends the request under way, its connection too; no event comes of it. */
void gw_http_client_cancel(struct gw_http_client *client);
/* Cancels, and frees at the end of the turn. NULL is fine. */
void gw_http_client_free(struct gw_http_client *client);

#endif
