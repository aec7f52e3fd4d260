/* SPDX-License-Identifier: MIT */
/*
 * Publications go out one after the other, each when the one before has its place, so their order
 * is kept. Each has an idempotency key, so one whose answer was lost, or that the server was too
 * busy to take, is sent again without harm.
 */
#include "cli/publish.h"

#include "base/simd.h"
#include "base/utf8.h"
#include "cli/connect/pipe.h"
#include "cli/connect/show.h"
#include "client/backoff.h"
#include "client/http.h"
#include "client/side.h"
#include "loop/loop.h"

#include <errno.h>
#include <jansson.h>
#include <openssl/rand.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

enum {
  TRIES_MAX = 5,
  FIRST_WAIT_MS = 100,
  WAIT_MAX_MS = 10000, /* whatever Retry-After says: somebody waits for the command */
  INPUT_MAX = 64 << 20,
  ANSWER_MAX = 64 * 1024, /* against an answer without end */
};

struct publishing {
  const struct gw_command *command;
  const struct gw_publish_plan *plan;
  struct gw_loop *loop;
  struct gw_http_client *client;
  struct gw_pipe *pipe;
  struct gw_timer timer; /* the next try */
  struct gw_buf payload, url, answer;
  char key[160];
  unsigned n;               /* publications begun: the number of the line */
  unsigned tries, refusals; /* of this one; refusals: for a while (503) */
  bool may_be_there;        /* an answer was lost: without its key this one may not be sent again */
  bool has_no_keys;         /* none of our own any more: the server may have no room for them */
  unsigned status, retry_after_ms;
  bool has_published; /* there is such a server */
  bool is_input_over;
  int code;
};

static void finish(struct publishing *p, int code) {
  p->code = code;
  gw_loop_stop(p->loop);
}

static void fail(struct publishing *p, const char *words, const char *mend) {
  char line[32] = "";
  if (p->plan->is_lines && p->n) snprintf(line, sizeof line, "line %u: ", p->n);
  gw_remote_say(p->command, "%s: %s%s%s", p->plan->remote.url, line, words, mend);
  finish(p, GW_EXIT_FAILED);
}

/* ---- one publication ---- */

static int make_key(struct publishing *p) {
  const char *key = p->plan->key;
  unsigned char random[16];
  if (key) {
    int n = p->plan->is_lines ? snprintf(p->key, sizeof p->key, "%s-%u", key, p->n)
                              : snprintf(p->key, sizeof p->key, "%s", key);
    return (size_t)n < sizeof p->key ? 0 : GW_ERR_ARGUMENT;
  }
  if (RAND_bytes(random, sizeof random) != 1) return GW_ERR_SYSTEM;
  for (size_t i = 0; i < sizeof random; i++)
    snprintf(p->key + 2 * i, 3, "%02x", random[i]);
  return 0;
}

static const char *type_of(const struct publishing *p) {
  if (p->plan->type) return p->plan->type;
  bool is_text = gw_utf8_valid(gw_simd_best(), p->payload.data, p->payload.len);
  return is_text ? "text/plain; charset=utf-8" : "application/octet-stream";
}

static void try_once(struct publishing *p) {
  struct gw_http_field fields[3] = {{GW_STR("Content-Type"), gw_str_of(type_of(p))}};
  unsigned n = 1 + gw_remote_field(&p->plan->remote, &fields[1]);
  if (*p->key) fields[n++] = (struct gw_http_field){GW_STR("Idempotency-Key"), gw_str_of(p->key)};
  p->tries++;
  p->status = p->retry_after_ms = 0;
  p->answer.len = 0;
  int r = gw_http_client_ask(
      p->client,
      &(struct gw_http_ask){
          .method = GW_STR("POST"),
          .url = {(char *)p->url.data, p->url.len},
          .fields = fields,
          .n_fields = n,
          .body = {p->payload.data ? (char *)p->payload.data : "", p->payload.len},
          .timeout_ms = (unsigned)(p->plan->timeout_s < 4e6 ? p->plan->timeout_s * 1000 + 1 : 4e9),
          .may_repeat = *p->key});
  if (r == GW_ERR_ARGUMENT) {
    gw_command_say(p->command, "--type and --key are words without control characters");
    finish(p, GW_EXIT_USAGE);
  } else if (r < 0) {
    fail(p, gw_error_text(r), gw_remote_mend(r, 0));
  }
}

