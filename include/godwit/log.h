/* SPDX-License-Identifier: MIT */
/* How much a log line matters. */
#ifndef GODWIT_LOG_H
#define GODWIT_LOG_H

enum gw_log_level { GW_LOG_DEBUG, GW_LOG_INFO, GW_LOG_WARN, GW_LOG_ERROR, GW_LOG_OFF };

#endif
