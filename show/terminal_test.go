package show

import (
	"sync"
	"testing"
)

// TestVerdict: what ends a screen from outside, and what the program makes of it, come from two goroutines at once. Under -race
// this fails when nothing is between them.
func TestVerdict(t *testing.T) {
	outside, inside := 0, 0
	for range 1000 {
		o := &Terminal{stop: make(chan struct{})}
		var both sync.WaitGroup
		both.Add(1)
		go func() {
			defer both.Done()
			o.end(143)
		}()
		code, from := o.verdict()
		both.Wait()
		if again, f := o.verdict(); again != code || f != from || from != (code == 143) {
			t.Fatalf("first %d, %v, then %d, %v", code, from, again, f)
		}
		select {
		case <-o.stop:
			outside++
		default:
			inside++
		}
	}
	t.Logf("%d were ended from outside, %d from inside", outside, inside)
}
