// This file is empty on purpose: a package that declares a function without a body (nanotime in clock.go) needs one
// assembly file, or the compiler refuses the declaration.
