/* SPDX-License-Identifier: MIT */
/*
 * The embedded files as answers: the compressed form where the browser takes it, 304 where it has
 * it already, and headers that let a page do no more than ours do. Each has a route of its own, so
 * that any other path is 404 whatever the method. `/healthz` says that the process answers,
 * `/readyz` that it takes requests: who stops accepts no connection any more.
 */
#include "server/pages.h"

#include "base/buf.h"
#include "codec/http/text.h"
#include "http/exchange.h"
#include "server/assets.h"

#include <stdio.h>

/* A query may hold a token: it goes nowhere. */
#define NO_REFERRER "Referrer-Policy: no-referrer\r\n"

/* No script, style or frame from elsewhere, and nothing inline. Connections to the server itself,
 * WebSockets too, and to the one that the lab measures: that one listens on this machine, at ports
 * which the system gives it. */
#define SECURITY                                                                                   \
  "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; img-src "     \
  "'self'; worker-src 'self'; "                                                                    \
  "connect-src 'self' http://127.0.0.1:* ws://127.0.0.1:*; base-uri 'none'; form-action 'self'; "  \
  "frame-ancestors 'none'\r\n" NO_REFERRER

/* Whether a list header of the request holds the element, or a star. Parameters (`gzip;q=0`) are
 * looked at for a weight of 0. */
static bool takes(const struct gw_exchange *exchange, const char *field, const char *element) {
  struct gw_ws_slice value = gw_exchange_header(exchange, field);
  struct gw_str rest = {value.at, value.len}, item, name, q;
  while (value.at && gw_http_list_next(&rest, &item)) {
    if (gw_http_parameter_next(&item, &name, &q) <= 0 || !gw_str_is(gw_str_trim(name), element))
      continue;
    struct gw_str parameter;
    while (gw_http_parameter_next(&item, &parameter, &q) > 0)
      if (gw_str_is(parameter, "q") && (gw_str_is(q, "0") || gw_str_is(q, "0.0") ||
                                        gw_str_is(q, "0.00") || gw_str_is(q, "0.000")))
        return false;
    return true;
  }
  return false;
}

static bool has_tag(const struct gw_exchange *exchange, const char *etag) {
  struct gw_ws_slice value = gw_exchange_header(exchange, "if-none-match");
  struct gw_str rest = {value.at, value.len}, tag;
  while (value.at && gw_http_list_next(&rest, &tag)) {
    if (tag.len > 2 && tag.at[0] == 'W' && tag.at[1] == '/')
      tag = (struct gw_str){tag.at + 2, tag.len - 2};
    if (gw_str_is(tag, etag) || gw_str_is(tag, "*")) return true;
  }
  return false;
}

static void send_on(struct gw_exchange *exchange, const char *path) {
  struct gw_str query = exchange->head->query;
  struct gw_buf headers;
  gw_buf_init(&headers, 16 * 1024); /* a request line is shorter */
  int r = gw_buf_printf(&headers, "Location: %s%s%.*s\r\nCache-Control: no-cache\r\n" NO_REFERRER,
                        path, query.len ? "?" : "", (int)query.len, query.len ? query.at : "");
  if (r == 0)
    gw_exchange_answer(exchange,
                       &(struct gw_reply){.status = 308, .headers = (const char *)headers.data});
  else
    gw_exchange_problem(exchange, 503, gw_error_text(r));
  gw_buf_clear(&headers);
}

static void on_page(struct gw_exchange *exchange, void *user) {
  const struct gw_asset *asset = gw_asset_find(exchange->head->path.at, exchange->head->path.len);
  (void)user;
  if (asset->redirect) {
    send_on(exchange, asset->redirect);
    return;
  }
  bool is_gzip = asset->gzip && takes(exchange, "accept-encoding", "gzip");
  const char *etag = is_gzip ? asset->gzip_etag : asset->etag;
  char headers[1024];
  snprintf(headers, sizeof headers, "%sETag: %s\r\nCache-Control: no-cache\r\n%s" SECURITY,
           asset->gzip ? "Vary: Accept-Encoding\r\n" : "", etag,
           is_gzip ? "Content-Encoding: gzip\r\n" : "");
  bool is_same = has_tag(exchange, etag);
  gw_exchange_answer(exchange, &(struct gw_reply){.status = is_same ? 304 : 200,
                                                  .content_type = is_same ? NULL : asset->type,
                                                  .headers = headers,
                                                  .body = is_gzip ? asset->gzip : asset->data,
                                                  .len = is_gzip ? asset->gzip_len : asset->len});
}

static void on_health(struct gw_exchange *exchange, void *user) {
  (void)user;
  gw_exchange_answer(exchange, &(struct gw_reply){.status = 200,
                                                  .content_type = "text/plain; charset=utf-8",
                                                  .headers = "Cache-Control: no-store\r\n",
                                                  .body = "ok\n",
                                                  .len = 3});
}

static const struct gw_http page_route = {
    .on_request = on_page, .origins = "*", .methods = "GET, HEAD"};
static const struct gw_http health_route = {
    .on_request = on_health, .origins = "*", .methods = "GET, HEAD"};

/* A room keeps what was said for those who come later, and so does an inbox; who is writing is told
 * to those who are there. A quiz keeps its state, which is whole in each message, and the answers
 * that its host has not heard yet. Of prices only the newest counts (the tape, which keeps all, is
 * there to show why), and of places only what comes from now on. */
const char *const gw_pages_rules[] = {
    "chat:*=history:200,age:2h",
    "typing:*=history:0,presence:off,slow:drop",
    "quiz:*=history:8,age:2h",
    "quiz-answers:*=history:10000,age:2h,bytes:4M,presence:off",
    "ticker:*=history:1,slow:conflate",
    "ticker:tape=history:5000,age:6m,slow:disconnect",
    "ticker:minute=history:60,age:1m,slow:disconnect",
    "map:*=history:0,slow:drop",
    "inbox:*=history:200,age:2h",
    "lab:*=history:1",
    NULL,
};

int gw_pages_route(struct gw_server *server) {
  int r = gw_server_http(server, "/healthz", &health_route);
  if (r == 0) r = gw_server_http(server, "/readyz", &health_route);
  for (size_t i = 0; r == 0 && i < gw_assets_count; i++)
    r = gw_server_http(server, gw_assets[i].path, &page_route);
  return r;
}
