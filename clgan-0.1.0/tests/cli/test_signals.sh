#!/bin/sh
# A run that is killed, or interrupted, and gone on with equals one that never stopped.
# shellcheck source=tests/cli/common.sh
. "$(dirname "$0")/common.sh"
need_device
must tiny first 1 # fills the kernel cache: what follows is timed by its first checkpoint
checkpoint=checkpoint.safetensors

# begin RUN OPTION...: a long run in the background; returns when there is a first checkpoint.
begin() {
  run=$1
  shift
  # Not by the function: the signals are for the program, not for a shell around it.
  "$CLGAN" train --model digits --base 4 --batch 8 --out "$run" --steps 1000000 "$@" \
    >"$run.out" 2>"$run.err" </dev/null &
  child=$!
  children="$children $child"
  waited=0
  while [ ! -s "$run/$checkpoint" ] && kill -0 $child 2>/dev/null && [ $waited -lt 3000 ]; do
    sleep 0.1
    waited=$((waited + 1))
  done
  holds test -s "$run/$checkpoint"
}

# equals RUN: gone on with, RUN ends as a run without a stop does.
equals() {
  at=$(step_of "$1/$checkpoint")
  works "$CLGAN" train --resume "$1" --steps $((at + 3)) --checkpoint-every 4
  works tiny "$1-straight" $((at + 3)) --checkpoint-every 4
  holds cmp "$1/$checkpoint" "$1-straight/$checkpoint"
}

begin killed --checkpoint-every 4
kill -9 "$child"
wait "$child" 2>/dev/null
equals killed

for signal in INT TERM HUP; do
  begin "stopped-$signal" --checkpoint-every 3 --log-every 1
  before=$(step_of "stopped-$signal/$checkpoint")
  kill -s $signal "$child"
  wait "$child"
  got=$?
  checks=$((checks + 1))
  [ $got -eq 1 ] || problem "exit status $got after SIG$signal"
  says 'checkpoint saved' "stopped-$signal.err"
  says "--resume stopped-$signal" "stopped-$signal.err"
  holds test "$(step_of "stopped-$signal/$checkpoint")" -ge "$before"
  equals "stopped-$signal"
done

# Twice in a row: it leaves at once, and what was there is whole. (On a slow machine the first may have done all already.)
tries=0 got=1
while [ $got -eq 1 ] && [ $tries -lt 5 ]; do
  tries=$((tries + 1))
  begin "twice-$tries" --checkpoint-every 10
  kill -INT "$child"
  sleep 0.02
  kill -INT "$child" 2>/dev/null
  wait "$child"
  got=$?
done
checks=$((checks + 1))
[ $got -eq 130 ] || problem "exit status $got after a second SIGINT"
equals "twice-$tries"
passed
