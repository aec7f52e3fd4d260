/* SPDX-License-Identifier: MIT */
/*
 * The run: one intake for all channels, or one for each, what they bring written, and the end. An
 * ending is never done inside an intake's call: it is asked for, and begins at the end of the turn.
 */
#include "cli/subscribe.h"

#include "base/list.h"
#include "cli/connect/show.h"
#include "cli/signals.h"
#include "client/side.h"
#include "godwit/error.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

enum { RELEASE_MS = 1000 }; /* how long a server may take to answer our Close */

struct run {
  const struct gw_command *command;
  const struct gw_subscribe_plan *plan;
  struct gw_loop *loop;
  struct gw_intake *intakes[GW_SUBSCRIBE_CHANNELS_MAX];
  size_t n, n_over;
  struct gw_signals signals;
  struct gw_io output;    /* a pipe whose reader has gone is a hang-up */
  struct gw_task flush;   /* what a turn has written leaves at its end */
  struct gw_timer ending; /* first the closing, then the patience with it */
  uint64_t told;
  bool is_flushing, is_terminal, is_ending, is_closing, watches_output;
  int code;
};

static struct run *of(const struct gw_intake *intake) {
  return intake->options.owner;
}

/* ---- the end ---- */

static void end_with(struct run *run, int code) {
  if (run->is_ending) return;
  run->is_ending = true;
  run->code = code;
  gw_loop_timer_set(run->loop, &run->ending, 0);
}

static void on_ending(struct gw_timer *timer) {
  struct run *run = gw_container_of(timer, struct run, ending);
  if (run->is_closing) {
    gw_loop_stop(run->loop);
    return;
  }
  run->is_closing = true;
  gw_loop_timer_set(run->loop, &run->ending, RELEASE_MS);
  for (size_t i = 0; i < run->n; i++)
    gw_intake_close(run->intakes[i]);
  if (run->n_over == run->n) gw_loop_stop(run->loop);
}

/* ---- writing ---- */

/* Who reads may stop when it likes: that is no failure of ours. */
static void output_failed(struct run *run) {
  if (run->is_ending) return;
  if (errno != EPIPE) gw_command_say(run->command, "standard output: %s", strerror(errno));
  end_with(run, errno == EPIPE ? GW_EXIT_DONE : GW_EXIT_FAILED);
}

static void on_flush(struct gw_task *task) {
  struct run *run = gw_container_of(task, struct run, flush);
  run->is_flushing = false;
  if (fflush(stdout) != 0) output_failed(run);
}

static void flush_later(struct run *run) {
  if (run->is_flushing) return;
  run->is_flushing = true;
  gw_loop_defer(run->loop, &run->flush);
}

static bool on_publication(struct gw_intake *intake, size_t channel,
                           const struct gw_received *received) {
  struct run *run = of(intake);
  if (run->is_ending) return false;
  struct gw_str name = gw_str_of(intake->channels[channel].name);
  int r = gw_format_print(run->plan->format, run->is_terminal, name, received);
  if (r < 0) {
    gw_command_say(run->command, "%s", gw_error_text(r));
    end_with(run, GW_EXIT_FAILED);
  } else if (ferror(stdout)) {
    output_failed(run);
  }
  flush_later(run);
  if (++run->told == run->plan->count) end_with(run, GW_EXIT_DONE);
  return !run->is_ending;
}

static void on_gap(struct gw_intake *intake, size_t channel, const uint64_t *missed) {
  struct run *run = of(intake);
  char many[48] = "publications";
  if (missed) snprintf(many, sizeof many, "%llu", (unsigned long long)*missed);
  if (!run->is_ending)
    gw_remote_say(run->command, "%s: gap: %s missed, the history does not reach back to them",
                  intake->channels[channel].name, many);
}

static void print_presence(struct run *run, struct gw_str channel, bool has_joined,
                           struct gw_str user) {
  struct gw_buf line;
  gw_buf_init(&line, 16 * 1024);
  if (gw_format_presence(&line, channel, has_joined, user) == 0) {
    gw_show_escaped(stdout, line.data, line.len, false);
    putchar('\n');
    flush_later(run);
  }
  gw_buf_clear(&line);
}

static void on_presence(struct gw_intake *intake, size_t channel, bool has_joined,
                        const char *user) {
  struct run *run = of(intake);
  const char *name = intake->channels[channel].name;
  if (!run->plan->shows_presence || run->is_ending) return;
  if (run->plan->presence_is_json)
    print_presence(run, gw_str_of(name), has_joined, gw_str_of(user));
  else
    gw_remote_say(run->command, "%s: %s %s", name, user, has_joined ? "joined" : "left");
}

/* ---- connections ---- */

