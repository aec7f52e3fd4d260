/* SPDX-License-Identifier: MIT */
/*
 * A session of the console: lines go out, messages come in, and who ends it decides the exit code.
 * Lines are taken only while there is a connection that takes more. Once `is_ending` is set the
 * session only waits for the connection's end.
 */
#include "cli/connect.h"

#include "cli/connect/editor.h"
#include "cli/connect/line.h"
#include "cli/connect/pipe.h"
#include "cli/connect/show.h"
#include "cli/connect/tap.h"
#include "cli/signals.h"
#include "client/client.h"
#include "client/side.h"
#include "codec/http/text.h"
#include "loop/loop.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
  QUIET_MS = 250, /* after the last answer */
  PONG_MS = 5000, /* how long a server may take for all that was sent */
  RELEASE_MS = 1000,
};

/* A ping behind the last line: its pong tells that the server has seen them all. */
static const char last_ping[] = "godwit: end of input";

struct session {
  const struct gw_command *command;
  const struct gw_connect_plan *plan;
  struct gw_loop *loop;
  struct gw_client *client;
  struct gw_conn *conn; /* NULL: not connected */
  struct gw_websocket handler;
  struct gw_show show;
  struct gw_editor *editor; /* one of the two */
  struct gw_pipe *pipe;
  struct gw_signals signals;
  struct gw_timer quiet; /* the input has ended: when to close */
  struct gw_timer check; /* a connection has ended: will there be another? */
  char *headers;
  unsigned lines; /* read so far */
  unsigned pings; /* whose pongs are to be shown */
  bool has_part;  /* the pipe's one binary message has begun ... */
  char *part;     /* ... and this piece of it waits for what follows */
  size_t part_len;
  unsigned close_code; /* what to close with when the answers are quiet */
  char close_reason[GW_LINE_REASON_MAX + 1];
  bool is_input_over, is_drained /* the last ping's pong has come */, is_ending, has_failed;
  int code;
};

static struct session *of(const struct gw_conn *conn) {
  return gw_conn_handler_user(conn);
}

/* ---- the end ---- */

static void finish(struct session *s, int code) {
  s->code = s->has_failed ? GW_EXIT_FAILED : code;
  gw_loop_stop(s->loop);
}

static void close_connection(struct session *s, unsigned code, const char *reason) {
  s->is_ending = true;
  gw_pipe_flow(s->pipe, false);
  gw_loop_timer_cancel(s->loop, &s->quiet);
  if (s->conn)
    gw_client_close(s->client, code, reason);
  else
    finish(s, GW_EXIT_FAILED);
}

static void on_quiet(struct gw_timer *timer) {
  struct session *s = gw_container_of(timer, struct session, quiet);
  close_connection(s, s->close_code, s->close_reason);
}

static uint64_t ms_of(double seconds) {
  return (uint64_t)(seconds * 1000);
}

/* Closes when the answers to all that was sent have come. */
static void close_when_quiet(struct session *s) {
  s->is_input_over = true;
  s->is_drained = gw_conn_ping(s->conn, last_ping, sizeof last_ping - 1) < 0;
  gw_loop_timer_set(s->loop, &s->quiet, s->is_drained ? QUIET_MS : PONG_MS);
}

static void stay_while_it_talks(struct session *s) {
  if (s->is_input_over && s->is_drained && gw_timer_is_set(&s->quiet))
    gw_loop_timer_set(s->loop, &s->quiet, QUIET_MS);
}

/* ---- lines ---- */

static void complain(struct session *s, const char *problem) {
  if (s->editor) {
    gw_show_error(&s->show, "%s", problem);
    return;
  }
  gw_show_error(&s->show, "godwit connect: line %u: %s", s->lines, problem);
  s->has_failed = true;
  close_connection(s, GW_WS_CODE_NORMAL, NULL);
}

static void sent(struct session *s, int r) {
  if (r == 1) gw_pipe_flow(s->pipe, false); /* until on_drain */
  if (r < 0) complain(s, gw_error_text(r));
}

