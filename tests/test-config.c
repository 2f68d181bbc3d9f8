/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <dpdk-glib.h>

#include <fcntl.h>
#include <glib/gstdio.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

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

#define BAD_PCI "must be a PCI address such as 0000:28:00.0"
#define BAD_VDEV                                                                                   \
  "must begin with net_ or eth_ and a name of a-z, 0-9 and _, such as net_tap0,iface=dpdk0"
#define BAD_VDEV_ARGS "arguments must be separated by single commas and hold no spaces"
#define BAD_MAC "must be a MAC address such as 02:00:00:00:00:01"
#define BAD_CIDR "must be an address with a prefix length, such as 198.18.0.2/24"
#define BAD_HOST "the part before the slash must be an IPv4 or IPv6 address"
#define BAD_GATEWAY_4 "must be an IPv4 address without a prefix length"
#define BAD_GATEWAY_6 "must be an IPv6 address without a prefix length"
#define BAD_MTU "must be between 68 and 9000"
#define BAD_ROLE "must be \"dpdk\" or \"kernel\""
#define BAD_NAME "must be the name of an interface: 1 to 15 bytes without '/', ':' and spaces"
#define BAD_BUFFER "must be between 4096 and 1073725440"
#define BAD_ARG "must not be empty, begin or end with a space, or hold control characters"
#define TOO_MANY "a device can have at most 128 addresses of a family"
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

typedef struct {
  const char *name;
  const char *text;
  const char *dump;
} GoodCase;

#define NULL0 "vdev=net_null0"

