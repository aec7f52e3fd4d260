/* SPDX-License-Identifier: MIT */
/* A client of ours, and the body of the present answer. */
#include "cli/lab/ask.h"

#include "client/http.h"

#include <stdio.h>
#include <stdlib.h>

enum { ANSWER_MAX = 1 << 20 }; /* against an answer without end */

struct gw_lab_ask {
  struct gw_http_client *client;
  void *owner;
  gw_lab_answered *on_answer;
  struct gw_buf body;
  unsigned port, status;
  bool is_open;
};

static void on_head(void *owner, const struct gw_http_head *head) {
  struct gw_lab_ask *ask = owner;
  ask->status = head->status;
}

static void finish(struct gw_lab_ask *ask, int err) {
  ask->is_open = false;
  ask->on_answer(ask->owner, err, ask->status,
                 (struct gw_str){ask->body.data ? (char *)ask->body.data : "", ask->body.len});
}

static void on_body(void *owner, const char *data, size_t len) {
  struct gw_lab_ask *ask = owner;
  int r = gw_buf_add(&ask->body, data, len);
  if (r == 0) return;
  gw_http_client_cancel(ask->client);
  finish(ask, r);
}

static void on_end(void *owner, int err, const char *reason) {
  (void)reason;
  finish(owner, err);
}

int gw_lab_ask_new(struct gw_loop *loop, unsigned port, void *owner, struct gw_lab_ask **out_ask) {
  static const struct gw_http_client_events events = {
      .on_head = on_head, .on_body = on_body, .on_end = on_end};
  struct gw_lab_ask *ask = calloc(1, sizeof *ask);
  if (!ask) return GW_ERR_MEMORY;
  ask->owner = owner;
  ask->port = port;
  gw_buf_init(&ask->body, ANSWER_MAX);
  int r = gw_http_client_new(loop, NULL, &events, ask, &ask->client);
  if (r < 0) {
    free(ask);
    return r;
  }
  *out_ask = ask;
  return 0;
}

int gw_lab_ask(struct gw_lab_ask *ask, const char *method, const char *path,
               gw_lab_answered *on_answer) {
  char url[256];
  if (ask->is_open) return GW_ERR_STATE;
  snprintf(url, sizeof url, "http://127.0.0.1:%u%s", ask->port, path);
  ask->body.len = 0;
  ask->status = 0;
  ask->on_answer = on_answer;
  int r = gw_http_client_ask(ask->client, &(struct gw_http_ask){.method = gw_str_of(method),
                                                                .url = gw_str_of(url),
                                                                .may_repeat = true});
  ask->is_open = r == 0;
  return r;
}

bool gw_lab_ask_is_open(const struct gw_lab_ask *ask) {
  return ask->is_open;
}

void gw_lab_ask_free(struct gw_lab_ask *ask) {
  if (!ask) return;
  gw_http_client_free(ask->client);
  gw_buf_clear(&ask->body);
  free(ask);
}
