/* SPDX-License-Identifier: MIT */
/* Loss is known when the next message comes, not before: until then what is missing may be on its
 * way. */
#include "cli/lab/ledger.h"

void gw_lab_ledger_begin(struct gw_lab_ledger *ledger, uint64_t seq) {
  *ledger = (struct gw_lab_ledger){.base = seq, .last = seq};
}

/* A cut before all of the one before has come makes one of both. */
void gw_lab_ledger_cut(struct gw_lab_ledger *ledger, uint64_t seq) {
  if (ledger->is_away) return;
  ledger->is_away = true;
  if (ledger->last >= ledger->to) ledger->away_from = seq;
}

void gw_lab_ledger_back(struct gw_lab_ledger *ledger, uint64_t seq) {
  if (ledger->is_away) ledger->to = seq;
  ledger->is_away = false;
}

bool gw_lab_ledger_take(struct gw_lab_ledger *ledger, struct gw_lab_counts *counts, uint64_t seq) {
  if (seq <= ledger->base) return false;
  if (seq <= ledger->last) {
    counts->repeated++;
    return false;
  }
  counts->messages++;
  counts->lost += seq - ledger->last - 1;
  if (seq > ledger->away_from && seq <= ledger->to) counts->recovered++;
  ledger->last = seq;
  return true;
}
