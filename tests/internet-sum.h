/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* of which a checksum is the complement (RFC 1071), added to @value; one byte after another, unlike what
   is tested */
static inline guint16
internet_sum (const guint8 *data, gsize size, guint32 value)
{
  for (gsize i = 0; i < size; i++)
    value += i % 2 == 0 ? (guint32) data[i] << 8 : data[i];
  while (value >> 16 != 0)
    value = (value >> 16) + (value & 0xffff);
  return (guint16) value;
}

G_END_DECLS
