package diagnostics

import "evviz/timeline"

// What a reader types
//
// A fix names system calls. Whoever writes for a runtime never makes them, so where the log shows whose loop it is (timeline.Runtime), the fix goes on
// with what that runtime calls it. advice is the only place for such words; what is not in it has nothing to add to the fix.

// advice is by runtime and rule; a rule without an entry has none.
var advice = map[timeline.Runtime]map[string]string{
	timeline.RuntimeNode: {
		"EV01": "socket.pause() while you do not want the data, socket.resume() when you do; in an addon uv_poll_stop().",
		"EV07": "socket.destroy() in its 'error' and 'close' handlers; in an addon uv_poll_stop() and uv_close() before the descriptor is closed.",
		"EV08": "in an addon call uv_poll_start() with UV_READABLE alone as soon as everything is written; node's own sockets do so.",
		"EV11": "server.maxConnections and a short server.keepAliveTimeout bound what is open; socket.destroy() those that are idle, and raise ulimit -n.",
		"EV18": "in an addon uv_poll_stop() and uv_close() the handle before the descriptor is closed.",
		"EV25": "no execSync, spawnSync, readFileSync or other *Sync call on the main thread: use the asynchronous one; give what computes to a Worker (worker_threads).",
		"EV26": "cut the work and go on with setImmediate(), or give it to a Worker (worker_threads).",
		"EV27": "compute each delay from the time at which it was due: setTimeout(f, due += period - Date.now()).",
		"EV36": "look for a setInterval() or setTimeout() of that period (process.getActiveResourcesInfo() counts them) and wait for an event instead.",
	},
	timeline.RuntimeAsyncio: {
		"EV01": "loop.remove_reader(fd) while you do not want the data, transport.pause_reading() for a transport.",
		"EV02": "in a loop.add_reader() callback call sock.recv() with more, or until BlockingIOError.",
		"EV06": "when recv() returns b'', loop.remove_reader(fd) and then close.",
		"EV07": "loop.remove_reader(fd) and loop.remove_writer(fd) before the socket is closed; transport.abort() for a transport.",
		"EV08": "loop.remove_writer(fd) as soon as everything is written.",
		"EV11": "writer.close() and await writer.wait_closed() for each connection that is done; resource.setrlimit(resource.RLIMIT_NOFILE, ...) raises the limit.",
		"EV18": "loop.remove_reader(fd) and loop.remove_writer(fd) before the socket is closed or detached.",
		"EV24": "use loop.add_reader() or streams instead of await asyncio.sleep() and another try.",
		"EV25": "await asyncio.to_thread(f) (or loop.run_in_executor(None, f)) for what blocks, asyncio.create_subprocess_exec() in the place of subprocess.run(), a ProcessPoolExecutor for what computes.",
		"EV26": "await asyncio.sleep(0) between the pieces, or await asyncio.to_thread(f).",
		"EV27": "loop.call_at(due) with due += period, in the place of await asyncio.sleep(period).",
		"EV36": "look for asyncio.sleep() or loop.call_later() of that period, and await an asyncio.Event or Queue instead.",
	},
	timeline.RuntimeTwisted: {
		"EV01": "transport.pauseProducing() while you do not want the data, reactor.removeReader() for what you watch yourself.",
		"EV08": "reactor.removeWriter() as soon as everything is written.",
		"EV18": "reactor.removeReader() and removeWriter() before the descriptor is closed.",
		"EV25": "threads.deferToThread(f) for what blocks, reactor.spawnProcess() for children.",
		"EV26": "task.cooperate() cuts the work into pieces.",
		"EV27": "task.LoopingCall keeps its grid.",
	},
	timeline.RuntimePython: {
		"EV01": "selector.unregister(sock), or selector.modify() without EVENT_READ, while you do not want the data.",
		"EV06": "when recv() returns b'', selector.unregister(sock) and then sock.close().",
		"EV07": "selector.unregister(sock) (epoll.unregister(fd)) and then sock.close().",
		"EV08": "selector.modify(sock, selectors.EVENT_READ) (epoll.modify(fd, select.EPOLLIN)) as soon as everything is written.",
		"EV11": "resource.setrlimit(resource.RLIMIT_NOFILE, ...) raises the limit.",
		"EV18": "selector.unregister(sock) before sock.close().",
		"EV24": "selector.select(timeout) in the place of time.sleep() and another try.",
		"EV25": "a concurrent.futures executor for what blocks (of processes for what computes), and a byte into a socket.socketpair() that wakes the selector when it is done.",
		"EV27": "selector.select(max(0, due - time.monotonic())), and ask after each whether due has come.",
		"EV36": "select(timeout=due - time.monotonic()), None when there is no timer.",
	},
	timeline.RuntimeEventMachine: {
		"EV01": "connection.pause while you do not want the data, connection.resume when you do; notify_readable = false for EM.watch.",
		"EV07": "close_connection, or detach for EM.watch, before the IO is closed.",
		"EV08": "notify_writable = false as soon as everything is written.",
		"EV11": "EM.set_descriptor_table_size raises the limit; set comm_inactivity_timeout so that idle connections end.",
		"EV18": "detach before the IO is closed.",
		"EV25": "EM.defer { ... } for what blocks or computes.",
		"EV26": "EM.next_tick between the pieces, or EM.defer { ... }.",
		"EV27": "EM.add_periodic_timer(period), and count from when it was due.",
		"EV36": "EM.set_quantum(milliseconds) is how often its reactor wakes at least; EM.schedule and queues wake it for work.",
	},
	timeline.RuntimeNetty: {
		"EV01": "channel.config().setAutoRead(false) while you do not want the data.",
		"EV25": "add the handler with an EventExecutorGroup, so that it does not run on the event loop.",
		"EV26": "add the handler with an EventExecutorGroup, so that it does not run on the event loop.",
		"EV36": "look for eventLoop().scheduleAtFixedRate() of that period.",
	},
	timeline.RuntimeJava: {
		"EV01": "key.interestOps(key.interestOps() & ~SelectionKey.OP_READ) while you do not want the data.",
		"EV06": "when read returns -1, key.cancel() and channel.close().",
		"EV07": "key.cancel() and channel.close().",
		"EV08": "key.interestOps(key.interestOps() & ~SelectionKey.OP_WRITE) as soon as everything is written.",
		"EV25": "give the work to an ExecutorService, and wake the loop with selector.wakeup() when it is done.",
		"EV36": "selector.select(time until the next timer), or select() when there is none; selector.wakeup() wakes it for work.",
	},
	timeline.RuntimeTokio: {
		"EV03": "with AsyncFd call guard.clear_ready() (or guard.try_io) only after WouldBlock.",
		"EV25": "tokio::task::spawn_blocking for what blocks or computes.",
		"EV26": "tokio::task::yield_now().await between the pieces, or spawn_blocking.",
		"EV27": "tokio::time::interval keeps its grid.",
	},
	timeline.RuntimeGo: {
		"EV11": "set ReadTimeout and IdleTimeout of the http.Server, close each net.Conn and Body, and raise ulimit -n.",
		"EV24": "a Read with SetReadDeadline, or a channel, in the place of time.Sleep and another try.",
		"EV36": "look for a time.Ticker or time.Sleep of that period.",
	},
	timeline.RuntimeLibuv: {
		"EV01": "uv_read_stop() or uv_poll_stop() while you do not want the data.",
		"EV07": "uv_poll_stop() and uv_close() before the descriptor is closed.",
		"EV08": "uv_poll_start() with UV_READABLE alone as soon as everything is written.",
		"EV18": "uv_poll_stop() and uv_close() the handle before the descriptor is closed.",
		"EV25": "uv_queue_work() for what blocks or computes.",
		"EV26": "uv_queue_work(), or uv_idle_start() between the pieces.",
		"EV27": "uv_timer_start() with what is left until it is due (uv_now()).",
		"EV36": "uv_timer_stop() what is not needed; uv_async_send() wakes the loop for work.",
	},
	timeline.RuntimeLibevent: {
		"EV01": "event_del() while you do not want the data, bufferevent_disable(bev, EV_READ) for a bufferevent.",
		"EV02": "read until EAGAIN in the callback; for a bufferevent bufferevent_set_max_single_read().",
		"EV03": "with EV_ET read until EAGAIN in each callback, or leave EV_ET out.",
		"EV06": "event_del() and close when read returns 0; bufferevent_free() on BEV_EVENT_EOF.",
		"EV07": "event_del() before close; bufferevent_free() on BEV_EVENT_ERROR.",
		"EV08": "add EV_WRITE without EV_PERSIST and only after a short write, or event_del() it as soon as everything is written.",
		"EV11": "evconnlistener_disable() in the callback of evconnlistener_set_error_cb(), and evconnlistener_enable() when a descriptor is free.",
		"EV18": "event_del() before close.",
		"EV25": "give it to a thread (evthread_use_pthreads()) and come back with event_active().",
		"EV27": "an event with EV_PERSIST and a timeout keeps its grid.",
		"EV28": "keep events with EV_PERSIST; EVENT_BASE_FLAG_EPOLL_USE_CHANGELIST gathers the changes of an iteration.",
	},
	timeline.RuntimeLibev: {
		"EV01": "ev_io_stop() while you do not want the data.",
		"EV07": "ev_io_stop() before close.",
		"EV08": "ev_io_stop(), ev_io_set(w, fd, EV_READ), ev_io_start() as soon as everything is written.",
		"EV18": "ev_io_stop() before close.",
		"EV19": "ev_loop_fork() in the child.",
		"EV25": "give it to a thread, and come back with ev_async_send().",
		"EV27": "ev_periodic keeps its grid.",
	},
}

