/* SPDX-License-Identifier: MIT */
/*
 * OpenSSL, step by step: handshake, open, seal, end. Its bytes come and go by one BIO that all
 * connections of a net share, since only one of them is inside OpenSSL at a time: it lends the
 * input of the moment and gathers the output, so that a burst of records is one write to the stream
 * below. The error queue is empty between the steps.
 */
#include "godwit/error.h"
#include "net/tls_private.h"

#include <openssl/err.h>
#include <string.h>

/* ---- the BIO ---- */

static int bio_read(BIO *bio, char *out, int len) {
  struct gw_tls_bio *b = BIO_get_data(bio);
  BIO_clear_retry_flags(bio);
  if (b->in_len == 0) {
    BIO_set_retry_read(bio);
    return -1;
  }
  size_t n = b->in_len < (size_t)len ? b->in_len : (size_t)len;
  memcpy(out, b->in, n);
  b->in += n;
  b->in_len -= n;
  return (int)n;
}

int gw_tls_bio_flush(struct gw_tls_bio *bio) {
  struct gw_piece piece = {.data = bio->out, .len = bio->out_len};
  bio->out_len = 0;
  int rc = piece.len ? gw_stream_write(bio->lower, &piece, 1) : 0;
  if (rc > 0) bio->is_blocked = true;
  if (rc < 0) bio->err = rc;
  return rc < 0 ? rc : 0;
}

static int bio_write(BIO *bio, const char *data, int len) {
  struct gw_tls_bio *b = BIO_get_data(bio);
  BIO_clear_retry_flags(bio);
  for (size_t done = 0, n; done < (size_t)len; done += n) {
    if (b->out_len == sizeof b->out && gw_tls_bio_flush(b) < 0) return -1;
    n = sizeof b->out - b->out_len;
    if (n > (size_t)len - done) n = (size_t)len - done;
    memcpy(b->out + b->out_len, data + done, n);
    b->out_len += n;
  }
  return len;
}

static long bio_ctrl(BIO *bio, int command, long number, void *arg) {
  (void)bio, (void)number, (void)arg;
  return command == BIO_CTRL_FLUSH;
}

int gw_tls_bio_open(struct gw_tls_bio *bio) {
  bio->lower = NULL;
  bio->out_len = 0;
  bio->method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "godwit stream");
  if (!bio->method) return GW_ERR_MEMORY;
  BIO_meth_set_read(bio->method, bio_read);
  BIO_meth_set_write(bio->method, bio_write);
  BIO_meth_set_ctrl(bio->method, bio_ctrl);
  bio->bio = BIO_new(bio->method);
  if (!bio->bio) {
    BIO_meth_free(bio->method);
    return GW_ERR_MEMORY;
  }
  BIO_set_data(bio->bio, bio);
  BIO_set_init(bio->bio, 1);
  return 0;
}

void gw_tls_bio_close(struct gw_tls_bio *bio) {
  BIO_free(bio->bio);
  BIO_meth_free(bio->method);
}

/* ---- errors ---- */

static void step_begin(struct gw_tls_bio *bio) {
  bio->err = 0;
  if (ERR_peek_error()) ERR_clear_error(); /* the program's own use of OpenSSL may leave some */
}

static int step_failed(SSL *ssl, struct gw_tls_bio *bio, const char **out_reason) {
  unsigned long code = ERR_get_error();
  ERR_clear_error();
  long verdict = SSL_get_verify_result(ssl);
  if (bio->err) return bio->err;
  if (verdict != X509_V_OK && ERR_GET_REASON(code) == SSL_R_CERTIFICATE_VERIFY_FAILED) {
    *out_reason = X509_verify_cert_error_string(verdict);
    return GW_ERR_CERTIFICATE;
  }
  *out_reason = code ? ERR_reason_error_string(code) : NULL;
  return ERR_GET_REASON(code) == ERR_R_MALLOC_FAILURE ? GW_ERR_MEMORY : GW_ERR_TLS;
}

/* ---- the secrets of TLS 1.3 ---- */

static int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static uint8_t read_hex(const char *hex, uint8_t *out, size_t room) {
  size_t n = 0;
  for (; n < room && hex_digit(hex[0]) >= 0 && hex_digit(hex[1]) >= 0; hex += 2)
    out[n++] = (uint8_t)(hex_digit(hex[0]) << 4 | hex_digit(hex[1]));
  return (uint8_t)n;
}

/* A line of the NSS key log: LABEL, the ClientHello's random, the secret. */
static void hear_secret(const SSL *ssl, const char *line) {
  struct gw_tls_secrets *secrets = SSL_get_app_data(ssl);
  static const char in[] = "CLIENT_TRAFFIC_SECRET_0 ", out[] = "SERVER_TRAFFIC_SECRET_0 ";
  const char *secret = strrchr(line, ' ');
  if (!secrets || !secret) return;
  if (strncmp(line, in, sizeof in - 1) == 0)
    secrets->in_len = read_hex(secret + 1, secrets->in, sizeof secrets->in);
  if (strncmp(line, out, sizeof out - 1) == 0)
    secrets->out_len = read_hex(secret + 1, secrets->out, sizeof secrets->out);
}

static void hear_record(int is_write, int version, int type, const void *data, size_t len, SSL *ssl,
                        void *arg) {
  (void)version, (void)data, (void)len, (void)arg;
  struct gw_tls_secrets *secrets = SSL_get_app_data(ssl);
  if (is_write && type == SSL3_RT_HEADER && secrets) secrets->sealed++;
}

void gw_tls_ssl_tell_secrets(SSL_CTX *ctx) {
  SSL_CTX_set_keylog_callback(ctx, hear_secret);
  SSL_CTX_set_msg_callback(ctx, hear_record);
}

/* ---- the steps ---- */

int gw_tls_ssl_handshake(SSL *ssl, struct gw_tls_bio *bio, const char **out_reason) {
  struct gw_tls_secrets *secrets = SSL_get_app_data(ssl);
  if (secrets) secrets->sealed = 0;
  step_begin(bio);
  int rc = SSL_do_handshake(ssl);
  if (rc == 1) return GW_TLS_DONE;
  return SSL_get_error(ssl, rc) == SSL_ERROR_WANT_READ ? 0 : step_failed(ssl, bio, out_reason);
}

int gw_tls_ssl_open(SSL *ssl, struct gw_tls_bio *bio, uint8_t *out, size_t room, size_t *out_len,
                    const char **out_reason) {
  step_begin(bio);
  size_t len = 0;
  int rc = 1;
  while (rc == 1 && room - len >= GW_TLS_TEXT_MAX) {
    size_t n = 0;
    rc = SSL_read_ex(ssl, out + len, room - len, &n);
    len += n;
  }
  *out_len = len;
  if (rc == 1) return 0;
  switch (SSL_get_error(ssl, rc)) {
  case SSL_ERROR_WANT_READ: return 0;
  case SSL_ERROR_ZERO_RETURN: return GW_TLS_END;
  default: return step_failed(ssl, bio, out_reason);
  }
}

int gw_tls_ssl_seal(SSL *ssl, struct gw_tls_bio *bio, const uint8_t *data, size_t len,
                    const char **out_reason) {
  step_begin(bio);
  size_t n = 0;
  return SSL_write_ex(ssl, data, len, &n) == 1 ? 0 : step_failed(ssl, bio, out_reason);
}

void gw_tls_ssl_end(SSL *ssl, struct gw_tls_bio *bio) {
  step_begin(bio);
  if (SSL_shutdown(ssl) < 0) ERR_clear_error();
}
