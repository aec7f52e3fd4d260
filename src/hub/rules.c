/* SPDX-License-Identifier: MIT */
/*
 * Options by namespace: a set for every channel (`*`), and sets of their own for namespaces and
 * single channels. What a line does not name it takes from `*` when it is added, so each set is
 * whole and a look-up is at most two maps. The inbox's set follows `*` until it gets a line of its
 * own.
 *
 * Only whoever runs the server adds lines: their number needs no cap. Invariant: no set of the
 * inbox's namespace has presence.
 */
#include "hub/rules.h"

#include "base/map.h"
#include "godwit/error.h"
#include "hub/publication.h"

#include <stdlib.h>

enum { MAX_HISTORY = 1000000 }; /* publications: an offset into a ring is an unsigned */

#define MIN_BYTES ((uint64_t)16 << 20)
#define MAX_BYTES ((uint64_t)256 << 20)
#define EACH      ((uint64_t)64 << 10) /* the default limit of one message */

struct set {
  struct gw_channel_rules rules;
  bool has_bytes; /* by name, so a history's size does not change it */
  uint8_t len;
  char pattern[]; /* a namespace without its `:*`, or a channel's name */
};

struct gw_rules {
  struct set *all, *inbox;
  bool is_inbox_own;        /* a line has named it */
  struct gw_map namespaces; /* of struct set */
  struct gw_map names;
};

static struct gw_str pattern_of(const void *set) {
  const struct set *s = set;
  return (struct gw_str){s->pattern, s->len};
}

static struct set *set_new(struct gw_str pattern, const struct set *like) {
  struct set *set = malloc(sizeof *set + pattern.len);
  if (!set) return NULL;
  *set = *like;
  set->len = (uint8_t)pattern.len;
  memcpy(set->pattern, pattern.at, pattern.len);
  return set;
}

/* ---- life ---- */

int gw_rules_new(struct gw_rules **out_rules) {
  static const struct set defaults = {
      .rules = {.history_size = 100,
                .history_ms = 10 * 60 * 1000,
                .history_bytes = MIN_BYTES,
                .has_presence = true},
  };
  struct gw_rules *rules = calloc(1, sizeof *rules);
  if (!rules) return GW_ERR_MEMORY;
  gw_map_init(&rules->namespaces, pattern_of);
  gw_map_init(&rules->names, pattern_of);
  rules->all = set_new(GW_STR("*"), &defaults);
  rules->inbox = set_new(GW_STR("inbox"), &defaults);
  if (!rules->all || !rules->inbox) {
    gw_rules_free(rules);
    return GW_ERR_MEMORY;
  }
  rules->inbox->rules.has_presence = false;
  *out_rules = rules;
  return 0;
}

static void sets_free(struct gw_map *map) {
  size_t at = 0;
  for (struct set *set; (set = gw_map_next(map, &at));)
    free(set);
  gw_map_clear(map);
}

void gw_rules_free(struct gw_rules *rules) {
  if (!rules) return;
  sets_free(&rules->namespaces);
  sets_free(&rules->names);
  free(rules->all);
  free(rules->inbox);
  free(rules);
}

/* ---- values ---- */

/* Up to `end` of the text, which loses it; all of it where there is none. */
static struct gw_str cut(struct gw_str *text, char end) {
  const char *at = memchr(text->at, end, text->len);
  struct gw_str part = {text->at, at ? (size_t)(at - text->at) : text->len};
  size_t used = part.len + (at ? 1 : 0);
  *text = (struct gw_str){text->at + used, text->len - used};
  return part;
}

/* A number, then what is left of the text. False where there is none, or it is too large. */
static bool number(struct gw_str *text, uint64_t max, uint64_t *out) {
  size_t i = 0;
  while (i < text->len && text->at[i] >= '0' && text->at[i] <= '9')
    i++;
  if (!gw_str_decimal((struct gw_str){text->at, i}, max, out)) return false;
  *text = (struct gw_str){text->at + i, text->len - i};
  return true;
}

/* A number and its unit (a letter of `units`, each worth `worth`), more than nothing. */
static bool quantity(struct gw_str text, const char *units, const uint64_t *worth, uint64_t *out) {
  uint64_t value;
  if (!number(&text, UINT32_MAX, &value) || value == 0 || text.len != 1) return false;
  const char *unit = strchr(units, text.at[0]);
  if (!unit || *unit == '\0') return false;
  *out = value * worth[unit - units];
  return true;
}

/* Which of the words; -1: none of them. */
static int word(struct gw_str text, const char *const *words, int n) {
  for (int i = 0; i < n; i++)
    if (gw_str_is(text, words[i])) return i;
  return -1;
}

/* ---- keys: each reads its value into a set; false: it is none ---- */

