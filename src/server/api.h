/* SPDX-License-Identifier: MIT */
/* The API: resources for a backend; clients have little of it. Each is a file with one of these,
 * and its name in the list below. */
#ifndef GW_SERVER_API_H
#define GW_SERVER_API_H

#include "server/places.h"

struct gw_api;
struct gw_exchange;

#define GW_API_RESOURCES(X) X(users) X(user) X(session) X(batch) X(metrics) X(lab)

struct gw_api_resource {
  const char *path; /* exact, or a prefix with a star (godwit/server.h) */
  const char *methods;
  const char *client_methods; /* those of them that clients may use too, as far as the gate lets
                                 them, from the pages that may use the channels; NULL: none */
  size_t max_body;            /* 0: that of a publication */
  /* Answers, now or later: the method is one of those, and whoever asks may use it. */
  void (*serve)(struct gw_exchange *exchange, struct gw_places *places,
                const struct gw_identity *who);
};

#define GW_API_ENTRY(name) extern const struct gw_api_resource gw_api_##name;
GW_API_RESOURCES(GW_API_ENTRY)
#undef GW_API_ENTRY

/* Adds the routes, before gw_server_run. Places and the origins of clients' pages (as in struct
 * gw_http) are borrowed. GW_ERR_MEMORY, and as gw_server_http. */
int gw_api_new(struct gw_places *places, const char *origins, struct gw_api **out_api);
void gw_api_free(struct gw_api *api); /* after the run; NULL is fine */

#endif
