/* SPDX-License-Identifier: MIT */
/*
 * The small grammar inside heads. Functions that cut take the front off *rest and never look at a
 * byte twice, so a header with thousands of tokens or blanks costs no more than its bytes. Nothing
 * is copied or allocated: what comes out are slices, still encoded. Hosts and URLs are read
 * narrowly, because a host that two readers see differently is how an origin check is fooled.
 */
#include "codec/http/text.h"

#include "base/buf.h"

#include "codec/http/chars.h"

#include <arpa/inet.h>
#include <limits.h>

static bool are_all(struct gw_str s, bool (*is_fine)(unsigned char)) {
  for (size_t i = 0; i < s.len; i++)
    if (!is_fine((unsigned char)s.at[i])) return false;
  return true;
}

bool gw_http_is_token(struct gw_str s) {
  return s.len > 0 && are_all(s, gw_http_char_is_token);
}

bool gw_http_is_field_value(struct gw_str s) {
  return are_all(s, gw_http_char_is_field);
}

bool gw_http_is_target(struct gw_str s) {
  return s.len > 0 && are_all(s, gw_http_char_is_target);
}

static bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

struct gw_str gw_str_trim(struct gw_str s) {
  while (s.len > 0 && is_blank(s.at[s.len - 1]))
    s.len--;
  while (s.len > 0 && is_blank(s.at[0])) {
    s.at++;
    s.len--;
  }
  return s;
}

static void drop(struct gw_str *s, size_t n) {
  s->at += n;
  s->len -= n;
}

/* ---- lists ---- */

/* How long the element at the front is: up to `separator` outside of quotes, or the end. */
static size_t element_len(struct gw_str s, char separator) {
  bool is_quoted = false;
  for (size_t i = 0; i < s.len; i++) {
    if (s.at[i] == '"') is_quoted = !is_quoted;
    if (is_quoted && s.at[i] == '\\') i++;
    if (!is_quoted && s.at[i] == separator) return i;
  }
  return s.len;
}

bool gw_http_list_next(struct gw_str *rest, struct gw_str *out) {
  while (rest->len > 0 && (is_blank(*rest->at) || *rest->at == ','))
    drop(rest, 1);
  if (rest->len == 0) return false;
  size_t n = element_len(*rest, ',');
  *out = gw_str_trim((struct gw_str){rest->at, n});
  drop(rest, n);
  return true;
}

bool gw_http_list_has(struct gw_str list, const char *lower_token) {
  struct gw_str element;
  while (gw_http_list_next(&list, &element))
    if (gw_str_is_nocase(element, lower_token)) return true;
  return false;
}

/* `s` is a quoted-string and nothing else (RFC 9110 section 5.6.4). */
static bool is_quoted_string(struct gw_str s) {
  if (s.len < 2 || s.at[0] != '"') return false;
  size_t i = 1;
  for (; i < s.len && s.at[i] != '"'; i++)
    if (s.at[i] == '\\' && ++i == s.len) return false;
  return i == s.len - 1;
}

static int parse_parameter(struct gw_str s, struct gw_str *out_name, struct gw_str *out_value) {
  const char *equals = s.len ? memchr(s.at, '=', s.len) : NULL;
  struct gw_str name = {s.at, equals ? (size_t)(equals - s.at) : s.len};
  struct gw_str value = {NULL, 0};
  if (!gw_http_is_token(name)) return GW_ERR_HTTP_SYNTAX;
  if (equals) {
    value = (struct gw_str){equals + 1, s.len - name.len - 1};
    if (is_quoted_string(value))
      value = (struct gw_str){value.at + 1, value.len - 2};
    else if (!gw_http_is_token(value))
      return GW_ERR_HTTP_SYNTAX;
  }
  *out_name = name;
  *out_value = value;
  return 1;
}

