/* SPDX-License-Identifier: MIT */
/*
 * Heads of HTTP/1.x. The scanner walks the bytes once, as they come, and refuses what no head may
 * hold; the parser then cuts a whole head into its parts and decides how the body is framed. It
 * trusts the scanner for control characters, never for memory: whatever it is given, it reads
 * inside of `len`. No allocation, no copy: every slice points into the input (or to a constant).
 */
#include "codec/http/head.h"

#include "codec/http/chars.h"
#include "codec/http/text.h"

/* ---- the scanner ---- */

/* Whether none of the eight bytes is below 0x20 or DEL, all at once: a borrow out of a byte sets
 * its top bit, and bytes above 0x7F are masked away. */
static bool are_eight_plain(const char *p) {
  const uint64_t ones = 0x0101010101010101u, tops = 0x8080808080808080u;
  uint64_t w;
  memcpy(&w, p, sizeof w);
  uint64_t del = w ^ (ones * 0x7F);
  return ((((w - ones * 0x20) & ~w) | ((del - ones) & ~del)) & tops) == 0;
}

/* The first byte in [from, end) that is not plain text: a control character (TAB is none here). */
static size_t skip_plain(const char *data, size_t from, size_t end) {
  while (from + 8 <= end && are_eight_plain(data + from))
    from += 8;
  while (from < end && gw_http_char_is_field((unsigned char)data[from]))
    from++;
  return from;
}

/* What may not begin a line. */
static int check_line_start(const struct gw_http_scan *scan, char first) {
  if (first == '\r') return 0;
  if (first == ' ' || first == '\t') return GW_ERR_HTTP_SYNTAX; /* obs-fold, RFC 9112 section 5.2 */
  return scan->lines > GW_HTTP_FIELDS_MAX ? GW_ERR_HTTP_HEADERS_LARGE : 0;
}

/* At a control character. 1: it was the head's last byte. */
static int scan_control(struct gw_http_scan *scan, char c) {
  if (!scan->saw_cr) {
    if (c != '\r') return GW_ERR_HTTP_SYNTAX; /* a bare LF among them: RFC 9112 section 2.2 */
    scan->saw_cr = true;
    scan->at++;
    return 0;
  }
  if (c != '\n') return GW_ERR_HTTP_SYNTAX;
  bool is_empty = scan->at == scan->line_start + 1;
  if (is_empty && scan->lines == 0) return GW_ERR_HTTP_SYNTAX;
  scan->saw_cr = false;
  scan->at++;
  scan->lines++;
  scan->line_start = scan->at;
  return is_empty;
}

int gw_http_scan(struct gw_http_scan *scan, const char *data, size_t len) {
  /* A lone CR may be the first half of an empty line that gw_http_scan_blank drops. */
  if (scan->at == 0 && len == 1 && data[0] == '\r') return 0;
  size_t end = len < GW_HTTP_HEAD_MAX ? len : GW_HTTP_HEAD_MAX;
  while (scan->at < end) {
    if (scan->at == scan->line_start) {
      int err = check_line_start(scan, data[scan->at]);
      if (err < 0) return err;
    }
    if (!scan->saw_cr) {
      bool is_first = scan->lines == 0;
      size_t stop = is_first && end > GW_HTTP_LINE_MAX ? GW_HTTP_LINE_MAX : end;
      scan->at = (uint32_t)skip_plain(data, scan->at, stop);
      if (scan->at == end) break;
      if (is_first && scan->at == GW_HTTP_LINE_MAX && data[scan->at] != '\r')
        return GW_ERR_HTTP_TARGET_LONG;
    }
    int n = scan_control(scan, data[scan->at]);
    if (n != 0) return n < 0 ? n : (int)scan->at;
  }
  return scan->at == GW_HTTP_HEAD_MAX ? GW_ERR_HTTP_HEADERS_LARGE : 0;
}

size_t gw_http_scan_blank(const char *data, size_t len) {
  size_t n = 0;
  while (n < 4 && n + 2 <= len && data[n] == '\r' && data[n + 1] == '\n')
    n += 2;
  return n;
}

/* ---- fields ---- */

/* What the fields that concern framing and the connection said, over all their lines. */
struct said {
  unsigned hosts, lengths, codings;
  bool is_chunked;  /* the last Transfer-Encoding line is exactly `chunked` */
  bool is_odd;      /* a Transfer-Encoding that leaves open where the body ends */
  bool close, keep; /* Connection */
  bool lists_upgrade, has_upgrade;
};

