#!/bin/sh
# run.sh [TARGET...]: builds the fuzz targets with clang (libFuzzer, ASan, UBSan) and runs each for FUZZ_SECONDS (60),
# FUZZ_JOBS (1) of them at a time, in fuzz-work/ of the current folder: corpora grow there from run to run. Seeds are the
# cases kept in tests/fuzz/cases, what the program at $CLGAN writes, and PngSuite where $CLGAN_DATA has it.
# An input that ends a target is left as fuzz-work/TARGET/crash-*: mend it, then keep it, small, as a case.
set -eu
src=$(cd "${CLGAN_SRC:-$(dirname "$0")/../..}" && pwd)
CLGAN=${CLGAN:-$PWD/clgan}
seconds=${FUZZ_SECONDS:-60} jobs=${FUZZ_JOBS:-1} CC=${FUZZ_CC:-clang}
work=$PWD/fuzz-work
targets=${*:-safetensors idx model png jpeg csv label tuning}
flags='-std=gnu11 -g -O1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=undefined'
command -v "$CC" >/dev/null || { echo "make fuzz: $CC not found: apt-get install clang libclang-rt-14-dev" >&2; exit 1; }
mkdir -p "$work/objects"

# -- the library, but for what needs a device --
cat >"$work/build.mk" <<MK
CFLAGS = $flags -fsanitize=fuzzer-no-link -I$src/src -I$src/include -DCL_TARGET_OPENCL_VERSION=120 \
  $(${PKG_CONFIG:-pkg-config} --cflags OpenCL libpng libjpeg zlib libcjson)
SOURCES = \$(filter-out %/embedded_data.c,\$(wildcard $src/src/base/*.c $src/src/data/*.c $src/src/model/*.c \
  $src/src/ops/*.c $src/src/graph/*.c $src/src/train/*.c $src/src/ref/*.c $src/src/tune/*.c))
OBJECTS = \$(patsubst $src/src/%.c,$work/objects/%.o,\$(SOURCES)) $work/objects/embedded_data.o
HARNESS = $work/objects/support.o $work/objects/fuzz_image.o $work/objects/fuzz_idx.o $work/objects/fuzz_model.o \
  $work/objects/fuzz_safetensors.o $work/objects/fuzz_csv.o $work/objects/fuzz_label.o $work/objects/fuzz_tuning.o
all: $(for t in $targets; do printf '%s ' "$work/fuzz_$t"; done)
$work/libclgan.a: \$(OBJECTS)
	@rm -f \$@ && ar rcs \$@ \$^
$work/embedded_data.c: $src/src/base/embed.sh \$(wildcard $src/models/*.model)
	@AWK=awk sh $src/src/base/embed.sh $src \$(patsubst $src/%,%,\$(wildcard $src/models/*.model)) >\$@
$work/objects/embedded_data.o: $work/embedded_data.c
	@$CC \$(CFLAGS) -c -o \$@ \$<
$work/objects/%.o: $src/src/%.c
	@mkdir -p \$(@D) && $CC \$(CFLAGS) -MMD -c -o \$@ \$<
$work/objects/%.o: $src/tests/fuzz/%.c $src/tests/fuzz/fuzz.h
	@$CC \$(CFLAGS) -MMD -c -o \$@ \$<
$work/fuzz_%: $src/tests/fuzz/entry.c \$(HARNESS) $work/libclgan.a
	@$CC \$(CFLAGS) -fsanitize=fuzzer -DFUZZ_TARGET=fuzz_\$* -o \$@ $src/tests/fuzz/entry.c \$(HARNESS) $work/libclgan.a \
	  $(${PKG_CONFIG:-pkg-config} --libs libpng libjpeg zlib libcjson) -lm
.SECONDARY:
-include \$(wildcard $work/objects/*.d $work/objects/*/*.d)
MK
echo "fuzz: building with $CC"
make -s -j"$(nproc 2>/dev/null || echo 2)" -f "$work/build.mk" all

# -- seeds --
for t in $targets; do
  mkdir -p "$work/$t/corpus" "$work/$t/seeds"
  cp "$src/tests/fuzz/cases/$t/"* "$work/$t/seeds/" 2>/dev/null || true
done
CLGAN=$CLGAN sh "$src/tests/fuzz/seeds.sh" "$src" "$work" || { echo "fuzz: no seeds" >&2; exit 1; }

# -- runs --
# one TARGET: the report is kept in its folder; the summary is a line.
cat >"$work/one.sh" <<'ONE'
t=$1
cd "$FUZZ_WORK/$t" || exit 1
dictionary=$FUZZ_SRC/tests/fuzz/$t.dict
[ -f "$dictionary" ] && set -- -dict="$dictionary" || set --
ASAN_OPTIONS=allocator_may_return_null=1:quarantine_size_mb=16:${ASAN_OPTIONS-} "../fuzz_$t" "$@" -max_total_time="$FUZZ_SECONDS" \
  -rss_limit_mb=1536 -malloc_limit_mb=1024 -timeout=20 -max_len=65536 -print_final_stats=1 -artifact_prefix=./ \
  corpus seeds >report 2>&1
status=$?
runs=$(sed -n 's/^stat::number_of_executed_units: *//p' report)
cover=$(grep -o 'cov: [0-9]* ft: [0-9]*' report | tail -1)
echo "fuzz: $t: ${runs:-no} runs, ${cover:-no coverage}, exit status $status"
[ "$status" -eq 0 ] && exit 0
grep -v '^#[0-9]*	' report | tail -60
exit 1
ONE
export FUZZ_WORK="$work" FUZZ_SRC="$src" FUZZ_SECONDS="$seconds"
# shellcheck disable=SC2086  # targets are words
printf '%s\n' $targets | xargs -P "$jobs" -I{} sh "$work/one.sh" {} || { echo "fuzz: findings, see $work" >&2; exit 1; }
echo "fuzz: no findings"
