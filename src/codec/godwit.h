/* SPDX-License-Identifier: MIT */
/*
 * The subprotocol `godwit.v1` (docs/godwit.v1.md): a message is a header line of words split by one
 * space, then, where there is a body, a line feed and the body. Here a client's messages are taken
 * apart and the server's header lines are written; what they lead to is the dialect's business.
 */
#ifndef GW_CODEC_GODWIT_H
#define GW_CODEC_GODWIT_H

#include "base/str.h"
#include "godwit/error.h"

#include <stdint.h>

#define GW_GODWIT_VERSION 1

enum {
  GW_GODWIT_LINE_MAX = 8192, /* bytes of a client's header line: against one that never ends */
  GW_GODWIT_OPTIONS_MAX = 16,
  GW_GODWIT_ID_MAX = 64,
  GW_GODWIT_EVENT_MAX = 255,
  GW_GODWIT_KEY_MAX = 255,
};

/* ---- what a client says ---- */

enum gw_godwit_verb {
  GW_GODWIT_AUTH,
  GW_GODWIT_SUB,
  GW_GODWIT_UNSUB,
  GW_GODWIT_PUB,
  GW_GODWIT_TO,
  GW_GODWIT_WHO,
  GW_GODWIT_HISTORY,
  GW_GODWIT_PING,
  GW_GODWIT_VERB_COUNT
};

/* Slices point into the message or into `text`; at NULL: not given. */
struct gw_godwit_request {
  enum gw_godwit_verb verb;
  struct gw_str word;                /* the channel, user or token, decoded; ping has none */
  struct gw_str id;                  /* as it came: 1 to 64 visible characters */
  struct gw_str key;                 /* as it came: 1 to 255 visible characters */
  struct gw_str after, event, inbox; /* decoded; the event is checked, the cursors are not */
  unsigned limit;                    /* 0: not given */
  struct gw_str body;                /* at NULL: no line feed came */
  char text[GW_GODWIT_LINE_MAX];     /* what had to be decoded */
};

/* 0; GW_ERR_ARGUMENT, and in words what is wrong (constant); the id is filled in then, too, where
 * one is found. Options that are not known are passed over. */
int gw_godwit_parse(struct gw_str message, struct gw_godwit_request *out, const char **out_problem);

/* ---- what a server says ---- */

/* A header line that is being written. Its longest fits: a channel and an event of 255 bytes, users
 * of 128, every byte of them escaped. */
struct gw_godwit_line {
  size_t len;
  char at[2560];
};

/* How a subscription stands, or what a history gave. */
struct gw_godwit_standing {
  struct gw_str cursor;
  bool is_recovered, is_missed_known;
  uint64_t missed;
};

/* An id, user, event … at NULL is left out. */
void gw_godwit_welcome(struct gw_godwit_line *line, struct gw_str session, struct gw_str user,
                       unsigned ping_seconds, bool is_resumed);
void gw_godwit_ok(struct gw_godwit_line *line, struct gw_str id);
void gw_godwit_ok_cursor(struct gw_godwit_line *line, struct gw_str id, struct gw_str cursor,
                         bool is_duplicate);
void gw_godwit_ok_user(struct gw_godwit_line *line, struct gw_str id, struct gw_str user);
void gw_godwit_ok_history(struct gw_godwit_line *line, struct gw_str id,
                          const struct gw_godwit_standing *standing);
/* The reason is our own words; it goes out as one word, with hyphens for blanks. */
void gw_godwit_error(struct gw_godwit_line *line, unsigned code, struct gw_str id,
                     const char *reason);
void gw_godwit_pong(struct gw_godwit_line *line, struct gw_str id);
void gw_godwit_subscribed(struct gw_godwit_line *line, struct gw_str channel,
                          const struct gw_godwit_standing *standing, struct gw_str id);
/* These two end with the line feed before the body. */
void gw_godwit_msg(struct gw_godwit_line *line, struct gw_str channel, struct gw_str cursor,
                   struct gw_str event, struct gw_str from);
void gw_godwit_direct(struct gw_godwit_line *line, struct gw_str cursor, struct gw_str event,
                      struct gw_str from);
void gw_godwit_users(struct gw_godwit_line *line, struct gw_str channel, struct gw_str id,
                     unsigned users, unsigned sessions);
/* A line of that one's body, with the line feed before it. */
void gw_godwit_users_line(struct gw_godwit_line *line, struct gw_str user, unsigned sessions);
void gw_godwit_join(struct gw_godwit_line *line, struct gw_str channel, struct gw_str user);
void gw_godwit_leave(struct gw_godwit_line *line, struct gw_str channel, struct gw_str user);
void gw_godwit_bye(struct gw_godwit_line *line, unsigned code, unsigned retry_ms,
                   const char *reason);

#endif
