/* SPDX-License-Identifier: MIT */
/* Numbers only: nothing in here was said by anybody else, so there is nothing to escape. */
#include "cli/lab/figures.h"

static const char *const phases[] = {[GW_LAB_RESTING] = "resting",
                                     [GW_LAB_CONNECTING] = "connecting",
                                     [GW_LAB_RUNNING] = "running",
                                     [GW_LAB_CUT] = "cut"};

typedef unsigned long long number;

struct gw_lab_worker gw_lab_spent(const struct gw_lab_worker *now,
                                  const struct gw_lab_worker *since) {
  return (struct gw_lab_worker){.cpu = now->cpu - since->cpu,
                                .connections = now->connections,
                                .requests = now->requests - since->requests,
                                .received = now->received - since->received,
                                .sent = now->sent - since->sent};
}

static int add_ms(struct gw_buf *out, const char *name, bool is_known, uint64_t us) {
  if (!is_known) return gw_buf_printf(out, ",\"%s\":null", name);
  return gw_buf_printf(out, ",\"%s\":%llu.%03u", name, (number)(us / 1000), (unsigned)(us % 1000));
}

static int add_head(struct gw_buf *out, const struct gw_lab_figures *f) {
  const struct gw_lab_settings *s = &f->settings;
  int r = gw_buf_printf(out, "{\"run\":%llu,\"at\":%llu.%03u,\"phase\":\"%s\"", (number)f->run,
                        (number)(f->at_us / 1000), (unsigned)(f->at_us % 1000), phases[f->phase]);
  if (r == 0 && f->until_us) r = add_ms(out, "until", true, f->until_us);
  if (r == 0)
    r = gw_buf_printf(out,
                      ",\"behind\":%s,\"settings\":{\"rate\":%g,\"payload\":%u,\"interval\":%u,"
                      "\"clients\":%u,\"cursor\":%s},\"sent\":%llu,\"channel\":\"" GW_LAB_CHANNEL
                      "\"",
                      f->is_behind ? "true" : "false", s->rate, s->payload, s->interval_ms,
                      s->clients, s->has_cursor ? "true" : "false", (number)f->sent);
  return r;
}

static int add_counts(struct gw_buf *out, const struct gw_lab_counts *c) {
  return gw_buf_printf(out, ",\"messages\":%llu,\"lost\":%llu,\"repeated\":%llu,\"recovered\":%llu",
                       (number)c->messages, (number)c->lost, (number)c->repeated,
                       (number)c->recovered);
}

static int add_transport(struct gw_buf *out, const char *name,
                         const struct gw_lab_transport_figures *t) {
  const struct gw_lab_worker *w = &t->spent;
  int r = gw_buf_printf(
      out,
      "{\"name\":\"%s\",\"url\":\"http://127.0.0.1:%u\",\"connections\":%llu,\"requests\":%llu,"
      "\"bytes_in\":%llu,\"bytes_out\":%llu,\"cpu\":%.6f",
      name, t->port, (number)w->connections, (number)w->requests, (number)w->received,
      (number)w->sent, w->cpu);
  if (r == 0)
    r = t->memory < 0 ? gw_buf_add_text(out, ",\"memory\":null")
                      : gw_buf_printf(out, ",\"memory\":%llu", (number)t->memory);
  if (r == 0) r = add_counts(out, &t->counts);
  if (r == 0) r = add_ms(out, "p50", t->has_delays, t->p50_us);
  if (r == 0) r = add_ms(out, "p99", t->has_delays, t->p99_us);
  return r == 0 ? gw_buf_add(out, "}", 1) : r;
}

int gw_lab_figures_write(struct gw_buf *out, const struct gw_lab_figures *f) {
  int r = add_head(out, f);
  for (int i = 0; i < GW_LAB_TRANSPORTS && r == 0; i++) {
    r = gw_buf_add_text(out, i == 0 ? ",\"transports\":[" : ",");
    if (r == 0) r = add_transport(out, gw_lab_names[i], &f->transports[i]);
  }
  if (r == 0)
    r = gw_buf_printf(out, "],\"server\":{\"cpu\":%.6f,\"memory\":%llu}}", f->cpu,
                      (number)f->resident);
  return r;
}
