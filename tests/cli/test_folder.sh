#!/bin/sh
# A run's folder: one training at a time, left-overs of killed ones go, a removed folder is made again; closed streams.
# shellcheck source=tests/cli/common.sh
. "$(dirname "$0")/common.sh"
need_device
must tiny first 1
checkpoint=checkpoint.safetensors

begin() { # RUN: returns when there is a first checkpoint
  "$CLGAN" train --model digits --base 4 --batch 8 --out "$1" --steps 1000000 --checkpoint-every 10 --log-every 1 \
    >"$1.out" 2>"$1.err" </dev/null &
  child=$! children=$!
  await "$1"
}
await() { # RUN: until it has a checkpoint
  waited=0
  while [ ! -s "$1/$checkpoint" ] && kill -0 "$child" 2>/dev/null && [ $waited -lt 3000 ]; do
    sleep 0.1
    waited=$((waited + 1))
  done
  holds test -s "$1/$checkpoint"
}

begin taken
fails 1 'another training is writing' "$CLGAN" train -q --resume taken --steps 9999999
kill -9 "$child"
wait "$child" 2>/dev/null
: >taken/.$checkpoint.123-0.tmp
: >taken/samples/.step-000010.png.7-1.tmp
: >taken/.$checkpoint.mine.tmp
printf '{"step":999999,"ima' >>taken/log.jsonl
at=$(step_of taken/$checkpoint)
works "$CLGAN" train --resume taken --steps $((at + 2)) --log-every 1
holds test ! -e taken/.$checkpoint.123-0.tmp
holds test ! -e taken/samples/.step-000010.png.7-1.tmp
holds test -e taken/.$checkpoint.mine.tmp
holds test "$(wc -l <taken/log.jsonl)" -eq $((at + 2))
holds test "$(tail -1 taken/log.jsonl | cut -d, -f1)" = "{\"step\":$((at + 1))"

begin removed
rm -rf removed
waited=0
until [ ! -e removed ] || [ $waited -ge 50 ]; do # it may have written between the looks of rm
  rm -rf removed
  waited=$((waited + 1))
done
await removed
kill -INT "$child"
wait "$child"
got=$?
checks=$((checks + 1))
[ $got -eq 1 ] || problem "exit status $got after an interrupt"
says 'was removed: made again' removed.err
at=$(step_of removed/$checkpoint)
works tiny straight "$at"
holds cmp removed/$checkpoint straight/$checkpoint

# Nobody listens: the training is whole, and no message went into a file of its.
tiny quiet 3 >&- 2>&-
holds test $? -eq 0
must tiny loud 3
holds cmp quiet/$checkpoint loud/$checkpoint
{ tiny piped 3 2>&1; echo $? >status; } | true
holds test "$(cat status)" -eq 0
holds cmp piped/$checkpoint loud/$checkpoint
"$CLGAN" devices >&- 2>err
got=$?
holds test $got -eq 1
says 'standard output' err
passed
