/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-glib.h"

#include <arpa/inet.h>
#include <string.h>

/**
 * DpdkInterfaceAddress:
 *
 * An address of a network interface together with the length of its subnet's prefix.
 *
 * Unlike [class@Gio.InetAddressMask] it keeps the host part, so `198.18.0.2/24` is the host
 * 198.18.0.2 in the subnet 198.18.0.0/24. It is immutable and may be shared between threads.
 *
 * ```c
 * g_autoptr(GError) error = NULL;
 * g_autoptr(DpdkInterfaceAddress) address =
 *   dpdk_interface_address_new_from_string ("198.18.0.2/24", &error);
 *
 * if (address == NULL)
 *   g_printerr ("%s\n", error->message);
 * else
 *   g_print ("a /%u\n", dpdk_interface_address_get_prefix_length (address));
 * ```
 *
 * Since: 0.1
 */
struct _DpdkInterfaceAddress {
  GInetAddress *address;
  guint prefix_length;
};

G_DEFINE_BOXED_TYPE (DpdkInterfaceAddress, dpdk_interface_address, dpdk_interface_address_ref,
                     dpdk_interface_address_unref)

static gboolean
host_bits_are (const guint8 *bytes, guint n_bits, guint prefix_length, gboolean value)
{
  for (guint bit = prefix_length; bit < n_bits; bit++)
    {
      gboolean is_set = (bytes[bit / 8] & (0x80 >> (bit % 8))) != 0;

      if (is_set != value)
        return FALSE;
    }

  return TRUE;
}

/* Returns: why no interface can have the address, or NULL */
static const char *
find_fault (GInetAddress *address, guint prefix_length)
{
  static const guint8 limited_broadcast[4] = { 255, 255, 255, 255 };
  static const guint8 mapped_prefix[12] = { [10] = 0xff, [11] = 0xff };
  const guint8 *bytes = g_inet_address_to_bytes (address);
  gboolean is_v4 = g_inet_address_get_family (address) == G_SOCKET_FAMILY_IPV4;
  guint n_bits = (guint) g_inet_address_get_native_size (address) * 8;

  if (g_inet_address_get_is_any (address))
    return "is the unspecified address";
  if (g_inet_address_get_is_loopback (address))
    return "is a loopback address";
  if (g_inet_address_get_is_multicast (address))
    return "is a multicast address";
  if (is_v4 && memcmp (bytes, limited_broadcast, sizeof limited_broadcast) == 0)
    return "is the limited broadcast address";
  if (is_v4 && bytes[0] == 0)
    return "lies in 0.0.0.0/8, which no host can have";
  if (!is_v4 && memcmp (bytes, mapped_prefix, sizeof mapped_prefix) == 0)
    return "is an IPv4-mapped address; write it as IPv4";

  /* RFC 3021 and RFC 6164: the last two lengths have no reserved host part */
  if (prefix_length + 1 >= n_bits)
    return NULL;

  if (host_bits_are (bytes, n_bits, prefix_length, FALSE))
    return is_v4 ? "is the network address of its subnet"
                 : "is the network (subnet-router anycast) address of its subnet";
  if (is_v4 && host_bits_are (bytes, n_bits, prefix_length, TRUE))
    return "is the broadcast address of its subnet";

  return NULL;
}

/**
 * dpdk_interface_address_new:
 * @address: the address of the interface
 * @prefix_length: length of the subnet's prefix in bits: 1 to 32 for IPv4, 1 to 128 for IPv6
 * @error: return location for an error
 *
 * Creates the address of an interface.
 *
 * Refused with %DPDK_ERROR_INVALID_ARGUMENT are prefix lengths out of range and addresses that no
 * interface can have: unspecified, loopback, multicast, IPv4-mapped, and the network or broadcast
 * address of its subnet (a /31, /32, /127 or /128 has none). It may be called from any thread.
 *
 * Returns: (transfer full): a new address, or %NULL with @error set
 *
 * Since: 0.1
 */
