/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-port-list-private.h"

#include "dpdk-eal-private.h"

/**
 * DpdkPortList:
 *
 * The open ports of this process, in the order in which they were opened: a [iface@Gio.ListModel] of
 * [class@Dpdk.Port].
 *
 * A list does not keep a port, nor the EAL: a port leaves it when it is closed, its device is removed
 * or its last reference is dropped. Items are added and removed, and
 * [signal@Gio.ListModel::items-changed] is emitted, in the main context that was the thread's default
 * when the list was made, and a list is for the thread that runs this context. A port whose last
 * reference was dropped meanwhile is %NULL until then.
 *
 * ```c
 * g_autoptr (DpdkPortList) list = dpdk_port_list_new ();
 *
 * for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (list)); i++)
 *   {
 *     g_autoptr (DpdkPort) port = g_list_model_get_item (G_LIST_MODEL (list), i);
 *
 *     if (port != NULL)
 *       g_print ("%s\n", dpdk_port_get_devargs (port));
 *   }
 * ```
 *
 * Since: 0.1
 */
typedef struct {
  gatomicrefcount ref_count;
  GWeakRef port;
  /* to know it by when it is gone */
  gconstpointer address;
} Entry;

/* what knows of a list without holding it */
typedef struct {
  GWeakRef list;
  GMainContext *context;
  gboolean is_stale;
} Watch;

struct _DpdkPortList {
  GObject parent_instance;
  Watch *watch;
  /* (element-type Entry) */
  GPtrArray *entries;
};

static GMutex lock;
/* (element-type Entry) */
static GPtrArray *open_ports;
/* (element-type Watch) */
static GPtrArray *watches;

static void dpdk_port_list_model_init (GListModelInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (DpdkPortList, dpdk_port_list, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_LIST_MODEL, dpdk_port_list_model_init))

static void
entry_unref (gpointer data)
{
  Entry *self = data;

  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_weak_ref_clear (&self->port);
  g_free (self);
}

