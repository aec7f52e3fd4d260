/* SPDX-License-Identifier: MIT */
/*
 * A growing byte buffer: doubles, never beyond its cap, and stays as it was when it cannot grow.
 */
#include "base/buf.h"

#include "godwit/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_ROOM = 64 };

void gw_buf_clear(struct gw_buf *buf) {
  free(buf->data);
  gw_buf_init(buf, buf->cap);
}

int gw_buf_reserve(struct gw_buf *buf, size_t more) {
  if (more <= buf->room - buf->len) return 0;
  if (buf->cap < buf->len || more > buf->cap - buf->len) return GW_ERR_FULL;
  size_t need = buf->len + more;
  size_t room = buf->room > buf->cap / 2 ? buf->cap : buf->room * 2;
  if (room < FIRST_ROOM) room = FIRST_ROOM;
  if (room < need) room = need;
  if (room > buf->cap) room = buf->cap;
  uint8_t *data = realloc(buf->data, room);
  if (!data) return GW_ERR_MEMORY;
  buf->data = data;
  buf->room = room;
  return 0;
}

int gw_buf_add(struct gw_buf *buf, const void *data, size_t len) {
  if (len == 0) return 0;
  int err = gw_buf_reserve(buf, len);
  if (err < 0) return err;
  memcpy(buf->data + buf->len, data, len);
  buf->len += len;
  return 0;
}

int gw_buf_add_str(struct gw_buf *buf, struct gw_str text) {
  return gw_buf_add(buf, text.at, text.len);
}

int gw_buf_add_text(struct gw_buf *buf, const char *text) {
  return gw_buf_add(buf, text, strlen(text));
}

int gw_buf_printf(struct gw_buf *buf, const char *format, ...) {
  va_list args;
  va_start(args, format);
  int len = vsnprintf(NULL, 0, format, args);
  va_end(args);
  if (len < 0) return GW_ERR_ARGUMENT;
  /* vsnprintf ends with a NUL, which needs a place but is no part of the buffer */
  int err = gw_buf_reserve(buf, (size_t)len + 1);
  if (err < 0) return err;
  va_start(args, format);
  vsnprintf((char *)buf->data + buf->len, (size_t)len + 1, format, args);
  va_end(args);
  buf->len += (size_t)len;
  return 0;
}

void gw_buf_drop(struct gw_buf *buf, size_t n) {
  if (n > buf->len) n = buf->len;
  if (n == 0) return;
  buf->len -= n;
  if (buf->len > 0) memmove(buf->data, buf->data + n, buf->len);
}
