/* SPDX-License-Identifier: MIT */
/* What a line typed into the console means. Knows no connection. */
#ifndef GW_CLI_CONNECT_LINE_H
#define GW_CLI_CONNECT_LINE_H

#include <stddef.h>

enum { GW_LINE_REASON_MAX = 123 }; /* RFC 6455 section 5.5.1 */

enum gw_line_kind {
  GW_LINE_WRONG, /* `problem` says why */
  GW_LINE_TEXT,
  GW_LINE_BINARY,
  GW_LINE_PING,
  GW_LINE_PONG,
  GW_LINE_CLOSE,
  GW_LINE_HELP,
};

struct gw_line {
  enum gw_line_kind kind;
  const char *data; /* payload, or the reason of a close; inside the line */
  size_t len;
  unsigned code; /* of a close; 0: none */
  char problem[160];
};

/* Reads a line without its newline; hexadecimal digits are decoded in place. A line that does not
 * begin with `/` is text, `//` stands for one slash. */
void gw_line_read(char *line, size_t len, struct gw_line *out_line);
/* The commands, a line for each. */
extern const char gw_line_help[];

#endif
