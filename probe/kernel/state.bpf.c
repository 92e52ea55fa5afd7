//go:build ignore

/* One process as the kernel has it: descriptors and what is behind them, interest lists, threads. Two iterators, which the reader runs by
 * reading from a descriptor; they run in the reader's own context, one object at a time, and the process is neither stopped nor touched.
 *
 * Everything goes into one ring buffer. When it is full, a program answers 1, which means "show me this object again": read(2) returns
 * EAGAIN, the reader empties the ring and reads on. So nothing is lost however small the ring is. Where an interest list was left is in
 * struct pass.
 *
 * No lock is taken. What is read may change or be freed meanwhile: every access is a copy that fails instead of faulting, and every loop
 * has an end.
 */
#include "kernel.h"

/* bpf_probe_read_kernel is for programs under the GPL only. */
char programs_license[] SEC("license") = "GPL";

/* Whether there is bpf_loop (5.17): without it, no interest lists and no bytes of queues. */
volatile const u32 with_loop = 1;

struct {
	map_number(type, MAP_RINGBUF);
	map_number(max_entries, 1 << 20);
} ring SEC(".maps");

/* What the reader asks for, and what the programs remember from one object to the next. The reader clears it before each pass. */
struct pass {
	u32 pid; /* asked for, as the reader calls it */
	u32 torn; /* interest lists that were given up, since they changed faster than they could be read */
	u64 task; /* the answer of ours() for this task */
	u32 tid, is_ours;
	u64 at_task, at_file; /* the instance in whose list the ring was full */
	u64 key_file; /* the last entry of it that was written */
	s32 key_fd;
	u32 at_fd;
};
struct {
	map_number(type, MAP_ARRAY);
	map_number(max_entries, 1);
	map_type(key, u32);
	map_type(value, struct pass);
} passes SEC(".maps");

static inline struct pass *the_pass(void)
{
	u32 zero = 0;
	return map_lookup_elem(&passes, &zero);
}

/* ---- Records. Their Go types are made from these; kinds are told apart by the first number. */

enum { RECORD_FILE = 1, RECORD_SOCKET, RECORD_REG, RECORD_THREAD };
/* Kind in state.go. */
enum { OTHER, SOCKET, PIPE, EPOLL, EVENTFD, TIMERFD, SIGNALFD, INOTIFY, URING };

struct file_record {
	u32 record;
	u32 tid; /* whose table */
	u64 time;
	u64 table;
	u64 file;
	u64 ino;
	u32 dev; /* the kernel's: 12 bits major, 20 bits minor */
	s32 fd; /* -1: watched, and not behind the number that it was registered with */
	u32 flags;
	u32 fmode;
	u16 mode;
	u8 kind;
	u8 cloexec;
	u32 valid; /* more has an answer */
	u64 more[6]; /* by kind */
	char name[24]; /* of anonymous inodes */
};
struct socket_record {
	struct file_record file;
	u64 sock;
	u64 group;
	u64 flags; /* SOCK_DONE and so on: bit numbers of enum sock_flags */
	u64 peer_ino;
	s64 bytes; /* in the queue; -1 unknown */
	u32 packets;
	u32 netns;
	u16 family, type, protocol;
	u16 lport, rport; /* in network order */
	u8 state, shutdown, reuseport, tcp; /* 1 TCP, 2 MPTCP: the numbers below are cut off to 32 bits */
	u8 local[16], peer[16];
	s32 lowat, err, err_soft, wmem_queued, wmem_alloc, sndbuf;
	u32 backlog, max_backlog;
	u32 rcv_nxt, copied_seq, write_seq, snd_una, snd_nxt, notsent_lowat;
	u16 name_len, peer_name_len; /* of AF_UNIX names */
	char name[108], peer_name[108];
};
struct reg_record {
	u32 record;
	s32 epfd;
	u64 time;
	u64 instance;
	u64 file;
	u64 ino;
	u64 data;
	u32 events;
	s32 fd;
	u32 dev;
	u32 tid; /* in whose table the instance is */
	u8 kind, queued, stale, pad[5];
};
struct thread_record {
	u32 record;
	u32 tid;
	u64 time;
	s64 call;
	u64 args[6];
	u64 start, utime, stime, ran, nvcsw, nivcsw;
	u32 state, exit_state, flags, parent;
	u8 compat, on_cpu, leader, pad[5];
	char comm[16];
};
/* Types get into the object, for the generator, when something has them. */
struct file_record *file_record_ __attribute__((unused));
struct socket_record *socket_record_ __attribute__((unused));
struct reg_record *reg_record_ __attribute__((unused));
struct thread_record *thread_record_ __attribute__((unused));

