/* SPDX-License-Identifier: MIT */
/*
 * A JSON text a line (application/x-ndjson), each a publication. Nothing else is written where
 * nothing is missing: the head of the answer tells the cursor. An empty line is a heartbeat.
 */
#include "base/buf.h"
#include "http/exchange.h"
#include "transport/feed.h"
#include "transport/json.h"
#include "transport/transport.h"

#define TYPE "application/x-ndjson"

enum { HEARTBEAT_MS = 25000 };

static int write_line(struct gw_buf *out, const struct gw_publication *publication) {
  int err = gw_json_add_publication(out, publication);
  return err == 0 ? gw_buf_add(out, "\n", 1) : err;
}

static int add_gap(struct gw_buf *out, const struct gw_recovery *gap) {
  int err = gw_feed_add_gap(out, gap);
  return err == 0 ? gw_buf_add(out, "\n", 1) : err;
}

static const struct gw_feed_kind kind = {
    .name = "ndjson",
    .content_type = TYPE,
    .write = write_line,
    .gap = add_gap,
    .heartbeat = {"\n", 1},
    .heartbeat_ms = HEARTBEAT_MS,
};

static void serve(struct gw_exchange *exchange, const struct gw_place *place,
                  const struct gw_channel_request *request) {
  gw_feed_serve(exchange, place, request, &kind);
}

const struct gw_transport gw_transport_ndjson = {
    .name = "ndjson", .content_type = TYPE, .has_session = true, .serve = serve};
