/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-runtime-private.h"

#include "dpdk-config-private.h"
#include "dpdk-device-config-private.h"
#include "dpdk-runtime-ports-private.h"

#include <string.h>

#define DEFAULT_MEMPOOL_SIZE 8192
#define DEFAULT_CACHE_SIZE 256
#define DEFAULT_QUEUE_DESCRIPTORS 128

/**
 * DpdkRuntimeBuilder:
 *
 * Puts together a [class@Dpdk.Runtime].
 *
 * Without a configuration the search of [func@Dpdk.Config.load] decides. A builder belongs to one
 * thread at a time. It can build more than once.
 *
 * ```c
 * g_autoptr (DpdkRuntimeBuilder) builder = dpdk_runtime_builder_new ();
 * g_autoptr (DpdkRuntime) runtime = NULL;
 *
 * dpdk_runtime_builder_set_worker_threads (builder, 1);
 * runtime = dpdk_runtime_builder_build (builder, &error);
 * ```
 *
 * Since: 0.1
 */
struct _DpdkRuntimeBuilder {
  GObject parent_instance;

  DpdkConfig *config;
  GPtrArray *eal_args;
  GPtrArray *ports;
  GStrv pci_addresses;
  guint worker_threads;
  guint mempool_size;
  guint cache_size;
  guint queue_descriptors;
  guint64 memory_budget;
  DpdkIdlePolicy idle_policy;
  gboolean idle_policy_is_set;
  DpdkStackOffload disabled_offloads;
};

G_DEFINE_FINAL_TYPE (DpdkRuntimeBuilder, dpdk_runtime_builder, G_TYPE_OBJECT)

static void
dpdk_runtime_builder_dispose (GObject *object)
{
  DpdkRuntimeBuilder *self = DPDK_RUNTIME_BUILDER (object);

  g_clear_object (&self->config);
  g_ptr_array_set_size (self->ports, 0);
  G_OBJECT_CLASS (dpdk_runtime_builder_parent_class)->dispose (object);
}

static void
dpdk_runtime_builder_finalize (GObject *object)
{
  DpdkRuntimeBuilder *self = DPDK_RUNTIME_BUILDER (object);

  g_ptr_array_unref (self->eal_args);
  g_ptr_array_unref (self->ports);
  g_strfreev (self->pci_addresses);
  G_OBJECT_CLASS (dpdk_runtime_builder_parent_class)->finalize (object);
}

static void
dpdk_runtime_builder_class_init (DpdkRuntimeBuilderClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = dpdk_runtime_builder_dispose;
  G_OBJECT_CLASS (klass)->finalize = dpdk_runtime_builder_finalize;
}

static void
dpdk_runtime_builder_init (DpdkRuntimeBuilder *self)
{
  self->eal_args = g_ptr_array_new_with_free_func (g_free);
  self->ports = g_ptr_array_new_with_free_func (g_object_unref);
  self->mempool_size = DEFAULT_MEMPOOL_SIZE;
  self->cache_size = DEFAULT_CACHE_SIZE;
  self->queue_descriptors = DEFAULT_QUEUE_DESCRIPTORS;
}

/**
 * dpdk_runtime_builder_new:
 *
 * Creates a builder with the default settings.
 *
 * Returns: (transfer full): the builder
 *
 * Since: 0.1
 */
DpdkRuntimeBuilder *
dpdk_runtime_builder_new (void)
{
  return g_object_new (DPDK_TYPE_RUNTIME_BUILDER, NULL);
}

/**
 * dpdk_runtime_builder_set_config:
 * @self: a builder
 * @config: (nullable): the configuration, or %NULL to search for one when building
 *
 * Sets the configuration.
 *
 * Since: 0.1
 */
void
dpdk_runtime_builder_set_config (DpdkRuntimeBuilder *self, DpdkConfig *config)
{
  g_return_if_fail (DPDK_IS_RUNTIME_BUILDER (self));
  g_return_if_fail (config == NULL || DPDK_IS_CONFIG (config));

  g_set_object (&self->config, config);
}

/**
 * dpdk_runtime_builder_set_worker_threads:
 * @self: a builder
 * @worker_threads: number of workers, at most as many as the configuration has cores; 0, the
 *   default, for one per core
 *
 * Sets the number of workers. They get the first cores of the configuration.
 *
 * Since: 0.1
 */
