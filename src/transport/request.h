/* SPDX-License-Identifier: MIT */
/* What a request for `/channels/{channel}` or `/users/{user}` asks for: the words of its path,
 * query and head. */
#ifndef GW_TRANSPORT_REQUEST_H
#define GW_TRANSPORT_REQUEST_H

#include "hub/publication.h"
#include "session/gate.h"

struct gw_exchange;

struct gw_channel_request {
  struct gw_str channel, event; /* inside `text`; event at NULL: none */
  struct gw_str user; /* whose inbox the channel is, by the path; at NULL: it names a channel */
  bool is_presence;   /* the path goes on with `/presence`: who is there is meant */
  bool has_after, is_silent; /* `after=` or Last-Event-ID; `echo=no` */
  struct gw_cursor after;
  unsigned limit;         /* 0: none given */
  bool has_wait;          /* `Prefer: wait=` or `wait=` */
  unsigned wait;          /* seconds */
  bool has_json_data;     /* `data=json`: an event's data is the whole publication */
  bool will_resume;       /* `session=`: it means to come back */
  struct gw_str session;  /* the id that it comes back with; at NULL: none (`session=new`) */
  struct gw_identity who; /* by gw_request_admit, not by gw_channel_request_read */
  char channel_text[256], event_text[256], session_text[64];
};

/* 0; GW_ERR_ARGUMENT, and in words what is wrong (constant). */
int gw_channel_request_read(const struct gw_exchange *exchange, struct gw_channel_request *out,
                            const char **out_problem);
/* The same where no channel is named (`/ws`): of all words only `session=` means something. */
int gw_session_request_read(const struct gw_exchange *exchange, struct gw_channel_request *out,
                            const char **out_problem);

/* A cursor that the query has under this name: 1; 0: there is none; GW_ERR_ARGUMENT. */
int gw_request_cursor(const struct gw_exchange *exchange, const char *name, struct gw_cursor *out);
/* `limit=`, a number from 1 to 999999; where there is none, nothing is set. GW_ERR_ARGUMENT. */
int gw_request_limit(const struct gw_exchange *exchange, unsigned *out_limit);

/* Who asks: from Authorization, `?user=` and the peer's address, by the gate. 0; GW_ERR_ARGUMENT.
 */
int gw_request_admit(const struct gw_exchange *exchange, const struct gw_gate *gate,
                     struct gw_identity *out_who, const char **out_problem);
/* It names a session, and not who it is: whether it may hear its channel is the session's to say,
 * when that has come. */
static inline bool gw_request_is_sessions(const struct gw_channel_request *request) {
  return request->session.at && request->who.user_len == 0;
}
/* Whether it comes from a program of this machine, or from a page of our own in a browser there. */
bool gw_request_is_local(const struct gw_exchange *exchange);

#endif
