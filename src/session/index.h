/* SPDX-License-Identifier: MIT */
/*
 * What is found by a session's id: a hash table whose members carry its links, so that adding never
 * fails. The ids are random (their last half at least) and made here: nobody chooses them.
 */
#ifndef GW_SESSION_INDEX_H
#define GW_SESSION_INDEX_H

#include "session/session.h"

struct gw_index_entry {
  struct gw_index_entry *next; /* the index's own */
  char id[GW_SESSION_ID_LEN];
};

struct gw_index {
  struct gw_index_entry **buckets; /* `few`, or room that follows the count */
  size_t room, count;
  struct gw_index_entry *few[16];
};

/* It may not be moved. */
void gw_index_init(struct gw_index *index);
/* The id must be absent. */
void gw_index_add(struct gw_index *index, struct gw_index_entry *entry);
/* Where it is in none: nothing. */
void gw_index_remove(struct gw_index *index, struct gw_index_entry *entry);
/* NULL. */
struct gw_index_entry *gw_index_find(const struct gw_index *index, const char *id);
/* Empties it and gives its members, chained by `next`. */
struct gw_index_entry *gw_index_take_all(struct gw_index *index);

/* ---- ids ---- */

/* Random bytes, fetched from the system for many ids at once. */
struct gw_id_source {
  unsigned left;
  unsigned char pool[21 * 24];
};

/* An id born on a worker. GW_ERR_SYSTEM. */
int gw_id_make(struct gw_id_source *source, unsigned worker, char out[GW_SESSION_ID_LEN]);
/* The worker of its birth; GW_ERR_ARGUMENT: not of the form of an id. */
int gw_id_birth(struct gw_str id);

#endif
