/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-error-private.h"

#include <errno.h>
#include <rte_errno.h>

/**
 * DpdkError:
 * @DPDK_ERROR_FAILED: the operation failed for a reason that has no code of its own
 * @DPDK_ERROR_EAL_INIT: the environment abstraction layer could not be started
 * @DPDK_ERROR_EAL_DEAD: the environment abstraction layer of this process has ended, or is ending;
 *   DPDK cannot be started twice in one process
 * @DPDK_ERROR_INVALID_ARGUMENT: a value that was passed is not valid
 * @DPDK_ERROR_CONFIG_SYNTAX: a configuration is not valid JSON
 * @DPDK_ERROR_CONFIG_UNKNOWN_KEY: a configuration has a key that has no meaning
 * @DPDK_ERROR_CONFIG_MISSING_KEY: a configuration lacks a required key
 * @DPDK_ERROR_CONFIG_INVALID_VALUE: a value in a configuration has the wrong type, is out of range,
 *   or contradicts another
 * @DPDK_ERROR_NO_DEVICE: there is no such device, or no driver for it
 * @DPDK_ERROR_PERMISSION_DENIED: the process may not do this
 * @DPDK_ERROR_EXISTS: an object of this name exists already
 * @DPDK_ERROR_BUSY: the object is in use
 * @DPDK_ERROR_NO_MEMORY: there is not enough memory
 * @DPDK_ERROR_NOT_SUPPORTED: the device or the version of DPDK cannot do this
 * @DPDK_ERROR_WRONG_WORKER: the call is only allowed on the thread of another worker
 * @DPDK_ERROR_WOULD_DEADLOCK: a call that waits was made on a thread that it would wait for
 * @DPDK_ERROR_CLOSED: the object was closed
 * @DPDK_ERROR_TIMED_OUT: the operation did not end in time
 * @DPDK_ERROR_WRONG_ROLE: the call is not allowed on a thread of this role ([enum@Dpdk.LcoreRole])
 *
 * The errors of the library in the [error@Dpdk.Error] domain.
 *
 * Operations on sockets and streams use [error@Gio.IOErrorEnum] instead, as all of GIO does.
 *
 * Since: 0.1
 */

/**
 * dpdk_error_quark:
 *
 * Gets the domain of [error@Dpdk.Error]. May be called from any thread.
 *
 * Returns: the domain
 *
 * Since: 0.1
 */
GQuark
dpdk_error_quark (void)
{
  return g_quark_from_static_string ("dpdk-error-quark");
}

DpdkError
dpdk_error_from_native (int native)
{
  switch (native)
    {
    case EPERM:
    case EACCES:
      return DPDK_ERROR_PERMISSION_DENIED;
    case ENODEV:
    case ENOENT:
    case ENXIO:
      return DPDK_ERROR_NO_DEVICE;
    case EEXIST:
      return DPDK_ERROR_EXISTS;
    case EBUSY:
    case EADDRINUSE:
      return DPDK_ERROR_BUSY;
    case ENOMEM:
    case ENOSPC:
    case ENOBUFS:
      return DPDK_ERROR_NO_MEMORY;
    case ENOTSUP:
    case ENOSYS:
      return DPDK_ERROR_NOT_SUPPORTED;
    case EINVAL:
    case ERANGE:
      return DPDK_ERROR_INVALID_ARGUMENT;
    case ETIMEDOUT:
      return DPDK_ERROR_TIMED_OUT;
    default:
      return DPDK_ERROR_FAILED;
    }
}

void
dpdk_set_native_error (GError **error, int native, const char *log, const char *format, ...)
{
  g_autofree char *what = NULL;
  va_list args;

  if (error == NULL)
    return;
  native = ABS (native);
  va_start (args, format);
  what = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error (error, DPDK_ERROR, dpdk_error_from_native (native), "%s: %s (error %d)%s%s", what,
               rte_strerror (native), native, log != NULL && *log != '\0' ? ": " : "",
               log != NULL ? log : "");
}
