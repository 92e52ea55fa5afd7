/* The kernel as state.bpf.c and calls.bpf.c see it: helpers that it calls, and of the structures that it looks at the fields that it looks at.
 *
 * The order and the offsets of the fields are not the kernel's. preserve_access_index has the compiler note each access by name, and the
 * loader puts in the offsets of the running kernel, from its own description of its types (CO-RE). So nothing here has to be regenerated
 * for another kernel, and a field that a kernel does not have is asked for first (has_field, has_type).
 */
typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef signed char s8;
typedef short s16;
typedef int s32;
typedef long long s64;
typedef _Bool bool;

#define NULL ((void *)0)
#define SEC(name) __attribute__((section(name), used))
#define inline __attribute__((always_inline)) inline
#define noinline __attribute__((noinline))

/* Maps are described by the types of a structure's members. */
#define map_number(name, value) int(*name)[value]
#define map_type(name, type) __typeof__(type) *name

enum { MAP_ARRAY = 2, MAP_PERCPU_ARRAY = 6, MAP_SK_STORAGE = 24, MAP_RINGBUF = 27 };
enum { MAP_NO_PREALLOC = 1, MAP_CLONE = 1 << 9, MAP_MMAPABLE = 1 << 10 };

/* Helpers, by their numbers in enum bpf_func_id. */
static void *(*map_lookup_elem)(void *map, const void *key) = (void *)1;
static u64 (*ktime_get_ns)(void) = (void *)5;
static u32 (*smp_processor_id)(void) = (void *)8;
static u64 (*current_pid_tgid)(void) = (void *)14;
static u64 (*get_current_task)(void) = (void *)35;
static void *(*sk_storage_get)(void *map, void *sk, void *value, u64 flags) = (void *)107;   /* for tracing: 5.11 */
static long (*probe_read_user)(void *to, u32 size, const void *from) = (void *)112;          /* 5.5 */
static long (*probe_read_user_str)(void *to, u32 size, const void *from) = (void *)114;      /* 5.5 */
static long (*ringbuf_output)(void *ring, void *data, u64 size, u64 flags) = (void *)130;    /* 5.8 */
static long (*probe_read_kernel)(void *to, u32 size, const void *from) = (void *)113;        /* 5.5 */
static long (*probe_read_kernel_str)(void *to, u32 size, const void *from) = (void *)115;    /* 5.5 */
static void *(*ringbuf_reserve)(void *ring, u64 size, u64 flags) = (void *)131;              /* 5.8 */
static void (*ringbuf_submit)(void *data, u64 flags) = (void *)132;                          /* 5.8 */
struct task_struct;
struct socket;
struct file;
static struct task_struct *(*current_task)(void) = (void *)158;                              /* 5.11 */
static struct socket *(*sock_from_file)(struct file *file) = (void *)162;                    /* 5.11 */
static long (*task_pt_regs)(void *task) = (void *)175;                                       /* 5.15 */
static long (*loop)(u32 times, void *callback, void *ctx, u64 flags) = (void *)181;          /* 5.17 */
enum { NO_WAKEUP = 1 }; /* BPF_RB_NO_WAKEUP: the reader knows when there is something */

/* Whether the running kernel has a field or a type, how large a type is: constants of the running kernel when the verifier looks. */
#define has_field(place) __builtin_preserve_field_info(place, 2)
#define has_type(type) __builtin_preserve_type_info(*(type *)0, 0)
#define size_of(type) __builtin_preserve_type_info(*(type *)0, 1)

/* A copy of a field, 0 when its memory cannot be read. The pointer may be wrong: the object may be gone meanwhile. */
#define get(p, field)                                                                                                                      \
	({                                                                                                                                 \
		__typeof__((p)->field) got_;                                                                                               \
		probe_read_kernel(&got_, sizeof got_, &(p)->field);                                                                        \
		got_;                                                                                                                      \
	})

/* A bit field of at most a byte. */
#define get_bits(p, field)                                                                                                                 \
	({                                                                                                                                 \
		u64 bits_ = 0;                                                                                                             \
		probe_read_kernel(&bits_, 1, (void *)(p) + __builtin_preserve_field_info((p)->field, 0));                                  \
		bits_ << __builtin_preserve_field_info((p)->field, 4) >> __builtin_preserve_field_info((p)->field, 5);                     \
	})

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct list_head {
	struct list_head *next;
};

