/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-edge-private.h"

typedef enum {
  DEBUG_REFS = 1 << 0,
} DebugFlags;

static gboolean
logs_edges (void)
{
  static const GDebugKey keys[] = { { "refs", DEBUG_REFS } };
  static gsize initialized;
  static guint flags;

  if (g_once_init_enter (&initialized))
    {
      flags = g_parse_debug_string (g_getenv ("DPDK_DEBUG"), keys, G_N_ELEMENTS (keys));
      g_once_init_leave (&initialized, 1);
    }
  return (flags & DEBUG_REFS) != 0;
}

static GQuark
name_quark (void)
{
  return g_quark_from_static_string ("dpdk-edge-name");
}

static char *
describe (gpointer object)
{
  const char *name = g_object_get_qdata (object, name_quark ());

  return name != NULL ? g_strdup_printf ("%s %s", G_OBJECT_TYPE_NAME (object), name)
                      : g_strdup_printf ("%s %p", G_OBJECT_TYPE_NAME (object), object);
}

static void
log_edge (const char *event, const char *holder, gpointer object)
{
  g_autofree char *held = describe (object);

  g_log_structured (G_LOG_DOMAIN, G_LOG_LEVEL_MESSAGE, "DPDK_EDGE_EVENT", event, "DPDK_EDGE_HOLDER",
                    holder, "DPDK_EDGE_HELD", held, "MESSAGE", "%s %s -> %s", event, holder, held);
}

static void
log_edge_of_object (const char *event, gpointer holder, gpointer object)
{
  g_autofree char *text = describe (holder);

  log_edge (event, text, object);
}

static void
log_edge_of_other (const char *event, const char *kind, const char *name, gpointer object)
{
  g_autofree char *text = g_strdup_printf ("%s %s", kind, name != NULL ? name : "?");

  log_edge (event, text, object);
}

void
dpdk_edge_set_name (gpointer object, const char *name)
{
  if (G_UNLIKELY (logs_edges ()))
    g_object_set_qdata_full (object, name_quark (), g_strdup (name), g_free);
}

gpointer
dpdk_edge_ref (gpointer holder, gpointer object)
{
  if (G_UNLIKELY (logs_edges ()))
    log_edge_of_object ("hold", holder, object);
  return g_object_ref (object);
}

void
dpdk_edge_unref (gpointer holder, gpointer object)
{
  if (G_UNLIKELY (logs_edges ()))
    log_edge_of_object ("drop", holder, object);
  g_object_unref (object);
}

void
dpdk_edge_made (const char *kind, const char *name, gpointer object)
{
  if (G_UNLIKELY (logs_edges ()))
    log_edge_of_other ("hold", kind, name, object);
}

void
dpdk_edge_dropped (const char *kind, const char *name, gpointer object)
{
  if (G_UNLIKELY (logs_edges ()))
    log_edge_of_other ("drop", kind, name, object);
}

gpointer
dpdk_edge_hand_over (gpointer holder, const char *kind, const char *name, gpointer object)
{
  if (object != NULL && G_UNLIKELY (logs_edges ()))
    {
      log_edge_of_other ("hold", kind, name, object);
      log_edge_of_object ("drop", holder, object);
    }
  return object;
}
