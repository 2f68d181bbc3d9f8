/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <dpdk-glib.h>

G_BEGIN_DECLS

/* clang-format off */

/* @C@ stands for a core that this process may use */
#define WITH_ROOT(members) "{\"dpdk_cores\":[@C@]," members "}"
#define WITH_DEVICES(devices) WITH_ROOT ("\"devices\":[" devices "]")
#define VDEV "\"vdev\":\"net_null0\""
#define WITH_DEVICE(members) WITH_DEVICES ("{" VDEV "," members "}")
#define WITH_ADDRESS(address) WITH_DEVICE ("\"addresses\":[\"" address "\"]")
#define WITH_GATEWAY(addresses, key, gateway)                                                      \
  WITH_DEVICE ("\"addresses\":[" addresses "],\"" key "\":\"" gateway "\"")

#define V4 "\"198.18.0.2/24\",\"10.1.2.3/31\""
#define V6 "\"fd00:1::2/64\""

#define SYNTAX DPDK_ERROR_CONFIG_SYNTAX
#define UNKNOWN DPDK_ERROR_CONFIG_UNKNOWN_KEY
#define MISSING DPDK_ERROR_CONFIG_MISSING_KEY
#define INVALID DPDK_ERROR_CONFIG_INVALID_VALUE

#define BAD_MTU "must be between 68 and 9000"
#define TOO_MANY "a device can have at most 128 addresses of a family"

/* clang-format on */

#define CONFIG_MAX_SIZE (16 * 1024 * 1024)

/* of those that this process may use */
guint config_first_core (void);
/* (transfer full): @text with that core */
char *config_fill_in (const char *text);
DpdkConfig *config_parse (const char *text, GError **error);
/* (transfer full): all that is in it, but for the core */
char *config_dump (DpdkConfig *config);
/* @pattern is what follows "<data>:" */
void config_assert_message (const GError *error, const char *pattern);
void config_assert_is_default (DpdkConfig *config);

G_END_DECLS
