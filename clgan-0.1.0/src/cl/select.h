/** @file select.h  Private to src/cl: which devices are the same hardware, and which one a user's words mean. Pure
 * functions on facts, so that tests can try machines that are not there. */
#ifndef CLGAN_CL_SELECT_H
#define CLGAN_CL_SELECT_H
#include "cl/cl.h"

/** What tells one piece of hardware from another of the same model. */
struct clgan_device_identity {
  unsigned vendor_id;
  bool has_pci, has_uuid;
  int pci_domain; /**< -1: not told */
  unsigned pci_bus, pci_device, pci_function;
  unsigned char uuid[16];
};

/** A software renderer that calls itself a GPU (llvmpipe and its like). */
bool clgan_device_is_software_gpu(const struct clgan_device_info *d);
/** "CPU", "integrated GPU", "discrete GPU", "software GPU" or "accelerator". */
const char *clgan_device_type_text(const struct clgan_device_info *d);
/** Has what clgan needs: a compiler, little-endian order. */
bool clgan_device_is_usable(const struct clgan_device_info *d);
/** Sets duplicate_of in every row. Same hardware: all CPU devices of different platforms (they share the host's cores);
 * GPUs of different platforms with equal PCI address or UUID, else equal vendor and matching names. */
void clgan_device_mark_duplicates(struct clgan_device_info *d, const struct clgan_device_identity *id, size_t n);
/** clgan_device_select on plain rows. @param platforms how many platforms the loader found; @param blocked a GPU's
 * device file that is there but may not be opened, or NULL: named in the error or in the reason. */
enum clgan_status clgan_device_choose(const struct clgan_device_info *d, size_t n, int platforms, const char *blocked,
                                      const char *spec, size_t *index, char reason[512], struct clgan_error *e);
/** Finds the first renderD* in @p folder ("/dev/dri") that this user may not open. */
bool clgan_device_find_blocked(const char *folder, char path[256]);
#endif
