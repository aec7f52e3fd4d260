/* SPDX-License-Identifier: MIT */
/* Standard input that is no terminal: a pipe, a file, /dev/null. Read when it is ready, cut into
 * lines, and only as fast as its owner takes them. */
#ifndef GW_CLI_CONNECT_PIPE_H
#define GW_CLI_CONNECT_PIPE_H

#include "loop/loop.h"

struct gw_pipe;
struct gw_pipe_events {
  /* A line without its newline, or, where it is not cut into lines, bytes as they come; may be
   * changed. */
  void (*on_line)(void *owner, char *line, size_t len);
  void (*on_end)(void *owner);
  void (*on_too_long)(void *owner); /* a line beyond the limit; nothing comes after it */
};

/* Begins stopped. `max_line` 0: not cut into lines. GW_ERR_MEMORY. */
int gw_pipe_open(struct gw_loop *loop, size_t max_line, const struct gw_pipe_events *events,
                 void *owner, struct gw_pipe **out_pipe);
/* NULL is fine. Not inside its events. */
void gw_pipe_close(struct gw_pipe *pipe);
/* Goes on, at the next turn of the loop, or stops after the present line. */
void gw_pipe_flow(struct gw_pipe *pipe, bool is_flowing);

#endif
