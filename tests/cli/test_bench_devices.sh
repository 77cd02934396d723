#!/bin/sh
# bench --device all: a driver that aborts, one that hangs (tests/standin), and a device with small limits give a row and
# an exit status.
# shellcheck source=tests/cli/common.sh
. "$(dirname "$0")/common.sh"

library=$(cd "$(dirname "$CLGAN")" && pwd)/.libs/libstandin.so
[ -f "$library" ] || skip "no $library"
mkdir alone both
echo "$library" >alone/standin.icd
cp alone/standin.icd both/
# failed WORD COMMAND...: exit status 1, and WORD on standard output.
failed() {
  word=$1
  shift
  checks=$((checks + 1))
  "$@" >out 2>err </dev/null
  code=$?
  [ "$code" -eq 1 ] || problem "exit status $code, not 1: $*: $(head -3 err)"
  says "$word" out
  says 'devices failed' err
}
CLGAN_STANDIN=hang OCL_ICD_VENDORS=$work/alone "$CLGAN" devices >devices.out 2>&1
grep -q 'a driver that fails' devices.out || skip "the OpenCL loader does not take OCL_ICD_VENDORS: $(head -1 devices.out)"

failed 'hung: no progress for 2 s at device/launch-waited; killed' env CLGAN_STANDIN=hang OCL_ICD_VENDORS="$work/alone" \
  "$CLGAN" bench devices --quick --quiet --device all --hang-timeout 2 --json hang.json
says '"error":	"hung: no progress' hang.json
says '"result":	"hung"' hang.json
failed 'crashed: ended by signal' env CLGAN_STANDIN=abort OCL_ICD_VENDORS="$work/alone" \
  "$CLGAN" bench devices --quick --quiet --device all --json abort.json
says '"result":	"crashed"' abort.json
failed 'failed: ' env CLGAN_STANDIN=refuse OCL_ICD_VENDORS="$work/alone" "$CLGAN" bench train --quick --quiet --model digits \
  --base 4 --batch 8 --device all

icd=/etc/OpenCL/vendors/pocl.icd
if [ -f $icd ]; then
  cp $icd both/
  failed 'crashed: ended by signal' env CLGAN_STANDIN=abort OCL_ICD_VENDORS="$work/both" \
    "$CLGAN" bench devices --quick --quiet --device all --budget 1 --json both.json
  says '"result":	"measured"' both.json
  says 'device/launch-waited ' out
  fails 2 "CLGAN_LIMITS: 'half'" env CLGAN_LIMITS=half OCL_ICD_VENDORS=$icd "$CLGAN" bench devices --quick
  works env CLGAN_LIMITS=nofp64,group=64,local=16384 OCL_ICD_VENDORS=$icd "$CLGAN" devices --json
  says '"local_bytes":	16384' out
  says '"max_work_group":	64' out
  holds test "$(grep -c 'cl_khr_fp64' out)" -eq 0
fi
passed
