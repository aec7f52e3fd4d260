/* SPDX-License-Identifier: MIT */
/*
 * Bodies as they come. Data passes through as slices of the input; of a chunked body's own lines
 * (sizes, extensions, trailers) only a state and a few counts are kept, so no peer can make this
 * room remember anything. Every line must end in CRLF, and every size be plain hex: a body that
 * two readers could end at different bytes is how a second request is smuggled in.
 */
#include "codec/http/body.h"

#include "codec/http/chars.h"

/* A size line with its extensions, which nobody uses, and the CRLF before it: against bytes that
 * never become a body. */
#define SIZE_LINE_MAX 256
/* All trailers together: against the same at the end. */
#define TRAILERS_MAX (8 * 1024)
/* Enough for every 64-bit size: a longer run of zeros serves nothing. */
#define SIZE_DIGITS_MAX 16

enum state {
  SIZE,      /* hex digits */
  EXTENSION, /* behind a `;` */
  SIZE_LF,
  DATA, /* `remaining` bytes of the chunk, or of the length */
  DATA_CR,
  DATA_LF,
  TRAILER, /* at the start of a trailer line, or of the empty line that ends it all */
  TRAILER_NAME,
  TRAILER_VALUE,
  TRAILER_LF,
  END_LF,
  DONE
};

void gw_http_body_init(struct gw_http_body *body, const struct gw_http_head *head) {
  *body = (struct gw_http_body){.framing = head->framing};
  if (head->framing == GW_HTTP_NO_BODY) body->state = DONE;
  if (head->framing == GW_HTTP_LENGTH) {
    body->remaining = head->length;
    body->state = head->length ? DATA : DONE;
  }
}

static int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c = gw_char_lower(c);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* chunk-size [ chunk-ext ] CRLF (RFC 9112 section 7.1); blanks before the `;` are refused. */
static int step_size(struct gw_http_body *body, char c) {
  int digit = hex_value(c);
  if (digit >= 0) {
    if (body->digits++ == SIZE_DIGITS_MAX) return GW_ERR_HTTP_SYNTAX;
    body->remaining = body->remaining << 4 | (unsigned)digit;
    return SIZE;
  }
  if (body->digits == 0) return GW_ERR_HTTP_SYNTAX;
  return c == ';' ? EXTENSION : c == '\r' ? SIZE_LF : GW_ERR_HTTP_SYNTAX;
}

/* From a chunk's size to the next line of any kind. */
static int step_size_lf(struct gw_http_body *body) {
  body->line = 0;
  body->digits = 0;
  return body->remaining ? DATA : TRAILER;
}

/* The state after one byte of the body's own lines, or GW_ERR_HTTP_SYNTAX. */
static int step(struct gw_http_body *body, char c) {
  bool is_field = gw_http_char_is_field((unsigned char)c);
  bool is_token = gw_http_char_is_token((unsigned char)c);
  switch ((enum state)body->state) {
  case SIZE: return step_size(body, c);
  case EXTENSION: return is_field ? EXTENSION : c == '\r' ? SIZE_LF : GW_ERR_HTTP_SYNTAX;
  case SIZE_LF: return c == '\n' ? step_size_lf(body) : GW_ERR_HTTP_SYNTAX;
  case DATA_CR: return c == '\r' ? DATA_LF : GW_ERR_HTTP_SYNTAX;
  case DATA_LF: return c == '\n' ? SIZE : GW_ERR_HTTP_SYNTAX;
  case TRAILER: return is_token ? TRAILER_NAME : c == '\r' ? END_LF : GW_ERR_HTTP_SYNTAX;
  case TRAILER_NAME: return is_token ? TRAILER_NAME : c == ':' ? TRAILER_VALUE : GW_ERR_HTTP_SYNTAX;
  case TRAILER_VALUE: return is_field ? TRAILER_VALUE : c == '\r' ? TRAILER_LF : GW_ERR_HTTP_SYNTAX;
  case TRAILER_LF: return c == '\n' ? TRAILER : GW_ERR_HTTP_SYNTAX;
  case END_LF: return c == '\n' ? DONE : GW_ERR_HTTP_SYNTAX;
  case DATA:
  case DONE: break; /* not read byte by byte */
  }
  return GW_ERR_HTTP_SYNTAX;
}

/* Up to the next piece of data, or the end. */
static int read_lines(struct gw_http_body *body, const char **data, size_t *len) {
  while (*len > 0 && body->state != DATA && body->state != DONE) {
    unsigned cap = body->state < DATA ? SIZE_LINE_MAX : TRAILERS_MAX;
    if (body->line++ == cap) return GW_ERR_HTTP_SYNTAX;
    int next = step(body, **data);
    if (next < 0) return next;
    body->state = (uint8_t)next;
    (*data)++;
    (*len)--;
  }
  return 0;
}

/* As much of the input as belongs to the present chunk or length. */
static void cut_data(struct gw_http_body *body, const char **data, size_t *len,
                     struct gw_str *out) {
  size_t n = *len;
  if (body->framing != GW_HTTP_UNTIL_CLOSE) {
    if (n > body->remaining) n = (size_t)body->remaining;
    body->remaining -= n;
    if (body->remaining == 0) body->state = body->framing == GW_HTTP_CHUNKED ? DATA_CR : DONE;
  }
  *out = (struct gw_str){*data, n};
  *data += n;
  *len -= n;
}

int gw_http_body_read(struct gw_http_body *body, const char **data, size_t *len,
                      struct gw_str *out) {
  if (body->framing == GW_HTTP_CHUNKED) {
    int err = read_lines(body, data, len);
    if (err < 0) return err;
  }
  if (body->state == DONE) return 2;
  if (*len == 0) return 0;
  cut_data(body, data, len, out);
  return 1;
}

size_t gw_http_chunk_head(char out[18], size_t len) {
  static const char hex[] = "0123456789abcdef";
  size_t n = 0;
  int shift = 0;
  while (shift < 60 && len >> shift >= 16)
    shift += 4;
  for (; shift >= 0; shift -= 4)
    out[n++] = hex[len >> shift & 15];
  out[n++] = '\r';
  out[n++] = '\n';
  return n;
}
