/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-glib.h"

#include "dpdk-eal-args-private.h"

#include <rte_config.h>
#include <string.h>

/* the names of DPDK's files are made of it, in buffers of this size together with other parts */
#define MAX_PREFIX_LENGTH 64
/* DPDK counts in bytes, and reads the option into an int */
#define MAX_MEMORY_MB (1u << 30)

/**
 * DpdkEalBuilder:
 *
 * Puts together a [class@Dpdk.Eal] whose memory, files or addresses are not the default ones.
 *
 * Settings that contradict each other are refused before DPDK sees them, because a start that fails
 * is the only one of a process. A builder belongs to one thread at a time. It can build more than
 * once: as [ctor@Dpdk.Eal.new], it returns the running EAL if that has the same settings.
 *
 * ```c
 * g_autoptr (DpdkEalBuilder) builder = dpdk_eal_builder_new ();
 * g_autoptr (DpdkEal) eal = NULL;
 *
 * dpdk_eal_builder_set_memory_mode (builder, DPDK_MEMORY_MODE_HUGEPAGES_IN_MEMORY);
 * dpdk_eal_builder_set_numa_memory (builder, 0, 512);
 * dpdk_eal_builder_set_numa_limit (builder, 0, 1024);
 * eal = dpdk_eal_builder_build (builder, &error);
 * ```
 *
 * Since: 0.1
 */
struct _DpdkEalBuilder {
  GObject parent_instance;

  DpdkMemoryMode memory_mode;
  guint memory;
  /* by NUMA node, in MiB; 0 where nothing was said */
  guint numa_memory[RTE_MAX_NUMA_NODES];
  guint numa_limit[RTE_MAX_NUMA_NODES];
  /* the first node that there cannot be, if somebody asked for it */
  guint bad_node;
  char *file_prefix;
  gboolean telemetry;
  DpdkIovaMode iova_mode;
  GPtrArray *args;
};

G_DEFINE_FINAL_TYPE (DpdkEalBuilder, dpdk_eal_builder, G_TYPE_OBJECT)

static void
dpdk_eal_builder_finalize (GObject *object)
{
  DpdkEalBuilder *self = DPDK_EAL_BUILDER (object);

  g_free (self->file_prefix);
  g_ptr_array_unref (self->args);
  G_OBJECT_CLASS (dpdk_eal_builder_parent_class)->finalize (object);
}

static void
dpdk_eal_builder_class_init (DpdkEalBuilderClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = dpdk_eal_builder_finalize;
}

static void
dpdk_eal_builder_init (DpdkEalBuilder *self)
{
  self->args = g_ptr_array_new_with_free_func (g_free);
}

/**
 * dpdk_eal_builder_new:
 *
 * Creates a builder with the default settings, which are those of [ctor@Dpdk.Eal.new].
 *
 * Returns: (transfer full): the builder
 *
 * Since: 0.1
 */
DpdkEalBuilder *
dpdk_eal_builder_new (void)
{
  return g_object_new (DPDK_TYPE_EAL_BUILDER, NULL);
}

/**
 * dpdk_eal_builder_set_memory_mode:
 * @self: a builder
 * @memory_mode: the mode
 *
 * Sets where memory comes from. The default is %DPDK_MEMORY_MODE_AUTO.
 *
 * Since: 0.1
 */
void
dpdk_eal_builder_set_memory_mode (DpdkEalBuilder *self, DpdkMemoryMode memory_mode)
{
  g_return_if_fail (DPDK_IS_EAL_BUILDER (self));

  self->memory_mode = memory_mode;
}

/**
 * dpdk_eal_builder_set_memory:
 * @self: a builder
 * @megabytes: the size in MiB; 0, the default, for what the mode does by itself
 *
 * Sets how much memory is there from the start, on all NUMA nodes together. Hugepages grow on
 * demand, ordinary memory does not: without hugepages this is all there is, and the default is 512.
 *
 * Does not go together with [method@Dpdk.EalBuilder.set_numa_memory].
 *
 * Since: 0.1
 */
