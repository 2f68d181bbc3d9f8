/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-config-parser.h"
#include "dpdk-config-private.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ENVIRONMENT_VARIABLE "DPDK_ENV_CONFIG"
#define MAX_FILE_SIZE (16 * 1024 * 1024)

static const char *const search_paths[] = { "./config/dpdk-env.json", "/etc/dpdk/env.json" };

/*
 * 198.18.0.0/15 is reserved for tests of networks (RFC 2544), so it collides with nothing real; the
 * global id of the ULA and the tail of the MAC address were drawn at random, once.
 */
static const char default_text[] =
    "{\n"
    "  \"dpdk_cores\": [@CORE@],\n"
    "  \"devices\": [\n"
    "    {\n"
    "      \"vdev\": \"net_tap0,iface=dpdk0\",\n"
    "      \"mac\": \"02:c4:d3:48:bb:8f\",\n"
    "      \"addresses\": [\"198.18.0.2/24\", \"fde7:f17d:24::2/64\"],\n"
    "      \"gateway_v4\": \"198.18.0.1\",\n"
    "      \"gateway_v6\": \"fde7:f17d:24::1\",\n"
    "      \"mtu\": 1500,\n"
    "      \"role\": \"dpdk\"\n"
    "    }\n"
    "  ]\n"
    "}\n";

/**
 * dpdk_config_new_default:
 *
 * Creates the embedded default: one `net_tap` device with the kernel's interface `dpdk0`, the
 * address 198.18.0.2/24 and one in an IPv6 ULA /64, on the first core that this process may use.
 * It may be called from any thread.
 *
 * Returns: (transfer full): a new configuration
 *
 * Since: 0.1
 */
DpdkConfig *
dpdk_config_new_default (void)
{
  g_autoptr (DpdkConfig) self = g_object_new (DPDK_TYPE_CONFIG, NULL);
  g_autoptr (GArray) cores = dpdk_config_list_usable_cores ();
  g_autofree char *core = g_strdup_printf ("%u", g_array_index (cores, guint, 0));
  g_autoptr (GString) text = g_string_new (default_text);
  g_autoptr (GError) error = NULL;

  g_string_replace (text, "@CORE@", core, 1);
  /* Only a bug of ours can make this fail */
  if (!dpdk_config_parse ("<default>", text->str, text->len, &self->fields, &error))
    g_error ("%s", error->message);
  self->is_default = TRUE;

  return g_steal_pointer (&self);
}

/**
 * dpdk_config_new_from_data:
 * @data: JSON in UTF-8
 * @length: length of @data in bytes, or -1 if it ends with a NUL
 * @error: return location for an error
 *
 * Reads a configuration from memory; errors name `<data>` as the file. It may be called from any
 * thread.
 *
 * The errors are %DPDK_ERROR_CONFIG_SYNTAX, %DPDK_ERROR_CONFIG_UNKNOWN_KEY,
 * %DPDK_ERROR_CONFIG_MISSING_KEY, %DPDK_ERROR_CONFIG_INVALID_VALUE, and %DPDK_ERROR_FAILED if there
 * are more than 16 MiB.
 *
 * Returns: (transfer full): a new configuration, or %NULL with @error set
 *
 * Since: 0.1
 */
