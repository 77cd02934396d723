#!/bin/sh
# kill.sh [KILLS [SEED]]: a training that writes a checkpoint every few steps is killed (SIGKILL) at random moments, every
# other time while it writes one, and gone on with each time. Its last checkpoint must equal, byte for byte, that of a run
# that nobody disturbed; the log must hold every step once; what killed writers left must be gone.
# shellcheck source=tests/cli/common.sh
. "${CLGAN_SRC:-$(dirname "$0")/../..}/tests/cli/common.sh"
kills=${1:-50} seed=${2:-$(date +%s)}
every=4 patience=6000
echo "kill.sh: $kills kills, seed $seed"
need_device
must tiny warm 1 # the kernel cache is filled
written() { ls -i run/checkpoint.safetensors 2>/dev/null; }
writing() {
  set -- run/.checkpoint.safetensors.*.tmp
  [ -e "$1" ]
}

# A random whole number below $1, from the seed and a count of calls.
calls=0
random() {
  calls=$((calls + 1))
  number=$(awk -v s="$seed" -v c="$calls" -v n="$1" 'BEGIN { srand(s * 7919 + c); rand(); print int(rand() * n) }')
}

in_writing=0 before_first=0 round=0
while [ "$round" -lt "$kills" ]; do
  round=$((round + 1))
  if [ -s run/checkpoint.safetensors ]; then
    set -- --resume run
  else
    before_first=$((before_first + 1))
    set -- --model digits --base 4 --batch 8 --out run
  fi
  had=$(written)
  "$CLGAN" train "$@" --steps 1000000 --checkpoint-every $every --log-every 1 --sample-every 7 \
    >run.out 2>run.err </dev/null &
  child=$!
  children=$child
  waited=0
  while [ "$(written)" = "$had" ] && kill -0 $child 2>/dev/null && [ $waited -lt $patience ]; do # it gets ahead
    sleep 0.02
    waited=$((waited + 1))
  done
  random 400
  sleep "$(printf '0.%03d' "$number")"
  if [ $((round % 2)) -eq 0 ]; then
    looks=0
    until writing || [ $looks -ge 200000 ]; do looks=$((looks + 1)); done
  fi
  kill -9 $child 2>/dev/null || problem "round $round: the run ended by itself: $(head -3 run.err)"
  wait $child 2>/dev/null
  if writing; then in_writing=$((in_writing + 1)); fi
  [ "$failures" -eq 0 ] || break
done
checks=$((checks + kills))

at=$(step_of run/checkpoint.safetensors)
steps=$((at + 2))
must "$CLGAN" train --resume run --steps $steps --log-every 1
if writing; then problem "left behind: $(ls -A run)"; fi
must tiny straight $steps
holds cmp run/checkpoint.safetensors straight/checkpoint.safetensors
checks=$((checks + 1))
awk -v steps="$steps" -F'[:,]' '$1 != "{\"step\"" || $2 != NR - 1 { bad = 1; print "line " NR ": " $0 }
  END { if (NR != steps) print NR " lines, not " steps; exit bad || NR != steps }' run/log.jsonl ||
  problem "log.jsonl does not tell every step once"
echo "$kills kills, $in_writing of them inside the writing of a checkpoint, $steps steps in the end"
passed
