#!/bin/sh
# What a device can do at most, as a table and as JSON; the step's share of it.
# shellcheck source=tests/cli/common.sh
. "$(dirname "$0")/common.sh"
need_device

must "$CLGAN" bench devices --quick --json devices.json
cp out devices.txt
for row in launch-waited launch host-to-device device-to-host read write copy scale triad fma/float fma/float4 fma/float16; do
  says "device/$row " devices.txt
  says "\"device/$row\"" devices.json
done
holds grep -q '^peak: [0-9.]* GFLOP/s, [0-9.]* GB/s' devices.txt
peak=$(sed -n 's/^peak: \([0-9]*\).*/\1/p' devices.txt)
holds test "$peak" -gt 0
checks=$((checks + 1))
grep -q 'failed' devices.txt && problem "a probe failed: $(grep failed devices.txt)"

works "$CLGAN" bench all --quick --model digits --base 4 --batch 8 --json all.json
says '"train/digits/base4/batch8"' all.json
holds grep -qE '"share":[[:space:]]*0?\.?[0-9]' all.json
fails 2 'did you mean devices?' "$CLGAN" bench device
fails 2 'one of devices, train, all' "$CLGAN" bench everything
fails 2 'one of devices, train, all' "$CLGAN" bench devices train
passed
