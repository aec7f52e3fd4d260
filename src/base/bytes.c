/* SPDX-License-Identifier: MIT */
/*
 * Shared bytes: one allocation holds the count and the data. The count alone is atomic; the data is
 * written by the maker before anybody else can see it and never again.
 */
#include "base/bytes.h"

#include <stdlib.h>
#include <string.h>

struct gw_bytes *gw_bytes_new(size_t len) {
  if (len > SIZE_MAX - sizeof(struct gw_bytes)) return NULL;
  struct gw_bytes *bytes = malloc(sizeof *bytes + len);
  if (!bytes) return NULL;
  atomic_init(&bytes->refs, 1);
  bytes->reserved = 0;
  bytes->len = len;
  return bytes;
}

struct gw_bytes *gw_bytes_copy(const void *data, size_t len) {
  struct gw_bytes *bytes = gw_bytes_new(len);
  if (bytes && len > 0) memcpy(bytes->data, data, len);
  return bytes;
}

void gw_bytes_unref(struct gw_bytes *bytes) {
  if (!bytes) return;
  /* acq_rel: whoever frees has seen all that the other holders did with the bytes */
  if (atomic_fetch_sub_explicit(&bytes->refs, 1, memory_order_acq_rel) == 1) free(bytes);
}
