/* SPDX-License-Identifier: MIT */
/*
 * What the measured server has used, from the outside. The sum is the kernel's own count in
 * nanoseconds (the process's CPU clock); /proc/PID/stat, in ticks, only says how it splits into
 * user and system.
 */
#include "cli/bench.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static size_t read_file(pid_t pid, const char *name, char *out, size_t size) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%ld/%s", (long)pid, name);
  FILE *file = fopen(path, "re");
  if (!file) return 0;
  size_t n = fread(out, 1, size - 1, file);
  fclose(file);
  out[n] = '\0';
  return n;
}

bool gw_bench_usage_read(pid_t pid, struct gw_bench_usage *out_usage) {
  clockid_t clock;
  struct timespec ts;
  char text[1024];
  if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &ts) != 0) return false;
  if (read_file(pid, "stat", text, sizeof text) == 0) return false;
  /* The name, in parentheses, may hold anything; utime and stime are the 14th and 15th field. */
  const char *at = strrchr(text, ')');
  unsigned long user, system;
  if (!at ||
      sscanf(at + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system) != 2)
    return false;
  double tick = 1.0 / (double)sysconf(_SC_CLK_TCK);
  out_usage->cpu_s = (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
  out_usage->user_s = (double)user * tick;
  out_usage->system_s = (double)system * tick;
  return true;
}

uint64_t gw_bench_rss_read(pid_t pid) {
  char text[4096];
  uint64_t kilobytes;
  if (read_file(pid, "smaps_rollup", text, sizeof text) == 0) return 0;
  const char *line = strstr(text, "\nRss:");
  if (!line || sscanf(line, "\nRss: %" SCNu64, &kilobytes) != 1) return 0;
  return kilobytes * 1024;
}
