/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib-object.h>

G_BEGIN_DECLS

/* The edges of the ownership graph: references of our objects on one another. With DPDK_DEBUG=refs
   each is logged as it is made and dropped. */

/* what the log calls @object; without this it is called by its address */
void dpdk_edge_set_name (gpointer object, const char *name);

gpointer dpdk_edge_ref (gpointer holder, gpointer object);
void dpdk_edge_unref (gpointer holder, gpointer object);

#define dpdk_edge_clear(holder, object_ptr)                                                        \
  G_STMT_START                                                                                     \
  {                                                                                                \
    gpointer dpdk_edge_object = g_steal_pointer (object_ptr);                                      \
                                                                                                   \
    if (dpdk_edge_object != NULL)                                                                  \
      dpdk_edge_unref (holder, dpdk_edge_object);                                                  \
  }                                                                                                \
  G_STMT_END

/* as g_set_object() */
#define dpdk_edge_set(holder, object_ptr, object)                                                  \
  G_STMT_START                                                                                     \
  {                                                                                                \
    gpointer dpdk_edge_old = *(object_ptr);                                                        \
                                                                                                   \
    /* the old one may be all that holds the new one */                                            \
    *(object_ptr) = dpdk_edge_ref (holder, object);                                                \
    if (dpdk_edge_old != NULL)                                                                     \
      dpdk_edge_unref (holder, dpdk_edge_old);                                                     \
  }                                                                                                \
  G_STMT_END

/* for holders that are no objects, such as jobs: these only log. @kind is what it is, @name which. */
void dpdk_edge_made (const char *kind, const char *name, gpointer object);
void dpdk_edge_dropped (const char *kind, const char *name, gpointer object);
/* the reference of @holder is now that of a job; returns @object, which may be NULL */
gpointer dpdk_edge_hand_over (gpointer holder, const char *kind, const char *name, gpointer object);

G_END_DECLS
