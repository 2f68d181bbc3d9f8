/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-test-capture-private.h"

/* of the format that every tool reads: https://www.ietf.org/archive/id/draft-ietf-opsawg-pcap-04.html */
#define PCAP_MAGIC 0xa1b2c3d4
#define PCAP_MAJOR 2
#define PCAP_MINOR 4
#define PCAP_SNAP_LENGTH 262144
#define PCAP_LINKTYPE_ETHERNET 1

typedef struct {
  guint32 magic;
  guint16 major;
  guint16 minor;
  gint32 zone;
  guint32 accuracy;
  guint32 snap_length;
  guint32 linktype;
} PcapHeader;

typedef struct {
  guint32 seconds;
  guint32 microseconds;
  guint32 captured;
  guint32 length;
} PcapRecord;

typedef struct {
  gint64 timestamp;
  GBytes *data;
} Captured;

/**
 * DpdkTestCapture:
 *
 * Keeps copies of the packets that a [class@DpdkTesting.Link] delivers.
 *
 * It captures from [method@DpdkTesting.Link.capture] on until it is stopped or dropped. One capture
 * can be on several links and directions, which gives their packets in the order of their time.
 *
 * All functions may be called from any thread.
 *
 * ```c
 * g_autoptr (DpdkTestCapture) capture = dpdk_test_capture_new (1000, NULL, NULL, NULL);
 *
 * dpdk_test_link_capture (link, 0, capture, &error);
 * DPDK_TEST_WAIT_UNTIL (dpdk_test_capture_get_n_packets (capture) == 3);
 * dpdk_test_capture_save (capture, "three.pcap", &error);
 * ```
 *
 * Since: 0.1
 */
struct _DpdkTestCapture {
  GObject parent_instance;

  DpdkTestCaptureFilter filter;
  gpointer user_data;
  GDestroyNotify destroy;
  guint max_packets;

  GMutex lock;
  GArray *packets;
  guint64 n_missed;
  gboolean stopped;
};

G_DEFINE_FINAL_TYPE (DpdkTestCapture, dpdk_test_capture, G_TYPE_OBJECT)

static void
clear_captured (gpointer data)
{
  g_clear_pointer (&((Captured *) data)->data, g_bytes_unref);
}

static void
dpdk_test_capture_finalize (GObject *object)
{
  DpdkTestCapture *self = DPDK_TEST_CAPTURE (object);

  if (self->destroy != NULL)
    self->destroy (self->user_data);
  g_array_unref (self->packets);
  g_mutex_clear (&self->lock);
  G_OBJECT_CLASS (dpdk_test_capture_parent_class)->finalize (object);
}

static void
dpdk_test_capture_class_init (DpdkTestCaptureClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = dpdk_test_capture_finalize;
}

static void
dpdk_test_capture_init (DpdkTestCapture *self)
{
  g_mutex_init (&self->lock);
  self->packets = g_array_new (FALSE, FALSE, sizeof (Captured));
  g_array_set_clear_func (self->packets, clear_captured);
}

/**
 * dpdk_test_capture_new:
 * @max_packets: how many packets to keep
 * @filter: (nullable) (scope notified) (closure user_data) (destroy destroy): decides which ones to
 *   keep
 * @user_data: data for @filter
 * @destroy: (nullable): frees @user_data
 *
 * Creates a capture, which is not on a link yet.
 *
 * Returns: (transfer full): the capture
 *
 * Since: 0.1
 */
DpdkTestCapture *
dpdk_test_capture_new (guint max_packets, DpdkTestCaptureFilter filter, gpointer user_data,
                       GDestroyNotify destroy)
{
  DpdkTestCapture *self = g_object_new (DPDK_TEST_TYPE_CAPTURE, NULL);

  self->max_packets = max_packets;
  self->filter = filter;
  self->user_data = user_data;
  self->destroy = destroy;
  return self;
}

void
dpdk_test_capture_offer (DpdkTestCapture *self, const guint8 *data, gsize length)
{
  Captured captured;

  if (self->filter != NULL && !self->filter (data, length, self->user_data))
    return;
  g_mutex_lock (&self->lock);
  if (self->packets->len >= self->max_packets)
    self->n_missed++;
  else if (!self->stopped)
    {
      captured.timestamp = g_get_real_time ();
      captured.data = g_bytes_new (data, length);
      g_array_append_val (self->packets, captured);
    }
  g_mutex_unlock (&self->lock);
}

gboolean
dpdk_test_capture_is_stopped (DpdkTestCapture *self)
{
  gboolean stopped;

  g_mutex_lock (&self->lock);
  stopped = self->stopped;
  g_mutex_unlock (&self->lock);
  return stopped;
}

/**
 * dpdk_test_capture_get_n_packets:
 * @self: a capture
 *
 * Gets how many packets were kept.
 *
 * Returns: the number of packets
 *
 * Since: 0.1
 */
