/* SPDX-License-Identifier: MIT */
/*
 * A WebSocket over a stream. Bytes go through codec/ws; this room decides what follows from an
 * event: pongs, the close handshake, keep-alive, the end. It knows neither HTTP nor who its users
 * are.
 *
 * Invariant: on_close is told once for each on_open, never inside a call of the user's own; the
 * memory lives until the stream's end has been told, and then until the end of the turn.
 */
#include "http/websocket.h"

#include "codec/http/text.h"
#include "codec/ws/conn.h"
#include "codec/ws/pack.h"

#include <stdlib.h>
#include <string.h>

enum state {
  UNOPENED,
  OPEN,
  CLOSING,  /* our Close is out, the peer's is awaited */
  FINISHED, /* on_close is told; the stream is on its way out */
};

#define WINDOW_STEP_MS 256
#define WINDOW_STEPS   39    /* ten seconds */
#define LARGE          16384 /* from here on a message's own memory is sent on rather than copied */

struct gw_conn {
  struct gw_ws ws;
  struct gw_stream *stream;
  struct gw_conn_route *route;
  union {
    struct gw_timer timer;
    struct gw_task retire; /* once the stream's end has been told and the timer rests */
  };
  uint8_t *pong; /* the newest ping's payload (its length first) while the peer does not read */
  uint32_t slot;
  uint32_t last_seen;    /* ms, the low half of the loop's clock; while a pong is awaited: the
                            what the peer had taken when we looked last */
  uint16_t window_start; /* of max_pings, in steps of WINDOW_STEP_MS */
  uint16_t window_pings;
  uint16_t close_code; /* what our Close said */
  int8_t protocol;
  uint8_t state : 2;
  bool awaits_pong : 1; /* nothing has come since our ping */
  bool is_high : 1;     /* a send of the user's has told of backpressure */
  bool is_paused : 1;   /* by the user */
  bool is_aborted : 1;  /* likewise: what has been read already is not told any more */
  _Alignas(8) uint8_t user_data[];
};

_Static_assert(sizeof(struct gw_conn) <= 120, "an idle connection has its price");

/* ---- settings ---- */

static uint32_t or_default(uint32_t value, uint32_t standard) {
  return value ? value : standard;
}

void gw_conn_route_init(struct gw_conn_route *route, const struct gw_websocket *handler,
                        bool is_client) {
  *route = (struct gw_conn_route){
      .handler = handler,
      .kind.options = handler->protocol,
      .ping_ms = or_default(handler->ping_ms, 25000),
      .pong_ms = or_default(handler->pong_ms, 20000),
      .close_ms = or_default(handler->close_ms, 5000),
      .max_pings = or_default(handler->max_pings, 1000),
  };
  route->kind.options.is_client = is_client;
  route->max_buffered = handler->max_buffered
                            ? handler->max_buffered
                            : gw_ws_max_message(&route->kind.options) + (1u << 20);
}

struct gw_str gw_conn_protocol_at(const struct gw_websocket *handler, int i) {
  struct gw_str rest = gw_str_of(handler->protocols ? handler->protocols : ""), name;
  while (i-- >= 0)
    if (!gw_http_list_next(&rest, &name)) return (struct gw_str){0};
  return name;
}

int gw_conn_protocol_choose(const struct gw_websocket *handler,
                            const struct gw_ws_request *request) {
  struct gw_str ours;
  for (int i = 0; handler->protocols && (ours = gw_conn_protocol_at(handler, i)).at; i++) {
    struct gw_ws_slice offered;
    for (size_t k = 0; gw_ws_request_protocol(request, k, &offered); k++)
      if (offered.len == ours.len && memcmp(offered.at, ours.at, ours.len) == 0) return i;
  }
  return -1;
}

/* ---- the end ---- */

static uint32_t now_of(const struct gw_conn *conn) {
  return (uint32_t)gw_loop_now(conn->route->loop);
}

static struct gw_conn_slot *slot_of(const struct gw_conn *conn) {
  return gw_conn_table_slot(conn->route->table, conn->slot);
}

