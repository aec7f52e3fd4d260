/* SPDX-License-Identifier: MIT */
/*
 * The experiment. A run begins with an empty channel, then all clients connect, then the publisher
 * begins. What the server has spent is read from its /metrics, one question at a time.
 */
#include "cli/lab.h"

#include "base/list.h"
#include "cli/lab/ask.h"
#include "cli/lab/child.h"
#include "cli/lab/clients.h"
#include "cli/lab/figures.h"
#include "cli/lab/link.h"
#include "cli/lab/memory.h"
#include "cli/lab/message.h"
#include "cli/lab/publisher.h"
#include "cli/received.h"
#include "cli/signals.h"
#include "cli/subscribe/intake.h"
#include "client/side.h"

#include <openssl/rand.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>

enum {
  TICK_MS = 1000,
  SOON_MS = 100, /* between two figures: against a page that changes something all the time */
  LOOK_MS = 30,
  LOOKS_MAX = 100,        /* for clients to connect, and for what is allocated to settle */
  FIGURES_MAX = 8 * 1024, /* a list of numbers */
  DESCRIPTORS = 4096,
  BEHIND_US = 50000, /* so late a message of ours may be published */
};

struct lab {
  const struct gw_command *command;
  const struct gw_lab_plan *plan;
  struct gw_loop *loop;
  struct gw_signals signals;
  struct gw_lab_link *link;
  struct gw_lab_child *child;
  struct gw_lab_ask *ask;
  struct gw_lab_memory *memory;
  struct gw_lab_publisher *publisher;
  struct gw_lab_clients *clients[GW_LAB_TRANSPORTS];
  struct gw_timer tick, look, cut;
  char id[33]; /* tells us from another lab */
  uint64_t since_ms;
  uint64_t unseen_ms; /* since somebody looked, as far as we were there to ask */
  uint64_t shown_ms;  /* when the latest figures were asked for */
  struct gw_lab_settings wished, settings;
  enum gw_lab_phase phase;
  uint64_t run, base, until_us;
  struct gw_lab_metrics now, since;
  char cursor[GW_INTAKE_CURSOR_MAX]; /* of the empty channel */
  bool must_clear, must_find, wants_metrics, wants_figures;
  bool is_connecting; /* the channel has been emptied */
  unsigned looks;     /* since then */
  int code;
};

static void end_with(struct lab *lab, int code) {
  lab->code = code;
  gw_loop_stop(lab->loop);
}

static void fail(struct lab *lab, const char *why) {
  gw_remote_say(lab->command, "%s", why);
  end_with(lab, GW_EXIT_FAILED);
}

/* ---- phases ---- */

static void ask_next(struct lab *lab);

/* Something has changed that is to be seen before the second is over. */
static void show_soon(struct lab *lab) {
  uint64_t since = gw_loop_now(lab->loop) - lab->shown_ms;
  gw_loop_timer_set(lab->loop, &lab->tick, since < SOON_MS ? SOON_MS - since : 0);
}

static void rest(struct lab *lab) {
  gw_loop_timer_cancel(lab->loop, &lab->look);
  gw_loop_timer_cancel(lab->loop, &lab->cut);
  gw_lab_publisher_set(lab->publisher, 0, 0);
  for (int i = 0; i < GW_LAB_TRANSPORTS; i++)
    gw_lab_clients_close(lab->clients[i]);
  lab->phase = GW_LAB_RESTING;
  lab->until_us = 0;
  show_soon(lab);
}

static void begin_run(struct lab *lab) {
  rest(lab);
  lab->run++;
  lab->phase = GW_LAB_CONNECTING;
  lab->base = gw_lab_publisher_seq(lab->publisher);
  lab->since = lab->now;
  lab->is_connecting = false;
  for (int i = 0; i < GW_LAB_TRANSPORTS; i++)
    gw_lab_clients_begin(lab->clients[i], &lab->settings, lab->base);
  lab->must_clear = true;
  lab->must_find = false;
  ask_next(lab);
}

