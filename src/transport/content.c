/* SPDX-License-Identifier: MIT */
/*
 * Content types, looked at without their parameters and in any case. The list of text types is
 * short on purpose: what it does not know is binary, so a consumer of some binary format never gets
 * a text frame because its bytes happened to be UTF-8.
 */
#include "transport/content.h"

#include "base/simd.h"
#include "base/utf8.h"

static const char *const text_types[] = {
    "application/json",   "application/x-www-form-urlencoded", /* what `curl -d` says */
    "application/xml",    "application/x-ndjson",
    "application/yaml",   "application/javascript",
    "application/jsonl",  "application/sdp",
    "application/graphql"};

static struct gw_str essence_of(struct gw_str type) {
  const char *end = type.len > 0 ? memchr(type.at, ';', type.len) : NULL;
  if (end) type.len = (size_t)(end - type.at);
  while (type.len > 0 && (type.at[type.len - 1] == ' ' || type.at[type.len - 1] == '\t'))
    type.len--;
  return type;
}

static bool ends_in(struct gw_str text, const char *lower) {
  size_t n = strlen(lower);
  return text.len > n && gw_str_is_nocase((struct gw_str){text.at + text.len - n, n}, lower);
}

static bool begins_with(struct gw_str text, const char *lower) {
  size_t n = strlen(lower);
  return text.len > n && gw_str_is_nocase((struct gw_str){text.at, n}, lower);
}

bool gw_content_is_json(struct gw_str type) {
  struct gw_str essence = essence_of(type);
  return gw_str_is_nocase(essence, "application/json") || ends_in(essence, "+json");
}

bool gw_content_is_text(struct gw_str type) {
  struct gw_str essence = essence_of(type);
  if (essence.len == 0 || begins_with(essence, "text/")) return true;
  if (ends_in(essence, "+json") || ends_in(essence, "+xml") || ends_in(essence, "+yaml"))
    return true;
  for (size_t i = 0; i < sizeof text_types / sizeof *text_types; i++)
    if (gw_str_is_nocase(essence, text_types[i])) return true;
  return false;
}

bool gw_content_is_binary(struct gw_str type, struct gw_str payload) {
  return !gw_content_is_text(type) ||
         !gw_utf8_valid(gw_simd_best(), (const uint8_t *)payload.at, payload.len);
}
