/* SPDX-License-Identifier: MIT */
/*
 * A WebSocket client on Godwit's event loop. It connects, and where asked to, again and again, with
 * jittered backoff; each connection is a `struct gw_conn` (godwit/websocket.h) with the handler's
 * callbacks.
 */
#ifndef GODWIT_CLIENT_H
#define GODWIT_CLIENT_H

#include "godwit/loop.h"
#include "godwit/websocket.h"

#ifdef __cplusplus
extern "C" {
#endif

struct gw_client;

/* Why a connection could not be made. Lent until the callback returns. */
struct gw_client_failure {
  int err;            /* enum gw_err */
  unsigned status;    /* HTTP status of an answer that was no 101; 0: none came */
  const char *reason; /* in words: OpenSSL's, the server's status line, … */
  unsigned retry_ms;  /* the next try comes after this; 0: none will */
};

/* Zero is the default everywhere. */
struct gw_client_options {
  const char *url; /* ws:// or wss:// (http, https too); copied */
  const struct gw_websocket
      *handler; /* borrowed until gw_client_free; protocols and protocol.deflate are offered */
  const char *origin;  /* copied; NULL: none */
  const char *headers; /* more header lines, each ended by CRLF; copied */
  const char *proxy;   /* http://[user:password@]host:port, asked by CONNECT; copied; NULL: none */
  const char *ca_file; /* whom to believe for wss; NULL: the system's store */
  const char *cert_file, *key_file; /* our own certificate */
  bool is_insecure;                 /* believe any certificate */
  unsigned timeout_ms;              /* for dialling, TLS and handshake together; 0: 10,000 */
  bool may_reconnect; /* after a failure, an unclean end, or a Close that allows it (not 1000, 1002,
                         1003, 1007–1010 or 4400–4499) */
  unsigned backoff_ms; /* the first wait, doubled after each failure, a random part of it taken; 0:
                          500 */
  unsigned backoff_max_ms; /* 0: 30,000 */
  /* A try has failed; where retry_ms is 0 it was the last. Optional. */
  void (*on_failure)(struct gw_client *client, const struct gw_client_failure *failure);
  void *user; /* gw_client_user */
};

/* Begins at once; no callback comes before the loop runs. GW_ERR_ARGUMENT for a URL or header that
 * cannot be sent, GW_ERR_TLS, GW_ERR_CERTIFICATE (files), GW_ERR_MEMORY. */
GW_API int gw_client_open(struct gw_loop *loop, const struct gw_client_options *options,
                          struct gw_client **out_client);
/* Ends it, its connection included (at once, without on_close; use gw_client_close before for a
 * clean end). Also inside callbacks. */
GW_API void gw_client_free(struct gw_client *client);
/* Closes the connection if there is one, and makes no other. */
GW_API void gw_client_close(struct gw_client *client, unsigned code, const char *reason);
/* The open connection, or NULL. */
GW_API struct gw_conn *gw_client_conn(const struct gw_client *client);
/* The client of a connection; NULL where it is a server's. */
GW_API struct gw_client *gw_conn_client(const struct gw_conn *conn);
GW_API void *gw_client_user(const struct gw_client *client);

#ifdef __cplusplus
}
#endif

#endif
