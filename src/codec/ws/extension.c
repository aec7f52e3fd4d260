/* SPDX-License-Identifier: MIT */
/*
 * permessage-deflate's parameters. A value that breaks the grammar fails the handshake; an offer
 * that breaks the extension's rules is declined and the next one is looked at; an answer that
 * breaks them fails the handshake. Windows of 256 bytes (8 bits) are declined for our compressor,
 * because zlib has none; for the peer's they are fine.
 */
#include "codec/ws/extension.h"

#include "codec/http/text.h"

#include <stdio.h>

#define NAME "permessage-deflate"

/* One element of the list, as it stands there. */
struct params {
  bool is_deflate;
  bool is_bad; /* unknown, twice, or with a value it cannot have */
  bool server_no_takeover, client_no_takeover;
  bool has_server_bits, has_client_bits;
  uint8_t server_bits, client_bits; /* 0: no value */
};

/* 8-15 in decimal without leading zeros (RFC 7692 section 7.1.2); 0: none of these. */
static uint8_t parse_bits(struct gw_str s) {
  if (s.len == 1 && (s.at[0] == '8' || s.at[0] == '9')) return (uint8_t)(s.at[0] - '0');
  if (s.len == 2 && s.at[0] == '1' && s.at[1] >= '0' && s.at[1] <= '5')
    return (uint8_t)(10 + s.at[1] - '0');
  return 0;
}

static void read_flag(bool *flag, struct gw_str value, struct params *params) {
  if (*flag || value.at) params->is_bad = true; /* twice, or with a value: sections 7.1, 7.1.1 */
  *flag = true;
}

static void read_bits(bool *has, uint8_t *bits, struct gw_str value, struct params *params) {
  if (*has) params->is_bad = true;
  *has = true;
  if (!value.at) return;
  *bits = parse_bits(value);
  if (*bits == 0) params->is_bad = true;
}

static void read_param(struct gw_str name, struct gw_str value, struct params *params) {
  if (gw_str_is_nocase(name, "server_no_context_takeover"))
    read_flag(&params->server_no_takeover, value, params);
  else if (gw_str_is_nocase(name, "client_no_context_takeover"))
    read_flag(&params->client_no_takeover, value, params);
  else if (gw_str_is_nocase(name, "server_max_window_bits"))
    read_bits(&params->has_server_bits, &params->server_bits, value, params);
  else if (gw_str_is_nocase(name, "client_max_window_bits"))
    read_bits(&params->has_client_bits, &params->client_bits, value, params);
  else
    params->is_bad = true; /* section 7.1: not defined for the extension */
}

/* Section 9.1 of RFC 6455: what breaks the grammar fails the connection, of whatever extension. */
static int read_element(struct gw_str element, struct params *out) {
  struct gw_str name, value;
  *out = (struct params){0};
  if (gw_http_parameter_next(&element, &name, &value) <= 0 || value.at) return GW_ERR_WS_HANDSHAKE;
  out->is_deflate = gw_str_is_nocase(name, NAME);
  int got;
  while ((got = gw_http_parameter_next(&element, &name, &value)) > 0)
    if (out->is_deflate) read_param(name, value, out);
  /* Section 7.1.2.1: this one always has a value. */
  if (out->has_server_bits && out->server_bits == 0) out->is_bad = true;
  return got < 0 ? GW_ERR_WS_HANDSHAKE : 0;
}

static uint8_t smaller(uint8_t a, uint8_t b) {
  return a < b ? a : b;
}

static uint8_t or_15(uint8_t bits) {
  return bits ? bits : 15;
}

/* ---- server ---- */

