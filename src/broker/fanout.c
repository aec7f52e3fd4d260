/* SPDX-License-Identifier: MIT */
/*
 * All that could fail is made first, so that what has been placed reaches everybody. The home's own
 * hub is told last, by a call: the letters are on their lanes before anybody can ask anything new.
 */
#include "broker/fanout.h"

#include "godwit/error.h"

#include <stdlib.h>

static void letters_free(struct gw_letter *letter) {
  while (letter) {
    struct gw_letter *next = letter->next;
    gw_delivery_free((struct gw_delivery *)letter);
    letter = next;
  }
}

static int letter_new(struct gw_desk *home, unsigned to, struct gw_publication *publication,
                      struct gw_letter **first) {
  if (gw_desk_is_full(home, home->memory->desks[to])) return GW_ERR_FULL;
  struct gw_delivery *delivery = malloc(sizeof *delivery);
  if (!delivery) return GW_ERR_MEMORY;
  delivery->publication = gw_publication_ref(publication);
  delivery->letter = (struct gw_letter){
      .next = *first,
      .lane = &home->lanes[to],
      .cost = sizeof *delivery + gw_publication_size(publication),
      .kind = GW_LETTER_DELIVERY,
  };
  *first = &delivery->letter;
  return 0;
}

int gw_fanout_prepare(struct gw_desk *home, const struct gw_home_channel *channel,
                      struct gw_publication *publication, bool may_skip,
                      struct gw_fanout *out_fanout) {
  struct gw_letter *letters = NULL;
  for (unsigned i = 0; i < home->memory->n; i++) {
    if (i == home->index || !gw_home_hears(channel, i)) continue;
    int err = letter_new(home, i, publication, &letters);
    if (err < 0 && !may_skip) {
      letters_free(letters);
      return err;
    }
  }
  *out_fanout = (struct gw_fanout){
      .publication = publication,
      .letters = letters,
      .is_heard_here = gw_home_hears(channel, home->index),
  };
  return 0;
}

void gw_fanout_send(struct gw_desk *home, struct gw_fanout *fanout) {
  for (struct gw_letter *letter = fanout->letters; letter;) {
    struct gw_letter *next = letter->next;
    gw_desk_send(home, letter->lane, letter);
    letter = next;
  }
  if (fanout->is_heard_here) gw_desk_tell(home, fanout->publication);
}
