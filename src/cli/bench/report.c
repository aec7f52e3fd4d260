/* SPDX-License-Identifier: MIT */
/* What a run came to: one JSON object for programs, a few lines for people. Times in microseconds
 * unless the name says seconds. */
#include "cli/bench.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

enum { REAL_DIGITS = 9 };

struct figures {
  double seconds, per_second, cpu_s, user_s, system_s, cpu_us_per_message, rss_per_connection;
};

static double us(uint64_t ns) {
  return (double)ns / 1000;
}

static struct figures figures_of(const struct gw_bench *bench) {
  const struct gw_bench_usage *before = &bench->usage_before, *after = &bench->usage_after;
  struct figures f = {.seconds = (double)(bench->ended_at - bench->started_at) / 1e9};
  double messages = (double)bench->messages;
  if (f.seconds > 0) f.per_second = messages / f.seconds;
  f.cpu_s = after->cpu_s - before->cpu_s;
  if (f.cpu_s < 0) f.cpu_s = 0; /* the process had ended */
  /* Ticks are coarse: they give the shares, the clock gives the sum. */
  double user = after->user_s - before->user_s, system = after->system_s - before->system_s;
  double share = user + system > 0 ? user / (user + system) : 0;
  f.user_s = f.cpu_s * share;
  f.system_s = f.cpu_s - f.user_s;
  if (messages > 0) f.cpu_us_per_message = f.cpu_s * 1e6 / messages;
  f.rss_per_connection =
      ((double)bench->rss_after - (double)bench->rss_before) / (double)bench->plan->connections;
  return f;
}

/* ---- JSON ---- */

static json_t *json_of_latency(const struct gw_histogram *histogram) {
  return json_pack("{s:f,s:f,s:f,s:f,s:f,s:f}", "p50", us(gw_histogram_quantile(histogram, 0.5)),
                   "p90", us(gw_histogram_quantile(histogram, 0.9)), "p99",
                   us(gw_histogram_quantile(histogram, 0.99)), "p999",
                   us(gw_histogram_quantile(histogram, 0.999)), "max", us(histogram->max), "mean",
                   gw_histogram_mean(histogram) / 1000);
}

static json_t *json_of_server(const struct gw_bench *bench, const struct figures *f) {
  if (!bench->plan->server_pid) return json_null();
  return json_pack("{s:f,s:f,s:f,s:I,s:I,s:f}", "user_s", f->user_s, "system_s", f->system_s,
                   "cpu_us_per_message", f->cpu_us_per_message, "rss_before",
                   (json_int_t)bench->rss_before, "rss_after", (json_int_t)bench->rss_after,
                   "rss_per_connection", f->rss_per_connection);
}

static json_t *json_of_transports(const struct gw_bench *bench) {
  const struct gw_bench_plan *plan = bench->plan;
  json_t *json = json_object();
  for (size_t i = 0; i < plan->n_transports; i++)
    json_object_set_new(json, plan->transports[i]->name,
                        json_pack("{s:I,s:o}", "messages", (json_int_t)bench->by_transport[i].count,
                                  "latency_us", json_of_latency(&bench->by_transport[i])));
  return json;
}

static void print_json(const struct gw_bench *bench) {
  const struct gw_bench_plan *plan = bench->plan;
  struct figures f = figures_of(bench);
  json_t *json =
      json_pack("{s:s,s:s,s:I,s:I,s:I,s:f,s:I,s:f,s:I,s:I,s:o,s:o}", "mode", plan->mode->name,
                "url", plan->url, "connections", (json_int_t)plan->connections, "depth",
                (json_int_t)plan->depth, "size", (json_int_t)plan->size, "seconds", f.seconds,
                "messages", (json_int_t)bench->messages, "messages_per_s", f.per_second, "bytes",
                (json_int_t)(bench->messages * plan->size), "errors", (json_int_t)bench->errors,
                "latency_us", json_of_latency(bench->latency), "server", json_of_server(bench, &f));
  if (json && bench->last->count > 0)
    json_object_set_new(json, "last_latency_us", json_of_latency(bench->last));
  if (json && plan->n_transports > 1)
    json_object_set_new(json, "transports", json_of_transports(bench));
  if (!json || json_dumpf(json, stdout, JSON_REAL_PRECISION(REAL_DIGITS)) < 0)
    gw_command_say(bench->command, "%s", gw_error_text(GW_ERR_MEMORY));
  putchar('\n');
  json_decref(json);
}

