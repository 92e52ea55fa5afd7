package cmd

import (
	"os"
	"runtime"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

// TestFirstThread: no goroutine but the main one ever runs on the process's first thread, so that the end of a thread is never taken for
// that of the process.
func TestFirstThread(t *testing.T) {
	var wg sync.WaitGroup
	begin := make(chan struct{})
	for range 64 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			<-begin
			if unix.Gettid() == os.Getpid() {
				t.Error("a goroutine is on the first thread")
			}
		}()
	}
	close(begin)
	wg.Wait()
}
