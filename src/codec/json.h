/* SPDX-License-Identifier: MIT */
/*
 * Walks over JSON (RFC 8259) that is known to be well-formed, giving its values as the text that
 * they are: a number keeps its digits. Whether it is well-formed is for a parser to say before.
 */
#ifndef GW_CODEC_JSON_H
#define GW_CODEC_JSON_H

#include "base/str.h"

/* The inside of an array (`[`) or an object (`{`); at NULL: the value is something else. */
struct gw_str gw_json_inside(struct gw_str value, char bracket);
/* Cuts the next element off the inside of an array; false at the end. */
bool gw_json_next_element(struct gw_str *rest, struct gw_str *out_value);
/* Cuts the next member off the inside of an object; the name comes with its quotes. */
bool gw_json_next_member(struct gw_str *rest, struct gw_str *out_name, struct gw_str *out_value);
/* Writes the value without the blanks between its tokens into out, which has room for value.len;
 * gives the length. */
size_t gw_json_compact(struct gw_str value, char *out);

#endif
