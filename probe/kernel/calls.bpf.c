//go:build ignore

/* What the threads of chosen processes do while evviz is attached to them: a record for each system call that a loop lives by, for each time
 * that a thread blocks in one, for each arrival at a socket, and for the beginnings and ends of threads and programs.
 *
 * Arguments are read when the call returns: the registers that they came in are still in pt_regs, and what lies behind a pointer has been
 * touched by the call itself, so it is in memory. Nothing of the program's data is read, but what describes descriptors: events, sets,
 * addresses, lengths, times, options, counters.
 *
 * Records gather in a stage of each CPU and go out when that is full, when its first record is 5 ms old, when a traced thread leaves the CPU,
 * or when the reader asks (hand_over). A record that finds no room in the ring is counted as lost. made = read + lost, to the record.
 *
 * The programs that write to one stage do not interrupt each other: tracepoints run with preemption off. hand_over comes as an interrupt, and
 * leaves a stage alone whose writer it has interrupted.
 */
#include "kernel.h"

/* bpf_probe_read_kernel is for programs under the GPL only. */
char programs_license[] SEC("license") = "GPL";

/* ---- Settings, written before loading. What is 0 is removed by the verifier. */

volatile const u32 with_runq = 0; /* sched_wakeup is attached: how long threads were runnable while no CPU ran them */
volatile const u32 with_enter = 0; /* sys_enter is attached for every call: durations also of what does not block */

/* What is done with a call, by its number on this machine. */
enum {
	SLOW, /* in no table: recorded if it blocked for 1 ms */
	PLAIN, /* its first three arguments */
	IO, /* descriptor, length, flags */
	COUNTER, /* the same, of a read: 8 bytes may be a counter */
	VECTOR, /* lengths of its buffers */
	MESSAGE, /* the same, behind a msghdr */
	EPOLL_WAIT,
	EPOLL_PWAIT2, /* timeout behind a pointer */
	EPOLL_CTL,
	POLL,
	PPOLL,
	SELECT,
	PSELECT6,
	ACCEPT,
	CONNECT,
	BIND,
	SOCKET_OPTION,
	IOCTL,
	PAIR, /* two descriptors behind argument 0 */
	SOCKETPAIR, /* ... behind argument 3 */
	SLEEP, /* time behind argument 0 */
	CLOCK_SLEEP, /* time behind argument 2 */
	TIMERFD_SET, /* itimerspec behind argument 2 */
	BLOCKED, /* recorded if it blocked */
	FILES, /* recorded if it blocked, or found no free descriptor */
	CLONE3,
};
volatile const u8 classes[512] = {};

static inline u32 class_of(u64 call)
{
	if (call >= 512)
		return SLOW;
	/* The compiler drops a mask that it can prove needless, and the verifier cannot do without. */
	asm volatile("%0 &= 511" : "+r"(call));
	return classes[call];
}

/* ---- Which processes: a bit for each tgid, of which there are 2^22 at most. Set by user space and by fork. */

u64 traced[65536];

static inline int is_traced(u32 tgid)
{
	return traced[tgid >> 6 & 0xffff] >> (tgid & 63) & 1;
}

/* ---- Records. The Go side is records_calls.go. */

enum { CALL = 1, BLOCK, FORK, EXEC, EXIT, ARRIVE, SETS };
enum { CUT = 1, OTHER_ABI = 2, HAS_SOCKET = 4 };

struct record {
	u64 time; /* CLOCK_MONOTONIC of the kernel: the end of a call, or the moment */
	u64 start; /* when it began, or blocked; 0: neither is known */
	u32 tid;
	u32 runq; /* of the time since start: runnable, and not running, ns; saturates */
	u16 call;
	u8 kind;
	u8 flags;
	u16 more; /* bytes behind it; the next record begins at a multiple of 8 */
	u16 unused;
	s32 result;
	u32 args[3]; /* lengths saturate */
};

#define PAYLOAD 12288 /* 1,024 events of epoll */
#define STAGE 8192
struct stage {
	u32 bytes, records;
	u64 first; /* time of the first record */
	u32 busy; /* a program is writing */
	u32 unused;
	u8 buf[STAGE + sizeof(struct record) + PAYLOAD + 64];
};
struct {
	map_number(type, MAP_ARRAY);
	map_number(map_flags, MAP_MMAPABLE);
	map_number(max_entries, 1); /* user space: as many as there are CPUs */
	map_type(key, u32);
	map_type(value, struct stage);
} stages SEC(".maps");

