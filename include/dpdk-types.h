/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined(DPDK_GLIB_INSIDE) && !defined(DPDK_GLIB_COMPILATION)
#error "Only <dpdk-glib.h> can be included directly."
#endif

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct _DpdkConfig DpdkConfig;
typedef struct _DpdkDependant DpdkDependant;
typedef struct _DpdkDeviceConfig DpdkDeviceConfig;
typedef struct _DpdkEal DpdkEal;
typedef struct _DpdkEalBuilder DpdkEalBuilder;
typedef struct _DpdkInterfaceAddress DpdkInterfaceAddress;
typedef struct _DpdkLcore DpdkLcore;
typedef struct _DpdkMempool DpdkMempool;
typedef struct _DpdkPacket DpdkPacket;
typedef struct _DpdkPacketCache DpdkPacketCache;
typedef struct _DpdkPort DpdkPort;
typedef struct _DpdkPortConfig DpdkPortConfig;
typedef struct _DpdkPortList DpdkPortList;
typedef struct _DpdkResolver DpdkResolver;
typedef struct _DpdkRuntime DpdkRuntime;
typedef struct _DpdkRuntimeBuilder DpdkRuntimeBuilder;
typedef struct _DpdkSocket DpdkSocket;
typedef struct _DpdkStackCounters DpdkStackCounters;
typedef struct _DpdkTcpClient DpdkTcpClient;
typedef struct _DpdkTcpConnection DpdkTcpConnection;
typedef struct _DpdkTcpListener DpdkTcpListener;
typedef struct _DpdkTcpOptions DpdkTcpOptions;
typedef struct _DpdkTcpSocket DpdkTcpSocket;
typedef struct _DpdkUdpAddress DpdkUdpAddress;
typedef struct _DpdkUdpMessage DpdkUdpMessage;
typedef struct _DpdkUdpSocket DpdkUdpSocket;
typedef struct _DpdkUdpStatistics DpdkUdpStatistics;
typedef struct _DpdkWorker DpdkWorker;

G_END_DECLS
