/* SPDX-License-Identifier: MIT */
/*
 * How fast payload bytes are worked on: every level of base/simd.h beside memcpy, in GB/s of
 * payload, for sizes from a chat line to what no longer fits the second cache. The best of several
 * short rounds counts, since others use the machine too. First lines for programs, `simd LEVEL OP
 * SIZE GB/s`, then a table for people.
 */
#include "base/simd.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/utf8.h"

enum { ROUNDS = 7, ROUND_NS = 3000000, LARGEST = 1 << 20, LINE = 128 };

static const size_t sizes[] = {20, 125, 1 << 10, 16 << 10, LARGEST};
enum { SIZES = sizeof sizes / sizeof sizes[0] };

static const uint8_t key[4] = {0x37, 0xFA, 0x21, 0x3D};

struct work {
  const struct gw_simd *simd;
  uint8_t *dst;
  uint8_t *src;
  size_t len;
  bool is_good;
};

static void run_memcpy(struct work *w) {
  memcpy(w->dst, w->src, w->len);
  __asm__ volatile("" : : "r"(w->dst) : "memory");
}

static void run_mask(struct work *w) {
  w->simd->mask(w->dst, w->src, w->len, key, 1);
}

static void run_utf8(struct work *w) {
  w->is_good &= gw_utf8_valid(w->simd, w->src, w->len);
}

static void run_fused(struct work *w) {
  struct gw_utf8 u = {0};
  w->is_good &= w->simd->mask_utf8(w->dst, w->src, w->len, key, 0, &u);
}

static const struct op {
  const char *name;
  const char *text; /* repeated to the size; the fused passes get it masked */
  void (*run)(struct work *w);
  bool is_masked;
} ops[] = {
    {"mask", "text", run_mask, false},
    {"utf8-ascii", "Hello, world. ", run_utf8, false},
    {"utf8-korean", "안녕하세요반갑습니다", run_utf8, false},
    {"utf8-emoji", "🙂🚀🎉👋", run_utf8, false},
    {"utf8-mixed", "Hello 안녕하세요, see you at 7 🙂 in the usual place. ", run_utf8,
     false},
    {"fused-ascii", "Hello, world. ", run_fused, true},
    {"fused-korean", "안녕하세요반갑습니다", run_fused, true},
    {"fused-emoji", "🙂🚀🎉👋", run_fused, true},
    {"fused-mixed", "Hello 안녕하세요, see you at 7 🙂 in the usual place. ", run_fused,
     true},
};
enum { OPS = sizeof ops / sizeof ops[0] };

/* Ends with a whole code point: dots stand where one would be cut. */
static void write_text(uint8_t *data, const struct op *op, size_t len) {
  size_t n = strlen(op->text), end = len;
  for (size_t i = 0; i < len; i++)
    data[i] = (uint8_t)op->text[i % n];
  if ((op->text[len % n] & 0xC0) == 0x80) {
    do
      end--;
    while ((data[end] & 0xC0) == 0x80);
    memset(data + end, '.', len - end);
  }
  for (size_t i = 0; op->is_masked && i < len; i++)
    data[i] ^= key[i % 4];
}

static double now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* GB/s of the best round. */
static double measure(void (*run)(struct work *), struct work *w) {
  double best = 0;
  size_t times = 1 + 200000 / (w->len + 20);
  for (int round = 0; round < ROUNDS; round++) {
    double start = now_ns(), end = start;
    size_t done = 0;
    for (; end - start < ROUND_NS; end = now_ns(), done += times)
      for (size_t i = 0; i < times; i++)
        run(w);
    double rate = (double)done * (double)w->len / (end - start);
    if (rate > best) best = rate;
  }
  return best;
}

static void print_row(const char *level, const char *op, const double rates[SIZES]) {
  for (size_t i = 0; i < SIZES; i++)
    printf("simd %s %s %zu %.2f\n", level, op, sizes[i], rates[i]);
}

static void print_table_row(const char *level, const char *op, const double rates[SIZES]) {
  printf("%-10s%-14s", level, op);
  for (size_t i = 0; i < SIZES; i++)
    printf("%10.2f", rates[i]);
  printf("\n");
}

static bool measure_op(struct work *w, const struct op *op, double rates[SIZES]) {
  for (size_t i = 0; i < SIZES; i++) {
    w->len = sizes[i];
    write_text(w->src, op, w->len);
    rates[i] = measure(op->run, w);
  }
  return w->is_good;
}

int main(void) {
  static double rates[GW_SIMD_LEVELS][OPS][SIZES], plain[SIZES];
  static const struct op copy = {"memcpy", "text", run_memcpy, false};
  uint8_t *src = aligned_alloc(LINE, LARGEST + LINE), *dst = aligned_alloc(LINE, LARGEST + LINE);
  if (!src || !dst) return 1;
  /* A payload begins anywhere: after a header of 8 bytes, say. */
  struct work w = {.dst = dst, .src = src + 8, .is_good = true};
  measure_op(&w, &copy, plain);
  print_row("libc", copy.name, plain);
  for (int level = 0; level < GW_SIMD_LEVELS; level++)
    for (size_t i = 0; i < OPS; i++) {
      w.simd = gw_simd_at((enum gw_simd_level)level);
      if (!w.simd) continue;
      if (!measure_op(&w, &ops[i], rates[level][i])) return 1;
      print_row(w.simd->name, ops[i].name, rates[level][i]);
    }
  printf("\n%-10s%-14s%10s%10s%10s%10s%10s   GB/s; best here: %s\n", "level", "op", "20", "125",
         "1 Ki", "16 Ki", "1 Mi", gw_simd_best()->name);
  print_table_row("libc", copy.name, plain);
  for (size_t i = 0; i < OPS; i++)
    for (int level = 0; level < GW_SIMD_LEVELS; level++)
      if (gw_simd_at((enum gw_simd_level)level))
        print_table_row(gw_simd_at((enum gw_simd_level)level)->name, ops[i].name, rates[level][i]);
  free(src);
  free(dst);
  return 0;
}
