/* SPDX-License-Identifier: MIT */
/* TLS 1.2 and 1.3 (OpenSSL) as a stream around a stream. */
#ifndef GW_NET_TLS_H
#define GW_NET_TLS_H

#include "net/stream.h"

/* Settings and keys, shared by many streams and threads; counted. Sessions resume by tickets, which
 * need no memory here and hold on every thread and after a reload; not where a server asks for
 * certificates. A client resumes its latest session with the same server name. Early data is off,
 * renegotiation refused. */
struct gw_tls;

struct gw_tls_options {
  bool is_client;
  const char *cert_file; /* PEM chain; a server must have one, a client may */
  const char *key_file;  /* PEM */
  const char *ca_file;   /* whom to believe; NULL: the system's store */
  bool verify_peer_off;  /* client: believe anyone (--insecure). Off by default: a client verifies
                            chain and name */
  bool want_client_cert; /* server: ask for and require a client's certificate, signed by ca_file */
  const char *alpn;      /* `http/1.1` or a comma list in order of preference; NULL: none */
};

/* GW_ERR_TLS (out_reason, where not NULL, gets OpenSSL's words), GW_ERR_CERTIFICATE (file
 * unreadable or key not matching), GW_ERR_ARGUMENT (alpn). */
int gw_tls_new(const struct gw_tls_options *options, struct gw_tls **out_tls, char *out_reason,
               size_t reason_size);
struct gw_tls *gw_tls_ref(struct gw_tls *tls);
void gw_tls_unref(struct gw_tls *tls);
/* Reads the certificate and key files again; on failure the old ones stay. From any thread; streams
 * that are open keep what they have. */
int gw_tls_reload(struct gw_tls *tls, char *out_reason, size_t reason_size);

/* Wraps `lower` (takes it; also on failure, when it is aborted). A server waits for the
 * ClientHello; a client begins. `server_name`: client only; SNI (where it is no address) and the
 * name or address to verify, NULL: neither. `timeout_ms` bounds the handshake (0: 10,000):
 * GW_ERR_TIMEOUT. The owner set by gw_stream_own gets on_open when the handshake is done; what it
 * writes before that waits. A FIN without close_notify is GW_ERR_RESET. A server's idle stream
 * costs some 500 bytes with TLS 1.3, 13,000 with TLS 1.2. */
int gw_tls_stream_new(struct gw_tls *tls, struct gw_stream *lower, const char *server_name,
                      unsigned timeout_ms, struct gw_stream **out_stream);
/* What ALPN chose; empty where nothing. Only for a TLS stream. */
struct gw_str gw_tls_stream_alpn(const struct gw_stream *stream);
/* Why the handshake failed, in words (OpenSSL's, or the verifier's); valid inside on_close. */
const char *gw_tls_stream_reason(const struct gw_stream *stream);
/* Whether the session was resumed. */
bool gw_tls_stream_is_resumed(const struct gw_stream *stream);

#endif