/* Which intake: where there are several, its channel. */
static const char *place_of(const struct run *run, const struct gw_intake *intake) {
  return run->n > 1 ? intake->channels[0].name : run->plan->remote.url;
}

static void on_note(struct gw_intake *intake, const char *text) {
  struct run *run = of(intake);
  if (run->plan->is_verbose) gw_remote_say(run->command, "%s: %s", place_of(run, intake), text);
}

static void on_end(struct gw_intake *intake, const struct gw_intake_end *end, unsigned retry_ms) {
  struct run *run = of(intake);
  if (retry_ms > 0) {
    gw_remote_say(run->command, "%s: %s; again in %.1f s", place_of(run, intake), end->reason,
                  retry_ms / 1000.0);
    return;
  }
  run->n_over++;
  if (!run->is_ending && !end->is_fine) {
    gw_remote_say(run->command, "%s: %s%s", place_of(run, intake), end->reason,
                  end->mend ? end->mend : "");
    end_with(run, GW_EXIT_FAILED);
  } else if (run->n_over == run->n) {
    end_with(run, GW_EXIT_DONE);
    if (run->is_closing) gw_loop_stop(run->loop);
  }
}

static const struct gw_intake_events events = {.on_publication = on_publication,
                                               .on_gap = on_gap,
                                               .on_presence = on_presence,
                                               .on_note = on_note,
                                               .on_end = on_end};

static int open_intakes(struct run *run) {
  const struct gw_subscribe_plan *plan = run->plan;
  size_t each = plan->kind->holds_many ? plan->n : 1;
  for (size_t i = 0; i < plan->n; i += each) {
    const struct gw_intake_options options = {
        .kind = plan->kind,
        .remote = &plan->remote,
        .events = &events,
        .owner = run,
        .loop = run->loop,
        .channels = plan->channels + i,
        .n = each,
        .after = plan->after,
        .interval_ms = (unsigned)plan->interval_ms,
        .backoff_ms = (unsigned)plan->backoff_ms,
        .timeout_ms = (unsigned)(plan->timeout_s < 4e6 ? plan->timeout_s * 1000 + 1 : 4e9),
        .may_return = !plan->stays_away,
    };
    int r = gw_intake_new(&options, &run->intakes[run->n]);
    if (r < 0) return r;
    run->n++;
  }
  return 0;
}

/* ---- what ends it from outside ---- */

static void on_signal(struct gw_signals *signals, int number) {
  struct run *run = gw_container_of(signals, struct run, signals);
  (void)number;
  if (run->is_closing) gw_loop_stop(run->loop); /* asked for twice */
  end_with(run, GW_EXIT_DONE);
}

static void on_output(struct gw_io *io, unsigned ready) {
  struct run *run = gw_container_of(io, struct run, output);
  if (!(ready & GW_IO_HANGUP)) return;
  gw_loop_io_remove(run->loop, io); /* it would be told without end */
  run->watches_output = false;
  end_with(run, GW_EXIT_DONE);
}

/* Files are always ready: epoll refuses them, and nobody hangs up. */
static void watch_output(struct run *run) {
  run->output = (struct gw_io){.on_ready = on_output, .fd = STDOUT_FILENO};
  run->watches_output = gw_loop_io_add(run->loop, &run->output, 0) == 0;
}

/* ---- the run ---- */

static void clear(struct run *run) {
  for (size_t i = 0; i < run->n; i++)
    gw_intake_free(run->intakes[i]);
  if (run->watches_output) gw_loop_io_remove(run->loop, &run->output);
  gw_signals_close(&run->signals);
  gw_loop_timer_cancel(run->loop, &run->ending);
  while (gw_client_side_is_used(run->loop))
    if (gw_loop_turn(run->loop, 50) < 0) break;
  gw_loop_free(run->loop);
}

int gw_subscribe_run(const struct gw_command *command, const struct gw_subscribe_plan *plan) {
  struct run run = {.command = command,
                    .plan = plan,
                    .signals.on_signal = on_signal,
                    .ending.on_due = on_ending,
                    .flush.run = on_flush,
                    .is_terminal = isatty(STDOUT_FILENO),
                    .code = GW_EXIT_FAILED};
  int err = gw_loop_new(&run.loop);
  if (err == 0) {
    signal(SIGPIPE, SIG_IGN);
    err = gw_signals_open(&run.signals, run.loop, NULL);
    if (err == 0) err = open_intakes(&run);
    if (err == 0) watch_output(&run);
    if (err == 0) err = gw_loop_run(run.loop);
    clear(&run);
  }
  if (err < 0) gw_command_say(command, "%s", gw_error_text(err));
  if (fflush(stdout) != 0 && run.code == GW_EXIT_DONE && errno != EPIPE) run.code = GW_EXIT_FAILED;
  return err < 0 ? GW_EXIT_FAILED : run.code;
}
