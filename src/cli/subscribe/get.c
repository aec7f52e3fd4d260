/* SPDX-License-Identifier: MIT */
/*
 * A GET of an intake. 200 is told to the ops, everything else ends the try: for good where the
 * request is to blame (4xx), for a while where the server is.
 */
#include "cli/subscribe/get.h"

#include "codec/http/text.h"
#include "codec/json.h"
#include "godwit/error.h"

enum { PROBLEM_MAX = 64 * 1024 }; /* of a refusal's body: against one without end */

/* A server that does not know the transport answers with something else. */
static bool is_accepted(const struct gw_get *get, const struct gw_http_head *head) {
  const char *wanted = get->ops->accept;
  struct gw_str type = gw_http_only(head, "content-type", NULL);
  const char *semicolon = type.len ? memchr(type.at, ';', type.len) : NULL;
  if (semicolon) type.len = (size_t)(semicolon - type.at);
  return !wanted || (type.at && gw_str_is_nocase(gw_str_trim(type), wanted));
}

static void on_head(void *owner, const struct gw_http_head *head) {
  struct gw_get *get = owner;
  struct gw_str session = gw_http_only(head, "godwit-session", NULL);
  get->status = head->status;
  get->retry_after_ms = gw_remote_retry_ms(head);
  gw_buf_clear(&get->body);
  gw_buf_init(&get->body, head->status == 200 ? GW_INTAKE_MESSAGE_MAX : PROBLEM_MAX);
  if (head->status != 200) return;
  if (!is_accepted(get, head)) {
    gw_http_client_cancel(get->client);
    gw_intake_ended(
        get->intake,
        &(struct gw_intake_end){.reason = "the server does not stream that way", .is_final = true});
    return;
  }
  gw_intake_opened(get->intake);
  struct gw_str cursor = gw_http_only(head, "godwit-cursor", NULL);
  if (cursor.len && !*get->intake->channels[0].cursor) gw_intake_stand(get->intake, 0, cursor);
  if (session.len) gw_intake_note(get->intake, "session %.*s", (int)session.len, session.at);
}

static void on_body(void *owner, const char *data, size_t len) {
  struct gw_get *get = owner;
  if (get->status != 200) {
    size_t room = get->body.cap - get->body.len;
    (void)gw_buf_add(&get->body, data, len < room ? len : room); /* its words are a courtesy */
    return;
  }
  int r = get->ops->on_piece(get, data, len);
  if (r == 0) return;
  gw_http_client_cancel(get->client);
  if (r < 0) gw_get_failed(get, r, NULL);
}

static void refused(struct gw_get *get) {
  char words[512];
  unsigned status = get->status;
  bool may_change = status >= 500 || status == 408 || status == 425 || status == 429;
  struct gw_str body = {(char *)get->body.data, get->body.len};
  gw_intake_ended(get->intake, &(struct gw_intake_end){
                                   .reason = gw_remote_problem(status, body, words, sizeof words),
                                   .mend = gw_remote_mend(0, status),
                                   .is_final = !may_change,
                                   .wait_ms = get->retry_after_ms});
}

void gw_get_failed(struct gw_get *get, int err, const char *reason) {
  bool is_final = err == GW_ERR_ARGUMENT || err == GW_ERR_CERTIFICATE;
  const char *mend = get->intake->has_been_open ? "" : gw_remote_mend(err, 0);
  gw_intake_ended(get->intake,
                  &(struct gw_intake_end){.reason = reason ? reason : gw_error_text(err),
                                          .mend = mend,
                                          .is_final = is_final});
}

static void on_end(void *owner, int err, const char *reason) {
  struct gw_get *get = owner;
  if (err < 0)
    gw_get_failed(get, err, reason);
  else if (get->status != 200)
    refused(get);
  else
    get->ops->on_whole(get);
}

static const struct gw_http_client_events events = {
    .on_head = on_head, .on_body = on_body, .on_end = on_end};

static int open_client(struct gw_get *get) {
  const struct gw_remote *remote = get->intake->options.remote;
  if (get->client) return 0;
  return gw_http_client_new(get->intake->options.loop,
                            &(struct gw_http_client_options){.ca_file = remote->ca_file,
                                                             .is_insecure = remote->is_insecure},
                            &events, get, &get->client);
}

