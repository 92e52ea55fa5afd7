package tui

import "os"

// Windows has no job control: nobody stops a program and has it go on later.

func (a *app) suspend() {}

func (a *app) job(os.Signal) func() { return nil }
