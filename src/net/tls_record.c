/* SPDX-License-Identifier: MIT */
/*
 * Records of TLS 1.3 and the one handshake message that may come among them, KeyUpdate. All
 * cryptography is OpenSSL's; what is ours is the frame around it: head, nonce, type, order, limits.
 * Sequence numbers only grow, and a key is used with each of them once.
 */
#include "net/tls_record.h"

#include "godwit/error.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/params.h>
#include <string.h>

enum {
  TAG = 16,
  UPDATES_MAX = 32, /* against a peer that keeps us deriving keys */
  KEY_UPDATE = 24,  /* RFC 8446, 4.6.3 */
};

struct gw_tls_suite {
  unsigned id;
  unsigned cipher; /* which cipher state */
  unsigned hash;
  uint8_t key_len, secret_len;
};

static const struct gw_tls_suite suites[] = {
    {0x1301, 0, 0, 16, 32}, /* TLS_AES_128_GCM_SHA256 */
    {0x1302, 1, 1, 32, 48}, /* TLS_AES_256_GCM_SHA384 */
    {0x1303, 2, 0, 32, 32}, /* TLS_CHACHA20_POLY1305_SHA256 */
};
static const char *const cipher_names[] = {"AES-128-GCM", "AES-256-GCM", "ChaCha20-Poly1305"};
static const char *const hash_names[] = {"SHA256", "SHA384"};

static const struct gw_tls_suite *suite_find(unsigned id) {
  for (size_t i = 0; i < sizeof suites / sizeof *suites; i++)
    if (suites[i].id == id) return &suites[i];
  return NULL;
}

size_t gw_tls_suite_secret_len(unsigned suite) {
  const struct gw_tls_suite *found = suite_find(suite);
  return found ? found->secret_len : 0;
}

/* ---- cipher states ---- */

static EVP_CIPHER_CTX *cipher_new(const char *name, int is_sealing) {
  EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, name, NULL);
  EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
  int ok = cipher && ctx && EVP_CipherInit_ex2(ctx, cipher, NULL, NULL, is_sealing, NULL);
  EVP_CIPHER_free(cipher);
  if (ok) return ctx;
  EVP_CIPHER_CTX_free(ctx);
  return NULL;
}

static EVP_MAC_CTX *hash_new(EVP_MAC *hmac, const char *name) {
  EVP_MAC_CTX *ctx = hmac ? EVP_MAC_CTX_new(hmac) : NULL;
  char digest[8] = "";
  memcpy(digest, name, strlen(name));
  const OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                               OSSL_PARAM_construct_end()};
  if (ctx && EVP_MAC_CTX_set_params(ctx, params)) return ctx;
  EVP_MAC_CTX_free(ctx);
  return NULL;
}

int gw_tls_ciphers_open(struct gw_tls_ciphers *ciphers) {
  *ciphers = (struct gw_tls_ciphers){.next_id = 1};
  ciphers->hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
  bool ok = true;
  for (unsigned i = 0; i < 2; i++)
    ok = (ciphers->hash[i] = hash_new(ciphers->hmac, hash_names[i])) && ok;
  for (unsigned i = 0; i < 3; i++) {
    ok = (ciphers->seal[i] = cipher_new(cipher_names[i], 1)) && ok;
    ok = (ciphers->open[i] = cipher_new(cipher_names[i], 0)) && ok;
  }
  if (ok) return 0;
  gw_tls_ciphers_close(ciphers);
  return GW_ERR_MEMORY;
}

void gw_tls_ciphers_close(struct gw_tls_ciphers *ciphers) {
  for (unsigned i = 0; i < 3; i++) {
    EVP_CIPHER_CTX_free(ciphers->seal[i]);
    EVP_CIPHER_CTX_free(ciphers->open[i]);
  }
  for (unsigned i = 0; i < 2; i++)
    EVP_MAC_CTX_free(ciphers->hash[i]);
  EVP_MAC_free(ciphers->hmac);
}

/* ---- keys ---- */

/* HKDF-Expand-Label (RFC 8446, 7.1) for no more than one block of the hash: a single HMAC. */
static bool expand(struct gw_tls_ciphers *ciphers, const struct gw_tls_suite *suite,
                   const uint8_t *secret, const char *label, uint8_t *out, size_t len) {
  uint8_t info[32] = {0, (uint8_t)len, 0, 't', 'l', 's', '1', '3', ' '};
  size_t label_len = strlen(label);
  memcpy(info + 9, label, label_len);
  info[2] = (uint8_t)(6 + label_len);
  size_t info_len = 9 + label_len + 1; /* no context */
  info[info_len++] = 1;                /* HKDF's counter, RFC 5869, 2.3 */
  uint8_t block[GW_TLS_SECRET_MAX];
  size_t block_len;
  EVP_MAC_CTX *mac = ciphers->hash[suite->hash];
  bool ok = EVP_MAC_init(mac, secret, suite->secret_len, NULL) &&
            EVP_MAC_update(mac, info, info_len) &&
            EVP_MAC_final(mac, block, &block_len, sizeof block);
  if (ok) memcpy(out, block, len);
  OPENSSL_cleanse(block, sizeof block);
  return ok;
}