int gw_http_parameter_next(struct gw_str *rest, struct gw_str *out_name, struct gw_str *out_value) {
  struct gw_str s = *rest;
  while (s.len > 0 && is_blank(*s.at))
    drop(&s, 1);
  if (s.len == 0) return 0;
  size_t n = element_len(s, ';');
  struct gw_str element = gw_str_trim((struct gw_str){s.at, n});
  drop(&s, n);
  if (s.len > 0) {
    drop(&s, 1);
    while (s.len > 0 && is_blank(*s.at))
      drop(&s, 1);
    if (s.len == 0) return GW_ERR_HTTP_SYNTAX; /* a `;` with nothing behind */
  }
  int n_cut = parse_parameter(element, out_name, out_value);
  if (n_cut > 0) *rest = s;
  return n_cut;
}

/* ---- targets and queries ---- */

void gw_http_target_split(struct gw_str target, struct gw_str *out_path, struct gw_str *out_query) {
  const char *mark = target.len ? memchr(target.at, '?', target.len) : NULL;
  *out_path = target;
  *out_query = (struct gw_str){NULL, 0};
  if (!mark) return;
  out_path->len = (size_t)(mark - target.at);
  *out_query = (struct gw_str){mark + 1, target.len - out_path->len - 1};
}

bool gw_http_query_next(struct gw_str *rest, struct gw_str *out_name, struct gw_str *out_value) {
  while (rest->len > 0 && *rest->at == '&')
    drop(rest, 1);
  if (rest->len == 0) return false;
  const char *amp = memchr(rest->at, '&', rest->len);
  size_t n = amp ? (size_t)(amp - rest->at) : rest->len;
  const char *equals = memchr(rest->at, '=', n);
  size_t name_len = equals ? (size_t)(equals - rest->at) : n;
  *out_name = (struct gw_str){rest->at, name_len};
  *out_value = equals ? (struct gw_str){equals + 1, n - name_len - 1} : GW_STR("");
  drop(rest, n);
  return true;
}

struct gw_str gw_http_query_get(struct gw_str query, const char *name) {
  struct gw_str key, value;
  while (gw_http_query_next(&query, &key, &value))
    if (gw_str_is(key, name)) return value;
  return (struct gw_str){NULL, 0};
}

static int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c = gw_char_lower(c);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int gw_http_percent_decode(struct gw_str s, bool is_query, char *out, size_t size) {
  size_t n = 0;
  for (size_t i = 0; i < s.len; i++) {
    char c = s.at[i];
    if (c == '%') {
      if (s.len - i < 3) return GW_ERR_HTTP_SYNTAX;
      int high = hex_value(s.at[i + 1]), low = hex_value(s.at[i + 2]);
      if (high < 0 || low < 0) return GW_ERR_HTTP_SYNTAX;
      c = (char)(high << 4 | low);
      i += 2;
    } else if (c == '+' && is_query) {
      c = ' ';
    }
    if (n == size || n == INT_MAX) return GW_ERR_FULL;
    out[n++] = c;
  }
  return (int)n;
}

int gw_http_percent_encode(struct gw_str s, bool keep_slash, char *out, size_t size) {
  static const char digits[] = "0123456789ABCDEF";
  size_t n = 0;
  if (size > INT_MAX) size = INT_MAX;
  for (size_t i = 0; i < s.len; i++) {
    unsigned char c = (unsigned char)s.at[i];
    bool is_plain = gw_http_char_is_unreserved(c) || (c == '/' && keep_slash);
    if (n + (is_plain ? 1 : 3) >= size) return GW_ERR_FULL;
    if (is_plain) {
      out[n++] = (char)c;
      continue;
    }
    out[n++] = '%';
    out[n++] = digits[c >> 4];
    out[n++] = digits[c & 15];
  }
  if (n >= size) return GW_ERR_FULL;
  out[n] = '\0';
  return (int)n;
}

/* ---- hosts, origins, URLs ---- */

/* 1 to 65535 in at most five digits; 0 for anything else. */
static unsigned parse_port(struct gw_str s) {
  uint64_t port = 0;
  return s.len <= 5 && gw_str_number(s, 65535, &port) ? (unsigned)port : 0;
}