static void send_text(struct session *s, const char *data, size_t len) {
  if (s->plan->is_binary)
    sent(s, gw_conn_send(s->conn, GW_WS_BINARY, data, len));
  else if (gw_ws_utf8_is_valid(data, len))
    sent(s, gw_conn_send(s->conn, GW_WS_TEXT, data, len));
  else
    complain(s, "not UTF-8, so not a text message; /binary HEX sends any bytes");
}

/* A person means now; a pipe means after what the lines before it have brought. */
static void send_close(struct session *s, const struct gw_line *line) {
  if (!gw_ws_utf8_is_valid(line->data, line->len) || memchr(line->data, 0, line->len)) {
    complain(s, "/close: the reason is not UTF-8");
    return;
  }
  s->close_code = line->code;
  memcpy(s->close_reason, line->data, line->len);
  s->close_reason[line->len] = '\0';
  gw_pipe_flow(s->pipe, false);
  if (s->editor)
    close_connection(s, s->close_code, s->close_reason);
  else
    close_when_quiet(s);
}

static void run_line(struct session *s, const struct gw_line *line) {
  switch (line->kind) {
  case GW_LINE_WRONG: complain(s, line->problem); break;
  case GW_LINE_TEXT: send_text(s, line->data, line->len); break;
  case GW_LINE_BINARY: sent(s, gw_conn_send(s->conn, GW_WS_BINARY, line->data, line->len)); break;
  case GW_LINE_PING:
    s->pings++;
    sent(s, gw_conn_ping(s->conn, line->data, line->len));
    break;
  case GW_LINE_PONG: sent(s, gw_conn_pong(s->conn, line->data, line->len)); break;
  case GW_LINE_CLOSE: send_close(s, line); break;
  case GW_LINE_HELP: gw_show_text(&s->show, gw_line_help); break;
  }
}

static void on_line(void *owner, char *text, size_t len) {
  struct session *s = owner;
  struct gw_line line = {.kind = GW_LINE_TEXT, .data = text, .len = len};
  s->lines++;
  if (s->is_ending || s->is_input_over) return;
  if (!s->plan->is_literal) gw_line_read(text, len, &line);
  if (s->editor && len == 0) return;
  if (s->conn || line.kind == GW_LINE_HELP || line.kind == GW_LINE_WRONG)
    run_line(s, &line);
  else
    gw_show_error(&s->show, "not connected");
}

/* ---- a pipe as one binary message, in parts ---- */

static void send_piece(struct session *s, bool is_last) {
  int r = !s->has_part && is_last
              ? gw_conn_send(s->conn, GW_WS_BINARY, s->part, s->part_len)
              : gw_conn_send_part(s->conn, GW_WS_BINARY, is_last, s->part, s->part_len);
  s->has_part = true;
  s->part_len = 0;
  sent(s, r);
}

static void on_bytes(void *owner, char *data, size_t len) {
  struct session *s = owner;
  if (s->is_ending) return;
  if (s->part_len > 0) send_piece(s, false);
  char *part = realloc(s->part, len);
  if (!part) {
    complain(s, gw_error_text(GW_ERR_MEMORY));
    return;
  }
  memcpy(part, data, len);
  s->part = part;
  s->part_len = len;
}

/* ---- the end of the input ---- */

static void end_pipe(struct session *s) {
  if (s->plan->wait_s > 0)
    gw_loop_timer_set(s->loop, &s->quiet, ms_of(s->plan->wait_s));
  else if (!s->plan->stays)
    close_when_quiet(s);
}

static void on_pipe_end(void *owner) {
  struct session *s = owner;
  s->is_input_over = true;
  if (s->is_ending) return;
  if (s->part_len > 0) send_piece(s, true);
  if (s->conn && !s->is_ending) end_pipe(s);
}

static void on_too_long(void *owner) {
  struct session *s = owner;
  s->lines++;
  complain(s, "the line is longer than --max-message");
}

static void on_editor_end(void *owner) {
  struct session *s = owner;
  s->is_input_over = true;
  close_connection(s, GW_WS_CODE_NORMAL, NULL);
}

/* ---- the connection ---- */

