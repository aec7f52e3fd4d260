/* SPDX-License-Identifier: MIT */
/*
 * The connections of one worker by id: worker, slot and the slot's generation in one number. The
 * owner's thread adds, finds and removes; any thread may ask whether an id still lives and account
 * for what it is about to post to it.
 */
#ifndef GW_HTTP_CONN_TABLE_H
#define GW_HTTP_CONN_TABLE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct gw_conn;
struct gw_conn_table;

/* One place in the table; never moves, never freed before the table. */
struct gw_conn_slot {
  struct gw_conn *conn;        /* the owner's thread only */
  _Atomic uint32_t generation; /* odd: in use */
  _Atomic uint32_t posted; /* bytes that other threads have posted and the owner has not written,
                              and the two flags */
};

#define GW_CONN_HIGH                                                                               \
  0x80000000u /* in `posted`: the connection's own outbox is above its high-water mark */
#define GW_CONN_OWES                                                                               \
  0x40000000u /* in `posted`: another thread was told of backpressure: on_drain is owed */
#define GW_CONN_POSTED_MASK 0x3FFFFFFFu

/* `worker` (below 64) goes into the ids; `max` caps the slots: against an address that opens
 * without end. GW_ERR_MEMORY. */
int gw_conn_table_new(unsigned worker, uint32_t max, struct gw_conn_table **out_table);
void gw_conn_table_free(struct gw_conn_table *table);
/* Names a connection: its slot's number; GW_ERR_FULL, GW_ERR_MEMORY. */
int64_t gw_conn_table_add(struct gw_conn_table *table, struct gw_conn *conn);
void gw_conn_table_remove(struct gw_conn_table *table, uint32_t slot);
uint64_t gw_conn_table_id(const struct gw_conn_table *table, uint32_t slot);
/* The slot of a number that gw_conn_table_add has given. */
struct gw_conn_slot *gw_conn_table_slot(const struct gw_conn_table *table, uint32_t slot);
/* The owner's thread: NULL where it is gone. */
struct gw_conn *gw_conn_table_find(const struct gw_conn_table *table, uint64_t id);
/* Any thread: the slot of an id that lives now, else NULL. */
struct gw_conn_slot *gw_conn_table_peek(const struct gw_conn_table *table, uint64_t id);
/* Any thread that has been told of backpressure for an id that lived: an on_drain is owed to it.
 * Where all has gone out meanwhile there is nothing to wait for, and nothing is owed. */
void gw_conn_table_owe(const struct gw_conn_table *table, uint64_t id);
/* Any thread: accounts for `len` bytes (at most `max`) that are about to be posted to the slot;
 * what was accounted before, with its flags. GW_ERR_FULL where it would be more than `max`, which
 * is below half of what GW_CONN_POSTED_MASK can hold. */
int64_t gw_conn_slot_reserve(struct gw_conn_slot *slot, uint32_t len, uint32_t max);
/* The owner's thread: `len` posted bytes have been dealt with. The connection to which an on_drain
 * is due now: the slot's present one, which may be a later one than the id's; else NULL. */
struct gw_conn *gw_conn_table_settle(const struct gw_conn_table *table, uint64_t id, uint32_t len);
size_t gw_conn_table_count(const struct gw_conn_table *table);
/* The next connection at or after slot *at (advanced past it); NULL at the end. */
struct gw_conn *gw_conn_table_next(const struct gw_conn_table *table, uint32_t *at);

static inline unsigned gw_conn_id_worker(uint64_t id) {
  return (unsigned)(id >> 58);
}

#endif
