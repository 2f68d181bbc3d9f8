/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-config-tcp.h"

#include "dpdk-enums.h"

static gboolean
read_congestion_control (const DpdkConfigDocument *document, JsonNode *node, const char *path,
                         gpointer data, GError **error)
{
  g_autoptr (GEnumClass) algorithms = g_type_class_ref (DPDK_TYPE_CONGESTION_CONTROL);
  DpdkStackTcpOptions *options = &((DpdkConfigFields *) data)->tcp_options;
  const char *name = dpdk_config_read_string (document, node, path, error);
  const GEnumValue *algorithm;

  if (name == NULL)
    return FALSE;
  algorithm = g_enum_get_value_by_nick (algorithms, name);
  if (algorithm == NULL)
    return dpdk_config_fail (document, path, error, "must be \"cubic\" or \"new-reno\"");
  options->congestion_control = (DpdkCongestionControl) algorithm->value;

  return TRUE;
}

static gboolean
read_receive_buffer_size (const DpdkConfigDocument *document, JsonNode *node, const char *path,
                          gpointer data, GError **error)
{
  DpdkStackTcpOptions *options = &((DpdkConfigFields *) data)->tcp_options;

  return dpdk_config_read_uint (document, node, path, DPDK_STACK_TCP_BUFFER_MIN,
                                DPDK_STACK_TCP_BUFFER_MAX, &options->receive_buffer_size, error);
}

static gboolean
read_send_buffer_size (const DpdkConfigDocument *document, JsonNode *node, const char *path,
                       gpointer data, GError **error)
{
  DpdkStackTcpOptions *options = &((DpdkConfigFields *) data)->tcp_options;

  return dpdk_config_read_uint (document, node, path, DPDK_STACK_TCP_BUFFER_MIN,
                                DPDK_STACK_TCP_BUFFER_MAX, &options->send_buffer_size, error);
}

static gboolean
read_rto_min (const DpdkConfigDocument *document, JsonNode *node, const char *path, gpointer data,
              GError **error)
{
  DpdkStackTcpOptions *options = &((DpdkConfigFields *) data)->tcp_options;

  return dpdk_config_read_uint (document, node, path, DPDK_STACK_TCP_RTO_MIN_MIN,
                                DPDK_STACK_TCP_RTO_MIN_MAX, &options->rto_min, error);
}

static gboolean
read_ack_delay (const DpdkConfigDocument *document, JsonNode *node, const char *path, gpointer data,
                GError **error)
{
  DpdkStackTcpOptions *options = &((DpdkConfigFields *) data)->tcp_options;

  return dpdk_config_read_uint (document, node, path, 0, DPDK_STACK_TCP_ACK_DELAY_MAX,
                                &options->ack_delay, error);
}

static gboolean
read_keepalive (const DpdkConfigDocument *document, JsonNode *node, const char *path, gpointer data,
                GError **error)
{
  DpdkStackTcpOptions *options = &((DpdkConfigFields *) data)->tcp_options;

  return dpdk_config_read_boolean (document, node, path, &options->keepalive, error);
}

static gboolean
read_keepalive_idle (const DpdkConfigDocument *document, JsonNode *node, const char *path,
                     gpointer data, GError **error)
{
  DpdkStackTcpOptions *options = &((DpdkConfigFields *) data)->tcp_options;

  return dpdk_config_read_uint (document, node, path, 1, DPDK_STACK_TCP_KEEPALIVE_TIME_MAX,
                                &options->keepalive_idle, error);
}

static gboolean
read_keepalive_interval (const DpdkConfigDocument *document, JsonNode *node, const char *path,
                         gpointer data, GError **error)
{
  DpdkStackTcpOptions *options = &((DpdkConfigFields *) data)->tcp_options;

  return dpdk_config_read_uint (document, node, path, 1, DPDK_STACK_TCP_KEEPALIVE_TIME_MAX,
                                &options->keepalive_interval, error);
}

static gboolean
read_keepalive_count (const DpdkConfigDocument *document, JsonNode *node, const char *path,
                      gpointer data, GError **error)
{
  DpdkStackTcpOptions *options = &((DpdkConfigFields *) data)->tcp_options;

  return dpdk_config_read_uint (document, node, path, 1, DPDK_STACK_TCP_KEEPALIVE_COUNT_MAX,
                                &options->keepalive_count, error);
}

static gboolean
read_user_timeout (const DpdkConfigDocument *document, JsonNode *node, const char *path,
                   gpointer data, GError **error)
{
  DpdkStackTcpOptions *options = &((DpdkConfigFields *) data)->tcp_options;

  return dpdk_config_read_uint (document, node, path, 0, G_MAXUINT, &options->user_timeout, error);
}

static gboolean
read_timestamps (const DpdkConfigDocument *document, JsonNode *node, const char *path,
                 gpointer data, GError **error)
{
  DpdkStackTcpOptions *options = &((DpdkConfigFields *) data)->tcp_options;

  return dpdk_config_read_boolean (document, node, path, &options->timestamps, error);
}

static gboolean
read_ecn (const DpdkConfigDocument *document, JsonNode *node, const char *path, gpointer data,
          GError **error)
{
  DpdkStackTcpOptions *options = &((DpdkConfigFields *) data)->tcp_options;

  return dpdk_config_read_boolean (document, node, path, &options->ecn, error);
}

static gboolean
read_max_time_wait (const DpdkConfigDocument *document, JsonNode *node, const char *path,
                    gpointer data, GError **error)
{
  DpdkConfigFields *fields = data;

  return dpdk_config_read_uint (document, node, path, 0, DPDK_STACK_TCP_TIME_WAIT_MAX,
                                &fields->max_time_wait, error);
}

gboolean
dpdk_config_read_tcp (const DpdkConfigDocument *document, JsonNode *node, const char *path,
                      DpdkConfigFields *fields, GError **error)
{
  static const DpdkConfigKey keys[] = {
    { "congestion_control", read_congestion_control },
    { "receive_buffer_size", read_receive_buffer_size },
    { "send_buffer_size", read_send_buffer_size },
    { "rto_min", read_rto_min },
    { "ack_delay", read_ack_delay },
    { "keepalive", read_keepalive },
    { "keepalive_idle", read_keepalive_idle },
    { "keepalive_interval", read_keepalive_interval },
    { "keepalive_count", read_keepalive_count },
    { "user_timeout", read_user_timeout },
    { "timestamps", read_timestamps },
    { "ecn", read_ecn },
    { "max_time_wait", read_max_time_wait },
  };

  return dpdk_config_read_object (document, node, path, keys, G_N_ELEMENTS (keys), fields, error);
}
