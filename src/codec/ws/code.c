/* SPDX-License-Identifier: MIT */
/*
 * Close codes: the registry's table as text, which codes may stand in a frame, and which code tells
 * a peer of an error of ours. No state.
 */
#include "godwit/ws.h"

const char *gw_ws_code_text(unsigned code) {
  switch (code) {
#define TEXT(name, value, text)                                                                    \
  case value: return text;
    GW_WS_CODES(TEXT)
#undef TEXT
  default: return "";
  }
}

bool gw_ws_code_is_sendable(unsigned code) {
  /* RFC 6455 section 7.4.1: 1004 is reserved; 1005, 1006 and 1015 never stand in a frame. Section
   * 7.4.2: below 1000 unused, 1016-2999 for the protocol's future, 5000 and up undefined. */
  if (code >= 3000 && code <= 4999) return true;
  if (code < 1000 || code > 1014) return false;
  return code != 1004 && code != 1005 && code != 1006;
}

unsigned gw_ws_error_code(int err) {
  switch (err) {
  case GW_ERR_WS_PROTOCOL: return GW_WS_CODE_PROTOCOL_ERROR;
  case GW_ERR_WS_DATA: return GW_WS_CODE_INVALID_DATA;
  case GW_ERR_WS_POLICY: return GW_WS_CODE_POLICY;
  case GW_ERR_WS_TOO_BIG: return GW_WS_CODE_TOO_BIG;
  default: return GW_WS_CODE_INTERNAL_ERROR;
  }
}