/* Whether the offer can be met, and by what. */
static bool meet(const struct params *offer, const struct gw_ws_deflate_options *options,
                 struct gw_ws_deflate *out) {
  if (offer->is_bad || (offer->has_server_bits && offer->server_bits == 8)) return false;
  *out = (struct gw_ws_deflate){
      .is_on = true,
      .server_no_context_takeover = offer->server_no_takeover || !options->allow_server_takeover,
      .client_no_context_takeover = offer->client_no_takeover || !options->allow_client_takeover,
  };
  /* Section 7.1.2.1: an offered limit is accepted by naming one; ours may be named unasked. */
  uint8_t server_bits = smaller(or_15(offer->server_bits), or_15(options->server_max_window_bits));
  if (offer->has_server_bits || server_bits < 15) out->server_max_window_bits = server_bits;
  /* Section 7.1.2.2: a client's window may be limited only where it said that it can be. */
  uint8_t client_bits = smaller(or_15(offer->client_bits), or_15(options->client_max_window_bits));
  if (offer->has_client_bits && client_bits < 15) out->client_max_window_bits = client_bits;
  return true;
}

int gw_ws_extension_choose(struct gw_str value, const struct gw_ws_deflate_options *options,
                           struct gw_ws_deflate *out) {
  struct gw_str element;
  while (gw_http_list_next(&value, &element)) {
    struct params offer;
    int err = read_element(element, &offer);
    if (err < 0) return err;
    if (offer.is_deflate && options->is_enabled && !out->is_on) meet(&offer, options, out);
  }
  return 0;
}

static void write_bits(char *out, const char *name, unsigned bits) {
  size_t len = strlen(out);
  if (bits) snprintf(out + len, GW_WS_EXTENSION_MAX - len, "; %s=%u", name, bits);
}

static void write_flags(char *out, bool is_on, bool server, bool client) {
  snprintf(out, GW_WS_EXTENSION_MAX, "%s%s%s", is_on ? NAME : "",
           is_on && server ? "; server_no_context_takeover" : "",
           is_on && client ? "; client_no_context_takeover" : "");
}

void gw_ws_extension_answer(const struct gw_ws_deflate *deflate, char out[GW_WS_EXTENSION_MAX]) {
  write_flags(out, deflate->is_on, deflate->server_no_context_takeover,
              deflate->client_no_context_takeover);
  if (!deflate->is_on) return;
  write_bits(out, "server_max_window_bits", deflate->server_max_window_bits);
  write_bits(out, "client_max_window_bits", deflate->client_max_window_bits);
}

/* ---- client ---- */

void gw_ws_extension_offer(const struct gw_ws_deflate_options *options,
                           char out[GW_WS_EXTENSION_MAX]) {
  write_flags(out, options->is_enabled, !options->allow_server_takeover,
              !options->allow_client_takeover);
  if (!options->is_enabled) return;
  write_bits(out, "server_max_window_bits", options->server_max_window_bits);
  write_bits(out, "client_max_window_bits", options->client_max_window_bits);
  size_t len = strlen(out);
  if (options->client_max_window_bits == 0) /* no limit of ours, but one would be kept */
    snprintf(out + len, GW_WS_EXTENSION_MAX - len, "; client_max_window_bits");
}

int gw_ws_extension_check(struct gw_str value, const struct gw_ws_deflate_options *options,
                          struct gw_ws_deflate *out) {
  struct gw_str element;
  while (gw_http_list_next(&value, &element)) {
    struct params answer;
    int err = read_element(element, &answer);
    if (err < 0) return err;
    /* RFC 6455 section 4.1: nothing that was not offered; RFC 7692 section 7.1: nothing odd. */
    if (!answer.is_deflate || !options->is_enabled || out->is_on || answer.is_bad)
      return GW_ERR_WS_HANDSHAKE;
    bool has_no_value = answer.has_client_bits && answer.client_bits == 0;
    uint8_t server_limit = or_15(options->server_max_window_bits);
    uint8_t client_limit = or_15(options->client_max_window_bits);
    if (has_no_value || answer.server_bits > server_limit || answer.client_bits > client_limit)
      return GW_ERR_WS_HANDSHAKE;
    *out = (struct gw_ws_deflate){
        .is_on = true,
        .server_no_context_takeover = answer.server_no_takeover,
        /* Section 7.1.1.2: our own promise holds without the server's word. */
        .client_no_context_takeover = answer.client_no_takeover || !options->allow_client_takeover,
        .server_max_window_bits = answer.server_bits,
        .client_max_window_bits = smaller(or_15(answer.client_bits), client_limit),
    };
  }
  return 0;
}