static const GoodCase good_cases[] = {
  { "cores-only", "{\"dpdk_cores\":[@C@]}", "" },
  { "white-space", " \r\n\t{ \"dpdk_cores\" : [ @C@ ] , \"devices\" : [ ] } \n", "" },
  { "byte-order-mark", "\xef\xbb\xbf{\"dpdk_cores\":[@C@]}", "" },
  { "escaped-key", "{\"dpdk\\u005fcores\":[@C@]}", "" },
  { "ignored",
    WITH_ROOT ("\"version\":1.5,\"platform\":null,\"generated_at\":[\"\\u0000\","
               "\"\\ud83d\\ude00\"],"
               "\"metadata\":{\"x\":{\"y\":-123456789012345678901234567890e-3}},"
               "\"hugepages\":true"),
    "" },
  { "ignored-other-types",
    WITH_ROOT ("\"version\":\"1\",\"platform\":{},\"generated_at\":0,\"metadata\":false,"
               "\"hugepages\":{\"mtu\":\"x\"}"),
    "" },
  { "tcp-empty", WITH_ROOT ("\"tcp\":{}"), "" },
  { "tcp-bounds",
    WITH_ROOT ("\"tcp\":{\"congestion_control\":\"cubic\",\"receive_buffer_size\":4096,"
               "\"send_buffer_size\":1073725440,\"rto_min\":60000,\"ack_delay\":500,"
               "\"keepalive\":false,\"keepalive_idle\":1,\"keepalive_interval\":32767,"
               "\"keepalive_count\":127,\"user_timeout\":4294967295,\"timestamps\":false}"),
    "tcp=0,4096,1073725440,60000,500,0,1,32767,127,4294967295,0,0 " },
  { "tcp-other",
    WITH_ROOT ("\"tcp\":{\"congestion_control\":\"new-reno\",\"rto_min\":1,\"ack_delay\":0,"
               "\"keepalive\":true,\"keepalive_idle\":32767,\"keepalive_interval\":1,"
               "\"keepalive_count\":1,\"user_timeout\":1,\"timestamps\":true,\"ecn\":true}"),
    "tcp=1,262144,262144,1,0,1,32767,1,1,1,1,1 " },
  { "tcp-max-time-wait-0", WITH_ROOT ("\"tcp\":{\"max_time_wait\":0}"), "time-wait=0 " },
  { "tcp-max-time-wait-most", WITH_ROOT ("\"tcp\":{\"max_time_wait\":16777216}"),
    "time-wait=16777216 " },
  { "eal-args", WITH_ROOT ("\"eal_args\":[\"-v\",\"--log-level=lib.eal:debug\",\"a b\"]"),
    "arg=-v arg=--log-level=lib.eal:debug arg=a b " },
  { "eal-args-empty", WITH_ROOT ("\"eal_args\":[]"), "" },
  { "vdev", WITH_DEVICES ("{" VDEV "}"), NULL0 " mtu=1500 role=0 " },
  { "vdev-args", WITH_DEVICES ("{\"vdev\":\"net_tap0,iface=dpdk0,mac=fixed\"}"),
    "vdev=net_tap0,iface=dpdk0,mac=fixed mtu=1500 role=0 " },
  { "vdev-eth", WITH_DEVICES ("{\"vdev\":\"eth_ring_1\"}"), "vdev=eth_ring_1 mtu=1500 role=0 " },
  { "pci", WITH_DEVICES ("{\"pci_address\":\"0000:28:00.0\"}"),
    "pci=0000:28:00.0 mtu=1500 role=0 " },
  { "pci-case", WITH_DEVICES ("{\"pci_address\":\"ABCD:EF:1F.7\"}"),
    "pci=abcd:ef:1f.7 mtu=1500 role=0 " },
  { "pci-short", WITH_DEVICES ("{\"pci_address\":\"A8:00.0\"}"),
    "pci=0000:a8:00.0 mtu=1500 role=0 " },
  { "pci-long-domain", WITH_DEVICES ("{\"pci_address\":\"10000:e1:00.0\"}"),
    "pci=10000:e1:00.0 mtu=1500 role=0 " },
  { "mac", WITH_DEVICE ("\"mac\":\"0A:bC:00:00:00:01\""),
    NULL0 " mac=0a:bc:00:00:00:01 mtu=1500 role=0 " },
  { "addresses",
    WITH_DEVICE ("\"addresses\":[\"198.18.0.2/24\",\"FD00:0:0::2/64\",\"10.0.0.1/8\"]"),
    NULL0 " address=198.18.0.2/24 address=fd00::2/64 address=10.0.0.1/8 mtu=1500 role=0 " },
  { "short-subnets",
    WITH_DEVICE ("\"addresses\":[\"10.0.0.0/31\",\"10.0.1.1/31\",\"10.0.2.255/32\",\"10.0.3.0/32\","
                 "\"fd00::/127\",\"fd00:1::/128\",\"fd00:2::1/126\"]"),
    NULL0 " address=10.0.0.0/31 address=10.0.1.1/31 address=10.0.2.255/32 address=10.0.3.0/32 "
          "address=fd00::/127 address=fd00:1::/128 address=fd00:2::1/126 mtu=1500 role=0 " },
  { "addresses-empty", WITH_DEVICE ("\"addresses\":[]"), NULL0 " mtu=1500 role=0 " },
  { "host-bits-zero-bytes", WITH_ADDRESS ("10.0.1.0/8"),
    NULL0 " address=10.0.1.0/8 mtu=1500 role=0 " },
  { "gateways",
    WITH_DEVICE ("\"gateway_v4\":\"10.1.2.2\",\"gateway_v6\":\"fd00:1::1\","
                 "\"addresses\":[" V4 "," V6 "]"),
    NULL0 " address=198.18.0.2/24 address=10.1.2.3/31 address=fd00:1::2/64 gateway=10.1.2.2 "
          "gateway=fd00:1::1 mtu=1500 role=0 " },
  { "gateway-link-local", WITH_GATEWAY (V6, "gateway_v6", "fe80::1"),
    NULL0 " address=fd00:1::2/64 gateway=fe80::1 mtu=1500 role=0 " },
  { "gateway-link-local-only", WITH_DEVICE ("\"gateway_v6\":\"febf::1\""),
    NULL0 " gateway=febf::1 mtu=1500 role=0 " },
  { "gateway-anycast", WITH_GATEWAY (V6, "gateway_v6", "fd00:1::"),
    NULL0 " address=fd00:1::2/64 gateway=fd00:1:: mtu=1500 role=0 " },
  { "mtu-least", WITH_DEVICE ("\"mtu\":68,\"addresses\":[\"10.0.0.1/8\"]"),
    NULL0 " address=10.0.0.1/8 mtu=68 role=0 " },
  { "mtu-least-v6", WITH_DEVICE ("\"mtu\":1280,\"addresses\":[" V6 "]"),
    NULL0 " address=fd00:1::2/64 mtu=1280 role=0 " },
  { "mtu-most", WITH_DEVICE ("\"mtu\":9000"), NULL0 " mtu=9000 role=0 " },
  { "mtu-beside-huge-number",
    WITH_ROOT ("\"version\":99999999999999999999,\"devices\":[{" VDEV ",\"mtu\":1400}]"),
    NULL0 " mtu=1400 role=0 " },
  { "roles",
    WITH_DEVICES ("{\"vdev\":\"net_a\",\"role\":\"dpdk\"},"
                  "{\"vdev\":\"net_b\",\"role\":\"kernel\"}"),
    "vdev=net_a mtu=1500 role=0 vdev=net_b mtu=1500 role=1 " },
  { "original-name", WITH_DEVICE ("\"original_name\":\"0123456789abcde\""),
    NULL0 " mtu=1500 role=0 name=0123456789abcde " },
  { "escaped-value", WITH_DEVICE ("\"original_name\":\"\\u0065th0\""),
    NULL0 " mtu=1500 role=0 name=eth0 " },
};

/* clang-format on */

static guint
first_core (void)
{
  cpu_set_t set;

  g_assert_cmpint (sched_getaffinity (0, sizeof set, &set), ==, 0);
  for (guint core = 0; core < CPU_SETSIZE; core++)
    if (CPU_ISSET (core, &set))
      return core;
  g_assert_not_reached ();
}

