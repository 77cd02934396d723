#!/bin/sh
# A disk that fills up under a training loses nothing that was saved, says so, and is used again once it has room; what
# does not fit is never left in part. Needs to mount a small file system: skipped where that is not allowed.
# shellcheck source=tests/cli/common.sh
. "$(dirname "$0")/common.sh"
need_device
mkdir disk
mount -t tmpfs -o size=4m tmpfs disk 2>/dev/null || skip "no file system can be mounted here"
trap 'code=$?; kill -9 $children 2>/dev/null; umount -l disk; (exit $code); finish' EXIT
must tiny first 1
checkpoint=disk/run/checkpoint.safetensors
pieces=0
# Fills up what is free, again until the training complains: a save under way gives room back.
fill_until() {
  waited=0
  until grep -qF -e "$1" run.err || [ $waited -ge 600 ]; do
    pieces=$((pieces + 1)) waited=$((waited + 1))
    dd if=/dev/zero of="disk/fill-$pieces" bs=4k 2>/dev/null
    sleep 0.1
  done
  says "$1" run.err
}
await() { # COMMAND...: until it holds
  waited=0
  until "$@" || [ $waited -ge 600 ] || ! kill -0 $child 2>/dev/null; do
    sleep 0.1
    waited=$((waited + 1))
  done
  holds "$@"
}
further() { [ "$(step_of $checkpoint)" -gt "$had" ]; }

"$CLGAN" train --model digits --base 4 --batch 8 --out disk/run --steps 1000000 --checkpoint-every 20 --sample-every 20 \
  --log-every 1 >run.out 2>>run.err </dev/null &
child=$! children=$!
await test -s $checkpoint
fill_until 'training goes on, the checkpoint of step'
says 'No space left on device' run.err
had=$(step_of $checkpoint)
rm -f disk/fill-*
await further
: >run.err
fill_until 'training goes on, the checkpoint of step'
had=$(step_of $checkpoint)
kill -INT $child
wait $child
got=$?
checks=$((checks + 1))
[ $got -eq 1 ] || problem "exit status $got with a last checkpoint that has no room"
says "is not saved, the checkpoint of step $had is kept" run.err
holds test "$(step_of $checkpoint)" -eq "$had"

# Nothing is left in part by other outputs either.
for output in x.safetensors x.png; do
  fails 1 'No space left on device' "$CLGAN" generate -q --weights "$CLGAN_SRC/models/digits.safetensors" -n 500 -o disk/$output
  holds test ! -e disk/$output
done
fails 1 'No space left on device' "$CLGAN" export -q --weights "$CLGAN_SRC/models/digits.safetensors" -o disk/x.safetensors
holds test ! -e disk/x.safetensors
holds test -z "$(find disk -name '.*.tmp')"

rm -f disk/fill-*
at=$(step_of $checkpoint)
works "$CLGAN" train --resume disk/run --steps $((at + 2)) --log-every 1
works tiny straight $((at + 2))
holds cmp $checkpoint straight/checkpoint.safetensors
holds test "$(sort -u disk/run/log.jsonl | wc -l)" -eq $((at + 2))

mount -o remount,ro disk 2>/dev/null && fails 1 'Read-only file system' tiny disk/other 1 -q
children=''
passed
