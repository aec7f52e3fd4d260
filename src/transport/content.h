/* SPDX-License-Identifier: MIT */
/* What a Content-Type says about a payload, as far as it decides how the payload is shown. */
#ifndef GW_TRANSPORT_CONTENT_H
#define GW_TRANSPORT_CONTENT_H

#include "base/str.h"

/* application/json, or any type that ends in +json. */
bool gw_content_is_json(struct gw_str type);
/* Types whose payload is meant to be read: text, JSON, XML and the like, a form; and none at all.
 */
bool gw_content_is_text(struct gw_str type);
/* Whether a payload of this type is binary: another type than those, or no UTF-8. */
bool gw_content_is_binary(struct gw_str type, struct gw_str payload);

#endif
