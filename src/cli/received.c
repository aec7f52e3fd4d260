/* SPDX-License-Identifier: MIT */
/*
 * Reading the server's JSON. jansson proves it and gives the strings; a payload that is JSON itself
 * is taken as it was written, since a number that is read and written again is another one.
 */
#include "cli/received.h"

#include "codec/http/text.h"
#include "codec/json.h"
#include "godwit/error.h"

#include <jansson.h>

uint64_t gw_cursor_offset(struct gw_str cursor) {
  uint64_t offset = 0, unit = 1;
  size_t i = cursor.len;
  for (; i > 0 && cursor.at[i - 1] >= '0' && cursor.at[i - 1] <= '9'; i--) {
    offset += unit * (unsigned)(cursor.at[i - 1] - '0');
    unit *= 10;
  }
  bool is_one = i > 0 && cursor.at[i - 1] == ':' && cursor.len - i >= 1 && cursor.len - i <= 18;
  return is_one ? offset : 0;
}

/* ---- objects ---- */

/* The value of a member, as it was written; of two of that name the last, as jansson has it. */
static struct gw_str member(struct gw_str object, const char *quoted_name) {
  struct gw_str rest = gw_json_inside(object, '{'), name, value, found = {NULL, 0};
  while (gw_json_next_member(&rest, &name, &value))
    if (gw_str_is(name, quoted_name)) found = value;
  return found;
}

void gw_received_reader_clear(struct gw_received_reader *reader) {
  json_decref(reader->root);
  reader->root = NULL;
  gw_buf_clear(&reader->bytes);
}

static int load(struct gw_received_reader *reader, struct gw_str text) {
  /* Numbers of any length are JSON: read as reals, none is too long. */
  json_error_t error;
  json_decref(reader->root);
  reader->root = json_loadb(text.at, text.len, JSON_DECODE_INT_AS_REAL | JSON_ALLOW_NUL, &error);
  if (!reader->root) return GW_ERR_ARGUMENT;
  return json_is_object(reader->root) ? 0 : 1;
}

static struct gw_str string(const struct gw_received_reader *reader, const char *name) {
  const json_t *value = json_object_get(reader->root, name);
  return (struct gw_str){json_string_value(value), json_string_length(value)};
}

static int decode(struct gw_received_reader *reader, struct gw_str base64, struct gw_str *out) {
  gw_buf_init(&reader->bytes, SIZE_MAX); /* smaller than the text, which has a cap */
  int r = gw_buf_reserve(&reader->bytes, base64.len + 1);
  if (r == 0) r = gw_base64_decode(base64, reader->bytes.data, reader->bytes.room);
  if (r < 0) return r;
  *out = (struct gw_str){(char *)reader->bytes.data, (size_t)r};
  return 0;
}

int gw_received_read(struct gw_received_reader *reader, struct gw_str object,
                     struct gw_received *out) {
  gw_buf_clear(&reader->bytes);
  int r = load(reader, object);
  if (r != 0) return r;
  *out = (struct gw_received){.cursor = string(reader, "cursor"),
                              .event = string(reader, "event"),
                              .from = string(reader, "from"),
                              .time = string(reader, "time"),
                              .payload = string(reader, "text")};
  struct gw_str base64 = string(reader, "base64");
  if (!out->cursor.at) return 1;
  if (base64.at) {
    out->kind = GW_PAYLOAD_BINARY;
    return decode(reader, base64, &out->payload);
  }
  if (out->payload.at) return 0;
  out->kind = GW_PAYLOAD_JSON;
  out->payload = member(object, "\"data\"");
  return out->payload.at ? 0 : 1;
}

int gw_received_news_read(struct gw_received_reader *reader, struct gw_str object,
                          struct gw_received_news *out) {
  int r = load(reader, object);
  if (r != 0) return r;
  const json_t *missed = json_object_get(reader->root, "missed");
  *out =
      (struct gw_received_news){.cursor = string(reader, "cursor"),
                                .is_gap = json_is_false(json_object_get(reader->root, "recovered")),
                                .has_missed = json_is_number(missed)};
  if (out->has_missed) out->missed = (uint64_t)json_number_value(missed);
  if (json_is_array(json_object_get(reader->root, "publications")))
    out->publications = gw_json_inside(member(object, "\"publications\""), '[');
  return 0;
}