static void finish(struct gw_conn *conn, const struct gw_ending *ending) {
  if (conn->state == FINISHED) return;
  conn->state = FINISHED;
  gw_loop_timer_cancel(conn->route->loop, &conn->timer);
  if (conn->route->handler->on_close) conn->route->handler->on_close(conn, ending);
  if (conn->route->on_closed) conn->route->on_closed(conn, ending);
}

static int write_wire(struct gw_conn *conn, const struct gw_ws_wire *wire, struct gw_bytes *owner) {
  struct gw_piece pieces[2] = {{wire->head, wire->head_len, NULL},
                               {wire->body, wire->body_len, owner}};
  return gw_stream_write(conn->stream, pieces, wire->body_len ? 2 : 1);
}

static void write_close(struct gw_conn *conn, unsigned code, const char *reason, size_t len) {
  struct gw_ws_wire wire;
  if (gw_ws_encode_close(&conn->ws, code, reason, len, &wire) == 0) write_wire(conn, &wire, NULL);
}

/* What our Close said. */
static unsigned own_code(const struct gw_conn *conn) {
  return conn->close_code ? conn->close_code : GW_WS_CODE_NO_STATUS;
}

/* The peer broke a rule or a limit (or memory ran out): what is queued goes out, then Close, then
 * the end (RFC 6455 section 7.1.7). After a Close of ours there is nothing more to say. */
static void fail(struct gw_conn *conn, int err) {
  unsigned code = gw_ws_error_code(err);
  const char *text = gw_error_text(err);
  if (gw_ws_has_sent_close(&conn->ws)) code = own_code(conn);
  write_close(conn, code, text, strlen(text));
  gw_stream_close(conn->stream);
  finish(conn, &(struct gw_ending){.code = code, .reason = text, .err = err});
}

/* Who closed first is whose code counts (RFC 6455 section 7.1.5: the first Close frame that we got
 * or, without one, none). */
static void on_peer_close(struct gw_conn *conn, const struct gw_ws_event *ev) {
  char reason[126];
  memcpy(reason, ev->data, ev->len);
  reason[ev->len] = '\0';
  bool by_peer = !gw_ws_has_sent_close(&conn->ws);
  if (by_peer) write_close(conn, ev->code == GW_WS_CODE_NO_STATUS ? 0 : ev->code, NULL, 0);
  /* The server ends the TCP connection; a client gives it the time to (section 7.1.1). */
  if (!conn->route->kind.options.is_client) gw_stream_close(conn->stream);
  finish(conn, &(struct gw_ending){.code = by_peer ? ev->code : own_code(conn),
                                   .reason = by_peer ? reason : "",
                                   .by_peer = by_peer,
                                   .is_clean = true});
  if (conn->route->kind.options.is_client)
    gw_loop_timer_set(conn->route->loop, &conn->timer, conn->route->close_ms);
}

static void release(struct gw_task *task) {
  struct gw_conn *conn = gw_container_of(task, struct gw_conn, retire);
  gw_ws_clear(&conn->ws);
  free(conn->pong);
  struct gw_conn_route *route = conn->route;
  gw_conn_table_remove(route->table, conn->slot);
  free(conn);
  if (route->on_released) route->on_released(route);
}

/* Where we had begun to close or to abort, the end is ours, however the peer takes it. */
static void on_stream_close(struct gw_stream *stream, int err) {
  struct gw_conn *conn = stream->owner;
  finish(conn, &(struct gw_ending){.code = GW_WS_CODE_ABNORMAL,
                                   .reason = "",
                                   .by_peer = conn->state == OPEN && err != GW_ERR_MEMORY,
                                   .err = err < 0 ? err : GW_ERR_RESET});
  gw_loop_timer_cancel(conn->route->loop, &conn->timer);
  conn->retire.run = release;
  gw_loop_retire(conn->route->loop, &conn->retire);
}

static void on_stream_end(struct gw_stream *stream) {
  gw_stream_close(stream);
}

/* ---- keep-alive ---- */

static void send_ping(struct gw_conn *conn) {
  struct gw_ws_wire wire;
  if (gw_ws_encode(&conn->ws, &(struct gw_ws_frame){.opcode = GW_WS_PING}, &wire) == 0)
    write_wire(conn, &wire, NULL);
}