void
dpdk_runtime_builder_set_worker_threads (DpdkRuntimeBuilder *self, guint worker_threads)
{
  g_return_if_fail (DPDK_IS_RUNTIME_BUILDER (self));

  self->worker_threads = worker_threads;
}

/**
 * dpdk_runtime_builder_add_eal_arg:
 * @self: a builder
 * @arg: the argument
 *
 * Adds an argument for the EAL, behind those of the configuration.
 *
 * Since: 0.1
 */
void
dpdk_runtime_builder_add_eal_arg (DpdkRuntimeBuilder *self, const char *arg)
{
  g_return_if_fail (DPDK_IS_RUNTIME_BUILDER (self));
  g_return_if_fail (arg != NULL);

  g_ptr_array_add (self->eal_args, g_strdup (arg));
}

/**
 * dpdk_runtime_builder_add_eal_args:
 * @self: a builder
 * @args: (array zero-terminated=1): the arguments
 *
 * Adds arguments for the EAL, behind those of the configuration.
 *
 * Since: 0.1
 */
void
dpdk_runtime_builder_add_eal_args (DpdkRuntimeBuilder *self, const char *const *args)
{
  g_return_if_fail (DPDK_IS_RUNTIME_BUILDER (self));
  g_return_if_fail (args != NULL);

  for (; *args != NULL; args++)
    dpdk_runtime_builder_add_eal_arg (self, *args);
}

/**
 * dpdk_runtime_builder_add_port:
 * @self: a builder
 * @port: a port that is not started
 *
 * Adds a port that is open already, for example one that was made by [ctor@Dpdk.Port.adopt]. The
 * device of the configuration whose PCI address, or whose `vdev` up to the first comma, is that of
 * @port is served by @port instead of being opened. Its MAC address, MTU and queues are set by the
 * configuration as those of any other.
 *
 * Building fails with %DPDK_ERROR_NO_DEVICE if the configuration does not name the device, and with
 * %DPDK_ERROR_BUSY if @port is started. @port stays started when the runtime has ended: who wants to
 * add it to another runtime stops it first.
 *
 * Since: 0.1
 */
void
dpdk_runtime_builder_add_port (DpdkRuntimeBuilder *self, DpdkPort *port)
{
  g_return_if_fail (DPDK_IS_RUNTIME_BUILDER (self));
  g_return_if_fail (DPDK_IS_PORT (port));

  g_ptr_array_add (self->ports, g_object_ref (port));
}

/**
 * dpdk_runtime_builder_set_mempool_size:
 * @self: a builder
 * @mempool_size: number of packet buffers, 8192 by default
 *
 * Sets the number of packet buffers of each NUMA node.
 *
 * Since: 0.1
 */
void
dpdk_runtime_builder_set_mempool_size (DpdkRuntimeBuilder *self, guint mempool_size)
{
  g_return_if_fail (DPDK_IS_RUNTIME_BUILDER (self));

  self->mempool_size = mempool_size;
}

/**
 * dpdk_runtime_builder_set_cache_size:
 * @self: a builder
 * @cache_size: number of packet buffers, 256 by default
 *
 * Sets the number of packet buffers that each worker may keep for itself.
 *
 * Since: 0.1
 */
void
dpdk_runtime_builder_set_cache_size (DpdkRuntimeBuilder *self, guint cache_size)
{
  g_return_if_fail (DPDK_IS_RUNTIME_BUILDER (self));

  self->cache_size = cache_size;
}

/**
 * dpdk_runtime_builder_set_queue_descriptors:
 * @self: a builder
 * @queue_descriptors: number of packets, 128 by default
 *
 * Sets the number of packets that each queue of a port has room for.
 *
 * Since: 0.1
 */
void
dpdk_runtime_builder_set_queue_descriptors (DpdkRuntimeBuilder *self, guint queue_descriptors)
{
  g_return_if_fail (DPDK_IS_RUNTIME_BUILDER (self));

  self->queue_descriptors = queue_descriptors;
}