/* The next line without its CRLF; false where there is none that ends in CRLF. */
static bool cut_line(struct gw_str *rest, struct gw_str *out) {
  const char *lf = rest->len ? memchr(rest->at, '\n', rest->len) : NULL;
  if (!lf || lf == rest->at || lf[-1] != '\r') return false;
  *out = (struct gw_str){rest->at, (size_t)(lf - rest->at) - 1};
  rest->len -= out->len + 2;
  rest->at = lf + 1;
  return true;
}

/* Digits and nothing else (RFC 9110 section 8.6): no sign, blank, list or hex. The top bit stays
 * free, so that a length fits every signed type of the same size too. */
static int parse_length(struct gw_str s, uint64_t *out) {
  return gw_str_number(s, INT64_MAX, out) ? 0 : GW_ERR_HTTP_SYNTAX;
}

static void read_connection(struct gw_str list, struct said *said) {
  struct gw_str token;
  while (gw_http_list_next(&list, &token)) {
    if (gw_str_is_nocase(token, "close"))
      said->close = true;
    else if (gw_str_is_nocase(token, "keep-alive"))
      said->keep = true;
    else if (gw_str_is_nocase(token, "upgrade"))
      said->lists_upgrade = true;
  }
}

/* One line of Transfer-Encoding. `chunked` must be the last coding of all and come once, and
 * nothing may look like it without being it: RFC 9112 sections 6.1 and 6.3. */
static void read_coding(struct gw_str value, struct said *said) {
  said->codings++;
  for (size_t from = 0, i = 0; i <= value.len; i++) {
    if (i < value.len && value.at[i] != ',') continue;
    struct gw_str coding = gw_str_trim((struct gw_str){value.at + from, i - from});
    if (said->is_chunked || !gw_http_is_token(coding)) said->is_odd = true;
    said->is_chunked = gw_str_is_nocase(coding, "chunked");
    if (from > 0 || i < value.len) said->codings++; /* more than the one word */
    from = i + 1;
  }
}

/* What the head itself understands of a field. */
static int read_field(struct gw_http_head *head, const struct gw_http_field *field,
                      struct said *said) {
  struct gw_str name = field->name;
  switch (name.len) { /* most names are told apart by their length alone */
  case 4:
    if (!gw_str_is_nocase(name, "host")) return 0;
    head->host = field->value;
    return said->hosts++ ? GW_ERR_HTTP_SYNTAX : 0; /* RFC 9112 section 3.2 */
  case 6:
    if (gw_str_is_nocase(name, "expect"))
      head->expects_continue = gw_str_is_nocase(field->value, "100-continue");
    return 0;
  case 7:
    if (gw_str_is_nocase(name, "upgrade")) said->has_upgrade |= field->value.len > 0;
    return 0;
  case 10:
    if (gw_str_is_nocase(name, "connection")) read_connection(field->value, said);
    return 0;
  case 14:
    if (!gw_str_is_nocase(name, "content-length")) return 0;
    if (said->lengths++) return GW_ERR_HTTP_SYNTAX;
    return parse_length(field->value, &head->length);
  case 17:
    if (gw_str_is_nocase(name, "transfer-encoding")) read_coding(field->value, said);
    return 0;
  default: return 0;
  }
}

static int parse_field(struct gw_str line, struct gw_http_field *out) {
  size_t n = 0;
  while (n < line.len && gw_http_char_is_token((unsigned char)line.at[n]))
    n++;
  /* No name, a blank before the colon (RFC 9112 section 5.1), an obs-fold, or no field at all. */
  if (n == 0 || n == line.len || line.at[n] != ':') return GW_ERR_HTTP_SYNTAX;
  out->name = (struct gw_str){line.at, n};
  out->value = gw_str_trim((struct gw_str){line.at + n + 1, line.len - n - 1});
  return 0;
}

/* All field lines and the empty one that ends them. */
static int parse_fields(struct gw_http_head *head, struct gw_str rest, struct said *said) {
  struct gw_str line;
  while (cut_line(&rest, &line)) {
    if (line.len == 0) return rest.len == 0 ? 0 : GW_ERR_HTTP_SYNTAX;
    if (head->n_fields == GW_HTTP_FIELDS_MAX) return GW_ERR_HTTP_HEADERS_LARGE;
    struct gw_http_field *field = &head->fields[head->n_fields];
    int err = parse_field(line, field);
    if (err == 0) err = read_field(head, field, said);
    if (err < 0) return err;
    head->n_fields++;
  }
  return GW_ERR_HTTP_SYNTAX;
}

