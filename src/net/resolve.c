/* SPDX-License-Identifier: MIT */
/*
 * Names to addresses. getaddrinfo blocks and cannot be interrupted, so it runs in at most
 * THREADS_MAX threads beside the loop; they end when nothing waits. A lookup is freed by exactly
 * one: who takes it out of the queue, the thread that finds it cancelled, or the task that delivers
 * it. The result is posted under the resolver's lock, so after gw_lookup_cancel no thread touches
 * the loop on its behalf and the loop may be freed. Knows nothing of connections (dial.c).
 */
#include "net/resolve.h"

#include "base/list.h"
#include "base/str.h"
#include "godwit/error.h"
#include "loop/loop.h"

#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
  THREADS_MAX = 4,     /* so that one dead name server does not hold up every other name */
  WAITING_MAX = 65536, /* against a caller that dials faster than names resolve */
  HOST_MAX = 255,      /* RFC 1035, 2.3.4 */
};

struct gw_resolver {
  pthread_mutex_t lock;
  struct gw_link waiting;
  unsigned n_waiting;
  unsigned threads;
  unsigned refs; /* the net's, and one per thread */
};

enum lookup_state { LOOKUP_WAITING, LOOKUP_RUNNING, LOOKUP_CANCELLED, LOOKUP_POSTED };

struct gw_lookup {
  struct gw_link link;
  struct gw_task delivery;
  struct gw_resolver *resolver;
  struct gw_loop *loop;
  gw_lookup_fn *on_done; /* NULL: cancelled after it was posted. The loop's thread only */
  void *owner;
  enum lookup_state state; /* under the resolver's lock */
  unsigned port;
  int err;
  unsigned n;
  struct gw_endpoint list[GW_ENDPOINTS_MAX];
  char host[HOST_MAX + 1];
};

static int endpoint_query(const char *host, unsigned port, int flags, struct gw_endpoint *out_list,
                          unsigned *out_n) {
  char service[8];
  snprintf(service, sizeof service, "%u", port & 0xffff);
  struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = flags | AI_NUMERICSERV};
  struct addrinfo *found = NULL;
  int err = getaddrinfo(host, service, &hints, &found);
  if (err) return err == EAI_MEMORY ? GW_ERR_MEMORY : GW_ERR_RESOLVE;
  unsigned n = 0;
  for (struct addrinfo *a = found; a && n < GW_ENDPOINTS_MAX; a = a->ai_next) {
    if (a->ai_family != AF_INET && a->ai_family != AF_INET6) continue;
    out_list[n].len = a->ai_addrlen;
    memcpy(&out_list[n++].at, a->ai_addr, a->ai_addrlen);
  }
  freeaddrinfo(found);
  *out_n = n;
  return n ? 0 : GW_ERR_RESOLVE;
}

unsigned gw_endpoint_literal(const char *host, unsigned port,
                             struct gw_endpoint out_list[GW_ENDPOINTS_MAX]) {
  unsigned n = 0;
  if (gw_str_is_nocase(gw_str_of(host), "localhost")) {
    endpoint_query("::1", port, AI_NUMERICHOST, &out_list[0], &n);
    endpoint_query("127.0.0.1", port, AI_NUMERICHOST, &out_list[1], &n);
    return 2;
  }
  return endpoint_query(host, port, AI_NUMERICHOST, out_list, &n) == 0 ? n : 0;
}

/* ---- the resolver and its threads ---- */

int gw_resolver_new(struct gw_resolver **out_resolver) {
  struct gw_resolver *r = calloc(1, sizeof *r);
  if (!r) return GW_ERR_MEMORY;
  pthread_mutex_init(&r->lock, NULL);
  gw_list_init(&r->waiting);
  r->refs = 1;
  *out_resolver = r;
  return 0;
}

