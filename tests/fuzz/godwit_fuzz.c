/* SPDX-License-Identifier: MIT */
/*
 * A client's messages in godwit.v1: slices lie in the message or in the request, what is taken
 * keeps what codec/godwit.h promises, and a channel that is written comes back the same.
 */
#include "codec/godwit.h"

#include "base/simd.h"
#include "base/utf8.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds) {
  if (!holds) abort();
}

static void must_lie_in(struct gw_str s, struct gw_str message,
                        const struct gw_godwit_request *request) {
  const char *text = request->text;
  must(s.len == 0 || (s.at >= message.at && s.at + s.len <= message.at + message.len) ||
       (s.at >= text && s.at + s.len <= text + sizeof request->text));
}

static void check_options(const struct gw_godwit_request *request) {
  must(request->id.len <= GW_GODWIT_ID_MAX && (!request->id.at || request->id.len > 0));
  for (size_t i = 0; i < request->id.len; i++)
    must(request->id.at[i] > 0x20 && request->id.at[i] < 0x7F);
}

static void check_request(const struct gw_godwit_request *request) {
  must(request->verb < GW_GODWIT_VERB_COUNT && request->limit <= 999999);
  must(request->event.len <= GW_GODWIT_EVENT_MAX);
  must(gw_utf8_valid(gw_simd_best(), (const uint8_t *)request->event.at, request->event.len));
  must((request->verb == GW_GODWIT_PING) == (request->word.len == 0) || request->word.at);
  must(request->body.len == 0 || request->verb == GW_GODWIT_PUB || request->verb == GW_GODWIT_TO);
}

/* What a peer reads in a line of ours is what we have put in. */
static void write_and_read_back(const struct gw_godwit_request *request) {
  static struct gw_godwit_line line;
  static struct gw_godwit_request again;
  const char *problem;
  if (request->word.len == 0 || request->word.len > 255) return;
  gw_godwit_leave(&line, request->word, GW_STR("a=b"));
  struct gw_str text = {line.at, line.len};
  must(!memchr(text.at, '\n', text.len));
  memcpy(line.at, "unsub", 5); /* as long as `leave` */
  must(gw_godwit_parse(text, &again, &problem) == 0 && gw_str_eq(again.word, request->word));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static struct gw_godwit_request request;
  const char *problem = NULL;
  char *exact = malloc(size ? size : 1);
  if (!exact) return 0;
  if (size) memcpy(exact, data, size);
  struct gw_str message = {exact, size};
  int err = gw_godwit_parse(message, &request, &problem);
  must((err == 0) == (problem == NULL));
  const struct gw_str slices[] = {request.word,  request.id,    request.after,
                                  request.event, request.inbox, request.body};
  for (size_t i = 0; i < sizeof slices / sizeof *slices; i++)
    must_lie_in(slices[i], message, &request);
  check_options(&request);
  if (err == 0) {
    check_request(&request);
    write_and_read_back(&request);
  }
  free(exact);
  return 0;
}
