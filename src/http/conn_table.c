/* SPDX-License-Identifier: MIT */
/*
 * Slots in chunks that never move, so that other threads may look at a slot's generation at any
 * time. A slot's generation is odd while it is in use and grows by one at each take and each
 * release, so an id is not given twice (before 2^31 uses of one slot). Free slots form a list: a
 * free slot's `conn` holds the next one's number.
 */
#include "http/conn_table.h"

#include "godwit/error.h"

#include <stdlib.h>

#define CHUNK_BITS 10
#define CHUNK      (1u << CHUNK_BITS)
#define NONE       UINT32_MAX

struct chunk {
  struct gw_conn_slot slots[CHUNK];
};

struct gw_conn_table {
  unsigned worker;
  uint32_t max, used, free_head;
  size_t count;
  uint32_t n_chunks;
  _Atomic(struct chunk *) chunks[];
};

int gw_conn_table_new(unsigned worker, uint32_t max, struct gw_conn_table **out_table) {
  uint32_t n = (max + CHUNK - 1) >> CHUNK_BITS;
  struct gw_conn_table *t = calloc(1, sizeof *t + n * sizeof t->chunks[0]);
  if (!t) return GW_ERR_MEMORY;
  t->worker = worker;
  t->max = max;
  t->n_chunks = n;
  t->free_head = NONE;
  *out_table = t;
  return 0;
}

void gw_conn_table_free(struct gw_conn_table *table) {
  if (!table) return;
  for (uint32_t i = 0; i < table->n_chunks; i++)
    free(table->chunks[i]);
  free(table);
}

static struct chunk *chunk_of(const struct gw_conn_table *table, uint32_t slot) {
  return atomic_load_explicit(&table->chunks[slot >> CHUNK_BITS], memory_order_acquire);
}

struct gw_conn_slot *gw_conn_table_slot(const struct gw_conn_table *table, uint32_t slot) {
  return &chunk_of(table, slot)->slots[slot & (CHUNK - 1)];
}

static uint32_t take_free(struct gw_conn_table *t) {
  uint32_t slot = t->free_head;
  t->free_head = (uint32_t)(uintptr_t)gw_conn_table_slot(t, slot)->conn;
  return slot;
}

static int64_t take_new(struct gw_conn_table *t) {
  if (t->used == t->max) return GW_ERR_FULL;
  uint32_t slot = t->used;
  if ((slot & (CHUNK - 1)) == 0) {
    struct chunk *chunk = calloc(1, sizeof *chunk);
    if (!chunk) return GW_ERR_MEMORY;
    atomic_store_explicit(&t->chunks[slot >> CHUNK_BITS], chunk, memory_order_release);
  }
  t->used++;
  return slot;
}

int64_t gw_conn_table_add(struct gw_conn_table *table, struct gw_conn *conn) {
  int64_t slot = table->free_head != NONE ? take_free(table) : take_new(table);
  if (slot < 0) return slot;
  struct gw_conn_slot *s = gw_conn_table_slot(table, (uint32_t)slot);
  s->conn = conn;
  atomic_fetch_add(&s->generation, 1);
  table->count++;
  return slot;
}

void gw_conn_table_remove(struct gw_conn_table *table, uint32_t slot) {
  struct gw_conn_slot *s = gw_conn_table_slot(table, slot);
  atomic_fetch_add(&s->generation, 1);
  atomic_fetch_and(&s->posted, GW_CONN_POSTED_MASK);
  s->conn = (struct gw_conn *)(uintptr_t)table->free_head;
  table->free_head = slot;
  table->count--;
}

/* 6 bits of worker, 26 of slot, 32 of generation. */
uint64_t gw_conn_table_id(const struct gw_conn_table *table, uint32_t slot) {
  uint32_t generation = atomic_load(&gw_conn_table_slot(table, slot)->generation);
  return (uint64_t)table->worker << 58 | (uint64_t)slot << 32 | generation;
}

struct gw_conn_slot *gw_conn_table_peek(const struct gw_conn_table *table, uint64_t id) {
  uint32_t slot = (uint32_t)(id >> 32) & 0x3FFFFFF, generation = (uint32_t)id;
  if (slot >= table->max || !(generation & 1) || !chunk_of(table, slot)) return NULL;
  struct gw_conn_slot *s = gw_conn_table_slot(table, slot);
  return atomic_load(&s->generation) == generation ? s : NULL;
}

struct gw_conn *gw_conn_table_find(const struct gw_conn_table *table, uint64_t id) {
  struct gw_conn_slot *s =
      gw_conn_id_worker(id) == table->worker ? gw_conn_table_peek(table, id) : NULL;
  return s ? s->conn : NULL;
}

/* An id of the table's worker, whether it lives or not. */
static struct gw_conn_slot *slot_of_id(const struct gw_conn_table *table, uint64_t id) {
  return gw_conn_table_slot(table, (uint32_t)(id >> 32) & 0x3FFFFFF);
}

void gw_conn_table_owe(const struct gw_conn_table *table, uint64_t id) {
  struct gw_conn_slot *s = slot_of_id(table, id);
  uint32_t now = atomic_load(&s->posted);
  /* Where nothing waits any more, nobody would come by to pay. */
  while ((now & (GW_CONN_POSTED_MASK | GW_CONN_HIGH)) &&
         !atomic_compare_exchange_weak(&s->posted, &now, now | GW_CONN_OWES))
    ;
}

int64_t gw_conn_slot_reserve(struct gw_conn_slot *slot, uint32_t len, uint32_t max) {
  uint32_t before = atomic_load(&slot->posted);
  do
    if ((before & GW_CONN_POSTED_MASK) + len > max) return GW_ERR_FULL;
  while (!atomic_compare_exchange_weak(&slot->posted, &before, before + len));
  return before;
}

struct gw_conn *gw_conn_table_settle(const struct gw_conn_table *table, uint64_t id, uint32_t len) {
  struct gw_conn_slot *s = slot_of_id(table, id);
  uint32_t now = atomic_load(&s->posted), left;
  bool is_due;
  do {
    left = now - len;
    is_due = (left & (GW_CONN_POSTED_MASK | GW_CONN_HIGH)) == 0 && (left & GW_CONN_OWES);
    if (is_due) left &= ~GW_CONN_OWES;
  } while (!atomic_compare_exchange_weak(&s->posted, &now, left));
  return is_due && atomic_load(&s->generation) & 1 ? s->conn : NULL;
}

size_t gw_conn_table_count(const struct gw_conn_table *table) {
  return table->count;
}

struct gw_conn *gw_conn_table_next(const struct gw_conn_table *table, uint32_t *at) {
  while (*at < table->used) {
    struct gw_conn_slot *s = gw_conn_table_slot(table, (*at)++);
    if (atomic_load(&s->generation) & 1) return s->conn;
  }
  return NULL;
}
