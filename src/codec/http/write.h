/* SPDX-License-Identifier: MIT */
/* Heads written: only what cannot be misread goes out (security.md 6). */
#ifndef GW_CODEC_HTTP_WRITE_H
#define GW_CODEC_HTTP_WRITE_H

#include "base/buf.h"
#include "codec/http/head.h"

/* `HTTP/1.1 STATUS Reason`. */
int gw_http_write_status(struct gw_buf *buf, unsigned status);
int gw_http_write_request(struct gw_buf *buf, struct gw_str method, struct gw_str target);
/* A field line. GW_ERR_ARGUMENT for a name that is no token, or a value with CR, LF, NUL. */
int gw_http_write_field(struct gw_buf *buf, struct gw_str name, struct gw_str value);
int gw_http_write_number(struct gw_buf *buf, const char *name, uint64_t value);
int gw_http_write_end(struct gw_buf *buf);
/* The reason phrase of the registry; "" for an unknown status. */
const char *gw_http_status_text(unsigned status);

#endif
