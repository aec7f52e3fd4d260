/* SPDX-License-Identifier: MIT */
/* Writing JSON (RFC 8259), value by value. Each adds to `out`: GW_ERR_FULL, GW_ERR_MEMORY. */
#ifndef GW_CODEC_JSON_WRITE_H
#define GW_CODEC_JSON_WRITE_H

#include "base/buf.h"
#include "base/str.h"

/* A string with its quotes; the text is UTF-8. */
int gw_json_add_string(struct gw_buf *out, struct gw_str text);
/* Bytes, as a string of base64. */
int gw_json_add_base64(struct gw_buf *out, struct gw_str bytes);
/* A value that is known to be JSON, as it was written but on one line. */
int gw_json_add_line(struct gw_buf *out, struct gw_str value);

#endif
