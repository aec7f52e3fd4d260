/* SPDX-License-Identifier: MIT */
/* A publication as a subscriber gets it, whatever told of it, and read from the server's JSON. */
#ifndef GW_CLI_RECEIVED_H
#define GW_CLI_RECEIVED_H

#include "base/buf.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

enum gw_payload_kind { GW_PAYLOAD_TEXT, GW_PAYLOAD_JSON, GW_PAYLOAD_BINARY };

/* At NULL: the transport does not tell. */
struct gw_received {
  struct gw_str cursor, event, from, time;
  enum gw_payload_kind kind;
  struct gw_str payload; /* JSON as it was written; binary as bytes */
};

/* The offset in a cursor; 0: it has none. */
uint64_t gw_cursor_offset(struct gw_str cursor);

struct json_t;
/* Keeps what the slices of the latest one point into. All-zero is ready. */
struct gw_received_reader {
  struct json_t *root;
  struct gw_buf bytes;
};

/* What the server says in JSON beside publications. */
struct gw_received_news {
  struct gw_str cursor; /* leads on; at NULL: none */
  bool is_gap;          /* `recovered` is false */
  bool has_missed;
  uint64_t missed;
  struct gw_str publications; /* inside of the array, for gw_json_next_element; at NULL: none */
};

/* A publication's object. 0; 1: an object that is none; GW_ERR_ARGUMENT: not JSON. Slices live
 * until the next call, and as long as `object`. */
int gw_received_read(struct gw_received_reader *reader, struct gw_str object,
                     struct gw_received *out);
/* A poll's answer, or NDJSON's first line. As above. */
int gw_received_news_read(struct gw_received_reader *reader, struct gw_str object,
                          struct gw_received_news *out);
void gw_received_reader_clear(struct gw_received_reader *reader);

#endif
