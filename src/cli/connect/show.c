/* SPDX-License-Identifier: MIT */
/* Output of the console. A pipe gets the peer's bytes as they are, one message a line; a terminal
 * gets them escaped: a peer must not be able to send it control sequences. */
#include "cli/connect/show.h"

#include "cli/connect/editor.h"

#include <stdarg.h>

enum { HEX_MAX = 64 }; /* bytes of a binary message that a terminal shows */

/* ---- escaping ---- */

/* The length of the code point at `at`, its value in *out; 0: not UTF-8. Overlong forms are told
 * by the check of the whole message, here they are just shown escaped. */
static size_t decode(const uint8_t *at, size_t len, uint32_t *out) {
  static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  size_t size = at[0] < 0x80 ? 1 : at[0] < 0xC2 ? 0 : at[0] < 0xE0 ? 2 : at[0] < 0xF0 ? 3 : 4;
  if (size == 0 || size > len || at[0] > 0xF4) return 0;
  uint32_t value = size == 1 ? at[0] : at[0] & (0x7Fu >> size);
  for (size_t i = 1; i < size; i++) {
    if ((at[i] & 0xC0) != 0x80) return 0;
    value = value << 6 | (at[i] & 0x3F);
  }
  *out = value;
  return value >= least[size] ? size : 0;
}

/* C0, DEL and C1 steer a terminal; the bidirectional overrides make text look like other text. */
static bool is_steering(uint32_t c) {
  return c < 0x20 || (c >= 0x7F && c <= 0x9F) || (c >= 0x202A && c <= 0x202E) ||
         (c >= 0x2066 && c <= 0x2069);
}

void gw_show_escaped(FILE *out, const void *data, size_t len, bool keeps_lines) {
  const uint8_t *at = data;
  while (len > 0) {
    uint32_t c = 0;
    size_t size = decode(at, len, &c);
    if (size == 0)
      fprintf(out, "\\x%02x", at[0]);
    else if (c == '\n' && keeps_lines)
      fputs("\n  ", out); /* set in, so that no line of a message passes for one of ours */
    else if (c == '\t' && keeps_lines)
      fputc('\t', out);
    else if (is_steering(c))
      fprintf(out, c < 0x100 ? "\\x%02x" : "\\u%04x", (unsigned)c);
    else
      fwrite(at, 1, size, out);
    at += size ? size : 1;
    len -= size ? size : 1;
  }
}

static void write_hex(FILE *out, const uint8_t *data, size_t len) {
  for (size_t i = 0; i < len; i++)
    fprintf(out, "%02x", data[i]);
}

/* ---- messages ---- */

static void write_for_people(const struct gw_message *message) {
  if (message->type == GW_WS_TEXT) {
    fputs("< ", stdout);
    gw_show_escaped(stdout, message->data, message->len, true);
  } else {
    size_t shown = message->len < HEX_MAX ? message->len : HEX_MAX;
    printf("< binary, %zu bytes%s", message->len, shown ? ": " : "");
    write_hex(stdout, message->data, shown);
    if (shown < message->len) fputs("...", stdout);
  }
  putchar('\n');
}

static void write_for_programs(const struct gw_show *show, const struct gw_message *message) {
  if (message->type == GW_WS_TEXT || show->is_raw) {
    if (message->len > 0) fwrite(message->data, 1, message->len, stdout);
    if (show->is_raw) return;
  } else {
    fputs("/binary ", stdout);
    write_hex(stdout, message->data, message->len);
  }
  putchar('\n');
}

bool gw_show_message(const struct gw_show *show, const struct gw_message *message) {
  gw_editor_hide(show->editor);
  if (show->is_terminal)
    write_for_people(message);
  else
    write_for_programs(show, message);
  bool is_written = fflush(stdout) == 0 && !ferror(stdout);
  gw_editor_show(show->editor);
  return is_written;
}

/* ---- the rest ---- */

__attribute__((format(printf, 2, 0))) static void write_line(const struct gw_show *show,
                                                             const char *format, va_list args) {
  char line[1024];
  int n = vsnprintf(line, sizeof line, format, args);
  size_t len = n < 0 ? 0 : (size_t)n < sizeof line ? (size_t)n : sizeof line - 1;
  gw_editor_hide(show->editor);
  gw_show_escaped(stderr, line, len, false);
  fputc('\n', stderr);
  gw_editor_show(show->editor);
}

void gw_show_note(const struct gw_show *show, const char *format, ...) {
  va_list args;
  if (show->is_quiet) return;
  va_start(args, format);
  write_line(show, format, args);
  va_end(args);
}

void gw_show_error(const struct gw_show *show, const char *format, ...) {
  va_list args;
  va_start(args, format);
  write_line(show, format, args);
  va_end(args);
}

void gw_show_text(const struct gw_show *show, const char *text) {
  gw_editor_hide(show->editor);
  fputs(text, stderr);
  gw_editor_show(show->editor);
}
