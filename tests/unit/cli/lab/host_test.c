/* SPDX-License-Identifier: MIT */
/* One lab, however many workers ask for it at once. The child is made here by a fake that takes as
 * long as the test wants. */
#include "cli/lab/host.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <sys/prctl.h>

static sem_t is_making, may_go_on;
static atomic_int made;
static int answer_of_spawn;

int gw_lab_spawn(char *const *argv, int error_fd, pid_t *out_pid) {
  (void)argv, (void)error_fd;
  sem_post(&is_making);
  while (sem_wait(&may_go_on) < 0)
    continue;
  atomic_fetch_add(&made, 1);
  if (answer_of_spawn < 0) return answer_of_spawn;
  *out_pid = fork();
  if (*out_pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    pause();
    _exit(0);
  }
  return 0;
}

struct asker {
  struct gw_lab_host *host;
  pthread_t thread;
  atomic_int id;
  int answer;
};

static void *ask(void *arg) {
  struct asker *asker = arg;
  atomic_store(&asker->id, gettid());
  asker->answer = gw_lab_host_start(asker->host);
  return NULL;
}

/* Whether the thread waits for something. */
static bool sleeps(pid_t id) {
  char path[64], line[512], state = '?';
  snprintf(path, sizeof path, "/proc/self/task/%d/stat", (int)id);
  FILE *file = fopen(path, "r");
  assert_non_null(file);
  assert_non_null(fgets(line, sizeof line, file));
  fclose(file);
  sscanf(strrchr(line, ')'), ") %c", &state);
  return state == 'S';
}

static void begin_to_ask(struct asker *asker, struct gw_lab_host *host) {
  *asker = (struct asker){.host = host};
  assert_int_equal(pthread_create(&asker->thread, NULL, ask, asker), 0);
}

static void wait_until_it_waits(struct asker *asker) {
  while (!atomic_load(&asker->id) || !sleeps(atomic_load(&asker->id)))
    sched_yield();
}

static struct gw_lab_host *host_of_a_server(void) {
  struct gw_lab_host *host = gw_lab_host_new(false);
  assert_non_null(host);
  snprintf(host->url, sizeof host->url, "http://localhost:1");
  atomic_store(&made, 0);
  return host;
}

/* Two ask while the child is being made; gives their answers. */
static void ask_twice(struct gw_lab_host *host, int out_answers[2]) {
  struct asker first, second;
  begin_to_ask(&first, host);
  while (sem_wait(&is_making) < 0)
    continue;
  begin_to_ask(&second, host);
  wait_until_it_waits(&second);
  sem_post(&may_go_on);
  pthread_join(first.thread, NULL);
  pthread_join(second.thread, NULL);
  out_answers[0] = first.answer;
  out_answers[1] = second.answer;
}

static void who_asks_while_it_is_made_waits_and_finds_it_running(void **state) {
  (void)state;
  struct gw_lab_host *host = host_of_a_server();
  int answers[2];
  answer_of_spawn = 0;
  ask_twice(host, answers);
  assert_int_equal(answers[0], 0);
  assert_int_equal(answers[1], 1);
  assert_int_equal(atomic_load(&made), 1);
  gw_lab_host_free(host);
}

static void all_hear_that_it_could_not_be_made_and_the_next_may_try(void **state) {
  (void)state;
  struct gw_lab_host *host = host_of_a_server();
  int answers[2];
  answer_of_spawn = GW_ERR_SYSTEM;
  ask_twice(host, answers);
  assert_int_equal(answers[0], GW_ERR_SYSTEM);
  assert_int_equal(answers[1], GW_ERR_SYSTEM);
  answer_of_spawn = 0;
  sem_post(&may_go_on);
  assert_int_equal(gw_lab_host_start(host), 0);
  assert_int_equal(sem_trywait(&is_making), 0);
  assert_int_equal(gw_lab_host_start(host), 1);
  assert_int_equal(atomic_load(&made), 2);
  gw_lab_host_free(host);
}

static void aims(bool is_tls, const char *first, const char *second, const char *url) {
  struct gw_lab_host *host = gw_lab_host_new(is_tls);
  gw_lab_host_aim(host, first, 7);
  gw_lab_host_aim(host, second, 8);
  assert_string_equal(host->url, url);
  if (!*url) assert_int_equal(gw_lab_host_start(host), GW_ERR_ADDRESS);
  gw_lab_host_free(host);
}

static void the_first_address_by_which_this_machine_reaches_it_is_taken(void **state) {
  (void)state;
  aims(false, "localhost:0", "127.0.0.2:0", "http://localhost:7");
  aims(false, ":0", "127.0.0.2:0", "http://127.0.0.1:7");
  aims(false, "192.0.2.1:0", "127.0.0.2:0", "http://127.0.0.2:8");
  aims(true, "unix:/run/x", "[::1]:0", "https://[::1]:8");
  aims(true, "unix:/run/x", "[2001:db8::1]:0", "");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(who_asks_while_it_is_made_waits_and_finds_it_running),
      cmocka_unit_test(the_first_address_by_which_this_machine_reaches_it_is_taken),
      cmocka_unit_test(all_hear_that_it_could_not_be_made_and_the_next_may_try),
  };
  sem_init(&is_making, 0, 0);
  sem_init(&may_go_on, 0, 0);
  alarm(20); /* a deadlock ends here */
  return cmocka_run_group_tests(tests, NULL, NULL);
}