static void begin_cut(struct lab *lab, unsigned ms) {
  uint64_t seq = gw_lab_publisher_seq(lab->publisher);
  lab->phase = GW_LAB_CUT;
  show_soon(lab);
  lab->until_us = gw_lab_clock_us() + (uint64_t)ms * 1000;
  gw_loop_timer_set(lab->loop, &lab->cut, ms);
  for (int i = 0; i < GW_LAB_TRANSPORTS; i++)
    gw_lab_clients_cut(lab->clients[i], seq);
}

static void on_cut_over(struct gw_timer *timer) {
  struct lab *lab = gw_container_of(timer, struct lab, cut);
  uint64_t seq = gw_lab_publisher_seq(lab->publisher);
  lab->phase = GW_LAB_RUNNING;
  show_soon(lab);
  lab->until_us = 0;
  for (int i = 0; i < GW_LAB_TRANSPORTS; i++)
    gw_lab_clients_back(lab->clients[i], seq);
}

/* ---- connecting ---- */

/* What was spent before is not of this run. */
static void connect_all(struct lab *lab) {
  lab->is_connecting = true;
  lab->since = lab->now;
  lab->looks = 0;
  for (int i = 0; i < GW_LAB_TRANSPORTS; i++)
    gw_lab_clients_open(lab->clients[i], lab->cursor);
  gw_loop_timer_set(lab->loop, &lab->look, LOOK_MS);
}

static bool are_ready(const struct lab *lab) {
  if (!gw_lab_publisher_is_open(lab->publisher)) return false;
  for (int i = 0; i < GW_LAB_TRANSPORTS; i++)
    if (!gw_lab_clients_are_ready(lab->clients[i])) return false;
  return true;
}

/* Who has not come by then comes later, and misses what it misses. */
static void on_look(struct gw_timer *timer) {
  struct lab *lab = gw_container_of(timer, struct lab, look);
  if (!are_ready(lab) && ++lab->looks < LOOKS_MAX) {
    gw_loop_timer_set(lab->loop, &lab->look, LOOK_MS);
    return;
  }
  lab->phase = GW_LAB_RUNNING;
  show_soon(lab);
  gw_lab_publisher_set(lab->publisher, lab->settings.rate, lab->settings.payload);
  gw_lab_clients_poll(lab->clients[GW_LAB_POLL], lab->settings.interval_ms);
}

/* ---- figures ---- */

static void fill_transport(const struct lab *lab, int i, struct gw_lab_transport_figures *out) {
  unsigned worker = GW_LAB_WORKER_OF(i);
  struct gw_histogram *delays = gw_lab_clients_delays(lab->clients[i]);
  *out = (struct gw_lab_transport_figures){
      .port = gw_lab_child_port(lab->child, worker),
      .spent = gw_lab_spent(&lab->now.workers[worker - 1], &lab->since.workers[worker - 1]),
      .memory = gw_lab_memory_of(lab->memory, (enum gw_lab_transport)i, lab->settings.has_cursor),
      .counts = *gw_lab_clients_counts(lab->clients[i]),
      .has_delays = delays->count > 0,
      .p50_us = gw_histogram_quantile(delays, 0.5),
      .p99_us = gw_histogram_quantile(delays, 0.99)};
  *delays = (struct gw_histogram){0};
}

static void publish_figures(struct lab *lab) {
  struct gw_lab_figures figures = {
      .run = lab->run,
      .sent = gw_lab_publisher_seq(lab->publisher) - lab->base,
      .at_us = gw_lab_clock_us(),
      .phase = lab->phase,
      .until_us = lab->until_us,
      .is_behind = gw_lab_publisher_lateness(lab->publisher) > BEHIND_US,
      .settings = lab->settings,
      .cpu = lab->now.workers[0].cpu - lab->since.workers[0].cpu,
      .resident = lab->now.resident,
  };
  struct gw_buf json;
  gw_buf_init(&json, FIGURES_MAX);
  for (int i = 0; i < GW_LAB_TRANSPORTS; i++) {
    fill_transport(lab, i, &figures.transports[i]);
    if (gw_lab_clients_skipped(lab->clients[i]) > 0) figures.is_behind = true;
  }
  if (gw_lab_figures_write(&json, &figures) == 0)
    gw_lab_link_figures(lab->link, (struct gw_str){(char *)json.data, json.len});
  gw_buf_clear(&json);
}

