/* SPDX-License-Identifier: MIT */
/*
 * Waits between tries. Keeps nothing: who counts the failures asks with their number. It does not
 * decide whether there is a next try, only whether a Close frame forbids one.
 */
#include "client/backoff.h"

#include "godwit/ws.h"

#include <openssl/rand.h>
#include <stdint.h>

unsigned gw_backoff_ms(unsigned first, unsigned max, unsigned failures) {
  uint64_t step = failures < 16 ? (uint64_t)first << failures : max;
  if (step > max) step = max;
  uint32_t random = 0;
  RAND_bytes((unsigned char *)&random, sizeof random);
  uint64_t ms = step / 2 + random % (step / 2 + 1);
  return ms ? (unsigned)ms : 1;
}

bool gw_backoff_is_allowed(unsigned close_code) {
  if (close_code >= 4400 && close_code <= 4499) return false;
  return close_code != GW_WS_CODE_NORMAL && close_code != GW_WS_CODE_PROTOCOL_ERROR &&
         close_code != GW_WS_CODE_UNSUPPORTED_DATA &&
         !(close_code >= GW_WS_CODE_INVALID_DATA && close_code <= GW_WS_CODE_EXTENSION);
}
