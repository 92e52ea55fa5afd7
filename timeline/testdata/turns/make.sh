#!/bin/sh
# Records the lab in each of its modes, for the tests of turns, delays and explanations. Run it in this folder with the
# program as its argument: sh make.sh ../../../evviz
set -e
rec() {
	n=$1
	shift
	"$evviz" --headless --record "$n.evt" --scenario demo "$@" >/dev/null
}
evviz=$1
rec blocking --mode blocking --for 1500ms --tick 200ms
rec sleep-poll --mode sleep-poll --for 1500ms --interval 50ms --tick 130ms
rec select --mode select --for 1200ms
rec level --mode epoll --for 1500ms --tick 200ms
rec deferred --mode epoll --trigger edge --reads drain --defer 2 --budget 3 --for 1500ms
rec oneshot --mode epoll --trigger oneshot --for 1500ms --threads 3
rec uring --mode io-uring --for 1500ms --tick 200ms
rec goroutines --mode go --for 1500ms