/**
 * dpdk_runtime_builder_set_memory_budget:
 * @self: a builder
 * @memory_budget: bytes, at least a megabyte; 0, the default, for what the configuration says
 *
 * Sets how much memory the connections of each worker may take: their state, what they are to send,
 * and what was received, with the whole buffers that it is in, until it is read and the bytes that
 * were read in place are dropped. If neither this nor the configuration says, it is an eighth of the
 * memory of the machine divided by the workers, at least 64 megabytes.
 *
 * When seven eighths are taken, data that came out of order is dropped and windows do not grow. When
 * all is taken, what connects is dropped and may try again, connecting fails with
 * %G_IO_ERROR_NO_SPACE, writing blocks while there is something to send, and who has unread data gets
 * no more; connections that there are go on. [struct@Dpdk.StackCounters] tells of it.
 *
 * Datagrams of UDP that wait to be read count, too, and those that arrive when all is taken are dropped.
 *
 * Since: 0.1
 */
void
dpdk_runtime_builder_set_memory_budget (DpdkRuntimeBuilder *self, guint64 memory_budget)
{
  g_return_if_fail (DPDK_IS_RUNTIME_BUILDER (self));

  self->memory_budget = memory_budget;
}

/**
 * dpdk_runtime_builder_set_pci_addresses:
 * @self: a builder
 * @pci_addresses: (array zero-terminated=1) (nullable): PCI addresses, or %NULL for all devices
 *
 * Uses only those devices of the configuration that have one of these PCI addresses.
 *
 * Since: 0.1
 */
void
dpdk_runtime_builder_set_pci_addresses (DpdkRuntimeBuilder *self, const char *const *pci_addresses)
{
  g_return_if_fail (DPDK_IS_RUNTIME_BUILDER (self));

  g_strfreev (self->pci_addresses);
  self->pci_addresses = g_strdupv ((char **) pci_addresses);
}

/**
 * dpdk_runtime_builder_set_idle_policy:
 * @self: a builder
 * @idle_policy: the policy
 *
 * Sets what workers do when there is nothing to do. By default it is
 * %DPDK_IDLE_POLICY_ADAPTIVE with the embedded default configuration and
 * %DPDK_IDLE_POLICY_BUSY_POLL with any other.
 *
 * Since: 0.1
 */
void
dpdk_runtime_builder_set_idle_policy (DpdkRuntimeBuilder *self, DpdkIdlePolicy idle_policy)
{
  g_return_if_fail (DPDK_IS_RUNTIME_BUILDER (self));

  self->idle_policy = idle_policy;
  self->idle_policy_is_set = TRUE;
}

/**
 * dpdk_runtime_builder_set_disabled_offloads:
 * @self: a builder
 * @disabled_offloads: the offloads, none by default
 *
 * Sets what the stack does not use on any device, whether the device can do it or not, besides what
 * the configuration says of the device. Without %DPDK_STACK_OFFLOAD_TX_CHECKSUM there is no
 * %DPDK_STACK_OFFLOAD_TSO either.
 *
 * Since: 0.1
 */
void
dpdk_runtime_builder_set_disabled_offloads (DpdkRuntimeBuilder *self,
                                            DpdkStackOffload disabled_offloads)
{
  g_return_if_fail (DPDK_IS_RUNTIME_BUILDER (self));

  self->disabled_offloads = disabled_offloads;
}

static DpdkIdlePolicy
get_idle_policy (DpdkRuntimeBuilder *self, DpdkConfig *config)
{
  if (self->idle_policy_is_set)
    return self->idle_policy;
  return dpdk_config_get_is_default (config) ? DPDK_IDLE_POLICY_ADAPTIVE
                                             : DPDK_IDLE_POLICY_BUSY_POLL;
}

static gboolean
is_wanted (DpdkRuntimeBuilder *self, DpdkDeviceConfig *device)
{
  const char *pci_address = dpdk_device_config_get_pci_address (device);

  if (dpdk_device_config_get_role (device) != DPDK_DEVICE_ROLE_DPDK)
    return FALSE;
  if (self->pci_addresses == NULL)
    return TRUE;
  for (guint i = 0; pci_address != NULL && self->pci_addresses[i] != NULL; i++)
    if (dpdk_runtime_ports_pci_address_equal (pci_address, self->pci_addresses[i]))
      return TRUE;
  return FALSE;
}

