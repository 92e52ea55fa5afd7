package kernel

import (
	"fmt"
	"io"
	"net/netip"
	"strconv"
)

// Unknown is the value of an int field that the kernel did not say, or that has no meaning for this kind of thing.
const Unknown = -1

// State is one process as the kernel had it during one pass. Every fact is read at a moment of its own between Time and End: the process
// goes on running meanwhile, and nothing in it is locked.
type State struct {
	Time int64 // CLOCK_MONOTONIC, ns: when the pass began
	End  int64 // CLOCK_MONOTONIC, ns: when it had ended

	PID    int   // the process, as the reader calls it
	Parent int   // its parent, as the reader calls it; 0 when the reader cannot see it
	Start  int64 // CLOCK_BOOTTIME, ns: when the process was made. Another value under the same number is another process

	Files   []File   // by Table, then by number
	Watched []File   // files that are watched and are not behind the number they were registered with; their FD is Unknown
	Regs    []Reg    // every instance once, under the lowest of its numbers; by EPFD, then by FD
	Threads []Thread // by TID

	// Lost counts records that were not understood, and parts of interest lists that were left out because the list changed faster than it
	// could be read. 0: everything is there.
	Lost int
}

// FileAt is the file behind a number of the process's descriptor table, nil if there is none. A thread with a table of its own is not asked.
func (s *State) FileAt(fd int) *File {
	for i := range s.Files {
		if f := &s.Files[i]; f.FD == fd && f.Table == s.Files[0].Table {
			return f
		}
	}
	return nil
}

// Key names an open file or a socket in the kernel. It joins the facts of one or several passes: two descriptors with one File are
// duplicates of each other, in one process or in two. It is an address of kernel memory, so it formats as a word whatever the verb, and
// must not be written anywhere. A key is used again when its object is gone.
type Key uint64

// Format writes the same word for every key that is not 0.
func (k Key) Format(f fmt.State, _ rune) { io.WriteString(f, k.word()) }

// MarshalText is what encoders of JSON and the like take: the same word for every key.
func (k Key) MarshalText() ([]byte, error) { return []byte(k.word()), nil }

func (k Key) word() string {
	if k == 0 {
		return "none"
	}
	return "key"
}

// Kind says what an open file is.
type Kind uint8

// The kinds of files. Devices, directories and ordinary files are KindOther.
const (
	KindOther Kind = iota
	KindSocket
	KindPipe // and FIFO
	KindEpoll
	KindEventfd
	KindTimerfd
	KindSignalfd
	KindInotify
	KindUring
	kinds // how many there are
)

var kindNames = [kinds]string{"file", "socket", "pipe", "epoll", "eventfd", "timerfd", "signalfd", "inotify", "io_uring"}

// String is the word that manual pages use.
func (k Kind) String() string {
	if k < kinds {
		return kindNames[k]
	}
	return "kind " + strconv.Itoa(int(k))
}

// File is one descriptor and what is behind it.
type File struct {
	Time int64 // CLOCK_MONOTONIC, ns: when it was read

	FD    int // the number; Unknown in State.Watched
	Table int // whose descriptor table: the process, or a thread that has a table of its own (unshare(2), CLONE_FILES)
	File  Key // the open file

	Kind        Kind
	Name        string // of an anonymous inode, such as [eventpoll] or bpf-map; "" for everything else. At most 23 bytes, from outside
	Flags       uint32 // as fcntl(F_GETFL) says them on this architecture: access mode, O_NONBLOCK, O_APPEND, O_PATH and so on
	CloseOnExec bool
	Mode        uint32 // st_mode
	Inode       uint64 // st_ino
	Device      uint64 // st_dev, as stat(2) encodes it

	// What this kind has, the others are nil.
	Socket  *Socket
	Pipe    *Pipe
	Epoll   *Epoll
	Eventfd *Eventfd
	Timerfd *Timerfd
}

// Nonblocking reports whether O_NONBLOCK is set: on the open file, so for all its duplicates.
func (f *File) Nonblocking() bool { return f.Flags&oNonblock != 0 }

const oNonblock = 0o4000 // asm-generic and x86

// Pipe is one end of a pipe or FIFO.
type Pipe struct {
	Unread  int // bytes
	Slots   int // buffers in use; a write of one byte may take a whole one
	Size    int // buffers that there may be. Full when Slots is Size
	Readers int // open read ends in all processes
	Writers int // open write ends in all processes. 0: a reader gets EOF
	Reads   bool
	Writes  bool // both for a FIFO opened with O_RDWR
}

// Epoll is an epoll instance.
type Epoll struct {
	Waiting bool // a thread is in epoll_wait
	Polled  bool // it is itself watched by poll, select or another instance, and somebody is asleep there
	Entries int  // registrations found; Unknown when they cannot be read (see Reader.Missing)
}

// Eventfd is the counter of an eventfd.
type Eventfd struct {
	Count uint64 // readable when it is not 0
}

// Timerfd is a timer behind a descriptor.
type Timerfd struct {
	Clock    int    // CLOCK_*
	Armed    bool   // it will expire (again)
	Interval int64  // ns; 0: it expires once
	Ticks    uint64 // expirations that are not read yet, but for those of an interval timer after its first one, which the read adds
}

