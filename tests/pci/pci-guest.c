/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pci-guest.h"

#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#define GUEST_VARIABLE "DPDK_TEST_PCI_GUEST"
/* emulated, everything is many times slower */
#define TIMEOUT_S 400
#define WISHES "/dev/ttyS2"
#define DEVICES "/sys/bus/pci/devices"
#define INTERFACES "/sys/class/net"

const PciNic pci_virtio = {
  .id = "nic0",
  .slot = "0000:00:04.0",
  .mac = "02:00:00:00:10:00",
  .peer_mac = "02:00:00:00:20:00",
  .driver = "net_virtio",
  .kernel_driver = "virtio-pci",
};

const PciNic pci_e1000e = {
  .id = "nic1",
  .slot = "0000:00:05.0",
  .mac = "02:00:00:00:10:01",
  .peer_mac = "02:00:00:00:20:01",
  .driver = "net_e1000_em",
  .kernel_driver = "e1000e",
};

gboolean
pci_guest_init (int *argc, char ***argv)
{
  if (g_getenv (GUEST_VARIABLE) == NULL)
    {
      g_print ("1..0 # SKIP runs in the machine of run-guest only\n");
      return FALSE;
    }
  dpdk_test_init (argc, argv);
  dpdk_test_set_timeout (TIMEOUT_S);
  return TRUE;
}

static void
read_line (int fd, GString *line)
{
  char byte;
  gssize n;

  while ((n = read (fd, &byte, 1)) == 1 && byte != '\n')
    g_string_append_c (line, byte);
  if (n != 1)
    g_error (WISHES ": reading: %s", g_strerror (errno));
}

void
pci_guest_wish (const char *format, ...)
{
  g_autoptr (GString) wish = g_string_new (NULL);
  g_autoptr (GString) answer = g_string_new (NULL);
  int fd = open (WISHES, O_RDWR | O_NOCTTY | O_CLOEXEC);
  va_list arguments;

  va_start (arguments, format);
  g_string_append_vprintf (wish, format, arguments);
  va_end (arguments);
  g_string_append_c (wish, '\n');
  if (fd < 0 || write (fd, wish->str, wish->len) != (gssize) wish->len)
    g_error (WISHES ": %s", g_strerror (errno));
  read_line (fd, answer);
  close (fd);
  g_string_truncate (wish, wish->len - 1);
  if (!g_str_equal (answer->str, "ok"))
    g_error ("%s: %s", wish->str, answer->str);
}

static void
write_file (const char *path, const char *text)
{
  int fd = open (path, O_WRONLY | O_CLOEXEC);

  if (fd < 0 || write (fd, text, strlen (text)) != (gssize) strlen (text))
    g_error ("writing %s to %s: %s", text, path, g_strerror (errno));
  close (fd);
}

/* the first entry of a folder that is as wanted */
static char *
find_entry (const char *folder, gboolean (*is_wanted) (const char *name, const char *what),
            const char *what)
{
  g_autoptr (GDir) directory = g_dir_open (folder, 0, NULL);
  const char *name;

  while (directory != NULL && (name = g_dir_read_name (directory)) != NULL)
    if (is_wanted (name, what))
      return g_strdup (name);
  return NULL;
}

/* a bridge has files of its own whose names begin with its address */
static gboolean
is_behind (const char *name, const char *bridge)
{
  g_autofree char *path = g_build_filename (DEVICES, name, NULL);

  return !g_str_equal (name, bridge) && g_file_test (path, G_FILE_TEST_EXISTS);
}

static gboolean
has_mac (const char *name, const char *mac)
{
  g_autofree char *path = g_build_filename (INTERFACES, name, "address", NULL);
  g_autofree char *text = NULL;

  return g_file_get_contents (path, &text, NULL, NULL) && g_str_has_prefix (text, mac);
}

char *
pci_nic_dup_address (const PciNic *self)
{
  g_autofree char *folder = g_build_filename (DEVICES, self->slot, NULL);
  char *address = NULL;

  DPDK_TEST_WAIT_UNTIL ((address = find_entry (folder, is_behind, self->slot)) != NULL);
  return address;
}

static char *
dup_interface (const char *mac)
{
  char *name = NULL;

  DPDK_TEST_WAIT_UNTIL ((name = find_entry (INTERFACES, has_mac, mac)) != NULL);
  return name;
}

char *
pci_nic_dup_interface (const PciNic *self)
{
  return dup_interface (self->mac);
}

char *
pci_nic_dup_peer (const PciNic *self)
{
  return dup_interface (self->peer_mac);
}

static char *
dup_path (const PciNic *self, const char *file)
{
  g_autofree char *address = pci_nic_dup_address (self);

  return g_build_filename (DEVICES, address, file, NULL);
}

char *
pci_nic_dup_bound_driver (const PciNic *self)
{
  g_autofree char *path = dup_path (self, "driver");
  g_autofree char *target = g_file_read_link (path, NULL);

  return target != NULL ? g_path_get_basename (target) : NULL;
}

void
pci_nic_unbind (const PciNic *self)
{
  g_autofree char *address = pci_nic_dup_address (self);
  g_autofree char *driver = pci_nic_dup_bound_driver (self);
  g_autofree char *path = dup_path (self, "driver/unbind");

  if (driver != NULL)
    write_file (path, address);
}

static void
bind_to (const PciNic *self, const char *override, const char *driver)
{
  g_autofree char *address = pci_nic_dup_address (self);
  g_autofree char *path = dup_path (self, "driver_override");
  g_autofree char *bound = NULL;

  pci_nic_unbind (self);
  write_file (path, override);
  write_file ("/sys/bus/pci/drivers_probe", address);
  bound = pci_nic_dup_bound_driver (self);
  g_assert_cmpstr (bound, ==, driver);
}

void
pci_nic_bind_vfio (const PciNic *self)
{
  bind_to (self, "vfio-pci", "vfio-pci");
}

void
pci_nic_bind_kernel (const PciNic *self)
{
  bind_to (self, "\n", self->kernel_driver);
}
