// An echo server on libuv, with a timer twice in a second and a file read by the thread pool for every connection:
// libuv_echo PORT. SIGTERM ends it.
#include <fcntl.h>
#include <stdlib.h>
#include <uv.h>

static uv_loop_t *loop;
static uv_tcp_t listener;
static uv_timer_t tick;
static uv_signal_t term;

typedef struct {
	uv_write_t req;
	uv_buf_t buf;
} answer;

static void room(uv_handle_t *h, size_t n, uv_buf_t *b) {
	b->base = malloc(n);
	b->len = n;
}

static void freed(uv_handle_t *h) { free(h); }

static void written(uv_write_t *w, int status) {
	answer *a = (answer *)w;
	free(a->buf.base);
	free(a);
}

static void got(uv_stream_t *s, ssize_t n, const uv_buf_t *b) {
	if (n > 0) {
		answer *a = malloc(sizeof *a);
		a->buf = uv_buf_init(b->base, n);
		uv_write(&a->req, s, &a->buf, 1, written);
		return;
	}
	free(b->base);
	if (n < 0 && !uv_is_closing((uv_handle_t *)s))
		uv_close((uv_handle_t *)s, freed);
}

static void closed(uv_fs_t *f) {
	uv_fs_req_cleanup(f);
	free(f);
}

static void opened(uv_fs_t *f) {
	int fd = f->result;
	uv_fs_req_cleanup(f);
	if (fd < 0) {
		free(f);
		return;
	}
	uv_fs_close(loop, f, fd, closed);
}

static void connected(uv_stream_t *l, int status) {
	uv_tcp_t *c = malloc(sizeof *c);
	uv_tcp_init(loop, c);
	if (uv_accept(l, (uv_stream_t *)c)) {
		uv_close((uv_handle_t *)c, freed);
		return;
	}
	uv_read_start((uv_stream_t *)c, room, got);
	uv_fs_t *f = malloc(sizeof *f);
	uv_fs_open(loop, f, "/etc/hostname", O_RDONLY, 0, opened);
}

static void ticked(uv_timer_t *t) {}

static void end(uv_signal_t *s, int n) { uv_stop(loop); }

int main(int argc, char **argv) {
	struct sockaddr_in at;
	loop = uv_default_loop();
	uv_ip4_addr("127.0.0.1", atoi(argv[1]), &at);
	uv_tcp_init(loop, &listener);
	uv_tcp_bind(&listener, (struct sockaddr *)&at, 0);
	if (uv_listen((uv_stream_t *)&listener, 128, connected))
		return 1;
	uv_timer_init(loop, &tick);
	uv_timer_start(&tick, ticked, 500, 500);
	uv_signal_init(loop, &term);
	uv_signal_start(&term, end, SIGTERM);
	return uv_run(loop, UV_RUN_DEFAULT) < 0;
}
