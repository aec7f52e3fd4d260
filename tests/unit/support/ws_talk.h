/* SPDX-License-Identifier: MIT */
/*
 * WebSocket conversations for tests: input written as frames, and what the reader made of it as one
 * text, so that the same bytes can be read whole and in pieces and the texts compared. Allocates
 * nothing itself.
 */
#ifndef GW_TEST_WS_TALK_H
#define GW_TEST_WS_TALK_H

#include "codec/ws/conn.h"

#include <stdio.h>

/* Input as it is put together. */
struct ws_bytes {
  size_t len;
  uint8_t at[400 * 1024];
};

void ws_bytes_add(struct ws_bytes *bytes, const void *data, size_t len);
/* A frame with this first byte; from a client it is masked. */
void ws_bytes_frame(struct ws_bytes *bytes, bool from_client, unsigned first, const void *payload,
                    size_t len);

/* What was read, an event a line: `text 5 "Hello"`, `close 1000 "bye"`, `error -34`. Parts of a
 * streamed message are joined. Data over 40 bytes is shown by its hash. */
struct ws_story {
  size_t len;
  char text[8 * 1024];
  size_t part_len; /* of the message that is being streamed */
  uint8_t part[400 * 1024];
};

/* Reads all bytes in pieces of `piece` (0: at once), after a first piece of `first` bytes (0:
 * none). */
void ws_tell(struct gw_ws *ws, const struct ws_bytes *bytes, size_t first, size_t piece,
             struct ws_story *out_story);

/* Likewise with a fresh connection. Gives the story's text. */
const char *ws_tell_fresh(const struct gw_ws_options *options, const struct gw_ws_deflate *deflate,
                          const struct ws_bytes *bytes, size_t first, size_t piece,
                          struct ws_story *out_story);
/* Asserts that the story is this one however the bytes are cut, and that with any allocation
 * failing it is this one or ends for want of memory. */
void ws_expect(const struct gw_ws_options *options, const struct gw_ws_deflate *deflate,
               const struct ws_bytes *bytes, const char *expected);

#endif
