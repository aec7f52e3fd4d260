/* SPDX-License-Identifier: MIT */
/*
 * Try after try. The timer runs between two tries and never during one; a server that was never
 * reached is not waited for, since the URL is more likely wrong.
 */
#include "cli/subscribe/intake.h"

#include "base/list.h"
#include "client/backoff.h"
#include "godwit/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { FIRST_WAIT_MS = 500, WAIT_MAX_MS = 30000, WISH_MAX_MS = 300000 };

static void begin(struct gw_intake *intake) {
  intake->is_open = false;
  int r = intake->options.kind->begin(intake);
  if (r < 0)
    gw_intake_ended(intake, &(struct gw_intake_end){.reason = gw_error_text(r), .is_final = true});
}

static void on_timer(struct gw_timer *timer) {
  begin(gw_container_of(timer, struct gw_intake, timer));
}

int gw_intake_new(const struct gw_intake_options *options, struct gw_intake **out_intake) {
  struct gw_intake *intake = calloc(1, sizeof *intake);
  if (!intake) return GW_ERR_MEMORY;
  intake->options = *options;
  intake->timer.on_due = on_timer;
  intake->state = calloc(1, options->kind->size);
  intake->channels = calloc(options->n, sizeof *intake->channels);
  if (!intake->state || !intake->channels) {
    free(intake->channels);
    free(intake->state);
    free(intake);
    return GW_ERR_MEMORY;
  }
  for (size_t i = 0; i < options->n; i++)
    intake->channels[i].name = options->channels[i];
  if (options->after) gw_intake_stand(intake, 0, gw_str_of(options->after));
  gw_loop_timer_set(options->loop, &intake->timer, 0);
  *out_intake = intake;
  return 0;
}

void gw_intake_close(struct gw_intake *intake) {
  if (intake->is_over) return;
  intake->options.may_return = false;
  if (gw_timer_is_set(&intake->timer)) {
    gw_loop_timer_cancel(intake->options.loop, &intake->timer);
    gw_intake_ended(intake,
                    &(struct gw_intake_end){.reason = "closed", .is_final = true, .is_fine = true});
  } else {
    intake->options.kind->close(intake);
  }
}

void gw_intake_free(struct gw_intake *intake) {
  if (!intake) return;
  gw_loop_timer_cancel(intake->options.loop, &intake->timer);
  intake->options.kind->clear(intake);
  free(intake->state);
  free(intake->channels);
  free(intake);
}

/* ---- what the kinds tell ---- */

void gw_intake_opened(struct gw_intake *intake) {
  if (intake->is_open) return;
  intake->is_open = intake->has_been_open = true;
  intake->failures = 0;
  gw_intake_note(intake, "connected, %s", intake->options.kind->name);
}

void gw_intake_stand(struct gw_intake *intake, size_t channel, struct gw_str cursor) {
  char *to = intake->channels[channel].cursor;
  if (cursor.len >= GW_INTAKE_CURSOR_MAX) return; /* no server of ours gives such a one */
  memcpy(to, cursor.at, cursor.len);
  to[cursor.len] = '\0';
}

bool gw_intake_tell(struct gw_intake *intake, size_t channel, const struct gw_received *received) {
  if (received->cursor.at) gw_intake_stand(intake, channel, received->cursor);
  return intake->options.events->on_publication(intake, channel, received);
}

void gw_intake_gap(struct gw_intake *intake, size_t channel, const uint64_t *missed) {
  intake->options.events->on_gap(intake, channel, missed);
}

void gw_intake_presence(struct gw_intake *intake, size_t channel, bool has_joined,
                        const char *user) {
  intake->options.events->on_presence(intake, channel, has_joined, user);
}

void gw_intake_note(struct gw_intake *intake, const char *format, ...) {
  char text[512];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  intake->options.events->on_note(intake, text);
}

/* The server's wish has an end too, and a random part, so that not all come back in one moment. */
static unsigned wait_of(const struct gw_intake *intake, const struct gw_intake_end *end) {
  unsigned first = intake->first_wait_ms ? intake->first_wait_ms : FIRST_WAIT_MS;
  if (intake->options.backoff_ms) first = intake->options.backoff_ms;
  unsigned wish = end->wait_ms < WISH_MAX_MS ? end->wait_ms : WISH_MAX_MS;
  unsigned ms = gw_backoff_ms(first, first > WAIT_MAX_MS ? first : WAIT_MAX_MS, intake->failures);
  return wish ? wish + gw_backoff_ms(wish / 4, wish / 4, 0) : ms;
}

void gw_intake_ended(struct gw_intake *intake, const struct gw_intake_end *end) {
  bool comes_back = intake->options.may_return && !end->is_final && intake->has_been_open;
  unsigned ms = comes_back ? wait_of(intake, end) : 0;
  intake->is_open = false;
  intake->is_over = !comes_back;
  intake->failures++;
  if (comes_back) gw_loop_timer_set(intake->options.loop, &intake->timer, ms);
  intake->options.events->on_end(intake, end, ms);
}