/* ---- Who is who. */

/* The number by which the reader calls a task, 0 if it cannot see it. A task has one in each pid namespace from the first down to its own;
 * the reader's is the one at the reader's own level, if that is the same namespace. */
static noinline u32 number(struct task_struct *t)
{
	struct task_struct *me = (void *)get_current_task();
	struct pid *mine = get(me, thread_pid), *its = get(t, thread_pid);
	u32 level = get(mine, level);
	if (!mine || !its || get(its, level) < level)
		return 0;
	u64 at = (u64)level * size_of(struct upid);
	struct upid *a = (void *)&mine->numbers + at, *b = (void *)&its->numbers + at;
	if (get(a, ns) != get(b, ns))
		return 0;
	return get(b, nr);
}

/* Whether a task is a thread of the process that is asked for. Where a link cannot be made for one process (before 6.1), all tasks come by. */
static inline int ours(struct pass *p, struct task_struct *t)
{
	if (p->task != (u64)t) {
		p->tid = number(t);
		p->is_ours = p->tid && number(get(t, group_leader)) == p->pid;
		p->task = (u64)t;
	}
	return p->is_ours;
}

/* ---- Files. */

#define WORD(a, b, c, d, e, f, g, h)                                                                                                       \
	((u64)(a) | (u64)(b) << 8 | (u64)(c) << 16 | (u64)(d) << 24 | (u64)(e) << 32 | (u64)(f) << 40 | (u64)(g) << 48 | (u64)(h) << 56)
enum { ANON_INODE_FS_MAGIC = 0x09041934, SOCKFS_MAGIC = 0x534f434b };
enum { S_IFMT = 0170000, S_IFIFO = 0010000 };

struct look {
	struct inode *inode;
	u64 ino;
	u64 name[3];
	u32 dev;
	u16 mode;
	u8 kind;
};

/* What a file is. Anonymous inodes are told apart by the names of their entries, which /proc/PID/fd shows, too. */
static noinline int look_at(struct file *f, struct look *l)
{
	struct inode *i = get(f, f_inode);
	struct super_block *sb = get(i, i_sb);
	u64 magic = get(sb, s_magic);
	l->ino = get(i, i_ino);
	l->dev = get(sb, s_dev);
	l->mode = get(i, i_mode);
	l->kind = OTHER;
	l->name[0] = l->name[1] = l->name[2] = 0;
	if (magic == SOCKFS_MAGIC) {
		l->kind = SOCKET;
	} else if ((l->mode & S_IFMT) == S_IFIFO) {
		l->kind = PIPE;
	} else if (magic == ANON_INODE_FS_MAGIC) {
		l->mode &= ~S_IFMT; /* since 6.16 these are S_IFREG inside; stat(2) does not say so */
		struct dentry *d = get(f, f_path.dentry);
		const void *name = get(d, d_name.name);
		probe_read_kernel_str(l->name, sizeof l->name, name);
		switch (l->name[0]) {
		case WORD('[', 'e', 'v', 'e', 'n', 't', 'p', 'o'):
			l->kind = EPOLL;
			break;
		case WORD('[', 'e', 'v', 'e', 'n', 't', 'f', 'd'):
			l->kind = EVENTFD;
			break;
		case WORD('[', 't', 'i', 'm', 'e', 'r', 'f', 'd'):
			l->kind = TIMERFD;
			break;
		case WORD('[', 's', 'i', 'g', 'n', 'a', 'l', 'f'):
			l->kind = SIGNALFD;
			break;
		case WORD('i', 'n', 'o', 't', 'i', 'f', 'y', 0):
			l->kind = INOTIFY;
			break;
		case WORD('[', 'i', 'o', '_', 'u', 'r', 'i', 'n'):
			l->kind = URING;
			break;
		}
	}
	return 0;
}

