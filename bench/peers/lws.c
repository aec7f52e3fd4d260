// SPDX-License-Identifier: MIT
// The echo server a libwebsockets user would write: each received part is queued and written back
// as the socket takes it. One thread, libev where the plugin is installed, permessage-deflate and
// TLS where asked for. usage: lws PORT [deflate] [tls CERT KEY]
#include <libwebsockets.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct part {
  struct part *next;
  size_t length;
  bool is_binary, is_first, is_final;
  unsigned char bytes[]; // LWS_PRE bytes of room, then the payload
};

struct session {
  struct part *head, **tail;
};

static int receive(struct lws *wsi, struct session *session, const void *in, size_t length) {
  struct part *part = malloc(sizeof *part + LWS_PRE + length);
  if (!part) return -1;
  *part = (struct part){.length = length,
                        .is_binary = lws_frame_is_binary(wsi) != 0,
                        .is_first = lws_is_first_fragment(wsi) != 0,
                        .is_final = lws_is_final_fragment(wsi) != 0};
  if (length) memcpy(part->bytes + LWS_PRE, in, length);
  *session->tail = part;
  session->tail = &part->next;
  return lws_callback_on_writable(wsi) < 0 ? -1 : 0;
}

static int write_out(struct lws *wsi, struct session *session) {
  while (session->head && !lws_send_pipe_choked(wsi)) {
    struct part *part = session->head;
    int flags = lws_write_ws_flags(part->is_binary ? LWS_WRITE_BINARY : LWS_WRITE_TEXT,
                                   part->is_first, part->is_final);
    if (lws_write(wsi, part->bytes + LWS_PRE, part->length, (enum lws_write_protocol)flags) < 0)
      return -1;
    session->head = part->next;
    if (!session->head) session->tail = &session->head;
    free(part);
  }
  if (session->head) lws_callback_on_writable(wsi);
  return 0;
}

static void forget(struct session *session) {
  while (session->head) {
    struct part *part = session->head;
    session->head = part->next;
    free(part);
  }
}

static int echo(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                size_t length) {
  switch (reason) {
  case LWS_CALLBACK_ESTABLISHED:
    *(struct session *)user = (struct session){.tail = &((struct session *)user)->head};
    return 0;
  case LWS_CALLBACK_RECEIVE: return receive(wsi, user, in, length);
  case LWS_CALLBACK_SERVER_WRITEABLE: return write_out(wsi, user);
  case LWS_CALLBACK_CLOSED: forget(user); return 0;
  default: return 0;
  }
}

static const struct lws_protocols protocols[] = {
    {"echo", echo, sizeof(struct session), 64 * 1024, 0, NULL, 0},
    {NULL, NULL, 0, 0, 0, NULL, 0},
};

static const struct lws_extension deflate[] = {
    {"permessage-deflate", lws_extension_callback_pm_deflate, "permessage-deflate"},
    {NULL, NULL, NULL},
};

int main(int argc, char **argv) {
  struct lws_context_creation_info info = {
      .protocols = protocols, .iface = "127.0.0.1", .options = LWS_SERVER_OPTION_VALIDATE_UTF8};
  if (argc < 2) {
    fprintf(stderr, "usage: lws PORT [deflate] [tls CERT KEY]\n");
    return 2;
  }
  info.port = (int)strtol(argv[1], NULL, 10);
  for (int i = 2; i < argc; i++) {
    if (strcmp(argv[i], "deflate") == 0) info.extensions = deflate;
    if (strcmp(argv[i], "tls") == 0 && i + 2 < argc) {
      info.options |= LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
      info.ssl_cert_filepath = argv[i + 1];
      info.ssl_private_key_filepath = argv[i + 2];
    }
  }
  lws_set_log_level(LLL_ERR, NULL);
  signal(SIGPIPE, SIG_IGN);
  info.options |= LWS_SERVER_OPTION_LIBEV;
  struct lws_context *context = lws_create_context(&info);
  if (!context) { // the libev plugin is a package of its own
    info.options &= ~(uint64_t)LWS_SERVER_OPTION_LIBEV;
    context = lws_create_context(&info);
  }
  if (!context) return 1;
  while (lws_service(context, 0) >= 0) {
  }
  lws_context_destroy(context);
  return 0;
}
