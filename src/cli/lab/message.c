/* SPDX-License-Identifier: MIT */
/* The fill is letters without a pattern, and the same for each length, so nothing that compresses
 * gains more by it than by real text. */
#include "cli/lab/message.h"

#include <stdio.h>
#include <time.h>

enum { HEAD_MAX = 64, EPOCH_MS_MAX_DIGITS = 15 };

static uint64_t us_of(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

uint64_t gw_lab_clock_us(void) {
  return us_of(CLOCK_REALTIME);
}

uint64_t gw_lab_steady_us(void) {
  return us_of(CLOCK_MONOTONIC);
}

void gw_lab_message_write(char *out, size_t len, const struct gw_lab_message *message) {
  char head[HEAD_MAX];
  uint32_t state = 1;
  int n = snprintf(head, sizeof head, "%llu %llu.%03u ", (unsigned long long)message->seq,
                   (unsigned long long)(message->at_us / 1000), (unsigned)(message->at_us % 1000));
  size_t at = (size_t)n < len ? (size_t)n : len;
  memcpy(out, head, at);
  for (; at < len; at++) {
    state = state * 1664525 + 1013904223; /* Knuth's and Lewis's, its high bits */
    out[at] = (char)('a' + (state >> 24) % 26);
  }
}

static struct gw_str cut_at(struct gw_str *rest, char c) {
  const char *end = rest->len ? memchr(rest->at, c, rest->len) : NULL;
  if (!end) return (struct gw_str){NULL, 0};
  struct gw_str word = {rest->at, (size_t)(end - rest->at)};
  rest->at += word.len + 1;
  rest->len -= word.len + 1;
  return word;
}

bool gw_lab_message_read(struct gw_str text, struct gw_lab_message *out) {
  uint64_t seq = 0, ms = 0, us = 0;
  struct gw_str number = cut_at(&text, ' '), whole = cut_at(&text, '.'), part = cut_at(&text, ' ');
  if (!gw_str_number(number, UINT64_MAX, &seq) || seq == 0) return false;
  if (whole.len > EPOCH_MS_MAX_DIGITS || !gw_str_number(whole, UINT64_MAX / 1000 - 1, &ms))
    return false;
  if (part.len != 3 || !gw_str_number(part, 999, &us)) return false;
  *out = (struct gw_lab_message){.seq = seq, .at_us = ms * 1000 + us};
  return true;
}
