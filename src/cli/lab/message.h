/* SPDX-License-Identifier: MIT */
/* The lab's messages: `SEQ EPOCH_MS FILL`, EPOCH_MS the wall clock in milliseconds with three
 * decimals. So a receiver knows what it missed, and how long the message took. */
#ifndef GW_CLI_LAB_MESSAGE_H
#define GW_CLI_LAB_MESSAGE_H

#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

enum { GW_LAB_MESSAGE_MIN = 48 };

struct gw_lab_message {
  uint64_t seq, at_us;
};

/* Microseconds: since 1970; and since some moment, for what must not jump. */
uint64_t gw_lab_clock_us(void);
uint64_t gw_lab_steady_us(void);
/* Writes exactly `len` bytes, at least GW_LAB_MESSAGE_MIN. */
void gw_lab_message_write(char *out, size_t len, const struct gw_lab_message *message);
/* False: not a message of the lab. */
bool gw_lab_message_read(struct gw_str text, struct gw_lab_message *out);

#endif