// advise adds to the fix what it is in the runtime whose loop it is about.
func (f *Finding) advise(r timeline.Runtime) {
	if f.kind != timeline.KindConn && f.kind != timeline.KindOther && f.Rule.ID != "EV11" {
		return // the runtime's calls are about connections
	}
	if text := advice[r][f.Rule.ID]; text != "" && !f.advised {
		f.Fix += " In " + r.String() + ": " + text
		f.advised = true
	}
}

// runtimeOf is whose loop a finding is about; unknown where loops of several may be meant.
func (c *checker) runtimeOf(f *Finding) timeline.Runtime {
	table := uint32(0)
	for _, l := range c.s.Lanes {
		if f.Lane != 0 && l.ID == f.Lane {
			table, f.kind = l.Table, l.Kind
		}
	}
	one, any := timeline.RuntimeUnknown, false
	for _, lp := range c.s.Loops {
		switch {
		case f.stream != 0 && lp.Stream != f.stream, f.stream == 0 && f.Thread != 0 && int64(lp.TID) != f.Thread, f.stream == 0 && f.Thread == 0 && table != 0 && lp.Table != table:
			continue
		case any && lp.Runtime != one:
			return timeline.RuntimeUnknown
		}
		if one, any = lp.Runtime, true; f.program == 0 {
			f.program = int64(lp.PID)
		}
	}
	return one
}