/* ---- questions to the measured server ---- */

static void on_metrics(void *owner, int err, unsigned status, struct gw_str body) {
  struct lab *lab = owner;
  if (err == 0 && (status != 200 || gw_lab_metrics_read(body, &lab->now) < 0))
    err = GW_ERR_ARGUMENT;
  if (err < 0) {
    fail(lab, "the measured server does not tell its figures");
    return;
  }
  if (lab->phase == GW_LAB_CONNECTING && !lab->must_clear && !lab->must_find && !lab->is_connecting)
    connect_all(lab);
  if (lab->wants_figures) publish_figures(lab);
  lab->wants_figures = false;
  ask_next(lab);
}

static void on_cleared(void *owner, int err, unsigned status, struct gw_str body) {
  struct lab *lab = owner;
  (void)body;
  if (err < 0 || status != 204)
    fail(lab, "the measured server does not empty the channel");
  else
    ask_next(lab);
}

static void on_found(void *owner, int err, unsigned status, struct gw_str body) {
  struct lab *lab = owner;
  struct gw_received_reader reader = {0};
  struct gw_received_news news = {0};
  bool is_read = err == 0 && status == 200 && gw_received_news_read(&reader, body, &news) == 0;
  if (is_read && news.cursor.len && news.cursor.len < sizeof lab->cursor) {
    snprintf(lab->cursor, sizeof lab->cursor, "%.*s", (int)news.cursor.len, news.cursor.at);
    lab->wants_metrics = true;
    ask_next(lab);
  } else {
    fail(lab, "the measured server does not tell where the channel stands");
  }
  gw_received_reader_clear(&reader);
}

static void ask_next(struct lab *lab) {
  int r = 0;
  if (gw_lab_ask_is_open(lab->ask)) return;
  if (lab->must_clear) {
    lab->must_clear = false;
    lab->must_find = true;
    r = gw_lab_ask(lab->ask, "DELETE", "/channels/" GW_LAB_CHANNEL, on_cleared);
  } else if (lab->must_find) {
    lab->must_find = false;
    r = gw_lab_ask(lab->ask, "GET", "/channels/" GW_LAB_CHANNEL, on_found);
  } else if (lab->wants_metrics) {
    lab->wants_metrics = false;
    r = gw_lab_ask(lab->ask, "GET", "/metrics", on_metrics);
  }
  if (r < 0) fail(lab, gw_error_text(r));
}

/* ---- once a second, and where something has changed ---- */

static void on_tick(struct gw_timer *timer) {
  struct lab *lab = gw_container_of(timer, struct lab, tick);
  uint64_t now = gw_loop_now(lab->loop), since = now - lab->shown_ms;
  gw_loop_timer_set(lab->loop, timer, TICK_MS);
  lab->shown_ms = now;
  lab->unseen_ms += since < TICK_MS ? since : TICK_MS; /* of more we stood still ourselves */
  if (lab->plan->idle_s && lab->unseen_ms > lab->plan->idle_s * 1000 + TICK_MS) {
    end_with(lab, GW_EXIT_DONE);
    return;
  }
  gw_lab_link_ask_watchers(lab->link);
  for (int i = 0; i < GW_LAB_TRANSPORTS && lab->phase != GW_LAB_CONNECTING; i++)
    gw_lab_clients_tick(lab->clients[i]);
  lab->wants_metrics = lab->wants_figures = true;
  ask_next(lab);
}

