/* SPDX-License-Identifier: MIT */
/*
 * The settings of TLS: versions, ciphers, certificates, whom to believe, ALPN, tickets, as one
 * SSL_CTX that many streams of many threads use. A reload builds a whole new one and swaps it; what
 * is open keeps the old one by OpenSSL's own count. The ticket keys move over, so that sessions
 * resume on any worker and after a reload. Moves no bytes (tls_stream.c).
 */
#include "net/tls.h"

#include "godwit/error.h"
#include "net/tls_private.h"

#include <errno.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* AES-128 first: the same margin in practice, ten rounds instead of fourteen, SHA-256 instead of
 * SHA-384; ChaCha20 where the client puts it first (no AES in its processor). TLS 1.2 only with
 * forward secrecy and AEAD (RFC 9325, 4.2). */
#define CIPHERS_13 "TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_256_GCM_SHA384"
#define CIPHERS_12                                                                                 \
  "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"                                     \
  "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:"                                     \
  "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384"
#define GROUPS "X25519:P-256:P-384"

enum {
  CLIENT_CHAIN_MAX = 32768, /* against a client that makes us remember and check a long chain */
  TICKET_KEYS_MAX = 128,
};

/* ---- words ---- */

/* The oldest error is the cause; the ones after it are who noticed. */
static void reason_set(char *out, size_t size, const char *about) {
  unsigned long code = ERR_get_error();
  const char *words = NULL;
  if (code)
    words = ERR_SYSTEM_ERROR(code) ? strerror(ERR_GET_REASON(code)) : ERR_reason_error_string(code);
  if (out && size) snprintf(out, size, "%s: %s", about, words ? words : "refused by OpenSSL");
  ERR_clear_error();
}

/* ---- callbacks of OpenSSL ---- */

/* RFC 7301, 3.2: where nothing fits, no_application_protocol. Our preference counts. */
static int choose_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len,
                       const unsigned char *offer, unsigned offer_len, void *arg) {
  (void)ssl;
  const struct gw_tls *tls = arg;
  unsigned char *chosen = NULL;
  int rc = SSL_select_next_proto(&chosen, out_len, tls->alpn, tls->alpn_len, offer, offer_len);
  if (rc != OPENSSL_NPN_NEGOTIATED) return SSL_TLSEXT_ERR_ALERT_FATAL;
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

/* A key file with a password: an error, not a question on the terminal. */
static int no_password(char *buf, int size, int is_writing, void *arg) {
  (void)buf, (void)size, (void)is_writing, (void)arg;
  return 0;
}

/* A client keeps the latest ticket, and gives each to one connection only (RFC 8446, C.4). */
static int keep_session(SSL *ssl, SSL_SESSION *session) {
  struct gw_tls *tls = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
  const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  char *copy = name ? strdup(name) : NULL;
  if (!copy) return 0;
  pthread_mutex_lock(&tls->lock);
  SSL_SESSION *old = tls->session;
  char *old_name = tls->session_name;
  tls->session = session;
  tls->session_name = copy;
  pthread_mutex_unlock(&tls->lock);
  SSL_SESSION_free(old);
  free(old_name);
  return 1;
}

static SSL_SESSION *session_take(struct gw_tls *tls, const char *server_name) {
  SSL_SESSION *session = NULL;
  if (server_name && tls->session && strcmp(server_name, tls->session_name) == 0) {
    session = tls->session;
    tls->session = NULL;
    free(tls->session_name);
    tls->session_name = NULL;
  }
  return session;
}

/* ---- an SSL_CTX by the settings ---- */

static int set_protocol(SSL_CTX *ctx) {
  SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                               SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
  /* No auto chain: the chain is what the file says; OpenSSL would look for issuers anew in each
   * handshake. */
  SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_NO_AUTO_CHAIN);
  return SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) &&
         SSL_CTX_set_cipher_list(ctx, CIPHERS_12) && SSL_CTX_set_ciphersuites(ctx, CIPHERS_13) &&
         SSL_CTX_set1_groups_list(ctx, GROUPS);
}

