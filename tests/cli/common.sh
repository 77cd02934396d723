# common.sh: what the command-line tests share. Sourced; every test runs in an empty folder of its own, removed when it
# passes. CLGAN (the program), CLGAN_SRC (the source tree) and XDG_CACHE_HOME come from `make check` or get defaults.
set -u
LC_ALL=C
export LC_ALL
CLGAN=${CLGAN:-$PWD/clgan}
test_name=$(basename "$0" .sh)
CLGAN_SRC=${CLGAN_SRC:-$(cd "$(dirname "$0")/../.." && pwd)}
work=$PWD/test-work/$test_name
rm -rf "$work"
mkdir -p "$work"
XDG_CACHE_HOME=${XDG_CACHE_HOME:-$work/cache}
export XDG_CACHE_HOME
mkdir -p "$XDG_CACHE_HOME"
cd "$work" || exit 99
CLGAN_TUNE_SECONDS=${CLGAN_TUNE_SECONDS:-0} # no search of its own, whatever the device
export CLGAN_TUNE_SECONDS
failures=0
checks=0
children=''

finish() {
  code=$?
  for child in $children; do kill -9 "$child" 2>/dev/null; done
  [ $code -ne 0 ] && [ $code -ne 77 ] && exit $code
  cd / || exit 99
  if [ "$failures" -eq 0 ]; then rm -rf "$work"; fi
}
trap finish EXIT

problem() {
  failures=$((failures + 1))
  echo "FAILED: $*"
}

# passed: the last line of every test.
passed() {
  echo "$test_name: $checks checks, $failures failed"
  [ "$checks" -gt 0 ] && [ "$failures" -eq 0 ]
}

skip() {
  echo "skipped: $*"
  exit 77
}

# Skips where there is no OpenCL device at all.
need_device() {
  "$CLGAN" devices >devices.out 2>devices.err || skip "no usable OpenCL device: $(cat devices.err)"
}

# fails STATUS WORD COMMAND...: exit status, exactly one line on stderr, begun by "clgan: " and holding WORD.
fails() {
  want=$1 word=$2
  shift 2
  checks=$((checks + 1))
  "$@" >out 2>err </dev/null
  got=$?
  [ "$got" -eq "$want" ] || problem "exit status $got, not $want: $*: $(head -3 err)"
  [ "$(wc -l <err)" -eq 1 ] || problem "$(wc -l <err) lines on stderr, not one: $*: $(head -3 err)"
  case $(cat err) in
    'clgan: '*) ;;
    *) problem "stderr does not begin with clgan: $*: $(head -3 err)" ;;
  esac
  grep -qF -e "$word" err || problem "'$word' is not in the message: $*: $(head -3 err)"
}

# works COMMAND...: exit status 0.
works() {
  checks=$((checks + 1))
  "$@" >out 2>err </dev/null || problem "exit status $?: $*: $(head -3 err)"
}

# must COMMAND...: works, or the test ends: nothing after it would mean anything.
must() {
  works "$@"
  [ "$failures" -eq 0 ] || { passed; exit 1; }
}

# holds COMMAND...: a condition that must be true.
holds() {
  checks=$((checks + 1))
  "$@" || problem "does not hold: $*"
}

says() { # WORD FILE
  checks=$((checks + 1))
  grep -qF -e "$1" "$2" || problem "'$1' is not in $2: $(head -3 "$2")"
}

# png_is FILE WIDTH HEIGHT: PNG signature, the sizes of its header, its end chunk.
png_is() {
  checks=$((checks + 1))
  head=$(od -An -v -tu1 -N24 "$1" 2>/dev/null | tr -s ' \n' ' ')
  size=$(printf ' 137 80 78 71 13 10 26 10 0 0 0 13 73 72 68 82 0 0 %d %d 0 0 %d %d' \
    $(($2 / 256)) $(($2 % 256)) $(($3 / 256)) $(($3 % 256)))
  [ "${head% }" = "$size" ] || problem "$1 is no PNG of $2 x $3:$head"
  tail -c 12 "$1" | grep -q IEND || problem "$1 has no end"
}

# The smallest model there is, on the builtin digits. tiny RUN STEPS [OPTION]...
tiny() {
  tiny_run=$1 tiny_steps=$2
  shift 2
  "$CLGAN" train --model digits --base 4 --batch 8 --out "$tiny_run" --steps "$tiny_steps" "$@"
}

# The step that a checkpoint was written at.
step_of() {
  tr -d '\n' <"$1" | grep -ao '"step":"[0-9]*"' | head -1 | tr -dc 0-9
}

# idx FOLDER IMAGES: a data set of so many (fewer than 256) black digits, labels 0.
idx() {
  mkdir -p "$1"
  count="\\000\\000\\000\\$(printf '%03o' "$2")"
  {
    printf "\\000\\000\\010\\003$count\\000\\000\\000\\034\\000\\000\\000\\034"
    head -c $(($2 * 784)) /dev/zero
  } >"$1/train-images-idx3-ubyte"
  {
    printf "\\000\\000\\010\\001$count"
    head -c "$2" /dev/zero
  } >"$1/train-labels-idx1-ubyte"
}
