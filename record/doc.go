// Package record keeps events: it writes trace files (.evt) and reads them, records a running source, holds its last seconds in memory,
// and plays a recording at the pace at which it happened.
//
// # Files
//
// [Create] and [Writer] write a trace file, [OpenFile] and [File] read it. A file consists of chunks, each of which begins with
// what is open, registered and named at its beginning, so that reading can begin at any of them, and ends with a summary that can
// be read alone. A process that is killed loses at most the chunk in progress; a damaged chunk costs its own events and no others,
// and the reader says so. docs/file-format.md has the bytes.
//
// That restatement (Sync, Name, Thread, Mode and State events with Seq 0) comes out of Read only where a reader begins or where
// something is missing. Read from its beginning, a file yields exactly what was recorded.
//
// # What stands beside a file
//
//	[Tee]     passes a source on and records it when asked; its disk is written to on a goroutine of its own
//	[Flight]  passes a source on and keeps its last seconds, encoded, until somebody wants them saved
//	[Player]  replays a file: paced, paused, stepped, sought
//	[Memory]  a source whose events are all in memory, as those of a text are
//
// All of them are trace.Sources, and none knows where the events come from.
package record
