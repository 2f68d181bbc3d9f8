/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-config-private.h"

#include "dpdk-tcp-options-private.h"

/**
 * DpdkConfig:
 *
 * The configuration of a runtime: its cores, its devices, and arguments for the EAL.
 *
 * It is read from JSON and checked in full; an error names file, line, JSON path and value. It is
 * immutable and may be used from any thread.
 *
 * ```c
 * g_autoptr(GError) error = NULL;
 * g_autoptr(DpdkConfig) config = dpdk_config_load (&error);
 *
 * if (config == NULL)
 *   g_printerr ("%s\n", error->message);
 * else if (dpdk_config_get_is_default (config))
 *   g_print ("no configuration file, using the embedded default\n");
 * ```
 *
 * A file looks like this; only `dpdk_cores` is required:
 *
 * ```json
 * {
 *   "dpdk_cores": [2, 3],
 *   "devices": [
 *     {
 *       "pci_address": "0000:28:00.0",
 *       "mac": "02:00:00:00:00:01",
 *       "addresses": ["198.18.0.2/24", "fd00:1:2:3::2/64"],
 *       "gateway_v4": "198.18.0.1",
 *       "gateway_v6": "fe80::1",
 *       "mtu": 1500,
 *       "role": "dpdk",
 *       "original_name": "ens5",
 *       "offloads": {
 *         "rx_checksum": "auto",
 *         "tx_checksum": "auto",
 *         "tso": "auto",
 *         "multi_segments": "auto",
 *         "gro": "auto",
 *         "gso": "auto"
 *       }
 *     }
 *   ],
 *   "tcp": {
 *     "congestion_control": "cubic",
 *     "receive_buffer_size": 262144,
 *     "send_buffer_size": 262144,
 *     "rto_min": 200,
 *     "ack_delay": 10,
 *     "keepalive": false,
 *     "keepalive_idle": 7200,
 *     "keepalive_interval": 75,
 *     "keepalive_count": 9,
 *     "user_timeout": 0,
 *     "timestamps": false,
 *     "ecn": false,
 *     "max_time_wait": 1048576
 *   },
 *   "memory_budget": 1073741824,
 *   "name_servers": ["198.18.0.53", "[fd00:1:2:3::53]:53"],
 *   "eal_args": ["--log-level=lib.eal:debug"]
 * }
 * ```
 *
 * The keys of `tcp` are the properties of [class@Dpdk.TcpOptions], in their units; the values shown
 * are those that hold without them. Only `max_time_wait` is one of all connections of a worker, see
 * [property@Dpdk.Config:max-time-wait]. `congestion_control` is `cubic` or `new-reno`.
 *
 * The keys of `offloads` are the values of [flags@Dpdk.StackOffload]. With `auto`, which holds without
 * them, is used what the device can do; with `off` it is not.
 *
 * `memory_budget` is what the connections of each worker may take, in bytes; see
 * [method@Dpdk.RuntimeBuilder.set_memory_budget].
 *
 * `name_servers` are those that a [class@Dpdk.Resolver] asks unless it is given others: addresses of
 * IPv4 or IPv6, each with or without a port.
 *
 * A device has either `pci_address` or `vdev` (such as `net_tap0,iface=dpdk0`). The keys `version`,
 * `platform`, `generated_at`, `metadata` and `hugepages` are ignored; any other is an error.
 *
 * Since: 0.1
 */
G_DEFINE_FINAL_TYPE (DpdkConfig, dpdk_config, G_TYPE_OBJECT)

typedef enum {
  PROP_PATH = 1,
  PROP_IS_DEFAULT,
  PROP_DEVICES,
  PROP_EAL_ARGS,
  PROP_MAX_TIME_WAIT,
  PROP_MEMORY_BUDGET,
  PROP_NAME_SERVERS,
} DpdkConfigProperty;

static GParamSpec *properties[PROP_NAME_SERVERS + 1];

void
dpdk_config_fields_init (DpdkConfigFields *fields)
{
  fields->cores = g_array_new (FALSE, FALSE, sizeof (guint));
  fields->devices = g_ptr_array_new_with_free_func (g_object_unref);
  /* With no reserve there is no array to end with NULL */
  fields->eal_args = g_ptr_array_new_null_terminated (1, g_free, TRUE);
  fields->name_servers = g_ptr_array_new_null_terminated (1, g_free, TRUE);
  fields->tcp_options = (DpdkStackTcpOptions) DPDK_STACK_TCP_OPTIONS_INIT;
  fields->max_time_wait = DPDK_STACK_TCP_TIME_WAIT_DEFAULT;
}

