package tui

import "os"

// Windows has no job control: nobody stops a program and has it go on later.

func (u *ui) suspend() {}

func (u *ui) job(os.Signal) func() { return nil }
