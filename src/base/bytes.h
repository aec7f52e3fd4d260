/* SPDX-License-Identifier: MIT */
/*
 * Immutable bytes shared by count, also between threads: what waits in many outboxes at once. Made,
 * filled by its maker alone, then never changed.
 */
#ifndef GW_BASE_BYTES_H
#define GW_BASE_BYTES_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

struct gw_bytes {
  _Atomic uint32_t refs;
  uint32_t reserved;
  size_t len;
  uint8_t data[];
};

/* Room for `len` bytes with one reference; NULL without memory. `len` may be lowered by the maker
 * before sharing. */
struct gw_bytes *gw_bytes_new(size_t len);
/* A copy of `data`. */
struct gw_bytes *gw_bytes_copy(const void *data, size_t len);
static inline struct gw_bytes *gw_bytes_ref(struct gw_bytes *bytes) {
  atomic_fetch_add_explicit(&bytes->refs, 1, memory_order_relaxed);
  return bytes;
}
/* NULL is fine. The last reference frees. */
void gw_bytes_unref(struct gw_bytes *bytes);

#endif
