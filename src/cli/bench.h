/* SPDX-License-Identifier: MIT */
/*
 * The load generator from the inside: a plan (the options), a bench (one run of it), and peers (its
 * connections). bench.c reads the plan, bench/run.c leads through the run's phases, bench/peer.c is
 * one connection, a transport (bench/transport.c) says how it reaches the channel,
 * bench/websocket.c and bench/http.c read what comes on it, a mode (bench/load.c, bench/fanout.c)
 * says what is sent when, and bench/report.c prints what came out.
 */
#ifndef GW_CLI_BENCH_H
#define GW_CLI_BENCH_H

#include "base/buf.h"
#include "base/bytes.h"
#include "base/histogram.h"
#include "cli/command.h"
#include "cli/frames.h"
#include "cli/signals.h"
#include "codec/http/body.h"
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
enum { GW_BENCH_TRANSPORTS_MAX = 8, GW_BENCH_TARGET_MAX = 2048 };

/* What the command line asks for. */
struct gw_bench_plan {
  const char *url, *publish_url;
  const char *channel; /* godwit: what to subscribe to; NULL: the URL names it */
  const struct gw_bench_mode *mode;
  const struct gw_bench_transport *transports[GW_BENCH_TRANSPORTS_MAX]; /* in turn */
  size_t n_transports;
  enum gw_bench_payload payload;
  uint64_t connections, depth, size, in_flight, slow, server_pid /* 0: none */;
  double duration, warmup, rate, hold;
  bool has_deflate, has_takeover, is_insecure, is_tcp, is_json;
  bool is_marked; /* the payload ends with the marker: some transport puts more around it */
};

/* How a connection reaches the server. `name` and `begin` are there always. */
struct gw_bench_transport {
  const char *name;
  /* The bytes can flow: asks for what is wanted. */
  void (*begin)(struct gw_bench_peer *peer);
  const char *accept;   /* HTTP: the media type that is asked for, and must come */
  const char *protocol; /* WebSocket: the subprotocol, likewise */
  bool is_websocket;
  /* A WebSocket message is the payload and nothing else. Where it is not: */
  bool is_exact;
  bool is_verbatim; /* the payload comes as it was sent, inside of more */
  /* A message that is no publication, and a short one; NULL, or what is wrong with it. */
  const char *(*on_said)(struct gw_bench_peer *peer, struct gw_str text);
  /* Encloses the payload for sending. GW_ERR_MEMORY. */
  int (*enclose)(const struct gw_bench *bench, struct gw_buf *out);
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
  /* The publisher and the slow readers are open, the others wait: sets is_filled, soon, and calls
   * gw_bench_opened. Only where there are slow ones. */
  void (*fill)(struct gw_bench *bench);
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
  char target[GW_BENCH_TARGET_MAX];
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
  struct gw_ws *window;         /* takeover: reads all that comes on the first connection */

  uint8_t *payload;
  struct gw_bytes *frames; /* the masked frame, `n_frames` times; the same bytes go out again */
  size_t frame_len, n_frames;
  size_t answer_len; /* TCP: bytes that answer one frame */

  struct gw_bench_peer *peers;
  uint64_t *times;  /* a peer's sending times: `depth` of them each */
  size_t next_peer; /* the next to be opened */
  size_t n_open, n_dialling, n_streams;

