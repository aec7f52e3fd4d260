/* SPDX-License-Identifier: MIT */
/*
 * The memory store: what its functions ask is carried to the channels' homes and back. desk.c
 * carries, answer.c answers; here a question is asked and a letter that arrives is sorted out.
 *
 * Invariant: whatever a channel's home tells a worker (answers and publications) it tells in the
 * order in which it happened there: by one lane, or on the home's own worker by calls that never
 * nest. A question asked inside such a call, or while older ones of the same worker wait, goes by
 * the worker's lane to itself. So what a subscription's answer holds and what comes after it have
 * neither gap nor overlap, and everybody hears the same order.
 */
#include "broker/memory.h"

#include "broker/answer.h"
#include "broker/attend.h"
#include "godwit/error.h"

#include <stdlib.h>
#include <sys/random.h>
#include <time.h>
#include <xxhash.h>

/* ---- letters that arrive ---- */

static void drop(struct gw_letter *letter) {
  if (letter->kind == GW_LETTER_DELIVERY)
    gw_delivery_free((struct gw_delivery *)letter);
  else
    gw_question_clear((struct gw_question *)letter);
}

static void on_letter(struct gw_lane *lane, struct gw_letter *letter) {
  struct gw_desk *desk = lane->owner;
  if (desk->memory->is_closed) {
    drop(letter);
  } else if (letter->kind == GW_LETTER_DELIVERY) {
    gw_desk_tell(desk, ((struct gw_delivery *)letter)->publication);
    drop(letter);
  } else if (letter->kind == GW_LETTER_ANSWER) {
    gw_desk_conclude(desk, (struct gw_question *)letter);
  } else {
    gw_answer(desk, (struct gw_question *)letter);
  }
}

static void on_batch_end(struct gw_lane *lane) {
  struct gw_desk *desk = lane->owner;
  gw_memory_unref(desk->memory);
}

/* ---- the store's functions ---- */

static struct gw_desk *desk_of(struct gw_store *store) {
  return gw_container_of(store, struct gw_desk, store);
}

static struct gw_desk *home_of(const struct gw_memory *memory, struct gw_str channel) {
  unsigned given = memory->homes ? gw_rules_of(memory->homes, channel)->home : 0;
  if (given) return memory->desks[given - 1];
  uint64_t hash = memory->n == 1 ? 0 : XXH3_64bits_withSeed(channel.at, channel.len, memory->seed);
  return memory->desks[hash % memory->n];
}

/* What ends something is never refused: there are no more of it than beginnings. */
static bool is_end(const struct gw_question *question) {
  return question->letter.kind == GW_LETTER_UNSUBSCRIBE ||
         (question->letter.kind == GW_LETTER_ATTEND && !question->is_here);
}

/* Copies a text to where the question has room for it. */
static size_t keep_text(struct gw_question *posted, size_t at, struct gw_str *text) {
  if (!text->at) return 0;
  memcpy(posted->text + at, text->at, text->len);
  text->at = posted->text + at;
  return text->len;
}

static int post_question(struct gw_desk *desk, struct gw_desk *home,
                         const struct gw_question *question) {
  if (!is_end(question) && (gw_desk_is_full(desk, home) || gw_desk_is_full(home, desk)))
    return GW_ERR_FULL;
  size_t text = question->channel.len + question->word.len;
  struct gw_question *posted = malloc(sizeof *posted + text);
  if (!posted) return GW_ERR_MEMORY;
  *posted = *question;
  keep_text(posted, keep_text(posted, 0, &posted->channel), &posted->word);
  posted->letter.cost = sizeof *posted + text;
  if (posted->publication) posted->letter.cost += gw_publication_size(posted->publication);
  if (posted->ask) posted->ask->held = posted;
  gw_desk_send(desk, &desk->lanes[home->index], &posted->letter);
  return 0;
}

/* Takes the publication where it succeeds. */
static int put_question(struct gw_desk *desk, struct gw_question *question) {
  struct gw_desk *home = home_of(desk->memory, question->channel);
  question->asker = desk->index;
  bool is_plain =
      home == desk && !desk->is_calling && gw_lane_queued(&desk->lanes[desk->index]) == 0;
  if (!is_plain) return post_question(desk, home, question);
  gw_answer(desk, question);
  return 0;
}

static int publish(struct gw_store *store, struct gw_publication *publication, struct gw_str key,
                   struct gw_store_ask *ask) {
  struct gw_question question = {
      .letter.kind = GW_LETTER_PUBLISH,
      .ask = ask,
      .publication = publication,
      .channel = publication->channel,
      .word = key,
  };
  int err = put_question(desk_of(store), &question);
  if (err < 0) gw_publication_unref(publication);
  return err;
}

static int subscribe(struct gw_store *store, struct gw_str channel, const struct gw_cursor *after,
                     struct gw_store_ask *ask) {
  struct gw_question question = {
      .letter.kind = GW_LETTER_SUBSCRIBE, .ask = ask, .channel = channel};
  question.has_after = after != NULL;
  if (after) question.after = *after;
  return put_question(desk_of(store), &question);
}

static int unsubscribe(struct gw_store *store, struct gw_str channel) {
  struct gw_question question = {.letter.kind = GW_LETTER_UNSUBSCRIBE, .channel = channel};
  return put_question(desk_of(store), &question);
}

