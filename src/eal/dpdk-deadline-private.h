/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* when what may take @timeout_us from now on is over: -1 for never, which a time that cannot be reached
   is, too, and 0 if it may not take any time */
static inline gint64
dpdk_deadline_from_timeout (gint64 timeout_us)
{
  gint64 now = g_get_monotonic_time ();

  if (timeout_us < 0 || timeout_us > G_MAXINT64 - now)
    return -1;
  return timeout_us > 0 ? now + timeout_us : 0;
}

G_END_DECLS
