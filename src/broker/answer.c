/* SPDX-License-Identifier: MIT */
/*
 * What each question does at the home of its channel, one function for each. A question is one
 * letter that comes back as its answer, so an answer needs no memory that could be missing; the
 * letters that deliver a publication are made before it is placed, so a placed one reaches
 * everybody.
 */
#include "broker/answer.h"

#include "broker/attend.h"
#include "broker/fanout.h"
#include "godwit/error.h"

#include <stdlib.h>

/* Takes the question. */
static void reply(struct gw_desk *home, struct gw_question *question) {
  if (question->asker == home->index) {
    gw_desk_conclude(home, question);
    return;
  }
  question->letter.kind = GW_LETTER_ANSWER;
  question->letter.cost = sizeof *question + question->recovery.n * sizeof(void *);
  if (question->recovery.members)
    question->letter.cost += question->recovery.members->n * sizeof(struct gw_member);
  gw_desk_send(home, &home->lanes[question->asker], &question->letter);
}

static void refuse(struct gw_desk *home, struct gw_question *question, int err) {
  question->err = err;
  question->recovery.n = 0;
  reply(home, question);
}

/* ---- what is kept ---- */

static int collect(const struct gw_home_channel *channel, struct gw_history_range range,
                   struct gw_recovery *recovery) {
  if (range.n == 0) return 0;
  struct gw_publication **publications = malloc(range.n * sizeof(struct gw_publication *));
  if (!publications) return GW_ERR_MEMORY;
  for (unsigned i = 0; i < range.n; i++)
    publications[i] = gw_publication_ref(gw_history_at(&channel->past->history, range.first + i));
  recovery->publications = publications;
  return 0;
}

static void serve_history(struct gw_desk *home, struct gw_question *question) {
  struct gw_home_channel *channel = gw_home_find(&home->home, question->channel);
  struct gw_history_range range = gw_home_answer(&home->home, channel, question->channel,
                                                 question->has_after ? &question->after : NULL,
                                                 question->limit, &question->recovery);
  int err = collect(channel, range, &question->recovery);
  if (err < 0)
    refuse(home, question, err);
  else
    reply(home, question);
}

static void serve_subscribe(struct gw_desk *home, struct gw_question *question) {
  struct gw_home_channel *channel;
  int err = gw_home_open(&home->home, question->channel, &channel);
  if (err < 0) {
    refuse(home, question, err);
    return;
  }
  struct gw_history_range range =
      gw_home_answer(&home->home, channel, question->channel,
                     question->has_after ? &question->after : NULL, 0, &question->recovery);
  if (!question->has_after) range.n = question->recovery.n = 0;
  err = collect(channel, range, &question->recovery);
  if (err < 0) {
    gw_home_release(&home->home, channel);
    refuse(home, question, err);
    return;
  }
  gw_home_hear(channel, question->asker, true);
  reply(home, question);
}

static void serve_unsubscribe(struct gw_desk *home, struct gw_question *question) {
  struct gw_home_channel *channel = gw_home_find(&home->home, question->channel);
  if (channel) {
    gw_home_hear(channel, question->asker, false);
    gw_home_release(&home->home, channel);
  }
  gw_question_clear(question);
}

static void serve_remove(struct gw_desk *home, struct gw_question *question) {
  struct gw_home_channel *channel = gw_home_find(&home->home, question->channel);
  gw_home_forget(&home->home, channel, question->channel);
  question->recovery.cursor = gw_home_cursor(&home->home, channel, question->channel);
  question->recovery.is_recovered = true;
  if (channel) gw_home_release(&home->home, channel);
  reply(home, question);
}

/* ---- publishing ---- */

/* Its key has been used: nothing is placed, and the answer is the first one's. */
static bool is_repeated(struct gw_desk *home, struct gw_question *question) {
  const struct gw_home_channel *channel = gw_home_find(&home->home, question->channel);
  const struct gw_key *key = gw_home_key(channel, question->word);
  if (!key) return false;
  question->recovery.cursor = key->cursor;
  question->recovery.is_recovered = true;
  question->recovery.is_duplicate = true;
  return true;
}

/* Everything that can fail, before anything has happened. */
static int ready_to_place(struct gw_desk *home, const struct gw_question *question,
                          struct gw_home_channel **out_channel, struct gw_key **out_key,
                          struct gw_fanout *out_fanout) {
  struct gw_home_channel *channel;
  struct gw_key *key = NULL;
  int err = gw_home_open(&home->home, question->channel, &channel);
  if (err < 0) return err;
  err = gw_home_reserve(&home->home, channel, question->word, &key);
  if (err == 0) err = gw_fanout_prepare(home, channel, question->publication, false, out_fanout);
  if (err < 0) {
    gw_home_unreserve(channel, key);
    gw_home_release(&home->home, channel);
    return err;
  }
  *out_channel = channel;
  *out_key = key;
  return 0;
}

static void serve_publish(struct gw_desk *home, struct gw_question *question) {
  if (is_repeated(home, question)) {
    reply(home, question);
    return;
  }
  struct gw_home_channel *channel;
  struct gw_key *key;
  struct gw_fanout fanout;
  int err = ready_to_place(home, question, &channel, &key, &fanout);
  if (err < 0) {
    refuse(home, question, err);
    return;
  }
  struct gw_publication *publication = gw_publication_ref(question->publication);
  gw_home_place(channel, publication, key);
  home->home.placed++;
  question->recovery.cursor = publication->cursor;
  question->recovery.is_recovered = true;
  gw_home_release(&home->home, channel);

  reply(home, question);
  gw_fanout_send(home, &fanout);
  gw_publication_unref(publication);
}

/* ---- who is there ---- */

static void serve_attend(struct gw_desk *home, struct gw_question *question) {
  if (question->is_here)
    gw_attend_come(home, question->channel, question->word);
  else
    gw_attend_go(home, question->channel, question->word);
  gw_question_clear(question);
}

static void serve_members(struct gw_desk *home, struct gw_question *question) {
  const struct gw_home_channel *channel = gw_home_find(&home->home, question->channel);
  question->recovery.members = gw_presence_list(channel ? channel->presence : NULL);
  if (question->recovery.members)
    reply(home, question);
  else
    refuse(home, question, GW_ERR_MEMORY);
}

void gw_answer(struct gw_desk *home, struct gw_question *question) {
  switch ((enum gw_letter_kind)question->letter.kind) {
  case GW_LETTER_PUBLISH: serve_publish(home, question); break;
  case GW_LETTER_SUBSCRIBE: serve_subscribe(home, question); break;
  case GW_LETTER_UNSUBSCRIBE: serve_unsubscribe(home, question); break;
  case GW_LETTER_HISTORY: serve_history(home, question); break;
  case GW_LETTER_REMOVE: serve_remove(home, question); break;
  case GW_LETTER_ATTEND: serve_attend(home, question); break;
  case GW_LETTER_MEMBERS: serve_members(home, question); break;
  case GW_LETTER_ANSWER:
  case GW_LETTER_DELIVERY: break; /* no questions: the memory store sorts them out */
  }
}
