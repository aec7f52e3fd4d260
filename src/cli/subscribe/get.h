/* SPDX-License-Identifier: MIT */
/* What the intakes over HTTP share: a GET on the intake's channel, whose refusals become the end of
 * a try; and where a channel stands now, for the transports that begin there. */
#ifndef GW_CLI_SUBSCRIBE_GET_H
#define GW_CLI_SUBSCRIBE_GET_H

#include "cli/subscribe/intake.h"
#include "client/http.h"

struct gw_get;

struct gw_get_ops {
  const char *accept; /* NULL: not said */
  const char *prefer; /* NULL: not said */
  const char *resume; /* the field that tells the cursor; NULL: ?after= */
  unsigned wait_ms;   /* how long the server may take for the head, beside the timeout */
  unsigned quiet_ms;  /* between two pieces; 0: the client's default */
  /* A piece of a 200's body: 0, GW_GET_STOP where no more is wanted, or an enum gw_err. */
  int (*on_piece)(struct gw_get *get, const char *data, size_t len);
  /* A 200's body is whole. */
  void (*on_whole)(struct gw_get *get);
};

enum {
  GW_GET_STOP = 1,
  GW_GET_STREAM_QUIET_MS = 90000, /* heartbeats come more often */
  GW_GET_LARGE = 4 << 20, /* a poll's answer of so many bytes may not have held everything */
};

/* All-zero is ready. */
struct gw_get {
  struct gw_intake *intake;
  struct gw_http_client *client;
  const struct gw_get_ops *ops;
  struct gw_buf body; /* of a refusal; else the ops' own */
  unsigned status, retry_after_ms;
  bool is_telling;                           /* of gw_get_find_start */
  int (*on_found)(struct gw_intake *intake); /* of gw_get_find_start */
};

/* Asks for what comes after the channel's cursor, or without one; then the answer's head may tell
 * where it begins. Below 0: it cannot be asked. */
int gw_get_begin(struct gw_get *get, struct gw_intake *intake, const struct gw_get_ops *ops);
/* Ends the try, with the words for an enum gw_err. */
void gw_get_failed(struct gw_get *get, int err, const char *reason);
/* The on_whole of an answer that is not to end. */
void gw_get_stream_ended(struct gw_get *get);
/* A kind's close and clear. */
void gw_get_close(struct gw_get *get);
void gw_get_clear(struct gw_get *get);

/* An on_piece: into the body. */
int gw_get_gather(struct gw_get *get, const char *data, size_t len);
/* Tells what the body, a poll's answer, holds, and stands where it ends. 0, GW_GET_STOP,
 * GW_ERR_ARGUMENT: it is none. */
int gw_get_tell(struct gw_get *get, size_t *out_told);

/* Finds where the channel stands (gw_intake_stand), by polls whose publications are told or not
 * looked at; then goes on with what `on_found` begins on the same connection. */
int gw_get_find_start(struct gw_get *get, struct gw_intake *intake, bool is_telling,
                      int (*on_found)(struct gw_intake *intake));

#endif