/* Who runs. */
struct pid_namespace;
struct upid {
	int nr;
	struct pid_namespace *ns;
};
struct pid {
	u32 level;
	struct upid numbers[1];
};
struct thread_info {
#if defined(__TARGET_ARCH_arm64)
	unsigned long flags;
#else
	u32 status;
#endif
};
struct sched_entity {
	u64 sum_exec_runtime;
};
struct files_struct;
struct task_struct {
	struct thread_info thread_info;
	u32 __state; /* 5.14 */
	u32 flags;
	int pid, tgid, exit_code;
	int on_cpu;
	struct sched_entity se;
	int exit_state;
	struct task_struct *real_parent;
	struct task_struct *group_leader;
	struct pid *thread_pid;
	u64 utime, stime;
	unsigned long nvcsw, nivcsw;
	u64 start_boottime;
	char comm[16];
	struct files_struct *files;
};
#if defined(__TARGET_ARCH_arm64)
struct pt_regs {
	u64 regs[31];
	u64 sp, pc;
	u64 orig_x0; /* the first argument; regs[0] is the result once there is one */
	s32 syscallno;
};
#define CALL(r) ((s64)get(r, syscallno))
#define ARG0(r) get(r, orig_x0)
#define ARG1(r) get(r, regs[1])
#define ARG2(r) get(r, regs[2])
#define ARG3(r) get(r, regs[3])
#define ARG4(r) get(r, regs[4])
#define ARG5(r) get(r, regs[5])
#define COMPAT(t) (get(t, thread_info.flags) >> 22 & 1) /* TIF_32BIT */
/* The same of what the verifier knows to be a task's registers, without a call of a helper. */
#define CALL_NUMBER(r) ((s64)(r)->syscallno)
#define FIRST(r) (r)->orig_x0
#define SECOND(r) (r)->regs[1]
#define THIRD(r) (r)->regs[2]
#define FOURTH(r) (r)->regs[3]
#define FIFTH(r) (r)->regs[4]
#define COMPAT_OF(t) ((t)->thread_info.flags >> 22 & 1)
#define EPOLL_EVENT 16 /* sizeof(struct epoll_event) in a program's memory */
#else
struct pt_regs {
	unsigned long r10, r9, r8, dx, si, di, orig_ax, bx, cx, bp, ip, sp;
};
#define CALL(r) ((s64)get(r, orig_ax))
#define ARG0(r) get(r, di)
#define ARG1(r) get(r, si)
#define ARG2(r) get(r, dx)
#define ARG3(r) get(r, r10)
#define ARG4(r) get(r, r8)
#define ARG5(r) get(r, r9)
#define COMPAT(t) (get(t, thread_info.status) >> 1 & 1) /* TS_COMPAT */
#define CALL_NUMBER(r) ((s64)(r)->orig_ax)
#define FIRST(r) (r)->di
#define SECOND(r) (r)->si
#define THIRD(r) (r)->dx
#define FOURTH(r) (r)->r10
#define FIFTH(r) (r)->r8
#define COMPAT_OF(t) ((t)->thread_info.status >> 1 & 1)
#define EPOLL_EVENT 12 /* it is packed here */
#endif

/* Files. */
struct super_block {
	u32 s_dev;
	unsigned long s_magic;
};
struct inode {
	u16 i_mode;
	struct super_block *i_sb;
	unsigned long i_ino;
};
struct qstr {
	const unsigned char *name;
};
struct dentry {
	struct qstr d_name;
};
struct path {
	struct dentry *dentry;
};
struct file {
	u32 f_mode;
	u32 f_flags;
	void *private_data;
	struct inode *f_inode;
	struct path f_path;
};
struct fdtable {
	u32 max_fds;
	struct file **fd;
	unsigned long *close_on_exec;
};
struct files_struct {
	struct fdtable *fdt;
};
struct wait_queue_head {
	struct list_head head;
};