/* The file behind a number, and whether it is closed on exec. */
static inline struct file *file_at(struct files_struct *files, u32 fd)
{
	struct fdtable *table = get(files, fdt);
	if (fd >= get(table, max_fds))
		return NULL;
	struct file **numbers = get(table, fd), *f = NULL;
	probe_read_kernel(&f, sizeof f, &numbers[fd]);
	return f;
}
static inline int closes_on_exec(struct files_struct *files, u32 fd)
{
	struct fdtable *table = get(files, fdt);
	if (fd >= get(table, max_fds))
		return 0;
	u64 *bits = (void *)get(table, close_on_exec), word = 0;
	probe_read_kernel(&word, sizeof word, &bits[fd / 64]);
	return word >> (fd % 64) & 1;
}

static inline int asleep(struct wait_queue_head *q)
{
	struct list_head *first = get(q, head.next);
	return first && first != &q->head;
}

#define PIPE_SLOTS 256 /* of 1 MiB, the most that a program without CAP_SYS_RESOURCE may ask for */

struct slots {
	u64 bytes;
	u64 bufs;
	u32 tail, mask;
};
static long next_slot(u32 i, struct slots *s)
{
	struct pipe_buffer *b = (void *)(s->bufs + size_of(struct pipe_buffer) * ((s->tail + i) & s->mask));
	s->bytes += get(b, len);
	return 0;
}

static inline void look_into_pipe(struct file_record *r, struct pipe_inode_info *p)
{
	u32 head = get(p, head), tail = get(p, tail);
	struct slots s = {.bufs = (u64)get(p, bufs), .tail = tail, .mask = get(p, ring_size) - 1};
	u32 used = head - tail;
	if (with_loop) {
		if (used <= PIPE_SLOTS)
			loop(used, next_slot, &s, 0);
	} else {
		for (u32 i = 0; i < PIPE_SLOTS && i < used; i++)
			next_slot(i, &s);
	}
	r->more[0] = used > PIPE_SLOTS ? (u64)-1 : s.bytes;
	r->more[1] = used;
	r->more[2] = get(p, max_usage);
	r->more[3] = get(p, readers);
	r->more[4] = get(p, writers);
}

static inline void look_into_timer(struct file_record *r, struct timerfd_ctx *t)
{
	r->more[0] = get(t, ticks);
	r->more[1] = get(t, tintv);
	int clock = get(t, clockid);
	r->more[2] = clock;
	/* An interval timer that has expired is not queued until it is read, which sets it again. */
	int armed = get(t, expired) && get(t, tintv);
	if (clock == 8 || clock == 9) { /* CLOCK_REALTIME_ALARM, CLOCK_BOOTTIME_ALARM */
		if (has_field(t->t.alarm.state))
			armed |= get(t, t.alarm.state) & 1;
	} else if (has_field(t->t.tmr.state)) {
		armed |= get(t, t.tmr.state) & 1;
	}
	r->more[3] = armed;
}

/* fill writes what every kind of file has, and of most kinds all. */
static noinline int fill(struct file_record *r, struct file *f, struct files_struct *files, struct look *l)
{
	if (!r || !l) /* for the verifier, which looks at this function alone */
		return 0;
	r->time = ktime_get_ns();
	r->table = (u64)files;
	r->file = (u64)f;
	r->ino = l->ino;
	r->dev = l->dev;
	r->flags = get(f, f_flags);
	r->fmode = get(f, f_mode);
	r->mode = l->mode;
	r->kind = l->kind;
	r->cloexec = r->fd < 0 ? 0 : closes_on_exec(files, r->fd);
	__builtin_memcpy(r->name, l->name, sizeof r->name);
	void *p = get(f, private_data);
	r->valid = p != NULL;
	if (!p)
		return 0;
	switch (l->kind) {
	case PIPE:
		look_into_pipe(r, p);
		break;
	case EPOLL:
		r->more[0] = asleep(&((struct eventpoll *)p)->wq);
		r->more[1] = asleep(&((struct eventpoll *)p)->poll_wait);
		break;
	case EVENTFD:
		if (has_type(struct eventfd_ctx))
			r->more[0] = get((struct eventfd_ctx *)p, count);
		else
			r->valid = 0;
		break;
	case TIMERFD:
		if (has_type(struct timerfd_ctx))
			look_into_timer(r, p);
		else
			r->valid = 0;
		break;
	}
	return 0;
}

