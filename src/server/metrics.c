/* SPDX-License-Identifier: MIT */
/*
 * `/metrics`: what Prometheus gathers (text format 0.0.4). Each worker counts for itself; the
 * question goes round them all and adds up. The two tables are what there is.
 */
#include "server/api.h"

#include "base/buf.h"
#include "broker/memory.h"
#include "http/exchange.h"
#include "server/census.h"
#include "server/inquiry.h"
#include "server/process.h"
#include "server/server.h"
#include "transport/answer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct counts {
  uint64_t connections, sessions, parked, resumed, expired, users, channels, subscribers;
  uint64_t publications, slow_disconnected, slow_dropped, slow_conflated;
  uint64_t start_ns;
  struct gw_process process;
};

struct metric {
  const char *name, *type, *help;
  size_t at; /* of a uint64_t; GW_PROCESS_UNKNOWN: left out */
};

/* Of the server. */
static const struct metric metrics[] = {
    {"godwit_connections", "gauge", "Connections that are open, HTTP and WebSocket.",
     offsetof(struct counts, connections)},
    {"godwit_sessions", "gauge", "Sessions, parked ones among them.",
     offsetof(struct counts, sessions)},
    {"godwit_sessions_parked", "gauge", "Sessions that wait for their client to come back.",
     offsetof(struct counts, parked)},
    {"godwit_sessions_resumed_total", "counter", "Sessions to which their client came back.",
     offsetof(struct counts, resumed)},
    {"godwit_sessions_expired_total", "counter", "Sessions to which nobody came back in time.",
     offsetof(struct counts, expired)},
    {"godwit_users", "gauge", "Users with a session that is connected.",
     offsetof(struct counts, users)},
    {"godwit_channels", "gauge", "Channels that are heard or keep a history.",
     offsetof(struct counts, channels)},
    {"godwit_subscribers", "gauge", "Subscriptions that hear their channel now.",
     offsetof(struct counts, subscribers)},
    {"godwit_publications_total", "counter",
     "Publications that were given their place in a channel.",
     offsetof(struct counts, publications)},
    {"godwit_slow_disconnected_total", "counter", "Sessions ended since their client was too slow.",
     offsetof(struct counts, slow_disconnected)},
    {"godwit_slow_dropped_total", "counter", "Publications left out for slow clients (slow:drop).",
     offsetof(struct counts, slow_dropped)},
    {"godwit_slow_conflated_total", "counter",
     "Publications overtaken by a newer one for slow clients (slow:conflate).",
     offsetof(struct counts, slow_conflated)},
    {"godwit_allocated_bytes", "gauge", "Memory that the allocator has given out, of all threads.",
     offsetof(struct counts, process.allocated)},
    {"process_cpu_seconds_total", "counter", "Processor time of the whole process.",
     offsetof(struct counts, process.cpu_ns)},
    {"process_resident_memory_bytes", "gauge", "Memory that the process has.",
     offsetof(struct counts, process.resident)},
    {"process_open_fds", "gauge", "File descriptors that are open.",
     offsetof(struct counts, process.open_fds)},
    {"process_start_time_seconds", "gauge", "When it began, in seconds since 1970.",
     offsetof(struct counts, start_ns)},
};

/* Of each worker, with its number from 1 as the label `worker`. */
static const struct metric worker_metrics[] = {
    {"godwit_worker_cpu_seconds_total", "counter", "Processor time of the worker's thread.",
     offsetof(struct gw_worker_counts, cpu_ns)},
    {"godwit_worker_connections", "gauge", "Connections that the worker has open.",
     offsetof(struct gw_worker_counts, connections)},
    {"godwit_worker_requests_total", "counter",
     "Requests that came whole, WebSocket handshakes among them.",
     offsetof(struct gw_worker_counts, requests)},
    {"godwit_worker_received_bytes_total", "counter",
     "Bytes read from the worker's sockets (ciphertext, where there is TLS).",
     offsetof(struct gw_worker_counts, received)},
    {"godwit_worker_sent_bytes_total", "counter",
     "Bytes written to the worker's sockets (ciphertext, where there is TLS).",
     offsetof(struct gw_worker_counts, sent)},
};

struct gathering {
  struct gw_inquiry inquiry;
  struct gw_census census;
  struct counts counts;
  struct gw_worker_counts workers[];
};

static void add_sessions(struct counts *counts, const struct gw_session_table *table) {
  struct gw_session_counts here = gw_session_table_counts(table);
  counts->sessions += here.sessions;
  counts->parked += here.parked;
  counts->resumed += here.resumed;
  counts->expired += here.expired;
  counts->slow_disconnected += here.slow_disconnected;
  counts->slow_dropped += here.slow_dropped;
  counts->slow_conflated += here.slow_conflated;
}

