/* SPDX-License-Identifier: MIT */
/* Every level against the reference decoder. The first byte says where the text is cut and where
 * the key begins. */
#include <stdlib.h>
#include <string.h>

#include "base/simd.h"
#include "base/utf8.h"
#include "support/utf8_reference.h"

static const uint8_t key[4] = {0xC3, 0x5A, 0x80, 0x01};

static void require(bool is_so) {
  if (!is_so) abort();
}

static void check_fed(const struct gw_simd *simd, const uint8_t *text, size_t len, size_t cut) {
  unsigned missing;
  size_t good = reference_prefix(text, len, &missing);
  struct gw_utf8 u = {0};
  require(gw_utf8_feed(&u, simd, text, cut) == (good >= cut));
  require(gw_utf8_feed(&u, simd, text + cut, len - cut) == (good == len));
  require(good < len || gw_utf8_is_complete(&u) == (missing == 0));
  require(gw_utf8_valid(simd, text, len) == (good == len && missing == 0));
}

/* In place in exact memory, in the same two pieces. */
static void check_fused(const struct gw_simd *simd, const uint8_t *text, size_t len, size_t cut,
                        unsigned phase) {
  unsigned missing;
  size_t good = reference_prefix(text, len, &missing);
  uint8_t *data = malloc(len + 1);
  require(data != NULL);
  struct gw_utf8 u = {0};
  simd->mask(data, text, len, key, phase);
  for (size_t i = 0; i < len; i++)
    require(data[i] == (text[i] ^ key[(phase + i) % 4]));
  require(simd->mask_utf8(data, data, cut, key, phase, &u) == (good >= cut));
  require(simd->mask_utf8(data + cut, data + cut, len - cut, key, (unsigned)(phase + cut), &u) ==
          (good == len));
  require(good < len || memcmp(data, text, len) == 0);
  require(good < len || gw_utf8_is_complete(&u) == (missing == 0));
  free(data);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size == 0) return 0;
  size_t len = size - 1, cut = data[0] % (len + 1);
  for (int level = 0; level < GW_SIMD_LEVELS; level++) {
    const struct gw_simd *simd = gw_simd_at((enum gw_simd_level)level);
    if (!simd) continue;
    check_fed(simd, data + 1, len, cut);
    check_fused(simd, data + 1, len, cut, data[0] % 4u);
  }
  return 0;
}
