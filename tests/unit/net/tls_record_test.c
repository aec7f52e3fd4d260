/* SPDX-License-Identifier: MIT */
/* The examples of RFC 8448, 3, and what a peer may do wrong in a record. */
#include "net/tls_record.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define CLIENT_SECRET "9e40646ce79a7f9dc05af8889bce6552875afa0b06df0087f792ebb7c17504a5"
#define SERVER_SECRET "a11af9f05531f856ad47116b45a950328204b4f44bfb6b3a4b4f1f3fcb631643"

static struct gw_tls_ciphers ciphers;

static size_t from_hex(const char *hex, uint8_t *out) {
  size_t n = 0;
  for (unsigned byte; sscanf(hex + 2 * n, "%2x", &byte) == 1; n++)
    out[n] = (uint8_t)byte;
  return n;
}

static void assert_hex(const uint8_t *data, size_t len, const char *hex) {
  uint8_t expected[256];
  assert_int_equal(from_hex(hex, expected), len);
  assert_memory_equal(data, expected, len);
}

static int begin(void **state) {
  (void)state;
  return gw_tls_ciphers_open(&ciphers);
}
static int finish(void **state) {
  (void)state;
  gw_tls_ciphers_close(&ciphers);
  return 0;
}

/* Both ends of a connection. */
struct ends {
  struct gw_tls_records client, server;
};

static struct ends ends_of(unsigned suite) {
  uint8_t in[48] = {1}, out[48] = {2};
  struct ends e;
  from_hex(CLIENT_SECRET, in);
  from_hex(SERVER_SECRET, out);
  assert_int_equal(gw_tls_records_init(&e.client, &ciphers, suite, out, in, 0), 0);
  assert_int_equal(gw_tls_records_init(&e.server, &ciphers, suite, in, out, 0), 0);
  return e;
}

static int open_one(struct gw_tls_records *records, const uint8_t *record, size_t size,
                    uint8_t *out, size_t *out_len) {
  uint8_t *copy = malloc(size), *text = malloc(GW_TLS_BODY_MAX);
  memcpy(copy, record, size);
  assert_int_equal(gw_tls_record_size(copy, size), size);
  int rc = gw_tls_record_open(records, &ciphers, copy, size, text, out_len);
  if (out) memcpy(out, text, *out_len);
  free(copy);
  free(text);
  return rc;
}

/* The client seals what the server is to open; gives what it answers. */
static int pass(struct ends *e, unsigned type, const void *text, size_t len) {
  uint8_t record[GW_TLS_HEAD + 64 + GW_TLS_TAIL];
  size_t n;
  int size = gw_tls_record_seal(&e->client, &ciphers, (enum gw_tls_type)type, text, len, record);
  assert_true(size > 0);
  return open_one(&e->server, record, (size_t)size, NULL, &n);
}

/* ---- tests ---- */

static void keys_are_those_of_the_rfc(void **state) {
  (void)state;
  struct ends e = ends_of(0x1301);
  assert_hex(e.server.out.key, 16, "9f02283b6c9c07efc26bb9f2ac92e356");
  assert_hex(e.server.out.iv, 12, "cf782b88dd83549aadf1e984");
  assert_hex(e.server.in.key, 16, "17422dda596ed5d9acd890e3c63f5051");
  assert_hex(e.server.in.iv, 12, "5b78923dee08579033e523d9");
}

