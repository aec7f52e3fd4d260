/* SPDX-License-Identifier: MIT */
/*
 * The memory store: questions of the workers' hubs, carried to the channels' homes and back. A
 * question is one letter that comes back as its answer, so an answer needs no memory that could be
 * missing; the letters that deliver a publication are made before it is placed, so a placed one
 * reaches everybody.
 *
 * Invariant: whatever a channel's home tells a worker (answers and publications) it tells in the
 * order in which it happened there: by one lane, or on the home's own worker by calls that never
 * nest. A question asked inside such a call, or while older ones of the same worker wait, goes by
 * the worker's lane to itself. So what a subscription's answer holds and what comes after it have
 * neither gap nor overlap, and everybody hears the same order.
 */
#include "broker/memory.h"

#include "broker/home.h"
#include "broker/lane.h"
#include "godwit/error.h"

#include <stdlib.h>
#include <sys/random.h>
#include <time.h>
#include <xxhash.h>

enum kind { PUBLISH, SUBSCRIBE, UNSUBSCRIBE, HISTORY, ANSWER, DELIVERY };

struct worker {
  struct gw_store store;
  struct gw_memory *memory;
  struct gw_loop *loop;
  unsigned index;
  bool is_calling; /* the hub, which may ask something meanwhile */
  bool is_flush_set;
  struct gw_task flush;
  struct gw_home home;
  struct gw_lane lanes[]; /* to each worker, itself included */
};

struct gw_memory {
  unsigned n;
  uint64_t seed;
  size_t queue_bytes;
  bool is_closed;
  atomic_uint refs; /* the owner, and what loops have queued of ours */
  struct worker *workers[];
};

/* What a hub asks, then what it is answered. */
struct question {
  struct gw_letter letter;
  unsigned asker, limit;
  int err;
  bool has_after;
  struct gw_store_ask *ask; /* the asker's thread alone reads and writes it */
  struct gw_publication *publication;
  struct gw_str channel;
  struct gw_cursor after;
  struct gw_recovery recovery;
  char text[];
};

struct delivery {
  struct gw_letter letter;
  struct gw_publication *publication;
};

/* ---- letters ---- */

static void question_clear(struct question *question) {
  gw_publication_unref(question->publication);
  for (unsigned i = 0; i < question->recovery.n; i++)
    gw_publication_unref(question->recovery.publications[i]);
  free((void *)(uintptr_t)question->recovery.publications);
  if (question->letter.lane) free(question); /* else it lies on the stack of a plain call */
}

static void delivery_free(struct delivery *delivery) {
  gw_publication_unref(delivery->publication);
  free(delivery);
}

static void memory_unref(struct gw_memory *memory) {
  if (atomic_fetch_sub_explicit(&memory->refs, 1, memory_order_acq_rel) != 1) return;
  for (unsigned i = 0; i < memory->n; i++)
    free(memory->workers[i]);
  free(memory);
}

static void flush(struct gw_task *task) {
  struct worker *worker = gw_container_of(task, struct worker, flush);
  struct gw_memory *memory = worker->memory;
  worker->is_flush_set = false;
  for (unsigned i = 0; i < memory->n && !memory->is_closed; i++) {
    atomic_fetch_add_explicit(&memory->refs, 1, memory_order_relaxed);
    if (!gw_lane_flush(&worker->lanes[i]))
      atomic_fetch_sub_explicit(&memory->refs, 1, memory_order_relaxed);
  }
  memory_unref(memory);
}

static void send_letter(struct worker *worker, struct gw_lane *lane, struct gw_letter *letter) {
  gw_lane_put(lane, letter);
  if (worker->is_flush_set) return;
  worker->is_flush_set = true;
  atomic_fetch_add_explicit(&worker->memory->refs, 1, memory_order_relaxed);
  gw_loop_defer(worker->loop, &worker->flush);
}

/* ---- what a hub is told ---- */

static void tell(struct worker *worker, struct gw_publication *publication) {
  if (!worker->store.on_publication) return;
  worker->is_calling = true;
  worker->store.on_publication(&worker->store, publication);
  worker->is_calling = false;
}

