#!/bin/sh
# Makes the pictures of the README: a real run, recorded, and frames drawn from the recording.
set -eu
cd "$(dirname "$0")/../.."
rec=$(mktemp -d)
trap 'rm -rf "$rec"' EXIT
./evviz --headless --listen 127.0.0.1:0 --scenario docs/pictures/tour.star --for 22s --record "$rec/tour.evt" >/dev/null
shot() { ./evviz replay "$rec/tour.evt" --symbols block --screenshot "docs/pictures/$1.svg" --at "$2" --size "$3"; }
shot sleep-poll 7900ms 120x30
shot level 12700ms 120x24
shot edge 18500ms 120x24
shot rescued 20000ms 120x24