static bool keys_derive(struct gw_tls_keys *keys, struct gw_tls_ciphers *ciphers,
                        const struct gw_tls_suite *suite) {
  keys->seq = 0;
  keys->id = ciphers->next_id++;
  return expand(ciphers, suite, keys->secret, "key", keys->key, suite->key_len) &&
         expand(ciphers, suite, keys->secret, "iv", keys->iv, sizeof keys->iv);
}

/* RFC 8446, 7.2 */
static bool keys_update(struct gw_tls_keys *keys, struct gw_tls_ciphers *ciphers,
                        const struct gw_tls_suite *suite) {
  return expand(ciphers, suite, keys->secret, "traffic upd", keys->secret, suite->secret_len) &&
         keys_derive(keys, ciphers, suite);
}

int gw_tls_records_init(struct gw_tls_records *records, struct gw_tls_ciphers *ciphers,
                        unsigned suite, const uint8_t *secret_in, const uint8_t *secret_out,
                        uint64_t out_seq) {
  *records = (struct gw_tls_records){.suite = suite_find(suite)};
  if (!records->suite) return GW_ERR_TLS;
  memcpy(records->in.secret, secret_in, records->suite->secret_len);
  memcpy(records->out.secret, secret_out, records->suite->secret_len);
  if (!keys_derive(&records->in, ciphers, records->suite) ||
      !keys_derive(&records->out, ciphers, records->suite))
    return GW_ERR_TLS;
  records->out.seq = out_seq;
  return 0;
}

/* Loads what the next record needs: the key where it is another one, the nonce always (RFC 8446,
 * 5.3). */
static bool cipher_load(EVP_CIPHER_CTX *ctx, uint64_t *loaded, struct gw_tls_keys *keys) {
  uint8_t nonce[sizeof keys->iv];
  memcpy(nonce, keys->iv, sizeof nonce);
  for (unsigned i = 0; i < 8; i++)
    nonce[4 + i] ^= (uint8_t)(keys->seq >> (56 - 8 * i));
  const uint8_t *key = *loaded == keys->id ? NULL : keys->key;
  bool ok = EVP_CipherInit_ex2(ctx, NULL, key, nonce, -1, NULL);
  *loaded = ok ? keys->id : 0;
  keys->seq++;
  return ok;
}

/* ---- sealing ---- */

bool gw_tls_records_are_worn(const struct gw_tls_records *records) {
  return records->out.seq >= GW_TLS_WORN_AFTER;
}

int gw_tls_record_seal(struct gw_tls_records *records, struct gw_tls_ciphers *ciphers,
                       enum gw_tls_type type, const uint8_t *text, size_t len, uint8_t *out) {
  unsigned i = records->suite->cipher;
  EVP_CIPHER_CTX *ctx = ciphers->seal[i];
  size_t body = len + GW_TLS_TAIL;
  const uint8_t last = (uint8_t)type;
  const uint8_t head[GW_TLS_HEAD] = {GW_TLS_DATA, 3, 3, (uint8_t)(body >> 8), (uint8_t)body};
  memcpy(out, head, sizeof head);
  out += GW_TLS_HEAD;
  int n = 0;
  if (!cipher_load(ctx, &ciphers->sealing[i], &records->out) ||
      !EVP_EncryptUpdate(ctx, NULL, &n, head, sizeof head) ||
      (len && !EVP_EncryptUpdate(ctx, out, &n, text, (int)len)) ||
      !EVP_EncryptUpdate(ctx, out + len, &n, &last, 1) ||
      !EVP_EncryptFinal_ex(ctx, out + len + 1, &n) ||
      !EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, TAG, out + len + 1))
    return GW_ERR_TLS;
  return (int)(GW_TLS_HEAD + body);
}

int gw_tls_record_update(struct gw_tls_records *records, struct gw_tls_ciphers *ciphers,
                         uint8_t *out) {
  static const uint8_t message[] = {KEY_UPDATE, 0, 0, 1, 0};
  int n = gw_tls_record_seal(records, ciphers, GW_TLS_HANDSHAKE, message, sizeof message, out);
  records->owes_update = false;
  if (n > 0 && !keys_update(&records->out, ciphers, records->suite)) return GW_ERR_TLS;
  return n;
}

/* ---- opening ---- */

static int refuse(struct gw_tls_records *records, enum gw_tls_alert alert) {
  records->alert = (uint8_t)alert;
  return GW_ERR_TLS;
}

