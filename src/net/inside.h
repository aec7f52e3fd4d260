/* SPDX-License-Identifier: MIT */
/* What the files of net know of a gw_net and nobody else does. */
#ifndef GW_NET_INSIDE_H
#define GW_NET_INSIDE_H

#include "net/net.h"
#include "net/outbox.h"

enum {
  GW_NET_READ_SIZE = 256 * 1024, /* received at once, at most */
  GW_NET_CORK_SIZE = 64 * 1024,  /* written by one on_data before a system call is due */
};

struct gw_resolver;
struct gw_tcp;
struct gw_tls_shared;

struct gw_net {
  struct gw_loop *loop;
  size_t outbox_high, outbox_cap;
  unsigned linger_ms, last_linger_ms; /* without progress, and for the peer's FIN behind ours */
  struct gw_net_counts counts;
  uint8_t *read_buffer;  /* GW_NET_READ_SIZE, with GW_STREAM_HEADROOM before it */
  uint8_t *cork;         /* GW_NET_CORK_SIZE */
  struct gw_tcp *corked; /* whose on_data runs, and may write into the cork */
  size_t cork_len;
  struct gw_outbox_pool outboxes;
  struct gw_outbox *dirty, **dirty_end; /* to be flushed at the end of the turn */
  struct gw_tcp *dead, **dead_end;      /* to be told of their close */
  struct gw_tcp *told;                  /* to be freed */
  struct gw_task turn_end, retire;
  bool is_turn_end_queued, is_retire_queued;
  bool is_flushing;          /* the dirty ones: what they make others write is for the next turn */
  uint8_t *memory;           /* of both buffers */
  struct gw_tls_shared *tls; /* of the TLS streams; NULL until there is one */
  struct gw_resolver *resolver; /* NULL until a name is dialled */
};

/* The two tasks; tcp.c's. */
void gw_tcp_turn_end(struct gw_task *task);
void gw_tcp_retire(struct gw_task *task);

/* NULL is fine; tls_stream.c's. */
void gw_tls_shared_free(struct gw_tls_shared *shared);

/* What an errno of a connection means to its owner. */
int gw_net_error_of(int error);

#endif
