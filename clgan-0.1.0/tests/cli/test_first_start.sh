#!/bin/sh
# A first start with the driver's cache empty: helpers compile part of the programs; what is computed is the same with
# helpers, without, and with one that dies.
# shellcheck source=tests/cli/common.sh
. "$(dirname "$0")/common.sh"
need_device
grep -q 'Portable Computing Language' devices.out || skip 'only PoCL compiles with helpers'
[ "$(getconf _NPROCESSORS_ONLN)" -gt 1 ] || skip 'one processor: no helpers'
CLGAN_NO_CACHE=1
export CLGAN_NO_CACHE

# train NAME: one step; the cache of PoCL is the folder NAME-pocl.
train() {
  mkdir -p "$1-pocl"
  works env POCL_CACHE_DIR="$PWD/$1-pocl" "$CLGAN" train --model digits --base 4 --batch 8 --steps 1 --out "$1" --verbose
  cp err "$1.err"
}
train cold
holds grep -q 'compiling [0-9]* programs, [1-9] helpers' cold.err
# Helpers took some: this process then found them ready.
all=$(sed -n 's/.*compiling \([0-9]*\) programs.*/\1/p' cold.err | head -1)
own=$(grep -c ' ahead in ' cold.err)
holds test "$own" -ge 1
holds test "$own" -lt "$all"

# A helper killed at once: this process compiles what it had taken.
mkdir -p killed-pocl
env POCL_CACHE_DIR="$PWD/killed-pocl" "$CLGAN" train --model digits --base 4 --batch 8 --steps 1 --out killed --verbose \
  >killed.out 2>killed.err &
main=$!
children=$main
hit=0
for _ in $(seq 200); do
  helper=$(cut -d' ' -f1 /proc/$main/task/$main/children 2>/dev/null)
  if [ -n "$helper" ] && grep -q compile-helper /proc/"$helper"/cmdline; then
    kill -9 "$helper" && hit=1
    break
  fi
  sleep 0.02
done
wait $main
holds test $? -eq 0
children=''
holds test $hit -eq 1
holds cmp cold/checkpoint.safetensors killed/checkpoint.safetensors

fails 2 "clgan's own use" "$CLGAN" --compile-helper 0 0:0
fails 2 "clgan's own use" "$CLGAN" --compile-helper x 0:0
fails 2 "clgan's own use" "$CLGAN" --compile-helper 77 0:0
passed
