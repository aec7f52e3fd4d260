/* SPDX-License-Identifier: MIT */
/*
 * The store of one process: every channel has a home worker (its rules say which, else a hash of
 * its name) that places its publications, keeps its history and knows who is in it; the others
 * reach it through the door between loops. With one worker the door is a plain call.
 */
#ifndef GW_BROKER_MEMORY_H
#define GW_BROKER_MEMORY_H

#include "hub/rules.h"
#include "hub/store.h"
#include "loop/loop.h"

struct gw_memory_options {
  const struct gw_rules *rules; /* borrowed; NULL: the defaults for every channel */
  unsigned max_channels; /* per home worker; 0: 1,000,000. Against a name for every request */
  /* On the way from one worker to another, counted as the publications and the letters around them;
   * 0: 16 MiB. What would start beyond it is refused (GW_ERR_FULL). Against a publisher that is
   * faster than its channel's home, or than a worker that hears it. */
  size_t queue_bytes;
  uint64_t (*wall_clock)(void); /* ms since 1970; NULL: the system's */
};

struct gw_memory; /* the whole of it, made before the workers start */

/* `loops`: one per worker, borrowed. GW_ERR_MEMORY, GW_ERR_SYSTEM, GW_ERR_ARGUMENT (no loop,
 * or a rule's home is a worker that there is not). */
int gw_memory_new(const struct gw_memory_options *options, struct gw_loop *const *loops, unsigned n,
                  struct gw_memory **out_memory);
/* After the loops have ended their runs and the hubs are freed, before the loops are. */
void gw_memory_free(struct gw_memory *memory);
/* The store value of worker i, for its hub. */
struct gw_store *gw_memory_store(struct gw_memory *memory, unsigned i);
/* For the metrics, on the thread of worker i: channels that live there, and publications that were
 * placed there since the start. */
size_t gw_memory_channel_count(const struct gw_memory *memory, unsigned i);
uint64_t gw_memory_publication_count(const struct gw_memory *memory, unsigned i);

#endif