static void on_open(struct gw_conn *conn) {
  struct session *s = of(conn);
  char protocol[256];
  s->conn = conn;
  gw_conn_protocol(conn, protocol, sizeof protocol);
  gw_show_note(&s->show, "connected to %s%s%s%s", s->plan->url, *protocol ? ", subprotocol " : "",
               protocol, gw_conn_is_compressed(conn) ? ", permessage-deflate" : "");
  if (!s->is_input_over) gw_pipe_flow(s->pipe, true);
  if (s->is_input_over && s->pipe) end_pipe(s);
}

static void on_message(struct gw_conn *conn, const struct gw_message *message) {
  struct session *s = of(conn);
  if (!gw_show_message(&s->show, message) && !s->is_ending) {
    gw_show_error(&s->show, "godwit connect: standard output: %s", strerror(errno));
    s->has_failed = true;
    close_connection(s, GW_WS_CODE_NORMAL, NULL);
    return;
  }
  stay_while_it_talks(s);
}

static void on_drain(struct gw_conn *conn) {
  struct session *s = of(conn);
  if (!s->is_ending && !s->is_input_over) gw_pipe_flow(s->pipe, true);
}

static void on_pong(struct gw_conn *conn, const void *data, size_t len) {
  struct session *s = of(conn);
  if (len == sizeof last_ping - 1 && memcmp(data, last_ping, len) == 0) {
    s->is_drained = true;
    stay_while_it_talks(s);
  } else if (s->pings > 0) {
    s->pings--;
    gw_show_note(&s->show, "pong%s%.*s", len ? " " : "", (int)len, (const char *)data);
  }
}

/* Codes that say that something went wrong, in RFC 6455 and among Godwit's own. */
static bool is_error_code(unsigned code) {
  if (code >= 4400 && code <= 4599) return true;
  return code >= GW_WS_CODE_PROTOCOL_ERROR && code <= GW_WS_CODE_TLS &&
         code != GW_WS_CODE_NO_STATUS;
}

static void on_close(struct gw_conn *conn, const struct gw_ending *ending) {
  struct session *s = of(conn);
  const char *text = gw_ws_code_text(ending->code);
  s->conn = NULL;
  gw_pipe_flow(s->pipe, false);
  gw_loop_timer_cancel(s->loop, &s->quiet);
  bool is_fine = ending->is_clean && !(ending->by_peer && is_error_code(ending->code));
  s->code = is_fine ? GW_EXIT_DONE : GW_EXIT_FAILED;
  void (*show)(const struct gw_show *, const char *, ...) = is_fine ? gw_show_note : gw_show_error;
  if (ending->is_clean)
    show(&s->show, "closed by %s: %u%s%s%s%s%s", ending->by_peer ? "the server" : "us",
         ending->code, *text ? " (" : "", text, *text ? ")" : "", *ending->reason ? " " : "",
         ending->reason);
  else if (ending->err < 0 && ending->code != GW_WS_CODE_ABNORMAL)
    show(&s->show, "godwit connect: %s: closed with %u: %s", s->plan->url, ending->code,
         gw_error_text(ending->err));
  else
    show(&s->show, "godwit connect: %s: the connection was cut: %s", s->plan->url,
         gw_error_text(ending->err < 0 ? ending->err : GW_ERR_RESET));
  gw_loop_timer_set(s->loop, &s->check, 0);
}

/* The client has decided by now whether it comes back. */
static void on_check(struct gw_timer *timer) {
  struct session *s = gw_container_of(timer, struct session, check);
  if (!gw_client_is_trying(s->client)) finish(s, s->code);
}

static const char *mend_of(const struct gw_client_failure *failure) {
  switch (failure->err) {
  case GW_ERR_RESOLVE: return "; is the name right?";
  case GW_ERR_CONNECT: return "; does a server listen there?";
  case GW_ERR_TIMEOUT: return "; --timeout gives it longer";
  case GW_ERR_CERTIFICATE: return "; --ca FILE says whom to believe, --insecure believes anyone";
  case GW_ERR_TLS: return "; does the server speak TLS on that port?";
  case GW_ERR_PROXY: return "; user and password go into the URL of --proxy";
  case GW_ERR_RESET:
  case GW_ERR_HTTP_SYNTAX:
  case GW_ERR_WS_HANDSHAKE: return "; is it a WebSocket server, and ws: or wss: as it should be?";
  default: break;
  }
  switch (failure->status) {
  case 401: return "; credentials go into --header 'Authorization: ...'";
  case 403: return "; --origin says where the request comes from";
  case 404: return "; is the path right?";
  case 200:
  case 405:
  case 426: return "; no WebSocket is at this path, or a proxy between does not let it through";
  default: return "";
  }
}

