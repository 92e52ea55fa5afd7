package testkit

import (
	"testing"
	"time"
)

// giveUp is how long a program that does not do what it should is waited for. It says nothing about how fast that must be.
const giveUp = 2 * time.Minute

// InTime is what f returns; a test that waits for it for too long fails instead of hanging.
func InTime(t *testing.T, f func() error) error {
	t.Helper()
	done := make(chan error, 1)
	go func() { done <- f() }()
	select {
	case err := <-done:
		return err
	case <-time.After(giveUp):
		t.Fatal("it hangs")
		return nil
	}
}