static char *
fill_in (const char *text)
{
  g_autofree char *core = g_strdup_printf ("%u", first_core ());
  GString *filled = g_string_new (text);

  g_string_replace (filled, "@C@", core, 0);

  return g_string_free (filled, FALSE);
}

static DpdkConfig *
parse (const char *text, GError **error)
{
  g_autofree char *filled = fill_in (text);

  return dpdk_config_new_from_data (filled, -1, error);
}

static void
append_device (GString *dump, DpdkDeviceConfig *device)
{
  GPtrArray *addresses = dpdk_device_config_get_addresses (device);
  GInetAddress *gateways[] = { dpdk_device_config_get_gateway_v4 (device),
                               dpdk_device_config_get_gateway_v6 (device) };

  if (dpdk_device_config_get_pci_address (device) != NULL)
    g_string_append_printf (dump, "pci=%s ", dpdk_device_config_get_pci_address (device));
  if (dpdk_device_config_get_vdev (device) != NULL)
    g_string_append_printf (dump, "vdev=%s ", dpdk_device_config_get_vdev (device));
  if (dpdk_device_config_get_mac (device) != NULL)
    g_string_append_printf (dump, "mac=%s ", dpdk_device_config_get_mac (device));
  for (guint i = 0; i < addresses->len; i++)
    {
      g_autofree char *text = dpdk_interface_address_to_string (g_ptr_array_index (addresses, i));

      g_string_append_printf (dump, "address=%s ", text);
    }
  for (guint i = 0; i < G_N_ELEMENTS (gateways); i++)
    if (gateways[i] != NULL)
      {
        g_autofree char *text = g_inet_address_to_string (gateways[i]);

        g_string_append_printf (dump, "gateway=%s ", text);
      }
  g_string_append_printf (dump, "mtu=%u role=%d ", dpdk_device_config_get_mtu (device),
                          dpdk_device_config_get_role (device));
  if (dpdk_device_config_get_original_name (device) != NULL)
    g_string_append_printf (dump, "name=%s ", dpdk_device_config_get_original_name (device));
}

/* nothing if it is the default */
static void
append_tcp (GString *dump, DpdkConfig *config)
{
  g_autoptr (DpdkTcpOptions) options = dpdk_config_dup_tcp_options (config);
  g_autofree char *text = g_strdup_printf (
      "tcp=%d,%u,%u,%u,%u,%d,%u,%u,%u,%u,%d,%d ", dpdk_tcp_options_get_congestion_control (options),
      dpdk_tcp_options_get_receive_buffer_size (options),
      dpdk_tcp_options_get_send_buffer_size (options), dpdk_tcp_options_get_rto_min (options),
      dpdk_tcp_options_get_ack_delay (options), dpdk_tcp_options_get_keepalive (options),
      dpdk_tcp_options_get_keepalive_idle (options),
      dpdk_tcp_options_get_keepalive_interval (options),
      dpdk_tcp_options_get_keepalive_count (options), dpdk_tcp_options_get_user_timeout (options),
      dpdk_tcp_options_get_timestamps (options), dpdk_tcp_options_get_ecn (options));

  if (strcmp (text, "tcp=0,262144,262144,200,10,0,7200,75,9,0,0,0 ") != 0)
    g_string_append (dump, text);
  if (dpdk_config_get_max_time_wait (config) != 1048576)
    g_string_append_printf (dump, "time-wait=%u ", dpdk_config_get_max_time_wait (config));
}

static char *
dump_config (DpdkConfig *config)
{
  GString *dump = g_string_new (NULL);
  GPtrArray *devices = dpdk_config_get_devices (config);
  const char *const *args = dpdk_config_get_eal_args (config);
  const guint *cores;
  gsize n_cores;

  cores = dpdk_config_get_cores (config, &n_cores);
  g_assert_cmpuint (n_cores, ==, 1);
  g_assert_cmpuint (cores[0], ==, first_core ());

  for (guint i = 0; i < devices->len; i++)
    append_device (dump, g_ptr_array_index (devices, i));
  append_tcp (dump, config);
  for (guint i = 0; args[i] != NULL; i++)
    g_string_append_printf (dump, "arg=%s ", args[i]);

  return g_string_free (dump, FALSE);
}

static void
assert_message (const GError *error, const char *pattern)
{
  g_autofree char *filled = fill_in (pattern);
  g_autoptr (GString) full = g_string_new ("<data>:");

  g_string_append (full, filled);
  if (!g_pattern_match_simple (full->str, error->message))
    {
      g_test_message ("expected: %s", full->str);
      g_test_message ("found:    %s", error->message);
      g_test_fail ();
    }
}

static void
test_error (gconstpointer data)
{
  const ErrorCase *test = data;
  g_autoptr (GError) error = NULL;
  DpdkConfig *config = parse (test->text, &error);

  g_assert_null (config);
  assert_message (error, test->message);
  g_assert_error (error, DPDK_ERROR, test->code);
}

