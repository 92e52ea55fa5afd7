// Package attach records what running processes do, from outside, while they run: it has programs put to tracepoints of the kernel (package
// kernel), makes a Call of each record, and has the Emitter make the same events of it that a log of strace gives.
//
//	kernel.Recorder ─► records ─► order ─► Call ─► probe.Emitter ─► Folder ─► trace.Source
//	kernel.Reader   ─► what is there at the beginning, as facts at their moments, in the same order
//
// The processes are not stopped and none of their descriptors is taken. What a call says is exact; the duration of a call that did not block is
// not known, and not 0.
package attach
