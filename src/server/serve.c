/* SPDX-License-Identifier: MIT */
/* Puts hubs and their store on the workers of a server; the routes find their worker's hub by the
 * loop they run on. */
#include "server/serve.h"

#include "broker/memory.h"
#include "hub/hub.h"
#include "loop/loop.h"
#include "server/pages.h"

#include <stdlib.h>

static const char hub_key; /* of the loops' attachments */

struct gw_serve {
  struct gw_server *server;
  struct gw_memory *memory;
  unsigned n;
  struct gw_hub *hubs[];
};

struct gw_hub *gw_serve_hub(const struct gw_loop *loop) {
  return gw_loop_attachment(loop, &hub_key);
}

static int make_hubs(struct gw_serve *serve) {
  struct gw_loop *loops[64];
  for (unsigned i = 0; i < serve->n; i++)
    loops[i] = gw_server_loop(serve->server, i);
  int r = gw_memory_new(NULL, loops, serve->n, &serve->memory);
  for (unsigned i = 0; r == 0 && i < serve->n; i++) {
    r = gw_hub_new(gw_memory_store(serve->memory, i), &serve->hubs[i]);
    if (r == 0) r = gw_loop_attach(loops[i], &hub_key, serve->hubs[i]);
  }
  return r;
}

int gw_serve_new(struct gw_server *server, const struct gw_serve_options *options,
                 struct gw_serve **out_serve) {
  unsigned n = gw_server_worker_count(server);
  struct gw_serve *serve = calloc(1, sizeof *serve + n * sizeof serve->hubs[0]);
  if (!serve) return GW_ERR_MEMORY;
  (void)options;
  serve->server = server;
  serve->n = n;
  int r = make_hubs(serve);
  if (r == 0) r = gw_pages_route(server);
  if (r < 0) {
    gw_serve_free(serve);
    return r;
  }
  *out_serve = serve;
  return 0;
}

void gw_serve_free(struct gw_serve *serve) {
  if (!serve) return;
  for (unsigned i = 0; i < serve->n; i++) {
    gw_loop_attach(gw_server_loop(serve->server, i), &hub_key, NULL);
    if (serve->hubs[i]) gw_hub_free(serve->hubs[i]);
  }
  gw_memory_free(serve->memory);
  free(serve);
}
