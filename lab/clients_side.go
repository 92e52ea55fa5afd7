package lab

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"evviz/figures"
	"evviz/scenarios"
	"evviz/show"
	"evviz/trace"
)

// RunClients is the hidden command that StartClients starts: the clients' own side, until the story is over or the parent has gone.
func RunClients(name string, o *ClientOptions, noLab bool, params []scenarios.Param) error {
	at, err := inheritedStoryAt(6)
	if err != nil {
		return &StartedByHand{"clients", "the lab", "see evviz scenarios run"}
	}
	if err := limitMemory(clientMemory); err != nil {
		return err
	}
	s, err := scenarios.LoadAt(at.position(), figures.Stories{}, name, params...)
	if err != nil {
		return err
	}
	events := os.NewFile(3, "events")
	if _, err := events.Stat(); err != nil {
		return &StartedByHand{"clients", "the lab", "see evviz scenarios run"}
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	show.Go(func() { // the parent lives as long as standard input is open
		io.Copy(io.Discard, os.Stdin)
		cancel()
		time.Sleep(time.Second) // a story that does not end by itself
		os.Exit(1)
	})
	signal.Ignore(syscall.SIGINT, syscall.SIGTSTP)

	ring := trace.NewRing(1, 1<<16)
	merge := trace.NewMerge(trace.Info{}, ring)
	written := pour(merge, events, nil, cancel)
	now := ring.Now()
	ring.Name(1<<20, "clients", now)
	e := ring.Next(trace.Thread, now)
	e.A, e.B, e.Gen, e.Mask, e.Aux = int64(os.Getpid()), int64(os.Getpid()), uint32(os.Getpid()), trace.RoleClient, 1<<20
	ring.Publish(now)

	opt := scenarios.Options{Target: o.Target, Seed: o.Seed, Ring: ring, MaxConns: o.MaxConns, AllowRemote: o.Remote, Position: at.position()}
	if !noLab {
		far := &farLab{in: json.NewDecoder(bufio.NewReader(os.NewFile(5, "answers"))), out: json.NewEncoder(os.NewFile(4, "questions"))}
		opt.Lab, opt.Observer = far, far
	}
	err = s.Run(ctx, opt)
	ring.Close()
	if e := <-written; err == nil && e != nil {
		err = e
	}
	return err
}

// farLab is the clients' end of the questions.
type farLab struct {
	mu  sync.Mutex
	in  *json.Decoder
	out *json.Encoder
}

func (f *farLab) ask(q question) (int64, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.out.Encode(q); err != nil {
		return 0, fmt.Errorf("ask the lab: %w", err)
	}
	var a answer
	if err := f.in.Decode(&a); err != nil {
		return 0, fmt.Errorf("ask the lab: %w", err)
	}
	if a.Err != "" {
		return 0, errors.New(a.Err)
	}
	return a.N, nil
}

func (f *farLab) Set(name, value string) error {
	return f.SetAll([]scenarios.Knob{{Name: name, Value: value}})
}

func (f *farLab) SetAll(knobs []scenarios.Knob) error {
	_, err := f.ask(question{Set: knobs})
	return err
}

func (f *farLab) End() error {
	_, err := f.ask(question{End: true})
	return err
}

// Ended says whether the server has ended, or is about to: it closes its connections then.
func (f *farLab) Ended() (bool, error) {
	n, err := f.Count("ended")
	return n != 0, err
}

func (f *farLab) Count(what string) (int64, error) { return f.ask(question{Count: what}) }
