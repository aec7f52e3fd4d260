/* SPDX-License-Identifier: MIT */
/*
 * The poll. An answer is whole publications up to a size; where the history holds more, its cursor
 * leads on from the last one given, as with `limit`, so the next poll gets the rest.
 */
#include "transport/poll.h"

#include "http/exchange.h"
#include "transport/json.h"
#include "transport/pending.h"

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

static void on_answer(struct gw_store_ask *ask, int err, const struct gw_recovery *recovery) {
  struct gw_pending *pending = gw_container_of(ask, struct gw_pending, ask);
  struct gw_exchange *exchange = pending->exchange;
  struct gw_buf body;
  gw_buf_init(&body, SIZE_MAX);
  if (err == 0) err = write_body(&body, pending->channel, recovery);
  gw_pending_end(pending);
  if (err < 0)
    gw_pending_refuse(exchange, err);
  else
    gw_exchange_answer(exchange, &(struct gw_reply){.status = 200,
                                                    .content_type = "application/json",
                                                    .headers = "Cache-Control: no-store\r\n",
                                                    .body = body.data,
                                                    .len = body.len});
  gw_buf_clear(&body);
}

void gw_poll_serve(struct gw_exchange *exchange, struct gw_hub *hub,
                   const struct gw_channel_request *request) {
  struct gw_pending *pending = gw_pending_new(exchange, hub, request->channel, on_answer);
  if (!pending) {
    gw_pending_refuse(exchange, GW_ERR_MEMORY);
    return;
  }
  const struct gw_cursor *after = request->has_after ? &request->after : NULL;
  int err = gw_hub_history(hub, request->channel, after, request->limit, &pending->ask);
  if (err == 0) return;
  gw_pending_end(pending);
  gw_pending_refuse(exchange, err);
}
