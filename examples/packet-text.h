/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* One line about an Ethernet frame of @packet_length bytes, of which @length are at @frame. */
char *packet_text_describe (const guint8 *frame, gsize length, gsize packet_length);

/* Lines of 16 bytes, in hexadecimal. */
char *packet_text_dump (const guint8 *bytes, gsize length);