// Socket is a socket of any family. Bytes are those that the program has not read, or that the peer has not acknowledged.
type Socket struct {
	Sock     Key // the socket itself: the same for every open file it is passed to
	Family   int // AF_*
	Type     int // SOCK_*
	Protocol int // IPPROTO_*
	State    int // TCP_ESTABLISHED (1) to TCP_NEW_SYN_RECV (12); UDP and AF_UNIX use 1, 7 (not connected) and 10 (listening) of them

	Local, Peer netip.AddrPort // AF_INET and AF_INET6; not valid when there is none
	Path        string         // AF_UNIX: the bound name, with a leading NUL for an abstract one; "" unbound. From outside
	PeerPath    string         // AF_UNIX: that of the socket it is connected to
	PeerInode   uint64         // AF_UNIX: st_ino of the socket it is connected to; 0 when there is none, or it is not accepted yet
	NetNS       uint64         // inode of the network namespace, as in /proc/PID/ns/net

	Unread     int // TCP and MPTCP: bytes; UDP and AF_UNIX: bytes of all packets in the queue; Unknown for other sockets and listeners
	Packets    int // UDP and AF_UNIX: packets in the queue, also those of no length; Unknown for TCP and listeners
	Unacked    int // TCP and MPTCP: bytes written that the peer has not acknowledged, a FIN counts as one; Unknown for other sockets
	Unsent     int // TCP: the part of Unacked that has not left; Unknown for other sockets
	Low        int // SO_RCVLOWAT: with less unread, EPOLLIN is not reported (TCP)
	SendQueued int // bytes of memory that the send queue takes: data and the kernel's own
	SendBuffer int // bytes of memory that it may take, SO_SNDBUF
	notSentLow uint32

	Listening bool
	Accept    int // connections in the accept queue; Unknown when not listening
	Backlog   int // how many the kernel lets in: the accept queue is full with one more than that (TCP, AF_UNIX); Unknown when not listening

	ReusePort bool // SO_REUSEPORT
	Group     Key  // the sockets that share an address by SO_REUSEPORT have the same; 0: none, or not bound yet

	ReadShut  bool // no more data comes: the peer has finished (FIN), or shutdown(SHUT_RD)
	WriteShut bool // shutdown(SHUT_WR), or the connection has been closed on this side
	Err       int  // errno that the next call or SO_ERROR takes; 0 none
	SoftErr   int  // errno that is only told when the connection fails
}

// Writable reports whether epoll would report EPOLLOUT, and whether that is known for this kind of socket (TCP, UDP, AF_UNIX).
func (s *Socket) Writable() (ok, known bool) {
	switch {
	case s.Listening || s.State == tcpSynSent:
		return false, s.Listening || s.isTCP()
	case s.isTCP():
		// sk_stream_is_writeable and tcp_stream_memory_free (net/ipv4/tcp.c, include/net/sock.h)
		if s.WriteShut {
			return true, true
		}
		if s.SendBuffer-s.SendQueued < s.SendQueued>>1 || s.SendQueued >= s.SendBuffer {
			return false, true
		}
		return s.Unsent < int(s.notSentLow), true
	case s.Family == afUnix:
		return s.SendQueued<<2 <= s.SendBuffer, true // unix_writable (net/unix/af_unix.c)
	case s.isUDP():
		return s.SendQueued < s.SendBuffer>>1, true // sock_writeable
	}
	return false, false
}

func (s *Socket) isTCP() bool {
	return (s.Family == afInet || s.Family == afInet6) && s.Type == sockStream && s.Protocol == protoTCP
}

func (s *Socket) isUDP() bool {
	return (s.Family == afInet || s.Family == afInet6) && s.Type == sockDgram && s.Protocol == protoUDP
}

// Numbers of Linux, which are the same on every architecture that has programs here; a state may be looked at on another system.
const (
	afUnix, afInet, afInet6 = 1, 2, 10
	sockStream, sockDgram   = 1, 2
	protoTCP, protoUDP      = 6, 17
	tcpSynSent, tcpListen   = 2, 10
	tcpCloseWait            = 8
	tcpLastAck              = 9
	tcpClosing              = 11
)

// Reg is one entry of an interest list.
type Reg struct {
	Time int64 // CLOCK_MONOTONIC, ns: when it was read

	EPFD     int // the lowest number of the instance
	Instance Key // the open file of the instance
	FD       int // the number with which it was registered
	File     Key // the open file that is watched, for as long as any descriptor in any process keeps it open
	Kind     Kind
	Inode    uint64
	Device   uint64 // st_dev

	Events uint32 // EPOLL*: what is asked for, and EPOLLET, EPOLLONESHOT, EPOLLEXCLUSIVE, EPOLLWAKEUP
	Data   uint64 // the program's own

	// Queued: on the ready list, so that the next epoll_wait looks at it. A level-triggered entry stays there after a report until a wait
	// finds nothing; so Queued is not yet an event.
	Queued bool
	Stale  bool // the number means another file now, or none
}

// Call numbers of a Thread that are none.
const (
	NoCall      = -1 // in the program's own code (or in the kernel because of a page fault)
	UnknownCall = -2 // running on a CPU at that moment: its registers are not in memory
)

// Thread is one thread.
type Thread struct {
	Time int64 // CLOCK_MONOTONIC, ns: when it was read

	TID   int    // as the reader calls it
	Name  string // comm, at most 15 bytes. From outside
	State string // one letter as in /proc/PID/stat: R S D T t X Z P I

	Call   int       // number of the system call it is in, by this architecture; NoCall or UnknownCall otherwise. A stopped thread (T, t) may name its last one
	Args   [6]uint64 // its arguments; pointers are addresses in the process
	Compat bool      // the call is a 32-bit one: Call and Args are those of that other architecture
	Worker bool      // a thread of the kernel in this process (io_uring): it makes no calls
	CPU    bool      // running on a CPU at that moment

	Start        int64 // CLOCK_BOOTTIME, ns
	Ran          int64 // CPU time, ns, exact as of the last tick or change of threads
	User, System int64 // CPU time, ns, as ticks found it: only their proportion is exact
	Voluntary    int64 // times that it gave up the CPU in order to wait
	Preempted    int64 // times that the CPU was taken away
}
