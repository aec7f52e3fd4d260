/* SPDX-License-Identifier: MIT */
/* `/sessions/{id}`: looks for it on every worker, tells what it is, or ends it where it lives. */
#include "server/api.h"

#include "codec/http/text.h"
#include "http/exchange.h"
#include "server/inquiry.h"
#include "server/report.h"
#include "transport/answer.h"

#include <stdlib.h>

struct search {
  struct gw_inquiry inquiry;
  struct gw_str id; /* in text */
  bool is_found;
  int err;
  struct gw_buf json;
  char text[GW_SESSION_ID_LEN];
};

static void search_free(struct gw_inquiry *inquiry) {
  struct search *search = gw_container_of(inquiry, struct search, inquiry);
  gw_buf_clear(&search->json);
  free(search);
}

static void answer_not_found(struct gw_exchange *exchange) {
  gw_exchange_problem(exchange, 404, "no session has this id (any more)");
}

static bool visit_show(struct gw_inquiry *inquiry, const struct gw_place *place) {
  struct search *search = gw_container_of(inquiry, struct search, inquiry);
  const struct gw_session *session = gw_session_table_find(place->sessions, search->id);
  if (!session) return false;
  search->is_found = true;
  search->err = gw_report_session(&search->json, session, true);
  if (search->err == 0) search->err = gw_buf_add(&search->json, "\n", 1);
  return true;
}

static void answer_show(struct gw_inquiry *inquiry, struct gw_exchange *exchange) {
  struct search *search = gw_container_of(inquiry, struct search, inquiry);
  if (search->is_found)
    gw_answer_json(exchange, 200, search->err, &search->json);
  else
    answer_not_found(exchange);
}

static bool visit_end(struct gw_inquiry *inquiry, const struct gw_place *place) {
  struct search *search = gw_container_of(inquiry, struct search, inquiry);
  struct gw_session *session = gw_session_table_find(place->sessions, search->id);
  if (!session) return false;
  search->is_found = true;
  gw_session_end(session, GW_CLOSE_FORBIDDEN);
  return true;
}

static void answer_end(struct gw_inquiry *inquiry, struct gw_exchange *exchange) {
  const struct search *search = gw_container_of(inquiry, struct search, inquiry);
  if (search->is_found)
    gw_exchange_answer(exchange, &(struct gw_reply){.status = 204});
  else
    answer_not_found(exchange);
}

static const struct gw_inquiry_ops show = {visit_show, answer_show, search_free};
static const struct gw_inquiry_ops end = {visit_end, answer_end, search_free};

/* What the path says behind the route; at NULL: no id of a session. */
static struct gw_str read_id(const struct gw_exchange *exchange, char *out, size_t size) {
  size_t route = sizeof "/sessions/" - 1;
  struct gw_str path = {exchange->head->path.at + route, exchange->head->path.len - route};
  int len = gw_http_percent_decode(path, false, out, size);
  return (struct gw_str){len < 0 ? NULL : out, len < 0 ? 0 : (size_t)len};
}

static void serve(struct gw_exchange *exchange, struct gw_places *places,
                  const struct gw_identity *who) {
  struct search *search = calloc(1, sizeof *search);
  (void)who;
  if (!search) {
    gw_answer_error(exchange, GW_ERR_MEMORY);
    return;
  }
  gw_buf_init(&search->json, 1 << 20); /* many times 128 channels */
  search->id = read_id(exchange, search->text, sizeof search->text);
  if (!search->id.at) {
    search_free(&search->inquiry);
    answer_not_found(exchange);
    return;
  }
  bool is_end = exchange->head->method == GW_HTTP_DELETE;
  gw_inquiry_start(&search->inquiry, is_end ? &end : &show, exchange, places);
}

const struct gw_api_resource gw_api_session = {
    .path = "/sessions/*", .methods = "GET, HEAD, DELETE", .serve = serve};
