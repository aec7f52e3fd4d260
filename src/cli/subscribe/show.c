/* SPDX-License-Identifier: MIT */
/*
 * The formats, one table. JSON is written member by member, since a payload that is JSON goes in as
 * it came; its shape is the same whatever transport told of the publication, without the members
 * that the transport does not tell.
 */
#include "cli/subscribe/show.h"

#include "base/simd.h"
#include "base/utf8.h"
#include "cli/connect/show.h"
#include "codec/json_write.h"

/* ---- JSON ---- */

/* 1: not UTF-8, so no JSON string. */
static int add_string(struct gw_buf *out, struct gw_str text) {
  if (!gw_utf8_valid(gw_simd_best(), (const uint8_t *)text.at, text.len)) return 1;
  return gw_json_add_string(out, text);
}

static int add_base64(struct gw_buf *out, struct gw_str bytes) {
  int r = gw_buf_add_text(out, ",\"base64\":");
  return r == 0 ? gw_json_add_base64(out, bytes) : r;
}

/* A member whose text is one; what is not UTF-8 is left out. */
static int add_member(struct gw_buf *out, const char *key, struct gw_str text) {
  size_t before = out->len;
  if (!text.at) return 0;
  int r =
      gw_buf_printf(out, "%s\"%s\":", before > 1 && out->data[before - 1] != '{' ? "," : "", key);
  if (r == 0) r = add_string(out, text);
  if (r == 1) out->len = before;
  return r < 0 ? r : 0;
}

static int add_text(struct gw_buf *out, struct gw_str text) {
  size_t before = out->len;
  int r = gw_buf_add_text(out, ",\"text\":");
  if (r == 0) r = add_string(out, text);
  if (r != 1) return r;
  out->len = before;
  return add_base64(out, text);
}

static int add_data(struct gw_buf *out, struct gw_str json) {
  int r = gw_buf_add_text(out, ",\"data\":");
  return r == 0 ? gw_json_add_line(out, json) : r;
}

static int add_payload(struct gw_buf *out, const struct gw_received *received) {
  switch (received->kind) {
  case GW_PAYLOAD_JSON: return add_data(out, received->payload);
  case GW_PAYLOAD_BINARY: return add_base64(out, received->payload);
  default: return add_text(out, received->payload);
  }
}

static int write_json(struct gw_buf *out, struct gw_str channel,
                      const struct gw_received *received) {
  uint64_t offset = received->cursor.at ? gw_cursor_offset(received->cursor) : 0;
  int r = gw_buf_add(out, "{", 1);
  if (r == 0) r = add_member(out, "channel", channel);
  if (r == 0 && offset) r = gw_buf_printf(out, ",\"offset\":%llu", (unsigned long long)offset);
  if (r == 0) r = add_member(out, "cursor", received->cursor);
  if (r == 0) r = add_member(out, "event", received->event);
  if (r == 0) r = add_member(out, "from", received->from);
  if (r == 0) r = add_member(out, "time", received->time);
  if (r == 0) r = add_payload(out, received);
  return r == 0 ? gw_buf_add(out, "}", 1) : r;
}

int gw_format_presence(struct gw_buf *out, struct gw_str channel, bool has_joined,
                       struct gw_str user) {
  int r = gw_buf_add(out, "{", 1);
  if (r == 0) r = add_member(out, "channel", channel);
  if (r == 0) r = add_member(out, has_joined ? "join" : "leave", user);
  return r == 0 ? gw_buf_add(out, "}", 1) : r;
}

/* ---- lines ---- */

static int write_payload(struct gw_buf *out, struct gw_str channel,
                         const struct gw_received *received) {
  (void)channel;
  return gw_buf_add_str(out, received->payload);
}

static int write_full(struct gw_buf *out, struct gw_str channel,
                      const struct gw_received *received) {
  const struct gw_str words[] = {channel, received->cursor, received->event, received->from};
  int r = 0;
  for (size_t i = 0; i < sizeof words / sizeof *words && r == 0; i++) {
    r = gw_buf_add_str(out, words[i].len ? words[i] : GW_STR("-"));
    if (r == 0) r = gw_buf_add(out, "\t", 1);
  }
  return r == 0 ? gw_buf_add_str(out, received->payload) : r;
}

static const struct gw_format formats[] = {
    {"payload", write_payload}, {"json", write_json}, {"full", write_full}};

const struct gw_format *gw_format_find(const char *name) {
  for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
    if (strcmp(formats[i].name, name) == 0) return &formats[i];
  return NULL;
}

int gw_format_print(const struct gw_format *format, bool is_terminal, struct gw_str channel,
                    const struct gw_received *received) {
  struct gw_buf line;
  gw_buf_init(&line, SIZE_MAX); /* a few times the publication, which has a cap */
  int r = format->write(&line, channel, received);
  if (r == 0) r = gw_buf_reserve(&line, 1);
  if (r == 0 && is_terminal) {
    gw_show_escaped(stdout, line.data, line.len, true);
    putchar('\n');
  } else if (r == 0) {
    line.data[line.len++] = '\n';
    fwrite(line.data, 1, line.len, stdout);
  }
  gw_buf_clear(&line);
  return r;
}
