#!/bin/sh
# quickstart's installing, with stand-ins for the package managers on a path that has nothing else to build with: what each
# is asked for, by which name, and that nothing is built when it fails or is refused. (Real ones: apt in CI.)
. "${CLGAN_SRC:-$(cd "$(dirname "$0")/../.." && pwd)}/tests/cli/common.sh"
command -v bash >/dev/null 2>&1 || skip 'no bash'

mkdir bin tree
for tool in bash sh dirname cut id ls tail head grep cat env mkdir; do
  ln -s "$(command -v $tool)" bin/$tool
done
cp "$CLGAN_SRC/quickstart" tree/
printf '#!/bin/sh\nexec "$@"\n' >bin/sudo
chmod +x bin/sudo

# manager NAME: only that one is there. It writes down what it is asked for, and fails.
manager() {
  rm -f bin/apt-get bin/dnf bin/pacman bin/brew asked
  printf '#!/bin/sh\n[ "$1" = --prefix ] && { echo /opt/brew; exit; }\necho "$@" >>"%s/asked"\nexit 1\n' "$PWD" >bin/$1
  chmod +x bin/$1
}
quickstart() { PATH=$PWD/bin bash tree/quickstart "$@"; }
asked() { holds grep -qE -- "(^| )$1( |\$)" asked; }
unasked() { holds test -z "$(grep -E -- "(^| )$1( |\$)" asked)"; }

for name in apt-get dnf pacman brew; do
  manager $name
  quickstart --yes >out 2>err && problem "quickstart went on although $name failed"
  checks=$((checks + 1))
  says "will install with ${name%-get}:" out
  case $name in
    apt-get) want='install gcc libc6-dev make autoconf ocl-icd-opencl-dev libpng-dev libjpeg-dev zlib1g-dev libcjson-dev libcmocka-dev' ;;
    dnf) want='install -y gcc glibc-devel pkgconf-pkg-config ocl-icd-devel libpng-devel libjpeg-turbo-devel cjson-devel libcmocka-devel' ;;
    pacman) want='-S --needed --noconfirm pkgconf ocl-icd libpng libjpeg-turbo cjson cmocka popt' ;;
    brew) want='install gcc pkg-config opencl-icd-loader libpng jpeg-turbo cjson cmocka popt' ;;
  esac
  for word in $want; do asked "$word"; done
  case $name in apt-get) ;; *) unasked libpng-dev ;; esac
  holds test ! -d tree/quickstart-out
done

rm -f bin/brew
quickstart --yes >out 2>err && problem 'quickstart went on without a package manager'
checks=$((checks + 1))
says 'no apt, dnf, pacman or brew here' err
says 'libpng' out
quickstart --no-such-option >out 2>err
holds test $? -eq 2
says 'unknown option --no-such-option' err
passed
