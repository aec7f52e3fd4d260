/* SPDX-License-Identifier: MIT */
/* Finds where each frame begins and ends, across any split of the input. Judges nothing. */
#include "cli/frames.h"

#include <string.h>

/* How long the header is by its first two bytes. */
static unsigned size_of(unsigned second) {
  unsigned short_length = second & 0x7F;
  unsigned length_size = short_length == 126 ? 2 : short_length == 127 ? 8 : 0;
  return 2 + length_size + (second & 0x80 ? 4 : 0);
}

static void read_head(struct gw_frame_scan *scan, unsigned size) {
  const uint8_t *bytes = scan->bytes;
  unsigned second = bytes[1], end = size - (second & 0x80 ? 4 : 0);
  uint64_t length = end == 2 ? second & 0x7F : 0;
  for (unsigned i = 2; i < end; i++)
    length = length << 8 | bytes[i];
  scan->head = (struct gw_frame_head){
      .first = bytes[0], .size = (uint8_t)size, .is_masked = second & 0x80, .length = length};
  if (second & 0x80) memcpy(scan->head.key, bytes + end, 4);
  scan->remaining = length;
  scan->have = 0;
}

bool gw_frame_scan_head(struct gw_frame_scan *scan, const uint8_t **data, size_t *len) {
  unsigned size = 2;
  while (*len > 0) {
    if (scan->have >= 2) size = size_of(scan->bytes[1]);
    size_t n = size - scan->have;
    if (n > *len) n = *len;
    memcpy(scan->bytes + scan->have, *data, n);
    scan->have = (uint8_t)(scan->have + n);
    *data += n;
    *len -= n;
    if (scan->have < size || (scan->have == 2 && size_of(scan->bytes[1]) > 2)) continue;
    read_head(scan, size);
    return true;
  }
  return false;
}

size_t gw_frame_scan_payload(struct gw_frame_scan *scan, const uint8_t **data, size_t *len) {
  size_t n = scan->remaining < *len ? (size_t)scan->remaining : *len;
  scan->remaining -= n;
  *data += n;
  *len -= n;
  return n;
}

const char *gw_frame_opcode_name(unsigned first) {
  switch (first & 0x0F) {
  case 0x0: return "continuation";
  case 0x1: return "text";
  case 0x2: return "binary";
  case 0x8: return "close";
  case 0x9: return "ping";
  case 0xA: return "pong";
  default: return "reserved";
  }
}
