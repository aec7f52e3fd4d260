/* SPDX-License-Identifier: MIT */
/*
 * Clients are intakes, as `godwit subscribe` has them; a cut frees them, and new ones begin where
 * those stood, or where nothing is remembered. The delay of a message is taken when it has been
 * read: what is before it in the same turn of the loop counts in.
 */
#include "cli/lab/clients.h"

#include "base/list.h"
#include "cli/lab/kinds.h"
#include "cli/lab/message.h"
#include "cli/remote.h"
#include "cli/subscribe/kinds.h"
#include "godwit/error.h"

#include <stdio.h>
#include <stdlib.h>

/* With a cursor, without one. */
static const struct gw_intake_kind *const kinds[GW_LAB_TRANSPORTS][2] = {
    [GW_LAB_POLL] = {&gw_lab_poll, &gw_lab_poll_naive},
    [GW_LAB_LONGPOLL] = {&gw_intake_longpoll, &gw_intake_longpoll},
    [GW_LAB_NDJSON] = {&gw_intake_ndjson, &gw_intake_ndjson},
    [GW_LAB_SSE] = {&gw_intake_sse, &gw_intake_sse},
    [GW_LAB_WEBSOCKET] = {&gw_intake_websocket, &gw_lab_raw},
};

struct client {
  struct gw_lab_clients *all;
  struct gw_intake *intake; /* NULL: not connected */
  struct gw_lab_ledger ledger;
  char cursor[GW_INTAKE_CURSOR_MAX]; /* where it stood when it was cut off; "": nothing is known */
};

struct gw_lab_clients {
  struct gw_loop *loop;
  enum gw_lab_transport transport;
  struct gw_remote remote;
  char url[64];
  struct client at[GW_LAB_CLIENTS_MAX];
  unsigned n;
  bool has_cursor, is_away;
  bool has_said;         /* why a connection failed: once in each run */
  struct gw_timer timer; /* the next poll */
  unsigned interval_ms, next, skipped;
  uint64_t due_us; /* of the next poll */
  struct gw_lab_counts counts;
  struct gw_histogram delays;
};

/* ---- what comes ---- */

static bool on_publication(struct gw_intake *intake, size_t channel,
                           const struct gw_received *received) {
  struct client *client = intake->options.owner;
  struct gw_lab_message message;
  (void)channel;
  if (!gw_lab_message_read(received->payload, &message)) return true;
  if (!gw_lab_ledger_take(&client->ledger, &client->all->counts, message.seq)) return true;
  uint64_t now = gw_lab_clock_us();
  gw_histogram_add(&client->all->delays, now > message.at_us ? now - message.at_us : 0);
  return true;
}

/* What is lost is seen by its numbers. */
static void on_gap(struct gw_intake *intake, size_t channel, const uint64_t *missed) {
  (void)intake;
  (void)channel;
  (void)missed;
}

static void on_presence(struct gw_intake *intake, size_t channel, bool has_joined,
                        const char *user) {
  (void)intake;
  (void)channel;
  (void)has_joined;
  (void)user;
}

static void on_note(struct gw_intake *intake, const char *text) {
  (void)intake;
  (void)text;
}

/* Without being cut off by us: the server has ended it, or was too busy. */
static void on_end(struct gw_intake *intake, const struct gw_intake_end *end, unsigned retry_ms) {
  struct client *client = intake->options.owner;
  struct gw_lab_clients *all = client->all;
  (void)retry_ms;
  if (!all->has_cursor) gw_intake_stand(intake, 0, GW_STR(""));
  if (!all->has_said)
    gw_remote_say(&gw_command_lab, "%s: %s", gw_lab_names[all->transport], end->reason);
  all->has_said = true;
}

static const struct gw_intake_events events = {.on_publication = on_publication,
                                               .on_gap = on_gap,
                                               .on_presence = on_presence,
                                               .on_note = on_note,
                                               .on_end = on_end};

/* ---- connections ---- */

/* Where there is no memory for it, the next tick tries again. */
static void connect_client(struct client *client) {
  static const char *const channel = GW_LAB_CHANNEL;
  struct gw_lab_clients *all = client->all;
  const struct gw_intake_options options = {
      .kind = kinds[all->transport][all->has_cursor ? 0 : 1],
      .remote = &all->remote,
      .events = &events,
      .owner = client,
      .loop = all->loop,
      .channels = &channel,
      .n = 1,
      .after = *client->cursor ? client->cursor : NULL,
      .may_return = true,
      .is_plain = true, /* the same bytes for all: the other transports do not compress */
  };
  if (gw_intake_new(&options, &client->intake) < 0) client->intake = NULL;
}

static void keep_place(struct client *client) {
  if (!client->intake || !client->all->has_cursor) return;
  snprintf(client->cursor, sizeof client->cursor, "%s", client->intake->channels[0].cursor);
}

static void disconnect(struct client *client) {
  gw_intake_free(client->intake);
  client->intake = NULL;
}

void gw_lab_clients_open(struct gw_lab_clients *all, const char *cursor) {
  for (unsigned i = 0; i < all->n; i++) {
    if (all->has_cursor) snprintf(all->at[i].cursor, sizeof all->at[i].cursor, "%s", cursor);
    connect_client(&all->at[i]);
  }
}

