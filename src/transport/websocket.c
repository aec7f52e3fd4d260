/* SPDX-License-Identifier: MIT */
/*
 * The frame of a publication lies in one allocation with its header, as it goes on the wire; every
 * connection's outbox holds a reference. It is compressed by itself, once for each size of window
 * that a peer has agreed to.
 */
#include "transport/websocket.h"

#include "base/buf.h"
#include "http/websocket.h"

void gw_close_conn(struct gw_conn *conn, enum gw_close_code code) {
  gw_conn_close(conn, code, gw_close_code_text(code));
}

struct how {
  struct gw_conn *conn;
  const struct gw_frame_maker *maker;
};

static struct gw_bytes *pack(const struct how *how, unsigned opcode, struct gw_str message) {
  const struct gw_ws_frame frame = {.opcode = opcode, .data = message.at, .len = message.len};
  struct gw_bytes *made = NULL;
  int err = gw_conn_pack(how->conn, &frame, &made);
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
  struct how how = {conn, maker};
  const char *key = &maker->keys[gw_conn_pack_bits(conn)];
  struct gw_bytes *frame = gw_publication_encoding(publication, key, make, &how);
  return frame ? gw_conn_send_pack(conn, frame) : GW_ERR_MEMORY;
}