/* Unlocks, and frees what the last one leaves. */
static void resolver_leave(struct gw_resolver *r) {
  bool is_last = --r->refs == 0;
  pthread_mutex_unlock(&r->lock);
  if (!is_last) return;
  pthread_mutex_destroy(&r->lock);
  free(r);
}

void gw_resolver_free(struct gw_resolver *resolver) {
  if (!resolver) return;
  pthread_mutex_lock(&resolver->lock);
  resolver_leave(resolver);
}

static struct gw_lookup *next_waiting(struct gw_resolver *r) {
  if (gw_list_is_empty(&r->waiting)) return NULL;
  struct gw_lookup *l = gw_container_of(r->waiting.next, struct gw_lookup, link);
  gw_list_remove(&l->link);
  r->n_waiting--;
  l->state = LOOKUP_RUNNING;
  return l;
}

static void *thread_main(void *arg) {
  struct gw_resolver *r = arg;
  pthread_mutex_lock(&r->lock);
  for (struct gw_lookup *l; (l = next_waiting(r));) {
    pthread_mutex_unlock(&r->lock);
    l->err = endpoint_query(l->host, l->port, 0, l->list, &l->n);
    pthread_mutex_lock(&r->lock);
    if (l->state == LOOKUP_CANCELLED) {
      free(l);
      continue;
    }
    l->state = LOOKUP_POSTED;
    gw_loop_post(l->loop, &l->delivery);
  }
  r->threads--;
  resolver_leave(r);
  return NULL;
}

/* With the lock held. Signals are for the program's own threads, so these block them all. */
static int thread_start(struct gw_resolver *r) {
  if (r->threads == THREADS_MAX) return 0;
  sigset_t all, before;
  pthread_t thread;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int err = pthread_create(&thread, NULL, thread_main, r);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  if (err) return r->threads ? 0 : GW_ERR_SYSTEM;
  pthread_detach(thread);
  r->threads++;
  r->refs++;
  return 0;
}

/* ---- lookups ---- */

static void lookup_deliver(struct gw_task *task) {
  struct gw_lookup *l = gw_container_of(task, struct gw_lookup, delivery);
  if (l->on_done) l->on_done(l->owner, l->err, l->list, l->n);
  free(l);
}

static int lookup_submit(struct gw_resolver *r, struct gw_lookup *l) {
  if (r->n_waiting >= WAITING_MAX) return GW_ERR_FULL;
  int err = thread_start(r);
  if (err) return err;
  gw_list_append(&r->waiting, &l->link);
  r->n_waiting++;
  return 0;
}

int gw_lookup_new(struct gw_resolver *resolver, struct gw_loop *loop, const char *host,
                  unsigned port, gw_lookup_fn *on_done, void *owner,
                  struct gw_lookup **out_lookup) {
  size_t len = strlen(host);
  if (len == 0 || len > HOST_MAX) return GW_ERR_ARGUMENT;
  struct gw_lookup *l = calloc(1, sizeof *l);
  if (!l) return GW_ERR_MEMORY;
  l->delivery.run = lookup_deliver;
  l->resolver = resolver;
  l->loop = loop;
  l->on_done = on_done;
  l->owner = owner;
  l->port = port;
  memcpy(l->host, host, len);
  pthread_mutex_lock(&resolver->lock);
  int err = lookup_submit(resolver, l);
  pthread_mutex_unlock(&resolver->lock);
  if (err) {
    free(l);
    return err;
  }
  *out_lookup = l;
  return 0;
}

void gw_lookup_cancel(struct gw_lookup *lookup) {
  struct gw_resolver *r = lookup->resolver;
  pthread_mutex_lock(&r->lock);
  switch (lookup->state) {
  case LOOKUP_WAITING:
    gw_list_remove(&lookup->link);
    r->n_waiting--;
    free(lookup);
    break;
  case LOOKUP_RUNNING: lookup->state = LOOKUP_CANCELLED; break;
  default: lookup->on_done = NULL; break;
  }
  pthread_mutex_unlock(&r->lock);
}
