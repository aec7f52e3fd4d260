/* SPDX-License-Identifier: MIT */
/*
 * What is said to a client, and what it still waits for. A client that does not read its answers is
 * not read from either; what it may hear is bounded by its connection, and what it asks by the
 * flights.
 */
#include "dialect/godwit_talker.h"

#include "dialect/godwit_inside.h"
#include "http/websocket.h"
#include "transport/answer.h"
#include "transport/websocket.h"

#include <stdlib.h>

struct gw_conn *gw_talker_conn(const struct gw_talker *talker) {
  return gw_conn_of(talker);
}

const struct gw_place *gw_talker_place(const struct gw_talker *talker) {
  const struct gw_godwit *godwit = gw_conn_handler_user(gw_talker_conn(talker));
  return &godwit->places[gw_conn_id_worker(gw_conn_id(gw_talker_conn(talker)))];
}

/* ---- saying ---- */

void gw_talker_send(struct gw_talker *talker, const void *message, size_t len) {
  int sent = gw_conn_send(gw_talker_conn(talker), GW_WS_TEXT, message, len);
  if (sent == 1) gw_flights_clog(&talker->flights, gw_talker_conn(talker), true);
  if (sent < 0 && sent != GW_ERR_CLOSED)
    gw_talker_leave(talker, sent == GW_ERR_FULL ? GW_CLOSE_SLOW : GW_CLOSE_FAILED);
}

void gw_talker_say(struct gw_talker *talker, const struct gw_godwit_line *line) {
  gw_talker_send(talker, line->at, line->len);
}

void gw_talker_refuse(struct gw_talker *talker, unsigned code, struct gw_str id,
                      const char *reason) {
  struct gw_godwit_line line;
  gw_godwit_error(&line, code, id, reason);
  gw_talker_say(talker, &line);
}

void gw_talker_fail(struct gw_talker *talker, int err, struct gw_str id) {
  unsigned code = gw_answer_status(err);
  gw_talker_refuse(talker, code, id, code == 503 ? "too busy, try again" : gw_error_text(err));
}

/* Spread over four seconds, so that not everybody comes back at once; codes below 4500 say that
 * there is no coming back. */
static unsigned retry_ms(const struct gw_talker *talker, enum gw_close_code code) {
  if (code >= 4400 && code < 4500) return 0;
  uint64_t mixed = gw_conn_id(gw_talker_conn(talker)) * 0x9E3779B97F4A7C15u;
  return 1000 + (unsigned)((mixed >> 32) % 4000);
}

void gw_talker_leave(struct gw_talker *talker, enum gw_close_code code) {
  struct gw_godwit_line line;
  gw_carrier_detach(&talker->carrier, false);
  gw_godwit_bye(&line, code, retry_ms(talker, code), gw_close_code_text(code));
  gw_conn_send(gw_talker_conn(talker), GW_WS_TEXT, line.at,
               line.len); /* where there is room for it */
  gw_close_conn(gw_talker_conn(talker), code);
}

/* ---- errands ---- */

static struct gw_str copy(char *to, struct gw_str s) {
  if (!s.at) return s;
  if (s.len) memcpy(to, s.at, s.len);
  return (struct gw_str){to, s.len};
}

struct gw_errand *gw_errand_new(struct gw_talker *talker, struct gw_str id, struct gw_str channel) {
  struct gw_errand *errand = malloc(sizeof *errand + id.len + channel.len);
  if (!errand) return NULL;
  *errand = (struct gw_errand){.talker = talker, .next = talker->errands, .link = &talker->errands};
  errand->id = copy(errand->text, id);
  errand->channel = copy(errand->text + id.len, channel);
  if (errand->next) errand->next->link = &errand->next;
  talker->errands = errand;
  gw_flights_begin(&talker->flights, gw_talker_conn(talker));
  return errand;
}

void gw_errand_free(struct gw_errand *errand) {
  struct gw_talker *talker = errand->talker;
  *errand->link = errand->next;
  if (errand->next) errand->next->link = errand->link;
  free(errand);
  gw_flights_end(&talker->flights, gw_talker_conn(talker));
}