static gboolean
check_pci_addresses (DpdkRuntimeBuilder *self, GPtrArray *devices, GError **error)
{
  for (guint i = 0; self->pci_addresses != NULL && self->pci_addresses[i] != NULL; i++)
    {
      gboolean found = FALSE;

      for (guint j = 0; j < devices->len && !found; j++)
        {
          const char *have = dpdk_device_config_get_pci_address (g_ptr_array_index (devices, j));

          found =
              have != NULL && dpdk_runtime_ports_pci_address_equal (have, self->pci_addresses[i]);
        }
      if (found)
        continue;
      g_set_error (error, DPDK_ERROR, DPDK_ERROR_NO_DEVICE,
                   "DpdkRuntimeBuilder: the configuration has no device with PCI address \"%s\" "
                   "and role \"dpdk\"",
                   self->pci_addresses[i]);
      return FALSE;
    }
  return TRUE;
}

static GPtrArray *
get_devices (DpdkRuntimeBuilder *self, DpdkConfig *config, GError **error)
{
  g_autoptr (GPtrArray) wanted = g_ptr_array_new ();
  GPtrArray *all = dpdk_config_get_devices (config);

  for (guint i = 0; i < all->len; i++)
    if (is_wanted (self, g_ptr_array_index (all, i)))
      g_ptr_array_add (wanted, g_ptr_array_index (all, i));
  if (!check_pci_addresses (self, wanted, error))
    return NULL;
  return g_steal_pointer (&wanted);
}

static GPtrArray *
get_eal_args (DpdkRuntimeBuilder *self, DpdkConfig *config, GPtrArray *devices)
{
  GPtrArray *args = g_ptr_array_new_with_free_func (g_free);
  const char *const *from_config = dpdk_config_get_eal_args (config);

  for (guint i = 0; from_config != NULL && from_config[i] != NULL; i++)
    g_ptr_array_add (args, g_strdup (from_config[i]));
  for (guint i = 0; i < self->eal_args->len; i++)
    g_ptr_array_add (args, g_strdup (g_ptr_array_index (self->eal_args, i)));
  /* PCI is only looked at if a device is named */
  for (guint i = 0; i < devices->len; i++)
    {
      DpdkDeviceConfig *device = g_ptr_array_index (devices, i);
      const char *pci = dpdk_device_config_get_pci_address (device);

      if (pci != NULL && dpdk_runtime_ports_find (self->ports, device) == NULL)
        g_ptr_array_add (args, g_strdup_printf ("--allow=%s", pci));
    }
  g_ptr_array_add (args, NULL);
  return args;
}

static gboolean
start_workers (DpdkRuntimeBuilder *self, DpdkRuntimeParts *parts, guint n_workers,
               DpdkIdlePolicy idle_policy, GPtrArray *worker_ports, GError **error)
{
  const DpdkConfigFields *fields = &parts->config->fields;
  DpdkWorkerShared *shared = dpdk_worker_shared_new (
      n_workers, &fields->tcp_options, fields->max_time_wait,
      self->memory_budget != 0 ? self->memory_budget : fields->memory_budget);
  const guint *cores = dpdk_config_get_cores (parts->config, NULL);
  gboolean success = TRUE;

  /* all of them exist before the first one can forward a packet to another */
  for (guint i = 0; success && i < n_workers; i++)
    {
      DpdkWorker *worker =
          dpdk_worker_new (parts->eal, shared, i, cores[i], idle_policy, worker_ports, error);

      success = worker != NULL;
      if (success)
        g_ptr_array_add (parts->workers, worker);
    }
  for (guint i = 0; success && i < n_workers; i++)
    success = dpdk_worker_core_start (
        dpdk_worker_get_core_private (g_ptr_array_index (parts->workers, i)), error);
  dpdk_worker_shared_unref (shared);
  return success;
}

