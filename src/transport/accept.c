/* SPDX-License-Identifier: MIT */
/*
 * Reading Accept. An answer that goes on for ever must be asked for by name: whoever takes anything
 * gets what ends. Ranges that are not known or malformed are passed over.
 */
#include "transport/accept.h"

#include "codec/http/head.h"
#include "codec/http/text.h"

struct choice {
  const char *type;
  int quality;   /* thousandths; 0: nothing yet */
  bool is_named; /* by itself, not by a wildcard */
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

/* Which of the types the range stands for; NULL: none of them. */
static const char *type_of(struct gw_str range, const char *const *types, size_t n) {
  const char *last = types[n - 1];
  for (size_t i = 0; i < n; i++)
    if (gw_str_is_nocase(range, types[i])) return types[i];
  size_t major = (size_t)(strchr(last, '/') - last) + 1;
  bool is_wild =
      range.len == major + 1 && strncasecmp(range.at, last, major) == 0 && range.at[major] == '*';
  return is_wild || gw_str_is(range, "*/*") ? last : NULL;
}

static void consider(struct choice *best, struct gw_str element, const char *const *types,
                     size_t n) {
  const char *semicolon = memchr(element.at, ';', element.len);
  size_t len = semicolon ? (size_t)(semicolon - element.at) : element.len;
  struct gw_str range = gw_str_trim((struct gw_str){element.at, len}), parameters = {"", 0};
  if (semicolon) parameters = (struct gw_str){semicolon + 1, element.len - len - 1};
  const char *type = type_of(range, types, n);
  int quality = quality_of(parameters);
  if (!type || quality <= 0) return;
  bool is_named = !memchr(range.at, '*', range.len);
  if (quality > best->quality || (quality == best->quality && is_named && !best->is_named))
    *best = (struct choice){type, quality, is_named};
}

const char *gw_accept_choose(const struct gw_http_head *head, const char *const *types, size_t n) {
  struct choice best = {.type = types[n - 1]};
  const struct gw_http_field *field;
  for (unsigned i = 0; (field = gw_http_field(head, "accept", i)); i++) {
    struct gw_str rest = field->value, element;
    while (gw_http_list_next(&rest, &element))
      consider(&best, element, types, n);
  }
  return best.type;
}
