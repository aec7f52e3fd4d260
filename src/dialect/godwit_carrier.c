/* SPDX-License-Identifier: MIT */
/*
 * A session's channels as lines: `subscribed` when one stands (and again, unasked, where there was
 * a gap), `msg` and `direct` for what is published, `join` and `leave` for who comes and goes. Each
 * is written once for all clients that hear it.
 */
#include "dialect/godwit_carrier.h"

#include "base/buf.h"
#include "dialect/godwit_talker.h"
#include "dialect/opening.h"
#include "http/websocket.h"
#include "transport/websocket.h"

/* ---- publications as messages ---- */

static int write_channel(const struct gw_publication *publication, struct gw_buf *out) {
  struct gw_godwit_line line;
  char cursor[GW_CURSOR_TEXT];
  switch ((enum gw_publication_kind)publication->kind) {
  case GW_JOIN: gw_godwit_join(&line, publication->channel, publication->from); break;
  case GW_LEAVE: gw_godwit_leave(&line, publication->channel, publication->from); break;
  case GW_MESSAGE:
    gw_godwit_msg(&line, publication->channel,
                  gw_str_of(gw_cursor_write(&publication->cursor, cursor)), publication->event,
                  publication->from);
    break;
  }
  int err = gw_buf_add(out, line.at, line.len);
  return err < 0 ? err : gw_buf_add_str(out, publication->payload);
}

static int write_direct(const struct gw_publication *publication, struct gw_buf *out) {
  struct gw_godwit_line line;
  char cursor[GW_CURSOR_TEXT];
  gw_godwit_direct(&line, gw_str_of(gw_cursor_write(&publication->cursor, cursor)),
                   publication->event, publication->from);
  int err = gw_buf_add(out, line.at, line.len);
  return err < 0 ? err : gw_buf_add_str(out, publication->payload);
}

static const struct gw_frame_maker channel_maker = {.write = write_channel},
                                   direct_maker = {.write = write_direct};

int gw_godwit_push(struct gw_talker *talker, struct gw_publication *publication, bool is_inbox) {
  return gw_websocket_push(gw_talker_conn(talker), publication,
                           is_inbox ? &direct_maker : &channel_maker);
}

/* ---- what the session tells ---- */

static struct gw_talker *talker_of(struct gw_carrier *carrier) {
  return gw_container_of(carrier, struct gw_talker, carrier);
}

static void say_subscribed(struct gw_talker *talker, const struct gw_subscription *subscription,
                           const struct gw_recovery *recovery, struct gw_str id) {
  struct gw_godwit_line line;
  char text[GW_CURSOR_TEXT];
  const struct gw_godwit_standing standing = {
      .cursor = gw_str_of(gw_cursor_write(&recovery->cursor, text)),
      .is_recovered = recovery->is_recovered,
      .is_missed_known = recovery->is_missed_known,
      .missed = recovery->missed,
  };
  gw_godwit_subscribed(&line, gw_subscription_channel(subscription), &standing, id);
  gw_talker_say(talker, &line);
}

/* A channel that gives the newest rather than all has little of it wait in the system. */
static void keep_fresh(const struct gw_talker *talker, const struct gw_subscription *subscription) {
  const struct gw_rules *rules = gw_talker_place(talker)->gate->rules;
  if (gw_rules_of(rules, gw_subscription_channel(subscription))->slow != GW_SLOW_DISCONNECT)
    gw_conn_keep_fresh(gw_talker_conn(talker));
}

static void on_subscribed(struct gw_carrier *carrier, struct gw_subscription *subscription, int err,
                          const struct gw_recovery *recovery) {
  struct gw_talker *talker = talker_of(carrier);
  struct gw_errand *errand = gw_subscription_take_asked(subscription);
  struct gw_str id = errand ? errand->id : (struct gw_str){0};
  if (err == 0) keep_fresh(talker, subscription);
  if (err < 0)
    gw_talker_fail(talker, err, id);
  else if (!subscription->is_inbox || !recovery->is_recovered) /* an inbox is not asked for */
    say_subscribed(talker, subscription, recovery, id);
  if (errand) gw_errand_free(errand);
}

static int push(struct gw_carrier *carrier, struct gw_subscription *subscription,
                struct gw_publication *publication) {
  return gw_godwit_push(talker_of(carrier), publication, subscription->is_inbox);
}

static bool on_gap(struct gw_carrier *carrier, struct gw_subscription *subscription,
                   const struct gw_recovery *recovery) {
  struct gw_recovery gap = *recovery;
  gap.is_recovered = false;
  say_subscribed(talker_of(carrier), subscription, &gap, (struct gw_str){0});
  return true;
}

static void on_presence(struct gw_carrier *carrier, struct gw_subscription *subscription,
                        struct gw_publication *notice) {
  struct gw_talker *talker = talker_of(carrier);
  (void)subscription;
  int sent = gw_godwit_push(talker, notice, false);
  if (sent < 0 && sent != GW_ERR_CLOSED)
    gw_talker_leave(talker, sent == GW_ERR_FULL ? GW_CLOSE_SLOW : GW_CLOSE_FAILED);
}

static const char *transport(const struct gw_carrier *carrier) {
  (void)carrier;
  return "websocket";
}

static bool is_waiting(struct gw_carrier *carrier) {
  return gw_conn_is_waiting(gw_talker_conn(talker_of(carrier)));
}

static void end(struct gw_carrier *carrier, enum gw_close_code code) {
  struct gw_talker *talker = talker_of(carrier);
  if (talker->is_open)
    gw_talker_leave(talker, code);
  else
    gw_opening_refuse(talker->opening, GW_ERR_FULL);
}

const struct gw_carrier_ops gw_godwit_carrier = {.on_subscribed = on_subscribed,
                                                 .push = push,
                                                 .on_gap = on_gap,
                                                 .on_presence = on_presence,
                                                 .transport = transport,
                                                 .is_waiting = is_waiting,
                                                 .end = end};