/* Arrivals come in the context of an interrupt, also in the middle of the programs above: they have stages of their own. */
#define ARRIVALS 4096
struct arrival_stage {
	u32 bytes, records;
	u64 first;
	u32 busy;
	u32 unused;
	u8 buf[ARRIVALS + 2 * sizeof(struct record)];
};
struct {
	map_number(type, MAP_ARRAY);
	map_number(map_flags, MAP_MMAPABLE);
	map_number(max_entries, 1);
	map_type(key, u32);
	map_type(value, struct arrival_stage);
} arrivals SEC(".maps");

struct {
	map_number(type, MAP_RINGBUF);
	map_number(max_entries, 1 << 24);
} call_ring SEC(".maps");

struct counts {
	u64 made, lost;
};
struct {
	map_number(type, MAP_PERCPU_ARRAY);
	map_number(max_entries, 1);
	map_type(key, u32);
	map_type(value, struct counts);
} tally SEC(".maps");

static inline void count(u64 made, u64 lost)
{
	u32 zero = 0;
	struct counts *c = map_lookup_elem(&tally, &zero);
	if (c) {
		c->made += made;
		c->lost += lost;
	}
}

/* What is known of a thread between its calls. A thread whose number collides with another's has no durations, never wrong ones. */
struct slot {
	u32 tid;
	u32 runq;
	u64 entered, blocked, runnable;
};
struct {
	map_number(type, MAP_ARRAY);
	map_number(max_entries, 65536);
	map_type(key, u32);
	map_type(value, struct slot);
} slots SEC(".maps");

static inline struct slot *slot_of(u32 tid)
{
	u32 key = tid & 0xffff;
	return map_lookup_elem(&slots, &key);
}

/* The slot of a thread, emptied when it was another's. */
static inline struct slot *take_slot(u32 tid)
{
	struct slot *s = slot_of(tid);
	if (s && s->tid != tid) {
		s->tid = tid;
		s->runq = 0;
		s->entered = s->blocked = s->runnable = 0;
	}
	return s;
}

static inline u32 saturated(u64 v)
{
	return v > 0xffffffff ? 0xffffffff : v;
}

static inline void flush(struct stage *s)
{
	u32 n = s->bytes;
	if (n == 0)
		return;
	if (n > sizeof s->buf)
		n = sizeof s->buf;
	long full = ringbuf_output(&call_ring, s->buf, n, NO_WAKEUP);
	count(s->records, full ? s->records : 0);
	s->bytes = s->records = 0;
}

/* Where the next record of this CPU is written; 0: nowhere. */
static inline struct record *begin(struct stage **on)
{
	u32 cpu = smp_processor_id();
	struct stage *s = map_lookup_elem(&stages, &cpu);
	if (!s)
		return NULL;
	*(volatile u32 *)&s->busy = 1;
	asm volatile("" ::: "memory");
	*on = s;
	return (struct record *)&s->buf[s->bytes & (STAGE - 1)];
}

static inline void finish(struct stage *s, struct record *r, u32 more)
{
	r->more = more;
	r->unused = 0;
	u64 now = r->time;
	if (s->bytes == 0)
		s->first = now;
	s->bytes += (sizeof *r + more + 7) & ~7u;
	s->records++;
	if (s->bytes >= STAGE || now - s->first > 5000000)
		flush(s);
	asm volatile("" ::: "memory");
	*(volatile u32 *)&s->busy = 0;
}

/* ---- Sockets */

/* A traced process's socket carries its tgid. Connections inherit it from their listener, and it goes with the socket. */
struct {
	map_number(type, MAP_SK_STORAGE);
	map_number(map_flags, MAP_NO_PREALLOC | MAP_CLONE);
	map_type(key, int);
	map_type(value, u32);
} owners SEC(".maps");

struct socket_seen {
	u64 sock, ino;
	u16 family, type, protocol, state;
	u16 local_port, peer_port; /* peer_port in network order */
	u32 unused;
	u8 local[16], peer[16];
};