/* Length or coding, never both (RFC 9112 section 6.1); `otherwise` where neither is given. */
static int decide_framing(struct gw_http_head *head, const struct said *said,
                          enum gw_http_framing otherwise) {
  head->framing = said->lengths ? GW_HTTP_LENGTH : otherwise;
  if (said->codings == 0) return 0;
  /* A coding in HTTP/1.0 means a sender, or somebody between, that frames by other rules. */
  if (said->lengths || head->minor == 0) return GW_ERR_HTTP_SYNTAX;
  if (said->is_odd || !said->is_chunked) return GW_ERR_HTTP_SYNTAX;
  if (said->codings > 1) return GW_ERR_HTTP_CODING;
  head->framing = GW_HTTP_CHUNKED;
  return 0;
}

static void decide_connection(struct gw_http_head *head, const struct said *said) {
  head->keep_alive = !said->close && (head->minor == 1 || said->keep);
  head->wants_upgrade = said->lists_upgrade && said->has_upgrade;
}

/* ---- start lines ---- */

/* `HTTP/1.0` or `HTTP/1.1`; case counts (RFC 9112 section 2.3). */
static int parse_version(struct gw_str s, uint8_t *out_minor) {
  if (s.len != 8 || memcmp(s.at, "HTTP/", 5) != 0 || s.at[6] != '.') return GW_ERR_HTTP_SYNTAX;
  if (s.at[5] < '0' || s.at[5] > '9' || s.at[7] < '0' || s.at[7] > '9') return GW_ERR_HTTP_SYNTAX;
  if (s.at[5] != '1' || s.at[7] > '1') return GW_ERR_HTTP_VERSION;
  *out_minor = (uint8_t)(s.at[7] - '0');
  return 0;
}

static enum gw_http_method method_of(struct gw_str s) {
  static const struct {
    const char *name;
    enum gw_http_method method;
  } known[] = {
      {"GET", GW_HTTP_GET},     {"HEAD", GW_HTTP_HEAD},       {"POST", GW_HTTP_POST},
      {"PUT", GW_HTTP_PUT},     {"DELETE", GW_HTTP_DELETE},   {"OPTIONS", GW_HTTP_OPTIONS},
      {"PATCH", GW_HTTP_PATCH}, {"CONNECT", GW_HTTP_CONNECT},
  };
  for (size_t i = 0; i < sizeof known / sizeof *known; i++)
    if (gw_str_is(s, known[i].name)) return known[i].method;
  return GW_HTTP_OTHER;
}

/* Cuts up to the next blank; false where none follows. */
static bool cut_word(struct gw_str *rest, struct gw_str *out) {
  const char *blank = rest->len ? memchr(rest->at, ' ', rest->len) : NULL;
  if (!blank) return false;
  *out = (struct gw_str){rest->at, (size_t)(blank - rest->at)};
  rest->len -= out->len + 1;
  rest->at = blank + 1;
  return true;
}

/* `http://host[:port]/path` becomes path and host (RFC 9112 section 3.2.2). Without a path it is
 * `/`, and `*` for OPTIONS (section 3.2.4); `http://host?query`, which nobody sends, would be no
 * slice of the input, and is refused. */
static int reduce_absolute(struct gw_http_head *head, size_t scheme_len) {
  struct gw_str rest = {head->target.at + scheme_len, head->target.len - scheme_len};
  size_t n = 0;
  while (n < rest.len && rest.at[n] != '/' && rest.at[n] != '?')
    n++;
  head->host = (struct gw_str){rest.at, n};
  if (n == rest.len)
    head->target = head->method == GW_HTTP_OPTIONS ? GW_STR("*") : GW_STR("/");
  else if (rest.at[n] == '/')
    head->target = (struct gw_str){rest.at + n, rest.len - n};
  else
    return GW_ERR_HTTP_SYNTAX;
  return 0;
}

static bool begins_nocase(struct gw_str s, const char *lower) {
  size_t n = strlen(lower);
  return s.len >= n && gw_str_is_nocase((struct gw_str){s.at, n}, lower);
}

/* After the fields, because an absolute target's host goes before the header's. */
static int resolve_target(struct gw_http_head *head) {
  struct gw_http_authority authority;
  struct gw_str target = head->target;
  if (head->method == GW_HTTP_CONNECT) {
    int err = gw_http_authority_parse(target, &authority);
    return err < 0 || authority.port == 0 ? GW_ERR_HTTP_SYNTAX : 0; /* section 3.2.3 */
  }
  if (target.at[0] == '/') return 0;
  if (gw_str_is(target, "*")) return head->method == GW_HTTP_OPTIONS ? 0 : GW_ERR_HTTP_SYNTAX;
  int err = GW_ERR_HTTP_SYNTAX;
  if (begins_nocase(target, "http://")) err = reduce_absolute(head, 7);
  if (begins_nocase(target, "https://")) err = reduce_absolute(head, 8);
  return err < 0 ? err : gw_http_authority_parse(head->host, &authority);
}

