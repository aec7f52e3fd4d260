/* SPDX-License-Identifier: MIT */
/*
 * Log lines in logfmt. A line is made on the stack, cut at LINE_MAX_LEN (against a peer that fills
 * the disk by long values) and leaves in one write(), so lines of several threads never mix.
 * Nothing is kept, nothing is allocated; a failing write is nobody's error.
 */
#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum { LINE_MAX_LEN = 4096 };

static const char *const level_names[] = {
    [GW_LOG_DEBUG] = "debug",
    [GW_LOG_INFO] = "info",
    [GW_LOG_WARN] = "warn",
    [GW_LOG_ERROR] = "error",
};

/* One line while it is made; the last byte is kept for the line's end. */
struct line {
  size_t len;
  char text[LINE_MAX_LEN + 1];
};

static void put(struct line *line, const char *text, size_t len) {
  size_t room = LINE_MAX_LEN - line->len;
  if (len > room) len = room;
  memcpy(line->text + line->len, text, len);
  line->len += len;
}

static void begin(struct line *line, enum gw_log_level level, const char *event) {
  struct timespec now;
  struct tm tm;
  char text[64];
  line->len = 0;
  clock_gettime(CLOCK_REALTIME, &now);
  gmtime_r(&now.tv_sec, &tm);
  put(line, text, strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm));
  int n =
      snprintf(text, sizeof text, ".%03dZ %s ", (int)(now.tv_nsec / 1000000), level_names[level]);
  put(line, text, (size_t)n);
  put(line, event, strlen(event));
}

static void finish(const struct gw_log *log, enum gw_log_level level, struct line *line) {
  if (log->write) {
    line->text[line->len] = '\0';
    log->write(log->user, level, line->text, line->len);
    return;
  }
  line->text[line->len++] = '\n';
  while (write(log->fd, line->text, line->len) < 0 && errno == EINTR)
    continue;
}

void gw_log_printf(const struct gw_log *log, enum gw_log_level level, const char *event,
                   const char *format, ...) {
  if (!log || level < log->level || level >= GW_LOG_OFF) return;
  struct line line;
  begin(&line, level, event);
  put(&line, " ", 1);
  size_t room = LINE_MAX_LEN - line.len;
  va_list args;
  va_start(args, format);
  int n = vsnprintf(line.text + line.len, room + 1, format, args);
  va_end(args);
  if (n > 0) line.len += (size_t)n < room ? (size_t)n : room;
  finish(log, level, &line);
}

static bool needs_quotes(struct gw_str value) {
  if (value.len == 0) return true;
  for (size_t i = 0; i < value.len; i++) {
    unsigned char c = (unsigned char)value.at[i];
    if (c <= ' ' || c == '"' || c == '=' || c == '\\' || c == 0x7f) return true;
  }
  return false;
}

/* One character as it stands inside quotes; gives its length. Control characters are escaped, so
 * that no value can begin a line of its own. */
static size_t escape(char c, char out[5]) {
  static const char digits[] = "0123456789abcdef";
  unsigned char u = (unsigned char)c;
  char letter = c == '\n' ? 'n' : c == '\r' ? 'r' : c == '\t' ? 't' : '\0';
  if (c == '"' || c == '\\') letter = c;
  if (letter) {
    out[0] = '\\';
    out[1] = letter;
    return 2;
  }
  if (u >= 0x20 && u != 0x7f) {
    out[0] = c;
    return 1;
  }
  memcpy(out, "\\x", 2);
  out[2] = digits[u >> 4];
  out[3] = digits[u & 15];
  return 4;
}

const char *gw_log_quote(char *out, size_t size, struct gw_str value) {
  if (size == 0) return out;
  if (!needs_quotes(value)) {
    size_t len = value.len < size - 1 ? value.len : size - 1;
    memcpy(out, value.at, len);
    out[len] = '\0';
    return out;
  }
  size_t len = 0;
  if (size >= 3) {
    out[len++] = '"';
    for (size_t i = 0; i < value.len; i++) {
      char text[5];
      size_t n = escape(value.at[i], text);
      if (len + n + 2 > size) break;
      memcpy(out + len, text, n);
      len += n;
    }
    out[len++] = '"';
  }
  out[len] = '\0';
  return out;
}
