/* SPDX-License-Identifier: MIT */
/*
 * `POST /publish`: many publications in one request. Each is asked of its channel's home in the
 * order in which they stand, so what goes to one channel keeps its order; the answers are gathered,
 * and written in that order when the last has come. A publication that cannot be taken is told in
 * its place and stops none of the others.
 */
#include "server/api.h"

#include "codec/http/write.h"
#include "codec/json.h"
#include "codec/json_write.h"
#include "http/exchange.h"
#include "server/batch_item.h"
#include "transport/answer.h"
#include "transport/json.h"
#include "transport/request.h"

#include <jansson.h>
#include <stdlib.h>

enum {
  BODY_MAX = 1 << 20,
  ITEMS_MAX = 1000,     /* against one request that keeps a worker and the channels' homes busy */
  ANSWER_MAX = 4 << 20, /* a channel's name, escaped, and a cursor for each of them */
};

struct batch;

/* One publication on its way. */
struct item {
  struct gw_store_ask ask;
  struct batch *batch;
  struct gw_publication *publication; /* NULL: there is none */
  unsigned status;                    /* of a problem; 0: none */
  const char *detail;
  struct gw_cursor cursor;
  bool is_asked, is_duplicate, is_for_user;
};

struct batch {
  struct gw_exchange *exchange;
  const struct gw_place *place;
  const struct gw_identity *who; /* during the call only */
  size_t max_message;
  unsigned n, due; /* due: answers that have not come, and one more during the call */
  struct item items[];
};

static void batch_free(struct batch *batch) {
  for (unsigned i = 0; i < batch->n; i++)
    gw_publication_unref(batch->items[i].publication);
  free(batch);
}

static void on_gone(void *user) {
  struct batch *batch = user;
  for (unsigned i = 0; i < batch->n; i++)
    if (batch->items[i].is_asked) gw_hub_forget(batch->place->hub, &batch->items[i].ask);
  batch_free(batch);
}

static const struct gw_exchange_events events = {.on_gone = on_gone};

/* ---- the answer ---- */

static int write_placed(struct gw_buf *out, const struct item *item) {
  struct gw_str channel = item->publication->channel;
  int err = gw_buf_add_text(out, item->is_for_user ? "{\"user\":" : "{\"channel\":");
  if (err == 0) err = gw_json_add_string(out, item->is_for_user ? gw_inbox_user(channel) : channel);
  if (err == 0) err = gw_buf_add(out, ",", 1);
  if (err == 0) err = gw_json_add_cursor(out, "cursor", &item->cursor);
  return err == 0 ? gw_buf_printf(out, ",\"duplicate\":%s}", item->is_duplicate ? "true" : "false")
                  : err;
}

static int write_problem(struct gw_buf *out, const struct item *item) {
  return gw_buf_printf(out, "{\"title\":\"%s\",\"status\":%u,\"detail\":\"%s\"}",
                       gw_http_status_text(item->status), item->status, item->detail);
}

static int write_all(struct gw_buf *out, const struct batch *batch) {
  int err = gw_buf_add(out, "[", 1);
  for (unsigned i = 0; i < batch->n && err == 0; i++) {
    const struct item *item = &batch->items[i];
    if (i > 0) err = gw_buf_add_text(out, ",\n ");
    if (err == 0) err = item->status ? write_problem(out, item) : write_placed(out, item);
  }
  return err == 0 ? gw_buf_add_text(out, "]\n") : err;
}

/* One answer less is due. */
static void settle(struct batch *batch) {
  if (--batch->due > 0) return;
  struct gw_exchange *exchange = batch->exchange;
  struct gw_buf out;
  gw_buf_init(&out, ANSWER_MAX);
  int err = write_all(&out, batch);
  gw_exchange_watch(exchange, NULL, NULL);
  batch_free(batch);
  gw_answer_json(exchange, 200, err, &out);
}

/* ---- the publications ---- */

static void refuse(struct item *item, unsigned status, const char *detail) {
  item->status = status;
  item->detail = detail;
}

static void refuse_error(struct item *item, int err) {
  refuse(item, gw_answer_status(err), gw_error_text(err));
}

static void on_answer(struct gw_store_ask *ask, int err, const struct gw_recovery *recovery) {
  struct item *item = gw_container_of(ask, struct item, ask);
  item->is_asked = false;
  if (err < 0) {
    refuse_error(item, err);
  } else {
    item->cursor = recovery->cursor;
    item->is_duplicate = recovery->is_duplicate;
  }
  settle(item->batch);
}