static void records_are_those_of_the_rfc(void **state) {
  (void)state;
  struct ends e = ends_of(0x1301);
  uint8_t record[256], text[256];
  size_t len;
  size_t size = from_hex("1703030043a23f7054b62c94d0affafe8228ba55cbefacea42f914aa66bcab3f2b9819a8a"
                         "5b46b395bd54a9a20441e2b62974e1f5a6292a2977014bd1e3deae63aeebb21694915e4",
                         record);
  assert_int_equal(open_one(&e.server, record, size, text, &len), 0);
  assert_int_equal(len, 50);
  for (uint8_t i = 0; i < 50; i++)
    assert_int_equal(text[i], i);
  size = from_hex("1703030013c9872760655666b74d7ff1153efd6db6d0b0e3", record);
  assert_int_equal(open_one(&e.server, record, size, NULL, &len), 1); /* close_notify */
  e.server.out.seq = 2;                                               /* after a ticket and data */
  static const uint8_t alert[] = {1, GW_TLS_CLOSE_NOTIFY};
  assert_int_equal(gw_tls_record_seal(&e.server, &ciphers, GW_TLS_ALERT, alert, 2, record), 24);
  assert_hex(record, 24, "1703030013b58fd67166ebf599d24720cfbe7efa7a8864a9");
}

static void every_suite_and_length_comes_back(void **state) {
  (void)state;
  static const size_t lengths[] = {0, 1, 15, 16, 17, 300, 16383, 16384};
  static uint8_t text[GW_TLS_TEXT_MAX], back[GW_TLS_TEXT_MAX];
  static uint8_t record[GW_TLS_HEAD + GW_TLS_TEXT_MAX + GW_TLS_TAIL];
  for (size_t i = 0; i < sizeof text; i++)
    text[i] = (uint8_t)(i * 31);
  for (unsigned suite = 0x1301; suite <= 0x1303; suite++) {
    struct ends e = ends_of(suite), other = ends_of(suite);
    for (size_t i = 0; i < 8; i++) {
      size_t len, n = lengths[i];
      int size = gw_tls_record_seal(&e.client, &ciphers, GW_TLS_DATA, text, n, record);
      assert_int_equal(size, GW_TLS_HEAD + n + GW_TLS_TAIL);
      assert_int_equal(open_one(&e.server, record, (size_t)size, back, &len), 0);
      assert_int_equal(len, n);
      assert_memory_equal(back, text, n);
      /* in place, the cipher state having served another connection in between */
      memcpy(record + GW_TLS_HEAD, text, n);
      size =
          gw_tls_record_seal(&other.client, &ciphers, GW_TLS_DATA, record + GW_TLS_HEAD, n, record);
      assert_int_equal(open_one(&other.server, record, (size_t)size, back, &len), 0);
      assert_memory_equal(back, text, n);
    }
  }
}

static void any_changed_bit_is_found(void **state) {
  (void)state;
  uint8_t record[64];
  size_t len;
  for (unsigned bit = 0; bit < 8 * (GW_TLS_HEAD + 4 + GW_TLS_TAIL); bit++) {
    struct ends e = ends_of(0x1301);
    int size =
        gw_tls_record_seal(&e.client, &ciphers, GW_TLS_DATA, (const uint8_t *)"text", 4, record);
    record[bit / 8] ^= (uint8_t)(1 << bit % 8);
    int rc = gw_tls_record_open(&e.server, &ciphers, record, (size_t)size, record + 32, &len);
    assert_int_equal(rc, GW_ERR_TLS);
    assert_int_equal(len, 0);
    assert_int_equal(e.server.alert, bit < 8 ? GW_TLS_UNEXPECTED_MESSAGE : GW_TLS_BAD_RECORD_MAC);
  }
}

static void order_counts(void **state) {
  (void)state;
  struct ends e = ends_of(0x1302);
  uint8_t first[64], second[64];
  size_t len;
  int size = gw_tls_record_seal(&e.client, &ciphers, GW_TLS_DATA, (const uint8_t *)"1", 1, first);
  gw_tls_record_seal(&e.client, &ciphers, GW_TLS_DATA, (const uint8_t *)"2", 1, second);
  assert_int_equal(open_one(&e.server, second, (size_t)size, NULL, &len), GW_ERR_TLS);
  e = ends_of(0x1302);
  assert_int_equal(open_one(&e.server, first, (size_t)size, NULL, &len), 0);
  assert_int_equal(open_one(&e.server, first, (size_t)size, NULL, &len), GW_ERR_TLS); /* again */
}

