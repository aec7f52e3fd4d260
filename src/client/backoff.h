/* SPDX-License-Identifier: MIT */
/* When and whether to come back to a server that has gone. */
#ifndef GW_CLIENT_BACKOFF_H
#define GW_CLIENT_BACKOFF_H

#include <stdbool.h>

/* The wait in ms before the next try, after so many failures: `first` doubled with each, at most
 * `max`, and of that a random part of the upper half, so that many clients of a restarted server do
 * not come back at once. Never 0. */
unsigned gw_backoff_ms(unsigned first, unsigned max, unsigned failures);

/* Whether a Close with this code lets a client come back (interface.md section 4 and RFC 6455
 * section 7.4.1). */
bool gw_backoff_is_allowed(unsigned close_code);

#endif
