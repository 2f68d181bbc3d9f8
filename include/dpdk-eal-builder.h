/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined(DPDK_GLIB_INSIDE) && !defined(DPDK_GLIB_COMPILATION)
#error "Only <dpdk-glib.h> can be included directly."
#endif

#include "dpdk-types.h"
#include "dpdk-version-macros.h"

G_BEGIN_DECLS

/**
 * DpdkMemoryMode:
 * @DPDK_MEMORY_MODE_AUTO: hugepages in memory if enough are free, ordinary memory if not
 * @DPDK_MEMORY_MODE_HUGEPAGES_IN_MEMORY: hugepages without files: nothing is left on disk, and no
 *   other process can attach
 * @DPDK_MEMORY_MODE_HUGEPAGES_FILES: hugepages in files of a hugetlbfs, and a configuration that
 *   other processes can attach to, such as `dpdk-proc-info`. The files are removed when the EAL
 *   ends; those of a process that is killed, when the next one starts with the same prefix
 * @DPDK_MEMORY_MODE_NO_HUGEPAGES: ordinary memory, which needs no privilege
 *
 * Where the memory of the EAL comes from.
 *
 * Since: 0.1
 */
typedef enum {
  DPDK_MEMORY_MODE_AUTO,
  DPDK_MEMORY_MODE_HUGEPAGES_IN_MEMORY,
  DPDK_MEMORY_MODE_HUGEPAGES_FILES,
  DPDK_MEMORY_MODE_NO_HUGEPAGES,
} DpdkMemoryMode;

/**
 * DpdkIovaMode:
 * @DPDK_IOVA_MODE_AUTO: what the devices need
 * @DPDK_IOVA_MODE_PA: physical addresses, which need privilege
 * @DPDK_IOVA_MODE_VA: virtual addresses, which need an IOMMU where devices are not virtual
 *
 * What devices know memory by.
 *
 * Since: 0.1
 */
typedef enum {
  DPDK_IOVA_MODE_AUTO,
  DPDK_IOVA_MODE_PA,
  DPDK_IOVA_MODE_VA,
} DpdkIovaMode;

#define DPDK_TYPE_EAL_BUILDER (dpdk_eal_builder_get_type ())

DPDK_AVAILABLE_IN_0_1
G_DECLARE_FINAL_TYPE (DpdkEalBuilder, dpdk_eal_builder, DPDK, EAL_BUILDER, GObject)

DPDK_AVAILABLE_IN_0_1
DpdkEalBuilder *dpdk_eal_builder_new (void);

DPDK_AVAILABLE_IN_0_1
void dpdk_eal_builder_set_memory_mode (DpdkEalBuilder *self, DpdkMemoryMode memory_mode);
DPDK_AVAILABLE_IN_0_1
void dpdk_eal_builder_set_memory (DpdkEalBuilder *self, guint megabytes);
DPDK_AVAILABLE_IN_0_1
void dpdk_eal_builder_set_numa_memory (DpdkEalBuilder *self, guint numa_node, guint megabytes);
DPDK_AVAILABLE_IN_0_1
void dpdk_eal_builder_set_numa_limit (DpdkEalBuilder *self, guint numa_node, guint megabytes);
DPDK_AVAILABLE_IN_0_1
void dpdk_eal_builder_set_file_prefix (DpdkEalBuilder *self, const char *file_prefix);
DPDK_AVAILABLE_IN_0_1
void dpdk_eal_builder_set_telemetry (DpdkEalBuilder *self, gboolean telemetry);
DPDK_AVAILABLE_IN_0_1
void dpdk_eal_builder_set_iova_mode (DpdkEalBuilder *self, DpdkIovaMode iova_mode);
DPDK_AVAILABLE_IN_0_1
void dpdk_eal_builder_add_arg (DpdkEalBuilder *self, const char *arg);
DPDK_AVAILABLE_IN_0_1
void dpdk_eal_builder_add_args (DpdkEalBuilder *self, const char *const *args);

DPDK_AVAILABLE_IN_0_1
DpdkEal *dpdk_eal_builder_build (DpdkEalBuilder *self, GError **error);

G_END_DECLS
