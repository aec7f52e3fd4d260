/* SPDX-License-Identifier: MIT */
/*
 * Publishing by POST. The Content-Type is kept with the publication; whether it is text or binary
 * is decided here, once, for all who will hear it.
 */
#include "transport/publish.h"

#include "http/exchange.h"
#include "transport/content.h"
#include "transport/json.h"
#include "transport/pending.h"

enum { CONTENT_TYPE_MAX = 255 }; /* against a kept publication that is mostly head */

static int write_body(struct gw_buf *body, struct gw_str channel, const struct gw_cursor *cursor) {
  int err = gw_buf_add_text(body, "{\"channel\":");
  if (err == 0) err = gw_json_add_string(body, channel);
  if (err == 0) err = gw_buf_add(body, ",", 1);
  if (err == 0) err = gw_json_add_cursor(body, "cursor", cursor);
  return err == 0 ? gw_buf_add_text(body, ",\"duplicate\":false}\n") : err;
}

static void on_answer(struct gw_store_ask *ask, int err, const struct gw_recovery *recovery) {
  struct gw_pending *pending = gw_container_of(ask, struct gw_pending, ask);
  struct gw_exchange *exchange = pending->exchange;
  struct gw_buf body;
  gw_buf_init(&body, 4096); /* a channel's name, escaped, and a cursor */
  if (err == 0) err = write_body(&body, pending->channel, &recovery->cursor);
  gw_pending_end(pending);
  if (err < 0)
    gw_pending_refuse(exchange, err);
  else
    gw_exchange_answer(exchange, &(struct gw_reply){.status = 201,
                                                    .content_type = "application/json",
                                                    .headers = "Cache-Control: no-store\r\n",
                                                    .body = body.data,
                                                    .len = body.len});
  gw_buf_clear(&body);
}

/* NULL without memory. */
static struct gw_publication *make(const struct gw_exchange *exchange,
                                   const struct gw_channel_request *request, struct gw_str type) {
  const struct gw_publication_parts parts = {
      .channel = request->channel,
      .payload = exchange->body,
      .content_type = type,
      .event = request->event,
      .is_binary = gw_content_is_binary(type, exchange->body),
  };
  return gw_publication_new(&parts);
}

void gw_publish_serve(struct gw_exchange *exchange, struct gw_hub *hub,
                      const struct gw_channel_request *request) {
  struct gw_ws_slice header = gw_exchange_header(exchange, "content-type");
  struct gw_str type = {header.at, header.len};
  if (type.len > CONTENT_TYPE_MAX) {
    gw_exchange_problem(exchange, 400, "Content-Type is at most 255 bytes");
    return;
  }
  /* RFC 9110 section 8.4: a payload that its consumers could not read is refused. */
  if (gw_exchange_header(exchange, "content-encoding").len > 0) {
    gw_exchange_problem_with(exchange, 415, "no Content-Encoding is understood here",
                             "Accept-Encoding: identity\r\n");
    return;
  }
  struct gw_publication *publication = make(exchange, request, type);
  struct gw_pending *pending =
      publication ? gw_pending_new(exchange, hub, request->channel, on_answer) : NULL;
  if (!pending) {
    gw_publication_unref(publication);
    gw_pending_refuse(exchange, GW_ERR_MEMORY);
    return;
  }
  int err = gw_hub_publish(hub, publication, (struct gw_str){0}, &pending->ask);
  if (err == 0) return;
  gw_pending_end(pending);
  gw_pending_refuse(exchange, err);
}
