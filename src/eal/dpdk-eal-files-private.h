/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What DPDK leaves on disk. Nothing is touched that another process uses: DPDK locks its files. */

/* before the start: what it will make with @args */
void dpdk_eal_files_remember (const char *const *args);
/* after the start: an empty folder, which is all that there is with the default arguments */
void dpdk_eal_files_remove_folder (void);
/* after the end, or a failed start */
void dpdk_eal_files_remove (void);

/* DPDK removes the telemetry socket in an exit hook, which runs in a child made by fork() too: to be
   called there before and after that hook */
void dpdk_eal_files_save_sockets (void);
void dpdk_eal_files_restore_sockets (void);

G_END_DECLS
