/* SPDX-License-Identifier: MIT */
/* The transports that the lab compares, in the order of its figures. The worker with the number
 * GW_LAB_WORKER_OF(i) of the measured server has the i-th one to itself; the first worker has the
 * channel, the publisher and /metrics. */
#ifndef GW_CLI_LAB_TRANSPORT_H
#define GW_CLI_LAB_TRANSPORT_H

enum gw_lab_transport {
  GW_LAB_POLL,
  GW_LAB_LONGPOLL,
  GW_LAB_NDJSON,
  GW_LAB_SSE,
  GW_LAB_WEBSOCKET,
  GW_LAB_TRANSPORTS,
};

enum {
  GW_LAB_WORKERS = GW_LAB_TRANSPORTS + 1,
  GW_LAB_CLIENTS_MAX = 200, /* of each: against a page that wants all descriptors */
};

extern const char *const gw_lab_names[GW_LAB_TRANSPORTS];

#define GW_LAB_CHANNEL      "lab"
#define GW_LAB_WORKER_OF(i) ((unsigned)(i) + 2)

#endif
