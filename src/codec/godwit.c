/* SPDX-License-Identifier: MIT */
/*
 * Reading walks over the words once, and goes on behind the first fault, for the sake of the id
 * that the error has to bear. Nothing is allocated: what has no escape is a slice of the message.
 * Writing percent-encodes what would break a line or its words (control characters, blanks, `%`),
 * and leaves all else as it is.
 */
#include "codec/godwit.h"

#include "base/simd.h"
#include "base/utf8.h"
#include "codec/http/text.h"

#include <stdio.h>

/* ---- reading ---- */

struct reading {
  struct gw_godwit_request *out;
  const char *problem; /* the first; NULL: none so far */
  size_t text_len;
};

static void complain(struct reading *reading, const char *problem) {
  if (!reading->problem) reading->problem = problem;
}

static bool is_control(char c) {
  return (unsigned char)c < 0x20 || c == 0x7F;
}

static bool has_control(struct gw_str s) {
  for (size_t i = 0; i < s.len; i++)
    if (is_control(s.at[i])) return true;
  return false;
}

static struct gw_str decoded(struct reading *reading, struct gw_str s) {
  if (s.len == 0 || !memchr(s.at, '%', s.len)) return s;
  char *at = reading->out->text + reading->text_len;
  int len = gw_http_percent_decode(s, false, at, sizeof reading->out->text - reading->text_len);
  if (len < 0) {
    complain(reading, "a percent sign is followed by two hex digits");
    len = 0;
  }
  reading->text_len += (size_t)len;
  return (struct gw_str){at, (size_t)len};
}

/* The next word; false at the end. Two blanks in a row have an empty word between them. */
static bool next_word(struct gw_str *rest, struct gw_str *out) {
  if (!rest->at) return false;
  const char *blank = rest->len ? memchr(rest->at, ' ', rest->len) : NULL;
  *out = *rest;
  if (!blank) {
    *rest = (struct gw_str){0};
    return true;
  }
  out->len = (size_t)(blank - rest->at);
  rest->at = blank + 1;
  rest->len -= out->len + 1;
  return true;
}

static bool is_visible(struct gw_str value, size_t max) {
  bool is_sound = value.len >= 1 && value.len <= max;
  for (size_t i = 0; i < value.len && is_sound; i++)
    is_sound = value.at[i] > 0x20 && value.at[i] < 0x7F;
  return is_sound;
}

static void read_id(struct reading *reading, struct gw_str value) {
  if (is_visible(value, GW_GODWIT_ID_MAX))
    reading->out->id = value;
  else
    complain(reading, "an id is 1 to 64 visible characters");
}

static void read_key(struct reading *reading, struct gw_str value) {
  if (is_visible(value, GW_GODWIT_KEY_MAX))
    reading->out->key = value;
  else
    complain(reading, "a key is 1 to 255 visible characters");
}

static void read_after(struct reading *reading, struct gw_str value) {
  reading->out->after = decoded(reading, value);
}

static void read_inbox(struct reading *reading, struct gw_str value) {
  reading->out->inbox = decoded(reading, value);
}

static void read_event(struct reading *reading, struct gw_str value) {
  struct gw_str event = decoded(reading, value);
  bool is_text = gw_utf8_valid(gw_simd_best(), (const uint8_t *)event.at, event.len);
  if (event.len < 1 || event.len > GW_GODWIT_EVENT_MAX || !is_text || has_control(event))
    complain(reading, "an event is 1 to 255 bytes of UTF-8 without control characters");
  reading->out->event = event;
}

enum { LIMIT_MAX = 999999 };

static void read_limit(struct reading *reading, struct gw_str value) {
  uint64_t limit = 0;
  if (!gw_str_number(value, LIMIT_MAX, &limit) || limit == 0)
    complain(reading, "a limit is a number from 1 to 999999");
  reading->out->limit = (unsigned)limit;
}

enum { ID = 1, AFTER = 2, EVENT = 4, LIMIT = 8, INBOX = 16, KEY = 32 };

static const struct option {
  const char *name;
  unsigned bit;
  void (*read)(struct reading *reading, struct gw_str value);
} options[] = {
    {"id", ID, read_id},          {"after", AFTER, read_after}, {"event", EVENT, read_event},
    {"limit", LIMIT, read_limit}, {"inbox", INBOX, read_inbox}, {"key", KEY, read_key},
};

static const struct verb {
  const char *word;
  const char *problem; /* without its second word; NULL: it has none */
  bool has_body;
  unsigned options;
} verbs[GW_GODWIT_VERB_COUNT] = {
    [GW_GODWIT_AUTH] = {"auth", "auth needs a token", false, ID | INBOX},
    [GW_GODWIT_SUB] = {"sub", "sub needs a channel", false, ID | AFTER},
    [GW_GODWIT_UNSUB] = {"unsub", "unsub needs a channel", false, ID},
    [GW_GODWIT_PUB] = {"pub", "pub needs a channel", true, ID | EVENT | KEY},
    [GW_GODWIT_TO] = {"to", "to needs a user", true, ID | EVENT | KEY},
    [GW_GODWIT_WHO] = {"who", "who needs a channel", false, ID},
    [GW_GODWIT_HISTORY] = {"history", "history needs a channel", false, ID | AFTER | LIMIT},
    [GW_GODWIT_PING] = {"ping", NULL, false, ID},
};

