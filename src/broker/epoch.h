/* SPDX-License-Identifier: MIT */
/*
 * The epochs of one home worker's channels. A name has an epoch at every time, also while no such
 * channel exists, and it changes when a channel of that name is freed or loses what it kept.
 */
#ifndef GW_BROKER_EPOCH_H
#define GW_BROKER_EPOCH_H

#include "hub/publication.h"

struct gw_epochs {
  uint64_t seed;     /* random: another process, other epochs */
  uint32_t *retired; /* per bucket of names, how many channels were freed */
};

/* GW_ERR_MEMORY, GW_ERR_SYSTEM (no randomness). */
int gw_epochs_init(struct gw_epochs *epochs);
void gw_epochs_clear(struct gw_epochs *epochs);
/* The number of a name's life: a channel that is made now has it until it is freed or retired. */
uint32_t gw_epochs_life(const struct gw_epochs *epochs, struct gw_str name);
/* The epoch of a name in that life. */
void gw_epochs_write(const struct gw_epochs *epochs, struct gw_str name, uint32_t life,
                     char out[GW_EPOCH_LEN + 1]);
/* The channel's state is lost. */
void gw_epochs_retire(struct gw_epochs *epochs, struct gw_str name);

#endif
