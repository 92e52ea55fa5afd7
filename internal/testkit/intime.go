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

// Until waits until something is so, asking again and again; a test that waits for longer than limit fails with what why says.
func Until(t testing.TB, limit time.Duration, so func() bool, why func() string) {
	t.Helper()
	for end := time.Now().Add(limit); !so(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal(why())
		}
	}
}
