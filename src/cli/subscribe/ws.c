/* SPDX-License-Identifier: MIT */
/*
 * A client for each try, since a try's URL has the place where it goes on; the one before is freed
 * when the next begins. Waiting is the intake's business: the client itself never comes back.
 */
#include "cli/subscribe/ws.h"

#include "client/backoff.h"

#include <stdio.h>

struct gw_intake *gw_intake_of_conn(const struct gw_conn *conn) {
  const struct gw_intake_ws *ws = gw_conn_handler_user(conn);
  return ws->intake;
}

static void on_close(struct gw_conn *conn, const struct gw_ending *ending) {
  struct gw_intake_ws *ws = gw_conn_handler_user(conn);
  char reason[300];
  const char *text = gw_ws_code_text(ending->code);
  if (ending->is_clean)
    snprintf(reason, sizeof reason, "closed by the server: %u%s%s%s%s%s", ending->code,
             *text ? " (" : "", text, *text ? ")" : "", *ending->reason ? " " : "", ending->reason);
  else
    snprintf(reason, sizeof reason, "the connection was cut: %s",
             gw_error_text(ending->err < 0 ? ending->err : GW_ERR_RESET));
  struct gw_intake_end end = {.reason = reason,
                              .is_final = ws->is_closing || !gw_backoff_is_allowed(ending->code),
                              .is_fine = ws->is_closing || ending->code == GW_WS_CODE_NORMAL};
  if (ws->on_ending && !ws->is_closing) ws->on_ending(ws->intake, ending->code, &end);
  gw_intake_ended(ws->intake, &end);
}

/* A refusal of the handshake that no time will mend ends it. */
static void on_failure(struct gw_client *client, const struct gw_client_failure *failure) {
  struct gw_intake_ws *ws = gw_client_user(client);
  unsigned status = failure->status;
  bool may_change = status == 0 || status >= 500 || status == 408 || status == 429;
  bool is_broken = failure->err == GW_ERR_CERTIFICATE || failure->err == GW_ERR_WS_HANDSHAKE;
  const char *mend = ws->intake->has_been_open ? "" : gw_remote_mend(failure->err, status);
  gw_intake_ended(ws->intake, &(struct gw_intake_end){.reason = failure->reason,
                                                      .mend = mend,
                                                      .is_final = is_broken || !may_change});
}

int gw_intake_ws_begin(struct gw_intake_ws *ws, struct gw_intake *intake,
                       const struct gw_intake_ws_options *options) {
  const struct gw_remote *remote = intake->options.remote;
  struct gw_http_field field;
  struct gw_buf url;
  gw_buf_init(&url, GW_HTTP_LINE_MAX);
  gw_intake_ws_clear(ws);
  ws->intake = intake;
  ws->on_ending = options->on_ending;
  ws->handler =
      (struct gw_websocket){.on_open = options->on_open,
                            .on_message = options->on_message,
                            .on_close = on_close,
                            .user = ws,
                            .protocols = options->protocols,
                            .protocol = {.max_message = GW_INTAKE_MESSAGE_MAX,
                                         .deflate = {.is_enabled = !intake->options.is_plain,
                                                     .allow_server_takeover = true,
                                                     .allow_client_takeover = true}}};
  ws->headers[0] = '\0';
  if (gw_remote_field(remote, &field))
    snprintf(ws->headers, sizeof ws->headers, "Authorization: %s\r\n", remote->authorization);
  int r = gw_buf_add_str(&url, options->url);
  if (r == 0) r = gw_buf_add(&url, "", 1);
  if (r == 0)
    r = gw_client_open(intake->options.loop,
                       &(struct gw_client_options){.url = (char *)url.data,
                                                   .handler = &ws->handler,
                                                   .headers = *ws->headers ? ws->headers : NULL,
                                                   .ca_file = remote->ca_file,
                                                   .is_insecure = remote->is_insecure,
                                                   .timeout_ms = intake->options.timeout_ms,
                                                   .on_failure = on_failure,
                                                   .user = ws},
                       &ws->client);
  gw_buf_clear(&url);
  return r;
}

/* The connection is not waited for: its end would be told a second time. */
void gw_intake_ws_fail(struct gw_intake_ws *ws, const struct gw_intake_end *end) {
  struct gw_intake *intake = ws->intake;
  gw_client_close(ws->client, GW_WS_CODE_NORMAL, NULL);
  gw_intake_ws_clear(ws);
  gw_intake_ended(intake, end);
}

void gw_intake_ws_close(struct gw_intake_ws *ws) {
  bool is_open = gw_client_conn(ws->client) != NULL;
  ws->is_closing = true;
  gw_client_close(ws->client, GW_WS_CODE_NORMAL, NULL);
  if (!is_open)
    gw_intake_ended(ws->intake,
                    &(struct gw_intake_end){.reason = "closed", .is_final = true, .is_fine = true});
}

void gw_intake_ws_clear(struct gw_intake_ws *ws) {
  gw_client_free(ws->client);
  ws->client = NULL;
}
