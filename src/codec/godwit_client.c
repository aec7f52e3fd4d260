/* SPDX-License-Identifier: MIT */
/*
 * A message is a head line and perhaps a body. Which words a line has by their place is one table;
 * all that follows as `name=value` is an option, in any order. Nothing is copied.
 */
#include "codec/godwit_client.h"

#include "codec/http/text.h"

/* The words of a line by their place: c channel, u user, C cursor, e code. R: then options, and the
 * rest of the line is the reason. */
static const struct line {
  const char *name;
  enum gw_godwit_said said;
  const char *words;
} lines[] = {
    {"welcome", GW_GODWIT_WELCOME, ""},
    {"ok", GW_GODWIT_OK, ""},
    {"error", GW_GODWIT_ERROR, "eR"},
    {"pong", GW_GODWIT_PONG, ""},
    {"subscribed", GW_GODWIT_SUBSCRIBED, "c"},
    {"msg", GW_GODWIT_MSG, "cC"},
    {"direct", GW_GODWIT_DIRECT, "C"},
    {"users", GW_GODWIT_USERS, "c"},
    {"join", GW_GODWIT_JOIN, "cu"},
    {"leave", GW_GODWIT_LEAVE, "cu"},
    {"bye", GW_GODWIT_BYE, "eR"},
};

/* The next word, cut off *rest; empty at the end. */
static struct gw_str next_word(struct gw_str *rest) {
  const char *blank = rest->len ? memchr(rest->at, ' ', rest->len) : NULL;
  struct gw_str word = {rest->at, blank ? (size_t)(blank - rest->at) : rest->len};
  size_t n = word.len + (blank != NULL);
  rest->at += n;
  rest->len -= n;
  return word;
}

static bool cut_option(struct gw_str word, struct gw_str *out_name, struct gw_str *out_value) {
  const char *equals = word.len ? memchr(word.at, '=', word.len) : NULL;
  if (!equals) return false;
  *out_name = (struct gw_str){word.at, (size_t)(equals - word.at)};
  *out_value = (struct gw_str){equals + 1, word.len - out_name->len - 1};
  return true;
}

static int read_number(struct gw_str text, uint64_t *out) {
  return gw_str_number(text, UINT64_MAX, out) ? 0 : GW_ERR_ARGUMENT;
}

static int take_option(struct gw_godwit_message *m, struct gw_str name, struct gw_str value) {
  const struct {
    const char *name;
    struct gw_str *into;
  } texts[] = {{"session", &m->session}, {"user", &m->user}, {"cursor", &m->cursor},
               {"event", &m->event},     {"from", &m->from}, {"id", &m->id}};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
    if (gw_str_is(name, texts[i].name)) *texts[i].into = value;
  if (gw_str_is(name, "recovered")) m->is_recovered = gw_str_is(value, "yes");
  if (gw_str_is(name, "resumed")) m->is_resumed = gw_str_is(value, "yes");
  if (gw_str_is(name, "sessions")) return read_number(value, &m->sessions);
  if (gw_str_is(name, "retry")) return read_number(value, &m->retry_ms);
  if (!gw_str_is(name, "missed")) return 0;
  m->has_missed = true;
  return read_number(value, &m->missed);
}

static struct gw_str *place_of(struct gw_godwit_message *m, char word) {
  switch (word) {
  case 'c': return &m->channel;
  case 'u': return &m->user;
  case 'C': return &m->cursor;
  default: return &m->code;
  }
}

/* Options until a word that is none; with a reason, that word begins it. */
static int read_options(struct gw_godwit_message *m, struct gw_str rest, bool has_reason) {
  while (rest.len > 0) {
    struct gw_str before = rest, name, value;
    if (!cut_option(next_word(&rest), &name, &value)) {
      if (has_reason) m->reason = before;
      if (has_reason) return 0;
      continue;
    }
    int r = take_option(m, name, value);
    if (r < 0) return r;
  }
  return 0;
}

static int read_line(const struct line *line, struct gw_str rest, struct gw_godwit_message *m) {
  m->said = line->said;
  const char *word = line->words;
  for (; *word && *word != 'R'; word++) {
    *place_of(m, *word) = next_word(&rest);
    if (place_of(m, *word)->len == 0) return GW_ERR_ARGUMENT;
  }
  return read_options(m, rest, *word == 'R');
}

int gw_godwit_message_read(struct gw_str text, struct gw_godwit_message *out) {
  *out = (struct gw_godwit_message){.said = GW_GODWIT_UNKNOWN};
  const char *end = text.len ? memchr(text.at, '\n', text.len) : NULL;
  struct gw_str head = {text.at, end ? (size_t)(end - text.at) : text.len};
  if (end) out->body = (struct gw_str){end + 1, text.len - head.len - 1};
  struct gw_str name = next_word(&head);
  for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
    if (gw_str_is(name, lines[i].name)) return read_line(&lines[i], head, out);
  return 0;
}

int gw_godwit_text(struct gw_str word, char *out, size_t size) {
  if (size == 0) return GW_ERR_FULL;
  int len = gw_http_percent_decode(word, false, out, size - 1);
  if (len >= 0) out[len] = '\0';
  return len;
}

/* What would end a word or a line, and the sign of the escape itself. */
static int add_text(struct gw_buf *out, struct gw_str text) {
  int r = 0;
  for (size_t i = 0; i < text.len && r == 0; i++) {
    unsigned char c = (unsigned char)text.at[i];
    r = c <= ' ' || c == '%' || c == 0x7F ? gw_buf_printf(out, "%%%02X", c)
                                          : gw_buf_add(out, &text.at[i], 1);
  }
  return r;
}

int gw_godwit_sub_write(struct gw_buf *out, struct gw_str channel, struct gw_str after) {
  int r = gw_buf_add_text(out, "sub ");
  if (r == 0) r = add_text(out, channel);
  if (r == 0 && after.at) r = gw_buf_add_text(out, " after=");
  if (r == 0 && after.at) r = add_text(out, after);
  return r;
}
