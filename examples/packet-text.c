/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "packet-text.h"

#include <gio/gio.h>

/* IEEE 802 numbers */
#define TYPE_IPV4 0x0800
#define TYPE_ARP 0x0806
#define TYPE_VLAN 0x8100
#define TYPE_IPV6 0x86dd

#define PROTOCOL_ICMP 1
#define PROTOCOL_TCP 6
#define PROTOCOL_UDP 17
#define PROTOCOL_ICMPV6 58

#define ETHERNET_SIZE 14
#define VLAN_SIZE 4
#define ARP_SIZE 28
#define IPV4_SIZE 20
#define IPV6_SIZE 40

typedef struct {
  const guint8 *bytes;
  gsize length;
} View;

static guint
get_16 (const guint8 *at)
{
  return (guint) at[0] << 8 | at[1];
}

/* FALSE if there is less */
static gboolean
skip (View *view, gsize n)
{
  if (view->length < n)
    return FALSE;
  view->bytes += n;
  view->length -= n;
  return TRUE;
}

static void
append_mac (GString *text, const guint8 *mac)
{
  g_string_append_printf (text, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3],
                          mac[4], mac[5]);
}

static void
append_address (GString *text, const guint8 *bytes, GSocketFamily family)
{
  g_autoptr (GInetAddress) address = g_inet_address_new_from_bytes (bytes, family);
  g_autofree char *name = g_inet_address_to_string (address);

  g_string_append (text, name);
}

static const char *
get_protocol_name (guint protocol)
{
  switch (protocol)
    {
    case PROTOCOL_ICMP:
      return "ICMP";
    case PROTOCOL_TCP:
      return "TCP";
    case PROTOCOL_UDP:
      return "UDP";
    case PROTOCOL_ICMPV6:
      return "ICMPv6";
    default:
      return NULL;
    }
}

static void
append_transport (GString *text, guint protocol, View view)
{
  const char *name = get_protocol_name (protocol);

  if (name != NULL)
    g_string_append_printf (text, ": %s", name);
  else
    g_string_append_printf (text, ": protocol %u", protocol);
  if ((protocol == PROTOCOL_TCP || protocol == PROTOCOL_UDP) && view.length >= 4)
    g_string_append_printf (text, " port %u > %u", get_16 (view.bytes), get_16 (view.bytes + 2));
  else if ((protocol == PROTOCOL_ICMP || protocol == PROTOCOL_ICMPV6) && view.length >= 2)
    g_string_append_printf (text, " type %u code %u", view.bytes[0], view.bytes[1]);
}

static gboolean
append_ipv4 (GString *text, View view)
{
  const guint8 *header = view.bytes;
  gsize header_size;
  gboolean is_first;

  if (view.length < IPV4_SIZE)
    return FALSE;
  header_size = (gsize) (header[0] & 0xf) * 4;
  is_first = (get_16 (header + 6) & 0x1fff) == 0;
  append_address (text, header + 12, G_SOCKET_FAMILY_IPV4);
  g_string_append (text, " > ");
  append_address (text, header + 16, G_SOCKET_FAMILY_IPV4);
  if (header_size < IPV4_SIZE || !skip (&view, header_size))
    return FALSE;
  if (is_first)
    append_transport (text, header[9], view);
  else
    g_string_append (text, ": fragment");
  return TRUE;
}

static gboolean
append_ipv6 (GString *text, View view)
{
  const guint8 *header = view.bytes;

  if (!skip (&view, IPV6_SIZE))
    return FALSE;
  append_address (text, header + 8, G_SOCKET_FAMILY_IPV6);
  g_string_append (text, " > ");
  append_address (text, header + 24, G_SOCKET_FAMILY_IPV6);
  append_transport (text, header[6], view);
  return TRUE;
}

static gboolean
append_arp (GString *text, View view)
{
  const guint8 *arp = view.bytes;

  if (view.length < ARP_SIZE)
    return FALSE;
  if (get_16 (arp + 6) == 1)
    {
      g_string_append (text, "who has ");
      append_address (text, arp + 24, G_SOCKET_FAMILY_IPV4);
      g_string_append (text, "? tell ");
      append_address (text, arp + 14, G_SOCKET_FAMILY_IPV4);
    }
  else
    {
      append_address (text, arp + 14, G_SOCKET_FAMILY_IPV4);
      g_string_append (text, " is at ");
      append_mac (text, arp + 8);
    }
  return TRUE;
}

static gboolean
append_payload (GString *text, guint type, View view)
{
  switch (type)
    {
    case TYPE_IPV4:
      g_string_append (text, ", IPv4: ");
      return append_ipv4 (text, view);
    case TYPE_IPV6:
      g_string_append (text, ", IPv6: ");
      return append_ipv6 (text, view);
    case TYPE_ARP:
      g_string_append (text, ", ARP: ");
      return append_arp (text, view);
    default:
      g_string_append_printf (text, ", type 0x%04x", type);
      return TRUE;
    }
}

char *
packet_text_describe (const guint8 *frame, gsize length, gsize packet_length)
{
  g_autoptr (GString) text = g_string_new (NULL);
  View view = { frame, length };
  guint type;

  if (!skip (&view, ETHERNET_SIZE))
    return g_strdup_printf ("%" G_GSIZE_FORMAT " bytes: truncated", packet_length);
  append_mac (text, frame + 6);
  g_string_append (text, " > ");
  append_mac (text, frame);
  g_string_append_printf (text, ", %" G_GSIZE_FORMAT " bytes", packet_length);
  type = get_16 (frame + 12);
  if (type == TYPE_VLAN && view.length >= VLAN_SIZE)
    {
      g_string_append_printf (text, ", VLAN %u", get_16 (view.bytes) & 0xfff);
      type = get_16 (view.bytes + 2);
      skip (&view, VLAN_SIZE);
    }
  if (!append_payload (text, type, view))
    g_string_append (text, " truncated");
  return g_string_free (g_steal_pointer (&text), FALSE);
}

char *
packet_text_dump (const guint8 *bytes, gsize length)
{
  g_autoptr (GString) text = g_string_new (NULL);

  for (gsize i = 0; i < length; i++)
    {
      if (i % 16 == 0)
        g_string_append_printf (text, "%s  %04" G_GSIZE_MODIFIER "x ", i > 0 ? "\n" : "", i);
      g_string_append_printf (text, " %02x", bytes[i]);
    }
  g_string_append_c (text, '\n');
  return g_string_free (g_steal_pointer (&text), FALSE);
}
