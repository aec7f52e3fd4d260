/* SPDX-License-Identifier: MIT */
/* What a request for `/channels/{channel}` asks for: the words of its path, query and head. */
#ifndef GW_TRANSPORT_REQUEST_H
#define GW_TRANSPORT_REQUEST_H

#include "hub/publication.h"

struct gw_exchange;

struct gw_channel_request {
  struct gw_str channel, event; /* inside `text`; event at NULL: none */
  bool has_after, is_silent;    /* `after=` or Last-Event-ID; `echo=no` */
  struct gw_cursor after;
  unsigned limit; /* 0: none given */
  char channel_text[256], event_text[256];
};

/* 0; GW_ERR_ARGUMENT, and in words what is wrong (constant). */
int gw_channel_request_read(const struct gw_exchange *exchange, struct gw_channel_request *out,
                            const char **out_problem);

#endif
