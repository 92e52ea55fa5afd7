// Package export turns a snapshot of a timeline into something that leaves the program: so far the summary of a run, as
// aligned text for people ([Summary]) and as one JSON object for machines ([SummaryJSON]).
//
// Both tell the same figures. What a source cannot know is "-" in the text and null in JSON, never 0: a polling loop has no
// readiness reports, so its re-notifications are unknown, and a run without arrivals has no latency.
package export