static void conclude(struct worker *worker, struct question *question) {
  struct gw_store_ask *ask = question->ask;
  if (ask) {
    ask->held = NULL;
    worker->is_calling = true;
    ask->on_answer(ask, question->err, question->err < 0 ? NULL : &question->recovery);
    worker->is_calling = false;
  }
  question_clear(question);
}

/* ---- at the home ---- */

/* Takes the question. */
static void reply(struct worker *home, struct question *question) {
  if (question->asker == home->index) {
    conclude(home, question);
    return;
  }
  question->letter.kind = ANSWER;
  question->letter.cost = sizeof *question + question->recovery.n * sizeof(void *);
  send_letter(home, &home->lanes[question->asker], &question->letter);
}

static void refuse(struct worker *home, struct question *question, int err) {
  question->err = err;
  question->recovery.n = 0;
  reply(home, question);
}

static int collect(const struct gw_home_channel *channel, struct gw_history_range range,
                   struct gw_recovery *recovery) {
  if (range.n == 0) return 0;
  struct gw_publication **publications = malloc(range.n * sizeof(struct gw_publication *));
  if (!publications) return GW_ERR_MEMORY;
  for (unsigned i = 0; i < range.n; i++)
    publications[i] = gw_publication_ref(gw_history_at(&channel->history, range.first + i));
  recovery->publications = publications;
  return 0;
}

static void serve_history(struct worker *home, struct question *question) {
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

static void serve_subscribe(struct worker *home, struct question *question) {
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
    gw_home_release(channel);
    refuse(home, question, err);
    return;
  }
  gw_home_hear(channel, question->asker, true);
  reply(home, question);
}

static void serve_unsubscribe(struct worker *home, struct question *question) {
  struct gw_home_channel *channel = gw_home_find(&home->home, question->channel);
  if (channel) {
    gw_home_hear(channel, question->asker, false);
    gw_home_release(channel);
  }
  question_clear(question);
}

static bool is_full(const struct worker *from, const struct worker *to) {
  return gw_lane_queued(&from->lanes[to->index]) >= from->memory->queue_bytes;
}

static void deliveries_free(struct gw_letter *letter) {
  while (letter) {
    struct gw_letter *next = letter->next;
    delivery_free((struct delivery *)letter);
    letter = next;
  }
}

/* A letter for each other worker that hears the channel. */
static int prepare(struct worker *home, const struct gw_home_channel *channel,
                   struct gw_publication *publication, struct gw_letter **out_letters) {
  struct gw_letter *letters = NULL;
  unsigned left = channel->hearing;
  for (unsigned i = 0; left > 0; i++) {
    if (!channel->hears[i]) continue;
    left--;
    if (i == home->index) continue;
    bool has_room = !is_full(home, home->memory->workers[i]);
    struct delivery *delivery = has_room ? malloc(sizeof *delivery) : NULL;
    if (!delivery) {
      deliveries_free(letters);
      return has_room ? GW_ERR_MEMORY : GW_ERR_FULL;
    }
    delivery->publication = gw_publication_ref(publication);
    delivery->letter = (struct gw_letter){
        .next = letters,
        .lane = &home->lanes[i],
        .cost = sizeof *delivery + gw_publication_size(publication),
        .kind = DELIVERY,
    };
    letters = &delivery->letter;
  }
  *out_letters = letters;
  return 0;
}

/* Everything that can fail, before anything has happened. */
static int ready_to_place(struct worker *home, const struct question *question,
                          struct gw_home_channel **out_channel, struct gw_letter **out_letters) {
  struct gw_home_channel *channel;
  int err = gw_home_open(&home->home, question->channel, &channel);
  if (err < 0) return err;
  err = gw_history_reserve(&channel->history, &home->home.caps);
  if (err == 0) err = prepare(home, channel, question->publication, out_letters);
  if (err < 0) {
    gw_home_release(channel);
    return err;
  }
  *out_channel = channel;
  return 0;
}

static void serve_publish(struct worker *home, struct question *question) {
  struct gw_home_channel *channel;
  struct gw_letter *letters = NULL;
  int err = ready_to_place(home, question, &channel, &letters);
  if (err < 0) {
    refuse(home, question, err);
    return;
  }
  struct gw_publication *publication = gw_publication_ref(question->publication);
  gw_home_place(channel, publication);
  question->recovery.cursor = publication->cursor;
  question->recovery.is_recovered = true;
  bool is_heard_here = channel->hears[home->index];
  gw_home_release(channel);

  reply(home, question);
  while (letters) {
    struct gw_letter *next = letters->next;
    send_letter(home, letters->lane, letters);
    letters = next;
  }
  if (is_heard_here) tell(home, publication);
  gw_publication_unref(publication);
}

