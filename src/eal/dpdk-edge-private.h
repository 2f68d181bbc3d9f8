/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib-object.h>

G_BEGIN_DECLS

/* The edges of the ownership graph: references that one object of ours holds on another. With
   DPDK_DEBUG=refs each is logged as it is made, moved and dropped. A holder is a kind, which is the
   name of its type or of the job that took over from it, and a name. */

gpointer dpdk_edge_ref (const char *kind, const char *name, gpointer object);
void dpdk_edge_unref (const char *kind, const char *name, gpointer object);
/* the reference passes from one holder to another */
gpointer dpdk_edge_move (const char *kind, const char *name, const char *new_kind,
                         const char *new_name, gpointer object);
/* what the log calls @object; without one it is called by its address */
void dpdk_edge_set_name (gpointer object, const char *name);

#define dpdk_edge_clear(kind, name, object_ptr)                                                    \
  G_STMT_START                                                                                     \
  {                                                                                                \
    gpointer dpdk_edge_object = g_steal_pointer (object_ptr);                                      \
                                                                                                   \
    if (dpdk_edge_object != NULL)                                                                  \
      dpdk_edge_unref (kind, name, dpdk_edge_object);                                              \
  }                                                                                                \
  G_STMT_END

G_END_DECLS
