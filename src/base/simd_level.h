/* SPDX-License-Identifier: MIT */
/* The tables behind gw_simd_at, one per instruction set; which of them exist, the Makefile decides
 * by the names of their files. Calling one on a processor without its instructions is a crash. */
#ifndef GW_BASE_SIMD_LEVEL_H
#define GW_BASE_SIMD_LEVEL_H

#include "base/simd.h"

extern const struct gw_simd gw_simd_portable;
extern const struct gw_simd gw_simd_sse;
extern const struct gw_simd gw_simd_avx2;
extern const struct gw_simd gw_simd_avx512;
extern const struct gw_simd gw_simd_neon;

#endif
