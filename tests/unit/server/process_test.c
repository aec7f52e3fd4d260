/* SPDX-License-Identifier: MIT */
/* What the system says of this process, beside what it must be. */
#include <sys/stat.h>

static int fake_stat(const char *path, struct stat *out_status);
static off_t fd_folder_size = -1; /* below 0: as it is */

#define stat(path, out) fake_stat(path, out)
#include "server/process.c"
#undef stat

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int fake_stat(const char *path, struct stat *out_status) {
  int r = stat(path, out_status);
  if (fd_folder_size >= 0) out_status->st_size = fd_folder_size;
  return r;
}

static struct gw_process look(void) {
  struct gw_process process;
  gw_process_look(&process);
  return process;
}

static void what_is_held_is_seen(void **state) {
  (void)state;
  enum { HELD = 8 << 20 };
  struct gw_process before = look();
  char *memory = malloc(HELD);
  assert_non_null(memory);
  memset(memory, 1, HELD);
  struct gw_process after = look();
  assert_true(after.resident >= before.resident + HELD / 2);
  if (before.allocated != GW_PROCESS_UNKNOWN)
    assert_true(after.allocated >= before.allocated + HELD);
  free(memory);
  assert_true(after.cpu_ns > before.cpu_ns);
}

static void open_descriptors_are_counted_by_old_kernels_too(void **state) {
  (void)state;
  int fds[5];
  for (fd_folder_size = -1; fd_folder_size <= 0; fd_folder_size++) {
    uint64_t before = look().open_fds;
    for (int i = 0; i < 5; i++)
      fds[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
    assert_int_equal(look().open_fds, before + 5);
    for (int i = 0; i < 5; i++)
      close(fds[i]);
    assert_int_equal(look().open_fds, before);
  }
  fd_folder_size = 0;
  uint64_t counted = look().open_fds;
  fd_folder_size = -1;
  struct stat status;
  if (stat("/proc/self/fd", &status) == 0 && status.st_size > 0)
    assert_int_equal(look().open_fds, counted);
}

static void the_clock_is_the_wall_s(void **state) {
  (void)state;
  time_t now = time(NULL);
  uint64_t seconds = gw_process_clock() / 1000000000u;
  assert_true(seconds >= (uint64_t)now && seconds <= (uint64_t)now + 5);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_is_held_is_seen),
      cmocka_unit_test(open_descriptors_are_counted_by_old_kernels_too),
      cmocka_unit_test(the_clock_is_the_wall_s),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
