/* SPDX-License-Identifier: MIT */
/* A piece of somebody else's memory: where it starts and how long it is. Never NUL-terminated. */
#ifndef GW_BASE_STR_H
#define GW_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct gw_str {
  const char *at;
  size_t len;
};

#define GW_STR(literal) ((struct gw_str){(literal), sizeof(literal) - 1})

static inline struct gw_str gw_str_of(const char *text) {
  return (struct gw_str){text, strlen(text)};
}

static inline bool gw_str_is(struct gw_str s, const char *text) {
  size_t n = strlen(text);
  return s.len == n && memcmp(s.at, text, n) == 0;
}

static inline char gw_char_lower(char c) {
  return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

/* ASCII only, as protocols compare their tokens; no locale. */
static inline bool gw_str_is_nocase(struct gw_str s, const char *lower) {
  size_t i = 0;
  for (; i < s.len && lower[i]; i++)
    if (gw_char_lower(s.at[i]) != lower[i]) return false;
  return i == s.len && lower[i] == '\0';
}

static inline bool gw_str_eq(struct gw_str a, struct gw_str b) {
  return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

#endif
