/* SPDX-License-Identifier: MIT */
/*
 * Publishing by POST. The Content-Type is kept with the publication; whether it is text or binary
 * is decided here, once, for all who will hear it. A request that comes again with the same
 * Idempotency-Key is answered with what the first one led to; the channel's home remembers.
 */
#include "transport/publish.h"

#include "codec/http/head.h"
#include "codec/json_write.h"
#include "http/exchange.h"
#include "transport/answer.h"
#include "transport/content.h"
#include "transport/json.h"
#include "transport/pending.h"

/* Against kept publications that are mostly head. */
enum { CONTENT_TYPE_MAX = 255 };

/* `member` is what the request was for, by name. */
static int write_body(struct gw_buf *body, const char *member, struct gw_str name,
                      const struct gw_recovery *recovery) {
  int err = gw_buf_printf(body, "{\"%s\":", member);
  if (err == 0) err = gw_json_add_string(body, name);
  if (err == 0) err = gw_buf_add(body, ",", 1);
  if (err == 0) err = gw_json_add_cursor(body, "cursor", &recovery->cursor);
  if (err < 0) return err;
  return gw_buf_printf(body, ",\"duplicate\":%s}\n", recovery->is_duplicate ? "true" : "false");
}

static void answer(struct gw_pending *pending, const char *member, struct gw_str name, int err,
                   const struct gw_recovery *recovery) {
  struct gw_buf body;
  gw_buf_init(&body, 4096); /* a channel's name, escaped, and a cursor */
  if (err == 0) err = write_body(&body, member, name, recovery);
  unsigned status = recovery && recovery->is_duplicate ? 200 : 201;
  gw_answer_json(gw_pending_end(pending), status, err, &body);
}

static void on_answer(struct gw_store_ask *ask, int err, const struct gw_recovery *recovery) {
  struct gw_pending *pending = gw_container_of(ask, struct gw_pending, ask);
  answer(pending, "channel", pending->channel, err, recovery);
}

static void on_user_answer(struct gw_store_ask *ask, int err, const struct gw_recovery *recovery) {
  struct gw_pending *pending = gw_container_of(ask, struct gw_pending, ask);
  answer(pending, "user", gw_inbox_user(pending->channel), err, recovery);
}

/* NULL without memory. */
static struct gw_publication *make(const struct gw_exchange *exchange,
                                   const struct gw_channel_request *request, struct gw_str type) {
  const struct gw_publication_parts parts = {
      .channel = request->channel,
      .payload = exchange->body,
      .content_type = type,
      .event = request->event,
      .from = gw_identity_user(&request->who),
      .is_binary = gw_content_is_binary(type, exchange->body),
  };
  return gw_publication_new(&parts);
}

/* Visible ASCII and blanks, bare or in quotes (draft-ietf-httpapi-idempotency-key-header: a string
 * of RFC 8941), which do not count. At NULL: none. */
static int read_key(const struct gw_http_head *head, struct gw_str *out_key) {
  unsigned n;
  struct gw_str key = gw_http_only(head, "idempotency-key", &n);
  if (n == 0) {
    *out_key = (struct gw_str){0};
    return 0;
  }
  if (n == 1 && key.len >= 2 && key.at[0] == '"' && key.at[key.len - 1] == '"')
    key = (struct gw_str){key.at + 1, key.len - 2};
  if (n > 1 || key.len < 1 || key.len > GW_KEY_MAX) return GW_ERR_ARGUMENT;
  for (size_t i = 0; i < key.len; i++)
    if (key.at[i] < 0x20 || key.at[i] > 0x7E) return GW_ERR_ARGUMENT;
  *out_key = key;
  return 0;
}

void gw_publish_serve(struct gw_exchange *exchange, struct gw_hub *hub,
                      const struct gw_channel_request *request) {
  struct gw_ws_slice header = gw_exchange_header(exchange, "content-type");
  struct gw_str type = {header.at, header.len};
  if (type.len > CONTENT_TYPE_MAX) {
    gw_exchange_problem(exchange, 400, "Content-Type is at most 255 bytes");
    return;
  }
  /* RFC 9110 section 8.4: a payload that its consumers could not read is refused. */
  if (gw_exchange_header(exchange, "content-encoding").len > 0) {
    gw_exchange_problem_with(exchange, 415, "no Content-Encoding is understood here",
                             "Accept-Encoding: identity\r\n");
    return;
  }
  struct gw_str key;
  if (read_key(exchange->head, &key) < 0) {
    gw_exchange_problem(exchange, 400,
                        "Idempotency-Key is one field of 1 to 255 printable ASCII characters");
    return;
  }
  struct gw_publication *publication = make(exchange, request, type);
  if (!publication) {
    gw_answer_error(exchange, GW_ERR_MEMORY);
    return;
  }
  struct gw_pending *pending = gw_pending_new(exchange, hub, request->channel,
                                              request->user.at ? on_user_answer : on_answer);
  if (pending)
    gw_pending_asked(pending, gw_hub_publish(hub, publication, key, &pending->ask));
  else
    gw_publication_unref(publication);
}