/* ---- what the main server tells ---- */

static void announce(struct lab *lab) {
  char text[128];
  int n = snprintf(text, sizeof text, "{\"lab\":\"%s\",\"since\":%llu}", lab->id,
                   (unsigned long long)lab->since_ms);
  gw_lab_link_control(lab->link, (struct gw_str){text, (size_t)n});
}

/* There is one lab at a server: the eldest stays. */
static void meet(struct lab *lab, const struct gw_lab_control *other) {
  int order = strcmp(other->lab, lab->id);
  if (order == 0) return;
  bool is_elder = other->since_ms != lab->since_ms ? other->since_ms < lab->since_ms : order < 0;
  if (is_elder)
    fail(lab, "a lab runs at this server already");
  else
    announce(lab);
}

static void set(struct lab *lab, const struct gw_lab_settings *wished) {
  struct gw_lab_settings was = lab->settings;
  lab->wished = *wished;
  lab->settings = gw_lab_settings_fit(wished);
  show_soon(lab);
  if (lab->phase == GW_LAB_RESTING || lab->phase == GW_LAB_CONNECTING) return;
  gw_lab_publisher_set(lab->publisher, lab->settings.rate, lab->settings.payload);
  if (lab->settings.interval_ms != was.interval_ms)
    gw_lab_clients_poll(lab->clients[GW_LAB_POLL], lab->settings.interval_ms);
}

static void on_control(void *owner, struct gw_str text, bool is_lab) {
  struct lab *lab = owner;
  struct gw_lab_settings wished = lab->wished, was = lab->settings;
  struct gw_lab_control control;
  if (!gw_lab_control_read(text, &wished, &control)) return;
  if (*control.lab && is_lab) meet(lab, &control);
  if (control.sets) set(lab, &wished);
  bool is_other =
      lab->settings.clients != was.clients || lab->settings.has_cursor != was.has_cursor;
  if (control.stops)
    rest(lab);
  else if (lab->phase == GW_LAB_RESTING ? control.starts : is_other)
    begin_run(lab);
  if (control.cut_ms && lab->phase == GW_LAB_RUNNING) begin_cut(lab, control.cut_ms);
}

static void on_link_open(void *owner) {
  struct lab *lab = owner;
  announce(lab);
  gw_lab_link_ask_watchers(lab->link);
  show_soon(lab);
}

static void on_watchers(void *owner, uint64_t n) {
  struct lab *lab = owner;
  if (n > 0) lab->unseen_ms = 0;
}

static void on_refused(void *owner, const char *reason, const char *mend) {
  struct lab *lab = owner;
  gw_remote_say(lab->command, "%s: %s%s", lab->plan->remote.url, reason, mend);
  end_with(lab, GW_EXIT_FAILED);
}

/* ---- what the measured server tells ---- */

static void on_publisher_failed(void *owner, const char *why) {
  fail(owner, why);
}

static void on_child_end(void *owner) {
  fail(owner, "the measured server has ended");
}

static int open_all(struct lab *lab) {
  static const struct gw_lab_link_events events = {.on_open = on_link_open,
                                                   .on_control = on_control,
                                                   .on_watchers = on_watchers,
                                                   .on_refused = on_refused};
  unsigned port = gw_lab_child_port(lab->child, 1);
  int r = gw_lab_ask_new(lab->loop, port, lab, &lab->ask);
  if (r == 0) r = gw_lab_publisher_new(lab->loop, port, on_publisher_failed, lab, &lab->publisher);
  for (int i = 0; i < GW_LAB_TRANSPORTS && r == 0; i++)
    r = gw_lab_clients_new(lab->loop, lab->command, (enum gw_lab_transport)i,
                           gw_lab_child_port(lab->child, GW_LAB_WORKER_OF(i)), &lab->clients[i]);
  if (r == 0) r = gw_lab_link_open(lab->loop, &lab->plan->remote, &events, lab, &lab->link);
  return r;
}

