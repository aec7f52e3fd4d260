/* SPDX-License-Identifier: MIT */
/*
 * What the console writes: messages on standard output, everything else on standard error, and
 * neither into the line that is being edited. On a terminal nothing that came from the peer can
 * move the cursor or do worse.
 */
#ifndef GW_CLI_CONNECT_SHOW_H
#define GW_CLI_CONNECT_SHOW_H

#include "godwit/websocket.h"

#include <stdio.h>

struct gw_editor;

struct gw_show {
  struct gw_editor *editor; /* whose line is in the way; NULL: none */
  bool is_terminal;         /* standard output is one */
  bool is_raw;              /* binary messages as they are */
  bool is_quiet;            /* errors only */
};

/* Writes text for people's eyes: control characters, and what steers the direction of text, as
 * \x1b or \u202e; line feeds and tabs too, unless `keeps_lines`. */
void gw_show_escaped(FILE *out, const void *data, size_t len, bool keeps_lines);

/* False: standard output does not take it; errno tells why. */
bool gw_show_message(const struct gw_show *show, const struct gw_message *message);
/* A line on standard error, escaped. */
void gw_show_note(const struct gw_show *show, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void gw_show_error(const struct gw_show *show, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Text of our own, of several lines. */
void gw_show_text(const struct gw_show *show, const char *text);

#endif