static void publish(struct publishing *p) {
  p->n++;
  p->tries = p->refusals = 0;
  p->may_be_there = false;
  int r = p->has_no_keys ? 0 : make_key(p);
  if (r < 0) {
    gw_command_say(p->command, "--key: %s", r == GW_ERR_ARGUMENT ? "too long" : gw_error_text(r));
    finish(p, r == GW_ERR_ARGUMENT ? GW_EXIT_USAGE : GW_EXIT_FAILED);
    return;
  }
  try_once(p);
}

/* ---- its answer ---- */

static void on_head(void *owner, const struct gw_http_head *head) {
  struct publishing *p = owner;
  p->status = head->status;
  p->retry_after_ms = gw_remote_retry_ms(head);
}

static void on_body(void *owner, const char *data, size_t len) {
  struct publishing *p = owner;
  size_t room = p->answer.cap - p->answer.len;
  int r = gw_buf_add(&p->answer, data, len < room ? len : room);
  if (r == 0) return;
  gw_http_client_cancel(p->client);
  fail(p, gw_error_text(r), "");
}

static void print_line(const char *text) {
  gw_show_escaped(stdout, text, strlen(text), false);
  putchar('\n');
}

static void print_answer(struct publishing *p) {
  struct gw_str text = {p->answer.data ? (char *)p->answer.data : "", p->answer.len};
  json_error_t error;
  json_t *answer = json_loadb(text.at, text.len, 0, &error);
  const char *cursor = json_string_value(json_object_get(answer, "cursor"));
  while (text.len && (text.at[text.len - 1] == '\n' || text.at[text.len - 1] == '\r'))
    text.len--;
  if (!cursor)
    fail(p, "the answer has no cursor; is it a Godwit server?", "");
  else if (p->plan->is_json)
    printf("%.*s\n", (int)text.len, text.at);
  else
    print_line(cursor);
  json_decref(answer);
  if (fflush(stdout) == 0) return;
  gw_command_say(p->command, "standard output: %s", strerror(errno));
  finish(p, GW_EXIT_FAILED);
}

static void go_on(struct publishing *p) {
  if (p->plan->is_lines && !p->is_input_over)
    gw_pipe_flow(p->pipe, true);
  else
    finish(p, GW_EXIT_DONE);
}

/* A server keeps a limited number of keys: where it refuses twice in a row, the rest goes without
 * those that nobody asked for. */
static void do_without_keys(struct publishing *p) {
  if (p->status != 503 || ++p->refusals < 2 || p->plan->key || p->may_be_there) return;
  p->has_no_keys = true;
  p->key[0] = '\0';
}

/* What may have come of a moment's trouble. Before a first answer a server that cannot be reached
 * is more likely not there. */
static bool may_try_again(const struct publishing *p, int err) {
  if (p->tries >= TRIES_MAX) return false;
  if (err == 0) return p->status == 503 || p->status == 429;
  if (err == GW_ERR_CONNECT) return p->has_published;
  return *p->key && (err == GW_ERR_RESET || (p->has_published && err == GW_ERR_TIMEOUT));
}

static void try_again(struct publishing *p) {
  unsigned ms = gw_backoff_ms(FIRST_WAIT_MS, WAIT_MAX_MS, p->tries - 1);
  if (ms < p->retry_after_ms) ms = p->retry_after_ms;
  gw_loop_timer_set(p->loop, &p->timer, ms < WAIT_MAX_MS ? ms : WAIT_MAX_MS);
}

static void on_end(void *owner, int err, const char *reason) {
  struct publishing *p = owner;
  char words[512];
  if (may_try_again(p, err)) {
    if (err == 0)
      do_without_keys(p);
    else if (err != GW_ERR_CONNECT)
      p->may_be_there = true;
    try_again(p);
  } else if (err < 0) {
    fail(p, reason, gw_remote_mend(err, 0));
  } else if (p->status != 200 && p->status != 201) {
    struct gw_str body = {(char *)p->answer.data, p->answer.len};
    fail(p, gw_remote_problem(p->status, body, words, sizeof words), gw_remote_mend(0, p->status));
  } else {
    p->has_published = true;
    p->code = GW_EXIT_DONE;
    print_answer(p);
    if (p->code == GW_EXIT_DONE) go_on(p);
  }
}

