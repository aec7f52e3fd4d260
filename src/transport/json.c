/* SPDX-License-Identifier: MIT */
/*
 * A publication as JSON. A payload that says that it is JSON goes in as it is, once it has been
 * proved to be, but for its line ends: a publication must be one line (NDJSON).
 */
#include "transport/json.h"

#include "codec/json_write.h"
#include "godwit/error.h"
#include "transport/content.h"

#include <jansson.h>
#include <stdio.h>
#include <time.h>

int gw_json_add_cursor(struct gw_buf *out, const char *name, const struct gw_cursor *cursor) {
  char text[GW_CURSOR_TEXT];
  return gw_buf_printf(out, "\"%s\":\"%s\"", name, gw_cursor_write(cursor, text));
}

int gw_json_add_time(struct gw_buf *out, const char *name, uint64_t ms) {
  time_t seconds = (time_t)(ms / 1000);
  struct tm tm;
  char text[40];
  if (!gmtime_r(&seconds, &tm) || strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm) == 0)
    return GW_ERR_SYSTEM;
  return gw_buf_printf(out, "\"%s\":\"%s.%03uZ\"", name, text, (unsigned)(ms % 1000));
}

static int add_member(struct gw_buf *out, const char *key, struct gw_str text) {
  if (!text.at) return 0;
  int err = gw_buf_add_text(out, key);
  return err == 0 ? gw_json_add_string(out, text) : err;
}

static bool is_json(struct gw_str payload) {
  /* Numbers of any length are JSON: read as reals, none is too long. */
  size_t flags = JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL | JSON_ALLOW_NUL;
  json_error_t error;
  json_t *value = json_loadb(payload.at, payload.len, flags, &error);
  json_decref(value);
  return value != NULL;
}

static int add_payload(struct gw_buf *out, const struct gw_publication *publication) {
  int err;
  if (publication->is_binary) {
    err = gw_buf_add_text(out, ",\"base64\":");
    return err == 0 ? gw_json_add_base64(out, publication->payload) : err;
  }
  if (gw_content_is_json(publication->content_type) && is_json(publication->payload)) {
    err = gw_buf_add_text(out, ",\"data\":");
    return err == 0 ? gw_json_add_line(out, publication->payload) : err;
  }
  return add_member(out, ",\"text\":", publication->payload);
}

int gw_json_add_publication(struct gw_buf *out, const struct gw_publication *publication) {
  int err = gw_buf_printf(out, "{\"offset\":%llu,", (unsigned long long)publication->cursor.offset);
  if (err == 0) err = gw_json_add_cursor(out, "cursor", &publication->cursor);
  if (err == 0) err = add_member(out, ",\"event\":", publication->event);
  if (err == 0) err = add_member(out, ",\"from\":", publication->from);
  if (err == 0) err = gw_buf_add(out, ",", 1);
  if (err == 0) err = gw_json_add_time(out, "time", publication->time);
  if (err == 0) err = add_payload(out, publication);
  return err == 0 ? gw_buf_add(out, "}", 1) : err;
}

static struct gw_bytes *make(const struct gw_publication *publication, void *how) {
  (void)how;
  struct gw_buf out;
  gw_buf_init(&out, SIZE_MAX); /* six times the publication, which has a cap */
  struct gw_bytes *made = NULL;
  if (gw_json_add_publication(&out, publication) == 0) made = gw_bytes_copy(out.data, out.len);
  gw_buf_clear(&out);
  return made;
}

const struct gw_bytes *gw_json_publication(struct gw_publication *publication) {
  static const char key;
  return gw_publication_encoding(publication, &key, make, NULL);
}
