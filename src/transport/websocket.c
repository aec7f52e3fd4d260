/* SPDX-License-Identifier: MIT */
/*
 * The frame of a publication lies in one allocation with its header, as it goes on the wire; every
 * connection's outbox holds a reference. It is not compressed: it is the same for all.
 */
#include "transport/websocket.h"

#include "codec/ws/head.h"
#include "http/websocket.h"
#include "transport/encoding.h"

void gw_close_conn(struct gw_conn *conn, enum gw_close_code code) {
  gw_conn_close(conn, code, gw_close_code_text(code));
}

static struct gw_bytes *make_frame(const struct gw_publication *publication, void *how) {
  (void)how;
  uint8_t head[GW_WS_HEAD_MAX];
  unsigned opcode = publication->is_binary ? GW_WS_BINARY : GW_WS_TEXT;
  size_t head_len = gw_ws_head_write(head, GW_WS_FIN | opcode, publication->payload.len, NULL);
  struct gw_bytes *frame = gw_bytes_new(head_len + publication->payload.len);
  if (!frame) return NULL;
  memcpy(frame->data, head, head_len);
  if (publication->payload.len > 0)
    memcpy(frame->data + head_len, publication->payload.at, publication->payload.len);
  return frame;
}

int gw_websocket_push(struct gw_conn *conn, struct gw_publication *publication) {
  struct gw_bytes *frame =
      gw_publication_encoding(publication, gw_encoding_key(GW_ENCODING_RAW, 0), make_frame, NULL);
  return frame ? gw_conn_send_wire(conn, frame) : GW_ERR_MEMORY;
}