/* ---- for people ---- */

/* 1,234,567 */
static const char *grouped(double value, char *out, size_t size) {
  char digits[32];
  int n = snprintf(digits, sizeof digits, "%.0f", value);
  size_t at = 0;
  for (int i = 0; i < n && at + 2 < size; i++) {
    if (i > 0 && (n - i) % 3 == 0 && digits[i - 1] != '-') out[at++] = ',';
    out[at++] = digits[i];
  }
  out[at] = '\0';
  return out;
}

static const char *const units[][2] = {
    /* a mode, and what it counts */
    {"connect", "handshakes"},
    {"fanout", "deliveries"},
    {"idle", "connections"},
};

static const char *unit_of(const struct gw_bench *bench) {
  for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
    if (strcmp(bench->plan->mode->name, units[i][0]) == 0) return units[i][1];
  return "messages";
}

static void print_latency(const char *name, const struct gw_histogram *histogram) {
  static const double quantiles[] = {0.5, 0.9, 0.99, 0.999, 1};
  if (histogram->count == 0) return;
  printf("  %-14s", name);
  for (size_t i = 0; i < sizeof quantiles / sizeof quantiles[0]; i++)
    printf("%11.1f", us(gw_histogram_quantile(histogram, quantiles[i])));
  printf("%11.1f\n", gw_histogram_mean(histogram) / 1000);
}

static void print_server(const struct gw_bench *bench, const struct figures *f) {
  char a[32], b[32], c[32];
  if (!bench->plan->server_pid) return;
  printf("  %-14s %.2f s: user %.2f, system %.2f; %.2f us for each of the %s\n", "server CPU",
         f->cpu_s, f->user_s, f->system_s, f->cpu_us_per_message, unit_of(bench));
  printf("  %-14s %s bytes before, %s after", "server memory",
         grouped((double)bench->rss_before, a, sizeof a),
         grouped((double)bench->rss_after, b, sizeof b));
  if (bench->plan->mode->is_holding)
    printf(": %s for each connection", grouped(f->rss_per_connection, c, sizeof c));
  putchar('\n');
}

static void print_table(const struct gw_bench *bench) {
  const struct gw_bench_plan *plan = bench->plan;
  struct figures f = figures_of(bench);
  char a[32], b[32];
  printf("%s  %s, %s connections", plan->url, plan->mode->name,
         grouped((double)plan->connections, a, sizeof a));
  if (plan->mode->start && !plan->mode->is_churning)
    printf(", %s bytes", grouped((double)plan->size, a, sizeof a));
  printf(", %.2f s\n", f.seconds);
  printf("  %-14s %s", unit_of(bench), grouped((double)bench->messages, a, sizeof a));
  if (!plan->mode->is_holding) printf(", %s a second", grouped(f.per_second, b, sizeof b));
  putchar('\n');
  if (bench->latency->count > 0)
    printf("  %-14s%11s%11s%11s%11s%11s%11s\n", "latency, us", "p50", "p90", "p99", "p99.9", "max",
           "mean");
  print_latency(bench->last->count ? "  to each" : "", bench->latency);
  for (size_t i = 0; plan->n_transports > 1 && i < plan->n_transports; i++) {
    snprintf(a, sizeof a, "  by %s", plan->transports[i]->name);
    print_latency(a, &bench->by_transport[i]);
  }
  print_latency("  to the last", bench->last);
  print_server(bench, &f);
  if (bench->errors > 0)
    printf("  %-14s %s\n", "errors", grouped((double)bench->errors, a, sizeof a));
}

void gw_bench_report(const struct gw_bench *bench) {
  if (bench->plan->is_json)
    print_json(bench);
  else
    print_table(bench);
  fflush(stdout);
}
