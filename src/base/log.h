/* SPDX-License-Identifier: MIT */
/*
 * Log lines that a person and a program can read: `2026-11-21T14:00:00.123Z info listening
 * url=http://127.0.0.1:8000`, that is time, level, event, then key=value pairs in logfmt (values
 * with blanks, quotes or control characters are quoted and escaped). One write() per line, so lines
 * of several threads never mix. Only `session` and above log.
 */
#ifndef GW_BASE_LOG_H
#define GW_BASE_LOG_H

#include "base/str.h"
#include "godwit/log.h"

struct gw_log {
  int fd;                  /* where the lines go, 2 by default; ignored where `write` is set */
  enum gw_log_level level; /* lines below it are not made */
  void (*write)(void *user, enum gw_log_level level, const char *line,
                size_t len); /* instead of fd; NULL: fd */
  void *user;
};

/* `event` is one or a few lower-case words, `format` gives the pairs as `key=value`; the caller
 * sees to the quoting of what came from outside (gw_log_quote). */
void gw_log_printf(const struct gw_log *log, enum gw_log_level level, const char *event,
                   const char *format, ...) __attribute__((format(printf, 4, 5)));
/* Writes `value` into `out` as a logfmt value, quoted where needed, cut where it does not fit;
 * NUL-terminated. Gives out. */
const char *gw_log_quote(char *out, size_t size, struct gw_str value);

#endif
