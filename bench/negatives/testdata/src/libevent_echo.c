// An echo server on libevent's bufferevents: libevent_echo PORT. SIGTERM ends it.
#include <arpa/inet.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

static void echo(struct bufferevent *b, void *arg) {
	bufferevent_write_buffer(b, bufferevent_get_input(b));
}

static void gone(struct bufferevent *b, short what, void *arg) {
	if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR | BEV_EVENT_TIMEOUT))
		bufferevent_free(b);
}

static void accepted(struct evconnlistener *l, evutil_socket_t fd, struct sockaddr *a, int n, void *base) {
	struct timeval idle = {30, 0};
	struct bufferevent *b = bufferevent_socket_new(base, fd, BEV_OPT_CLOSE_ON_FREE);
	bufferevent_setcb(b, echo, NULL, gone, NULL);
	bufferevent_set_timeouts(b, &idle, NULL);
	bufferevent_enable(b, EV_READ | EV_WRITE);
}

static void end(evutil_socket_t s, short what, void *base) { event_base_loopbreak(base); }

int main(int argc, char **argv) {
	struct sockaddr_in at;
	memset(&at, 0, sizeof at);
	at.sin_family = AF_INET;
	at.sin_port = htons(atoi(argv[1]));
	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	signal(SIGPIPE, SIG_IGN);
	struct event_base *base = event_base_new();
	struct evconnlistener *l = evconnlistener_new_bind(base, accepted, base, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_REUSEABLE, 128,
		(struct sockaddr *)&at, sizeof at);
	struct event *term = evsignal_new(base, SIGTERM, end, base);
	if (!l || !term)
		return 1;
	event_add(term, NULL);
	event_base_dispatch(base);
	event_free(term);
	evconnlistener_free(l);
	event_base_free(base);
	return 0;
}
