package diagnostics

// Rules are all rules, in the order of their ids. It is filled in init because the rules' own functions look at it.
var Rules []Rule

func init() {
	Rules = []Rule{
		{"EV01", "lt-unserviced", "a level-triggered descriptor is reported again and nobody touched it", unserviced},
		{"EV02", "lt-leftover", "partly read, so reported again for the rest", leftover},
		{"EV03", "et-undrained", "edge-triggered and not drained: what is left is told to nobody", undrained},
		{"EV04", "starvation", "one busy descriptor is drained while others wait", starvation},
		{"EV05", "wasted-read", "reads that could only say EAGAIN", wastedRead},
		{"EV06", "eof-spin", "the end of file was read and the descriptor is never closed", eofSpin},
		{"EV07", "hup-spin", "a hang-up or error is reported for ever", hupSpin},
		{"EV08", "write-spin", "EPOLLOUT left armed on a socket with nothing to send", writeSpin},
		{"EV09", "lost-output", "a short write, and the rest was never sent", lostOutput},
		{"EV10", "stuck-output", "output waits and nobody asked to be told of room", stuckOutput},
		{"EV11", "accept-exhausted", "accept fails for want of descriptors: a spin, or a deaf listener", acceptExhausted},
		{"EV12", "accept-behind", "connections wait in the backlog", acceptBehind},
		{"EV13", "blocking-fd", "a descriptor without O_NONBLOCK is read on a readiness report", blockingFD},
		{"EV14", "herd", "many are woken for one event", herd},
		{"EV15", "imbalance", "one worker gets most of the connections", imbalance},
		{"EV16", "overlap", "one descriptor is handled by two threads at once", overlap},
		{"EV17", "oneshot-disarmed", "a oneshot registration is not armed again, or too early", oneshotDisarmed},
		{"EV18", "stale-registration", "reports of a descriptor that is closed here and lives on elsewhere", staleRegistration},
		{"EV19", "shared-after-fork", "one epoll instance is used by two processes", sharedAfterFork},
		{"EV20", "misdispatch", "a number was reused within a batch, and the old report went to the new connection", misdispatch},
		{"EV21", "busy-poll", "waits with timeout 0 in a row that bring nothing", busyPoll},
		{"EV22", "timeout-rounding", "a timeout rounded down: a burst of zero waits before every timer", timeoutRounding},
		{"EV23", "late-wakeup", "woken later than asked, or than ready", lateWakeup},
		{"EV24", "sleep-poll", "sleeping and asking instead of being told", sleepPoll},
		{"EV25", "blocked-loop", "the loop is kept away from its wait", blockedLoop},
		{"EV26", "head-of-line", "others of a batch wait behind one handler", headOfLine},
		{"EV27", "timer-drift", "a repeating timer slips", timerDrift},
		{"EV28", "ctl-churn", "more changes of interest than events", ctlChurn},
		{"EV29", "batch-full", "the array of events is too small", batchFull},
		{"EV30", "big-set", "poll or select over many descriptors of which few are ready", bigSet},
		{"EV31", "use-after-close", "waiting on something that is closed", useAfterClose},
		{"EV32", "et-flag-lost", "a MOD silently turned edge into level", edgeLost},
		{"EV33", "connect-order", "registered before it was connected: HUP at once", connectOrder},
		{"EV34", "blind-spot", "io_uring does the I/O: what cannot be seen", blindSpot},
		{"EV35", "fd-leak", "the peer closed and the descriptor never was", fdLeak},
	}
}
