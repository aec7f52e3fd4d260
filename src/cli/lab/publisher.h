/* SPDX-License-Identifier: MIT */
/* Publishes the lab's messages at a steady rate, over one godwit.v1 connection. */
#ifndef GW_CLI_LAB_PUBLISHER_H
#define GW_CLI_LAB_PUBLISHER_H

#include "loop/loop.h"

#include <stdbool.h>

struct gw_lab_publisher;

/* It cannot publish (any more). */
typedef void gw_lab_publisher_failed(void *owner, const char *why);

/* To the measured server at 127.0.0.1:port. GW_ERR_MEMORY. */
int gw_lab_publisher_new(struct gw_loop *loop, unsigned port, gw_lab_publisher_failed *on_failed,
                         void *owner, struct gw_lab_publisher **out_publisher);
/* Whether there is a connection. */
bool gw_lab_publisher_is_open(const struct gw_lab_publisher *publisher);
/* So many a second of so many bytes from now on; 0: none. */
void gw_lab_publisher_set(struct gw_lab_publisher *publisher, double rate, unsigned payload);
/* The number of the latest message; it goes on from run to run. */
uint64_t gw_lab_publisher_seq(const struct gw_lab_publisher *publisher);
/* By how much the latest message was late at most since it was last called, in microseconds. */
uint64_t gw_lab_publisher_lateness(struct gw_lab_publisher *publisher);
void gw_lab_publisher_free(struct gw_lab_publisher *publisher); /* NULL is fine */

#endif