static const struct verb *read_verb(struct reading *reading, struct gw_str word) {
  for (unsigned i = 0; i < GW_GODWIT_VERB_COUNT; i++) {
    if (!gw_str_is(word, verbs[i].word)) continue;
    reading->out->verb = (enum gw_godwit_verb)i;
    return &verbs[i];
  }
  complain(reading, "the first word is auth sub unsub pub to who history or ping");
  return NULL;
}

/* An option that this verb does not know is passed over; of an unknown verb only the id counts. */
static void read_option(struct reading *reading, const struct verb *verb, struct gw_str word,
                        unsigned *seen) {
  const char *equals = word.len ? memchr(word.at, '=', word.len) : NULL;
  if (!equals || equals == word.at) {
    complain(reading, word.len ? "an option is key=value" : "words are split by one space");
    return;
  }
  struct gw_str name = {word.at, (size_t)(equals - word.at)};
  struct gw_str value = {equals + 1, word.len - name.len - 1};
  for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
    if (!((verb ? verb->options : ID) & options[i].bit) || !gw_str_is(name, options[i].name))
      continue;
    if (*seen & options[i].bit) complain(reading, "an option is given once");
    *seen |= options[i].bit;
    options[i].read(reading, value);
  }
}

static void read_line(struct reading *reading, struct gw_str line) {
  struct gw_str rest = line, word;
  unsigned seen = 0, n = 0;
  next_word(&rest, &word);
  const struct verb *verb = read_verb(reading, word);
  if (verb && verb->problem) {
    if (!next_word(&rest, &word) || word.len == 0) {
      complain(reading, verb->problem);
      word = (struct gw_str){0};
    }
    reading->out->word = decoded(reading, word);
  }
  while (next_word(&rest, &word)) {
    if (++n > GW_GODWIT_OPTIONS_MAX) {
      complain(reading, "there are 16 options at most");
      return;
    }
    if (!verb && n == 1 && !memchr(word.at, '=', word.len)) continue; /* its channel, perhaps */
    read_option(reading, verb, word, &seen);
  }
  if (reading->out->body.len && verb && !verb->has_body)
    complain(reading, "only pub and to have a body");
}

int gw_godwit_parse(struct gw_str message, struct gw_godwit_request *out,
                    const char **out_problem) {
  memset(out, 0, offsetof(struct gw_godwit_request, text));
  struct reading reading = {.out = out};
  struct gw_str line = message;
  size_t seen = message.len < GW_GODWIT_LINE_MAX + 1 ? message.len : GW_GODWIT_LINE_MAX + 1;
  const char *end = seen ? memchr(message.at, '\n', seen) : NULL;
  if (end) {
    line.len = (size_t)(end - message.at);
    out->body = (struct gw_str){end + 1, message.len - line.len - 1};
  }
  if (line.len > GW_GODWIT_LINE_MAX)
    complain(&reading, "a header line has 8192 bytes at most");
  else if (has_control(line))
    complain(&reading, "a header line has no control characters");
  else
    read_line(&reading, line.at ? line : GW_STR(""));
  if (!reading.problem) return 0;
  *out_problem = reading.problem;
  return GW_ERR_ARGUMENT;
}

/* ---- writing ---- */

static void add(struct gw_godwit_line *line, struct gw_str s) {
  size_t room = sizeof line->at - line->len;
  size_t n = s.len < room ? s.len : room; /* it fits: godwit.h */
  if (n) memcpy(line->at + line->len, s.at, n);
  line->len += n;
}

static void add_text(struct gw_godwit_line *line, const char *text) {
  add(line, gw_str_of(text));
}

static void add_encoded(struct gw_godwit_line *line, struct gw_str s) {
  static const char hex[] = "0123456789ABCDEF";
  size_t plain = 0;
  for (size_t i = 0; i < s.len; i++) {
    if (s.at[i] != ' ' && s.at[i] != '%' && !is_control(s.at[i])) continue;
    unsigned char c = (unsigned char)s.at[i];
    add(line, (struct gw_str){s.at + plain, i - plain});
    add(line, (struct gw_str){(const char[]){'%', hex[c >> 4], hex[c & 15]}, 3});
    plain = i + 1;
  }
  add(line, (struct gw_str){s.at + plain, s.len - plain});
}

static void add_word(struct gw_godwit_line *line, struct gw_str s) {
  add_text(line, " ");
  add_encoded(line, s);
}

/* `name` as ` key=` */
static void add_option(struct gw_godwit_line *line, const char *name, struct gw_str value) {
  if (!value.at) return;
  add_text(line, name);
  add_encoded(line, value);
}

