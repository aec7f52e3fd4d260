/* SPDX-License-Identifier: MIT */
/*
 * Strings are copied in runs between the few characters that need an escape. Line ends inside of a
 * value can stand between its tokens only (in strings they are escapes), where they mean no more
 * than a blank.
 */
#include "codec/json_write.h"

#include "codec/http/text.h"

/* RFC 8259 section 7: the quote, the backslash, and control characters. */
static bool needs_escape(unsigned char c) {
  return c < 0x20 || c == '"' || c == '\\';
}

static int add_escape(struct gw_buf *out, unsigned char c) {
  static const char short_forms[][2] = {{'"', '"'},  {'\\', '\\'}, {'\b', 'b'}, {'\f', 'f'},
                                        {'\n', 'n'}, {'\r', 'r'},  {'\t', 't'}};
  for (size_t i = 0; i < sizeof short_forms / sizeof *short_forms; i++)
    if (c == (unsigned char)short_forms[i][0])
      return gw_buf_add(out, (char[]){'\\', short_forms[i][1]}, 2);
  return gw_buf_printf(out, "\\u%04x", c);
}

int gw_json_add_string(struct gw_buf *out, struct gw_str text) {
  int err = gw_buf_add(out, "\"", 1);
  size_t from = 0;
  for (size_t i = 0; i < text.len && err == 0; i++) {
    unsigned char c = (unsigned char)text.at[i];
    if (!needs_escape(c)) continue;
    err = gw_buf_add(out, text.at + from, i - from);
    if (err == 0) err = add_escape(out, c);
    from = i + 1;
  }
  if (err == 0) err = gw_buf_add(out, text.at + from, text.len - from);
  return err == 0 ? gw_buf_add(out, "\"", 1) : err;
}

int gw_json_add_base64(struct gw_buf *out, struct gw_str bytes) {
  int err = gw_buf_add(out, "\"", 1);
  if (err == 0) err = gw_base64_add(out, bytes);
  return err == 0 ? gw_buf_add(out, "\"", 1) : err;
}

int gw_json_add_line(struct gw_buf *out, struct gw_str value) {
  size_t begin = out->len;
  int err = gw_buf_add_str(out, value);
  for (size_t i = begin; err == 0 && i < out->len; i++)
    if (out->data[i] == '\n' || out->data[i] == '\r') out->data[i] = ' ';
  return err;
}
