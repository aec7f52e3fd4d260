/* SPDX-License-Identifier: MIT */
/*
 * Failing allocations on purpose. Every unit test is linked with --wrap=malloc,calloc,realloc;
 * without a call to these the wrappers pass everything through.
 */
#ifndef GW_TEST_ALLOC_H
#define GW_TEST_ALLOC_H

#include <stdbool.h>
#include <stddef.h>

/* The nth allocation from now (1 is the next) fails, once; 0 lets all pass. */
void alloc_fail_at(size_t nth);
/* The nth and all that come after it fail, until alloc_fail_at. */
void alloc_fail_from(size_t nth);
/* Whether the failure that was asked for has happened. */
bool alloc_has_failed(void);
/* Allocations made since the last alloc_fail_at or alloc_count_reset. */
size_t alloc_count(void);
void alloc_count_reset(void);
/* The largest single request since the last reset, in bytes. */
size_t alloc_largest(void);

#endif
