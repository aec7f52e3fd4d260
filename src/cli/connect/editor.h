/* SPDX-License-Identifier: MIT */
/* Line editing with history on a terminal (libedit), without ever blocking the loop. */
#ifndef GW_CLI_CONNECT_EDITOR_H
#define GW_CLI_CONNECT_EDITOR_H

#include "loop/loop.h"

struct gw_editor;
struct gw_editor_events {
  /* A line without its newline; may be changed. */
  void (*on_line)(void *owner, char *line, size_t len);
  void (*on_end)(void *owner); /* Ctrl-D on an empty line, or the terminal has gone */
};

/* Takes over the terminal of standard input and output; history from $XDG_STATE_HOME/godwit_history
 * or ~/.godwit_history. GW_ERR_MEMORY, GW_ERR_SYSTEM. */
int gw_editor_open(struct gw_loop *loop, const struct gw_editor_events *events, void *owner,
                   struct gw_editor **out_editor);
/* Gives the terminal back as it was, and saves the history. NULL is fine. */
void gw_editor_close(struct gw_editor *editor);
/* Takes the line being edited off the screen, and puts it back: around other output. NULL is fine.
 */
void gw_editor_hide(struct gw_editor *editor);
void gw_editor_show(struct gw_editor *editor);
/* The terminal has another size. */
void gw_editor_resize(struct gw_editor *editor);
/* Gives the terminal back, stops the process (Ctrl-Z), and takes it again. */
void gw_editor_suspend(struct gw_editor *editor);

#endif