static inline int see_socket(struct task_struct *t, u32 fd, struct socket_seen *to)
{
	struct files_struct *files = get(t, files);
	struct fdtable *table = get(files, fdt);
	if (fd >= get(table, max_fds))
		return 0;
	struct file **all = get(table, fd), *file = NULL;
	probe_read_kernel(&file, sizeof file, all + fd);
	if (!file)
		return 0;
	struct inode *inode = get(file, f_inode);
	if ((get(inode, i_mode) & 0170000) != 0140000)
		return 0;
	struct socket *socket = get(file, private_data);
	struct sock *sk = get(socket, sk);
	if (!sk)
		return 0;
	to->sock = (u64)sk;
	to->ino = get(inode, i_ino);
	to->family = get(sk, __sk_common.skc_family);
	to->type = get(socket, type);
	to->protocol = get(sk, sk_protocol);
	to->state = get(sk, __sk_common.skc_state);
	to->local_port = get(sk, __sk_common.skc_num);
	to->peer_port = get(sk, __sk_common.skc_dport);
	if (to->family == 10) {
		probe_read_kernel(to->local, 16, &sk->__sk_common.skc_v6_rcv_saddr);
		probe_read_kernel(to->peer, 16, &sk->__sk_common.skc_v6_daddr);
	} else {
		probe_read_kernel(to->local, 4, &sk->__sk_common.skc_rcv_saddr);
		probe_read_kernel(to->peer, 4, &sk->__sk_common.skc_daddr);
	}
	return 1;
}

/* Bytes that are unread, or connections that wait to be accepted. */
static inline u32 unread_of(struct sock *sk)
{
	u8 state = sk->__sk_common.skc_state;
	if (state == 10) /* LISTEN */
		return sk->sk_ack_backlog;
	if (sk->sk_protocol != 6)
		return 0;
	struct tcp_sock *tcp = (void *)sk;
	u32 n = get(tcp, rcv_nxt) - get(tcp, copied_seq);
	/* A FIN counts as one. */
	if (n && (state == 8 || state == 9 || state == 11 || state == 6))
		n--;
	return n;
}

/* ---- Calls */

struct vector {
	u64 base, length;
};
#define VECTORS 16
struct scratch {
	struct vector v[VECTORS];
	u64 header[7]; /* a msghdr */
};
struct {
	map_number(type, MAP_PERCPU_ARRAY);
	map_number(max_entries, 1);
	map_type(key, u32);
	map_type(value, struct scratch);
} scratches SEC(".maps");

static inline u64 lengths(struct scratch *s, u64 at, u64 n, u8 *flags)
{
	u64 sum = 0;
	if (n > VECTORS) {
		n = VECTORS;
		*flags |= CUT;
	}
	u32 size = n * sizeof(struct vector);
	if (size > sizeof s->v)
		size = sizeof s->v;
	if (probe_read_user(s->v, size, (void *)at)) {
		*flags |= CUT;
		return 0;
	}
	for (u32 i = 0; i < VECTORS; i++) {
		if (i >= n)
			break;
		sum += s->v[i].length;
	}
	return sum;
}

/* A timespec behind a pointer in milliseconds, rounded up; -1: there is none, which is for ever. */
static inline u32 milliseconds(u64 at, u8 *flags)
{
	u64 t[2];
	if (!at)
		return -1;
	if (probe_read_user(t, sizeof t, (void *)at)) {
		*flags |= CUT;
		return -1;
	}
	if (t[0] > 2000000)
		return 2000000000;
	return t[0] * 1000 + (t[1] + 999999) / 1000000;
}

static inline u32 copied(u8 *to, u32 size, u64 from, u8 *flags)
{
	if (from && !probe_read_user(to, size, (void *)from))
		return size;
	*flags |= CUT;
	return 0;
}

