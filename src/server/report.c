/* SPDX-License-Identifier: MIT */
/* Writes what a session is; its inbox is not among the channels that it holds. */
#include "server/report.h"

#include "codec/json_write.h"
#include "transport/json.h"

static int add_user(struct gw_buf *out, const struct gw_session *session) {
  struct gw_str user = gw_session_user(session);
  if (!user.at) return 0;
  int err = gw_buf_add_text(out, ",\"user\":");
  return err == 0 ? gw_json_add_string(out, user) : err;
}

static int add_transport(struct gw_buf *out, const struct gw_carrier *carrier) {
  int err = gw_buf_add_text(out, ",\"transport\":");
  if (err < 0) return err;
  return carrier ? gw_json_add_string(out, gw_str_of(carrier->ops->transport(carrier)))
                 : gw_buf_add_text(out, "null");
}

static int add_channels(struct gw_buf *out, const struct gw_session *session) {
  bool is_first = true;
  int err = gw_buf_add_text(out, ",\"channels\":[");
  for (const struct gw_subscription *held = gw_session_first(session); held && err == 0;
       held = held->next) {
    if (held->is_inbox) continue;
    if (!is_first) err = gw_buf_add(out, ",", 1);
    if (err == 0) err = gw_json_add_string(out, gw_subscription_channel(held));
    is_first = false;
  }
  return err == 0 ? gw_buf_add(out, "]", 1) : err;
}

int gw_report_session(struct gw_buf *out, const struct gw_session *session, bool has_user) {
  char id[GW_SESSION_ID_LEN + 1];
  const struct gw_carrier *carrier = gw_session_carrier(session);
  gw_session_id(session, id);
  int err = gw_buf_printf(out, "{\"id\":\"%s\"", id);
  if (err == 0 && has_user) err = add_user(out, session);
  if (err == 0) err = add_transport(out, carrier);
  if (err == 0) err = gw_buf_add(out, ",", 1);
  if (err == 0) err = gw_json_add_time(out, "since", gw_session_since(session));
  if (err == 0) err = gw_buf_printf(out, ",\"connected\":%s", carrier ? "true" : "false");
  if (err == 0) err = add_channels(out, session);
  return err == 0 ? gw_buf_add(out, "}", 1) : err;
}

int gw_report_user(struct gw_buf *out, struct gw_str user, unsigned sessions, uint64_t since) {
  int err = gw_buf_add_text(out, "{\"user\":");
  if (err == 0) err = gw_json_add_string(out, user);
  if (err == 0) err = gw_buf_printf(out, ",\"sessions\":%u,", sessions);
  if (err == 0) err = gw_json_add_time(out, "since", since);
  return err == 0 ? gw_buf_add(out, "}", 1) : err;
}