/* Interest lists (fs/eventpoll.c). */
struct rb_node {
	unsigned long __rb_parent_color;
	struct rb_node *rb_right;
	struct rb_node *rb_left;
};
struct rb_root {
	struct rb_node *rb_node;
};
struct rb_root_cached {
	struct rb_root rb_root;
};
struct eventpoll {
	struct wait_queue_head wq;
	struct wait_queue_head poll_wait;
	struct rb_root_cached rbr;
};
struct epoll_filefd {
	struct file *file;
	int fd;
};
struct epoll_event {
	u32 events;
	u64 data;
};
struct epitem {
	struct rb_node rbn;
	struct list_head rdllink;
	struct epitem *next; /* in ovflist; -1: it is not */
	struct epoll_filefd ffd;
	bool dying; /* 6.4 */
	struct eventpoll *ep;
	struct epoll_event event;
};
struct epitem___renamed {
	struct epitem *ovflist_next; /* what next is called in some kernels */
};

/* What has no data but a number. */
struct eventfd_ctx {
	u64 count;
};
struct hrtimer {
	u8 state;
};
struct alarm {
	int state;
};
struct timerfd_ctx {
	union {
		struct hrtimer tmr;
		struct alarm alarm;
	} t;
	s64 tintv;
	u64 ticks;
	int clockid;
	u16 expired;
};

struct pipe_buffer {
	u32 len;
};
struct pipe_inode_info {
	u32 head, tail, max_usage, ring_size, readers, writers;
	struct pipe_buffer *bufs;
};

/* Sockets. */
struct ns_common {
	u32 inum;
};
struct net {
	struct ns_common ns;
};
typedef struct {
	struct net *net;
} possible_net_t;
struct in6_addr {
	union {
		u8 u6_addr8[16];
	} in6_u;
};
struct sock_common {
	u32 skc_daddr, skc_rcv_saddr;
	u16 skc_dport, skc_num;
	u16 skc_family;
	u8 skc_state;
	u8 skc_reuseport : 1;
	possible_net_t skc_net;
	struct in6_addr skc_v6_daddr, skc_v6_rcv_saddr;
	unsigned long skc_flags;
};
struct sk_buff {
	struct sk_buff *next;
	u32 len;
	char cb[48];
};
struct sk_buff_head {
	struct sk_buff *next;
	u32 qlen;
};
typedef struct {
	int counter;
} atomic_t;
typedef struct {
	atomic_t refs;
} refcount_t;
struct socket;
struct sock {
	struct sock_common __sk_common;
	struct sk_buff_head sk_receive_queue;
	int sk_rcvlowat, sk_err, sk_err_soft, sk_wmem_queued, sk_sndbuf;
	refcount_t sk_wmem_alloc;
	u16 sk_protocol, sk_type;
	u8 sk_shutdown;
	u32 sk_ack_backlog, sk_max_ack_backlog;
	struct socket *sk_socket;
	void *sk_reuseport_cb;
	void *sk_bpf_storage;
};
struct socket {
	s16 type;
	struct file *file;
	struct sock *sk;
};
struct inet_sock {
	u16 inet_sport; /* skc_num is 0 once a connection has failed */
};
struct tcp_sock {
	u32 rcv_nxt, copied_seq, write_seq, snd_una, snd_nxt, notsent_lowat;
};
struct mptcp_sock {
	u64 ack_seq, write_seq, snd_una;
	struct sock *first; /* its first connection of TCP, or the listener */
};
struct mptcp_skb_cb {
	u64 map_seq;
};
struct udp_sock {
	struct sk_buff_head reader_queue;
};
struct sockaddr_un {
	u16 sun_family;
	char sun_path[108];
};
struct unix_address {
	int len;
	struct sockaddr_un name[0];
};
struct unix_sock {
	struct unix_address *addr;
	struct sock *peer;
};
struct unix_skb_parms {
	u32 consumed;
};

struct linux_binprm {
	const char *filename;
};

/* Iterators. */
struct bpf_iter__task {
	void *meta;
	struct task_struct *task;
};
struct bpf_iter__task_file {
	void *meta;
	struct task_struct *task;
	u32 fd;
	struct file *file;
};

#pragma clang attribute pop
