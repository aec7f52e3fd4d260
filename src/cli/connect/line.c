/* SPDX-License-Identifier: MIT */
/* The console's commands: one table, from which reading them comes; what a frame cannot carry is
 * refused here, with the reason. */
#include "cli/connect/line.h"

#include "godwit/ws.h"

#include <stdio.h>
#include <string.h>

enum { CONTROL_MAX = 125 }; /* RFC 6455 section 5.5 */

const char gw_line_help[] =
    "TEXT                    send a text message; // at its start for one /\n"
    "/text TEXT              the same, whatever it begins with\n"
    "/binary HEX             send a binary message: /binary 00 ff 10\n"
    "/ping [TEXT]            send a ping; its pong is shown\n"
    "/pong [TEXT]            send a pong that nobody asked for\n"
    "/close [CODE [REASON]]  close the connection (1000)\n"
    "/help                   this text\n";

static void wrong(struct gw_line *line, const char *problem) {
  line->kind = GW_LINE_WRONG;
  snprintf(line->problem, sizeof line->problem, "%s", problem);
}

static int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

static void read_text(struct gw_line *line, char *rest) {
  (void)line, (void)rest;
}

/* Blanks between bytes are passed over. */
static void read_binary(struct gw_line *line, char *rest) {
  size_t digits = 0;
  for (size_t i = 0; i < line->len; i++) {
    if (rest[i] == ' ') continue;
    int value = hex_value(rest[i]);
    if (value < 0) {
      wrong(line, "/binary takes hexadecimal digits: /binary 00 ff 10");
      return;
    }
    char high = (char)(digits % 2 ? rest[digits / 2] : 0);
    rest[digits / 2] = (char)(digits % 2 ? high | value : value << 4);
    digits++;
  }
  if (digits % 2) wrong(line, "/binary takes two hexadecimal digits for each byte");
  line->len = digits / 2;
}

static void read_control(struct gw_line *line, char *rest) {
  (void)rest;
  if (line->len > CONTROL_MAX) wrong(line, "a ping or pong carries at most 125 bytes");
}

static void read_close(struct gw_line *line, char *rest) {
  size_t at = 0;
  for (; at < line->len && at < 6 && rest[at] >= '0' && rest[at] <= '9'; at++)
    line->code = line->code * 10 + (unsigned)(rest[at] - '0');
  if (line->len == 0) {
    line->code = GW_WS_CODE_NORMAL;
  } else if (at == 0 || (at < line->len && rest[at] != ' ')) {
    wrong(line, "/close takes a code and a reason: /close 1000 bye");
  } else if (!gw_ws_code_is_sendable(line->code)) {
    wrong(line, "/close: the code is one of 1000-1003, 1007-1014, 3000-4999");
  }
  if (at < line->len) at++;
  line->data += at;
  line->len -= at;
  if (line->kind != GW_LINE_WRONG && line->len > GW_LINE_REASON_MAX)
    wrong(line, "/close: a reason has at most 123 bytes");
}

static const struct {
  const char *name;
  enum gw_line_kind kind;
  void (*read)(struct gw_line *line, char *rest);
} commands[] = {
    {"text", GW_LINE_TEXT, read_text},    {"binary", GW_LINE_BINARY, read_binary},
    {"ping", GW_LINE_PING, read_control}, {"pong", GW_LINE_PONG, read_control},
    {"close", GW_LINE_CLOSE, read_close}, {"help", GW_LINE_HELP, read_text},
};

void gw_line_read(char *text, size_t len, struct gw_line *out_line) {
  *out_line = (struct gw_line){.kind = GW_LINE_TEXT, .data = text, .len = len};
  if (len == 0 || text[0] != '/') return;
  if (len > 1 && text[1] == '/') {
    out_line->data++;
    out_line->len--;
    return;
  }
  const char *blank = memchr(text, ' ', len);
  size_t name_len = blank ? (size_t)(blank - text) - 1 : len - 1;
  size_t skip = name_len + 1 + (blank != NULL);
  for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
    if (strlen(commands[i].name) != name_len || memcmp(commands[i].name, text + 1, name_len) != 0)
      continue;
    out_line->kind = commands[i].kind;
    out_line->data = text + skip;
    out_line->len = len - skip;
    commands[i].read(out_line, text + skip);
    return;
  }
  out_line->kind = GW_LINE_WRONG;
  snprintf(out_line->problem, sizeof out_line->problem,
           "/%.*s: no such command; /help lists them, and // at the start sends one /",
           (int)(name_len < 40 ? name_len : 40), text + 1);
}
