/* SPDX-License-Identifier: MIT */
/*
 * One message of a channel, immutable once its channel's home has given it offset and time, shared
 * by count between threads. The payload is opaque. One allocation holds all of it.
 */
#ifndef GW_HUB_PUBLICATION_H
#define GW_HUB_PUBLICATION_H

#include "base/bytes.h"
#include "base/str.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* ---- cursor: `<epoch>:<offset>`, opaque to clients ---- */

#define GW_EPOCH_LEN   12 /* of [0-9A-Za-z], random */
#define GW_CURSOR_TEXT 40 /* room for the text and a NUL */

struct gw_cursor {
  char epoch[GW_EPOCH_LEN + 1];
  uint64_t offset;
};

/* 0; GW_ERR_ARGUMENT where the text is malformed. */
int gw_cursor_parse(struct gw_str text, struct gw_cursor *out);
/* Gives out. */
const char *gw_cursor_write(const struct gw_cursor *cursor, char out[GW_CURSOR_TEXT]);

/* ---- publication ---- */

/* JOIN and LEAVE tell those who hear a channel that `from` has come or gone: they have no offset,
 * no payload and no place in the history. */
enum gw_publication_kind { GW_MESSAGE, GW_JOIN, GW_LEAVE };

/* One way of writing a publication, kept with it. */
struct gw_encoding {
  struct gw_encoding *next;
  struct gw_bytes *bytes;
  const void *key;
};

struct gw_publication {
  _Atomic uint32_t refs;
  uint8_t kind; /* enum gw_publication_kind */
  bool is_binary;
  struct gw_cursor cursor; /* its own: epoch, and offset 1, 2, 3 …; 0: not yet placed */
  uint64_t time;           /* ms since 1970, when it was placed */
  struct gw_str channel, payload;
  struct gw_str content_type, event, from; /* at NULL: none */
  _Atomic(struct gw_encoding *) encodings;
  char text[];
};

/* What a publication is made of; everything is copied. */
struct gw_publication_parts {
  enum gw_publication_kind kind; /* 0: a message */
  struct gw_str channel, payload, content_type, event, from;
  bool is_binary;
};

/* NULL without memory. */
struct gw_publication *gw_publication_new(const struct gw_publication_parts *parts);
struct gw_publication *gw_publication_ref(struct gw_publication *publication);
void gw_publication_unref(struct gw_publication *publication); /* NULL is fine */
/* The bytes kept under `key`, or those that `make` gives now (one reference, NULL without memory),
 * made once and shared by every subscriber that needs them; lent as long as the publication lives.
 * A key is an address of memory that belongs to the way of writing, and is never looked at: so no
 * two ways share one, and nobody numbers them. `how` is for `make`. Any thread: where two make them
 * at once, one is kept. */
struct gw_bytes *gw_publication_encoding(
    struct gw_publication *publication, const void *key,
    struct gw_bytes *(*make)(const struct gw_publication *publication, void *how), void *how);
/* Bytes of memory that it accounts for in a history. */
size_t gw_publication_size(const struct gw_publication *publication);

/* Channel names: 1–255 bytes of UTF-8, no control characters, no `/` at either end (interface.md
 * 1). */
bool gw_channel_name_is_valid(struct gw_str name);

/* Of a publication that somebody makes: names that begin with `godwit.` are the server's own
 * (`godwit.gap` in SSE), so that no publisher can speak in its voice. */
bool gw_event_name_is_valid(struct gw_str name);
#define GW_EVENT_NAME_RULE                                                                         \
  "an event is 1 to 255 bytes of UTF-8 without control characters, and none that begins with "     \
  "godwit. (the server's own)"

#endif
