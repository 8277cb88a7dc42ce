#!/usr/bin/env bash
# Real disk images for tests, small and bootable, in the formats that qemu-img writes;
# and hostile ones, which nothing here opens.
#   images.sh DIR    puts them and MANIFEST.json into DIR (about 60 MB; an existing
#                    MANIFEST.json is kept as it is)
# Needs Debian, and root to install what is missing.
source "$(dirname "$0")/lib.sh"
[ $# -eq 1 ] || die "usage: images.sh DIR"
mkdir -p "$1"
DIR="$(cd "$1" && pwd)"
HERE="$(cd "$(dirname "$0")" && pwd)"
(
  flock 9
  [ ! -e "$DIR/MANIFEST.json" ] || exit 0
  need_apt qemu-utils
  SOURCES="$CACHE/images-sources"
  mkdir -p "$SOURCES/deb"
  cd "$SOURCES/deb"
  for package in grub-rescue-pc memtest86+ ipxe; do
    if ! ls "${package}"_*.deb >/dev/null 2>&1; then
      apt-get download -q "$package" >/dev/null 2>&1 ||
        { apt-get update -q >/dev/null 2>&1 && apt-get download -q "$package" >/dev/null 2>&1; } ||
        die "cannot fetch the package $package"
    fi
    dpkg-deb -x "${package}"_*.deb "$SOURCES/tree"
  done
  "${PYTHON:-python3}" "$HERE/images_make.py" "$SOURCES/tree" "$DIR"
) 9>"$CACHE/images.lock"