static bool read_history(struct gw_str value, struct set *set) {
  uint64_t size;
  if (!number(&value, MAX_HISTORY, &size) || value.len > 0) return false;
  set->rules.history_size = (unsigned)size;
  if (set->has_bytes) return true;
  uint64_t bytes = size * EACH;
  if (bytes < MIN_BYTES) bytes = MIN_BYTES;
  set->rules.history_bytes = (size_t)(bytes > MAX_BYTES ? MAX_BYTES : bytes);
  return true;
}

static bool read_age(struct gw_str value, struct set *set) {
  static const uint64_t worth[] = {1000, 60 * 1000, 60 * 60 * 1000, 24 * 60 * 60 * 1000};
  return quantity(value, "smhd", worth, &set->rules.history_ms);
}

static bool read_bytes(struct gw_str value, struct set *set) {
  static const uint64_t worth[] = {1 << 10, 1 << 20, 1 << 30};
  uint64_t bytes;
  if (!quantity(value, "KMG", worth, &bytes) || bytes > SIZE_MAX / 2) return false;
  set->rules.history_bytes = (size_t)bytes;
  set->has_bytes = true;
  return true;
}

static bool read_presence(struct gw_str value, struct set *set) {
  static const char *const words[] = {"off", "on"};
  int which = word(value, words, 2);
  if (which >= 0) set->rules.has_presence = which;
  return which >= 0;
}

static bool read_publish(struct gw_str value, struct set *set) {
  static const char *const words[] = {"anyone", "users", "api"};
  int which = word(value, words, 3);
  if (which >= 0) set->rules.publishers = (enum gw_publishers)which;
  return which >= 0;
}

static bool read_slow(struct gw_str value, struct set *set) {
  static const char *const words[] = {"disconnect", "drop", "conflate"};
  int which = word(value, words, 3);
  if (which >= 0) set->rules.slow = (enum gw_slow)which;
  return which >= 0;
}

static bool read_home(struct gw_str value, struct set *set) {
  uint64_t home;
  if (!number(&value, UINT32_MAX, &home) || value.len > 0 || home == 0) return false;
  set->rules.home = (unsigned)home;
  return true;
}

static const struct key {
  const char *name;
  bool (*read)(struct gw_str value, struct set *set);
  const char *problem;
} keys[] = {
    {"history", read_history, "history: a number of publications, at most 1000000"},
    {"age", read_age, "age: a number and s, m, h or d, as in 10m"},
    {"bytes", read_bytes, "bytes: a number and K, M or G, as in 16M"},
    {"presence", read_presence, "presence: on or off"},
    {"publish", read_publish, "publish: anyone, users or api"},
    {"slow", read_slow, "slow: disconnect, drop or conflate"},
    {"home", read_home, "home: a worker's number, from 1"},
};

/* NULL, or what is wrong. */
static const char *read_option(struct gw_str option, struct set *set) {
  struct gw_str name = cut(&option, ':');
  for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
    if (gw_str_is(name, keys[i].name)) return keys[i].read(option, set) ? NULL : keys[i].problem;
  return "no such key: history, age, bytes, presence, publish, slow or home";
}

static const char *read_options(struct gw_str options, struct set *set) {
  bool is_last;
  do {
    is_last = !memchr(options.at, ',', options.len);
    const char *problem = read_option(cut(&options, ','), set);
    if (problem) return problem;
  } while (!is_last);
  return NULL;
}

/* ---- lines ---- */

/* The namespace of a name, or at NULL. */
static struct gw_str namespace_of(struct gw_str name) {
  const char *colon = memchr(name.at, ':', name.len);
  if (!colon) return (struct gw_str){NULL, 0};
  return (struct gw_str){name.at, (size_t)(colon - name.at)};
}

static bool is_inbox(struct gw_str pattern) {
  return gw_str_is(namespace_of(pattern), "inbox");
}

/* Where no line has named it, the inbox is as every other channel, but for its presence. */
static void follow(struct gw_rules *rules) {
  if (rules->is_inbox_own) return;
  rules->inbox->rules = rules->all->rules;
  rules->inbox->rules.has_presence = false;
  rules->inbox->has_bytes = rules->all->has_bytes;
}

/* All of the options or none. */
static const char *change(struct set *set, struct gw_str options) {
  struct set changed = *set;
  const char *problem = read_options(options, &changed);
  if (problem) return problem;
  set->rules = changed.rules;
  set->has_bytes = changed.has_bytes;
  return NULL;
}

/* The same for a set that may be new. */
static int change_or_add(struct gw_map *map, struct gw_str pattern, const struct set *like,
                         struct gw_str options, const char **out_problem) {
  struct set *set = gw_map_get(map, pattern);
  if (set) {
    *out_problem = change(set, options);
    return *out_problem ? GW_ERR_ARGUMENT : 0;
  }
  set = set_new(pattern, like);
  if (!set) return GW_ERR_MEMORY;
  *out_problem = change(set, options);
  int err = *out_problem ? GW_ERR_ARGUMENT : gw_map_add(map, set);
  if (err < 0) free(set);
  return err;
}

