/* SPDX-License-Identifier: MIT */
/*
 * The WebSocket protocol (RFC 6455, with permessage-deflate of RFC 7692) without I/O: bytes in,
 * events out. No socket, no loop, no clock, no thread; allocations happen for a message that is not
 * yet whole, and for compression contexts, and nowhere else.
 *
 * One connection is a `struct gw_ws`. What a thread's connections can share, namely scratch memory
 * and compression contexts, is a `struct gw_ws_shared`. A typical server:
 *
 *     gw_ws_request_read / gw_ws_answer_write              the opening handshake
 *     for each piece of input: while (gw_ws_read(...) > 0) an event: a message, a part, a ping, a
 * close gw_ws_encode(...)                                    a frame to write, as two slices
 *
 * The caller owns policy: it answers a ping with gw_ws_encode(PONG), a close with
 * gw_ws_encode_close, and after an error (below 0) sends a Close frame with gw_ws_error_code(err)
 * and ends the connection. What it had encoded before still goes out first (RFC 6455
 * section 7.1.7).
 */
#ifndef GODWIT_WS_H
#define GODWIT_WS_H

#include "godwit/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* RFC 6455 section 5.2. */
enum gw_ws_opcode {
  GW_WS_CONTINUATION = 0x0,
  GW_WS_TEXT = 0x1,
  GW_WS_BINARY = 0x2,
  GW_WS_CLOSE = 0x8,
  GW_WS_PING = 0x9,
  GW_WS_PONG = 0xA,
};

/* RFC 6455 section 7.4.1 and the IANA registry: X(name, code, text). */
#define GW_WS_CODES(X)                                                                             \
  X(NORMAL, 1000, "normal closure")                                                                \
  X(GOING_AWAY, 1001, "going away")                                                                \
  X(PROTOCOL_ERROR, 1002, "protocol error")                                                        \
  X(UNSUPPORTED_DATA, 1003, "unsupported data")                                                    \
  X(NO_STATUS, 1005, "no status code")                                                             \
  X(ABNORMAL, 1006, "the connection ended without a close frame")                                  \
  X(INVALID_DATA, 1007, "invalid data")                                                            \
  X(POLICY, 1008, "policy violation")                                                              \
  X(TOO_BIG, 1009, "message too big")                                                              \
  X(EXTENSION, 1010, "extension missing")                                                          \
  X(INTERNAL_ERROR, 1011, "internal error")                                                        \
  X(SERVICE_RESTART, 1012, "service restart")                                                      \
  X(TRY_AGAIN, 1013, "try again later")                                                            \
  X(BAD_GATEWAY, 1014, "bad gateway")                                                              \
  X(TLS, 1015, "TLS handshake failed")

enum gw_ws_code {
#define GW_WS_CODE_ENTRY(name, code, text) GW_WS_CODE_##name = (code),
  GW_WS_CODES(GW_WS_CODE_ENTRY)
#undef GW_WS_CODE_ENTRY
};

/* The table's text, or "" for a code that it does not hold. */
GW_API const char *gw_ws_code_text(unsigned code);
/* Whether the code may stand in a Close frame: 1000–1003, 1007–1014, 3000–4999 (RFC 6455
 * section 7.4.2). */
GW_API bool gw_ws_code_is_sendable(unsigned code);
/* The close code that tells a peer of an error of gw_ws_read: 1002, 1007, 1008, 1009; 1011 for our
 * own failures. */
GW_API unsigned gw_ws_error_code(int err);

/* ---- permessage-deflate: what both sides agreed on (RFC 7692 section 7.1) ---- */

struct gw_ws_deflate {
  bool is_on;
  bool server_no_context_takeover;
  bool client_no_context_takeover;
  uint8_t server_max_window_bits; /* 8–15; 0 stands for 15 */
  uint8_t client_max_window_bits; /* 8–15; 0 stands for 15 */
};

/* How a side wants to compress. All-zero with `is_enabled`: every message by itself, no memory per
 * connection. */
struct gw_ws_deflate_options {
  bool is_enabled;
  bool allow_server_takeover;     /* keep the server's window from message to message: smaller, but
                                     memory per connection */
  bool allow_client_takeover;     /* likewise the client's */
  uint8_t server_max_window_bits; /* 9–15; 0: 15 */
  uint8_t client_max_window_bits; /* 9–15; 0: 15 */
  int level;                      /* 1–9; 0: the fast default */
  size_t min_size;                /* smaller messages go uncompressed; 0: 64 bytes */
};