static void add_number(struct gw_godwit_line *line, const char *before, uint64_t number) {
  char text[24];
  int len = snprintf(text, sizeof text, "%llu", (unsigned long long)number);
  add_text(line, before);
  add(line, (struct gw_str){text, (size_t)len});
}

static void add_reason(struct gw_godwit_line *line, const char *reason) {
  add_text(line, " ");
  for (size_t i = 0; reason[i]; i++)
    add(line, (struct gw_str){reason[i] == ' ' ? "-" : reason + i, 1});
}

static void add_standing(struct gw_godwit_line *line, const struct gw_godwit_standing *standing) {
  add_option(line, " cursor=", standing->cursor);
  add_text(line, standing->is_recovered ? " recovered=yes" : " recovered=no");
  if (!standing->is_recovered && standing->is_missed_known)
    add_number(line, " missed=", standing->missed);
}

static void begin(struct gw_godwit_line *line, const char *verb) {
  line->len = 0;
  add_text(line, verb);
}

void gw_godwit_welcome(struct gw_godwit_line *line, struct gw_str session, struct gw_str user,
                       unsigned ping_seconds, bool is_resumed) {
  begin(line, "welcome");
  add_option(line, " session=", session);
  add_option(line, " user=", user);
  add_number(line, " version=", GW_GODWIT_VERSION);
  add_number(line, " ping=", ping_seconds);
  if (is_resumed) add_text(line, " resumed=yes");
}

void gw_godwit_ok(struct gw_godwit_line *line, struct gw_str id) {
  begin(line, "ok");
  add_option(line, " id=", id);
}

void gw_godwit_ok_cursor(struct gw_godwit_line *line, struct gw_str id, struct gw_str cursor,
                         bool is_duplicate) {
  gw_godwit_ok(line, id);
  add_option(line, " cursor=", cursor);
  if (is_duplicate) add_text(line, " duplicate=yes");
}

void gw_godwit_ok_user(struct gw_godwit_line *line, struct gw_str id, struct gw_str user) {
  gw_godwit_ok(line, id);
  add_option(line, " user=", user);
}

void gw_godwit_ok_history(struct gw_godwit_line *line, struct gw_str id,
                          const struct gw_godwit_standing *standing) {
  gw_godwit_ok(line, id);
  add_standing(line, standing);
}

void gw_godwit_error(struct gw_godwit_line *line, unsigned code, struct gw_str id,
                     const char *reason) {
  begin(line, "error");
  add_number(line, " ", code);
  add_option(line, " id=", id);
  add_reason(line, reason);
}

void gw_godwit_pong(struct gw_godwit_line *line, struct gw_str id) {
  begin(line, "pong");
  add_option(line, " id=", id);
}

void gw_godwit_subscribed(struct gw_godwit_line *line, struct gw_str channel,
                          const struct gw_godwit_standing *standing, struct gw_str id) {
  begin(line, "subscribed");
  add_word(line, channel);
  add_standing(line, standing);
  add_option(line, " id=", id);
}

static void add_origin(struct gw_godwit_line *line, struct gw_str cursor, struct gw_str event,
                       struct gw_str from) {
  add_word(line, cursor);
  add_option(line, " event=", event);
  add_option(line, " from=", from);
  add_text(line, "\n");
}

void gw_godwit_msg(struct gw_godwit_line *line, struct gw_str channel, struct gw_str cursor,
                   struct gw_str event, struct gw_str from) {
  begin(line, "msg");
  add_word(line, channel);
  add_origin(line, cursor, event, from);
}

void gw_godwit_direct(struct gw_godwit_line *line, struct gw_str cursor, struct gw_str event,
                      struct gw_str from) {
  begin(line, "direct");
  add_origin(line, cursor, event, from);
}

void gw_godwit_users(struct gw_godwit_line *line, struct gw_str channel, struct gw_str id,
                     unsigned users, unsigned sessions) {
  begin(line, "users");
  add_word(line, channel);
  add_option(line, " id=", id);
  add_number(line, " sessions=", sessions);
  add_number(line, " users=", users);
}

void gw_godwit_users_line(struct gw_godwit_line *line, struct gw_str user, unsigned sessions) {
  begin(line, "\n");
  add_encoded(line, user);
  add_number(line, " ", sessions);
}

static void presence(struct gw_godwit_line *line, const char *verb, struct gw_str channel,
                     struct gw_str user) {
  begin(line, verb);
  add_word(line, channel);
  add_word(line, user);
}

void gw_godwit_join(struct gw_godwit_line *line, struct gw_str channel, struct gw_str user) {
  presence(line, "join", channel, user);
}

void gw_godwit_leave(struct gw_godwit_line *line, struct gw_str channel, struct gw_str user) {
  presence(line, "leave", channel, user);
}

void gw_godwit_bye(struct gw_godwit_line *line, unsigned code, unsigned retry_ms,
                   const char *reason) {
  begin(line, "bye");
  add_number(line, " ", code);
  add_number(line, " retry=", retry_ms);
  add_reason(line, reason);
}