SEC("tp_btf/sys_exit")
int on_exit(u64 *ctx)
{
	u64 both = current_pid_tgid();
	if (!is_traced(both >> 32))
		return 0;
	struct pt_regs *regs = (void *)ctx[0];
	s64 result = ctx[1];
	u32 tid = both;
	u32 call = CALL_NUMBER(regs);
	u32 class = class_of(call);
	struct slot *slot = slot_of(tid);
	if (!slot)
		return 0;
	u64 start = 0;
	u32 runq = 0;
	if (slot->tid == tid) {
		start = with_enter ? slot->entered : slot->blocked;
		runq = slot->runq;
		if (class == BLOCKED && !slot->blocked) {
			slot->entered = 0;
			return 0;
		}
		slot->blocked = slot->entered = 0;
		slot->runq = 0;
	} else { /* the first call of this thread that is seen: it may have been in it before */
		take_slot(tid);
	}
	if (class == SLOW && !start)
		return 0;
	if (class == FILES && !start && result != -24 && result != -23)
		return 0;
	u64 a0 = FIRST(regs), a1 = SECOND(regs), a2 = THIRD(regs), a3 = FOURTH(regs);
	if (class == IOCTL && (u32)a1 != 0x5421 && (u32)a1 != 0x541b)
		return 0; /* FIONBIO and FIONREAD */
	u64 now = ktime_get_ns();
	if (class == SLOW && now - start < 1000000)
		return 0;
	struct task_struct *task = current_task();
	struct stage *on;
	struct record *r = begin(&on);
	if (!r)
		return 0;
	u8 *pay = (u8 *)(r + 1);
	u8 flags = COMPAT_OF(task) ? OTHER_ABI : 0;
	u32 more = 0, x0 = a0, x1 = saturated(a1), x2 = saturated(a2), zero = 0;
	switch (class) {
	case IO:
		x1 = saturated(a2);
		x2 = a3;
		break;
	case COUNTER:
		x1 = saturated(a2);
		x2 = 0;
		if (result == 8 && a2 == 8)
			more = copied(pay, 8, a1, &flags);
		break;
	case VECTOR: {
		struct scratch *s = map_lookup_elem(&scratches, &zero);
		x2 = a3;
		if (s)
			x1 = saturated(lengths(s, a1, a2, &flags));
		break;
	}
	case MESSAGE: {
		struct scratch *s = map_lookup_elem(&scratches, &zero);
		x1 = 0;
		x2 = a2;
		if (s && !probe_read_user(s->header, sizeof s->header, (void *)a1))
			x1 = saturated(lengths(s, s->header[2], s->header[3], &flags));
		else
			flags |= CUT;
		break;
	}
	case EPOLL_WAIT:
	case EPOLL_PWAIT2:
		x1 = saturated(a2);
		x2 = class == EPOLL_PWAIT2 ? milliseconds(a3, &flags) : a3;
		if (result > 0) {
			u32 size = result * EPOLL_EVENT;
			if (result > PAYLOAD / EPOLL_EVENT) {
				size = PAYLOAD / EPOLL_EVENT * EPOLL_EVENT;
				flags |= CUT;
			}
			if (size <= PAYLOAD)
				more = copied(pay, size, a1, &flags);
		}
		break;
	case EPOLL_CTL:
		x1 = a1;
		x2 = a2;
		if (a1 != 2) /* DEL */
			more = copied(pay, EPOLL_EVENT, a3, &flags);
		break;
	case POLL:
	case PPOLL:
		x0 = saturated(a1);
		x1 = class == PPOLL ? milliseconds(a2, &flags) : a2;
		x2 = 0;
		if (a1) {
			u32 size = a1 * 8;
			if (a1 > PAYLOAD / 8) {
				size = PAYLOAD;
				flags |= CUT;
			}
			if (size <= PAYLOAD)
				more = copied(pay, size, a0, &flags);
		}
		break;
	case SELECT:
	case PSELECT6: {
		x0 = a0;
		x1 = x2 = 0; /* the timeout has become what was left of it: on_enter has what was asked */
		if (result > 0) { /* the sets as the call left them, in three places of 128 bytes */
			u32 size = (a0 + 63) / 64 * 8;
			if (a0 > 1024) {
				size = 128;
				flags |= CUT;
			}
			if (size > 128)
				size = 128;
			for (u32 i = 0; i < 48; i++)
				((u64 *)pay)[i] = 0;
			if (a1)
				probe_read_user(pay, size, (void *)a1);
			if (a2)
				probe_read_user(pay + 128, size, (void *)a2);
			if (a3)
				probe_read_user(pay + 256, size, (void *)a3);
			more = 384;
		}
		break;
	}
	case ACCEPT:
	case CONNECT: {
		x1 = a3;
		struct socket_seen *w = (void *)pay;
		for (u32 i = 0; i < sizeof *w / 8; i++)
			((u64 *)w)[i] = 0;
		if ((result >= 0 || (class == CONNECT && result == -115)) && see_socket(task, class == CONNECT ? (u32)a0 : (u32)result, w)) {
			more = sizeof *w;
			flags |= HAS_SOCKET;
		}
		break;
	}
	case BIND: {
		struct socket_seen *w = (void *)pay;
		for (u32 i = 0; i < sizeof *w / 8; i++)
			((u64 *)w)[i] = 0;
		if (result == 0 && see_socket(task, (u32)a0, w)) {
			more = sizeof *w;
			flags |= HAS_SOCKET;
		}
		break;
	}
	case SOCKET_OPTION:
		more = copied(pay, 4, a3, &flags);
		break;
	case IOCTL:
		more = copied(pay, 4, a2, &flags);
		break;
	case PAIR:
		if (result == 0)
			more = copied(pay, 8, a0, &flags);
		break;
	case SOCKETPAIR:
		if (result == 0)
			more = copied(pay, 8, a3, &flags);
		break;
	case SLEEP:
		more = copied(pay, 16, a0, &flags);
		break;
	case CLOCK_SLEEP:
		more = copied(pay, 16, a2, &flags);
		break;
	case TIMERFD_SET:
		more = copied(pay, 32, a2, &flags);
		break;
	case CLONE3:
		more = copied(pay, 8, a0, &flags);
		break;
	}
	r->time = now;
	r->start = start;
	r->tid = tid;
	r->runq = runq;
	r->call = call;
	r->kind = CALL;
	r->flags = flags;
	r->result = result;
	r->args[0] = x0;
	r->args[1] = x1;
	r->args[2] = x2;
	finish(on, r, more);
	return 0;
}