/* ---- one thread's shared part, one connection ---- */

struct gw_ws_shared;
struct gw_ws;

/* Scratch and borrowed compression contexts for all connections of one thread. GW_ERR_MEMORY. */
GW_API int gw_ws_shared_new(struct gw_ws_shared **out_shared);
/* After the last of its connections. */
GW_API void gw_ws_shared_free(struct gw_ws_shared *shared);

/* Immutable, shared by any number of connections, which borrow it for their life. */
struct gw_ws_options {
  bool is_client;     /* which role we play: a client masks, a server must not */
  bool is_streaming;  /* messages come as parts while they arrive, whatever their size, in constant
                         memory; `max_message` then still counts. A part of a text may end inside a
                         code point: what came so far is checked, the cut bytes are not */
  size_t max_message; /* bytes after decompression; 0: 1 MiB. Against a peer that makes us remember
                         without end */
  size_t max_frame;   /* payload bytes of one frame on the wire; 0: as max_message (and what
                         compression may add to it) */
  uint32_t max_fragments; /* frames of one message; 0: 4,096. Against endless empty fragments */
  struct gw_ws_deflate_options deflate;
};

/* GW_ERR_MEMORY. Takes what was negotiated (NULL: no extension). */
GW_API int gw_ws_new(const struct gw_ws_options *options, struct gw_ws_shared *shared,
                     const struct gw_ws_deflate *deflate, struct gw_ws **out_ws);
GW_API void gw_ws_free(struct gw_ws *ws);

/* ---- in ---- */

struct gw_ws_event {
  enum gw_ws_opcode opcode; /* TEXT or BINARY (a message or a part of one), PING, PONG, CLOSE; never
                               CONTINUATION */
  bool is_first, is_last;   /* of a message's parts; a whole message is both */
  uint16_t code;            /* CLOSE: the peer's code, 1005 where it gave none */
  const uint8_t *data; /* payload: message bytes, ping or pong data, close reason; lent until the
                          next gw_ws_read of any connection with this shared part */
  size_t len;
};

/* Reads from *data, advancing it and *len; the bytes may be changed in place. 1: an event; 0: all
 * input is used up and more is needed; below 0: fail the connection (GW_ERR_WS_PROTOCOL,
 * GW_ERR_WS_DATA, GW_ERR_WS_TOO_BIG, GW_ERR_WS_POLICY, GW_ERR_MEMORY), and every later call gives
 * the same. After a CLOSE event all input is ignored (section 1.4). Invalid UTF-8 fails at its
 * first byte that arrives (section 8.1), an over-long frame from its header alone. */
GW_API int gw_ws_read(struct gw_ws *ws, uint8_t **data, size_t *len, struct gw_ws_event *out_event);

/* ---- out ---- */

struct gw_ws_frame {
  enum gw_ws_opcode
      opcode;      /* TEXT, BINARY, PING, PONG; CONTINUATION for the later parts of a message */
  bool is_partial; /* more parts of this message follow (FIN is 0) */
  bool is_plain;   /* do not compress this one */
  const void *data;
  size_t len;
};

/* A frame ready to write: `head` and then `body`. Body points at the caller's own data where
 * nothing had to change (server, uncompressed), else into the shared scratch, valid until its next
 * use. */
struct gw_ws_wire {
  uint8_t head[14];
  uint8_t head_len;
  const uint8_t *body;
  size_t body_len;
};

/* GW_ERR_CLOSED after a Close was encoded; GW_ERR_ARGUMENT for a control frame over 125 bytes or
 * partial; GW_ERR_STATE for a part out of order; GW_ERR_MEMORY. Text must be UTF-8; the peer would
 * fail us otherwise: it is the caller's promise. */
GW_API int gw_ws_encode(struct gw_ws *ws, const struct gw_ws_frame *frame,
                        struct gw_ws_wire *out_wire);
/* A Close frame; code 0 or 1005 (no status): an empty one. The reason is cut to 123 bytes at a code
 * point. A code that may not be sent, or a reason without a code: GW_ERR_ARGUMENT. Once only:
 * GW_ERR_CLOSED afterwards. */
