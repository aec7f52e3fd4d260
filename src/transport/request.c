/* SPDX-License-Identifier: MIT */
/*
 * Reading a request for a channel. Parameters that are not known are passed over; a known one that
 * is malformed is refused, never ignored: whoever asks for what came after a cursor must not get
 * something else.
 */
#include "transport/request.h"

#include "codec/http/text.h"
#include "http/exchange.h"

/* Against clients that hold answers open for longer than anything between us would. */
enum { WAIT_MAX = 120, LIMIT_MAX = 999999 };

static const struct gw_str channels = {"/channels/", 10};
static const struct gw_str users = {"/users/", 7};
static const struct gw_str presence = {"/presence", 9};

static bool cut_prefix(struct gw_str *path, struct gw_str prefix) {
  if (path->len < prefix.len || memcmp(path->at, prefix.at, prefix.len) != 0) return false;
  *path = (struct gw_str){path->at + prefix.len, path->len - prefix.len};
  return true;
}

/* Looked at before it is decoded: `%2Fpresence` belongs to a channel's name. */
static bool cut_presence(struct gw_str *path) {
  if (path->len <= presence.len) return false;
  size_t rest = path->len - presence.len;
  if (memcmp(path->at + rest, presence.at, presence.len) != 0) return false;
  path->len = rest;
  return true;
}

static int read_channel(struct gw_str path, struct gw_channel_request *out) {
  out->is_presence = cut_presence(&path);
  int len = gw_http_percent_decode(path, false, out->channel_text, sizeof out->channel_text);
  if (len < 0) return GW_ERR_ARGUMENT;
  out->channel = (struct gw_str){out->channel_text, (size_t)len};
  return gw_channel_name_is_valid(out->channel) ? 0 : GW_ERR_ARGUMENT;
}

static int read_user(struct gw_str path, struct gw_channel_request *out) {
  char text[GW_USER_MAX];
  int len = gw_http_percent_decode(path, false, text, sizeof text);
  struct gw_str user = {text, len < 0 ? 0 : (size_t)len};
  if (!gw_user_name_is_valid(user)) return GW_ERR_ARGUMENT;
  out->channel = gw_inbox_name(user, out->channel_text);
  out->user = gw_inbox_user(out->channel);
  return 0;
}

static int read_path(const struct gw_exchange *exchange, struct gw_channel_request *out) {
  struct gw_str path = exchange->head->path;
  if (cut_prefix(&path, users)) return read_user(path, out);
  return cut_prefix(&path, channels) ? read_channel(path, out) : GW_ERR_ARGUMENT;
}

int gw_request_cursor(const struct gw_exchange *exchange, const char *name, struct gw_cursor *out) {
  struct gw_str given = gw_http_query_get(exchange->head->query, name);
  char text[GW_CURSOR_TEXT];
  if (!given.at) return 0;
  int len = gw_http_percent_decode(given, true, text, sizeof text);
  if (len < 0) return GW_ERR_ARGUMENT;
  int err = gw_cursor_parse((struct gw_str){text, (size_t)len}, out);
  return err < 0 ? err : 1;
}

/* The Last-Event-ID of an EventSource that reconnects is younger than the cursor in its URL. */
static int read_after(const struct gw_exchange *exchange, struct gw_channel_request *out) {
  struct gw_ws_slice header = gw_exchange_header(exchange, "last-event-id");
  if (header.len > 0) {
    out->has_after = true;
    return gw_cursor_parse((struct gw_str){header.at, header.len}, &out->after);
  }
  int found = gw_request_cursor(exchange, "after", &out->after);
  out->has_after = found == 1;
  return found < 0 ? found : 0;
}

int gw_request_limit(const struct gw_exchange *exchange, unsigned *out_limit) {
  struct gw_str text = gw_http_query_get(exchange->head->query, "limit");
  uint64_t limit = 0;
  if (!text.at) return 0;
  if (!gw_str_number(text, LIMIT_MAX, &limit) || limit == 0) return GW_ERR_ARGUMENT;
  *out_limit = (unsigned)limit;
  return 0;
}

static int read_limit(const struct gw_exchange *exchange, struct gw_channel_request *out) {
  return gw_request_limit(exchange, &out->limit);
}

static int read_echo(const struct gw_exchange *exchange, struct gw_channel_request *out) {
  struct gw_str text = gw_http_query_get(exchange->head->query, "echo");
  if (!text.at || gw_str_is(text, "yes")) return 0;
  out->is_silent = gw_str_is(text, "no");
  return out->is_silent ? 0 : GW_ERR_ARGUMENT;
}

static int read_event(const struct gw_exchange *exchange, struct gw_channel_request *out) {
  struct gw_str text = gw_http_query_get(exchange->head->query, "event");
  if (!text.at) return 0;
  int len = gw_http_percent_decode(text, true, out->event_text, sizeof out->event_text);
  if (len < 0) return GW_ERR_ARGUMENT;
  out->event = (struct gw_str){out->event_text, (size_t)len};
  return gw_event_name_is_valid(out->event) ? 0 : GW_ERR_ARGUMENT;
}