void
dpdk_eal_builder_set_memory (DpdkEalBuilder *self, guint megabytes)
{
  g_return_if_fail (DPDK_IS_EAL_BUILDER (self));

  self->memory = megabytes;
}

static void
set_of_node (DpdkEalBuilder *self, guint *sizes, guint numa_node, guint megabytes)
{
  if (numa_node < RTE_MAX_NUMA_NODES)
    sizes[numa_node] = megabytes;
  else
    self->bad_node = numa_node;
}

/**
 * dpdk_eal_builder_set_numa_memory:
 * @self: a builder
 * @numa_node: the number of the NUMA node
 * @megabytes: the size in MiB; 0, the default, for none
 *
 * Sets how much hugepage memory of a NUMA node is there from the start.
 *
 * Since: 0.1
 */
void
dpdk_eal_builder_set_numa_memory (DpdkEalBuilder *self, guint numa_node, guint megabytes)
{
  g_return_if_fail (DPDK_IS_EAL_BUILDER (self));

  set_of_node (self, self->numa_memory, numa_node, megabytes);
}

/**
 * dpdk_eal_builder_set_numa_limit:
 * @self: a builder
 * @numa_node: the number of the NUMA node
 * @megabytes: the size in MiB; 0, the default, for no limit
 *
 * Sets how much hugepage memory of a NUMA node there may be at most.
 *
 * Since: 0.1
 */
void
dpdk_eal_builder_set_numa_limit (DpdkEalBuilder *self, guint numa_node, guint megabytes)
{
  g_return_if_fail (DPDK_IS_EAL_BUILDER (self));

  set_of_node (self, self->numa_limit, numa_node, megabytes);
}

/**
 * dpdk_eal_builder_set_file_prefix:
 * @self: a builder
 * @file_prefix: (nullable): the prefix, or %NULL for one of the program's name and process number
 *
 * Sets what the names of DPDK's files begin with. Processes that run at the same time need different
 * prefixes where memory is shared by files; the second of two with the same one is refused.
 *
 * Since: 0.1
 */
void
dpdk_eal_builder_set_file_prefix (DpdkEalBuilder *self, const char *file_prefix)
{
  g_return_if_fail (DPDK_IS_EAL_BUILDER (self));

  g_free (self->file_prefix);
  self->file_prefix = g_strdup (file_prefix);
}

/**
 * dpdk_eal_builder_set_telemetry:
 * @self: a builder
 * @telemetry: whether there is a telemetry socket
 *
 * Sets whether other processes can ask for statistics, for example with `dpdk-telemetry.py`. By
 * default they cannot. The socket is removed at the end of the process, but not if it is killed.
 *
 * Since: 0.1
 */
void
dpdk_eal_builder_set_telemetry (DpdkEalBuilder *self, gboolean telemetry)
{
  g_return_if_fail (DPDK_IS_EAL_BUILDER (self));

  self->telemetry = telemetry;
}

/**
 * dpdk_eal_builder_set_iova_mode:
 * @self: a builder
 * @iova_mode: the mode
 *
 * Sets what devices know memory by. The default is %DPDK_IOVA_MODE_AUTO.
 *
 * Since: 0.1
 */
void
dpdk_eal_builder_set_iova_mode (DpdkEalBuilder *self, DpdkIovaMode iova_mode)
{
  g_return_if_fail (DPDK_IS_EAL_BUILDER (self));

  self->iova_mode = iova_mode;
}

/**
 * dpdk_eal_builder_add_arg:
 * @self: a builder
 * @arg: the argument
 *
 * Adds an argument for the EAL that no other setting covers.
 *
 * Since: 0.1
 */
void
dpdk_eal_builder_add_arg (DpdkEalBuilder *self, const char *arg)
{
  g_return_if_fail (DPDK_IS_EAL_BUILDER (self));
  g_return_if_fail (arg != NULL);

  g_ptr_array_add (self->args, g_strdup (arg));
}

/**
 * dpdk_eal_builder_add_args:
 * @self: a builder
 * @args: (array zero-terminated=1): the arguments
 *
 * Adds arguments for the EAL that no other setting covers.
 *
 * Since: 0.1
 */
