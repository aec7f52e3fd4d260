/* SPDX-License-Identifier: MIT */
/*
 * CORS (Fetch standard, section 3.2) and the methods of a route. It decides nothing about origins
 * itself: that is gw_exchange_origin_is_allowed, for WebSockets and requests alike.
 *
 * Invariant: what a request says is echoed only where it is of the form that it must have.
 */
#include "http/cors.h"

#include "base/buf.h"
#include "codec/http/text.h"

enum {
  LINES_MAX = 8 * 1024, /* of one preflight's answer: against headers that come back as long as they
                           were sent */
};

/* A list that lets anyone in: then nobody's cookies count. */
static bool is_for_anyone(const char *origins) {
  struct gw_str rest = gw_str_of(origins ? origins : ""), pattern;
  while (gw_http_list_next(&rest, &pattern))
    if (gw_str_is(pattern, "*")) return true;
  return false;
}

static int add_lines(struct gw_exchange *exchange, struct gw_str origin, bool is_anyone) {
  struct gw_buf lines;
  gw_buf_init(&lines, LINES_MAX);
  int r = gw_buf_printf(&lines,
                        "Access-Control-Allow-Origin: %.*s\r\nVary: Origin\r\n%s"
                        "Access-Control-Expose-Headers: Godwit-Session, Godwit-Cursor, "
                        "Preference-Applied, Retry-After\r\n",
                        (int)origin.len, origin.at,
                        is_anyone ? "" : "Access-Control-Allow-Credentials: true\r\n");
  if (r == 0) r = gw_exchange_add_headers(exchange, (const char *)lines.data);
  gw_buf_clear(&lines);
  return r;
}

int gw_cors_mark(struct gw_exchange *exchange, const char *origins) {
  unsigned n;
  struct gw_str origin = gw_http_only(exchange->head, "origin", &n);
  if (n == 0) return 1;
  if (!gw_exchange_origin_is_allowed(exchange, origins)) return 0;
  int r = add_lines(exchange, origin, is_for_anyone(origins));
  return r < 0 ? r : 1;
}

/* ---- methods ---- */

static bool takes(const char *methods, struct gw_str method) {
  struct gw_str rest = gw_str_of(methods), name;
  while (gw_http_list_next(&rest, &name))
    if (gw_str_eq(name, method)) return true;
  return false;
}

static bool is_list_of_tokens(struct gw_str list) {
  struct gw_str name;
  while (gw_http_list_next(&list, &name))
    if (!gw_http_is_token(name)) return false;
  return true;
}

static void answer_lines(struct gw_exchange *exchange, unsigned status, struct gw_buf *lines,
                         int r) {
  if (r == 0) r = gw_buf_add(lines, "", 1);
  if (r < 0) {
    gw_exchange_problem(exchange, r == GW_ERR_FULL ? 431 : 503, gw_error_text(r));
  } else if (status == 204) {
    gw_exchange_answer(exchange,
                       &(struct gw_reply){.status = status, .headers = (const char *)lines->data});
  } else {
    gw_exchange_problem_with(exchange, status, "Allow says what this path takes",
                             (const char *)lines->data);
  }
  gw_buf_clear(lines);
}

/* OPTIONS itself is always taken (RFC 9110 sections 9.3.7 and 10.2.1). */
static void answer_allow(struct gw_exchange *exchange, unsigned status, const char *methods) {
  struct gw_buf lines;
  gw_buf_init(&lines, LINES_MAX);
  int r = gw_buf_printf(&lines, "Allow: %s%s\r\n", methods,
                        takes(methods, GW_STR("OPTIONS")) ? "" : ", OPTIONS");
  answer_lines(exchange, status, &lines, r);
}

/* ---- preflights ---- */

static bool is_preflight(const struct gw_exchange *exchange) {
  return exchange->head->method == GW_HTTP_OPTIONS && gw_http_field(exchange->head, "origin", 0) &&
         gw_http_field(exchange->head, "access-control-request-method", 0);
}

/* What the page may send is what it asks to send: a handler that does not know a header ignores it.
 */
static void answer_preflight(struct gw_exchange *exchange, const char *methods) {
  struct gw_str method = gw_http_only(exchange->head, "access-control-request-method", NULL);
  struct gw_str headers = gw_http_only(exchange->head, "access-control-request-headers", NULL);
  if (!gw_http_is_token(method) || !is_list_of_tokens(headers)) {
    gw_exchange_problem(exchange, 400, "not a preflight as the Fetch standard has it");
    return;
  }
  struct gw_str allowed = methods ? gw_str_of(methods) : method;
  struct gw_buf lines;
  gw_buf_init(&lines, LINES_MAX);
  int r =
      gw_buf_printf(&lines, "Access-Control-Allow-Methods: %.*s\r\n", (int)allowed.len, allowed.at);
  if (r == 0 && headers.len)
    r = gw_buf_printf(&lines, "Access-Control-Allow-Headers: %.*s\r\n", (int)headers.len,
                      headers.at);
  if (r == 0) r = gw_buf_add_text(&lines, "Access-Control-Max-Age: 7200\r\n");
  answer_lines(exchange, 204, &lines, r);
}

bool gw_cors_admit(struct gw_exchange *exchange, const char *origins, const char *methods) {
  int r = gw_cors_mark(exchange, origins);
  if (r == 0) {
    exchange->must_close = true;
    gw_exchange_problem(exchange, 403, "this Origin is not allowed");
  } else if (r < 0) {
    gw_exchange_problem(exchange, r == GW_ERR_FULL ? 431 : 503, gw_error_text(r));
  } else if (is_preflight(exchange)) {
    answer_preflight(exchange, methods);
  } else if (methods && exchange->head->method == GW_HTTP_OPTIONS) {
    answer_allow(exchange, 204, methods);
  } else if (methods && !takes(methods, exchange->head->method_text)) {
    answer_allow(exchange, 405, methods);
  } else {
    return true;
  }
  return false;
}
