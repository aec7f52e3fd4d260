/* SPDX-License-Identifier: MIT */
/*
 * Who somebody is, and what they may: the one place through which every identity passes, whichever
 * transport or protocol brought it, and where every rule about channels is decided.
 */
#ifndef GW_SESSION_GATE_H
#define GW_SESSION_GATE_H

#include "hub/rules.h"

/* What a client says of itself. */
struct gw_credentials {
  struct gw_str token; /* Authorization: Bearer, or the `auth` message; at NULL: none */
  struct gw_str user;  /* `?user=`, decoded; at NULL: none */
  bool is_local;       /* a program of this machine, or a page of our own in a browser there */
};

struct gw_identity {
  bool is_api;      /* may use the API: every channel, users, sessions */
  uint8_t user_len; /* 0: nobody known */
  char user[GW_USER_MAX];
};

struct gw_gate {
  const struct gw_rules *rules; /* borrowed */
};

static inline struct gw_str gw_identity_user(const struct gw_identity *who) {
  return (struct gw_str){who->user_len ? who->user : NULL, who->user_len};
}

/* Development mode, as long as no key is configured: everyone is who they say they are (a token is
 * a user's name), and the API is open to those on this machine. GW_ERR_ARGUMENT: no name that a
 * user can have. */
int gw_gate_admit(const struct gw_gate *gate, const struct gw_credentials *credentials,
                  struct gw_identity *out_who);
bool gw_gate_may_hear(const struct gw_gate *gate, const struct gw_identity *who,
                      struct gw_str channel);
bool gw_gate_may_publish(const struct gw_gate *gate, const struct gw_identity *who,
                         struct gw_str channel);
/* A message to a user's inbox: from one who has a name, or from the API, where the inbox's rules
 * let clients. */
bool gw_gate_may_send(const struct gw_gate *gate, const struct gw_identity *who,
                      struct gw_str user);

#endif
