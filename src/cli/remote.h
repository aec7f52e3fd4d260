/* SPDX-License-Identifier: MIT */
/* A Godwit server as the commands that talk to one name it: its URL, who we are, whom to believe.
 * Writes URLs and header fields, and says in words what went wrong. */
#ifndef GW_CLI_REMOTE_H
#define GW_CLI_REMOTE_H

#include "base/buf.h"
#include "cli/command.h"
#include "codec/http/head.h"

/* Strings are borrowed from the command line; NULL: not given. */
struct gw_remote {
  const char *url; /* http, https, ws or wss; a path goes before every resource */
  const char *user, *token, *ca_file;
  bool is_insecure;
  struct gw_str origin, path; /* set by gw_remote_init: `http://localhost:8000` and the path without
                                 a slash at its end */
  char authorization[4096 + 8];
};

/* Looks at what was given; false: said what is wrong with it (bad usage). */
bool gw_remote_init(struct gw_remote *remote, const struct gw_command *command);
/* The URL of `resource` (`/channels/`) and, percent-encoded, `name` ("" for none), with ?user=
 * where there is one. GW_ERR_MEMORY, GW_ERR_FULL. */
int gw_remote_url(const struct gw_remote *remote, struct gw_buf *out, const char *resource,
                  struct gw_str name);
/* One more parameter, encoded. */
int gw_remote_add_query(struct gw_buf *url, const char *name, struct gw_str value);
/* The Authorization field, where there is a token: 1, else 0. */
unsigned gw_remote_field(const struct gw_remote *remote, struct gw_http_field *out);

/* How long the server asks us to stay away (Retry-After in seconds), in ms; 0: it does not say, or
 * as a date. */
unsigned gw_remote_retry_ms(const struct gw_http_head *head);
/* What an answer other than expected says: the problem's detail (RFC 9457), else its title, else
 * the status; cut to fit. Gives out. */
const char *gw_remote_problem(unsigned status, struct gw_str body, char *out, size_t size);
/* How that could be mended, beginning with `; `, or "". */
const char *gw_remote_mend(int err, unsigned status);

/* As gw_command_say, for text that may come from a server: nothing in it steers the terminal. */
void gw_remote_say(const struct gw_command *command, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
