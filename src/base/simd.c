/* SPDX-License-Identifier: MIT */
/*
 * Which levels this build has and this processor runs, best first. The work itself is in the files
 * of the levels; nothing is remembered here, so callers keep the pointer.
 */
#include "base/simd.h"

#include "base/simd_level.h"

struct choice {
  enum gw_simd_level level;
  const struct gw_simd *table;
  bool (*is_runnable)(void);
};

#if defined(__x86_64__)
static bool has_avx512(void) {
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("avx2");
}

static bool has_avx2(void) {
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx2");
}

static bool has_sse(void) {
  __builtin_cpu_init();
  return __builtin_cpu_supports("ssse3") && __builtin_cpu_supports("sse4.1");
}
#endif

static bool is_always(void) {
  return true;
}

static const struct choice choices[] = {
#if defined(__x86_64__)
    {GW_SIMD_AVX512, &gw_simd_avx512, has_avx512},
    {GW_SIMD_AVX2, &gw_simd_avx2, has_avx2},
    {GW_SIMD_SSE, &gw_simd_sse, has_sse},
#elif defined(__aarch64__)
    {GW_SIMD_NEON, &gw_simd_neon, is_always},
#endif
    {GW_SIMD_PORTABLE, &gw_simd_portable, is_always},
};

enum { CHOICES = sizeof choices / sizeof choices[0] };

const struct gw_simd *gw_simd_best(void) {
  size_t i = 0;
  while (!choices[i].is_runnable())
    i++;
  return choices[i].table;
}

const struct gw_simd *gw_simd_at(enum gw_simd_level level) {
  for (size_t i = 0; i < CHOICES; i++)
    if (choices[i].level == level) return choices[i].is_runnable() ? choices[i].table : NULL;
  return NULL;
}
