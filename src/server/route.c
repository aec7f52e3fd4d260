/* SPDX-License-Identifier: MIT */
/* Routes in the order of their making; few enough that walking them costs less than a clever table.
 */
#include "server/route.h"

#include "codec/http/text.h"

#include <stdlib.h>

static struct gw_route *route_of(struct gw_routes *routes, struct gw_str path, bool is_prefix) {
  for (unsigned i = 0; i < routes->n; i++)
    if (routes->at[i].is_prefix == is_prefix && gw_str_eq(routes->at[i].path, path))
      return &routes->at[i];
  return NULL;
}

static int route_new(struct gw_routes *routes, struct gw_str path, bool is_prefix,
                     struct gw_route **out_route) {
  if (routes->n == GW_ROUTES_MAX) return GW_ERR_FULL;
  char *copy = malloc(path.len + 1);
  if (!copy) return GW_ERR_MEMORY;
  memcpy(copy, path.at, path.len);
  copy[path.len] = '\0';
  *out_route = &routes->at[routes->n++];
  **out_route = (struct gw_route){.path = {copy, path.len}, .is_prefix = is_prefix};
  return 0;
}

static bool speaks(const struct gw_websocket *handler, struct gw_str protocol) {
  struct gw_str rest = gw_str_of(handler->protocols ? handler->protocols : ""), name;
  while (gw_http_list_next(&rest, &name))
    if (gw_str_eq(name, protocol)) return true;
  return false;
}

/* Nobody could tell them apart. */
static bool clash(const struct gw_websocket *a, const struct gw_websocket *b) {
  struct gw_str rest = gw_str_of(a->protocols ? a->protocols : ""), name;
  if (!a->protocols && !b->protocols) return true;
  while (gw_http_list_next(&rest, &name))
    if (speaks(b, name)) return true;
  return a == b;
}

static int check_websocket(const struct gw_route *route, const struct gw_websocket *handler) {
  if (!route || !handler) return 0;
  for (unsigned i = 0; i < route->n_websockets; i++)
    if (clash(route->websockets[i], handler)) return GW_ERR_STATE;
  return route->n_websockets == GW_ROUTE_WEBSOCKETS ? GW_ERR_FULL : 0;
}

int gw_routes_add(struct gw_routes *routes, const char *path, const struct gw_websocket *websocket,
                  const struct gw_http *http) {
  struct gw_str text = gw_str_of(path);
  if (text.len == 0 || text.at[0] != '/') return GW_ERR_ARGUMENT;
  bool is_prefix = text.len >= 2 && memcmp(text.at + text.len - 2, "/*", 2) == 0;
  if (is_prefix) text.len--;
  struct gw_route *route = route_of(routes, text, is_prefix);
  if (route && http && route->http) return GW_ERR_STATE;
  int r = check_websocket(route, websocket);
  if (r == 0 && !route) r = route_new(routes, text, is_prefix, &route);
  if (r < 0) return r;
  if (websocket) route->websockets[route->n_websockets++] = websocket;
  if (http) route->http = http;
  return 0;
}

int gw_routes_find(const struct gw_routes *routes, struct gw_str path) {
  int best = -1;
  for (unsigned i = 0; i < routes->n; i++) {
    const struct gw_route *route = &routes->at[i];
    if (!route->is_prefix && gw_str_eq(route->path, path)) return (int)i;
    if (route->is_prefix && path.len >= route->path.len &&
        memcmp(path.at, route->path.at, route->path.len) == 0 &&
        (best < 0 || route->path.len > routes->at[best].path.len))
      best = (int)i;
  }
  return best;
}

void gw_routes_clear(struct gw_routes *routes) {
  for (unsigned i = 0; i < routes->n; i++)
    free((char *)routes->at[i].path.at);
  routes->n = 0;
}
