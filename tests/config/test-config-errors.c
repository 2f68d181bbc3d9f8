/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config-fixture.h"

/* clang-format off */

#define BAD_PCI "must be a PCI address such as 0000:28:00.0"
#define BAD_VDEV                                                                                   \
  "must begin with net_ or eth_ and a name of a-z, 0-9 and _, such as net_tap0,iface=dpdk0"
#define BAD_VDEV_ARGS "arguments must be separated by single commas and hold no spaces"
#define BAD_MAC "must be a MAC address such as 02:00:00:00:00:01"
#define BAD_CIDR "must be an address with a prefix length, such as 198.18.0.2/24"
#define BAD_HOST "the part before the slash must be an IPv4 or IPv6 address"
#define BAD_GATEWAY_4 "must be an IPv4 address without a prefix length"
#define BAD_GATEWAY_6 "must be an IPv6 address without a prefix length"
#define BAD_ROLE "must be \"dpdk\" or \"kernel\""
#define BAD_NAME "must be the name of an interface: 1 to 15 bytes without '/', ':' and spaces"
#define BAD_BUFFER "must be between 4096 and 1073725440"
#define BAD_ARG "must not be empty, begin or end with a space, or hold control characters"
#define NOT_INTEGER "must be an integer without fraction and exponent"

typedef struct {
  const char *name;
  const char *text;
  int code;
  /* What follows "<data>:"; '*' and '?' are wildcards */
  const char *message;
} ErrorCase;

