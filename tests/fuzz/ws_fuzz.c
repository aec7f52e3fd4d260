/* SPDX-License-Identifier: MIT */
/*
 * Frames and messages. The first byte chooses role, form and extension, the second and third how
 * the rest is cut; whole, in pieces and byte by byte, the reader must tell the same, never give
 * more than the limit, and own nothing when it has failed or closed.
 */
#include "codec/ws/conn.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds) {
  if (!holds) abort();
}

/* What was read, as a number: order, kinds, bytes. */
struct story {
  uint64_t told;    /* whole messages and control frames, in their order */
  uint64_t message; /* bytes of the message that is coming in parts */
  size_t len;       /* of it */
  int result;       /* the last call's */
};

static void mix(uint64_t *hash, const void *data, size_t len) {
  const uint8_t *at = data;
  for (size_t i = 0; i < len; i++)
    *hash = (*hash ^ at[i]) * 1099511628211u;
}

static void tell(struct story *story, const struct gw_ws_event *event, size_t limit) {
  unsigned kind[3] = {event->opcode, event->code, (unsigned)event->len};
  if (event->opcode >= GW_WS_CLOSE) {
    must(event->is_first && event->is_last && event->len <= 125);
    mix(&story->told, kind, sizeof kind);
    mix(&story->told, event->data, event->len);
    return;
  }
  must(event->opcode == GW_WS_TEXT || event->opcode == GW_WS_BINARY);
  must(event->is_first == (story->message == 0));
  if (event->is_first) story->message = 14695981039346656037u;
  mix(&story->message, event->data, event->len);
  story->len += event->len;
  must(story->len <= limit);
  if (!event->is_last) return;
  kind[2] = (unsigned)story->len;
  mix(&story->told, kind, sizeof kind);
  mix(&story->told, &story->message, sizeof story->message);
  story->message = 0;
  story->len = 0;
}

static struct story read_all(const struct gw_ws_options *options,
                             const struct gw_ws_deflate *deflate, struct gw_ws_shared *shared,
                             const uint8_t *data, size_t size, size_t first, size_t piece) {
  struct story story = {0};
  struct gw_ws *ws;
  must(gw_ws_new(options, shared, deflate, &ws) == 0);
  size_t done = 0;
  while (done < size && story.result >= 0) {
    size_t n = done < first ? first - done : piece;
    if (n == 0 || n > size - done) n = size - done;
    uint8_t *copy = malloc(n), *at = copy; /* of its own, so that ASan sees what lies beyond */
    must(copy != NULL);
    memcpy(copy, data + done, n);
    done += n;
    struct gw_ws_event event;
    while ((story.result = gw_ws_read(ws, &at, &n, &event)) > 0)
      tell(&story, &event, options->max_message);
    must(story.result < 0 || n == 0);
    free(copy);
  }
  if (story.result < 0 || gw_ws_has_got_close(ws)) {
    uint8_t byte = 0x81, *at = &byte;
    size_t n = 1;
    struct gw_ws_event event;
    must(gw_ws_read(ws, &at, &n, &event) == story.result);
    must(ws->partial == NULL && ws->flate == NULL);
  }
  gw_ws_free(ws);
  return story;
}

/* Whole messages are inflated by another library than those in pieces, which may draw the line of
 * what is corrupt elsewhere; and a message both too big and not UTF-8 may fail for either. */
static bool may_differ(const struct gw_ws_deflate *deflate, int a, int b) {
  return deflate->is_on && (a == GW_ERR_WS_DATA || b == GW_ERR_WS_DATA);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size < 3 || size > 100000) return 0;
  unsigned how = data[0];
  struct gw_ws_options options = {.is_client = how & 1,
                                  .is_streaming = how & 2,
                                  .max_message = how & 32 ? 200 : 300000,
                                  .max_frame = how & 64 ? 150 : 0,
                                  .max_fragments = how & 128 ? 3 : 0};
  struct gw_ws_deflate deflate = {.is_on = how & 4,
                                  .server_no_context_takeover = !(how & 8),
                                  .client_no_context_takeover = !(how & 16)};
  size_t first = data[1], piece = data[2];
  data += 3;
  size -= 3;
  struct gw_ws_shared *shared;
  must(gw_ws_shared_new(&shared) == 0);
  struct story whole = read_all(&options, &deflate, shared, data, size, 0, 0);
  struct story cut = read_all(&options, &deflate, shared, data, size, first, piece);
  size_t smallest = size < 2000 ? 1 : 97;
  struct story bytes = read_all(&options, &deflate, shared, data, size, 1, smallest);
  if (!may_differ(&deflate, whole.result, bytes.result)) {
    must(whole.result == bytes.result && whole.told == bytes.told);
  }
  if (!may_differ(&deflate, cut.result, bytes.result)) {
    must(cut.result == bytes.result && cut.told == bytes.told);
  }
  gw_ws_shared_free(shared);
  return 0;
}