static void
test_good (gconstpointer data)
{
  const GoodCase *test = data;
  g_autoptr (GError) error = NULL;
  DpdkConfig *config = parse (test->text, &error);
  g_autofree char *dump = NULL;

  g_assert_no_error (error);
  dump = dump_config (config);
  g_assert_cmpstr (dump, ==, test->dump);
  g_assert_false (dpdk_config_get_is_default (config));
  g_assert_null (dpdk_config_get_path (config));
  g_assert_finalize_object (config);
}

static void
test_many_addresses (void)
{
  for (guint excess = 0; excess < 3; excess++)
    {
      g_autoptr (GString) text =
          g_string_new ("{\"dpdk_cores\":[@C@],\"devices\":[{" VDEV ",\"addresses\":[");
      g_autoptr (GError) error = NULL;
      DpdkConfig *config;

      for (guint i = 0; i < 128; i++)
        g_string_append_printf (text, "\"10.0.0.%u/24\",\"fd00::%x/64\",", i + 1, i + 1);
      if (excess == 1)
        g_string_append (text, "\"10.0.0.129/24\",");
      else if (excess == 2)
        g_string_append (text, "\"fd00::81/64\",");
      g_string_truncate (text, text->len - 1);
      g_string_append (text, "]}]}");

      config = parse (text->str, &error);
      if (excess == 0)
        {
          g_assert_no_error (error);
          g_assert_finalize_object (config);
        }
      else
        {
          g_assert_error (error, DPDK_ERROR, INVALID);
          assert_message (
              error, excess == 1 ? "1: $.devices[0].addresses[256]: \"10.0.0.129/24\": " TOO_MANY
                                 : "1: $.devices[0].addresses[256]: \"fd00::81/64\": " TOO_MANY);
        }
    }
}

static void
test_length (void)
{
  static const char text[] = "{\"dpdk_cores\":[]}garbage";
  static const char with_nul[] = "{\n\0}";
  g_autoptr (GError) error = NULL;
  /* On the heap without a NUL behind it, for the sanitizer */
  g_autofree char *exact = g_memdup2 (text, 17);

  g_assert_null (dpdk_config_new_from_data (exact, 17, &error));
  assert_message (error, "1: $.dpdk_cores: []: must name at least one core");
  g_clear_error (&error);

  for (gsize length = 0; length < 17; length++)
    {
      g_autofree char *prefix = length > 0 ? g_memdup2 (text, length) : g_malloc (1);

      g_assert_null (dpdk_config_new_from_data (prefix, (gssize) length, &error));
      g_assert_error (error, DPDK_ERROR, SYNTAX);
      g_clear_error (&error);
    }

  g_assert_null (dpdk_config_new_from_data (with_nul, sizeof with_nul - 1, &error));
  g_assert_error (error, DPDK_ERROR, SYNTAX);
  assert_message (error, "2:1: a NUL byte");
}

static void
test_deep (void)
{
  static const char *const openings[] = { "[", "{\"a\":", "[{\"a\":" };

  for (guint i = 0; i < G_N_ELEMENTS (openings); i++)
    {
      g_autoptr (GString) text = g_string_new ("{\"metadata\":");
      g_autoptr (GError) error = NULL;

      for (guint depth = 0; depth < 100000; depth++)
        g_string_append (text, openings[i]);
      g_assert_null (dpdk_config_new_from_data (text->str, (gssize) text->len, &error));
      g_assert_error (error, DPDK_ERROR, SYNTAX);
      assert_message (error, "1:*: nested deeper than 64 levels");
    }

  for (guint depth = 63; depth <= 64; depth++)
    {
      g_autoptr (GString) text = g_string_new ("{\"dpdk_cores\":[@C@],\"metadata\":");
      g_autoptr (GError) error = NULL;
      g_autoptr (DpdkConfig) config = NULL;

      for (guint i = 0; i < depth; i++)
        g_string_append_c (text, '[');
      /* Brackets in strings do not count */
      g_string_append (text, "\"[[[[{{{\\\"[\"");
      for (guint i = 0; i < depth; i++)
        g_string_append_c (text, ']');
      g_string_append_c (text, '}');
      config = parse (text->str, &error);
      if (depth == 63)
        g_assert_no_error (error);
      else
        g_assert_error (error, DPDK_ERROR, SYNTAX);
    }
}

#define LIMIT (16 * 1024 * 1024)

static void
test_huge (void)
{
  g_autofree char *text = fill_in ("{\"dpdk_cores\":[@C@],\"metadata\":\"");
  g_autofree char *huge = g_malloc (LIMIT + 1);
  g_autoptr (GError) error = NULL;
  DpdkConfig *config;

  memset (huge, 'x', LIMIT + 1);
  memcpy (huge, text, strlen (text));
  memcpy (huge + LIMIT - 2, "\"}", 2);
  config = dpdk_config_new_from_data (huge, LIMIT, &error);
  g_assert_no_error (error);
  g_assert_finalize_object (config);

  g_assert_null (dpdk_config_new_from_data (huge, LIMIT + 1, &error));
  g_assert_error (error, DPDK_ERROR, DPDK_ERROR_FAILED);
  g_assert_cmpstr (error->message, ==, "<data>: larger than 16 MiB");
}

