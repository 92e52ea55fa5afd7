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
shot sleep-poll 7900ms 120x24
shot edge 18500ms 120x24
shot light 18500ms 120x24 --theme light
shot iteration 14100ms 120x24 --view iteration --keys ", ,"
shot registered 18500ms 120x18 --view registered
shot latency 14s 120x26 --view latency --span 12s --keys "Down Down"
shot findings 22s 120x30 --view findings
shot events 12700ms 120x24 --view events
# The story of the README: level at 8.8 s, edge at 12.8 s, level again at 18.8 s.
./evviz replay "$rec/tour.evt" --symbols block --screencast docs/pictures/story.svg --force --at 9200ms --to 20600ms --size 120x24
# Two labs at once, which are not recorded into one file: a run of its own.
./evviz compare --screen sleep-poll epoll --symbols block --for 11s --screenshot docs/pictures/compare.svg --force --size 120x28
for f in docs/pictures/*.svg; do
	case $f in */story.svg) most=1000000 ;; *) most=250000 ;; esac
	[ "$(wc -c <"$f")" -lt $most ] || { echo "$f is too large for a page" >&2; exit 1; }
done
# The numbered frame of docs/what-am-i-looking-at.md is made by: make docs
