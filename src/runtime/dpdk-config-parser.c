/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-config-parser.h"

#include "dpdk-config-scanner.h"
#include "dpdk-config-tcp.h"
#include "dpdk-device-config-private.h"
#include "dpdk-name-server-private.h"

#include <string.h>

typedef struct {
  DpdkConfigFields *fields;
  GArray *present_cores;
  GArray *usable_cores;
  /* What must be unique among all devices, and the path where it was seen */
  GHashTable *names;
  GHashTable *macs;
  GHashTable *addresses;
} Reading;

static gboolean
has_core (GArray *cores, guint core)
{
  for (guint i = 0; i < cores->len; i++)
    if (g_array_index (cores, guint, i) == core)
      return TRUE;

  return FALSE;
}

static char *
format_cores (GArray *cores)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < cores->len; i++)
    {
      guint first = g_array_index (cores, guint, i);

      while (i + 1 < cores->len &&
             g_array_index (cores, guint, i + 1) == g_array_index (cores, guint, i) + 1)
        i++;

      g_string_append_printf (text, "%s%u", text->len > 0 ? "," : "", first);
      if (g_array_index (cores, guint, i) != first)
        g_string_append_printf (text, "-%u", g_array_index (cores, guint, i));
    }

  return g_string_free (text, FALSE);
}

static gboolean
read_core (const DpdkConfigDocument *document, JsonNode *node, const char *path, gpointer data,
           GError **error)
{
  Reading *reading = data;
  g_autofree char *usable = NULL;
  const char *fault = NULL;
  guint core;

  if (!dpdk_config_read_uint (document, node, path, 0, G_MAXINT, &core, error))
    return FALSE;

  if (has_core (reading->fields->cores, core))
    return dpdk_config_fail (document, path, error, "the core is named twice");

  if (has_core (reading->usable_cores, core))
    {
      g_array_append_val (reading->fields->cores, core);
      return TRUE;
    }

  if (has_core (reading->present_cores, core))
    fault = "the core is not in this process' affinity mask";
  else
    fault = "this machine has no such core";
  usable = format_cores (reading->usable_cores);

  return dpdk_config_fail (document, path, error, "%s; usable cores: %s", fault, usable);
}

static gboolean
read_cores (const DpdkConfigDocument *document, JsonNode *node, const char *path, gpointer data,
            GError **error)
{
  Reading *reading = data;

  if (!dpdk_config_read_array (document, node, path, read_core, data, error))
    return FALSE;

  if (reading->fields->cores->len == 0)
    return dpdk_config_fail (document, path, error, "must name at least one core");

  return TRUE;
}

/* Takes key and path */
static gboolean
claim (const DpdkConfigDocument *document, GHashTable *claimed, char *key, char *path,
       GError **error)
{
  const char *other = g_hash_table_lookup (claimed, key);

  if (other != NULL)
    {
      dpdk_config_fail (document, path, error, "is already used by %s", other);
      g_free (key);
      g_free (path);
      return FALSE;
    }
  g_hash_table_insert (claimed, key, path);

  return TRUE;
}

static gboolean
claim_unique_parts (const DpdkConfigDocument *document, Reading *reading, DpdkDeviceConfig *device,
                    const char *path, GError **error)
{
  const char *mac = dpdk_device_config_get_mac (device);
  GPtrArray *addresses = dpdk_device_config_get_addresses (device);
  const char *name_key = dpdk_device_config_get_vdev (device) != NULL ? "vdev" : "pci_address";

  if (!claim (document, reading->names, g_strdup (dpdk_device_config_get_name (device)),
              g_strconcat (path, ".", name_key, NULL), error))
    return FALSE;

  if (mac != NULL &&
      !claim (document, reading->macs, g_strdup (mac), g_strconcat (path, ".mac", NULL), error))
    return FALSE;

  for (guint i = 0; i < addresses->len; i++)
    {
      DpdkInterfaceAddress *address = g_ptr_array_index (addresses, i);

      if (!claim (document, reading->addresses,
                  g_inet_address_to_string (dpdk_interface_address_get_address (address)),
                  g_strdup_printf ("%s.addresses[%u]", path, i), error))
        return FALSE;
    }

  return TRUE;
}

static gboolean
read_device (const DpdkConfigDocument *document, JsonNode *node, const char *path, gpointer data,
             GError **error)
{
  Reading *reading = data;
  g_autoptr (DpdkDeviceConfig) device = dpdk_device_config_parse (document, node, path, error);

  if (device == NULL || !claim_unique_parts (document, reading, device, path, error))
    return FALSE;

  g_ptr_array_add (reading->fields->devices, g_steal_pointer (&device));

  return TRUE;
}

static gboolean
read_devices (const DpdkConfigDocument *document, JsonNode *node, const char *path, gpointer data,
              GError **error)
{
  return dpdk_config_read_array (document, node, path, read_device, data, error);
}

