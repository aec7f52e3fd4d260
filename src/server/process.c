/* SPDX-License-Identifier: MIT */
/*
 * Asked of the kernel and of the allocator at the moment: nothing is counted along the way. Files
 * under /proc are made when they are read, so reading one waits for no disk.
 */
#include "server/process.h"

#include <dirent.h>
#include <malloc.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static uint64_t clock_ns(clockid_t clock) {
  struct timespec now;
  if (clock_gettime(clock, &now) < 0) return GW_PROCESS_UNKNOWN;
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint64_t gw_process_clock(void) {
  return clock_ns(CLOCK_REALTIME);
}

static uint64_t resident(void) {
  unsigned long long pages = 0;
  FILE *file = fopen("/proc/self/statm", "re");
  if (!file) return GW_PROCESS_UNKNOWN;
  int n = fscanf(file, "%*u %llu", &pages);
  fclose(file);
  return n == 1 ? pages * (uint64_t)sysconf(_SC_PAGESIZE) : GW_PROCESS_UNKNOWN;
}

/* Of all arenas. Nothing at all: another allocator serves, and this one cannot tell. */
static uint64_t allocated(void) {
  struct mallinfo2 info = mallinfo2();
  size_t bytes = info.uordblks + info.hblkhd;
  return bytes > 0 ? bytes : GW_PROCESS_UNKNOWN;
}

static uint64_t count_entries(const char *path) {
  DIR *folder = opendir(path);
  if (!folder) return GW_PROCESS_UNKNOWN;
  uint64_t n = 0;
  while (readdir(folder))
    n++;
  closedir(folder);
  return n - 3; /* itself and its parent, and the descriptor that reads it */
}

/* The kernel tells the number as the folder's size; before 6.2 it did not, and one has to count. */
static uint64_t open_fds(void) {
  static const char path[] = "/proc/self/fd";
  struct stat status;
  if (stat(path, &status) < 0) return GW_PROCESS_UNKNOWN;
  return status.st_size > 0 ? (uint64_t)status.st_size : count_entries(path);
}

void gw_process_look(struct gw_process *out_process) {
  *out_process = (struct gw_process){.cpu_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID),
                                     .resident = resident(),
                                     .allocated = allocated(),
                                     .open_fds = open_fds()};
}
