/* SPDX-License-Identifier: MIT */
/*
 * Verb by verb: what is asked of the session, the hub and the gate, and what is answered. Codes are
 * HTTP's. A malformed message is an error, never an end; only who sends nothing else is shown out.
 *
 * Invariant: every request is answered once, with its id; what cannot be answered at once is an
 * errand of its talker's.
 */
#include "dialect/godwit_requests.h"

#include "base/buf.h"
#include "dialect/godwit_history.h"
#include "dialect/godwit_inside.h"
#include "dialect/godwit_talker.h"
#include "http/websocket.h"
#include "transport/websocket.h"

/* Malformed messages in a row: against a peer that makes us answer noise without end. */
enum { FAULTS_MAX = 1000 };

/* Of one list of users: so much may wait for a client anyhow. */
enum { USERS_MAX = 1 << 20 };

typedef void verb_fn(struct gw_talker *talker, const struct gw_godwit_request *request,
                     bool is_binary);

static const char bad_channel[] = "not a channel's name";
static const char bad_cursor[] = "not a cursor of this server";

/* ---- who ---- */

static void on_auth(struct gw_talker *talker, const struct gw_godwit_request *request,
                    bool is_binary) {
  struct gw_cursor inbox;
  struct gw_identity who;
  struct gw_session *session = talker->carrier.session;
  (void)is_binary;
  if (request->inbox.at && gw_cursor_parse(request->inbox, &inbox) < 0) {
    gw_talker_refuse(talker, 400, request->id, bad_cursor);
    return;
  }
  const struct gw_credentials credentials = {.token = request->word, .is_local = talker->is_local};
  if (gw_gate_admit(gw_talker_place(talker)->gate, &credentials, &who) < 0) {
    gw_talker_refuse(talker, 401, request->id, "not a token of a user");
    return;
  }
  int err = gw_session_identify(session, &who);
  if (err < 0) {
    gw_talker_fail(talker, err, request->id);
    return;
  }
  struct gw_godwit_line line;
  gw_godwit_ok_user(&line, request->id, gw_session_user(session));
  gw_talker_say(talker, &line);
  if (!talker->carrier.session || !gw_session_user(session).at) return;
  err = gw_session_subscribe_inbox(session, request->inbox.at ? &inbox : NULL);
  if (err < 0 && err != GW_ERR_STATE)
    gw_talker_leave(talker, GW_CLOSE_FAILED); /* held: it goes on */
}

static void on_ping(struct gw_talker *talker, const struct gw_godwit_request *request,
                    bool is_binary) {
  struct gw_godwit_line line;
  (void)is_binary;
  gw_godwit_pong(&line, request->id);
  gw_talker_say(talker, &line);
}

/* ---- channels ---- */

/* Whether the channel may be heard; if not, that has been said. */
static bool is_audible(struct gw_talker *talker, const struct gw_godwit_request *request) {
  if (!gw_channel_name_is_valid(request->word)) {
    gw_talker_refuse(talker, 400, request->id, bad_channel);
    return false;
  }
  struct gw_identity who = gw_session_identity(talker->carrier.session);
  if (gw_gate_may_hear(gw_talker_place(talker)->gate, &who, request->word)) return true;
  gw_talker_refuse(talker, 403, request->id, "this channel is not yours to hear");
  return false;
}

/* Likewise whether its cursor is one; NULL in *out: none was given. */
static bool read_after(struct gw_talker *talker, const struct gw_godwit_request *request,
                       struct gw_cursor *room, const struct gw_cursor **out) {
  *out = NULL;
  if (!request->after.at) return true;
  *out = room;
  if (gw_cursor_parse(request->after, room) == 0) return true;
  gw_talker_refuse(talker, 400, request->id, bad_cursor);
  return false;
}