static void set_server(struct gw_tls *tls, SSL_CTX *ctx) {
  static const unsigned char id[] = "godwit";
  SSL_CTX_set_session_id_context(ctx, id, sizeof id - 1);
  SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_max_cert_list(ctx, CLIENT_CHAIN_MAX);
  if (tls->alpn_len) SSL_CTX_set_alpn_select_cb(ctx, choose_alpn, tls);
  gw_tls_ssl_tell_secrets(ctx);
  if (!tls->want_client_cert) {
    SSL_CTX_set_num_tickets(ctx, 1);
    return;
  }
  /* A client's certificate is checked in every handshake: a ticket would outlive a change of
   * ca_file. */
  SSL_CTX_set_num_tickets(ctx, 0);
  SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET);
  SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
}

static bool set_client(struct gw_tls *tls, SSL_CTX *ctx) {
  SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(ctx, keep_session);
  SSL_CTX_set_verify(ctx, tls->verify_peer_off ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, NULL);
  return !tls->alpn_len || SSL_CTX_set_alpn_protos(ctx, tls->alpn, tls->alpn_len) == 0;
}

static int load_files(struct gw_tls *tls, SSL_CTX *ctx, char *reason, size_t size) {
  SSL_CTX_set_default_passwd_cb(ctx, no_password);
  if (tls->cert_file && SSL_CTX_use_certificate_chain_file(ctx, tls->cert_file) != 1) {
    reason_set(reason, size, tls->cert_file);
    return GW_ERR_CERTIFICATE;
  }
  if (tls->cert_file && (SSL_CTX_use_PrivateKey_file(ctx, tls->key_file, SSL_FILETYPE_PEM) != 1 ||
                         SSL_CTX_check_private_key(ctx) != 1)) {
    reason_set(reason, size, tls->key_file);
    return GW_ERR_CERTIFICATE;
  }
  bool needs_ca = tls->is_client ? !tls->verify_peer_off : tls->want_client_cert;
  if (!needs_ca) return 0;
  int ok = tls->ca_file ? SSL_CTX_load_verify_file(ctx, tls->ca_file)
                        : SSL_CTX_set_default_verify_paths(ctx);
  STACK_OF(X509_NAME) *names = NULL;
  if (ok && !tls->is_client && tls->ca_file) ok = !!(names = SSL_load_client_CA_file(tls->ca_file));
  if (names) SSL_CTX_set_client_CA_list(ctx, names);
  if (ok) return 0;
  reason_set(reason, size, tls->ca_file ? tls->ca_file : "the system's certificates");
  return GW_ERR_CERTIFICATE;
}

static int ctx_new(struct gw_tls *tls, SSL_CTX **out_ctx, char *reason, size_t size) {
  ERR_clear_error();
  SSL_CTX *ctx = SSL_CTX_new(tls->is_client ? TLS_client_method() : TLS_server_method());
  int err = GW_ERR_TLS;
  if (!ctx || !set_protocol(ctx)) goto fail;
  SSL_CTX_set_app_data(ctx, tls);
  if (!tls->is_client)
    set_server(tls, ctx);
  else if (!set_client(tls, ctx))
    goto fail;
  err = load_files(tls, ctx, reason, size);
  if (err) goto fail;
  *out_ctx = ctx;
  return 0;
fail:
  if (err == GW_ERR_TLS) reason_set(reason, size, "TLS settings");
  SSL_CTX_free(ctx);
  return err;
}

/* ---- the settings ---- */

static int alpn_set(struct gw_tls *tls, const char *list) {
  while (list && *list) {
    size_t len = strcspn(list, ",");
    if (len == 0 || tls->alpn_len + 1 + len > GW_TLS_ALPN_MAX) return GW_ERR_ARGUMENT;
    tls->alpn[tls->alpn_len] = (uint8_t)len;
    memcpy(tls->alpn + tls->alpn_len + 1, list, len);
    tls->alpn_len = (uint8_t)(tls->alpn_len + 1 + len);
    list += len;
    list += strspn(list, ", ");
  }
  return 0;
}