/* Nothing has come since the ping. A peer that takes what waits for it, here or in the kernel,
 * lives: the ping lies behind that. One that we do not read from can show it in no other way. */
static bool is_dead(struct gw_conn *conn) {
  uint32_t before = conn->last_seen;
  size_t untaken = gw_stream_untaken(conn->stream, &conn->last_seen);
  return untaken == 0 ? !conn->is_paused : conn->last_seen == before;
}

/* One timer serves all: while open it is set for the earliest moment at which silence could matter,
 * and looks then. */
static void on_timer(struct gw_timer *timer) {
  struct gw_conn *conn = gw_container_of(timer, struct gw_conn, timer);
  const struct gw_conn_route *route = conn->route;
  uint32_t silent = now_of(conn) - conn->last_seen;
  if (conn->state != OPEN || (conn->awaits_pong && is_dead(conn))) {
    gw_stream_abort(conn->stream, GW_ERR_TIMEOUT);
  } else if (conn->awaits_pong) {
    gw_loop_timer_set(route->loop, timer, route->pong_ms);
  } else if (silent < route->ping_ms) {
    gw_loop_timer_set(route->loop, timer, route->ping_ms - silent);
  } else {
    conn->awaits_pong = true;
    (void)gw_stream_untaken(conn->stream, &conn->last_seen);
    send_ping(conn);
    gw_loop_timer_set(route->loop, timer, route->pong_ms);
  }
}

/* The peer lives. */
static void see(struct gw_conn *conn) {
  conn->awaits_pong = false;
  conn->last_seen = now_of(conn);
}

/* ---- in ---- */

/* Control frames cost their sender nothing and us a write: a flood of them is a policy violation.
 */
static bool is_flood(struct gw_conn *conn) {
  uint16_t now = (uint16_t)(now_of(conn) / WINDOW_STEP_MS);
  if ((uint16_t)(now - conn->window_start) >= WINDOW_STEPS) {
    conn->window_start = now;
    conn->window_pings = 0;
  }
  if (conn->window_pings >= conn->route->max_pings) return true;
  if (conn->window_pings < UINT16_MAX) conn->window_pings++;
  return false;
}

static void write_pong(struct gw_conn *conn, const void *data, size_t len) {
  struct gw_ws_wire wire;
  if (gw_ws_encode(&conn->ws, &(struct gw_ws_frame){.opcode = GW_WS_PONG, .data = data, .len = len},
                   &wire) == 0)
    write_wire(conn, &wire, NULL);
}

/* While the peer does not read, one pong waits, the newest ping's (RFC 6455 section 5.5.3 allows
 * it). */
static void keep_pong(struct gw_conn *conn, const struct gw_ws_event *ev) {
  if (!conn->pong) conn->pong = malloc(126);
  if (!conn->pong) return;
  conn->pong[0] = (uint8_t)ev->len;
  memcpy(conn->pong + 1, ev->data, ev->len);
}

static void send_kept_pong(struct gw_conn *conn) {
  uint8_t *pong = conn->pong;
  if (!pong) return;
  conn->pong = NULL;
  write_pong(conn, pong + 1, pong[0]);
  free(pong);
}

static void on_ping(struct gw_conn *conn, const struct gw_ws_event *ev) {
  if (is_flood(conn)) {
    fail(conn, GW_ERR_WS_POLICY);
  } else if (gw_stream_write(conn->stream, NULL, 0) == 1) {
    keep_pong(conn, ev);
  } else {
    write_pong(conn, ev->data, ev->len);
  }
}

static void on_pong(struct gw_conn *conn, const struct gw_ws_event *ev) {
  if (is_flood(conn)) {
    fail(conn, GW_ERR_WS_POLICY);
  } else if (conn->state == OPEN && conn->route->handler->on_pong) {
    conn->route->handler->on_pong(conn, ev->data, ev->len);
  }
}