static void on_sub(struct gw_talker *talker, const struct gw_godwit_request *request,
                   bool is_binary) {
  struct gw_cursor room;
  const struct gw_cursor *after;
  (void)is_binary;
  if (!is_audible(talker, request) || !read_after(talker, request, &room, &after)) return;
  struct gw_errand *errand = gw_errand_new(talker, request->id, (struct gw_str){0});
  int err = errand
                ? gw_session_subscribe(talker->carrier.session, request->word, after, errand, NULL)
                : GW_ERR_MEMORY;
  if (err >= 0) return;
  if (errand) gw_errand_free(errand);
  switch (err) {
  case GW_ERR_STATE: gw_talker_refuse(talker, 409, request->id, "already held"); break;
  case GW_ERR_FULL: gw_talker_refuse(talker, 429, request->id, "too many channels"); break;
  default: gw_talker_fail(talker, err, request->id); break;
  }
}

static void on_unsub(struct gw_talker *talker, const struct gw_godwit_request *request,
                     bool is_binary) {
  (void)is_binary;
  struct gw_subscription *held = gw_session_find(talker->carrier.session, request->word);
  if (!held) {
    gw_talker_refuse(talker, 404, request->id, "not held");
    return;
  }
  struct gw_errand *errand = talker->errands; /* of its sub, which will not be answered otherwise */
  const void *asked = gw_subscription_asked(held);
  while (errand && errand != asked)
    errand = errand->next;
  gw_session_unsubscribe(held);
  if (errand) {
    gw_talker_refuse(talker, 404, errand->id, "not held any more");
    gw_errand_free(errand);
  }
  struct gw_godwit_line line;
  gw_godwit_ok(&line, request->id);
  gw_talker_say(talker, &line);
}

/* ---- publishing ---- */

static void on_published(struct gw_store_ask *ask, int err, const struct gw_recovery *recovery) {
  struct gw_errand *errand = gw_container_of(ask, struct gw_errand, ask);
  if (err < 0) {
    gw_talker_fail(errand->talker, err, errand->id);
  } else {
    struct gw_godwit_line line;
    char cursor[GW_CURSOR_TEXT];
    gw_godwit_ok_cursor(&line, errand->id, gw_str_of(gw_cursor_write(&recovery->cursor, cursor)),
                        recovery->is_duplicate);
    gw_talker_say(errand->talker, &line);
  }
  gw_errand_free(errand);
}

static void publish(struct gw_talker *talker, const struct gw_godwit_request *request,
                    struct gw_str channel, bool is_binary) {
  const struct gw_godwit *godwit = gw_conn_handler_user(gw_talker_conn(talker));
  if (request->body.len > godwit->max_message) {
    gw_talker_refuse(talker, 413, request->id, "the body is too large");
    return;
  }
  if (request->event.at && !gw_event_name_is_valid(request->event)) {
    gw_talker_refuse(talker, 400, request->id, GW_EVENT_NAME_RULE);
    return;
  }
  const struct gw_publication_parts parts = {.channel = channel,
                                             .payload = request->body,
                                             .event = request->event,
                                             .from = gw_session_user(talker->carrier.session),
                                             .is_binary = is_binary};
  struct gw_publication *publication = gw_publication_new(&parts);
  struct gw_errand *errand =
      publication ? gw_errand_new(talker, request->id, (struct gw_str){0}) : NULL;
  if (!errand) {
    gw_publication_unref(publication);
    gw_talker_fail(talker, GW_ERR_MEMORY, request->id);
    return;
  }
  errand->ask.on_answer = on_published;
  int err = gw_hub_publish(gw_talker_place(talker)->hub, publication, request->key, &errand->ask);
  if (err >= 0) return;
  gw_errand_free(errand);
  gw_talker_fail(talker, err, request->id);
}

static void on_pub(struct gw_talker *talker, const struct gw_godwit_request *request,
                   bool is_binary) {
  struct gw_identity who = gw_session_identity(talker->carrier.session);
  if (!gw_channel_name_is_valid(request->word))
    gw_talker_refuse(talker, 400, request->id, bad_channel);
  else if (!gw_gate_may_publish(gw_talker_place(talker)->gate, &who, request->word))
    gw_talker_refuse(talker, 403, request->id, "this channel takes nothing from you");
  else
    publish(talker, request, request->word, is_binary);
}

