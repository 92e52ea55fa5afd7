//go:build !amd64

package attach

// epollEvent is sizeof(struct epoll_event) in a program's memory.
const epollEvent = 16
