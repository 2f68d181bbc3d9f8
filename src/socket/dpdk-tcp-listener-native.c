/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* accepting on the threads of the workers, without a main context */
#include "dpdk-socket-private.h"
#include "dpdk-tcp-listener-core-private.h"

/**
 * dpdk_tcp_listener_set_accept_callback:
 * @self: a listener
 * @func: (nullable) (scope notified) (closure user_data) (destroy destroy): the function, or %NULL
 *   for none
 * @user_data: data for @func
 * @destroy: (nullable): frees @user_data, on the thread of the worker: when another function is set,
 *   or the listener is closed
 * @error: return location for an error
 *
 * Sets the function that is called for each connection that the calling worker accepts from now on.
 * Each worker has its own: [method@Dpdk.Worker.invoke] it on all of them. The worker does not hold the
 * listener for this. Connections that come while a worker has no function are for
 * [method@Dpdk.TcpListener.accept] and its kin.
 *
 * ```c
 * static void
 * serve (DpdkWorker *worker, gpointer listener)
 * {
 *   dpdk_tcp_listener_set_accept_callback (listener, on_accepted, NULL, NULL, NULL);
 * }
 * ```
 *
 * May be called on the threads of the runtime's workers only.
 *
 * Fails with %DPDK_ERROR_WRONG_WORKER on any other, and with %G_IO_ERROR_CLOSED; @destroy is not called
 * then.
 *
 * Returns: %TRUE on success
 *
 * Since: 0.1
 */
gboolean
dpdk_tcp_listener_set_accept_callback (DpdkTcpListener *self, DpdkTcpAcceptFunc func,
                                       gpointer user_data, GDestroyNotify destroy, GError **error)
{
  DpdkWorkerCore *current = dpdk_worker_core_get_current ();
  DpdkTcpListenerCore *core;

  g_return_val_if_fail (DPDK_IS_TCP_LISTENER (self) && dpdk_socket_is_made (DPDK_SOCKET (self)),
                        FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  core = current != NULL ? dpdk_tcp_listener_find_core (self, current) : NULL;
  if (core == NULL && current != NULL)
    g_set_error (error, DPDK_ERROR, DPDK_ERROR_WRONG_WORKER,
                 "%s: the DpdkTcpListener belongs to another runtime than this worker, %u",
                 G_STRFUNC, dpdk_worker_core_get_index (current));
  else if (core == NULL)
    g_set_error (error, DPDK_ERROR, DPDK_ERROR_WRONG_WORKER,
                 "%s: this thread is no worker: call it by dpdk_worker_invoke(), or use "
                 "dpdk_tcp_listener_accept() here",
                 G_STRFUNC);
  else if (!dpdk_tcp_listener_core_set_accept (core, self, func, user_data, destroy))
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED, "The DpdkTcpListener is closed");
  else
    return TRUE;
  return FALSE;
}
