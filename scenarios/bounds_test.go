package scenarios

import (
	"context"
	"strings"
	"testing"
)

// TestSpawnBound: clients that start clients come to the limit, and the error says where.
func TestSpawnBound(t *testing.T) {
	s, err := parse(Position{}, testFigures{}, "t", "t.star", []byte("def f():\n    spawn(f)\n    sleep(\"1h\")\n\ndef main():\n    spawn(f)\n"))
	if err != nil {
		t.Fatal(err)
	}
	err = s.Run(context.Background(), Options{Target: "127.0.0.1:1", MaxClients: 50})
	if err == nil || !strings.Contains(err.Error(), "t.star:2:10: spawn: 50 clients are alive at once") {
		t.Errorf("ran into %v", err)
	}
}

// TestPosition: a story tells where it is without being slowed by steps that are allowed, and its limit holds all the same.
func TestPosition(t *testing.T) {
	at := PositionIn(make([]byte, PositionSize))
	_, err := parse(at, testFigures{}, "t", "t.star", []byte("def f():\n    n = 0\n    while True:\n        n += len(\"x\")\n\ny = f()\n\ndef main():\n    pass\n"))
	if err == nil || !strings.Contains(err.Error(), "too many steps") {
		t.Errorf("parsed: %v", err)
	}
	if line, col := at.Get(); line != 4 || col == 0 {
		t.Errorf("it was at %d:%d, want line 4", line, col)
	}
}
