/* SPDX-License-Identifier: MIT */
/*
 * How often each value came, log-linear: 128 steps to each doubling, so that a value read back is
 * within 0.4 % of one that was added, from 0 to 2^64. Fixed size, nothing allocated.
 */
#ifndef GW_BASE_HISTOGRAM_H
#define GW_BASE_HISTOGRAM_H

#include <stdint.h>

#define GW_HISTOGRAM_BITS  7
#define GW_HISTOGRAM_STEPS (1u << GW_HISTOGRAM_BITS)
#define GW_HISTOGRAM_SLOTS ((64 - GW_HISTOGRAM_BITS + 1) * GW_HISTOGRAM_STEPS)

/* All-zero is empty. 59 KB. */
struct gw_histogram {
  uint64_t count, min, max; /* min and max: of nothing while count is 0 */
  double sum;
  uint64_t slots[GW_HISTOGRAM_SLOTS];
};

void gw_histogram_add(struct gw_histogram *histogram, uint64_t value);
/* The value that the share `q` (0 to 1) of all does not pass: 0.5 is the median, 1 the maximum. 0
 * where nothing was added. */
uint64_t gw_histogram_quantile(const struct gw_histogram *histogram, double q);
double gw_histogram_mean(const struct gw_histogram *histogram);

#endif