static int copy_text(const char *text, char **out) {
  if (!text) return 0;
  *out = strdup(text);
  return *out ? 0 : GW_ERR_MEMORY;
}

static int settings_copy(struct gw_tls *tls, const struct gw_tls_options *options) {
  int err = alpn_set(tls, options->alpn);
  if (!err) err = copy_text(options->cert_file, &tls->cert_file);
  if (!err) err = copy_text(options->key_file, &tls->key_file);
  if (!err) err = copy_text(options->ca_file, &tls->ca_file);
  tls->is_client = options->is_client;
  tls->verify_peer_off = options->verify_peer_off;
  tls->want_client_cert = options->want_client_cert;
  return err;
}

int gw_tls_new(const struct gw_tls_options *options, struct gw_tls **out_tls, char *out_reason,
               size_t reason_size) {
  if (out_reason && reason_size) out_reason[0] = '\0';
  bool has_cert = options->cert_file && options->key_file;
  if (!has_cert && (!options->is_client || options->cert_file || options->key_file)) {
    if (out_reason) snprintf(out_reason, reason_size, "a certificate and its key go together");
    return GW_ERR_CERTIFICATE;
  }
  struct gw_tls *tls = calloc(1, sizeof *tls);
  if (!tls) return GW_ERR_MEMORY;
  tls->refs = 1;
  pthread_mutex_init(&tls->lock, NULL);
  int err = settings_copy(tls, options);
  if (!err) err = ctx_new(tls, &tls->ctx, out_reason, reason_size);
  if (err) {
    gw_tls_unref(tls);
    return err;
  }
  *out_tls = tls;
  return 0;
}

struct gw_tls *gw_tls_ref(struct gw_tls *tls) {
  atomic_fetch_add_explicit(&tls->refs, 1, memory_order_relaxed);
  return tls;
}

void gw_tls_unref(struct gw_tls *tls) {
  if (!tls || atomic_fetch_sub_explicit(&tls->refs, 1, memory_order_acq_rel) != 1) return;
  SSL_SESSION_free(tls->session);
  SSL_CTX_free(tls->ctx);
  pthread_mutex_destroy(&tls->lock);
  free(tls->session_name);
  free(tls->cert_file);
  free(tls->key_file);
  free(tls->ca_file);
  free(tls);
}

static void ticket_keys_move(SSL_CTX *from, SSL_CTX *to) {
  unsigned char keys[TICKET_KEYS_MAX];
  long len = SSL_CTX_get_tlsext_ticket_keys(from, NULL, 0);
  if (len <= 0 || len > TICKET_KEYS_MAX) return;
  if (SSL_CTX_get_tlsext_ticket_keys(from, keys, len) == 1)
    SSL_CTX_set_tlsext_ticket_keys(to, keys, len);
  OPENSSL_cleanse(keys, sizeof keys);
}

int gw_tls_reload(struct gw_tls *tls, char *out_reason, size_t reason_size) {
  if (out_reason && reason_size) out_reason[0] = '\0';
  SSL_CTX *ctx = NULL;
  int err = ctx_new(tls, &ctx, out_reason, reason_size);
  if (err) return err;
  pthread_mutex_lock(&tls->lock);
  SSL_CTX *old = tls->ctx;
  if (!tls->is_client) ticket_keys_move(old, ctx);
  tls->ctx = ctx;
  pthread_mutex_unlock(&tls->lock);
  SSL_CTX_free(old);
  return 0;
}

SSL *gw_tls_connection_new(struct gw_tls *tls, const char *server_name) {
  pthread_mutex_lock(&tls->lock);
  SSL *ssl = SSL_new(tls->ctx);
  SSL_SESSION *session = ssl ? session_take(tls, server_name) : NULL;
  pthread_mutex_unlock(&tls->lock);
  if (session) SSL_set_session(ssl, session);
  SSL_SESSION_free(session);
  return ssl;
}
