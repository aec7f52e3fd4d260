/* SPDX-License-Identifier: MIT */
/* The lines of godwit.v1 (interface.md section 3) as a client reads and writes them. */
#ifndef GW_CODEC_GODWIT_CLIENT_H
#define GW_CODEC_GODWIT_CLIENT_H

#include "base/buf.h"

#include <stdbool.h>
#include <stdint.h>

enum gw_godwit_said {
  GW_GODWIT_UNKNOWN, /* a word of a later version: to be passed over */
  GW_GODWIT_WELCOME,
  GW_GODWIT_OK,
  GW_GODWIT_ERROR,
  GW_GODWIT_PONG,
  GW_GODWIT_SUBSCRIBED,
  GW_GODWIT_MSG,
  GW_GODWIT_DIRECT,
  GW_GODWIT_USERS,
  GW_GODWIT_JOIN,
  GW_GODWIT_LEAVE,
  GW_GODWIT_BYE,
};

/* What the server said: slices of the message, texts still percent-encoded (gw_godwit_text); at
 * NULL where a word or option is not there. */
struct gw_godwit_message {
  enum gw_godwit_said said;
  struct gw_str channel, user, cursor; /* words by their place; `cursor` and `user` by name too */
  struct gw_str code, reason;          /* of error and bye; the reason is the rest of the line */
  struct gw_str session, event, from, id;
  bool is_recovered, is_resumed;
  bool has_missed;
  uint64_t missed, retry_ms; /* of bye; 0: not said */
  uint64_t sessions;         /* of users: those of nobody known too */
  struct gw_str body;        /* at NULL: none */
};

/* 0, or GW_ERR_ARGUMENT for a line that lacks a word of its own, or has a number that is none.
 * Options that are not known are passed over. */
int gw_godwit_message_read(struct gw_str text, struct gw_godwit_message *out);

/* Decodes a word into out, NUL-terminated; gives its length, GW_ERR_FULL, GW_ERR_HTTP_SYNTAX. */
int gw_godwit_text(struct gw_str word, char *out, size_t size);

/* `sub CHANNEL [after=CURSOR]`; after at NULL: from now on. GW_ERR_MEMORY, GW_ERR_FULL. */
int gw_godwit_sub_write(struct gw_buf *out, struct gw_str channel, struct gw_str after);

#endif
