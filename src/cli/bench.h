/* SPDX-License-Identifier: MIT */
/*
 * The load generator from the inside: a plan (the options), a bench (one run of it), and peers (its
 * connections). bench.c reads the plan, bench_run.c leads through the run's phases, bench_peer.c is
 * one connection, a mode (bench_load.c, bench_fanout.c) says what is sent when, and bench_report.c
 * prints what came out.
 */
#ifndef GW_CLI_BENCH_H
#define GW_CLI_BENCH_H

#include "base/buf.h"
#include "base/bytes.h"
#include "base/histogram.h"
#include "cli/command.h"
#include "cli/frames.h"
#include "codec/http/text.h"
#include "godwit/ws.h"
#include "loop/loop.h"
#include "net/address.h"
#include "net/net.h"

#include <sys/types.h>

struct gw_tls;
struct gw_bench;
struct gw_bench_peer;
struct gw_bench_fanout;

enum gw_bench_payload { GW_BENCH_ASCII, GW_BENCH_MIXED, GW_BENCH_BINARY };

/* What the command line asks for. */
struct gw_bench_plan {
  const char *url, *publish_url;
  const struct gw_bench_mode *mode;
  enum gw_bench_payload payload;
  uint64_t connections, depth, size, in_flight, server_pid /* 0: none */;
  double duration, warmup, rate, hold;
  bool has_deflate, is_insecure, is_tcp, is_json;
};

/* What a mode does; called by the run and by the peers. All but `name` and `on_messages` are
 * optional. */
struct gw_bench_mode {
  const char *name;
  bool is_churning; /* connections come and go: there is no opening before the load */
  bool is_holding;  /* nothing is sent: --hold takes the place of --warmup and --duration */
  /* Load begins; all connections are open. GW_ERR_MEMORY, or another error that has been told. */
  int (*start)(struct gw_bench *bench);
  void (*on_open)(struct gw_bench_peer *peer);
  /* `n` whole messages have come on this connection, all of them by `now`. */
  void (*on_messages)(struct gw_bench_peer *peer, unsigned n, uint64_t now);
  void (*on_drain)(struct gw_bench_peer *peer);
  void (*on_closed)(struct gw_bench_peer *peer);
  /* Before each turn of the loop, while load is on: the loop then never sleeps. */
  void (*turn)(struct gw_bench *bench);
  /* Measuring is over; true: all that was sent has been answered too. */
  bool (*is_settled)(const struct gw_bench *bench);
  /* The run is over: last words, and what the mode has allocated goes. */
  void (*clear)(struct gw_bench *bench);
};

/* Where a URL leads. */
struct gw_bench_place {
  struct gw_http_url url;
  char host[GW_ADDRESS_HOST_MAX + 1];
  char authority[GW_ADDRESS_HOST_MAX + 32]; /* as Host gives it */
  char target[2048];
};

enum gw_bench_phase {
  GW_BENCH_OPENING,   /* connections are being made */
  GW_BENCH_WARMING,   /* load is on, nothing is counted */
  GW_BENCH_MEASURING, /* load is on */
  GW_BENCH_SETTLING,  /* load is off; late answers still count (open loop) */
  GW_BENCH_OVER,
};

/* The server's process, read from /proc. */
struct gw_bench_usage {
  double cpu_s, user_s, system_s;
};

struct gw_bench {
  const struct gw_command *command;
  const struct gw_bench_plan *plan;
  struct gw_bench_place place, publish_place;
  struct gw_loop *loop;
  struct gw_net *net;
  struct gw_tls *tls;
  struct gw_ws_shared *shared;
  struct gw_ws_options protocol;
  struct gw_ws_deflate deflate; /* as agreed on the first connection */

  uint8_t *payload;
  struct gw_bytes *frames; /* the masked frame, `n_frames` times; the same bytes go out again */
  size_t frame_len, n_frames;
  size_t answer_len; /* TCP: bytes that answer one frame */

  struct gw_bench_peer *peers;
  uint64_t *times;  /* a peer's sending times: `depth` of them each */
  size_t next_peer; /* the next to be opened */
  size_t n_open, n_dialling, n_streams;

  enum gw_bench_phase phase;
  bool is_interrupted;   /* by a signal, or by an error during the opening */
  struct gw_timer timer; /* the phase's end */
  struct gw_io signals;
  uint64_t started_at, ended_at;       /* of measuring, in ns */
  struct gw_histogram *latency, *last; /* ns; fan-out: to each subscriber, and to the last */
  uint64_t messages, errors;
  char first_error[256];
  struct gw_bench_usage usage_before, usage_after;
  uint64_t rss_before, rss_after;

