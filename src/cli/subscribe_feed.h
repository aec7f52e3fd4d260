/* SPDX-License-Identifier: MIT */
/*
 * A feed: what one or more channels bring, over one connection after the other. It knows how far
 * each channel has come and when to try again; its kind (one file for each transport) knows how a
 * connection is made and what its bytes mean; its owner decides what becomes of it all.
 */
#ifndef GW_CLI_SUBSCRIBE_FEED_H
#define GW_CLI_SUBSCRIBE_FEED_H

#include "cli/received.h"
#include "cli/remote.h"
#include "loop/loop.h"

struct gw_feed;

enum {
  GW_FEED_MESSAGE_MAX = 64 << 20, /* bytes of one answer, event or message: against a server
                                     that never ends it */
  GW_FEED_CURSOR_MAX = 128,
};

/* A transport. Its state begins all-zero, and stays from try to try. */
struct gw_feed_kind {
  const char *name;
  bool holds_many; /* channels on one connection */
  size_t size;     /* of its state, gw_feed_state */
  /* Begins a try, which ends in exactly one gw_feed_ended, never inside the call; below 0: none
   * was begun, and none ever can be. */
  int (*begin)(struct gw_feed *feed);
  /* Ends the present try as its protocol has it: gw_feed_ended follows, perhaps inside the call. */
  void (*close)(struct gw_feed *feed);
  /* Gives back all it has, at once. */
  void (*clear)(struct gw_feed *feed);
};

/* The end of a try. */
struct gw_feed_end {
  const char *reason; /* in words; lent */
  const char *mend;   /* as gw_remote_mend; NULL: none */
  bool is_final;      /* the server does not want us back, or cannot be talked to */
  bool is_fine;       /* and that is in good order */
  unsigned wait_ms;   /* the server's wish, before we come back; 0: ours */
};

struct gw_feed_events {
  /* A publication; false: no more is wanted. */
  bool (*on_publication)(struct gw_feed *feed, size_t channel, const struct gw_received *received);
  void (*on_gap)(struct gw_feed *feed, size_t channel, const uint64_t *missed);
  void (*on_presence)(struct gw_feed *feed, size_t channel, bool has_joined, const char *user);
  void (*on_note)(struct gw_feed *feed, const char *text);
  /* A try has ended; retry_ms 0: it was the last. */
  void (*on_end)(struct gw_feed *feed, const struct gw_feed_end *end, unsigned retry_ms);
};

struct gw_feed_channel {
  const char *name;
  char cursor[GW_FEED_CURSOR_MAX]; /* of the last publication, or where to begin; "": not known */
};

struct gw_feed_options {
  const struct gw_feed_kind *kind;
  const struct gw_remote *remote;
  const struct gw_feed_events *events;
  void *owner;
  struct gw_loop *loop;
  const char *const *channels;
  size_t n;
  const char *after; /* of its only channel; NULL: from now on */
  unsigned interval_ms, timeout_ms;
  bool may_return;
};

struct gw_feed {
  struct gw_feed_options options;
  struct gw_feed_channel *channels;
  struct gw_timer timer;
  unsigned failures;
  unsigned first_wait_ms; /* the server's wish for the first wait; 0: ours */
  bool is_open, has_been_open, is_over;
  void *state;
};

/* The first try begins when the loop runs. GW_ERR_MEMORY, GW_ERR_ARGUMENT. */
int gw_feed_new(const struct gw_feed_options *options, struct gw_feed **out_feed);
/* No more tries; on_end follows, perhaps inside the call. */
void gw_feed_close(struct gw_feed *feed);
/* At once; no event comes after it. NULL is fine. Not inside its events. */
void gw_feed_free(struct gw_feed *feed);

/* ---- for the kinds ---- */

static inline void *gw_feed_state(const struct gw_feed *feed) {
  return feed->state;
}
/* The try has got an answer that is right. */
void gw_feed_opened(struct gw_feed *feed);
/* Told to the owner, and remembered where it has a cursor. False: stop, no more is wanted. */
bool gw_feed_tell(struct gw_feed *feed, size_t channel, const struct gw_received *received);
/* What came between the cursor and what follows is lost; missed NULL: nobody knows how many. */
void gw_feed_gap(struct gw_feed *feed, size_t channel, const uint64_t *missed);
void gw_feed_presence(struct gw_feed *feed, size_t channel, bool has_joined, const char *user);
void gw_feed_stand(struct gw_feed *feed, size_t channel, struct gw_str cursor);
void gw_feed_note(struct gw_feed *feed, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void gw_feed_ended(struct gw_feed *feed, const struct gw_feed_end *end);

#endif
