/* SPDX-License-Identifier: MIT */
/*
 * Server-sent events: an event's id is the publication's cursor, so an EventSource that was cut
 * comes back with it. A feed begins with an id of its own that dispatches nothing: it comes back
 * with that one where it was cut before its first publication.
 */
#include "codec/sse.h"
#include "base/buf.h"
#include "codec/http/text.h"
#include "http/exchange.h"
#include "transport/feed.h"
#include "transport/json.h"
#include "transport/transport.h"

#define TYPE "text/event-stream"

enum { RETRY_MS = 2000, HEARTBEAT_MS = 25000 };

/* What is binary, which an event cannot hold, as base64. */
static int write_event(struct gw_buf *out, const struct gw_publication *publication) {
  char cursor[GW_CURSOR_TEXT];
  struct gw_buf text;
  struct gw_sse_event event = {.id = gw_str_of(gw_cursor_write(&publication->cursor, cursor)),
                               .event = publication->event,
                               .data = publication->payload};
  gw_buf_init(&text, SIZE_MAX); /* larger by a third than the publication, which has a cap */
  int err = publication->is_binary ? gw_base64_add(&text, publication->payload) : 0;
  if (publication->is_binary) event.data = (struct gw_str){(const char *)text.data, text.len};
  if (err == 0) err = gw_sse_add(out, &event);
  gw_buf_clear(&text);
  return err;
}

/* The same, with all that is known of it in its data: nothing is lost on the way, neither a line
 * end nor what is binary. */
static int write_json_event(struct gw_buf *out, const struct gw_publication *publication) {
  char cursor[GW_CURSOR_TEXT];
  struct gw_buf text;
  gw_buf_init(&text, SIZE_MAX); /* six times the publication, which has a cap */
  int err = gw_json_add_publication(&text, publication);
  const struct gw_sse_event event = {.id = gw_str_of(gw_cursor_write(&publication->cursor, cursor)),
                                     .data = {(const char *)text.data, text.len}};
  if (err == 0) err = gw_sse_add(out, &event);
  gw_buf_clear(&text);
  return err;
}

/* With an id as well: a client that is cut now comes back for what follows. */
static int add_gap(struct gw_buf *out, const struct gw_recovery *gap) {
  char id[GW_CURSOR_TEXT];
  struct gw_buf text;
  gw_buf_init(&text, 256); /* three members */
  int err = gw_feed_add_gap(&text, gap);
  const struct gw_sse_event event = {.id = gw_str_of(gw_cursor_write(&gap->cursor, id)),
                                     .event = GW_STR("godwit.gap"),
                                     .data = {(const char *)text.data, text.len}};
  if (err == 0) err = gw_sse_add(out, &event);
  gw_buf_clear(&text);
  return err;
}

static int add_opening(struct gw_buf *out, const struct gw_cursor *cursor) {
  char id[GW_CURSOR_TEXT];
  const struct gw_sse_event first = {.id = gw_str_of(gw_cursor_write(cursor, id)),
                                     .retry_ms = RETRY_MS};
  return gw_sse_add(out, &first);
}

#define KIND(function)                                                                             \
  {                                                                                                \
    .name = "sse", .content_type = TYPE, .write = function, .open = add_opening, .gap = add_gap,   \
    .heartbeat = {":\n", 2}, .heartbeat_ms = HEARTBEAT_MS                                          \
  }
static const struct gw_feed_kind plain = KIND(write_event), json = KIND(write_json_event);

static void serve(struct gw_exchange *exchange, const struct gw_place *place,
                  const struct gw_channel_request *request) {
  gw_feed_serve(exchange, place, request, request->has_json_data ? &json : &plain);
}

const struct gw_transport gw_transport_sse = {
    .name = "sse", .content_type = TYPE, .has_session = true, .serve = serve};