void gw_lab_clients_tick(struct gw_lab_clients *all) {
  for (unsigned i = 0; i < all->n && !all->is_away; i++) {
    struct client *client = &all->at[i];
    if (client->intake && !client->intake->is_over) continue;
    keep_place(client);
    disconnect(client);
    connect_client(client);
  }
}

void gw_lab_clients_cut(struct gw_lab_clients *all, uint64_t seq) {
  all->is_away = true;
  for (unsigned i = 0; i < all->n; i++) {
    keep_place(&all->at[i]);
    disconnect(&all->at[i]);
    gw_lab_ledger_cut(&all->at[i].ledger, seq);
  }
}

void gw_lab_clients_back(struct gw_lab_clients *all, uint64_t seq) {
  all->is_away = false;
  for (unsigned i = 0; i < all->n; i++) {
    gw_lab_ledger_back(&all->at[i].ledger, seq);
    connect_client(&all->at[i]);
  }
}

void gw_lab_clients_close(struct gw_lab_clients *all) {
  gw_loop_timer_cancel(all->loop, &all->timer);
  for (unsigned i = 0; i < all->n; i++)
    disconnect(&all->at[i]);
  all->n = 0;
}

/* ---- polls ---- */

static uint64_t step_us(const struct gw_lab_clients *all) {
  return (uint64_t)all->interval_ms * 1000 / all->n;
}

/* One client after the other, so each asks once in an interval. Who has no answer yet asks when it
 * is its turn again. */
static void on_timer(struct gw_timer *timer) {
  struct gw_lab_clients *all = gw_container_of(timer, struct gw_lab_clients, timer);
  uint64_t now = gw_lab_steady_us(), step = step_us(all);
  if (now > all->due_us + (uint64_t)all->interval_ms * 1000) all->due_us = now; /* it stood still */
  for (; all->due_us <= now; all->due_us += step) {
    struct gw_intake *intake = all->at[all->next].intake;
    if (intake && intake->is_open && !gw_lab_poll_ask(intake)) all->skipped++;
    all->next = (all->next + 1) % all->n;
  }
  gw_loop_timer_set(all->loop, &all->timer, (all->due_us - now + 999) / 1000);
}

void gw_lab_clients_poll(struct gw_lab_clients *all, unsigned interval_ms) {
  if (all->transport != GW_LAB_POLL || all->n == 0) return;
  all->interval_ms = interval_ms;
  all->due_us = gw_lab_steady_us() + step_us(all);
  gw_loop_timer_set(all->loop, &all->timer, step_us(all) / 1000);
}

/* ---- life ---- */

int gw_lab_clients_new(struct gw_loop *loop, const struct gw_command *command,
                       enum gw_lab_transport transport, unsigned port,
                       struct gw_lab_clients **out_clients) {
  struct gw_lab_clients *all = calloc(1, sizeof *all);
  if (!all) return GW_ERR_MEMORY;
  all->loop = loop;
  all->transport = transport;
  all->timer.on_due = on_timer;
  snprintf(all->url, sizeof all->url, "http://127.0.0.1:%u", port);
  all->remote.url = all->url;
  if (!gw_remote_init(&all->remote, command)) {
    free(all);
    return GW_ERR_ARGUMENT;
  }
  *out_clients = all;
  return 0;
}

void gw_lab_clients_begin(struct gw_lab_clients *all, const struct gw_lab_settings *settings,
                          uint64_t seq) {
  gw_lab_clients_close(all);
  all->n = settings->clients;
  all->has_cursor = settings->has_cursor;
  all->is_away = all->has_said = false;
  all->next = all->skipped = 0;
  all->counts = (struct gw_lab_counts){0};
  all->delays = (struct gw_histogram){0};
  for (unsigned i = 0; i < all->n; i++) {
    all->at[i] = (struct client){.all = all};
    gw_lab_ledger_begin(&all->at[i].ledger, seq);
  }
}

void gw_lab_clients_free(struct gw_lab_clients *all) {
  if (!all) return;
  gw_lab_clients_close(all);
  free(all);
}

/* ---- figures ---- */

/* A long poll that says no cursor is answered at once, and asks again. */
bool gw_lab_clients_are_in(const struct gw_lab_clients *all, unsigned n,
                           const struct gw_lab_worker *now, const struct gw_lab_worker *since) {
  unsigned each = all->transport == GW_LAB_LONGPOLL && !*all->at[0].cursor ? 2 : 1;
  return now->connections >= since->connections + n && now->requests >= since->requests + n * each;
}

/* A long poll is told nothing before there is something; its cursor holds its place. */
bool gw_lab_clients_are_ready(const struct gw_lab_clients *all) {
  bool has_place = all->transport == GW_LAB_LONGPOLL && all->has_cursor;
  for (unsigned i = 0; i < all->n && !has_place; i++)
    if (!all->at[i].intake || !all->at[i].intake->is_open) return false;
  return true;
}

const struct gw_lab_counts *gw_lab_clients_counts(const struct gw_lab_clients *all) {
  return &all->counts;
}

struct gw_histogram *gw_lab_clients_delays(struct gw_lab_clients *all) {
  return &all->delays;
}

unsigned gw_lab_clients_skipped(struct gw_lab_clients *all) {
  unsigned skipped = all->skipped;
  all->skipped = 0;
  return skipped;
}
