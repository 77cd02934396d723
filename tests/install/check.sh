#!/bin/sh
# check.sh SRCDIR PKGCONFIGDIR LIBDIR BINDIR DATADIR MANDIR: what was installed can be used (make installcheck). Programs
# are built against the installed library alone, by pkg-config, and run; CC, CXX (empty: left out) and PKG_CONFIG from the
# environment, PKG_CONFIG_SYSROOT_DIR where it lies under DESTDIR.
set -eu
src=$1 pc=$2 lib=$3 bin=$4 data=$5 man=$6
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
PKG_CONFIG_PATH=$pc${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}; export PKG_CONFIG_PATH
PKG_CONFIG=${PKG_CONFIG-pkg-config}
XDG_CACHE_HOME=${CLGAN_CHECK_CACHE-$work/cache}; export XDG_CACHE_HOME
mkdir -p "$XDG_CACHE_HOME"
fail() { echo "installcheck: $*" >&2; exit 1; }

wanted=$($PKG_CONFIG --modversion clgan)
flags="$($PKG_CONFIG --cflags --libs clgan) -Wl,-rpath,$lib"
# shellcheck disable=SC2086  # flags are words
for program in draw learn; do
  ${CC-cc} -std=c11 -Wall -Wextra "$src/tests/install/$program.c" $flags -lm -o "$work/$program"
done
if [ -n "${CXX-}" ]; then
  # shellcheck disable=SC2086
  $CXX ${CXXFLAGS-} -std=c++11 -Wall -Wextra "$src/tests/install/header.cc" $flags -o "$work/header"
  got=$("$work/header") || fail "header.cc: $got"
  [ "$got" = "$wanted" ] || fail "the library says $got, clgan.pc says $wanted"
fi

if [ -x "$bin/clgan" ]; then
  got=$("$bin/clgan" --version)
  case $got in *"$wanted"*) ;; *) fail "clgan --version says $got, not $wanted" ;; esac
  if [ -d "$man" ]; then [ -s "$man/man1/clgan.1" ] || fail "there is no $man/man1/clgan.1"; fi
fi
if "$bin/clgan" devices >"$work/devices" 2>&1; then
  "$work/draw" auto "$data/models/digits.safetensors" || fail 'draw failed'
  "$work/learn" auto "$work/run.safetensors" || fail 'learn failed'
else
  echo "installcheck: no OpenCL device, nothing is computed: $(head -1 "$work/devices")"
fi
echo "installcheck: library and program $wanted"
