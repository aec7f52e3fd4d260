/* SPDX-License-Identifier: MIT */
/* Server-Sent Events as a client reads them (WHATWG HTML, section 9.2.6), from bytes as they come.
 */
#ifndef GW_CODEC_SSE_READ_H
#define GW_CODEC_SSE_READ_H

#include "base/buf.h"

#include <stdbool.h>

struct gw_sse_reader {
  struct gw_buf line; /* the present one, where it began in an earlier piece */
  struct gw_buf data, event, id;
  unsigned retry_ms; /* what the server asked for last; 0: nothing yet */
  bool saw_cr;       /* a line feed that comes next belongs to it */
  bool has_begun;    /* a byte order mark is no longer possible */
  bool is_given;     /* an event was given: its buffers are empty again from the next call on */
};

/* An event; slices live until the next call. */
struct gw_sse_read_event {
  struct gw_str event; /* empty: "message" */
  struct gw_str data;
  struct gw_str id; /* the last one seen, also on an earlier event */
};

/* `max`: bytes of one event, and of one line. */
void gw_sse_reader_init(struct gw_sse_reader *reader, size_t max);
/* Frees the memory; as after init. */
void gw_sse_reader_clear(struct gw_sse_reader *reader);
/* Reads from *data, advancing it and *len. 1: an event; 0: all input is used up; GW_ERR_FULL,
 * GW_ERR_MEMORY. Call it until it gives no 1. */
int gw_sse_read(struct gw_sse_reader *reader, const char **data, size_t *len,
                struct gw_sse_read_event *out);

#endif