  enum gw_bench_phase phase;
  bool is_filled;        /* nothing more goes into the slow readers' windows */
  bool is_interrupted;   /* by a signal, or by an error during the opening */
  struct gw_timer timer; /* the phase's end */
  struct gw_signals signals;
  uint64_t started_at, ended_at;       /* of measuring, in ns */
  struct gw_histogram *latency, *last; /* ns; fan-out: to each subscriber, and to the last */
  struct gw_histogram *by_transport;   /* to each again, in the plan's order */
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

/* The reading of HTTP answers, one after the other. */
struct gw_bench_answer {
  struct gw_http_scan scan;
  struct gw_http_body body;
  struct gw_buf in; /* a head that is not whole yet */
  bool is_in_body;
};
enum gw_bench_part {
  GW_BENCH_MORE,  /* the input is used up */
  GW_BENCH_PIECE, /* of the body */
  GW_BENCH_END,   /* of the answer; another may follow */
  GW_BENCH_HEAD,
};

struct gw_bench_peer {
  struct gw_bench *bench;
  const struct gw_bench_transport *transport;
  struct gw_dial *dial;
  struct gw_stream *stream;
  struct gw_ws_offer offer;
  struct gw_bench_answer answer; /* HTTP */
  struct gw_buf in;              /* the handshake's answer, later a control frame's payload */
  struct gw_buf sample;          /* a message that is looked into; a long poll's body */
  struct gw_frame_scan scan;
  uint64_t message_len;    /* of the present message's frames so far */
  uint64_t sent, received; /* messages, as the mode counts them */
  uint64_t begun_at;       /* of the dial */
  uint64_t *times;
  uint32_t index;
  uint32_t until_sample; /* messages */
  uint8_t matched;       /* bytes of the marker, at the end of what has come */
  bool is_open, is_in_message, is_compressed, is_sampled, is_blocked, is_closing;
};

/* One that never reads; its end is no error. They come right behind the publisher. */
static inline bool gw_bench_is_slow(const struct gw_bench_peer *peer) {
  return peer->index - 1 < peer->bench->plan->slow;
}

/* ---- bench/run.c ---- */

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
void gw_bench_count(struct gw_bench_peer *peer, uint64_t begun_at, uint64_t now);
/* The run ends after this turn. */
void gw_bench_end(struct gw_bench *bench);

/* ---- bench/peer.c ---- */

void gw_bench_peer_open(struct gw_bench_peer *peer);
/* Sends the frame `n` times. */
void gw_bench_peer_send(struct gw_bench_peer *peer, uint64_t n);
/* At once; nothing is told. */
void gw_bench_peer_drop(struct gw_bench_peer *peer);
/* For the transports: it hears the channel now; it cannot go on; and the stream's events. */
void gw_bench_peer_opened(struct gw_bench_peer *peer);
void gw_bench_peer_fail(struct gw_bench_peer *peer, const char *why);
void gw_bench_peer_drained(struct gw_stream *stream);
void gw_bench_peer_closed(struct gw_stream *stream, int err);

/* ---- bench/websocket.c ---- */

void gw_bench_websocket_begin(struct gw_bench_peer *peer);
/* A text frame. */
void gw_bench_say(struct gw_bench_peer *peer, const char *text);
/* A Close frame; the connection ends with the answer to it. */
void gw_bench_peer_close(struct gw_bench_peer *peer);

/* ---- bench/http.c: streams and long polls ---- */

void gw_bench_stream_begin(struct gw_bench_peer *peer);
void gw_bench_poll_begin(struct gw_bench_peer *peer);

/* ---- bench/answer.c ---- */

void gw_bench_answer_init(struct gw_bench_answer *answer);
/* Reads from *data, advancing it and *len: enum gw_bench_part. Call it until it gives
 * GW_BENCH_MORE. A head's slices are good until the next call. GW_ERR_HTTP_SYNTAX and others of
 * codec/http/head.h. */
int gw_bench_answer_read(struct gw_bench_answer *answer, enum gw_http_method method,
                         const char **data, size_t *len, struct gw_http_head *out_head,
                         struct gw_str *out_piece);
void gw_bench_answer_clear(struct gw_bench_answer *answer);

/* ---- bench/transport.c ---- */

extern const struct gw_bench_transport gw_bench_raw;
/* NULL where there is none of that name. */
const struct gw_bench_transport *gw_bench_transport_of(struct gw_str name);
/* The text with `{n}` as the connection's number, from 1, and `{n/K}` as the number of its group of
 * K, from 0. GW_ERR_ARGUMENT: too long, or another thing in braces. */
int gw_bench_expand(const char *text, uint32_t index, char *out, size_t size);
/* How often the marker ends in the data; `matched` goes on from piece to piece. */
unsigned gw_bench_markers(uint8_t *matched, const void *data, size_t len);

/* ---- bench/payload.c ---- */

/* What a publication is counted by where it is enclosed in something: a payload ends with it, and
 * it stands nowhere else. */
#define GW_BENCH_MARKER     "@gw@"
#define GW_BENCH_MARKER_LEN (sizeof GW_BENCH_MARKER - 1)

/* The payload, and for TCP the frames. GW_ERR_MEMORY. */
int gw_bench_payload_make(struct gw_bench *bench);
/* The frames, by what was agreed on. GW_ERR_MEMORY. */
int gw_bench_frames_make(struct gw_bench *bench, const struct gw_ws_deflate *deflate);
/* Whether the frames of a message hold what was sent. */
bool gw_bench_is_payload(struct gw_bench *bench, uint8_t *frames, size_t len);

/* ---- bench/post.c: publishing by HTTP, one connection for each message in flight ---- */

struct gw_bench_posters;
/* Opens `n` connections to the publish place; gw_bench_opened after each. GW_ERR_MEMORY. */
int gw_bench_posters_open(struct gw_bench *bench, size_t n);
bool gw_bench_posters_are_open(const struct gw_bench *bench);
/* Posts the payload on a connection that waits for no answer. GW_ERR_STATE: there is none. */
int gw_bench_posters_post(struct gw_bench *bench);
/* Ends them at once; their memory goes with gw_bench_posters_free, after the loop's next turns. */
void gw_bench_posters_drop(struct gw_bench *bench);
void gw_bench_posters_free(struct gw_bench_posters *posters);

/* ---- bench/load.c, bench/fanout.c ---- */

extern const struct gw_bench_mode gw_bench_mode_echo, gw_bench_mode_open, gw_bench_mode_fanout,
    gw_bench_mode_idle, gw_bench_mode_connect;
/* A poster has its answer. */
void gw_bench_fanout_posted(struct gw_bench *bench);

/* ---- bench/server.c, bench/report.c ---- */

/* False where there is no such process. */
bool gw_bench_usage_read(pid_t pid, struct gw_bench_usage *out_usage);
/* Resident bytes; 0 where they cannot be read. */
uint64_t gw_bench_rss_read(pid_t pid);

void gw_bench_report(const struct gw_bench *bench);

#endif
