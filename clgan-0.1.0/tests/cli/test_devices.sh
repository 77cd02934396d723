#!/bin/sh
# The list of devices, and what is said where there is none.
# shellcheck source=tests/cli/common.sh
. "$(dirname "$0")/common.sh"

# No platform: the loader looks for drivers in an empty folder.
mkdir none
none() { (unset OCL_ICD_FILENAMES && OCL_ICD_VENDORS="$work/none/" "$@"); }
fails 1 'pocl-opencl-icd' none "$CLGAN" devices
fails 1 'pocl-opencl-icd' none "$CLGAN" devices --json
fails 1 'no OpenCL platform' none "$CLGAN" train --model digits --base 4 --steps 1 --out run
fails 1 'no OpenCL platform' none "$CLGAN" bench train --model digits --base 4
holds test ! -e run

need_device
works "$CLGAN" devices
says 'auto takes' out
says '0:0' out
holds grep -q '^\* ' out
works "$CLGAN" devices --json
for key in '"schema"' '"clgan-devices/1"' '"id"' '"0:0"' '"name"' '"platform"' '"driver"' '"compute_units"' '"auto"'; do
  says "$key" out
done
fails 1 "no OpenCL device 'no such name'" \
  "$CLGAN" train --model digits --base 4 --steps 1 --out run --device 'no such name'
fails 1 "'97:3'" "$CLGAN" train --model digits --base 4 --steps 1 --out run --device 97:3
fails 1 "'97:3'" env CLGAN_DEVICE=97:3 "$CLGAN" bench train --model digits --base 4
holds test ! -e run
passed
