/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-log-private.h"
#include "dpdk-thread-local-private.h"

#include <rte_log.h>
#include <stdio.h>

static DPDK_THREAD_LOCAL GString *captured;

static void (*watch) (const char *message);

static GLogLevelFlags
log_level_from_native (int level)
{
  switch (level)
    {
    case RTE_LOG_EMERG:
    case RTE_LOG_ALERT:
    case RTE_LOG_CRIT:
    case RTE_LOG_ERR:
      return G_LOG_LEVEL_WARNING;
    case RTE_LOG_WARNING:
    case RTE_LOG_NOTICE:
      return G_LOG_LEVEL_INFO;
    default:
      return G_LOG_LEVEL_DEBUG;
    }
}

static ssize_t
log_write (void *cookie, const char *text, size_t length)
{
  g_autofree char *message = g_utf8_make_valid (text, (gssize) length);
  GLogLevelFlags level = log_level_from_native (rte_log_cur_msg_loglevel ());

  g_strchomp (message);
  if (*message == '\0')
    return (ssize_t) length;
  if (g_atomic_pointer_get (&watch) != NULL)
    watch (message);
  if (captured != NULL)
    {
      /* the text goes into the error of the operation: saying it twice helps nobody */
      if (rte_log_cur_msg_loglevel () <= (int) RTE_LOG_WARNING)
        g_string_append_printf (captured, "%s%s", captured->len > 0 ? "; " : "", message);
      level = G_LOG_LEVEL_DEBUG;
    }
  g_log_structured (G_LOG_DOMAIN, level, "MESSAGE", "%s", message);
  return (ssize_t) length;
}

/* the stream is never closed: threads of DPDK may log until the process ends */
void
dpdk_log_redirect (void)
{
  static const cookie_io_functions_t functions = { .write = log_write };
  FILE *stream = fopencookie (NULL, "w", functions);

  if (stream != NULL)
    rte_openlog_stream (stream);
}

void
dpdk_log_set_watch (void (*func) (const char *message))
{
  g_atomic_pointer_set (&watch, func);
}

void
dpdk_log_capture_begin (void)
{
  g_assert (captured == NULL);
  captured = g_string_new (NULL);
}

char *
dpdk_log_capture_end (void)
{
  GString *text = g_steal_pointer (&captured);

  return g_string_free (text, FALSE);
}
