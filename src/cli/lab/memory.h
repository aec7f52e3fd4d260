/* SPDX-License-Identifier: MIT */
/* What a client of each transport costs the measured server in memory: found once, when that is
 * fresh and has nothing else to do. */
#ifndef GW_CLI_LAB_MEMORY_H
#define GW_CLI_LAB_MEMORY_H

#include "cli/command.h"
#include "cli/lab/child.h"

#include <stdbool.h>
#include <stdint.h>

struct gw_lab_memory;

/* Connects as many clients as there may be, of one transport after the other, and asks each time
 * what is allocated now; then all of them go. The child is borrowed. GW_ERR_MEMORY, GW_ERR_SYSTEM.
 */
int gw_lab_memory_new(struct gw_loop *loop, const struct gw_command *command,
                      const struct gw_lab_child *child, void (*on_done)(void *owner), void *owner,
                      struct gw_lab_memory **out_memory);
/* Bytes of one client with or without a cursor; below 0: not found out. */
int64_t gw_lab_memory_of(const struct gw_lab_memory *memory, enum gw_lab_transport transport,
                         bool has_cursor);
void gw_lab_memory_free(struct gw_lab_memory *memory); /* NULL is fine */

#endif
