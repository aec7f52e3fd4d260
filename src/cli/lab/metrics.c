/* SPDX-License-Identifier: MIT */
/* Prometheus' text format (0.0.4), of which a line is `NAME VALUE` or `NAME{worker="N"} VALUE`. */
#include "cli/lab/metrics.h"

#include "godwit/error.h"

#include <stdlib.h>

static const struct {
  const char *name;
  size_t at;
} worker_values[] = {
    {"godwit_worker_connections", offsetof(struct gw_lab_worker, connections)},
    {"godwit_worker_requests_total", offsetof(struct gw_lab_worker, requests)},
    {"godwit_worker_received_bytes_total", offsetof(struct gw_lab_worker, received)},
    {"godwit_worker_sent_bytes_total", offsetof(struct gw_lab_worker, sent)},
};

enum { WORKER_VALUES = sizeof worker_values / sizeof *worker_values, VALUE_MAX = 63 };

static struct gw_str next_line(struct gw_str *rest) {
  const char *end = memchr(rest->at, '\n', rest->len);
  struct gw_str line = {rest->at, end ? (size_t)(end - rest->at) : rest->len};
  size_t n = line.len + (end != NULL);
  rest->at += n;
  rest->len -= n;
  return line;
}

static double value_of(struct gw_str text) {
  char value[VALUE_MAX + 1];
  size_t n = text.len < VALUE_MAX ? text.len : VALUE_MAX;
  memcpy(value, text.at, n);
  value[n] = '\0';
  return strtod(value, NULL);
}

/* Cuts `{worker="N"}` off the name: N, or 0 where there is none. */
static unsigned cut_worker(struct gw_str *name) {
  static const char label[] = "{worker=\"";
  const char *brace = memchr(name->at, '{', name->len);
  if (!brace) return 0;
  size_t at = (size_t)(brace - name->at), skip = at + sizeof label - 1;
  uint64_t worker = 0;
  bool is_label =
      name->len > skip + 2 && memcmp(brace, label, sizeof label - 1) == 0 &&
      gw_str_number((struct gw_str){name->at + skip, name->len - skip - 2}, 64, &worker);
  name->len = at;
  return is_label ? (unsigned)worker : 0;
}

static unsigned take_worker(struct gw_lab_worker *worker, struct gw_str name, double value) {
  if (gw_str_is(name, "godwit_worker_cpu_seconds_total")) {
    worker->cpu = value;
    return 1;
  }
  for (size_t i = 0; i < WORKER_VALUES; i++) {
    if (!gw_str_is(name, worker_values[i].name)) continue;
    *(uint64_t *)(void *)((char *)worker + worker_values[i].at) = (uint64_t)value;
    return 1;
  }
  return 0;
}

int gw_lab_metrics_read(struct gw_str text, struct gw_lab_metrics *out) {
  unsigned found = 0;
  *out = (struct gw_lab_metrics){0};
  while (text.len > 0) {
    struct gw_str line = next_line(&text), name = line;
    const char *blank = line.len ? memchr(line.at, ' ', line.len) : NULL;
    if (!blank || line.at[0] == '#') continue;
    name.len = (size_t)(blank - line.at);
    double value = value_of((struct gw_str){blank + 1, line.len - name.len - 1});
    if (!(value >= 0)) continue;
    unsigned worker = cut_worker(&name);
    if (worker > 0 && worker <= GW_LAB_WORKERS)
      found += take_worker(&out->workers[worker - 1], name, value);
    if (gw_str_is(name, "godwit_allocated_bytes")) out->allocated = (uint64_t)value;
    if (gw_str_is(name, "process_resident_memory_bytes")) out->resident = (uint64_t)value;
  }
  return found == (WORKER_VALUES + 1) * GW_LAB_WORKERS ? 0 : GW_ERR_ARGUMENT;
}