  /* the modes' own */
  uint64_t due;      /* open loop: messages whose time has come ... */
  uint64_t due_from; /* ... since then, in ns */
  struct gw_bench_fanout *fanout;
  struct gw_bench_posters *posters;
};

struct gw_bench_peer {
  struct gw_bench *bench;
  struct gw_dial *dial;
  struct gw_stream *stream;
  struct gw_ws_offer offer;
  struct gw_buf in;     /* the handshake's answer, later a control frame's payload */
  struct gw_buf sample; /* a message that is looked into */
  struct gw_frame_scan scan;
  uint64_t message_len;    /* of the present message's frames so far */
  uint64_t sent, received; /* messages, as the mode counts them */
  uint64_t begun_at;       /* of the dial */
  uint64_t *times;
  uint32_t index;
  uint32_t until_sample; /* messages */
  bool is_open, is_in_message, is_compressed, is_sampled, is_blocked, is_closing;
};

/* ---- bench_run.c ---- */

uint64_t gw_bench_now(void); /* ns, monotonic */
/* Runs the plan and prints; the exit code. */
int gw_bench_run(const struct gw_command *command, const struct gw_bench_plan *plan);
/* GW_ERR_ARGUMENT. */
int gw_bench_place_read(const char *url, struct gw_bench_place *out_place);
/* A peer is open, or will never be. */
void gw_bench_opened(struct gw_bench *bench);
/* Something went wrong; the first one is told. During the opening it ends the run. */
void gw_bench_error(struct gw_bench *bench, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* A message that was asked for at `begun_at` came by `now`: counted where measuring is on. */
void gw_bench_count(struct gw_bench *bench, uint64_t begun_at, uint64_t now);
/* The run ends after this turn. */
void gw_bench_end(struct gw_bench *bench);

/* ---- bench_peer.c ---- */

void gw_bench_peer_open(struct gw_bench_peer *peer);
/* Sends the frame `n` times. */
void gw_bench_peer_send(struct gw_bench_peer *peer, uint64_t n);
/* A Close frame; the connection ends with the answer to it. */
void gw_bench_peer_close(struct gw_bench_peer *peer);
/* At once; nothing is told. */
void gw_bench_peer_drop(struct gw_bench_peer *peer);

/* ---- bench_payload.c ---- */

/* The payload, and for TCP the frames. GW_ERR_MEMORY. */
int gw_bench_payload_make(struct gw_bench *bench);
/* The frames, by what was agreed on. GW_ERR_MEMORY. */
int gw_bench_frames_make(struct gw_bench *bench, const struct gw_ws_deflate *deflate);
/* Whether the frames of a message hold what was sent. */
bool gw_bench_is_payload(struct gw_bench *bench, uint8_t *frames, size_t len);

/* ---- bench_post.c: publishing by HTTP, one connection for each message in flight ---- */

struct gw_bench_posters;
/* Opens `n` connections to the publish place; gw_bench_opened after each. GW_ERR_MEMORY. */
int gw_bench_posters_open(struct gw_bench *bench, size_t n);
bool gw_bench_posters_are_open(const struct gw_bench *bench);
/* Posts the payload on a connection that waits for no answer. GW_ERR_STATE: there is none. */
int gw_bench_posters_post(struct gw_bench *bench);
/* Ends them at once; their memory goes with gw_bench_posters_free, after the loop's next turns. */
void gw_bench_posters_drop(struct gw_bench *bench);
void gw_bench_posters_free(struct gw_bench_posters *posters);

/* ---- bench_load.c, bench_fanout.c ---- */

extern const struct gw_bench_mode gw_bench_mode_echo, gw_bench_mode_open, gw_bench_mode_fanout,
    gw_bench_mode_idle, gw_bench_mode_connect;
/* A poster has its answer. */
void gw_bench_fanout_posted(struct gw_bench *bench);

/* ---- bench_server.c, bench_report.c ---- */

/* False where there is no such process. */
bool gw_bench_usage_read(pid_t pid, struct gw_bench_usage *out_usage);
/* Resident bytes; 0 where they cannot be read. */
uint64_t gw_bench_rss_read(pid_t pid);

void gw_bench_report(const struct gw_bench *bench);

#endif