/* Whatever the bytes are, there is a configuration or an error, and no critical warning */
static void
test_mutations (void)
{
  g_autofree char *text =
      fill_in (WITH_DEVICES ("{\"pci_address\":\"0000:28:00.0\",\"mac\":\"02:00:00:00:00:01\","
                             "\"addresses\":[\"198.18.0.2/24\",\"fd00::2/64\"],"
                             "\"gateway_v4\":\"198.18.0.1\","
                             "\"gateway_v6\":\"fe80::1\",\"mtu\":1500,\"role\":\"dpdk\","
                             "\"original_name\":\"\\u0065th0\"},{\"vdev\":\"net_tap0,iface=a\"}"));
  static const char interesting[] = "\0\"\\{}[]:,u0-9.e/ \n\xff\xc3\x7f";
  gsize length = strlen (text);
  guint n_rounds = g_test_thorough () ? 500000 : 20000;

  for (guint round = 0; round < n_rounds; round++)
    {
      g_autofree char *mutant = g_memdup2 (text, length);
      gsize mutant_length = length;
      g_autoptr (GError) error = NULL;
      g_autoptr (DpdkConfig) config = NULL;
      int n_changes = g_test_rand_int_range (1, 4);

      for (int i = 0; i < n_changes; i++)
        {
          gsize at = (gsize) g_test_rand_int_range (0, (gint32) length);

          if (g_test_rand_bit ())
            mutant[at] = interesting[g_test_rand_int_range (0, sizeof interesting - 1)];
          else
            mutant[at] = text[g_test_rand_int_range (0, (gint32) length)];
        }
      if (g_test_rand_int_range (0, 10) == 0)
        mutant_length = (gsize) g_test_rand_int_range (0, (gint32) length);

      config = dpdk_config_new_from_data (mutant, (gssize) mutant_length, &error);
      g_assert_true ((config == NULL) == (error != NULL));
      if (error != NULL)
        {
          g_assert_true (g_utf8_validate (error->message, -1, NULL));
          g_assert_true (g_str_has_prefix (error->message, "<data>:"));
          /* Without a line it would be an error that only JsonParser found */
          g_assert_true (g_ascii_isdigit (error->message[strlen ("<data>:")]));
          g_assert_true (error->domain == DPDK_ERROR);
          g_assert_cmpint (error->code, >=, SYNTAX);
          g_assert_cmpint (error->code, <=, INVALID);
        }
    }
}

static void
assert_is_default (DpdkConfig *config)
{
  g_autofree char *dump = dump_config (config);

  g_assert_true (dpdk_config_get_is_default (config));
  g_assert_null (dpdk_config_get_path (config));
  g_assert_cmpstr (dump, ==,
                   "vdev=net_tap0,iface=dpdk0 mac=02:c4:d3:48:bb:8f address=198.18.0.2/24 "
                   "address=fde7:f17d:24::2/64 gateway=198.18.0.1 gateway=fde7:f17d:24::1 "
                   "mtu=1500 role=0 ");
}

static void
test_default (void)
{
  DpdkConfig *config = dpdk_config_new_default ();

  assert_is_default (config);
  g_assert_finalize_object (config);
}

static void
test_properties (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) devices = NULL;
  g_autoptr (GPtrArray) addresses = NULL;
  g_autoptr (GInetAddress) gateway_v4 = NULL;
  g_autoptr (GInetAddress) gateway_v6 = NULL;
  g_autofree char *path = NULL;
  g_autofree char *pci_address = NULL;
  g_autofree char *vdev = NULL;
  g_autofree char *mac = NULL;
  g_autofree char *original_name = NULL;
  g_auto (GStrv) eal_args = NULL;
  DpdkConfig *config;
  DpdkDeviceConfig *device;
  DpdkStackOffload disabled;
  DpdkDeviceRole role;
  gboolean is_default;
  guint mtu;

  config = parse (WITH_ROOT ("\"eal_args\":[\"-v\"],\"devices\":[{\"pci_address\":\"28:00.0\","
                             "\"mac\":\"02:00:00:00:00:01\",\"addresses\":[\"10.0.0.2/8\"],"
                             "\"gateway_v4\":\"10.0.0.1\",\"gateway_v6\":\"fe80::1\",\"mtu\":1400,"
                             "\"role\":\"kernel\",\"original_name\":\"ens5\","
                             "\"offloads\":{\"tso\":\"off\",\"gro\":\"off\","
                             "\"rx_checksum\":\"auto\"}}]"),
                  &error);
  g_assert_no_error (error);

  g_object_get (config, "path", &path, "is-default", &is_default, "devices", &devices, "eal-args",
                &eal_args, NULL);
  g_assert_null (path);
  g_assert_false (is_default);
  g_assert_true (devices == dpdk_config_get_devices (config));
  g_assert_cmpstrv (eal_args, dpdk_config_get_eal_args (config));

  /* A device outlives the configuration that it came from */
  device = g_object_ref (g_ptr_array_index (devices, 0));
  g_clear_pointer (&devices, g_ptr_array_unref);
  g_assert_finalize_object (config);

  g_object_get (device, "pci-address", &pci_address, "vdev", &vdev, "mac", &mac, "addresses",
                &addresses, "gateway-v4", &gateway_v4, "gateway-v6", &gateway_v6, "mtu", &mtu,
                "role", &role, "original-name", &original_name, "disabled-offloads", &disabled,
                NULL);
  g_assert_cmphex (disabled, ==, DPDK_STACK_OFFLOAD_TSO | DPDK_STACK_OFFLOAD_GRO);
  g_assert_cmpstr (pci_address, ==, "0000:28:00.0");
  g_assert_null (vdev);
  g_assert_cmpstr (mac, ==, "02:00:00:00:00:01");
  g_assert_true (addresses == dpdk_device_config_get_addresses (device));
  g_assert_true (gateway_v4 == dpdk_device_config_get_gateway_v4 (device));
  g_assert_true (gateway_v6 == dpdk_device_config_get_gateway_v6 (device));
  g_assert_cmpuint (mtu, ==, 1400);
  g_assert_cmpint (role, ==, DPDK_DEVICE_ROLE_KERNEL);
  g_assert_cmpstr (original_name, ==, "ens5");
  g_assert_finalize_object (device);
}

