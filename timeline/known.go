package timeline

import "evviz/trace"

// CallsSeen says whether the source sees the calls of programs at all. One that looks at a process now and then does not: what it cannot know is unknown
// and not 0.
func (s *Snapshot) CallsSeen() bool {
	return s.Info.Kinds == 0 || s.Info.Kinds&trace.Kinds(trace.Wait, trace.Read, trace.Write, trace.Accept, trace.Sys) != 0
}
