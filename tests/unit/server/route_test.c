/* SPDX-License-Identifier: MIT */
/* Which route a path finds. */
#include "server/route.c"

#include "support/alloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static const struct gw_websocket ws;
static const struct gw_http http;
static struct gw_routes routes;

static int clear(void **state) {
  (void)state;
  gw_routes_clear(&routes);
  return 0;
}

static int found(const char *path) {
  return gw_routes_find(&routes, gw_str_of(path));
}

static void exact_paths_win_then_the_longest_prefix(void **state) {
  (void)state;
  const char *paths[] = {"/*", "/a/*", "/a/b/*", "/a/b", "/a/b/c", "/"};
  for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
    assert_int_equal(gw_routes_add(&routes, paths[i], &ws, NULL), 0);
  assert_int_equal(found("/"), 5);
  assert_int_equal(found("/x"), 0);
  assert_int_equal(found("/a"), 0);
  assert_int_equal(found("/a/"), 1);
  assert_int_equal(found("/a/x"), 1);
  assert_int_equal(found("/a/b"), 3);
  assert_int_equal(found("/a/b/"), 2);
  assert_int_equal(found("/a/b/c"), 4);
  assert_int_equal(found("/a/b/c/d"), 2);
  assert_int_equal(found("/A/b"), 0);
}

static void the_order_of_making_does_not_matter(void **state) {
  (void)state;
  assert_int_equal(gw_routes_add(&routes, "/a", &ws, NULL), 0);
  assert_int_equal(gw_routes_add(&routes, "/a/b/*", &ws, NULL), 0);
  assert_int_equal(gw_routes_add(&routes, "/a/*", &ws, NULL), 0);
  assert_int_equal(found("/a/b/c"), 1);
  assert_int_equal(found("/a/c"), 2);
  assert_int_equal(found("/b"), -1);
  assert_int_equal(found(""), -1);
}

static void a_path_can_have_one_of_each_kind(void **state) {
  (void)state;
  assert_int_equal(gw_routes_add(&routes, "/a", &ws, NULL), 0);
  assert_int_equal(gw_routes_add(&routes, "/a", NULL, &http), 0);
  assert_int_equal(gw_routes_add(&routes, "/a", &ws, NULL), GW_ERR_STATE);
  assert_int_equal(gw_routes_add(&routes, "/a", NULL, &http), GW_ERR_STATE);
  assert_int_equal(gw_routes_add(&routes, "/a/*", NULL, &http), 0);
  assert_int_equal(routes.n, 2);
  assert_ptr_equal(routes.at[found("/a")].websockets[0], &ws);
  assert_ptr_equal(routes.at[found("/a")].http, &http);
}

static void websockets_of_one_path_differ_in_their_subprotocols(void **state) {
  (void)state;
  static const struct gw_websocket one = {.protocols = "a, b"}, two = {.protocols = "c"},
                                   clash_1 = {.protocols = "d,b"}, ws_2;
  assert_int_equal(gw_routes_add(&routes, "/a", &one, NULL), 0);
  assert_int_equal(gw_routes_add(&routes, "/a", &one, NULL), GW_ERR_STATE);
  assert_int_equal(gw_routes_add(&routes, "/a", &clash_1, NULL), GW_ERR_STATE);
  assert_int_equal(gw_routes_add(&routes, "/a", &ws, NULL), 0);
  assert_int_equal(gw_routes_add(&routes, "/a", &ws_2, NULL), GW_ERR_STATE);
  assert_int_equal(gw_routes_add(&routes, "/a", &two, NULL), 0);
  assert_int_equal(routes.n, 1);
  assert_int_equal(routes.at[0].n_websockets, 3);
  assert_ptr_equal(routes.at[0].websockets[0], &one);
  assert_ptr_equal(routes.at[0].websockets[1], &ws);
  assert_ptr_equal(routes.at[0].websockets[2], &two);
  struct gw_websocket more[GW_ROUTE_WEBSOCKETS - 2] = {0};
  char names[GW_ROUTE_WEBSOCKETS][2] = {0};
  for (size_t i = 0; i < sizeof more / sizeof *more; i++) {
    names[i][0] = (char)('k' + i);
    more[i].protocols = names[i];
    int r = gw_routes_add(&routes, "/a", &more[i], NULL);
    assert_int_equal(r, i < GW_ROUTE_WEBSOCKETS - 3 ? 0 : GW_ERR_FULL);
  }
}

static void a_star_is_only_a_star_at_the_end(void **state) {
  (void)state;
  assert_int_equal(gw_routes_add(&routes, "/a*", &ws, NULL), 0);
  assert_int_equal(gw_routes_add(&routes, "/*/b", &ws, NULL), 0);
  assert_int_equal(found("/ab"), -1);
  assert_int_equal(found("/a*"), 0);
  assert_int_equal(found("/x/b"), -1);
}

static void what_is_no_path_is_refused(void **state) {
  (void)state;
  assert_int_equal(gw_routes_add(&routes, "", &ws, NULL), GW_ERR_ARGUMENT);
  assert_int_equal(gw_routes_add(&routes, "a", &ws, NULL), GW_ERR_ARGUMENT);
  assert_int_equal(gw_routes_add(&routes, "*", &ws, NULL), GW_ERR_ARGUMENT);
  alloc_fail_at(1);
  assert_int_equal(gw_routes_add(&routes, "/a", &ws, NULL), GW_ERR_MEMORY);
  alloc_fail_at(0);
  assert_int_equal(routes.n, 0);
}

static void the_table_has_an_end(void **state) {
  (void)state;
  char path[32];
  for (int i = 0; i < GW_ROUTES_MAX; i++) {
    snprintf(path, sizeof path, "/%d", i);
    assert_int_equal(gw_routes_add(&routes, path, &ws, NULL), 0);
  }
  assert_int_equal(gw_routes_add(&routes, "/more", &ws, NULL), GW_ERR_FULL);
  assert_int_equal(gw_routes_add(&routes, "/7", NULL, &http), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_teardown(exact_paths_win_then_the_longest_prefix, clear),
      cmocka_unit_test_teardown(the_order_of_making_does_not_matter, clear),
      cmocka_unit_test_teardown(a_path_can_have_one_of_each_kind, clear),
      cmocka_unit_test_teardown(websockets_of_one_path_differ_in_their_subprotocols, clear),
      cmocka_unit_test_teardown(a_star_is_only_a_star_at_the_end, clear),
      cmocka_unit_test_teardown(what_is_no_path_is_refused, clear),
      cmocka_unit_test_teardown(the_table_has_an_end, clear),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