/* ---- Sockets. */

enum { AF_UNIX = 1, AF_INET = 2, AF_INET6 = 10, SOCK_STREAM = 1, SOCK_DGRAM = 2, TCP = 6, UDP = 17, MPTCP = 262, LISTEN = 10 };

struct queue {
	u64 bytes;
	u64 head; /* the queue itself, which the last packet points to */
	u64 next;
	u32 is_unix;
};
static long next_packet(u32 i, struct queue *q)
{
	struct sk_buff *b = (void *)q->next;
	if (!b || q->next == q->head)
		return 1;
	q->bytes += get(b, len);
	if (q->is_unix && has_type(struct unix_skb_parms)) /* of a stream, a packet may have been read in part */
		q->bytes -= get((struct unix_skb_parms *)&b->cb, consumed);
	q->next = (u64)get(b, next);
	return 0;
}
static noinline u64 bytes_in(struct sk_buff_head *h, u32 is_unix)
{
	struct queue q = {.head = (u64)h, .next = (u64)get(h, next), .is_unix = is_unix};
	if (with_loop)
		loop(1 << 17, next_packet, &q, 0);
	return q.bytes;
}

static inline u32 unix_name(struct unix_address *a, char *to)
{
	if (!a)
		return 0;
	u64 n = get(a, len) - 2; /* without sun_family */
	asm volatile("" : "+r"(n)); /* else the compiler proves the next line half needless, and the verifier cannot */
	if (n > 108)
		return 0;
	probe_read_kernel(to, n, &a->name[0].sun_path);
	return n;
}