static int read_data(const struct gw_exchange *exchange, struct gw_channel_request *out) {
  struct gw_str text = gw_http_query_get(exchange->head->query, "data");
  out->has_json_data = gw_str_is(text, "json");
  return !text.at || out->has_json_data ? 0 : GW_ERR_ARGUMENT;
}

/* Seconds, at most WAIT_MAX. */
static int parse_wait(struct gw_str digits, unsigned *out) {
  if (digits.len == 0) return GW_ERR_ARGUMENT;
  unsigned value = 0;
  for (size_t i = 0; i < digits.len; i++) {
    if (digits.at[i] < '0' || digits.at[i] > '9') return GW_ERR_ARGUMENT;
    value = value * 10 + (unsigned)(digits.at[i] - '0');
    if (value > WAIT_MAX) value = WAIT_MAX;
  }
  *out = value;
  return 0;
}

/* RFC 7240 section 2: `token [BWS "=" BWS word] *(OWS ";" [OWS parameter])`. True: it is `wait`;
 * its value is at NULL where there is none. */
static bool is_wait_preference(struct gw_str preference, struct gw_str *out_value) {
  size_t n = 0, end;
  while (n < preference.len && preference.at[n] != '=' && preference.at[n] != ';')
    n++;
  *out_value = (struct gw_str){0};
  if (!gw_str_is_nocase(gw_str_trim((struct gw_str){preference.at, n}), "wait")) return false;
  if (n == preference.len || preference.at[n] == ';') return true;
  for (end = ++n; end < preference.len && preference.at[end] != ';';)
    end++;
  struct gw_str word = gw_str_trim((struct gw_str){preference.at + n, end - n});
  if (word.len >= 2 && word.at[0] == '"' && word.at[word.len - 1] == '"')
    word = (struct gw_str){word.at + 1, word.len - 2};
  *out_value = word;
  return true;
}

/* Section 2 again: the first of several counts, and a preference that is not understood (or makes
 * no sense) is passed over. */
static void read_prefer(const struct gw_http_head *head, struct gw_channel_request *out) {
  const struct gw_http_field *field;
  for (unsigned i = 0; (field = gw_http_field(head, "prefer", i)); i++) {
    struct gw_str rest = field->value, preference, value;
    while (gw_http_list_next(&rest, &preference)) {
      if (!is_wait_preference(preference, &value)) continue;
      out->has_wait = parse_wait(value, &out->wait) == 0;
      return;
    }
  }
}

/* A preference goes before the parameter, which must make sense all the same. */
static int read_wait(const struct gw_exchange *exchange, struct gw_channel_request *out) {
  struct gw_str text = gw_http_query_get(exchange->head->query, "wait");
  if (text.at && parse_wait(text, &out->wait) < 0) return GW_ERR_ARGUMENT;
  out->has_wait = text.at != NULL;
  struct gw_channel_request preferred = {.has_wait = false};
  read_prefer(exchange->head, &preferred);
  if (!preferred.has_wait) return 0;
  out->has_wait = true;
  out->wait = preferred.wait;
  return 0;
}

/* Which sessions there are is not known here: any text may be the name of one that is over. */
static int read_session(const struct gw_exchange *exchange, struct gw_channel_request *out) {
  struct gw_str text = gw_http_query_get(exchange->head->query, "session");
  if (!text.at) return 0;
  int len = gw_http_percent_decode(text, true, out->session_text, sizeof out->session_text);
  if (len <= 0) return GW_ERR_ARGUMENT;
  out->will_resume = true;
  struct gw_str id = {out->session_text, (size_t)len};
  if (!gw_str_is(id, "new")) out->session = id;
  return 0;
}

struct word {
  int (*read)(const struct gw_exchange *exchange, struct gw_channel_request *out);
  const char *problem;
};

/* The last one is all that a request without a channel has. */
static const struct word words[] = {
    {read_path, "a channel's name is 1 to 255 bytes of UTF-8 without control characters and "
                "without a slash at either end, a user's 1 to 128 without a slash at its end"},
    {read_after, "the cursor (after, Last-Event-ID) is not one that this server gives"},
    {read_limit, "limit is a number from 1 to 999999"},
    {read_echo, "echo is yes or no"},
    {read_event, GW_EVENT_NAME_RULE},
    {read_data, "data is json, or not given"},
    {read_wait, "wait is a number of seconds"},
    {read_session, "session is `new`, or an id that this server has given"},
};

enum { WORDS = sizeof words / sizeof *words };

static int read_words(const struct gw_exchange *exchange, size_t from,
                      struct gw_channel_request *out, const char **out_problem) {
  *out = (struct gw_channel_request){.has_after = false};
  for (size_t i = from; i < WORDS; i++) {
    if (words[i].read(exchange, out) == 0) continue;
    *out_problem = words[i].problem;
    return GW_ERR_ARGUMENT;
  }
  return 0;
}

int gw_channel_request_read(const struct gw_exchange *exchange, struct gw_channel_request *out,
                            const char **out_problem) {
  return read_words(exchange, 0, out, out_problem);
}

int gw_session_request_read(const struct gw_exchange *exchange, struct gw_channel_request *out,
                            const char **out_problem) {
  return read_words(exchange, WORDS - 1, out, out_problem);
}
