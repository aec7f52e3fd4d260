/* SPDX-License-Identifier: MIT */
/*
 * The poll. An answer is whole publications up to a size; where the history holds more, its cursor
 * leads on from the last one given, as with `limit`, so the next poll gets the rest.
 */
#include "transport/poll.h"

#include "codec/json_write.h"
#include "http/exchange.h"
#include "transport/answer.h"
#include "transport/json.h"
#include "transport/pending.h"
#include "transport/transport.h"

/* Of publications in one answer, the first excepted: against asking for much with little. */
enum { BODY_MAX = 8 << 20 };

/* Adds what fits; the cursor then leads on from the last one. */
static int add_publications(struct gw_buf *body, const struct gw_recovery *recovery,
                            struct gw_cursor *cursor) {
  int err = 0;
  for (unsigned i = 0; i < recovery->n && err == 0; i++) {
    struct gw_publication *publication = recovery->publications[i];
    const struct gw_bytes *json = gw_json_publication(publication);
    if (!json) return GW_ERR_MEMORY;
    if (i > 0 && body->len + json->len > BODY_MAX) break;
    if (i > 0) err = gw_buf_add(body, ",\n", 2);
    if (err == 0) err = gw_buf_add(body, json->data, json->len);
    *cursor = publication->cursor;
  }
  return err;
}

static int add_missed(struct gw_buf *body, const struct gw_recovery *recovery) {
  if (recovery->is_recovered || !recovery->is_missed_known) return 0;
  return gw_buf_printf(body, "\"missed\":%llu,", (unsigned long long)recovery->missed);
}

/* NUL-ended. */
static int write_headers(struct gw_buf *headers, const struct gw_poll_words *words) {
  int err = gw_buf_add_text(headers, "Cache-Control: no-store\r\n");
  if (err == 0 && words->has_wait)
    err = gw_buf_printf(headers, "Preference-Applied: wait=%u\r\n", words->wait);
  if (err == 0 && words->session)
    err = gw_buf_printf(headers, "Godwit-Session: %s\r\n", words->session);
  return err == 0 ? gw_buf_add(headers, "", 1) : err;
}

/* The publications come last in the text, but decide the cursor: they are written first. */
static int write_body(struct gw_buf *body, struct gw_str channel,
                      const struct gw_recovery *recovery) {
  struct gw_buf publications;
  gw_buf_init(&publications, SIZE_MAX); /* BODY_MAX or one publication */
  struct gw_cursor cursor = recovery->cursor;
  int err = add_publications(&publications, recovery, &cursor);
  if (err == 0) err = gw_buf_add_text(body, "{\"channel\":");
  if (err == 0) err = gw_json_add_string(body, channel);
  if (err == 0) err = gw_buf_add(body, ",", 1);
  if (err == 0) err = gw_json_add_cursor(body, "cursor", &cursor);
  if (err == 0)
    err = gw_buf_printf(body, ",\"recovered\":%s,", recovery->is_recovered ? "true" : "false");
  if (err == 0) err = add_missed(body, recovery);
  if (err == 0) err = gw_buf_add_text(body, "\"publications\":[");
  if (err == 0) err = gw_buf_add(body, publications.data, publications.len);
  if (err == 0) err = gw_buf_add_text(body, "]}\n");
  gw_buf_clear(&publications);
  return err;
}

void gw_poll_answer(struct gw_exchange *exchange, struct gw_str channel,
                    const struct gw_recovery *recovery, const struct gw_poll_words *words) {
  struct gw_buf body, headers;
  gw_buf_init(&body, SIZE_MAX); /* BODY_MAX or one publication */
  gw_buf_init(&headers, 256);
  int err = write_body(&body, channel, recovery);
  if (err == 0) err = write_headers(&headers, words);
  if (err == 0)
    gw_exchange_answer(exchange, &(struct gw_reply){.status = 200,
                                                    .content_type = "application/json",
                                                    .headers = (const char *)headers.data,
                                                    .body = body.data,
                                                    .len = body.len});
  else
    gw_answer_error(exchange, err);
  gw_buf_clear(&headers);
  gw_buf_clear(&body);
}

static void on_answer(struct gw_store_ask *ask, int err, const struct gw_recovery *recovery) {
  struct gw_pending *pending = gw_container_of(ask, struct gw_pending, ask);
  const struct gw_poll_words words = {.has_wait = pending->has_wait, .wait = pending->wait};
  char name[256]; /* the longest channel's fits */
  struct gw_str channel = {name, pending->channel.len};
  memcpy(name, pending->text, channel.len);
  struct gw_exchange *exchange = gw_pending_end(pending);
  if (err < 0)
    gw_answer_error(exchange, err);
  else
    gw_poll_answer(exchange, channel, recovery, &words);
}

static void serve(struct gw_exchange *exchange, const struct gw_place *place,
                  const struct gw_channel_request *request) {
  struct gw_pending *pending = gw_pending_new(exchange, place->hub, request->channel, on_answer);
  if (!pending) return;
  pending->has_wait = request->has_wait;
  pending->wait = request->wait;
  const struct gw_cursor *after = request->has_after ? &request->after : NULL;
  int err = gw_hub_history(place->hub, request->channel, after, request->limit, &pending->ask);
  gw_pending_asked(pending, err);
}

const struct gw_transport gw_transport_poll = {
    .name = "poll", .content_type = "application/json", .serve = serve};