static noinline int fill_socket(struct socket_record *r, struct file *f)
{
	if (!r)
		return 0;
	struct socket *s = get(f, private_data);
	struct sock *sk = get(s, sk);
	if (!sk)
		return 0;
	r->sock = (u64)sk;
	r->family = get(sk, __sk_common.skc_family);
	r->type = get(sk, sk_type);
	r->protocol = get(sk, sk_protocol);
	r->state = get(sk, __sk_common.skc_state);
	r->flags = get(sk, __sk_common.skc_flags);
	r->reuseport = get_bits(&sk->__sk_common, skc_reuseport);
	r->group = (u64)get(sk, sk_reuseport_cb);
	r->shutdown = get(sk, sk_shutdown);
	r->err = get(sk, sk_err);
	r->err_soft = get(sk, sk_err_soft);
	r->lowat = get(sk, sk_rcvlowat);
	r->sndbuf = get(sk, sk_sndbuf);
	r->wmem_queued = get(sk, sk_wmem_queued);
	r->wmem_alloc = get(sk, sk_wmem_alloc.refs.counter);
	r->backlog = get(sk, sk_ack_backlog);
	r->max_backlog = get(sk, sk_max_ack_backlog);
	r->packets = get(sk, sk_receive_queue.qlen);
	r->bytes = -1;
	if (has_field(sk->__sk_common.skc_net.net)) {
		struct net *net = get(sk, __sk_common.skc_net.net);
		r->netns = get(net, ns.inum);
	}
	int inet = 0;
	if (r->family == AF_INET) {
		inet = 1;
		u32 local = get(sk, __sk_common.skc_rcv_saddr), peer = get(sk, __sk_common.skc_daddr);
		__builtin_memcpy(r->local, &local, 4);
		__builtin_memcpy(r->peer, &peer, 4);
	} else if (r->family == AF_INET6 && has_field(sk->__sk_common.skc_v6_daddr)) {
		inet = 1;
		probe_read_kernel(r->local, 16, &sk->__sk_common.skc_v6_rcv_saddr);
		probe_read_kernel(r->peer, 16, &sk->__sk_common.skc_v6_daddr);
	}
	if (inet) {
		r->lport = get((struct inet_sock *)sk, inet_sport);
		r->rport = get(sk, __sk_common.skc_dport);
		if (r->type == SOCK_STREAM && r->protocol == TCP) {
			struct tcp_sock *t = (void *)sk;
			r->tcp = 1;
			/* copied_seq first: data that comes in between must not make the difference negative */
			r->copied_seq = get(t, copied_seq);
			r->rcv_nxt = get(t, rcv_nxt);
			r->snd_una = get(t, snd_una);
			r->snd_nxt = get(t, snd_nxt);
			r->write_seq = get(t, write_seq);
			r->notsent_lowat = get(t, notsent_lowat);
		} else if (r->type == SOCK_STREAM && r->protocol == MPTCP && has_type(struct mptcp_sock) && has_type(struct mptcp_skb_cb)) {
			struct mptcp_sock *m = (void *)sk;
			struct sock *first = get(m, first);
			struct sk_buff *skb = get(sk, sk_receive_queue.next);
			if (first) {
				r->backlog = get(first, sk_ack_backlog);
				r->max_backlog = get(first, sk_max_ack_backlog);
			}
			r->tcp = 2;
			u64 left = 0;
			if (skb != (void *)&sk->sk_receive_queue) /* what is left of the first packet says how far it was read */
				left = get((struct mptcp_skb_cb *)&skb->cb, map_seq);
			r->rcv_nxt = get(m, ack_seq);
			r->copied_seq = left ? left : r->rcv_nxt;
			r->snd_una = get(m, snd_una);
			r->snd_nxt = r->write_seq = get(m, write_seq);
		} else if (r->type == SOCK_DGRAM && r->protocol == UDP) {
			struct udp_sock *u = (void *)sk;
			/* a reader takes the whole queue over at once, and serves itself from there */
			r->packets += get(u, reader_queue.qlen);
			if (with_loop)
				r->bytes = bytes_in(&sk->sk_receive_queue, 0) + bytes_in(&u->reader_queue, 0);
		}
	} else if (r->family == AF_UNIX && has_type(struct unix_sock)) {
		struct unix_sock *u = (void *)sk, *peer = (void *)get(u, peer);
		r->name_len = unix_name(get(u, addr), r->name);
		if (peer) {
			r->peer_name_len = unix_name(get(peer, addr), r->peer_name);
			struct socket *ps = get((struct sock *)peer, sk_socket);
			struct file *pf = get(ps, file);
			struct inode *pi = get(pf, f_inode);
			r->peer_ino = get(pi, i_ino);
		}
		if (with_loop && r->state != LISTEN)
			r->bytes = bytes_in(&sk->sk_receive_queue, 1);
	}
	if (!with_loop && !r->packets)
		r->bytes = 0;
	return 0;
}

/* tell_file writes a record. It answers the kind of the file, or FULL when the ring is. Like after and successor it is not static and takes
 * numbers alone, so that the verifier looks at it once and not at each place from which it is called: that takes most of the time of
 * loading (10 ms instead of 155 on one machine, with after and successor). */
enum { FULL = -1 };
noinline int tell_file(u64 file, u64 table, s32 fd, u32 tid)
{
	struct file *f = (void *)file;
	struct files_struct *files = (void *)table;
	struct look l;
	look_at(f, &l);
	if (l.kind == SOCKET) {
		struct socket_record *s = ringbuf_reserve(&ring, sizeof *s, 0);
		if (!s)
			return FULL;
		__builtin_memset(s, 0, sizeof *s);
		s->file.record = RECORD_SOCKET;
		s->file.tid = tid;
		s->file.fd = fd;
		fill(&s->file, f, files, &l);
		fill_socket(s, f);
		ringbuf_submit(s, NO_WAKEUP);
		return l.kind;
	}
	struct file_record *r = ringbuf_reserve(&ring, sizeof *r, 0);
	if (!r)
		return FULL;
	__builtin_memset(r, 0, sizeof *r);
	r->record = RECORD_FILE;
	r->tid = tid;
	r->fd = fd;
	fill(r, f, files, &l);
	ringbuf_submit(r, NO_WAKEUP);
	return l.kind;
}

