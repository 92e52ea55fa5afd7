// A UDP server on epoll: it answers every datagram, reads until EAGAIN, and has a timer four times in a second:
// udp PORT. SIGTERM ends it.
#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

static void watch(int ep, int fd) {
	struct epoll_event e;
	memset(&e, 0, sizeof e);
	e.events = EPOLLIN;
	e.data.fd = fd;
	if (epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e))
		exit(1);
}

int main(int argc, char **argv) {
	struct sockaddr_in at;
	memset(&at, 0, sizeof at);
	at.sin_family = AF_INET;
	at.sin_port = htons(atoi(argv[1]));
	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	int s = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (bind(s, (struct sockaddr *)&at, sizeof at))
		return 1;
	struct itimerspec every = {{0, 250000000}, {0, 250000000}};
	int t = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	timerfd_settime(t, 0, &every, NULL);
	sigset_t term;
	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	sigprocmask(SIG_BLOCK, &term, NULL);
	int g = signalfd(-1, &term, SFD_NONBLOCK | SFD_CLOEXEC);
	int ep = epoll_create1(EPOLL_CLOEXEC);
	watch(ep, s);
	watch(ep, t);
	watch(ep, g);
	for (;;) {
		struct epoll_event evs[16];
		int n = epoll_wait(ep, evs, 16, -1);
		if (n < 0 && errno != EINTR)
			return 1;
		for (int i = 0; i < n; i++) {
			if (evs[i].data.fd == g)
				return 0;
			if (evs[i].data.fd == t) {
				uint64_t ticks;
				if (read(t, &ticks, sizeof ticks) < 0 && errno != EAGAIN)
					return 1;
				continue;
			}
			for (;;) {
				char data[65536];
				struct sockaddr_in who;
				socklen_t len = sizeof who;
				ssize_t got = recvfrom(s, data, sizeof data, 0, (struct sockaddr *)&who, &len);
				if (got < 0)
					break;
				sendto(s, data, got, 0, (struct sockaddr *)&who, len);
			}
		}
	}
}