static void on_message(struct gw_conn *conn, const struct gw_ws_event *ev) {
  struct gw_conn_route *route = conn->route;
  if (conn->state != OPEN || !route->handler->on_message) return;
  route->lent = ev->len >= LARGE ? gw_ws_take_bytes(&conn->ws) : NULL;
  const void *data = route->lent ? route->lent->data : ev->data; /* taking may move it */
  const struct gw_message message = {ev->opcode, data, ev->len, ev->is_first, ev->is_last};
  route->handler->on_message(conn, &message);
  if (!route->lent) return;
  gw_bytes_unref(route->lent);
  route->lent = NULL;
}

static void on_event(struct gw_conn *conn, const struct gw_ws_event *ev) {
  switch (ev->opcode) {
  case GW_WS_PING: on_ping(conn, ev); break;
  case GW_WS_PONG: on_pong(conn, ev); break;
  case GW_WS_CLOSE: on_peer_close(conn, ev); break;
  default: on_message(conn, ev); break;
  }
}

void gw_conn_feed(struct gw_conn *conn, uint8_t *data, size_t len) {
  struct gw_ws_event ev;
  int r = 0;
  see(conn);
  while (conn->state != FINISHED && !conn->is_aborted &&
         (r = gw_ws_read(&conn->ws, &data, &len, &ev)) > 0)
    on_event(conn, &ev);
  if (r < 0 && conn->state != FINISHED && !conn->is_aborted) fail(conn, r);
}

static void on_data(struct gw_stream *stream, uint8_t *data, size_t len) {
  gw_conn_feed(stream->owner, data, len);
}

/* A large payload is received where it will stay. */
static size_t on_room(struct gw_stream *stream, uint8_t **out) {
  struct gw_conn *conn = stream->owner;
  return conn->state == FINISHED ? 0 : gw_ws_direct(&conn->ws, out);
}

static void on_filled(struct gw_stream *stream, size_t n) {
  struct gw_conn *conn = stream->owner;
  struct gw_ws_event ev;
  see(conn);
  int r = gw_ws_direct_done(&conn->ws, n, &ev);
  if (r > 0) on_event(conn, &ev);
  if (r < 0) fail(conn, r);
}

static void on_stream_drain(struct gw_stream *stream) {
  struct gw_conn *conn = stream->owner;
  if (conn->state == FINISHED) return;
  send_kept_pong(conn);
  if (!conn->is_high) return;
  conn->is_high = false;
  atomic_fetch_and(&slot_of(conn)->posted, ~(GW_CONN_HIGH | GW_CONN_OWES));
  if (conn->state == OPEN && conn->route->handler->on_drain) conn->route->handler->on_drain(conn);
}

static const struct gw_stream_events stream_events = {
    .on_data = on_data,
    .on_room = on_room,
    .on_filled = on_filled,
    .on_end = on_stream_end,
    .on_drain = on_stream_drain,
    .on_close = on_stream_close,
};

/* ---- life ---- */

struct gw_conn *gw_conn_new(struct gw_conn_route *route) {
  struct gw_conn *conn = calloc(1, sizeof *conn + route->handler->user_size);
  if (!conn) return NULL;
  int64_t slot = gw_conn_table_add(route->table, conn);
  if (slot < 0) {
    free(conn);
    return NULL;
  }
  conn->route = route;
  conn->slot = (uint32_t)slot;
  conn->timer.on_due = on_timer;
  return conn;
}

void gw_conn_drop(struct gw_conn *conn) {
  release(&conn->retire);
}

void gw_conn_open(struct gw_conn *conn, struct gw_stream *stream,
                  const struct gw_ws_deflate *deflate, int protocol) {
  struct gw_conn_route *route = conn->route;
  gw_ws_init(&conn->ws, &route->kind, deflate);
  conn->stream = stream;
  conn->protocol = (int8_t)protocol;
  conn->state = OPEN;
  conn->last_seen = now_of(conn);
  gw_stream_own(stream, &stream_events, conn);
  gw_loop_timer_set(route->loop, &conn->timer, route->ping_ms);
  if (route->handler->on_open) route->handler->on_open(conn);
}

/* ---- out ---- */