/* ---- Interest lists. The tree is ordered by (file, number), so where a walk was can be found again, also when it has changed. */

#define DEPTH 48 /* a red-black tree of 2^24 entries is not deeper */
#define TEARS 64 /* how often a walk is found again in a row before it is given up */

struct walk {
	u64 ep;
	u64 instance;
	u64 files;
	u64 node;
	u64 key_file; /* the last entry that was written */
	s32 key_fd;
	s32 epfd;
	u32 tid;
	u32 tears;
	u32 full;
};

static inline struct epitem *entry_of(u64 node)
{
	struct epitem *none = NULL;
	return (void *)(node - (u64)&none->rbn);
}

/* after is the first entry behind a key. */
noinline u64 after(u64 ep, u64 key_file, s32 key_fd)
{
	struct eventpoll *e = (void *)ep;
	u64 n = (u64)get(e, rbr.rb_root.rb_node), found = 0;
	for (int i = 0; i < DEPTH && n; i++) {
		struct epitem *it = entry_of(n);
		struct rb_node *node = (void *)n;
		u64 file = (u64)get(it, ffd.file);
		if (file > key_file || (file == key_file && get(it, ffd.fd) > key_fd)) {
			found = n;
			n = (u64)get(node, rb_left);
		} else {
			n = (u64)get(node, rb_right);
		}
	}
	return found;
}

/* successor is the entry behind another, by the tree alone: two steps in the middle, where after takes twenty. */
noinline u64 successor(u64 n)
{
	struct rb_node *node = (void *)n, *x = get(node, rb_right);
	if (x) {
		for (int i = 0; i < DEPTH; i++) {
			struct rb_node *left = get(x, rb_left);
			if (!left)
				break;
			x = left;
		}
		return (u64)x;
	}
	for (int i = 0; i < DEPTH; i++) {
		x = (void *)(get(node, __rb_parent_color) & ~3ul);
		if (!x || get(x, rb_right) != node)
			break;
		node = x;
	}
	return (u64)x;
}

/* queued: on the ready list, or on the list that takes its place while a wait collects from it. */
static inline int is_queued(struct epitem *it)
{
	struct list_head *next = get(it, rdllink.next);
	if (next != &it->rdllink)
		return 1;
	struct epitem *over = (void *)-1;
	struct epitem___renamed *renamed = (void *)it;
	if (has_field(it->next))
		over = get(it, next);
	else if (has_field(renamed->ovflist_next))
		over = get(renamed, ovflist_next);
	return over != (void *)-1;
}

static long next_entry(u32 i, struct walk *w)
{
	if (!w->node)
		return 1;
	struct epitem *it = entry_of(w->node);
	struct file *f = get(it, ffd.file);
	s32 fd = get(it, ffd.fd);
	/* An entry that is none of this list, or stands before the last one, is one that was removed under our hands, or the tree has been
	 * turned: go on behind the last one. */
	if ((u64)get(it, ep) != w->ep || (u64)f < w->key_file || ((u64)f == w->key_file && fd <= w->key_fd)) {
		if (++w->tears > TEARS)
			return 1;
		w->node = after(w->ep, w->key_file, w->key_fd);
		return 0;
	}
	if (!(has_field(it->dying) && get(it, dying))) {
		struct files_struct *files = (void *)w->files;
		int stale = file_at(files, fd) != f;
		if (stale && tell_file((u64)f, w->files, -1, w->tid) == FULL) {
			w->full = 1;
			return 1;
		}
		struct reg_record *r = ringbuf_reserve(&ring, sizeof *r, 0);
		if (!r) {
			w->full = 1;
			return 1;
		}
		struct look l;
		look_at(f, &l);
		r->record = RECORD_REG;
		r->epfd = w->epfd;
		r->time = ktime_get_ns();
		r->instance = w->instance;
		r->file = (u64)f;
		r->ino = l.ino;
		r->data = get(it, event.data);
		r->events = get(it, event.events);
		r->fd = fd;
		r->dev = l.dev;
		r->kind = l.kind;
		r->queued = is_queued(it);
		r->stale = stale;
		r->tid = w->tid;
		__builtin_memset(r->pad, 0, sizeof r->pad);
		ringbuf_submit(r, NO_WAKEUP);
	}
	w->key_file = (u64)f;
	w->key_fd = fd;
	w->tears = 0;
	w->node = successor(w->node);
	return w->node == 0;
}