static void on_failure(struct gw_client *client, const struct gw_client_failure *failure) {
  struct session *s = gw_client_user(client);
  char again[48] = "";
  if (failure->retry_ms > 0)
    snprintf(again, sizeof again, "; again in %.1f s", failure->retry_ms / 1000.0);
  gw_show_error(&s->show, "godwit connect: %s: %s%s%s", s->plan->url, failure->reason,
                mend_of(failure), again);
  if (failure->retry_ms == 0) finish(s, GW_EXIT_FAILED);
}

static void tell_frame(void *user, const struct gw_tapped_frame *frame) {
  struct session *s = user;
  char text[512];
  gw_show_error(&s->show, "%s", gw_tap_format(frame, text, sizeof text));
}

static struct gw_stream *wrap(void *user, struct gw_stream *stream, const uint8_t *data,
                              size_t len) {
  struct gw_stream *tap = gw_tap_new(stream, data, len, tell_frame, user);
  return tap ? tap : stream;
}

/* ---- signals ---- */

static void interrupt(struct session *s) {
  if (!s->is_ending) {
    close_connection(s, GW_WS_CODE_NORMAL, NULL);
  } else {
    if (s->conn) gw_conn_abort(s->conn);
    finish(s, GW_EXIT_FAILED);
  }
}

static void on_signal(struct gw_signals *signals, int number) {
  struct session *s = gw_container_of(signals, struct session, signals);
  if (number == SIGWINCH)
    gw_editor_resize(s->editor);
  else if (number == SIGTSTP)
    gw_editor_suspend(s->editor);
  else
    interrupt(s);
}

/* ---- making ready ---- */

/* Each `NAME: VALUE` as a header line. */
static int join_headers(struct session *s) {
  const struct gw_option_list *list = &s->plan->headers;
  size_t size = 1;
  for (size_t i = 0; i < list->n; i++) {
    const char *colon = strchr(list->items[i], ':');
    if (!colon ||
        !gw_http_is_token((struct gw_str){list->items[i], (size_t)(colon - list->items[i])}) ||
        !gw_http_is_field_value(gw_str_of(colon + 1))) {
      gw_command_say(s->command, "--header '%s': it looks like 'Name: value'", list->items[i]);
      return GW_ERR_ARGUMENT;
    }
    size += strlen(list->items[i]) + 2;
  }
  s->headers = malloc(size);
  if (!s->headers) return GW_ERR_MEMORY;
  char *at = s->headers;
  *at = '\0';
  for (size_t i = 0; i < list->n; i++)
    at += snprintf(at, size - (size_t)(at - s->headers), "%s\r\n", list->items[i]);
  return 0;
}

