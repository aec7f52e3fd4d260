/* SPDX-License-Identifier: MIT */
/*
 * What can go wrong. Every function that can fail returns an int: 0 done, above 0 progress or a
 * count, below 0 one of these. `gw_error_text` gives a sentence for a log line.
 */
#ifndef GODWIT_ERROR_H
#define GODWIT_ERROR_H

#ifdef __cplusplus
extern "C" {
#endif

#ifndef GW_API
#define GW_API __attribute__((visibility("default")))
#endif

/* The table that the enumeration, the texts and the docs come from: X(name, value, text). */
#define GW_ERRORS(X)                                                                               \
  X(MEMORY, -1, "out of memory")                                                                   \
  X(ARGUMENT, -2, "an argument is not of the form that the function takes")                        \
  X(CLOSED, -3, "the connection is closed or closing")                                             \
  X(GONE, -4, "no such connection (any more)")                                                     \
  X(FULL, -5, "a limit is reached: the queue, table or buffer takes no more")                      \
  X(STATE, -6, "not possible in the present state")                                                \
  X(SYSTEM, -7, "the operating system refused")                                                    \
  X(ADDRESS, -8, "the address cannot be used")                                                     \
  X(RESOLVE, -9, "the host name cannot be resolved")                                               \
  X(CONNECT, -10, "the connection could not be made")                                              \
  X(TIMEOUT, -11, "it took too long")                                                              \
  X(RESET, -12, "the peer ended the connection without a close")                                   \
  X(TLS, -13, "the TLS handshake or a TLS record failed")                                          \
  X(CERTIFICATE, -14, "the certificate does not prove who the peer is")                            \
  X(PROXY, -15, "the proxy refused")                                                               \
  X(FORBIDDEN, -16, "who asks may not do this")                                                    \
  X(HTTP_SYNTAX, -20, "not well-formed HTTP (400)")                                                \
  X(HTTP_TARGET_LONG, -21, "the request target is too long (414)")                                 \
  X(HTTP_HEADERS_LARGE, -22, "the header block is too large (431)")                                \
  X(HTTP_BODY_LARGE, -23, "the body is larger than the limit (413)")                               \
  X(HTTP_VERSION, -24, "the HTTP version is not supported (505)")                                  \
  X(HTTP_CODING, -25, "the transfer coding is not supported (501)")                                \
  X(HTTP_STATUS, -26, "the server answered with another status than expected")                     \
  X(WS_METHOD, -30, "a WebSocket handshake is a GET (405)")                                        \
  X(WS_VERSION, -31, "only version 13 of the WebSocket protocol is spoken (426)")                  \
  X(WS_HANDSHAKE, -32, "not a valid WebSocket handshake (400)")                                    \
  X(WS_ORIGIN, -33, "the Origin is not allowed (403)")                                             \
  X(WS_PROTOCOL, -34, "the peer broke the WebSocket protocol (1002)")                              \
  X(WS_DATA, -35, "a text message is not UTF-8, or compressed data is corrupt (1007)")             \
  X(WS_TOO_BIG, -36, "a message is larger than the limit (1009)")                                  \
  X(WS_POLICY, -37, "a limit on the peer's behaviour is passed (1008)")

enum gw_err {
#define GW_ERROR_ENTRY(name, value, text) GW_ERR_##name = (value),
  GW_ERRORS(GW_ERROR_ENTRY)
#undef GW_ERROR_ENTRY
};

/* A sentence for an error (any int: 0 is "done", an unknown value "unknown error"). The text is
 * static. */
GW_API const char *gw_error_text(int err);

#ifdef __cplusplus
}
#endif

#endif
