/* SPDX-License-Identifier: MIT */
/* Publications as JSON, and what their members have in common with other answers. */
#ifndef GW_TRANSPORT_JSON_H
#define GW_TRANSPORT_JSON_H

#include "codec/json_write.h"
#include "hub/publication.h"

/* `"name":"<epoch>:<offset>"` */
int gw_json_add_cursor(struct gw_buf *out, const char *name, const struct gw_cursor *cursor);
/* `"name":"2026-11-21T15:17:16.659Z"` (RFC 3339) of ms since 1970. */
int gw_json_add_time(struct gw_buf *out, const char *name, uint64_t ms);

/* `{offset, cursor, event?, from?, time, data | text | base64}` on one line (interface.md 2). */
int gw_json_add_publication(struct gw_buf *out, const struct gw_publication *publication);
/* The same, made once and kept with the publication; lent as long as it lives. NULL without memory.
 */
const struct gw_bytes *gw_json_publication(struct gw_publication *publication);

#endif
