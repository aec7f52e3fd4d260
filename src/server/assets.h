/* SPDX-License-Identifier: MIT */
/* The files of web/, as the build has put them into the program. All of it is constant. */
#ifndef GW_SERVER_ASSETS_H
#define GW_SERVER_ASSETS_H

#include <stddef.h>
#include <stdint.h>

struct gw_asset {
  const char *path;     /* as in a request: "/style.css"; an index is its folder, "/" or "/chat/" */
  const char *redirect; /* where this is to be asked for instead; then there is nothing else */
  const char *type;     /* the Content-Type */
  const uint8_t *data;
  size_t len;
  const char *etag; /* strong, with its quotes */
  /* The same, compressed; NULL where that is not smaller. Other bytes need another strong tag
   * (RFC 9110, 8.8.3.3). */
  const uint8_t *gzip;
  size_t gzip_len;
  const char *gzip_etag;
};

/* The table that tools/embed makes. */
extern const struct gw_asset gw_assets[];
extern const size_t gw_assets_count;

/* The file that a request's path names, compared byte for byte (no decoding, no "..", no query);
 * NULL where there is none. */
const struct gw_asset *gw_asset_find(const char *path, size_t len);

#endif