/* Between the brackets (RFC 3986 section 3.2.2); zones and future address forms are refused. */
static bool is_ipv6(struct gw_str s) {
  char text[INET6_ADDRSTRLEN];
  struct in6_addr address;
  if (s.len >= sizeof text || memchr(s.at, '\0', s.len)) return false;
  memcpy(text, s.at, s.len);
  text[s.len] = '\0';
  return inet_pton(AF_INET6, text, &address) == 1;
}

/* The length of the host that `s` begins with; 0: none. */
static size_t host_len(struct gw_str s) {
  size_t n = 0;
  if (s.len > 0 && s.at[0] == '[') {
    const char *end = memchr(s.at, ']', s.len);
    if (!end || !is_ipv6((struct gw_str){s.at + 1, (size_t)(end - s.at) - 1})) return 0;
    return (size_t)(end - s.at) + 1;
  }
  while (n < s.len && gw_http_char_is_unreserved((unsigned char)s.at[n]))
    n++;
  return n;
}

int gw_http_authority_parse(struct gw_str s, struct gw_http_authority *out) {
  size_t n = host_len(s);
  if (n == 0) return GW_ERR_HTTP_SYNTAX;
  struct gw_http_authority authority = {{s.at, n}, 0};
  if (n < s.len) {
    if (s.at[n] != ':') return GW_ERR_HTTP_SYNTAX;
    struct gw_str port = {s.at + n + 1, s.len - n - 1};
    authority.port = parse_port(port);
    if (authority.port == 0 && port.len > 0) return GW_ERR_HTTP_SYNTAX;
  }
  *out = authority;
  return 0;
}

static unsigned default_port(struct gw_str scheme) {
  if (gw_str_is_nocase(scheme, "http") || gw_str_is_nocase(scheme, "ws")) return 80;
  if (gw_str_is_nocase(scheme, "https") || gw_str_is_nocase(scheme, "wss")) return 443;
  return 0;
}

