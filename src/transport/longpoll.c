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

struct longpoll {
  struct gw_carrier carrier;
  struct gw_exchange *exchange; /* NULL: it has left */
  struct gw_loop *loop;
  struct gw_entry *entry;
  union {
    struct gw_timer timer;
    struct gw_task retire; /* once it has left and no answer is queued */
  };
  struct gw_task answer;
  bool is_queued; /* the answer, for the end of the turn */
  bool will_resume;
  bool is_fresh; /* no cursor was given: all that is kept is the answer, and nothing is missing */
  unsigned wait, limit;
  struct gw_recovery recovery; /* of the answer; its publications are in `gathered` */
  size_t gathered_size;
  struct gw_buf gathered; /* struct gw_publication *, each with a reference */
  char session[GW_SESSION_ID_LEN + 1];
  struct gw_str channel;
  char text[];
};

/* Of publications in one answer, the last excepted: against a burst that one turn could pour out,
 * and little enough that none of it is left out where it is written (transport/poll.c). What comes
 * behind is the next poll's. */
enum { GATHERED_MAX = 1 << 20 };

/* ---- the end ---- */

static struct gw_publication **gathered_of(const struct longpoll *poll) {
  return (struct gw_publication **)(void *)poll->gathered.data;
}

static void poll_free(struct gw_task *task) {
  struct longpoll *poll = gw_container_of(task, struct longpoll, retire);
  for (unsigned i = 0; i < poll->recovery.n; i++)
    gw_publication_unref(gathered_of(poll)[i]);
  gw_buf_clear(&poll->gathered);
  free(poll);
}

static void retire(struct longpoll *poll) {
  poll->retire.run = poll_free;
  gw_loop_retire(poll->loop, &poll->retire);
}

/* The exchange is whoever's answers it. */
static struct gw_exchange *leave(struct longpoll *poll) {
  struct gw_exchange *exchange = poll->exchange;
  poll->exchange = NULL;
  gw_entry_cancel(&poll->entry);
  gw_carrier_detach(&poll->carrier, !poll->will_resume);
  gw_loop_timer_cancel(poll->loop, &poll->timer);
  if (!poll->is_queued) retire(poll);
  return exchange;
}

static void answer(struct longpoll *poll) {
  const struct gw_poll_words words = {
      .has_wait = true, .wait = poll->wait, .session = *poll->session ? poll->session : NULL};
  poll->recovery.publications = gathered_of(poll);
  struct gw_exchange *exchange = leave(poll);
  gw_poll_answer(exchange, poll->channel, &poll->recovery, &words);
}

static void refuse(struct longpoll *poll, int err) {
  gw_answer_error(leave(poll), err);
}

/* The end of the turn: what came in it is there. */
static void on_turn_end(struct gw_task *task) {
  struct longpoll *poll = gw_container_of(task, struct longpoll, answer);
  poll->is_queued = false;
  if (poll->exchange)
    answer(poll);
  else
    retire(poll);
}

static void queue_answer(struct longpoll *poll) {
  if (poll->is_queued) return;
  poll->is_queued = true;
  gw_loop_defer(poll->loop, &poll->answer);
}

static void on_timer(struct gw_timer *timer) {
  queue_answer(gw_container_of(timer, struct longpoll, timer));
}

/* ---- as a carrier ---- */

/* What has been recovered is pushed next. */
static void on_subscribed(struct gw_carrier *carrier, struct gw_subscription *subscription, int err,
                          const struct gw_recovery *recovery) {
  struct longpoll *poll = gw_container_of(carrier, struct longpoll, carrier);
  (void)subscription;
  if (err < 0) {
    refuse(poll, err);
    return;
  }
  gw_session_id(carrier->session, poll->session);
  poll->recovery = *recovery;
  poll->recovery.n = 0;
  if (poll->is_fresh) poll->recovery.is_recovered = true;
  if (recovery->n > 0 || !recovery->is_recovered)
    queue_answer(poll);
  else
    gw_loop_timer_set(poll->loop, &poll->timer, (uint64_t)poll->wait * 1000);
}

/* Where nothing more fits it detaches: a session that goes on stands behind what was given. */
static int push(struct gw_carrier *carrier, struct gw_subscription *subscription,
                struct gw_publication *publication) {
  struct longpoll *poll = gw_container_of(carrier, struct longpoll, carrier);
  (void)subscription;
  int err = gw_buf_add(&poll->gathered, &publication, sizeof publication);
  if (err < 0) return err;
  gw_publication_ref(publication);
  poll->recovery.n++;
  poll->gathered_size += gw_publication_size(publication);
  queue_answer(poll);
  if (poll->recovery.n == poll->limit || poll->gathered_size > GATHERED_MAX)
    gw_carrier_detach(carrier, !poll->will_resume);
  return 0;
}

/* The answer has room for a gap before its publications only. */
static bool on_gap(struct gw_carrier *carrier, struct gw_subscription *subscription,
                   const struct gw_recovery *gap) {
  struct longpoll *poll = gw_container_of(carrier, struct longpoll, carrier);
  (void)subscription;
  if (poll->recovery.n > 0) return false;
  poll->recovery = *gap;
  poll->recovery.n = 0;
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
  if (*poll->session && code != GW_CLOSE_FAILED)
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
                            .answer.run = on_turn_end,
                            .will_resume = request->will_resume,
                            .wait = request->wait,
                            .limit = request->limit,
                            .channel = {poll->text, request->channel.len}};
  memcpy(poll->text, request->channel.at, request->channel.len);
  gw_buf_init(&poll->gathered, SIZE_MAX); /* GATHERED_MAX: each counts for more than its pointer */
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