static int parse_request_line(struct gw_http_head *head, struct gw_str line) {
  if (!cut_word(&line, &head->method_text) || !gw_http_is_token(head->method_text))
    return GW_ERR_HTTP_SYNTAX;
  if (!cut_word(&line, &head->target) || !gw_http_is_target(head->target))
    return GW_ERR_HTTP_SYNTAX;
  head->method = method_of(head->method_text);
  return parse_version(line, &head->minor);
}

/* Some servers leave the blank away where the reason is empty; nothing depends on it. */
static int parse_status_line(struct gw_http_head *head, struct gw_str line) {
  struct gw_str version;
  if (!cut_word(&line, &version)) return GW_ERR_HTTP_SYNTAX;
  int err = parse_version(version, &head->minor);
  if (err < 0) return err;
  if (line.len < 3 || (line.len > 3 && line.at[3] != ' ')) return GW_ERR_HTTP_SYNTAX;
  for (size_t i = 0; i < 3; i++) {
    if (line.at[i] < '0' || line.at[i] > '9') return GW_ERR_HTTP_SYNTAX;
    head->status = head->status * 10 + (unsigned)(line.at[i] - '0');
  }
  if (head->status < 100) return GW_ERR_HTTP_SYNTAX;
  head->reason = line.len > 4 ? (struct gw_str){line.at + 4, line.len - 4} : GW_STR("");
  return 0;
}

/* ---- heads ---- */

/* All but the table of fields, which is most of the struct and not read past n_fields. */
static void head_reset(struct gw_http_head *head) {
  memset(head, 0, offsetof(struct gw_http_head, fields));
}

int gw_http_request_parse(struct gw_http_head *head, const char *data, size_t len) {
  struct gw_str rest = {data, len}, line;
  struct said said = {0};
  head_reset(head);
  if (!cut_line(&rest, &line)) return GW_ERR_HTTP_SYNTAX;
  int err = parse_request_line(head, line);
  if (err == 0) err = parse_fields(head, rest, &said);
  if (err < 0) return err;
  struct gw_http_authority authority;
  if (said.hosts ? gw_http_authority_parse(head->host, &authority) < 0 : head->minor == 1)
    return GW_ERR_HTTP_SYNTAX; /* RFC 9112 section 3.2 */
  err = resolve_target(head);
  gw_http_target_split(head->target, &head->path, &head->query);
  if (err == 0) err = decide_framing(head, &said, GW_HTTP_NO_BODY);
  if (err < 0) return err;
  decide_connection(head, &said);
  if (head->minor == 0) head->expects_continue = false; /* RFC 9110 section 10.1.1 */
  return 0;
}

/* RFC 9112 section 6.3, cases 1 and 2. */
static bool has_no_body(unsigned status, enum gw_http_method request) {
  if (request == GW_HTTP_HEAD || status < 200 || status == 204 || status == 304) return true;
  return request == GW_HTTP_CONNECT && status < 300;
}

int gw_http_response_parse(struct gw_http_head *head, const char *data, size_t len,
                           enum gw_http_method request) {
  struct gw_str rest = {data, len}, line;
  struct said said = {0};
  head_reset(head);
  if (!cut_line(&rest, &line)) return GW_ERR_HTTP_SYNTAX;
  int err = parse_status_line(head, line);
  if (err == 0) err = parse_fields(head, rest, &said);
  if (err == 0) err = decide_framing(head, &said, GW_HTTP_UNTIL_CLOSE);
  if (err < 0) return err;
  if (has_no_body(head->status, request)) head->framing = GW_HTTP_NO_BODY;
  decide_connection(head, &said);
  return 0;
}

const struct gw_http_field *gw_http_field(const struct gw_http_head *head, const char *lower_name,
                                          unsigned n) {
  for (unsigned i = 0; i < head->n_fields; i++)
    if (gw_str_is_nocase(head->fields[i].name, lower_name) && n-- == 0) return &head->fields[i];
  return NULL;
}

struct gw_str gw_http_only(const struct gw_http_head *head, const char *lower_name,
                           unsigned *out_count) {
  struct gw_str value = {NULL, 0};
  unsigned count = 0;
  for (unsigned i = 0; i < head->n_fields; i++)
    if (gw_str_is_nocase(head->fields[i].name, lower_name) && count++ == 0)
      value = head->fields[i].value;
  if (out_count) *out_count = count;
  return count == 1 ? value : (struct gw_str){NULL, 0};
}