static gpointer
entry_ref (gconstpointer data, gpointer user_data)
{
  Entry *self = (Entry *) data;

  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

static GPtrArray *
copy_entries_locked (void)
{
  if (open_ports == NULL)
    open_ports = g_ptr_array_new_with_free_func (entry_unref);
  return g_ptr_array_copy (open_ports, entry_ref, NULL);
}

/* says what differs between the first and the last entry that do */
static void
update (DpdkPortList *self)
{
  g_autoptr (GPtrArray) old = NULL;
  guint first = 0, n_last = 0, n_common;

  g_mutex_lock (&lock);
  self->watch->is_stale = FALSE;
  old = g_steal_pointer (&self->entries);
  self->entries = copy_entries_locked ();
  g_mutex_unlock (&lock);

  n_common = MIN (old->len, self->entries->len);
  while (first < n_common && old->pdata[first] == self->entries->pdata[first])
    first++;
  while (n_last < n_common - first &&
         old->pdata[old->len - 1 - n_last] == self->entries->pdata[self->entries->len - 1 - n_last])
    n_last++;
  if (old->len != first + n_last || self->entries->len != first + n_last)
    g_list_model_items_changed (G_LIST_MODEL (self), first, old->len - first - n_last,
                                self->entries->len - first - n_last);
}

static void
watch_clear (gpointer data)
{
  Watch *self = data;

  g_weak_ref_clear (&self->list);
  g_main_context_unref (self->context);
}

static void
watch_unref (gpointer data)
{
  g_atomic_rc_box_release_full (data, watch_clear);
}

static gboolean
run_update (gpointer user_data)
{
  g_autoptr (DpdkPortList) list = g_weak_ref_get (&((Watch *) user_data)->list);

  if (list != NULL)
    update (list);
  return G_SOURCE_REMOVE;
}

static void
tell_lists_locked (void)
{
  for (guint i = 0; watches != NULL && i < watches->len; i++)
    {
      Watch *watch = g_ptr_array_index (watches, i);
      g_autoptr (GSource) source = NULL;

      if (watch->is_stale)
        continue;
      watch->is_stale = TRUE;
      source = g_idle_source_new ();
      g_source_set_priority (source, G_PRIORITY_DEFAULT);
      g_source_set_static_name (source, "DpdkPortList");
      g_source_set_callback (source, run_update, g_atomic_rc_box_acquire (watch), watch_unref);
      g_source_attach (source, watch->context);
    }
}

void
dpdk_port_list_add (DpdkPort *port)
{
  Entry *entry = g_new0 (Entry, 1);

  g_atomic_ref_count_init (&entry->ref_count);
  g_weak_ref_init (&entry->port, port);
  entry->address = port;
  g_mutex_lock (&lock);
  if (open_ports == NULL)
    open_ports = g_ptr_array_new_with_free_func (entry_unref);
  g_ptr_array_add (open_ports, entry);
  tell_lists_locked ();
  g_mutex_unlock (&lock);
}

void
dpdk_port_list_remove (DpdkPort *port)
{
  g_mutex_lock (&lock);
  for (guint i = 0; open_ports != NULL && i < open_ports->len; i++)
    if (((Entry *) g_ptr_array_index (open_ports, i))->address == port)
      {
        g_ptr_array_remove_index (open_ports, i);
        tell_lists_locked ();
        break;
      }
  g_mutex_unlock (&lock);
}

static GType
dpdk_port_list_get_item_type (GListModel *model)
{
  return DPDK_TYPE_PORT;
}

static guint
dpdk_port_list_get_n_items (GListModel *model)
{
  return DPDK_PORT_LIST (model)->entries->len;
}

static gpointer
dpdk_port_list_get_item (GListModel *model, guint position)
{
  DpdkPortList *self = DPDK_PORT_LIST (model);

  if (position >= self->entries->len)
    return NULL;
  return g_weak_ref_get (&((Entry *) g_ptr_array_index (self->entries, position))->port);
}

static void
dpdk_port_list_model_init (GListModelInterface *iface)
{
  iface->get_item_type = dpdk_port_list_get_item_type;
  iface->get_n_items = dpdk_port_list_get_n_items;
  iface->get_item = dpdk_port_list_get_item;
}

static void
dpdk_port_list_finalize (GObject *object)
{
  DpdkPortList *self = DPDK_PORT_LIST (object);

  /* in a child made by fork() nobody may ever unlock it */
  if (!dpdk_eal_is_inert ())
    {
      g_mutex_lock (&lock);
      g_ptr_array_remove_fast (watches, self->watch);
      g_mutex_unlock (&lock);
      watch_unref (self->watch);
    }
  g_ptr_array_unref (self->entries);
  G_OBJECT_CLASS (dpdk_port_list_parent_class)->finalize (object);
}

static void
dpdk_port_list_class_init (DpdkPortListClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = dpdk_port_list_finalize;
}

static void
dpdk_port_list_init (DpdkPortList *self)
{
  self->watch = g_atomic_rc_box_new0 (Watch);
  g_weak_ref_init (&self->watch->list, self);
  self->watch->context = g_main_context_ref_thread_default ();
  g_mutex_lock (&lock);
  if (watches == NULL)
    watches = g_ptr_array_new ();
  g_ptr_array_add (watches, self->watch);
  self->entries = copy_entries_locked ();
  g_mutex_unlock (&lock);
}

/**
 * dpdk_port_list_new:
 *
 * Creates a list of the open ports of this process, which follows as ports are opened and closed.
 *
 * May be called from any thread.
 *
 * Returns: (transfer full): the list
 *
 * Since: 0.1
 */
DpdkPortList *
dpdk_port_list_new (void)
{
  return g_object_new (DPDK_TYPE_PORT_LIST, NULL);
}
