/* SPDX-License-Identifier: MIT */
/* The texts of the errors, from the table in godwit/error.h. */
#include "godwit/error.h"

const char *gw_error_text(int err) {
  if (err >= 0) return "done";
  switch (err) {
#define TEXT(name, value, text)                                                                    \
  case value: return text;
    GW_ERRORS(TEXT)
#undef TEXT
  default: return "unknown error";
  }
}