GW_API int gw_ws_encode_close(struct gw_ws *ws, unsigned code, const void *reason,
                              size_t reason_len, struct gw_ws_wire *out_wire);
GW_API bool gw_ws_has_sent_close(const struct gw_ws *ws);
GW_API bool gw_ws_has_got_close(const struct gw_ws *ws);

/* ---- the opening handshake (RFC 6455 section 4) ---- */

/* `Sec-WebSocket-Accept` for a `Sec-WebSocket-Key`: 28 characters and a NUL (section 4.2.2, 5.4).
 */
GW_API void gw_ws_accept_key(const char *key, size_t key_len, char out_accept[29]);

/* A client's request, as the server reads it. Slices point into the bytes that were read. */
struct gw_ws_slice {
  const char *at;
  size_t len;
};

struct gw_ws_request {
  struct gw_ws_slice target, host, origin /* at NULL: none */, key;
  struct gw_ws_slice protocols; /* the offered subprotocols, over all their header lines: read them
                                   with gw_ws_request_protocol; at NULL: none */
  struct gw_ws_deflate
      deflate;     /* what the answer would agree on, from the offers and our options */
  size_t head_len; /* bytes of the request head; what follows are frames */
};

/* 1: read, and the handshake is right; 0: the head is not whole yet; below 0: answer with
 * gw_ws_error_status(err) and close (GW_ERR_HTTP_*, GW_ERR_WS_METHOD, GW_ERR_WS_VERSION,
 * GW_ERR_WS_HANDSHAKE). Of many offers the first that can be met counts. */
GW_API int gw_ws_request_read(const char *data, size_t len, const struct gw_ws_options *options,
                              struct gw_ws_request *out_request);
/* The i-th offered subprotocol; false past the last. */
GW_API bool gw_ws_request_protocol(const struct gw_ws_request *request, size_t i,
                                   struct gw_ws_slice *out_protocol);
/* The 101 answer, into out (NUL-terminated); `protocol` NULL: none. The length, or GW_ERR_FULL,
 * GW_ERR_ARGUMENT. */
GW_API int gw_ws_answer_write(const struct gw_ws_request *request, const char *protocol, char *out,
                              size_t size);
/* 400, 405, 414, 426, 431, 505 … for an error of gw_ws_request_read. */
GW_API unsigned gw_ws_error_status(int err);

/* A client's side of it. */
struct gw_ws_offer {
  const char
      *host; /* as the Host header gives it, with the port where it is not the scheme's own */
  const char *target;    /* path and query, beginning with `/` */
  const char *origin;    /* NULL: none */
  const char *protocols; /* comma list; NULL: none */
  const char *headers;   /* more header lines, each ended by CRLF; NULL: none */
  const struct gw_ws_options *options;
  char key[25]; /* filled by gw_ws_offer_write: 16 random bytes in base64 */
};

/* The request, into out; fills offer->key from the system's random source. The length, or
 * GW_ERR_FULL; GW_ERR_ARGUMENT for CR, LF, NUL or blanks where they would break the head. */
GW_API int gw_ws_offer_write(struct gw_ws_offer *offer, char *out, size_t size);

struct gw_ws_answer {
  unsigned status;
  struct gw_ws_slice protocol; /* at NULL: none */
  struct gw_ws_slice location; /* of a redirect */
  struct gw_ws_deflate deflate;
  size_t head_len;
};

/* 1: a 101 that fits the offer; 0: not whole yet; below 0: GW_ERR_HTTP_* , GW_ERR_HTTP_STATUS
 * (another status, told in out_answer), GW_ERR_WS_HANDSHAKE (wrong Accept, an extension or
 * subprotocol that was not offered, section 4.1). */
GW_API int gw_ws_answer_read(const char *data, size_t len, const struct gw_ws_offer *offer,
                             struct gw_ws_answer *out_answer);

/* ---- by themselves ---- */

/* dst[i] = src[i] ^ key[(phase + i) % 4] (section 5.3), with the widest instructions of this
 * processor; dst may be src. */
GW_API void gw_ws_mask(uint8_t *dst, const uint8_t *src, size_t len, const uint8_t key[4],
                       unsigned phase);
GW_API bool gw_ws_utf8_is_valid(const void *data, size_t len);

#ifdef __cplusplus
}
#endif

#endif
