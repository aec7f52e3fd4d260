/* SPDX-License-Identifier: MIT */
/* A piece of somebody else's memory: where it starts and how long it is. Never NUL-terminated. */
#ifndef GW_BASE_STR_H
#define GW_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
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

/* Decimal digits and nothing else, at most `max`: no sign, no blank; leading zeros are digits.
 * False, and *out as it was, for anything else, the empty string too. */
static inline bool gw_str_number(struct gw_str s, uint64_t max, uint64_t *out) {
  uint64_t value = 0;
  for (size_t i = 0; i < s.len; i++) {
    unsigned digit = (unsigned char)s.at[i] - (unsigned)'0';
    if (digit > 9 || digit > max || value > (max - digit) / 10) return false;
    value = value * 10 + digit;
  }
  if (s.len > 0) *out = value;
  return s.len > 0;
}

/* The same as a person is to write it, on a command line or in an address: without zeros before it,
 * which other programs take for octal. */
static inline bool gw_str_decimal(struct gw_str s, uint64_t max, uint64_t *out) {
  return !(s.len > 1 && s.at[0] == '0') && gw_str_number(s, max, out);
}

#endif