static bool decrypt(struct gw_tls_records *records, struct gw_tls_ciphers *ciphers,
                    const uint8_t *in, size_t len, uint8_t *out) {
  unsigned i = records->suite->cipher;
  EVP_CIPHER_CTX *ctx = ciphers->open[i];
  uint8_t tag[TAG];
  memcpy(tag, in + GW_TLS_HEAD + len, TAG);
  int n = 0;
  return cipher_load(ctx, &ciphers->opening[i], &records->in) &&
         EVP_DecryptUpdate(ctx, NULL, &n, in, GW_TLS_HEAD) &&
         EVP_DecryptUpdate(ctx, out, &n, in + GW_TLS_HEAD, (int)len) &&
         EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, TAG, tag) &&
         EVP_DecryptFinal_ex(ctx, out + n, &n);
}

static int take_alert(struct gw_tls_records *records, const uint8_t *text, size_t len) {
  if (len != 2) return refuse(records, GW_TLS_DECODE_ERROR);
  if (text[1] == GW_TLS_CLOSE_NOTIFY) return 1;
  if (text[1] == GW_TLS_USER_CANCELED) return 0;
  records->peer_alert = text[1]; /* the level is of no account, RFC 8446, 6 */
  return GW_ERR_TLS;
}

/* A client may send no other message after the handshake, as we never ask for a certificate then.
 * It ends the record, since the next one has another key (RFC 8446, 5.1). */
static int take_handshake(struct gw_tls_records *records, struct gw_tls_ciphers *ciphers,
                          const uint8_t *text, size_t len) {
  if (len == 0) return refuse(records, GW_TLS_UNEXPECTED_MESSAGE);
  if (len > sizeof records->message - records->message_len)
    return refuse(records, GW_TLS_UNEXPECTED_MESSAGE);
  memcpy(records->message + records->message_len, text, len);
  records->message_len = (uint8_t)(records->message_len + len);
  if (records->message[0] != KEY_UPDATE) return refuse(records, GW_TLS_UNEXPECTED_MESSAGE);
  if (records->message_len < sizeof records->message) return 0;
  records->message_len = 0;
  static const uint8_t head[] = {KEY_UPDATE, 0, 0, 1};
  if (memcmp(records->message, head, sizeof head) != 0) return refuse(records, GW_TLS_DECODE_ERROR);
  if (records->message[4] > 1) return refuse(records, GW_TLS_ILLEGAL_PARAMETER); /* 4.6.3 */
  if (++records->updates > UPDATES_MAX) return refuse(records, GW_TLS_UNEXPECTED_MESSAGE);
  records->owes_update |= records->message[4] == 1;
  if (!keys_update(&records->in, ciphers, records->suite))
    return refuse(records, GW_TLS_INTERNAL_ERROR);
  return 0;
}

size_t gw_tls_record_size(const uint8_t *in, size_t len) {
  return len < GW_TLS_HEAD ? 0 : GW_TLS_HEAD + ((size_t)in[3] << 8 | in[4]);
}

int gw_tls_record_open(struct gw_tls_records *records, struct gw_tls_ciphers *ciphers,
                       const uint8_t *in, size_t size, uint8_t *out, size_t *out_len) {
  size_t len = size - GW_TLS_HEAD;
  *out_len = 0;
  if (in[0] != GW_TLS_DATA) return refuse(records, GW_TLS_UNEXPECTED_MESSAGE);
  if (len > GW_TLS_BODY_MAX) return refuse(records, GW_TLS_RECORD_OVERFLOW);
  if (len < GW_TLS_TAIL) return refuse(records, GW_TLS_BAD_RECORD_MAC);
  len -= TAG;
  if (!decrypt(records, ciphers, in, len, out)) return refuse(records, GW_TLS_BAD_RECORD_MAC);
  /* The type and the padding count, RFC 8446, 5.4. */
  if (len > GW_TLS_TEXT_MAX + 1) return refuse(records, GW_TLS_RECORD_OVERFLOW);
  while (len && out[len - 1] == 0)
    len--;
  if (len == 0) return refuse(records, GW_TLS_UNEXPECTED_MESSAGE);
  uint8_t type = out[--len];
  /* A message in parts stands alone, RFC 8446, 5.1. */
  if (records->message_len && type != GW_TLS_HANDSHAKE)
    return refuse(records, GW_TLS_UNEXPECTED_MESSAGE);
  switch (type) {
  case GW_TLS_DATA:
    if (len) records->updates = 0;
    *out_len = len;
    return 0;
  case GW_TLS_ALERT: return take_alert(records, out, len);
  case GW_TLS_HANDSHAKE: return take_handshake(records, ciphers, out, len);
  default: return refuse(records, GW_TLS_UNEXPECTED_MESSAGE);
  }
}