/* Attached for programs that use select: the sets that are asked for are gone when the call returns. With --exact for every call. */
SEC("tp_btf/sys_enter")
int on_enter(u64 *ctx)
{
	u64 both = current_pid_tgid();
	if (!is_traced(both >> 32))
		return 0;
	struct pt_regs *regs = (void *)ctx[0];
	u32 call = ctx[1], class = class_of(call);
	if (with_enter) {
		struct slot *s = take_slot(both);
		if (s) {
			s->entered = ktime_get_ns();
			s->blocked = 0;
			s->runq = 0;
		}
	}
	if (class != SELECT && class != PSELECT6)
		return 0;
	struct stage *on;
	struct record *r = begin(&on);
	if (!r)
		return 0;
	u8 *pay = (u8 *)(r + 1);
	u64 n = FIRST(regs), in = SECOND(regs), out = THIRD(regs), except = FOURTH(regs);
	u32 size = (n + 63) / 64 * 8;
	r->flags = 0;
	if (n > 1024) {
		size = 128;
		r->flags = CUT;
	}
	if (size > 128)
		size = 128;
	for (u32 i = 0; i < 48; i++)
		((u64 *)pay)[i] = 0;
	if (in)
		probe_read_user(pay, size, (void *)in);
	if (out)
		probe_read_user(pay + 128, size, (void *)out);
	if (except)
		probe_read_user(pay + 256, size, (void *)except);
	r->time = ktime_get_ns();
	r->start = 0;
	r->tid = both;
	r->runq = 0;
	r->call = call;
	r->kind = SETS;
	r->result = 0;
	u64 time[2], at = FIFTH(regs);
	r->args[0] = n;
	r->args[1] = -1;
	r->args[2] = 0;
	if (at && !probe_read_user(time, sizeof time, (void *)at))
		r->args[1] = time[0] > 2000000 ? 2000000000 : time[0] * 1000 + time[1] / (class == SELECT ? 1000 : 1000000);
	finish(on, r, 384);
	return 0;
}