/* Cuts `scheme://` off (RFC 3986 section 3.1). */
static bool cut_scheme(struct gw_str *rest, struct gw_str *out) {
  size_t n = 0;
  for (; n < rest->len && rest->at[n] != ':'; n++) {
    char c = gw_char_lower(rest->at[n]);
    bool is_letter = c >= 'a' && c <= 'z';
    if (!is_letter && (n == 0 || !((c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.')))
      return false;
  }
  if (n == 0 || rest->len - n < 3 || memcmp(rest->at + n, "://", 3) != 0) return false;
  *out = (struct gw_str){rest->at, n};
  drop(rest, n + 3);
  return true;
}

int gw_http_origin_parse(struct gw_str s, struct gw_http_origin *out) {
  struct gw_str scheme;
  struct gw_http_authority authority;
  if (!cut_scheme(&s, &scheme) || gw_http_authority_parse(s, &authority) < 0)
    return GW_ERR_HTTP_SYNTAX;
  if (s.at[s.len - 1] == ':') return GW_ERR_HTTP_SYNTAX; /* an origin is written in one way only */
  unsigned port = authority.port ? authority.port : default_port(scheme);
  *out = (struct gw_http_origin){scheme, authority.host, port};
  return 0;
}

static bool is_same_nocase(struct gw_str a, struct gw_str b) {
  if (a.len != b.len) return false;
  for (size_t i = 0; i < a.len; i++)
    if (gw_char_lower(a.at[i]) != gw_char_lower(b.at[i])) return false;
  return true;
}

bool gw_http_origin_is_same(struct gw_str origin, struct gw_str host, bool is_tls) {
  struct gw_http_origin from;
  struct gw_http_authority to;
  if (gw_http_origin_parse(origin, &from) < 0 || gw_http_authority_parse(host, &to) < 0)
    return false;
  if (!gw_str_is_nocase(from.scheme, "http") && !gw_str_is_nocase(from.scheme, "https"))
    return false;
  unsigned port = to.port ? to.port : is_tls ? 443 : 80;
  return from.port == port && is_same_nocase(from.host, to.host);
}

/* Cuts `user@` off an authority. */
static int cut_user(struct gw_str *authority, struct gw_str *out) {
  const char *at_sign = authority->len ? memchr(authority->at, '@', authority->len) : NULL;
  *out = (struct gw_str){NULL, 0};
  if (!at_sign) return 0;
  struct gw_str user = {authority->at, (size_t)(at_sign - authority->at)};
  if (!are_all(user, gw_http_char_is_user)) return GW_ERR_ARGUMENT;
  drop(authority, user.len + 1);
  *out = user;
  return 0;
}

int gw_http_url_parse(struct gw_str s, struct gw_http_url *out) {
  struct gw_http_url url = {0};
  struct gw_http_authority authority;
  if (!gw_http_is_target(s) || !cut_scheme(&s, &url.scheme)) return GW_ERR_ARGUMENT;
  url.port = default_port(url.scheme);
  if (url.port == 0) return GW_ERR_ARGUMENT;
  url.is_tls = url.port == 443;
  size_t n = 0;
  while (n < s.len && s.at[n] != '/' && s.at[n] != '?')
    n++;
  url.target = (struct gw_str){s.at + n, s.len - n};
  struct gw_str rest = {s.at, n};
  if (cut_user(&rest, &url.user_info) < 0) return GW_ERR_ARGUMENT;
  if (gw_http_authority_parse(rest, &authority) < 0) return GW_ERR_ARGUMENT;
  if (authority.port) url.port = authority.port;
  url.host = authority.host;
  url.is_ipv6 = url.host.at[0] == '[';
  if (url.is_ipv6) url.host = (struct gw_str){url.host.at + 1, url.host.len - 2};
  *out = url;
  return 0;
}

/* ---- base64 ---- */

static const char base64_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

int gw_base64_encode(const void *data, size_t len, char *out, size_t size) {
  const uint8_t *in = data;
  if (len > INT_MAX / 2 || (len + 2) / 3 * 4 >= size) return GW_ERR_FULL;
  size_t n = 0;
  for (size_t i = 0; i < len; i += 3) {
    size_t left = len - i;
    uint32_t three = (uint32_t)in[i] << 16;
    if (left > 1) three |= (uint32_t)in[i + 1] << 8;
    if (left > 2) three |= in[i + 2];
    out[n++] = base64_digits[three >> 18];
    out[n++] = base64_digits[three >> 12 & 63];
    out[n++] = left > 1 ? base64_digits[three >> 6 & 63] : '=';
    out[n++] = left > 2 ? base64_digits[three & 63] : '=';
  }
  out[n] = '\0';
  return (int)n;
}

int gw_base64_add(struct gw_buf *out, struct gw_str bytes) {
  size_t size = (bytes.len + 2) / 3 * 4 + 1; /* with a NUL */
  int err = gw_buf_reserve(out, size);
  if (err < 0) return err;
  int len = gw_base64_encode(bytes.at, bytes.len, (char *)out->data + out->len, size);
  if (len < 0) return len;
  out->len += (size_t)len;
  return 0;
}

static int base64_value(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  return c == '+' ? 62 : c == '/' ? 63 : -1;
}

int gw_base64_decode(struct gw_str text, uint8_t *out, size_t size) {
  if (text.len % 4 != 0 || text.len > INT_MAX) return GW_ERR_ARGUMENT;
  size_t digits = text.len;
  while (digits > 0 && text.len - digits < 2 && text.at[digits - 1] == '=')
    digits--;
  if (digits / 4 * 3 + (digits % 4 ? digits % 4 - 1 : 0) > size) return GW_ERR_FULL;
  size_t n = 0;
  uint32_t bits = 0;
  for (size_t i = 0; i < digits; i++) {
    int value = base64_value(text.at[i]);
    if (value < 0) return GW_ERR_ARGUMENT;
    bits = bits << 6 | (uint32_t)value;
    if (i % 4 > 0) out[n++] = (uint8_t)(bits >> (6 - i % 4 * 2));
  }
  /* Bits that no byte uses must be 0, or one value would have several spellings. */
  uint32_t spare = digits % 4 == 2 ? 15 : digits % 4 == 3 ? 3 : 0;
  return bits & spare ? GW_ERR_ARGUMENT : (int)n;
}
