/* SPDX-License-Identifier: MIT */
/*
 * A pattern is an origin, one whose host begins with `*.`, `self`, or `*`. Schemes, hosts and ports
 * are compared, never the text. Invariant: what is not an origin (`null`, anything odd) is in no
 * list but `*`.
 */
#include "http/origin.h"

#include "codec/http/text.h"

#include <strings.h>

struct pattern {
  char text[512]; /* without the `*.`: an origin again */
  struct gw_http_origin origin;
  bool is_wild;
};

static bool pattern_parse(struct gw_str given, struct pattern *out) {
  if (given.len >= sizeof out->text) return false;
  const char *wild = memmem(given.at, given.len, "://*.", 5);
  size_t kept = wild ? (size_t)(wild - given.at) + 3 : given.len;
  memcpy(out->text, given.at, kept);
  if (wild) memcpy(out->text + kept, given.at + kept + 2, given.len - kept - 2);
  out->is_wild = wild != NULL;
  return gw_http_origin_parse((struct gw_str){out->text, given.len - (wild ? 2 : 0)},
                              &out->origin) == 0;
}

static bool is_same_nocase(struct gw_str a, struct gw_str b) {
  return a.len == b.len && strncasecmp(a.at, b.at, a.len) == 0;
}

/* `example.com`; where it is wild, something, a dot, and that. */
static bool host_matches(struct gw_str wanted, bool is_wild, struct gw_str host) {
  if (!is_wild) return is_same_nocase(wanted, host);
  if (host.len < wanted.len + 2) return false;
  struct gw_str end = {host.at + (host.len - wanted.len), wanted.len};
  return end.at[-1] == '.' && is_same_nocase(wanted, end);
}

static bool matches(struct gw_str given, const struct gw_http_origin *origin) {
  struct pattern wanted;
  return pattern_parse(given, &wanted) && wanted.origin.port == origin->port &&
         is_same_nocase(wanted.origin.scheme, origin->scheme) &&
         host_matches(wanted.origin.host, wanted.is_wild, origin->host);
}

bool gw_origin_is_listed(struct gw_str origin, const char *origins,
                         const struct gw_origin_self *self) {
  struct gw_str rest = gw_str_of(origins ? origins : "self"), given;
  struct gw_http_origin parts;
  bool is_known = gw_http_origin_parse(origin, &parts) == 0;
  while (gw_http_list_next(&rest, &given)) {
    if (gw_str_is(given, "*")) return true;
    if (gw_str_is(given, "self") ? gw_http_origin_is_same(origin, self->host, self->is_tls)
                                 : is_known && matches(given, &parts))
      return true;
  }
  return false;
}

bool gw_origin_list_is_valid(const char *origins) {
  struct gw_str rest = gw_str_of(origins), given;
  struct pattern pattern;
  unsigned n = 0;
  for (; gw_http_list_next(&rest, &given); n++)
    if (!gw_str_is(given, "*") && !gw_str_is(given, "self") && !pattern_parse(given, &pattern))
      return false;
  return n > 0;
}