static void
test_bare_objects (void)
{
  DpdkConfig *config = g_object_new (DPDK_TYPE_CONFIG, NULL);
  DpdkDeviceConfig *device = g_object_new (DPDK_TYPE_DEVICE_CONFIG, NULL);
  gsize n_cores = 1;

  dpdk_config_get_cores (config, &n_cores);
  g_assert_cmpuint (n_cores, ==, 0);
  g_assert_cmpuint (dpdk_config_get_devices (config)->len, ==, 0);
  g_assert_null (dpdk_config_get_eal_args (config)[0]);
  g_assert_cmpuint (dpdk_device_config_get_addresses (device)->len, ==, 0);
  g_assert_finalize_object (config);
  g_assert_finalize_object (device);
}

static void
test_interface_address (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GInetAddress) host = g_inet_address_new_from_string ("198.18.4.2");
  g_autoptr (DpdkInterfaceAddress) address = dpdk_interface_address_new (host, 22, &error);
  g_autoptr (DpdkInterfaceAddress) copy = NULL;
  g_autofree char *text = NULL;
  static const struct {
    const char *subnet;
    const char *address;
    gboolean is_inside;
  } cases[] = {
    { "198.18.4.2/22", "198.18.7.255", TRUE },  { "198.18.4.2/22", "198.18.8.0", FALSE },
    { "198.18.4.2/22", "198.18.3.255", FALSE }, { "10.0.0.1/32", "10.0.0.1", TRUE },
    { "10.0.0.1/32", "10.0.0.0", FALSE },       { "129.0.0.1/1", "255.0.0.1", TRUE },
    { "129.0.0.1/1", "127.0.0.1", FALSE },      { "fd00::1/64", "fd00::ffff:0:0:1", TRUE },
    { "fd00::1/64", "fd00:0:0:1::1", FALSE },   { "fd00::1/128", "fd00::1", TRUE },
    { "fd00::1/127", "fd00::2", FALSE },        { "fd00::1/64", "10.0.0.1", FALSE },
  };

  g_assert_no_error (error);
  copy = g_boxed_copy (DPDK_TYPE_INTERFACE_ADDRESS, address);
  g_assert_true (copy == address);
  g_assert_true (dpdk_interface_address_get_address (address) == host);
  g_assert_cmpuint (dpdk_interface_address_get_prefix_length (address), ==, 22);
  text = dpdk_interface_address_to_string (address);
  g_assert_cmpstr (text, ==, "198.18.4.2/22");

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (DpdkInterfaceAddress) subnet =
          dpdk_interface_address_new_from_string (cases[i].subnet, &error);
      g_autoptr (GInetAddress) other = g_inet_address_new_from_string (cases[i].address);

      g_assert_no_error (error);
      g_assert_cmpint (dpdk_interface_address_contains (subnet, other), ==, cases[i].is_inside);
    }

  g_assert_null (dpdk_interface_address_new (host, 33, &error));
  g_assert_error (error, DPDK_ERROR, DPDK_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  g_assert_null (dpdk_interface_address_new (host, G_MAXUINT, &error));
  g_assert_error (error, DPDK_ERROR, DPDK_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  g_assert_null (dpdk_interface_address_new_from_string ("198.18.4.0/24", &error));
  g_assert_error (error, DPDK_ERROR, DPDK_ERROR_INVALID_ARGUMENT);

  g_clear_pointer (&copy, dpdk_interface_address_unref);
  g_clear_pointer (&address, dpdk_interface_address_unref);
  g_assert_finalize_object (g_steal_pointer (&host));
}

static void
write_file (const char *path, const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *folder = g_path_get_dirname (path);
  g_autofree char *filled = fill_in (text);

  g_assert_cmpint (g_mkdir_with_parents (folder, 0755), ==, 0);
  g_file_set_contents (path, filled, -1, &error);
  g_assert_no_error (error);
}

static void
assert_not_readable (const char *path, const char *reason)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *message = g_strdup_printf ("%s: %s", path, reason);

  g_assert_null (dpdk_config_new_from_file (path, &error));
  g_assert_error (error, DPDK_ERROR, DPDK_ERROR_FAILED);
  g_assert_cmpstr (error->message, ==, message);
}

