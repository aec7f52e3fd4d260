/* SPDX-License-Identifier: MIT */
/*
 * Lines are cut (CR, LF or both end one), then each is a field of the event that a blank line
 * dispatches. Bytes are taken as they are: that they are UTF-8 is the reader's reader's business.
 * Invariant: `line` holds only a line whose end has not come.
 */
#include "codec/sse_read.h"

void gw_sse_reader_init(struct gw_sse_reader *reader, size_t max) {
  *reader = (struct gw_sse_reader){.saw_cr = false};
  /* all against a server that never ends a line or an event */
  gw_buf_init(&reader->line, max);
  gw_buf_init(&reader->data, max);
  gw_buf_init(&reader->event, max);
  gw_buf_init(&reader->id, max);
}

void gw_sse_reader_clear(struct gw_sse_reader *reader) {
  size_t max = reader->line.cap;
  gw_buf_clear(&reader->line);
  gw_buf_clear(&reader->data);
  gw_buf_clear(&reader->event);
  gw_buf_clear(&reader->id);
  gw_sse_reader_init(reader, max);
}

static int set(struct gw_buf *buf, struct gw_str value) {
  buf->len = 0;
  return gw_buf_add_str(buf, value);
}

enum { RETRY_MAX = 999999999 }; /* ms, eleven days */

/* Digits alone, or it is no field of ours. */
static void set_retry(struct gw_sse_reader *reader, struct gw_str value) {
  uint64_t ms = 0;
  if (gw_str_number(value, RETRY_MAX, &ms)) reader->retry_ms = (unsigned)ms;
}

static int take_field(struct gw_sse_reader *reader, struct gw_str name, struct gw_str value) {
  if (gw_str_is(name, "data")) {
    int r = gw_buf_add_str(&reader->data, value);
    return r == 0 ? gw_buf_add(&reader->data, "\n", 1) : r;
  }
  if (gw_str_is(name, "event")) return set(&reader->event, value);
  if (gw_str_is(name, "retry")) set_retry(reader, value);
  /* An id with a NUL is passed over. */
  if (gw_str_is(name, "id") && !(value.len && memchr(value.at, 0, value.len)))
    return set(&reader->id, value);
  return 0;
}

static struct gw_str str_of(const struct gw_buf *buf) {
  return (struct gw_str){buf->data ? (char *)buf->data : "", buf->len};
}

/* A blank line: without data there is no event, only its id is remembered. */
static int dispatch(struct gw_sse_reader *reader, struct gw_sse_read_event *out) {
  if (reader->data.len == 0) {
    reader->event.len = 0;
    return 0;
  }
  *out = (struct gw_sse_read_event){str_of(&reader->event), str_of(&reader->data),
                                    str_of(&reader->id)};
  out->data.len--; /* the line feed behind the last line */
  reader->is_given = true;
  return 1;
}

static int take_line(struct gw_sse_reader *reader, struct gw_str line,
                     struct gw_sse_read_event *out) {
  if (!reader->has_begun && line.len >= 3 && memcmp(line.at, "\xEF\xBB\xBF", 3) == 0) {
    line.at += 3;
    line.len -= 3;
  }
  reader->has_begun = true;
  if (line.len == 0) return dispatch(reader, out);
  const char *colon = memchr(line.at, ':', line.len);
  struct gw_str name = line, value = {"", 0};
  if (colon) {
    name.len = (size_t)(colon - line.at);
    value = (struct gw_str){colon + 1, line.len - name.len - 1};
    if (value.len && *value.at == ' ') {
      value.at++;
      value.len--;
    }
  }
  return name.len ? take_field(reader, name, value) : 0; /* a comment begins with the colon */
}

static size_t find_end(const char *data, size_t len) {
  size_t i = 0;
  while (i < len && data[i] != '\n' && data[i] != '\r')
    i++;
  return i;
}

int gw_sse_read(struct gw_sse_reader *reader, const char **data, size_t *len,
                struct gw_sse_read_event *out) {
  if (reader->is_given) reader->data.len = reader->event.len = 0;
  reader->is_given = false;
  while (*len > 0) {
    if (reader->saw_cr && **data == '\n') {
      ++*data;
      --*len;
      reader->saw_cr = false;
      continue;
    }
    reader->saw_cr = false;
    size_t n = find_end(*data, *len);
    bool is_whole = n < *len;
    struct gw_str line = {*data, n};
    int r = 0;
    if (!is_whole || reader->line.len) {
      r = gw_buf_add_str(&reader->line, line);
      line = str_of(&reader->line);
    }
    if (is_whole) reader->saw_cr = (*data)[n] == '\r';
    *data += n + is_whole;
    *len -= n + is_whole;
    if (r < 0 || !is_whole) return r;
    r = take_line(reader, line, out);
    reader->line.len = 0;
    if (r != 0) return r;
  }
  return 0;
}