/* Takes the question. */
static void serve(struct worker *home, struct question *question) {
  switch ((enum kind)question->letter.kind) {
  case PUBLISH: serve_publish(home, question); break;
  case SUBSCRIBE: serve_subscribe(home, question); break;
  case UNSUBSCRIBE: serve_unsubscribe(home, question); break;
  case HISTORY: serve_history(home, question); break;
  case ANSWER:
  case DELIVERY: break; /* no questions: on_letter sorts them out */
  }
}

/* ---- letters that arrive ---- */

static void drop(struct gw_letter *letter) {
  if (letter->kind == DELIVERY)
    delivery_free((struct delivery *)letter);
  else
    question_clear((struct question *)letter);
}

static void on_letter(struct gw_lane *lane, struct gw_letter *letter) {
  struct worker *worker = lane->owner;
  if (worker->memory->is_closed) {
    drop(letter);
  } else if (letter->kind == DELIVERY) {
    tell(worker, ((struct delivery *)letter)->publication);
    drop(letter);
  } else if (letter->kind == ANSWER) {
    conclude(worker, (struct question *)letter);
  } else {
    serve(worker, (struct question *)letter);
  }
}

static void on_batch_end(struct gw_lane *lane) {
  struct worker *worker = lane->owner;
  memory_unref(worker->memory);
}

/* ---- the store's functions ---- */

static struct worker *worker_of(struct gw_store *store) {
  return gw_container_of(store, struct worker, store);
}

static struct worker *home_of(const struct gw_memory *memory, struct gw_str channel) {
  uint64_t hash = memory->n == 1 ? 0 : XXH3_64bits_withSeed(channel.at, channel.len, memory->seed);
  return memory->workers[hash % memory->n];
}

static int post_question(struct worker *worker, struct worker *home,
                         const struct question *question) {
  bool is_bounded = question->letter.kind != UNSUBSCRIBE; /* no more of them than subscriptions */
  if (is_bounded && (is_full(worker, home) || is_full(home, worker))) return GW_ERR_FULL;
  size_t text = question->publication ? 0 : question->channel.len;
  struct question *posted = malloc(sizeof *posted + text);
  if (!posted) return GW_ERR_MEMORY;
  *posted = *question;
  if (text > 0) {
    memcpy(posted->text, question->channel.at, text);
    posted->channel.at = posted->text;
  }
  posted->letter.cost = sizeof *posted + text;
  if (posted->publication) posted->letter.cost += gw_publication_size(posted->publication);
  if (posted->ask) posted->ask->held = posted;
  send_letter(worker, &worker->lanes[home->index], &posted->letter);
  return 0;
}

/* Takes the publication where it succeeds. */
static int put_question(struct worker *worker, struct question *question) {
  struct worker *home = home_of(worker->memory, question->channel);
  question->asker = worker->index;
  bool is_plain =
      home == worker && !worker->is_calling && gw_lane_queued(&worker->lanes[worker->index]) == 0;
  if (!is_plain) return post_question(worker, home, question);
  serve(worker, question);
  return 0;
}

static int publish(struct gw_store *store, struct gw_publication *publication, struct gw_str key,
                   struct gw_store_ask *ask) {
  (void)key;
  struct question question = {
      .letter.kind = PUBLISH,
      .ask = ask,
      .publication = publication,
      .channel = publication->channel,
  };
  int err = put_question(worker_of(store), &question);
  if (err < 0) gw_publication_unref(publication);
  return err;
}

static int subscribe(struct gw_store *store, struct gw_str channel, const struct gw_cursor *after,
                     struct gw_store_ask *ask) {
  struct question question = {.letter.kind = SUBSCRIBE, .ask = ask, .channel = channel};
  question.has_after = after != NULL;
  if (after) question.after = *after;
  return put_question(worker_of(store), &question);
}

static int unsubscribe(struct gw_store *store, struct gw_str channel) {
  struct question question = {.letter.kind = UNSUBSCRIBE, .channel = channel};
  return put_question(worker_of(store), &question);
}