static int add(struct gw_rules *rules, struct gw_str pattern, struct gw_str options,
               const char **out_problem) {
  if (gw_str_is(pattern, "*") || gw_str_is(pattern, "inbox:*")) {
    bool is_all = pattern.len == 1;
    *out_problem = change(is_all ? rules->all : rules->inbox, options);
    if (*out_problem) return GW_ERR_ARGUMENT;
    if (!is_all) rules->is_inbox_own = true;
    follow(rules);
    return 0;
  }
  struct gw_str space = namespace_of(pattern);
  bool is_space = space.len > 0 && pattern.len == space.len + 2 && pattern.at[space.len + 1] == '*';
  bool has_star = memchr(pattern.at, '*', pattern.len) != NULL;
  if (!gw_channel_name_is_valid(pattern) || has_star != is_space) {
    *out_problem = "a pattern is a channel's name, NAMESPACE:* or *";
    return GW_ERR_ARGUMENT;
  }
  if (is_space) return change_or_add(&rules->namespaces, space, rules->all, options, out_problem);
  const struct set *like = is_inbox(pattern) ? rules->inbox : rules->all;
  return change_or_add(&rules->names, pattern, like, options, out_problem);
}

/* Whether the options say presence:on. */
static bool wants_presence(struct gw_str options) {
  while (options.len > 0)
    if (gw_str_is(cut(&options, ','), "presence:on")) return true;
  return false;
}

int gw_rules_add(struct gw_rules *rules, const char *text, const char **out_problem) {
  const char *ignored;
  if (!out_problem) out_problem = &ignored;
  *out_problem = "out of memory";
  const char *end = strrchr(text, '='); /* a channel's name may hold one, an option does not */
  if (!end) {
    *out_problem = "PATTERN=KEY:VALUE,… is what it takes";
    return GW_ERR_ARGUMENT;
  }
  struct gw_str pattern = {text, (size_t)(end - text)};
  struct gw_str options = gw_str_of(end + 1);
  if (is_inbox(pattern) && wants_presence(options)) {
    *out_problem = "presence: an inbox has none";
    return GW_ERR_ARGUMENT;
  }
  return add(rules, pattern, options, out_problem);
}

static unsigned highest_home(const struct gw_map *map) {
  unsigned highest = 0;
  size_t at = 0;
  for (const struct set *set; (set = gw_map_next(map, &at));)
    if (set->rules.home > highest) highest = set->rules.home;
  return highest;
}

unsigned gw_rules_highest_home(const struct gw_rules *rules) {
  const unsigned homes[] = {rules->all->rules.home, rules->inbox->rules.home,
                            highest_home(&rules->namespaces), highest_home(&rules->names)};
  unsigned highest = 0;
  for (size_t i = 0; i < sizeof homes / sizeof *homes; i++)
    if (homes[i] > highest) highest = homes[i];
  return highest;
}

const struct gw_channel_rules *gw_rules_of(const struct gw_rules *rules, struct gw_str channel) {
  const struct set *set = gw_map_get(&rules->names, channel);
  if (set) return &set->rules;
  struct gw_str space = namespace_of(channel);
  if (!space.at) return &rules->all->rules;
  if (gw_str_is(space, "inbox")) return &rules->inbox->rules;
  set = gw_map_get(&rules->namespaces, space);
  return set ? &set->rules : &rules->all->rules;
}

/* ---- users and their inboxes ---- */

enum { PREFIX_LEN = sizeof GW_INBOX_PREFIX - 1 };

struct gw_str gw_inbox_name(struct gw_str user, char *out) {
  memcpy(out, GW_INBOX_PREFIX, PREFIX_LEN);
  memcpy(out + PREFIX_LEN, user.at, user.len);
  return (struct gw_str){out, PREFIX_LEN + user.len};
}

/* A user's name is what makes the name of an inbox. */
bool gw_user_name_is_valid(struct gw_str name) {
  char inbox[PREFIX_LEN + GW_USER_MAX];
  if (name.len < 1 || name.len > GW_USER_MAX) return false;
  return gw_channel_name_is_valid(gw_inbox_name(name, inbox));
}

struct gw_str gw_inbox_user(struct gw_str channel) {
  if (channel.len < PREFIX_LEN || memcmp(channel.at, GW_INBOX_PREFIX, PREFIX_LEN) != 0)
    return (struct gw_str){NULL, 0};
  return (struct gw_str){channel.at + PREFIX_LEN, channel.len - PREFIX_LEN};
}
