#!/bin/sh
# Every operation at small sizes under Oclgrind, both kernel families: a data race, a read of memory that nobody wrote, an access
# outside a buffer fails. Takes the built test_ops of $CLGAN_BUILD (default: the current folder); 77: no Oclgrind here.
#
# What Oclgrind 21.10 needs: kernels built without optimisation, whose `freeze` instructions (an index divided by a size, with its
# remainder) and shuffles with undefined lanes (a vector's sum) it does not know; then an inline function is an undefined symbol,
# so the word is defined away.
set -u
command -v oclgrind >/dev/null || { echo "no oclgrind here: skipped"; exit 77; }
source=${CLGAN_SRC:-$(dirname "$0")/..}
build=${CLGAN_BUILD:-.}
if [ -f "$build/Makefile" ]; then make -s -C "$build" test_ops || exit 1; fi
[ -x "$build/test_ops" ] || { echo "$build/test_ops is not there: build it with: make test_ops"; exit 1; }
unset CLGAN_DEVICE
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
mkdir "$work/kernels"
for file in "$source"/kernels/*.cl "$source"/kernels/*.clh; do
  name=${file##*/}
  case $name in
    *.cl) { echo '#define inline'; echo "#line 1 \"$name\""; cat "$file"; } ;;
    *) cat "$file" ;;
  esac >"$work/kernels/$name"
done
# check FAMILY CASES...
check() {
  family=$1
  shift
  : >"$work/$family.log"
  CLGAN_KERNEL_DIR=$work/kernels CLGAN_NO_CACHE=1 CLGAN_FAMILY=$family oclgrind --data-races --uninitialized \
    --build-options -O0 --log "$work/$family.log" "$build/test_ops" --small "$@" >"$work/$family.out" 2>&1
  echo $? >"$work/$family.status"
}
check reg "$@" &
check local "$@"
wait
failed=0
for family in reg local; do
  cat "$work/$family.out"
  head -60 "$work/$family.log"
  if [ "$(cat "$work/$family.status")" != 0 ] || [ -s "$work/$family.log" ]; then
    echo "kernel family $family: failed"
    failed=1
  fi
done
exit $failed
