// Package figures is the table of everything that is counted in a run: each figure with its name, its unit, what it means, when it is
// known, and how it is read from a picture of the timeline, of the whole run or of one descriptor.
//
// Who needs figures reads this table and has no list of its own: what a story may expect and wait for (package lab hands the names to
// the stories), what a comparison puts side by side, what appeared between two recordings, and the summary of a run. So a new figure
// is one line in table.go.
//
// A figure that the source cannot know is unknown, with the reason in words; it is never 0. Nothing here looks at single events: what
// the table reads has been counted while the timeline folded them, so it is known of a run of any length.
package figures
