/* SPDX-License-Identifier: MIT */
/*
 * One WebSocket connection, the server's end or the client's: what godwit/server.h and
 * godwit/client.h share. The functions on a `struct gw_conn` are for the thread that runs its
 * callbacks; from other threads a connection is named by its id (gw_server_send,
 * gw_server_close_conn in godwit/server.h).
 *
 * Its life: a connection and its user data are made before on_request. Where that does not lead to
 * on_open they are freed without another word here (whoever accepts later watches the exchange:
 * gw_exchange_watch). From on_open on they are there until on_close has returned; then the loop
 * frees them.
 */
#ifndef GODWIT_WEBSOCKET_H
#define GODWIT_WEBSOCKET_H

#include "godwit/ws.h"

#ifdef __cplusplus
extern "C" {
#endif

struct gw_conn;
struct gw_exchange; /* godwit/exchange.h */

/* A message, or a part of one where `protocol.is_streaming` is set. Lent until the callback
 * returns. */
struct gw_message {
  enum gw_ws_opcode type; /* GW_WS_TEXT (then it is valid UTF-8) or GW_WS_BINARY */
  const void *data;
  size_t len;
  bool is_first, is_last; /* a whole message is both */
};

#define GW_WEBSOCKET_LATER 1

/* How a connection ended. */
struct gw_ending {
  unsigned code; /* of the Close frame that ended it; 1005: one without a code; 1006: none came */
  const char *reason; /* UTF-8, NUL-terminated, "" where none was given */
  bool by_peer;       /* the peer closed or vanished; false: we did */
  bool is_clean;      /* both Close frames went (RFC 6455 section 7.1.4) */
  int err;            /* below 0: what broke the connection, an enum gw_err (GW_ERR_CLOSED: our
                         own gw_conn_abort) */
};

/*
 * What happens on the connections of a route (server) or on a client's: functions, all optional,
 * and settings, whose zero is the default. Borrowed for as long as connections may come of it. In a
 * callback any function on any connection of the same thread may be called, gw_conn_close included.
 */
struct gw_websocket {
  /* Server: a request asks for this route, the handshake is right and its Origin allowed. 0
   * accepts; an HTTP status from 400 on refuses; GW_WEBSOCKET_LATER: gw_exchange_accept or
   * gw_exchange_answer follows, later on this thread (gw_exchange_watch tells where the client
   * does not wait). */
  int (*on_request)(struct gw_exchange *exchange, void *user);
  void (*on_open)(struct gw_conn *conn);
  void (*on_message)(struct gw_conn *conn, const struct gw_message *message);
  /* All that was sent has gone to the system, after a send has told of backpressure. */
  void (*on_drain)(struct gw_conn *conn);
  void (*on_pong)(struct gw_conn *conn, const void *data, size_t len);
  /* Server: it stops. Close the connection soon; without it: Close 1001. */
  void (*on_stop)(struct gw_conn *conn);
  /* Once for each on_open, last. The connection may not be used after it. */
  void (*on_close)(struct gw_conn *conn, const struct gw_ending *ending);

  void *user;       /* gw_conn_handler_user; borrowed */
  size_t user_size; /* zeroed bytes of your own with each connection, aligned to 8:
                       gw_conn_user_data */

  struct gw_ws_options protocol; /* limits, streaming, compression; `is_client` is filled in */
  const char *protocols; /* subprotocols that we speak, comma list; a server prefers the first */
  /* Server: whose pages may connect: comma list of origins, such as `https://example.com`; a host
   * that begins with `*.` stands for its subdomains, `self` for the same host, `*` alone for
   * anyone; NULL: the same host only. Requests without Origin pass. */
  const char *origins;
  unsigned ping_ms;    /* a ping after so long without a byte from the peer; 0: 25,000 */
  unsigned pong_ms;    /* and dead without one so long after the ping; 0: 20,000 */
  unsigned close_ms;   /* the peer's answer to our Close; 0: 5,000 */
  unsigned max_pings;  /* pings and pongs taken from the peer in ten seconds, else 1008; 0: 1,000;
                          above 65,535: no limit */
  size_t max_buffered; /* bytes that may wait for a slow reader, else send gives GW_ERR_FULL; 0:
                          max_message + 1 MiB */
};

/* Sends a message. 0: sent or on its way; 1: on its way, but more than 1 MiB waits for this peer:
 * stop until on_drain; below 0: not sent (GW_ERR_CLOSED, GW_ERR_FULL, GW_ERR_MEMORY). The data is
 * borrowed until the call returns. */
GW_API int gw_conn_send(struct gw_conn *conn, enum gw_ws_opcode type, const void *data, size_t len);
/* Sends a part: the first has the type, `is_last` ends the message. Parts go out as frames of their
 * own, uncompressed. */
GW_API int gw_conn_send_part(struct gw_conn *conn, enum gw_ws_opcode type, bool is_last,
                             const void *data, size_t len);
/* At most 125 bytes. on_pong tells of the answer. */
GW_API int gw_conn_ping(struct gw_conn *conn, const void *data, size_t len);
/* A pong that no ping asked for: a heartbeat that wants no answer (RFC 6455 section 5.5.3). Pings
 * are answered without it. */
GW_API int gw_conn_pong(struct gw_conn *conn, const void *data, size_t len);
/* Starts the close handshake; no message comes after it, on_close does. Code 0: a Close frame
 * without a code. A second call gives GW_ERR_CLOSED. */
GW_API int gw_conn_close(struct gw_conn *conn, unsigned code, const char *reason);
/* Ends it at once, without a handshake; on_close comes in the same turn of the loop, never inside
 * the call. */
GW_API void gw_conn_abort(struct gw_conn *conn);
/* Stops reading (what has been read is still told) or goes on: the way to let backpressure reach
 * the peer. Meanwhile a peer is dead that takes nothing of what waits for it. */
GW_API void gw_conn_pause(struct gw_conn *conn, bool is_paused);
/* Bytes that wait here for the peer. */
GW_API size_t gw_conn_buffered(const struct gw_conn *conn);

GW_API void *gw_conn_user_data(struct gw_conn *conn);
GW_API void *gw_conn_handler_user(const struct gw_conn *conn);
/* Names the connection, also after its end, for other threads and tables; never 0, never used
 * again. */
GW_API uint64_t gw_conn_id(const struct gw_conn *conn);
/* The subprotocol that was agreed on; "" for none. Into out, which is given. */
GW_API const char *gw_conn_protocol(const struct gw_conn *conn, char *out, size_t size);
/* `203.0.113.9:4711`, `[2001:db8::1]:4711` or `unix`. Into out, which is given. */
GW_API const char *gw_conn_peer(const struct gw_conn *conn, char *out, size_t size);
GW_API bool gw_conn_is_compressed(const struct gw_conn *conn);

#ifdef __cplusplus
}
#endif

#endif
