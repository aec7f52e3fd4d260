/* SPDX-License-Identifier: MIT */
/*
 * The long poll: with a cursor, waits for something newer. While it waits it is the carrier of a
 * session that holds the channel; what is published in one turn of the loop leaves in one answer.
 *
 * Invariant: it ends in `leave`, reached exactly once: the answer is given, or the client has gone.
 * The memory stays until the end of the turn, and for as long as an answer for it is queued.
 */
#include "base/buf.h"
#include "godwit/error.h"
#include "http/exchange.h"
#include "transport/answer.h"
#include "transport/entry.h"
#include "transport/poll.h"
#include "transport/transport.h"

#include <stdlib.h>

/* What came while it waited, which is the end of the waiting. */
struct gathered {
  struct gw_buf publications; /* struct gw_publication *, each with a reference */
  unsigned n;
  size_t size;
};

struct longpoll {
  struct gw_carrier carrier;
  struct gw_exchange *exchange; /* NULL: it has left */
  struct gw_loop *loop;
  struct gw_entry *entry;
  union {
    struct gw_timer timer; /* WAITING */
    struct gw_task task;
  };
  enum {
    WAITING, /* for its subscription, then for something newer */
    QUEUED,  /* the answer, for the end of the turn */
    DUE,     /* now */
  } state;
  struct gathered *gathered; /* NULL: nothing */
  struct gw_cursor cursor;   /* of the answer, as all up to `missed` */
  bool is_recovered, is_missed_known;
  bool has_begun; /* its subscription stands */
  bool will_resume;
  bool is_fresh; /* no cursor was given: all that is kept is the answer, and nothing is missing */
  uint8_t channel_len;
  unsigned wait, limit;
  uint64_t missed;
  char session[GW_SESSION_ID_LEN];
  char channel[];
};

/* Of publications in one answer, the last excepted: against a burst that one turn could pour out,
 * and little enough that none of it is left out where it is written (transport/poll.c). What comes
 * behind is the next poll's. */
enum { GATHERED_MAX = 1 << 20 };

/* ---- the end ---- */

static struct gw_publication **publications_of(const struct gathered *gathered) {
  return (struct gw_publication **)(void *)gathered->publications.data;
}

static void gathered_free(struct gathered *gathered) {
  if (!gathered) return;
  for (unsigned i = 0; i < gathered->n; i++)
    gw_publication_unref(publications_of(gathered)[i]);
  gw_buf_clear(&gathered->publications);
  free(gathered);
}

static void poll_free(struct gw_task *task) {
  struct longpoll *poll = gw_container_of(task, struct longpoll, task);
  gathered_free(poll->gathered);
  free(poll);
}

static void retire(struct longpoll *poll) {
  poll->task.run = poll_free;
  gw_loop_retire(poll->loop, &poll->task);
}

/* The exchange is whoever's answers it. */
static struct gw_exchange *leave(struct longpoll *poll) {
  struct gw_exchange *exchange = poll->exchange;
  poll->exchange = NULL;
  gw_entry_cancel(&poll->entry);
  gw_carrier_detach(&poll->carrier, !poll->will_resume);
  if (poll->state == WAITING) gw_loop_timer_cancel(poll->loop, &poll->timer);
  if (poll->state != QUEUED) retire(poll);
  return exchange;
}

static void answer(struct longpoll *poll) {
  char session[GW_SESSION_ID_LEN + 1] = {0};
  memcpy(session, poll->session, GW_SESSION_ID_LEN);
  const struct gw_poll_words words = {
      .has_wait = true, .wait = poll->wait, .session = *session ? session : NULL};
  const struct gathered *gathered = poll->gathered;
  const struct gw_recovery recovery = {
      .cursor = poll->cursor,
      .is_recovered = poll->is_recovered,
      .is_missed_known = poll->is_missed_known,
      .missed = poll->missed,
      .publications = gathered ? publications_of(gathered) : NULL,
      .n = gathered ? gathered->n : 0,
  };
  struct gw_exchange *exchange = leave(poll);
  gw_poll_answer(exchange, (struct gw_str){poll->channel, poll->channel_len}, &recovery, &words);
}

static void refuse(struct longpoll *poll, int err) {
  gw_answer_error(leave(poll), err);
}

/* The end of the turn: what came in it is there. */
static void on_turn_end(struct gw_task *task) {
  struct longpoll *poll = gw_container_of(task, struct longpoll, task);
  poll->state = DUE;
  if (poll->exchange)
    answer(poll);
  else
    retire(poll);
}

static void queue_answer(struct longpoll *poll) {
  if (poll->state != WAITING) return;
  gw_loop_timer_cancel(poll->loop, &poll->timer);
  poll->state = QUEUED;
  poll->task.run = on_turn_end;
  gw_loop_defer(poll->loop, &poll->task);
}

static void on_timer(struct gw_timer *timer) {
  queue_answer(gw_container_of(timer, struct longpoll, timer));
}

/* ---- as a carrier ---- */

static void begin_answer(struct longpoll *poll, const struct gw_recovery *recovery) {
  poll->cursor = recovery->cursor;
  poll->is_recovered = recovery->is_recovered || (poll->is_fresh && !poll->has_begun);
  poll->is_missed_known = recovery->is_missed_known;
  poll->missed = recovery->missed;
}

