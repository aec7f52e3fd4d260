/* SPDX-License-Identifier: MIT */
/*
 * A history is asked for in portions and given message by message; where much waits for the client,
 * the rest is asked for again when it has read. Nothing is kept meanwhile but a cursor.
 *
 * Invariant: what has been given is the channel without gap from where the answer began on. Where a
 * channel moves on faster than its client reads, the answer ends early, and its cursor tells where.
 */
#include "dialect/godwit_history.h"

#include "dialect/godwit_carrier.h"
#include "dialect/godwit_talker.h"

enum {
  PORTION = 64,
  /* Of one answer without a limit: against chasing a channel for ever. */
  ANSWER_MAX = 10000,
};

static void finish(struct gw_errand *errand) {
  struct gw_godwit_line line;
  char text[GW_CURSOR_TEXT];
  const struct gw_godwit_standing standing = {
      .cursor = gw_str_of(gw_cursor_write(&errand->after, text)),
      .is_recovered = errand->standing.is_recovered,
      .is_missed_known = errand->standing.is_missed_known,
      .missed = errand->standing.missed,
  };
  gw_godwit_ok_history(&line, errand->id, &standing);
  gw_talker_say(errand->talker, &line);
  gw_errand_free(errand);
}

static void fail(struct gw_errand *errand, int err) {
  gw_talker_fail(errand->talker, err, errand->id);
  gw_errand_free(errand);
}

/* True: the client has no more room for now. */
static bool give(struct gw_errand *errand, const struct gw_recovery *recovery, int *err) {
  for (unsigned i = 0; i < recovery->n && errand->left > 0; i++) {
    int sent = gw_godwit_push(errand->talker, recovery->publications[i], false);
    if (sent == GW_ERR_FULL) return true;
    if (sent < 0) {
      *err = sent;
      return false;
    }
    errand->after = recovery->publications[i]->cursor;
    errand->has_after = true;
    errand->left--;
    if (sent == 1) return true;
  }
  return false;
}

static void ask_on(struct gw_errand *errand) {
  const struct gw_place *place = gw_talker_place(errand->talker);
  unsigned limit = errand->left < PORTION ? errand->left : PORTION;
  int err = gw_hub_history(place->hub, errand->channel, errand->has_after ? &errand->after : NULL,
                           limit, &errand->ask);
  if (err < 0) fail(errand, err);
}

static void on_answer(struct gw_store_ask *ask, int err, const struct gw_recovery *recovery) {
  struct gw_errand *errand = gw_container_of(ask, struct gw_errand, ask);
  if (err < 0) {
    fail(errand, err);
    return;
  }
  if (!errand->has_begun) {
    errand->has_begun = true;
    errand->standing = *recovery;
    if (recovery->n == 0) errand->after = recovery->cursor;
  } else if (!recovery->is_recovered) {
    finish(errand);
    return;
  }
  unsigned asked = errand->left < PORTION ? errand->left : PORTION;
  errand->rests = give(errand, recovery, &err);
  if (err < 0)
    fail(errand, err);
  else if (!errand->rests && (recovery->n < asked || errand->left == 0))
    finish(errand);
  else if (!errand->rests)
    ask_on(errand);
}

void gw_godwit_history(struct gw_talker *talker, const struct gw_godwit_request *request,
                       const struct gw_cursor *after) {
  struct gw_errand *errand = gw_errand_new(talker, request->id, request->word);
  if (!errand) {
    gw_talker_fail(talker, GW_ERR_MEMORY, request->id);
    return;
  }
  errand->ask.on_answer = on_answer;
  errand->left = request->limit ? request->limit : ANSWER_MAX;
  errand->has_after = after != NULL;
  if (after) errand->after = *after;
  ask_on(errand);
}

static struct gw_errand *next_due(struct gw_errand *errand) {
  while (errand && !errand->is_due)
    errand = errand->next;
  return errand;
}

/* Each that rests now is asked for once. An answer may come at once, and end an errand or make its
 * client leave: so the walk begins anew each time. */
void gw_godwit_history_drained(struct gw_talker *talker) {
  for (struct gw_errand *errand = talker->errands; errand; errand = errand->next)
    errand->is_due = errand->rests;
  for (struct gw_errand *errand; (errand = next_due(talker->errands));) {
    errand->is_due = errand->rests = false;
    ask_on(errand);
  }
}