static void on_to(struct gw_talker *talker, const struct gw_godwit_request *request,
                  bool is_binary) {
  struct gw_identity who = gw_session_identity(talker->carrier.session);
  char name[GW_USER_MAX + sizeof GW_INBOX_PREFIX];
  if (!gw_user_name_is_valid(request->word))
    gw_talker_refuse(talker, 400, request->id, "not a user's name");
  else if (!gw_gate_may_send(gw_talker_place(talker)->gate, &who, request->word))
    gw_talker_refuse(talker, 403, request->id, "this user takes nothing from you");
  else
    publish(talker, request, gw_inbox_name(request->word, name), is_binary);
}

/* ---- presence ---- */

static void add_line(struct gw_buf *out, const struct gw_godwit_line *line, int *err) {
  if (*err == 0) *err = gw_buf_add(out, line->at, line->len);
}

static void on_members(struct gw_store_ask *ask, int err, const struct gw_recovery *recovery) {
  struct gw_errand *errand = gw_container_of(ask, struct gw_errand, ask);
  struct gw_buf out;
  struct gw_godwit_line line;
  gw_buf_init(&out, USERS_MAX);
  if (err == 0) {
    const struct gw_members *members = recovery->members;
    gw_godwit_users(&line, errand->channel, errand->id, members->users, members->sessions);
    add_line(&out, &line, &err);
    for (unsigned i = 0; i < members->n; i++) {
      gw_godwit_users_line(&line, members->at[i].user, members->at[i].sessions);
      add_line(&out, &line, &err);
    }
  }
  if (err < 0)
    gw_talker_fail(errand->talker, err, errand->id);
  else
    gw_talker_send(errand->talker, out.data, out.len);
  gw_buf_clear(&out);
  gw_errand_free(errand);
}

static void on_who(struct gw_talker *talker, const struct gw_godwit_request *request,
                   bool is_binary) {
  const struct gw_place *place = gw_talker_place(talker);
  (void)is_binary;
  if (!is_audible(talker, request)) return;
  if (!gw_rules_of(place->gate->rules, request->word)->has_presence) {
    gw_talker_refuse(talker, 404, request->id, "this channel has no presence");
    return;
  }
  struct gw_errand *errand = gw_errand_new(talker, request->id, request->word);
  if (!errand) {
    gw_talker_fail(talker, GW_ERR_MEMORY, request->id);
    return;
  }
  errand->ask.on_answer = on_members;
  int err = gw_hub_members(place->hub, request->word, &errand->ask);
  if (err >= 0) return;
  gw_errand_free(errand);
  gw_talker_fail(talker, err, request->id);
}

static void on_history(struct gw_talker *talker, const struct gw_godwit_request *request,
                       bool is_binary) {
  struct gw_cursor room;
  const struct gw_cursor *after;
  (void)is_binary;
  if (is_audible(talker, request) && read_after(talker, request, &room, &after))
    gw_godwit_history(talker, request, after);
}

/* ---- the table ---- */

static verb_fn *const verbs[GW_GODWIT_VERB_COUNT] = {
    [GW_GODWIT_AUTH] = on_auth,       [GW_GODWIT_SUB] = on_sub,   [GW_GODWIT_UNSUB] = on_unsub,
    [GW_GODWIT_PUB] = on_pub,         [GW_GODWIT_TO] = on_to,     [GW_GODWIT_WHO] = on_who,
    [GW_GODWIT_HISTORY] = on_history, [GW_GODWIT_PING] = on_ping,
};

void gw_godwit_request(struct gw_talker *talker, struct gw_str message, bool is_binary) {
  struct gw_godwit_request request;
  const char *problem;
  if (gw_godwit_parse(message, &request, &problem) == 0) {
    talker->faults = 0;
    verbs[request.verb](talker, &request, is_binary);
    return;
  }
  gw_talker_refuse(talker, 400, request.id, problem);
  if (++talker->faults < FAULTS_MAX || !talker->carrier.session) return;
  gw_carrier_detach(&talker->carrier, true);
  gw_conn_close(gw_talker_conn(talker), GW_WS_CODE_POLICY, "nothing but malformed messages");
}
