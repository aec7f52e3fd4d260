/* SPDX-License-Identifier: MIT */
/*
 * Publications and what names them: channel names and cursors. A publication is one allocation: the
 * struct, then its texts one after the other. Its maker and then its channel's home write to it;
 * from the moment that it is placed nobody does, but for the encodings, a list
 * to which each is put once by a compare-and-swap.
 */
#include "hub/publication.h"

#include "base/simd.h"
#include "base/utf8.h"
#include "godwit/error.h"

#include <stdio.h>
#include <stdlib.h>

enum { MAX_CHANNEL = 255, MAX_EVENT = 255 };

/* Copies `from` to *at and moves it on; a text that is none stays none. */
static struct gw_str keep(char **at, struct gw_str from) {
  if (!from.at) return from;
  struct gw_str kept = {*at, from.len};
  if (from.len > 0) memcpy(*at, from.at, from.len);
  *at += from.len;
  return kept;
}

struct gw_publication *gw_publication_new(const struct gw_publication_parts *parts) {
  size_t small = parts->channel.len + parts->content_type.len + parts->event.len + parts->from.len;
  if (parts->payload.len > SIZE_MAX / 2 || small > SIZE_MAX / 4) return NULL;
  struct gw_publication *made = malloc(sizeof *made + small + parts->payload.len);
  if (!made) return NULL;
  atomic_init(&made->refs, 1);
  made->is_binary = parts->is_binary;
  made->cursor = (struct gw_cursor){.offset = 0};
  made->time = 0;
  made->kind = (uint8_t)parts->kind;
  atomic_init(&made->encodings, NULL);
  char *at = made->text;
  made->channel = keep(&at, parts->channel);
  made->content_type = keep(&at, parts->content_type);
  made->event = keep(&at, parts->event);
  made->from = keep(&at, parts->from);
  made->payload =
      keep(&at, (struct gw_str){parts->payload.at ? parts->payload.at : "", parts->payload.len});
  return made;
}

static void encoding_free(struct gw_encoding *encoding) {
  gw_bytes_unref(encoding->bytes);
  free(encoding);
}

struct gw_publication *gw_publication_ref(struct gw_publication *publication) {
  atomic_fetch_add_explicit(&publication->refs, 1, memory_order_relaxed);
  return publication;
}

void gw_publication_unref(struct gw_publication *publication) {
  if (!publication) return;
  /* acq_rel: whoever frees has seen the encodings that others made */
  if (atomic_fetch_sub_explicit(&publication->refs, 1, memory_order_acq_rel) != 1) return;
  struct gw_encoding *kept = atomic_load_explicit(&publication->encodings, memory_order_relaxed);
  while (kept) {
    struct gw_encoding *next = kept->next;
    encoding_free(kept);
    kept = next;
  }
  free(publication);
}

/* Those from `first` up to `end`. */
static struct gw_bytes *find(struct gw_encoding *first, const struct gw_encoding *end,
                             const void *key) {
  for (; first != end; first = first->next)
    if (first->key == key) return first->bytes;
  return NULL;
}

/* Kept out of line, so that one that is there costs none of its registers. */
__attribute__((noinline)) static struct gw_bytes *encoding_make(
    struct gw_publication *publication, const void *key,
    struct gw_bytes *(*make)(const struct gw_publication *publication, void *how), void *how,
    struct gw_encoding *first) {
  struct gw_encoding *made = malloc(sizeof *made);
  if (!made) return NULL;
  *made = (struct gw_encoding){.next = first, .bytes = make(publication, how), .key = key};
  if (!made->bytes) {
    free(made);
    return NULL;
  }
  while (!atomic_compare_exchange_weak_explicit(&publication->encodings, &made->next, made,
                                                memory_order_acq_rel, memory_order_acquire)) {
    struct gw_bytes *kept = find(made->next, first, key);
    if (kept) {
      encoding_free(made);
      return kept;
    }
    first = made->next;
  }
  return made->bytes;
}

struct gw_bytes *gw_publication_encoding(
    struct gw_publication *publication, const void *key,
    struct gw_bytes *(*make)(const struct gw_publication *publication, void *how), void *how) {
  struct gw_encoding *first = atomic_load_explicit(&publication->encodings, memory_order_acquire);
  struct gw_bytes *kept = find(first, NULL, key);
  return kept ? kept : encoding_make(publication, key, make, how, first);
}

size_t gw_publication_size(const struct gw_publication *publication) {
  return sizeof *publication + publication->channel.len + publication->content_type.len +
         publication->event.len + publication->from.len + publication->payload.len;
}

/* C0, DEL, and C1 (U+0080 to U+009F, in UTF-8 after 0xC2). */
static bool has_control(const uint8_t *text, size_t len) {
  for (size_t i = 0; i < len; i++) {
    if (text[i] < 0x20 || text[i] == 0x7F) return true;
    if (text[i] == 0xC2 && i + 1 < len && text[i + 1] < 0xA0) return true;
  }
  return false;
}

bool gw_channel_name_is_valid(struct gw_str name) {
  if (name.len < 1 || name.len > MAX_CHANNEL) return false;
  if (name.at[0] == '/' || name.at[name.len - 1] == '/') return false;
  const uint8_t *text = (const uint8_t *)name.at;
  return gw_utf8_valid(gw_simd_best(), text, name.len) && !has_control(text, name.len);
}

/* It stands on a line of its own in SSE and in godwit.v1. */
bool gw_event_name_is_valid(struct gw_str name) {
  static const struct gw_str own = {"godwit.", 7};
  if (name.len < 1 || name.len > MAX_EVENT) return false;
  if (name.len >= own.len && memcmp(name.at, own.at, own.len) == 0) return false;
  for (size_t i = 0; i < name.len; i++)
    if ((unsigned char)name.at[i] < 0x20 || name.at[i] == 0x7F) return false;
  return gw_utf8_valid(gw_simd_best(), (const uint8_t *)name.at, name.len);
}

static bool is_epoch_char(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* Digits without a leading zero: one offset has one text. */
static bool parse_offset(struct gw_str digits, uint64_t *out) {
  bool is_padded = digits.len > 1 && digits.at[0] == '0';
  return !is_padded && gw_str_number(digits, UINT64_MAX, out);
}

int gw_cursor_parse(struct gw_str text, struct gw_cursor *out) {
  if (text.len <= GW_EPOCH_LEN || text.at[GW_EPOCH_LEN] != ':') return GW_ERR_ARGUMENT;
  for (size_t i = 0; i < GW_EPOCH_LEN; i++)
    if (!is_epoch_char(text.at[i])) return GW_ERR_ARGUMENT;
  struct gw_str digits = {text.at + GW_EPOCH_LEN + 1, text.len - GW_EPOCH_LEN - 1};
  uint64_t offset = 0;
  if (!parse_offset(digits, &offset)) return GW_ERR_ARGUMENT;
  memcpy(out->epoch, text.at, GW_EPOCH_LEN);
  out->epoch[GW_EPOCH_LEN] = '\0';
  out->offset = offset;
  return 0;
}

const char *gw_cursor_write(const struct gw_cursor *cursor, char out[GW_CURSOR_TEXT]) {
  snprintf(out, GW_CURSOR_TEXT, "%.*s:%llu", GW_EPOCH_LEN, cursor->epoch,
           (unsigned long long)cursor->offset);
  return out;
}
