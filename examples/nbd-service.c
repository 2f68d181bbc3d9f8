/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nbd-service.h"

#include "nbd-connection.h"

static void
run_request (gpointer data, gpointer user_data)
{
  nbd_connection_run_request (data);
}

NbdService *
nbd_service_new (guint n_threads, guint max_connections, guint negotiation_seconds, GError **error)
{
  NbdService *self;
  /* exclusive, so that a worker never has to start a thread */
  GThreadPool *pool = g_thread_pool_new (run_request, NULL, (gint) n_threads, TRUE, error);

  if (pool == NULL)
    return NULL;

  self = g_new0 (NbdService, 1);
  self->pool = pool;
  self->max_connections = max_connections;
  self->negotiation_seconds = negotiation_seconds;
  self->exports = g_ptr_array_new_with_free_func ((GDestroyNotify) nbd_export_free);
  self->infos = g_ptr_array_new ();
  self->connections = g_hash_table_new_full (NULL, NULL, nbd_connection_unref, NULL);
  g_mutex_init (&self->lock);

  return self;
}

void
nbd_service_finish (NbdService *self)
{
  if (self->pool != NULL)
    g_thread_pool_free (g_steal_pointer (&self->pool), FALSE, TRUE);
}

void
nbd_service_free (NbdService *self)
{
  nbd_service_finish (self);
  g_hash_table_unref (self->connections);
  g_mutex_clear (&self->lock);
  g_ptr_array_unref (self->infos);
  g_ptr_array_unref (self->exports);
  g_free (self);
}

gboolean
nbd_service_add_export (NbdService *self, NbdExport *export, GError **error)
{
  g_ptr_array_add (self->exports, export);
  g_ptr_array_add (self->infos, nbd_export_get_info (export));
  for (guint i = 0; i + 1 < self->exports->len; i++)
    {
      const char *name = ((NbdExportInfo *) self->infos->pdata[i])->name;

      /* one cache would not hear of what is changed through the other export */
      if (nbd_export_is_same_file (export, self->exports->pdata[i]))
        {
          g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                       "the file of the export \"%s\" is that of \"%s\" too", name,
                       nbd_export_get_info (export)->name);
          return FALSE;
        }
      if (g_str_equal (name, nbd_export_get_info (export)->name))
        {
          g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                       "there are two exports \"%s\"", name);
          return FALSE;
        }
    }

  return TRUE;
}

void
nbd_service_accept (NbdService *self, DpdkTcpConnection *stream)
{
  guint n_connections;

  nbd_statistics_add (&self->statistics, NBD_COUNTER_CONNECTIONS, 1);
  g_mutex_lock (&self->lock);
  n_connections = g_hash_table_size (self->connections);
  g_mutex_unlock (&self->lock);
  if (n_connections >= self->max_connections)
    {
      nbd_statistics_add (&self->statistics, NBD_COUNTER_REFUSED, 1);
      dpdk_tcp_connection_abort (stream);
      return;
    }

  nbd_connection_start (self, stream);
}

void
nbd_service_stop (NbdService *self)
{
  g_autoptr (GPtrArray) connections = g_ptr_array_new_with_free_func (nbd_connection_unref);
  GHashTableIter iter;
  gpointer connection;

  g_atomic_int_set (&self->is_stopping, TRUE);
  g_mutex_lock (&self->lock);
  g_hash_table_iter_init (&iter, self->connections);
  while (g_hash_table_iter_next (&iter, &connection, NULL))
    g_ptr_array_add (connections, nbd_connection_ref (connection));
  g_mutex_unlock (&self->lock);

  for (guint i = 0; i < connections->len; i++)
    nbd_connection_stop (connections->pdata[i]);
}

gboolean
nbd_service_is_stopping (NbdService *self)
{
  return g_atomic_int_get (&self->is_stopping);
}

void
nbd_service_print (NbdService *self)
{
  guint64 n_hits = 0;
  guint64 n_misses = 0;
  guint n_blocks = 0;

  for (guint i = 0; i < self->exports->len; i++)
    {
      NbdCache *cache = nbd_export_get_cache (self->exports->pdata[i]);

      n_hits += nbd_cache_get_hits (cache);
      n_misses += nbd_cache_get_misses (cache);
      n_blocks += nbd_cache_get_n_blocks (cache);
    }

  nbd_statistics_print (&self->statistics);
  g_print ("cache-hits: %" G_GUINT64_FORMAT "\n", n_hits);
  g_print ("cache-misses: %" G_GUINT64_FORMAT "\n", n_misses);
  g_print ("cache-blocks: %u\n", n_blocks);
}