static gboolean
check (DpdkRuntimeBuilder *self, DpdkConfig *config, GError **error)
{
  gsize n_cores;

  dpdk_config_get_cores (config, &n_cores);
  if (self->worker_threads > n_cores)
    g_set_error (error, DPDK_ERROR, DPDK_ERROR_INVALID_ARGUMENT,
                 "DpdkRuntimeBuilder: %u workers: the configuration has only %" G_GSIZE_FORMAT
                 " cores (dpdk_cores)",
                 self->worker_threads, n_cores);
  else if (n_cores >= DPDK_STACK_PORT_OF_ALL)
    g_set_error (error, DPDK_ERROR, DPDK_ERROR_INVALID_ARGUMENT,
                 "DpdkRuntimeBuilder: %" G_GSIZE_FORMAT " cores: there can be %u workers at most",
                 n_cores, DPDK_STACK_PORT_OF_ALL - 1u);
  else if (self->queue_descriptors == 0 || self->queue_descriptors > G_MAXUINT16)
    g_set_error (error, DPDK_ERROR, DPDK_ERROR_INVALID_ARGUMENT,
                 "DpdkRuntimeBuilder: %u queue descriptors: must be between 1 and %u",
                 self->queue_descriptors, G_MAXUINT16);
  else if (self->memory_budget != 0 &&
           (self->memory_budget < DPDK_STACK_BUDGET_MIN || self->memory_budget > G_MAXINT64))
    g_set_error (error, DPDK_ERROR, DPDK_ERROR_INVALID_ARGUMENT,
                 "DpdkRuntimeBuilder: a memory budget of %" G_GUINT64_FORMAT
                 " bytes: must be between %d and %" G_GINT64_FORMAT,
                 self->memory_budget, DPDK_STACK_BUDGET_MIN, G_MAXINT64);
  else
    return TRUE;
  return FALSE;
}

static gboolean
build_parts (DpdkRuntimeBuilder *self, DpdkRuntimeParts *parts, GError **error)
{
  g_autoptr (GPtrArray) worker_ports = NULL;
  g_autoptr (GPtrArray) devices = NULL;
  g_autoptr (GPtrArray) args = NULL;
  DpdkRuntimePortSettings settings;
  DpdkIdlePolicy idle_policy;
  guint n_workers;
  gsize n_cores;

  parts->config = self->config != NULL ? g_object_ref (self->config) : dpdk_config_load (error);
  if (parts->config == NULL || !check (self, parts->config, error))
    return FALSE;
  devices = get_devices (self, parts->config, error);
  if (devices == NULL || !dpdk_runtime_ports_check (self->ports, devices, error))
    return FALSE;
  args = get_eal_args (self, parts->config, devices);
  parts->eal = dpdk_eal_new ((const char *const *) args->pdata, error);
  if (parts->eal == NULL)
    return FALSE;
  dpdk_config_get_cores (parts->config, &n_cores);
  n_workers = self->worker_threads > 0 ? self->worker_threads : (guint) n_cores;
  idle_policy = get_idle_policy (self, parts->config);
  settings = (DpdkRuntimePortSettings){
    .mempool_size = self->mempool_size,
    .cache_size = self->cache_size,
    .queue_descriptors = self->queue_descriptors,
    .n_workers = n_workers,
    .with_interrupts = idle_policy == DPDK_IDLE_POLICY_ADAPTIVE,
    .disabled_offloads = self->disabled_offloads,
    .added = self->ports,
  };
  worker_ports = dpdk_runtime_ports_open (parts, devices, &settings, error);
  return worker_ports != NULL &&
         start_workers (self, parts, n_workers, idle_policy, worker_ports, error);
}

/**
 * dpdk_runtime_builder_build:
 * @self: a builder
 * @error: return location for an error
 *
 * Builds a runtime: starts the EAL if it does not run yet, opens and starts the ports, and starts
 * the workers.
 *
 * May be called from any thread but that of a worker.
 *
 * Fails with the error of whatever could not be done; everything that was begun is undone then. That
 * includes the EAL, which cannot be started again in this process: who wants to try again with
 * another configuration holds a [class@Dpdk.Eal] of its own.
 *
 * Returns: (transfer full): the runtime
 *
 * Since: 0.1
 */
DpdkRuntime *
dpdk_runtime_builder_build (DpdkRuntimeBuilder *self, GError **error)
{
  DpdkRuntimeParts parts = { 0 };

  g_return_val_if_fail (DPDK_IS_RUNTIME_BUILDER (self), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  parts.mempools = g_ptr_array_new_with_free_func (g_object_unref);
  parts.ports = g_ptr_array_new_with_free_func (g_object_unref);
  parts.workers = g_ptr_array_new_with_free_func (g_object_unref);
  if (build_parts (self, &parts, error))
    return dpdk_runtime_new_take (&parts);
  dpdk_runtime_parts_clear (&parts);
  return NULL;
}