void
dpdk_config_fields_clear (DpdkConfigFields *fields)
{
  g_clear_pointer (&fields->cores, g_array_unref);
  g_clear_pointer (&fields->devices, g_ptr_array_unref);
  g_clear_pointer (&fields->eal_args, g_ptr_array_unref);
  g_clear_pointer (&fields->name_servers, g_ptr_array_unref);
}

static void
dpdk_config_finalize (GObject *object)
{
  DpdkConfig *self = DPDK_CONFIG (object);

  dpdk_config_fields_clear (&self->fields);
  g_free (self->path);

  G_OBJECT_CLASS (dpdk_config_parent_class)->finalize (object);
}

static void
dpdk_config_get_property (GObject *object, guint prop_id, GValue *value, GParamSpec *pspec)
{
  DpdkConfig *self = DPDK_CONFIG (object);

  switch ((DpdkConfigProperty) prop_id)
    {
    case PROP_PATH:
      g_value_set_string (value, self->path);
      break;
    case PROP_IS_DEFAULT:
      g_value_set_boolean (value, self->is_default);
      break;
    case PROP_DEVICES:
      g_value_set_boxed (value, self->fields.devices);
      break;
    case PROP_EAL_ARGS:
      g_value_set_boxed (value, self->fields.eal_args->pdata);
      break;
    case PROP_MAX_TIME_WAIT:
      g_value_set_uint (value, self->fields.max_time_wait);
      break;
    case PROP_MEMORY_BUDGET:
      g_value_set_uint64 (value, self->fields.memory_budget);
      break;
    case PROP_NAME_SERVERS:
      g_value_set_boxed (value, self->fields.name_servers->pdata);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
dpdk_config_class_init (DpdkConfigClass *klass)
{
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->finalize = dpdk_config_finalize;
  object_class->get_property = dpdk_config_get_property;

  /**
   * DpdkConfig:path: (type filename) (getter get_path)
   *
   * The file that the configuration was read from, or %NULL.
   *
   * Since: 0.1
   */
  properties[PROP_PATH] = g_param_spec_string ("path", NULL, NULL, NULL, flags);
  /**
   * DpdkConfig:is-default: (getter get_is_default)
   *
   * Whether this is the embedded default.
   *
   * Since: 0.1
   */
  properties[PROP_IS_DEFAULT] = g_param_spec_boolean ("is-default", NULL, NULL, FALSE, flags);
  /**
   * DpdkConfig:devices: (type GLib.PtrArray(DpdkDeviceConfig)) (getter get_devices)
   *
   * The devices, in the order of the file.
   *
   * Since: 0.1
   */
  properties[PROP_DEVICES] = g_param_spec_boxed ("devices", NULL, NULL, G_TYPE_PTR_ARRAY, flags);
  /**
   * DpdkConfig:eal-args: (getter get_eal_args)
   *
   * Additional arguments for the EAL.
   *
   * Since: 0.1
   */
  properties[PROP_EAL_ARGS] = g_param_spec_boxed ("eal-args", NULL, NULL, G_TYPE_STRV, flags);
  /**
   * DpdkConfig:max-time-wait: (getter get_max_time_wait)
   *
   * How many connections each worker may have in TIME-WAIT (RFC 9293, 3.6.1), 1048576 by default. Above
   * that they end before their time, the oldest first, which
   * %DPDK_STACK_COUNTER_TCP_TIME_WAIT_ENDED counts. Each takes 128 bytes.
   *
   * Since: 0.1
   */
  properties[PROP_MAX_TIME_WAIT] =
      g_param_spec_uint ("max-time-wait", NULL, NULL, 0, DPDK_STACK_TCP_TIME_WAIT_MAX,
                         DPDK_STACK_TCP_TIME_WAIT_DEFAULT, flags);
  /**
   * DpdkConfig:memory-budget: (getter get_memory_budget)
   *
   * What the connections of each worker may take, in bytes, or 0 if the configuration does not say.
   *
   * Since: 0.1
   */
  properties[PROP_MEMORY_BUDGET] =
      g_param_spec_uint64 ("memory-budget", NULL, NULL, 0, G_MAXINT64, 0, flags);
  /**
   * DpdkConfig:name-servers: (getter get_name_servers)
   *
   * The addresses of the name servers.
   *
   * Since: 0.1
   */
  properties[PROP_NAME_SERVERS] =
      g_param_spec_boxed ("name-servers", NULL, NULL, G_TYPE_STRV, flags);

  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);
}

static void
dpdk_config_init (DpdkConfig *self)
{
  dpdk_config_fields_init (&self->fields);
}

/**
 * dpdk_config_get_path: (get-property path)
 * @self: a configuration
 *
 * Gets the file that the configuration was read from. It may be called from any thread.
 *
 * Returns: (transfer none) (nullable) (type filename): the path as it was opened, or %NULL if the
 *   configuration was read from memory or is the embedded default
 *
 * Since: 0.1
 */
const char *
dpdk_config_get_path (DpdkConfig *self)
{
  g_return_val_if_fail (DPDK_IS_CONFIG (self), NULL);

  return self->path;
}

/**
 * dpdk_config_get_cores:
 * @self: a configuration
 * @n_cores: (out) (optional): return location for the number of cores
 *
 * Gets the cores that the workers run on, in the order of the file. It may be called from any
 * thread.
 *
 * Returns: (transfer none) (array length=n_cores): numbers of cores as the kernel counts them,
 *   without duplicates
 *
 * Since: 0.1
 */
const guint *
dpdk_config_get_cores (DpdkConfig *self, gsize *n_cores)
{
  g_return_val_if_fail (DPDK_IS_CONFIG (self), NULL);

  if (n_cores != NULL)
    *n_cores = self->fields.cores->len;

  return (const guint *) self->fields.cores->data;
}

/**
 * dpdk_config_get_devices: (get-property devices)
 * @self: a configuration
 *
 * Gets the devices in the order of the file; the array must not be changed. It may be called from
 * any thread.
 *
 * Returns: (transfer none) (element-type DpdkDeviceConfig): the devices, possibly none
 *
 * Since: 0.1
 */
GPtrArray *
dpdk_config_get_devices (DpdkConfig *self)
{
  g_return_val_if_fail (DPDK_IS_CONFIG (self), NULL);

  return self->fields.devices;
}

/**
 * dpdk_config_get_eal_args: (get-property eal-args)
 * @self: a configuration
 *
 * Gets additional arguments for the EAL, in the order of the file. It may be called from any
 * thread.
 *
 * Returns: (transfer none) (array zero-terminated=1): the arguments, possibly none
 *
 * Since: 0.1
 */
const char *const *
dpdk_config_get_eal_args (DpdkConfig *self)
{
  g_return_val_if_fail (DPDK_IS_CONFIG (self), NULL);

  return (const char *const *) self->fields.eal_args->pdata;
}

/**
 * dpdk_config_get_memory_budget: (get-property memory-budget)
 * @self: a configuration
 *
 * Gets what the connections of each worker may take. It may be called from any thread.
 *
 * Returns: bytes, or 0 if the configuration does not say
 *
 * Since: 0.1
 */
guint64
dpdk_config_get_memory_budget (DpdkConfig *self)
{
  g_return_val_if_fail (DPDK_IS_CONFIG (self), 0);

  return self->fields.memory_budget;
}

/**
 * dpdk_config_get_name_servers: (get-property name-servers)
 * @self: a configuration
 *
 * Gets the addresses of the name servers, in the order of the file and as they are written there. It
 * may be called from any thread.
 *
 * Returns: (transfer none) (array zero-terminated=1): the addresses, possibly none
 *
 * Since: 0.1
 */
const char *const *
dpdk_config_get_name_servers (DpdkConfig *self)
{
  g_return_val_if_fail (DPDK_IS_CONFIG (self), NULL);

  return (const char *const *) self->fields.name_servers->pdata;
}

/**
 * dpdk_config_dup_tcp_options:
 * @self: a configuration
 *
 * Gets the options that TCP connections begin with. It may be called from any thread.
 *
 * Returns: (transfer full): new options; to change them does not change the configuration
 *
 * Since: 0.1
 */
DpdkTcpOptions *
dpdk_config_dup_tcp_options (DpdkConfig *self)
{
  g_return_val_if_fail (DPDK_IS_CONFIG (self), NULL);

  return dpdk_tcp_options_new_from_values (&self->fields.tcp_options);
}

/**
 * dpdk_config_get_max_time_wait: (get-property max-time-wait)
 * @self: a configuration
 *
 * Gets how many connections each worker may have in TIME-WAIT. It may be called from any thread.
 *
 * Returns: the number
 *
 * Since: 0.1
 */
guint
dpdk_config_get_max_time_wait (DpdkConfig *self)
{
  g_return_val_if_fail (DPDK_IS_CONFIG (self), 0);

  return self->fields.max_time_wait;
}

/**
 * dpdk_config_get_is_default: (get-property is-default)
 * @self: a configuration
 *
 * Whether this is the embedded default. It may be called from any thread.
 *
 * Returns: %TRUE if it is
 *
 * Since: 0.1
 */
gboolean
dpdk_config_get_is_default (DpdkConfig *self)
{
  g_return_val_if_fail (DPDK_IS_CONFIG (self), FALSE);

  return self->is_default;
}
