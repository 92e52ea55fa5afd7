// Package scenarios makes client traffic from stories written in Starlark.
//
// A story is a file with data at its top (title, about, knobs) and a function main. Loading it runs the top only: that
// cannot touch the network, so a story can be checked, listed and asked for its knobs before anything starts. Running it
// calls main in a client of its own; spawn starts further clients, each on its own goroutine with its own Starlark
// thread. Every step of a client (connect, send, receive, close ...) is a Step event with the client's local address,
// which is the server's peer address: that is how the two ends of a connection meet in a view.
//
// What a story can call:
//
//	connect(address="")       a connection to the server, or to another address
//	c.send(n | "text")        sends n bytes, or the text; returns the number of bytes
//	c.receive(n, timeout="")  receives exactly n bytes unless the server ends or the time is over; returns how many
//	c.receive_until("end")    receives up to and with these bytes; returns the text
//	c.local, c.local_port, c.remote
//	c.half_close()            shuts the sending side
//	c.close()                 closes
//	c.reset()                 closes with a reset (RST)
//	sleep("250ms" | seconds)  waits
//	spawn(fn, ...)            runs fn in another client; fn is a top-level function, and what it is given is frozen
//	note("words")             writes words into the trace
//	fail("words")             ends the whole run with an error: the words, and the place of the call
//	random(lo, hi)            a whole number, the same in every run with the same seed, for each client by itself
//	param("name", default)    a value that --param name=value may change; only at the top of the file
//	lab.set("knob", value)    turns a knob of the lab, where there is one; lab.set(a=1, b=2) turns several at once
//	lab.wait("accepted", n)   waits until a figure has come so far
//	lab.more("timeouts", n)   waits until it has grown by so much
//	lab.count("reports")      what it is
//
// A story may say at its top what the trace of its run should show (expect): the package reads that table, and asks the Vocabulary that
// it was handed whether there is such a figure, so that a misspelt one is found at once. It has no trace to count in.
//
// The package knows an address and two small interfaces (Lab, Observer), never a loop. So the same story drives the lab
// and any other server.
package scenarios
