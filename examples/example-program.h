/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <dpdk-glib.h>

G_BEGIN_DECLS

/* What several of the example programs do alike. */

GSocketAddress *example_parse_address (const char *host, const char *service, GError **error);

/* The handler of DpdkTcpListener::incoming. */
typedef void (*ExampleIncomingFunc) (DpdkTcpListener *listener, DpdkTcpConnection *connection,
                                     gpointer user_data);

/* Listens on each address of the configuration, and prints it. The new listeners are added to
   @listeners. */
gboolean example_listen (DpdkRuntime *runtime, guint16 port, ExampleIncomingFunc incoming,
                         gpointer user_data, GPtrArray *listeners, GError **error);

/* Lets what a shutdown has ended get to know it: iterates the main context until there is nothing
   left of what @n_open counts, which any thread may change by g_atomic_int_dec_and_test() and friends
   if it wakes the context up. */
gboolean example_drain (const guint *n_open, GError **error);

/* Whether what is left of the arguments when the options are parsed, and the options, can be. */
typedef gboolean (*ExampleUsageFunc) (int argc, char **argv);
typedef gboolean (*ExampleRunFunc) (int argc, char **argv, GError **error);

/* Parses the options and runs the program; prints how it is used if that is not right, or what has
   gone wrong. @summary may be NULL. Returns the exit status. */
int example_main (int argc, char **argv, const char *parameters, const char *summary,
                  const GOptionEntry *entries, ExampleUsageFunc is_usage_right, ExampleRunFunc run);

/* Ends DPDK, and waits for it. The runtime must be the last that is held. */
gboolean example_end (DpdkRuntime *runtime, GError **error);

G_END_DECLS
