// Package words turns numbers and events into English. It is the only place that does: what the screen, the findings, the
// exports and the commands say of one amount, one call or one state is the same text everywhere.
//
// Numbers. [Bytes], [Duration], [Number], [Count], [Times], [Percent] and [FD] write an amount. One amount has one form: 65,536
// bytes are always "64 KiB". What is unknown is not passed to them; they have no text for it.
//
// Events. An event has three lengths:
//
//	EventShort      read 512 bytes                                       in a list of calls
//	EventLine       read(7, 1024) = 512                                  as a system call trace writes it, with a note beside
//	EventSentence   read on fd 7 moved 512 bytes of 1 KiB.               on a page
//
// Pages. [ExplainEvent], [ExplainLane], [ExplainLoop] and [ExplainTurn] explain one thing of a snapshot: what happened, the kernel's
// rule behind it with its source, and what to do. [ExplainClass], [ExplainMark], [ExplainState], [ExplainMeasure], [ExplainErrno],
// [ExplainTrigger] and [ExplainMode] explain a term. The rules are texts, kernel/*.md, a section for each thing; a test holds that
// everything that can be shown has one.
//
// Terms. [Terms] is the list of words that evviz does not use, each with the one to use instead; a test reads every text that a
// person meets and names the place where one of them stands.
//
// Everything here is a pure function of its arguments: no clock, no state, no screen, no operating system. Texts from outside (the
// names and addresses of a recording) have no control characters any more when they are returned.
package words
