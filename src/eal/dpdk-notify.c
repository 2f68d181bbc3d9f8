/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-notify-private.h"

typedef struct {
  GWeakRef object;
  GParamSpec *pspec;
} Notification;

static GMutex lock;

static GQuark
pending_quark (void)
{
  static GQuark quark;

  if (quark == 0)
    quark = g_quark_from_static_string ("dpdk-notify-pending");
  return quark;
}

static void
set_pending_locked (GObject *object, GSList *pending)
{
  g_object_set_qdata_full (object, pending_quark (), pending, (GDestroyNotify) g_slist_free);
}

static gboolean
notify (gpointer data)
{
  Notification *self = data;
  g_autoptr (GObject) object = g_weak_ref_get (&self->object);
  GSList *pending;

  if (object == NULL)
    return G_SOURCE_REMOVE;
  /* before the handlers read the property: a change from now on needs another notification */
  g_mutex_lock (&lock);
  pending = g_object_steal_qdata (object, pending_quark ());
  set_pending_locked (object, g_slist_remove (pending, self->pspec));
  g_mutex_unlock (&lock);
  g_object_notify_by_pspec (object, self->pspec);
  return G_SOURCE_REMOVE;
}

static void
notification_free (gpointer data)
{
  Notification *self = data;

  g_weak_ref_clear (&self->object);
  g_param_spec_unref (self->pspec);
  g_free (self);
}

gboolean
dpdk_notify_is_wanted (GObject *object)
{
  static gint known_id;
  gint id = g_atomic_int_get (&known_id);

  if (G_UNLIKELY (id == 0))
    {
      id = (gint) g_signal_lookup ("notify", G_TYPE_OBJECT);
      g_atomic_int_set (&known_id, id);
    }
  return g_signal_handler_find (object, G_SIGNAL_MATCH_ID, (guint) id, 0, NULL, NULL, NULL) != 0;
}

/* emits the notify signal of @pspec where @context is run. Any thread may call it. The object is not
   kept alive for this; and one notification stands for all changes that come before its turn. */
void
dpdk_notify_in_context (GObject *object, GMainContext *context, GParamSpec *pspec)
{
  g_autoptr (GSource) source = NULL;
  Notification *self;
  GSList *pending;
  gboolean is_pending;

  g_mutex_lock (&lock);
  pending = g_object_steal_qdata (object, pending_quark ());
  is_pending = g_slist_find (pending, pspec) != NULL;
  set_pending_locked (object, is_pending ? pending : g_slist_prepend (pending, pspec));
  g_mutex_unlock (&lock);
  if (is_pending)
    return;

  self = g_new0 (Notification, 1);
  g_weak_ref_init (&self->object, object);
  self->pspec = g_param_spec_ref (pspec);
  source = g_idle_source_new ();
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_static_name (source, "dpdk_notify_in_context");
  g_source_set_callback (source, notify, self, notification_free);
  g_source_attach (source, context);
}

void
dpdk_notify_creator (GObject *object, GThread *thread, GMainContext *context, GParamSpec *pspec)
{
  if (thread == g_thread_self ())
    g_object_notify_by_pspec (object, pspec);
  else
    dpdk_notify_in_context (object, context, pspec);
}
