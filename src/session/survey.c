/* SPDX-License-Identifier: MIT */
/*
 * A question to every worker, one after the other: one task that each loop posts to the next.
 * Invariant: `done` is called once, on the asker's thread; where the loops have stopped, when the
 * one that holds the survey is freed.
 */
#include "session/table.h"

static void travel(struct gw_survey *survey);

static void end(struct gw_survey *survey) {
  struct gw_sessions *sessions = survey->sessions;
  survey->done(survey);
  gw_sessions_unref(sessions);
}

static void on_home(struct gw_task *task) {
  end(gw_container_of(task, struct gw_survey, task));
}

static void on_visit(struct gw_task *task) {
  struct gw_survey *survey = gw_container_of(task, struct gw_survey, task);
  struct gw_sessions *sessions = survey->sessions;
  if (sessions->is_closed) {
    end(survey);
    return;
  }
  bool is_enough = survey->visit(survey, sessions->tables[survey->at]);
  survey->at = is_enough ? sessions->n : survey->at + 1;
  travel(survey);
}

static void travel(struct gw_survey *survey) {
  struct gw_sessions *sessions = survey->sessions;
  bool is_over = survey->at >= sessions->n;
  survey->task.run = is_over ? on_home : on_visit;
  gw_loop_post(sessions->tables[is_over ? survey->home : survey->at]->loop, &survey->task);
}

void gw_survey_start(struct gw_survey *survey, struct gw_session_table *from) {
  survey->sessions = from->sessions;
  survey->home = from->number;
  survey->at = 0;
  gw_sessions_ref(from->sessions);
  travel(survey);
}