/* From now on there is something to be seen: the main server is told of us. */
static void on_memory(void *owner) {
  struct lab *lab = owner;
  int r = open_all(lab);
  if (r < 0) {
    fail(lab, gw_error_text(r));
    return;
  }
  for (int i = 0; i < GW_LAB_TRANSPORTS; i++)
    printf("%s%s http://127.0.0.1:%u", i > 0 ? ", " : "", gw_lab_names[i],
           gw_lab_child_port(lab->child, GW_LAB_WORKER_OF(i)));
  printf("\n");
  fflush(stdout);
  lab->shown_ms = gw_loop_now(lab->loop);
  gw_loop_timer_set(lab->loop, &lab->tick, TICK_MS);
}

static void on_child_ready(void *owner) {
  struct lab *lab = owner;
  int r = gw_lab_memory_new(lab->loop, lab->command, lab->child, on_memory, lab, &lab->memory);
  if (r < 0) fail(lab, gw_error_text(r));
}

/* ---- the run ---- */

static void on_signal(struct gw_signals *signals, int number) {
  (void)number;
  end_with(gw_container_of(signals, struct lab, signals), GW_EXIT_DONE);
}

/* Each client is a descriptor of ours, and one of the measured server's, which inherits the limit.
 */
static void raise_limit(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) < 0) return;
  limit.rlim_cur = limit.rlim_max < DESCRIPTORS ? limit.rlim_max : DESCRIPTORS;
  (void)setrlimit(RLIMIT_NOFILE, &limit);
}

static int begin(struct lab *lab) {
  static const struct gw_lab_child_events events = {.on_ready = on_child_ready,
                                                    .on_end = on_child_end};
  unsigned char random[16];
  if (RAND_bytes(random, sizeof random) != 1) return GW_ERR_SYSTEM;
  for (size_t i = 0; i < sizeof random; i++)
    snprintf(lab->id + 2 * i, 3, "%02x", random[i]);
  lab->since_ms = gw_lab_clock_us() / 1000;
  lab->settings = lab->wished = gw_lab_defaults;
  raise_limit();
  signal(SIGPIPE, SIG_IGN);
  int r = gw_signals_open(&lab->signals, lab->loop, NULL);
  return r < 0 ? r : gw_lab_child_open(lab->loop, lab->plan->origins, &events, lab, &lab->child);
}

/* The measured server goes first: nobody then waits for its answers. */
static void clear(struct lab *lab) {
  gw_loop_timer_cancel(lab->loop, &lab->tick);
  gw_loop_timer_cancel(lab->loop, &lab->look);
  gw_loop_timer_cancel(lab->loop, &lab->cut);
  gw_lab_child_close(lab->child);
  for (int i = 0; i < GW_LAB_TRANSPORTS; i++)
    gw_lab_clients_free(lab->clients[i]);
  gw_lab_publisher_free(lab->publisher);
  gw_lab_memory_free(lab->memory);
  gw_lab_ask_free(lab->ask);
  gw_lab_link_free(lab->link);
  gw_signals_close(&lab->signals);
  while (gw_client_side_is_used(lab->loop))
    if (gw_loop_turn(lab->loop, 50) < 0) break;
  gw_loop_free(lab->loop);
}

int gw_lab_run(const struct gw_command *command, const struct gw_lab_plan *plan) {
  struct lab lab = {.command = command,
                    .plan = plan,
                    .signals.on_signal = on_signal,
                    .tick.on_due = on_tick,
                    .look.on_due = on_look,
                    .cut.on_due = on_cut_over,
                    .code = GW_EXIT_FAILED};
  int err = gw_loop_new(&lab.loop);
  if (err == 0) {
    err = begin(&lab);
    if (err == 0) err = gw_loop_run(lab.loop);
    clear(&lab);
  }
  if (err < 0) gw_command_say(command, "%s", gw_error_text(err));
  return err < 0 ? GW_EXIT_FAILED : lab.code;
}
