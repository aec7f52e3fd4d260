/* SPDX-License-Identifier: MIT */
/* A session, and a user, as they are shown. */
#ifndef GW_SERVER_REPORT_H
#define GW_SERVER_REPORT_H

#include "base/buf.h"
#include "session/session.h"

/* `{"id":…,"user":…,"transport":…,"since":…,"connected":…,"channels":[…]}`; the user only where it
 * is asked for and known, the transport null where nothing carries it. GW_ERR_FULL, GW_ERR_MEMORY.
 */
int gw_report_session(struct gw_buf *out, const struct gw_session *session, bool has_user);
/* `{"user":…,"sessions":…,"since":…}` */
int gw_report_user(struct gw_buf *out, struct gw_str user, unsigned sessions, uint64_t since);

#endif
