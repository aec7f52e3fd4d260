/* SPDX-License-Identifier: MIT */
/*
 * An intake over godwit.v1 on /ws: all channels on one connection. A connection that comes back
 * claims its session again, and says for each channel where it stands, so that it is right whether
 * or not the session is still known.
 */
#include "cli/subscribe/kinds.h"
#include "cli/subscribe/ws.h"
#include "codec/godwit_client.h"

#include <stdio.h>
#include <stdlib.h>

struct websocket {
  struct gw_intake_ws ws;
  char session[GW_INTAKE_CURSOR_MAX];
  char bye[256]; /* what the server said before its Close; "": nothing */
  unsigned wait_ms;
};

static struct websocket *of(const struct gw_conn *conn) {
  return gw_intake_state(gw_intake_of_conn(conn));
}

static void fail(struct websocket *w, const char *reason, bool is_final) {
  gw_intake_ws_fail(&w->ws, &(struct gw_intake_end){.reason = reason, .is_final = is_final});
}

/* ---- what goes out ---- */

static int subscribe(struct gw_conn *conn, const struct gw_intake_channel *channel) {
  struct gw_buf line;
  struct gw_str after = gw_str_of(channel->cursor);
  if (after.len == 0) after.at = NULL;
  gw_buf_init(&line, 4096);
  int r = gw_godwit_sub_write(&line, gw_str_of(channel->name), after);
  if (r == 0) r = gw_conn_send(conn, GW_WS_TEXT, line.data, line.len);
  gw_buf_clear(&line);
  return r < 0 ? r : 0;
}

static void on_open(struct gw_conn *conn) {
  struct websocket *w = of(conn);
  struct gw_intake *intake = w->ws.intake;
  char protocol[32];
  w->bye[0] = '\0';
  w->wait_ms = 0;
  if (strcmp(gw_conn_protocol(conn, protocol, sizeof protocol), "godwit.v1") != 0) {
    fail(w, "the server does not speak godwit.v1", true);
    return;
  }
  gw_intake_opened(intake);
  for (size_t i = 0; i < intake->options.n; i++) {
    int r = subscribe(conn, &intake->channels[i]);
    if (r == 0) continue;
    fail(w, gw_error_text(r), false);
    return;
  }
}

/* ---- what comes in ---- */

/* A word decoded, or "" where it is not there or too long to be one of ours. */
static const char *text_of(struct gw_str word, char *out, size_t size) {
  if (!word.at || gw_godwit_text(word, out, size) < 0) *out = '\0';
  return out;
}

/* The channel's place in the intake; n where it is none of ours. */
static size_t find(const struct gw_intake *intake, struct gw_str word) {
  char name[1024];
  size_t i = 0;
  text_of(word, name, sizeof name);
  while (i < intake->options.n && strcmp(intake->channels[i].name, name) != 0)
    i++;
  return i;
}

static void on_welcome(struct websocket *w, size_t i, const struct gw_godwit_message *m) {
  (void)i;
  text_of(m->session, w->session, sizeof w->session);
  gw_intake_note(w->ws.intake, "session %s%s", w->session, m->is_resumed ? ", resumed" : "");
}

/* What comes next comes after its cursor; a gap may be told of at any time. */
static void on_subscribed(struct websocket *w, size_t i, const struct gw_godwit_message *m) {
  struct gw_intake *intake = w->ws.intake;
  char cursor[GW_INTAKE_CURSOR_MAX];
  bool is_new = !*intake->channels[i].cursor;
  text_of(m->cursor, cursor, sizeof cursor);
  if (!is_new && !m->is_recovered) gw_intake_gap(intake, i, m->has_missed ? &m->missed : NULL);
  if (*cursor) gw_intake_stand(intake, i, gw_str_of(cursor));
  gw_intake_note(intake, "subscribed %s", intake->channels[i].name);
}

static struct gw_str word_of(struct gw_str word, char *out, size_t size) {
  return word.at ? gw_str_of(text_of(word, out, size)) : word;
}

static void on_msg(struct websocket *w, size_t i, const struct gw_godwit_message *m,
                   enum gw_ws_opcode type) {
  char cursor[GW_INTAKE_CURSOR_MAX], event[1024], from[1024];
  struct gw_received received = {.cursor = word_of(m->cursor, cursor, sizeof cursor),
                                 .event = word_of(m->event, event, sizeof event),
                                 .from = word_of(m->from, from, sizeof from),
                                 .kind = type == GW_WS_TEXT ? GW_PAYLOAD_TEXT : GW_PAYLOAD_BINARY,
                                 .payload = m->body.at ? m->body : GW_STR("")};
  (void)gw_intake_tell(w->ws.intake, i,
                       &received); /* what comes after the last is passed over there */
}

