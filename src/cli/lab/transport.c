/* SPDX-License-Identifier: MIT */
/* Their names, as figures and messages have them. */
#include "cli/lab/transport.h"

const char *const gw_lab_names[GW_LAB_TRANSPORTS] = {
    [GW_LAB_POLL] = "poll", [GW_LAB_LONGPOLL] = "longpoll",   [GW_LAB_NDJSON] = "ndjson",
    [GW_LAB_SSE] = "sse",   [GW_LAB_WEBSOCKET] = "websocket",
};