static gboolean
read_eal_arg (const DpdkConfigDocument *document, JsonNode *node, const char *path, gpointer data,
              GError **error)
{
  Reading *reading = data;
  const char *text = dpdk_config_read_string (document, node, path, error);

  if (text == NULL)
    return FALSE;

  if (!g_regex_match_simple ("^[^\\s[:cntrl:]]([^[:cntrl:]]*[^\\s[:cntrl:]])?$", text,
                             G_REGEX_DOLLAR_ENDONLY, 0))
    return dpdk_config_fail (document, path, error,
                             "must not be empty, begin or end with a space, or hold control "
                             "characters");

  g_ptr_array_add (reading->fields->eal_args, g_strdup (text));

  return TRUE;
}

static gboolean
read_eal_args (const DpdkConfigDocument *document, JsonNode *node, const char *path, gpointer data,
               GError **error)
{
  return dpdk_config_read_array (document, node, path, read_eal_arg, data, error);
}

static gboolean
read_name_server (const DpdkConfigDocument *document, JsonNode *node, const char *path,
                  gpointer data, GError **error)
{
  GPtrArray *name_servers = ((Reading *) data)->fields->name_servers;
  const char *text = dpdk_config_read_string (document, node, path, error);
  g_autoptr (GSocketAddress) address = NULL;

  if (text == NULL)
    return FALSE;

  address = dpdk_name_server_parse (text, NULL);
  if (address == NULL)
    return dpdk_config_fail (
        document, path, error,
        "must be the address of a name server, with or without a port, such as "
        "\"192.0.2.1\" or \"[2001:db8::1]:53\"");

  g_ptr_array_add (name_servers, g_strdup (text));

  return TRUE;
}

static gboolean
read_name_servers (const DpdkConfigDocument *document, JsonNode *node, const char *path,
                   gpointer data, GError **error)
{
  return dpdk_config_read_array (document, node, path, read_name_server, data, error);
}

static gboolean
read_tcp (const DpdkConfigDocument *document, JsonNode *node, const char *path, gpointer data,
          GError **error)
{
  Reading *reading = data;

  return dpdk_config_read_tcp (document, node, path, reading->fields, error);
}

static gboolean
read_memory_budget (const DpdkConfigDocument *document, JsonNode *node, const char *path,
                    gpointer data, GError **error)
{
  Reading *reading = data;

  return dpdk_config_read_uint64 (document, node, path, DPDK_STACK_BUDGET_MIN, G_MAXINT64,
                                  &reading->fields->memory_budget, error);
}

static gboolean
read_root (const DpdkConfigDocument *document, JsonNode *root, DpdkConfigFields *fields,
           GError **error)
{
  static const DpdkConfigKey keys[] = {
    { "dpdk_cores", read_cores },
    { "devices", read_devices },
    { "eal_args", read_eal_args },
    { "memory_budget", read_memory_budget },
    { "name_servers", read_name_servers },
    { "tcp", read_tcp },
    { "version", NULL },
    { "platform", NULL },
    { "generated_at", NULL },
    { "metadata", NULL },
    { "hugepages", NULL },
  };
  g_autoptr (GArray) present_cores = dpdk_config_list_present_cores ();
  g_autoptr (GArray) usable_cores = dpdk_config_list_usable_cores ();
  g_autoptr (GHashTable) names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_autoptr (GHashTable) macs = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_autoptr (GHashTable) addresses =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  Reading reading = {
    .fields = fields,
    .present_cores = present_cores,
    .usable_cores = usable_cores,
    .names = names,
    .macs = macs,
    .addresses = addresses,
  };

  if (!dpdk_config_read_object (document, root, "$", keys, G_N_ELEMENTS (keys), &reading, error))
    return FALSE;

  if (fields->cores->len == 0)
    {
      g_autofree char *usable = format_cores (usable_cores);
      g_autofree char *reason =
          g_strdup_printf ("\"dpdk_cores\" is required; usable cores: %s", usable);

      return dpdk_config_fail_missing (document, "$", error, reason);
    }

  return TRUE;
}

gboolean
dpdk_config_parse (const char *name, const char *text, gsize length, DpdkConfigFields *fields,
                   GError **error)
{
  static const char byte_order_mark[] = "\xef\xbb\xbf";
  g_autoptr (JsonParser) parser = json_parser_new_immutable ();
  g_autoptr (GError) fault = NULL;
  DpdkConfigDocument document = { .name = name, .text = text, .length = length };

  if (length >= strlen (byte_order_mark) &&
      memcmp (text, byte_order_mark, strlen (byte_order_mark)) == 0)
    {
      document.text += strlen (byte_order_mark);
      document.length -= strlen (byte_order_mark);
    }

  if (!dpdk_config_scan (name, document.text, document.length, &document.mangled, error))
    return FALSE;

  /* What passed the scan should pass the parser too */
  if (!json_parser_load_from_data (parser, document.text, (gssize) document.length, &fault))
    {
      g_set_error (error, DPDK_ERROR, DPDK_ERROR_CONFIG_SYNTAX, "%s: %s", name, fault->message);
      return FALSE;
    }

  return read_root (&document, json_parser_get_root (parser), fields, error);
}
