/* SPDX-License-Identifier: MIT */
/*
 * The tap changes nothing: all calls go down, all events go up, and on their way both directions
 * are read for frame headers. A frame is told when its excerpt is there. It lives until the end of
 * the lower stream has been told.
 */
#include "cli/connect/tap.h"

#include "base/list.h"
#include "cli/connect/show.h"
#include "godwit/ws.h"
#include "loop/loop.h"
#include "net/net.h"

#include <stdlib.h>
#include <string.h>

struct direction {
  struct gw_frame_scan scan;
  struct gw_tapped_frame frame;
  bool is_told;
};

struct tap {
  struct gw_stream stream;
  struct gw_stream *lower;
  struct direction in, out;
  struct gw_task retire;
  gw_tap_fn *tell;
  void *user;
};

static struct tap *of(const struct gw_stream *stream) {
  return gw_container_of(stream, struct tap, stream);
}

/* ---- looking ---- */

static void begin_frame(struct direction *d) {
  d->frame.head = d->scan.head;
  d->frame.excerpt_len = 0;
  d->is_told = false;
}

static void take_payload(struct direction *d, const uint8_t *data, size_t len) {
  struct gw_tapped_frame *frame = &d->frame;
  size_t n = GW_TAP_EXCERPT - frame->excerpt_len;
  if (n > len) n = len;
  uint8_t *to = frame->excerpt + frame->excerpt_len;
  if (frame->head.is_masked)
    gw_ws_mask(to, data, n, frame->head.key, frame->excerpt_len & 3);
  else if (n > 0)
    memcpy(to, data, n);
  frame->excerpt_len += n;
}

static void look(struct tap *tap, struct direction *d, const uint8_t *data, size_t len) {
  for (;;) {
    if (d->scan.remaining == 0) {
      if (!gw_frame_scan_head(&d->scan, &data, &len)) return;
      begin_frame(d);
    }
    const uint8_t *at = data;
    take_payload(d, at, gw_frame_scan_payload(&d->scan, &data, &len));
    bool is_ready = d->scan.remaining == 0 || d->frame.excerpt_len == GW_TAP_EXCERPT;
    if (is_ready && !d->is_told) {
      d->is_told = true;
      tap->tell(tap->user, &d->frame);
    }
    if (d->scan.remaining > 0) return;
  }
}

/* ---- as a stream ---- */

static int tap_write(struct gw_stream *stream, const struct gw_piece *pieces, unsigned n) {
  struct tap *tap = of(stream);
  int r = gw_stream_write(tap->lower, pieces, n);
  for (unsigned i = 0; r >= 0 && i < n; i++)
    look(tap, &tap->out, pieces[i].data, pieces[i].len);
  return r;
}

static size_t tap_pending(const struct gw_stream *stream) {
  return gw_stream_pending(of(stream)->lower);
}

static void tap_pause(struct gw_stream *stream, bool is_paused) {
  gw_stream_pause(of(stream)->lower, is_paused);
}

static void tap_close(struct gw_stream *stream) {
  gw_stream_close(of(stream)->lower);
}

static void tap_abort(struct gw_stream *stream, int err) {
  gw_stream_abort(of(stream)->lower, err);
}

static struct gw_stream *tap_lower(const struct gw_stream *stream) {
  return of(stream)->lower;
}

static int tap_fd(const struct gw_stream *stream) {
  (void)stream;
  return -1;
}

static const struct gw_stream_ops ops = {.write = tap_write,
                                         .pending = tap_pending,
                                         .pause = tap_pause,
                                         .close = tap_close,
                                         .abort = tap_abort,
                                         .lower = tap_lower,
                                         .fd = tap_fd};

/* ---- as the owner of one ---- */

static void on_data(struct gw_stream *lower, uint8_t *data, size_t len) {
  struct tap *tap = lower->owner;
  look(tap, &tap->in, data, len);
  tap->stream.events->on_data(&tap->stream, data, len);
}

static void on_end(struct gw_stream *lower) {
  struct tap *tap = lower->owner;
  if (tap->stream.events->on_end)
    tap->stream.events->on_end(&tap->stream);
  else
    gw_stream_close(lower);
}

static void on_drain(struct gw_stream *lower) {
  struct tap *tap = lower->owner;
  if (tap->stream.events->on_drain) tap->stream.events->on_drain(&tap->stream);
}

static void on_retire(struct gw_task *task) {
  free(gw_container_of(task, struct tap, retire));
}

static void on_close(struct gw_stream *lower, int err) {
  struct tap *tap = lower->owner;
  tap->stream.events->on_close(&tap->stream, err);
  tap->retire.run = on_retire;
  gw_loop_retire(gw_net_loop(tap->stream.net), &tap->retire);
}

static const struct gw_stream_events events = {
    .on_data = on_data, .on_end = on_end, .on_drain = on_drain, .on_close = on_close};

struct gw_stream *gw_tap_new(struct gw_stream *lower, const uint8_t *data, size_t len,
                             gw_tap_fn *tell, void *user) {
  struct tap *tap = calloc(1, sizeof *tap);
  if (!tap) return NULL;
  tap->stream = (struct gw_stream){
      .ops = &ops, .events = lower->events, .owner = lower->owner, .net = lower->net};
  tap->lower = lower;
  tap->tell = tell;
  tap->user = user;
  tap->out.frame.is_out = true;
  gw_stream_own(lower, &events, tap);
  look(tap, &tap->in, data, len);
  return &tap->stream;
}

/* ---- in words ---- */

static void write_excerpt(FILE *out, const struct gw_tapped_frame *frame) {
  const uint8_t *at = frame->excerpt;
  size_t len = frame->excerpt_len;
  unsigned opcode = frame->head.first & 0x0F;
  bool is_text = opcode == GW_WS_TEXT || opcode == GW_WS_PING || opcode == GW_WS_PONG;
  if (opcode == GW_WS_CLOSE && len >= 2) {
    fprintf(out, " code=%u", (unsigned)at[0] << 8 | at[1]);
    at += 2;
    len -= 2;
    is_text = true;
  }
  if (len == 0) return;
  fputs(" payload=", out);
  if (is_text && !(frame->head.first & 0x40)) {
    fputc('"', out);
    gw_show_escaped(out, at, len, false);
    fputc('"', out);
  } else {
    for (size_t i = 0; i < len; i++)
      fprintf(out, "%02x", at[i]);
  }
  if (frame->head.length > frame->excerpt_len) fputs("...", out);
}

const char *gw_tap_format(const struct gw_tapped_frame *frame, char *out, size_t size) {
  const struct gw_frame_head *head = &frame->head;
  FILE *file = fmemopen(out, size, "w");
  *out = '\0';
  if (!file) return out;
  fprintf(file, "%s fin=%u rsv=%u%u%u opcode=%u %s mask=%u len=%llu", frame->is_out ? "-->" : "<--",
          head->first >> 7, head->first >> 6 & 1, head->first >> 5 & 1, head->first >> 4 & 1,
          head->first & 0x0F, gw_frame_opcode_name(head->first), head->is_masked,
          (unsigned long long)head->length);
  if (head->is_masked)
    fprintf(file, " key=%02x%02x%02x%02x", head->key[0], head->key[1], head->key[2], head->key[3]);
  write_excerpt(file, frame);
  fclose(file);
  out[size - 1] = '\0';
  return out;
}
