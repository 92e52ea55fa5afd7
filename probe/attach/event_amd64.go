package attach

// epollEvent is sizeof(struct epoll_event) in a program's memory: it is packed on this architecture.
const epollEvent = 12
