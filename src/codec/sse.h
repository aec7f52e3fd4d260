/* SPDX-License-Identifier: MIT */
/* Writing text/event-stream, which an EventSource reads (WHATWG HTML, section 9.2). */
#ifndef GW_CODEC_SSE_H
#define GW_CODEC_SSE_H

#include "base/buf.h"

/* At NULL (or 0): the event has no such field. */
struct gw_sse_event {
  struct gw_str id, event; /* without CR, LF and NUL */
  struct gw_str data;      /* UTF-8; CRLF, LF and CR end its lines, and all arrive as LF */
  unsigned retry_ms;
};

/* An event and the empty line that ends it. Without data nothing is dispatched, but its id and
 * retry hold. GW_ERR_ARGUMENT for an id or a name that would not be one; GW_ERR_FULL,
 * GW_ERR_MEMORY: part of it may have been added. */
int gw_sse_add(struct gw_buf *out, const struct gw_sse_event *event);

#endif