DpdkInterfaceAddress *
dpdk_interface_address_new (GInetAddress *address, guint prefix_length, GError **error)
{
  DpdkInterfaceAddress *self;
  const char *fault;
  guint n_bits;

  g_return_val_if_fail (G_IS_INET_ADDRESS (address), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  n_bits = (guint) g_inet_address_get_native_size (address) * 8;
  if (prefix_length < 1 || prefix_length > n_bits)
    {
      g_set_error (error, DPDK_ERROR, DPDK_ERROR_INVALID_ARGUMENT,
                   "the prefix length must be between 1 and %u", n_bits);
      return NULL;
    }

  fault = find_fault (address, prefix_length);
  if (fault != NULL)
    {
      g_autofree char *text = g_inet_address_to_string (address);

      g_set_error (error, DPDK_ERROR, DPDK_ERROR_INVALID_ARGUMENT, "%s %s", text, fault);
      return NULL;
    }

  self = g_atomic_rc_box_new0 (DpdkInterfaceAddress);
  self->address = g_object_ref (address);
  self->prefix_length = prefix_length;

  return self;
}

/* inet_pton is stricter than GInetAddress: no scope, no octal, no short forms */
static GInetAddress *
parse_address (const char *string)
{
  guint8 bytes[16];

  if (inet_pton (AF_INET, string, bytes) == 1)
    return g_inet_address_new_from_bytes (bytes, G_SOCKET_FAMILY_IPV4);
  if (inet_pton (AF_INET6, string, bytes) == 1)
    return g_inet_address_new_from_bytes (bytes, G_SOCKET_FAMILY_IPV6);

  return NULL;
}

/**
 * dpdk_interface_address_new_from_string:
 * @string: an address and a prefix length in CIDR notation, such as `198.18.0.2/24`
 * @error: return location for an error
 *
 * Parses the address of an interface, IPv4 or IPv6.
 *
 * The rules and errors are those of [ctor@Dpdk.InterfaceAddress.new]. It may be called from any
 * thread.
 *
 * Returns: (transfer full): a new address, or %NULL with @error set
 *
 * Since: 0.1
 */
DpdkInterfaceAddress *
dpdk_interface_address_new_from_string (const char *string, GError **error)
{
  g_autoptr (GInetAddress) address = NULL;
  g_autofree char *host = NULL;
  const char *slash;
  guint64 prefix_length;

  g_return_val_if_fail (string != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  slash = strchr (string, '/');
  if (slash == NULL)
    {
      g_set_error_literal (error, DPDK_ERROR, DPDK_ERROR_INVALID_ARGUMENT,
                           "must be an address with a prefix length, such as 198.18.0.2/24");
      return NULL;
    }

  host = g_strndup (string, slash - string);
  address = parse_address (host);
  if (address == NULL)
    {
      g_set_error_literal (error, DPDK_ERROR, DPDK_ERROR_INVALID_ARGUMENT,
                           "the part before the slash must be an IPv4 or IPv6 address");
      return NULL;
    }

  if ((slash[1] == '0' && slash[2] != '\0') ||
      !g_ascii_string_to_unsigned (slash + 1, 10, 0, G_MAXUINT, &prefix_length, NULL))
    {
      g_set_error (error, DPDK_ERROR, DPDK_ERROR_INVALID_ARGUMENT,
                   "the prefix length must be a decimal number between 1 and %u",
                   (guint) g_inet_address_get_native_size (address) * 8);
      return NULL;
    }

  return dpdk_interface_address_new (address, (guint) prefix_length, error);
}

/**
 * dpdk_interface_address_ref:
 * @self: an interface address
 *
 * Adds a reference. It may be called from any thread.
 *
 * Returns: (transfer full): @self
 *
 * Since: 0.1
 */
DpdkInterfaceAddress *
dpdk_interface_address_ref (DpdkInterfaceAddress *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return g_atomic_rc_box_acquire (self);
}

static void
dpdk_interface_address_clear (gpointer data)
{
  DpdkInterfaceAddress *self = data;

  g_object_unref (self->address);
}

/**
 * dpdk_interface_address_unref:
 * @self: (transfer full): an interface address
 *
 * Drops a reference; the last one frees the address. It may be called from any thread.
 *
 * Since: 0.1
 */
void
dpdk_interface_address_unref (DpdkInterfaceAddress *self)
{
  g_return_if_fail (self != NULL);

  g_atomic_rc_box_release_full (self, dpdk_interface_address_clear);
}

/**
 * dpdk_interface_address_get_address:
 * @self: an interface address
 *
 * Gets the address without its prefix length. It may be called from any thread.
 *
 * Returns: (transfer none): the address, valid as long as @self
 *
 * Since: 0.1
 */
GInetAddress *
dpdk_interface_address_get_address (DpdkInterfaceAddress *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->address;
}

/**
 * dpdk_interface_address_get_prefix_length:
 * @self: an interface address
 *
 * Gets the length of the subnet's prefix. It may be called from any thread.
 *
 * Returns: the length in bits: 1 to 32 for IPv4, 1 to 128 for IPv6
 *
 * Since: 0.1
 */
guint
dpdk_interface_address_get_prefix_length (DpdkInterfaceAddress *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->prefix_length;
}

/**
 * dpdk_interface_address_contains:
 * @self: an interface address
 * @address: any address
 *
 * Whether @address lies in the subnet of @self; an address of the other family never does. It may
 * be called from any thread.
 *
 * Returns: %TRUE if it does
 *
 * Since: 0.1
 */
gboolean
dpdk_interface_address_contains (DpdkInterfaceAddress *self, GInetAddress *address)
{
  const guint8 *ours;
  const guint8 *theirs;
  guint n_bytes;
  guint n_bits;

  g_return_val_if_fail (self != NULL, FALSE);
  g_return_val_if_fail (G_IS_INET_ADDRESS (address), FALSE);

  if (g_inet_address_get_family (self->address) != g_inet_address_get_family (address))
    return FALSE;

  ours = g_inet_address_to_bytes (self->address);
  theirs = g_inet_address_to_bytes (address);
  n_bytes = self->prefix_length / 8;
  n_bits = self->prefix_length % 8;

  return memcmp (ours, theirs, n_bytes) == 0 &&
         (n_bits == 0 || (ours[n_bytes] ^ theirs[n_bytes]) >> (8 - n_bits) == 0);
}

/**
 * dpdk_interface_address_to_string:
 * @self: an interface address
 *
 * Formats the address in CIDR notation, such as `198.18.0.2/24`. It may be called from any thread.
 *
 * Returns: (transfer full): a new string
 *
 * Since: 0.1
 */
char *
dpdk_interface_address_to_string (DpdkInterfaceAddress *self)
{
  g_autofree char *address = NULL;

  g_return_val_if_fail (self != NULL, NULL);

  address = g_inet_address_to_string (self->address);

  return g_strdup_printf ("%s/%u", address, self->prefix_length);
}
