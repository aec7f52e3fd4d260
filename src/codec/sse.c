/* SPDX-License-Identifier: MIT */
/*
 * Events as a stream of lines. A field is a line, so nothing that stands in one may end it: a
 * payload is cut at its own line ends into a field each (the reader joins them with LF), and a name
 * that holds one is refused. The blank behind the colon is always written, since a reader takes one
 * away. Keeps nothing.
 */
#include "codec/sse.h"

#include "godwit/error.h"

static bool is_line_end(char c) {
  return c == '\r' || c == '\n';
}

/* Cuts the next line off *rest; false behind the last one, which may be empty. */
static bool next_line(struct gw_str *rest, struct gw_str *out) {
  if (!rest->at) return false;
  size_t n = 0;
  while (n < rest->len && !is_line_end(rest->at[n]))
    n++;
  *out = (struct gw_str){rest->at, n};
  if (n == rest->len) {
    *rest = (struct gw_str){0};
    return true;
  }
  n += rest->at[n] == '\r' && n + 1 < rest->len && rest->at[n + 1] == '\n' ? 2 : 1;
  *rest = (struct gw_str){rest->at + n, rest->len - n};
  return true;
}

static int add_lines(struct gw_buf *out, struct gw_str head, struct gw_str text) {
  struct gw_str line;
  while (next_line(&text, &line)) {
    int err = gw_buf_add_str(out, head);
    if (err == 0) err = gw_buf_add_str(out, line);
    if (err == 0) err = gw_buf_add(out, "\n", 1);
    if (err < 0) return err;
  }
  return 0;
}

/* A reader passes over an id with a NUL in it. */
static bool is_sound(struct gw_str value) {
  for (size_t i = 0; i < value.len; i++)
    if (is_line_end(value.at[i]) || value.at[i] == '\0') return false;
  return true;
}

int gw_sse_add(struct gw_buf *out, const struct gw_sse_event *event) {
  if (!is_sound(event->id) || !is_sound(event->event)) return GW_ERR_ARGUMENT;
  int err = event->retry_ms ? gw_buf_printf(out, "retry: %u\n", event->retry_ms) : 0;
  if (err == 0) err = add_lines(out, GW_STR("id: "), event->id);
  if (err == 0) err = add_lines(out, GW_STR("event: "), event->event);
  if (err == 0) err = add_lines(out, GW_STR("data: "), event->data);
  return err == 0 ? gw_buf_add(out, "\n", 1) : err;
}
