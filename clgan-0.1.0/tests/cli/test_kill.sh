#!/bin/sh
# The short form of tests/robust/kill.sh: five kills.
set -- 5
# shellcheck source=tests/robust/kill.sh
. "${CLGAN_SRC:-$(dirname "$0")/../..}/tests/robust/kill.sh"
