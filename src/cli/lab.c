/* SPDX-License-Identifier: MIT */
/* `godwit lab`: its options, and whose pages are let in. */
#include "cli/lab.h"

#include "codec/http/text.h"

#include <stdio.h>

static int lab_run(int argc, char **argv);

const struct gw_command gw_command_lab = {
    .name = "lab",
    .operands = "[URL]",
    .summary = "Measure the transports side by side, for the page /lab/",
    .details =
        "A client of the Godwit server at URL (http://localhost:8000), whose page /lab/ leads it "
        "and shows what\n"
        "it finds. It starts a server of its own on loopback, with a port for each transport, and "
        "ends with it.",
    .run = lab_run,
};

/* The server's own pages, by whatever name of this machine they were opened. */
static int write_origins(const struct gw_remote *remote, char *out, size_t size) {
  static const char *const names[] = {"localhost", "127.0.0.1", "[::1]"};
  struct gw_http_url url;
  char port[8] = "";
  int r = gw_http_url_parse(gw_str_of(remote->url), &url);
  if (r < 0) return r;
  const char *scheme = url.is_tls ? "https" : "http";
  if (url.port != (url.is_tls ? 443 : 80)) snprintf(port, sizeof port, ":%u", url.port);
  int n = snprintf(out, size, url.is_ipv6 ? "%s://[%.*s]%s" : "%s://%.*s%s", scheme,
                   (int)url.host.len, url.host.at, port);
  for (size_t i = 0; i < sizeof names / sizeof *names && n > 0 && (size_t)n < size; i++)
    n += snprintf(out + n, size - (size_t)n, ",%s://%s%s", scheme, names[i], port);
  return n < 0 || (size_t)n >= size ? GW_ERR_FULL : 0;
}

static int lab_run(int argc, char **argv) {
  struct gw_lab_plan plan = {.remote.url = "http://localhost:8000", .idle_s = 30};
  char origins[1024];
  const struct gw_option options[] = {
      {"idle", "SECONDS", "end when nobody has looked for so long; 0: never (30)", GW_OPTION_NUMBER,
       &plan.idle_s, 0, 86400},
      {"origin", "LIST", "pages that may connect to the measured server (those of URL)",
       GW_OPTION_TEXT, &plan.origins, 0, 0},
      {"insecure", NULL, "https: believe any certificate", GW_OPTION_FLAG, &plan.remote.is_insecure,
       0, 0},
      {"ca", "FILE", "https: whom to believe (the system's store)", GW_OPTION_TEXT,
       &plan.remote.ca_file, 0, 0},
  };
  int code, n = gw_command_options(&gw_command_lab, options, sizeof options / sizeof options[0],
                                   argc, argv, 0, 1, &code);
  if (n < 0) return code;
  if (n > 0) plan.remote.url = argv[1];
  if (!gw_remote_init(&plan.remote, &gw_command_lab)) return GW_EXIT_USAGE;
  if (!plan.origins && write_origins(&plan.remote, origins, sizeof origins) < 0) {
    gw_command_say(&gw_command_lab, "%s: too long", plan.remote.url);
    return GW_EXIT_USAGE;
  }
  if (!plan.origins) plan.origins = origins;
  return gw_lab_run(&gw_command_lab, &plan);
}
