/* SPDX-License-Identifier: MIT */
/*
 * `/users/{user}`: what is sent to it, where it is, and its end. A user is known by its sessions
 * alone, so one without any is no mistake: its inbox keeps what is sent to it.
 */
#include "server/api.h"

#include "base/map.h"
#include "codec/json_write.h"
#include "http/exchange.h"
#include "server/inquiry.h"
#include "server/report.h"
#include "transport/answer.h"
#include "transport/publish.h"

#include <stdlib.h>

enum {
  SESSIONS_MAX = 1000,   /* that are listed: against a user who opens without end */
  REPORT_MAX = 64 << 20, /* each of them with 128 channels of the longest names */
};

struct search {
  struct gw_inquiry inquiry;
  struct gw_str user; /* in text */
  unsigned sessions;
  int err;
  struct gw_buf list, channels; /* JSON, without the brackets */
  struct gw_map names;          /* of struct name: those that are in `channels` */
  char text[GW_USER_MAX];
};

struct name {
  struct gw_str name; /* in text */
  char text[];
};

static struct gw_str name_of(const void *value) {
  const struct name *name = value;
  return name->name;
}

static void search_free(struct gw_inquiry *inquiry) {
  struct search *search = gw_container_of(inquiry, struct search, inquiry);
  struct name *name;
  for (size_t at = 0; (name = gw_map_next(&search->names, &at));)
    free(name);
  gw_map_clear(&search->names);
  gw_buf_clear(&search->list);
  gw_buf_clear(&search->channels);
  free(search);
}

/* ---- where it is ---- */

static int add_channel(struct search *search, struct gw_str channel) {
  if (gw_map_get(&search->names, channel)) return 0;
  struct name *name = malloc(sizeof *name + channel.len);
  if (!name) return GW_ERR_MEMORY;
  memcpy(name->text, channel.at, channel.len);
  name->name = (struct gw_str){name->text, channel.len};
  int err = gw_map_add(&search->names, name);
  if (err < 0) {
    free(name);
    return err;
  }
  if (search->names.count > 1) err = gw_buf_add(&search->channels, ",", 1);
  return err == 0 ? gw_json_add_string(&search->channels, channel) : err;
}

static int add_session(struct search *search, const struct gw_session *session) {
  if (search->sessions++ >= SESSIONS_MAX) return 0;
  int err = search->sessions > 1 ? gw_buf_add_text(&search->list, ",\n ") : 0;
  if (err == 0) err = gw_report_session(&search->list, session, false);
  for (const struct gw_subscription *held = gw_session_first(session); held && err == 0;
       held = held->next)
    if (!held->is_inbox) err = add_channel(search, gw_subscription_channel(held));
  return err;
}

static bool visit_show(struct gw_inquiry *inquiry, const struct gw_place *place) {
  struct search *search = gw_container_of(inquiry, struct search, inquiry);
  for (const struct gw_session *session = gw_session_table_user(place->sessions, search->user);
       session && search->err == 0; session = gw_session_next_of_user(session))
    search->err = add_session(search, session);
  return search->err < 0;
}

static int write_report(struct gw_buf *out, const struct search *search) {
  int err = gw_buf_add_text(out, "{\"user\":");
  if (err == 0) err = gw_json_add_string(out, search->user);
  if (err == 0) err = gw_buf_printf(out, ",\"count\":%u,\"sessions\":[", search->sessions);
  if (err == 0) err = gw_buf_add(out, search->list.data, search->list.len);
  if (err == 0) err = gw_buf_add_text(out, "],\"channels\":[");
  if (err == 0) err = gw_buf_add(out, search->channels.data, search->channels.len);
  return err == 0 ? gw_buf_add_text(out, "]}\n") : err;
}

static void answer_show(struct gw_inquiry *inquiry, struct gw_exchange *exchange) {
  const struct search *search = gw_container_of(inquiry, struct search, inquiry);
  struct gw_buf out;
  gw_buf_init(&out, SIZE_MAX); /* both buffers have a cap */
  int err = search->err < 0 ? search->err : write_report(&out, search);
  gw_answer_json(exchange, 200, err, &out);
}

static const struct gw_inquiry_ops show = {visit_show, answer_show, search_free};

/* ---- its end ---- */

static bool visit_end(struct gw_inquiry *inquiry, const struct gw_place *place) {
  struct search *search = gw_container_of(inquiry, struct search, inquiry);
  /* What is told of one session's end may end another: the first is looked up each time. */
  struct gw_session *session;
  while ((session = gw_session_table_user(place->sessions, search->user))) {
    gw_session_end(session, GW_CLOSE_FORBIDDEN);
    search->sessions++;
  }
  return false;
}

static void answer_end(struct gw_inquiry *inquiry, struct gw_exchange *exchange) {
  const struct search *search = gw_container_of(inquiry, struct search, inquiry);
  if (search->sessions > 0)
    gw_exchange_answer(exchange, &(struct gw_reply){.status = 204});
  else
    gw_exchange_problem(exchange, 404, "this user has no session");
}

static const struct gw_inquiry_ops end = {visit_end, answer_end, search_free};

/* ---- the request ---- */

static struct search *search_new(struct gw_str user) {
  struct search *search = calloc(1, sizeof *search);
  if (!search) return NULL;
  memcpy(search->text, user.at, user.len);
  search->user = (struct gw_str){search->text, user.len};
  gw_buf_init(&search->list, REPORT_MAX);
  gw_buf_init(&search->channels, REPORT_MAX);
  gw_map_init(&search->names, name_of);
  return search;
}

/* As `to USER` of godwit.v1 does. */
static void send(struct gw_exchange *exchange, const struct gw_place *place,
                 const struct gw_channel_request *request) {
  if (gw_gate_may_send(place->gate, &request->who, request->user))
    gw_publish_serve(exchange, place->hub, request);
  else
    gw_exchange_problem(exchange, 403,
                        request->who.user_len > 0
                            ? "this user takes nothing from you"
                            : "whoever sends to a user says who it is: user=NAME, or a token");
}

static void serve(struct gw_exchange *exchange, struct gw_places *places,
                  const struct gw_identity *who) {
  struct gw_channel_request request;
  const char *problem;
  if (gw_channel_request_read(exchange, &request, &problem) < 0) {
    gw_exchange_problem(exchange, 400, problem);
    return;
  }
  request.who = *who;
  if (exchange->head->method == GW_HTTP_POST) {
    send(exchange, gw_places_find(places, exchange), &request);
    return;
  }
  struct search *search = search_new(request.user);
  if (!search) {
    gw_answer_error(exchange, GW_ERR_MEMORY);
    return;
  }
  bool is_end = exchange->head->method == GW_HTTP_DELETE;
  gw_inquiry_start(&search->inquiry, is_end ? &end : &show, exchange, places);
}

const struct gw_api_resource gw_api_user = {.path = "/users/*",
                                            .methods = "GET, HEAD, POST, DELETE",
                                            .client_methods = "POST",
                                            .serve = serve};
