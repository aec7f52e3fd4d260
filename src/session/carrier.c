/* SPDX-License-Identifier: MIT */
/* The words of Godwit's own close codes. */
#include "session/carrier.h"

const char *gw_close_code_text(enum gw_close_code code) {
  switch (code) {
#define TEXT(name, number, text)                                                                   \
  case GW_CLOSE_##name: return text;
    GW_CLOSE_CODES(TEXT)
#undef TEXT
  }
  return "";
}
