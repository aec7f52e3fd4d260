/* SPDX-License-Identifier: MIT */
/*
 * Reading Accept. An answer that goes on for ever must be asked for by name: whoever takes anything
 * gets what ends. Ranges that are not known or malformed are passed over.
 */
#include "transport/accept.h"

#include "codec/http/head.h"
#include "codec/http/text.h"

/* All that a GET on a channel can be answered with, and the ranges that stand for one. */
static const struct {
  const char *range, *type;
} ranges[] = {
    {"text/event-stream", "text/event-stream"},
    {"application/x-ndjson", "application/x-ndjson"},
    {"application/json", "application/json"},
    {"application/*", "application/json"},
    {"*/*", "application/json"},
};

struct choice {
  const char *type; /* NULL: none yet */
  int quality;      /* thousandths */
  bool is_named;    /* by itself, not by a wildcard */
};

/* RFC 9110 section 12.4.2: `0.123` or `1.000`, at most three digits. Below 0: it is none. */
static int parse_quality(struct gw_str text) {
  if (text.len < 1 || text.len > 5 || (text.at[0] != '0' && text.at[0] != '1')) return -1;
  if (text.len > 1 && text.at[1] != '.') return -1;
  int value = (text.at[0] - '0') * 1000, unit = 100;
  for (size_t i = 2; i < text.len; i++, unit /= 10) {
    if (text.at[i] < '0' || text.at[i] > '9') return -1;
    value += (text.at[i] - '0') * unit;
  }
  return value <= 1000 ? value : -1;
}

/* Of the parameters `q` alone matters. */
static int quality_of(struct gw_str parameters) {
  struct gw_str name, value;
  int quality = 1000, n;
  while ((n = gw_http_parameter_next(&parameters, &name, &value)) > 0)
    if (gw_str_is_nocase(name, "q")) quality = value.at ? parse_quality(value) : -1;
  return n < 0 ? -1 : quality;
}

static void consider(struct choice *best, struct gw_str element) {
  const char *semicolon = memchr(element.at, ';', element.len);
  size_t len = semicolon ? (size_t)(semicolon - element.at) : element.len;
  struct gw_str range = gw_str_trim((struct gw_str){element.at, len}), parameters = {"", 0};
  if (semicolon) parameters = (struct gw_str){semicolon + 1, element.len - len - 1};
  int quality = quality_of(parameters);
  for (size_t i = 0; quality > 0 && i < sizeof ranges / sizeof *ranges; i++) {
    if (!gw_str_is_nocase(range, ranges[i].range)) continue;
    bool is_named = strchr(ranges[i].range, '*') == NULL;
    if (quality > best->quality || (quality == best->quality && is_named && !best->is_named))
      *best = (struct choice){ranges[i].type, quality, is_named};
  }
}

bool gw_accept_asks(const struct gw_http_head *head, const char *type) {
  struct choice best = {.type = NULL};
  const struct gw_http_field *field;
  for (unsigned i = 0; (field = gw_http_field(head, "accept", i)); i++) {
    struct gw_str rest = field->value, element;
    while (gw_http_list_next(&rest, &element))
      consider(&best, element);
  }
  return best.type && strcmp(best.type, type) == 0;
}
