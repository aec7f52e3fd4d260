/* SPDX-License-Identifier: MIT */
/*
 * Development mode: names are believed, and whoever is on this machine may use the API. Whoever
 * gives a name is judged by that name in channels and inboxes, from this machine too, so that the
 * rules can be tried out at home; the API acts there where no name is given.
 */
#include "session/gate.h"

#include "godwit/error.h"

int gw_gate_admit(const struct gw_gate *gate, const struct gw_credentials *credentials,
                  struct gw_identity *out_who) {
  (void)gate;
  struct gw_str name = credentials->token.at ? credentials->token : credentials->user;
  if (name.at && (name.len > GW_USER_MAX || !gw_user_name_is_valid(name))) return GW_ERR_ARGUMENT;
  *out_who = (struct gw_identity){.is_api = credentials->is_local};
  if (!name.at) return 0;
  out_who->user_len = (uint8_t)name.len;
  memcpy(out_who->user, name.at, name.len);
  return 0;
}

static bool acts_as_api(const struct gw_identity *who) {
  return who->is_api && who->user_len == 0;
}

bool gw_gate_may_hear(const struct gw_gate *gate, const struct gw_identity *who,
                      struct gw_str channel) {
  (void)gate;
  struct gw_str owner = gw_inbox_user(channel);
  return !owner.at || acts_as_api(who) || gw_str_eq(owner, gw_identity_user(who));
}

bool gw_gate_may_publish(const struct gw_gate *gate, const struct gw_identity *who,
                         struct gw_str channel) {
  if (gw_inbox_user(channel).at) return acts_as_api(who);
  switch (gw_rules_of(gate->rules, channel)->publishers) {
  case GW_PUBLISHERS_ANYONE: return true;
  case GW_PUBLISHERS_USERS: return who->user_len > 0;
  case GW_PUBLISHERS_API: return acts_as_api(who);
  }
  return false;
}

bool gw_gate_may_send(const struct gw_gate *gate, const struct gw_identity *who,
                      struct gw_str user) {
  char inbox[sizeof GW_INBOX_PREFIX + GW_USER_MAX];
  if (!gw_user_name_is_valid(user)) return false;
  if (acts_as_api(who)) return true;
  return who->user_len > 0 &&
         gw_rules_of(gate->rules, gw_inbox_name(user, inbox))->publishers != GW_PUBLISHERS_API;
}
