#!/bin/sh
# check.sh SRCDIR PKGCONFIGDIR LIBDIR BINDIR: what was installed can be used (make installcheck).
set -eu
src=$1 pc=$2 lib=$3 bin=$4
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
PKG_CONFIG_PATH=$pc${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}; export PKG_CONFIG_PATH
wanted=$(${PKG_CONFIG-pkg-config} --modversion clgan)
# shellcheck disable=SC2046,SC2086  # flags are words
${CC-cc} "$src/tests/install/consumer.c" $(${PKG_CONFIG-pkg-config} --cflags --libs clgan) -Wl,-rpath,"$lib" -o "$work/consumer"
got=$("$work/consumer")
[ "$got" = "$wanted" ] || { echo "installcheck: the library says $got, clgan.pc says $wanted" >&2; exit 1; }
if [ -x "$bin/clgan" ]; then
  got=$("$bin/clgan" --version)
  case $got in *"$wanted"*) ;; *) echo "installcheck: clgan --version says $got, not $wanted" >&2; exit 1 ;; esac
fi
echo "installcheck: library and program $wanted"