/* number_of makes a number of a pointer that the verifier knows as one: those may not be given to a function that is not static. */
static inline u64 number_of(const void *p)
{
	u64 n = 0;
	probe_read_kernel(&n, sizeof n, &p);
	return n;
}

SEC("iter/task_file") int files(struct bpf_iter__task_file *ctx)
{
	struct task_struct *t = ctx->task;
	struct file *f = ctx->file;
	struct pass *p = the_pass();
	if (!t || !f || !p || !ours(p, t))
		return 0;
	struct files_struct *table = get(t, files);
	int kind = EPOLL;
	struct walk w = {};
	if (p->at_file == (u64)f && p->at_task == (u64)t && p->at_fd == ctx->fd) {
		w.key_file = p->key_file;
		w.key_fd = p->key_fd;
	} else {
		kind = tell_file(number_of(f), (u64)table, ctx->fd, p->tid);
		if (kind == FULL)
			return 1;
	}
	p->at_file = 0;
	if (kind != EPOLL || !with_loop)
		return 0;
	w.ep = (u64)get(f, private_data);
	w.instance = (u64)f;
	w.files = (u64)table;
	w.epfd = ctx->fd;
	w.tid = p->tid;
	w.node = after(w.ep, w.key_file, w.key_fd);
	loop(1 << 23, next_entry, &w, 0);
	if (w.full) {
		p->at_file = (u64)f;
		p->at_task = (u64)t;
		p->at_fd = ctx->fd;
		p->key_file = w.key_file;
		p->key_fd = w.key_fd;
		return 1;
	}
	if (w.tears > TEARS || w.node)
		p->torn++;
	return 0;
}

/* ---- Threads. */

enum { PF_IO_WORKER = 0x10, PF_USER_WORKER = 0x4000, PF_KTHREAD = 0x200000 };
enum { NO_CALL = -1, UNKNOWN_CALL = -2 };

SEC("iter/task") int threads(struct bpf_iter__task *ctx)
{
	struct task_struct *t = ctx->task;
	struct pass *p = the_pass();
	if (!t || !p || !ours(p, t))
		return 0;
	struct thread_record *r = ringbuf_reserve(&ring, sizeof *r, 0);
	if (!r)
		return 1;
	__builtin_memset(r, 0, sizeof *r);
	r->record = RECORD_THREAD;
	r->tid = p->tid;
	r->time = ktime_get_ns();
	r->state = get(t, __state);
	r->exit_state = get(t, exit_state);
	r->flags = get(t, flags);
	r->on_cpu = get(t, on_cpu);
	r->start = get(t, start_boottime);
	r->utime = get(t, utime);
	r->stime = get(t, stime);
	r->ran = get(t, se.sum_exec_runtime);
	r->nvcsw = get(t, nvcsw);
	r->nivcsw = get(t, nivcsw);
	r->compat = COMPAT(t);
	r->call = NO_CALL;
	struct task_struct *leader = get(t, group_leader);
	if (leader == t) {
		r->leader = 1;
		struct task_struct *parent = get(t, real_parent);
		r->parent = number(get(parent, group_leader));
	}
	if (r->on_cpu) {
		r->call = UNKNOWN_CALL; /* its registers in memory are those of its last visit to the kernel */
	} else if (!r->exit_state && !(r->flags & (PF_IO_WORKER | PF_USER_WORKER | PF_KTHREAD))) {
		struct pt_regs *regs = (void *)task_pt_regs(t);
		if (regs) {
			r->call = CALL(regs);
			r->args[0] = ARG0(regs);
			r->args[1] = ARG1(regs);
			r->args[2] = ARG2(regs);
			r->args[3] = ARG3(regs);
			r->args[4] = ARG4(regs);
			r->args[5] = ARG5(regs);
		}
	}
	probe_read_kernel_str(r->comm, sizeof r->comm, &t->comm);
	ringbuf_submit(r, NO_WAKEUP);
	return 0;
}
