// A server of length-prefixed messages on epoll: four bytes of length and then so many, each read by itself, until EAGAIN. It
// answers every message with itself and waits for room only with something to write: framed PORT. SIGTERM ends it.
#define _GNU_SOURCE // accept4
#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LARGEST = 1 << 20 };

typedef struct {
	int fd, writing;
	size_t have, sent, want; // want is 4 until the length is known
	char data[4 + LARGEST];
} conn;

static int ep;

static int watch(int op, int fd, uint32_t events, void *data) {
	struct epoll_event e;
	memset(&e, 0, sizeof e);
	e.events = events;
	e.data.ptr = data;
	return epoll_ctl(ep, op, fd, &e);
}

// answer writes the message: 1 all of it, 0 there is no room, -1 the connection is over.
static int answer(conn *c) {
	while (c->sent < c->have) {
		ssize_t n = send(c->fd, c->data + c->sent, c->have - c->sent, MSG_NOSIGNAL);
		if (n < 0)
			return errno == EAGAIN ? 0 : -1;
		c->sent += n;
	}
	c->have = c->sent = 0;
	c->want = 4;
	return 1;
}

// serve goes on until nothing is there to read, or no room to write; -1: the connection is over.
static int serve(conn *c) {
	for (;;) {
		if (c->writing || c->want > 4 && c->have == c->want) {
			int done = answer(c);
			if (done < 0)
				return -1;
			if (done == c->writing) { // it had to wait and is through now, or was not waiting and has to
				c->writing = !done;
				watch(EPOLL_CTL_MOD, c->fd, c->writing ? EPOLLOUT : EPOLLIN, c);
			}
			if (!done)
				return 0;
		}
		ssize_t n = recv(c->fd, c->data + c->have, c->want - c->have, 0);
		if (n < 0)
			return errno == EAGAIN ? 0 : -1;
		if (n == 0)
			return -1;
		c->have += n;
		if (c->want == 4 && c->have == 4) {
			uint32_t len;
			memcpy(&len, c->data, 4);
			len = ntohl(len);
			if (len == 0 || len > LARGEST)
				return -1;
			c->want = 4 + len;
		}
	}
}

int main(int argc, char **argv) {
	struct sockaddr_in at;
	int one = 1, l = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	memset(&at, 0, sizeof at);
	at.sin_family = AF_INET;
	at.sin_port = htons(atoi(argv[1]));
	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	setsockopt(l, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (bind(l, (struct sockaddr *)&at, sizeof at) || listen(l, 128))
		return 1;
	sigset_t term;
	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	sigprocmask(SIG_BLOCK, &term, NULL);
	int g = signalfd(-1, &term, SFD_NONBLOCK | SFD_CLOEXEC);
	ep = epoll_create1(EPOLL_CLOEXEC);
	watch(EPOLL_CTL_ADD, l, EPOLLIN, &l);
	watch(EPOLL_CTL_ADD, g, EPOLLIN, &g);
	for (;;) {
		struct epoll_event evs[64];
		int n = epoll_wait(ep, evs, 64, -1);
		if (n < 0 && errno != EINTR)
			return 1;
		for (int i = 0; i < n; i++) {
			if (evs[i].data.ptr == &g)
				return 0;
			if (evs[i].data.ptr == &l) {
				int fd;
				while ((fd = accept4(l, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
					conn *c = calloc(1, sizeof *c);
					c->fd = fd;
					c->want = 4;
					watch(EPOLL_CTL_ADD, fd, EPOLLIN, c);
				}
				continue;
			}
			conn *c = evs[i].data.ptr;
			if (serve(c) < 0) {
				close(c->fd);
				free(c);
			}
		}
	}
}
