/* SPDX-License-Identifier: MIT */
/* The wrappers behind alloc.h. Thread-local: a test fails the allocations of its own thread only.
 */
#include "support/alloc.h"

#include <stdint.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *old, size_t size);

static _Thread_local size_t seen, fail_at, largest;
static _Thread_local bool has_failed, goes_on;

void alloc_fail_at(size_t nth) {
  seen = 0;
  fail_at = nth;
  has_failed = goes_on = false;
}

void alloc_fail_from(size_t nth) {
  alloc_fail_at(nth);
  goes_on = true;
}

bool alloc_has_failed(void) {
  return has_failed;
}

size_t alloc_count(void) {
  return seen;
}

void alloc_count_reset(void) {
  seen = 0;
  largest = 0;
}

size_t alloc_largest(void) {
  return largest;
}

static bool refuse(size_t size) {
  seen++;
  if (size > largest) largest = size;
  if (fail_at == 0 || seen < fail_at || (seen > fail_at && !goes_on)) return false;
  has_failed = true;
  return true;
}

void *__wrap_malloc(size_t size) {
  return refuse(size) ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size) {
  return refuse(size && n > SIZE_MAX / size ? SIZE_MAX : n * size) ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *old, size_t size) {
  return refuse(size) ? NULL : __real_realloc(old, size);
}
