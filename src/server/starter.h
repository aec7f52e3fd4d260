/* SPDX-License-Identifier: MIT */
/* A program that is run beside the server by whoever runs that. */
#ifndef GW_SERVER_STARTER_H
#define GW_SERVER_STARTER_H

/* Starts a program beside the server, from any worker's thread: 0; 1: it runs already;
 * GW_ERR_ADDRESS: there is no address by which it could reach the server; GW_ERR_SYSTEM,
 * GW_ERR_MEMORY. */
struct gw_starter {
  int (*start)(void *user); /* NULL: there is none */
  void *user;
};

#endif