/* What is wrong with the words of an element; NULL: nothing. */
static const char *problem_of(const struct gw_batch_item *words) {
  if (words->user.at && !gw_user_name_is_valid(words->user))
    return "a user's name is 1 to 128 bytes of UTF-8 without control characters, and has no slash "
           "at its end";
  if (words->channel.at && !gw_channel_name_is_valid(words->channel))
    return "a channel's name is 1 to 255 bytes of UTF-8 without control characters, and has no "
           "slash at either end";
  if (words->event.at && !gw_event_name_is_valid(words->event)) return GW_EVENT_NAME_RULE;
  if (words->key.at && (words->key.len == 0 || words->key.len > GW_KEY_MAX))
    return "idempotency_key is 1 to 255 bytes";
  return NULL;
}

static void publish(struct item *item, const struct gw_batch_item *words, struct gw_str channel) {
  struct batch *batch = item->batch;
  const struct gw_publication_parts parts = {
      .channel = channel,
      .payload = words->payload,
      .content_type = words->content_type,
      .event = words->event,
      .from = gw_identity_user(batch->who),
      .is_binary = words->is_binary,
  };
  item->publication = gw_publication_new(&parts);
  if (!item->publication) {
    refuse_error(item, GW_ERR_MEMORY);
    return;
  }
  item->ask.on_answer = on_answer;
  item->is_asked = true;
  batch->due++;
  int err = gw_hub_publish(batch->place->hub, gw_publication_ref(item->publication), words->key,
                           &item->ask);
  if (err == 0) return;
  item->is_asked = false;
  refuse_error(item, err);
  batch->due--;
}

static void publish_words(struct item *item, const struct gw_batch_item *words) {
  char inbox[sizeof GW_INBOX_PREFIX + GW_USER_MAX];
  const char *problem = problem_of(words);
  item->is_for_user = words->user.at != NULL;
  if (problem) {
    refuse(item, 400, problem);
  } else if (words->payload.len > item->batch->max_message) {
    refuse(item, 413, "the payload is larger than the limit of a message");
  } else {
    struct gw_str channel = item->is_for_user ? gw_inbox_name(words->user, inbox) : words->channel;
    const struct gw_gate *gate = item->batch->place->gate;
    const struct gw_identity *who = item->batch->who;
    if (item->is_for_user ? gw_gate_may_send(gate, who, words->user)
                          : gw_gate_may_publish(gate, who, channel))
      publish(item, words, channel);
    else
      refuse(item, 403, "publishing to this channel is not allowed");
  }
}

static void publish_item(struct item *item, struct gw_str value) {
  struct gw_batch_item words;
  const char *problem;
  int err = gw_batch_item_read(value, &words, &problem);
  if (err == GW_ERR_ARGUMENT)
    refuse(item, 400, problem);
  else if (err < 0)
    refuse_error(item, err);
  else
    publish_words(item, &words);
  gw_batch_item_clear(&words);
}

/* ---- the request ---- */

/* What is inside of the array, and how many; at NULL: the body is none. */
static struct gw_str read_array(struct gw_str body, unsigned *out_n) {
  /* Read as reals, no integer is too long; the values themselves are not used. */
  json_t *value = json_loadb(body.at, body.len, JSON_DECODE_INT_AS_REAL | JSON_ALLOW_NUL, NULL);
  size_t n = json_array_size(value);
  struct gw_str inside = value ? gw_json_inside(body, '[') : (struct gw_str){0};
  json_decref(value);
  *out_n = n > ITEMS_MAX ? ITEMS_MAX + 1 : (unsigned)n;
  return inside;
}

static struct batch *batch_new(struct gw_exchange *exchange, struct gw_places *places,
                               const struct gw_identity *who, unsigned n) {
  struct batch *batch = calloc(1, sizeof *batch + n * sizeof batch->items[0]);
  if (!batch) return NULL;
  batch->exchange = exchange;
  batch->place = gw_places_find(places, exchange);
  batch->who = who;
  batch->max_message = places->max_message;
  batch->n = n;
  batch->due = 1;
  return batch;
}

static void serve(struct gw_exchange *exchange, struct gw_places *places,
                  const struct gw_identity *who) {
  unsigned n;
  struct gw_str inside = read_array(exchange->body, &n), value;
  if (!inside.at) {
    gw_exchange_problem(exchange, 400, "the body is a JSON array of publications");
    return;
  }
  if (n > ITEMS_MAX) {
    gw_exchange_problem(exchange, 413, "at most 1,000 publications come in one request");
    return;
  }
  struct batch *batch = batch_new(exchange, places, who, n);
  if (!batch) {
    gw_answer_error(exchange, GW_ERR_MEMORY);
    return;
  }
  gw_exchange_watch(exchange, &events, batch);
  for (unsigned i = 0; i < n && gw_json_next_element(&inside, &value); i++) {
    batch->items[i].batch = batch;
    publish_item(&batch->items[i], value);
  }
  settle(batch);
}

const struct gw_api_resource gw_api_batch = {
    .path = "/publish", .methods = "POST", .max_body = BODY_MAX, .serve = serve};
