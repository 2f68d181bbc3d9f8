/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-dependant-private.h"

/* of one type; the count has them all */
#define MAX_NAMES 8

/**
 * DpdkDependant:
 *
 * Something that needs the [class@Dpdk.Eal], and so keeps it from ending.
 *
 * It tells what there is; it neither is nor holds the thing itself, which may be gone by now.
 *
 * ```c
 * g_autoptr (GPtrArray) dependants = dpdk_eal_dup_dependants (eal);
 *
 * for (guint i = 0; i < dependants->len; i++)
 *   {
 *     g_autofree char *text = dpdk_dependant_to_string (g_ptr_array_index (dependants, i));
 *
 *     g_print ("%s\n", text);
 *   }
 * ```
 *
 * Since: 0.1
 */
struct _DpdkDependant {
  gatomicrefcount ref_count;
  GType type;
  char *name;
  guint64 count;
};

G_DEFINE_BOXED_TYPE (DpdkDependant, dpdk_dependant, dpdk_dependant_ref, dpdk_dependant_unref)

DpdkDependant *
dpdk_dependant_new (GType type, const char *name, guint64 count)
{
  DpdkDependant *self = g_new0 (DpdkDependant, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->type = type;
  self->name = g_strdup (name);
  self->count = count;
  return self;
}

/**
 * dpdk_dependant_ref:
 * @self: a dependant
 *
 * Adds a reference. May be called from any thread.
 *
 * Returns: (transfer full): the same dependant
 *
 * Since: 0.1
 */
DpdkDependant *
dpdk_dependant_ref (DpdkDependant *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

/**
 * dpdk_dependant_unref:
 * @self: (transfer full): a dependant
 *
 * Drops a reference. May be called from any thread.
 *
 * Since: 0.1
 */
void
dpdk_dependant_unref (DpdkDependant *self)
{
  g_return_if_fail (self != NULL);

  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_free (self->name);
  g_free (self);
}

/**
 * dpdk_dependant_get_object_type:
 * @self: a dependant
 *
 * Gets the type of what needs the EAL. May be called from any thread.
 *
 * Returns: the type
 *
 * Since: 0.1
 */
GType
dpdk_dependant_get_object_type (DpdkDependant *self)
{
  g_return_val_if_fail (self != NULL, G_TYPE_INVALID);

  return self->type;
}

/**
 * dpdk_dependant_get_name:
 * @self: a dependant
 *
 * Gets the name of what needs the EAL: the device arguments of a port, the name of a pool, and so
 * on. May be called from any thread.
 *
 * Returns: (transfer none) (nullable): the name, or %NULL for references on packets, which have none
 *
 * Since: 0.1
 */
const char *
dpdk_dependant_get_name (DpdkDependant *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->name;
}

/**
 * dpdk_dependant_get_count:
 * @self: a dependant
 *
 * Gets how many there are: 1, or the number of references on packets.
 *
 * May be called from any thread.
 *
 * Returns: the number
 *
 * Since: 0.1
 */
guint64
dpdk_dependant_get_count (DpdkDependant *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->count;
}

static void
append_group (GString *text, GType type, guint64 count, const char *names)
{
  g_string_append_printf (text, "%s%" G_GUINT64_FORMAT " ", text->len > 0 ? ", " : "", count);
  if (type == DPDK_TYPE_PACKET)
    g_string_append_printf (text, "reference%s on packets", count == 1 ? "" : "s");
  else if (type == DPDK_TYPE_LCORE)
    g_string_append_printf (text, "registered thread%s", count == 1 ? "" : "s");
  else
    g_string_append (text, g_type_name (type));
  if (*names != '\0')
    g_string_append_printf (text, " (%s)", names);
}

/**
 * dpdk_dependant_to_string:
 * @self: a dependant
 *
 * Describes what needs the EAL, as `1 DpdkPort (net_ring0)` or `3 references on packets`.
 *
 * May be called from any thread.
 *
 * Returns: (transfer full): the text
 *
 * Since: 0.1
 */
char *
dpdk_dependant_to_string (DpdkDependant *self)
{
  GString *text;

  g_return_val_if_fail (self != NULL, NULL);

  text = g_string_new (NULL);
  append_group (text, self->type, self->count, self->name != NULL ? self->name : "");
  return g_string_free (text, FALSE);
}

/* grouped by type, in the order of the first of each */
char *
dpdk_dependants_to_string (GPtrArray *dependants)
{
  GString *text = g_string_new (NULL);
  g_autoptr (GHashTable) seen = g_hash_table_new (g_direct_hash, g_direct_equal);

  for (guint i = 0; i < dependants->len; i++)
    {
      GType type = ((DpdkDependant *) g_ptr_array_index (dependants, i))->type;
      g_autoptr (GString) names = g_string_new (NULL);
      guint64 count = 0;
      guint n_names = 0;

      if (!g_hash_table_add (seen, GSIZE_TO_POINTER (type)))
        continue;
      for (guint j = i; j < dependants->len; j++)
        {
          DpdkDependant *other = g_ptr_array_index (dependants, j);

          if (other->type != type)
            continue;
          count += other->count;
          if (other->name != NULL && n_names++ < MAX_NAMES)
            g_string_append_printf (names, "%s%s", names->len > 0 ? ", " : "", other->name);
        }
      if (n_names > MAX_NAMES)
        g_string_append (names, ", ...");
      append_group (text, type, count, names->str);
    }
  return g_string_free (text, FALSE);
}