static void
test_file (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *folder = g_dir_make_tmp ("dpdk-config-XXXXXX", &error);
  g_autofree char *path = g_build_filename (folder, "env.json", NULL);
  g_autofree char *prefix = g_strconcat (path, ":1: $.mtu: 1: unknown key", NULL);
  DpdkConfig *config;

  assert_not_readable (path, "No such file or directory");
  assert_not_readable (folder, "not a regular file");
  assert_not_readable ("/dev/zero", "not a regular file");

  g_assert_cmpint (mkfifo (path, 0600), ==, 0);
  assert_not_readable (path, "not a regular file");
  g_assert_cmpint (g_unlink (path), ==, 0);

  write_file (path, "");
  g_assert_null (dpdk_config_new_from_file (path, &error));
  g_assert_error (error, DPDK_ERROR, SYNTAX);
  g_clear_error (&error);

  g_assert_cmpint (truncate (path, LIMIT + 1), ==, 0);
  assert_not_readable (path, "larger than 16 MiB");

  write_file (path, WITH_ROOT ("\"mtu\":1"));
  g_assert_null (dpdk_config_new_from_file (path, &error));
  g_assert_error (error, DPDK_ERROR, UNKNOWN);
  g_assert_cmpstr (error->message, ==, prefix);
  g_clear_error (&error);

  write_file (path, WITH_ROOT ("\"version\":1"));
  config = dpdk_config_new_from_file (path, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (dpdk_config_get_path (config), ==, path);
  g_assert_false (dpdk_config_get_is_default (config));
  g_assert_finalize_object (config);

  if (geteuid () != 0)
    {
      g_assert_cmpint (g_chmod (path, 0), ==, 0);
      assert_not_readable (path, "Permission denied");
    }

  g_assert_cmpint (g_unlink (path), ==, 0);
  g_assert_cmpint (g_rmdir (folder), ==, 0);
}

static gboolean
write_proc (const char *path, const char *text)
{
  int fd = open (path, O_WRONLY | O_CLOEXEC);
  gboolean is_written = fd >= 0 && write (fd, text, strlen (text)) == (gssize) strlen (text);

  if (fd >= 0)
    close (fd);

  return is_written;
}

/* Root of a namespace, as which every user may mount */
static gboolean
become_root (void)
{
  g_autofree char *users = g_strdup_printf ("0 %u 1", geteuid ());
  g_autofree char *groups = g_strdup_printf ("0 %u 1", getegid ());

  return unshare (CLONE_NEWUSER | CLONE_NEWNS) == 0 &&
         write_proc ("/proc/self/setgroups", "deny") && write_proc ("/proc/self/uid_map", users) &&
         write_proc ("/proc/self/gid_map", groups);
}

/* Gives this process an /etc of its own, which ends with it, with an empty current folder in it */
static gboolean
isolate (void)
{
  g_unsetenv ("DPDK_ENV_CONFIG");

  return (unshare (CLONE_NEWNS) == 0 || become_root ()) &&
         mount ("none", "/", "none", MS_REC | MS_PRIVATE, NULL) == 0 &&
         mount ("tmpfs", "/etc", "tmpfs", 0, NULL) == 0 && g_mkdir ("/etc/here", 0755) == 0 &&
         g_chdir ("/etc/here") == 0;
}

static void
assert_loads (const char *path)
{
  g_autoptr (GError) error = NULL;
  DpdkConfig *config = dpdk_config_load (&error);

  g_assert_no_error (error);
  g_assert_cmpstr (dpdk_config_get_path (config), ==, path);
  g_assert_cmpint (dpdk_config_get_is_default (config), ==, path == NULL);
  if (path == NULL)
    assert_is_default (config);
  g_assert_finalize_object (config);
}

static void
assert_load_fails (int code, const char *message)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (dpdk_config_load (&error));
  g_assert_error (error, DPDK_ERROR, code);
  g_assert_cmpstr (error->message, ==, message);
}

