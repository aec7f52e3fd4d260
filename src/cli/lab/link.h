/* SPDX-License-Identifier: MIT */
/* The lab as a client of the main server: it hears `lab:control`, publishes to `lab:figures`, and
 * knows how many look at those. */
#ifndef GW_CLI_LAB_LINK_H
#define GW_CLI_LAB_LINK_H

#include "cli/remote.h"
#include "loop/loop.h"

struct gw_lab_link;

struct gw_lab_link_events {
  /* Connected, again too: what is said in lab:control is heard. */
  void (*on_open)(void *owner);
  /* A message in lab:control; `is_lab`: of a user with our own name. */
  void (*on_control)(void *owner, struct gw_str text, bool is_lab);
  /* So many sessions besides the lab's are in lab:figures. */
  void (*on_watchers)(void *owner, uint64_t n);
  /* The server was never reached, or does not want us. */
  void (*on_refused)(void *owner, const char *reason, const char *mend);
};

/* A connection that is lost is made again. The remote is borrowed. GW_ERR_MEMORY, and as
 * gw_client_open. */
int gw_lab_link_open(struct gw_loop *loop, const struct gw_remote *remote,
                     const struct gw_lab_link_events *events, void *owner,
                     struct gw_lab_link **out_link);
/* Nothing happens while there is no connection, or one that does not take what is sent. */
void gw_lab_link_control(struct gw_lab_link *link, struct gw_str text);
void gw_lab_link_figures(struct gw_lab_link *link, struct gw_str json);
void gw_lab_link_ask_watchers(struct gw_lab_link *link);
void gw_lab_link_free(struct gw_lab_link *link); /* NULL is fine */

#endif