static void lengths_are_bounded(void **state) {
  (void)state;
  static uint8_t record[GW_TLS_HEAD + GW_TLS_BODY_MAX + 1], out[GW_TLS_BODY_MAX];
  size_t len;
  struct ends e = ends_of(0x1301);
  const size_t too_long = GW_TLS_BODY_MAX + 1;
  memcpy(record, (uint8_t[]){23, 3, 3, too_long >> 8, too_long & 255}, 5);
  assert_int_equal(
      gw_tls_record_open(&e.server, &ciphers, record, GW_TLS_HEAD + too_long, out, &len),
      GW_ERR_TLS);
  assert_int_equal(e.server.alert, GW_TLS_RECORD_OVERFLOW);
  memcpy(record, (uint8_t[]){23, 3, 3, 0, 16}, 5);
  assert_int_equal(gw_tls_record_open(&e.server, &ciphers, record, 21, out, &len), GW_ERR_TLS);
  assert_int_equal(e.server.alert, GW_TLS_BAD_RECORD_MAC);
  assert_int_equal(gw_tls_record_size(record, 4), 0);
  /* plaintext above 2^14, though the record is not too long */
  static uint8_t text[GW_TLS_TEXT_MAX + 1], big[GW_TLS_HEAD + sizeof text + GW_TLS_TAIL];
  int size = gw_tls_record_seal(&e.client, &ciphers, GW_TLS_DATA, text, sizeof text, big);
  e.server.in.seq = 0;
  assert_int_equal(open_one(&e.server, big, (size_t)size, NULL, &len), GW_ERR_TLS);
  assert_int_equal(e.server.alert, GW_TLS_RECORD_OVERFLOW);
}

static void padding_is_taken_off(void **state) {
  (void)state;
  uint8_t record[64], back[64];
  size_t len;
  struct ends e = ends_of(0x1301);
  /* the type that is given becomes one more byte of padding */
  int size = gw_tls_record_seal(&e.client, &ciphers, (enum gw_tls_type)0,
                                (const uint8_t *)"hi\x17\0\0", 5, record);
  assert_int_equal(open_one(&e.server, record, (size_t)size, back, &len), 0);
  assert_int_equal(len, 2);
  assert_memory_equal(back, "hi", 2);
  assert_int_equal(pass(&e, 0, "\0\0\0", 3), GW_ERR_TLS); /* nothing but padding */
  assert_int_equal(e.server.alert, GW_TLS_UNEXPECTED_MESSAGE);
}

static void types_are_known(void **state) {
  (void)state;
  static const uint8_t others[] = {1, 20, 24, 255};
  for (unsigned i = 0; i < 4; i++) {
    struct ends e = ends_of(0x1301);
    assert_int_equal(pass(&e, others[i], "x", 1), GW_ERR_TLS);
    assert_int_equal(e.server.alert, GW_TLS_UNEXPECTED_MESSAGE);
  }
  struct ends e = ends_of(0x1301);
  assert_int_equal(pass(&e, GW_TLS_ALERT, "\1\132", 2), 0); /* user_canceled */
  assert_int_equal(pass(&e, GW_TLS_ALERT, "\1", 1), GW_ERR_TLS);
  assert_int_equal(e.server.alert, GW_TLS_DECODE_ERROR);
  e = ends_of(0x1301);
  assert_int_equal(pass(&e, GW_TLS_ALERT, "\1\24", 2), GW_ERR_TLS);
  assert_int_equal(e.server.peer_alert, 20);
}

