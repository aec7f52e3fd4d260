/* SPDX-License-Identifier: MIT */
/* An intake over Server-Sent Events: the id is the cursor, the server says how long to wait between
 * tries, and a gap is an event of its own. */
#include "cli/subscribe/get.h"

#include "base/list.h"
#include "cli/subscribe/kinds.h"
#include "codec/sse_read.h"

struct sse {
  struct gw_get get;
  struct gw_sse_reader reader;
};

static void tell_gap(struct gw_intake *intake, const struct gw_sse_read_event *event) {
  struct gw_received_reader reader = {0};
  struct gw_received_news news = {0};
  bool is_read = gw_received_news_read(&reader, event->data, &news) == 0;
  gw_intake_gap(intake, 0, is_read && news.has_missed ? &news.missed : NULL);
  if (event->id.len) gw_intake_stand(intake, 0, event->id);
  gw_received_reader_clear(&reader);
}

static int on_piece(struct gw_get *get, const char *data, size_t len) {
  struct sse *sse = gw_container_of(get, struct sse, get);
  struct gw_sse_read_event event;
  int r;
  while ((r = gw_sse_read(&sse->reader, &data, &len, &event)) == 1) {
    struct gw_received received = {.cursor = event.id, .event = event.event, .payload = event.data};
    if (received.cursor.len == 0) received.cursor.at = NULL;
    if (received.event.len == 0) received.event.at = NULL;
    if (gw_str_is(event.event, "godwit.gap"))
      tell_gap(get->intake, &event);
    else if (!gw_intake_tell(get->intake, 0, &received))
      return GW_GET_STOP;
  }
  if (sse->reader.retry_ms) get->intake->first_wait_ms = sse->reader.retry_ms;
  return r;
}

static int sse_begin(struct gw_intake *intake) {
  static const struct gw_get_ops ops = {.accept = "text/event-stream",
                                        .resume = "Last-Event-ID",
                                        .quiet_ms = GW_GET_STREAM_QUIET_MS,
                                        .on_piece = on_piece,
                                        .on_whole = gw_get_stream_ended};
  struct sse *sse = gw_intake_state(intake);
  gw_sse_reader_clear(&sse->reader);
  gw_sse_reader_init(&sse->reader, GW_INTAKE_MESSAGE_MAX);
  return gw_get_begin(&sse->get, intake, &ops);
}

static void sse_close(struct gw_intake *intake) {
  struct sse *sse = gw_intake_state(intake);
  gw_get_close(&sse->get);
}

static void sse_clear(struct gw_intake *intake) {
  struct sse *sse = gw_intake_state(intake);
  gw_get_clear(&sse->get);
  gw_sse_reader_clear(&sse->reader);
}

const struct gw_intake_kind gw_intake_sse = {.name = "sse",
                                             .size = sizeof(struct sse),
                                             .begin = sse_begin,
                                             .close = sse_close,
                                             .clear = sse_clear};