void
dpdk_eal_builder_add_args (DpdkEalBuilder *self, const char *const *args)
{
  g_return_if_fail (DPDK_IS_EAL_BUILDER (self));
  g_return_if_fail (args != NULL);

  for (; *args != NULL; args++)
    dpdk_eal_builder_add_arg (self, *args);
}

static gboolean refuse (GError **error, const char *format, ...) G_GNUC_PRINTF (2, 3);

static gboolean
refuse (GError **error, const char *format, ...)
{
  g_autofree char *message = NULL;
  va_list arguments;

  va_start (arguments, format);
  message = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  g_set_error (error, DPDK_ERROR, DPDK_ERROR_INVALID_ARGUMENT, "DpdkEalBuilder: %s", message);
  return FALSE;
}

static gboolean
check_prefix (DpdkEalBuilder *self, GError **error)
{
  const char *prefix = self->file_prefix;

  if (prefix == NULL)
    return TRUE;
  if (*prefix == '\0' || strlen (prefix) > MAX_PREFIX_LENGTH || strpbrk (prefix, "/%") != NULL ||
      strcmp (prefix, ".") == 0 || strcmp (prefix, "..") == 0)
    return refuse (error,
                   "file prefix \"%s\": must be the name of a file of at most %d bytes, without "
                   "\"/\" and \"%%\"",
                   prefix, MAX_PREFIX_LENGTH);
  return TRUE;
}

static gboolean
node_exists (guint node)
{
  g_autofree char *path = g_strdup_printf ("/sys/devices/system/node/node%u", node);

  /* a kernel without NUMA has one node and no such folder */
  return node == 0 || g_file_test (path, G_FILE_TEST_IS_DIR);
}

static gboolean
check_node (DpdkEalBuilder *self, guint node, GError **error)
{
  guint memory = self->numa_memory[node];
  guint limit = self->numa_limit[node];

  if (memory == 0 && limit == 0)
    return TRUE;
  if (!node_exists (node))
    return refuse (error, "this machine has no NUMA node %u", node);
  if (memory > MAX_MEMORY_MB || limit > MAX_MEMORY_MB)
    return refuse (error, "%u MiB on NUMA node %u: must be at most %u", MAX (memory, limit), node,
                   MAX_MEMORY_MB);
  if (limit != 0 && memory > limit)
    return refuse (error, "%u MiB on NUMA node %u are more than the limit of %u MiB", memory, node,
                   limit);
  if (memory != 0 && self->memory != 0)
    return refuse (error, "memory is set in all (%u MiB) and for NUMA node %u (%u MiB)",
                   self->memory, node, memory);
  if (self->memory_mode == DPDK_MEMORY_MODE_NO_HUGEPAGES)
    return refuse (error, "memory of NUMA node %u was asked for, but only hugepages have a node",
                   node);
  return TRUE;
}

static gboolean
check (DpdkEalBuilder *self, GError **error)
{
  if (self->bad_node != 0)
    return refuse (error, "NUMA node %u: DPDK knows %d", self->bad_node, RTE_MAX_NUMA_NODES);
  if (self->memory > MAX_MEMORY_MB)
    return refuse (error, "%u MiB of memory: must be at most %u", self->memory, MAX_MEMORY_MB);
  for (guint i = 0; i < RTE_MAX_NUMA_NODES; i++)
    if (!check_node (self, i, error))
      return FALSE;
  return check_prefix (self, error);
}

/* "256,0,128"; NULL if nothing was set */
static char *
format_nodes (const guint *sizes)
{
  GString *text = g_string_new (NULL);
  guint n = RTE_MAX_NUMA_NODES;

  while (n > 0 && sizes[n - 1] == 0)
    n--;
  for (guint i = 0; i < n; i++)
    g_string_append_printf (text, "%s%u", i > 0 ? "," : "", sizes[i]);
  return g_string_free (text, n == 0);
}

