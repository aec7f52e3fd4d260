/* SPDX-License-Identifier: MIT */
/*
 * Records of TLS 1.3 once the handshake is done (RFC 8446, 5): sealed and opened with the traffic
 * keys alone, so that an open connection keeps some 250 bytes instead of OpenSSL's many thousands.
 * The cipher state belongs to the net; a connection's key is loaded when another one was there.
 */
#ifndef GW_NET_TLS_RECORD_H
#define GW_NET_TLS_RECORD_H

#include <openssl/evp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
  GW_TLS_TEXT_MAX = 16384,                 /* plaintext of one record, RFC 8446, 5.1 */
  GW_TLS_HEAD = 5,                         /* before the sealed text */
  GW_TLS_TAIL = 1 + 16,                    /* behind it: type, tag */
  GW_TLS_BODY_MAX = GW_TLS_TEXT_MAX + 256, /* of a record as it comes, RFC 8446, 5.2 */
  GW_TLS_SECRET_MAX = 48,
  GW_TLS_WORN_AFTER = 1 << 24, /* records of one key; AES-GCM: 2^24.5, RFC 8446, 5.5 */
};

enum gw_tls_type { GW_TLS_ALERT = 21, GW_TLS_HANDSHAKE = 22, GW_TLS_DATA = 23 };

/* RFC 8446, 6 */
enum gw_tls_alert {
  GW_TLS_CLOSE_NOTIFY = 0,
  GW_TLS_UNEXPECTED_MESSAGE = 10,
  GW_TLS_BAD_RECORD_MAC = 20,
  GW_TLS_RECORD_OVERFLOW = 22,
  GW_TLS_ILLEGAL_PARAMETER = 47,
  GW_TLS_DECODE_ERROR = 50,
  GW_TLS_INTERNAL_ERROR = 80,
  GW_TLS_USER_CANCELED = 90,
};

struct gw_tls_suite;

/* One direction. */
struct gw_tls_keys {
  uint64_t id; /* of this key: who it is that a cipher state has loaded */
  uint64_t seq;
  uint8_t secret[GW_TLS_SECRET_MAX];
  uint8_t key[32];
  uint8_t iv[12];
};

struct gw_tls_records {
  const struct gw_tls_suite *suite;
  struct gw_tls_keys in, out;
  uint8_t message[5]; /* a handshake message that is still partial: only KeyUpdate is awaited */
  uint8_t message_len;
  uint8_t updates;    /* of the peer's keys, one after the other without data */
  bool owes_update;   /* the peer asked for one of ours */
  uint8_t alert;      /* what a failed open has to send */
  uint8_t peer_alert; /* what ended the connection, where the peer sent it */
};

/* Cipher states, one of each kind per direction, and the keyed hash; one per net. */
struct gw_tls_ciphers {
  uint64_t next_id;
  EVP_MAC *hmac;
  EVP_MAC_CTX *hash[2];
  EVP_CIPHER_CTX *seal[3], *open[3];
  uint64_t sealing[3], opening[3]; /* the id of the key that is loaded */
};

/* GW_ERR_MEMORY. */
int gw_tls_ciphers_open(struct gw_tls_ciphers *ciphers);
void gw_tls_ciphers_close(struct gw_tls_ciphers *ciphers);

/* The length of a traffic secret of this suite (0x1301 ...); 0: not known here. */
size_t gw_tls_suite_secret_len(unsigned suite);
/* From the secrets of both directions on; `out_seq` records have been sealed already. GW_ERR_TLS.
 */
int gw_tls_records_init(struct gw_tls_records *records, struct gw_tls_ciphers *ciphers,
                        unsigned suite, const uint8_t *secret_in, const uint8_t *secret_out,
                        uint64_t out_seq);

/* Whether the key has sealed as much as it should (RFC 8446, 5.5): seal a KeyUpdate. */
bool gw_tls_records_are_worn(const struct gw_tls_records *records);
/* Writes one record with `len` (at most GW_TLS_TEXT_MAX) bytes to `out`, which has GW_TLS_HEAD +
 * len + GW_TLS_TAIL; `text` may be out + GW_TLS_HEAD. The record's length, or GW_ERR_TLS. */
int gw_tls_record_seal(struct gw_tls_records *records, struct gw_tls_ciphers *ciphers,
                       enum gw_tls_type type, const uint8_t *text, size_t len, uint8_t *out);
/* A KeyUpdate, sealed with the old key; the new one comes into force. As above; `out` has 64 bytes.
 */
int gw_tls_record_update(struct gw_tls_records *records, struct gw_tls_ciphers *ciphers,
                         uint8_t *out);

/* How long the record at `in` is, head included; 0: `len` does not tell yet. It may be longer than
 * a record may be. */
size_t gw_tls_record_size(const uint8_t *in, size_t len);
/* Opens one whole record. Its data, if it is data, goes to `out` (room for GW_TLS_BODY_MAX). 0, 1
 * after close_notify, or GW_ERR_TLS: see `alert` and `peer_alert`. */
int gw_tls_record_open(struct gw_tls_records *records, struct gw_tls_ciphers *ciphers,
                       const uint8_t *in, size_t size, uint8_t *out, size_t *out_len);

#endif
