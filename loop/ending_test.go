package loop

import (
	"testing"

	"evviz/trace"
)

// TestEndsInHandler: the end of a server does not wait for what a handler is at, however it is held up, on whatever thread.
func TestEndsInHandler(t *testing.T) {
	for _, work := range []string{"sleep:1m", "read:1m", "lock:1m", "cpu:1m"} {
		w, err := ParseWork(work)
		if err != nil {
			t.Fatal(err)
		}
		for name, set := range map[string]func(*Behaviour){
			"epoll":    func(*Behaviour) {},
			"blocking": func(b *Behaviour) { b.Driver = trace.DriverBlocking },
			"threads":  func(b *Behaviour) { b.Threads = 3 },
			"go":       func(b *Behaviour) { b.Driver = trace.DriverGo },
		} {
			if name == "go" && (w.Kind == WorkRead || w.Kind == WorkLock) {
				continue // what Go's runtime does not do
			}
			t.Run(work+" "+name, func(t *testing.T) {
				x := startLab(t, func(b *Behaviour) {
					b.Work = w
					set(b)
				})
				clients := 1
				if name == "threads" { // so that every thread, the first one, too, is in a handler
					clients = 3
				}
				for range clients {
					x.send(x.client(), 1)
				}
				x.until("the handlers", func([]trace.Event) bool { return x.l.Stats().BytesIn.Load() == int64(clients) })
				x.stop() // says that the loop has not ended when it gives up
			})
		}
	}
}
