/* SPDX-License-Identifier: MIT */
/* Controls come from a channel that any page may publish to: nothing in them is believed. */
#include "cli/lab/control.h"

#include "cli/lab/transport.h"

#include <jansson.h>
#include <stdio.h>

enum {
  CONTROL_MAX = 4096,       /* bytes that are looked at: against a page that sends a book */
  DELIVERIES_MAX = 50000,   /* messages a second to all clients together: against a page that makes
                               this machine stand still */
  DELIVERED_MAX = 64 << 20, /* and bytes */
  ENVELOPE = 200,           /* what a transport puts around a payload, about */
};

const struct gw_lab_settings gw_lab_defaults = {
    .rate = 5, .payload = 256, .interval_ms = 1000, .clients = 10, .has_cursor = true};

/* A number in its range; where it is none, what there was. */
static double number_of(const json_t *object, const char *name, double min, double max,
                        double was) {
  const json_t *value = json_object_get(object, name);
  if (!json_is_number(value)) return was;
  double number = json_number_value(value);
  return number < min ? min : number > max ? max : number;
}

static void read_settings(const json_t *set, struct gw_lab_settings *s) {
  const json_t *cursor = json_object_get(set, "cursor");
  s->rate = number_of(set, "rate", 0.2, 200, s->rate);
  s->payload = (unsigned)number_of(set, "payload", 48, 16384, s->payload);
  s->interval_ms = (unsigned)number_of(set, "interval", 100, 10000, s->interval_ms);
  s->clients = (unsigned)number_of(set, "clients", 1, GW_LAB_CLIENTS_MAX, s->clients);
  if (json_is_boolean(cursor)) s->has_cursor = json_is_true(cursor);
}

static void read_lab(const json_t *root, struct gw_lab_control *out) {
  const char *lab = json_string_value(json_object_get(root, "lab"));
  json_int_t since = json_integer_value(json_object_get(root, "since"));
  if (!lab || since <= 0) return;
  snprintf(out->lab, sizeof out->lab, "%s", lab);
  out->since_ms = (uint64_t)since;
}

bool gw_lab_control_read(struct gw_str json, struct gw_lab_settings *settings,
                         struct gw_lab_control *out) {
  json_error_t error;
  *out = (struct gw_lab_control){0};
  json_t *root = json.len <= CONTROL_MAX ? json_loadb(json.at, json.len, 0, &error) : NULL;
  const json_t *set = json_object_get(root, "set");
  out->sets = json_is_object(set);
  if (out->sets) read_settings(set, settings);
  out->starts = json_is_true(json_object_get(root, "start"));
  out->stops = json_is_true(json_object_get(root, "stop"));
  if (json_is_number(json_object_get(root, "cut")))
    out->cut_ms = (unsigned)number_of(root, "cut", 500, 10000, 0);
  read_lab(root, out);
  json_decref(root);
  return out->sets || out->starts || out->stops || out->cut_ms || *out->lab;
}

struct gw_lab_settings gw_lab_settings_fit(const struct gw_lab_settings *wished) {
  struct gw_lab_settings fit = *wished;
  double receivers = (double)wished->clients * GW_LAB_TRANSPORTS;
  double by_messages = DELIVERIES_MAX / receivers;
  double by_bytes = DELIVERED_MAX / (receivers * (wished->payload + ENVELOPE));
  double most = by_messages < by_bytes ? by_messages : by_bytes;
  if (fit.rate > most) fit.rate = most;
  return fit;
}
