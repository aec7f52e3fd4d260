/* SPDX-License-Identifier: MIT */
/* `godwit publish`: its options. */
#include "cli/publish.h"

static int publish_run(int argc, char **argv);

const struct gw_command gw_command_publish = {
    .name = "publish",
    .operands = "URL CHANNEL [PAYLOAD]",
    .summary = "Publish to a channel, or to a user",
    .details =
        "URL is the server's, such as http://localhost:8000. Without a PAYLOAD all of standard\n"
        "input is published, or, with --lines, each of its lines, in order. For each publication\n"
        "the cursor is printed.\n\n"
        "Exit status: 0 published, 1 refused or not reached, 2 bad usage.",
    .run = publish_run,
};

static int usage(const char *problem) {
  gw_command_say(&gw_command_publish, "%s", problem);
  return GW_EXIT_USAGE;
}

static int publish_run(int argc, char **argv) {
  struct gw_publish_plan plan = {.timeout_s = 10};
  const char *to = NULL;
  const struct gw_option options[] = {
      {"to", "USER", "to this user instead of a channel: godwit publish URL --to USER [PAYLOAD]",
       GW_OPTION_TEXT, &to, 0, 0},
      {"event", "NAME", "the publication's event name", GW_OPTION_TEXT, &plan.event, 0, 0},
      {"type", "CONTENT-TYPE", "the payload's content type (text; binary where it is not UTF-8)",
       GW_OPTION_TEXT, &plan.type, 0, 0},
      {"key", "KEY", "its idempotency key, with --lines KEY-1, KEY-2 ... (a random one)",
       GW_OPTION_TEXT, &plan.key, 0, 0},
      {"lines", NULL, "each line of standard input is a publication", GW_OPTION_FLAG,
       &plan.is_lines, 0, 0},
      {"json", NULL, "print the server's answers instead of cursors", GW_OPTION_FLAG, &plan.is_json,
       0, 0},
      {"user", "NAME", "publish as this user", GW_OPTION_TEXT, &plan.remote.user, 0, 0},
      {"token", "TOKEN", "send Authorization: Bearer TOKEN", GW_OPTION_TEXT, &plan.remote.token, 0,
       0},
      {"insecure", NULL, "https: believe any certificate", GW_OPTION_FLAG, &plan.remote.is_insecure,
       0, 0},
      {"ca", "FILE", "https: believe the authorities in this PEM file", GW_OPTION_TEXT,
       &plan.remote.ca_file, 0, 0},
      {"timeout", "SECONDS", "for each request (10)", GW_OPTION_REAL, &plan.timeout_s, 0, 0},
  };
  int code;
  int n = gw_command_options(&gw_command_publish, options, sizeof options / sizeof options[0], argc,
                             argv, 1, 3, &code);
  if (n < 0) return code;
  int used = to ? 1 : 2; /* operands before the payload */
  if (n < used) return usage("CHANNEL is missing (or --to USER); godwit publish --help says more");
  if (n > used + 1) return usage("too many words: with --to, PAYLOAD comes right after URL");
  plan.remote.url = argv[1];
  plan.is_to = to != NULL;
  plan.channel = to ? to : argv[2];
  plan.payload = n > used ? argv[used + 1] : NULL;
  if (!*plan.channel) return usage("the channel or user has an empty name");
  if (plan.key && !*plan.key) return usage("--key is empty: a key is 1 to 255 visible characters");
  if (plan.payload && plan.is_lines) return usage("--lines reads standard input: no PAYLOAD");
  if (!gw_remote_init(&plan.remote, &gw_command_publish)) return GW_EXIT_USAGE;
  return gw_publish_run(&gw_command_publish, &plan);
}
