/* SPDX-License-Identifier: MIT */
/* What the program asks of a client beside godwit/client.h. */
#ifndef GW_CLIENT_CLIENT_H
#define GW_CLIENT_CLIENT_H

#include "godwit/client.h"
#include "net/stream.h"

/* Looks at the frames on the wire of each connection. */
struct gw_client_tap {
  /* The opening handshake is done. Takes the stream and gives the one that the connection shall
   * use: a stream around it. The `len` bytes at `data` came behind the handshake and will not come
   * through the stream. */
  struct gw_stream *(*wrap)(void *user, struct gw_stream *stream, const uint8_t *data, size_t len);
  void *user;
};
/* Before the loop runs. */
void gw_client_tap(struct gw_client *client, const struct gw_client_tap *tap);

/* Whether there is a connection, or one is being made or will be. */
bool gw_client_is_trying(const struct gw_client *client);

#endif
