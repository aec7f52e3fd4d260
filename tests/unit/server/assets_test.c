/* SPDX-License-Identifier: MIT */
/* The embedded page: what is found by which path, and that it is the bytes of web/. */
#include "server/assets.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include <cmocka.h>

static const struct gw_asset *find(const char *path) {
  return gw_asset_find(path, strlen(path));
}

static void index_is_found_as_the_root(void **state) {
  (void)state;
  const struct gw_asset *page = find("/");
  assert_non_null(page);
  assert_string_equal(page->type, "text/html; charset=utf-8");
  assert_memory_equal(page->data, "<!doctype html>", 15);
  assert_null(find("/index.html"));
}

static void types_follow_the_name(void **state) {
  (void)state;
  assert_string_equal(find("/main.js")->type, "text/javascript; charset=utf-8");
  assert_string_equal(find("/home.css")->type, "text/css; charset=utf-8");
  assert_string_equal(find("/icon.svg")->type, "image/svg+xml");
  assert_non_null(find("/room/words.js"));
}

static void only_whole_paths_of_the_table_are_found(void **state) {
  (void)state;
  const char *strangers[] = {"",          "main.js",        "/main.j",          "/main.jss",
                             "/main.js/", "//main.js",      "/MAIN.JS",         "/package.json",
                             "/room",     "/../etc/passwd", "/room/../main.js", "/main.js?x"};
  for (size_t i = 0; i < sizeof strangers / sizeof *strangers; i++)
    assert_null(find(strangers[i]));
  assert_null(gw_asset_find("/main.js\0", 9));
  assert_non_null(gw_asset_find("/main.js and more", 8));
}

static void data_is_the_file_of_the_source_folder(void **state) {
  (void)state;
  for (size_t i = 0; i < gw_assets_count; i++) {
    const struct gw_asset *asset = &gw_assets[i];
    char name[256];
    if (asset->redirect) continue;
    bool is_folder = asset->path[strlen(asset->path) - 1] == '/';
    snprintf(name, sizeof name, "web%s%s", asset->path, is_folder ? "index.html" : "");
    FILE *file = fopen(name, "rb");
    assert_non_null(file);
    uint8_t *bytes = malloc(asset->len + 1);
    assert_int_equal(fread(bytes, 1, asset->len + 1, file), asset->len);
    fclose(file);
    assert_memory_equal(bytes, asset->data, asset->len);
    free(bytes);
  }
}

static void compressed_form_is_smaller_and_the_same(void **state) {
  (void)state;
  size_t compressed = 0;
  for (size_t i = 0; i < gw_assets_count; i++) {
    const struct gw_asset *asset = &gw_assets[i];
    if (!asset->gzip) continue;
    compressed++;
    assert_true(asset->gzip_len < asset->len);
    uint8_t *out = malloc(asset->len);
    z_stream z = {.next_in = (Bytef *)(uintptr_t)asset->gzip,
                  .avail_in = (uInt)asset->gzip_len,
                  .next_out = out,
                  .avail_out = (uInt)asset->len};
    assert_int_equal(inflateInit2(&z, 15 + 16), Z_OK);
    assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
    assert_int_equal(z.total_out, asset->len);
    inflateEnd(&z);
    assert_memory_equal(out, asset->data, asset->len);
    free(out);
  }
  assert_true(compressed > 3);
}

static void tags_are_strong_and_their_own(void **state) {
  (void)state;
  for (size_t i = 0; i < gw_assets_count; i++) {
    const struct gw_asset *asset = &gw_assets[i];
    if (asset->redirect) continue;
    size_t len = strlen(asset->etag);
    assert_true(len > 10 && asset->etag[0] == '"' && asset->etag[len - 1] == '"');
    if (asset->gzip) assert_string_not_equal(asset->etag, asset->gzip_etag);
    for (size_t k = 0; k < i; k++)
      if (!gw_assets[k].redirect) assert_string_not_equal(asset->etag, gw_assets[k].etag);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(index_is_found_as_the_root),
      cmocka_unit_test(types_follow_the_name),
      cmocka_unit_test(only_whole_paths_of_the_table_are_found),
      cmocka_unit_test(data_is_the_file_of_the_source_folder),
      cmocka_unit_test(compressed_form_is_smaller_and_the_same),
      cmocka_unit_test(tags_are_strong_and_their_own),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
