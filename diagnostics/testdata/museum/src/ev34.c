/* Reads a pipe through io_uring: the reads are not system calls. With the word mended, the same by epoll and read. */
#include <linux/io_uring.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static char buf[100];

static void by_ring(int in, int out)
{
    struct io_uring_params p = {0};
    int ring = syscall(SYS_io_uring_setup, 4, &p);
    char *sq = mmap(0, p.sq_off.array + 4 * p.sq_entries, PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_SQ_RING);
    struct io_uring_sqe *sqe = mmap(0, p.sq_entries * sizeof *sqe, PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_SQES);
    for (int i = 0; i < 20; i++) {
        uint32_t *tail = (uint32_t *)(sq + p.sq_off.tail), at = *tail & (p.sq_entries - 1);
        memset(&sqe[at], 0, sizeof *sqe);
        sqe[at].opcode = IORING_OP_READ;
        sqe[at].fd = in;
        sqe[at].addr = (uintptr_t)buf;
        sqe[at].len = sizeof buf;
        ((uint32_t *)(sq + p.sq_off.array))[at] = at;
        __atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
        write(out, "hello", 5);
        syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, 0, 0);
    }
}

static void by_epoll(int in, int out)
{
    int ep = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event ev = {.events = EPOLLIN, .data.fd = in};
    epoll_ctl(ep, EPOLL_CTL_ADD, in, &ev);
    for (int i = 0; i < 20; i++) {
        write(out, "hello", 5);
        epoll_wait(ep, &ev, 1, -1);
        read(in, buf, sizeof buf);
    }
}

int main(int argc, char **argv)
{
    int fds[2];
    pipe(fds);
    if (argc > 1 && !strcmp(argv[1], "mended"))
        by_epoll(fds[0], fds[1]);
    else
        by_ring(fds[0], fds[1]);
    return 0;
}
