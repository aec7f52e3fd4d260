/* SPDX-License-Identifier: MIT */
/*
 * The frame of a publication lies in one allocation with its header, as it goes on the wire; every
 * connection's outbox holds a reference.
 */
#include "transport/websocket.h"

#include "base/buf.h"
#include "codec/ws/pack.h"
#include "http/websocket.h"

void gw_close_conn(struct gw_conn *conn, enum gw_close_code code) {
  gw_conn_close(conn, code, gw_close_code_text(code));
}

struct how {
  struct gw_conn *conn;
  const struct gw_frame_maker *maker;
  unsigned bits;
};

static struct gw_bytes *pack(const struct how *how, unsigned opcode, struct gw_str message) {
  const struct gw_conn_route *route = gw_conn_route_of(how->conn);
  const struct gw_ws_frame frame = {.opcode = opcode, .data = message.at, .len = message.len};
  struct gw_bytes *made = NULL;
  int err = gw_ws_pack(route->shared, &route->protocol.deflate, how->bits, &frame, &made);
  return err == 0 ? made : NULL;
}

static struct gw_bytes *make(const struct gw_publication *publication, void *user) {
  const struct how *how = user;
  unsigned opcode = publication->is_binary ? GW_WS_BINARY : GW_WS_TEXT;
  if (!how->maker->write) return pack(how, opcode, publication->payload);
  struct gw_buf message;
  gw_buf_init(&message, SIZE_MAX); /* a line and a payload, which have caps */
  struct gw_bytes *made = NULL;
  if (how->maker->write(publication, &message) == 0)
    made = pack(how, opcode, (struct gw_str){(const char *)message.data, message.len});
  gw_buf_clear(&message);
  return made;
}

int gw_websocket_push(struct gw_conn *conn, struct gw_publication *publication,
                      const struct gw_frame_maker *maker) {
  struct how how = {conn, maker, 0};
  struct gw_bytes *frame =
      gw_publication_encoding(publication, gw_encoding_key(maker->kind, how.bits), make, &how);
  return frame ? gw_conn_send_wire(conn, frame) : GW_ERR_MEMORY;
}
