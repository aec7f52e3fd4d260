/* SPDX-License-Identifier: MIT */
/* Godwit's event loop, as far as a program that uses the library sees it. */
#ifndef GODWIT_LOOP_H
#define GODWIT_LOOP_H

#include "godwit/error.h"

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct gw_loop;

/* GW_ERR_MEMORY, GW_ERR_SYSTEM. */
GW_API int gw_loop_new(struct gw_loop **out_loop);
/* Not while it runs, and after all that lives on it has been freed. Calls and tasks still queued
 * are run, alarms are forgotten. NULL is fine. */
GW_API void gw_loop_free(struct gw_loop *loop);
/* Runs until gw_loop_stop; a stop asked for before the run counts. */
GW_API int gw_loop_run(struct gw_loop *loop);
/* One turn: waits at most `wait_ms` (-1: until something happens, 0: not at all). */
GW_API int gw_loop_turn(struct gw_loop *loop, int wait_ms);
/* From any thread, and from a signal handler: the run ends after its present turn. */
GW_API void gw_loop_stop(struct gw_loop *loop);
/* Milliseconds, monotonic, as of the beginning of the turn. */
GW_API uint64_t gw_loop_now(const struct gw_loop *loop);

/* Calls `call(user)` on the loop's thread, soon; from any thread, in the order of the calls of one
 * thread. GW_ERR_MEMORY. */
GW_API int gw_loop_call(struct gw_loop *loop, void (*call)(void *user), void *user);

struct gw_alarm;
/* Calls `call(user)` once after `ms`, on the loop's thread, from which this must be called too. The
 * alarm frees itself after its call; gw_alarm_cancel before it. GW_ERR_MEMORY. */
GW_API int gw_alarm_set(struct gw_loop *loop, uint64_t ms, void (*call)(void *user), void *user,
                        struct gw_alarm **out_alarm);
GW_API void gw_alarm_cancel(struct gw_alarm *alarm);

#ifdef __cplusplus
}
#endif

#endif