static int open_client(struct session *s) {
  const struct gw_connect_plan *plan = s->plan;
  s->handler = (struct gw_websocket){
      .on_open = on_open,
      .on_message = on_message,
      .on_drain = on_drain,
      .on_pong = on_pong,
      .on_close = on_close,
      .user = s,
      .protocols = plan->subprotocol,
      .protocol = {.max_message = plan->max_message,
                   .max_fragments = UINT32_MAX,
                   .deflate = {.is_enabled = !plan->has_no_deflate,
                               .allow_server_takeover = true,
                               .allow_client_takeover = true}},
  };
  const struct gw_client_options options = {
      .url = plan->url,
      .handler = &s->handler,
      .origin = plan->origin,
      .headers = *s->headers ? s->headers : NULL,
      .proxy = plan->proxy,
      .ca_file = plan->ca_file,
      .cert_file = plan->cert_file,
      .key_file = plan->key_file,
      .is_insecure = plan->is_insecure,
      .timeout_ms = plan->timeout_s < 4e6 ? (unsigned)ms_of(plan->timeout_s) + 1 : UINT32_MAX,
      .may_reconnect = plan->may_reconnect,
      .on_failure = on_failure,
      .user = s,
  };
  int err = gw_client_open(s->loop, &options, &s->client);
  if (err == GW_ERR_ARGUMENT)
    gw_command_say(s->command,
                   "%s: this cannot be sent: a URL looks like ws://HOST:PORT/PATH, a proxy like "
                   "http://HOST:PORT, a subprotocol is a word",
                   plan->url);
  else if (err < 0)
    gw_command_say(s->command, "%s: %s (--ca, --cert and --key name PEM files)", plan->url,
                   gw_error_text(err));
  if (err == 0 && plan->shows_frames)
    gw_client_tap(s->client, &(struct gw_client_tap){.wrap = wrap, .user = s});
  return err;
}

static int open_input(struct session *s) {
  static const struct gw_editor_events editor = {.on_line = on_line, .on_end = on_editor_end};
  static const struct gw_pipe_events lines = {
      .on_line = on_line, .on_end = on_pipe_end, .on_too_long = on_too_long};
  static const struct gw_pipe_events bytes = {
      .on_line = on_bytes, .on_end = on_pipe_end, .on_too_long = on_too_long};
  s->show.is_terminal = isatty(STDOUT_FILENO);
  s->show.is_quiet = s->plan->is_quiet;
  if (isatty(STDIN_FILENO) && s->show.is_terminal) {
    int err = gw_editor_open(s->loop, &editor, s, &s->editor);
    s->show.editor = s->editor;
    return err;
  }
  s->show.is_raw = s->plan->is_binary && !s->show.is_terminal;
  bool is_whole = s->plan->is_binary && !isatty(STDIN_FILENO);
  return gw_pipe_open(s->loop, is_whole ? 0 : s->plan->max_message, is_whole ? &bytes : &lines, s,
                      &s->pipe);
}

/* ---- the session ---- */

static void clear(struct session *s) {
  gw_editor_close(s->editor);
  s->show.editor = NULL;
  gw_pipe_close(s->pipe);
  gw_client_free(s->client);
  gw_signals_close(&s->signals);
  gw_loop_timer_cancel(s->loop, &s->quiet);
  gw_loop_timer_cancel(s->loop, &s->check);
  /* The server is given a moment to end the connection, as is its right (RFC 6455 section 7.1.1).
   */
  uint64_t end = gw_loop_now(s->loop) + RELEASE_MS;
  while (gw_client_side_is_used(s->loop) && gw_loop_now(s->loop) < end)
    (void)gw_loop_turn(s->loop, 50);
  if (!gw_client_side_is_used(s->loop)) gw_loop_free(s->loop);
  free(s->part);
  free(s->headers);
}

int gw_connect_run(const struct gw_command *command, const struct gw_connect_plan *plan) {
  struct session s = {.command = command,
                      .plan = plan,
                      .signals.on_signal = on_signal,
                      .close_code = GW_WS_CODE_NORMAL,
                      .code = GW_EXIT_FAILED};
  s.quiet.on_due = on_quiet;
  s.check.on_due = on_check;
  int err = join_headers(&s);
  if (err == 0) err = gw_loop_new(&s.loop);
  if (err < 0) {
    free(s.headers);
    return err == GW_ERR_ARGUMENT ? GW_EXIT_USAGE : GW_EXIT_FAILED;
  }
  err = open_client(&s);
  if (err == GW_ERR_ARGUMENT) s.code = GW_EXIT_USAGE;
  if (err == 0) {
    err = gw_signals_open(&s.signals, s.loop, (const int[]){SIGWINCH, SIGTSTP, 0});
    if (err == 0) err = open_input(&s);
    if (err == 0) err = gw_loop_run(s.loop);
    if (err < 0) gw_command_say(command, "%s", gw_error_text(err));
    if (err < 0) s.code = GW_EXIT_FAILED;
  }
  clear(&s);
  return s.code;
}
