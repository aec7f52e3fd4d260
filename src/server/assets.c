/* SPDX-License-Identifier: MIT */
/*
 * Finds a file of web/ by the path of a request. The table comes from tools/embed; how it is
 * served (validators, codings, security headers) is the HTTP side's matter. A path is only ever
 * compared with the table's own, so nothing outside the table can be reached.
 */
#include "server/assets.h"

#include <string.h>

const struct gw_asset *gw_asset_find(const char *path, size_t len) {
  for (size_t i = 0; i < gw_assets_count; i++) {
    const struct gw_asset *asset = &gw_assets[i];
    if (strlen(asset->path) == len && memcmp(asset->path, path, len) == 0) return asset;
  }
  return NULL;
}
