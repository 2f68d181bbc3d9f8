/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* appends a line to the file of events: pid, thread, what */
void graph_event (const char *format, ...) G_GNUC_PRINTF (1, 2);

/* makes DPDK tell that a device was pulled out */
void graph_unplug (const char *devargs);