/* A thread that leaves the CPU in an interruptible or uninterruptible sleep (1, 2) waits for something. One that is made to go has state 0,
 * whatever preempt says: on its way out to the program it goes with preempt false. One that a tracer or a signal has stopped has 4 or 8. */
SEC("tp_btf/sched_switch")
int on_switch(u64 *ctx)
{
	struct task_struct *prev = (void *)ctx[1], *next = (void *)ctx[2];
	int leaves = is_traced(prev->tgid), comes = with_runq ? is_traced(next->tgid) : 0;
	if (!leaves && !comes)
		return 0;
	u64 now = ktime_get_ns();
	if (comes) {
		struct slot *s = slot_of(next->pid);
		if (s && s->tid == next->pid && s->runnable) {
			s->runq = saturated(s->runq + (now - s->runnable));
			s->runnable = 0;
		}
	}
	if (!leaves)
		return 0;
	struct slot *s = take_slot(prev->pid);
	if (!s)
		return 0;
	struct stage *on;
	struct record *r;
	if (ctx[0] || !(prev->__state & 3)) {
		if (with_runq)
			s->runnable = now;
	} else if (!s->blocked) {
		s->blocked = now;
		s->runnable = 0;
		struct pt_regs *regs = (void *)task_pt_regs(prev);
		s64 call = CALL_NUMBER(regs);
		if (call >= 0 && (r = begin(&on))) {
			r->time = now;
			r->start = s->entered;
			r->tid = prev->pid;
			r->runq = 0;
			r->call = call;
			r->kind = BLOCK;
			r->flags = 0;
			r->result = 0;
			u32 class = class_of(call);
			r->args[0] = FIRST(regs);
			r->args[1] = saturated(THIRD(regs));
			r->args[2] = saturated(FOURTH(regs));
			if (class == EPOLL_CTL || class == PLAIN || class == POLL || class == PPOLL || class == SLOW)
				r->args[1] = saturated(SECOND(regs)), r->args[2] = saturated(THIRD(regs));
			finish(on, r, 0);
		}
	} else {
		s->runnable = 0;
	}
	u32 cpu = smp_processor_id();
	on = map_lookup_elem(&stages, &cpu);
	if (on)
		flush(on);
	return 0;
}

SEC("tp_btf/sched_wakeup")
int on_wakeup(u64 *ctx)
{
	struct task_struct *p = (void *)ctx[0];
	if (!is_traced(p->tgid))
		return 0;
	struct slot *s = slot_of(p->pid);
	if (s && s->tid == p->pid)
		s->runnable = ktime_get_ns();
	return 0;
}

/* ---- Arrivals */

static inline void flush_arrivals(struct arrival_stage *s)
{
	u32 n = s->bytes;
	if (n == 0)
		return;
	if (n > sizeof s->buf)
		n = sizeof s->buf;
	long full = ringbuf_output(&call_ring, s->buf, n, NO_WAKEUP);
	count(s->records, full ? s->records : 0);
	s->bytes = s->records = 0;
}

SEC("tp_btf/sk_data_ready")
int on_ready(u64 *ctx)
{
	struct sock *sk = (void *)ctx[0];
	if (!sk->sk_bpf_storage)
		return 0; /* nobody's, without a call */
	u32 *owner = sk_storage_get(&owners, sk, NULL, 0);
	if (!owner || !is_traced(*owner))
		return 0;
	u32 cpu = smp_processor_id();
	struct arrival_stage *s = map_lookup_elem(&arrivals, &cpu);
	if (!s)
		return 0;
	*(volatile u32 *)&s->busy = 1;
	asm volatile("" ::: "memory");
	struct record *r = (struct record *)&s->buf[s->bytes & (ARRIVALS - 1)];
	u64 now = ktime_get_ns();
	if (s->bytes == 0)
		s->first = now;
	r->time = now;
	r->start = (u64)sk;
	r->tid = *owner;
	r->runq = 0;
	r->call = 0;
	r->kind = ARRIVE;
	r->flags = 0;
	r->more = 0;
	r->unused = 0;
	r->result = unread_of(sk);
	r->args[0] = sk->__sk_common.skc_num;
	r->args[1] = sk->__sk_common.skc_state;
	r->args[2] = sk->sk_max_ack_backlog;
	s->bytes += sizeof *r;
	s->records++;
	if (s->bytes + sizeof *r > ARRIVALS || now - s->first > 5000000)
		flush_arrivals(s);
	asm volatile("" ::: "memory");
	*(volatile u32 *)&s->busy = 0;
	return 0;
}

