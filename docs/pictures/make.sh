#!/bin/sh
# Makes the pictures of the README and the pages: one real run, recorded, and frames drawn from the recording. Look at each on a
# dark and on a light page before it is committed; moments differ a little from run to run.
set -eu
cd "$(dirname "$0")/../.."
rec=$(mktemp -d)
trap 'rm -rf "$rec"' EXIT
export EVVIZ_CONFIG=/dev/null # nobody's own settings
./evviz --headless --listen 127.0.0.1:0 --scenario docs/pictures/tour.star --for 22s --record "$rec/tour.evt" >/dev/null
shot() {
	name=$1 at=$2 size=$3
	shift 3
	./evviz replay "$rec/tour.evt" --symbols block --screenshot "docs/pictures/$name.svg" --force --at "$at" --size "$size" "$@"
}
shot sleep-poll 7900ms 120x30
shot level 12700ms 120x24
shot edge 18500ms 120x24
shot rescued 20000ms 120x24
shot light 18500ms 120x24 --theme light
shot iteration 14100ms 120x24 --view iteration --keys ", ,"
shot registered 18500ms 120x18 --view registered
shot latency 14s 120x26 --view latency --span 12s --keys "Down Down"
shot findings 22s 120x30 --view findings
shot events 12700ms 120x24 --view events
for f in docs/pictures/*.svg; do
	[ "$(wc -c <"$f")" -lt 250000 ] || { echo "$f is too large for a page" >&2; exit 1; }
done
