package trace

// FileVersion is the version of the vocabulary below, and of the files that hold it: the one that is written, and the newest that is read.
const FileVersion = 2

// Slot is a place in an Event that can hold a value.
type Slot uint8

// The slots. Time, sequence, stream, kind and phase belong to every event and are not listed.
const (
	SlotDur Slot = iota
	SlotA
	SlotB
	SlotFD
	SlotGen
	SlotInst
	SlotMask
	SlotAux
	SlotErrno
	slotCount
)

// Unit says how the bits of a field are to be read and written.
type Unit uint8

// The units. A field of unit UPlus1 holds value+1, so that 0 can mean "unknown" while a known 0 is still a 0.
const (
	UCount  Unit = iota // unsigned number
	UInt                // signed number
	UBytes              // signed number of bytes; -1 the call failed
	UNanos              // duration in ns; -1 none or for ever
	UMoment             // CLOCK_MONOTONIC ns
	UWall               // Unix time, ns
	UFD                 // descriptor number; -1 none or unresolved
	UInst               // InstanceID
	UPlus1              // value+1; 0 unknown
	UPoll               // epoll event bits
	UHex                // opaque bits
	UOpen               // O_NONBLOCK and friends
	UMsg                // MSG_PEEK and friends
	UEnum               // index into Field.Words
	UName               // id of a Name of the same stream
	UErrno              // error number
	UText               // a piece of a string; Name only
)

// Field is one value of an event kind: which bits hold it, and how to read them.
type Field struct {
	Name  string
	Slot  Slot
	Shift uint8 // first bit inside the slot
	Bits  uint8 // how many; 0 means the whole slot
	Unit  Unit
	Words Enum // for UEnum
	Doc   string
	Since uint16 // first format version that has it; 0 the one that has its kind
}

// Spec describes one kind. Everything that knows kinds is derived from this table: the text form, the validator, the
// legend on the screen and the reference page in docs/.
type Spec struct {
	Name   string
	Group  string
	Since  uint16 // first format version that has it
	Phased bool   // may come as enter and exit
	Doc    string
	Fields []Field
}

// HasFD reports whether the kind's FD slot holds a descriptor.
func (s *Spec) HasFD() bool {
	for i := range s.Fields {
		if s.Fields[i].Slot == SlotFD && s.Fields[i].Unit == UFD {
			return true
		}
	}
	return false
}

// Fields that many kinds share.
var (
	fFD    = Field{Name: "fd", Slot: SlotFD, Unit: UFD, Doc: "descriptor"}
	fGen   = Field{Name: "gen", Slot: SlotGen, Unit: UCount, Doc: "generation of the descriptor number, as far as the source knows it"}
	fInst  = Field{Name: "inst", Slot: SlotInst, Unit: UInst, Doc: "epoll instance (epN), io_uring (ringN) or the set of thread N (setN)"}
	fErr   = Field{Name: "err", Slot: SlotErrno, Unit: UErrno, Doc: "error by name; absent on success"}
	fDur   = Field{Name: "dur", Slot: SlotDur, Unit: UNanos, Doc: "how long it took"}
	fPoll  = Field{Name: "events", Slot: SlotMask, Unit: UPoll, Doc: "event bits"}
	fData  = Field{Name: "data", Slot: SlotA, Unit: UHex, Doc: "the 64 bits that the program attached"}
	fCall  = Field{Name: "call", Slot: SlotAux, Bits: 8, Unit: UEnum, Words: CallNames, Doc: "which system call"}
	fAsked = Field{Name: "asked", Slot: SlotA, Unit: UBytes, Doc: "bytes asked for"}
	fRet   = Field{Name: "ret", Slot: SlotB, Unit: UBytes, Doc: "result, -1 when the call failed"}
	fMsg   = Field{Name: "flags", Slot: SlotMask, Unit: UMsg, Doc: "flags argument of the call"}
	fOpen  = Field{Name: "flags", Slot: SlotMask, Unit: UOpen, Doc: "descriptor flags"}
	fDiff  = Field{Name: "diff", Slot: SlotAux, Bits: 1, Unit: UCount, Doc: "1: no call of its own, the set passed to poll or select changed"}
)

func f(name string, slot Slot, unit Unit, doc string) Field {
	return Field{Name: name, Slot: slot, Unit: unit, Doc: doc}
}

func bits(name string, slot Slot, shift, n uint8, unit Unit, words Enum, doc string) Field {
	return Field{Name: name, Slot: slot, Shift: shift, Bits: n, Unit: unit, Words: words, Doc: doc}
}

