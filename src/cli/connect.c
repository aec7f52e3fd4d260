/* SPDX-License-Identifier: MIT */
/* `godwit connect`: the console's options. */
#include "cli/connect.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static int connect_run(int argc, char **argv);

const struct gw_command gw_command_connect = {
    .name = "connect",
    .operands = "URL",
    .summary = "A console for any WebSocket server",
    .details =
        "Each line typed is sent as a text message, each message is shown. Commands begin with /:\n"
        "  /text TEXT   /binary HEX   /ping [TEXT]   /pong [TEXT]   /close [CODE [REASON]]   "
        "/help\n"
        "and // stands for one slash at the start of a text.\n\n"
        "Where standard input is no terminal, each of its lines is a message (or a command); at "
        "its\n"
        "end the console waits until no more answers come, closes, and exits. Messages go to\n"
        "standard output, one a line, binary ones as `/binary HEX`; everything else to standard\n"
        "error.\n\n"
        "Exit status: 0 closed in good order, 1 not connected, cut off, or closed with an error\n"
        "code, 2 bad usage.",
    .run = connect_run,
};

static bool is_readable(const char *option, const char *file) {
  if (!file || access(file, R_OK) == 0) return true;
  gw_command_say(&gw_command_connect, "--%s %s: %s", option, file, strerror(errno));
  return false;
}

static int connect_run(int argc, char **argv) {
  struct gw_connect_plan plan = {.timeout_s = 10, .max_message = 64u << 20};
  const struct gw_option options[] = {
      {"subprotocol", "NAMES", "subprotocols to offer, a comma list", GW_OPTION_TEXT,
       &plan.subprotocol, 0, 0},
      {"origin", "ORIGIN", "send this Origin", GW_OPTION_TEXT, &plan.origin, 0, 0},
      {"header", "'NAME: VALUE'", "send this header too; may be given again", GW_OPTION_LIST,
       &plan.headers, 0, 0},
      {"insecure", NULL, "wss: believe any certificate", GW_OPTION_FLAG, &plan.is_insecure, 0, 0},
      {"ca", "FILE", "wss: believe the authorities in this PEM file", GW_OPTION_TEXT, &plan.ca_file,
       0, 0},
      {"cert", "FILE", "wss: our own certificate chain, PEM", GW_OPTION_TEXT, &plan.cert_file, 0,
       0},
      {"key", "FILE", "and its key", GW_OPTION_TEXT, &plan.key_file, 0, 0},
      {"proxy", "URL", "go through this proxy: http://[USER:PASSWORD@]HOST:PORT", GW_OPTION_TEXT,
       &plan.proxy, 0, 0},
      {"timeout", "SECONDS", "for making the connection (10)", GW_OPTION_REAL, &plan.timeout_s, 0,
       0},
      {"no-deflate", NULL, "do not offer permessage-deflate", GW_OPTION_FLAG, &plan.has_no_deflate,
       0, 0},
      {"max-message", "SIZE", "the largest message or line (64M)", GW_OPTION_SIZE,
       &plan.max_message, 1, 1u << 30},
      {"reconnect", NULL, "connect again, with growing waits, when the connection is lost",
       GW_OPTION_FLAG, &plan.may_reconnect, 0, 0},
      {"binary", NULL, "send lines as binary messages; a pipe: all of it as one, raw output",
       GW_OPTION_FLAG, &plan.is_binary, 0, 0},
      {"literal", NULL, "send lines as they are: no commands", GW_OPTION_FLAG, &plan.is_literal, 0,
       0},
      {"wait", "SECONDS", "stay so long after the end of the input (until it is quiet)",
       GW_OPTION_REAL, &plan.wait_s, 0, 0},
      {"stay", NULL, "stay until the server closes", GW_OPTION_FLAG, &plan.stays, 0, 0},
      {"show-frames", NULL, "tell of every frame, both ways, on standard error", GW_OPTION_FLAG,
       &plan.shows_frames, 0, 0},
      {"quiet", NULL, "messages and errors only", GW_OPTION_FLAG, &plan.is_quiet, 0, 0},
  };
  int code;
  if (gw_command_options(&gw_command_connect, options, sizeof options / sizeof options[0], argc,
                         argv, 1, 1, &code) < 0)
    return code;
  plan.url = argv[1];
  if ((plan.cert_file == NULL) != (plan.key_file == NULL)) {
    gw_command_say(&gw_command_connect, "--cert and --key go together");
    return GW_EXIT_USAGE;
  }
  if (!is_readable("ca", plan.ca_file) || !is_readable("cert", plan.cert_file) ||
      !is_readable("key", plan.key_file))
    return GW_EXIT_FAILED;
  return gw_connect_run(&gw_command_connect, &plan);
}