guint
dpdk_test_capture_get_n_packets (DpdkTestCapture *self)
{
  guint n;

  g_return_val_if_fail (DPDK_TEST_IS_CAPTURE (self), 0);

  g_mutex_lock (&self->lock);
  n = self->packets->len;
  g_mutex_unlock (&self->lock);
  return n;
}

/**
 * dpdk_test_capture_get_n_missed:
 * @self: a capture
 *
 * Gets how many packets the filter let through and there was no room for.
 *
 * Returns: the number of packets
 *
 * Since: 0.1
 */
guint64
dpdk_test_capture_get_n_missed (DpdkTestCapture *self)
{
  guint64 n;

  g_return_val_if_fail (DPDK_TEST_IS_CAPTURE (self), 0);

  g_mutex_lock (&self->lock);
  n = self->n_missed;
  g_mutex_unlock (&self->lock);
  return n;
}

/**
 * dpdk_test_capture_dup_packet:
 * @self: a capture
 * @index: the number of the packet
 *
 * Gets a packet.
 *
 * Returns: (transfer full) (nullable): the frame from its Ethernet header on, or %NULL if there are
 *   not so many
 *
 * Since: 0.1
 */
GBytes *
dpdk_test_capture_dup_packet (DpdkTestCapture *self, guint index)
{
  GBytes *data = NULL;

  g_return_val_if_fail (DPDK_TEST_IS_CAPTURE (self), NULL);

  g_mutex_lock (&self->lock);
  if (index < self->packets->len)
    data = g_bytes_ref (g_array_index (self->packets, Captured, index).data);
  g_mutex_unlock (&self->lock);
  return data;
}

/**
 * dpdk_test_capture_get_timestamp:
 * @self: a capture
 * @index: the number of the packet
 *
 * Gets when a packet was delivered.
 *
 * Returns: the time, as g_get_real_time() counts, or -1 if there are not so many packets
 *
 * Since: 0.1
 */
gint64
dpdk_test_capture_get_timestamp (DpdkTestCapture *self, guint index)
{
  gint64 timestamp = -1;

  g_return_val_if_fail (DPDK_TEST_IS_CAPTURE (self), -1);

  g_mutex_lock (&self->lock);
  if (index < self->packets->len)
    timestamp = g_array_index (self->packets, Captured, index).timestamp;
  g_mutex_unlock (&self->lock);
  return timestamp;
}

/**
 * dpdk_test_capture_stop:
 * @self: a capture
 *
 * Stops capturing on all links, for good. The packets stay.
 *
 * Since: 0.1
 */
void
dpdk_test_capture_stop (DpdkTestCapture *self)
{
  g_return_if_fail (DPDK_TEST_IS_CAPTURE (self));

  g_mutex_lock (&self->lock);
  self->stopped = TRUE;
  g_mutex_unlock (&self->lock);
}

static void
append_packet (GByteArray *file, const Captured *captured)
{
  gsize length;
  const guint8 *data = g_bytes_get_data (captured->data, &length);
  const PcapRecord record = {
    .seconds = (guint32) (captured->timestamp / G_USEC_PER_SEC),
    .microseconds = (guint32) (captured->timestamp % G_USEC_PER_SEC),
    .captured = (guint32) length,
    .length = (guint32) length,
  };

  g_byte_array_append (file, (const guint8 *) &record, sizeof record);
  g_byte_array_append (file, data, (guint) length);
}

/**
 * dpdk_test_capture_save:
 * @self: a capture
 * @path: (type filename): the file
 * @error: return location for an error
 *
 * Writes the packets to a file in the pcap format, for tcpdump and Wireshark. A file that exists is
 * replaced.
 *
 * Fails with an error of %G_FILE_ERROR.
 *
 * Returns: %TRUE on success
 *
 * Since: 0.1
 */
gboolean
dpdk_test_capture_save (DpdkTestCapture *self, const char *path, GError **error)
{
  const PcapHeader header = {
    .magic = PCAP_MAGIC,
    .major = PCAP_MAJOR,
    .minor = PCAP_MINOR,
    .snap_length = PCAP_SNAP_LENGTH,
    .linktype = PCAP_LINKTYPE_ETHERNET,
  };
  g_autoptr (GByteArray) file = g_byte_array_new ();

  g_return_val_if_fail (DPDK_TEST_IS_CAPTURE (self), FALSE);
  g_return_val_if_fail (path != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  g_byte_array_append (file, (const guint8 *) &header, sizeof header);
  g_mutex_lock (&self->lock);
  for (guint i = 0; i < self->packets->len; i++)
    append_packet (file, &g_array_index (self->packets, Captured, i));
  g_mutex_unlock (&self->lock);
  return g_file_set_contents (path, (const char *) file->data, file->len, error);
}
