/* SPDX-License-Identifier: MIT */
/*
 * A byte buffer that grows up to a cap given when it is made. All-zero with a cap set is empty and
 * owns nothing; it gives its memory back when cleared.
 */
#ifndef GW_BASE_BUF_H
#define GW_BASE_BUF_H

#include "base/str.h"

#include <stddef.h>
#include <stdint.h>

struct gw_buf {
  uint8_t *data;
  size_t len;
  size_t room; /* allocated */
  size_t cap;  /* never more than this: against a peer that makes us remember without end */
};

static inline void gw_buf_init(struct gw_buf *buf, size_t cap) {
  *buf = (struct gw_buf){.cap = cap};
}

/* Frees the memory; the cap stays. */
void gw_buf_clear(struct gw_buf *buf);
/* Makes room for `more` bytes behind `len`. GW_ERR_FULL above the cap, GW_ERR_MEMORY. */
int gw_buf_reserve(struct gw_buf *buf, size_t more);
int gw_buf_add(struct gw_buf *buf, const void *data, size_t len);
int gw_buf_add_str(struct gw_buf *buf, struct gw_str text);
int gw_buf_add_text(struct gw_buf *buf, const char *text);
int gw_buf_printf(struct gw_buf *buf, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Drops `n` bytes from the front. */
void gw_buf_drop(struct gw_buf *buf, size_t n);

#endif
