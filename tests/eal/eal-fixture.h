/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <dpdk-glib-testing.h>

G_BEGIN_DECLS

#define EAL_PATIENCE_MS 60000

/* what DPDK never closes, for dpdk_test_ignore_fds() */
#define EAL_N_TELEMETRY_FDS 1
#define EAL_N_SHARED_FDS 2
#define EAL_N_IN_MEMORY_FDS 1
/* after a start that failed: as many as there are kinds of pages and NUMA nodes */
#define EAL_N_FAILED_FDS 256

typedef struct {
  DpdkMemoryMode mode;
  guint memory;
  guint node;
  guint numa_memory;
  guint numa_limit;
  const char *prefix;
  gboolean telemetry;
  const char *args[3];
} EalSettings;

/* in ordinary memory */
DpdkEal *eal_new (void);
DpdkEal *eal_build (const EalSettings *settings, GError **error);
DpdkEal *eal_build_ok (const EalSettings *settings);
DpdkMempool *eal_mempool_new (DpdkEal *eal);
/* waits for the end, and drops the last reference */
void eal_end (DpdkEal *eal);

/* takes the error, whose message must match @pattern */
void eal_assert_error (GError **error, DpdkError code, const char *pattern);
/* fails because of DPDK, which says why, and can be had no more */
void eal_assert_start_fails (const EalSettings *settings, const char *pattern);

/* the folder of DPDK's runtime folders, which only the test uses */
const char *eal_get_runtime_folder (void);
gboolean eal_runtime_file_exists (const char *prefix, const char *name);
guint eal_count_entries (const char *folder);

/* the calling thread's process is that of nobody from now on, with a runtime folder of @owner's; FALSE,
   with the test skipped, if it is not root's */
gboolean eal_drop_privileges (uid_t owner);
void eal_regain_privileges (void);
#define EAL_NOBODY 65534

/* a process of dpdk_test_add_process(), which knows @prefix, and says "up" and expects "stop" */
DpdkTestProcess *eal_process_start (const char *name, const char *prefix);
void eal_process_stop (DpdkTestProcess *process);
void eal_process_kill (DpdkTestProcess *process);
const char *eal_process_get_prefix (void);
/* in the process: keeps @eal, which is taken over, and a pool of it until it is told to stop */
void eal_process_hold (DpdkEal *eal);

G_END_DECLS
