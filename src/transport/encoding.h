/* SPDX-License-Identifier: MIT */
/* The ways of writing a publication that are kept with it (hub/publication.h), and their numbers.
 */
#ifndef GW_TRANSPORT_ENCODING_H
#define GW_TRANSPORT_ENCODING_H

#include "hub/publication.h"

enum gw_encoding_kind {
  GW_ENCODING_JSON,   /* transport/json.h */
  GW_ENCODING_NDJSON, /* the same as a line in a chunk: transport/ndjson.c */
  GW_ENCODING_SSE,    /* an event in a chunk: transport/sse.c */
  GW_ENCODING_EVENT,  /* likewise, its data the publication as JSON */
  GW_ENCODING_RAW,    /* the payload as one WebSocket message: dialect/raw.c */
  GW_ENCODING_GODWIT, /* with its header line (msg, join, leave): dialect/godwit.c */
  GW_ENCODING_DIRECT, /* likewise, from an inbox */
};

/* The key of a way of writing: `bits` is the window of its compression, 8 to 15, or 0 for plain. */
static inline unsigned gw_encoding_key(enum gw_encoding_kind kind, unsigned bits) {
  return (unsigned)kind * 16 + bits;
}

#endif