/* What a write of the user's has come to: 1 is remembered, so that on_drain follows. */
static int told(struct gw_conn *conn, int written) {
  if (written <= 0) return written;
  if (!conn->is_high) {
    conn->is_high = true;
    atomic_fetch_or(&slot_of(conn)->posted, GW_CONN_HIGH);
  }
  return 1;
}

static bool is_room(const struct gw_conn *conn, size_t len) {
  size_t waiting = gw_stream_pending(conn->stream);
  return !waiting || waiting + len <= conn->route->max_buffered;
}

/* Too much is only what the kernel does not take, not what waits for the end of the turn. */
static int may_send(struct gw_conn *conn, size_t len) {
  if (conn->state != OPEN) return GW_ERR_CLOSED;
  if (is_room(conn, len)) return 0;
  (void)told(conn, gw_stream_write(conn->stream, NULL, 0));
  return is_room(conn, len) ? 0 : GW_ERR_FULL;
}

/* The message that is being told, where the data to send lies in it. */
static struct gw_bytes *lent_owner(const struct gw_conn *conn, const void *data) {
  struct gw_bytes *lent = conn->route->lent;
  uintptr_t at = (uintptr_t)data;
  return lent && at >= (uintptr_t)lent->data && at < (uintptr_t)lent->data + lent->len ? lent
                                                                                       : NULL;
}

static int send_frame(struct gw_conn *conn, const struct gw_ws_frame *frame) {
  int r = may_send(conn, frame->len);
  struct gw_ws_wire wire;
  if (r == 0) r = gw_ws_encode(&conn->ws, frame, &wire);
  return r < 0 ? r : told(conn, write_wire(conn, &wire, lent_owner(conn, wire.body)));
}

/* Straight to where it leaves from. False: not possible, nothing done. */
static bool send_small(struct gw_conn *conn, unsigned opcode, const void *data, size_t len) {
  uint8_t head[2];
  if (conn->state != OPEN || !gw_ws_encode_small(&conn->ws, opcode, len, head)) return false;
  uint8_t *at = gw_stream_room(conn->stream, sizeof head + len, conn->route->max_buffered);
  if (!at) return false;
  memcpy(at, head, sizeof head);
  if (len > 0) memcpy(at + sizeof head, data, len);
  return true;
}

int gw_conn_send(struct gw_conn *conn, enum gw_ws_opcode type, const void *data, size_t len) {
  if (send_small(conn, type, data, len)) return 0;
  if (type != GW_WS_TEXT && type != GW_WS_BINARY) return GW_ERR_ARGUMENT;
  return send_frame(conn, &(struct gw_ws_frame){.opcode = type, .data = data, .len = len});
}

int gw_conn_send_part(struct gw_conn *conn, enum gw_ws_opcode type, bool is_last, const void *data,
                      size_t len) {
  if (type != GW_WS_TEXT && type != GW_WS_BINARY) return GW_ERR_ARGUMENT;
  enum gw_ws_opcode opcode = gw_ws_is_in_parts(&conn->ws) ? GW_WS_CONTINUATION : type;
  return send_frame(
      conn,
      &(struct gw_ws_frame){
          .opcode = opcode, .is_partial = !is_last, .is_plain = true, .data = data, .len = len});
}

int gw_conn_send_pack(struct gw_conn *conn, struct gw_bytes *frame) {
  int r = may_send(conn, frame->len);
  if (r == 0) r = gw_ws_pack_send(&conn->ws);
  if (r < 0) return r;
  return told(conn,
              gw_stream_write(conn->stream, &(struct gw_piece){frame->data, frame->len, frame}, 1));
}

unsigned gw_conn_pack_bits(const struct gw_conn *conn) {
  return gw_ws_pack_bits(&conn->ws);
}

int gw_conn_pack(struct gw_conn *conn, const struct gw_ws_frame *message,
                 struct gw_bytes **out_frame) {
  const struct gw_conn_route *route = conn->route;
  return gw_ws_pack(route->kind.shared, &route->kind.options.deflate, gw_conn_pack_bits(conn),
                    message, out_frame);
}

bool gw_conn_is_waiting(struct gw_conn *conn) {
  return conn->state == OPEN && told(conn, gw_stream_write(conn->stream, NULL, 0)) == 1;
}