static int history(struct gw_store *store, struct gw_str channel, const struct gw_cursor *after,
                   unsigned limit, struct gw_store_ask *ask) {
  struct gw_question question = {
      .letter.kind = GW_LETTER_HISTORY, .ask = ask, .channel = channel, .limit = limit};
  question.has_after = after != NULL;
  if (after) question.after = *after;
  return put_question(desk_of(store), &question);
}

static int remove_history(struct gw_store *store, struct gw_str channel, struct gw_store_ask *ask) {
  struct gw_question question = {.letter.kind = GW_LETTER_REMOVE, .ask = ask, .channel = channel};
  return put_question(desk_of(store), &question);
}

static int attend(struct gw_store *store, struct gw_str channel, struct gw_str user, bool is_here) {
  struct gw_question question = {
      .letter.kind = GW_LETTER_ATTEND, .channel = channel, .word = user, .is_here = is_here};
  return put_question(desk_of(store), &question);
}

static int members(struct gw_store *store, struct gw_str channel, struct gw_store_ask *ask) {
  struct gw_question question = {.letter.kind = GW_LETTER_MEMBERS, .ask = ask, .channel = channel};
  return put_question(desk_of(store), &question);
}

/* `held` is set while the question is on its way. Nobody else reads the letter's `ask` meanwhile.
 */
static void forget(struct gw_store *store, struct gw_store_ask *ask) {
  (void)store;
  struct gw_question *question = ask->held;
  if (question) question->ask = NULL;
  ask->held = NULL;
}

static const struct gw_store_ops ops = {
    .publish = publish,
    .subscribe = subscribe,
    .unsubscribe = unsubscribe,
    .history = history,
    .remove = remove_history,
    .attend = attend,
    .members = members,
    .forget = forget,
};

/* ---- life ---- */

static uint64_t system_clock(void) {
  struct timespec ts;
  clock_gettime(CLOCK_REALTIME, &ts);
  return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static int desk_new(struct gw_memory *memory, const struct gw_memory_options *options,
                    struct gw_loop *const *loops, unsigned index) {
  struct gw_desk *desk = calloc(1, sizeof *desk + memory->n * sizeof desk->lanes[0]);
  if (!desk) return GW_ERR_MEMORY;
  memory->desks[index] = desk;
  desk->store.ops = &ops;
  desk->memory = memory;
  desk->loop = loops[index];
  desk->index = index;
  desk->flush.run = gw_desk_flush;
  for (unsigned i = 0; i < memory->n; i++) {
    gw_lane_init(&desk->lanes[i], loops[i]);
    desk->lanes[i].on_letter = on_letter;
    desk->lanes[i].on_batch_end = on_batch_end;
  }
  desk->home = (struct gw_home){
      .loop = loops[index],
      .workers = memory->n,
      .max_channels = options->max_channels ? options->max_channels : 1000000,
      .rules = options->rules ? options->rules : memory->own_rules,
      .wall_clock = options->wall_clock ? options->wall_clock : system_clock,
      .linger.on_due = gw_attend_on_due,
  };
  return gw_home_init(&desk->home);
}

int gw_memory_new(const struct gw_memory_options *options, struct gw_loop *const *loops, unsigned n,
                  struct gw_memory **out_memory) {
  static const struct gw_memory_options defaults;
  if (!options) options = &defaults;
  unsigned highest_home = options->rules ? gw_rules_highest_home(options->rules) : 0;
  if (n == 0 || highest_home > n) return GW_ERR_ARGUMENT;
  struct gw_memory *memory = calloc(1, sizeof *memory + n * sizeof(struct gw_desk *));
  if (!memory) return GW_ERR_MEMORY;
  memory->n = n;
  if (highest_home > 0) memory->homes = options->rules;
  memory->queue_bytes = options->queue_bytes ? options->queue_bytes : 16u << 20;
  atomic_init(&memory->refs, 1);
  int err = 0;
  if (getrandom(&memory->seed, sizeof memory->seed, 0) != (ssize_t)sizeof memory->seed)
    err = GW_ERR_SYSTEM;
  if (err == 0 && !options->rules) err = gw_rules_new(&memory->own_rules);
  for (unsigned i = 0; i < n && err == 0; i++)
    err = desk_new(memory, options, loops, i);
  if (err < 0) {
    gw_memory_free(memory);
    return err;
  }
  for (unsigned from = 0; from < n; from++)
    for (unsigned to = 0; to < n; to++)
      memory->desks[from]->lanes[to].owner = memory->desks[to];
  *out_memory = memory;
  return 0;
}

void gw_memory_free(struct gw_memory *memory) {
  if (!memory) return;
  memory->is_closed = true; /* what the loops still hold is dropped when they run it */
  for (unsigned i = 0; i < memory->n && memory->desks[i]; i++) {
    for (unsigned k = 0; k < memory->n; k++)
      gw_lane_drain(&memory->desks[i]->lanes[k]);
    gw_home_clear(&memory->desks[i]->home);
  }
  gw_memory_unref(memory);
}

struct gw_store *gw_memory_store(struct gw_memory *memory, unsigned i) {
  return &memory->desks[i]->store;
}

size_t gw_memory_channel_count(const struct gw_memory *memory, unsigned i) {
  return memory->desks[i]->home.channels.count;
}

uint64_t gw_memory_publication_count(const struct gw_memory *memory, unsigned i) {
  return memory->desks[i]->home.placed;
}
