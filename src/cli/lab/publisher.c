/* SPDX-License-Identifier: MIT */
/*
 * Each message is due at its time, whatever became late before: the rate holds, unless the lab
 * stands still for a second. A refusal ends it: a message that has a number and no place in the
 * channel would count as lost for everybody.
 */
#include "cli/lab/publisher.h"

#include "base/buf.h"
#include "base/list.h"
#include "cli/lab/message.h"
#include "cli/lab/transport.h"
#include "codec/godwit_client.h"
#include "godwit/client.h"

#include <stdio.h>
#include <stdlib.h>

enum { STILL_US = 1000000, MESSAGE_MAX = 32 * 1024 };

struct gw_lab_publisher {
  struct gw_loop *loop;
  struct gw_client *client;
  struct gw_websocket handler;
  gw_lab_publisher_failed *on_failed;
  void *owner;
  struct gw_timer timer;
  struct gw_buf out;
  double rate;
  unsigned payload;
  uint64_t seq, due_us, lateness_us;
};

static struct gw_lab_publisher *of(const struct gw_conn *conn) {
  return gw_conn_handler_user(conn);
}

static void fail(struct gw_lab_publisher *p, const char *why) {
  gw_loop_timer_cancel(p->loop, &p->timer);
  p->on_failed(p->owner, why);
}

static void on_message(struct gw_conn *conn, const struct gw_message *message) {
  struct gw_godwit_message m;
  struct gw_str text = {message->len ? message->data : "", message->len};
  char why[256];
  if (gw_godwit_message_read(text, &m) < 0 || m.said != GW_GODWIT_ERROR) return;
  snprintf(why, sizeof why, "the measured server refused a message: %.*s", (int)m.code.len,
           m.code.at);
  fail(of(conn), why);
}

static void on_close(struct gw_conn *conn, const struct gw_ending *ending) {
  (void)ending;
  fail(of(conn), "the measured server has closed the publisher's connection");
}

static void on_failure(struct gw_client *client, const struct gw_client_failure *failure) {
  fail(gw_client_user(client), failure->reason);
}

/* `pub lab` and the message below it. The answer is not asked for: only an error is told. */
static int publish(struct gw_lab_publisher *p, struct gw_conn *conn) {
  struct gw_lab_message message = {.seq = p->seq + 1, .at_us = gw_lab_clock_us()};
  p->out.len = 0;
  int r = gw_buf_add_text(&p->out, "pub " GW_LAB_CHANNEL "\n");
  if (r == 0) r = gw_buf_reserve(&p->out, p->payload);
  if (r < 0) return r;
  gw_lab_message_write((char *)p->out.data + p->out.len, p->payload, &message);
  p->out.len += p->payload;
  r = gw_conn_send(conn, GW_WS_TEXT, p->out.data, p->out.len);
  if (r >= 0) p->seq++;
  return r < 0 ? r : 0;
}

static void on_timer(struct gw_timer *timer) {
  struct gw_lab_publisher *p = gw_container_of(timer, struct gw_lab_publisher, timer);
  struct gw_conn *conn = gw_client_conn(p->client);
  uint64_t now = gw_lab_steady_us(), step = (uint64_t)(1e6 / p->rate);
  if (!conn) return; /* its end has been told */
  if (now > p->due_us && now - p->due_us > p->lateness_us) p->lateness_us = now - p->due_us;
  if (now > p->due_us + STILL_US) p->due_us = now;
  for (; p->due_us <= now; p->due_us += step) {
    int r = publish(p, conn);
    if (r == 0) continue;
    fail(p, gw_error_text(r));
    return;
  }
  gw_loop_timer_set(p->loop, &p->timer, (p->due_us - now + 999) / 1000);
}

void gw_lab_publisher_set(struct gw_lab_publisher *p, double rate, unsigned payload) {
  bool is_same = rate == p->rate;
  p->rate = rate;
  p->payload = payload;
  if (is_same) return;
  gw_loop_timer_cancel(p->loop, &p->timer);
  if (!(rate > 0)) return;
  p->due_us = gw_lab_steady_us() + (uint64_t)(1e6 / rate);
  gw_loop_timer_set(p->loop, &p->timer, (uint64_t)(1e3 / rate));
}

int gw_lab_publisher_new(struct gw_loop *loop, unsigned port, gw_lab_publisher_failed *on_failed,
                         void *owner, struct gw_lab_publisher **out_publisher) {
  struct gw_lab_publisher *p = calloc(1, sizeof *p);
  char url[64];
  if (!p) return GW_ERR_MEMORY;
  p->loop = loop;
  p->on_failed = on_failed;
  p->owner = owner;
  p->timer.on_due = on_timer;
  gw_buf_init(&p->out, MESSAGE_MAX);
  p->handler = (struct gw_websocket){
      .on_message = on_message, .on_close = on_close, .user = p, .protocols = "godwit.v1"};
  snprintf(url, sizeof url, "ws://127.0.0.1:%u/ws", port);
  int r =
      gw_client_open(loop,
                     &(struct gw_client_options){
                         .url = url, .handler = &p->handler, .on_failure = on_failure, .user = p},
                     &p->client);
  if (r < 0) {
    free(p);
    return r;
  }
  *out_publisher = p;
  return 0;
}

bool gw_lab_publisher_is_open(const struct gw_lab_publisher *p) {
  return gw_client_conn(p->client) != NULL;
}

uint64_t gw_lab_publisher_seq(const struct gw_lab_publisher *p) {
  return p->seq;
}

uint64_t gw_lab_publisher_lateness(struct gw_lab_publisher *p) {
  uint64_t lateness = p->lateness_us;
  p->lateness_us = 0;
  return lateness;
}

void gw_lab_publisher_free(struct gw_lab_publisher *p) {
  if (!p) return;
  gw_loop_timer_cancel(p->loop, &p->timer);
  gw_client_free(p->client);
  gw_buf_clear(&p->out);
  free(p);
}
