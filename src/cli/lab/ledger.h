/* SPDX-License-Identifier: MIT */
/*
 * What has become of the messages of one client, by their numbers. The server gives them in one
 * order, so a number that is skipped is lost, and one that is not new came again.
 */
#ifndef GW_CLI_LAB_LEDGER_H
#define GW_CLI_LAB_LEDGER_H

#include <stdbool.h>
#include <stdint.h>

/* Of all clients of a transport together. */
struct gw_lab_counts {
  uint64_t messages;  /* that came, each once */
  uint64_t lost;      /* that were published and passed over */
  uint64_t repeated;  /* that came again */
  uint64_t recovered; /* of the messages: published while their client was cut off */
};

struct gw_lab_ledger {
  uint64_t base;          /* what came before is not of this run */
  uint64_t last;          /* the newest that came */
  uint64_t away_from, to; /* published while it was cut off: from < seq <= to */
  bool is_away;
};

/* A client that expects what comes after `seq`. */
void gw_lab_ledger_begin(struct gw_lab_ledger *ledger, uint64_t seq);
/* It is cut off when `seq` is the newest, and comes back when `seq` is. */
void gw_lab_ledger_cut(struct gw_lab_ledger *ledger, uint64_t seq);
void gw_lab_ledger_back(struct gw_lab_ledger *ledger, uint64_t seq);
/* A message has come; true: a new one. */
bool gw_lab_ledger_take(struct gw_lab_ledger *ledger, struct gw_lab_counts *counts, uint64_t seq);

#endif
