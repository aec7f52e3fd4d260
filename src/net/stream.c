/* SPDX-License-Identifier: MIT */
/* What is the same for every kind of stream: the way down to its descriptor, and what the kernel is
 * told there. */
#include "net/stream.h"

#include "net/address.h"

#include <linux/sockios.h>
#include <linux/tcp.h> /* glibc's tcp_info ends too early */
#include <netinet/in.h>
#include <sys/ioctl.h>
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

struct setting {
  int level, name, value;
};

/* A unix socket has none of these options. */
static void apply(const struct gw_stream *stream, const struct setting *settings, size_t n) {
  int fd = gw_stream_fd(stream);
  for (size_t i = 0; i < n; i++)
    (void)setsockopt(fd, settings[i].level, settings[i].name, &settings[i].value,
                     sizeof settings[i].value);
}

/* A unix socket's peer cannot vanish unseen. */
void gw_stream_guard(const struct gw_stream *stream) {
  static const struct setting settings[] = {
      {SOL_SOCKET, SO_KEEPALIVE, 1},
      {IPPROTO_TCP, TCP_KEEPIDLE, 25}, /* seconds of silence before the first probe */
      {IPPROTO_TCP, TCP_KEEPINTVL, 10},
      {IPPROTO_TCP, TCP_KEEPCNT, 2},
      {IPPROTO_TCP, TCP_USER_TIMEOUT, 45000}, /* ms: for what is sent and not acknowledged */
  };
  apply(stream, settings, sizeof settings / sizeof *settings);
}

void gw_stream_keep_fresh(const struct gw_stream *stream) {
  static const struct setting setting = {IPPROTO_TCP, TCP_NOTSENT_LOWAT, 16 * 1024};
  apply(stream, &setting, 1);
}

size_t gw_stream_untaken(const struct gw_stream *stream, uint32_t *out_taken) {
  int fd = gw_stream_fd(stream), queued = 0;
  (void)ioctl(fd, SIOCOUTQ, &queued);
  size_t untaken = gw_stream_pending(stream) + (size_t)queued;
  struct tcp_info info;
  socklen_t len = sizeof info;
  bool is_tcp = getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) == 0;
  *out_taken = is_tcp ? (uint32_t)info.tcpi_bytes_acked : (uint32_t)(0 - untaken);
  return untaken;
}
