/* SPDX-License-Identifier: MIT */
/*
 * Heads written. Each function adds one line whole, or fails and adds nothing; nothing that could
 * end a line early, or begin another, goes through (security.md 6).
 */
#include "codec/http/write.h"

#include "codec/http/text.h"

#include <stdio.h>

/* The registry of RFC 9110 section 16.2.1, as far as anyone sends them. */
static const struct {
  unsigned status;
  const char *text;
} statuses[] = {
    {100, "Continue"},
    {101, "Switching Protocols"},
    {102, "Processing"},
    {103, "Early Hints"},
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {203, "Non-Authoritative Information"},
    {204, "No Content"},
    {205, "Reset Content"},
    {206, "Partial Content"},
    {300, "Multiple Choices"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {402, "Payment Required"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {407, "Proxy Authentication Required"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {416, "Range Not Satisfiable"},
    {417, "Expectation Failed"},
    {421, "Misdirected Request"},
    {422, "Unprocessable Content"},
    {423, "Locked"},
    {425, "Too Early"},
    {426, "Upgrade Required"},
    {428, "Precondition Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {451, "Unavailable For Legal Reasons"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
    {507, "Insufficient Storage"},
    {511, "Network Authentication Required"},
};

static int add_line(struct gw_buf *buf, const struct gw_str *parts, size_t n) {
  size_t len = 2;
  for (size_t i = 0; i < n; i++)
    len += parts[i].len;
  int err = gw_buf_reserve(buf, len);
  for (size_t i = 0; i < n && err == 0; i++)
    err = gw_buf_add_str(buf, parts[i]);
  return err < 0 ? err : gw_buf_add_str(buf, GW_STR("\r\n"));
}

int gw_http_write_status(struct gw_buf *buf, unsigned status) {
  if (status < 100 || status > 999) return GW_ERR_ARGUMENT;
  char digits[] = {(char)('0' + status / 100), (char)('0' + status / 10 % 10),
                   (char)('0' + status % 10)};
  struct gw_str parts[] = {GW_STR("HTTP/1.1 "),
                           {digits, sizeof digits},
                           GW_STR(" "),
                           gw_str_of(gw_http_status_text(status))};
  return add_line(buf, parts, 4);
}

int gw_http_write_request(struct gw_buf *buf, struct gw_str method, struct gw_str target) {
  if (!gw_http_is_token(method) || !gw_http_is_target(target)) return GW_ERR_ARGUMENT;
  struct gw_str parts[] = {method, GW_STR(" "), target, GW_STR(" HTTP/1.1")};
  return add_line(buf, parts, 4);
}

int gw_http_write_field(struct gw_buf *buf, struct gw_str name, struct gw_str value) {
  if (!gw_http_is_token(name) || !gw_http_is_field_value(value)) return GW_ERR_ARGUMENT;
  struct gw_str parts[] = {name, GW_STR(": "), value};
  return add_line(buf, parts, 3);
}

int gw_http_write_number(struct gw_buf *buf, const char *name, uint64_t value) {
  char digits[24];
  int n = snprintf(digits, sizeof digits, "%llu", (unsigned long long)value);
  return gw_http_write_field(buf, gw_str_of(name), (struct gw_str){digits, (size_t)n});
}

int gw_http_write_end(struct gw_buf *buf) {
  return gw_buf_add_str(buf, GW_STR("\r\n"));
}

const char *gw_http_status_text(unsigned status) {
  for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++)
    if (statuses[i].status == status) return statuses[i].text;
  return "";
}