/* what is set here must not be said again by an argument */
static gboolean
add_option (DpdkEalBuilder *self, GPtrArray *all, const char *name, const char *value,
            GError **error)
{
  const char *const *args = (const char *const *) all->pdata;

  if (dpdk_eal_args_get (args, name) != NULL)
    return refuse (error, "the argument \"%s\" is for something that is set already", name);
  g_ptr_array_insert (all, (int) all->len - 1,
                      value != NULL ? g_strdup_printf ("%s=%s", name, value) : g_strdup (name));
  return TRUE;
}

static gboolean
add_memory_mode (DpdkEalBuilder *self, GPtrArray *all, GError **error)
{
  switch (self->memory_mode)
    {
    case DPDK_MEMORY_MODE_AUTO:
      return TRUE;
    case DPDK_MEMORY_MODE_HUGEPAGES_IN_MEMORY:
      return add_option (self, all, "--in-memory", NULL, error);
    case DPDK_MEMORY_MODE_HUGEPAGES_FILES:
      /* what DPDK does by itself, said so that it is not taken for the automatic mode */
      return dpdk_eal_args_get ((const char *const *) all->pdata, "--huge-unlink") != NULL ||
             add_option (self, all, "--huge-unlink", "existing", error);
    case DPDK_MEMORY_MODE_NO_HUGEPAGES:
      return add_option (self, all, "--no-huge", NULL, error);
    default:
      return refuse (error, "%d is no memory mode", (int) self->memory_mode);
    }
}

static gboolean
add_options (DpdkEalBuilder *self, GPtrArray *all, GError **error)
{
  g_autofree char *memory = g_strdup_printf ("%u", self->memory);
  g_autofree char *numa_memory = format_nodes (self->numa_memory);
  g_autofree char *numa_limit = format_nodes (self->numa_limit);

  if (!add_memory_mode (self, all, error))
    return FALSE;
  if (self->memory != 0)
    {
      if (dpdk_eal_args_get ((const char *const *) all->pdata, "-m") != NULL)
        return refuse (error, "the argument \"-m\" is for something that is set already");
      g_ptr_array_insert (all, (int) all->len - 1, g_strconcat ("-m", memory, NULL));
    }
  return (numa_memory == NULL || add_option (self, all, "--socket-mem", numa_memory, error)) &&
         (numa_limit == NULL || add_option (self, all, "--socket-limit", numa_limit, error)) &&
         (self->file_prefix == NULL ||
          add_option (self, all, "--file-prefix", self->file_prefix, error)) &&
         (!self->telemetry || add_option (self, all, "--telemetry", NULL, error)) &&
         (self->iova_mode == DPDK_IOVA_MODE_AUTO ||
          add_option (self, all, "--iova-mode", self->iova_mode == DPDK_IOVA_MODE_PA ? "pa" : "va",
                      error));
}

/**
 * dpdk_eal_builder_build:
 * @self: a builder
 * @error: return location for an error
 *
 * Starts DPDK in this process, or returns the running EAL if it was started with the same settings.
 *
 * May be called from any thread but that of a worker. Blocks for 0.1 to 0.4 s on the first call.
 *
 * Fails with %DPDK_ERROR_INVALID_ARGUMENT for settings that are out of range or contradict each
 * other, and otherwise as [ctor@Dpdk.Eal.new] does.
 *
 * Returns: (transfer full): the EAL
 *
 * Since: 0.1
 */
DpdkEal *
dpdk_eal_builder_build (DpdkEalBuilder *self, GError **error)
{
  g_autoptr (GPtrArray) all = NULL;

  g_return_val_if_fail (DPDK_IS_EAL_BUILDER (self), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  all = g_ptr_array_new_with_free_func (g_free);
  for (guint i = 0; i < self->args->len; i++)
    g_ptr_array_add (all, g_strdup (g_ptr_array_index (self->args, i)));
  g_ptr_array_add (all, NULL);
  if (!check (self, error) || !dpdk_eal_args_check ((const char *const *) all->pdata, error) ||
      !add_options (self, all, error))
    return NULL;
  return dpdk_eal_new ((const char *const *) all->pdata, error);
}
