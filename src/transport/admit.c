/* SPDX-License-Identifier: MIT */
/*
 * What a request says of who sends it: collected here for every transport and dialect, judged by
 * the gate alone (session/gate.h). What is malformed is refused, never taken for nobody.
 */
#include "codec/http/text.h"
#include "http/exchange.h"
#include "transport/request.h"

#include <arpa/inet.h>

/* The token of `Authorization: Bearer` (RFC 6750 section 2.1); at NULL where there is none. Another
 * scheme is somebody else's, between here and the client: passed over. */
static int read_bearer(const struct gw_http_head *head, struct gw_str *out_token) {
  unsigned n;
  struct gw_str value = gw_http_only(head, "authorization", &n);
  *out_token = (struct gw_str){0};
  if (n > 1) return GW_ERR_ARGUMENT;
  if (n == 0 || value.len < 6 || !gw_str_is_nocase((struct gw_str){value.at, 6}, "bearer"))
    return 0;
  struct gw_str token = {value.at + 6, value.len - 6};
  if (token.len > 0 && token.at[0] != ' ') return 0;
  token = gw_str_trim(token);
  if (token.len == 0) return GW_ERR_ARGUMENT;
  *out_token = token;
  return 0;
}

static bool begins_with(const char *text, const char *with) {
  return strncmp(text, with, strlen(with)) == 0;
}

/* Whoever comes through a proxy that says so (RFC 7239, and the fields before it) comes from where
 * the proxy's client is, and the address of the connection is not theirs. */
static bool is_forwarded(const struct gw_http_head *head) {
  return gw_http_field(head, "forwarded", 0) || gw_http_field(head, "x-forwarded-for", 0) ||
         gw_http_field(head, "x-real-ip", 0);
}

static bool ends_with_nocase(struct gw_str text, struct gw_str with) {
  return text.len > with.len &&
         gw_str_is_nocase((struct gw_str){text.at + text.len - with.len, with.len}, with.at);
}

/* Whether the request was sent to this machine by a name that means it to everybody. Any other may
 * be that of a site which lets its name point here (DNS rebinding): to a browser its pages are then
 * the server's own. */
static bool is_sent_to_loopback(const struct gw_http_head *head) {
  struct gw_http_authority to;
  char text[INET_ADDRSTRLEN];
  struct in_addr number;
  if (head->host.len == 0) return true; /* HTTP/1.0: no browser */
  if (gw_http_authority_parse(head->host, &to) < 0) return false;
  if (gw_str_is_nocase(to.host, "localhost") || gw_str_is(to.host, "[::1]") ||
      ends_with_nocase(to.host, GW_STR(".localhost")))
    return true;
  if (to.host.len >= sizeof text) return false;
  memcpy(text, to.host.at, to.host.len);
  text[to.host.len] = '\0';
  return inet_pton(AF_INET, text, &number) == 1 && ntohl(number.s_addr) >> 24 == 127;
}

/* The peer's address as gw_stream_peer writes it. A browser on this machine shows pages from
 * anywhere, and what they ask comes from this machine too: of them our own alone count. */
bool gw_request_is_local(const struct gw_exchange *exchange) {
  char text[64];
  if (is_forwarded(exchange->head) || !gw_exchange_origin_is_allowed(exchange, NULL)) return false;
  const char *peer = gw_exchange_peer(exchange, text, sizeof text);
  if (strcmp(peer, "unix") == 0) return true; /* no browser comes that way */
  return (begins_with(peer, "127.") || begins_with(peer, "[::1]:")) &&
         is_sent_to_loopback(exchange->head);
}

int gw_request_admit(const struct gw_exchange *exchange, const struct gw_gate *gate,
                     struct gw_identity *out_who, const char **out_problem) {
  char user[GW_USER_MAX];
  struct gw_credentials credentials = {.is_local = gw_request_is_local(exchange)};
  *out_problem = "Authorization is one field: Bearer and a token";
  if (read_bearer(exchange->head, &credentials.token) < 0) return GW_ERR_ARGUMENT;
  *out_problem = "a user's name is 1 to 128 bytes of UTF-8 without control characters";
  struct gw_str given = gw_http_query_get(exchange->head->query, "user");
  if (given.at) {
    int len = gw_http_percent_decode(given, true, user, sizeof user);
    if (len <= 0) return GW_ERR_ARGUMENT;
    credentials.user = (struct gw_str){user, (size_t)len};
  }
  int err = gw_gate_admit(gate, &credentials, out_who);
  if (err == 0) *out_problem = NULL;
  return err;
}
