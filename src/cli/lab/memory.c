/* SPDX-License-Identifier: MIT */
/*
 * A server keeps what it has once allocated for later, so only the first time tells what clients
 * cost. What is made once for all of them comes before, with one client of each kind. The WebSocket
 * that knows no cursor is a kind of its own; it goes to the first worker, where the others have not
 * been.
 */
#include "cli/lab/memory.h"

#include "base/list.h"
#include "cli/lab/ask.h"
#include "cli/lab/clients.h"
#include "cli/lab/metrics.h"
#include "godwit/error.h"

#include <stdlib.h>

enum {
  KINDS = GW_LAB_TRANSPORTS + 1, /* the last: the WebSocket without a cursor */
  CLIENTS = GW_LAB_CLIENTS_MAX,
  AGREEING = 3, /* looks, until what is allocated counts as settled */
  LOOK_MS = 20,
  LOOKS_MAX = 150, /* of one stage: three seconds */
};

/* One client of each kind, who stays; then stage FIRST + i: all clients of kind i. */
enum { WARMING, FIRST };

struct gw_lab_memory {
  struct gw_loop *loop;
  struct gw_lab_ask *ask;
  struct gw_lab_clients *firsts[KINDS], *clients[KINDS];
  struct gw_timer timer;
  struct gw_lab_metrics since, now;
  int stage;
  unsigned looks, same;       /* in this stage; and of them the latest that agree */
  uint64_t allocated, before; /* at the last look; when the stage began */
  int64_t bytes[KINDS];
  void (*on_done)(void *owner);
  void *owner;
};

static enum gw_lab_transport transport_of(int kind) {
  return kind < GW_LAB_TRANSPORTS ? (enum gw_lab_transport)kind : GW_LAB_WEBSOCKET;
}

static unsigned worker_of(int kind) {
  return kind < GW_LAB_TRANSPORTS ? GW_LAB_WORKER_OF(kind) : 1;
}

static void open_clients(struct gw_lab_clients *clients, int kind, unsigned n) {
  struct gw_lab_settings settings = gw_lab_defaults;
  settings.clients = n;
  settings.has_cursor = kind < GW_LAB_TRANSPORTS;
  gw_lab_clients_begin(clients, &settings, 0);
  gw_lab_clients_open(clients, "");
}

/* ---- stages ---- */

static bool are_in(const struct gw_lab_memory *m, struct gw_lab_clients *clients, int kind,
                   unsigned n) {
  unsigned worker = worker_of(kind) - 1;
  return gw_lab_clients_are_ready(clients) &&
         gw_lab_clients_are_in(clients, n, &m->now.workers[worker], &m->since.workers[worker]);
}

static bool is_complete(const struct gw_lab_memory *m) {
  if (m->stage >= FIRST) return are_in(m, m->clients[m->stage - FIRST], m->stage - FIRST, CLIENTS);
  for (int i = 0; i < KINDS; i++)
    if (!are_in(m, m->firsts[i], i, 1)) return false;
  return true;
}

static void begin_stage(struct gw_lab_memory *m) {
  m->looks = m->same = 0;
  m->before = m->allocated;
  if (m->stage == FIRST) m->since = m->now;
  open_clients(m->clients[m->stage - FIRST], m->stage - FIRST, CLIENTS);
}

static void end_stage(struct gw_lab_memory *m, bool is_known) {
  if (m->stage >= FIRST && is_known && m->allocated > m->before)
    m->bytes[m->stage - FIRST] = (int64_t)((m->allocated - m->before) / CLIENTS);
  m->stage++;
}

/* Looks that agree are the end of a stage. */
static void on_metrics(void *owner, int err, unsigned status, struct gw_str body) {
  struct gw_lab_memory *m = owner;
  bool is_read = err == 0 && status == 200 && gw_lab_metrics_read(body, &m->now) == 0;
  bool is_same = is_read && is_complete(m) && m->now.allocated == m->allocated;
  m->same = is_same ? m->same + 1 : 1;
  bool is_whole = is_same && m->same >= AGREEING;
  m->allocated = m->now.allocated;
  if (is_whole || ++m->looks > LOOKS_MAX) {
    end_stage(m, is_whole);
    if (m->stage == FIRST + KINDS) {
      for (int i = 0; i < KINDS; i++) {
        gw_lab_clients_close(m->firsts[i]);
        gw_lab_clients_close(m->clients[i]);
      }
      m->on_done(m->owner);
      return;
    }
    begin_stage(m);
  }
  gw_loop_timer_set(m->loop, &m->timer, LOOK_MS);
}

static void on_timer(struct gw_timer *timer) {
  struct gw_lab_memory *m = gw_container_of(timer, struct gw_lab_memory, timer);
  if (gw_lab_ask(m->ask, "GET", "/metrics", on_metrics) < 0)
    gw_loop_timer_set(m->loop, &m->timer, LOOK_MS);
}

/* ---- life ---- */

int gw_lab_memory_new(struct gw_loop *loop, const struct gw_command *command,
                      const struct gw_lab_child *child, void (*on_done)(void *owner), void *owner,
                      struct gw_lab_memory **out_memory) {
  struct gw_lab_memory *m = calloc(1, sizeof *m);
  if (!m) return GW_ERR_MEMORY;
  m->loop = loop;
  m->on_done = on_done;
  m->owner = owner;
  m->timer.on_due = on_timer;
  int r = gw_lab_ask_new(loop, gw_lab_child_port(child, 1), m, &m->ask);
  for (int i = 0; i < KINDS && r == 0; i++) {
    m->bytes[i] = -1;
    unsigned port = gw_lab_child_port(child, worker_of(i));
    r = gw_lab_clients_new(loop, command, transport_of(i), port, &m->firsts[i]);
    if (r == 0) r = gw_lab_clients_new(loop, command, transport_of(i), port, &m->clients[i]);
  }
  if (r < 0) {
    gw_lab_memory_free(m);
    return r;
  }
  for (int i = 0; i < KINDS; i++)
    open_clients(m->firsts[i], i, 1);
  gw_loop_timer_set(loop, &m->timer, 0);
  *out_memory = m;
  return 0;
}

int64_t gw_lab_memory_of(const struct gw_lab_memory *m, enum gw_lab_transport transport,
                         bool has_cursor) {
  bool is_raw = transport == GW_LAB_WEBSOCKET && !has_cursor;
  return m->bytes[is_raw ? GW_LAB_TRANSPORTS : (int)transport];
}

void gw_lab_memory_free(struct gw_lab_memory *m) {
  if (!m) return;
  gw_loop_timer_cancel(m->loop, &m->timer);
  for (int i = 0; i < KINDS; i++) {
    gw_lab_clients_free(m->firsts[i]);
    gw_lab_clients_free(m->clients[i]);
  }
  gw_lab_ask_free(m->ask);
  free(m);
}
