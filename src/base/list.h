/* SPDX-License-Identifier: MIT */
/* A circular doubly linked list whose links lie inside the members. A link that is in no list
 * points at itself. */
#ifndef GW_BASE_LIST_H
#define GW_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct gw_link {
  struct gw_link *prev, *next;
};

#define gw_container_of(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

static inline void gw_list_init(struct gw_link *l) {
  l->prev = l->next = l;
}

static inline bool gw_list_is_empty(const struct gw_link *l) {
  return l->next == l;
}

static inline void gw_list_append(struct gw_link *list, struct gw_link *l) {
  l->prev = list->prev;
  l->next = list;
  list->prev->next = l;
  list->prev = l;
}

static inline void gw_list_remove(struct gw_link *l) {
  l->prev->next = l->next;
  l->next->prev = l->prev;
  gw_list_init(l);
}

/* A list without a head: its owner has a pointer to its first member, NULL where it is empty. */

static inline void gw_ring_append(struct gw_link **first, struct gw_link *l) {
  gw_list_init(l);
  if (*first)
    gw_list_append(*first, l);
  else
    *first = l;
}

static inline void gw_ring_remove(struct gw_link **first, struct gw_link *l) {
  if (*first == l) *first = l->next == l ? NULL : l->next;
  gw_list_remove(l);
}

#endif
