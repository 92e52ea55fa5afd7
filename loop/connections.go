package loop

// connections is what the loop does with its connections, whichever driver has found that there is something to do: it reads what
// has come (read.go) and hands it to the connection's service (serve.go), writes what is owed (write.go), and closes (close.go).
// What it does may change anything of the loop: arm a timer, change an interest, end another connection. That is why it has
// a way back to it.
type connections struct {
	l         *Loop
	b         *Behaviour
	tr        *recorder
	io        transfer
	postponed postponed
}