static int history(struct gw_store *store, struct gw_str channel, const struct gw_cursor *after,
                   unsigned limit, struct gw_store_ask *ask) {
  struct question question = {
      .letter.kind = HISTORY, .ask = ask, .channel = channel, .limit = limit};
  question.has_after = after != NULL;
  if (after) question.after = *after;
  return put_question(worker_of(store), &question);
}

/* `held` is set while the question is on its way. Nobody else reads the letter's `ask` meanwhile.
 */
static void forget(struct gw_store *store, struct gw_store_ask *ask) {
  (void)store;
  struct question *question = ask->held;
  if (question) question->ask = NULL;
  ask->held = NULL;
}

static const struct gw_store_ops ops = {
    .publish = publish,
    .subscribe = subscribe,
    .unsubscribe = unsubscribe,
    .history = history,
    .forget = forget,
};

/* ---- life ---- */

static uint64_t system_clock(void) {
  struct timespec ts;
  clock_gettime(CLOCK_REALTIME, &ts);
  return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static int worker_new(struct gw_memory *memory, const struct gw_memory_options *options,
                      struct gw_loop *const *loops, unsigned index) {
  struct worker *worker = calloc(1, sizeof *worker + memory->n * sizeof worker->lanes[0]);
  if (!worker) return GW_ERR_MEMORY;
  memory->workers[index] = worker;
  worker->store.ops = &ops;
  worker->memory = memory;
  worker->loop = loops[index];
  worker->index = index;
  worker->flush.run = flush;
  for (unsigned i = 0; i < memory->n; i++) {
    gw_lane_init(&worker->lanes[i], loops[i]);
    worker->lanes[i].on_letter = on_letter;
    worker->lanes[i].on_batch_end = on_batch_end;
  }
  worker->home = (struct gw_home){
      .loop = loops[index],
      .workers = memory->n,
      .max_channels = options->max_channels ? options->max_channels : 1000000,
      .caps = {.size = options->history_size ? options->history_size : 100,
               .ms = options->history_ms ? options->history_ms : 10 * 60 * 1000,
               .bytes = options->history_bytes ? options->history_bytes : 16u << 20},
      .wall_clock = options->wall_clock ? options->wall_clock : system_clock,
  };
  return gw_home_init(&worker->home);
}

int gw_memory_new(const struct gw_memory_options *options, struct gw_loop *const *loops, unsigned n,
                  struct gw_memory **out_memory) {
  static const struct gw_memory_options defaults;
  if (!options) options = &defaults;
  if (n == 0) return GW_ERR_ARGUMENT;
  struct gw_memory *memory = calloc(1, sizeof *memory + n * sizeof(struct worker *));
  if (!memory) return GW_ERR_MEMORY;
  memory->n = n;
  memory->queue_bytes = options->queue_bytes ? options->queue_bytes : 16u << 20;
  atomic_init(&memory->refs, 1);
  int err = 0;
  if (getrandom(&memory->seed, sizeof memory->seed, 0) != (ssize_t)sizeof memory->seed)
    err = GW_ERR_SYSTEM;
  for (unsigned i = 0; i < n && err == 0; i++)
    err = worker_new(memory, options, loops, i);
  if (err < 0) {
    gw_memory_free(memory);
    return err;
  }
  for (unsigned from = 0; from < n; from++)
    for (unsigned to = 0; to < n; to++)
      memory->workers[from]->lanes[to].owner = memory->workers[to];
  *out_memory = memory;
  return 0;
}

void gw_memory_free(struct gw_memory *memory) {
  if (!memory) return;
  memory->is_closed = true; /* what the loops still hold is dropped when they run it */
  for (unsigned i = 0; i < memory->n && memory->workers[i]; i++) {
    for (unsigned k = 0; k < memory->n; k++)
      gw_lane_drain(&memory->workers[i]->lanes[k]);
    gw_home_clear(&memory->workers[i]->home);
  }
  memory_unref(memory);
}

struct gw_store *gw_memory_store(struct gw_memory *memory, unsigned i) {
  return &memory->workers[i]->store;
}

size_t gw_memory_channel_count(const struct gw_memory *memory, unsigned i) {
  return memory->workers[i]->home.channels.count;
}
