/* SPDX-License-Identifier: MIT */
/*
 * No recursion and no allocation: a value ends where its brackets are even and its strings closed.
 * Whatever the text is, nothing is read beyond its end.
 */
#include "codec/json.h"

static bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static struct gw_str skip(struct gw_str text, size_t n) {
  return (struct gw_str){text.at + n, text.len - n};
}

static struct gw_str skip_blanks(struct gw_str text) {
  size_t n = 0;
  while (n < text.len && is_blank(text.at[n]))
    n++;
  return skip(text, n);
}

/* The text begins with a quote: the length up to behind the one that closes it. */
static size_t string_len(struct gw_str text) {
  size_t n = 1;
  while (n < text.len && text.at[n] != '"')
    n += text.at[n] == '\\' && n + 1 < text.len ? 2 : 1;
  return n < text.len ? n + 1 : text.len;
}

static size_t value_len(struct gw_str text) {
  size_t depth = 0, n = 0;
  while (n < text.len) {
    char c = text.at[n];
    if (c == '"') {
      n += string_len(skip(text, n));
      if (depth == 0) return n;
      continue;
    }
    bool is_close = c == ']' || c == '}';
    if (depth == 0 && (is_close || c == ',' || c == ':' || is_blank(c))) return n;
    n++;
    if (c == '[' || c == '{') depth++;
    if (is_close && --depth == 0) return n;
  }
  return n;
}

static struct gw_str cut_value(struct gw_str *rest) {
  *rest = skip_blanks(*rest);
  struct gw_str value = {rest->at, value_len(*rest)};
  *rest = skip_blanks(skip(*rest, value.len));
  return value;
}

/* Past a comma or colon, where one stands here. */
static void pass(struct gw_str *rest, char mark) {
  if (rest->len > 0 && rest->at[0] == mark) *rest = skip(*rest, 1);
}

struct gw_str gw_json_inside(struct gw_str value, char bracket) {
  value = skip_blanks(value);
  while (value.len > 0 && is_blank(value.at[value.len - 1]))
    value.len--;
  if (value.len < 2 || value.at[0] != bracket) return (struct gw_str){0};
  return skip_blanks((struct gw_str){value.at + 1, value.len - 2});
}

bool gw_json_next_element(struct gw_str *rest, struct gw_str *out_value) {
  if (rest->len == 0) return false;
  struct gw_str value = cut_value(rest);
  if (value.len == 0) return false;
  pass(rest, ',');
  *out_value = value;
  return true;
}

bool gw_json_next_member(struct gw_str *rest, struct gw_str *out_name, struct gw_str *out_value) {
  if (rest->len == 0) return false;
  struct gw_str name = cut_value(rest);
  pass(rest, ':');
  struct gw_str value = cut_value(rest);
  if (name.len == 0 || value.len == 0) return false;
  pass(rest, ',');
  *out_name = name;
  *out_value = value;
  return true;
}

size_t gw_json_compact(struct gw_str value, char *out) {
  size_t len = 0;
  while (value.len > 0) {
    size_t n = value.at[0] == '"' ? string_len(value) : 1;
    if (!is_blank(value.at[0])) {
      memcpy(out + len, value.at, n);
      len += n;
    }
    value = skip(value, n);
  }
  return len;
}
