/* SPDX-License-Identifier: MIT */
/* One godwit.v1 connection under the name `lab`. It is in the presence of lab:figures, so pages see
 * whether a lab runs. */
#include "cli/lab/link.h"

#include "codec/godwit_client.h"
#include "codec/http/text.h"
#include "godwit/client.h"

#include <stdlib.h>

#define USER    "lab"
#define CONTROL "lab:control"
#define FIGURES "lab:figures"

enum {
  MESSAGE_MAX = 64 * 1024,
  WAITING_MAX = 256 * 1024, /* figures are not worth waiting for */
  BACKOFF_MAX_MS = 5000,
};

struct gw_lab_link {
  struct gw_client *client;
  struct gw_websocket handler;
  const struct gw_lab_link_events *events;
  void *owner;
  struct gw_buf out;
  bool has_been_open, has_said;
};

static struct gw_lab_link *of(const struct gw_conn *conn) {
  return gw_conn_handler_user(conn);
}

/* ---- what goes out ---- */

static void send_text(struct gw_lab_link *link, const char *text) {
  struct gw_conn *conn = gw_client_conn(link->client);
  if (conn) gw_conn_send(conn, GW_WS_TEXT, text, strlen(text));
}

static void publish(struct gw_lab_link *link, const char *head, struct gw_str body) {
  struct gw_conn *conn = gw_client_conn(link->client);
  if (!conn || gw_conn_buffered(conn) > WAITING_MAX) return;
  link->out.len = 0;
  if (gw_buf_add_text(&link->out, head) == 0 && gw_buf_add_str(&link->out, body) == 0)
    gw_conn_send(conn, GW_WS_TEXT, link->out.data, link->out.len);
}

void gw_lab_link_control(struct gw_lab_link *link, struct gw_str text) {
  publish(link, "pub " CONTROL "\n", text);
}

void gw_lab_link_figures(struct gw_lab_link *link, struct gw_str json) {
  publish(link, "pub " FIGURES "\n", json);
}

void gw_lab_link_ask_watchers(struct gw_lab_link *link) {
  send_text(link, "who " FIGURES " id=w");
}

/* ---- what comes in ---- */

static void on_open(struct gw_conn *conn) {
  struct gw_lab_link *link = of(conn);
  char protocol[32];
  if (strcmp(gw_conn_protocol(conn, protocol, sizeof protocol), "godwit.v1") != 0) {
    link->events->on_refused(link->owner, "the server does not speak godwit.v1", "");
    return;
  }
  link->has_been_open = true;
  send_text(link, "sub " CONTROL);
  send_text(link, "sub " FIGURES);
  link->events->on_open(link->owner);
}

/* Lines `USER SESSIONS`: how many are ours. */
static uint64_t own_sessions(struct gw_str body) {
  static const char own[] = USER " ";
  uint64_t sessions = 0;
  while (body.len > 0) {
    const char *end = memchr(body.at, '\n', body.len);
    struct gw_str line = {body.at, end ? (size_t)(end - body.at) : body.len};
    size_t n = line.len + (end != NULL), skip = sizeof own - 1;
    if (line.len > skip && memcmp(line.at, own, skip) == 0)
      (void)gw_str_number((struct gw_str){line.at + skip, line.len - skip}, UINT32_MAX, &sessions);
    body.at += n;
    body.len -= n;
  }
  return sessions;
}

static void say_error(struct gw_lab_link *link, const struct gw_godwit_message *m) {
  if (!link->has_said)
    gw_remote_say(&gw_command_lab, "the server answered %.*s", (int)m->code.len, m->code.at);
  link->has_said = true;
}

static void on_message(struct gw_conn *conn, const struct gw_message *message) {
  struct gw_lab_link *link = of(conn);
  struct gw_godwit_message m;
  struct gw_str text = {message->len ? message->data : "", message->len};
  if (gw_godwit_message_read(text, &m) < 0) return;
  if (m.said == GW_GODWIT_MSG && gw_str_is(m.channel, CONTROL) && m.body.at) {
    link->events->on_control(link->owner, m.body, m.from.at && gw_str_is(m.from, USER));
  } else if (m.said == GW_GODWIT_USERS) {
    uint64_t own = m.body.at ? own_sessions(m.body) : 0;
    link->events->on_watchers(link->owner, m.sessions > own ? m.sessions - own : 0);
  } else if (m.said == GW_GODWIT_ERROR) {
    say_error(link, &m);
  }
}

static void on_close(struct gw_conn *conn, const struct gw_ending *ending) {
  struct gw_lab_link *link = of(conn);
  if (ending->code >= 4400 && ending->code < 4500)
    link->events->on_refused(link->owner, "the server has sent the lab away", "");
}

static void on_failure(struct gw_client *client, const struct gw_client_failure *failure) {
  struct gw_lab_link *link = gw_client_user(client);
  bool is_refused = failure->status >= 400 && failure->status < 500 && failure->status != 429;
  if (!link->has_been_open || is_refused)
    link->events->on_refused(link->owner, failure->reason,
                             gw_remote_mend(failure->err, failure->status));
}

/* ---- life ---- */

static int open_client(struct gw_loop *loop, const struct gw_remote *remote,
                       struct gw_lab_link *link) {
  struct gw_buf url;
  gw_buf_init(&url, GW_HTTP_LINE_MAX);
  int r = gw_remote_url(remote, &url, "/ws", GW_STR(""));
  if (r == 0) r = gw_remote_add_query(&url, "user", GW_STR(USER));
  if (r == 0) r = gw_buf_add(&url, "", 1);
  if (r == 0)
    r = gw_client_open(loop,
                       &(struct gw_client_options){.url = (char *)url.data,
                                                   .handler = &link->handler,
                                                   .ca_file = remote->ca_file,
                                                   .is_insecure = remote->is_insecure,
                                                   .may_reconnect = true,
                                                   .backoff_max_ms = BACKOFF_MAX_MS,
                                                   .on_failure = on_failure,
                                                   .user = link},
                       &link->client);
  gw_buf_clear(&url);
  return r;
}

int gw_lab_link_open(struct gw_loop *loop, const struct gw_remote *remote,
                     const struct gw_lab_link_events *events, void *owner,
                     struct gw_lab_link **out_link) {
  struct gw_lab_link *link = calloc(1, sizeof *link);
  if (!link) return GW_ERR_MEMORY;
  link->events = events;
  link->owner = owner;
  gw_buf_init(&link->out, MESSAGE_MAX);
  link->handler = (struct gw_websocket){.on_open = on_open,
                                        .on_message = on_message,
                                        .on_close = on_close,
                                        .user = link,
                                        .protocols = "godwit.v1",
                                        .protocol.max_message = MESSAGE_MAX};
  int r = open_client(loop, remote, link);
  if (r < 0) {
    free(link);
    return r;
  }
  *out_link = link;
  return 0;
}

void gw_lab_link_free(struct gw_lab_link *link) {
  if (!link) return;
  gw_client_free(link->client);
  gw_buf_clear(&link->out);
  free(link);
}