static const ErrorCase error_cases[] = {
  /* syntax: line, column */
  { "empty", "", SYNTAX, "1:1: there is nothing in it*" },
  { "blank", " \n\t ", SYNTAX, "1:1: there is nothing in it*" },
  { "bom-only", "\xef\xbb\xbf", SYNTAX, "1:1: there is nothing in it*" },
  { "truncated", "{\"dpdk_cores\":[0", SYNTAX,
    "1:17: expected a comma or ']', but the text ends*" },
  { "unterminated", "{\n \"a", SYNTAX, "2:2: the string that begins here is not terminated" },
  { "no-colon", "{\n\"a\" 1}", SYNTAX, "2:5: expected a colon, not '1'" },
  { "no-value", "{\"a\":}", SYNTAX, "1:6: expected a value, not '}'" },
  { "no-comma", "{\"a\":1 \"b\":2}", SYNTAX, "1:8: expected a comma or '}', not '\"'" },
  { "trailing-comma", "{\"a\":1,}", SYNTAX, "1:8: expected a key in double quotes, not '}'" },
  { "trailing-comma-array", "{\"a\":[1,]}", SYNTAX, "1:9: expected a value, not ']'" },
  { "bad-key", "{a:1}", SYNTAX, "1:2: expected a key in double quotes, not 'a'" },
  { "single-quotes", "{'a':1}", SYNTAX, "1:2: expected a key in double quotes, not '''" },
  { "mismatch", "{\"a\":[1}", SYNTAX, "1:8: expected a comma or ']', not '}'" },
  { "two-roots", "{}{}", SYNTAX, "1:3: expected the end, not '{'" },
  { "garbage", "{} é", SYNTAX, "1:4: expected the end, not 'é'" },
  { "column-in-characters", "{\"éé\":x}", SYNTAX, "1:7: expected a value, not 'x'" },
  { "line-comment", "{ // c\n}", SYNTAX, "1:3: expected a key in double quotes: JSON has no*" },
  { "block-comment", "/* c */ {}", SYNTAX, "1:1: expected a value: JSON has no comments" },
  { "hash-comment", "{}\n# c", SYNTAX, "2:1: expected the end: JSON has no comments" },
  { "assignment", "var x = {}", SYNTAX, "1:1: expected a value, not 'v'" },
  { "hexadecimal", "{\"a\":0x10}", SYNTAX, "1:7: expected a comma or '}', not 'x'" },
  { "octal", "{\"a\":01}", SYNTAX, "1:7: expected a comma or '}', not '1'" },
  { "plus", "{\"a\":+1}", SYNTAX, "1:6: expected a value, not '+'" },
  { "minus", "{\"a\":-}", SYNTAX, "1:7: expected a digit, not '}'" },
  { "no-fraction", "{\"a\":1.}", SYNTAX, "1:8: expected a digit, not '}'" },
  { "no-exponent", "{\"a\":1e+}", SYNTAX, "1:9: expected a digit, not '}'" },
  { "nan", "{\"a\":NaN}", SYNTAX, "1:6: expected a value, not 'N'" },
  { "bad-literal", "{\"a\":tru}", SYNTAX, "1:6: expected a value, not 't'" },
  { "long-literal", "{\"a\":truer}", SYNTAX, "1:10: expected a comma or '}', not 'r'" },
  { "newline-in-string", "{\"a\":\"\n\"}", SYNTAX, "1:7: a control character in a string*" },
  { "bad-escape", "{\"a\":\"\\q\"}", SYNTAX, "1:8: expected an escape sequence, not 'q'" },
  { "bad-hex", "{\"a\":\"\\u00g0\"}", SYNTAX, "1:11: expected four hexadecimal digits*" },
  { "high-surrogate", "{\"a\":\"\\ud800\"}", SYNTAX, "1:7: a surrogate without its other half" },
  { "low-surrogate", "{\"a\":\"\\udc00\"}", SYNTAX, "1:7: a surrogate without its other half" },
  { "two-high", "{\"a\":\"\\ud800\\ud800\"}", SYNTAX, "1:7: a surrogate without its*" },
  { "nul-in-key", "{\"mtu\\u0000\":1}", SYNTAX, "1:6: a key must not hold a NUL character" },
  { "utf-8", "{\n \"\xff\"}", SYNTAX, "2:3: invalid UTF-8" },
  { "utf-8-truncated", "{\"a\": \"\xc3", SYNTAX, "1:8: invalid UTF-8" },
  { "utf-16", "\xff\xfe{", SYNTAX, "1:1: invalid UTF-8" },
  { "duplicate", "{\"version\":1,\n\"version\":2}", SYNTAX,
    "2:1: $.version: the key is given twice" },
  { "duplicate-escaped", "{\"mtu\":1,\"\\u006dtu\":2}", SYNTAX, "1:10: $.mtu: the key is*" },
  { "duplicate-deep", WITH_DEVICES ("{" VDEV "," VDEV "}"), SYNTAX,
    "1:*: $.devices[0].vdev: the key is given twice" },
  { "duplicate-ignored", WITH_ROOT ("\"metadata\":{\"a\":1,\"a\":1}"), SYNTAX,
    "1:*: $.metadata.a: the key is given twice" },

  /* the root */
  { "root-array", "[]", INVALID, "1: $: []: must be an object, not an array" },
  { "root-string", "\"x\"", INVALID, "1: $: \"x\": must be an object, not a string" },
  { "root-null", "\nnull", INVALID, "2: $: null: must be an object, not null" },
  { "no-cores", "\n{}", MISSING, "2: $: \"dpdk_cores\" is required; usable cores: *" },
  { "unknown", WITH_ROOT ("\"x\":[1, {}]"), UNKNOWN, "1: $.x: [1, {}]: unknown key" },
  { "unknown-empty", WITH_ROOT ("\"\":1"), UNKNOWN, "1: $[\"\"]: 1: unknown key" },
  { "unknown-odd", WITH_ROOT ("\"a b\":1"), UNKNOWN, "1: $[\"a b\"]: 1: unknown key" },
  { "unknown-control", WITH_ROOT ("\"a\\u001bb\":1"), UNKNOWN,
    "1: $[\"a\xef\xbf\xbd"
    "b\"]: 1:*" },
  { "near", "{\"dpdk_core\":[@C@]}", UNKNOWN,
    "1: $.dpdk_core: [@C@]: unknown key, did you mean \"dpdk_cores\"?" },
  { "near-devices", WITH_ROOT ("\"device\":[]"), UNKNOWN,
    "1: $.device: []: unknown key, did you mean \"devices\"?" },

  /* dpdk_cores */
  { "cores-number", "{\"dpdk_cores\":0}", INVALID,
    "1: $.dpdk_cores: 0: must be an array, not a number" },
  { "cores-object", "{\"dpdk_cores\":{}}", INVALID, "1: $.dpdk_cores: {}: must be an array, not*" },
  { "cores-empty", "{\"dpdk_cores\":[]}", INVALID,
    "1: $.dpdk_cores: []: must name at least one core" },
  { "core-twice", "{\"dpdk_cores\":[@C@,@C@]}", INVALID,
    "1: $.dpdk_cores[1]: @C@: the core is named twice" },
  { "core-missing", "{\"dpdk_cores\":[@C@,65535]}", INVALID,
    "1: $.dpdk_cores[1]: 65535: this machine has no such core; usable cores: *" },
  { "core-negative", "{\"dpdk_cores\":[-1]}", INVALID,
    "1: $.dpdk_cores[0]: -1: must be between 0 and*" },
  { "core-fraction", "{\"dpdk_cores\":[0.0]}", INVALID, "1: $.dpdk_cores[0]: 0.0: " NOT_INTEGER },
  { "core-exponent", "{\"dpdk_cores\":[0e0]}", INVALID, "1: $.dpdk_cores[0]: 0e0: " NOT_INTEGER },
  { "core-string", "{\"dpdk_cores\":[\"0\"]}", INVALID,
    "1: $.dpdk_cores[0]: \"0\": must be an integer, not a string" },
  { "core-boolean", "{\"dpdk_cores\":[true]}", INVALID,
    "1: $.dpdk_cores[0]: true: must be an integer, not a boolean" },
  { "core-null", "{\"dpdk_cores\":[null]}", INVALID,
    "1: $.dpdk_cores[0]: null: must be an integer, not null" },
  { "core-array", "{\"dpdk_cores\":[[0]]}", INVALID,
    "1: $.dpdk_cores[0]: [0]: must be an integer, not an array" },
  { "core-32-bits", "{\"dpdk_cores\":[4294967296]}", INVALID,
    "1: $.dpdk_cores[0]: 4294967296: must be between 0 and 2147483647" },
  { "core-64-bits", "{\"dpdk_cores\":[18446744073709551616]}", INVALID,
    "1: $.dpdk_cores[0]: 18446744073709551616: must be between 0 and 2147483647" },
  /* JsonParser reads this as 0 or 1 */
  { "core-wrapped", "{\"dpdk_cores\":[-18446744073709551615]}", INVALID,
    "1: $.dpdk_cores[0]: -18446744073709551615: must be between 0 and 2147483647" },
  { "core-infinite", "{\"dpdk_cores\":[1e999]}", INVALID,
    "1: $.dpdk_cores[0]: 1e999: " NOT_INTEGER },

  /* memory_budget */
  { "memory-small", WITH_ROOT ("\"memory_budget\":1048575"), INVALID,
    "1: $.memory_budget: 1048575: must be between 1048576 and 9223372036854775807" },
  { "memory-string", WITH_ROOT ("\"memory_budget\":\"1 GB\""), INVALID,
    "1: $.memory_budget: \"1 GB\": must be an integer, not a string" },

  /* name_servers */
  { "name-servers-string", WITH_ROOT ("\"name_servers\":\"192.0.2.1\""), INVALID,
    "1: $.name_servers: \"192.0.2.1\": must be an array, not a string" },
  { "name-server-number", WITH_ROOT ("\"name_servers\":[1]"), INVALID,
    "1: $.name_servers[0]: 1: must be a string, not a number" },
  { "name-server-name", WITH_ROOT ("\"name_servers\":[\"192.0.2.1\",\"dns.test\"]"), INVALID,
    "1: $.name_servers[1]: \"dns.test\": must be the address of a name server*" },
  { "name-server-port", WITH_ROOT ("\"name_servers\":[\"192.0.2.1:0\"]"), INVALID,
    "1: $.name_servers[0]: \"192.0.2.1:0\": must be the address*" },
  { "name-server-any", WITH_ROOT ("\"name_servers\":[\"::\"]"), INVALID,
    "1: $.name_servers[0]: \"::\": must be the address*" },
  { "name-server-group", WITH_ROOT ("\"name_servers\":[\"224.0.0.1\"]"), INVALID,
    "1: $.name_servers[0]: \"224.0.0.1\": must be the address*" },

  /* tcp */
  { "tcp-array", WITH_ROOT ("\"tcp\":[]"), INVALID,
    "1: $.tcp: []: must be an object, not an array" },
  { "tcp-unknown", WITH_ROOT ("\"tcp\":{\"reno\":1}"), UNKNOWN, "1: $.tcp.reno: *" },
  { "tcp-algorithm", WITH_ROOT ("\"tcp\":{\"congestion_control\":\"reno\"}"), INVALID,
    "1: $.tcp.congestion_control: \"reno\": must be \"cubic\" or \"new-reno\"" },
  { "tcp-algorithm-number", WITH_ROOT ("\"tcp\":{\"congestion_control\":0}"), INVALID,
    "1: $.tcp.congestion_control: 0: must be a string, not a number" },
  { "tcp-receive-small", WITH_ROOT ("\"tcp\":{\"receive_buffer_size\":4095}"), INVALID,
    "1: $.tcp.receive_buffer_size: 4095: " BAD_BUFFER },
  { "tcp-send-large", WITH_ROOT ("\"tcp\":{\"send_buffer_size\":1073725441}"), INVALID,
    "1: $.tcp.send_buffer_size: 1073725441: " BAD_BUFFER },
  { "tcp-rto", WITH_ROOT ("\"tcp\":{\"rto_min\":0}"), INVALID,
    "1: $.tcp.rto_min: 0: must be between 1 and 60000" },
  { "tcp-ack-delay", WITH_ROOT ("\"tcp\":{\"ack_delay\":501}"), INVALID,
    "1: $.tcp.ack_delay: 501: must be between 0 and 500" },
  { "tcp-keepalive", WITH_ROOT ("\"tcp\":{\"keepalive\":1}"), INVALID,
    "1: $.tcp.keepalive: 1: must be true or false, not a number" },
  { "tcp-keepalive-idle", WITH_ROOT ("\"tcp\":{\"keepalive_idle\":0}"), INVALID,
    "1: $.tcp.keepalive_idle: 0: must be between 1 and 32767" },
  { "tcp-keepalive-interval", WITH_ROOT ("\"tcp\":{\"keepalive_interval\":32768}"), INVALID,
    "1: $.tcp.keepalive_interval: 32768: must be between 1 and 32767" },
  { "tcp-keepalive-count", WITH_ROOT ("\"tcp\":{\"keepalive_count\":128}"), INVALID,
    "1: $.tcp.keepalive_count: 128: must be between 1 and 127" },
  { "tcp-user-timeout", WITH_ROOT ("\"tcp\":{\"user_timeout\":4294967296}"), INVALID,
    "1: $.tcp.user_timeout: 4294967296: must be between 0 and 4294967295" },
  { "tcp-timestamps", WITH_ROOT ("\"tcp\":{\"timestamps\":1}"), INVALID,
    "1: $.tcp.timestamps: 1: must be true or false, not a number" },
  { "tcp-ecn", WITH_ROOT ("\"tcp\":{\"ecn\":0}"), INVALID,
    "1: $.tcp.ecn: 0: must be true or false, not a number" },
  { "tcp-max-time-wait", WITH_ROOT ("\"tcp\":{\"max_time_wait\":16777217}"), INVALID,
    "1: $.tcp.max_time_wait: 16777217: must be between 0 and 16777216" },

  /* eal_args */
  { "args-string", WITH_ROOT ("\"eal_args\":\"-v\""), INVALID,
    "1: $.eal_args: \"-v\": must be an array, not a string" },
  { "arg-number", WITH_ROOT ("\"eal_args\":[\"-n\",4]"), INVALID,
    "1: $.eal_args[1]: 4: must be a string, not a number" },
  { "arg-empty", WITH_ROOT ("\"eal_args\":[\"\"]"), INVALID, "1: $.eal_args[0]: \"\": " BAD_ARG },
  { "arg-space", WITH_ROOT ("\"eal_args\":[\"-v \"]"), INVALID,
    "1: $.eal_args[0]: \"-v \": " BAD_ARG },
  { "arg-newline", WITH_ROOT ("\"eal_args\":[\"-v\\n\"]"), INVALID,
    "1: $.eal_args[0]: \"-v\\n\": " BAD_ARG },
  { "arg-nul", WITH_ROOT ("\"eal_args\":[\"-v\\u0000\"]"), INVALID,
    "1: $.eal_args[0]: \"-v\\u0000\": must not hold a NUL character" },

  /* devices */
  { "devices-object", WITH_ROOT ("\"devices\":{}"), INVALID,
    "1: $.devices: {}: must be an array, not an object" },
  { "device-string", WITH_DEVICES ("\"net_null0\""), INVALID,
    "1: $.devices[0]: \"net_null0\": must be an object, not a string" },
  { "device-empty", WITH_DEVICES ("{}"), MISSING,
    "1: $.devices[0]: either \"pci_address\" or \"vdev\" is required" },
  { "device-both", WITH_DEVICE ("\"pci_address\":\"28:00.0\""), INVALID,
    "1: $.devices[0]: {*}: \"pci_address\" and \"vdev\" exclude each other" },
  { "device-unknown", WITH_DEVICE ("\"speed\":1"), UNKNOWN,
    "1: $.devices[0].speed: 1: unknown key" },
  { "device-near", WITH_DEVICE ("\"mtuu\":1500"), UNKNOWN,
    "1: $.devices[0].mtuu: 1500: unknown key, did you mean \"mtu\"?" },
  { "device-near-gateway", WITH_DEVICE ("\"gateway\":\"x\""), UNKNOWN,
    "1: $.devices[0].gateway: \"x\": unknown key" },
  { "device-near-gateway4", WITH_DEVICE ("\"gateway_4\":\"x\""), UNKNOWN,
    "1: $.devices[0].gateway_4: \"x\": unknown key, did you mean \"gateway_v4\"?" },

#define PCI(value, message)                                                                        \
  WITH_DEVICES ("{\"pci_address\":" value "}"), INVALID,                                           \
      "1: $.devices[0].pci_address: " value ": " message
  { "pci-number", PCI ("28", "must be a string, not a number") },
  { "pci-empty", PCI ("\"\"", BAD_PCI) },
  { "pci-name", PCI ("\"eth0\"", BAD_PCI) },
  { "pci-function", PCI ("\"0000:28:00.8\"", BAD_PCI) },
  { "pci-slot", PCI ("\"0000:28:20.0\"", BAD_PCI) },
  { "pci-no-function", PCI ("\"0000:28:00\"", BAD_PCI) },
  { "pci-domain", PCI ("\"000:28:00.0\"", BAD_PCI) },
  { "pci-space", PCI ("\"0000:28:00.0 \"", BAD_PCI) },
  { "pci-hex", PCI ("\"0000:2g:00.0\"", BAD_PCI) },
  { "pci-nul", WITH_DEVICES ("{\"pci_address\":\"0000:28:00.0\\u0000x\"}"), INVALID,
    "1: $.devices[0].pci_address: \"0000:28:00.0\\u0000x\": must not hold a NUL character" },
  { "pci-newline", WITH_DEVICES ("{\"pci_address\":\"28:00.0\\n\"}"), INVALID,
    "1: $.devices[0].pci_address: \"28:00.0\\n\": " BAD_PCI },
  { "pci-twice", WITH_DEVICES ("{\"pci_address\":\"0000:AB:00.0\"},{\"pci_address\":\"ab:00.0\"}"),
    INVALID,
    "1: $.devices[1].pci_address: \"ab:00.0\": is already used by "
    "$.devices[0].pci_address" },

#define BAD_VDEV_CASE(value, message)                                                              \
  WITH_DEVICES ("{\"vdev\":" value "}"), INVALID, "1: $.devices[0].vdev: " value ": " message
  { "vdev-null", BAD_VDEV_CASE ("null", "must be a string, not null") },
  { "vdev-empty", BAD_VDEV_CASE ("\"\"", BAD_VDEV) },
  { "vdev-prefix", BAD_VDEV_CASE ("\"crypto_null0\"", BAD_VDEV) },
  { "vdev-no-name", BAD_VDEV_CASE ("\"net_\"", BAD_VDEV) },
  { "vdev-upper", BAD_VDEV_CASE ("\"net_Tap0\"", BAD_VDEV) },
  { "vdev-space", BAD_VDEV_CASE ("\"net_tap0 \"", BAD_VDEV) },
  { "vdev-leading-space", BAD_VDEV_CASE ("\" net_tap0\"", BAD_VDEV) },
  { "vdev-no-args", BAD_VDEV_CASE ("\"net_tap0,\"", BAD_VDEV_ARGS) },
  { "vdev-two-commas", BAD_VDEV_CASE ("\"net_tap0,a=1,,b=2\"", BAD_VDEV_ARGS) },
  { "vdev-space-in-args", BAD_VDEV_CASE ("\"net_tap0,iface=a b\"", BAD_VDEV_ARGS) },
  { "vdev-space-after-args", BAD_VDEV_CASE ("\"net_tap0,iface=a \"", BAD_VDEV_ARGS) },
  { "vdev-long",
    WITH_DEVICES ("{\"vdev\":\"net_0123456789012345678901234567890123456789012345678901"
                  "23456789\"}"),
    INVALID, "1: $.devices[0].vdev: \"net_*\": the name must be at most 63 bytes long" },
  { "vdev-twice", WITH_DEVICES ("{" VDEV "},{\"vdev\":\"net_null0,size=64\"}"), INVALID,
    "1: $.devices[1].vdev: \"net_null0,size=64\": is already used by $.devices[0].vdev" },

#define MEMBER(key, value, message)                                                                \
  WITH_DEVICE ("\"" key "\":" value), INVALID, "1: $.devices[0]." key ": " value ": " message
  { "mac-number", MEMBER ("mac", "2", "must be a string, not a number") },
  { "mac-empty", MEMBER ("mac", "\"\"", BAD_MAC) },
  { "mac-short", MEMBER ("mac", "\"02:00:00:00:01\"", BAD_MAC) },
  { "mac-long", MEMBER ("mac", "\"02:00:00:00:00:00:01\"", BAD_MAC) },
  { "mac-dashes", MEMBER ("mac", "\"02-00-00-00-00-01\"", BAD_MAC) },
  { "mac-digit", MEMBER ("mac", "\"2:00:00:00:00:01\"", BAD_MAC) },
  { "mac-space", MEMBER ("mac", "\"02:00:00:00:00:01 \"", BAD_MAC) },
  { "mac-multicast",
    MEMBER ("mac", "\"03:00:00:00:00:01\"", "must be a unicast address, with an even first byte") },
  { "mac-broadcast",
    MEMBER ("mac", "\"FF:ff:ff:ff:ff:ff\"", "must be a unicast address, with an even first byte") },
  { "mac-zero", MEMBER ("mac", "\"00:00:00:00:00:00\"", "must not be zero") },
  { "mac-twice",
    WITH_DEVICES ("{\"vdev\":\"net_a\",\"mac\":\"0a:00:00:00:00:01\"},"
                  "{\"vdev\":\"net_b\",\"mac\":\"0A:00:00:00:00:01\"}"),
    INVALID, "1: $.devices[1].mac: \"0A:00:00:00:00:01\": is already used by $.devices[0].mac" },

  { "addresses-string",
    MEMBER ("addresses", "\"198.18.0.2/24\"", "must be an array, not a string") },
  { "address-number", WITH_DEVICE ("\"addresses\":[1]"), INVALID,
    "1: $.devices[0].addresses[0]: 1: must be a string, not a number" },
#define ADDRESS(value, message)                                                                    \
  WITH_ADDRESS (value), INVALID, "1: $.devices[0].addresses[0]: \"" value "\": " message
  { "address-empty", ADDRESS ("", BAD_CIDR) },
  { "address-no-prefix", ADDRESS ("198.18.0.2", BAD_CIDR) },
  { "address-short", ADDRESS ("198.18.2/24", BAD_HOST) },
  { "address-octal", ADDRESS ("198.018.0.2/24", BAD_HOST) },
  { "address-octet", ADDRESS ("198.18.0.256/24", BAD_HOST) },
  { "address-space", ADDRESS (" 198.18.0.2/24", BAD_HOST) },
  { "address-name", ADDRESS ("localhost/24", BAD_HOST) },
  { "address-scope", ADDRESS ("fe80::2%eth0/64", BAD_HOST) },
  { "address-two-gaps", ADDRESS ("fd00::1::2/64", BAD_HOST) },
#define PREFIX_4 "the prefix length must be a decimal number between 1 and 32"
#define PREFIX_6 "the prefix length must be a decimal number between 1 and 128"
  { "prefix-empty", ADDRESS ("198.18.0.2/", PREFIX_4) },
  { "prefix-mask", ADDRESS ("198.18.0.2/255.255.255.0", PREFIX_4) },
  { "prefix-space", ADDRESS ("198.18.0.2/24 ", PREFIX_4) },
  { "prefix-sign", ADDRESS ("198.18.0.2/+24", PREFIX_4) },
  { "prefix-leading-zero", ADDRESS ("198.18.0.2/024", PREFIX_4) },
  { "prefix-huge", ADDRESS ("fd00::2/99999999999999999999", PREFIX_6) },
  { "prefix-33", ADDRESS ("198.18.0.2/33", "the prefix length must be between 1 and 32") },
  { "prefix-129", ADDRESS ("fd00::2/129", "the prefix length must be between 1 and 128") },
  { "prefix-0", ADDRESS ("198.18.0.2/0", "the prefix length must be between 1 and 32") },
  { "network", ADDRESS ("198.18.0.0/24", "198.18.0.0 is the network address of its subnet") },
  { "network-30", ADDRESS ("198.18.0.4/30", "198.18.0.4 is the network address of its subnet") },
  { "broadcast",
    ADDRESS ("198.18.0.255/24", "198.18.0.255 is the broadcast address of its subnet") },
  { "broadcast-20",
    ADDRESS ("10.0.15.255/20", "10.0.15.255 is the broadcast address of its subnet") },
  { "limited", ADDRESS ("255.255.255.255/32", "255.255.255.255 is the limited broadcast address") },
  { "multicast", ADDRESS ("224.0.0.1/32", "224.0.0.1 is a multicast address") },
  { "unspecified", ADDRESS ("0.0.0.0/32", "0.0.0.0 is the unspecified address") },
  { "this-network", ADDRESS ("0.1.2.3/8", "0.1.2.3 lies in 0.0.0.0/8, which no host can have") },
  { "loopback", ADDRESS ("127.1.2.3/8", "127.1.2.3 is a loopback address") },
  { "network-v6", ADDRESS ("fd00::/64", "fd00:: is the network (subnet-router anycast) address*") },
  { "multicast-v6", ADDRESS ("ff02::1/64", "ff02::1 is a multicast address") },
  { "unspecified-v6", ADDRESS ("::/128", ":: is the unspecified address") },
  { "loopback-v6", ADDRESS ("::1/128", "::1 is a loopback address") },
  { "mapped-v6", ADDRESS ("::ffff:198.18.0.2/128", "*IPv4-mapped address; write it as IPv4") },
  { "address-twice", WITH_DEVICE ("\"addresses\":[\"198.18.0.2/24\",\"198.18.0.2/25\"]"), INVALID,
    "1: $.devices[0].addresses[1]: \"198.18.0.2/25\": is already used by "
    "$.devices[0].addresses[0]" },
  { "address-twice-v6",
    WITH_DEVICES ("{\"vdev\":\"net_a\",\"addresses\":[\"fd00::2/64\"]},"
                  "{\"vdev\":\"net_b\",\"addresses\":[\"FD00:0::2/64\"]}"),
    INVALID,
    "1: $.devices[1].addresses[0]: \"FD00:0::2/64\": is already used by "
    "$.devices[0].addresses[0]" },

#define GATEWAY(addresses, key, gateway, message)                                                  \
  WITH_GATEWAY (addresses, key, gateway), INVALID,                                                 \
      "1: $.devices[0]." key ": \"" gateway "\": " message
  { "gateway-number", MEMBER ("gateway_v4", "1", "must be a string, not a number") },
  { "gateway-v6-null", MEMBER ("gateway_v6", "null", "must be a string, not null") },
  { "gateway-family", GATEWAY (V6, "gateway_v4", "fd00:1::1", BAD_GATEWAY_4) },
  { "gateway-v6-family", GATEWAY (V4, "gateway_v6", "198.18.0.1", BAD_GATEWAY_6) },
  { "gateway-prefix", GATEWAY (V4, "gateway_v4", "198.18.0.1/24", BAD_GATEWAY_4) },
  { "gateway-space", GATEWAY (V4, "gateway_v4", "198.18.0.1 ", BAD_GATEWAY_4) },
  { "gateway-scope", GATEWAY (V6, "gateway_v6", "fe80::1%eth0", BAD_GATEWAY_6) },
  { "gateway-outside", GATEWAY (V4, "gateway_v4", "198.18.1.1",
                                "lies outside the subnets of the device: 198.18.0.2/24, "
                                "10.1.2.3/31") },
  { "gateway-v6-outside", GATEWAY (V6, "gateway_v6", "fd00:1:0:1::1",
                                   "lies outside the subnets of the device: fd00:1::2/64") },
  { "gateway-no-address",
    GATEWAY (V6, "gateway_v4", "198.18.0.1", "the device has no IPv4 address") },
  { "gateway-v6-no-address",
    GATEWAY (V4, "gateway_v6", "fd00::1", "the device has no IPv6 address") },
  { "gateway-own", GATEWAY (V4, "gateway_v4", "10.1.2.3", "is an address of the device itself") },
  { "gateway-own-v6",
    GATEWAY ("\"fe80::2/64\"", "gateway_v6", "fe80::2", "is an address of the device itself") },
  { "gateway-network",
    GATEWAY (V4, "gateway_v4", "198.18.0.0", "198.18.0.0 is the network address*") },
  { "gateway-broadcast",
    GATEWAY (V4, "gateway_v4", "198.18.0.255", "198.18.0.255 is the broadcast*") },
  { "gateway-other-device",
    WITH_DEVICES ("{\"vdev\":\"net_a\",\"addresses\":[\"10.0.0.2/8\"]},"
                  "{\"vdev\":\"net_b\",\"gateway_v4\":\"10.0.0.1\"}"),
    INVALID, "1: $.devices[1].gateway_v4: \"10.0.0.1\": the device has no IPv4 address" },

  { "mtu-67", MEMBER ("mtu", "67", BAD_MTU) },
  { "mtu-9001", MEMBER ("mtu", "9001", BAD_MTU) },
  { "mtu-negative", MEMBER ("mtu", "-1500", BAD_MTU) },
  { "mtu-huge", MEMBER ("mtu", "99999999999999999999", BAD_MTU) },
  { "mtu-wrapped", MEMBER ("mtu", "-18446744073709550116", BAD_MTU) },
  { "mtu-fraction", MEMBER ("mtu", "1500.5", NOT_INTEGER) },
  { "mtu-string", MEMBER ("mtu", "\"1500\"", "must be an integer, not a string") },
  { "mtu-boolean", MEMBER ("mtu", "false", "must be an integer, not a boolean") },
  { "mtu-object", MEMBER ("mtu", "{}", "must be an integer, not an object") },
  { "mtu-v6", WITH_DEVICE ("\"mtu\":1279,\"addresses\":[" V6 "]"), INVALID,
    "1: $.devices[0].mtu: 1279: must be at least 1280, because the device has an IPv6 address" },

  { "role-number", MEMBER ("role", "0", "must be a string, not a number") },
  { "role-other", MEMBER ("role", "\"DPDK\"", BAD_ROLE) },
  { "role-space", MEMBER ("role", "\"dpdk \"", BAD_ROLE) },
  { "role-empty", MEMBER ("role", "\"\"", BAD_ROLE) },

  { "offloads-string", MEMBER ("offloads", "\"off\"", "must be an object, not a string") },
  { "offloads-unknown", WITH_DEVICE ("\"offloads\":{\"jumbo\":\"off\"}"), UNKNOWN,
    "1: $.devices[0].offloads.jumbo: \"off\": unknown key" },
  { "offloads-near", WITH_DEVICE ("\"offloads\":{\"rx_checksums\":\"off\"}"), UNKNOWN,
    "1: $.devices[0].offloads.rx_checksums: \"off\": unknown key, did you mean \"rx_checksum\"?" },
  { "offloads-boolean", WITH_DEVICE ("\"offloads\":{\"tso\":false}"), INVALID,
    "1: $.devices[0].offloads.tso: false: must be a string, not a boolean" },
  { "offloads-on", WITH_DEVICE ("\"offloads\":{\"gro\":\"on\"}"), INVALID,
    "1: $.devices[0].offloads.gro: \"on\": must be \"auto\" or \"off\"" },
  { "name-number", MEMBER ("original_name", "0", "must be a string, not a number") },
  { "name-empty", MEMBER ("original_name", "\"\"", BAD_NAME) },
  { "name-long", MEMBER ("original_name", "\"0123456789abcdef\"", BAD_NAME) },
  { "name-slash", MEMBER ("original_name", "\"a/b\"", BAD_NAME) },
  { "name-colon", MEMBER ("original_name", "\"eth0:1\"", BAD_NAME) },
  { "name-space", MEMBER ("original_name", "\"a b\"", BAD_NAME) },
  { "name-trailing-space", MEMBER ("original_name", "\"eth0 \"", BAD_NAME) },
  { "name-dot", MEMBER ("original_name", "\"..\"", BAD_NAME) },

  /* the line is the value's */
  { "line",
    "{\n \"dpdk_cores\": [@C@],\n \"devices\": [\n  {" VDEV ",\n   \"mtu\":\n    12\n  }\n ]\n}",
    INVALID, "6: $.devices[0].mtu: 12: " BAD_MTU },
  { "line-bom", "\xef\xbb\xbf{\n\"dpdk_cores\": 1}", INVALID,
    "2: $.dpdk_cores: 1: must be an array*" },
  { "long-value",
    WITH_ROOT ("\"devices\":\"0123456789012345678901234567890123456789012345678901234567890"
               "12345678901234567890\""),
    INVALID,
    "1: $.devices: \"012345678901234567890123456789012345678901234567890123456789012345678"
    "90…: must be an array, not a string" },
};

/* clang-format on */

static void
test_error (gconstpointer data)
{
  const ErrorCase *test = data;
  g_autoptr (GError) error = NULL;
  DpdkConfig *config = config_parse (test->text, &error);

  g_assert_null (config);
  config_assert_message (error, test->message);
  g_assert_error (error, DPDK_ERROR, test->code);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (error_cases); i++)
    {
      g_autofree char *path = g_strconcat ("/config/error/", error_cases[i].name, NULL);

      g_test_add_data_func (path, &error_cases[i], test_error);
    }
  return g_test_run ();
}