static bool visit(struct gw_inquiry *inquiry, const struct gw_place *place) {
  struct gathering *gathering = gw_container_of(inquiry, struct gathering, inquiry);
  const struct gw_places *places = inquiry->places;
  struct counts *counts = &gathering->counts;
  unsigned worker = (unsigned)(place - places->at);
  gathering->workers[worker] = gw_server_counts(places->server, worker);
  counts->connections += gathering->workers[worker].connections;
  counts->channels += gw_memory_channel_count(places->memory, worker);
  counts->publications += gw_memory_publication_count(places->memory, worker);
  counts->subscribers += gw_hub_subscriber_count(place->hub);
  add_sessions(counts, place->sessions);
  gw_census_add(&gathering->census, place->sessions);
  return gathering->census.err < 0;
}

/* A name says its unit, as Prometheus wants it; here times are nanoseconds. */
static bool is_time(const struct metric *metric) {
  return strstr(metric->name, "_seconds") != NULL;
}

static uint64_t value_of(const struct metric *metric, const void *counts) {
  return *(const uint64_t *)(const void *)((const char *)counts + metric->at);
}

static int write_head(struct gw_buf *out, const struct metric *metric) {
  return gw_buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", metric->name, metric->help,
                       metric->name, metric->type);
}

static int write_value(struct gw_buf *out, const struct metric *metric, const char *label,
                       uint64_t value) {
  unsigned long long second = 1000000000, whole = is_time(metric) ? value / second : value;
  int err = gw_buf_printf(out, "%s%s %llu", metric->name, label, whole);
  if (err == 0 && is_time(metric)) err = gw_buf_printf(out, ".%09llu", value % second);
  return err == 0 ? gw_buf_add_text(out, "\n") : err;
}

static int write_metrics(struct gw_buf *out, const struct counts *counts) {
  int err = 0;
  for (size_t i = 0; i < sizeof metrics / sizeof *metrics && err == 0; i++) {
    uint64_t value = value_of(&metrics[i], counts);
    if (value == GW_PROCESS_UNKNOWN) continue;
    err = write_head(out, &metrics[i]);
    if (err == 0) err = write_value(out, &metrics[i], "", value);
  }
  return err;
}

static int write_worker_metrics(struct gw_buf *out, const struct gw_worker_counts *workers,
                                unsigned n) {
  char label[32];
  int err = 0;
  for (size_t i = 0; i < sizeof worker_metrics / sizeof *worker_metrics && err == 0; i++) {
    err = write_head(out, &worker_metrics[i]);
    for (unsigned k = 0; k < n && err == 0; k++) {
      snprintf(label, sizeof label, "{worker=\"%u\"}", k + 1);
      err = write_value(out, &worker_metrics[i], label, value_of(&worker_metrics[i], &workers[k]));
    }
  }
  return err;
}

static void answer(struct gw_inquiry *inquiry, struct gw_exchange *exchange) {
  struct gathering *gathering = gw_container_of(inquiry, struct gathering, inquiry);
  struct gw_buf out;
  gw_buf_init(&out, 64 * 1024); /* a table of lines */
  gathering->counts.users = gathering->census.users.count;
  gathering->counts.start_ns = inquiry->places->since_ns;
  gw_process_look(&gathering->counts.process);
  int err = gathering->census.err;
  if (err == 0) err = write_metrics(&out, &gathering->counts);
  if (err == 0) err = write_worker_metrics(&out, gathering->workers, inquiry->places->n);
  if (err < 0)
    gw_answer_error(exchange, err);
  else
    gw_exchange_answer(
        exchange, &(struct gw_reply){.status = 200,
                                     .content_type = "text/plain; version=0.0.4; charset=utf-8",
                                     .headers = "Cache-Control: no-store\r\n",
                                     .body = out.data,
                                     .len = out.len});
  gw_buf_clear(&out);
}

static void gathering_free(struct gw_inquiry *inquiry) {
  struct gathering *gathering = gw_container_of(inquiry, struct gathering, inquiry);
  gw_census_clear(&gathering->census);
  free(gathering);
}

static const struct gw_inquiry_ops ops = {visit, answer, gathering_free};

static void serve(struct gw_exchange *exchange, struct gw_places *places,
                  const struct gw_identity *who) {
  struct gathering *gathering =
      calloc(1, sizeof *gathering + places->n * sizeof gathering->workers[0]);
  (void)who;
  if (!gathering) {
    gw_answer_error(exchange, GW_ERR_MEMORY);
    return;
  }
  gw_census_init(&gathering->census);
  gw_inquiry_start(&gathering->inquiry, &ops, exchange, places);
}

const struct gw_api_resource gw_api_metrics = {
    .path = "/metrics", .methods = "GET, HEAD", .serve = serve};
