/* SPDX-License-Identifier: MIT */
/*
 * Reads one element of a batch. `data` is published as it is written, but for the blanks between
 * its tokens: no number passes through a double. Strings without an escape are lent from the text.
 */
#include "server/batch_item.h"

#include "codec/http/text.h"
#include "codec/json.h"

#include <jansson.h>
#include <stdlib.h>

/* The members as they are written, first. */
struct members {
  struct gw_str channel, user, event, key, data, text, base64;
};

static const struct {
  const char *name;
  size_t at;
} known[] = {
    {"channel", offsetof(struct members, channel)},
    {"user", offsetof(struct members, user)},
    {"event", offsetof(struct members, event)},
    {"idempotency_key", offsetof(struct members, key)},
    {"data", offsetof(struct members, data)},
    {"text", offsetof(struct members, text)},
    {"base64", offsetof(struct members, base64)},
};

/* Keeps memory until the item is cleared. There are at most as many as members, and their names. */
static void *hold(struct gw_batch_item *item, void *memory) {
  if (memory) item->held[item->n_held++] = memory;
  return memory;
}

/* A string with escapes, as jansson reads it, in memory of its own. */
static int decode_escapes(struct gw_str raw, char **out, size_t *out_len) {
  json_t *value = json_loadb(raw.at, raw.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
  if (!value) return GW_ERR_MEMORY;
  size_t len = json_string_length(value);
  char *text = malloc(len + 1);
  if (text) memcpy(text, json_string_value(value), len + 1);
  json_decref(value);
  if (!text) return GW_ERR_MEMORY;
  *out = text;
  *out_len = len;
  return 0;
}

static int read_string(struct gw_batch_item *item, struct gw_str raw, struct gw_str *out) {
  if (!raw.at) return 0;
  if (raw.at[0] != '"') return GW_ERR_ARGUMENT;
  *out = (struct gw_str){raw.at + 1, raw.len - 2};
  if (!memchr(out->at, '\\', out->len)) return 0;
  char *text;
  size_t len;
  int err = decode_escapes(raw, &text, &len);
  if (err == 0) *out = (struct gw_str){hold(item, text), len};
  return err;
}

/* ---- members ---- */

/* Which of the known members the name is: its number, -1 for none. A name may be written with
 * escapes. */
static int find_member(struct gw_str name) {
  for (size_t i = 0; i < sizeof known / sizeof *known; i++)
    if (gw_str_is(name, known[i].name)) return (int)i;
  return -1;
}

static int read_name(struct gw_str raw, int *out_member) {
  struct gw_str name = {raw.at + 1, raw.len - 2};
  char *text = NULL;
  if (memchr(name.at, '\\', name.len)) {
    int err = decode_escapes(raw, &text, &name.len);
    if (err < 0) return err;
    name.at = text;
  }
  *out_member = find_member(name);
  free(text);
  return 0;
}

static int read_members(struct gw_str value, struct members *out, const char **out_problem) {
  struct gw_str rest = gw_json_inside(value, '{'), name, text;
  if (!rest.at) {
    *out_problem = "a publication is an object";
    return GW_ERR_ARGUMENT;
  }
  while (gw_json_next_member(&rest, &name, &text)) {
    int i, err = read_name(name, &i);
    if (err < 0) return err;
    if (i < 0) continue;
    struct gw_str *member = (struct gw_str *)(void *)((char *)out + known[i].at);
    if (member->at) {
      *out_problem = "a member is there twice";
      return GW_ERR_ARGUMENT;
    }
    *member = text;
  }
  return 0;
}

/* ---- payload ---- */

static int take_data(struct gw_batch_item *item, struct gw_str data) {
  char *text = hold(item, malloc(data.len));
  if (!text) return GW_ERR_MEMORY;
  item->payload = (struct gw_str){text, gw_json_compact(data, text)};
  item->content_type = GW_STR("application/json");
  return 0;
}

static int take_text(struct gw_batch_item *item, struct gw_str raw) {
  item->content_type = GW_STR("text/plain");
  return read_string(item, raw, &item->payload);
}

static int take_base64(struct gw_batch_item *item, struct gw_str raw) {
  struct gw_str text = {0};
  int err = read_string(item, raw, &text);
  if (err < 0) return err;
  uint8_t *bytes = hold(item, malloc(text.len + 1));
  if (!bytes) return GW_ERR_MEMORY;
  int len = gw_base64_decode(text, bytes, text.len + 1);
  if (len < 0) return GW_ERR_ARGUMENT;
  item->payload = (struct gw_str){(char *)bytes, (size_t)len};
  item->content_type = GW_STR("application/octet-stream");
  item->is_binary = true;
  return 0;
}

static int take_payload(struct gw_batch_item *item, const struct members *members,
                        const char **out_problem) {
  *out_problem = "one of data, text and base64 is the payload";
  if (!!members->data.at + !!members->text.at + !!members->base64.at != 1) return GW_ERR_ARGUMENT;
  if (members->data.at) return take_data(item, members->data);
  *out_problem =
      members->text.at ? "text is a string" : "base64 is a string of base64 with padding";
  return members->text.at ? take_text(item, members->text) : take_base64(item, members->base64);
}

int gw_batch_item_read(struct gw_str value, struct gw_batch_item *out, const char **out_problem) {
  struct members members = {.channel.at = NULL};
  *out = (struct gw_batch_item){.n_held = 0};
  int err = read_members(value, &members, out_problem);
  if (err < 0) return err;
  *out_problem = "channel, user, event and idempotency_key are strings";
  err = read_string(out, members.channel, &out->channel);
  if (err == 0) err = read_string(out, members.user, &out->user);
  if (err == 0) err = read_string(out, members.event, &out->event);
  if (err == 0) err = read_string(out, members.key, &out->key);
  if (err < 0) return err;
  if (!out->channel.at == !out->user.at) {
    *out_problem = "it is for a channel or for a user";
    return GW_ERR_ARGUMENT;
  }
  return take_payload(out, &members, out_problem);
}

void gw_batch_item_clear(struct gw_batch_item *item) {
  while (item->n_held > 0)
    free(item->held[--item->n_held]);
}
