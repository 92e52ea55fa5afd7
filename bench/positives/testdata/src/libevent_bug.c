// A libevent server with one bug: libevent_bug unread|eof|out PORT N. It ends after N events of the bug and prints their number.
#include <arpa/inet.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct event_base *base;
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
static void unread(evutil_socket_t fd, short what, void *arg) { count(); }

// Bug: the end of file is read and the connection stays open and registered.
static void eof(evutil_socket_t fd, short what, void *arg) {
	char data[4096];
	if (read(fd, data, sizeof data) == 0)
		count();
}

// Bug: there is nothing to write, and EV_WRITE stays.
static void writable(evutil_socket_t fd, short what, void *arg) { count(); }

static void answer(evutil_socket_t fd, short what, void *arg) {
	char data[4096];
	ssize_t n = read(fd, data, sizeof data);
	if (n <= 0)
		exit(1);
	if (write(fd, data, n) != n)
		exit(1);
	event_add(event_new(base, fd, EV_WRITE | EV_PERSIST, writable, NULL), NULL);
}

static void incoming(evutil_socket_t l, short what, void *arg) {
	int fd = accept4(l, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd < 0)
		return;
	event_callback_fn f = !strcmp(kind, "unread") ? unread : !strcmp(kind, "eof") ? eof : answer;
	event_add(event_new(base, fd, EV_READ | EV_PERSIST, f, NULL), NULL);
}

int main(int argc, char **argv) {
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
	base = event_base_new();
	event_add(event_new(base, l, EV_READ | EV_PERSIST, incoming, NULL), NULL);
	event_base_dispatch(base);
	return 0;
}