void gw_conn_keep_fresh(struct gw_conn *conn) {
  if (conn->state == OPEN) gw_stream_keep_fresh(conn->stream);
}

int gw_conn_ping(struct gw_conn *conn, const void *data, size_t len) {
  return send_frame(conn, &(struct gw_ws_frame){.opcode = GW_WS_PING, .data = data, .len = len});
}

int gw_conn_pong(struct gw_conn *conn, const void *data, size_t len) {
  return send_frame(conn, &(struct gw_ws_frame){.opcode = GW_WS_PONG, .data = data, .len = len});
}

int gw_conn_close(struct gw_conn *conn, unsigned code, const char *reason) {
  if (conn->state != OPEN) return GW_ERR_CLOSED;
  struct gw_ws_wire wire;
  int r = gw_ws_encode_close(&conn->ws, code, reason, reason ? strlen(reason) : 0, &wire);
  if (r < 0) return r;
  conn->state = CLOSING;
  conn->close_code = (uint16_t)code;
  gw_stream_pause(conn->stream, false); /* the peer's answer is awaited */
  gw_loop_timer_set(conn->route->loop, &conn->timer, conn->route->close_ms);
  r = write_wire(conn, &wire, NULL);
  return r < 0 ? r : 0;
}

void gw_conn_stop(struct gw_conn *conn) {
  if (conn->state == OPEN && conn->route->handler->on_stop) {
    conn->route->handler->on_stop(conn);
  } else {
    (void)gw_conn_close(conn, GW_WS_CODE_GOING_AWAY, "the server is stopping");
  }
}

void gw_conn_abort(struct gw_conn *conn) {
  if (conn->state == UNOPENED) return;
  if (conn->state == OPEN) conn->state = CLOSING;
  conn->is_aborted = true;
  gw_stream_abort(conn->stream, GW_ERR_CLOSED);
}

void gw_conn_pause(struct gw_conn *conn, bool is_paused) {
  if (conn->state != OPEN) return;
  if (conn->is_paused && !is_paused) see(conn); /* its silence was ours */
  conn->is_paused = is_paused;
  gw_stream_pause(conn->stream, is_paused);
}

void gw_conn_posted_done(struct gw_conn_table *table, uint64_t id, uint32_t len) {
  struct gw_conn *conn = gw_conn_table_settle(table, id, len);
  if (conn && conn->state == OPEN && conn->route->handler->on_drain)
    conn->route->handler->on_drain(conn);
}

/* ---- what is known of it ---- */

size_t gw_conn_buffered(const struct gw_conn *conn) {
  return conn->state == UNOPENED || conn->state == FINISHED ? 0 : gw_stream_pending(conn->stream);
}

void *gw_conn_user_data(struct gw_conn *conn) {
  return conn->user_data;
}

struct gw_conn *gw_conn_of(const void *user_data) {
  return gw_container_of((uintptr_t)user_data, struct gw_conn, user_data);
}

void *gw_conn_handler_user(const struct gw_conn *conn) {
  return conn->route->handler->user;
}

uint64_t gw_conn_id(const struct gw_conn *conn) {
  return gw_conn_table_id(conn->route->table, conn->slot);
}

struct gw_conn_route *gw_conn_route_of(const struct gw_conn *conn) {
  return conn->route;
}

bool gw_conn_is_compressed(const struct gw_conn *conn) {
  return gw_ws_has_deflate(&conn->ws);
}

const char *gw_conn_protocol(const struct gw_conn *conn, char *out, size_t size) {
  if (size == 0) return out;
  struct gw_str name = {0};
  if (conn->state != UNOPENED && conn->protocol >= 0)
    name = gw_conn_protocol_at(conn->route->handler, conn->protocol);
  size_t n = name.len < size ? name.len : size - 1;
  if (n) memcpy(out, name.at, n);
  out[n] = '\0';
  return out;
}

const char *gw_conn_peer(const struct gw_conn *conn, char *out, size_t size) {
  if (size && !conn->stream) *out = '\0';
  return conn->stream ? gw_stream_peer(conn->stream, out, size) : out;
}
