// An echo server on libev: it reads and answers until EAGAIN, waits for room only with something to write, and ends
// a connection that was idle for 30 s: libev_echo PORT. SIGTERM ends it.
#define _GNU_SOURCE // accept4
#include <arpa/inet.h>
#include <errno.h>
#include <ev.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

typedef struct {
	ev_io in, out;
	ev_timer idle;
	size_t from, to;
	char data[65536];
} conn;

static void hang_up(EV_P_ conn *c) {
	ev_io_stop(EV_A_ &c->in);
	ev_io_stop(EV_A_ &c->out);
	ev_timer_stop(EV_A_ &c->idle);
	close(c->in.fd);
	free(c);
}

// flush writes what is there: 1 all of it, 0 there is no room, -1 the connection is over.
static int flush(conn *c) {
	while (c->from < c->to) {
		ssize_t n = write(c->in.fd, c->data + c->from, c->to - c->from);
		if (n < 0)
			return errno == EAGAIN ? 0 : -1;
		c->from += n;
	}
	c->from = c->to = 0;
	return 1;
}

static void serve(EV_P_ conn *c) {
	for (;;) {
		int done = flush(c);
		if (done < 0) {
			hang_up(EV_A_ c);
			return;
		}
		if (!done) {
			ev_io_stop(EV_A_ &c->in);
			ev_io_start(EV_A_ &c->out);
			return;
		}
		ev_io_stop(EV_A_ &c->out);
		ev_io_start(EV_A_ &c->in);
		ssize_t n = read(c->in.fd, c->data, sizeof c->data);
		if (n < 0 && errno == EAGAIN)
			return;
		if (n <= 0) {
			hang_up(EV_A_ c);
			return;
		}
		c->to = n;
		ev_timer_again(EV_A_ &c->idle);
	}
}

static void ready(EV_P_ ev_io *w, int what) { serve(EV_A_ w->data); }
static void too_long(EV_P_ ev_timer *w, int what) { hang_up(EV_A_ w->data); }
static void end(EV_P_ ev_signal *w, int what) { ev_break(EV_A_ EVBREAK_ALL); }

static void incoming(EV_P_ ev_io *w, int what) {
	int fd;
	while ((fd = accept4(w->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		conn *c = calloc(1, sizeof *c);
		ev_io_init(&c->in, ready, fd, EV_READ);
		ev_io_init(&c->out, ready, fd, EV_WRITE);
		ev_timer_init(&c->idle, too_long, 30, 30);
		c->in.data = c->out.data = c->idle.data = c;
		ev_io_start(EV_A_ &c->in);
		ev_timer_start(EV_A_ &c->idle);
	}
}

int main(int argc, char **argv) {
	struct ev_loop *loop = EV_DEFAULT;
	struct sockaddr_in at;
	int one = 1, l = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	memset(&at, 0, sizeof at);
	at.sin_family = AF_INET;
	at.sin_port = htons(atoi(argv[1]));
	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	signal(SIGPIPE, SIG_IGN);
	setsockopt(l, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (bind(l, (struct sockaddr *)&at, sizeof at) || listen(l, 128))
		return 1;
	ev_io in;
	ev_signal term;
	ev_io_init(&in, incoming, l, EV_READ);
	ev_io_start(loop, &in);
	ev_signal_init(&term, end, SIGTERM);
	ev_signal_start(loop, &term);
	ev_run(loop, 0);
	return 0;
}