static void on_presence(struct websocket *w, size_t i, const struct gw_godwit_message *m) {
  char user[1024];
  gw_intake_presence(w->ws.intake, i, m->said == GW_GODWIT_JOIN,
                     text_of(m->user, user, sizeof user));
}

static unsigned code_of(const struct gw_godwit_message *m) {
  char code[8];
  return (unsigned)strtoul(text_of(m->code, code, sizeof code), NULL, 10);
}

/* Nothing but our requests can be the reason: only where the server is to blame it may change. */
static void on_error(struct websocket *w, const struct gw_godwit_message *m) {
  char reason[200], words[240];
  text_of(m->reason, reason, sizeof reason);
  for (char *at = reason; *at; at++)
    if (*at == '-') *at = ' ';
  snprintf(words, sizeof words, "the server answered %u: %s", code_of(m), reason);
  fail(w, words, code_of(m) < 500);
}

static void on_bye(struct websocket *w, const struct gw_godwit_message *m) {
  char reason[200];
  text_of(m->reason, reason, sizeof reason);
  snprintf(w->bye, sizeof w->bye, "the server says goodbye: %u %s", code_of(m), reason);
  w->wait_ms = m->retry_ms < UINT32_MAX ? (unsigned)m->retry_ms : UINT32_MAX;
}

static void on_message(struct gw_conn *conn, const struct gw_message *message) {
  struct websocket *w = of(conn);
  struct gw_intake *intake = w->ws.intake;
  struct gw_godwit_message m;
  struct gw_str text = {message->len ? message->data : "", message->len};
  if (gw_godwit_message_read(text, &m) < 0) {
    fail(w, "the server does not speak godwit.v1 as we know it", true);
    return;
  }
  size_t i = m.channel.at ? find(intake, m.channel) : 0;
  if (i == intake->options.n) return;
  switch (m.said) {
  case GW_GODWIT_WELCOME: on_welcome(w, i, &m); break;
  case GW_GODWIT_SUBSCRIBED: on_subscribed(w, i, &m); break;
  case GW_GODWIT_MSG: on_msg(w, i, &m, message->type); break;
  case GW_GODWIT_JOIN:
  case GW_GODWIT_LEAVE: on_presence(w, i, &m); break;
  case GW_GODWIT_ERROR: on_error(w, &m); break;
  case GW_GODWIT_BYE: on_bye(w, &m); break;
  default: break; /* what was not asked for, or is said to those who show it */
  }
}

/* ---- tries ---- */

static void on_ending(struct gw_intake *intake, unsigned code, struct gw_intake_end *end) {
  struct websocket *w = gw_intake_state(intake);
  (void)code;
  if (*w->bye) end->reason = w->bye;
  end->wait_ms = w->wait_ms;
}

static int websocket_begin(struct gw_intake *intake) {
  struct websocket *w = gw_intake_state(intake);
  struct gw_buf url;
  gw_buf_init(&url, GW_HTTP_LINE_MAX);
  int r = gw_remote_url(intake->options.remote, &url, "/ws", GW_STR(""));
  if (r == 0 && *w->session) r = gw_remote_add_query(&url, "session", gw_str_of(w->session));
  if (r == 0)
    r = gw_intake_ws_begin(&w->ws, intake,
                           &(struct gw_intake_ws_options){.url = {(char *)url.data, url.len},
                                                          .protocols = "godwit.v1",
                                                          .on_open = on_open,
                                                          .on_message = on_message,
                                                          .on_ending = on_ending});
  gw_buf_clear(&url);
  return r;
}

static void websocket_close(struct gw_intake *intake) {
  struct websocket *w = gw_intake_state(intake);
  gw_intake_ws_close(&w->ws);
}

static void websocket_clear(struct gw_intake *intake) {
  struct websocket *w = gw_intake_state(intake);
  gw_intake_ws_clear(&w->ws);
}

const struct gw_intake_kind gw_intake_websocket = {.name = "websocket",
                                                   .holds_many = true,
                                                   .size = sizeof(struct websocket),
                                                   .begin = websocket_begin,
                                                   .close = websocket_close,
                                                   .clear = websocket_clear};