int gw_get_begin(struct gw_get *get, struct gw_intake *intake, const struct gw_get_ops *ops) {
  const struct gw_intake_channel *channel = &intake->channels[0];
  struct gw_str cursor = gw_str_of(channel->cursor);
  struct gw_http_field fields[4];
  unsigned n = gw_remote_field(intake->options.remote, fields);
  struct gw_buf url;
  gw_buf_init(&url, GW_HTTP_LINE_MAX);
  get->intake = intake;
  get->ops = ops;
  if (ops->accept) fields[n++] = (struct gw_http_field){GW_STR("Accept"), gw_str_of(ops->accept)};
  if (ops->prefer) fields[n++] = (struct gw_http_field){GW_STR("Prefer"), gw_str_of(ops->prefer)};
  if (ops->resume && cursor.len)
    fields[n++] = (struct gw_http_field){gw_str_of(ops->resume), cursor};
  int r = open_client(get);
  if (r == 0)
    r = gw_remote_url(intake->options.remote, &url, "/channels/", gw_str_of(channel->name));
  if (r == 0 && cursor.len && !ops->resume) r = gw_remote_add_query(&url, "after", cursor);
  if (r == 0)
    r = gw_http_client_ask(
        get->client, &(struct gw_http_ask){.url = {(char *)url.data, url.len},
                                           .fields = fields,
                                           .n_fields = n,
                                           .timeout_ms = intake->options.timeout_ms + ops->wait_ms,
                                           .quiet_ms = ops->quiet_ms,
                                           .may_repeat = true});
  gw_buf_clear(&url);
  return r;
}

void gw_get_stream_ended(struct gw_get *get) {
  gw_intake_ended(get->intake, &(struct gw_intake_end){.reason = "the server ended the stream"});
}

void gw_get_close(struct gw_get *get) {
  gw_http_client_cancel(get->client);
  gw_intake_ended(get->intake,
                  &(struct gw_intake_end){.reason = "closed", .is_final = true, .is_fine = true});
}

void gw_get_clear(struct gw_get *get) {
  gw_http_client_free(get->client);
  get->client = NULL;
  gw_buf_clear(&get->body);
}

/* ---- a poll's answer ---- */

int gw_get_gather(struct gw_get *get, const char *data, size_t len) {
  return gw_buf_add(&get->body, data, len);
}

static int tell_each(struct gw_intake *intake, struct gw_str publications, size_t *told) {
  struct gw_received_reader reader = {0};
  struct gw_received received;
  struct gw_str element;
  int r = 0;
  while (r == 0 && gw_json_next_element(&publications, &element)) {
    if (gw_received_read(&reader, element, &received) != 0)
      r = GW_ERR_ARGUMENT;
    else if (!gw_intake_tell(intake, 0, &received))
      r = GW_GET_STOP;
    else
      (*told)++;
  }
  gw_received_reader_clear(&reader);
  return r;
}

static int read_answer(struct gw_get *get, bool is_telling, size_t *out_told) {
  struct gw_intake *intake = get->intake;
  struct gw_received_reader reader = {0};
  struct gw_received_news news = {0};
  int r =
      gw_received_news_read(&reader, (struct gw_str){(char *)get->body.data, get->body.len}, &news);
  *out_told = 0;
  if (r != 0 || !news.cursor.len || (is_telling && !news.publications.at)) r = GW_ERR_ARGUMENT;
  if (r == 0 && is_telling) {
    if (news.is_gap) gw_intake_gap(intake, 0, news.has_missed ? &news.missed : NULL);
    r = tell_each(intake, news.publications, out_told);
  }
  if (r == 0) gw_intake_stand(intake, 0, news.cursor);
  gw_received_reader_clear(&reader);
  return r;
}

int gw_get_tell(struct gw_get *get, size_t *out_told) {
  return read_answer(get, true, out_told);
}

/* ---- where a channel stands ---- */

static void on_stand(struct gw_get *get) {
  size_t told;
  int r = read_answer(get, get->is_telling, &told);
  bool is_large = get->body.len >= GW_GET_LARGE;
  gw_buf_clear(&get->body);
  if (r == 0) r = is_large ? gw_get_begin(get, get->intake, get->ops) : get->on_found(get->intake);
  if (r == GW_ERR_ARGUMENT)
    gw_get_failed(get, r, "the answer is not a Godwit server's");
  else if (r < 0)
    gw_get_failed(get, r, NULL);
}

int gw_get_find_start(struct gw_get *get, struct gw_intake *intake, bool is_telling,
                      int (*on_found)(struct gw_intake *intake)) {
  static const struct gw_get_ops ops = {.on_piece = gw_get_gather, .on_whole = on_stand};
  get->is_telling = is_telling;
  get->on_found = on_found;
  return gw_get_begin(get, intake, &ops);
}
