/* SPDX-License-Identifier: MIT */
/*
 * Values below 128 have a slot each; from there on each doubling has 128 slots, twice as wide as
 * those of the one before. A slot is read back as its middle. Minimum and maximum are kept as they
 * came, so no quantile lies outside of them.
 */
#include "base/histogram.h"

/* How many low bits of the value its slot does not tell. */
static unsigned shift_of(uint64_t value) {
  unsigned width = 64 - (unsigned)__builtin_clzll(value | 1);
  return width > GW_HISTOGRAM_BITS + 1 ? width - GW_HISTOGRAM_BITS - 1 : 0;
}

/* With shift s the leading 8 bits are between 128 and 255 (below that only where s is 0): doublings
 * follow one another without a gap. */
static unsigned slot_of(uint64_t value) {
  unsigned shift = shift_of(value);
  return shift * GW_HISTOGRAM_STEPS + (unsigned)(value >> shift);
}

static uint64_t middle_of(unsigned slot) {
  if (slot < 2 * GW_HISTOGRAM_STEPS) return slot;
  unsigned shift = slot / GW_HISTOGRAM_STEPS - 1;
  uint64_t lead = slot - shift * GW_HISTOGRAM_STEPS;
  return (lead << shift) + ((1ull << shift) >> 1);
}

void gw_histogram_add(struct gw_histogram *histogram, uint64_t value) {
  if (histogram->count == 0 || value < histogram->min) histogram->min = value;
  if (histogram->count == 0 || value > histogram->max) histogram->max = value;
  histogram->count++;
  histogram->sum += (double)value;
  histogram->slots[slot_of(value)]++;
}

uint64_t gw_histogram_quantile(const struct gw_histogram *histogram, double q) {
  if (histogram->count == 0) return 0;
  if (q >= 1) return histogram->max;
  double share = q > 0 ? q * (double)histogram->count : 0;
  uint64_t rank = (uint64_t)share + (share > (double)(uint64_t)share), seen = 0;
  if (rank == 0) rank = 1;
  unsigned slot = 0;
  while (slot < GW_HISTOGRAM_SLOTS - 1 && (seen += histogram->slots[slot]) < rank)
    slot++;
  uint64_t value = middle_of(slot);
  if (value < histogram->min) return histogram->min;
  return value > histogram->max ? histogram->max : value;
}

double gw_histogram_mean(const struct gw_histogram *histogram) {
  return histogram->count ? histogram->sum / (double)histogram->count : 0;
}
