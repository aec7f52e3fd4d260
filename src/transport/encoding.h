/* SPDX-License-Identifier: MIT */
/* The ways of writing a publication that are kept with it (hub/publication.h), and their numbers.
 */
#ifndef GW_TRANSPORT_ENCODING_H
#define GW_TRANSPORT_ENCODING_H

#include "hub/publication.h"

enum gw_encoding {
  GW_ENCODING_JSON,  /* transport/json.h */
  GW_ENCODING_FRAME, /* the payload as one WebSocket frame: transport/websocket.h */
  GW_ENCODINGS
};

_Static_assert(GW_ENCODINGS <= GW_PUBLICATION_ENCODINGS, "every encoding has its slot");

#endif