static void
check_search (void)
{
  assert_loads (NULL);

  write_file ("/etc/dpdk/env.json", WITH_ROOT ("\"version\":1"));
  assert_loads ("/etc/dpdk/env.json");
  write_file ("config/dpdk-env.json", WITH_ROOT ("\"version\":1"));
  assert_loads ("./config/dpdk-env.json");
  write_file ("elsewhere.json", WITH_ROOT ("\"version\":1"));
  g_setenv ("DPDK_ENV_CONFIG", "elsewhere.json", TRUE);
  assert_loads ("elsewhere.json");

  /* What is wrong is not skipped */
  write_file ("elsewhere.json", "{}x");
  assert_load_fails (SYNTAX, "elsewhere.json:1:3: expected the end, not 'x'");
  g_setenv ("DPDK_ENV_CONFIG", "/etc/no", TRUE);
  assert_load_fails (DPDK_ERROR_FAILED, "DPDK_ENV_CONFIG=/etc/no: there is no such file");
  g_setenv ("DPDK_ENV_CONFIG", "", TRUE);
  assert_load_fails (DPDK_ERROR_FAILED, "DPDK_ENV_CONFIG=: there is no such file");
  g_unsetenv ("DPDK_ENV_CONFIG");

  write_file ("config/dpdk-env.json", "[]");
  assert_load_fails (INVALID, "./config/dpdk-env.json:1: $: []: must be an object, not an array");
  g_assert_cmpint (g_unlink ("config/dpdk-env.json"), ==, 0);
  g_assert_cmpint (symlink ("/etc/no", "config/dpdk-env.json"), ==, 0);
  assert_load_fails (DPDK_ERROR_FAILED, "./config/dpdk-env.json: No such file or directory");
  g_assert_cmpint (g_unlink ("config/dpdk-env.json"), ==, 0);
  write_file ("/etc/dpdk/env.json", WITH_DEVICE ("\"mtu\":12"));
  assert_load_fails (INVALID, "/etc/dpdk/env.json:1: $.devices[0].mtu: 12: " BAD_MTU);

  g_assert_cmpint (g_unlink ("/etc/dpdk/env.json"), ==, 0);
  assert_loads (NULL);
  g_assert_cmpint (g_rmdir ("config"), ==, 0);
  write_file ("config", "not a folder");
  assert_loads (NULL);
}

static gboolean
can_isolate (void)
{
  int status = -1;
  pid_t child = fork ();

  if (child == 0)
    _exit (isolate () ? 0 : 1);
  g_assert_cmpint (child, >, 0);
  g_assert_cmpint (waitpid (child, &status, 0), ==, child);

  return status == 0;
}

static void
test_search (void)
{
  if (g_test_subprocess ())
    {
      g_assert_true (isolate ());
      check_search ();
      return;
    }

  if (!can_isolate ())
    {
      g_test_skip ("a private mount namespace is not permitted");
      return;
    }

  g_test_trap_subprocess (NULL, 0, 0);
  g_test_trap_assert_passed ();
}

/* The usable core behind the first one, or 0 */
static guint
second_core (void)
{
  cpu_set_t set;

  g_assert_cmpint (sched_getaffinity (0, sizeof set, &set), ==, 0);
  for (guint core = first_core () + 1; core < CPU_SETSIZE; core++)
    if (CPU_ISSET (core, &set))
      return core;

  return 0;
}

static void
check_affinity (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;
  g_autofree char *message = NULL;
  guint core = first_core ();
  guint other = second_core ();
  cpu_set_t set;

  CPU_ZERO (&set);
  CPU_SET (other, &set);
  g_assert_cmpint (sched_setaffinity (0, sizeof set, &set), ==, 0);

  text = g_strdup_printf ("{\"dpdk_cores\":[%u,%u]}", other, core);
  message = g_strdup_printf ("1: $.dpdk_cores[1]: %u: the core is not in this process' affinity "
                             "mask; usable cores: %u",
                             core, other);
  g_assert_null (dpdk_config_new_from_data (text, -1, &error));
  g_assert_error (error, DPDK_ERROR, INVALID);
  assert_message (error, message);

  /* The default takes the first core of the mask */
  test_default ();
}

static void
test_affinity (void)
{
  if (g_test_subprocess ())
    {
      check_affinity ();
      return;
    }

  if (second_core () == 0)
    {
      g_test_skip ("this process may use only one core");
      return;
    }

  g_test_trap_subprocess (NULL, 0, 0);
  g_test_trap_assert_passed ();
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
  for (guint i = 0; i < G_N_ELEMENTS (good_cases); i++)
    {
      g_autofree char *path = g_strconcat ("/config/good/", good_cases[i].name, NULL);

      g_test_add_data_func (path, &good_cases[i], test_good);
    }
  g_test_add_func ("/config/many-addresses", test_many_addresses);
  g_test_add_func ("/config/length", test_length);
  g_test_add_func ("/config/deep", test_deep);
  g_test_add_func ("/config/huge", test_huge);
  g_test_add_func ("/config/mutations", test_mutations);
  g_test_add_func ("/config/default", test_default);
  g_test_add_func ("/config/properties", test_properties);
  g_test_add_func ("/config/bare-objects", test_bare_objects);
  g_test_add_func ("/config/interface-address", test_interface_address);
  g_test_add_func ("/config/file", test_file);
  g_test_add_func ("/config/search", test_search);
  g_test_add_func ("/config/affinity", test_affinity);

  return g_test_run ();
}