static void on_timer(struct gw_timer *timer) {
  try_once(gw_container_of(timer, struct publishing, timer));
}

/* ---- standard input ---- */

static int add_payload(struct publishing *p, const char *data, size_t len) {
  int r = gw_buf_add(&p->payload, data, len);
  if (r < 0) fail(p, r == GW_ERR_FULL ? "more than 64 MiB of input" : gw_error_text(r), "");
  return r;
}

static void on_line(void *owner, char *line, size_t len) {
  struct publishing *p = owner;
  gw_pipe_flow(p->pipe, false);
  p->payload.len = 0;
  if (add_payload(p, line, len) == 0) publish(p);
}

static void on_lines_end(void *owner) {
  struct publishing *p = owner;
  p->is_input_over = true;
  finish(p, GW_EXIT_DONE);
}

static void on_bytes(void *owner, char *data, size_t len) {
  add_payload(owner, data, len);
}

static void on_bytes_end(void *owner) {
  publish(owner);
}

static void on_too_long(void *owner) {
  struct publishing *p = owner;
  p->n++;
  fail(p, "the line is longer than 64 MiB", "");
}

static int open_input(struct publishing *p) {
  static const struct gw_pipe_events lines = {
      .on_line = on_line, .on_end = on_lines_end, .on_too_long = on_too_long};
  static const struct gw_pipe_events whole = {
      .on_line = on_bytes, .on_end = on_bytes_end, .on_too_long = on_too_long};
  bool is_lines = p->plan->is_lines;
  int r = gw_pipe_open(p->loop, is_lines ? INPUT_MAX : 0, is_lines ? &lines : &whole, p, &p->pipe);
  if (r == 0) gw_pipe_flow(p->pipe, true);
  return r;
}

/* ---- the run ---- */

static int write_url(struct publishing *p) {
  const struct gw_publish_plan *plan = p->plan;
  int r = gw_remote_url(&plan->remote, &p->url, plan->is_to ? "/users/" : "/channels/",
                        gw_str_of(plan->channel));
  if (r == 0 && plan->event) r = gw_remote_add_query(&p->url, "event", gw_str_of(plan->event));
  return r;
}

static void on_begin(struct gw_timer *timer) {
  struct publishing *p = gw_container_of(timer, struct publishing, timer);
  p->timer.on_due = on_timer;
  publish(p);
}

static int begin(struct publishing *p) {
  static const struct gw_http_client_events events = {
      .on_head = on_head, .on_body = on_body, .on_end = on_end};
  const struct gw_remote *remote = &p->plan->remote;
  int r = gw_http_client_new(p->loop,
                             &(struct gw_http_client_options){.ca_file = remote->ca_file,
                                                              .is_insecure = remote->is_insecure},
                             &events, p, &p->client);
  if (r == 0) r = write_url(p);
  if (r < 0 || !p->plan->payload) return r < 0 ? r : open_input(p);
  p->timer.on_due = on_begin;
  gw_loop_timer_set(p->loop, &p->timer, 0);
  return gw_buf_add_str(&p->payload, gw_str_of(p->plan->payload));
}

static void clear(struct publishing *p) {
  gw_pipe_close(p->pipe);
  gw_http_client_free(p->client);
  gw_loop_timer_cancel(p->loop, &p->timer);
  while (gw_client_side_is_used(p->loop))
    if (gw_loop_turn(p->loop, 50) < 0) break;
  gw_loop_free(p->loop);
  gw_buf_clear(&p->payload);
  gw_buf_clear(&p->url);
  gw_buf_clear(&p->answer);
}

int gw_publish_run(const struct gw_command *command, const struct gw_publish_plan *plan) {
  struct publishing p = {.command = command, .plan = plan, .timer.on_due = on_timer};
  gw_buf_init(&p.payload, INPUT_MAX);
  gw_buf_init(&p.url, GW_HTTP_LINE_MAX);
  gw_buf_init(&p.answer, ANSWER_MAX);
  signal(SIGPIPE, SIG_IGN);
  int err = gw_loop_new(&p.loop);
  if (err == 0) {
    err = begin(&p);
    if (err == 0) err = gw_loop_run(p.loop);
    clear(&p);
  }
  if (err < 0) gw_command_say(command, "%s", gw_error_text(err));
  return err < 0 ? GW_EXIT_FAILED : p.code;
}
