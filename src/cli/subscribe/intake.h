/* SPDX-License-Identifier: MIT */
/*
 * An intake: what one or more channels bring, over one connection after the other. It knows how far
 * each channel has come and when to try again; its kind (one file for each transport) knows how a
 * connection is made and what its bytes mean; its owner decides what becomes of it all.
 */
#ifndef GW_CLI_SUBSCRIBE_INTAKE_H
#define GW_CLI_SUBSCRIBE_INTAKE_H

#include "cli/received.h"
#include "cli/remote.h"
#include "loop/loop.h"

struct gw_intake;

enum {
  GW_INTAKE_MESSAGE_MAX = 64 << 20, /* bytes of one answer, event or message: against a server
                                     that never ends it */
  GW_INTAKE_CURSOR_MAX = 128,
};

/* A transport. Its state begins all-zero, and stays from try to try. */
struct gw_intake_kind {
  const char *name;
  bool holds_many; /* channels on one connection */
  size_t size;     /* of its state, gw_intake_state */
  /* Begins a try, which ends in exactly one gw_intake_ended, never inside the call; below 0: none
   * was begun, and none ever can be. */
  int (*begin)(struct gw_intake *intake);
  /* Ends the present try as its protocol has it: gw_intake_ended follows, perhaps inside the call.
   */
  void (*close)(struct gw_intake *intake);
  /* Gives back all it has, at once. */
  void (*clear)(struct gw_intake *intake);
};

/* The end of a try. */
struct gw_intake_end {
  const char *reason; /* in words; lent */
  const char *mend;   /* as gw_remote_mend; NULL: none */
  bool is_final;      /* the server does not want us back, or cannot be talked to */
  bool is_fine;       /* and that is in good order */
  unsigned wait_ms;   /* the server's wish, before we come back; 0: ours */
};

struct gw_intake_events {
  /* A publication; false: no more is wanted. */
  bool (*on_publication)(struct gw_intake *intake, size_t channel,
                         const struct gw_received *received);
  void (*on_gap)(struct gw_intake *intake, size_t channel, const uint64_t *missed);
  void (*on_presence)(struct gw_intake *intake, size_t channel, bool has_joined, const char *user);
  void (*on_note)(struct gw_intake *intake, const char *text);
  /* A try has ended; retry_ms 0: it was the last. */
  void (*on_end)(struct gw_intake *intake, const struct gw_intake_end *end, unsigned retry_ms);
};

struct gw_intake_channel {
  const char *name;
  char cursor[GW_INTAKE_CURSOR_MAX]; /* of the last publication, or where to begin; "": not known */
};

struct gw_intake_options {
  const struct gw_intake_kind *kind;
  const struct gw_remote *remote;
  const struct gw_intake_events *events;
  void *owner;
  struct gw_loop *loop;
  const char *const *channels;
  size_t n;
  const char *after; /* of its only channel; NULL: from now on */
  unsigned interval_ms, timeout_ms;
  unsigned backoff_ms; /* the first wait for the next try; 0: the server's wish for it, or 500 */
  bool may_return;
  bool is_plain; /* WebSocket: no compression is offered */
};

struct gw_intake {
  struct gw_intake_options options;
  struct gw_intake_channel *channels;
  struct gw_timer timer;
  unsigned failures;
  unsigned first_wait_ms; /* the server's wish for the first wait; 0: ours */
  bool is_open, has_been_open, is_over;
  void *state;
};

/* The first try begins when the loop runs. GW_ERR_MEMORY, GW_ERR_ARGUMENT. */
int gw_intake_new(const struct gw_intake_options *options, struct gw_intake **out_intake);
/* No more tries; on_end follows, perhaps inside the call. */
void gw_intake_close(struct gw_intake *intake);
/* At once; no event comes after it. NULL is fine. Not inside its events. */
void gw_intake_free(struct gw_intake *intake);

/* ---- for the kinds ---- */

static inline void *gw_intake_state(const struct gw_intake *intake) {
  return intake->state;
}
/* The try has got an answer that is right. */
void gw_intake_opened(struct gw_intake *intake);
/* Told to the owner, and remembered where it has a cursor. False: stop, no more is wanted. */
bool gw_intake_tell(struct gw_intake *intake, size_t channel, const struct gw_received *received);
/* What came between the cursor and what follows is lost; missed NULL: nobody knows how many. */
void gw_intake_gap(struct gw_intake *intake, size_t channel, const uint64_t *missed);
void gw_intake_presence(struct gw_intake *intake, size_t channel, bool has_joined,
                        const char *user);
void gw_intake_stand(struct gw_intake *intake, size_t channel, struct gw_str cursor);
void gw_intake_note(struct gw_intake *intake, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void gw_intake_ended(struct gw_intake *intake, const struct gw_intake_end *end);

#endif
