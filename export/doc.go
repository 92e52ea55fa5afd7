// Package export turns snapshots of timelines into something that leaves the program: the summary of a run ([Summary],
// [SummaryJSON]), several runs side by side ([Comparison], [Sweep]), what differs between two recordings ([Changes]), and what
// check found ([Findings], as JSON and SARIF).
//
// Every form tells the same figures. What a source cannot know is "-" or blank in the text and null in JSON, never 0: a
// polling loop gets no readiness events, so its repeats are unknown, and a run without arrivals has no latency.
package export