// since is a field that came later than its kind.
func since(version uint16, f Field) Field {
	f.Since = version
	return f
}

// Specs is the vocabulary, indexed by Kind.
var Specs = [KindCount]Spec{
	Start: {"Start", "run", 1, false, "A run begins.", []Field{
		f("pid", SlotA, UInt, "process that is watched"),
		f("title", SlotAux, UName, "what it is")}},
	Stop: {"Stop", "run", 1, false, "A run ends.", []Field{
		f("code", SlotA, UInt, "exit code"),
		bits("why", SlotAux, 0, 8, UEnum, StopNames, "reason")}},
	Thread: {"Thread", "run", 1, false, "A thread, and which descriptor table it uses.", []Field{
		f("pid", SlotA, UInt, "process"), f("tid", SlotB, UInt, "thread"),
		f("table", SlotGen, UCount, "descriptor table, named by the process that made it; 0 unknown"),
		bits("role", SlotMask, 0, 8, UEnum, RoleNames, "what the thread is for"),
		f("name", SlotAux, UName, "its name")}},
	Exec: {"Exec", "run", 1, false, "A process replaced its program; CLOEXEC descriptors are gone.", []Field{
		f("pid", SlotA, UInt, "process"), f("program", SlotAux, UName, "new program"), fErr}},
	Exit: {"Exit", "run", 1, false, "A thread or process ended.", []Field{
		f("pid", SlotA, UInt, "process"), f("tid", SlotB, UInt, "thread; 0 the whole process"), f("status", SlotAux, UCount, "wait status")}},
	Fork: {"Fork", "run", 1, false, "A process or thread was made.", []Field{
		f("child", SlotA, UInt, "new process or thread"), f("flags", SlotMask, UHex, "clone flags"), fErr}},
	Mode: {"Mode", "run", 1, false, "How the lab's loop runs from here on.", []Field{
		bits("driver", SlotAux, 0, 8, UEnum, DriverNames, "mechanism"),
		bits("trigger", SlotAux, 8, 8, UEnum, TriggerNames, "triggering"),
		bits("cause", SlotAux, 16, 8, UEnum, CauseNames, "at start, or by a live switch"),
		f("interval", SlotA, UNanos, "sleep between rounds, for sleep-poll")}},
	Knob: {"Knob", "run", 1, false, "A setting of the lab changed.", []Field{
		f("name", SlotAux, UName, "the setting"), f("old", SlotGen, UName, "value before"), f("new", SlotInst, UName, "value from here on")}},

	Open: {"Open", "descriptor", 1, false, "A descriptor came into being.", []Field{
		fFD, fGen,
		bits("type", SlotAux, 0, 8, UEnum, TypeNames, "what it refers to"),
		bits("from", SlotAux, 8, 8, UEnum, OriginNames, "where it came from"),
		f("peer", SlotA, UName, "address of the other end"), f("local", SlotB, UName, "own address"),
		since(2, f("file", SlotInst, UCount, "identity of the open file, for one that came from another process; 0 unknown")),
		fOpen, fErr, fDur}},
	Dup: {"Dup", "descriptor", 1, false, "A second number for the same open file description.", []Field{
		fFD, fGen, f("new", SlotA, UInt, "the second number"), fOpen, fErr, fDur}},
	Close: {"Close", "descriptor", 1, false, "A descriptor number was closed.", []Field{
		fFD, fGen, bits("why", SlotAux, 0, 8, UEnum, CloseNames, "reason, where the source knows it"), fErr, fDur}},
	Shutdown: {"Shutdown", "descriptor", 1, false, "One or both directions were shut.", []Field{
		fFD, fGen, f("how", SlotAux, UCount, "0 reading, 1 writing, 2 both"), fErr, fDur}},
	FdFlags: {"FdFlags", "descriptor", 1, false, "O_NONBLOCK or CLOEXEC changed.", []Field{
		fFD, fGen, fCall, fOpen, fErr, fDur}},
	SockOpt: {"SockOpt", "descriptor", 1, false, "A socket option was set.", []Field{
		fFD, fGen, f("level", SlotA, UInt, "level"), f("option", SlotB, UInt, "option"), f("value", SlotAux, UCount, "value"), fErr, fDur}},
	Listen: {"Listen", "descriptor", 1, false, "A socket became a listener.", []Field{
		fFD, fGen, f("backlog", SlotA, UInt, "backlog asked for"), f("addr", SlotAux, UName, "address"), fErr, fDur}},
	Connect: {"Connect", "descriptor", 1, true, "A connect call.", []Field{
		fFD, fGen, f("peer", SlotAux, UName, "address asked for"), f("local", SlotB, UName, "own address"), fErr, fDur}},

	Instance: {"Instance", "interest", 1, false, "An epoll instance was made.", []Field{
		fInst, fFD, fGen, fOpen, fErr, fDur}},
	Register: {"Register", "interest", 1, false, "A descriptor was added to an instance.", []Field{
		fInst, fFD, fGen, fPoll, fData, fDiff, fErr, fDur}},
	Modify: {"Modify", "interest", 1, false, "A registration was changed, or re-armed with the same bits.", []Field{
		fInst, fFD, fGen, fPoll, fData, fDiff, fErr, fDur}},
	Deregister: {"Deregister", "interest", 1, false, "A descriptor was taken out of an instance.", []Field{
		fInst, fFD, fGen, fPoll, fDiff, fErr, fDur}},

	Wait: {"Wait", "waiting", 1, true, "Waiting for readiness.", []Field{
		bits("call", SlotAux, 0, 8, UEnum, CallNames, "which system call"), fInst,
		f("asked", SlotA, UNanos, "how long the loop wanted to wait; -1 no timeout"),
		f("passed", SlotB, UNanos, "the timeout that it passed; -1 no timeout"),
		f("watched", SlotGen, UPlus1, "descriptors watched"),
		bits("max", SlotAux, 8, 24, UCount, nil, "most reports taken at once"),
		f("count", SlotMask, UCount, "reports delivered; meaningful at the end"),
		f("timer", SlotFD, UInt, "the timer that limits the wait; 0 none does, or unknown"), fErr, fDur}},
	Sleep: {"Sleep", "waiting", 1, true, "Sleeping without waiting for anything.", []Field{
		fCall, f("asked", SlotA, UNanos, "how long; 0 also where the program named a moment instead, or it is not known"), fErr, fDur}},
	Round: {"Round", "waiting", 1, false, "One pass of a polling loop over all its descriptors.", []Field{
		f("n", SlotAux, UCount, "number of the round"), f("asked", SlotA, UCount, "calls made"), f("useful", SlotB, UCount, "calls that got something"), fDur}},

	Ready: {"Ready", "readiness", 1, false, "A wait reported a descriptor ready.", []Field{
		fInst, fFD, fGen, fPoll, fData, f("unread", SlotB, UPlus1, "bytes waiting, where known")}},
	Renotify: {"Renotify", "readiness", 1, false, "The report before this was about bytes the program had been told of already (the lab sees both ends).", []Field{
		fInst, fFD, fGen, fPoll, f("unread", SlotB, UPlus1, "bytes still waiting"),
		bits("why", SlotAux, 0, 8, UEnum, RenotifyNames, "nobody touched it, or it was partly read")}},

	Call: {"Call", "handling", 1, true, "The handler of a descriptor, timer or task ran.", []Field{
		fFD, fGen, bits("what", SlotAux, 0, 8, UEnum, HandlerNames, "what is handled"),
		f("id", SlotA, UCount, "timer or task"), since(2, f("name", SlotInst, UName, "the handler's name")), fDur}},

	Accept: {"Accept", "io", 1, true, "An accept call on a listener.", []Field{
		fFD, fGen, fCall, f("new", SlotA, UInt, "descriptor of the connection, -1 when the call failed"), fOpen, fErr, fDur}},
	Read: {"Read", "io", 1, true, "A call of the read family.", []Field{
		fFD, fGen, fCall, fAsked, fRet, fMsg, f("left", SlotInst, UPlus1, "bytes still unread afterwards, where asked"), fErr, fDur}},
	Write: {"Write", "io", 1, true, "A call of the write family.", []Field{
		fFD, fGen, fCall, fAsked, fRet, fMsg, f("unsent", SlotInst, UPlus1, "bytes the program still holds for this descriptor afterwards"), fErr, fDur}},

	Sys: {"Sys", "other", 1, true, "Another system call that can hold the thread.", []Field{
		fFD, fGen, f("name", SlotAux, UName, "the call"), f("arg", SlotA, UInt, "first argument that matters"), f("ret", SlotB, UInt, "result"), fErr, fDur}},
	Lock: {"Lock", "other", 1, true, "A contended lock.", []Field{
		f("id", SlotA, UHex, "which lock"), fDur}},

	TimerSet: {"TimerSet", "time", 1, false, "A timer was armed.", []Field{
		f("timer", SlotAux, UCount, "which"), f("due", SlotA, UMoment, "when it is due"), f("every", SlotB, UNanos, "period; 0 once")}},
	TimerFire: {"TimerFire", "time", 1, false, "A timer's callback is about to run.", []Field{
		f("timer", SlotAux, UCount, "which"), f("due", SlotA, UMoment, "when it was due"), f("late", SlotB, UNanos, "how late"), f("times", SlotMask, UCount, "expirations it stands for")}},
	TimerStop: {"TimerStop", "time", 1, false, "A timer was cancelled.", []Field{
		f("timer", SlotAux, UCount, "which")}},

	Wake: {"Wake", "threads", 1, false, "One thread woke another.", []Field{
		fFD, f("who", SlotA, UInt, "waking thread; 0 unknown"), f("whom", SlotB, UInt, "woken thread; 0 unknown"),
		bits("via", SlotAux, 0, 8, UEnum, ViaNames, "by what means")}},
	Task: {"Task", "threads", 1, true, "A task ran on a thread that it was handed to.", []Field{
		f("id", SlotA, UCount, "which"), f("what", SlotAux, UName, "what it does"), f("queued", SlotB, UNanos, "how long it waited to run"), fDur}},
	Signal: {"Signal", "threads", 1, false, "A signal arrived.", []Field{
		f("signo", SlotAux, UCount, "number"), f("from", SlotA, UInt, "sending process"), f("code", SlotB, UInt, "si_code")}},

	Submit: {"Submit", "completion", 1, false, "An operation was handed to a completion queue.", []Field{
		fInst, fFD, fGen, bits("op", SlotAux, 0, 8, UEnum, OpNames, "operation"), f("data", SlotA, UHex, "user data"), f("len", SlotB, UBytes, "bytes asked for")}},
	Complete: {"Complete", "completion", 1, false, "An operation was completed.", []Field{
		fInst, fFD, fGen, bits("op", SlotAux, 0, 8, UEnum, OpNames, "operation"), f("data", SlotA, UHex, "user data"), f("ret", SlotB, UBytes, "result"), f("flags", SlotMask, UHex, "completion flags"), fErr}},

	Arrive: {"Arrive", "kernel", 1, false, "Data or a connection arrived for a descriptor, at start = time - dur.", []Field{
		fFD, fGen, fPoll, f("unread", SlotB, UPlus1, "bytes waiting when it was seen"),
		bits("by", SlotAux, 0, 8, UEnum, ArriveNames, "who saw it"), fDur}},
	Queue: {"Queue", "kernel", 1, false, "Connections waiting to be accepted.", []Field{
		fFD, fGen, f("waiting", SlotA, UCount, "how many"), f("backlog", SlotB, UCount, "how many fit")}},
	RunDelay: {"RunDelay", "kernel", 1, false, "The thread was runnable but did not run.", []Field{
		f("delay", SlotA, UNanos, "for how long"), fDur}},

	Step: {"Step", "client", 1, true, "A step of a scripted client.", []Field{
		fFD, bits("what", SlotAux, 0, 8, UEnum, StepNames, "which step"), bits("user", SlotAux, 8, 24, UCount, nil, "which client"),
		f("n", SlotA, UBytes, "bytes wanted"), f("done", SlotB, UBytes, "bytes moved, -1 when it failed"),
		f("local", SlotInst, UName, "the client's address, which is the server's peer"), f("note", SlotGen, UName, "words of the scenario; of a connect the part that the client plays in it"), fErr, fDur}},

	Sync: {"Sync", "stream", 1, false, "The monotonic and the wall clock at one moment.", []Field{
		f("wall", SlotA, UWall, "Unix time")}},
	State: {"State", "stream", 1, false, "Something that is open or registered, stated again so that a reader can start here.", []Field{
		fFD, fGen, fInst, f("bits", SlotMask, UHex, "descriptor flags, or event bits of the registration"),
		bits("what", SlotAux, 0, 8, UEnum, StateNames, "a descriptor or a registration"),
		bits("type", SlotAux, 8, 8, UEnum, TypeNames, "type of the descriptor"),
		f("a", SlotA, UHex, "descriptor: Name id of the peer; registration: data"),
		bits("b", SlotB, 0, 32, UHex, nil, "descriptor: Name id of its own address"),
		since(2, bits("file", SlotB, 32, 32, UCount, nil, "identity of the open file, where more than one number leads to it; registration: the file, where the number means another by now")),
		since(2, f("unread", SlotDur, UPlus1, "descriptor: bytes that wait to be read, or connections to be accepted")),
		since(2, bits("queued", SlotAux, 16, 1, UCount, nil, "registration: 1 it is on the instance's ready list")),
		since(2, bits("inferred", SlotAux, 17, 1, UCount, nil, "registration: 1 it was not seen being made; its events show it")),
		since(2, bits("looked", SlotAux, 18, 1, UCount, nil, "registration: 1 the ready list was looked at, so queued is known")),
		since(2, bits("room", SlotAux, 19, 2, UEnum, AnswerNames, "descriptor: whether a wait for room to write would return")),
		since(2, bits("finished", SlotAux, 21, 2, UEnum, AnswerNames, "descriptor: whether the peer has finished (its FIN came)")),
		since(2, bits("unsent", SlotAux, 23, 2, UEnum, AnswerNames, "descriptor: whether bytes that were written wait to be sent or acknowledged")),
		since(2, bits("inherited", SlotAux, 25, 1, UCount, nil, "descriptor: 1 it is an epoll instance that the parent of the process has, too, under this number"))}},
	Name: {"Name", "stream", 1, false, "A piece of a string. Long strings take several events; an id may be given a new string later.", []Field{
		f("id", SlotAux, UCount, "id, per stream"), f("len", SlotMask, UCount, "bytes in the whole string"), f("at", SlotGen, UCount, "where this piece begins"),
		f("text", SlotA, UText, "up to 24 bytes")}},
	Lost: {"Lost", "stream", 1, false, "Events are missing here.", []Field{
		f("n", SlotA, UCount, "how many"), bits("where", SlotAux, 0, 8, UEnum, LostNames, "at which point")}},
	Bookmark: {"Bookmark", "stream", 1, false, "A mark that a person set, or words that the watched server has for its operator.", []Field{
		f("n", SlotA, UCount, "number; 0 words of the server"), f("at", SlotB, UMoment, "the moment that it marks; absent: its own"),
		f("text", SlotAux, UName, "words")}},

	Usage: {"Usage", "run", 1, false, "What a thread has used since it began: CPU time and context switches.", []Field{
		f("user", SlotA, UNanos, "CPU time in the program"), f("system", SlotB, UNanos, "CPU time in the kernel"),
		f("voluntary", SlotInst, UCount, "context switches because it waited"), f("involuntary", SlotMask, UCount, "context switches because it was made to"),
		since(2, bits("of", SlotAux, 0, 8, UEnum, UsageNames, "whose it is, where it is not the thread's"))}},
	Repeat: {"Repeat", "stream", 2, false, "The events before it in its stream came again and again: iterations of a loop that achieved nothing, counted where they arose.", []Field{
		f("events", SlotAux, UCount, "so many events before it, which are one iteration"), f("times", SlotA, UCount, "how often they came again"),
		f("waited", SlotB, UNanos, "time inside waits and sleeps, all times together"),
		f("longest", SlotMask, UNanos, "the longest of the iterations"), f("dur", SlotDur, UNanos, "from the end of the iteration before it to the end of the last one")}},
	Unread: {"Unread", "io", 2, false, "The program asked how many bytes wait to be read (ioctl FIONREAD).", []Field{
		fFD, fGen, f("bytes", SlotA, UPlus1, "so many"), fErr}},
	InCall: {"InCall", "run", 2, false, "A thread was looked at: what it was doing, and in which call. When the call began is not known.", []Field{
		fFD, fGen, fInst, f("name", SlotAux, UName, "the call; absent: none, or unknown"),
		f("asked", SlotA, UNanos, "timeout of a wait; -1 none"),
		bits("doing", SlotMask, 0, 8, UEnum, DoingNames, "what it was doing"),
		bits("same", SlotMask, 8, 2, UEnum, AnswerNames, "whether it is in that call since the look before, and did not run meanwhile")}},
	Peer: {"Peer", "client", 2, false, "Who has the other end of a connection: a process of this machine, found some time after the connection was made; or, stated again, a client of the scenario.", []Field{
		f("address", SlotInst, UName, "the other end's address"), f("pid", SlotA, UInt, "the process; absent: not looked for, or not found"), f("program", SlotAux, UName, "its name, as /proc/PID/comm has it"),
		f("part", SlotGen, UName, "the part that the client plays in its scenario")}},
}