/* In the context of listen(2) and connect(2) the caller is the owner. */
SEC("tp_btf/inet_sock_set_state")
int on_state(u64 *ctx)
{
	struct sock *sk = (void *)ctx[0];
	int to = ctx[2];
	if (to != 10 && to != 2) /* LISTEN, SYN_SENT */
		return 0;
	u32 tgid = current_pid_tgid() >> 32;
	if (!is_traced(tgid))
		return 0;
	u32 *owner = sk_storage_get(&owners, sk, &tgid, 1);
	if (owner)
		*owner = tgid;
	return 0;
}

/* Sockets that are there when evviz attaches. Runs over the descriptors of one process (iter/task_file). */
SEC("iter/task_file")
int mark(struct bpf_iter__task_file *ctx)
{
	struct task_struct *t = ctx->task;
	struct file *f = ctx->file;
	if (!t || !f || !is_traced(t->tgid))
		return 0;
	struct socket *socket = sock_from_file(f);
	if (!socket)
		return 0;
	struct sock *sk = socket->sk;
	u32 tgid = t->tgid;
	if (sk)
		sk_storage_get(&owners, sk, &tgid, 1);
	return 0;
}

/* ---- Lives */

static inline void life(u32 kind, u32 tid, u32 a0, u32 a1, s32 result, const char *name)
{
	struct stage *on;
	struct record *r = begin(&on);
	if (!r)
		return;
	r->time = ktime_get_ns();
	r->start = 0;
	r->tid = tid;
	r->runq = 0;
	r->call = 0;
	r->kind = kind;
	r->flags = 0;
	r->result = result;
	r->args[0] = a0;
	r->args[1] = a1;
	r->args[2] = 0;
	u32 more = 0;
	if (name) {
		long n = probe_read_kernel_str(r + 1, 128, name);
		if (n > 0)
			more = n;
	}
	finish(on, r, more & 255);
}

SEC("tp_btf/sched_process_fork")
int on_fork(u64 *ctx)
{
	struct task_struct *parent = (void *)ctx[0], *child = (void *)ctx[1];
	if (!is_traced(parent->tgid))
		return 0;
	u32 tgid = child->tgid;
	if (tgid != parent->tgid)
		__sync_fetch_and_or(&traced[tgid >> 6 & 0xffff], 1ull << (tgid & 63));
	life(FORK, parent->pid, child->pid, tgid, 0, child->comm);
	return 0;
}

SEC("tp_btf/sched_process_exec")
int on_exec(u64 *ctx)
{
	struct task_struct *p = (void *)ctx[0];
	struct linux_binprm *b = (void *)ctx[2];
	if (is_traced(p->tgid))
		life(EXEC, p->pid, ctx[1], p->tgid, 0, get(b, filename));
	return 0;
}

SEC("tp_btf/sched_process_exit")
int on_end(u64 *ctx)
{
	struct task_struct *p = (void *)ctx[0];
	if (!is_traced(p->tgid))
		return 0;
	life(EXIT, p->pid, p->tgid, 0, p->exit_code, NULL);
	u32 cpu = smp_processor_id();
	struct stage *s = map_lookup_elem(&stages, &cpu);
	if (s)
		flush(s);
	return 0;
}

/* ---- The reader runs this on a CPU whose stage it finds too old (BPF_PROG_TEST_RUN, BPF_F_TEST_RUN_ON_CPU). It comes as an interrupt: a stage
 * whose writer it has interrupted is busy, and is left for the next time. */
SEC("raw_tp/hand_over")
int hand_over(void *ctx)
{
	u32 cpu = smp_processor_id();
	struct stage *s = map_lookup_elem(&stages, &cpu);
	if (s && !*(volatile u32 *)&s->busy)
		flush(s);
	struct arrival_stage *a = map_lookup_elem(&arrivals, &cpu);
	if (a && !*(volatile u32 *)&a->busy)
		flush_arrivals(a);
	return 0;
}
