package kernel

// Hook is a place in the kernel that evviz has, or can have, a program at.
type Hook struct {
	Name  string // as the kernel's tracepoints and iterators are called
	Gives string // what a program there can say
	Since string // the first kernel that has it
	Now   bool   // this version of evviz uses it
	Err   error  // why no program can be put there; nil: one was, and taken away again
}

// hooks are the places, in the order in which a person asks for what they give. Attach is what the program's type needs: the name of a BTF
// type for iterators, that of a tracepoint for the others.
var hooks = []Hook{
	{Name: "iter/task_file", Gives: "descriptors, unread bytes, interest lists and ready lists", Since: "5.8", Now: true},
	{Name: "iter/task", Gives: "threads, and the call that each is in", Since: "5.8", Now: true},
	{Name: "sys_exit", Gives: "every call with its result", Since: "5.5"},
	{Name: "sys_enter", Gives: "what is passed to select, and exact durations", Since: "5.5"},
	{Name: "sched_switch", Gives: "when a thread blocks, and in which call", Since: "5.5"},
	{Name: "sched_wakeup", Gives: "how long a thread that could run waits for a CPU", Since: "5.5"},
	{Name: "sk_data_ready", Gives: "when data and connections arrive", Since: "6.3"},
	{Name: "inet_sock_set_state", Gives: "new listeners and connections", Since: "5.5"},
	{Name: "sched_process_fork", Gives: "new processes and threads", Since: "5.5"},
	{Name: "sched_process_exec", Gives: "new programs", Since: "5.5"},
	{Name: "sched_process_exit", Gives: "ends", Since: "5.5"},
	{Name: "io_uring_submit_req", Gives: "submissions to io_uring", Since: "6.1"},
	{Name: "io_uring_complete", Gives: "completions of io_uring", Since: "5.5"},
}