DpdkConfig *
dpdk_config_new_from_data (const char *data, gssize length, GError **error)
{
  g_autoptr (DpdkConfig) self = NULL;
  gsize size;

  g_return_val_if_fail (data != NULL, NULL);
  g_return_val_if_fail (length >= -1, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  size = length < 0 ? strlen (data) : (gsize) length;
  if (size > MAX_FILE_SIZE)
    {
      g_set_error_literal (error, DPDK_ERROR, DPDK_ERROR_FAILED, "<data>: larger than 16 MiB");
      return NULL;
    }

  self = g_object_new (DPDK_TYPE_CONFIG, NULL);
  if (!dpdk_config_parse ("<data>", data, size, &self->fields, error))
    return NULL;

  return g_steal_pointer (&self);
}

static gboolean
fail_to_read (const char *path, const char *reason, GError **error)
{
  g_autofree char *name = g_filename_display_name (path);

  g_set_error (error, DPDK_ERROR, DPDK_ERROR_FAILED, "%s: %s", name, reason);

  return FALSE;
}

static gboolean
read_descriptor (int fd, const char *path, GByteArray *text, GError **error)
{
  guint8 buffer[16384];
  struct stat status;
  gssize n_read;

  if (fstat (fd, &status) != 0)
    return fail_to_read (path, g_strerror (errno), error);
  /* A pipe or device might never end */
  if (!S_ISREG (status.st_mode))
    return fail_to_read (path, "not a regular file", error);

  for (;;)
    {
      n_read = read (fd, buffer, sizeof buffer);
      if (n_read == 0)
        return TRUE;
      if (n_read < 0 && errno == EINTR)
        continue;
      if (n_read < 0)
        return fail_to_read (path, g_strerror (errno), error);
      if (text->len + (gsize) n_read > MAX_FILE_SIZE)
        return fail_to_read (path, "larger than 16 MiB", error);
      g_byte_array_append (text, buffer, (guint) n_read);
    }
}

static DpdkConfig *
read_and_close (int fd, const char *path, GError **error)
{
  g_autoptr (DpdkConfig) self = NULL;
  g_autoptr (GByteArray) text = g_byte_array_new ();
  g_autofree char *name = g_filename_display_name (path);
  gboolean is_read = read_descriptor (fd, path, text, error);

  close (fd);
  if (!is_read)
    return NULL;

  self = g_object_new (DPDK_TYPE_CONFIG, NULL);
  /* An empty array has no data */
  if (!dpdk_config_parse (name, text->data != NULL ? (const char *) text->data : "", text->len,
                          &self->fields, error))
    return NULL;
  self->path = g_strdup (path);

  return g_steal_pointer (&self);
}

/**
 * dpdk_config_new_from_file:
 * @path: (type filename): a file of JSON in UTF-8
 * @error: return location for an error
 *
 * Reads a configuration from a regular file. It may be called from any thread, and blocks.
 *
 * The errors are those of [ctor@Dpdk.Config.new_from_data], and %DPDK_ERROR_FAILED if the file
 * cannot be read.
 *
 * Returns: (transfer full): a new configuration, or %NULL with @error set
 *
 * Since: 0.1
 */
DpdkConfig *
dpdk_config_new_from_file (const char *path, GError **error)
{
  int fd;

  g_return_val_if_fail (path != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  /* Without O_NONBLOCK, a named pipe would block */
  fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd < 0)
    {
      fail_to_read (path, g_strerror (errno), error);
      return NULL;
    }

  return read_and_close (fd, path, error);
}

/* A dangling link exists: to fall back silently to something else would surprise */
static gboolean
exists (const char *path)
{
  struct stat status;

  return lstat (path, &status) == 0 || (errno != ENOENT && errno != ENOTDIR);
}

/**
 * dpdk_config_load:
 * @error: return location for an error
 *
 * Reads the configuration from the first of these that exists: the file named by the environment
 * variable `DPDK_ENV_CONFIG`, `./config/dpdk-env.json`, `/etc/dpdk/env.json`. Without any of them
 * it is the embedded default, see [ctor@Dpdk.Config.new_default].
 *
 * A file that exists but is unreadable or wrong is an error, and so is a variable that is set and
 * names no file; nothing is skipped. It may be called from any thread, and blocks. The errors are
 * those of [ctor@Dpdk.Config.new_from_file].
 *
 * Returns: (transfer full): a new configuration, or %NULL with @error set
 *
 * Since: 0.1
 */
DpdkConfig *
dpdk_config_load (GError **error)
{
  const char *path = g_getenv (ENVIRONMENT_VARIABLE);

  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (path != NULL && !exists (path))
    {
      g_autofree char *name = g_filename_display_name (path);

      g_set_error (error, DPDK_ERROR, DPDK_ERROR_FAILED,
                   ENVIRONMENT_VARIABLE "=%s: there is no such file", name);
      return NULL;
    }
  if (path != NULL)
    return dpdk_config_new_from_file (path, error);

  for (gsize i = 0; i < G_N_ELEMENTS (search_paths); i++)
    if (exists (search_paths[i]))
      return dpdk_config_new_from_file (search_paths[i], error);

  return dpdk_config_new_default ();
}