static void keys_are_updated(void **state) {
  (void)state;
  uint8_t record[64];
  size_t len;
  for (unsigned suite = 0x1301; suite <= 0x1303; suite++) {
    struct ends e = ends_of(suite);
    for (unsigned i = 0; i < UPDATES_MAX + 4; i++) {
      int size = gw_tls_record_update(&e.client, &ciphers, record);
      assert_int_equal(open_one(&e.server, record, (size_t)size, NULL, &len), 0);
      assert_int_equal(e.server.in.seq, 0);
      assert_false(e.server.owes_update);
      assert_int_equal(pass(&e, GW_TLS_DATA, "data", 4), 0);
    }
    assert_int_equal(pass(&e, GW_TLS_HANDSHAKE, "\30\0\0\1\1", 5), 0);
    assert_true(e.server.owes_update);
  }
  struct ends e = ends_of(0x1301);
  assert_false(gw_tls_records_are_worn(&e.client));
  e.client.out.seq = GW_TLS_WORN_AFTER;
  assert_true(gw_tls_records_are_worn(&e.client));
}

static void a_flood_of_updates_is_refused(void **state) {
  (void)state;
  uint8_t record[64];
  size_t len;
  struct ends e = ends_of(0x1301);
  for (unsigned i = 0; i <= UPDATES_MAX; i++) {
    int size = gw_tls_record_update(&e.client, &ciphers, record);
    assert_int_equal(open_one(&e.server, record, (size_t)size, NULL, &len),
                     i < UPDATES_MAX ? 0 : GW_ERR_TLS);
  }
}

static void handshake_messages_are_strict(void **state) {
  (void)state;
  static const struct {
    const char *text;
    size_t len;
    unsigned alert;
  } wrong[] = {{"\30\0\0\1\2", 5, GW_TLS_ILLEGAL_PARAMETER},
               {"\30\0\0\2\0", 5, GW_TLS_DECODE_ERROR},
               {"\1\0\0\1\0", 5, GW_TLS_UNEXPECTED_MESSAGE},
               {"\30\0\0\1\0\30", 6, GW_TLS_UNEXPECTED_MESSAGE},
               {"\4\0\0\0\0", 5, GW_TLS_UNEXPECTED_MESSAGE},
               {"", 0, GW_TLS_UNEXPECTED_MESSAGE}};
  for (unsigned i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    struct ends e = ends_of(0x1301);
    assert_int_equal(pass(&e, GW_TLS_HANDSHAKE, wrong[i].text, wrong[i].len), GW_ERR_TLS);
    assert_int_equal(e.server.alert, wrong[i].alert);
  }
  struct ends e = ends_of(0x1301); /* in parts, with nothing in between */
  assert_int_equal(pass(&e, GW_TLS_HANDSHAKE, "\30\0", 2), 0);
  assert_int_equal(pass(&e, GW_TLS_HANDSHAKE, "\0\1", 2), 0);
  struct ends interrupted = e;
  assert_int_equal(pass(&e, GW_TLS_HANDSHAKE, "\1", 1), 0);
  assert_true(e.server.owes_update);
  assert_int_equal(pass(&interrupted, GW_TLS_DATA, "data", 4), GW_ERR_TLS);
}

static void only_these_suites(void **state) {
  (void)state;
  struct gw_tls_records records;
  uint8_t secret[48] = {0};
  assert_int_equal(gw_tls_suite_secret_len(0x1301), 32);
  assert_int_equal(gw_tls_suite_secret_len(0x1302), 48);
  assert_int_equal(gw_tls_suite_secret_len(0x1304), 0);
  assert_int_equal(gw_tls_records_init(&records, &ciphers, 0xc02b, secret, secret, 0), GW_ERR_TLS);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(keys_are_those_of_the_rfc),
      cmocka_unit_test(records_are_those_of_the_rfc),
      cmocka_unit_test(every_suite_and_length_comes_back),
      cmocka_unit_test(any_changed_bit_is_found),
      cmocka_unit_test(order_counts),
      cmocka_unit_test(lengths_are_bounded),
      cmocka_unit_test(padding_is_taken_off),
      cmocka_unit_test(types_are_known),
      cmocka_unit_test(keys_are_updated),
      cmocka_unit_test(a_flood_of_updates_is_refused),
      cmocka_unit_test(handshake_messages_are_strict),
      cmocka_unit_test(only_these_suites),
  };
  return cmocka_run_group_tests(tests, begin, finish);
}