/* What has been recovered is pushed next. */
static void on_subscribed(struct gw_carrier *carrier, struct gw_subscription *subscription, int err,
                          const struct gw_recovery *recovery) {
  struct longpoll *poll = gw_container_of(carrier, struct longpoll, carrier);
  (void)subscription;
  if (err < 0) {
    refuse(poll, err);
    return;
  }
  char session[GW_SESSION_ID_LEN + 1];
  gw_session_id(carrier->session, session);
  memcpy(poll->session, session, sizeof poll->session);
  begin_answer(poll, recovery);
  poll->has_begun = true;
  if (recovery->n > 0 || !recovery->is_recovered)
    queue_answer(poll);
  else
    gw_loop_timer_set(poll->loop, &poll->timer, (uint64_t)poll->wait * 1000);
}

static int gather(struct longpoll *poll, struct gw_publication *publication) {
  struct gathered *gathered = poll->gathered;
  if (!gathered) {
    gathered = poll->gathered = calloc(1, sizeof *gathered);
    if (!gathered) return GW_ERR_MEMORY;
    gw_buf_init(&gathered->publications, SIZE_MAX); /* GATHERED_MAX: each is more than a pointer */
  }
  int err = gw_buf_add(&gathered->publications, &publication, sizeof publication);
  if (err < 0) return err;
  gw_publication_ref(publication);
  gathered->n++;
  gathered->size += gw_publication_size(publication);
  return 0;
}

/* Where nothing more fits it detaches: a session that goes on stands behind what was given. */
static int push(struct gw_carrier *carrier, struct gw_subscription *subscription,
                struct gw_publication *publication) {
  struct longpoll *poll = gw_container_of(carrier, struct longpoll, carrier);
  (void)subscription;
  int err = gather(poll, publication);
  if (err < 0) return err;
  queue_answer(poll);
  if (poll->gathered->n == poll->limit || poll->gathered->size > GATHERED_MAX)
    gw_carrier_detach(carrier, !poll->will_resume);
  return 0;
}

/* The answer has room for a gap before its publications only. */
static bool on_gap(struct gw_carrier *carrier, struct gw_subscription *subscription,
                   const struct gw_recovery *gap) {
  struct longpoll *poll = gw_container_of(carrier, struct longpoll, carrier);
  (void)subscription;
  if (poll->gathered && poll->gathered->n > 0) return false;
  begin_answer(poll, gap);
  queue_answer(poll);
  return true;
}

static const char *transport(const struct gw_carrier *carrier) {
  (void)carrier;
  return gw_transport_longpoll.name;
}

/* Nothing is ever written before the answer. */
static bool is_waiting(struct gw_carrier *carrier) {
  (void)carrier;
  return false;
}

/* The client asks again, with its cursor. */
static void end(struct gw_carrier *carrier, enum gw_close_code code) {
  struct longpoll *poll = gw_container_of(carrier, struct longpoll, carrier);
  if (poll->has_begun && code != GW_CLOSE_FAILED)
    answer(poll);
  else
    gw_answer_ended(leave(poll), code);
}

static const struct gw_carrier_ops carrier_ops = {.on_subscribed = on_subscribed,
                                                  .push = push,
                                                  .on_gap = on_gap,
                                                  .transport = transport,
                                                  .is_waiting = is_waiting,
                                                  .end = end};

/* Where its session has ended meanwhile it has been told so already. */
static void on_refused(struct gw_carrier *carrier, int err) {
  struct longpoll *poll = gw_container_of(carrier, struct longpoll, carrier);
  if (poll->exchange) refuse(poll, err);
}

/* ---- as a request ---- */

static void on_gone(void *user) {
  (void)leave(user);
}

static void on_stop(void *user) {
  struct longpoll *poll = user;
  end(&poll->carrier, GW_CLOSE_DRAINING);
}

static const struct gw_exchange_events events = {.on_gone = on_gone, .on_stop = on_stop};

static struct longpoll *poll_new(struct gw_exchange *exchange,
                                 const struct gw_channel_request *request) {
  struct longpoll *poll = malloc(sizeof *poll + request->channel.len);
  if (!poll) return NULL;
  *poll = (struct longpoll){.carrier.ops = &carrier_ops,
                            .exchange = exchange,
                            .loop = exchange->loop,
                            .timer.on_due = on_timer,
                            .will_resume = request->will_resume,
                            .wait = request->wait,
                            .limit = request->limit,
                            .channel_len = (uint8_t)request->channel.len};
  memcpy(poll->channel, request->channel.at, request->channel.len);
  return poll;
}

/* Where there is nothing to wait for, a poll is the answer; but who means to come back needs a
 * session. */
static bool is_asked(const struct gw_exchange *exchange, const struct gw_channel_request *request) {
  if (exchange->head->method != GW_HTTP_GET || !request->has_wait || request->wait == 0)
    return false;
  return request->has_after || request->will_resume;
}

/* No channel has this epoch, so what follows is all that is kept. */
static const struct gw_cursor nowhere = {"000000000000", 0};

static void serve(struct gw_exchange *exchange, const struct gw_place *place,
                  const struct gw_channel_request *request) {
  struct longpoll *poll = poll_new(exchange, request);
  if (!poll) {
    gw_answer_error(exchange, GW_ERR_MEMORY);
    return;
  }
  struct gw_channel_request asked = *request;
  if (!asked.has_after && !asked.session.at) {
    asked.has_after = poll->is_fresh = true;
    asked.after = nowhere;
  }
  gw_exchange_watch(exchange, &events, poll);
  gw_exchange_hold(exchange);
  gw_entry_start(&poll->entry, place, &poll->carrier, &asked, on_refused);
}

const struct gw_transport gw_transport_longpoll = {.name = "longpoll",
                                                   .content_type = "application/json",
                                                   .is_asked = is_asked,
                                                   .has_session = true,
                                                   .serve = serve};
