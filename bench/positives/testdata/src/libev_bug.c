// A libev server with one bug: libev_bug unread|eof|out PORT N. It ends after N events of the bug and prints their number.
#include <arpa/inet.h>
#include <ev.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char *kind;
static long most, counted;

static void count(void) {
	if (++counted == most) {
		printf("counted %ld\n", counted);
		fflush(stdout);
		_exit(0);
	}
}

// Bug: nothing is read.
static void unread(EV_P_ ev_io *w, int what) { count(); }

// Bug: the end of file is read and the connection stays open and watched.
static void eof(EV_P_ ev_io *w, int what) {
	char data[4096];
	if (read(w->fd, data, sizeof data) == 0)
		count();
}

// Bug: there is nothing to write, and the watcher is not stopped.
static void writable(EV_P_ ev_io *w, int what) { count(); }

static void answer(EV_P_ ev_io *w, int what) {
	char data[4096];
	ssize_t n = read(w->fd, data, sizeof data);
	if (n <= 0)
		exit(1);
	if (write(w->fd, data, n) != n)
		exit(1);
	ev_io *out = malloc(sizeof *out);
	ev_io_init(out, writable, w->fd, EV_WRITE);
	ev_io_start(EV_A_ out);
}

static void incoming(EV_P_ ev_io *w, int what) {
	int fd = accept4(w->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd < 0)
		return;
	ev_io *in = malloc(sizeof *in);
	if (!strcmp(kind, "unread"))
		ev_io_init(in, unread, fd, EV_READ);
	else if (!strcmp(kind, "eof"))
		ev_io_init(in, eof, fd, EV_READ);
	else
		ev_io_init(in, answer, fd, EV_READ);
	ev_io_start(EV_A_ in);
}

int main(int argc, char **argv) {
	struct ev_loop *loop = EV_DEFAULT;
	struct sockaddr_in at;
	int one = 1, l = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	kind = argv[1];
	most = atol(argv[3]);
	memset(&at, 0, sizeof at);
	at.sin_family = AF_INET;
	at.sin_port = htons(atoi(argv[2]));
	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	setsockopt(l, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (bind(l, (struct sockaddr *)&at, sizeof at) || listen(l, 128))
		return 1;
	ev_io in;
	ev_io_init(&in, incoming, l, EV_READ);
	ev_io_start(loop, &in);
	ev_run(loop, 0);
	return 0;
}
