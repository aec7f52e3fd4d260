/* SPDX-License-Identifier: MIT */
/* URLs of a server's resources, and words for its refusals. Knows no connection. */
#include "cli/remote.h"

#include "cli/connect/show.h"
#include "codec/http/text.h"
#include "codec/http/write.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>

bool gw_remote_init(struct gw_remote *remote, const struct gw_command *command) {
  struct gw_http_url url;
  struct gw_str text = gw_str_of(remote->url);
  if (gw_http_url_parse(text, &url) < 0 || url.user_info.at ||
      (url.target.len && memchr(url.target.at, '?', url.target.len))) {
    gw_command_say(command,
                   "%s: the server's URL looks like http://HOST:PORT; user and token have options "
                   "of their own, a channel is a word of its own",
                   remote->url);
    return false;
  }
  remote->origin = (struct gw_str){text.at, text.len - url.target.len};
  remote->path = url.target;
  while (remote->path.len > 0 && remote->path.at[remote->path.len - 1] == '/')
    remote->path.len--;
  if (!remote->token) return true;
  int n = snprintf(remote->authorization, sizeof remote->authorization, "Bearer %s", remote->token);
  if ((size_t)n < sizeof remote->authorization &&
      gw_http_is_field_value(gw_str_of(remote->authorization)))
    return true;
  gw_command_say(command, "--token: longer than 4096 bytes, or with control characters");
  return false;
}

static int add_encoded(struct gw_buf *out, struct gw_str text, bool keep_slash) {
  size_t size = text.len * 3 + 1;
  int n = gw_buf_reserve(out, size);
  if (n == 0) n = gw_http_percent_encode(text, keep_slash, (char *)out->data + out->len, size);
  if (n < 0) return n;
  out->len += (size_t)n;
  return 0;
}

int gw_remote_add_query(struct gw_buf *url, const char *name, struct gw_str value) {
  bool is_first = !memchr(url->data, '?', url->len);
  int r = gw_buf_printf(url, "%c%s=", is_first ? '?' : '&', name);
  return r == 0 ? add_encoded(url, value, false) : r;
}

int gw_remote_url(const struct gw_remote *remote, struct gw_buf *out, const char *resource,
                  struct gw_str name) {
  int r = gw_buf_add_str(out, remote->origin);
  if (r == 0) r = gw_buf_add_str(out, remote->path);
  if (r == 0) r = gw_buf_add_text(out, resource);
  if (r == 0) r = add_encoded(out, name, true);
  if (r == 0 && remote->user) r = gw_remote_add_query(out, "user", gw_str_of(remote->user));
  return r;
}

unsigned gw_remote_field(const struct gw_remote *remote, struct gw_http_field *out) {
  if (!remote->token) return 0;
  *out = (struct gw_http_field){GW_STR("Authorization"), gw_str_of(remote->authorization)};
  return 1;
}

/* ---- what went wrong ---- */

unsigned gw_remote_retry_ms(const struct gw_http_head *head) {
  struct gw_str text = gw_http_only(head, "retry-after", NULL);
  unsigned seconds = 0;
  for (size_t i = 0; i < text.len; i++) {
    if (text.at[i] < '0' || text.at[i] > '9') return 0;
    if (seconds < 100000) seconds = seconds * 10 + (unsigned)(text.at[i] - '0');
  }
  return seconds * 1000;
}

const char *gw_remote_problem(unsigned status, struct gw_str body, char *out, size_t size) {
  json_error_t error;
  json_t *problem = json_loadb(body.at ? body.at : "", body.len, 0, &error);
  const char *words = json_string_value(json_object_get(problem, "detail"));
  if (!words) words = json_string_value(json_object_get(problem, "title"));
  if (!words) words = gw_http_status_text(status);
  snprintf(out, size, "the server answered %u%s%s", status, *words ? ": " : "", words);
  json_decref(problem);
  return out;
}

const char *gw_remote_mend(int err, unsigned status) {
  switch (err) {
  case GW_ERR_RESOLVE: return "; is the name right?";
  case GW_ERR_CONNECT: return "; does a server listen there?";
  case GW_ERR_CERTIFICATE: return "; --ca FILE says whom to believe, --insecure believes anyone";
  case GW_ERR_TLS: return "; does the server speak TLS on that port?";
  case GW_ERR_RESET:
  case GW_ERR_HTTP_SYNTAX: return "; is it http: or https: as it should be?";
  default: break;
  }
  switch (status) {
  case 401: return "; --token says who we are";
  case 404: return "; is it a Godwit server, and its URL without a path of its own?";
  default: return "";
  }
}

void gw_remote_say(const struct gw_command *command, const char *format, ...) {
  char text[1024];
  va_list args;
  va_start(args, format);
  int n = vsnprintf(text, sizeof text, format, args);
  va_end(args);
  size_t len = n < 0 ? 0 : (size_t)n < sizeof text ? (size_t)n : sizeof text - 1;
  fprintf(stderr, "godwit %s: ", command->name);
  gw_show_escaped(stderr, text, len, false);
  fputc('\n', stderr);
}
