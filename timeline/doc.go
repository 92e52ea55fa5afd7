// Package timeline folds a stream of trace events into what a person wants to know: one lane for each thing that can be
// read or written, one for each loop, a ledger of what the kernel announced and what the program did about it, and
// statistics. It does not know whether the events come from the lab, from a file or from strace.
//
// A [Timeline] is fed by one goroutine. [Timeline.Snapshot] hands out immutable pictures that any goroutine may read while
// the feeding goes on. The same events give the same result whether they come in one batch or one by one, live or from a
// file: nothing of what is counted comes from a clock. Only [Feed.Whole] reads one, to decide how often it shows how far it has come.
//
// # Parts
//
// A [Timeline] sends each event to its rule (timeline.go); what the rules do is done by parts with types of their own: the lanes
// (laneSet, lane.go) with what there is to be seen of each descriptor, the ledger (ledger.go) with what waits and what each report was
// about, the watcher (watch*.go) with what may be judged, the delays (delays.go), the traffic (traffic.go), the counts of single calls
// (calls.go). They share the base: what was asked for, the sums, who is who, and the event at hand.
//
// # Rules
//
// Each rule stands beside the code that keeps it; this is the list.
//
//   - Identity (identity.go): who is who comes from package world. A lane is an open file description (world.File), so
//     closing one number of a duplicated descriptor does not end it. A generation in an event is the source's hint: an event with an
//     older one than the current belongs to the lane before.
//   - Registrations (interest.go): (instance, number at the time of ADD) -> lane. The 64 data bits find a registration when
//     the source knows no number, unless two live registrations share them.
//   - The bar (bar.go): a lane is covered while data waits for the program, from the arrival to the read that drains.
//   - Drain states and classes (ledger.go): what a report was worth, by a written precedence. Every report has exactly one
//     class.
//   - Stranded (ledger.go): the loop went back to wait although data is left, and nobody will be told again.
//   - Bits (bits.go): each bit of a report has a class of its own, and each wakeup a headline; all of them partition.
//   - Incidents (incident.go, watch*.go): patterns that a rule of package diagnostics may judge.
//   - Split (split.go): where a loop's time went; the parts add up.
//   - Loop states (loops.go): unknown, waiting, working, re-notified, asleep, waiting for a lock, runnable (states.go has them).
//   - Loss (loops.go): after a gap nothing is assumed; bars end there and drain states are unknown.
//   - Turns (turn.go, turn_items.go): each event of a loop's thread is in one turn, and there in its rest or in one item.
//   - Delays (delays.go, delays_store.go, delays_heat.go): six measures, of the run, of each lane and of any window, and when they were how long.
//   - Arrivals (arrivals.go): what has arrived and was not read, first in, first out; it counts as long as it has been unread.
//   - Service (service.go): requests that were read and not answered, and output that waits to be sent.
//   - Gauges (gauges.go): the numbers of a window that a panel shows.
//   - Order (order.go): the order of a list, by beginning, causes first.
//   - Beside (beside.go): what of the reading and writing was no socket, by what it was.
//   - Filter (filter.go): which lanes and events are shown.
//   - Unknown is not 0: a value that the source cannot know is -1, or has a Known flag beside it.
//
// # Drawing and memory
//
// marks.go explains how a cell that holds 900 marks is drawn without looking at 900 marks, and what is kept when memory
// is used up.
package timeline
