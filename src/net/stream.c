/* SPDX-License-Identifier: MIT */
/* What is the same for every kind of stream: the way down to its descriptor. */
#include "net/stream.h"

#include "net/address.h"

#include <sys/socket.h>

int gw_stream_fd(const struct gw_stream *stream) {
  for (const struct gw_stream *lower; (lower = stream->ops->lower(stream)) != NULL;)
    stream = lower;
  return stream->ops->fd(stream);
}

const char *gw_stream_peer(const struct gw_stream *stream, char *out, size_t size) {
  struct sockaddr_storage peer;
  socklen_t len = sizeof peer;
  if (getpeername(gw_stream_fd(stream), (struct sockaddr *)&peer, &len) < 0) {
    if (size > 0) out[0] = '\0';
    return out;
  }
  return gw_address_format((const struct sockaddr *)&peer, out, size);
}
