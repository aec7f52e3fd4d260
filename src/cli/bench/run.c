/* SPDX-License-Identifier: MIT */
/*
 * A run from its first connection to its report. The phases follow one another by the timer, or by
 * the last connection that opens; every wait is bounded, and a signal skips to the end with what
 * there is. Invariant: counting happens between `started_at` and `ended_at` only.
 */
#include "cli/bench.h"

#include "net/tls.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

enum {
  DIALLING_MAX = 128, /* at a time: a listener's backlog is not endless */
  OPENING_S = 10,     /* without a further connection */
  SETTLE_MS = 1000,   /* for late answers */
  TEARDOWN_TURNS = 1000,
  SPARE_DESCRIPTORS = 32,
};

uint64_t gw_bench_now(void) {
  struct timespec ts;
  clock_gettime(CLOCK_MONOTONIC, &ts);
  return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

void gw_bench_count(struct gw_bench_peer *peer, uint64_t begun_at, uint64_t now) {
  struct gw_bench *bench = peer->bench;
  size_t n_transports = bench->plan->n_transports;
  if (bench->phase != GW_BENCH_MEASURING && bench->phase != GW_BENCH_SETTLING) return;
  bench->messages++;
  gw_histogram_add(bench->latency, now - begun_at);
  if (n_transports > 1)
    gw_histogram_add(&bench->by_transport[peer->index % n_transports], now - begun_at);
}

void gw_bench_end(struct gw_bench *bench) {
  if (bench->phase == GW_BENCH_MEASURING) bench->ended_at = gw_bench_now();
  bench->phase = GW_BENCH_OVER;
}

void gw_bench_error(struct gw_bench *bench, const char *format, ...) {
  if (bench->phase == GW_BENCH_OVER && bench->errors > 0) return;
  if (bench->errors++ == 0) {
    va_list args;
    va_start(args, format);
    vsnprintf(bench->first_error, sizeof bench->first_error, format, args);
    va_end(args);
  }
  if (bench->phase > GW_BENCH_WARMING) return;
  bench->is_interrupted = true;
  gw_bench_end(bench);
}

/* ---- phases ---- */

static void begin_phase(struct gw_bench *bench, enum gw_bench_phase phase, double seconds) {
  bench->phase = phase;
  gw_loop_timer_set(bench->loop, &bench->timer, (uint64_t)(seconds * 1000));
}

static void read_usage(struct gw_bench *bench, struct gw_bench_usage *out_usage) {
  pid_t pid = (pid_t)bench->plan->server_pid;
  if (pid && !gw_bench_usage_read(pid, out_usage))
    gw_bench_error(bench, "--server-pid %ld: no such process any more", (long)pid);
}

static void begin_measuring(struct gw_bench *bench) {
  const struct gw_bench_plan *plan = bench->plan;
  read_usage(bench, &bench->usage_before);
  bench->started_at = gw_bench_now();
  begin_phase(bench, GW_BENCH_MEASURING, plan->mode->is_holding ? plan->hold : plan->duration);
}

static void end_measuring(struct gw_bench *bench) {
  if (bench->plan->mode->turn)
    bench->plan->mode->turn(bench); /* what is due is sent, late or not */
  bench->ended_at = gw_bench_now();
  read_usage(bench, &bench->usage_after);
  if (bench->plan->mode->is_settled && !bench->plan->mode->is_settled(bench))
    begin_phase(bench, GW_BENCH_SETTLING, SETTLE_MS / 1000.0);
  else
    bench->phase = GW_BENCH_OVER;
}

static void begin_load(struct gw_bench *bench) {
  const struct gw_bench_mode *mode = bench->plan->mode;
  if (mode->is_holding) {
    begin_measuring(bench);
    return;
  }
  begin_phase(bench, GW_BENCH_WARMING, bench->plan->warmup);
  int err = mode->start(bench);
  if (err < 0) gw_bench_error(bench, "%s", gw_error_text(err));
}

static void on_timer(struct gw_timer *timer) {
  struct gw_bench *bench = gw_container_of(timer, struct gw_bench, timer);
  switch (bench->phase) {
  case GW_BENCH_OPENING:
    gw_bench_error(bench, "%zu of %llu connections are open, and no other came in %d s",
                   bench->n_open, (unsigned long long)bench->plan->connections, OPENING_S);
    break;
  case GW_BENCH_WARMING: begin_measuring(bench); break;
  case GW_BENCH_MEASURING: end_measuring(bench); break;
  default: bench->phase = GW_BENCH_OVER; break;
  }
}

void gw_bench_opened(struct gw_bench *bench) {
  if (bench->phase != GW_BENCH_OPENING) return;
  begin_phase(bench, GW_BENCH_OPENING, OPENING_S);
  size_t wanted = bench->is_filled ? bench->plan->connections : 1 + bench->plan->slow;
  while (bench->next_peer < wanted && bench->n_dialling < DIALLING_MAX &&
         bench->phase == GW_BENCH_OPENING)
    gw_bench_peer_open(&bench->peers[bench->next_peer++]);
  if (bench->n_open < wanted || !gw_bench_posters_are_open(bench)) return;
  if (bench->is_filled)
    begin_load(bench);
  else
    bench->plan->mode->fill(bench);
}

static void begin(struct gw_bench *bench) {
  if (bench->plan->mode->is_churning) {
    begin_load(bench);
    return;
  }
  begin_phase(bench, GW_BENCH_OPENING, OPENING_S);
  int err = bench->plan->publish_url ? gw_bench_posters_open(bench, bench->plan->in_flight) : 0;
  if (err < 0)
    gw_bench_error(bench, "%s: %s", bench->plan->publish_url, gw_error_text(err));
  else
    gw_bench_opened(bench);
}

static void run_phases(struct gw_bench *bench) {
  const struct gw_bench_mode *mode = bench->plan->mode;
  begin(bench);
  while (bench->phase != GW_BENCH_OVER) {
    bool is_on = bench->phase == GW_BENCH_WARMING || bench->phase == GW_BENCH_MEASURING;
    if (mode->turn && is_on) mode->turn(bench);
    int err = gw_loop_turn(bench->loop, mode->turn && is_on ? 0 : -1);
    if (err < 0) gw_bench_error(bench, "%s", gw_error_text(err));
    if (err < 0) gw_bench_end(bench);
    if (bench->phase == GW_BENCH_SETTLING && mode->is_settled(bench)) gw_bench_end(bench);
    if (is_on && !mode->is_churning && bench->n_open == 0) gw_bench_end(bench);
  }
}

/* ---- making ready ---- */

static void on_signal(struct gw_signals *signals, int number) {
  struct gw_bench *bench = gw_container_of(signals, struct gw_bench, signals);
  (void)number;
  bench->is_interrupted = true;
  if (bench->phase == GW_BENCH_MEASURING) {
    bench->ended_at = gw_bench_now();
    read_usage(bench, &bench->usage_after);
  }
  bench->phase = GW_BENCH_OVER;
}

int gw_bench_place_read(const char *text, struct gw_bench_place *out_place) {
  struct gw_bench_place place = {0};
  struct gw_http_url *url = &place.url;
  int err = gw_http_url_parse(gw_str_of(text), url);
  if (err < 0) return err;
  if (url->host.len == 0 || url->host.len >= sizeof place.host) return GW_ERR_ARGUMENT;
  memcpy(place.host, url->host.at, url->host.len);
  const char *open = url->is_ipv6 ? "[" : "", *shut = url->is_ipv6 ? "]" : "";
  /* RFC 9110 section 7.2: the port where it is not the scheme's own. */
  char port[16] = "";
  if (url->port != (url->is_tls ? 443 : 80)) snprintf(port, sizeof port, ":%u", url->port);
  snprintf(place.authority, sizeof place.authority, "%s%s%s%s", open, place.host, shut, port);
  bool has_path = url->target.len > 0 && url->target.at[0] == '/';
  int n = snprintf(place.target, sizeof place.target, "%s%.*s", has_path ? "" : "/",
                   (int)url->target.len, url->target.len ? url->target.at : "");
  if (n < 0 || (size_t)n >= sizeof place.target) return GW_ERR_ARGUMENT;
  *out_place = place;
  return 0;
}

static bool raise_descriptors(struct gw_bench *bench) {
  struct rlimit limit;
  uint64_t wanted = bench->plan->connections + bench->plan->in_flight + SPARE_DESCRIPTORS;
  if (getrlimit(RLIMIT_NOFILE, &limit) < 0) return true;
  if (limit.rlim_cur < wanted) {
    limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
  }
  if (limit.rlim_cur >= wanted) return true;
  gw_command_say(bench->command,
                 "--connections %llu: this process may have %llu descriptors (ulimit -n)",
                 (unsigned long long)bench->plan->connections, (unsigned long long)limit.rlim_cur);
  return false;
}

static int make_tls(struct gw_bench *bench) {
  char reason[256];
  bool is_needed = bench->place.url.is_tls || bench->publish_place.url.is_tls;
  if (!is_needed || bench->plan->is_tcp) return 0;
  const struct gw_tls_options options = {
      .is_client = true, .verify_peer_off = bench->plan->is_insecure, .alpn = "http/1.1"};
  int err = gw_tls_new(&options, &bench->tls, reason, sizeof reason);
  if (err < 0) gw_command_say(bench->command, "TLS: %s", reason);
  return err;
}

static int make_peers(struct gw_bench *bench) {
  const struct gw_bench_plan *plan = bench->plan;
  bench->peers = calloc(plan->connections, sizeof *bench->peers);
  bench->times = calloc(plan->connections * plan->depth, sizeof *bench->times);
  bench->latency = calloc(2 + plan->n_transports, sizeof *bench->latency);
  if (!bench->peers || !bench->times || !bench->latency) return GW_ERR_MEMORY;
  bench->last = bench->latency + 1;
  bench->by_transport = bench->latency + 2;
  for (size_t i = 0; i < plan->connections; i++) {
    bench->peers[i].bench = bench;
    bench->peers[i].index = (uint32_t)i;
    bench->peers[i].times = bench->times + i * plan->depth;
  }
  return 0;
}

static int make(struct gw_bench *bench) {
  const struct gw_bench_plan *plan = bench->plan;
  bench->timer.on_due = on_timer;
  bench->signals.on_signal = on_signal;
  bench->protocol = (struct gw_ws_options){
      .is_client = true,
      .max_message = plan->size + 1,
      .deflate = {.is_enabled = plan->has_deflate,
                  .allow_server_takeover = plan->has_takeover,
                  .allow_client_takeover = plan->has_takeover,
                  .min_size = 1},
  };
  /* A peer's whole depth may wait for a server that does not read. */
  const struct gw_net_options net = {
      .outbox_cap = (plan->size + GW_FRAME_HEAD_MAX) * plan->depth * 2 + (64u << 20)};
  int err = make_peers(bench);
  if (err == 0) err = gw_loop_new(&bench->loop);
  if (err == 0) err = gw_net_new(bench->loop, &net, &bench->net);
  if (err == 0) err = gw_ws_shared_new(&bench->shared);
  if (err == 0) err = gw_bench_payload_make(bench);
  if (err == 0 && plan->is_tcp) err = gw_bench_frames_make(bench, &bench->deflate);
  if (err == 0) err = gw_signals_open(&bench->signals, bench->loop, NULL);
  return err;
}

/* ---- the end ---- */

static void drop_all(struct gw_bench *bench) {
  gw_loop_timer_cancel(bench->loop, &bench->timer);
  for (size_t i = 0; i < bench->plan->connections; i++)
    gw_bench_peer_drop(&bench->peers[i]);
  gw_bench_posters_drop(bench);
  for (int turn = 0; turn < TEARDOWN_TURNS && bench->n_streams > 0; turn++)
    (void)gw_loop_turn(bench->loop, 0);
  (void)gw_loop_turn(bench->loop, 0); /* what has been retired meanwhile */
}

static void clear(struct gw_bench *bench) {
  gw_signals_close(&bench->signals);
  gw_bench_posters_free(bench->posters);
  gw_bytes_unref(bench->frames);
  free(bench->payload);
  gw_ws_free(bench->window);
  gw_ws_shared_free(bench->shared);
  gw_net_free(bench->net);
  gw_loop_free(bench->loop);
  gw_tls_unref(bench->tls);
  free(bench->latency);
  free(bench->times);
  free(bench->peers);
}

/* The exit code. */
static int conclude(struct gw_bench *bench) {
  if (bench->started_at > 0) gw_bench_report(bench);
  if (bench->errors == 0 && bench->started_at > 0) return GW_EXIT_DONE;
  if (bench->errors > 1)
    gw_command_say(bench->command, "%s (the first of %llu errors)", bench->first_error,
                   (unsigned long long)bench->errors);
  else
    gw_command_say(bench->command, "%s",
                   bench->errors ? bench->first_error : "interrupted before anything was measured");
  return GW_EXIT_FAILED;
}

int gw_bench_run(const struct gw_command *command, const struct gw_bench_plan *plan) {
  struct gw_bench bench = {.command = command, .plan = plan, .is_filled = plan->slow == 0};
  pid_t pid = (pid_t)plan->server_pid;
  (void)gw_bench_place_read(plan->url, &bench.place); /* bench.c has checked both */
  if (plan->publish_url) (void)gw_bench_place_read(plan->publish_url, &bench.publish_place);
  signal(SIGPIPE, SIG_IGN);
  if (!raise_descriptors(&bench)) return GW_EXIT_FAILED;
  int err = make_tls(&bench);
  if (err < 0) return GW_EXIT_FAILED;
  err = make(&bench);
  int code = GW_EXIT_FAILED;
  if (err < 0) {
    gw_command_say(command, "%s", gw_error_text(err));
  } else {
    if (pid) bench.rss_before = gw_bench_rss_read(pid);
    run_phases(&bench);
    if (pid) bench.rss_after = gw_bench_rss_read(pid);
    if (plan->mode->is_holding) bench.messages = bench.n_open;
    if (plan->mode->clear) plan->mode->clear(&bench);
    code = conclude(&bench);
    drop_all(&bench);
  }
  clear(&bench);
  return code;
}
